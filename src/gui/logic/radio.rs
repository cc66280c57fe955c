//! The error radio: the listed tracks of a probe, one after the other.

use crate::gui::{
    model::{AppState, PictureState, RADIO_SECS, Radio},
    work::Workers,
};

use super::map::play_from;

/// Plays the listed tracks one after the other, from one of them on.
pub(super) fn start(model: &mut AppState, workers: &mut Workers, at: usize) {
    let probing = &mut model.probing;
    let Some(result) = &probing.result else {
        return;
    };
    probing.radio = Radio::new(result.listed(probing.view.cell), at);
    tune_in(model, workers);
}

/// Goes so many tracks further on.
pub(super) fn step(model: &mut AppState, workers: &mut Workers, step: isize) {
    if let Some(radio) = &mut model.probing.radio
        && radio.step(step)
    {
        tune_in(model, workers);
    }
}

/// Plays the track that is on, from the window on that is furthest from the truth.
fn tune_in(model: &mut AppState, workers: &mut Workers) {
    let Some(answer) = model.probing.on_air() else {
        return;
    };
    let (path, from_secs) = (answer.path.clone(), answer.furthest_secs);
    // What a cell marked stays marked while its tracks are heard.
    let marked = std::mem::take(&mut model.library.marked);
    play_from(model, workers, path, from_secs);
    model.library.marked = marked;
    if let Some(player) = &workers.player {
        player.play_once(from_secs, from_secs + RADIO_SECS);
    }
}

/// Goes on to the next track of the radio when one was played to its end. To be called once a frame.
pub fn follow(model: &mut AppState, workers: &mut Workers) {
    let Some(answer) = model.probing.on_air() else {
        return;
    };
    let (on_air, from_secs) = (answer.path.clone(), answer.furthest_secs);
    let shown = model.library.selected_track();
    if shown.is_none_or(|track| track.path != on_air) {
        // The user went elsewhere.
        model.probing.radio = None;
        return;
    }
    let transport = &model.transport;
    let last_secs = from_secs + RADIO_SECS;
    let end_secs = match transport.duration_secs {
        secs if secs > 0.0 => secs.min(last_secs),
        _ => last_secs,
    };
    let broken = matches!(model.spectrogram.state, PictureState::Failed(_));
    let (playing, position_secs) = (transport.playing, transport.position_secs);
    let Some(radio) = &mut model.probing.radio else {
        return;
    };
    if broken || radio.listen(playing, position_secs, end_secs) {
        if radio.step(1) {
            tune_in(model, workers);
        } else {
            model.probing.radio = None;
        }
    }
}
