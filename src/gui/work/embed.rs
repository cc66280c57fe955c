//! Embeds the collection for map, probe and neighbours.

use std::{path::PathBuf, sync::Arc};

use crate::gui::model::{AppState, EmbedError, EncoderSource, KeyedTable, TableKey};
use mynascope_base::{jobs::Watch, storage::Cache};
use mynascope_collection::Collection;
use mynascope_embedding::{ExtractSettings, Level, extract_cached};
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
    let key = TableKey::new(&request.collection, &request.source);
    if let Some(cached) = &request.cached
        && cached.key == key
    {
        return Ok(Arc::clone(cached));
    }
    let encoder = open(&request.source, watch)?;
    let settings = ExtractSettings {
        level: Level::Window,
        channel: request.source.channel,
        ..ExtractSettings::default()
    };
    let mels = request.mels.as_deref();
    let extraction = extract_cached(&request.collection, &encoder, &settings, mels, watch)
        .map_err(EmbedError::failed)?;
    let skipped: Vec<(PathBuf, String)> = extraction.skipped;
    Ok(Arc::new(KeyedTable {
        key,
        id: EncoderId::of(&encoder, &request.source.checkpoint),
        table: extraction.table,
        skipped,
        windows_per_second: extraction.windows_per_second,
        seconds: extraction.seconds,
    }))
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
