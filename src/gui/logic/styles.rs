//! Styles by the encoder's classifier: asks for those of the shown track, and of all tracks when the user does.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

use crate::gui::{
    command::StylesCommand,
    jobs::JobEvent,
    message::StylesMessage,
    model::{AppState, AskedTrack, EncoderSource, Styles, StylesForm, StylesFound, styles_source},
    work::{
        Workers,
        styles::{self, StylesJob, StylesRequest},
    },
};

use mynascope_base::jobs::Cancel;

use super::{copy_text, map::marks_changed};

pub(super) fn apply(model: &mut AppState, workers: &Workers, command: StylesCommand) {
    match command {
        StylesCommand::Edit(form) => edit(model, form),
        StylesCommand::Compute => compute(model, workers),
        StylesCommand::Cancel => model.styles.job.stop(),
        StylesCommand::Copy => {
            let line = Styles::command(&model.library.sources, &model.embeddings.source);
            copy_text(model, workers, line, "The command");
        }
    }
}

pub(super) fn receive(model: &mut AppState, message: StylesMessage) {
    let styles = &mut model.styles;
    match message {
        StylesMessage::Shown(path, source, known) => {
            if styles.source.as_ref() == Some(&source) {
                styles.show(path, known);
            }
        }
        StylesMessage::Job(update) => match styles.job.take(update) {
            Some(JobEvent::Found(StylesFound::Track(known))) => styles.take_in(&known),
            Some(JobEvent::Found(StylesFound::Skipped(path, why))) => {
                styles.skipped.push((path, why));
            }
            Some(JobEvent::Ended(end)) => {
                styles.problem = end.err();
                mark(model);
            }
            None => {}
        },
    }
}

/// Forgets what belongs to a collection that is not open any more.
pub(super) fn forget(model: &mut AppState) {
    let source = model.styles.source.take();
    model.styles.begin(source);
}

/// Asks for the styles of the shown track, and makes the view of all that is known. To be called once a frame.
pub(super) fn follow(model: &mut AppState, workers: &Workers) {
    let can = model.styles_info().is_some();
    let source = can.then(|| styles_source(&model.embeddings.source));
    // Before the checkpoint was looked into it is not known whether it has styles at all.
    if model.styles.source != source && !(source.is_none() && model.embeddings.is_looking()) {
        let marked = std::mem::take(&mut model.styles.marked);
        model.styles.begin(source.clone());
        // The tracks of a style that is listed no more are marked no more, unless the user marked others since.
        if !marked.is_empty() && model.library.marked == marked {
            model.library.marked.clear();
            marks_changed(model);
        }
    }
    if let Some(source) = source.filter(|_| model.styles.form.strip) {
        ask(model, workers, source);
    }
    let key = model.styles_key();
    if model.styles.view_of.as_ref() != Some(&key) {
        model.styles.view = model.styles_view();
        model.styles.view_of = Some(key);
    }
}

fn ask(model: &mut AppState, workers: &Workers, source: EncoderSource) {
    let path = model.spectrogram.picture().and(model.spectrogram.path());
    let Some(path) = path.map(Path::to_path_buf) else {
        return;
    };
    let asked = model.styles.asked.as_ref();
    if asked.is_some_and(|asked| asked.path == path) {
        return;
    }
    let cancel = Cancel::default();
    model.styles.asked = Some(AskedTrack {
        path: path.clone(),
        cancel: cancel.clone(),
    });
    workers.styles.ask(StylesRequest {
        path,
        source,
        cache: workers.cache.clone(),
        cancel,
    });
}

fn edit(model: &mut AppState, form: StylesForm) {
    let old = std::mem::replace(&mut model.styles.form, form);
    let other = form.style != old.style || form.threshold.to_bits() != old.threshold.to_bits();
    if other {
        mark(model);
    }
}

/// Marks the tracks with the chosen style in the library and on the map; none where no style is chosen any more.
fn mark(model: &mut AppState) {
    let Some(collection) = &model.library.collection else {
        return;
    };
    let view = model.styles_view();
    if model.styles.form.style.is_none() && model.styles.marked.is_empty() {
        return;
    }
    let paths: HashSet<&Path> = view.listed.iter().map(|it| it.path.as_path()).collect();
    let tracks = collection.tracks.iter().enumerate();
    let marked = tracks.filter(|(_, track)| paths.contains(track.path.as_path()));
    let marked: std::collections::BTreeSet<usize> = marked.map(|(index, _)| index).collect();
    model.styles.marked.clone_from(&marked);
    model.library.marked = marked;
    marks_changed(model);
}

fn compute(model: &mut AppState, workers: &Workers) {
    let (Some(collection), Some(source)) = (&model.library.collection, &model.styles.source) else {
        return;
    };
    let tracks = collection.tracks.iter().map(|track| &track.path);
    let paths: Vec<PathBuf> = tracks
        .filter(|path| !model.styles.is_computed(path))
        .cloned()
        .collect();
    let work = StylesJob {
        paths,
        source: source.clone(),
        cache: workers.cache.clone(),
    };
    model.styles.problem = None;
    let slot = &mut model.styles.job;
    if let Err(error) = styles::start_job(slot, work, &workers.outbox) {
        model.styles.problem = Some(error.to_string());
    }
}
