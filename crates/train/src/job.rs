//! The loop.

use std::{
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

use super::{
    BatchMatrix, Breakdown, Objective, ProbeRecord, StepPicture, StepRecord, StepSnapshot,
    TrainConfig, TrainControl, TrainError, TrainEvent, TrainSummary, Trainable,
    batches::Batches,
    folder::{BestStep, Checkpoint, RunFolder},
    labels::Labels,
    learner::{Averaging, Learner, LearnerSetup, StepInput, StepRule},
    mels::Mels,
    pictures::Pictures,
    run::manifest,
    sampler::Sampler,
    schedule::{chunk, learning_rate},
    spike::SpikeDetector,
    style_probe::{LabelProbe, StyleProbe},
    tensorboard::EventFile,
};
use mynascope_base::jobs::Progress;
use mynascope_encoder::{DeviceJob, EncoderError, Kernels, Weights, say_step_of_run};

/// Steps that are not applied, in a row, after which a run ends.
const MAX_BAD_STEPS: u64 = 5;

/// How often a run that waits looks whether it may go on.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A run with everything it needs, waiting for its backend.
pub(super) struct TrainJob<'a> {
    pub config: &'a TrainConfig,
    pub folder: &'a RunFolder,
    pub mels: &'a Mels,
    pub labels: Option<&'a Labels>,
    pub probe: Option<StyleProbe>,
    pub label_probe: Option<LabelProbe<'a>>,
    pub sampler: Sampler,
    pub start: Checkpoint,
    /// Steps of earlier calls.
    pub done: Vec<StepRecord>,
    /// For TensorBoard, where that was asked for.
    pub board: Option<EventFile>,
    /// The newest look at styles.
    pub probed: Option<ProbeRecord>,
    /// What was seen of the labels of the trained collection before the first step.
    pub first_own: Option<f64>,
    /// The newest batch and map, for the next checkpoint.
    pub snapshot: StepSnapshot,
    /// The device as it is asked for: `cpu`, `gpu:0`.
    pub device: String,
    pub control: &'a TrainControl,
    pub events: &'a mut dyn FnMut(TrainEvent),
}

impl DeviceJob for TrainJob<'_> {
    type Output = Result<TrainSummary, TrainError>;

    fn run<B: Kernels>(mut self, device: B::Device) -> Self::Output {
        let started = self.start.manifest.updates > 0;
        let mut learner = Learner::<B>::new(
            LearnerSetup {
                weights: &self.start.weights,
                trained: trained(self.config, &self.start.weights),
                optimiser: self.config.optimiser,
                state: started.then_some(&self.start.optimiser),
                averages: self.config.ema > 0.0 || self.config.swa.from.is_some(),
                objective: self.config.contrastive(self.mels.len()),
                equivariance: self.config.equivariance(),
                contrast_weight: match self.config.objective {
                    Objective::Mt2 => self.config.mt2.contrast,
                    _ => 1.0,
                },
                data2vec: self.config.hidden_frames(),
                track_state: self.start.track_state.clone(),
                precision: self.config.precision,
            },
            device,
        );
        let first = self.start.manifest.step;
        let batches = Batches::new(self.config, self.mels, self.sampler, self.labels);
        let steps = self.config.steps;
        // The next input is made while a step is computed.
        let (send, receive) = crossbeam_channel::bounded(1);
        thread::scope(|scope| {
            let batches = &batches;
            thread::Builder::new()
                .name("training-input".into())
                .spawn_scoped(scope, move || {
                    for step in first..steps {
                        if send.send(batches.of(step)).is_err() {
                            return;
                        }
                    }
                })
                .map_err(|error| {
                    TrainError::Settings(format!("no thread for the input ({error})"))
                })?;
            let end = self.train(&mut learner, batches, &receive);
            // Ends the thread, which may wait for room.
            drop(receive);
            end
        })
    }
}

/// Inputs of the steps, in order.
type Inputs = crossbeam_channel::Receiver<Result<StepInput, TrainError>>;

/// What is counted over the steps of one call.
#[derive(Default)]
struct Totals {
    seconds: f64,
    waited: f64,
    windows: f64,
    skipped: u64,
    bad: u64,
    /// The first of the bad steps in a row.
    first_bad: u64,
}

impl TrainJob<'_> {
    fn train<B: Kernels>(
        &mut self,
        learner: &mut Learner<B>,
        batches: &Batches<'_>,
        inputs: &Inputs,
    ) -> Result<TrainSummary, TrainError> {
        let config = self.config;
        let epochs = config.steps.div_ceil(self.sampler.steps_per_epoch());
        let mut step = self.start.manifest.step;
        let mut total = Totals::default();
        let mut spikes = SpikeDetector::default();
        // With another batch the loss lies elsewhere.
        if self.start.manifest.batch == self.sampler.batch {
            for record in &self.done {
                spikes.take(record.loss, record.spike);
            }
        }
        let mut saved = None;
        let mut pictures = Pictures::default();
        if step == 0 {
            self.evaluate(learner, 0)?;
            // Shows before the first step that a checkpoint can be kept, and is where a run begins that is killed soon.
            self.write(learner, 0)?;
        }
        while step < config.steps {
            while self.wait_while_paused() {
                saved = Some(self.save(learner, step)?);
            }
            while let Some(left) = self.control.yields()
                && !self.control.is_stopped()
            {
                thread::sleep(left.min(LOOK_EVERY));
            }
            let began = Instant::now();
            let input = inputs.recv().map_err(|_| {
                TrainError::Settings("the thread that prepares the input has ended".into())
            })??;
            let waited = began.elapsed().as_secs_f64();
            let epoch = self.sampler.epoch(step);
            let views = input.batch.windows() as f64;
            let learning_rate = learning_rate(config, step, epoch, epochs);
            let is_shown = self.are_pictures_due(&mut pictures, step + 1);
            let rule = StepRule {
                learning_rate,
                weight_decay: config.weight_decay,
                clip_norm: config.clip_norm,
                chunk: chunk(config, &self.device),
                decays_all: config.objective == Objective::Maest,
                averaging: match config.swa.from {
                    Some(_) => Averaging::Swa {
                        due: (step + 1).is_multiple_of(self.sampler.steps_per_epoch())
                            && config.swa.is_due(epoch + 1),
                    },
                    None => Averaging::Ema(config.ema),
                },
                matrix: match is_shown && config.objective.is_contrastive() {
                    true => BatchMatrix::MOST.min(self.sampler.batch),
                    false => 0,
                },
                most_loss: spikes.limit(),
            };
            let tracks: Vec<usize> = input.tracks.iter().copied().take(rule.matrix).collect();
            let looked = Instant::now();
            let mut picture = None;
            if is_shown {
                picture = self.before_update(learner, batches, &input, step + 1)?;
            }
            let took_before = looked.elapsed();
            let result = learner
                .step(input, rule)
                .map_err(|why| self.device_failed(why))?;
            let jumped = result.loss.is_finite() && spikes.is_jump(result.loss);
            let took = began.elapsed().as_secs_f64();
            step += 1;
            if result.applied {
                total.bad = 0;
            } else {
                total.skipped += 1;
                if total.bad == 0 {
                    total.first_bad = step;
                }
                total.bad += 1;
            }
            // A loss that jumped is part of the curve, though not of the weights.
            if result.applied || jumped {
                total.seconds += took;
                total.waited += waited;
                total.windows += views;
                let record = StepRecord {
                    step,
                    epoch,
                    loss: result.loss,
                    learning_rate,
                    windows_per_second: views / took.max(1e-9),
                    grad_norm: result.grad_norm,
                    contrast: result.contrast,
                    equivariance: result.equivariance,
                    hidden_frames: result.hidden_frames,
                    accuracy: result.accuracy,
                    gamma: config.objective.has_gamma().then(|| batches.gamma(epoch)),
                    stall: Some(waited / took.max(1e-9)),
                    spike: jumped,
                };
                let logged = self
                    .log(&record)
                    .map_err(|error| self.cannot_keep(step, &error))?;
                spikes.take(logged.loss, jumped);
                self.done.push(logged);
                (self.events)(TrainEvent::Step(record));
                if is_shown {
                    let looked = Instant::now();
                    let matrix = result.matrix.map(|cosines| {
                        let paths = tracks
                            .iter()
                            .filter_map(|&t| self.mels.paths.get(t).cloned());
                        StepPicture::Batch(BatchMatrix {
                            step,
                            tracks: paths.collect(),
                            cosines,
                        })
                    });
                    let styles = self.learned_styles(learner, &pictures, step)?;
                    for picture in [picture, matrix, styles].into_iter().flatten() {
                        self.show(picture);
                    }
                    pictures.made(took_before + looked.elapsed());
                }
            }
            let why = if jumped {
                Breakdown::Jumped
            } else {
                Breakdown::NotFinite
            };
            if !result.applied {
                (self.events)(TrainEvent::SkippedStep {
                    step,
                    in_a_row: total.bad,
                    why,
                });
            }
            if config.probe_every > 0 && step.is_multiple_of(config.probe_every) {
                self.evaluate(learner, step)?;
            }
            let broke_down = total.bad >= MAX_BAD_STEPS;
            // Found before the checkpoint that is written now.
            let good = self.folder.newest_before(total.first_bad);
            let stopped = self.control.is_stopped() || broke_down || result.collapse.is_some();
            let asked = self.control.takes_save();
            if step == config.steps || stopped || asked || step.is_multiple_of(config.save_every) {
                saved = Some(self.save(learner, step)?);
            }
            if let Some(what) = result.collapse {
                return Err(TrainError::Collapsed {
                    what,
                    step,
                    good: self.folder.newest_before(step),
                    slower: 0.5 * config.learning_rate,
                    path: self.folder.path.clone(),
                });
            }
            if broke_down {
                return Err(TrainError::BrokeDown {
                    why,
                    in_a_row: total.bad,
                    step,
                    good,
                    slower: 0.5 * config.learning_rate,
                    path: self.folder.path.clone(),
                });
            }
            if stopped {
                break;
            }
        }
        let stopped = step < config.steps;
        let checkpoint = match saved {
            Some(saved) if stopped => saved,
            _ => {
                let weights = learner
                    .best_weights()
                    .map_err(|why| self.device_failed(why))?;
                self.folder.save_final(&weights, step, config.seed)?
            }
        };
        let loss = |record: Option<&StepRecord>| record.map_or(f64::NAN, |record| record.loss);
        let per_second = |amount: f64| {
            if total.seconds > 0.0 {
                amount / total.seconds
            } else {
                0.0
            }
        };
        let summary = TrainSummary {
            steps: step,
            loss_first: loss(self.done.first()),
            loss_last: loss(self.done.last()),
            windows_per_second: per_second(total.windows),
            checkpoint,
            stopped,
            skipped_steps: total.skipped,
            stall: per_second(total.waited),
            skipped_tracks: self.mels.skipped.clone(),
            caveats: self.mels.caveats.clone(),
            notes: say_step_of_run(&self.folder.path)
                .map(|step| format!("the run's folder stands for {step}"))
                .into_iter()
                .collect(),
        };
        (self.events)(TrainEvent::Finished(summary.clone()));
        Ok(summary)
    }

    /// Hands a picture out, and keeps it for the next checkpoint.
    fn show(&mut self, picture: StepPicture) {
        self.snapshot.take(picture.clone());
        (self.events)(TrainEvent::Picture(picture));
    }

    fn log(&mut self, record: &StepRecord) -> Result<StepRecord, TrainError> {
        let logged = self.folder.log(record)?;
        if let Some(board) = &mut self.board {
            board.step(record)?;
        }
        Ok(logged)
    }

    pub(super) fn device_failed(&self, why: String) -> TrainError {
        TrainError::Encoder(EncoderError::Compute {
            device: self.device.clone(),
            why,
        })
    }

    fn cannot_keep(&self, step: u64, error: &TrainError) -> TrainError {
        TrainError::CannotKeep {
            step,
            kept: self.folder.newest_step(),
            why: error.to_string(),
            path: self.folder.path.clone(),
        }
    }

    /// Writes the checkpoint of a step, says so, and looks whether it is the best one.
    fn save<B: Kernels>(&mut self, learner: &Learner<B>, step: u64) -> Result<PathBuf, TrainError> {
        let path = self.write(learner, step).map_err(|error| {
            self.folder.clear_partial(step);
            match error {
                TrainError::Encoder(_) => error,
                other => self.cannot_keep(step, &other),
            }
        })?;
        self.note_best(step)
            .map_err(|error| self.cannot_keep(step, &error))?;
        (self.events)(TrainEvent::Checkpoint {
            step,
            path: path.clone(),
        });
        Ok(path)
    }

    fn write<B: Kernels>(&self, learner: &Learner<B>, step: u64) -> Result<PathBuf, TrainError> {
        let weights = learner.weights().map_err(|why| self.device_failed(why))?;
        let optimiser = learner.optimiser().map_err(|why| self.device_failed(why))?;
        let manifest = manifest(self.config, &self.sampler, self.mels, step, &optimiser);
        self.folder.save_step(
            manifest,
            &weights,
            &optimiser,
            learner.track_state(),
            &self.snapshot,
            self.config.keep,
        )
    }

    /// Looks how well styles are told apart, if that was asked for.
    fn evaluate<B: Kernels>(&mut self, learner: &Learner<B>, step: u64) -> Result<(), TrainError> {
        let Some(probe) = &self.probe else {
            return Ok(());
        };
        if step == 0 {
            (self.events)(TrainEvent::Preparing(Progress {
                what: "looking at the demo tracks before the first step".into(),
                done: 0,
                total: None,
            }));
        }
        let map = probe.evaluate(self.config, learner, step, self.snapshot.map.as_ref())?;
        let own = self.label_probe.as_ref();
        let own = own.map(|probe| probe.evaluate(self.config, learner));
        let record = ProbeRecord {
            step,
            accuracy: map.accuracy,
            own: own.transpose()?,
            tracks: Some([
                map.styles.len(),
                self.label_probe.as_ref().map_or(0, LabelProbe::tracks),
            ]),
        };
        self.show(StepPicture::Map(map));
        self.folder.log_probe(&record)?;
        if let Some(board) = &mut self.board {
            board.probe(&record)?;
        }
        if step == 0 {
            self.first_own = record.own;
        }
        self.probed = Some(record.clone());
        (self.events)(TrainEvent::Probe(record));
        Ok(())
    }

    /// The labels of the trained collection decide where they are looked at and a step did better than the first weights; else the
    /// last step stands for the run.
    fn note_best(&self, step: u64) -> Result<(), TrainError> {
        // A score speaks of the weights that it was taken of.
        let probed = self.probed.as_ref().filter(|it| it.step == step);
        let (Some(score), Some(probe)) = (probed.and_then(|it| it.own), &self.label_probe) else {
            return Ok(());
        };
        let first = self.first_own.unwrap_or(f64::INFINITY);
        let Some(found) = BestStep::of_shares(step, [score, first], probe.tracks()) else {
            return Ok(());
        };
        // What earlier versions chose by is another score.
        let is_better =
            |best: BestStep| best.of != found.of || best.step >= step || score >= best.score;
        if self.folder.best().is_none_or(is_better) {
            self.folder.save_best(&found)?;
        }
        Ok(())
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
            thread::sleep(LOOK_EVERY);
        }
        (self.events)(TrainEvent::Resumed);
        false
    }
}

/// Which weights change, one a tensor.
fn trained(config: &TrainConfig, weights: &Weights) -> Vec<bool> {
    let sizes = config.encoder_config();
    let in_encoder = sizes.trained_parameters().map_or(0, |all| all.len());
    weights
        .tensors
        .iter()
        .enumerate()
        .map(|(number, tensor)| {
            number >= in_encoder
                || match config.trainable {
                    Trainable::All => true,
                    Trainable::Last(blocks) => sizes
                        .blocks_behind(&tensor.spec.name)
                        .is_some_and(|behind| behind < blocks),
                    Trainable::Head => false,
                }
        })
        .collect()
}
