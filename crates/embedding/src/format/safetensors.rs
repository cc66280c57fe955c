//! Tensors with a JSON header; paths, labels, encoder and level stand in its metadata.

use std::{collections::HashMap, io::Write, path::Path};

use safetensors::{Dtype, SafeTensors, serialize, tensor::TensorView};

use half::{bf16, f16};

use super::{
    MOST_BYTES, MOST_DIM, damaged,
    fields::{Field, say_unread, unit_secs},
    keyed, no_vectors,
    rows::{Contents, RowTexts, Tracks},
    unreadable, unusable,
};
use crate::{EmbeddingError, EmbeddingTable};
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
    let mut metadata = HashMap::from([
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
        ("encoder_hash".to_owned(), table.encoder_hash.clone()),
        ("level".to_owned(), table.level.to_string()),
    ]);
    if table.incomplete().next().is_some() {
        let lacks: Vec<_> = table.tracks.iter().map(|track| &track.incomplete).collect();
        let lacks = serde_json::to_string(&lacks).map_err(json)?;
        metadata.insert("incomplete".to_owned(), lacks);
    }
    let bytes = serialize(tensors, Some(metadata)).map_err(|error| unfit(&error))?;
    write_atomic(path, |file| file.write_all(&bytes))?;
    Ok(())
}

/// Reads tensors by the usual names ([`Field`]), the vectors also as the only matrix of floats. Paths, labels and splits
/// are JSON lists in the metadata, for each track or, without track numbers, for each row.
pub(super) fn load(path: &Path) -> Result<Contents, EmbeddingError> {
    let size = std::fs::metadata(path).map_err(unreadable(path))?.len();
    if size > MOST_BYTES {
        let what = format!("a table of {size} bytes is too large");
        return Err(unusable(path, what));
    }
    let bytes = std::fs::read(path).map_err(unreadable(path))?;
    let no_file = |error: safetensors::SafeTensorError| {
        damaged(path, format!("it is no safetensors file ({error})"))
    };
    let (_, header) = SafeTensors::read_metadata(&bytes).map_err(no_file)?;
    let tensors = SafeTensors::deserialize(&bytes).map_err(no_file)?;
    let mut named: Vec<(String, TensorView<'_>)> = tensors.tensors();
    named.sort_by(|a, b| a.0.cmp(&b.0));
    let names: Vec<&str> = named.iter().map(|(name, _)| name.as_str()).collect();
    let tensor = |place: usize| named.get(place).map(|(_, tensor)| tensor);
    let dimensions = |place: usize, count: usize| {
        tensor(place).is_some_and(|tensor| tensor.shape().len() == count)
    };
    let is_float = |tensor: &TensorView<'_>| {
        matches!(
            tensor.dtype(),
            Dtype::F16 | Dtype::BF16 | Dtype::F32 | Dtype::F64
        )
    };
    let mut matrices = (0..named.len())
        .filter(|&place| dimensions(place, 2) && tensor(place).is_some_and(is_float));
    let only = matrices.next().filter(|_| matrices.next().is_none());
    let named_place = Field::Embedding.find(&names, |place| dimensions(place, 2));
    let shape = |(name, tensor): &(String, TensorView<'_>)| {
        let shape: Vec<u64> = tensor.shape().iter().map(|&size| size as u64).collect();
        (name.clone(), is_float(tensor).then_some(shape))
    };
    let shapes: Vec<_> = named.iter().map(shape).collect();
    if named_place.is_none()
        && let Some(dim) = keyed::width(&shapes)
    {
        let vectors = named
            .iter()
            .map(|(name, tensor)| Ok((name.as_str(), floats(tensor).unwrap_or_default())));
        return keyed::load(dim, "tensors", vectors, path);
    }
    let embedding_place = named_place.or(only.filter(|_| named.len() < 4));
    let embedding = embedding_place.and_then(tensor);
    let described: Vec<String> = named
        .iter()
        .map(|(name, tensor)| format!("{name} {:?}", tensor.shape()))
        .collect();
    let Some(embedding) = embedding else {
        return Err(no_vectors(path, "tensors", &described));
    };
    let dim = embedding.shape().last().copied().unwrap_or(0);
    let Some(values) = floats(embedding).filter(|_| (1..=MOST_DIM).contains(&dim)) else {
        let what = format!(
            "its vectors are {:?} {:?} and not [rows, dim] of floats",
            embedding.dtype(),
            embedding.shape()
        );
        return Err(unusable(path, what));
    };
    let rows = values.len() / dim;
    let place_of = |field: Field| field.find(&names, |place| dimensions(place, 1));
    let column = |field: Field| {
        let found = place_of(field).and_then(tensor);
        let Some(found) = found else { return Ok(None) };
        if found.shape() != [rows] {
            let what = format!(
                "a tensor has the shape {:?}, but there are {rows} vectors ({})",
                found.shape(),
                described.join(", ")
            );
            return Err(unusable(path, what));
        }
        Ok(Some(found))
    };
    let index = match column(Field::Track)? {
        None => None,
        Some(track) => {
            let whole = whole(track)
                .ok_or_else(|| unusable(path, "its tensor track holds no track numbers"));
            Some(whole?)
        }
    };
    let timestamps = match column(Field::Timestamp)? {
        None => None,
        Some(times) => {
            let wholes = || Some(whole(times)?.into_iter().map(|time| time as f32).collect());
            let times = floats(times).or_else(wholes);
            let times = times.ok_or_else(|| unusable(path, "its timestamps are no numbers"));
            let name = place_of(Field::Timestamp).and_then(|place| names.get(place));
            let unit_secs = name.map_or(1.0, |name| unit_secs(name));
            let times: Vec<f32> = times?;
            Some(times.into_iter().map(|time| time * unit_secs).collect())
        }
    };
    let metadata = header.metadata().clone().unwrap_or_default();
    let list = |names: [&str; 2]| -> Result<Vec<Option<String>>, EmbeddingError> {
        let Some((name, text)) = names
            .iter()
            .find_map(|&name| Some((name, metadata.get(name)?)))
        else {
            return Ok(Vec::new());
        };
        let list: Vec<Option<String>> = serde_json::from_str(text).map_err(|error| {
            damaged(
                path,
                format!("its {name} are no JSON list of texts ({error})"),
            )
        })?;
        Ok(list)
    };
    let (mut paths, labels) = (list(["paths", "path"])?, list(["labels", "label"])?);
    for names in [["files", "filenames"], ["ids", "track_ids"]] {
        if paths.is_empty() {
            paths = list(names)?;
        }
    }
    let splits = list(["splits", "split"])?;
    let ids_place = Field::find_ids(&names, |place| dimensions(place, 1));
    let ids_place = ids_place.filter(|_| paths.is_empty());
    let ids = ids_place.and_then(tensor).and_then(whole);
    let index = match ids.filter(|ids| ids.len() == rows) {
        Some(ids) => {
            paths = ids.into_iter().map(|id| Some(id.to_string())).collect();
            None
        }
        None => index,
    };
    let incomplete = list(["incomplete"; 2])?;
    let expected = match (&index, paths.len()) {
        (Some(index), count) if count > 0 => {
            if index
                .iter()
                .any(|&track| usize::try_from(track).map_or(true, |track| track >= count))
            {
                let what = format!("it numbers tracks that are not among its {count} paths");
                return Err(unusable(path, what));
            }
            count
        }
        _ => rows,
    };
    for (name, texts) in [
        ("paths", &paths),
        ("labels", &labels),
        ("splits", &splits),
        ("sentences on what is incomplete", &incomplete),
    ] {
        if !texts.is_empty() && texts.len() != expected {
            let what = format!(
                "it has {} {name}, but there should be {expected}",
                texts.len()
            );
            return Err(unusable(path, what));
        }
    }
    let mut tracks = Tracks::default();
    for row in 0..rows {
        let number = index.as_ref().and_then(|index| index.get(row).copied());
        let at = number
            .filter(|_| !paths.is_empty())
            .and_then(|track| usize::try_from(track).ok())
            .unwrap_or(row);
        let text =
            |texts: &'_ [Option<String>]| texts.get(at).cloned().flatten().unwrap_or_default();
        tracks
            .push(RowTexts {
                index: number,
                path: &text(&paths),
                label: &text(&labels),
                split: &text(&splits),
                incomplete: &text(&incomplete),
            })
            .map_err(|what| unusable(path, what))?;
    }
    let used = [
        embedding_place,
        place_of(Field::Track),
        place_of(Field::Timestamp),
        ids_place,
    ];
    let unread = say_unread("tensors", &names, |place| used.contains(&Some(place)));
    Ok(Contents {
        dim,
        values,
        timestamps,
        tracks,
        index: Vec::new(),
        notes: unread.into_iter().collect(),
        encoder: metadata.get("encoder").cloned(),
        encoder_hash: metadata.get("encoder_hash").cloned(),
        level: metadata.get("level").cloned(),
    })
}

fn floats(tensor: &TensorView<'_>) -> Option<Vec<f32>> {
    let bytes = tensor.data();
    let halves = || bytes.as_chunks::<2>().0.iter().copied();
    Some(match tensor.dtype() {
        Dtype::F32 => bytes
            .as_chunks::<4>()
            .0
            .iter()
            .map(|&b| f32::from_le_bytes(b))
            .collect(),
        Dtype::F64 => {
            let parts = bytes.as_chunks::<8>().0.iter();
            parts.map(|&b| f64::from_le_bytes(b) as f32).collect()
        }
        Dtype::F16 => halves().map(|b| f16::from_le_bytes(b).to_f32()).collect(),
        Dtype::BF16 => halves().map(|b| bf16::from_le_bytes(b).to_f32()).collect(),
        _ => return None,
    })
}

fn whole(tensor: &TensorView<'_>) -> Option<Vec<i64>> {
    let bytes = tensor.data();
    Some(match tensor.dtype() {
        Dtype::I64 => bytes
            .as_chunks::<8>()
            .0
            .iter()
            .map(|&b| i64::from_le_bytes(b))
            .collect(),
        Dtype::I32 => {
            let parts = bytes.as_chunks::<4>().0.iter();
            parts.map(|&b| i64::from(i32::from_le_bytes(b))).collect()
        }
        Dtype::U32 => {
            let parts = bytes.as_chunks::<4>().0.iter();
            parts.map(|&b| i64::from(u32::from_le_bytes(b))).collect()
        }
        _ => return None,
    })
}
