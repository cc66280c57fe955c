use std::path::Path;

use super::{HOP, MEL_BANDS, SpectrumError};
use crate::{audio::SAMPLE_RATE, jobs::Cancel};

/// A mel-spectrogram: power of 128 bands a frame, linear (no log).
#[derive(Debug, Clone, PartialEq)]
pub struct Mel {
    frames: usize,
    /// [frames, 128]
    values: Vec<f32>,
}

impl Mel {
    /// A mel from its values, [frames, 128] (frame-major); values beyond the last whole frame are dropped.
    pub fn from_values(mut values: Vec<f32>) -> Self {
        let frames = values.len() / MEL_BANDS;
        values.truncate(frames * MEL_BANDS);
        Self { frames, values }
    }

    /// How many frames it has.
    pub fn frames(&self) -> usize {
        self.frames
    }

    /// All values, [frames, 128] (frame-major).
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// The 128 values of one frame, lowest band first; empty past the end.
    pub fn frame(&self, frame: usize) -> &[f32] {
        let start = frame.saturating_mul(MEL_BANDS);
        self.values
            .get(start..start.saturating_add(MEL_BANDS))
            .unwrap_or_default()
    }

    /// One value; 0 outside.
    pub fn get(&self, band: usize, frame: usize) -> f32 {
        self.frame(frame).get(band).copied().unwrap_or_default()
    }

    /// The time that its frames span, in seconds.
    pub fn duration_secs(&self) -> f64 {
        (self.frames * HOP) as f64 / f64::from(SAMPLE_RATE)
    }

    /// The same values as [128, frames] in C order, as other programs store them.
    pub fn to_rows(&self) -> Vec<f32> {
        (0..MEL_BANDS)
            .flat_map(|band| self.values.iter().skip(band).step_by(MEL_BANDS).copied())
            .collect()
    }
}

/// Turns mono 16-kHz samples that come piece by piece into a [`Mel`].
#[derive(Default)]
pub struct MelStream {
    samples: Vec<f32>,
}

impl MelStream {
    /// A stream before its first sample.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next samples.
    pub fn push(&mut self, samples: &[f32]) {
        self.samples.extend_from_slice(samples);
    }

    /// The mel of all samples.
    pub fn finish(self) -> Result<Mel, SpectrumError> {
        Err(SpectrumError::TooShort {
            samples: self.samples.len(),
        })
    }
}

/// The mel of mono 16-kHz samples.
pub fn mel_of_samples(samples: &[f32]) -> Result<Mel, SpectrumError> {
    let mut stream = MelStream::new();
    stream.push(samples);
    stream.finish()
}

/// The mel of a file, decoded and analysed piece by piece.
pub fn mel_of_file(path: &Path, cancel: &Cancel) -> Result<Mel, SpectrumError> {
    let mut stream = MelStream::new();
    crate::audio::stream_mono(path, SAMPLE_RATE, cancel, &mut |piece| stream.push(piece))?;
    stream.finish()
}
