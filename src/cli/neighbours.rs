//! The verb `neighbours`.

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use anyhow::bail;
use serde_json::{Value, json};

use super::{
    arguments::{Common, Neighbours},
    console::{Console, Outcome, WrongUsage},
    embed, tables,
};
use mynascope_base::storage::path_to_text;
use mynascope_embedding::{self as embedding, EmbeddingTable, ExtractSettings};

pub fn run(verb: &Neighbours, common: &Common, console: &Console) -> anyhow::Result<Outcome> {
    let table = tables::open(&verb.embeddings, verb.audio_folder.as_deref(), console)?;
    match (&verb.query, verb.duplicates, &verb.moved) {
        (_, Some(threshold), _) => duplicates(&table, threshold, console),
        (_, None, Some(other)) => {
            let other = tables::open(other, verb.audio_folder.as_deref(), console)?;
            moved(&table, &other, verb.k, console)
        }
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
    let known = track_of(table, query);
    let stretch = verb.from.zip(verb.to).map(|(from, to)| [from, to]);
    let in_table = match (known, stretch, verb.at) {
        (Some(track), None, Some(at)) => window_row(table, track, at),
        (Some(track), None, None) => means_row(&table.track_means(), track),
        _ => None,
    };
    let values = match in_table {
        Some(values) => values,
        None => {
            check_query(query, known.is_some())?;
            let encoder =
                embed::open_encoder_of(&verb.encoder, table, &verb.embeddings, common, console)?;
            let settings = ExtractSettings {
                channel: common.channel(),
                ..ExtractSettings::default()
            };
            let watch = console.watch();
            let extraction =
                embedding::extract_stretch(query, stretch, &encoder, &settings, &watch)?;
            console.caveats(extraction.caveats.iter().cloned());
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

/// Says of a query that is neither of the table nor a file that it is missing, before an encoder is opened for it.
fn check_query(query: &Path, is_known: bool) -> Result<(), WrongUsage> {
    match query.is_file() {
        true => Ok(()),
        false if is_known => Err(WrongUsage(format!(
            "the sound of this track is not where the table says, and a stretch of it is embedded anew; name the folder that holds \
             it with --audio-folder: {}",
            query.display()
        ))),
        false => Err(WrongUsage(format!(
            "there is no such file, and the table has no track of this path or number; name a file, or a track as `neighbours` \
             or the table writes it: {}",
            query.display()
        ))),
    }
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
    for pair in &pairs.pairs {
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
    if pairs.is_cut() {
        writeln!(
            text,
            "these are the {} most alike of at least {} pairs; a higher cosine leaves fewer",
            pairs.pairs.len(),
            pairs.at_least
        )?;
    }
    Ok(Outcome::new(
        json!({
            "threshold": threshold,
            "duplicates": found,
            "at_least": pairs.at_least,
            "cut": pairs.is_cut(),
        }),
        text.trim_end().to_owned(),
    ))
}

/// The tracks whose neighbourhoods changed most.
fn moved(
    table: &EmbeddingTable,
    other: &EmbeddingTable,
    most: usize,
    console: &Console,
) -> anyhow::Result<Outcome> {
    let changes = embedding::neighbourhood_changes(table, other, NEIGHBOURHOOD, &console.watch())?;
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

/// The track of the table that a query names: by its path, by the file behind links and relative paths, or by the name
/// that a row without a path goes by.
fn track_of(table: &EmbeddingTable, query: &Path) -> Option<usize> {
    let whole = std::path::absolute(query).unwrap_or_else(|_| query.to_path_buf());
    let place = |wanted: &dyn Fn(&Path) -> bool| {
        let mut tracks = table.tracks.iter();
        tracks.position(|track| wanted(&track.path))
    };
    let real: Option<PathBuf> = fs::canonicalize(query).ok();
    let same_file = |path: &Path| real.is_some() && fs::canonicalize(path).ok() == real;
    place(&|path| path == query || path == whole)
        // Few files have one name; all of them are asked for only where a link has another.
        .or_else(|| place(&|path| path.file_name() == query.file_name() && same_file(path)))
        .or_else(|| place(&same_file))
}

/// The mean of a track's rows.
fn means_row(means: &EmbeddingTable, track: usize) -> Option<Vec<f32>> {
    let row = means.track.iter().position(|&of| of as usize == track)?;
    Some(means.row(row).to_vec())
}
