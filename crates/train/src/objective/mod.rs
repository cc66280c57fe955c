//! What training minimises, one file each.
//!
//! An objective sees the outputs of a batch and answers with its value and with the gradient of the outputs. A
//! contrastive one sees nothing but the cosines between all views (`Similarities`) and answers how strongly each of
//! them is pulled (`SimilarityGrad`); everything else (normalised rows, the moving averages of every track, what is said about
//! the batch) is common. No objective needs the activations of the encoder, so a batch may be embedded in chunks.

mod cpsd;
mod data2vec;
mod decoupled;
mod fastclip;
mod infonce;
mod maest;
mod reconstruction;
mod similarity;
mod sogclr;
mod statistics;
mod supervised;
#[cfg(test)]
mod testing;
mod track_state;

pub use cpsd::{Cpsd, EquivarianceStatistics};
pub use data2vec::{Collapse, Data2vec, HiddenFrameStatistics};
pub use fastclip::{FastClip, FastClipKind};
pub use infonce::InfoNce;
pub use sogclr::{Sogclr, TemperatureRule};
pub use statistics::ContrastStatistics;
pub use track_state::{Column, TrackState, effective_gamma};

pub(crate) use data2vec::hidden_frames;
pub(crate) use fastclip::default_rho;
pub(crate) use maest::{Mixup, Patchout, spec_augment, tagging};
pub(crate) use reconstruction::{PatchTargets, reconstruction};
pub(crate) use similarity::{Similarities, SimilarityGrad, Views};
pub(crate) use supervised::{Supervision, supervised};
pub(crate) use track_state::Rows;

use burn::tensor::backend::Backend;
use decoupled::Decoupled;

/// The contrastive objectives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Contrastive {
    /// NT-Xent (SimCLR).
    InfoNce(InfoNce),
    /// NT-Xent without the positive in the denominator.
    Decoupled(Decoupled),
    /// SogCLR, or iSogCLR where temperatures are learned.
    Sogclr(Sogclr),
    /// FastCLIP, one of four.
    FastClip(FastClip),
}

/// Where in the run a batch is, as far as moving averages care.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepSchedule {
    /// From 0.
    pub epoch: u64,
    /// Weight of the new value in the moving averages.
    pub gamma: f64,
}

/// The loss of one pass over a batch, and its gradients.
pub(crate) struct LossOutput<B: Backend> {
    pub loss: f64,
    pub grad: SimilarityGrad<B>,
    /// Gradient of what is learned beside the encoder (temperatures), in the objective's own order; empty where nothing
    /// is.
    pub temperature: Vec<f64>,
}

impl Contrastive {
    /// Decoupled InfoNCE at a temperature.
    pub fn decoupled(tau: f64) -> Self {
        Self::Decoupled(Decoupled { tau })
    }

    /// What it remembers of `tracks` tracks before the first step.
    pub fn track_state(&self, tracks: usize) -> TrackState {
        match self {
            Self::InfoNce(_) | Self::Decoupled(_) => TrackState::default(),
            Self::Sogclr(sogclr) => sogclr.track_state(tracks),
            Self::FastClip(fastclip) => fastclip.track_state(tracks),
        }
    }

    /// The loss of one batch; `rows` is its part of the state and is moved on.
    pub(crate) fn loss<B: Backend>(
        &self,
        similarities: &Similarities<B>,
        rows: &mut Rows,
        schedule: StepSchedule,
    ) -> Result<LossOutput<B>, String> {
        match self {
            Self::InfoNce(infonce) => infonce.loss(similarities),
            Self::Decoupled(decoupled) => decoupled.loss(similarities),
            Self::Sogclr(sogclr) => sogclr.loss(similarities, rows, schedule),
            Self::FastClip(fastclip) => fastclip.loss(similarities, rows, schedule),
        }
    }

    /// Ends a step whose passes (one for each patch shape) gave these mean temperature gradients.
    pub(crate) fn finish(&self, rows: &mut Rows, temperature: &[f64], schedule: StepSchedule) {
        if let Self::FastClip(fastclip) = self {
            fastclip.learn_temperature(rows, temperature, schedule);
        }
    }

    /// The mean temperature of a batch.
    pub(crate) fn tau(&self, rows: &Rows) -> f64 {
        match self {
            Self::InfoNce(InfoNce { tau }) | Self::Decoupled(Decoupled { tau }) => *tau,
            Self::Sogclr(sogclr) => sogclr.mean_tau(rows),
            Self::FastClip(fastclip) => fastclip.mean_tau(rows),
        }
    }
}
