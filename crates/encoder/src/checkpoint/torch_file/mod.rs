//! Reads the tensors of a torch file as data. The pickle that names them is walked by a small machine that notes names
//! and arguments and calls nothing, so nothing in it can run. (Burn's own reader pads cut-off data with zeros and
//! ignores strides, which would load a wrong model without a word.)

pub(super) mod archive;
mod globals;
mod legacy;
mod machine;
mod pickle;
mod walk;

use std::{
    collections::HashMap,
    io::{self, BufReader},
    path::Path,
};

use flate2::CrcReader;

use super::{
    listing::{Listing, MARKED, Part, Storage, TensorEntry},
    source::Source,
};
use archive::Directory;
use legacy::Legacy;
use pickle::{Pickle, TorchStorage, TorchTensor};
use walk::{Named, named};

/// Lists a file of torch 1.6 or later: a zip archive of raw numbers and one pickle that names them.
pub(super) fn list_archive(mut source: Source, path: &Path) -> Result<Listing, String> {
    let mut directory = Directory::read_from(&mut source)?;
    let pickle_name = directory
        .names()
        .filter(|name| *name == "data.pkl" || name.ends_with("/data.pkl"))
        .min_by_key(|name| name.len())
        .map(str::to_owned)
        .ok_or_else(|| other_archive(&directory))?;
    let folder = pickle_name.trim_end_matches("data.pkl").to_owned();
    if is_torch_script(&directory, &folder) {
        return Err(TORCH_SCRIPT.to_owned());
    }
    let data = format!("{folder}data/");
    directory.trust_checksums(&mut source, &data);
    let order = format!("{folder}byteorder");
    let big_endian = match directory.size(&order) {
        None => false,
        Some(_) => match directory.read(&mut source, &order, 16)?.as_slice() {
            b"little" => false,
            b"big" => true,
            _ => return Err("it doesn't say which byte of a number comes first".into()),
        },
    };
    let pickle = {
        let stream = CrcReader::new(directory.stream(&mut source, &pickle_name)?);
        let mut stream = BufReader::new(stream);
        let pickle = Pickle::read(&mut stream)?;
        let wrong = || "its list of tensors is not the one that was saved: its checksum is another one. Copy or download the file again";
        // What stands behind the list counts, too.
        io::copy(&mut stream, &mut io::sink()).map_err(|_| wrong())?;
        let sum = stream.get_ref().crc().sum();
        directory
            .check_sum(&pickle_name, sum)
            .map_err(|_| wrong())?;
        pickle
    };
    let storage = |key: &TorchStorage| {
        Some(Storage::Entry {
            name: format!("{data}{}", key.key),
            big_endian,
        })
    };
    let mut listing = Listing::of_part(Part::new(path, source, Some(directory)));
    fill(&mut listing, named(&pickle)?, storage)?;
    Ok(listing)
}

/// What a program of torch.jit.save is, and what to do about it: its object is made by classes of its own.
const TORCH_SCRIPT: &str = "it is TorchScript, a program with its weights in it; write the weights alone, as in \
                            torch.save(torch.jit.load(\"model.pt\").state_dict(), \"weights.pth\")";

/// Whether an archive holds code beside its tensors.
fn is_torch_script(directory: &Directory, folder: &str) -> bool {
    let code = format!("{folder}code/");
    let has_code = directory.names().any(|name| name.starts_with(&code));
    has_code && directory.size(&format!("{folder}constants.pkl")).is_some()
}

/// What a zip archive is that torch didn't write, and what to do about it.
fn other_archive(directory: &Directory) -> &'static str {
    let mut names = directory.names().peekable();
    if names.peek().is_some() && names.all(|name| name.ends_with(".npy")) {
        return "it is an archive of numpy arrays (.npz); write it anew, as in \
                safetensors.numpy.save_file(dict(numpy.load(\"weights.npz\")), \"weights.safetensors\")";
    }
    "the archive has no data.pkl, so torch didn't write it; if it was packed for the mail, unpack it and name the file in it"
}

/// Lists a file of torch before 1.6.
pub(super) fn list_legacy(mut source: Source, path: &Path) -> Result<Listing, String> {
    let file = Legacy::read(&mut source)?;
    let named = named(&file.object)?;
    let rows: HashMap<String, Storage> = file.rows(&mut source)?;
    let mut listing = Listing::of_part(Part::new(path, source, None));
    fill(&mut listing, named, |storage| {
        rows.get(&storage.key).cloned()
    })?;
    Ok(listing)
}

fn fill(
    listing: &mut Listing,
    named: Named<'_>,
    find: impl Fn(&TorchStorage) -> Option<Storage>,
) -> Result<(), String> {
    for (name, tensor) in named.tensors {
        let storage = find(&tensor.storage)
            .ok_or_else(|| format!("tensor {name}: its data is not in the file"))?;
        let entry = TensorEntry {
            dtype: dtype(tensor),
            shape: tensor.shape.clone(),
            strides: Some(tensor.strides.clone()),
            offset: tensor.offset,
            is_negative: tensor.is_negative,
            storage,
            part: 0,
        };
        if listing.tensors.insert(name.clone(), entry).is_some() {
            return Err(format!("tensor {name} is there twice"));
        }
    }
    listing.unreadable = named
        .objects
        .into_iter()
        .map(|(name, class)| (name, format!("what '{class}' would make, which is not run")))
        .collect();
    Ok(())
}

/// The type of a tensor's numbers in the terms of safetensors, whichever of torch's names the file has; one that
/// safetensors doesn't know stays as torch calls it.
fn dtype(tensor: &TorchTensor) -> String {
    if let Some(mark) = &tensor.mark {
        return format!("{MARKED} `{mark}`");
    }
    let name = tensor.dtype.as_deref().unwrap_or(&tensor.storage.kind);
    let known = match name {
        "Float" | "float32" | "float" => "F32",
        "Double" | "float64" | "double" => "F64",
        "Half" | "float16" | "half" => "F16",
        "BFloat16" | "bfloat16" => "BF16",
        "Byte" | "uint8" => "U8",
        "Char" | "int8" => "I8",
        "Short" | "int16" => "I16",
        "Int" | "int32" => "I32",
        "Long" | "int64" => "I64",
        "uint16" => "U16",
        "uint32" => "U32",
        "uint64" => "U64",
        "Bool" | "bool" => "BOOL",
        "ComplexFloat" | "complex64" => "C64",
        "ComplexDouble" | "complex128" => "C128",
        "ComplexHalf" | "complex32" => "C32",
        "float8_e4m3fn" => "F8_E4M3",
        "float8_e5m2" => "F8_E5M2",
        other => other,
    };
    known.to_owned()
}

/// Bytes of a number of a storage: `Float`, `Long`, ...
fn storage_width(kind: &str) -> Option<u64> {
    match kind {
        "ComplexDouble" => Some(16),
        "Double" | "Long" | "ComplexFloat" => Some(8),
        "Float" | "Int" | "QInt32" => Some(4),
        "Half" | "BFloat16" | "Short" => Some(2),
        "Byte" | "Char" | "Bool" | "QInt8" | "QUInt8" | "Untyped" => Some(1),
        _ => None,
    }
}
