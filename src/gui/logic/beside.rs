//! Two encoders' maps of the same tracks, side by side.

use std::{path::PathBuf, sync::Arc};

use crate::gui::{
    model::{Beside, Chart, EncoderSource, ListTab, MapMessage, Model, Running},
    work::{
        Workers,
        embed::EmbedRequest,
        map::{MapJob, Rows},
    },
};
use mynascope_encoder::{CheckpointRef, WeightsChoice};

use super::{map_colours, no_thread};

/// Tracks that are listed as having moved most.
const MOST_MOVED: usize = 20;

/// Shows a second map, or only the first.
pub(super) fn compare(model: &mut Model, workers: &mut Workers, on: bool) {
    if !on {
        workers.map_beside.stop();
        model.mapping.beside = None;
        model.lists.moved.clear();
        if model.lists.tab == ListTab::Moved {
            model.lists.tab = ListTab::Near;
        }
        return;
    }
    let shown = &model.embeddings.source;
    let checkpoint = match (&shown.checkpoint, model.training.checkpoint()) {
        (CheckpointRef::Shipped, Some(path)) => CheckpointRef::File(path.to_path_buf()),
        (CheckpointRef::Shipped, None) => CheckpointRef::Untrained,
        _ => CheckpointRef::Shipped,
    };
    let source = EncoderSource {
        checkpoint,
        patch: None,
        weights: WeightsChoice::Auto,
        device: shown.device,
        channel: shown.channel,
    };
    set_source(model, workers, source);
}

/// Compares with another encoder.
pub(super) fn set_source(model: &mut Model, workers: &mut Workers, source: EncoderSource) {
    model.mapping.beside = Some(Beside::new(source));
    model.lists.moved.clear();
    compute(model, workers);
}

/// Makes the second map of what the first shows.
pub(super) fn compute(model: &mut Model, workers: &mut Workers) {
    let mapping = &mut model.mapping;
    let Some(beside) = &mut mapping.beside else {
        return;
    };
    let (Some(collection), Some(chart)) = (&model.library.collection, &mapping.chart) else {
        beside.error = Some("Compute the first map; the second follows it".to_owned());
        return;
    };
    beside.error = None;
    let job = MapJob {
        rows: Rows::Embed(EmbedRequest {
            collection: Arc::clone(collection),
            source: beside.source.clone(),
            cached: beside.chart.as_ref().map(|chart| Arc::clone(&chart.source)),
            mels: workers.cache.clone(),
        }),
        level: chart.level,
        settings: mapping.form.settings(),
        against: Some(Arc::clone(&chart.source)),
    };
    let wrap = |message| MapMessage::Beside(Box::new(message));
    match workers.map_beside.start(job, wrap, &workers.outbox) {
        Ok(id) => beside.running = Some(Running::new(id, "starting")),
        Err(error) => beside.error = Some(no_thread(&error)),
    }
}

/// Takes in what the work for the second map sends.
pub(super) fn receive(model: &mut Model, workers: &mut Workers, message: MapMessage) {
    if let MapMessage::Checkpoint(chosen) = message {
        return use_file(model, workers, chosen.path);
    }
    let Some(beside) = &mut model.mapping.beside else {
        return;
    };
    let current = beside.running.as_ref().map(|running| running.id);
    let is_current = |job| current == Some(job);
    match message {
        MapMessage::Progress(job, progress) => {
            if let Some(running) = beside.running.as_mut().filter(|running| running.id == job) {
                running.report(progress);
            }
        }
        MapMessage::LaidOut {
            job,
            table,
            level,
            layout,
        } if is_current(job) => {
            let mut chart = Chart::new(table, level, layout);
            if let Some(main) = &model.mapping.chart {
                chart.turn_towards(main);
            }
            beside.hovered = None;
            beside.chart = Some(chart);
            map_colours::paint(model);
        }
        MapMessage::Moved { job, xy } if is_current(job) => {
            let main = model.mapping.chart.as_ref();
            if let Some(chart) = &mut beside.chart
                && chart.move_to(&xy)
            {
                if let Some(main) = main {
                    chart.turn_towards(main);
                }
                model.mapping.colour();
            }
        }
        MapMessage::Changes(changes) => {
            model.lists.moved = changes;
            model.lists.moved.truncate(MOST_MOVED);
        }
        MapMessage::Finished(job) if is_current(job) => end(model, workers, None),
        MapMessage::Failed(job, why) if is_current(job) => end(model, workers, Some(why)),
        MapMessage::NeedsPatch(job) if is_current(job) => {
            let why = "This checkpoint doesn't say how its patches are cut; choose it for the first map, say so there, \
                       and compare the other way round";
            end(model, workers, Some(why.to_owned()));
        }
        _ => {}
    }
}

fn end(model: &mut Model, workers: &mut Workers, error: Option<String>) {
    workers.map_beside.stop();
    if let Some(beside) = &mut model.mapping.beside {
        beside.running = None;
        beside.error = error;
    }
}

fn use_file(model: &mut Model, workers: &mut Workers, path: PathBuf) {
    let source = EncoderSource {
        checkpoint: CheckpointRef::File(path),
        patch: None,
        weights: WeightsChoice::Auto,
        device: model.embeddings.source.device,
        channel: model.embeddings.source.channel,
    };
    set_source(model, workers, source);
}
