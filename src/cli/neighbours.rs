use std::{fmt::Write, fs, path::Path};

use anyhow::bail;
use serde_json::{Value, json};

use super::{
    arguments::{Common, Neighbours},
    console::{Console, Outcome},
    embed,
};
use mynascope_base::storage::path_to_text;
use mynascope_embedding::{self as embedding, EmbeddingTable, ExtractSettings};

pub fn run(verb: &Neighbours, common: &Common, console: &Console) -> anyhow::Result<Outcome> {
    let table = embedding::load_table(&verb.embeddings)?;
    match (&verb.query, verb.duplicates, &verb.moved) {
        (_, Some(threshold), _) => duplicates(&table, threshold, console),
        (_, None, Some(other)) => moved(&table, other, verb.k, console),
        (Some(query), None, None) => nearest(verb, &table, query, common, console),
        (None, None, None) => bail!("say what to look for: --query, --duplicates or --moved"),
    }
}

/// What is near to a track, a window, a stretch or a file.
fn nearest(
    verb: &Neighbours,
    table: &EmbeddingTable,
    query: &Path,
    common: &Common,
    console: &Console,
) -> anyhow::Result<Outcome> {
    let known = table
        .tracks
        .iter()
        .position(|row| same_file(&row.path, query));
    let stretch = verb.from.zip(verb.to).map(|(from, to)| [from, to]);
    let in_table = match (known, stretch, verb.at) {
        (Some(track), None, Some(at)) => window_row(table, track, at),
        (Some(track), None, None) => means_row(&table.track_means(), track),
        _ => None,
    };
    let values = match in_table {
        Some(values) => values,
        None => {
            let encoder =
                embed::open_encoder_of(&verb.encoder, table, &verb.embeddings, common, console)?;
            let settings = ExtractSettings::default();
            let watch = console.watch();
            let extraction =
                embedding::extract_stretch(query, stretch, &encoder, &settings, &watch)?;
            extraction.table.track_means().row(0).to_vec()
        }
    };
    let left_out = |row: usize| {
        known.is_some_and(|track| table.track.get(row).is_some_and(|&of| of as usize == track))
    };
    let mut text = String::new();
    let mut found: Vec<Value> = Vec::new();
    for neighbour in embedding::neighbours(table, &values, verb.k, left_out) {
        let Some(track) = table.track_of(neighbour.row) else {
            continue;
        };
        let start = start_of(table, neighbour.row);
        writeln!(
            text,
            "{:6.3}  {start:7.2} s  {}",
            neighbour.cosine,
            track.path.display()
        )?;
        found.push(json!({
            "path": path_to_text(&track.path),
            "label": track.label,
            "timestamp": start,
            "cosine": neighbour.cosine,
        }));
    }
    if found.is_empty() {
        text.push_str("the table holds no other track");
    }
    Ok(Outcome::new(
        json!({"query": path_to_text(query), "neighbours": found}),
        text.trim_end().to_owned(),
    ))
}

/// Pairs of tracks that are nearly the same.
fn duplicates(
    table: &EmbeddingTable,
    threshold: f32,
    console: &Console,
) -> anyhow::Result<Outcome> {
    if !(-1.0..=1.0).contains(&threshold) {
        bail!("--duplicates takes a cosine from -1 to 1, not {threshold}; 0.98 is a good start");
    }
    let pairs = embedding::near_duplicates(table, threshold, &console.watch())?;
    let mut text = String::new();
    let mut found: Vec<Value> = Vec::new();
    for pair in &pairs {
        let rows = pair
            .rows
            .map(|row| (table.track_of(row), start_of(table, row)));
        let [(Some(a), a_start), (Some(b), b_start)] = rows else {
            continue;
        };
        writeln!(
            text,
            "{:6.3}  {a_start:7.2} s  {}\n        {b_start:7.2} s  {}",
            pair.cosine,
            a.path.display(),
            b.path.display()
        )?;
        found.push(json!({
            "cosine": pair.cosine,
            "paths": [path_to_text(&a.path), path_to_text(&b.path)],
            "timestamps": [a_start, b_start],
        }));
    }
    if found.is_empty() {
        writeln!(
            text,
            "no two tracks have windows with a cosine of {threshold} or more"
        )?;
    }
    Ok(Outcome::new(
        json!({"threshold": threshold, "duplicates": found}),
        text.trim_end().to_owned(),
    ))
}

/// The tracks whose neighbourhoods changed most.
fn moved(
    table: &EmbeddingTable,
    other: &Path,
    most: usize,
    console: &Console,
) -> anyhow::Result<Outcome> {
    let other = embedding::load_table(other)?;
    let changes = embedding::neighbourhood_changes(table, &other, NEIGHBOURHOOD, &console.watch())?;
    if changes.is_empty() {
        bail!("the two tables have no track in common; embed the same files with both encoders");
    }
    let mut text = String::new();
    for change in changes.iter().take(most) {
        let (kept, of) = (change.kept, change.of);
        writeln!(text, "{kept:2} of {of}  {}", change.path.display())?;
    }
    let found: Vec<Value> = changes
        .iter()
        .take(most)
        .map(|change| json!({"path": path_to_text(&change.path), "kept": change.kept, "of": change.of}))
        .collect();
    Ok(Outcome::new(
        json!({"tracks": changes.len(), "moved": found}),
        text.trim_end().to_owned(),
    ))
}

/// Neighbours that make up a neighbourhood.
const NEIGHBOURHOOD: usize = 10;

fn start_of(table: &EmbeddingTable, row: usize) -> f32 {
    table.timestamps.get(row).copied().unwrap_or_default()
}

/// The window of a track that plays at a second.
fn window_row(table: &EmbeddingTable, track: usize, at: f64) -> Option<Vec<f32>> {
    let rows = (0..table.rows()).filter(|&row| table.track.get(row) == Some(&(track as u32)));
    let mut begun = rows
        .clone()
        .filter(|&row| f64::from(start_of(table, row)) <= at + 0.01);
    let row = begun.next_back().or_else(|| rows.clone().next())?;
    Some(table.row(row).to_vec())
}

fn same_file(a: &Path, b: &Path) -> bool {
    a == b || fs::canonicalize(a).is_ok_and(|a| fs::canonicalize(b).is_ok_and(|b| a == b))
}

/// The mean of a track's rows.
fn means_row(means: &EmbeddingTable, track: usize) -> Option<Vec<f32>> {
    let row = means.track.iter().position(|&of| of as usize == track)?;
    Some(means.row(row).to_vec())
}
