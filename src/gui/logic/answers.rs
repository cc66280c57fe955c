//! What is done with the answers of the active probe: heard, corrected, taken over as labels, and learned from.

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

use crate::gui::{
    command::AnswersCommand,
    model::{AnsweredForm, AppState, Colouring, HeardFile, Labels},
    work::Workers,
};
use mynascope_probe::Task;

use super::{labels, map, map_colours, probe};

pub(super) fn apply(model: &mut AppState, workers: &mut Workers, command: AnswersCommand) {
    match command {
        AnswersCommand::Edit(form) => edit(model, form),
        AnswersCommand::Colour(on) => {
            model.mapping.colouring = match on {
                true => Colouring::Answers,
                false => Colouring::Label,
            };
            model.mapping.hidden.clear();
            map_colours::paint(model);
        }
        AnswersCommand::Hear(path) => hear(model, workers, path),
        AnswersCommand::Correct(path, label) => correct(model, workers, &path, label),
        AnswersCommand::TakeOver => take_over(model, workers),
        AnswersCommand::TrainAgain => {
            model.probing.form.task = Task::Genre;
            probe::run(model, workers);
        }
    }
}

/// Takes in new answers, or a collection in which their tracks may be.
pub(super) fn place(model: &mut AppState) {
    let (probing, library) = (&mut model.probing, &model.library);
    let said = probing.predictions.as_deref();
    probing.answered.find_tracks(said, library);
    probing.answered.list(said, probing.view.answered, library);
}

fn edit(model: &mut AppState, form: AnsweredForm) {
    let probing = &mut model.probing;
    probing.view.answered = form;
    let said = probing.predictions.as_deref();
    probing.answered.list(said, form, &model.library);
    if model.mapping.colouring == Colouring::Answers {
        map_colours::paint(model);
    }
}

/// Plays the file of an answer, whatever is open; again ends it.
fn hear(model: &mut AppState, workers: &mut Workers, path: PathBuf) {
    workers.audition.stop();
    let before = model.probing.heard.take();
    if before.is_some_and(|it| it.path == path && it.since.elapsed() < map::HEARD) {
        return;
    }
    let mut tracks = model.library.collection.iter().flat_map(|all| &all.tracks);
    let is_open = tracks.any(|track| track.path == path);
    model.probing.heard = (!is_open).then(|| HeardFile {
        path: path.clone(),
        since: Instant::now(),
    });
    map::play_from(model, workers, path, 0.0);
}

/// Gives the track of an answer another label, which stays when others are taken over.
fn correct(model: &mut AppState, workers: &Workers, path: &Path, label: String) {
    let mut tracks = model.library.collection.iter().flat_map(|all| &all.tracks);
    let Some(index) = tracks.position(|track| track.path == path) else {
        let first = "Open the folder first: labels are given to tracks that are open";
        return model.notices.note(first);
    };
    model.probing.answered.corrected.insert(path.to_path_buf());
    give(model, workers, vec![(index, label)]);
}

/// Makes the listed answers the labels of their tracks.
fn take_over(model: &mut AppState, workers: &Workers) {
    let new = model.answers_as_labels().into_iter();
    let new = new
        .map(|(track, label)| (track, label.to_owned()))
        .collect();
    give(model, workers, new);
}

fn give(model: &mut AppState, workers: &Workers, new: Vec<(usize, String)>) {
    let new = new.into_iter().filter_map(|(index, label)| {
        let labels = model.library.labels_of(index)?;
        Some(Labels {
            label: Some(label),
            ..labels
        })
    });
    let new = new.collect();
    labels::give(model, workers, new);
}
