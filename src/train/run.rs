//! The loop.

use std::{
    path::Path,
    thread,
    time::{Duration, Instant},
};

use burn::tensor::backend::Backend;

use super::{
    Objective, Schedule, StepRecord, TrainConfig, TrainControl, TrainError, TrainEvent,
    TrainSummary,
    folder::{Checkpoint, Manifest, RunFolder},
    learner::{Learner, OptimiserState, StepInput, StepRule},
    mels::{self, Mels},
    sampler::Sampler,
};
use crate::{
    collection::Collection,
    encoder::{
        CheckpointError, CheckpointRef, DeviceJob, EncoderError, Gather, HostTokens, Weights,
        find_place, gather_patches, gather_positions, load_weights, on_place, positions,
    },
    objective::{Sogclr, SogclrMemory, TemperatureRule, effective_gamma},
    tokens::{PatchGrid, PatchShape, ViewPair, WINDOW_FRAMES, draw_views},
};

/// Steps with numbers that are not finite, in a row, after which a run ends.
const MAX_BAD_STEPS: u64 = 5;

/// Trains an encoder on a collection into a new run folder `out`. The events come in order, from this thread.
pub fn run(
    config: &TrainConfig,
    collection: &Collection,
    out: &Path,
    control: &TrainControl,
    events: &mut dyn FnMut(TrainEvent),
) -> Result<TrainSummary, TrainError> {
    config.validate()?;
    // Found before hours of mels are computed for nothing.
    let weights = first_weights(config)?;
    let place = find_place(config.device).map_err(EncoderError::from)?;
    let folder = RunFolder::create(out, config)?;
    let mels = readable(collection, control, events)?;
    let sampler = sampler(config, mels.mels.len(), events);
    let memory = SogclrMemory::new(mels.mels.len(), &objective(config));
    let start = Checkpoint {
        manifest: manifest(config, &sampler, &mels, 0, 0),
        weights,
        optimiser: OptimiserState::default(),
        memory,
    };
    let job = TrainJob {
        config,
        folder: &folder,
        mels: &mels,
        sampler,
        start,
        done: Vec::new(),
        control,
        events,
    };
    on_place(&place, job)?
}

/// Goes on with the run in `folder` from its newest complete checkpoint, with the settings of that run; `steps` sets
/// another last step. The collection must be the one it was trained on.
pub fn resume(
    folder: &Path,
    steps: Option<u64>,
    collection: &Collection,
    control: &TrainControl,
    events: &mut dyn FnMut(TrainEvent),
) -> Result<TrainSummary, TrainError> {
    let (folder, mut config) = RunFolder::open(folder)?;
    if let Some(steps) = steps {
        config.steps = steps;
    }
    config.validate()?;
    let place = find_place(config.device).map_err(EncoderError::from)?;
    let start = folder.newest(config.encoder_config(), &config.head)?;
    if start.manifest.step >= config.steps {
        return Err(TrainError::NoRun {
            why: format!(
                "it has done all its {} steps; ask for more with --steps",
                start.manifest.step
            ),
            path: folder.path,
        });
    }
    let mels = readable(collection, control, events)?;
    let sampler = sampler(&config, mels.mels.len(), events);
    let expected = manifest(&config, &sampler, &mels, 0, 0);
    if (expected.tracks, &expected.names) != (start.manifest.tracks, &start.manifest.names) {
        return Err(TrainError::NoRun {
            why: format!(
                "it was trained on {} tracks, and the collection has {} readable ones or others; give it the same tracks",
                start.manifest.tracks, expected.tracks
            ),
            path: folder.path,
        });
    }
    folder.save_config(&config)?;
    let done = folder.rewind_log(start.manifest.step)?;
    let job = TrainJob {
        config: &config,
        folder: &folder,
        mels: &mels,
        sampler,
        start,
        done,
        control,
        events,
    };
    on_place(&place, job)?
}

/// Fresh weights, or those of `init` with a fresh head.
fn first_weights(config: &TrainConfig) -> Result<Weights, TrainError> {
    let sizes = config.encoder_config();
    let mut weights = Weights::random(sizes, &config.head, config.seed)?;
    let init = config.init.clone().map(CheckpointRef::File);
    if let Some(path) = init.map(|init| init.resolve()).transpose()?.flatten() {
        let trained = load_weights(&path, Some(config.patch))?;
        if trained.config != sizes {
            return Err(CheckpointError::Unfit {
                why: format!(
                    "it is a {} {} encoder, and a {} {} one is to be trained",
                    trained.config.size_name(),
                    trained.config.kind,
                    sizes.size_name(),
                    sizes.kind
                ),
                path,
            }
            .into());
        }
        for (slot, tensor) in weights.tensors.iter_mut().zip(trained.tensors) {
            *slot = tensor;
        }
    }
    Ok(weights)
}

fn readable(
    collection: &Collection,
    control: &TrainControl,
    events: &mut dyn FnMut(TrainEvent),
) -> Result<Mels, TrainError> {
    let mels = mels::compute(collection, control, events)?;
    if mels.mels.len() < 2 {
        return Err(TrainError::TooFewTracks {
            readable: mels.mels.len(),
            given: collection.tracks.len(),
        });
    }
    events(TrainEvent::Note(format!(
        "{} tracks, their mel-spectrograms take {:.1} MB of memory",
        mels.mels.len(),
        mels.bytes() as f64 / 1e6
    )));
    Ok(mels)
}

fn sampler(config: &TrainConfig, tracks: usize, events: &mut dyn FnMut(TrainEvent)) -> Sampler {
    if config.batch > tracks {
        events(TrainEvent::Note(format!(
            "the batch is {tracks} tracks instead of {}: a batch holds no track twice",
            config.batch
        )));
    }
    Sampler {
        seed: config.seed,
        tracks,
        batch: config.batch.min(tracks),
    }
}

fn objective(config: &TrainConfig) -> Sogclr {
    Sogclr {
        tau: config.tau,
        temperatures: match config.objective {
            Objective::Sogclr => None,
            Objective::Isogclr => Some(TemperatureRule::default()),
        },
    }
}

fn manifest(
    config: &TrainConfig,
    sampler: &Sampler,
    mels: &Mels,
    step: u64,
    updates: u64,
) -> Manifest {
    Manifest {
        step,
        seed: config.seed,
        batch: sampler.batch,
        tracks: sampler.tracks,
        names: blake3::hash(mels.names.join("\n").as_bytes())
            .to_hex()
            .to_string(),
        updates,
        files: Vec::new(),
    }
}

/// Learning rate of an epoch: constant, or linear warm-up and then half a cosine down (Myna, `train.py`).
fn learning_rate(config: &TrainConfig, epoch: u64, epochs: u64) -> f64 {
    match config.schedule {
        Schedule::Constant => config.learning_rate,
        Schedule::Cosine if epoch < config.warmup_epochs => {
            config.learning_rate * (epoch + 1) as f64 / config.warmup_epochs as f64
        }
        Schedule::Cosine => {
            let length = epochs.saturating_sub(config.warmup_epochs).max(1) as f64;
            let part = ((epoch - config.warmup_epochs) as f64 / length).min(1.0);
            config.learning_rate * 0.5 * (1.0 + (std::f64::consts::PI * part).cos())
        }
    }
}

/// A run with everything it needs, waiting for its backend.
struct TrainJob<'a> {
    config: &'a TrainConfig,
    folder: &'a RunFolder,
    mels: &'a Mels,
    sampler: Sampler,
    start: Checkpoint,
    /// Steps of earlier calls.
    done: Vec<StepRecord>,
    control: &'a TrainControl,
    events: &'a mut dyn FnMut(TrainEvent),
}

impl DeviceJob for TrainJob<'_> {
    type Output = Result<TrainSummary, TrainError>;

    fn run<B: Backend>(mut self, device: B::Device) -> Self::Output {
        let mut learner = Learner::<B>::new(
            &self.start.weights,
            (self.start.manifest.updates > 0).then_some(&self.start.optimiser),
            objective(self.config),
            self.start.memory.clone(),
            device,
        );
        self.train(&mut learner)
    }
}

impl TrainJob<'_> {
    fn train<B: Backend>(&mut self, learner: &mut Learner<B>) -> Result<TrainSummary, TrainError> {
        let config = self.config;
        let failed = |why| {
            TrainError::Encoder(EncoderError::Compute {
                device: config.device.to_string(),
                why,
            })
        };
        let not_saved = |error| match error {
            SaveError::Device(why) => failed(why),
            SaveError::Train(error) => error,
        };
        let batches = Batches::new(config, self.mels);
        let epochs = config.steps.div_ceil(self.sampler.steps_per_epoch());
        let (mut step, mut skipped, mut bad) = (self.start.manifest.step, 0, 0);
        let mut seconds = 0.0;
        let mut windows = 0.0;
        let mut saved = None;
        while step < config.steps {
            while self.wait_while_paused() {
                saved = Some(self.save(learner, step).map_err(not_saved)?);
            }
            let began = Instant::now();
            let epoch = self.sampler.epoch(step);
            let tracks = self.sampler.batch_of(step);
            let learning_rate = learning_rate(config, epoch, epochs);
            let input = StepInput {
                batches: batches.of(&tracks, epoch),
                gamma: effective_gamma(
                    config.gamma,
                    config.gamma_schedule == Schedule::Cosine,
                    epoch,
                    epochs,
                ),
                first_epoch: epoch == 0,
                tracks,
            };
            let views = 2.0 * input.tracks.len() as f64;
            let rule = StepRule {
                learning_rate,
                weight_decay: config.weight_decay,
                clip_norm: config.clip_norm,
            };
            let result = learner.step(input, rule).map_err(failed)?;
            let took = began.elapsed().as_secs_f64();
            step += 1;
            if result.applied {
                bad = 0;
                seconds += took;
                windows += views;
                let record = StepRecord {
                    step,
                    epoch,
                    loss: result.loss,
                    learning_rate,
                    windows_per_second: views / took.max(1e-9),
                    pos_cosine: result.positive,
                    neg_cosine: result.negative,
                    grad_norm: result.grad_norm,
                };
                self.folder.log(&record)?;
                self.done.push(record.clone());
                (self.events)(TrainEvent::Step(record));
            } else {
                bad += 1;
                skipped += 1;
                (self.events)(TrainEvent::SkippedStep {
                    step,
                    in_a_row: bad,
                });
                if bad >= MAX_BAD_STEPS {
                    return Err(TrainError::NotFinite(bad));
                }
            }
            let stopped = self.control.is_stopped();
            let asked = self.control.takes_save();
            if step == config.steps || stopped || asked || step.is_multiple_of(config.save_every) {
                saved = Some(self.save(learner, step).map_err(not_saved)?);
            }
            if stopped {
                break;
            }
        }
        let stopped = step < config.steps;
        let checkpoint = match saved {
            Some(saved) if stopped => saved,
            _ => {
                let weights = learner.weights().map_err(failed)?;
                self.folder.save_final(&weights, step, config.seed)?
            }
        };
        let loss = |record: Option<&StepRecord>| record.map_or(f64::NAN, |record| record.loss);
        let summary = TrainSummary {
            steps: step,
            loss_first: loss(self.done.first()),
            loss_last: loss(self.done.last()),
            windows_per_second: if seconds > 0.0 {
                windows / seconds
            } else {
                0.0
            },
            checkpoint,
            stopped,
            skipped_steps: skipped,
            skipped_tracks: self.mels.skipped.clone(),
            notes: Vec::new(),
        };
        (self.events)(TrainEvent::Finished(summary.clone()));
        Ok(summary)
    }

    fn save<B: Backend>(
        &mut self,
        learner: &Learner<B>,
        step: u64,
    ) -> Result<std::path::PathBuf, SaveError> {
        let weights = learner.weights().map_err(SaveError::Device)?;
        let optimiser = learner.optimiser().map_err(SaveError::Device)?;
        let manifest = manifest(
            self.config,
            &self.sampler,
            self.mels,
            step,
            optimiser.updates,
        );
        let path = self
            .folder
            .save_step(manifest, &weights, &optimiser, learner.memory())
            .map_err(SaveError::Train)?;
        (self.events)(TrainEvent::Checkpoint {
            step,
            path: path.clone(),
        });
        Ok(path)
    }

    /// Waits; whether a checkpoint is asked for meanwhile.
    fn wait_while_paused(&mut self) -> bool {
        if !self.control.is_paused() || self.control.is_stopped() {
            return false;
        }
        (self.events)(TrainEvent::Paused);
        while self.control.is_paused() && !self.control.is_stopped() {
            if self.control.takes_save() {
                return true;
            }
            thread::sleep(Duration::from_millis(20));
        }
        (self.events)(TrainEvent::Resumed);
        false
    }
}

enum SaveError {
    Device(String),
    Train(TrainError),
}

/// Cuts crops and gathers kept patches.
struct Batches<'a> {
    config: &'a TrainConfig,
    mels: &'a Mels,
    dim: usize,
    /// Grid and position table of each patch shape.
    shapes: Vec<(PatchShape, PatchGrid, Vec<f32>)>,
}

impl<'a> Batches<'a> {
    fn new(config: &'a TrainConfig, mels: &'a Mels) -> Self {
        let dim = config.encoder_config().dim;
        let shapes = config.patch.shapes().iter().map(|&shape| {
            let grid = shape.grid(WINDOW_FRAMES);
            (shape, grid, positions(grid, dim))
        });
        Self {
            config,
            mels,
            dim,
            shapes: shapes.collect(),
        }
    }

    /// View A of all tracks, then view B, for each patch shape.
    fn of(&self, tracks: &[usize], epoch: u64) -> Vec<HostTokens> {
        let pairs: Vec<(&[f32], ViewPair)> = tracks
            .iter()
            .filter_map(|&track| {
                let mel = self.mels.mels.get(track)?;
                let views = draw_views(
                    self.config.seed,
                    epoch,
                    track as u64,
                    mel.frames(),
                    self.config.mask_kind,
                    self.config.mask_ratio,
                );
                Some((mel.values(), views))
            })
            .collect();
        self.shapes
            .iter()
            .map(|(shape, grid, table)| {
                let side = |second: bool| {
                    pairs.iter().map(move |(mel, [a, b])| {
                        let view = if second { b } else { a };
                        Gather {
                            mel,
                            start_frame: view.start_frame,
                            kept: view.kept(*shape),
                        }
                    })
                };
                let windows: Vec<Gather<'_>> = side(false).chain(side(true)).collect();
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
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_learning_rate_warms_up_and_falls_along_a_cosine() {
        let config = TrainConfig {
            schedule: Schedule::Cosine,
            learning_rate: 1.0,
            ..TrainConfig::default()
        };
        assert!((learning_rate(&config, 0, 110) - 0.1).abs() < 1e-12);
        assert_eq!(learning_rate(&config, 10, 110), 1.0);
        assert!((learning_rate(&config, 60, 110) - 0.5).abs() < 1e-12);
        assert!(learning_rate(&config, 110, 110) < 1e-12);
        let constant = TrainConfig::default();
        assert_eq!(learning_rate(&constant, 77, 100), constant.learning_rate);
    }
}
