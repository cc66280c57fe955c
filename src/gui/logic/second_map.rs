//! Two encoders' maps of the same tracks, side by side.

use std::{path::PathBuf, sync::Arc};

use crate::gui::{
    model::{AppState, EncoderSource, ListTab, MapSide, SecondMap},
    work::{
        Workers,
        embed::EmbedRequest,
        map::{self, MapJob, Rows},
    },
};
use mynascope_embedding::EmbeddingTable;
use mynascope_encoder::CheckpointRef;

use super::tables;

/// Shows a second map, or only the first.
pub(super) fn compare(model: &mut AppState, workers: &Workers, on: bool) {
    if !on {
        model.mapping.second = None;
        model.lists.moved.clear();
        if model.lists.form.tab == ListTab::Moved {
            model.lists.form.tab = ListTab::Neighbours;
        }
        return;
    }
    let shown = &model.embeddings.source;
    let checkpoint = match (&shown.checkpoint, model.training.checkpoint()) {
        (CheckpointRef::Shipped, Some(path)) => CheckpointRef::File(path.to_path_buf()),
        (CheckpointRef::Shipped, None) => CheckpointRef::Untrained,
        _ => CheckpointRef::Shipped,
    };
    let source = shown.with_checkpoint(checkpoint);
    set_source(model, workers, source);
}

/// Compares with another encoder.
pub(super) fn set_source(model: &mut AppState, workers: &Workers, source: EncoderSource) {
    model.mapping.second = Some(SecondMap::new(source));
    model.lists.moved.clear();
    compute(model, workers);
}

/// Makes the second map of what the first shows.
pub(super) fn compute(model: &mut AppState, workers: &Workers) {
    let mapping = &mut model.mapping;
    let Some(second) = &mut mapping.second else {
        return;
    };
    let collection = model.library.collection.as_ref();
    let rows = match (&second.table, collection) {
        (Some((_, table)), _) => Some(Rows::Given(Arc::clone(table))),
        (None, Some(collection)) => Some(Rows::Embed(EmbedRequest {
            collection: Arc::clone(collection),
            source: second.source.clone(),
            cached: second.chart.as_ref().map(|chart| Arc::clone(&chart.source)),
            mels: workers.cache.clone(),
        })),
        (None, None) => None,
    };
    let (Some(rows), Some(chart)) = (rows, &mapping.chart) else {
        second.error = Some("Compute the first map; the second follows it".to_owned());
        return;
    };
    second.error = None;
    let job = MapJob {
        rows,
        level: chart.level,
        settings: mapping.form.settings(),
        against: Some(Arc::clone(&chart.source)),
    };
    let started = map::start(
        &mut second.job,
        MapSide::Second,
        job,
        &Arc::default(),
        &workers.outbox,
    );
    if let Err(error) = started {
        second.error = Some(error.to_string());
    }
}

/// Compares with a table from a file.
pub(super) fn use_table(
    model: &mut AppState,
    workers: &Workers,
    path: PathBuf,
    table: EmbeddingTable,
) {
    let source = match model.mapping.second.take() {
        Some(second) => second.source,
        None => model.embeddings.source.clone(),
    };
    let table = tables::keyed(model, table);
    model.mapping.second = Some(SecondMap {
        table: Some((path, Arc::new(table))),
        ..SecondMap::new(source)
    });
    model.lists.moved.clear();
    compute(model, workers);
}

/// Compares with the encoder in a file.
pub(super) fn use_file(model: &mut AppState, workers: &Workers, path: PathBuf) {
    let shown = &model.embeddings.source;
    let source = shown.with_checkpoint(CheckpointRef::File(path));
    set_source(model, workers, source);
}
