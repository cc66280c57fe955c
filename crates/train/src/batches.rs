//! What a step trains on: a pure function of (seed, step), so that it can be made ahead of time on another thread.

use super::{
    Objective, TrainConfig, TrainError,
    labels::Labels,
    learner::{StepInput, Targets},
    mels::Mels,
    sampler::Sampler,
};
use crate::objective::{PatchTargets, StepSchedule, Supervision, effective_gamma};
use mynascope_encoder::Tokenizer;
use mynascope_spectrum::tokens::{PATCH_VALUES, TokenMask, ViewPair, WINDOW_FRAMES, draw_views};

use super::Schedule;

/// Cuts crops and gathers kept patches; nothing else goes to the device.
pub(super) struct Batches<'a> {
    config: &'a TrainConfig,
    mels: &'a Mels,
    sampler: Sampler,
    tokenizer: Tokenizer,
    /// Labels of the readable tracks of a supervised run.
    labels: Option<Supervision>,
    /// Epochs of the whole run.
    epochs: u64,
}

impl<'a> Batches<'a> {
    pub fn new(
        config: &'a TrainConfig,
        mels: &'a Mels,
        sampler: Sampler,
        labels: Option<&Labels>,
    ) -> Self {
        let dim = config.encoder_config().dim;
        Self {
            config,
            mels,
            sampler,
            tokenizer: Tokenizer::new(config.patch.shapes(), WINDOW_FRAMES, dim),
            labels: labels.map(|labels| labels.of(&mels.places)),
            epochs: config.steps.div_ceil(sampler.steps_per_epoch()),
        }
    }

    /// Gamma of an epoch. FastCLIP starts with 1 under either schedule and reaches its smallest value half-way.
    pub fn gamma(&self, epoch: u64) -> f64 {
        let smallest = self.config.gamma();
        let fastclip = self.config.objective.fastclip().is_some();
        let cosine = self.config.gamma_schedule() == Schedule::Cosine;
        let all = if fastclip {
            self.epochs.div_ceil(2)
        } else {
            self.epochs
        };
        if fastclip && epoch == 0 {
            return 1.0;
        }
        effective_gamma(
            smallest,
            cosine,
            epoch,
            self.config.gamma_epochs.unwrap_or(all),
        )
    }

    /// The input of a step, counted from 0.
    pub fn of(&self, step: u64) -> Result<StepInput, TrainError> {
        let epoch = self.sampler.epoch(step);
        let tracks = self.sampler.batch_of(step);
        let pairs: Vec<ViewPair> = tracks
            .iter()
            .map(|&track| {
                draw_views(
                    self.config.seed,
                    epoch,
                    track as u64,
                    self.mels.frames(track),
                    self.config.mask_kind,
                    self.config.mask_ratio,
                )
            })
            .collect();
        let sides = if self.config.objective.is_contrastive() {
            2
        } else {
            1
        };
        let shapes = self.config.patch.shapes();
        let (mut masks, mut windows) = (Vec::new(), Vec::new());
        for side in 0..sides {
            for (&track, pair) in tracks.iter().zip(&pairs) {
                if let Some(view) = pair.get(side) {
                    masks.push(view.mask(shapes));
                    windows.push(self.mels.window(track, view.start_frame, WINDOW_FRAMES)?);
                }
            }
        }
        Ok(StepInput {
            batches: self.tokenizer.tokens(&windows, Some(&masks))?,
            targets: self.targets(&tracks, &windows, &masks),
            schedule: StepSchedule {
                epoch,
                gamma: self.gamma(epoch),
            },
            tracks,
        })
    }

    fn targets(&self, tracks: &[usize], windows: &[Vec<f32>], masks: &[TokenMask]) -> Targets {
        match (self.config.objective, &self.labels) {
            (Objective::Supervised, Some(labels)) => Targets::Labels(labels.of(tracks)),
            (Objective::Mae, _) => {
                let kept: Vec<Vec<usize>> = masks.iter().map(|mask| mask.of(0).to_vec()).collect();
                Targets::Patches {
                    targets: patch_targets(&self.tokenizer, windows, &kept),
                    kept,
                    positions: self.tokenizer.positions(0).to_vec(),
                }
            }
            _ => Targets::Views,
        }
    }
}

/// All patches of windows as log(1 + power), and which of them were hidden.
pub(super) fn patch_targets<W: AsRef<[f32]> + Sync>(
    tokenizer: &Tokenizer,
    windows: &[W],
    kept: &[Vec<usize>],
) -> PatchTargets {
    let mut values = tokenizer.patches(0, windows);
    for value in &mut values {
        *value = value.ln_1p();
    }
    let rows = values.len() / PATCH_VALUES;
    let mut hidden = vec![1.0; rows];
    for (row, kept) in hidden
        .chunks_mut((rows / kept.len().max(1)).max(1))
        .zip(kept)
    {
        for &token in kept {
            if let Some(flag) = row.get_mut(token) {
                *flag = 0.0;
            }
        }
    }
    PatchTargets { values, hidden }
}
