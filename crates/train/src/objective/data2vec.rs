//! data2vec (Baevski et al. 2022), the objective of Music2Vec (Li et al. 2022): a student that doesn't see spans of frames says
//! what its teacher, a moving average of itself, makes of the whole window there.
//!
//! With p_i the prediction of a hidden frame, t_i the teacher's target, d their width and N the hidden frames of a batch
//!
//! loss = sum_i |p_i - t_i|^2 / (sqrt(d) N).
//!
//! A target is the mean over the last K blocks of what their feed-forward part gives, normed over time
//! (`mynascope_encoder::families::music2vec::Network::targets`). Without that norm a constant would be a way out. The teacher has
//! the blocks and the norm before them for itself, and after update t it becomes
//!
//! teacher = decay(t) teacher + (1 - decay(t)) student, with decay(t) rising from 0.999 to 0.9999 over 30,000 updates.
//!
//! As fairseq's `data2vec_audio.py`, which moves it at the beginning of the update that follows: the same numbers.

use burn::tensor::{Tensor, backend::Backend};
use serde::{Deserialize, Serialize};

use mynascope_encoder::numbers;

/// Masks, targets and teacher of data2vec.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Data2vec {
    /// Share of a window that its hidden spans would cover if none overlapped.
    pub span_share: f64,
    /// Frames of a span; a frame is 20 ms.
    pub span_frames: usize,
    /// Blocks, counted from the last, whose mean is the target; all, where there are fewer.
    pub top_blocks: usize,
    /// How much of itself the teacher keeps at the first update, ...
    pub decay_start: f64,
    /// ... and after `decay_updates`; linear between.
    pub decay_end: f64,
    /// Updates over which the decay rises.
    pub decay_updates: u64,
    /// Updates after which a collapse ends the run.
    pub guard_after: u64,
}

impl Default for Data2vec {
    fn default() -> Self {
        Self {
            span_share: 0.65,
            span_frames: 10,
            top_blocks: 8,
            decay_start: 0.999,
            decay_end: 0.9999,
            decay_updates: 30_000,
            guard_after: 5000,
        }
    }
}

/// How far targets and predictions of a batch differ from frame to frame: the mean over channels of the square root of their
/// unbiased variance over the hidden frames. Near 0 all frames are the same to the encoder: it has collapsed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct HiddenFrameStatistics {
    /// Of the teacher's targets.
    pub target_deviation: f64,
    /// Of the student's predictions.
    pub prediction_deviation: f64,
}

/// Below it targets have collapsed (fairseq's `min_target_var`).
const LEAST_TARGET: f64 = 0.1;
/// Below it predictions have (`min_pred_var`).
const LEAST_PREDICTION: f64 = 0.01;

/// A student or a teacher to which all frames are the same.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Collapse {
    /// The targets hardly differ: their deviation.
    Targets(f64),
    /// The predictions hardly differ: their deviation.
    Predictions(f64),
}

impl std::fmt::Display for Collapse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (who, found, least) = match self {
            Self::Targets(found) => ("the targets of the teacher", found, LEAST_TARGET),
            Self::Predictions(found) => ("the predictions of the student", found, LEAST_PREDICTION),
        };
        write!(
            f,
            "{who} hardly differ from frame to frame any more (deviation {found:.4}, and it should stay above {least})"
        )
    }
}

/// Loss and gradient of a batch.
pub(crate) struct HiddenFrameOutput<B: Backend> {
    pub loss: f64,
    /// Of the predictions, [hidden, dim].
    pub gradient: Tensor<B, 2>,
    pub statistics: HiddenFrameStatistics,
}

impl Data2vec {
    /// Whether nothing was changed.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// How much of itself the teacher keeps after so many updates, at least one.
    pub fn decay(&self, updates: u64) -> f64 {
        let done = updates as f64 / self.decay_updates.max(1) as f64;
        let left = (1.0 - done).max(0.0);
        self.decay_end - (self.decay_end - self.decay_start) * left
    }

    /// Whether the encoder has collapsed after so many updates.
    pub fn collapse(&self, updates: u64, found: HiddenFrameStatistics) -> Option<Collapse> {
        if updates <= self.guard_after {
            return None;
        }
        let HiddenFrameStatistics {
            target_deviation,
            prediction_deviation,
        } = found;
        if target_deviation < LEAST_TARGET {
            return Some(Collapse::Targets(target_deviation));
        }
        (prediction_deviation < LEAST_PREDICTION)
            .then_some(Collapse::Predictions(prediction_deviation))
    }
}

/// The loss of predictions of hidden frames, [hidden, dim] as their targets.
///
/// # Errors
/// If the numbers don't fit each other, or what the backend said.
pub(crate) fn hidden_frames<B: Backend>(
    predictions: Tensor<B, 2>,
    targets: Tensor<B, 2>,
) -> Result<HiddenFrameOutput<B>, String> {
    let [rows, dim] = predictions.dims();
    if targets.dims() != [rows, dim] || rows == 0 {
        return Err("predictions of hidden frames and their targets don't fit".into());
    }
    let statistics = HiddenFrameStatistics {
        target_deviation: deviation(targets.clone())?,
        prediction_deviation: deviation(predictions.clone())?,
    };
    let weight = 1.0 / ((dim as f64).sqrt() * rows as f64);
    let error = predictions - targets;
    // Row by row in 32 bits, the sum over rows in 64.
    let squares = numbers((error.clone() * error.clone()).sum_dim(1))?;
    let sum: f64 = squares.into_iter().map(f64::from).sum();
    Ok(HiddenFrameOutput {
        loss: weight * sum,
        gradient: error.mul_scalar(2.0 * weight),
        statistics,
    })
}

/// The mean over columns of the square root of the unbiased variance over rows, 1e-6 added to it.
fn deviation<B: Backend>(rows: Tensor<B, 2>) -> Result<f64, String> {
    let [count, _] = rows.dims();
    let centred = rows.clone() - rows.mean_dim(0);
    let squares = numbers((centred.clone() * centred).sum_dim(0))?;
    let degrees = count.saturating_sub(1).max(1) as f64;
    let roots = squares
        .iter()
        .map(|&sum| (f64::from(sum) / degrees + 1e-6).sqrt());
    Ok(roots.sum::<f64>() / squares.len().max(1) as f64)
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::*;

    fn formula(predictions: &[Vec<f64>], targets: &[Vec<f64>]) -> f64 {
        let rows = predictions.iter().zip(targets);
        let squares = rows.map(|(p, t)| p.iter().zip(t).map(|(p, t)| (p - t).powi(2)).sum::<f64>());
        squares.sum::<f64>() / (predictions[0].len() as f64).sqrt() / predictions.len() as f64
    }

    #[test]
    fn value_and_gradient_are_those_of_the_definition() {
        let (said, right) = (testing::rows(7, 5, 3), testing::rows(7, 5, 8));
        let found = hidden_frames(testing::tensor(&said), testing::tensor(&right)).unwrap();
        testing::close(found.loss, formula(&said, &right), 1.0, "loss");
        let gradient = found.gradient.into_data().into_vec::<f32>().unwrap();
        for (place, found) in gradient.into_iter().enumerate() {
            let moved = |to: f64| {
                let mut rows = said.clone();
                rows[place / 5][place % 5] = to;
                formula(&rows, &right)
            };
            let expected = testing::slope(moved, said[place / 5][place % 5]);
            testing::close(f64::from(found), expected, 1.0, "gradient");
        }
        let column = |at: usize| right.iter().map(move |row| row[at]);
        let deviation = (0..5).map(|at| {
            let mean = column(at).sum::<f64>() / 7.0;
            let variance = column(at).map(|v| (v - mean).powi(2)).sum::<f64>() / 6.0;
            (variance + 1e-6).sqrt()
        });
        let expected = deviation.sum::<f64>() / 5.0;
        testing::close(
            found.statistics.target_deviation,
            expected,
            1.0,
            "deviation",
        );
    }

    /// The values of the authors' code.
    #[test]
    fn the_decay_rises_as_published_and_then_stays() {
        let usual = Data2vec::default();
        for (updates, decay) in [
            (1, 0.999_000_03),
            (100, 0.999_003),
            (15_000, 0.999_45),
            (29_999, 0.999_899_97),
            (30_000, 0.9999),
            (400_000, 0.9999),
        ] {
            assert!((usual.decay(updates) - decay).abs() < 1e-9, "{updates}");
        }
        let none = Data2vec {
            decay_updates: 0,
            ..usual
        };
        assert_eq!(none.decay(1), usual.decay_end);
    }

    /// The promise: an encoder to which all frames are the same is named, and not before it had time to learn.
    #[test]
    fn a_collapse_is_told_in_words_and_only_after_the_first_updates() {
        let usual = Data2vec::default();
        let of = |target_deviation, prediction_deviation| HiddenFrameStatistics {
            target_deviation,
            prediction_deviation,
        };
        assert_eq!(usual.collapse(5000, of(0.0, 0.0)), None);
        assert_eq!(usual.collapse(5001, of(0.5, 0.2)), None);
        let said = |found| usual.collapse(5001, found).unwrap().to_string();
        assert!(said(of(0.05, 0.2)).starts_with("the targets of the teacher hardly differ"));
        assert!(said(of(0.5, 0.005)).contains("student hardly differ"));
        let flat = testing::tensor(&vec![vec![0.3; 4]; 6]);
        let found = hidden_frames(flat.clone(), flat).unwrap();
        assert!(usual.collapse(6000, found.statistics).is_some());
    }
}
