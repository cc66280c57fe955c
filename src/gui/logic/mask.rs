//! The mask: ratio, kind, seed, crops and painted patches.

use crate::gui::{
    command::MaskCommand,
    layout::Layout,
    model::{Model, Paint},
    work::Workers,
};
use mynascope_spectrum::tokens::MaskKind;

use super::sound;

pub(super) fn apply(model: &mut Model, workers: &Workers, command: MaskCommand) {
    let mask = &mut model.mask;
    match command {
        MaskCommand::ShowMask(shown) => return mask.shown = shown,
        MaskCommand::SetOverlay(overlay) => return mask.overlay = overlay.clamp(0.0, 1.0),
        MaskCommand::SetRatio(ratio) => mask.ratio = ratio,
        MaskCommand::ChangeRatio(points) => mask.set_percent(mask.percent() + points),
        MaskCommand::SetSeed(seed) => mask.seed = seed,
        MaskCommand::Freeze(frozen) => return mask.frozen = frozen,
        MaskCommand::PaintWithClick(painting) => {
            mask.painting = painting;
            if painting {
                // There the crops are seen whose patches are painted.
                model.layout = Layout::Teach;
            }
            return;
        }
        MaskCommand::Reroll if mask.frozen => return,
        MaskCommand::Reroll => mask.seed = mask.seed.wrapping_add(1),
        MaskCommand::SetMaskKind(kind) => mask.kind = kind,
        MaskCommand::SetPatchShape(shape) => mask.shape = shape,
        MaskCommand::SetView(view) => mask.active = view,
        MaskCommand::MoveCrop { view, start_frame } => {
            if let Some(start) = mask.starts.get_mut(view.index()) {
                *start = start_frame;
            }
        }
        MaskCommand::Paint { view, place, keep } => {
            let shape = mask.shape;
            mask.paint.of_mut(view, shape).set(place, keep);
        }
        MaskCommand::ClearPaint => mask.paint = Paint::default(),
    }
    changed(model, workers);
}

/// The mask drops other tokens than before.
pub(super) fn changed(model: &mut Model, workers: &Workers) {
    if let Some(picture) = model.spectrogram.picture() {
        let frames = picture.frames();
        model.mask.refresh(frames);
    }
    sound::masks_changed(model, workers);
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
