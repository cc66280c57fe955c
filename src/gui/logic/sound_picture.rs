//! The picture of the sound: asks for what is visible and was not computed yet.

use std::{path::Path, sync::Arc};

use crate::gui::{
    message::SoundPictureMessage,
    model::{AppState, SoundSource},
    work::{
        Workers,
        sound_picture::{PaintQuestion, SoundQuestion},
    },
};

/// Asks for the visible part of the shown sound, where its picture is shown. To be called once a frame.
pub(super) fn follow(model: &mut AppState, workers: &Workers) {
    let shows = model.shows_sound();
    let spectrogram = &mut model.spectrogram;
    let work = &workers.sound_picture;
    let opened = spectrogram.picture().is_some();
    if !(shows && opened) {
        if spectrogram.sound.stop() {
            work.ask(SoundQuestion::Nothing);
        }
        // A track that is being opened may be another sound under the same name.
        if !opened && spectrogram.sound.source.is_some() {
            spectrogram.sound.begin(None);
        }
        return;
    }
    let Some(path) = spectrogram.path().map(Path::to_path_buf) else {
        return;
    };
    let shown = SoundSource {
        path,
        channel: model.embeddings.source.channel,
    };
    if spectrogram.sound.source.as_deref() != Some(&shown) {
        spectrogram.sound.begin(Some(shown));
        if let Some(source) = &spectrogram.sound.source {
            work.ask(SoundQuestion::Rate(Arc::clone(source)));
        }
    }
    let [width, height] = spectrogram.sound.pixels;
    let (Some(rate), None) = (spectrogram.sound.rate, &spectrogram.sound.error) else {
        return;
    };
    if width == 0 {
        return;
    }
    let (grid, tiles) = spectrogram.sound_tiles(&spectrogram.view, rate, width);
    if let Some(wanted) = spectrogram.sound.want(grid, tiles) {
        work.ask(SoundQuestion::Tiles(wanted));
    }
    let look = spectrogram.sound_look(height);
    if let Some(tiles) = spectrogram.sound.paint(look)
        && let Some(source) = &spectrogram.sound.source
    {
        work.ask_paint(PaintQuestion {
            source: Arc::clone(source),
            look,
            tiles,
        });
    }
}

/// Takes in what the threads send; what is of another sound than the shown one is dropped.
pub(super) fn receive(model: &mut AppState, message: SoundPictureMessage) {
    let sound = &mut model.spectrogram.sound;
    match message {
        SoundPictureMessage::Rate { source, rate } => {
            if sound.source.as_deref() == Some(&*source) {
                match rate {
                    Ok(rate) => sound.rate = Some(rate),
                    Err(why) => sound.error = Some(why),
                }
            }
        }
        SoundPictureMessage::Tile { source, tile } => sound.take_tile(&source, tile),
        SoundPictureMessage::Done { wanted, result } => {
            if sound.wanted.as_ref() == Some(&wanted) {
                sound.done = true;
                sound.error = result.err();
            }
        }
        SoundPictureMessage::Painted(painted) => sound.take_painted(painted),
    }
}
