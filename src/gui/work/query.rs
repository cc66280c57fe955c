//! Jobs about a map's embeddings: what is like a file or a stretch, and which tracks are near-duplicates.

use std::{path::PathBuf, sync::Arc};

use crate::gui::{
    jobs::{JobSlot, NoThread},
    message::{MapMessage, Message, Outbox},
    model::{Duplicates, KeyedTable, Landed, QueryAnswer, Spot},
    work::neighbours,
};
use mynascope_base::jobs::Watch;
use mynascope_embedding::{ExtractSettings, Level, extract_stretch, near_duplicates};
use mynascope_encoder::LoadedEncoder;
use mynascope_map::land_windows;

/// A file, or a stretch of one, to be embedded and compared.
pub struct QueryRequest {
    /// The file.
    pub path: PathBuf,
    /// In seconds; the whole file without it.
    pub stretch: Option<[f64; 2]>,
    /// The encoder that made it is used.
    pub table: Arc<KeyedTable>,
    /// The places of the map's points, and what they stand for, where the file shall land on it.
    pub map: Option<(Level, Vec<[f32; 2]>)>,
}

fn broke_off(fault: String) -> String {
    format!("The search broke off ({fault}); try again")
}

/// Embeds a file or a stretch and looks for what is near.
///
/// # Errors
/// [`NoThread`] if the system gives no thread.
pub fn start_query(
    slot: &mut JobSlot<QueryAnswer>,
    request: QueryRequest,
    outbox: &Outbox,
) -> Result<(), NoThread> {
    let wrap = |update| Message::Map(MapMessage::Query(update));
    slot.start("query", outbox, wrap, broke_off, move |job| {
        job.found(query(&request, &job.watch)?);
        Ok(())
    })
}

/// Looks for near-duplicates.
///
/// # Errors
/// [`NoThread`] if the system gives no thread.
pub fn start_duplicates(
    slot: &mut JobSlot<Duplicates>,
    table: Arc<KeyedTable>,
    threshold: f32,
    outbox: &Outbox,
) -> Result<(), NoThread> {
    let wrap = |update| Message::Map(MapMessage::Duplicates(update));
    slot.start("near-duplicates", outbox, wrap, broke_off, move |job| {
        let found = near_duplicates(&table.table, threshold, &job.watch)
            .map_err(|error| error.to_string())?;
        job.found(Duplicates {
            table,
            threshold,
            at_least: found.at_least,
            pairs: found.pairs,
        });
        Ok(())
    })
}

fn query(request: &QueryRequest, watch: &Watch<'_>) -> Result<QueryAnswer, String> {
    watch.progress("loading the encoder", 0, None);
    let (table, source) = (&request.table.table, &request.table.key.source);
    let encoder = LoadedEncoder::open(&source.checkpoint, source.load_options(), &source.device)
        .map_err(|error| error.to_string())?;
    if table.check_encoder(&encoder).is_err() {
        return Err(format!(
            "The embeddings of the map were made by {}, and {} is chosen; choose the encoder that made them, read as it was",
            table.encoder,
            encoder.description()
        ));
    }
    let settings = ExtractSettings {
        channel: source.channel,
        ..ExtractSettings::default()
    };
    let extraction = extract_stretch(&request.path, request.stretch, &encoder, &settings, watch)
        .map_err(|error| error.to_string())?;
    let windows = &extraction.table;
    let means = windows.track_means();
    let own = table.tracks.iter().position(|row| row.path == request.path);
    let found = neighbours::nearest(table, means.row(0), own.map(|track| track as u32));
    let landed = match &request.map {
        None => Vec::new(),
        Some((level, xy)) => land_windows(table, *level, xy, windows)
            .into_iter()
            .map(|landed| Landed {
                spot: Spot {
                    path: request.path.clone(),
                    start_secs: f64::from(landed.start_secs),
                },
                at: landed.at,
                nearest: landed.nearest,
            })
            .collect(),
    };
    Ok(QueryAnswer { found, landed })
}
