//! Carries out commands and takes in messages. Changes the model and starts work; never paints.

use std::{path::PathBuf, sync::Arc};

use crate::{
    spectrum::ColourMap,
    storage::{Folders, Theme},
    tokens::MaskKind,
};

use super::{
    command::Command,
    message::Message,
    model::{Model, PictureState, TimeView},
    work::{
        Workers,
        choose::{self, Wanted},
        map,
        masked::MaskedRequest,
        open::Source,
        probe, train,
    },
};

/// The dB controls stay within these.
pub const TOP_DB: std::ops::RangeInclusive<f32> = -40.0..=60.0;
/// The dB controls stay within these.
pub const RANGE_DB: std::ops::RangeInclusive<f32> = 20.0..=120.0;
/// Folders and files that are remembered.
const MOST_RECENT: usize = 10;

/// Carries out one command.
pub fn apply(model: &mut Model, workers: &mut Workers, command: Command) {
    match command {
        Command::ShowLayout(layout) => model.layout = layout,
        // The tiles belong to the app, which resets them.
        Command::ResetLayout => {}
        Command::SetTheme(theme) => {
            model.settings.theme = theme;
            remember(model, workers);
        }
        Command::ShowKeys(shown) => model.keys_shown = shown,
        Command::Dismiss(id) => model.notices.dismiss(id),
        Command::Tell(text) => model.notices.note(text),

        Command::Open(paths) => open(model, workers, paths),
        Command::OpenDemo => start_opening(model, workers, Source::Demo),
        Command::ChooseFiles => choose(model, workers, Wanted::Files),
        Command::ChooseFolder => choose(model, workers, Wanted::Folder),
        Command::StopOpening => {
            workers.open.stop();
            model.library.opening = None;
        }
        Command::Search(text) => model.library.search_for(text),
        Command::Select(index) => select(model, workers, index),
        Command::Play(index) => {
            select(model, workers, index);
            play(model, workers);
        }
        Command::SelectRelative(rows) => {
            if let Some(index) = model.library.neighbour(rows) {
                select(model, workers, index);
            }
        }

        Command::TogglePlay => {
            if model.transport.playing {
                pause(workers);
            } else {
                play(model, workers);
            }
        }
        Command::Pause => pause(workers),
        Command::Seek(secs) => seek(model, workers, secs),
        Command::SeekBy(secs) => {
            let to = model.transport.position_secs + secs;
            seek(model, workers, to);
        }
        Command::SetVolume(volume) => set_volume(model, workers, volume),
        Command::ToggleMute => {
            let volume = model.settings.volume;
            if volume > 0.0 {
                model.transport.volume_before_mute = volume;
                set_volume(model, workers, 0.0);
            } else {
                set_volume(model, workers, model.transport.volume_before_mute);
            }
        }
        Command::FindSoundDevice => {
            if let Some(player) = &workers.player {
                player.rescan();
            }
        }
        Command::HearLeft(on) => {
            model.transport.hear_left = on;
            if on {
                hear_left(model, workers);
            } else {
                hear_original(model, workers);
            }
        }

        Command::ZoomTime { at_secs, notches } => model.spectrogram.view.zoom(at_secs, notches),
        Command::ShowTime {
            start_secs,
            span_secs,
        } => model.spectrogram.view.show(start_secs, span_secs),
        Command::PanTime(secs) => model.spectrogram.view.pan(secs),
        Command::FitTrack => {
            model.spectrogram.view = TimeView::fit(model.spectrogram.view.duration_secs);
        }
        Command::SetColourMap(map) => model.spectrogram.colour_map = map,
        Command::NextColourMap { back } => {
            model.spectrogram.colour_map = next_map(model.spectrogram.colour_map, back);
        }
        Command::SetTopDb(db) => {
            model.spectrogram.top_db = db.clamp(*TOP_DB.start(), *TOP_DB.end());
        }
        Command::SetRangeDb(db) => {
            model.spectrogram.range_db = db.clamp(*RANGE_DB.start(), *RANGE_DB.end());
        }

        Command::ShowMask(shown) => model.mask.shown = shown,
        Command::SetRatio(ratio) => {
            model.mask.ratio = ratio;
            mask_changed(model, workers);
        }
        Command::ChangeRatio(points) => {
            let percent = model.mask.percent() + points;
            model.mask.set_percent(percent);
            mask_changed(model, workers);
        }
        Command::SetSeed(seed) => {
            model.mask.seed = seed;
            mask_changed(model, workers);
        }
        Command::Reroll => {
            model.mask.seed = model.mask.seed.wrapping_add(1);
            mask_changed(model, workers);
        }
        Command::SetMaskKind(kind) => {
            model.mask.kind = kind;
            mask_changed(model, workers);
        }
        Command::SetPatchShape(shape) => {
            model.mask.shape = shape;
            mask_changed(model, workers);
        }
        Command::SetOverlay(overlay) => model.mask.overlay = overlay.clamp(0.0, 1.0),

        Command::Train(command) => train::apply(model, workers, command),
        Command::Map(command) => map::apply(model, workers, command),
        Command::Probe(command) => probe::apply(model, workers, command),
    }
}

/// Takes in one message.
pub fn receive(model: &mut Model, workers: &mut Workers, message: Message) {
    match message {
        Message::Opening(progress) => {
            // A late report must not bring back an opening that was stopped.
            if workers.open.is_busy() {
                model.library.opening = Some(progress);
            }
        }
        Message::Opened(Ok(collection)) => {
            model.library.opening = None;
            for note in &collection.notes {
                model.notices.note(note.clone());
            }
            model.library.show(collection);
            map::forget(model, workers);
            probe::forget(model, workers);
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
        Message::Opened(Err(why)) => {
            model.library.opening = None;
            model.notices.error(why);
        }
        Message::Chosen(paths) => open(model, workers, paths),
        Message::Decoded { path, secs } => {
            if let PictureState::Computing(computed) = &model.spectrogram.state
                && *computed == path
            {
                model.spectrogram.decoded_secs = secs;
            }
        }
        Message::Picture { path, result } => {
            if model.spectrogram.path() != Some(path.as_path()) {
                return;
            }
            match result {
                Ok(picture) => {
                    model.spectrogram.view = TimeView::fit(picture.duration_secs());
                    model.mask.refresh(picture.windows());
                    model.library.learn_duration(&path, picture.duration_secs());
                    model.spectrogram.state = PictureState::Ready { path, picture };
                    if model.transport.hear_left {
                        hear_left(model, workers);
                    }
                }
                Err(why) => {
                    model.library.learn_problem(&path, &why);
                    model.spectrogram.state = PictureState::Failed(why);
                }
            }
        }
        Message::MaskedSound(Ok(sound)) => {
            if model.transport.hear_left && Some(&sound.request) == masked_request(model).as_ref() {
                model.transport.left_is_computed = false;
                model.transport.left_is_loaded = true;
                if let Some(player) = &workers.player {
                    player.switch_samples(Arc::clone(&sound.samples), crate::audio::SAMPLE_RATE);
                }
            }
        }
        Message::MaskedSound(Err(why)) => {
            model.transport.hear_left = false;
            model.transport.left_is_computed = false;
            model.notices.error(why);
        }
        Message::Fault(why) => model.notices.error(why),
        Message::Graphics(why) => model.notices.error(format!(
            "The graphics card refused to draw something ({why}); close other programs that use it, or start again"
        )),
        Message::Train(message) => train::receive(model, workers, message),
        Message::Map(message) => map::receive(model, workers, message),
        Message::Probe(message) => probe::receive(model, workers, message),
    }
}

/// Reads the player. To be called once a frame.
pub fn listen(model: &mut Model, workers: &Workers) {
    let Some(player) = &workers.player else {
        return;
    };
    let state = player.state();
    let transport = &mut model.transport;
    transport.playing = state.playing;
    transport.position_secs = state.position_secs;
    transport.duration_secs = state.duration_secs;
    transport.output = Some(state.output);
    // A file that cannot be decoded is told by its row and in the picture's place; this is for one that can be.
    if let Some(problem) = state.problem
        && transport.problem.as_ref() != Some(&problem)
        && model.spectrogram.picture().is_some()
    {
        model.notices.error(problem.clone());
        transport.problem = Some(problem);
    }
    if transport.playing {
        if let Some(notice) = transport.silence_notice.take() {
            model.notices.dismiss(notice);
        }
        model.spectrogram.view.follow(transport.position_secs);
    }
}

/// Opens files and folders, or says that there was nothing.
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
    remember(model, workers);
    start_opening(model, workers, Source::Paths(paths));
}

fn start_opening(model: &mut Model, workers: &mut Workers, source: Source) {
    let outbox = workers.outbox.clone();
    model.library.opening_sources = match &source {
        Source::Paths(paths) => paths.clone(),
        Source::Demo => vec![PathBuf::from(crate::collection::DEMO_WORD)],
    };
    match workers.open.start(source, &outbox) {
        Ok(()) => {
            model.library.opening = Some(crate::jobs::Progress {
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

/// The message for a system that gives no thread.
pub fn no_thread(error: &std::io::Error) -> String {
    format!("The system gave no thread for this work ({error}); close other programs and try again")
}

fn remember(model: &mut Model, workers: &Workers) {
    let Some(remember) = &workers.remember else {
        return;
    };
    match Folders::of_user() {
        Ok(folders) => remember.request(folders.config, model.settings.clone()),
        Err(error) => model.notices.error(error.to_string()),
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
        pause(workers);
        model.spectrogram.state = PictureState::Failed(problem);
        return;
    }
    if model.spectrogram.path() == Some(path.as_path()) {
        return;
    }
    model.transport.left_is_loaded = false;
    model.mask.table = None;
    model.spectrogram.state = PictureState::Computing(path.clone());
    model.spectrogram.decoded_secs = 0.0;
    workers.picture.request(path.clone());
    if let Some(player) = &workers.player {
        player.load(&path);
    }
}

fn play(model: &mut Model, workers: &Workers) {
    // The player looks for a device again; where there still is none, silence must not be all that answers.
    if let Some(why) = model.transport.silence() {
        let text = format!(
            "Nothing can be heard: {why}. Connect a sound device and play again; everything else works without one"
        );
        model.transport.silence_notice = Some(model.notices.passing(text));
    }
    if let Some(player) = &workers.player {
        player.play();
    }
}

fn set_volume(model: &mut Model, workers: &Workers, volume: f32) {
    let volume = if volume.is_finite() {
        volume.clamp(0.0, 1.0)
    } else {
        1.0
    };
    model.settings.volume = volume;
    if let Some(player) = &workers.player {
        player.set_volume(volume);
    }
    remember(model, workers);
}

fn pause(workers: &Workers) {
    if let Some(player) = &workers.player {
        player.pause();
    }
}

fn seek(model: &mut Model, workers: &Workers, secs: f64) {
    let end = match &model.spectrogram.state {
        PictureState::Ready { picture, .. } => picture.duration_secs(),
        _ => model.transport.duration_secs,
    };
    let secs = secs.clamp(0.0, end.max(0.0));
    model.transport.position_secs = secs;
    if let Some(player) = &workers.player {
        player.seek(secs);
    }
}

fn mask_changed(model: &mut Model, workers: &Workers) {
    if let Some(picture) = model.spectrogram.picture() {
        let windows = picture.windows();
        model.mask.refresh(windows);
    }
    if model.transport.hear_left {
        hear_left(model, workers);
    }
}

fn masked_request(model: &Model) -> Option<MaskedRequest> {
    let PictureState::Ready { path, .. } = &model.spectrogram.state else {
        return None;
    };
    Some(MaskedRequest {
        path: path.clone(),
        key: model.mask.table.as_ref()?.key,
        ratio: model.mask.ratio,
    })
}

fn hear_left(model: &mut Model, workers: &Workers) {
    if let Some(request) = masked_request(model) {
        model.transport.left_is_computed = true;
        workers.masked.request(request);
    }
}

fn hear_original(model: &mut Model, workers: &Workers) {
    model.transport.left_is_computed = false;
    if !std::mem::take(&mut model.transport.left_is_loaded) {
        return;
    }
    if let (Some(player), Some(path)) = (&workers.player, model.spectrogram.path()) {
        player.switch(path);
    }
}

fn next_map(map: ColourMap, back: bool) -> ColourMap {
    let count = ColourMap::ALL.len();
    let here = ColourMap::ALL
        .iter()
        .position(|other| *other == map)
        .unwrap_or(0);
    let step = if back { count - 1 } else { 1 };
    ColourMap::ALL
        .get((here + step) % count)
        .copied()
        .unwrap_or(map)
}

/// The other theme.
pub fn other_theme(theme: Theme) -> Theme {
    match theme {
        Theme::Dark => Theme::Light,
        Theme::Light => Theme::Dark,
    }
}

/// What a kind of mask does, in one sentence.
pub fn explain(kind: MaskKind) -> &'static str {
    match kind {
        MaskKind::Random => "Any patches, all equally likely: how Myna trains",
        MaskKind::Time => "Whole columns: stretches of time (patchout of MAEST)",
        MaskKind::Frequency => "Whole rows: bands of pitch (patchout of MAEST)",
        MaskKind::Block => "One connected block around a random place",
        MaskKind::Span => "Spans of neighbouring columns (Music2Vec)",
    }
}
