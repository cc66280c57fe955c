//! Which frequency lies where in the shown picture.

use crate::gui::model::AppState;
use mynascope_spectrum::{FrequencyAxis, FrequencyScale, MEL_BANDS, band_of_hz, hz_of_band};

/// Octaves, as far as the mel bands reach.
const OCTAVES_HZ: [f64; 7] = [125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 7000.0];
/// Frequencies that are read on a logarithmic axis, up to half of 384 kHz.
const DECADES_HZ: [f64; 13] = [
    20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0, 10_000.0, 20_000.0, 50_000.0,
    100_000.0, 200_000.0,
];

/// The frequency axis of the shown picture. A place on it is what [`crate::gui::model::BandView`] tells: from 0 at the bottom to 128
/// at the top, whatever is shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Frequencies {
    /// Bands of the mel scale.
    Mel,
    /// Up to half the sample rate of the sound.
    Sound(FrequencyScale),
}

impl Frequencies {
    /// The axis of what is shown.
    pub fn of(model: &AppState) -> Self {
        match model.shows_sound() {
            true => Self::Sound(model.spectrogram.sound_scale()),
            false => Self::Mel,
        }
    }

    /// Where a frequency lies.
    pub fn place_of(self, hz: f64) -> f64 {
        match self {
            // 0 is the lower edge of the lowest band, whose centre lies half a band above.
            Self::Mel => band_of_hz(hz) + 0.5,
            Self::Sound(scale) => MEL_BANDS as f64 * scale.share_of(hz),
        }
    }

    /// The frequency at a place, in Hz.
    pub fn hz_at(self, place: f64) -> f64 {
        match self {
            Self::Mel => hz_of_band(place - 0.5).max(0.0),
            Self::Sound(scale) => scale.hz_at(place / MEL_BANDS as f64),
        }
    }

    /// No frequency of the axis lies above this one, in Hz.
    pub fn highest(self) -> f64 {
        match self {
            Self::Mel => hz_of_band(MEL_BANDS as f64),
            Self::Sound(scale) => scale.top_hz,
        }
    }

    /// Frequencies that are named where all of the axis is seen; none where even steps are.
    pub fn usual_ticks(self) -> &'static [f64] {
        match self {
            Self::Mel => &OCTAVES_HZ,
            Self::Sound(scale) => match scale.axis {
                FrequencyAxis::Linear => &[],
                FrequencyAxis::Log => &DECADES_HZ,
            },
        }
    }
}
