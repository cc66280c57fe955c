//! The verb `embed`, and how every verb opens its encoder.

use std::path::Path;

use serde_json::json;

use super::{
    arguments::{self, Common, Embed},
    console::{Console, Outcome, WrongUsage},
};
use mynascope_base::{
    counted,
    storage::{Cache, Folders, Settings, path_to_text},
};
use mynascope_collection::Collection;
use mynascope_embedding::{self as embedding, EmbeddingTable, ExtractSettings, Extraction, Level};
use mynascope_encoder::LoadedEncoder;
use mynascope_spectrum::tokens::MaskRatio;

/// Puts the encoder that the options name on the device that they name.
pub fn open_encoder(
    encoder: &arguments::Encoder,
    common: &Common,
    console: &Console,
) -> anyhow::Result<LoadedEncoder> {
    let loaded = LoadedEncoder::open(&encoder.checkpoint, encoder.options(), &common.device())?;
    console.note(&format!(
        "encoder: {} on {}",
        loaded.description(),
        loaded.device()
    ));
    if let Some(note) = loaded.note() {
        console.note(note);
    }
    Ok(loaded)
}

/// As [`open_encoder`], for files that are compared with a table: refuses an encoder that didn't make it.
pub fn open_encoder_of(
    encoder: &arguments::Encoder,
    table: &EmbeddingTable,
    path: &Path,
    common: &Common,
    console: &Console,
) -> anyhow::Result<LoadedEncoder> {
    let loaded = open_encoder(encoder, common, console)?;
    let said = table
        .check_encoder(&loaded)
        .map_err(|error| anyhow::anyhow!("{error}: {}", path.display()))?;
    if let Some(said) = said {
        console.note(&format!("{said}: {}", path.display()));
    }
    Ok(loaded)
}

/// Where computed results are kept; without a folder for it everything is computed each time.
pub fn user_cache() -> Option<Cache> {
    let folders = Folders::of_user().ok()?;
    let bytes = Settings::read(&folders.config).cache_bytes();
    Cache::of_user(bytes).ok()
}

/// Embeds a collection as the options say.
pub fn extract(
    collection: &Collection,
    encoder: &LoadedEncoder,
    level: Level,
    ratio: MaskRatio,
    common: &Common,
    console: &Console,
) -> anyhow::Result<Extraction> {
    let settings = ExtractSettings {
        level,
        ratio,
        seed: common.seed(),
        channel: common.channel(),
        ..ExtractSettings::default()
    };
    let cache = user_cache();
    let watch = console.watch();
    let made = embedding::extract_cached(collection, encoder, &settings, cache.as_ref(), &watch)?;
    console.caveats(made.caveats.iter().cloned());
    Ok(made)
}

pub fn run(verb: &Embed, common: &Common, console: &Console) -> anyhow::Result<Outcome> {
    embedding::check_table_path(&verb.out).map_err(|error| WrongUsage(error.to_string()))?;
    let collection = console.open(&verb.paths)?;
    let encoder = open_encoder(&verb.encoder, common, console)?;
    let extraction = extract(
        &collection,
        &encoder,
        verb.level,
        verb.mask_ratio,
        common,
        console,
    )?;
    embedding::save_table(&extraction.table, &verb.out)?;
    let table = &extraction.table;
    Ok(Outcome {
        json: json!({
            "windows": extraction.windows,
            "rows": table.rows(),
            "tracks": table.tracks.len(),
            "dim": table.dim,
            "windows_per_second": extraction.windows_per_second,
            "seconds": extraction.seconds,
            "from_cache": extraction.from_cache,
            "encoder": table.encoder,
            "family": encoder.info().family,
            "reading": encoder.reading_in_use(),
            "left_out": encoder.left_out(),
            "device": encoder.device(),
            "out": path_to_text(&verb.out),
        }),
        text: format!(
            "{} of {}, {} each, {}: {}",
            counted(extraction.windows, "window"),
            counted(table.tracks.len(), "track"),
            counted(table.dim, "value"),
            match extraction.from_cache {
                true => "from the cache".to_owned(),
                false => format!("{:.1} windows/s", extraction.windows_per_second),
            },
            verb.out.display()
        ),
        skipped: extraction.skipped,
        incomplete: Vec::new(),
    })
}
