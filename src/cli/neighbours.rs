use std::{fmt::Write, fs, path::Path};

use anyhow::bail;
use serde_json::{Value, json};

use super::{
    arguments::{Common, Neighbours},
    console::{Console, Outcome},
    embed,
};
use crate::{
    collection,
    embedding::{self, EmbeddingTable, Level},
    tokens::MaskRatio,
};

pub fn run(verb: &Neighbours, common: &Common, console: &Console) -> anyhow::Result<Outcome> {
    let table = embedding::load_table(&verb.embeddings)?;
    let known = table
        .tracks
        .iter()
        .position(|row| same_file(&row.path, &verb.query));
    let means = table.track_means();
    let query = match known.and_then(|track| means_row(&means, track)) {
        Some(values) => values,
        None => embed_query(verb, &table, common, console)?,
    };
    let left_out = |row: usize| {
        known.is_some_and(|track| table.track.get(row).is_some_and(|&of| of as usize == track))
    };
    let mut text = String::new();
    let mut found: Vec<Value> = Vec::new();
    for neighbour in embedding::neighbours(&table, &query, verb.k, left_out) {
        let Some(track) = table.track_of(neighbour.row) else {
            continue;
        };
        let start = table
            .timestamps
            .get(neighbour.row)
            .copied()
            .unwrap_or_default();
        writeln!(
            text,
            "{:6.3}  {start:7.2} s  {}",
            neighbour.cosine,
            track.path.display()
        )?;
        found.push(json!({
            "path": track.path,
            "label": track.label,
            "timestamp": start,
            "cosine": neighbour.cosine,
        }));
    }
    if found.is_empty() {
        text.push_str("the table holds no other track");
    }
    Ok(Outcome::new(
        json!({"query": verb.query, "neighbours": found}),
        text.trim_end().to_owned(),
    ))
}

fn same_file(a: &Path, b: &Path) -> bool {
    a == b || fs::canonicalize(a).is_ok_and(|a| fs::canonicalize(b).is_ok_and(|b| a == b))
}

/// The mean of a track's rows.
fn means_row(means: &EmbeddingTable, track: usize) -> Option<Vec<f32>> {
    let row = means.track.iter().position(|&of| of as usize == track)?;
    Some(means.row(row).to_vec())
}

fn embed_query(
    verb: &Neighbours,
    table: &EmbeddingTable,
    common: &Common,
    console: &Console,
) -> anyhow::Result<Vec<f32>> {
    let collection = collection::open(std::slice::from_ref(&verb.query), &console.watch())?;
    let encoder = embed::open_encoder(&verb.encoder, common, console)?;
    if encoder.embedding_dim() != table.dim {
        bail!(
            "the encoder gives {} values and the table has {}; name the table's encoder with --checkpoint ({}): {}",
            encoder.embedding_dim(),
            table.dim,
            table.encoder,
            verb.embeddings.display()
        );
    }
    let extraction = embed::extract(
        &collection,
        &encoder,
        Level::Track,
        MaskRatio::NONE,
        common,
        console,
    )?;
    Ok(extraction.table.row(0).to_vec())
}
