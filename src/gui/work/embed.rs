//! Embeds the collection for map, probe and neighbours.

use std::sync::Arc;

use crate::gui::model::{AppState, EmbedError, EncoderSource, KeyedTable, TableKey};
use mynascope_base::{jobs::Watch, storage::Cache};
use mynascope_collection::Collection;
use mynascope_embedding::{
    EmbeddingTable, ExtractSettings, Extraction, Grown, Level, extract_cached_live, find_cached,
};
use mynascope_encoder::{CheckpointError, EncoderError, LoadedEncoder};
use mynascope_probe::EncoderId;

/// What map and probe need before they can begin.
#[derive(Clone)]
pub struct EmbedRequest {
    /// The tracks.
    pub collection: Arc<Collection>,
    /// The encoder.
    pub source: EncoderSource,
    /// What was computed last; used again if it is the same.
    pub cached: Option<Arc<KeyedTable>>,
    /// Where mels are kept.
    pub mels: Option<Arc<Cache>>,
}

impl EmbedRequest {
    /// Of a collection with the encoder that the layouts share.
    pub fn of(model: &AppState, collection: &Arc<Collection>, mels: Option<&Arc<Cache>>) -> Self {
        Self {
            collection: Arc::clone(collection),
            source: model.embeddings.source.clone(),
            cached: model.embeddings.table.clone(),
            mels: mels.cloned(),
        }
    }
}

/// Embeds every window of the collection, or takes the table that is there already.
///
/// # Errors
/// An [`EmbedError`] if the checkpoint or the device does not allow it, if no track can be embedded, or if the job
/// was told to stop.
pub fn embed(request: &EmbedRequest, watch: &Watch<'_>) -> Result<Arc<KeyedTable>, EmbedError> {
    embed_live(request, watch, None)
}

/// As [`embed`]; `grown` is shown the table as it grows, now and then.
///
/// # Errors
/// As [`embed`].
pub fn embed_live(
    request: &EmbedRequest,
    watch: &Watch<'_>,
    grown: Option<&dyn Fn(Arc<KeyedTable>)>,
) -> Result<Arc<KeyedTable>, EmbedError> {
    let key = TableKey::new(&request.collection, &request.source);
    if let Some(cached) = &request.cached
        && cached.key == key
    {
        return Ok(Arc::clone(cached));
    }
    let encoder = open(&request.source, watch)?;
    let mels = request.mels.as_deref();
    let (collection, settings) = (&request.collection, settings(request));
    let part = |table: EmbeddingTable| {
        if let Some(grown) = grown {
            grown(Arc::new(KeyedTable {
                key: key.clone(),
                id: EncoderId::of(&encoder, &request.source.checkpoint),
                table,
                skipped: Vec::new(),
                windows_per_second: 0.0,
                seconds: 0.0,
            }));
        }
    };
    let part: Option<Grown<'_>> = grown.is_some().then_some(&part);
    let extraction = extract_cached_live(collection, &encoder, &settings, mels, watch, part)
        .map_err(EmbedError::failed)?;
    Ok(keyed(request, key.clone(), &encoder, extraction))
}

/// As [`embed`], if nothing need be computed for it; `None` otherwise.
///
/// # Errors
/// As [`embed`].
pub fn find(
    request: &EmbedRequest,
    watch: &Watch<'_>,
) -> Result<Option<Arc<KeyedTable>>, EmbedError> {
    let Some(cache) = &request.mels else {
        return Ok(None);
    };
    let encoder = open(&request.source, watch)?;
    let found = find_cached(&request.collection, &encoder, &settings(request), cache);
    let key = TableKey::new(&request.collection, &request.source);
    Ok(found.map(|extraction| keyed(request, key, &encoder, extraction)))
}

fn settings(request: &EmbedRequest) -> ExtractSettings {
    ExtractSettings {
        level: Level::Window,
        channel: request.source.channel,
        ..ExtractSettings::default()
    }
}

fn keyed(
    request: &EmbedRequest,
    key: TableKey,
    encoder: &LoadedEncoder,
    extraction: Extraction,
) -> Arc<KeyedTable> {
    Arc::new(KeyedTable {
        key,
        id: EncoderId::of(encoder, &request.source.checkpoint),
        table: extraction.table,
        skipped: extraction.skipped,
        windows_per_second: extraction.windows_per_second,
        seconds: extraction.seconds,
    })
}

/// Reads the weights of an encoder.
///
/// # Errors
/// An [`EmbedError`] if the checkpoint cannot be read, or if the device is not there.
pub fn open(source: &EncoderSource, watch: &Watch<'_>) -> Result<LoadedEncoder, EmbedError> {
    watch.progress("loading the encoder", 0, None);
    let encoder = LoadedEncoder::open(&source.checkpoint, source.load_options(), &source.device)
        .map_err(|error| match error {
            EncoderError::Checkpoint(CheckpointError::NeedsPatch { .. }) => EmbedError::NeedsPatch,
            error => EmbedError::failed(error),
        })?;
    watch.check().map_err(EmbedError::failed)?;
    Ok(encoder)
}
