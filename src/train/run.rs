//! The loop.

use std::{
    path::Path,
    thread,
    time::{Duration, Instant},
};

use burn::tensor::backend::Backend;

use super::{
    BatchMatrix, Objective, ProbeRecord, Schedule, StepRecord, TrainConfig, TrainControl,
    TrainError, TrainEvent, TrainSummary, Trainable,
    batches::Batches,
    folder::{Best, Checkpoint, Manifest, RunFolder},
    labels::Labels,
    learner::{Learner, LearnerSetup, OptimiserState, StepInput, StepRule},
    mels::{self, Mels},
    sampler::Sampler,
    spike::SpikeFlag,
    style_probe::StyleProbe,
    tensorboard::EventFile,
};
use crate::{
    collection::Collection,
    encoder::{
        CheckpointError, CheckpointRef, DeviceJob, EncoderError, Weights, encoder_layout,
        find_place, load_weights, on_place,
    },
    objective::Memory,
};

/// Steps with numbers that are not finite, in a row, after which a run ends.
const MAX_BAD_STEPS: u64 = 5;

/// Between two batch matrices that are handed out.
const MATRIX_PAUSE: Duration = Duration::from_millis(200);

/// Bytes of activations that one chunk may take where no chunk is named, on the CPU and elsewhere.
const ACTIVATION_BYTES: [usize; 2] = [1 << 30, 8 << 30];

/// Trains an encoder on a collection into a new run folder `out`. The events come in order, from this thread.
pub fn run(
    config: &TrainConfig,
    collection: &Collection,
    out: &Path,
    control: &TrainControl,
    events: &mut dyn FnMut(TrainEvent),
) -> Result<TrainSummary, TrainError> {
    config.validate()?;
    let labels = labels(config, collection)?;
    let collection = labels.as_ref().map_or(collection, |l| &l.collection);
    // Found before hours of mels are computed for nothing.
    let weights = first_weights(config, labels.as_ref())?;
    let place = find_place(config.device).map_err(EncoderError::from)?;
    let folder = RunFolder::create(out, config)?;
    if let Some(labels) = &labels {
        folder.save_labels(&labels.meaning)?;
    }
    let mels = readable(config, collection, control, events)?;
    let probe = probe(config, control, events)?;
    let sampler = sampler(config, mels.len(), events);
    let start = Checkpoint {
        manifest: manifest(config, &sampler, &mels, 0, 0),
        weights,
        optimiser: OptimiserState::default(),
        memory: memory(config, mels.len()),
    };
    let job = TrainJob {
        config,
        folder: &folder,
        mels: &mels,
        labels: labels.as_ref(),
        probe,
        sampler,
        start,
        done: Vec::new(),
        board: board(config, &folder)?,
        probed: None,
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
    let labels = labels(&config, collection)?;
    let collection = labels.as_ref().map_or(collection, |l| &l.collection);
    let place = find_place(config.device).map_err(EncoderError::from)?;
    let tail = config.tail(outputs(labels.as_ref()));
    let start = folder.newest(config.encoder_config(), &tail, &|tracks| {
        memory(&config, tracks)
    })?;
    if start.manifest.step >= config.steps {
        return Err(TrainError::NoRun {
            why: format!(
                "it has done all its {} steps; ask for more with --steps",
                start.manifest.step
            ),
            path: folder.path,
        });
    }
    let mels = readable(&config, collection, control, events)?;
    let sampler = sampler(&config, mels.len(), events);
    let found = manifest(&config, &sampler, &mels, 0, 0);
    if let Some(why) = other_tracks(&start.manifest, &found) {
        return Err(TrainError::NoRun {
            why,
            path: folder.path,
        });
    }
    let probe = probe(&config, control, events)?;
    folder.save_config(&config)?;
    let done = folder.rewind_log(start.manifest.step)?;
    let job = TrainJob {
        config: &config,
        folder: &folder,
        mels: &mels,
        labels: labels.as_ref(),
        probe,
        sampler,
        start,
        done,
        board: board(&config, &folder)?,
        probed: None,
        control,
        events,
    };
    on_place(&place, job)?
}

/// Why a collection is not the one that a run was trained on.
fn other_tracks(run: &Manifest, found: &Manifest) -> Option<String> {
    let goes_on = "give it the collection that it was trained on";
    if run.tracks != found.tracks {
        return Some(format!(
            "it was trained on {} tracks, and this collection has {} readable ones; {goes_on}",
            run.tracks, found.tracks
        ));
    }
    if run.names != found.names {
        return Some(format!(
            "it was trained on {} tracks of other names or in another order; {goes_on}",
            run.tracks
        ));
    }
    (!run.content.is_empty() && run.content != found.content).then(|| {
        format!("the tracks have the same names but another sound than those it was trained on; {goes_on}")
    })
}

fn labels(config: &TrainConfig, collection: &Collection) -> Result<Option<Labels>, TrainError> {
    if config.objective == Objective::Supervised {
        Labels::find(config.task, collection).map(Some)
    } else {
        Ok(None)
    }
}

fn outputs(labels: Option<&Labels>) -> usize {
    labels.map_or(0, |labels| labels.meaning.outputs.len())
}

fn memory(config: &TrainConfig, tracks: usize) -> Memory {
    let objective = config.contrastive(tracks);
    objective.map_or_else(Memory::default, |objective| objective.memory(tracks))
}

/// Fresh weights, or those of `init` with a fresh head.
fn first_weights(config: &TrainConfig, labels: Option<&Labels>) -> Result<Weights, TrainError> {
    let sizes = config.encoder_config();
    let tail = config.tail(outputs(labels));
    let mut weights = Weights::random(sizes, &tail, config.seed)?;
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

/// Which weights change, one a tensor.
fn trained(config: &TrainConfig, weights: &Weights) -> Vec<bool> {
    let sizes = config.encoder_config();
    let in_encoder = encoder_layout(&sizes).len();
    let is_late = |name: &str, blocks: usize| {
        let layer = name
            .strip_prefix("transformer.layers.")
            .and_then(|rest| rest.split('.').next()?.parse::<usize>().ok());
        match layer {
            Some(layer) => layer + blocks >= sizes.depth,
            None => name.starts_with("transformer.norm."),
        }
    };
    weights
        .tensors
        .iter()
        .enumerate()
        .map(|(number, tensor)| {
            number >= in_encoder
                || match config.trainable {
                    Trainable::All => true,
                    Trainable::Last(blocks) => is_late(&tensor.spec.name, blocks),
                    Trainable::Head => false,
                }
        })
        .collect()
}

fn readable(
    config: &TrainConfig,
    collection: &Collection,
    control: &TrainControl,
    events: &mut dyn FnMut(TrainEvent),
) -> Result<Mels, TrainError> {
    let mels = mels::compute(collection, config.mels.as_deref(), control, events)?;
    if mels.len() < 2 {
        return Err(TrainError::TooFewTracks {
            readable: mels.len(),
            given: collection.tracks.len(),
        });
    }
    events(TrainEvent::Note(format!(
        "{} tracks, their mel-spectrograms take {:.1} MB on disk",
        mels.len(),
        mels.bytes() as f64 / 1e6
    )));
    Ok(mels)
}

fn probe(
    config: &TrainConfig,
    control: &TrainControl,
    events: &mut dyn FnMut(TrainEvent),
) -> Result<Option<StyleProbe>, TrainError> {
    if config.probe_every == 0 {
        return Ok(None);
    }
    StyleProbe::open(config, control, events).map(Some)
}

fn board(config: &TrainConfig, folder: &RunFolder) -> Result<Option<EventFile>, TrainError> {
    if config.tensorboard {
        Ok(Some(EventFile::create(&folder.path)?))
    } else {
        Ok(None)
    }
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
        content: mels.digest(),
        updates,
        files: Vec::new(),
    }
}

/// Learning rate of a step. With `warmup_steps`: linear warm-up, then constant or half a cosine down, step by step.
/// Without: by epoch, as Myna's `train.py`.
fn learning_rate(config: &TrainConfig, step: u64, epoch: u64, epochs: u64) -> f64 {
    let falling = |done: u64, length: u64| {
        let part = (done as f64 / length.max(1) as f64).min(1.0);
        config.learning_rate * 0.5 * (1.0 + (std::f64::consts::PI * part).cos())
    };
    let rising = |done: u64, length: u64| config.learning_rate * (done + 1) as f64 / length as f64;
    match (config.warmup_steps, config.schedule) {
        (Some(length), _) if step < length => rising(step, length),
        (_, Schedule::Constant) => config.learning_rate,
        (Some(length), Schedule::Cosine) => {
            falling(step - length, config.steps.saturating_sub(length))
        }
        (None, Schedule::Cosine) if epoch < config.warmup_epochs => {
            rising(epoch, config.warmup_epochs)
        }
        (None, Schedule::Cosine) => falling(
            epoch - config.warmup_epochs,
            epochs.saturating_sub(config.warmup_epochs),
        ),
    }
}

/// Tracks that are embedded at once: as named, else as many as keep the activations within bounds. One token takes some
/// 30 numbers of its width a layer until its gradient is known.
fn chunk(config: &TrainConfig, place: &str) -> usize {
    if let Some(chunk) = config.chunk {
        return chunk.max(1);
    }
    let sizes = config.encoder_config();
    let kept = 48 - crate::tokens::dropped_tokens(config.mask_ratio, 48);
    let views = if config.objective.is_contrastive() {
        2
    } else {
        1
    };
    let mut per_track = views * kept * config.patch.shapes().len() * sizes.depth;
    if config.objective == Objective::Mae {
        per_track += 48 * config.decoder_layers;
    }
    let bytes = per_track * sizes.dim * 30 * size_of::<f32>();
    let [on_cpu, elsewhere] = ACTIVATION_BYTES;
    let most = if place == "cpu" { on_cpu } else { elsewhere };
    (most / bytes.max(1)).max(1)
}

/// A run with everything it needs, waiting for its backend.
struct TrainJob<'a> {
    config: &'a TrainConfig,
    folder: &'a RunFolder,
    mels: &'a Mels,
    labels: Option<&'a Labels>,
    probe: Option<StyleProbe>,
    sampler: Sampler,
    start: Checkpoint,
    /// Steps of earlier calls.
    done: Vec<StepRecord>,
    /// For TensorBoard, where that was asked for.
    board: Option<EventFile>,
    /// The newest look at styles.
    probed: Option<ProbeRecord>,
    control: &'a TrainControl,
    events: &'a mut dyn FnMut(TrainEvent),
}

impl DeviceJob for TrainJob<'_> {
    type Output = Result<TrainSummary, TrainError>;

    fn run<B: Backend>(mut self, device: B::Device) -> Self::Output {
        let started = self.start.manifest.updates > 0;
        let mut learner = Learner::<B>::new(
            LearnerSetup {
                weights: &self.start.weights,
                trained: trained(self.config, &self.start.weights),
                optimiser: self.config.optimiser,
                state: started.then_some(&self.start.optimiser),
                averages: self.config.ema > 0.0,
                objective: self.config.contrastive(self.mels.len()),
                memory: self.start.memory.clone(),
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
}

impl TrainJob<'_> {
    fn train<B: Backend>(
        &mut self,
        learner: &mut Learner<B>,
        batches: &Batches<'_>,
        inputs: &Inputs,
    ) -> Result<TrainSummary, TrainError> {
        let config = self.config;
        let epochs = config.steps.div_ceil(self.sampler.steps_per_epoch());
        let mut step = self.start.manifest.step;
        let mut total = Totals::default();
        let mut spikes = SpikeFlag::default();
        for record in &self.done {
            spikes.take(record.loss);
        }
        let mut saved = None;
        let mut shown = None;
        if step == 0 {
            // Shows before the first step that a checkpoint can be kept, and is where a run begins that is killed soon.
            self.write(learner, 0)?;
            self.look(learner, 0)?;
        }
        while step < config.steps {
            while self.wait_while_paused() {
                saved = Some(self.save(learner, step)?);
            }
            let began = Instant::now();
            let input = inputs.recv().map_err(|_| {
                TrainError::Settings("the thread that prepares the input has ended".into())
            })??;
            let waited = began.elapsed().as_secs_f64();
            let epoch = self.sampler.epoch(step);
            let views = input.batches.first().map_or(0, |batch| batch.windows) as f64;
            let learning_rate = learning_rate(config, step, epoch, epochs);
            let rule = StepRule {
                learning_rate,
                weight_decay: config.weight_decay,
                clip_norm: config.clip_norm,
                chunk: chunk(config, &config.device.to_string()),
                ema: config.ema,
                matrix: self.matrix_side(shown),
            };
            let tracks: Vec<usize> = input.tracks.iter().copied().take(rule.matrix).collect();
            let result = learner
                .step(input, rule)
                .map_err(|why| self.device_failed(why))?;
            let took = began.elapsed().as_secs_f64();
            step += 1;
            if result.applied {
                total.bad = 0;
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
                    accuracy: result.accuracy,
                    gamma: config
                        .objective
                        .is_contrastive()
                        .then(|| batches.gamma(epoch)),
                    stall: waited / took.max(1e-9),
                    spike: spikes.take(result.loss),
                };
                if record.spike {
                    (self.events)(TrainEvent::Note(format!(
                        "the loss jumped to {:.4} at step {step}; if it stays there, go back to an earlier checkpoint with a lower learning rate",
                        record.loss
                    )));
                }
                self.log(&record)
                    .map_err(|error| self.cannot_keep(step, &error))?;
                self.done.push(record.clone());
                (self.events)(TrainEvent::Step(record));
                if let Some(cosines) = result.matrix {
                    shown = Some(Instant::now());
                    let paths = tracks
                        .iter()
                        .filter_map(|&t| self.mels.paths.get(t).cloned());
                    (self.events)(TrainEvent::Batch(BatchMatrix {
                        step,
                        tracks: paths.collect(),
                        cosines,
                    }));
                }
            } else {
                total.bad += 1;
                total.skipped += 1;
                (self.events)(TrainEvent::SkippedStep {
                    step,
                    in_a_row: total.bad,
                });
            }
            if config.probe_every > 0 && step.is_multiple_of(config.probe_every) {
                self.look(learner, step)?;
            }
            let broke_down = total.bad >= MAX_BAD_STEPS;
            let stopped = self.control.is_stopped() || broke_down;
            let asked = self.control.takes_save();
            if step == config.steps || stopped || asked || step.is_multiple_of(config.save_every) {
                saved = Some(self.save(learner, step)?);
            }
            if broke_down {
                return Err(TrainError::NotFinite {
                    in_a_row: total.bad,
                    step,
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
            notes: Vec::new(),
        };
        (self.events)(TrainEvent::Finished(summary.clone()));
        Ok(summary)
    }

    /// Tracks of the batch matrix of the next step; 0 for none.
    fn matrix_side(&self, shown: Option<Instant>) -> usize {
        let due = shown.is_none_or(|shown| shown.elapsed() >= MATRIX_PAUSE);
        if due && self.control.shows_batches() && self.config.objective.is_contrastive() {
            BatchMatrix::MOST.min(self.sampler.batch)
        } else {
            0
        }
    }

    fn log(&mut self, record: &StepRecord) -> Result<(), TrainError> {
        self.folder.log(record)?;
        if let Some(board) = &mut self.board {
            board.step(record)?;
        }
        Ok(())
    }

    fn device_failed(&self, why: String) -> TrainError {
        TrainError::Encoder(EncoderError::Compute {
            device: self.config.device.to_string(),
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
    fn save<B: Backend>(
        &mut self,
        learner: &Learner<B>,
        step: u64,
    ) -> Result<std::path::PathBuf, TrainError> {
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

    fn write<B: Backend>(
        &self,
        learner: &Learner<B>,
        step: u64,
    ) -> Result<std::path::PathBuf, TrainError> {
        let weights = learner.weights().map_err(|why| self.device_failed(why))?;
        let optimiser = learner.optimiser().map_err(|why| self.device_failed(why))?;
        let manifest = manifest(
            self.config,
            &self.sampler,
            self.mels,
            step,
            optimiser.updates,
        );
        self.folder.save_step(
            manifest,
            &weights,
            &optimiser,
            learner.memory(),
            self.config.keep,
        )
    }

    /// Looks how well styles are told apart, if that was asked for.
    fn look<B: Backend>(&mut self, learner: &Learner<B>, step: u64) -> Result<(), TrainError> {
        let Some(probe) = &self.probe else {
            return Ok(());
        };
        let record = ProbeRecord {
            step,
            accuracy: probe.look(self.config, learner)?,
        };
        self.folder.log_probe(&record)?;
        if let Some(board) = &mut self.board {
            board.probe(&record)?;
        }
        self.probed = Some(record.clone());
        (self.events)(TrainEvent::Probe(record));
        Ok(())
    }

    /// The last look at styles decides where there is one, else the mean loss since the last checkpoint.
    fn note_best(&self, step: u64) -> Result<(), TrainError> {
        if let Some(probed) = &self.probed {
            let best = self.folder.best();
            if best.is_none_or(|best| best.step >= step || probed.accuracy >= best.score) {
                self.folder.save_best(&Best {
                    step,
                    score: probed.accuracy,
                    of: "share of demo tracks among their style".into(),
                })?;
            }
            return Ok(());
        }
        let since = step.saturating_sub(self.config.save_every);
        let losses: Vec<f64> = self
            .done
            .iter()
            .filter(|record| record.step > since)
            .map(|record| record.loss)
            .collect();
        if losses.is_empty() {
            return Ok(());
        }
        let score = -losses.iter().sum::<f64>() / losses.len() as f64;
        let best = self.folder.best();
        if best.is_none_or(|best| best.step >= step || score > best.score) {
            self.folder.save_best(&Best {
                step,
                score,
                of: "minus the mean loss since the checkpoint before".into(),
            })?;
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
            thread::sleep(Duration::from_millis(20));
        }
        (self.events)(TrainEvent::Resumed);
        false
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
        assert!((learning_rate(&config, 0, 0, 110) - 0.1).abs() < 1e-12);
        assert_eq!(learning_rate(&config, 0, 10, 110), 1.0);
        assert!((learning_rate(&config, 0, 60, 110) - 0.5).abs() < 1e-12);
        assert!(learning_rate(&config, 0, 110, 110) < 1e-12);
        let constant = TrainConfig::default();
        assert_eq!(learning_rate(&constant, 0, 77, 100), constant.learning_rate);
        // Counted in steps, under either schedule.
        for schedule in Schedule::ALL {
            let config = TrainConfig {
                schedule,
                warmup_steps: Some(20),
                steps: 120,
                ..config.clone()
            };
            assert!((learning_rate(&config, 4, 0, 1) - 0.25).abs() < 1e-12);
            let late = learning_rate(&config, 70, 0, 1);
            let expected = if schedule == Schedule::Cosine {
                0.5
            } else {
                1.0
            };
            assert!((late - expected).abs() < 1e-12);
        }
    }
}
