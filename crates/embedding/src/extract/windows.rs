//! The windows of a track, and the mask of each.

use super::{ExtractSettings, pipeline::Model};
use mynascope_spectrum::{
    Mel,
    tokens::{DropOrder, MEL_BANDS, MaskKind, PatchShape, Purpose, View, stream},
};

/// Windows of [frames, 128], back to back; a mel shorter than one is padded with silence.
pub(super) fn cut_windows(mel: &Mel, frames: usize) -> impl Iterator<Item = Vec<f32>> {
    let length = frames * MEL_BANDS;
    let short = mel.frames() < frames;
    let padded = short.then(|| {
        let mut window = mel.values().to_vec();
        window.resize(length, 0.0);
        window
    });
    let whole = mel
        .values()
        .chunks_exact(length.max(1))
        .map(<[f32]>::to_vec);
    padded.into_iter().chain(whole)
}

/// The mask of a window: a pure function of seed, track and window.
pub(super) fn mask(
    model: &Model<'_>,
    settings: &ExtractSettings,
    track: usize,
    window: usize,
) -> View {
    let key = ((track as u64) << 32) | window as u64;
    let kept = |shape: PatchShape| {
        if !model.shapes.contains(&shape) {
            return Vec::new();
        }
        let purpose = Purpose::Mask {
            view: 0,
            vertical: shape == PatchShape::Vertical,
        };
        let mut random = stream(settings.seed, 0, key, purpose);
        DropOrder::draw(shape.grid(model.frames), MaskKind::Random, &mut random)
            .kept(settings.ratio)
            .to_vec()
    };
    View {
        start_frame: 0,
        kept_square: kept(PatchShape::Square),
        kept_vertical: kept(PatchShape::Vertical),
    }
}
