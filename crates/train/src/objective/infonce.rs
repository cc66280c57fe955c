//! InfoNCE as NT-Xent (Chen et al. 2020, "SimCLR"): every view is an anchor, its positive is the other view of the same
//! track, its negatives are both views of all other tracks, and the positive is part of the denominator.

use burn::tensor::{Tensor, backend::Backend};

use super::{LossOutput, Similarities, SimilarityGrad, similarity::download};

/// Far below any cosine: its exponential is 0.
const NEVER: f64 = 1e4;

/// NT-Xent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InfoNce {
    /// Temperature.
    pub tau: f64,
}

impl InfoNce {
    pub(super) fn loss<B: Backend>(
        &self,
        similarities: &Similarities<B>,
    ) -> Result<LossOutput<B>, String> {
        softmax(similarities, self.tau, true)
    }
}

/// Mean over the 2B anchors of `-s_pos / tau + log sum exp(s / tau)`, the positive in the sum or not.
pub(super) fn softmax<B: Backend>(
    similarities: &Similarities<B>,
    tau: f64,
    with_positive: bool,
) -> Result<LossOutput<B>, String> {
    let weight = 1.0 / (2.0 * similarities.batch.max(1) as f64);
    let away = similarities.same.clone().mul_scalar(NEVER);
    let side = |across: Tensor<B, 2>, within: &Tensor<B, 2>| {
        let across = if with_positive {
            across
        } else {
            across - away.clone()
        };
        let within = within.clone() - away.clone();
        // The largest is taken off before exp, so that no temperature overflows.
        let most = across
            .clone()
            .max_dim(1)
            .max_pair(within.clone().max_dim(1));
        let exp = |s: Tensor<B, 2>| (s - most.clone()).div_scalar(tau).exp();
        let (across, within) = (exp(across), exp(within));
        let sum = across.clone().sum_dim(1) + within.clone().sum_dim(1);
        let loss = (most - similarities.positives.clone()).div_scalar(tau) + sum.clone().log();
        let share = |e: Tensor<B, 2>| (e / sum.clone()).mul_scalar(weight / tau);
        (loss, share(across), share(within))
    };
    let (loss_a, across_a, within_a) = side(similarities.across.clone(), &similarities.within_a);
    let (loss_b, across_b, within_b) = side(
        similarities.across.clone().transpose(),
        &similarities.within_b,
    );
    let attract = similarities.same.clone().mul_scalar(2.0 * weight / tau);
    let [loss] = download([(loss_a + loss_b).sum_dim(0)])?;
    Ok(LossOutput {
        loss: loss.first().copied().unwrap_or(f64::NAN) * weight,
        grad: SimilarityGrad {
            across: across_a + across_b.transpose() - attract,
            within: Some([within_a, within_b]),
        },
        temperature: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Contrastive, testing};
    use super::*;

    /// The definition, in f64.
    fn formula(a: &[Vec<f64>], b: &[Vec<f64>], tau: f64, with_positive: bool) -> f64 {
        let batch = a.len();
        let side = |anchors: &[Vec<f64>], others: &[Vec<f64>]| -> f64 {
            (0..batch)
                .map(|i| {
                    let positive = testing::cosine(&anchors[i], &others[i]) / tau;
                    let mut sum = if with_positive { positive.exp() } else { 0.0 };
                    for j in (0..batch).filter(|&j| j != i) {
                        sum += (testing::cosine(&anchors[i], &others[j]) / tau).exp();
                        sum += (testing::cosine(&anchors[i], &anchors[j]) / tau).exp();
                    }
                    sum.ln() - positive
                })
                .sum()
        };
        (side(a, b) + side(b, a)) / (2 * batch) as f64
    }

    #[test]
    fn value_and_gradient_are_those_of_the_definition() {
        for tau in [0.05, 0.5] {
            for with_positive in [true, false] {
                let objective = if with_positive {
                    Contrastive::InfoNce(InfoNce { tau })
                } else {
                    Contrastive::decoupled(tau)
                };
                testing::gradient_is_that_of(&objective, |a, b| formula(a, b, tau, with_positive));
            }
        }
    }
}
