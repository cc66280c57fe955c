//! What fewer bits gain and cost on this machine: how much faster an encoder embeds, and how near the embeddings stay.

use std::time::{Duration, Instant};

use serde::Serialize;

use super::{EncoderError, LoadedEncoder, Precision};
use mynascope_spectrum::tokens::TokenMask;

/// Runs of each side; their medians count.
const RUNS: usize = 3;

/// An encoder in some numbers beside the same in 32 bits, over the same windows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PrecisionGain {
    /// In which numbers it multiplied.
    pub precision: Precision,
    /// Seconds that a window took.
    pub secs: f64,
    /// The same in 32 bits.
    pub secs_f32: f64,
    /// Cosine of the embeddings of a window in both, mean over windows.
    pub cosine: f64,
    /// The least of them.
    pub worst_cosine: f64,
}

impl PrecisionGain {
    /// How many times as fast as in 32 bits.
    pub fn speed(&self) -> f64 {
        self.secs_f32 / self.secs.max(f64::MIN_POSITIVE)
    }
}

/// Embeds windows by both, in turn.
///
/// # Errors
/// As [`LoadedEncoder::embed_windows`].
pub fn precision_gain(
    exact: &LoadedEncoder,
    other: &LoadedEncoder,
    windows: &[&[f32]],
    masks: Option<&[TokenMask]>,
) -> Result<PrecisionGain, EncoderError> {
    let mut times: [Vec<Duration>; 2] = Default::default();
    let mut cosines = (1.0, 1.0);
    // The first round warms up.
    for round in 0..=RUNS {
        let mut found = [Vec::new(), Vec::new()];
        let sides = [exact, other].into_iter().zip(&mut found).zip(&mut times);
        for ((encoder, found), times) in sides {
            let start = Instant::now();
            *found = encoder.embed_windows(windows, masks)?;
            if round > 0 {
                times.push(start.elapsed());
            }
        }
        let [a, b] = found;
        cosines = cosines_of(&a, &b, exact.embedding_dim());
    }
    let [secs_f32, secs] = times.map(|mut times| {
        times.sort_unstable();
        let median = times.get(times.len() / 2).copied().unwrap_or_default();
        median.as_secs_f64() / windows.len().max(1) as f64
    });
    Ok(PrecisionGain {
        precision: other.reading().precision,
        secs,
        secs_f32,
        cosine: cosines.0,
        worst_cosine: cosines.1,
    })
}

/// Mean and least cosine of rows.
pub fn cosines_of(a: &[f32], b: &[f32], dim: usize) -> (f64, f64) {
    let dot = |a: &[f32], b: &[f32]| -> f64 {
        let pairs = a.iter().zip(b);
        pairs.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
    };
    let rows = a.chunks_exact(dim.max(1)).zip(b.chunks_exact(dim.max(1)));
    let cosines = rows.map(|(a, b)| dot(a, b) / (dot(a, a) * dot(b, b)).sqrt());
    let (count, sum, least) = cosines.fold((0_usize, 0.0, 1.0_f64), |(count, sum, least), one| {
        (count + 1, sum + one, least.min(one))
    });
    (sum / count.max(1) as f64, least)
}
