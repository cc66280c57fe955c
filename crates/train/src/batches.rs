//! What a step trains on: a pure function of (seed, step), so that it can be made ahead of time on another thread.

use super::{
    Objective, TrainConfig, TrainError,
    labels::Labels,
    learner::{StepInput, Targets},
    mels::Mels,
    sampler::Sampler,
};
use crate::objective::{Moment, PatchTargets, Supervision, effective_gamma};
use mynascope_encoder::{Gather, HostTokens, gather_patches, gather_positions, positions};
use mynascope_spectrum::tokens::{
    PATCH_VALUES, PatchGrid, PatchShape, View, ViewPair, WINDOW_FRAMES, draw_views,
};

use super::Schedule;

/// Cuts crops and gathers kept patches; nothing else goes to the device.
pub(super) struct Batches<'a> {
    config: &'a TrainConfig,
    mels: &'a Mels,
    sampler: Sampler,
    dim: usize,
    /// Grid and position table of each patch shape.
    shapes: Vec<(PatchShape, PatchGrid, Vec<f32>)>,
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
        let shapes = config.patch.shapes().iter().map(|&shape| {
            let grid = shape.grid(WINDOW_FRAMES);
            (shape, grid, positions(grid, dim))
        });
        Self {
            config,
            mels,
            sampler,
            dim,
            shapes: shapes.collect(),
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
        let mut views: Vec<(&View, Vec<f32>)> = Vec::with_capacity(sides * tracks.len());
        for side in 0..sides {
            for (&track, pair) in tracks.iter().zip(&pairs) {
                if let Some(view) = pair.get(side) {
                    let mel = self.mels.window(track, view.start_frame, WINDOW_FRAMES)?;
                    views.push((view, mel));
                }
            }
        }
        let batches = self.shapes.iter().map(|(shape, grid, table)| {
            let windows: Vec<Gather<'_>> = views
                .iter()
                .map(|(view, mel)| Gather {
                    mel,
                    start_frame: 0,
                    kept: view.kept(*shape),
                })
                .collect();
            HostTokens {
                patches: gather_patches(&windows, *grid),
                positions: gather_positions(
                    windows.iter().map(|window| window.kept),
                    table,
                    self.dim,
                ),
                tokens: windows.first().map_or(0, |window| window.kept.len()),
                windows: windows.len(),
            }
        });
        Ok(StepInput {
            batches: batches.collect(),
            targets: self.targets(&tracks, &views),
            moment: Moment {
                epoch,
                gamma: self.gamma(epoch),
            },
            tracks,
        })
    }

    fn targets(&self, tracks: &[usize], views: &[(&View, Vec<f32>)]) -> Targets {
        match (self.config.objective, &self.labels, self.shapes.first()) {
            (Objective::Supervised, Some(labels), _) => Targets::Labels(labels.of(tracks)),
            (Objective::Mae, _, Some((shape, grid, table))) => {
                let kept: Vec<Vec<usize>> = views
                    .iter()
                    .map(|(view, _)| view.kept(*shape).to_vec())
                    .collect();
                let mels = views.iter().map(|(_, mel)| mel.as_slice());
                Targets::Patches {
                    targets: patch_targets(mels, &kept, *grid),
                    kept,
                    positions: table.clone(),
                }
            }
            _ => Targets::Views,
        }
    }
}

/// All patches of windows as log(1 + power), and which of them were hidden.
pub(super) fn patch_targets<'a>(
    mels: impl Iterator<Item = &'a [f32]>,
    kept: &[Vec<usize>],
    grid: PatchGrid,
) -> PatchTargets {
    let all: Vec<usize> = (0..grid.tokens()).collect();
    let windows: Vec<Gather<'_>> = mels
        .map(|mel| Gather {
            mel,
            start_frame: 0,
            kept: &all,
        })
        .collect();
    let mut values = gather_patches(&windows, grid);
    for value in &mut values {
        *value = value.ln_1p();
    }
    let mut hidden = vec![1.0; values.len() / PATCH_VALUES];
    for (row, kept) in hidden.chunks_mut(grid.tokens()).zip(kept) {
        for &token in kept {
            if let Some(flag) = row.get_mut(token) {
                *flag = 0.0;
            }
        }
    }
    PatchTargets { values, hidden }
}
