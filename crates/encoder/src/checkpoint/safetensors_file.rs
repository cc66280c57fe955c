use std::{
    collections::{BTreeMap, HashMap},
    fs,
    io::{Read, Write},
    path::Path,
};

use burn::tensor::{bf16, f16};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};

use super::{FileContent, FileTensor, Precision};
use crate::CheckpointError;
use mynascope_base::storage::write_atomic;

/// No encoder of this project is near it: 85 million parameters are 343 MB.
pub(super) const MAX_FILE_BYTES: u64 = 4 << 30;
/// Names and shapes of a thousand tensors take 100 kB.
pub(super) const MAX_HEADER_BYTES: u64 = 16 << 20;

/// Reads a `.safetensors` file. The format's own reader refuses overlapping, doubled and out-of-file tensors.
pub(super) fn read(path: &Path) -> Result<FileContent, CheckpointError> {
    let io = |source| CheckpointError::Io {
        source,
        path: path.to_path_buf(),
    };
    let damaged = |why: String| CheckpointError::Damaged {
        why,
        path: path.to_path_buf(),
    };
    let mut file = fs::File::open(path).map_err(io)?;
    let length = file.metadata().map_err(io)?.len();
    let mut start = [0; 8];
    file.read_exact(&mut start)
        .map_err(|_| damaged("it is shorter than a safetensors header".into()))?;
    let header = u64::from_le_bytes(start);
    // Checked before anything is read, so that a wrong or hostile file costs nothing.
    if !(2..=MAX_HEADER_BYTES).contains(&header) || header + 8 > length {
        return Err(damaged(
            "it is neither a safetensors nor a torch file, or it is cut off".into(),
        ));
    }
    if length > MAX_FILE_BYTES {
        return Err(damaged(format!("it has {length} bytes, more than 4 GiB")));
    }
    let mut bytes = Vec::with_capacity(length as usize);
    bytes.extend_from_slice(&start);
    file.take(MAX_FILE_BYTES)
        .read_to_end(&mut bytes)
        .map_err(io)?;
    parse(&bytes, path)
}

/// Reads the content of a `.safetensors` file; the path is for messages.
pub(super) fn parse(bytes: &[u8], path: &Path) -> Result<FileContent, CheckpointError> {
    let wrong = |error: safetensors::SafeTensorError| CheckpointError::Damaged {
        why: error.to_string(),
        path: path.to_path_buf(),
    };
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(wrong)?;
    let mut content = FileContent {
        metadata: header
            .metadata()
            .iter()
            .flatten()
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect(),
        ..FileContent::default()
    };
    for (name, view) in SafeTensors::deserialize(bytes).map_err(wrong)?.tensors() {
        match decode(&view) {
            Some(tensor) => {
                content.tensors.insert(name, tensor);
            }
            None => content
                .not_numbers
                .push((name, format!("{:?}", view.dtype()))),
        }
    }
    Ok(content)
}

fn decode(view: &TensorView<'_>) -> Option<FileTensor> {
    let values = decode_floats(&format!("{:?}", view.dtype()), view.data())?;
    Some(FileTensor {
        shape: view.shape().to_vec(),
        values,
        converted_from: (view.dtype() != Dtype::F32).then(|| format!("{:?}", view.dtype())),
    })
}

/// Little-endian numbers of a type ("F32", "F16", "BF16", "F64") as f32; `None` for any other type.
pub(super) fn decode_floats(dtype: &str, bytes: &[u8]) -> Option<Vec<f32>> {
    let values = match dtype {
        "F32" => words(bytes, f32::from_le_bytes),
        "F64" => words(bytes, |word| f64::from_le_bytes(word) as f32),
        "F16" => words(bytes, |word| f16::from_le_bytes(word).to_f32()),
        "BF16" => words(bytes, |word| bf16::from_le_bytes(word).to_f32()),
        _ => return None,
    };
    Some(values)
}

fn words<const N: usize>(bytes: &[u8], decode: impl Fn([u8; N]) -> f32) -> Vec<f32> {
    bytes
        .as_chunks::<N>()
        .0
        .iter()
        .map(|&word| decode(word))
        .collect()
}

/// Writes f32 tensors and a text header atomically.
pub fn write_tensors(
    path: &Path,
    tensors: &[(&str, &[usize], &[f32])],
    metadata: BTreeMap<String, String>,
) -> Result<(), CheckpointError> {
    write_tensors_as(path, tensors, metadata, Precision::Single)
}

/// As [`write_tensors`], in a precision.
pub(super) fn write_tensors_as(
    path: &Path,
    tensors: &[(&str, &[usize], &[f32])],
    metadata: BTreeMap<String, String>,
    precision: Precision,
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
                Precision::Single => values.flat_map(|value| value.to_le_bytes()).collect(),
                Precision::Half => values
                    .flat_map(|&value| f16::from_f32(value).to_le_bytes())
                    .collect(),
            }
        })
        .collect();
    let dtype = match precision {
        Precision::Single => Dtype::F32,
        Precision::Half => Dtype::F16,
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
            (fs::read(&path).unwrap(), read(&path).unwrap())
        };
        let (first, content) = write("first");
        for again in 0..5 {
            assert_eq!(write(&again.to_string()).0, first);
        }
        assert_eq!(content.metadata["key 7"], "value 7");
        assert_eq!(content.tensors["b"].values, [1.0, 2.0]);
    }
}
