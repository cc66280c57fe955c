//! Tensors with a JSON header; paths, labels, encoder and level stand in its metadata.

use std::{collections::HashMap, io::Write, path::Path};

use safetensors::{Dtype, SafeTensors, serialize, tensor::TensorView};

use super::{EmbeddingTable, MOST_BYTES, TrackRow, damaged, parse_level, unreadable};
use crate::EmbeddingError;
use mynascope_base::storage::write_atomic;

pub(super) fn save(table: &EmbeddingTable, path: &Path) -> Result<(), EmbeddingError> {
    let unfit = |error: &dyn std::fmt::Display| EmbeddingError::Unfit {
        what: format!(
            "the table cannot be written as safetensors ({error}); write .parquet instead of"
        ),
        path: path.to_path_buf(),
    };
    let rows = table.rows();
    let floats = |values: &[f32]| -> Vec<u8> {
        values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect()
    };
    let embedding = floats(&table.values);
    let timestamps = floats(&table.timestamps);
    let track: Vec<u8> = table
        .track
        .iter()
        .flat_map(|&track| i64::from(track).to_le_bytes())
        .collect();
    let view = |kind, shape: &[usize], bytes| {
        TensorView::new(kind, shape.to_vec(), bytes).map_err(|error| unfit(&error))
    };
    let tensors = [
        (
            "embedding",
            view(Dtype::F32, &[rows, table.dim], &embedding)?,
        ),
        ("timestamps", view(Dtype::F32, &[rows], &timestamps)?),
        ("track", view(Dtype::I64, &[rows], &track)?),
    ];
    let paths: Vec<_> = table
        .tracks
        .iter()
        .map(|track| track.path.to_string_lossy())
        .collect();
    let labels: Vec<_> = table.tracks.iter().map(|track| &track.label).collect();
    let splits: Vec<_> = table.tracks.iter().map(|track| &track.split).collect();
    let json = |error| unfit(&error);
    let metadata = HashMap::from([
        (
            "paths".to_owned(),
            serde_json::to_string(&paths).map_err(json)?,
        ),
        (
            "labels".to_owned(),
            serde_json::to_string(&labels).map_err(json)?,
        ),
        (
            "splits".to_owned(),
            serde_json::to_string(&splits).map_err(json)?,
        ),
        ("encoder".to_owned(), table.encoder.clone()),
        ("level".to_owned(), table.level.to_string()),
    ]);
    let bytes = serialize(tensors, Some(metadata)).map_err(|error| unfit(&error))?;
    write_atomic(path, |file| file.write_all(&bytes))?;
    Ok(())
}

pub(super) fn load(path: &Path) -> Result<EmbeddingTable, EmbeddingError> {
    let size = std::fs::metadata(path).map_err(unreadable(path))?.len();
    if size > MOST_BYTES {
        return Err(damaged(
            path,
            format!("a table of {size} bytes is too large"),
        ));
    }
    let bytes = std::fs::read(path).map_err(unreadable(path))?;
    let no_file = |error: safetensors::SafeTensorError| {
        damaged(path, format!("it is no safetensors file ({error})"))
    };
    let (_, header) = SafeTensors::read_metadata(&bytes).map_err(no_file)?;
    let tensors = SafeTensors::deserialize(&bytes).map_err(no_file)?;
    let tensor = |name: &str, kind: Dtype, dimensions: usize| {
        let tensor = tensors
            .tensor(name)
            .map_err(|_| damaged(path, format!("the tensor {name} is missing")))?;
        if tensor.dtype() != kind || tensor.shape().len() != dimensions {
            return Err(damaged(
                path,
                format!(
                    "the tensor {name} is {:?} {:?}, not {kind:?} of {dimensions} dimensions",
                    tensor.dtype(),
                    tensor.shape()
                ),
            ));
        }
        Ok(tensor)
    };
    let floats = |bytes: &[u8]| -> Vec<f32> {
        bytes
            .as_chunks::<4>()
            .0
            .iter()
            .map(|&b| f32::from_le_bytes(b))
            .collect()
    };
    let embedding = tensor("embedding", Dtype::F32, 2)?;
    let track = tensor("track", Dtype::I64, 1)?
        .data()
        .as_chunks::<8>()
        .0
        .iter()
        .map(|&b| u32::try_from(i64::from_le_bytes(b)))
        .collect::<Result<Vec<u32>, _>>()
        .map_err(|_| damaged(path, "the tensor track holds no track numbers"))?;

    let metadata = header.metadata().clone().unwrap_or_default();
    let field = |name: &str| {
        metadata
            .get(name)
            .ok_or_else(|| damaged(path, format!("its metadata names no {name}")))
    };
    let json = |name: &str, error| damaged(path, format!("its {name} are no JSON list ({error})"));
    let paths: Vec<String> =
        serde_json::from_str(field("paths")?).map_err(|error| json("paths", error))?;
    let labels: Vec<Option<String>> =
        serde_json::from_str(field("labels")?).map_err(|error| json("labels", error))?;
    let splits: Vec<Option<String>> = match metadata.get("splits") {
        Some(splits) => serde_json::from_str(splits).map_err(|error| json("splits", error))?,
        None => vec![None; paths.len()],
    };
    for (name, texts) in [("labels", &labels), ("splits", &splits)] {
        if texts.len() != paths.len() {
            let what = format!("it names {} paths but {} {name}", paths.len(), texts.len());
            return Err(damaged(path, what));
        }
    }
    Ok(EmbeddingTable {
        dim: embedding.shape().last().copied().unwrap_or(0),
        values: floats(embedding.data()),
        timestamps: floats(tensor("timestamps", Dtype::F32, 1)?.data()),
        track,
        tracks: paths
            .into_iter()
            .zip(labels)
            .zip(splits)
            .map(|((path, label), split)| TrackRow {
                path: path.into(),
                label: label.filter(|label| !label.is_empty()),
                split: split.filter(|split| !split.is_empty()),
            })
            .collect(),
        encoder: field("encoder")?.clone(),
        level: parse_level(Some(field("level")?), path)?,
    })
}
