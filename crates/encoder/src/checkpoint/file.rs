//! The tensors of a checkpoint file, whatever its format.

use std::{collections::BTreeMap, path::Path};

use super::{
    CheckpointError, listing::Listing, safetensors_file, shards, source::Source, torch_file,
};
use mynascope_base::not_downloaded;

/// A tensor as a file holds it, as 32-bit numbers, row-major.
#[derive(Debug, Clone, PartialEq)]
pub struct FileTensor {
    pub shape: Vec<usize>,
    pub values: Vec<f32>,
    /// The type in the file where it was not f32.
    pub converted_from: Option<String>,
}

/// What a checkpoint file holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FileContent {
    /// The tensors by name.
    pub tensors: BTreeMap<String, FileTensor>,
    /// The text header of a `.safetensors` file.
    pub metadata: BTreeMap<String, String>,
    /// Tensors that are no floating point numbers, with their type.
    pub not_numbers: Vec<(String, String)>,
}

/// Reads all tensors of a `.safetensors` or torch file, told apart by their first bytes. Nothing in the file is run.
///
/// # Errors
/// If the file cannot be read, is no checkpoint, is cut off, or claims sizes that it cannot hold.
pub fn read_file(path: &Path) -> Result<FileContent, CheckpointError> {
    list_file(path)?.read_all()
}

/// Lists the tensors of a file, or of all parts of an index.
pub(super) fn list_file(path: &Path) -> Result<Listing, CheckpointError> {
    if shards::is_index(path) && path.is_file() {
        shards::list(path)
    } else {
        list_one(path)
    }
}

/// Lists the tensors of a file that stands alone.
pub(super) fn list_one(path: &Path) -> Result<Listing, CheckpointError> {
    if path.is_dir() {
        return Err(CheckpointError::EmptyFolder {
            path: path.to_path_buf(),
        });
    }
    let source = Source::open(path).map_err(|source| CheckpointError::Io {
        source,
        path: path.to_path_buf(),
    })?;
    list_source(source, path).map_err(|why| CheckpointError::Damaged {
        why,
        path: path.to_path_buf(),
    })
}

/// Lists the tensors of a checkpoint's bytes; the path is for messages.
pub(super) fn list_source(mut source: Source, path: &Path) -> Result<Listing, String> {
    if source.length() == 0 {
        return Err("it is empty; copy or download it again".into());
    }
    let start = source.read_at(0, source.length().min(512))?;
    // A safetensors file begins with the length of its header, whose bytes may be any, and then the header's brace.
    let is_safetensors = match start.split_first_chunk::<8>() {
        Some((length, [b'{', ..])) => {
            u64::from_le_bytes(*length) <= safetensors_file::MAX_HEADER_BYTES
        }
        _ => false,
    };
    if is_safetensors {
        safetensors_file::list(source, path)
    } else if start.starts_with(b"PK") {
        torch_file::list_archive(source, path)
    } else if start.starts_with(&[0x80]) {
        torch_file::list_legacy(source, path)
    } else if let Some(what) = other_format(&start) {
        Err(what.into())
    } else {
        safetensors_file::list(source, path)
    }
}

/// What a file is that is often taken for a checkpoint, and what to do about it.
fn other_format(start: &[u8]) -> Option<&'static str> {
    let formats: [(usize, &[u8], &str); 6] = [
        (
            0,
            b"\x1f\x8b",
            "it is compressed with gzip; unpack it first",
        ),
        (
            257,
            b"ustar",
            "it is a tar archive, unpack it; if torch wrote it (before 0.1.10), load it with that torch and save it with a newer one",
        ),
        (
            0,
            b"\x89HDF",
            "it is an HDF5 file as Keras writes it; save the encoder's state_dict() with torch or safetensors",
        ),
        (
            0,
            b"GGUF",
            "it is a GGUF file; save the encoder's state_dict() with torch or safetensors",
        ),
        (
            0,
            b"\x93NUMPY",
            "it is one numpy array; save all tensors with their names, as in safetensors.numpy.save_file({name: array, ..}, \
             \"weights.safetensors\")",
        ),
        (
            0,
            b"PAR1",
            "it is a table in Parquet; `map` and `neighbours` open tables",
        ),
    ];
    let found = formats.into_iter().find_map(|(at, mark, what)| {
        let found = start.get(at..)?.get(..mark.len())?;
        found.eq_ignore_ascii_case(mark).then_some(what)
    });
    found.or_else(|| not_downloaded(start))
}
