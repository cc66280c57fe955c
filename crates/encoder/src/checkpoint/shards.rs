//! A checkpoint in several files with an index that says which tensor is where, as model hubs have it:
//! `model.safetensors.index.json` beside `model-00001-of-00002.safetensors`, or the same with `pytorch_model` and
//! `.bin`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Read,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use super::{CheckpointError, list_one, listing::Listing};

/// Names of a hundred thousand tensors.
const MAX_INDEX_BYTES: u64 = 32 << 20;
/// All are open at once; systems allow 1024 files.
const MAX_SHARDS: usize = 500;

#[derive(Deserialize)]
struct Index {
    /// File of each tensor.
    weight_map: BTreeMap<String, String>,
}

/// Whether a file is an index, by its name.
pub(super) fn is_index(path: &Path) -> bool {
    let ending = path.extension().unwrap_or_default();
    ending.eq_ignore_ascii_case("json")
}

/// The index that a shard belongs to, if it is there; by the shard's name, `model-00001-of-00002.safetensors`.
pub(super) fn index_of(shard: &Path) -> Option<PathBuf> {
    let index = expected_index(shard)?;
    index.is_file().then_some(index)
}

fn expected_index(shard: &Path) -> Option<PathBuf> {
    let (stem, ending) = shard.file_name()?.to_str()?.rsplit_once('.')?;
    let (stem, count) = stem.rsplit_once("-of-")?;
    let (stem, number) = stem.rsplit_once('-')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (is_number(number) && is_number(count))
        .then(|| shard.with_file_name(format!("{stem}.{ending}.index.json")))
}

/// What is missing beside a shard that stands alone, in words.
pub(super) fn missing_index(shard: &Path) -> Option<String> {
    let index = expected_index(shard)?;
    let name = index.file_name()?.to_string_lossy();
    (!index.is_file())
        .then(|| format!("it is one part of several, and their index {name} is not beside it; put all parts and the index into one folder"))
}

/// Lists all shards of an index. Only the tensors that the index names count.
pub(super) fn list(path: &Path) -> Result<Listing, CheckpointError> {
    let io = |source| CheckpointError::Io {
        source,
        path: path.to_path_buf(),
    };
    let damaged = |why: String| CheckpointError::Damaged {
        why,
        path: path.to_path_buf(),
    };
    let mut text = Vec::new();
    let file = fs::File::open(path).map_err(io)?;
    file.take(MAX_INDEX_BYTES + 1)
        .read_to_end(&mut text)
        .map_err(io)?;
    let weight_map = parse(&text).map_err(damaged)?;
    let files: BTreeSet<&str> = weight_map.values().map(String::as_str).collect();
    let mut listing = Listing::default();
    for name in files {
        let shard = path.with_file_name(name);
        if !shard.is_file() {
            return Err(damaged(format!(
                "its part {name} is not beside it; put all parts into one folder"
            )));
        }
        let mut part = list_one(&shard)?;
        part.tensors
            .retain(|tensor, _| weight_map.get(tensor).is_some_and(|file| file == name));
        listing.add(part).map_err(damaged)?;
    }
    let missing = weight_map
        .iter()
        .find(|(tensor, _)| !listing.tensors.contains_key(*tensor));
    match missing {
        Some((tensor, file)) => Err(damaged(format!(
            "tensor {tensor} is not in {file}, where it says; get the parts and the index anew"
        ))),
        None => Ok(listing),
    }
}

/// The file of each tensor.
pub(super) fn parse(text: &[u8]) -> Result<BTreeMap<String, String>, String> {
    if text.len() as u64 > MAX_INDEX_BYTES {
        return Err("it is too large for an index".into());
    }
    let index: Index = serde_json::from_slice(text).map_err(|_| {
        "it is no index of a checkpoint: it has no weight_map that names the file of each tensor"
    })?;
    let files: BTreeSet<&String> = index.weight_map.values().collect();
    if files.len() > MAX_SHARDS {
        return Err("it names more parts than any checkpoint has".into());
    }
    // Nothing outside of the index's own folder is opened.
    let is_name = |name: &str| {
        Path::new(name).file_name().is_some_and(|own| own == name) && !name.contains(['/', '\\'])
    };
    match files.iter().find(|name| !is_name(name)) {
        Some(name) => Err(format!(
            "it names a part outside of its own folder ({name}); put all parts beside it"
        )),
        None if files.is_empty() => Err("it names no tensor".into()),
        None => Ok(index.weight_map),
    }
}
