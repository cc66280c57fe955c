//! What a masked autoencoder makes of the hidden patches of the shown track: asked for as track, mask and run change.

use crate::gui::{
    model::{AppState, PictureState, ReconstructionKey},
    work::{Workers, reconstruct::Hidden, teach::crop_of},
};
use mynascope_spectrum::tokens::ViewName;
use mynascope_train::Objective;

/// Asks about view A of the shown track, masked as the mask controls say, if the shown run has a decoder and this was
/// not asked yet.
pub(super) fn ask(model: &mut AppState, workers: &mut Workers) {
    let Some(key) = key(model) else {
        return;
    };
    if model.training.reconstructed.asked.as_ref() == Some(&key) {
        return;
    }
    let PictureState::Ready { picture, .. } = &model.spectrogram.state else {
        return;
    };
    let (Some(mel), Some(run)) = (&picture.mel, model.training.shown()) else {
        return;
    };
    let hidden = Hidden {
        power: crop_of(mel, key.start_frame),
        device: run.config.device,
        key: key.clone(),
    };
    let reconstructed = &mut model.training.reconstructed;
    reconstructed.number += 1;
    reconstructed.asked = Some(key);
    workers.reconstruct.ask(hidden);
}

fn key(model: &AppState) -> Option<ReconstructionKey> {
    let run = model.training.shown()?;
    let shape = *run.config.patch.shapes().first()?;
    if run.config.objective != Objective::Mae {
        return None;
    }
    let step = match &run.chosen {
        Some(chosen) => chosen.step,
        None => run.saved.last()?.step,
    };
    let PictureState::Ready { path, picture } = &model.spectrogram.state else {
        return None;
    };
    let view = model.mask.crop(ViewName::A, picture.mel.as_ref()?.frames());
    let kept = view.kept(shape).to_vec();
    // With everything hidden, or nothing, there is nothing to say.
    (!kept.is_empty()).then(|| ReconstructionKey {
        run: run.folder.clone(),
        step,
        track: path.clone(),
        start_frame: view.start_frame,
        kept,
    })
}
