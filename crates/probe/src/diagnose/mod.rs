//! What tells the layers of an encoder apart where no labels are at hand: how close the windows of a track lie, how evenly
//! all are spread, in how many directions, and whether embeddings move with the pitch.
//!
//! Every number stands with its source in `geometry.rs` and `transposition.rs`. What cannot be measured says why.

mod geometry;
#[cfg(test)]
mod tests;
mod transposition;
mod windows;

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    time::Instant,
};

use ndarray::{Array2, Axis};
use rayon::prelude::*;
use serde::Serialize;

use super::ProbeError;
use mynascope_audio::{Caveats, Channel, Semitones};
use mynascope_base::{
    counted,
    jobs::{Cancel, Watch},
};
use mynascope_collection::{Collection, Track};
use mynascope_embedding::{
    EmbeddingTable, ExtractSettings, LayerTables, extract_layer_windows, extract_windows,
};
use mynascope_encoder::{Family, LoadedEncoder, ReadingInUse};
use mynascope_spectrum::tokens::{Purpose, stream};
use windows::{Reader, Rows};

/// What is measured, and on how much.
#[derive(Debug, Clone, PartialEq)]
pub struct DiagnoseSettings {
    /// Tracks that are looked at, drawn by the seed where there are more.
    pub tracks: usize,
    /// Windows of each track, evenly over it and without overlap; fewer where it is shorter.
    pub windows: usize,
    /// The transpositions whose embeddings are told from those of the sound as it is.
    pub semitones: Vec<Semitones>,
    /// Draws the tracks, and the parts on which maps are fitted and tested.
    pub seed: u64,
    /// Which channel of a file is embedded.
    pub channel: Channel,
}

impl Default for DiagnoseSettings {
    fn default() -> Self {
        Self {
            tracks: 100,
            windows: 8,
            semitones: [-2, 2]
                .into_iter()
                .filter_map(|step| Semitones::new(step).ok())
                .collect(),
            seed: 0,
            channel: Channel::Mean,
        }
    }
}

/// A number, or why there is none.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Measured {
    /// The number; always finite.
    Value(f64),
    /// Why it is not defined, for people.
    Undefined(String),
}

impl Measured {
    fn value(value: f64) -> Self {
        match value.is_finite() {
            true => Self::Value(value),
            false => Self::undefined("it came out as no finite number; try another layer"),
        }
    }

    fn undefined(why: impl Into<String>) -> Self {
        Self::Undefined(why.into())
    }

    /// The number, where there is one.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Value(value) => Some(*value),
            Self::Undefined(_) => None,
        }
    }
}

/// What is measured of a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Diagnostic {
    /// How close the windows of a track lie.
    Alignment,
    /// How evenly all windows are spread.
    Uniformity,
    /// Directions among neighbours.
    IntrinsicDimension,
    /// Directions of the whole.
    EffectiveRank,
    /// What a linear map tells of transposed windows.
    Transposition,
    /// What the windows as they are tell of transposed ones.
    TranspositionWithoutMap,
}

impl Diagnostic {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Alignment,
        Self::Uniformity,
        Self::IntrinsicDimension,
        Self::EffectiveRank,
        Self::Transposition,
        Self::TranspositionWithoutMap,
    ];

    /// Its name, for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Alignment => "alignment",
            Self::Uniformity => "uniformity",
            Self::IntrinsicDimension => "intrinsic dimension",
            Self::EffectiveRank => "effective rank",
            Self::Transposition => "transposition, linear map",
            Self::TranspositionWithoutMap => "transposition, no map",
        }
    }

    /// What it says, in one sentence.
    pub fn explain(self) -> &'static str {
        match self {
            Self::Alignment => {
                "Mean squared distance of two windows of one track, on the unit sphere: 0 where a track is one point"
            }
            Self::Uniformity => {
                "How evenly windows fill the unit sphere: 0 where all are one point, near -4 where they are spread evenly"
            }
            Self::IntrinsicDimension => {
                "In how many directions neighbouring windows differ (TwoNN)"
            }
            Self::EffectiveRank => {
                "In how many directions all windows are spread, weak ones counted in part"
            }
            Self::Transposition => {
                "R2 of the best linear map from a window to the same window at another pitch, on tracks it was not fitted on: 1 is exact"
            }
            Self::TranspositionWithoutMap => {
                "The same without a map: near 1 where the pitch changes nothing; the map's gain over it is equivariance"
            }
        }
    }

    /// Who defined it, where.
    pub fn source(self) -> &'static str {
        match self {
            Self::Alignment | Self::Uniformity => "Wang and Isola 2020",
            Self::IntrinsicDimension => "Facco et al. 2017",
            Self::EffectiveRank => "Roy and Vetterli 2007",
            Self::Transposition | Self::TranspositionWithoutMap => {
                "ridge regression, Hoerl and Kennard 1970"
            }
        }
    }
}

/// How embeddings answer to one transposition.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TransposedScore {
    /// By how much the sound was transposed.
    pub semitones: Semitones,
    /// R2 of the best linear map, on held-out tracks.
    pub with_map: Measured,
    /// R2 of the embeddings as they are, on the same tracks.
    pub without_map: Measured,
}

/// What one layer gives, measured without labels.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LayerDiagnostics {
    /// Its place in [`mynascope_encoder::EncoderInfo::layers`]; of an encoder that was opened on one layer, that.
    pub layer: usize,
    /// What the encoder calls it: "patches", "block 3", "embedding".
    pub name: String,
    /// See [`Diagnostic`].
    pub alignment: Measured,
    /// See [`Diagnostic`].
    pub uniformity: Measured,
    /// See [`Diagnostic`].
    pub intrinsic_dimension: Measured,
    /// See [`Diagnostic`].
    pub effective_rank: Measured,
    /// Mean over the transpositions with a linear map.
    pub transposition: Measured,
    /// Mean over the transpositions without a map.
    pub transposition_without_map: Measured,
    /// Every transposition by itself.
    pub transpositions: Vec<TransposedScore>,
}

impl LayerDiagnostics {
    /// One of the numbers.
    pub fn of(&self, diagnostic: Diagnostic) -> &Measured {
        match diagnostic {
            Diagnostic::Alignment => &self.alignment,
            Diagnostic::Uniformity => &self.uniformity,
            Diagnostic::IntrinsicDimension => &self.intrinsic_dimension,
            Diagnostic::EffectiveRank => &self.effective_rank,
            Diagnostic::Transposition => &self.transposition,
            Diagnostic::TranspositionWithoutMap => &self.transposition_without_map,
        }
    }
}

/// What was measured of an encoder.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Diagnosis {
    /// What made the embeddings.
    pub encoder: String,
    /// Its published design.
    pub family: Family,
    /// What is read of it where no layer was named; of every layer the readout.
    pub reading: ReadingInUse,
    /// Tracks that were embedded.
    pub tracks: usize,
    /// Their windows, without the transposed ones.
    pub windows: usize,
    /// The layers, from what enters the first block on.
    pub layers: Vec<LayerDiagnostics>,
    /// What the reader must know to judge the numbers.
    pub notes: Vec<String>,
    /// Tracks without an embedding, each with the reason.
    #[serde(skip)]
    pub skipped: Vec<(PathBuf, String)>,
    /// What is worth telling of how files were decoded.
    #[serde(skip)]
    pub caveats: Vec<(PathBuf, Caveats)>,
    /// Time that it took.
    pub seconds: f64,
}

/// Measures every layer of an encoder on a collection, without labels; of an encoder that was opened on one layer, or with a
/// readout that no layer has, that alone. `found` is told every layer as soon as it is known, in their order.
///
/// A transposed window is the same stretch of the track played faster or slower ([`mynascope_audio::transposed`]), begun at
/// the same place, so that it holds as many seconds for the encoder.
///
/// # Errors
/// If no track can be embedded, if the encoder fails, or if the job was told to stop. A number that is not defined is no error.
pub fn diagnose(
    collection: &Collection,
    encoder: &LoadedEncoder,
    settings: &DiagnoseSettings,
    watch: &Watch<'_>,
    found: &mut dyn FnMut(&LayerDiagnostics),
) -> Result<Diagnosis, ProbeError> {
    let start = Instant::now();
    let tracks = drawn(collection, settings);
    let reader = Reader::new(encoder, settings);
    let layers = embed(&tracks, encoder, settings, &reader, watch)?;
    let rows = match layers.tables.first() {
        Some((_, _, table)) => reader.rows(table),
        None => Rows {
            plain: Vec::new(),
            pairs: Vec::new(),
        },
    };
    let embedded = layers
        .tables
        .first()
        .map_or(0, |(.., table)| table.tracks.len());
    let mut measured = Vec::new();
    // A few layers at a time: each takes one thread most of the time, and the first shall not wait for the last.
    let at_a_time = rayon::current_num_threads().max(1);
    let count = layers.tables.len();
    for some in layers.tables.chunks(at_a_time) {
        watch.check()?;
        let done = measured.len() as u64;
        watch.progress("measuring layers", done, Some(count as u64));
        let some: Vec<LayerDiagnostics> = some
            .par_iter()
            .map(|(layer, name, table)| measure(*layer, name, table, &rows, settings))
            .collect();
        some.iter().for_each(&mut *found);
        measured.extend(some);
    }
    watch.progress("measuring layers", count as u64, Some(count as u64));
    let mut notes = Vec::new();
    if tracks.len() < collection.tracks.len() {
        notes.push(format!(
            "{} of the {} tracks were drawn by seed {}",
            tracks.len(),
            collection.tracks.len(),
            settings.seed
        ));
    }
    notes.push(format!(
        "the effective rank of {} is at most {}, and the map of a transposition knows no more of the music than them; more \
         windows raise both",
        counted(rows.plain.len(), "window"),
        rows.plain.len().saturating_sub(1)
    ));
    if !settings.semitones.is_empty() {
        notes.push(
            "transposed windows are played faster or slower, so that their tempo changes with the pitch".to_owned(),
        );
    }
    Ok(Diagnosis {
        encoder: encoder.description().to_owned(),
        family: encoder.info().family,
        reading: encoder.reading_in_use(),
        tracks: embedded,
        windows: rows.plain.len(),
        layers: measured,
        notes,
        skipped: layers.skipped,
        caveats: layers.caveats,
        seconds: start.elapsed().as_secs_f64(),
    })
}

/// The tracks that are looked at, in the order of the collection; a file that is named twice once.
fn drawn(collection: &Collection, settings: &DiagnoseSettings) -> Vec<Track> {
    let mut seen = HashSet::new();
    let mut tracks: Vec<&Track> = collection
        .tracks
        .iter()
        .filter(|track| seen.insert(track.path.as_path()))
        .collect();
    let most = settings.tracks.max(1);
    if tracks.len() > most {
        let order = stream(settings.seed, 0, 0, Purpose::Order).permutation(tracks.len());
        let mut chosen: Vec<usize> = order.into_iter().take(most).collect();
        chosen.sort_unstable();
        tracks = chosen
            .iter()
            .filter_map(|&at| tracks.get(at).copied())
            .collect();
    }
    tracks.into_iter().cloned().collect()
}

struct Layers {
    /// Place and name of each layer, and what it gives.
    tables: Vec<(usize, String, EmbeddingTable)>,
    skipped: Vec<(PathBuf, String)>,
    caveats: Vec<(PathBuf, Caveats)>,
}

fn embed(
    tracks: &[Track],
    encoder: &LoadedEncoder,
    settings: &DiagnoseSettings,
    reader: &Reader<'_>,
    watch: &Watch<'_>,
) -> Result<Layers, ProbeError> {
    let extraction = ExtractSettings {
        seed: settings.seed,
        channel: settings.channel,
        ..ExtractSettings::default()
    };
    let read = |path: &Path, cancel: &Cancel| reader.read(path, cancel);
    let reading = encoder.reading();
    let alone = reading.layer.is_some() || reading.readout.is_some_and(|it| it.is_final());
    if alone {
        let made = extract_windows(tracks, encoder, &read, &extraction, watch)?;
        let name = encoder.info().describe(reading);
        return Ok(Layers {
            tables: vec![(encoder.layer_read(), name, made.table)],
            skipped: made.skipped,
            caveats: made.caveats,
        });
    }
    let LayerTables {
        tables,
        skipped,
        caveats,
        ..
    } = extract_layer_windows(tracks, encoder, &read, &extraction, watch)?;
    let names = encoder.info().layers.iter().cloned();
    let tables = names.zip(tables).enumerate();
    Ok(Layers {
        tables: tables
            .map(|(layer, (name, table))| (layer, name, table))
            .collect(),
        skipped,
        caveats,
    })
}

fn measure(
    layer: usize,
    name: &str,
    table: &EmbeddingTable,
    rows: &Rows,
    settings: &DiagnoseSettings,
) -> LayerDiagnostics {
    let values = table.values.iter().map(|&value| f64::from(value)).collect();
    let whole = Array2::from_shape_vec((table.rows(), table.dim), values).unwrap_or_default();
    let tracks_of = |rows: &[usize]| -> Vec<u32> {
        let tracks = rows.iter().filter_map(|&row| table.track.get(row));
        tracks.copied().collect()
    };
    let plain = whole.select(Axis(0), &rows.plain);
    let steps = settings.semitones.iter().zip(&rows.pairs);
    let transpositions: Vec<TransposedScore> = steps
        .map(|(&semitones, pairs)| {
            let (before, after): (Vec<usize>, Vec<usize>) = pairs.iter().copied().unzip();
            let explained = transposition::explained(
                &whole.select(Axis(0), &before),
                &whole.select(Axis(0), &after),
                &tracks_of(&before),
                settings.seed,
            );
            TransposedScore {
                semitones,
                with_map: explained.with_map,
                without_map: explained.without_map,
            }
        })
        .collect();
    LayerDiagnostics {
        layer,
        name: name.to_owned(),
        alignment: geometry::alignment(&plain, &tracks_of(&rows.plain)),
        uniformity: geometry::uniformity(&plain),
        intrinsic_dimension: geometry::intrinsic_dimension(&plain),
        effective_rank: geometry::effective_rank(&plain),
        transposition: mean_of(transpositions.iter().map(|it| &it.with_map)),
        transposition_without_map: mean_of(transpositions.iter().map(|it| &it.without_map)),
        transpositions,
    }
}

/// The mean; not defined where one of them isn't.
fn mean_of<'a>(measured: impl Iterator<Item = &'a Measured>) -> Measured {
    let (mut sum, mut count) = (0.0, 0_usize);
    for one in measured {
        match one {
            Measured::Value(value) => sum += value,
            undefined @ Measured::Undefined(_) => return undefined.clone(),
        }
        count += 1;
    }
    match count {
        0 => Measured::undefined("no transposition was asked for"),
        _ => Measured::value(sum / count as f64),
    }
}
