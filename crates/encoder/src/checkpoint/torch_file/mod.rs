//! Reads the tensors of a torch `.pth` as data: a zip archive of raw numbers and one pickle that names them. The pickle
//! is walked by a small machine that knows the few things a state dict is made of and refuses everything else, so
//! nothing in it can run. (Burn's own reader pads cut-off data with zeros and ignores strides, which would load a wrong
//! model without a word.)

mod archive;
mod pickle;

use std::path::Path;

use super::{FileContent, FileTensor, safetensors_file::decode_floats};
use crate::CheckpointError;
use archive::Archive;
use pickle::{TensorPlace, state_dict};

/// The pickle of the largest known encoder has 30 kB; ours of 128 layers would have 300 kB.
const MAX_PICKLE_BYTES: u64 = 1 << 20;

/// Reads a `.pth` file of torch 1.6 or later.
pub(super) fn read(path: &Path) -> Result<FileContent, CheckpointError> {
    let damaged = |why: String| CheckpointError::Damaged {
        why,
        path: path.to_path_buf(),
    };
    let mut archive = Archive::open(path).map_err(damaged)?;
    let pickle_name = archive
        .names()
        .find(|name| *name == "data.pkl" || name.ends_with("/data.pkl"))
        .map(str::to_owned)
        .ok_or_else(|| damaged("the archive has no data.pkl, so torch didn't write it".into()))?;
    let folder = pickle_name.trim_end_matches("data.pkl").to_owned();
    let order = format!("{folder}byteorder");
    if archive.size(&order).is_some() && archive.read(&order, 16).map_err(damaged)? != b"little" {
        return Err(damaged(
            "its numbers are big-endian; save it again on a common machine".into(),
        ));
    }
    let pickle = archive
        .read(&pickle_name, MAX_PICKLE_BYTES)
        .map_err(damaged)?;
    let mut content = FileContent::default();
    for (name, place) in state_dict(&pickle).map_err(damaged)? {
        let Some(dtype) = place.float_type() else {
            content.not_numbers.push((name, place.storage.clone()));
            continue;
        };
        let tensor = read_tensor(&mut archive, &folder, &place, dtype)
            .map_err(|why| damaged(format!("tensor {name}: {why}")))?;
        if content.tensors.insert(name.clone(), tensor).is_some() {
            return Err(damaged(format!("tensor {name} is there twice")));
        }
    }
    if content.tensors.is_empty() {
        return Err(damaged("it holds no tensors".into()));
    }
    Ok(content)
}

fn read_tensor(
    archive: &mut Archive,
    folder: &str,
    place: &TensorPlace,
    dtype: &str,
) -> Result<FileTensor, String> {
    let name = format!("{folder}data/{}", place.key);
    let size = archive
        .size(&name)
        .ok_or_else(|| format!("its data ({name}) is not in the archive"))?;
    let outside = || "its shape reaches past its data; the file is cut off or wrong".to_owned();
    let width: usize = match dtype {
        "F64" => 8,
        "F32" => 4,
        _ => 2,
    };
    let count = place
        .shape
        .iter()
        .try_fold(1_usize, |product, &axis| product.checked_mul(axis))
        .ok_or_else(outside)?;
    // Row-major without gaps is all that a saved parameter is; axes of one element may say anything.
    let mut step = 1;
    for (&axis, &stride) in place.shape.iter().zip(&place.strides).rev() {
        if axis > 1 && stride != step {
            return Err("it is stored transposed or with gaps; save it with .contiguous()".into());
        }
        step *= axis;
    }
    let start = place.offset.checked_mul(width).ok_or_else(outside)?;
    let length = count.checked_mul(width).ok_or_else(outside)?;
    let end = start.checked_add(length).ok_or_else(outside)?;
    if end as u64 > size {
        return Err(outside());
    }
    let bytes = archive.read_part(&name, start as u64, length)?;
    let values = decode_floats(dtype, &bytes).ok_or_else(outside)?;
    Ok(FileTensor {
        shape: place.shape.clone(),
        values,
        converted_from: (dtype != "F32").then(|| dtype.to_owned()),
    })
}
