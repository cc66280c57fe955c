//! What a Music2Vec is fed: windows of samples, and the frames that are read of them.

use std::ops::Range;

use super::{FRAME_SAMPLES, WINDOW_SECS, frames_of};
use crate::{
    EncoderError, Overlap, Reading, Window,
    input::{secs, starts},
};
use mynascope_audio::SAMPLE_RATE;
use mynascope_spectrum::SpectrumError;

/// Added to the variance of a window, so that silence stays silence (`Wav2Vec2FeatureExtractor`).
const QUIET: f64 = 1e-7;

/// Windows of samples, each normalised by itself. A sound that is shorter than one is a shorter window: the encoder reads any
/// length.
pub(super) fn windows(samples: &[f32], reading: &Reading) -> Result<Vec<Window>, SpectrumError> {
    if samples.is_empty() {
        return Ok(Vec::new());
    }
    if samples.len() < FRAME_SAMPLES {
        return Err(SpectrumError::TooShort {
            samples: samples.len(),
            needed: FRAME_SAMPLES,
            path: None,
        });
    }
    let length = window_samples(reading.window_secs.unwrap_or(WINDOW_SECS));
    let window = |first: usize| {
        let rest = samples.get(first..).unwrap_or_default();
        Window {
            start_secs: secs(first),
            values: normalise(rest.get(..length).unwrap_or(rest)),
        }
    };
    let overlap = reading.overlap.unwrap_or(Overlap::None);
    Ok(starts(samples.len(), length, overlap).map(window).collect())
}

/// Samples of a window of so many seconds.
pub fn window_samples(secs: u32) -> usize {
    secs as usize * SAMPLE_RATE as usize
}

/// Samples as the network takes them: zero mean and unit variance. Silence becomes zeros.
pub fn normalise(samples: &[f32]) -> Vec<f32> {
    let count = samples.len().max(1) as f64;
    let mean = samples.iter().copied().map(f64::from).sum::<f64>() / count;
    let squares = samples
        .iter()
        .map(|&value| (f64::from(value) - mean).powi(2));
    let scale = 1.0 / (squares.sum::<f64>() / count + QUIET).sqrt();
    let normed = samples
        .iter()
        .map(|&value| (f64::from(value) - mean) * scale);
    normed.map(|value| value as f32).collect()
}

/// Windows as the network reads them, before they are on a device.
#[derive(Debug, Clone)]
pub struct Samples {
    /// [windows * samples].
    pub(super) values: Vec<f32>,
    pub(super) windows: usize,
    /// Frames of a window.
    pub(super) frames: usize,
    /// Of all frames of all windows, those that are read; `None` where all are.
    pub(super) kept: Option<Vec<i32>>,
}

impl Samples {
    /// How many windows there are.
    pub fn windows(&self) -> usize {
        self.windows
    }

    /// Frames of a window, read or not.
    pub fn frames(&self) -> usize {
        self.frames
    }

    /// The samples of a window, normalised; none where there is no such window.
    pub fn window(&self, window: usize) -> &[f32] {
        let length = self.values.len() / self.windows.max(1);
        let values = self.values.get(window * length..(window + 1) * length);
        values.unwrap_or_default()
    }

    /// Some of the windows.
    pub fn part(&self, windows: Range<usize>) -> Self {
        let some = |count: usize| {
            let width = count / self.windows.max(1);
            windows.start * width..windows.end * width
        };
        let first = (windows.start * self.frames) as i32;
        let kept = self.kept.as_ref().map(|kept| {
            let part = kept.get(some(kept.len())).unwrap_or_default();
            part.iter().map(|place| place - first).collect()
        });
        let values = self.values.get(some(self.values.len()));
        Self {
            values: values.unwrap_or_default().to_vec(),
            windows: windows.len(),
            frames: self.frames,
            kept,
        }
    }

    /// Frames of a window that go through the blocks.
    pub(super) fn tokens(&self) -> usize {
        match &self.kept {
            Some(kept) => kept.len() / self.windows.max(1),
            None => self.frames,
        }
    }
}

/// Lays windows of [normalised](normalise) samples, all of the same length, one behind the other. `kept` names, window by
/// window, the frames that are read; every window reads as many. Without it all are read.
///
/// # Errors
/// [`EncoderError::Windows`] if windows or frames are not so.
pub fn cut(windows: &[&[f32]], kept: Option<&[Vec<usize>]>) -> Result<Samples, EncoderError> {
    let length = windows.first().map_or(0, |window| window.len());
    let frames = frames_of(length);
    if windows.iter().any(|window| window.len() != length) || (frames == 0 && !windows.is_empty()) {
        return Err(EncoderError::Windows(format!(
            "all windows of one call must have the same number of samples, at least {FRAME_SAMPLES}"
        )));
    }
    let places = |kept: &[Vec<usize>]| -> Option<Vec<i32>> {
        let count = kept.first().map_or(0, Vec::len);
        let sound = |kept: &Vec<usize>| {
            kept.len() == count && count > 0 && kept.iter().all(|frame| *frame < frames)
        };
        let all = (kept.len() == windows.len() && kept.iter().all(sound)).then_some(kept)?;
        let places = all.iter().enumerate();
        let places = places.flat_map(|(window, kept)| {
            kept.iter()
                .map(move |frame| (window * frames + frame) as i32)
        });
        Some(places.collect())
    };
    let kept = match kept {
        None => None,
        Some(kept) => Some(places(kept).ok_or_else(|| {
            EncoderError::Windows(format!(
                "every window must keep the same number of frames, at least one, of the {frames} there are"
            ))
        })?),
    };
    Ok(Samples {
        values: windows.concat(),
        windows: windows.len(),
        frames,
        kept,
    })
}
