use std::sync::Arc;

use crate::{
    audio::SAMPLE_RATE,
    gui::{
        command::SoundCommand,
        model::{Model, PictureState, Selection},
        work::{
            Workers,
            masked::{MaskedRequest, MaskedSound},
        },
    },
};

use super::window;

pub(super) fn apply(model: &mut Model, workers: &Workers, command: SoundCommand) {
    match command {
        SoundCommand::TogglePlay => {
            if model.transport.playing {
                pause(workers);
            } else {
                play(model, workers);
            }
        }
        SoundCommand::Pause => pause(workers),
        SoundCommand::Seek(secs) => seek(model, workers, secs),
        SoundCommand::SeekBy(secs) => {
            let to = model.transport.position_secs + secs;
            seek(model, workers, to);
        }
        SoundCommand::Select(selection) => model.transport.selection = selection,
        SoundCommand::SelectUpTo(secs) => select_up_to(model, secs),
        SoundCommand::PlayOnce => play_once(model, workers),
        SoundCommand::SetLoop(looped) => set_loop(model, workers, looped),
        SoundCommand::ToggleLoop => {
            let looped = match model.transport.looped {
                Some(_) => None,
                None => model.transport.selection.or_else(|| whole(model)),
            };
            set_loop(model, workers, looped);
        }
        SoundCommand::LoopSelection => {
            let selection = model.transport.selection;
            set_loop(model, workers, selection);
        }
        SoundCommand::LoopFromHere => bound_loop(model, workers, true),
        SoundCommand::LoopToHere => bound_loop(model, workers, false),
        SoundCommand::Clear => {
            if model.transport.selection.take().is_none() {
                set_loop(model, workers, None);
            }
        }
        SoundCommand::SetVolume(volume) => set_volume(model, workers, volume),
        SoundCommand::ToggleMute => {
            let volume = model.settings.volume;
            if volume > 0.0 {
                model.transport.volume_before_mute = volume;
                set_volume(model, workers, 0.0);
            } else {
                set_volume(model, workers, model.transport.volume_before_mute);
            }
        }
        SoundCommand::FindSoundDevice => {
            if let Some(player) = &workers.player {
                player.rescan();
            }
        }
        SoundCommand::HearLeft(on) => {
            model.transport.hear_left = on;
            if on {
                hear_left(model, workers);
            } else {
                hear_original(model, workers);
            }
        }
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
        let follow = model.settings.follow;
        model
            .spectrogram
            .view
            .follow(transport.position_secs, follow);
    }
}

pub(super) fn masked(model: &mut Model, workers: &Workers, result: Result<MaskedSound, String>) {
    match result {
        Ok(sound) => {
            if model.transport.hear_left && Some(&sound.request) == masked_request(model).as_ref() {
                model.transport.left_is_computed = false;
                model.transport.left_is_loaded = true;
                if let Some(player) = &workers.player {
                    player.switch_samples(Arc::clone(&sound.samples), SAMPLE_RATE);
                }
            }
        }
        Err(why) => {
            model.transport.hear_left = false;
            model.transport.left_is_computed = false;
            model.notices.error(why);
        }
    }
}

pub(super) fn play(model: &mut Model, workers: &Workers) {
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

pub(super) fn pause(workers: &Workers) {
    if let Some(player) = &workers.player {
        player.pause();
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
    window::remember(model, workers);
}

/// Length of the shown track, as far as it is known.
fn track_secs(model: &Model) -> f64 {
    match model.spectrogram.picture() {
        Some(picture) => picture.duration_secs(),
        None => model.transport.duration_secs.max(0.0),
    }
}

/// The whole track.
fn whole(model: &Model) -> Option<Selection> {
    let end = track_secs(model);
    Selection::between(0.0, end, end)
}

fn select_up_to(model: &mut Model, secs: f64) {
    let (here, end) = (model.transport.position_secs, track_secs(model));
    let selection = match &model.transport.selection {
        Some(selection) => selection.reaching(secs, end),
        None => Selection::between(here, secs, end),
    };
    if selection.is_some() {
        model.transport.selection = selection;
    }
}

/// One end of the loop to the playhead; the other stays, or is the track's.
fn bound_loop(model: &mut Model, workers: &Workers, start: bool) {
    let Some(old) = model.transport.looped.or_else(|| whole(model)) else {
        return;
    };
    let (here, end) = (model.transport.position_secs, track_secs(model));
    let bounded = if start && here < old.end_secs {
        Selection::between(here, old.end_secs, end)
    } else if start {
        Selection::between(here, end, end)
    } else if here > old.start_secs {
        Selection::between(old.start_secs, here, end)
    } else {
        Selection::between(0.0, here, end)
    };
    if bounded.is_some() {
        set_loop(model, workers, bounded);
    }
}

fn set_loop(model: &mut Model, _workers: &Workers, looped: Option<Selection>) {
    model.transport.looped = looped;
}

fn play_once(model: &mut Model, workers: &Workers) {
    let view = &model.spectrogram.view;
    let visible = Selection::between(
        view.start_secs,
        view.start_secs + view.span_secs,
        track_secs(model),
    );
    if let Some(stretch) = model.transport.selection.or(visible) {
        seek(model, workers, stretch.start_secs);
        play(model, workers);
    }
}

fn seek(model: &mut Model, workers: &Workers, secs: f64) {
    let secs = secs.clamp(0.0, track_secs(model));
    model.transport.position_secs = secs;
    if let Some(player) = &workers.player {
        player.seek(secs);
    }
}

fn masked_request(model: &Model) -> Option<MaskedRequest> {
    let PictureState::Ready { path, .. } = &model.spectrogram.state else {
        return None;
    };
    Some(MaskedRequest {
        path: path.clone(),
        key: model.mask.active_table()?.key.clone(),
        ratio: model.mask.ratio,
    })
}

pub(super) fn hear_left(model: &mut Model, workers: &Workers) {
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
