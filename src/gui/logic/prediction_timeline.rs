//! What the active probe says of the shown track over time: asked for, shown and put away.

use std::sync::Arc;

use crate::gui::{
    model::AppState,
    work::{Workers, prediction_timeline::TimelineRequest},
};

/// Shows what the active probe says of the shown track, or puts it away.
pub(super) fn show(model: &mut AppState, on: bool) {
    let probing = &mut model.probing;
    if let Some(active) = &mut probing.active {
        active.shown = on;
    }
    if !on && probing.timeline.take().is_some() {
        let back =
            "The probe's answers over time are put away; the eye in Probe > Use brings them back";
        model.notices.note(back);
    }
}

/// Lets the active probe answer for the track that is shown. To be called once a frame.
pub fn follow(model: &mut AppState, workers: &mut Workers) {
    let shown = model.probing.active.as_ref();
    let Some(active) = shown.filter(|active| active.shown) else {
        return;
    };
    let Some(picture) = model.spectrogram.picture().and(model.spectrogram.path()) else {
        return;
    };
    let known = model
        .probing
        .timeline
        .as_ref()
        .map(|timeline| timeline.path.as_path());
    if known == Some(picture) || workers.prediction_timeline.is_busy() {
        return;
    }
    workers.prediction_timeline.ask(TimelineRequest {
        probe: Arc::clone(&active.probe),
        path: picture.to_path_buf(),
        table: model.embeddings.table.clone(),
        source: model.embeddings.source.clone(),
        mels: workers.cache.clone(),
    });
}
