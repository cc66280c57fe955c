//! What data2vec makes of a window of the batch, to be looked at: which spans are hidden, what the teacher makes of every
//! frame, and what the student says of it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use mynascope_audio::SAMPLE_RATE;
use mynascope_base::storage::serde_path;
use mynascope_encoder::families::music2vec::{FRAME_HOP, FRAME_SAMPLES};
use mynascope_spectrum::{Compression, MT2_MEL, MelSpec, SpectrumError};

use super::learner::FrameAnswers;

/// Rows that dimensions are averaged into, at most.
const MOST_ROWS: usize = 24;
/// Share of the teacher's values that lie within the colours.
const WITHIN: f64 = 0.98;
/// Columns of the waveform, at most.
const MOST_COLUMNS: usize = 1200;
/// How far below the loudest value the spectrogram reaches, in dB.
const RANGE_DB: f32 = 80.0;
/// What lies lower is silence, in dB.
const SILENCE_DB: f32 = -99.0;
/// A column for every frame of the encoder.
const MEL: MelSpec = MelSpec {
    hop: FRAME_HOP,
    bands: 64,
    compression: Compression::Decibels { range: RANGE_DB },
    ..MT2_MEL
};

/// A window of the batch of a step, as student and teacher of data2vec saw it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct HiddenSpans {
    /// The step, from 1: with the weights before its update.
    pub step: u64,
    /// The file of the track.
    #[serde(with = "serde_path")]
    pub track: PathBuf,
    /// Where the window begins in it, in seconds.
    pub start_secs: f64,
    /// Its length in seconds.
    pub window_secs: f64,
    /// Frames that the student didn't see, rising.
    pub hidden: Vec<usize>,
    /// The lowest and the highest sample of each column, 127 for the loudest of the window.
    pub waveform: Vec<[i8; 2]>,
    /// Levels [columns, 64 mel bands], the lowest band first: 255 for the loudest, 0 for 80 dB less. Column n is centred on the
    /// sample where frame n begins.
    pub mel: Vec<u8>,
    /// Dimensions of the encoder.
    pub dim: usize,
    /// Rows into which neighbouring dimensions are averaged.
    pub rows: usize,
    /// What 127 stands for in `targets` and `predictions`; 98 % of the targets lie within.
    pub scale: f32,
    /// What the teacher makes of each frame, [frames, rows].
    pub targets: Vec<i8>,
    /// What the student says of it, [frames, rows].
    pub predictions: Vec<i8>,
    /// Cosine of target and prediction, one a frame, over all dimensions.
    pub cosines: Vec<f32>,
    /// Mean of the squared differences over the dimensions, one a frame.
    pub errors: Vec<f32>,
}

impl HiddenSpans {
    /// Bands of [`mel`](Self::mel).
    pub const MEL_BANDS: usize = MEL.bands;
    /// Seconds from one frame to the next.
    pub const FRAME_SECS: f64 = FRAME_HOP as f64 / SAMPLE_RATE as f64;

    /// That of a window of samples. Step, track and place are for the caller to say.
    ///
    /// # Errors
    /// If the window is too short for a spectrogram.
    pub(super) fn new(
        samples: &[f32],
        hidden: &[usize],
        answers: &FrameAnswers,
    ) -> Result<Self, SpectrumError> {
        let dim = answers.dim.max(1);
        let group = dim.div_ceil(MOST_ROWS);
        let averaged = |values: &[f32]| -> Vec<f32> {
            let groups = values.chunks_exact(dim).flat_map(|row| row.chunks(group));
            let mean = |group: &[f32]| group.iter().sum::<f32>() / group.len() as f32;
            groups.map(mean).collect()
        };
        let targets = averaged(&answers.targets);
        let scale = size_of_most(&targets).max(1e-6);
        let small = |values: Vec<f32>| values.into_iter().map(|value| byte(value / scale));
        let pairs = || {
            let said = answers.predictions.chunks_exact(dim);
            answers.targets.chunks_exact(dim).zip(said)
        };
        let squares = |target: &[f32], said: &[f32]| {
            let pairs = target.iter().zip(said);
            pairs.map(|(t, p)| (t - p).powi(2)).sum::<f32>() / dim as f32
        };
        Ok(Self {
            window_secs: samples.len() as f64 / f64::from(SAMPLE_RATE),
            hidden: hidden.to_vec(),
            waveform: waveform(samples),
            mel: levels(&MEL.of_samples(samples, None)?),
            dim,
            rows: dim.div_ceil(group),
            scale,
            predictions: small(averaged(&answers.predictions)).collect(),
            targets: small(targets).collect(),
            cosines: pairs().map(|(target, said)| cosine(target, said)).collect(),
            errors: pairs()
                .map(|(target, said)| squares(target, said))
                .collect(),
            ..Self::default()
        })
    }

    /// Frames of the window.
    pub fn frames(&self) -> usize {
        self.cosines.len()
    }

    /// Whether a frame was hidden from the student.
    pub fn is_hidden(&self, frame: usize) -> bool {
        self.hidden.binary_search(&frame).is_ok()
    }

    /// Where a frame is drawn in the window, in seconds: as long as from one frame to the next, around its middle.
    pub fn secs_of(&self, frame: usize) -> [f64; 2] {
        let lead = (FRAME_SAMPLES - FRAME_HOP) as f64 / 2.0 / f64::from(SAMPLE_RATE);
        [frame, frame + 1].map(|frame| lead + frame as f64 * Self::FRAME_SECS)
    }

    /// Mean of a value of each frame over those that were hidden, or over the others; `None` where there are none.
    pub fn mean_of(&self, values: &[f32], hidden: bool) -> Option<f64> {
        let values = values.iter().enumerate();
        let meant = values.filter(|(frame, _)| self.is_hidden(*frame) == hidden);
        let meant: Vec<f64> = meant.map(|(_, value)| f64::from(*value)).collect();
        (!meant.is_empty()).then(|| meant.iter().sum::<f64>() / meant.len() as f64)
    }
}

/// A number from -1 to 1 as one from -127 to 127.
fn byte(value: f32) -> i8 {
    (127.0 * value.clamp(-1.0, 1.0)).round() as i8
}

/// The size within which most values lie.
fn size_of_most(values: &[f32]) -> f32 {
    let mut sizes: Vec<f32> = values.iter().map(|value| value.abs()).collect();
    sizes.sort_by(f32::total_cmp);
    let place = (WITHIN * sizes.len().saturating_sub(1) as f64) as usize;
    sizes.get(place).copied().unwrap_or_default()
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let product = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    let norms = (product(a, a) * product(b, b)).sqrt();
    product(a, b) / norms.max(1e-12)
}

fn waveform(samples: &[f32]) -> Vec<[i8; 2]> {
    let loudest = samples.iter().map(|s| s.abs()).fold(1e-6, f32::max);
    let columns = samples.chunks(samples.len().div_ceil(MOST_COLUMNS).max(1));
    let ends = columns.map(|part| {
        let low = part.iter().copied().fold(f32::INFINITY, f32::min);
        let high = part.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        [low, high].map(|end| byte(end / loudest))
    });
    ends.collect()
}

/// Decibels as shares of the range below the loudest.
fn levels(decibels: &[f32]) -> Vec<u8> {
    let loudest = decibels.iter().copied().fold(SILENCE_DB, f32::max);
    let level = |value: &f32| {
        let share = 1.0 + (value - loudest) / RANGE_DB;
        let share = if loudest > SILENCE_DB { share } else { 0.0 };
        (255.0 * share.clamp(0.0, 1.0)).round() as u8
    };
    decibels.iter().map(level).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two seconds of a tone that becomes louder, and answers of 48 dimensions.
    fn spans(said: impl Fn(f32) -> f32) -> HiddenSpans {
        let samples: Vec<f32> = (0..32_000)
            .map(|n| n as f32 / 32_000.0 * (n as f32 * 0.4).sin())
            .collect();
        let targets: Vec<f32> = (0..99 * 48).map(|n| (n as f32 * 0.7).sin()).collect();
        let answers = FrameAnswers {
            dim: 48,
            predictions: targets.iter().map(|&value| said(value)).collect(),
            targets,
        };
        HiddenSpans::new(&samples, &[3, 4, 5, 40], &answers).unwrap()
    }

    #[test]
    fn a_student_that_says_what_its_teacher_says_has_a_cosine_of_one_and_the_same_picture() {
        let seen = spans(|value| value);
        assert_eq!((seen.frames(), seen.rows, seen.dim), (99, 24, 48));
        assert_eq!(seen.targets, seen.predictions);
        assert!(
            seen.cosines
                .iter()
                .all(|cosine| (cosine - 1.0).abs() < 1e-5)
        );
        assert!(seen.errors.iter().all(|error| *error == 0.0));
        // Two neighbouring dimensions are a row, and nearly all lie within the colours: of a sine 6 % are as large as its peak.
        let first = byte((0.0 + 0.7_f32.sin()) / 2.0 / seen.scale);
        assert_eq!(seen.targets[0], first);
        let full = seen.targets.iter().filter(|value| value.abs() == 127);
        assert!(full.count() < 99 * 24 / 10);
        let opposite = spans(|value| -2.0 * value);
        assert!((opposite.mean_of(&opposite.cosines, true).unwrap() + 1.0).abs() < 1e-5);
        assert_eq!(opposite.scale, seen.scale, "colours are the teacher's");
        let error = opposite.mean_of(&opposite.errors, false).unwrap();
        assert!((error - 9.0 * 0.5).abs() < 0.1, "{error}");
    }

    #[test]
    fn waveform_spectrogram_and_frames_lie_on_one_axis() {
        let seen = spans(|value| value);
        assert_eq!(seen.window_secs, 2.0);
        assert!(seen.is_hidden(4) && !seen.is_hidden(6));
        let [start, end] = seen.secs_of(98);
        assert!((start - (98.0 * 320.0 + 40.0) / 16_000.0).abs() < 1e-12);
        assert!(end < seen.window_secs);
        // It becomes louder, in the waveform as in the spectrogram.
        let columns = seen.mel.len() / HiddenSpans::MEL_BANDS;
        assert_eq!(columns, 101);
        let loudest = |column: usize| {
            let from = column * HiddenSpans::MEL_BANDS;
            seen.mel[from..from + HiddenSpans::MEL_BANDS]
                .iter()
                .max()
                .unwrap()
        };
        assert!(loudest(10) < loudest(95));
        assert!(seen.waveform.len() <= MOST_COLUMNS);
        // The last column may hold less than a period.
        let (first, last) = (seen.waveform[100], seen.waveform[seen.waveform.len() - 2]);
        assert!(first[1] < last[1] && last[1] > 120 && last[0] < -120);
    }

    /// The fault: silence has no loudest value, and was drawn as the loudest of all.
    #[test]
    fn silence_is_drawn_as_silence() {
        let answers = FrameAnswers {
            dim: 2,
            targets: vec![0.0; 198],
            predictions: vec![0.5; 198],
        };
        let seen = HiddenSpans::new(&[0.0; 32_000], &[1], &answers).unwrap();
        assert!(seen.mel.iter().all(|level| *level == 0));
        assert!(seen.waveform.iter().all(|ends| *ends == [0, 0]));
        assert!(seen.cosines.iter().all(|cosine| *cosine == 0.0));
    }
}
