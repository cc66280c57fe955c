//! Baselines: what a window is worth without any learning. They stand wherever an encoder does, so that a score can be read
//! against what costs nothing.
//!
//! All read the log mel-spectrogram of librosa's defaults at 16 kHz: a periodic Hann window of 2048 samples every 512, zeros
//! before and after the sound, power, 128 bands on Slaney's scale with unit area, and `power_to_db` with 1 as reference and
//! 80 dB below the loudest value of the sound as floor. A window is frames of it, [frames, 128]; a token is a frame, so
//! that masks leave frames out.
//!
//! | baseline | embedding of a window |
//! |---|---|
//! | `mfcc` | mean and standard deviation over the frames of 20 MFCCs: `librosa.feature.mfcc(sr=16000, n_mfcc=20)`, the orthonormal DCT-II of the bands (Davis and Mermelstein 1980) |
//! | `log-mel` | mean and standard deviation over the frames of each band |
//! | `chance` | 128 random numbers drawn from what the window holds: the same sound gives the same, and like sounds nothing alike |

mod about;

use std::{f64::consts::PI, fmt};

use serde::{Deserialize, Serialize};

use crate::{EncoderError, Overlap, Reading, Window, input::starts};
use mynascope_audio::SAMPLE_RATE;
use mynascope_base::named;
use mynascope_spectrum::{Compression, MYNA_MEL, MelSpec, Padding, SpectrumError};

/// Which baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Baseline {
    /// Statistics of 20 MFCCs.
    Mfcc,
    /// Statistics of the bands of the log mel-spectrogram.
    LogMel,
    /// Noise: what a probe scores that is told nothing.
    Chance,
}

named!(
    Baseline,
    "baseline",
    Baseline::Mfcc => "mfcc",
    Baseline::LogMel => "log-mel",
    Baseline::Chance => "chance",
);

/// A baseline has no weights, and no sizes but its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Which one.
    pub baseline: Baseline,
}

/// MFCCs of a frame, as librosa gives without being told more.
pub const MFCCS: usize = 20;
/// Random numbers of a window.
const NOISE: usize = 128;
/// Length of a window where nothing else is said.
const WINDOW_SECS: u32 = 5;
/// Lengths that are offered; the last is the usual one.
const OFFERED_SECS: [u32; 4] = [1, 2, 3, WINDOW_SECS];

/// What all of them read.
pub const BASELINE_MEL: MelSpec = MelSpec {
    padding: Padding::Zeros,
    compression: Compression::Decibels { range: 80.0 },
    ..MYNA_MEL
};

impl Baseline {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Mfcc, Self::LogMel, Self::Chance];

    /// What it is called in menus and scores.
    pub fn title(self) -> &'static str {
        match self {
            Self::Mfcc => "MFCC",
            Self::LogMel => "Mean log mel",
            Self::Chance => "Chance",
        }
    }

    /// What it is, in one sentence.
    pub fn explain(self) -> &'static str {
        match self {
            Self::Mfcc => {
                "Mean and standard deviation of 20 MFCCs: nothing is learnt, and an encoder should score more"
            }
            Self::LogMel => {
                "Mean and standard deviation of the 128 log mel bands: nothing is learnt, and an encoder should score more"
            }
            Self::Chance => {
                "Random numbers for every window: what a probe scores that is told nothing"
            }
        }
    }

    /// Values of an embedding.
    fn dim(self) -> usize {
        match self {
            Self::Mfcc => 2 * MFCCS,
            Self::LogMel => 2 * BASELINE_MEL.bands,
            Self::Chance => NOISE,
        }
    }

    /// The embedding of a window [frames, 128]; of the frames only those that are kept.
    fn embed(self, window: &[f32], kept: Option<&[usize]>) -> Vec<f32> {
        let all = window.chunks_exact(BASELINE_MEL.bands);
        let frames: Vec<&[f32]> = match kept {
            None => all.collect(),
            Some(kept) => {
                let all: Vec<&[f32]> = all.collect();
                kept.iter().filter_map(|&at| all.get(at).copied()).collect()
            }
        };
        match self {
            Self::Mfcc => {
                let basis = dct_basis();
                statistics(MFCCS, frames.iter().map(|frame| mfccs(frame, &basis)))
            }
            Self::LogMel => statistics(
                BASELINE_MEL.bands,
                frames
                    .iter()
                    .map(|frame| frame.iter().copied().map(f64::from).collect()),
            ),
            Self::Chance => noise(&frames),
        }
    }
}

impl fmt::Display for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} baseline", self.baseline)
    }
}

/// The orthonormal DCT-II (type 2, norm "ortho" of SciPy), its first [`MFCCS`] rows, [20, 128]: row k is
/// `s cos(pi k (2 n + 1) / (2 N))` with s = sqrt(1 / N) for k = 0 and sqrt(2 / N) else.
fn dct_basis() -> Vec<Vec<f64>> {
    let bands = BASELINE_MEL.bands;
    let row = |k: usize| {
        let scale = match k {
            0 => (1.0 / bands as f64).sqrt(),
            _ => (2.0 / bands as f64).sqrt(),
        };
        let value =
            move |n: usize| scale * (PI * k as f64 * (2 * n + 1) as f64 / (2 * bands) as f64).cos();
        (0..bands).map(value).collect()
    };
    (0..MFCCS).map(row).collect()
}

fn mfccs(frame: &[f32], basis: &[Vec<f64>]) -> Vec<f64> {
    let product = |row: &Vec<f64>| {
        let both = row.iter().zip(frame);
        both.map(|(weight, value)| weight * f64::from(*value)).sum()
    };
    basis.iter().map(product).collect()
}

/// The means of all columns, then their standard deviations (over n): [2 columns].
fn statistics(columns: usize, frames: impl Iterator<Item = Vec<f64>>) -> Vec<f32> {
    let frames: Vec<Vec<f64>> = frames.collect();
    let count = frames.len().max(1) as f64;
    let mut means = vec![0.0; columns];
    for frame in &frames {
        for (mean, value) in means.iter_mut().zip(frame) {
            *mean += value / count;
        }
    }
    let mut squares = vec![0.0; columns];
    for frame in &frames {
        for ((sum, mean), value) in squares.iter_mut().zip(&means).zip(frame) {
            *sum += (value - mean).powi(2) / count;
        }
    }
    let deviations = squares.into_iter().map(f64::sqrt);
    means
        .into_iter()
        .chain(deviations)
        .map(|v| v as f32)
        .collect()
}

/// Numbers from -1 to 1 that only the very same frames give again.
fn noise(frames: &[&[f32]]) -> Vec<f32> {
    let mut hasher = blake3::Hasher::new();
    for value in frames.iter().copied().flatten() {
        hasher.update(&value.to_le_bytes());
    }
    let mut bytes = [0; 4 * NOISE];
    hasher.finalize_xof().fill(&mut bytes);
    let words = bytes.chunks_exact(4);
    let number = |word: &[u8]| {
        let word = word.try_into().map_or(0, u32::from_le_bytes);
        (f64::from(word) / f64::from(u32::MAX) * 2.0 - 1.0) as f32
    };
    words.map(number).collect()
}

/// Frames of a window of so many seconds.
fn frames_of(secs: u32) -> usize {
    (f64::from(secs) * f64::from(SAMPLE_RATE) / BASELINE_MEL.hop as f64).round() as usize
}

/// Windows of frames of the whole sound's spectrogram. A sound that is shorter than one is a shorter window.
fn windows(samples: &[f32], reading: &Reading) -> Result<Vec<Window>, SpectrumError> {
    if samples.is_empty() {
        return Ok(Vec::new());
    }
    let mel = BASELINE_MEL.of_samples(samples, None)?;
    let bands = BASELINE_MEL.bands;
    let (all, length) = (
        mel.len() / bands,
        frames_of(reading.window_secs.unwrap_or(WINDOW_SECS)),
    );
    let overlap = reading.overlap.unwrap_or(Overlap::None);
    let window = |first: usize| {
        let rest = mel.get(first * bands..).unwrap_or_default();
        Window {
            start_secs: (first * BASELINE_MEL.hop) as f32 / SAMPLE_RATE as f32,
            values: rest.get(..length * bands).unwrap_or(rest).to_vec(),
        }
    };
    Ok(starts(all, length, overlap).map(window).collect())
}

fn refuse_attention() -> EncoderError {
    EncoderError::Reading("a baseline has no attention to follow; choose an encoder".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sound of `tests/fixtures/make_baseline_fixture.py`.
    fn sound() -> Vec<f32> {
        let mut state = 1_u64;
        let sample = |place: usize| {
            let time = place as f64 / f64::from(SAMPLE_RATE);
            let tones = 0.4 * (2.0 * PI * (220.0 + 60.0 * time) * time).sin()
                + 0.2 * (-time).exp() * (2.0 * PI * 1760.0 * time).sin();
            state = (state * 1_664_525 + 1_013_904_223) % (1 << 32);
            let noise = state as f64 / (1_u64 << 32) as f64 - 0.5;
            (tones + 0.02 * noise) as f32
        };
        (0..40_000).map(sample).collect()
    }

    /// Single precision of the transform is what is left: decibels of the quietest bands differ by some thousandths.
    #[test]
    fn mfccs_and_mel_bands_are_those_of_librosa() {
        let text = include_str!("../../../../../tests/fixtures/baseline/librosa.json");
        let wanted: serde_json::Value = serde_json::from_str(text).unwrap();
        let [window] = &windows(&sound(), &Reading::default()).unwrap()[..] else {
            panic!("2.5 s are one window");
        };
        assert_eq!(window.values.len() / 128, 79, "frames of librosa");
        for baseline in [Baseline::Mfcc, Baseline::LogMel] {
            let wanted = wanted[baseline.to_string()].as_array().unwrap();
            let found = baseline.embed(&window.values, None);
            assert_eq!(
                (found.len(), wanted.len()),
                (baseline.dim(), baseline.dim())
            );
            for (at, (found, wanted)) in found.iter().zip(wanted).enumerate() {
                let wanted = wanted.as_f64().unwrap();
                let off = (f64::from(*found) - wanted).abs();
                assert!(off < 0.02, "{baseline} {at}: {found} for {wanted}");
            }
        }
    }

    #[test]
    fn chance_knows_a_window_again_and_nothing_else() {
        let (one, mut near) = (vec![-3.0_f32; 256], vec![-3.0_f32; 256]);
        near[200] = -3.001;
        let embed = |window: &[f32]| Baseline::Chance.embed(window, None);
        assert_eq!(embed(&one), embed(&one));
        let cosine = |a: &[f32], b: &[f32]| -> f32 {
            let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
            dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
        };
        assert!(cosine(&embed(&one), &embed(&near)).abs() < 0.4);
        assert_eq!(embed(&one).len(), NOISE);
    }

    #[test]
    fn a_mask_leaves_frames_out_of_the_statistics() {
        let window: Vec<f32> = (0..4).flat_map(|frame| [frame as f32; 128]).collect();
        let of = |kept: Option<&[usize]>| {
            let row = Baseline::LogMel.embed(&window, kept);
            (row[0], row[128])
        };
        assert_eq!(of(None), (1.5, 1.25_f32.sqrt()));
        assert_eq!(of(Some(&[1, 3])), (2.0, 1.0));
    }
}
