use std::{path::PathBuf, sync::Arc};

use crate::{
    collection::Collection,
    embedding::{ExtractSettings, Level, extract},
    encoder::LoadedEncoder,
    gui::model::{EncoderSource, KeyedTable, TableKey},
    jobs::Watch,
};

/// What map and probe need before they can begin.
pub struct EmbedRequest {
    pub collection: Arc<Collection>,
    pub source: EncoderSource,
    /// What was computed last; used again if it is the same.
    pub cached: Option<Arc<KeyedTable>>,
}

/// Embeds every window of the collection, or takes the table that is there already.
pub fn embed(request: &EmbedRequest, watch: &Watch<'_>) -> Result<Arc<KeyedTable>, String> {
    let key = TableKey::new(&request.collection, &request.source);
    if let Some(cached) = &request.cached
        && cached.key == key
    {
        return Ok(Arc::clone(cached));
    }
    watch.progress("Loading the encoder", 0, None);
    let source = &request.source;
    let encoder = LoadedEncoder::open(&source.checkpoint, None, &source.device)
        .map_err(|error| error.to_string())?;
    watch.check().map_err(|error| error.to_string())?;
    let settings = ExtractSettings {
        level: Level::Window,
        ..ExtractSettings::default()
    };
    let extraction = extract(&request.collection, &encoder, &settings, watch)
        .map_err(|error| error.to_string())?;
    let skipped: Vec<(PathBuf, String)> = extraction.skipped;
    Ok(Arc::new(KeyedTable {
        key,
        table: extraction.table,
        skipped,
        windows_per_second: extraction.windows_per_second,
        seconds: extraction.seconds,
    }))
}
