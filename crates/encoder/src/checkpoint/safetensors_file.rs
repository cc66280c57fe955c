//! Listing and writing `.safetensors` files.

use std::{
    collections::{BTreeMap, HashMap},
    io::Write,
    path::Path,
};

use burn::tensor::f16;
use safetensors::{
    Dtype,
    tensor::{Metadata, TensorView},
};

use super::{
    FileDtype,
    listing::{Listing, Part, Storage, TensorEntry},
    source::Source,
};
use crate::CheckpointError;
use mynascope_base::storage::write_atomic;

/// Names and shapes of a thousand tensors take 100 kB.
pub(super) const MAX_HEADER_BYTES: u64 = 16 << 20;

/// Lists a `.safetensors` file. The format's own reader refuses overlapping, doubled and out-of-file tensors.
pub(super) fn list(mut source: Source, path: &Path) -> Result<Listing, String> {
    let length = source.length();
    let start = source
        .read_at(0, 8)
        .map_err(|_| "it is shorter than a safetensors header")?;
    let header = start.first_chunk().copied().map_or(0, u64::from_le_bytes);
    // Checked before anything is read, so that a wrong or hostile file costs nothing.
    if !(2..=MAX_HEADER_BYTES).contains(&header) || header + 8 > length {
        return Err("it is neither a safetensors nor a torch file, or it is cut off".into());
    }
    let text = source.read_at(8, header)?;
    let header_end = 8 + header;
    let listed: Metadata = serde_json::from_slice(&text)
        .map_err(|error| format!("its list of tensors is wrong ({error})"))?;
    if listed.data_len() as u64 != length - header_end {
        return Err("its tensors don't fill it; it is cut off or something was added".into());
    }
    let mut listing = Listing::of_part(Part::new(path, source, None));
    for (name, info) in listed.tensors() {
        let (start, end) = info.data_offsets;
        let entry = TensorEntry {
            dtype: format!("{:?}", info.dtype),
            shape: info.shape.clone(),
            strides: None,
            is_negative: false,
            offset: 0,
            storage: Storage::Bytes {
                start: header_end + start as u64,
                length: (end - start) as u64,
            },
            part: 0,
        };
        listing.tensors.insert(name, entry);
    }
    let about = listed.metadata().iter().flatten();
    listing.metadata = about
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    Ok(listing)
}

/// Writes f32 tensors and a text header atomically.
///
/// # Errors
/// If the file cannot be written; an old one is untouched.
pub fn write_tensors(
    path: &Path,
    tensors: &[(&str, &[usize], &[f32])],
    metadata: BTreeMap<String, String>,
) -> Result<(), CheckpointError> {
    write_tensors_as(path, tensors, metadata, FileDtype::Single)
}

/// As [`write_tensors`], in a precision.
pub(super) fn write_tensors_as(
    path: &Path,
    tensors: &[(&str, &[usize], &[f32])],
    metadata: BTreeMap<String, String>,
    precision: FileDtype,
) -> Result<(), CheckpointError> {
    let unfit = |error: safetensors::SafeTensorError| CheckpointError::Unfit {
        why: format!("the tensors cannot be written ({error})"),
        path: path.to_path_buf(),
    };
    let bytes: Vec<Vec<u8>> = tensors
        .iter()
        .map(|(_, _, values)| {
            let values = values.iter();
            match precision {
                FileDtype::Single => values.flat_map(|value| value.to_le_bytes()).collect(),
                FileDtype::Half => values
                    .flat_map(|&value| f16::from_f32(value).to_le_bytes())
                    .collect(),
            }
        })
        .collect();
    let dtype = match precision {
        FileDtype::Single => Dtype::F32,
        FileDtype::Half => Dtype::F16,
    };
    let views = tensors
        .iter()
        .zip(&bytes)
        .map(|((name, shape, _), bytes)| {
            Ok((*name, TensorView::new(dtype, shape.to_vec(), bytes)?))
        })
        .collect::<Result<Vec<_>, _>>()
        .map_err(unfit)?;
    let metadata: HashMap<String, String> = metadata.into_iter().collect();
    let file = safetensors::serialize(views, Some(metadata)).map_err(unfit)?;
    let (header, rest) = sorted_header(&file).unwrap_or_else(|| (Vec::new(), &file));
    write_atomic(path, |out| {
        out.write_all(&header)?;
        out.write_all(rest)
    })?;
    Ok(())
}

/// The start of a file with its header's entries in order, and the rest of the file: equal contents make equal files,
/// which the format's own writer doesn't promise (it takes a hash map).
fn sorted_header(file: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    type Entries = BTreeMap<String, serde_json::Value>;
    let (length, rest) = file.split_first_chunk::<8>()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    let (header, values) = rest.split_at_checked(length)?;
    let mut entries: Entries = serde_json::from_slice(header).ok()?;
    if let Some(about) = entries.get_mut("__metadata__") {
        let sorted: Entries = serde_json::from_value(about.take()).ok()?;
        *about = sorted.into_iter().collect();
    }
    let mut sorted = serde_json::to_vec(&entries).ok()?;
    // Values begin at a multiple of eight, as the format's own writer has it.
    sorted.resize(sorted.len().next_multiple_of(8), b' ');
    let mut start = (sorted.len() as u64).to_le_bytes().to_vec();
    start.append(&mut sorted);
    Some((start, values))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The promise behind comparing runs by their files: what is equal is equal byte for byte.
    #[test]
    fn equal_contents_make_equal_files() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str| {
            let path = folder.path().join(name);
            let about = (0..20).map(|n| (format!("key {n}"), format!("value {n}")));
            let tensors: [(&str, &[usize], &[f32]); 2] =
                [("b", &[2], &[1.0, 2.0]), ("a", &[1, 1], &[3.0])];
            write_tensors(&path, &tensors, about.collect()).unwrap();
            (
                std::fs::read(&path).unwrap(),
                super::super::read_file(&path).unwrap(),
            )
        };
        let (first, content) = write("first");
        for again in 0..5 {
            assert_eq!(write(&again.to_string()).0, first);
        }
        assert_eq!(content.metadata["key 7"], "value 7");
        assert_eq!(content.tensors["b"].values, [1.0, 2.0]);
    }
}
