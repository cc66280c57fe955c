//! The session: what is left at the end is there again at the next start.

use std::path::PathBuf;

use crate::gui::{
    command::{Command, ProbeCommand},
    model::{AppState, Restoring},
    work::Workers,
};
use mynascope_base::storage::WindowPlace;

use super::{library, map, settings};

/// Shows what was left, as far as it needs no collection; the rest follows when that is open.
pub fn begin(model: &mut AppState, reopens: bool) {
    if !model.settings.restore {
        return;
    }
    let session = model.settings.session.clone();
    model.restore(&session);
    if reopens {
        model.library.removed.clone_from(&session.removed);
        model.restoring = Some(Restoring::of(&model.settings));
    }
}

/// The collection that was open last is open again: its track, its map and its probe follow.
pub(super) fn opened(model: &mut AppState, workers: &mut Workers, sources: &[PathBuf]) {
    let Some(restoring) = model.restoring.take() else {
        return;
    };
    if sources != model.settings.last {
        return;
    }
    let session = restoring.session();
    if let Some(track) = &session.track
        && let Some(index) = model.library.index_of(track)
    {
        library::choose_track(model, workers, index);
    }
    if session.map {
        map::restore(model, workers);
    }
    if let Some(probe) = session.probe.as_ref().filter(|path| path.exists()) {
        let load = ProbeCommand::LoadProbe(probe.clone());
        super::apply(model, workers, Command::Probe(load));
    }
}

/// Keeps how the window is now, if that is news. Returns whether it was.
pub fn follow(model: &mut AppState, workers: &Workers, place: Option<WindowPlace>) -> bool {
    // What a lesson shows is gone at its end.
    if model.lesson.is_some() {
        return false;
    }
    let mut session = model.session();
    if place.is_some() {
        session.window = place;
    }
    if model.settings.session == session {
        return false;
    }
    model.settings.session = session;
    settings::save(model, workers);
    true
}
