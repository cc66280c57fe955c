//! The mask: ratio, kind, seed, crops and painted patches.

use crate::gui::{
    command::MaskCommand,
    model::{AppState, MaskForm, Paint},
    work::Workers,
    workspace::Workspace,
};

use super::sound;

pub(super) fn apply(model: &mut AppState, workers: &Workers, command: MaskCommand) {
    let mask = &mut model.mask;
    match command {
        MaskCommand::Edit(form) => return edit(model, workers, form),
        MaskCommand::ChangeRatio(points) => {
            let percent = mask.form.percent() + points;
            mask.form.set_percent(percent);
        }
        MaskCommand::Reroll if mask.form.frozen => return,
        MaskCommand::Reroll => mask.form.seed = mask.form.seed.wrapping_add(1),
        MaskCommand::MoveCrop { view, start_frame } => {
            if let Some(start) = mask.starts.get_mut(view.index()) {
                *start = start_frame;
            }
        }
        MaskCommand::Paint { view, place, keep } => {
            let shape = mask.form.shape;
            mask.paint.of_mut(view, shape).set(place, keep);
        }
        MaskCommand::ClearPaint => mask.paint = Paint::default(),
    }
    changed(model, workers);
}

fn edit(model: &mut AppState, workers: &Workers, form: MaskForm) {
    let old = std::mem::replace(&mut model.mask.form, form.bounded());
    if form.painting && !old.painting {
        // There the crops are seen whose patches are painted.
        model.workspace = Workspace::Teach;
    }
    if form.drops_others(&old) {
        changed(model, workers);
    }
}

/// The mask drops other tokens than before.
pub(super) fn changed(model: &mut AppState, workers: &Workers) {
    if let Some(picture) = model.spectrogram.picture() {
        let frames = picture.frames();
        model.mask.refresh(frames);
    }
    sound::masks_changed(model, workers);
}
