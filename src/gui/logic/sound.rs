//! The sound: plays, seeks, loops, and follows the player.

use std::{path::Path, sync::Arc};

use crate::gui::{
    command::SoundCommand,
    model::{AppState, FRAME_SECS, Hearing, Selection, SoundForm, Views, clock},
    work::{Workers, masked::Masks},
};
use mynascope_audio::{Heard, Side};
use mynascope_base::storage::Settings;
use mynascope_spectrum::{LevelMatch, Part, tokens::ViewName};

use super::settings;

pub(super) fn apply(model: &mut AppState, workers: &mut Workers, command: SoundCommand) {
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
        SoundCommand::Edit(form) => edit(model, workers, form),
        SoundCommand::SelectUpTo(secs) => select_up_to(model, secs),
        SoundCommand::Nudge {
            start_frames,
            end_frames,
        } => nudge(model, workers, [start_frames, end_frames]),
        SoundCommand::SelectBeats => select_beats(model),
        SoundCommand::PlayOnce => play_once(model, workers),
        SoundCommand::ToggleLoop => {
            let looped = match model.transport.form.looped {
                Some(_) => None,
                None => model.transport.form.selection.or_else(|| whole(model)),
            };
            enter_loop(model, workers, looped);
        }
        SoundCommand::LoopSelection => {
            let selection = model.transport.form.selection;
            enter_loop(model, workers, selection);
        }
        SoundCommand::LoopFromHere => bound_loop(model, workers, true),
        SoundCommand::LoopToHere => bound_loop(model, workers, false),
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
    }
}

/// Sound that stops so near to the end of a track came to its end.
const END_SECS: f64 = 0.2;

/// Plays the next track where one came to its end: of the queue, or of the list if that is set. To be called once a frame.
pub fn play_on(model: &mut AppState, workers: &mut Workers) {
    let on = model.library.queue_on().is_some() || model.settings.play_on;
    if model.transport.ended && on && model.probing.radio.is_none() {
        super::library::play_relative(model, workers, 1);
        model.transport.ended = false;
    }
}

/// Reads the player. To be called once a frame.
pub fn listen(model: &mut AppState, workers: &Workers) {
    let Some(player) = &workers.player else {
        return;
    };
    let state = player.state();
    let transport = &mut model.transport;
    let was_playing = transport.playing;
    transport.playing = state.playing;
    transport.devices = state.devices;
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
    report_device(model, was_playing);
    let transport = &mut model.transport;
    let at_end = transport.duration_secs > 0.0
        && transport.position_secs >= transport.duration_secs - END_SECS;
    transport.ended = was_playing && !transport.playing && at_end && !transport.once;
    let transport = &mut model.transport;
    if transport.playing {
        for notice in transport.silence_notices.drain(..) {
            model.notices.dismiss(notice);
        }
        let follow = model.settings.follow;
        model
            .spectrogram
            .view
            .follow(transport.position_secs, follow);
    }
}

/// Says that sound was lost, or that it goes elsewhere than the user chose.
fn report_device(model: &mut AppState, was_playing: bool) {
    let transport = &mut model.transport;
    if let Some(why) = transport.silence()
        && was_playing
        && transport.lost_secs.is_none()
    {
        let here = transport.position_secs;
        let text = format!(
            "Sound stopped at {}: {why}. The playhead stays there; press Space to go on, once a sound device is connected",
            clock(here)
        );
        transport.lost_secs = Some(here);
        transport
            .silence_notices
            .push(model.notices.passing_error(text));
    } else if transport.playing {
        transport.lost_secs = None;
    }
    let transport = &mut model.transport;
    match transport.stand_in() {
        Some((chosen, device)) if !transport.told_stand_in => {
            let text = format!("{chosen} is not connected; sound goes to {device}");
            transport.told_stand_in = true;
            model.notices.note(text);
        }
        Some(_) => {}
        None => transport.told_stand_in = false,
    }
}

/// Another track is shown: what belonged to the one before goes.
pub(super) fn forget_track(model: &mut AppState, workers: &mut Workers) {
    model.transport.form.selection = None;
    model.transport.form.looped = None;
    forget_views(model, workers);
}

/// The sound of the views goes.
pub(super) fn forget_views(model: &mut AppState, workers: &mut Workers) {
    model.transport.views = Views::Unprepared;
    workers.masked.live.put(None);
    workers.masked.stop();
}

fn edit(model: &mut AppState, workers: &mut Workers, form: SoundForm) {
    if form.looped != model.transport.form.looped {
        set_loop(model, workers, form.looped);
    }
    model.transport.form = form;
    if form.hearing != Hearing::Original {
        model.transport.masked = form.hearing;
    }
    prepare_views(model, workers);
    update_player(model, workers);
    match_level(model, workers);
}

/// Lets the shown track be decoded for masked listening, where that is wanted and was not begun.
pub(super) fn prepare_views(model: &mut AppState, workers: &mut Workers) {
    let transport = &mut model.transport;
    if transport.form.hearing == Hearing::Original || transport.views != Views::Unprepared {
        return;
    }
    if let (Some(path), Some(_)) = (model.spectrogram.path(), &workers.player) {
        transport.views = Views::Preparing;
        workers
            .masked
            .request(path.to_path_buf(), model.embeddings.source.channel);
    }
}

/// The samples are there: the views run under the playhead from now on.
pub(super) fn decoded(
    model: &mut AppState,
    workers: &mut Workers,
    path: &Path,
    samples: Result<Arc<[f32]>, String>,
) {
    if model.spectrogram.path() != Some(path) {
        return;
    }
    match (samples, &workers.player) {
        (Ok(samples), Some(player)) => {
            model.transport.views = Views::Ready;
            player.set_views(Box::new(workers.masked.views(samples)));
            match_level(model, workers);
        }
        (Err(why), _) => {
            model.transport.views = Views::Unprepared;
            model.transport.form.hearing = Hearing::Original;
            update_player(model, workers);
            model.notices.error(why);
        }
        (Ok(_), None) => {}
    }
}

/// Lets what is heard of the masks be measured, where it is to be as loud as the original.
fn match_level(model: &mut AppState, workers: &mut Workers) {
    let transport = &mut model.transport;
    let part = match transport.form.hearing {
        Hearing::Original => None,
        Hearing::Left => Some(Part::Kept),
        Hearing::Dropped => Some(Part::Dropped),
    };
    match part.filter(|_| transport.form.match_level) {
        Some(part) => workers
            .masked
            .ask_level(model.mask.form.active.index(), part),
        None => {
            transport.level = None;
            set_gain(workers, LevelMatch::NONE);
        }
    }
}

/// Takes in how loud the part is that was asked for.
pub(super) fn level_found(model: &mut AppState, workers: &Workers, number: u64, level: LevelMatch) {
    let is_heard = model.transport.form.hearing != Hearing::Original;
    if workers.masked.is_asked(number) && model.transport.form.match_level && is_heard {
        model.transport.level = Some(level);
        set_gain(workers, level);
    }
}

fn set_gain(workers: &Workers, level: LevelMatch) {
    if let Some(player) = &workers.player {
        player.set_view_gain(level.gain());
    }
}

/// Before an audience a part is as loud as the original, and afterwards as it was set.
pub(super) fn presented(model: &mut AppState, workers: &mut Workers, on: bool) {
    let mut form = model.transport.form;
    if on {
        model.transport.matched_before = form.match_level;
    }
    form.match_level = on || model.transport.matched_before;
    edit(model, workers, form);
}

/// The views drop other patches than before, or another view is the active one.
pub(super) fn masks_changed(model: &mut AppState, workers: &mut Workers) {
    let ratio = model.mask.form.ratio;
    let tables = model.mask.tables.clone();
    workers
        .masked
        .live
        .put(tables.map(|tables| Masks { tables, ratio }));
    if let Some(player) = &workers.player {
        player.refresh_views();
    }
    update_player(model, workers);
    match_level(model, workers);
}

fn update_player(model: &AppState, workers: &Workers) {
    let side = match model.mask.form.active {
        ViewName::A => Side::A,
        ViewName::B => Side::B,
    };
    if let Some(player) = &workers.player {
        player.hear(match model.transport.form.hearing {
            Hearing::Original => Heard::Original,
            Hearing::Left => Heard::Kept(side),
            Hearing::Dropped => Heard::Dropped(side),
        });
    }
}

pub(super) fn play(model: &mut AppState, workers: &Workers) {
    model.transport.once = false;
    report_silence(model);
    if let Some(player) = &workers.player {
        player.play();
    }
}

fn report_silence(model: &mut AppState) {
    // The player looks for a device again; where there still is none, silence must not be all that answers.
    if let Some(why) = model.transport.silence() {
        let text = format!(
            "Nothing can be heard: {why}. Connect a sound device and play again; everything else works without one"
        );
        model
            .transport
            .silence_notices
            .push(model.notices.passing(text));
    }
}

pub(super) fn pause(workers: &Workers) {
    if let Some(player) = &workers.player {
        player.pause();
    }
}

fn set_volume(model: &mut AppState, workers: &mut Workers, volume: f32) {
    let settings = Settings {
        volume,
        ..model.settings.clone()
    };
    settings::edit(model, workers, settings);
}

/// Length of the shown track, as far as it is known.
fn track_secs(model: &AppState) -> f64 {
    match model.spectrogram.picture() {
        Some(picture) => picture.duration_secs(),
        None => model.transport.duration_secs.max(0.0),
    }
}

/// The whole track.
fn whole(model: &AppState) -> Option<Selection> {
    let end = track_secs(model);
    Selection::between(0.0, end, end)
}

fn select_up_to(model: &mut AppState, secs: f64) {
    let (here, end) = (model.transport.position_secs, track_secs(model));
    let selection = match &model.transport.form.selection {
        Some(selection) => selection.reaching(secs, end),
        None => Selection::between(here, secs, end),
    };
    if selection.is_some() {
        model.transport.form.selection = selection;
    }
}

/// One end of the loop to the playhead; the other stays, or is the track's.
fn bound_loop(model: &mut AppState, workers: &Workers, start: bool) {
    let Some(old) = model.transport.form.looped.or_else(|| whole(model)) else {
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

fn select_beats(model: &mut AppState) {
    let track = model.library.selected_track();
    let Some(tempo) = track.and_then(|track| track.tempo_bpm) else {
        model.notices.note(
            "The tempo of this track is not known, so no beats can be selected: drag over a bar instead, or give the \
             collection a labels.csv with a column tempo",
        );
        return;
    };
    let start = model.transport.position_secs;
    let end = start + 4.0 * 60.0 / f64::from(tempo);
    let length = model.spectrogram.view.duration_secs;
    if let Some(beats) = Selection::between(start, end, length) {
        model.transport.form.selection = Some(beats);
    }
}

/// Moves the ends of the selection by frames, as long as something is left between them.
fn nudge(model: &mut AppState, workers: &Workers, frames: [i32; 2]) {
    let Some(selection) = model.transport.form.selection else {
        return;
    };
    let [start, end] = frames.map(|frames| f64::from(frames) * FRAME_SECS);
    let (start, end) = (selection.start_secs + start, selection.end_secs + end);
    let moved = Selection::between(start, end, model.spectrogram.view.duration_secs);
    let Some(moved) = moved.filter(|_| start < end) else {
        return;
    };
    if model.transport.form.looped == Some(selection) {
        set_loop(model, workers, Some(moved));
    }
    model.transport.form.selection = Some(moved);
}

fn set_loop(model: &mut AppState, workers: &Workers, looped: Option<Selection>) {
    model.transport.form.looped = looped;
    if let Some(player) = &workers.player {
        player.set_loop(looped.map(|it| [it.start_secs, it.end_secs]));
    }
}

/// Loops a stretch that a key asked for: the playhead goes there if it is elsewhere.
fn enter_loop(model: &mut AppState, workers: &Workers, looped: Option<Selection>) {
    set_loop(model, workers, looped);
    let here = model.transport.position_secs;
    if let Some(looped) = looped
        && !(looped.start_secs..looped.end_secs).contains(&here)
    {
        seek(model, workers, looped.start_secs);
    }
}

fn play_once(model: &mut AppState, workers: &Workers) {
    let view = &model.spectrogram.view;
    let visible = Selection::between(
        view.start_secs,
        view.start_secs + view.span_secs,
        track_secs(model),
    );
    if let Some(stretch) = model.transport.form.selection.or(visible) {
        model.transport.position_secs = stretch.start_secs;
        model.transport.once = true;
        report_silence(model);
        if let Some(player) = &workers.player {
            player.play_once(stretch.start_secs, stretch.end_secs);
        }
    }
}

fn seek(model: &mut AppState, workers: &Workers, secs: f64) {
    let secs = secs.clamp(0.0, track_secs(model));
    model.transport.position_secs = secs;
    if let Some(player) = &workers.player {
        player.seek(secs);
    }
}
