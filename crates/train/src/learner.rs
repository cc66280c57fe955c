//! One training step: stacked views and patch shapes through the encoder and its tail, the objective, gradients, the
//! optimiser.
//!
//! The objective sees outputs only and answers with their gradient. So a batch may be embedded in chunks: first all
//! chunks without gradients, then, once the objective has spoken, chunk by chunk with them (the gradient cache of Gao et
//! al. 2021, and FastCLIP's gradient reduction on one machine). The sum over chunks is the gradient of the whole batch.

mod compute;
mod pictures;
mod state;

use burn::tensor::backend::Backend;

use super::{
    Optimiser,
    optimiser::{Moments, Update},
};
use crate::objective::{
    Collapse, ContrastStatistics, Contrastive, Cpsd, Data2vec, EquivarianceStatistics,
    HiddenFrameStatistics, PatchTargets, Patchout, StepSchedule, Supervision, TrackState,
};
use mynascope_encoder::{EncoderConfig, HostBatch, Kernels, Parameter, Precision, TrainingHead};

pub(super) use pictures::FrameAnswers;
pub(super) use state::{LearnerSetup, OptimiserState};

/// Everything that training changes, on a device.
pub(super) struct Learner<B: Backend> {
    config: EncoderConfig,
    tail: TrainingHead,
    device: B::Device,
    parameters: Vec<Parameter<B>>,
    /// Which of them change.
    trained: Vec<bool>,
    optimiser: Optimiser,
    moments: Vec<Moments<B>>,
    /// Running averages of the weights, where they are kept.
    averages: Option<Vec<Parameter<B>>>,
    /// Of how many weights they are the mean, under SWA.
    averaged: u64,
    updates: u64,
    objective: Option<Contrastive>,
    equivariance: Option<Cpsd>,
    /// Factor of the contrastive loss beside the equivariant one.
    contrast_weight: f64,
    /// Where hidden frames are predicted.
    data2vec: Option<Data2vec>,
    /// What the teacher of data2vec has for itself, one a weight; `None` for what is the student's. Empty without one.
    teacher: Vec<Option<Parameter<B>>>,
    track_state: TrackState,
    precision: Precision,
    /// What gradients are multiplied by on the way back, so that small ones are not lost in 16 bits.
    loss_scale: f64,
    /// Updates since it was lowered or raised.
    updates_since_overflow: u32,
}

/// The scale of the loss at first, for numbers of a small range (dynamic loss scaling, Micikevicius et al. 2018).
const INITIAL_LOSS_SCALE: f64 = 1024.0;
/// It never grows beyond, ...
const MAX_LOSS_SCALE: f64 = 65536.0;
/// ... and doubles after so many updates without an overflow.
const UPDATES_BEFORE_GROWTH: u32 = 200;

/// What one step trains on.
pub(super) struct StepInput {
    /// The windows of view A, then those of view B, then those of the transposed segment: as many views as the targets have.
    pub batch: HostBatch,
    /// Numbers of the tracks, one a window of a view.
    pub tracks: Vec<usize>,
    pub schedule: StepSchedule,
    pub targets: Targets,
}

/// What the outputs are compared with.
pub(super) enum Targets {
    /// With each other.
    Views,
    /// With each other, and key profiles with those of the sound transposed by so many bins, track by track (MT2); without
    /// transpositions there is no third segment.
    Segments { shifts: Vec<i32> },
    /// With the patches that were hidden.
    Patches {
        targets: PatchTargets,
        /// Kept tokens of every window.
        kept: Vec<Vec<usize>>,
        /// Positions of the whole grid, [tokens, dim].
        positions: Vec<f32>,
    },
    /// With what the teacher makes of frames that are hidden: their numbers, window by window, as many of each (data2vec).
    Hidden(Vec<Vec<usize>>),
    /// With labels.
    Labels(Supervision),
    /// With mixed labels that an encoder's own classifier tells (MAEST); and what of the patches was read.
    Tags(Supervision, Patchout),
}

/// How the weights are changed.
#[derive(Debug, Clone, Copy)]
pub(super) struct StepRule {
    pub learning_rate: f64,
    pub weight_decay: f64,
    /// Limit of the gradient's norm; 0 for none.
    pub clip_norm: f64,
    /// Tracks that are embedded at once; at least 1.
    pub chunk: usize,
    /// Whether AdamW's decay is of every weight, as MAEST's authors have it, not of matrices alone.
    pub decays_all: bool,
    /// How the averaged weights follow, where they are kept.
    pub averaging: Averaging,
    /// Tracks of which the cosines are wanted; 0 for none.
    pub matrix: usize,
    /// A higher loss has jumped, and nothing of the step is applied.
    pub most_loss: Option<f64>,
}

/// How averaged weights follow the weights.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Averaging {
    /// A running average with this decay.
    Ema(f64),
    /// The mean of the weights after some epochs (SWA), of which this step may be the end; the weights themselves before the
    /// first of them.
    Swa {
        /// Whether the weights after this step belong to it.
        due: bool,
    },
}

/// What a step gave.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct StepResult {
    pub loss: f64,
    pub grad_norm: f64,
    /// Of contrastive objectives.
    pub contrast: Option<ContrastStatistics>,
    /// Where key profiles are turned.
    pub equivariance: Option<EquivarianceStatistics>,
    /// Where hidden frames are predicted.
    pub hidden_frames: Option<HiddenFrameStatistics>,
    /// Whether these tell that student or teacher have collapsed.
    pub collapse: Option<Collapse>,
    /// Share of right answers, where labels are learned.
    pub accuracy: Option<f64>,
    /// Cosines of view A of the first tracks with view B of them, row-major, mean over patch shapes; where wanted.
    pub matrix: Option<Vec<f32>>,
    /// Whether the update was applied: all numbers were finite, and the loss had not jumped.
    pub applied: bool,
}

impl<B: Kernels> Learner<B> {
    /// Does one step. If any number is not finite or the loss has jumped, nothing changes.
    pub fn step(&mut self, input: StepInput, rule: StepRule) -> Result<StepResult, String> {
        // Not from within the pool of threads, though that is 1.09 times as fast: a thread that waits for parts of this step might take
        // up a step of another training, whose way back waits for a lock that this one holds (burn-autodiff 0.21).
        let mut computed = self.compute(&input, rule.chunk, rule.matrix)?;
        // An overflow of 16 bits on the way back is no fault of the weights.
        while !computed.result.applied && computed.result.loss.is_finite() && self.loss_scale > 1.0
        {
            self.loss_scale *= 0.5;
            self.updates_since_overflow = 0;
            computed = self.compute(&input, rule.chunk, rule.matrix)?;
        }
        computed.result.applied &= rule
            .most_loss
            .is_none_or(|most| computed.result.loss <= most);
        if !computed.result.applied {
            return Ok(computed.result);
        }
        let norm = computed.result.grad_norm;
        let update = Update {
            optimiser: self.optimiser,
            learning_rate: rule.learning_rate,
            weight_decay: rule.weight_decay,
            decays_all: rule.decays_all,
            scale: if rule.clip_norm > 0.0 {
                (rule.clip_norm / (norm + 1e-6)).min(1.0) / self.loss_scale
            } else {
                1.0 / self.loss_scale
            },
            count: self.updates + 1,
        };
        let targets = self.parameters.iter_mut().zip(&mut self.moments);
        for ((parameter, moments), gradient) in targets.zip(computed.gradients) {
            if let Some(gradient) = gradient {
                update.apply(parameter, gradient, moments);
            }
        }
        self.updates += 1;
        if let Some(data2vec) = &self.data2vec {
            let decay = data2vec.decay(self.updates);
            for (own, student) in self.teacher.iter_mut().zip(&self.parameters) {
                if let Some(own) = own {
                    own.approach(student, decay);
                }
            }
            let found = computed.result.hidden_frames;
            computed.result.collapse =
                found.and_then(|found| data2vec.collapse(self.updates, found));
        }
        self.updates_since_overflow += 1;
        if self.precision == Precision::F16 && self.updates_since_overflow >= UPDATES_BEFORE_GROWTH
        {
            self.loss_scale = (2.0 * self.loss_scale).min(MAX_LOSS_SCALE);
            self.updates_since_overflow = 0;
        }
        if let Some(averages) = &mut self.averages {
            let keep = match rule.averaging {
                // Short memory at first, so that the average does not begin with random weights.
                Averaging::Ema(decay) => {
                    let count = self.updates as f64;
                    decay.min((1.0 + count) / (10.0 + count))
                }
                Averaging::Swa { due } if due || self.averaged == 0 => {
                    let count = self.averaged as f64;
                    self.averaged += u64::from(due);
                    count / (count + 1.0)
                }
                Averaging::Swa { .. } => 1.0,
            };
            for (average, parameter) in averages.iter_mut().zip(&self.parameters) {
                match keep {
                    0.0 => average.clone_from(parameter),
                    1.0 => {}
                    keep => average.approach(parameter, keep),
                }
            }
        }
        self.track_state.store(&input.tracks, &computed.rows);
        Ok(computed.result)
    }
}

#[cfg(test)]
mod tests;
