//! Embedding the tracks of a collection.
//!
//! [`extract`] and its kin say which tracks, which encoder and where mels come from; a [`pipeline::Pipeline`] decodes a
//! few tracks ahead on threads and gives the encoder their windows ([`windows`]) in order; [`rows`] gathers what it gives
//! into a table.

mod pipeline;
mod rows;
#[cfg(test)]
mod tests;
mod windows;

use std::path::{Path, PathBuf};

use super::{EmbeddingError, EmbeddingTable, Level};
use mynascope_audio::{Caveats, Channel};
use mynascope_base::{
    jobs::{Cancel, Watch},
    storage::Cache,
};
use mynascope_collection::{Collection, Track};
use mynascope_encoder::{Input, LoadedEncoder};
use mynascope_spectrum::tokens::{MaskRatio, TokenMask};
pub use pipeline::{Grown, ReadTrack};
use pipeline::{Model, Pipeline};

/// How embeddings are made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExtractSettings {
    /// A row a window, or the mean of the windows of a track.
    pub level: Level,
    /// Share of tokens that is dropped before the encoder sees a window.
    pub ratio: MaskRatio,
    /// Draws the masks.
    pub seed: u64,
    /// Which channel of a file is embedded.
    pub channel: Channel,
    /// Windows that the encoder is given at a time, or more where it embeds more in a pass. A job can only be stopped between two
    /// of them.
    pub batch: usize,
}

impl Default for ExtractSettings {
    fn default() -> Self {
        Self {
            level: Level::Window,
            ratio: MaskRatio::NONE,
            seed: 0,
            channel: Channel::Mean,
            batch: 16,
        }
    }
}

/// What came out of [`extract`].
#[derive(Debug, Clone, PartialEq)]
pub struct Extraction {
    /// The embeddings.
    pub table: EmbeddingTable,
    /// Tracks without an embedding, each with the reason.
    pub skipped: Vec<(PathBuf, String)>,
    /// Tracks that were embedded as far as they could be decoded, or whose channels cancel.
    pub caveats: Vec<(PathBuf, Caveats)>,
    /// Windows that the encoder embedded.
    pub windows: usize,
    /// Over the whole job, decoding included.
    pub windows_per_second: f64,
    /// Time that it took.
    pub seconds: f64,
    /// Whether the whole table was made before and nothing was computed.
    pub from_cache: bool,
}

/// Embeds every track of a collection. Windows lie back to back; the frames at the end that don't fill a window are
/// left out, and a track that is shorter than one window is padded with silence to one. A track that cannot be read
/// is skipped with its reason; the job fails only if none is left.
///
/// Files are decoded in parallel, a few ahead of the encoder, so memory does not grow with the collection. The same
/// collection and seed give the same table.
///
/// # Errors
/// An [`EmbeddingError`] if there is no track, if none could be embedded, if the encoder fails, or if the job was
/// told to stop.
pub fn extract(
    collection: &Collection,
    encoder: &LoadedEncoder,
    settings: &ExtractSettings,
    watch: &Watch<'_>,
) -> Result<Extraction, EmbeddingError> {
    extract_with_cache(collection, encoder, settings, None, watch)
}

/// As [`extract`], the same values; mels that are in the cache are not computed again, others are kept there.
///
/// # Errors
/// As [`extract`].
pub fn extract_with_cache(
    collection: &Collection,
    encoder: &LoadedEncoder,
    settings: &ExtractSettings,
    cache: Option<&Cache>,
    watch: &Watch<'_>,
) -> Result<Extraction, EmbeddingError> {
    extract_live(collection, encoder, settings, cache, watch, None)
}

/// As [`extract_with_cache`]; `grown` is shown the table as it grows, now and then.
///
/// # Errors
/// As [`extract`].
pub fn extract_live(
    collection: &Collection,
    encoder: &LoadedEncoder,
    settings: &ExtractSettings,
    cache: Option<&Cache>,
    watch: &Watch<'_>,
    grown: Option<Grown<'_>>,
) -> Result<Extraction, EmbeddingError> {
    let read = reader(encoder, settings.channel, cache);
    let embed =
        |windows: &[&[f32]], masks: Option<&[TokenMask]>| encoder.embed_windows(windows, masks);
    let with_splits = |mut table: EmbeddingTable| {
        table.note_splits(collection);
        if let Some(grown) = grown {
            grown(table);
        }
    };
    let mut extraction = Pipeline {
        tracks: &collection.tracks,
        model: Model::of(encoder, encoder.embedding_dim(), &embed),
        read: &read,
        settings,
        watch,
        grown: grown.is_some().then_some(&with_splits),
    }
    .run()?;
    extraction.table.note_splits(collection);
    Ok(extraction)
}

/// Embeds windows that `read` gives for each track, instead of all that its file has.
///
/// # Errors
/// As [`extract`].
pub fn extract_windows(
    tracks: &[Track],
    encoder: &LoadedEncoder,
    read: &ReadTrack<'_>,
    settings: &ExtractSettings,
    watch: &Watch<'_>,
) -> Result<Extraction, EmbeddingError> {
    let embed =
        |windows: &[&[f32]], masks: Option<&[TokenMask]>| encoder.embed_windows(windows, masks);
    Pipeline {
        tracks,
        model: Model::of(encoder, encoder.embedding_dim(), &embed),
        read,
        settings,
        watch,
        grown: None,
    }
    .run()
}

/// What every layer of an encoder gives.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerTables {
    /// One for each layer, in the order of [`mynascope_encoder::EncoderInfo::layers`]; all have the same rows.
    pub tables: Vec<EmbeddingTable>,
    /// Tracks without an embedding, each with the reason.
    pub skipped: Vec<(PathBuf, String)>,
    /// Tracks that were embedded as far as they could be decoded, or whose channels cancel.
    pub caveats: Vec<(PathBuf, Caveats)>,
    /// Time that it took.
    pub seconds: f64,
    /// Whether all tables were made before and nothing was computed.
    pub from_cache: bool,
}

/// One table for each layer of an encoder, from the patches to the embedding (see
/// [`LoadedEncoder::embed_layers`]), in one pass over the tracks. The last table is that of [`extract_with_cache`].
///
/// # Errors
/// As [`extract`].
pub fn extract_layers(
    collection: &Collection,
    encoder: &LoadedEncoder,
    settings: &ExtractSettings,
    cache: Option<&Cache>,
    watch: &Watch<'_>,
) -> Result<LayerTables, EmbeddingError> {
    let read = reader(encoder, settings.channel, cache);
    let mut layers = extract_layer_windows(&collection.tracks, encoder, &read, settings, watch)?;
    for table in &mut layers.tables {
        table.note_splits(collection);
    }
    Ok(layers)
}

/// As [`extract_layers`], of windows that `read` gives for each track, instead of all that its file has.
///
/// # Errors
/// As [`extract`].
pub fn extract_layer_windows(
    tracks: &[Track],
    encoder: &LoadedEncoder,
    read: &ReadTrack<'_>,
    settings: &ExtractSettings,
    watch: &Watch<'_>,
) -> Result<LayerTables, EmbeddingError> {
    let (dim, layers) = (encoder.layer_dim(), encoder.info().layers.len());
    let embed =
        |windows: &[&[f32]], masks: Option<&[TokenMask]>| encoder.embed_layers(windows, masks);
    let pipeline = Pipeline {
        tracks,
        model: Model::of(encoder, dim * layers, &embed),
        read,
        settings,
        watch,
        grown: None,
    };
    let Extraction {
        table: whole,
        skipped,
        caveats,
        seconds,
        ..
    } = pipeline.run()?;
    let part = |layer: usize| -> Vec<f32> {
        let columns = layer * dim..(layer + 1) * dim;
        let rows = whole.iter();
        rows.flat_map(|row| row.get(columns.clone()).unwrap_or_default())
            .copied()
            .collect()
    };
    let tables = (0..layers).map(|layer| EmbeddingTable {
        values: part(layer),
        timestamps: whole.timestamps.clone(),
        track: whole.track.clone(),
        tracks: whole.tracks.clone(),
        encoder_hash: encoder.layer_fingerprint(layer),
        ..EmbeddingTable::empty(dim, whole.encoder.clone(), whole.level)
    });
    Ok(LayerTables {
        tables: tables.collect(),
        skipped,
        caveats,
        seconds,
        from_cache: false,
    })
}

/// Reads files for an encoder, from the cache where it can.
fn reader<'a>(
    encoder: &'a LoadedEncoder,
    channel: Channel,
    cache: Option<&'a Cache>,
) -> impl Fn(&Path, &Cancel) -> Result<Input, String> + Sync + 'a {
    move |path, cancel| {
        let read = encoder.read(path, channel, cancel, cache);
        read.map_err(|error| error.to_string())
    }
}
