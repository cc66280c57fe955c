//! The mask: ratio, kind, seed, crops and painted patches.

use crate::gui::{
    command::MaskCommand,
    model::{AppState, MaskForm, OwnGrid, Paint},
    work::Workers,
    workspace::Workspace,
};

use super::{picture, settings, sound};
use mynascope_encoder::PatchInput;
use mynascope_spectrum::{MYNA_MEL, MelSpec};

pub(super) fn apply(model: &mut AppState, workers: &mut Workers, command: MaskCommand) {
    let mask = &mut model.mask;
    match command {
        MaskCommand::Edit(form) => {
            let shown = form.shown;
            // What a lesson shows is not what the user wants of the layout.
            if shown != mask.form.shown && model.lesson.is_none() {
                let layout = model.workspace.name().to_owned();
                model.settings.mask_shown.insert(layout, shown);
                settings::save(model, workers);
            }
            return edit(model, workers, form);
        }
        MaskCommand::Demonstrate(form) => return edit(model, workers, form),
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
        MaskCommand::Paint { view, places, keep } => {
            let grid = mask.grid();
            for place in places {
                mask.paint.set(view, &grid, place, keep);
            }
        }
        MaskCommand::ClearPaint => mask.paint = Paint::default(),
    }
    changed(model, workers);
}

fn edit(model: &mut AppState, workers: &mut Workers, form: MaskForm) {
    let old = std::mem::replace(&mut model.mask.form, form.bounded());
    if form.painting && !old.painting {
        // There the crops are seen whose patches are painted.
        model.show_workspace(Workspace::Teach);
        model.mask.form.shown = true;
    }
    if form.drops_others(&old) {
        changed(model, workers);
    }
}

/// Draws masks on the grid of the chosen encoder, and lets patchout hide what it leaves out. To be called once a frame.
pub(super) fn follow(model: &mut AppState, workers: &mut Workers) {
    let patchout = model.teaching.form.patchout;
    let (own, input) = match model.embeddings.info() {
        // What is chosen is still being looked at: the masks stay as they are.
        None => return,
        Some(info) => {
            let overlap = model.embeddings.source.reading.overlap;
            let picture = model.spectrogram.picture();
            let track_secs = picture.map(|picture| picture.sound_secs);
            let log = MelSpec {
                compression: PatchInput::Log.compression(),
                ..MYNA_MEL
            };
            let input = match info.front_end == Some(log) {
                true => PatchInput::Log,
                false => PatchInput::Power,
            };
            (OwnGrid::of(info, overlap, patchout, track_secs), input)
        }
    };
    if model.mask.own != own || model.mask.input != input {
        model.mask.own = own;
        model.mask.input = input;
        changed(model, workers);
        picture::show_encoder_input(model, workers);
    }
}

/// The mask drops other tokens than before.
pub(super) fn changed(model: &mut AppState, workers: &mut Workers) {
    if let Some(picture) = model.spectrogram.picture() {
        let frames = picture.frames();
        model.mask.refresh(frames);
    }
    sound::masks_changed(model, workers);
}
