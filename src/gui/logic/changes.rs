//! What changes which tracks are open. Nothing is thrown away: the collection before comes back with its map and scores.

use std::{collections::BTreeSet, path::PathBuf};

use crate::gui::{
    model::{AppState, LeftCollection, MadeOfCollection},
    work::{Workers, open::Source},
};
use mynascope_base::counted;
use mynascope_collection::Collection;

use super::{
    answers,
    library::{self, choose_track, forget, open, pass_over_bad, refresh, remember, start_opening},
    map, map_colours, settings, teach,
};

/// Keeps what is open with what was made of it, before something else takes its place.
pub(super) fn leave(model: &mut AppState) {
    let Some(mut left) = model.library.to_leave() else {
        return;
    };
    left.made = Some(take_made(model));
    model.notices.act(
        format!("“{}” is still there, with its map and scores", left.name()),
        "back-to-collection",
    );
    model.library.left = Some(Box::new(left));
    model.history.push_collection();
}

/// Map and scores, taken out of the model.
fn take_made(model: &mut AppState) -> MadeOfCollection {
    let mapping = &mut model.mapping;
    let own = mapping.imported.is_none();
    MadeOfCollection {
        chart: mapping.chart.take().filter(|_| own),
        camera: mapping.camera,
        table: model.embeddings.table.clone(),
        probing: model.probing.leave(),
    }
}

/// Shows the collection before instead of the one that is open, which waits in its place.
pub(super) fn swap(model: &mut AppState, workers: &mut Workers) {
    let Some(mut left) = model.library.left.take() else {
        return;
    };
    model.library.job.stop();
    let mut now = model.library.to_leave();
    let selected = model.library.come_back(&left);
    match left.made.take() {
        Some(made) => {
            if let Some(now) = &mut now {
                now.made = Some(take_made(model));
            }
            forget(model, workers);
            model.mapping.chart = made.chart;
            model.mapping.camera = made.camera;
            model.embeddings.table = made.table.or(model.embeddings.table.take());
            model.probing.come_back(made.probing);
        }
        None => teach::forget(model),
    }
    answers::place(model);
    model.history.forget_labels();
    model.library.left = now.map(Box::new);
    refresh(model, workers);
    match selected {
        Some(index) => choose_track(model, workers, index),
        None => pass_over_bad(model, workers),
    }
    map::marks_changed(model);
    map_colours::paint(model);
    remember_open(model, workers, left.sources().to_vec());
}

/// The collection before, by a button.
pub(super) fn back(model: &mut AppState, workers: &mut Workers) {
    if model.library.left.is_some() {
        swap(model, workers);
        model.history.push_collection();
    }
}

/// Opens files and folders besides what is open.
pub(super) fn add(model: &mut AppState, workers: &mut Workers, paths: Vec<PathBuf>) {
    if paths.is_empty() {
        return;
    }
    let library = &model.library;
    let there = library
        .collection
        .clone()
        .filter(|_| !library.is_provisional());
    let Some(there) = there.filter(|_| library.opening().is_none()) else {
        return open(model, workers, paths);
    };
    let sources = library.sources.clone();
    start_opening(model, workers, Source::Add(paths, there, sources));
}

/// What was added is there.
pub(super) fn added(
    model: &mut AppState,
    workers: &mut Workers,
    sources: Vec<PathBuf>,
    collection: Collection,
) {
    let before = model.library.to_leave();
    let was_open = &model.library.sources;
    let new: Vec<PathBuf> = (sources.iter())
        .filter(|path| !was_open.contains(path))
        .cloned()
        .collect();
    let came = model.library.add(collection, sources.clone());
    if came == 0 {
        return model
            .notices
            .note("Nothing was added: all of it is open already");
    }
    keep_before(model, before);
    remember(model, workers, &new);
    let text = format!("{} added", counted(came, "track"));
    model.notices.act(text, "undo");
    refresh(model, workers);
    map_colours::paint(model);
    remember_open(model, workers, sources);
}

/// Takes the chosen tracks off the list.
pub(super) fn remove(model: &mut AppState, workers: &mut Workers) {
    let places: BTreeSet<usize> = model.library.targets().into_iter().collect();
    let left = model.library.track_count() - places.len();
    if left == 0 || places.is_empty() {
        return model.notices.note(match places.is_empty() {
            true => "Nothing is selected that could be taken off the list",
            false => "The last tracks stay on the list; open something else instead of them",
        });
    }
    let before = model.library.to_leave();
    let gone = model.library.remove(&places);
    if gone == 0 {
        return;
    }
    keep_before(model, before);
    teach::forget(model);
    model.notices.act(
        format!(
            "{} taken off the list; the files stay",
            counted(gone, "track")
        ),
        "undo",
    );
    refresh(model, workers);
    map::marks_changed(model);
    map_colours::paint(model);
    if model.library.selected.is_none()
        && let Some(index) = places.first().and_then(|&place| {
            let last = model.library.track_count().checked_sub(1)?;
            Some(place.min(last))
        })
    {
        choose_track(model, workers, index);
    }
}

/// Some tracks came or went: what was there before can be shown again. Map and scores stay.
fn keep_before(model: &mut AppState, before: Option<LeftCollection>) {
    if let Some(before) = before {
        model.library.left = Some(Box::new(before));
        model.history.push_collection();
    }
    answers::place(model);
}

/// What becomes of the sound files that were dropped.
pub(super) fn drop_answer(model: &mut AppState, workers: &mut Workers, adds: Option<bool>) {
    let Some(paths) = model.dropped.take() else {
        return;
    };
    match adds {
        Some(true) => add(model, workers, paths),
        Some(false) => library::open(model, workers, paths),
        None => {}
    }
}

/// The next start opens these.
fn remember_open(model: &mut AppState, workers: &Workers, sources: Vec<PathBuf>) {
    if model.settings.last != sources {
        model.settings.last = sources;
        settings::save(model, workers);
    }
}
