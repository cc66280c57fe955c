use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    gui::{
        command::PictureCommand,
        model::{Model, Picture, PictureState, TimeView},
        work::Workers,
    },
    spectrum::ColourMap,
};

use super::sound;

/// The dB controls stay within these.
pub const TOP_DB: std::ops::RangeInclusive<f32> = -40.0..=60.0;
/// The dB controls stay within these.
pub const RANGE_DB: std::ops::RangeInclusive<f32> = 20.0..=120.0;

pub(super) fn apply(model: &mut Model, command: PictureCommand) {
    let spectrogram = &mut model.spectrogram;
    match command {
        PictureCommand::ZoomTime { at_secs, notches } => spectrogram.view.zoom(at_secs, notches),
        PictureCommand::ShowTime {
            start_secs,
            span_secs,
        } => spectrogram.view.show(start_secs, span_secs),
        PictureCommand::PanTime(secs) => spectrogram.view.pan(secs),
        PictureCommand::FitTrack => {
            spectrogram.view = TimeView::fit(spectrogram.view.duration_secs);
        }
        PictureCommand::SetColourMap(map) => spectrogram.colour_map = map,
        PictureCommand::NextColourMap { back } => {
            spectrogram.colour_map = next_map(spectrogram.colour_map, back);
        }
        PictureCommand::SetTopDb(db) => {
            spectrogram.top_db = db.clamp(*TOP_DB.start(), *TOP_DB.end());
        }
        PictureCommand::SetRangeDb(db) => {
            spectrogram.range_db = db.clamp(*RANGE_DB.start(), *RANGE_DB.end());
        }
    }
}

pub(super) fn decoded(model: &mut Model, path: &Path, secs: f64) {
    if let PictureState::Computing(computed) = &model.spectrogram.state
        && computed == path
    {
        model.spectrogram.decoded_secs = secs;
    }
}

pub(super) fn received(
    model: &mut Model,
    workers: &Workers,
    path: PathBuf,
    result: Result<Arc<Picture>, String>,
) {
    if model.spectrogram.path() != Some(path.as_path()) {
        return;
    }
    match result {
        Ok(picture) => {
            model.spectrogram.view = TimeView::fit(picture.duration_secs());
            model.mask.refresh(picture.mel.frames());
            model.library.learn_duration(&path, picture.duration_secs());
            model.spectrogram.state = PictureState::Ready { path, picture };
            if model.transport.hear_left {
                sound::hear_left(model, workers);
            }
        }
        Err(why) => {
            model.library.learn_problem(&path, &why);
            model.spectrogram.state = PictureState::Failed(why);
        }
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
