use std::{path::PathBuf, sync::Arc};

use crate::gui::model::{EncoderSource, KeyedTable, TableKey};
use mynascope_base::{jobs::Watch, storage::Cache};
use mynascope_collection::Collection;
use mynascope_embedding::{ExtractSettings, Level, extract_cached};
use mynascope_encoder::{CheckpointError, EncoderError, LoadedEncoder};
use mynascope_probe::EncoderId;

/// What map and probe need before they can begin.
#[derive(Clone)]
pub struct EmbedRequest {
    pub collection: Arc<Collection>,
    pub source: EncoderSource,
    /// What was computed last; used again if it is the same.
    pub cached: Option<Arc<KeyedTable>>,
    /// Where mels are kept.
    pub mels: Option<Arc<Cache>>,
}

/// Why map or probe came to no end.
#[derive(Debug, PartialEq, Eq)]
pub enum WorkEnd {
    /// The checkpoint doesn't say whether its patches are square or vertical; the user can.
    NeedsPatch,
    /// What went wrong and what to do.
    Failed(String),
}

impl WorkEnd {
    /// An error that the user is shown as it is.
    pub fn failed(error: impl std::fmt::Display) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Embeds every window of the collection, or takes the table that is there already.
pub fn embed(request: &EmbedRequest, watch: &Watch<'_>) -> Result<Arc<KeyedTable>, WorkEnd> {
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
        .map_err(WorkEnd::failed)?;
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
pub fn open(source: &EncoderSource, watch: &Watch<'_>) -> Result<LoadedEncoder, WorkEnd> {
    watch.progress("loading the encoder", 0, None);
    let encoder = LoadedEncoder::open(&source.checkpoint, source.load_options(), &source.device)
        .map_err(|error| match error {
            EncoderError::Checkpoint(CheckpointError::NeedsPatch { .. }) => WorkEnd::NeedsPatch,
            error => WorkEnd::failed(error),
        })?;
    watch.check().map_err(WorkEnd::failed)?;
    Ok(encoder)
}
