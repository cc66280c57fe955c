//! The parts of the picture: one, or two one above the other where the encoder is fed two spectrograms.

use std::sync::Arc;

use eframe::egui::Rect;

use crate::gui::{
    model::{AppState, InputKind},
    theme,
};
use mynascope_spectrum::{Levels, MEL_BANDS, VqtSpec};

/// Air between the two.
const GAP: f32 = 2.0 * theme::UNIT;

/// The parts of the picture.
pub struct Parts {
    /// Levels, or what is fed in mel bands: all of the picture, or the lower part.
    pub mel: Rect,
    /// The VQT above it, where it is shown.
    pub vqt: Option<VqtPart>,
}

/// The part with a VQT.
pub struct VqtPart {
    /// Where it lies.
    pub area: Rect,
    /// What it is.
    pub spec: VqtSpec,
    /// Its values.
    pub levels: Arc<Levels>,
}

impl VqtPart {
    /// The place among the bins at a height on the screen: 0 is the lower edge of the lowest.
    pub fn bin_at(&self, y: f32) -> f64 {
        let share = (self.area.bottom() - y) / self.area.height().max(1.0);
        f64::from(share.clamp(0.0, 1.0)) * self.spec.bins as f64
    }
}

impl Parts {
    /// The parts that are shown in an area; a band and a bin are equally high.
    pub fn of(model: &AppState, area: Rect) -> Self {
        let alone = Self {
            mel: area,
            vqt: None,
        };
        if model.shows_sound() {
            return alone;
        }
        let kind = model.mask.input_kind();
        let Some(InputKind::Mel {
            vqt: Some(spec), ..
        }) = kind
        else {
            return alone;
        };
        let input = model.spectrogram.encoder_input(kind);
        let Some(levels) = input.and_then(|input| input.vqt.clone()) else {
            return alone;
        };
        let share = spec.bins as f32 / (spec.bins + MEL_BANDS) as f32;
        let edge = area.top() + (share * (area.height() - GAP)).round();
        Self {
            mel: area.with_min_y(edge + GAP),
            vqt: Some(VqtPart {
                area: area.with_max_y(edge),
                spec,
                levels,
            }),
        }
    }
}
