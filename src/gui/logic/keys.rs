//! Keys on the circle of fifths: asks for those of the shown track, and for the transpositions of the window that sounds.

use std::path::Path;

use crate::gui::{
    command::KeysCommand,
    message::KeysMessage,
    model::{AppState, AskedTrack, EncoderSource, Spot, keys_source},
    work::{
        Workers,
        audition::AuditionRequest,
        keys::{KeysRequest, KeysWanted},
    },
};

use mynascope_base::jobs::Cancel;

use super::{copy_text, settings};

pub(super) fn apply(model: &mut AppState, workers: &Workers, command: KeysCommand) {
    match command {
        KeysCommand::Edit(form) => model.keys.form = form,
        KeysCommand::Hear => hear(model, workers),
        KeysCommand::Calibrate => {
            let named = model.keys.calibrate();
            model.notices.error_of(named);
        }
        KeysCommand::Forget => model.keys.forget_names(),
        KeysCommand::Copy => {
            let keys = &model.keys;
            let line = keys.command(&model.library.sources, &model.embeddings.source);
            copy_text(model, workers, line, "The command");
            return;
        }
    }
    if model.settings.key_names != model.keys.named {
        model.settings.key_names = model.keys.named.clone();
        settings::save(model, workers);
    }
    model.keys.timeline = model.key_timeline();
}

pub(super) fn receive(model: &mut AppState, message: KeysMessage) {
    let keys = &mut model.keys;
    match message {
        KeysMessage::Shown(path, source, known) => {
            if keys.source.as_ref() == Some(&source) {
                keys.show(path, known);
            }
        }
        KeysMessage::Turned {
            path,
            source,
            window,
            profiles,
        } => {
            if keys.source.as_ref() == Some(&source) {
                keys.take_in(&path, window, profiles);
            }
        }
    }
    model.keys.timeline = model.key_timeline();
}

/// Forgets what belongs to a collection that is not open any more.
pub(super) fn forget(model: &mut AppState) {
    let source = model.keys.source.take();
    model.keys.begin(source);
}

/// Asks for the keys of the shown track, and for the transpositions of the window at the playhead. To be called once a frame.
pub(super) fn follow(model: &mut AppState, workers: &Workers) {
    let can = model.keys_info().is_some();
    let source = can.then(|| keys_source(&model.embeddings.source));
    // Before the checkpoint was looked into it is not known whether it has keys at all.
    if model.keys.source != source && !(source.is_none() && model.embeddings.is_looking()) {
        model.keys.begin(source.clone());
        model.keys.timeline = model.key_timeline();
    }
    let Some(source) = source.filter(|_| model.keys.form.strip) else {
        return;
    };
    ask_track(model, workers, &source);
    ask_window(model, workers, source);
}

fn ask_track(model: &mut AppState, workers: &Workers, source: &EncoderSource) {
    let path = model.spectrogram.picture().and(model.spectrogram.path());
    let Some(path) = path.map(Path::to_path_buf) else {
        return;
    };
    let asked = model.keys.asked.as_ref();
    if asked.is_some_and(|asked| asked.path == path) {
        return;
    }
    let cancel = Cancel::default();
    workers.keys.ask(KeysRequest {
        path: path.clone(),
        source: source.clone(),
        wanted: KeysWanted::Track,
        cache: workers.cache.clone(),
        cancel: cancel.clone(),
    });
    model.keys.asked = Some(AskedTrack { path, cancel });
    model.keys.timeline = model.key_timeline();
}

fn ask_window(model: &mut AppState, workers: &Workers, source: EncoderSource) {
    let Some(window) = model.key_window() else {
        return;
    };
    let keys = &mut model.keys;
    if keys.asked_window == Some(window) || keys.turned.contains_key(&window) {
        return;
    }
    let Some((path, Ok(known))) = &keys.shown else {
        return;
    };
    let (Some(&start_secs), Some(asked)) = (known.starts.get(window), &keys.asked) else {
        return;
    };
    workers.keys.ask(KeysRequest {
        path: path.clone(),
        source,
        wanted: KeysWanted::Window { window, start_secs },
        cache: None,
        cancel: asked.cancel.clone(),
    });
    keys.asked_window = Some(window);
}

fn hear(model: &AppState, workers: &Workers) {
    let Some((path, Ok(known))) = &model.keys.shown else {
        return;
    };
    let start = model.key_window().and_then(|at| known.starts.get(at));
    let Some(&start_secs) = start else {
        return;
    };
    workers.audition.request(AuditionRequest {
        play: Some(Spot {
            path: path.clone(),
            start_secs: f64::from(start_secs),
        }),
        around: Vec::new(),
        window_secs: known.window_secs,
        lowered: model.keys.form.semitones,
    });
}
