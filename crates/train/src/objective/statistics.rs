//! What is said about every contrastive batch, whatever the objective.

use burn::tensor::backend::Backend;
use serde::{Deserialize, Serialize};

use super::{Similarities, similarity::download};
use mynascope_embedding::retrieval_at_1;

/// How the views of a batch lie. Logits are cosines divided by `tau`. What the log of an older run does not hold is NaN,
/// and is left out when it is written again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct ContrastStatistics {
    /// Mean cosine between the two views of a track.
    pub pos_cosine: f64,
    /// Mean cosine between views of different tracks.
    pub neg_cosine: f64,
    /// Standard deviation of the positives' cosine.
    #[serde(default = "unknown", skip_serializing_if = "is_unknown")]
    pub pos_deviation: f64,
    /// Standard deviation of the negatives' cosine.
    #[serde(default = "unknown", skip_serializing_if = "is_unknown")]
    pub neg_deviation: f64,
    /// Mean squared distance between the two views of a track on the unit sphere (Wang and Isola 2020, alpha = 2).
    #[serde(default = "unknown", skip_serializing_if = "is_unknown")]
    pub alignment: f64,
    /// Log of the mean of exp(-2 distance^2) over pairs of tracks (Wang and Isola 2020, t = 2), mean of both views.
    #[serde(default = "unknown", skip_serializing_if = "is_unknown")]
    pub uniformity: f64,
    /// [`mynascope_embedding::retrieval_at_1`] of both kinds of views.
    #[serde(default = "unknown", skip_serializing_if = "is_unknown")]
    pub retrieval: f64,
    /// Mean temperature.
    #[serde(default = "unknown", skip_serializing_if = "is_unknown")]
    pub tau: f64,
}

fn unknown() -> f64 {
    f64::NAN
}

// By reference: serde asks so.
fn is_unknown(value: &f64) -> bool {
    value.is_nan()
}

impl ContrastStatistics {
    /// Of one batch; `tau` is said by who knows it.
    pub(crate) fn of<B: Backend>(s: &Similarities<B>) -> Result<Self, String> {
        // Below any cosine, so that a track is never its own rival.
        let rivals = s.across.clone() - s.same.clone().mul_scalar(4.0);
        let negatives = s.across.clone() * s.others.clone();
        let close = |within: &burn::tensor::Tensor<B, 2>| {
            let kernel = within.clone().mul_scalar(4.0).sub_scalar(4.0).exp();
            (kernel * s.others.clone()).sum_dim(1)
        };
        let [positive, rival_a, rival_b, sum, squares, close_a, close_b] = download([
            s.positives.clone(),
            rivals.clone().max_dim(1),
            rivals.max_dim(0).transpose(),
            negatives.clone().sum_dim(1),
            (negatives.clone() * negatives).sum_dim(1),
            close(&s.within_a),
            close(&s.within_b),
        ])?;
        let batch = s.batch.max(1) as f64;
        let pairs = (batch * (batch - 1.0)).max(1.0);
        let total = |values: &[f64]| values.iter().sum::<f64>();
        let deviation = |squares: f64, mean: f64| (squares - mean * mean).max(0.0).sqrt();
        let pos_cosine = total(&positive) / batch;
        let neg_cosine = total(&sum) / pairs;
        let pos_squares: f64 = positive.iter().map(|s| s * s).sum::<f64>() / batch;
        let views = |rivals| positive.iter().copied().zip(rivals);
        let retrieval = retrieval_at_1(views(rival_a).chain(views(rival_b)));
        Ok(Self {
            pos_cosine,
            neg_cosine,
            pos_deviation: deviation(pos_squares, pos_cosine),
            neg_deviation: deviation(total(&squares) / pairs, neg_cosine),
            alignment: 2.0 - 2.0 * pos_cosine,
            uniformity: 0.5 * ((total(&close_a) / pairs).ln() + (total(&close_b) / pairs).ln()),
            retrieval,
            tau: 0.0,
        })
    }

    /// The mean of several passes.
    pub(crate) fn mean(all: &[Self]) -> Self {
        let count = all.len().max(1) as f64;
        let of = |value: fn(&Self) -> f64| all.iter().map(value).sum::<f64>() / count;
        Self {
            pos_cosine: of(|s| s.pos_cosine),
            neg_cosine: of(|s| s.neg_cosine),
            pos_deviation: of(|s| s.pos_deviation),
            neg_deviation: of(|s| s.neg_deviation),
            alignment: of(|s| s.alignment),
            uniformity: of(|s| s.uniformity),
            retrieval: of(|s| s.retrieval),
            tau: of(|s| s.tau),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Views, testing};
    use super::*;

    /// The promise: a log of an older run is read without invented zeros, and survives being written again.
    #[test]
    fn what_an_older_log_lacks_stays_unknown() {
        let old = r#"{"pos_cosine":0.5,"neg_cosine":0.1}"#;
        let read: ContrastStatistics = serde_json::from_str(old).unwrap();
        assert!(read.alignment.is_nan() && read.tau.is_nan());
        assert_eq!(serde_json::to_string(&read).unwrap(), old);
    }

    /// Rounding must not make finds of a model that tells nothing apart.
    #[test]
    fn views_that_are_all_alike_are_no_finds() {
        let same = vec![testing::rows(1, 50, 3).remove(0); 9];
        let views = Views::new(testing::tensor(&same), testing::tensor(&same));
        let found = ContrastStatistics::of(&views.similarities()).unwrap();
        assert_eq!(found.retrieval, 0.0);
    }

    #[test]
    fn statistics_are_those_of_the_definitions() {
        let (a, b) = (testing::rows(6, 5, 1), testing::rows(6, 5, 2));
        let views = Views::new(testing::tensor(&a), testing::tensor(&b));
        let found = ContrastStatistics::of(&views.similarities()).unwrap();
        let pairs: Vec<(usize, usize)> = (0..6)
            .flat_map(|i| (0..6).map(move |j| (i, j)))
            .filter(|(i, j)| i != j)
            .collect();
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let deviation = |values: &[f64]| {
            let m = mean(values);
            mean(&values.iter().map(|v| (v - m).powi(2)).collect::<Vec<_>>()).sqrt()
        };
        let positive: Vec<f64> = (0..6).map(|i| testing::cosine(&a[i], &b[i])).collect();
        let negative: Vec<f64> = pairs
            .iter()
            .map(|&(i, j)| testing::cosine(&a[i], &b[j]))
            .collect();
        let uniform = |x: &[Vec<f64>]| {
            let kernels: Vec<f64> = pairs
                .iter()
                .map(|&(i, j)| (-2.0 * (2.0 - 2.0 * testing::cosine(&x[i], &x[j]))).exp())
                .collect();
            mean(&kernels).ln()
        };
        let right = pairs.chunks_exact(5).flat_map(|others| {
            let of_a = others
                .iter()
                .all(|&(i, j)| testing::cosine(&a[i], &b[j]) < positive[i]);
            let of_b = others
                .iter()
                .all(|&(i, j)| testing::cosine(&a[j], &b[i]) < positive[i]);
            [of_a, of_b]
        });
        let right = right.filter(|&right| right);
        for (found, expected) in [
            (found.pos_cosine, mean(&positive)),
            (found.neg_cosine, mean(&negative)),
            (found.pos_deviation, deviation(&positive)),
            (found.neg_deviation, deviation(&negative)),
            (found.alignment, 2.0 - 2.0 * mean(&positive)),
            (found.uniformity, 0.5 * (uniform(&a) + uniform(&b))),
            (found.retrieval, right.count() as f64 / 12.0),
        ] {
            assert!((found - expected).abs() < 1e-5, "{found} for {expected}");
        }
    }
}
