//! Decoupled InfoNCE (Yeh et al. 2022, "Decoupled Contrastive Learning"): NT-Xent without the positive in the
//! denominator, so that easy positives do not weaken the push of the negatives. At gamma = 1 SogCLR has this gradient,
//! times 2 tau.

use burn::tensor::backend::Backend;

use super::{LossOutput, Similarities, infonce::softmax};

/// DCL.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Decoupled {
    /// Temperature.
    pub tau: f64,
}

impl Decoupled {
    pub(super) fn loss<B: Backend>(
        &self,
        similarities: &Similarities<B>,
    ) -> Result<LossOutput<B>, String> {
        softmax(similarities, self.tau, false)
    }
}
