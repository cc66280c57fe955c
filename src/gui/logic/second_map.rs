//! Two encoders' maps of the same tracks, side by side.

use std::{path::PathBuf, sync::Arc};

use crate::gui::{
    jobs::{JobEvent, JobUpdate},
    model::{AppState, Chart, EmbedError, EncoderSource, ListTab, MapFound, MapSide, SecondMap},
    work::{
        Workers,
        embed::EmbedRequest,
        map::{self, MapJob, Rows},
    },
};
use mynascope_encoder::CheckpointRef;

use super::map_colours;

/// Tracks that are listed as having moved most.
const MOST_MOVED: usize = 20;

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
    let (Some(collection), Some(chart)) = (&model.library.collection, &mapping.chart) else {
        second.error = Some("Compute the first map; the second follows it".to_owned());
        return;
    };
    second.error = None;
    let job = MapJob {
        rows: Rows::Embed(EmbedRequest {
            collection: Arc::clone(collection),
            source: second.source.clone(),
            cached: second.chart.as_ref().map(|chart| Arc::clone(&chart.source)),
            mels: workers.cache.clone(),
        }),
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

/// Takes in what the job that makes the second map tells.
pub(super) fn receive(model: &mut AppState, update: JobUpdate<MapFound, EmbedError>) {
    let mapping = &mut model.mapping;
    let Some(second) = &mut mapping.second else {
        return;
    };
    let Some(event) = second.job.take(update) else {
        return;
    };
    match event {
        JobEvent::Found(MapFound::Layout {
            table,
            level,
            layout,
        }) => {
            let mut chart = Chart::new(table, level, layout);
            if let Some(main) = &mapping.chart {
                chart.turn_towards(main);
            }
            second.hovered = None;
            second.chart = Some(chart);
            map_colours::paint(model);
        }
        JobEvent::Found(MapFound::Moved(xy)) => {
            if let Some(chart) = &mut second.chart
                && chart.move_to(&xy)
            {
                if let Some(main) = &mapping.chart {
                    chart.turn_towards(main);
                }
                mapping.colour();
            }
        }
        JobEvent::Found(MapFound::Changes(changes)) => {
            model.lists.moved = changes;
            model.lists.moved.truncate(MOST_MOVED);
        }
        JobEvent::Ended(Ok(())) => second.error = None,
        JobEvent::Ended(Err(EmbedError::Failed(why))) => second.error = Some(why),
        JobEvent::Ended(Err(EmbedError::NeedsPatch)) => {
            let why = "This checkpoint doesn't say how its patches are cut; choose it for the first map, say so there, \
                       and compare the other way round";
            second.error = Some(why.to_owned());
        }
    }
}

/// Compares with the encoder in a file.
pub(super) fn use_file(model: &mut AppState, workers: &Workers, path: PathBuf) {
    let shown = &model.embeddings.source;
    let source = shown.with_checkpoint(CheckpointRef::File(path));
    set_source(model, workers, source);
}
