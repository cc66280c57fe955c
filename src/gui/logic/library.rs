use std::path::PathBuf;

use crate::{
    collection::{Collection, DEMO_WORD},
    gui::{
        command::LibraryCommand,
        model::{Model, PictureState},
        work::{
            Workers,
            choose::{self, Wanted},
            map,
            open::Source,
            probe,
        },
    },
    jobs::Progress,
};

use super::{lab, no_thread, sound, window};

/// Folders and files that are remembered.
const MOST_RECENT: usize = 10;

pub(super) fn apply(model: &mut Model, workers: &mut Workers, command: LibraryCommand) {
    match command {
        LibraryCommand::Open(paths) => open(model, workers, paths),
        LibraryCommand::OpenDemo => start_opening(model, workers, Source::Demo),
        LibraryCommand::ChooseFiles => choose(model, workers, Wanted::Files),
        LibraryCommand::ChooseFolder => choose(model, workers, Wanted::Folder),
        LibraryCommand::StopOpening => {
            workers.open.stop();
            model.library.opening = None;
        }
        LibraryCommand::Search(text) => model.library.search_for(text),
        LibraryCommand::Select(index) => select(model, workers, index),
        LibraryCommand::Play(index) => {
            select(model, workers, index);
            sound::play(model, workers);
        }
        LibraryCommand::SelectRelative(rows) => {
            if let Some(index) = model.library.neighbour(rows) {
                select(model, workers, index);
            }
        }
    }
}

pub(super) fn opening(model: &mut Model, workers: &Workers, progress: Progress) {
    // A late report must not bring back an opening that was stopped.
    if workers.open.is_busy() {
        model.library.opening = Some(progress);
    }
}

pub(super) fn opened(model: &mut Model, workers: &mut Workers, result: Result<Collection, String>) {
    model.library.opening = None;
    let collection = match result {
        Ok(collection) => collection,
        Err(why) => return model.notices.error(why),
    };
    for note in &collection.notes {
        model.notices.note(note.clone());
    }
    model.library.show(collection);
    map::forget(model, workers);
    probe::forget(model, workers);
    lab::forget(model, workers);
    let first = model.library.collection.as_ref().and_then(|collection| {
        collection
            .tracks
            .iter()
            .position(|track| track.problem.is_none())
    });
    match first {
        Some(index) => select(model, workers, index),
        None => model.spectrogram.state = PictureState::Empty,
    }
}

/// Opens files and folders, or does nothing where there is nothing.
pub fn open(model: &mut Model, workers: &mut Workers, paths: Vec<PathBuf>) {
    if paths.is_empty() {
        return;
    }
    let recent = &mut model.settings.recent;
    for path in paths.iter().rev() {
        recent.retain(|other| other != path);
        recent.insert(0, path.clone());
    }
    recent.truncate(MOST_RECENT);
    window::remember(model, workers);
    start_opening(model, workers, Source::Paths(paths));
}

fn start_opening(model: &mut Model, workers: &mut Workers, source: Source) {
    let outbox = workers.outbox.clone();
    model.library.opening_sources = match &source {
        Source::Paths(paths) => paths.clone(),
        Source::Demo => vec![PathBuf::from(DEMO_WORD)],
    };
    match workers.open.start(source, &outbox) {
        Ok(()) => {
            model.library.opening = Some(Progress {
                what: "opening".to_owned(),
                done: 0,
                total: None,
            });
        }
        Err(error) => model.notices.error(no_thread(&error)),
    }
}

fn choose(model: &mut Model, workers: &Workers, wanted: Wanted) {
    if let Err(error) = choose::ask(wanted, &workers.outbox) {
        model.notices.error(no_thread(&error));
    }
}

fn select(model: &mut Model, workers: &mut Workers, index: usize) {
    let Some(track) = model.library.track(index) else {
        return;
    };
    let path = track.path.clone();
    let problem = track.problem.clone();
    model.library.selected = Some(index);
    model.mapping.select(Some(&path));
    model.transport.problem = None;
    if let Some(problem) = problem {
        workers.picture.stop();
        sound::pause(workers);
        model.spectrogram.state = PictureState::Failed(problem);
        return;
    }
    if model.spectrogram.path() == Some(path.as_path()) {
        return;
    }
    model.mask.new_track();
    sound::forget_track(model, workers);
    model.spectrogram.state = PictureState::Computing(path.clone());
    workers.picture.request(path.clone());
    if let Some(player) = &workers.player {
        player.load(&path);
    }
    sound::prepare_views(model, workers);
}
