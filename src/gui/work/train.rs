//! Background work of the Train layout.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    collection::{self, Collection},
    encoder::{EncoderError, compute_devices},
    gui::{
        logic,
        message::{Message, Outbox},
        model::{
            CurveFile, Devices, JobId, Model, ReadFor, Remedy, TableState, TrainCommand,
            TrainFailure, TrainMessage, TrainPhase, Training, Wanted, command_of, resume_command,
        },
        work::{Workers, curves, past_run, report::Reporter, teller::Teller},
    },
    jobs::{self, Cancel, Job, Watch},
    storage::{self, Folders, StorageError},
    train::{self, TrainConfig, TrainControl, TrainError, TrainSummary},
};

/// Its running job.
#[derive(Default)]
pub struct TrainWork {
    run: Option<(Job, TrainControl)>,
    last: JobId,
    /// Runs and tables that are being read from the disk.
    reads: usize,
}

impl TrainWork {
    /// Whether something is being worked on.
    pub fn is_busy(&self) -> bool {
        self.run.is_some() || self.reads > 0
    }

    fn reads_begin(&mut self, started: std::io::Result<()>) -> Result<(), String> {
        started.map_err(|error| logic::no_thread(&error))?;
        self.reads += 1;
        Ok(())
    }
}

/// When the window closes, a run gets this time to finish its step and write its checkpoint.
const LAST_STEP: Duration = Duration::from_secs(20);

impl Drop for TrainWork {
    fn drop(&mut self) {
        if let Some((job, control)) = self.run.take() {
            control.stop();
            job.cancel();
            let closed = Instant::now();
            while !job.is_finished() && closed.elapsed() < LAST_STEP {
                std::thread::sleep(Duration::from_millis(10));
            }
        }
    }
}

/// Carries out a command.
pub fn apply(model: &mut Model, workers: &mut Workers, command: TrainCommand) {
    if let Err(why) = carry_out(model, workers, command) {
        model.notices.error(why);
    }
}

fn carry_out(
    model: &mut Model,
    workers: &mut Workers,
    command: TrainCommand,
) -> Result<(), String> {
    let training = &mut model.training;
    let run = workers.train.run.as_ref();
    match command {
        TrainCommand::Edit(form) => training.form = *form,
        TrainCommand::Start => start(model, workers),
        TrainCommand::Pause => {
            if let Some((_, control)) = run {
                control.pause();
                training.phase = TrainPhase::Paused;
            }
        }
        TrainCommand::Resume => {
            if let Some((_, control)) = run {
                control.resume();
                training.restart_pace();
                training.phase = TrainPhase::Running;
            }
        }
        TrainCommand::Stop => {
            if let Some((job, control)) = run {
                control.stop();
                // A paused run stops too, and so does the reading of tracks.
                control.resume();
                job.cancel();
                training.phase = TrainPhase::Stopping;
            }
        }
        TrainCommand::SaveNow => {
            if let Some((_, control)) = run {
                control.save_now();
            }
        }
        TrainCommand::GoOn(folder) => go_on(model, workers, folder, None),
        TrainCommand::Mend(remedy) => mend(model, workers, remedy),
        TrainCommand::UseEncoder => {
            if let Some(path) = training.checkpoint() {
                let path = path.to_path_buf();
                use_file(model, path);
            }
        }
        TrainCommand::UseRun(folder) => use_file(model, folder),
        TrainCommand::UseStep(step) => {
            let saved = training.shown().and_then(|run| run.saved_at(step));
            if let Some(saved) = saved {
                // Told beside the bar; a notice for each step of a drag would be a storm.
                model.embeddings.use_file(saved.weights.clone());
            }
        }
        TrainCommand::Copy => {
            let line = match &training.live {
                Some(live) if training.is_active() && live.went_on => resume_command(&live.folder),
                Some(live) if training.is_active() => command_of(&live.config, &live.folder),
                _ => {
                    let config = asked_for(model);
                    let out = next_run_folder(&model.training, &config).map_err(say)?;
                    command_of(&config, &out)
                }
            };
            workers.outbox.copy_text(line);
            model.notices.note("The command is on the clipboard");
        }
        TrainCommand::AskDevices => {
            training.devices = Devices::Asked;
            let outbox = workers.outbox.clone();
            let thread = std::thread::Builder::new().name("devices".to_owned());
            thread
                .spawn(move || {
                    outbox.send(Message::Train(TrainMessage::Devices(compute_devices())));
                })
                .map_err(|error| logic::no_thread(&error))?;
        }
        TrainCommand::ReadRuns => {
            if training.table.state != TableState::Reading {
                training.table.state = TableState::Reading;
                let folder = runs_folder(training).map_err(say)?;
                let started = past_run::read_table(folder, &workers.outbox);
                workers.train.reads_begin(started)?;
            }
        }
        TrainCommand::ShowRun(folder) => {
            let started = past_run::read_aside(ReadFor::Show, folder, &workers.outbox);
            workers.train.reads_begin(started)?;
        }
        TrainCommand::ShowLive => training.past = None,
        TrainCommand::Overlay(Some(folder)) => {
            let started = past_run::read_aside(ReadFor::Overlay, folder, &workers.outbox);
            workers.train.reads_begin(started)?;
        }
        TrainCommand::Overlay(None) => training.overlay = None,
        TrainCommand::OpenFolder(folder) => {
            open_folder(folder, &workers.outbox).map_err(|error| logic::no_thread(&error))?;
        }
        TrainCommand::KeepRunsIn(folder) => {
            training.runs = Some(folder);
            carry_out(model, workers, TrainCommand::ReadRuns)?;
        }
        TrainCommand::Choose(wanted) => {
            let name = training.shown().map(|run| run.name());
            choose(wanted, name, &workers.outbox).map_err(|error| logic::no_thread(&error))?;
        }
        TrainCommand::SetChannel(channel) => training.channel = channel,
        TrainCommand::SetSmoothing(smoothing) => training.set_smoothing(smoothing),
        TrainCommand::SaveCurves(kind, path) => {
            if let Some(sheet) = curves::Sheet::of(model) {
                curves::save(kind, sheet, path, &workers.outbox)
                    .map_err(|error| logic::no_thread(&error))?;
            }
        }
    }
    Ok(())
}

fn say(error: StorageError) -> String {
    error.to_string()
}

fn use_file(model: &mut Model, path: PathBuf) {
    model.embeddings.use_file(path);
    model
        .notices
        .note("Map, probe and lab use this encoder from now on");
}

/// Takes in a message of the background work; what an earlier run still sends is dropped.
pub fn receive(model: &mut Model, workers: &mut Workers, message: TrainMessage) {
    let training = &mut model.training;
    let current = training.job;
    match message {
        TrainMessage::Devices(devices) => training.devices = Devices::Known(devices),
        TrainMessage::Preparing(job, progress) if current == Some(job) => {
            if let TrainPhase::Preparing(_) = training.phase {
                training.phase = TrainPhase::Preparing(progress);
            }
        }
        TrainMessage::Begun(job, mut run) if current == Some(job) => {
            run.smooth(training.smoothing);
            training.live = Some(*run);
        }
        TrainMessage::Note(job, note) if current == Some(job) => {
            if let Some(live) = &mut training.live {
                live.notes.push(note);
            }
        }
        TrainMessage::NotFinite(job, step) if current == Some(job) => {
            if let Some(live) = &mut training.live {
                live.not_finite += 1;
                live.notes.push(format!(
                    "Step {step} gave numbers that are not finite and was not applied"
                ));
            }
        }
        TrainMessage::Steps(job, records, memory) if current == Some(job) => {
            training.take(records);
            training.memory = memory.or(training.memory);
            if let TrainPhase::Preparing(_) = training.phase {
                training.phase = TrainPhase::Running;
                // From now on the table knows the run.
                apply(model, workers, TrainCommand::ReadRuns);
            }
        }
        TrainMessage::Scored(job, probe) if current == Some(job) => {
            if let Some(live) = &mut training.live {
                live.score(&probe);
            }
        }
        TrainMessage::Batch(job, matrix) if current == Some(job) => {
            if let Some(live) = &mut training.live {
                live.matrix = Some(matrix);
            }
        }
        TrainMessage::Saved(job, saved) if current == Some(job) => {
            if let Some(live) = &mut training.live {
                live.saved = saved;
            }
        }
        TrainMessage::Finished(job, summary) if current == Some(job) => {
            workers.train.run = None;
            training.finish(summary);
            apply(model, workers, TrainCommand::ReadRuns);
        }
        TrainMessage::NotBegun(job) if current == Some(job) => {
            workers.train.run = None;
            training.job = None;
            training.live = None;
            training.phase = TrainPhase::Idle;
        }
        TrainMessage::Failed(job, failure) if current == Some(job) => {
            workers.train.run = None;
            training.job = None;
            training.phase = TrainPhase::Failed(failure);
            apply(model, workers, TrainCommand::ReadRuns);
        }
        TrainMessage::Read(what_for, run) => {
            workers.train.reads = workers.train.reads.saturating_sub(1);
            match (what_for, run) {
                (ReadFor::Show, Ok(run)) => training.show_past(*run),
                (ReadFor::Overlay, Ok(mut run)) => {
                    run.smooth(training.smoothing);
                    training.overlay = Some(*run);
                }
                (_, Err(why)) => model.notices.error(why),
            }
        }
        TrainMessage::Runs(rows) => {
            workers.train.reads = workers.train.reads.saturating_sub(1);
            training.table.rows = rows;
            training.table.state = TableState::Read;
        }
        TrainMessage::Chosen(wanted, path) => {
            let command = match wanted {
                Wanted::Run => TrainCommand::ShowRun(path),
                Wanted::Runs => TrainCommand::KeepRunsIn(path),
                Wanted::Init => {
                    let mut form = training.form.clone();
                    form.init = Some(path);
                    TrainCommand::Edit(Box::new(form))
                }
                Wanted::Curves(kind) => TrainCommand::SaveCurves(kind, path),
            };
            apply(model, workers, command);
        }
        TrainMessage::Preparing(..)
        | TrainMessage::Begun(..)
        | TrainMessage::Note(..)
        | TrainMessage::NotFinite(..)
        | TrainMessage::Steps(..)
        | TrainMessage::Scored(..)
        | TrainMessage::Batch(..)
        | TrainMessage::Saved(..)
        | TrainMessage::Finished(..)
        | TrainMessage::NotBegun(_)
        | TrainMessage::Failed(..) => {}
    }
}

/// The form with the open collection.
fn asked_for(model: &Model) -> TrainConfig {
    TrainConfig {
        data: model.library.sources.clone(),
        ..model.training.form.clone()
    }
}

fn start(model: &mut Model, workers: &mut Workers) {
    let config = asked_for(model);
    let training = &mut model.training;
    if training.is_active() {
        return;
    }
    let Some(collection) = &model.library.collection else {
        training.phase = failed(
            "There is no collection to train on; open a folder with music first".to_owned(),
            None,
        );
        return;
    };
    let collection = Arc::clone(collection);
    match next_run_folder(training, &config) {
        Ok(folder) => launch(model, workers, folder, config, What::New(collection)),
        Err(error) => training.phase = failed(error.to_string(), None),
    }
}

/// Goes on with a run in its folder, if need be with other settings.
fn go_on(model: &mut Model, workers: &mut Workers, folder: PathBuf, changed: Option<TrainConfig>) {
    if model.training.is_active() {
        return;
    }
    let shown = model.training.form.clone();
    let config = changed.clone().unwrap_or(shown);
    launch(
        model,
        workers,
        folder,
        config,
        What::GoOn(changed.map(Box::new)),
    );
}

/// Goes on with the run that failed; without a checkpoint it begins anew in another folder.
fn mend(model: &mut Model, workers: &mut Workers, remedy: Remedy) {
    let Some(live) = model.training.live.as_ref() else {
        return;
    };
    let config = remedy.of(&live.config);
    if live.saved.is_empty() {
        model.training.form = TrainConfig {
            data: Vec::new(),
            ..config
        };
        start(model, workers);
    } else {
        let folder = live.folder.clone();
        go_on(model, workers, folder, Some(config));
    }
}

fn launch(
    model: &mut Model,
    workers: &mut Workers,
    folder: PathBuf,
    config: TrainConfig,
    what: What,
) {
    workers.train.last = workers.train.last.next();
    let job = workers.train.last;
    let control = TrainControl::default();
    // Cheap, and the matrix is there as soon as somebody looks.
    control.show_batches(true);
    let order = Order {
        job,
        config: config.clone(),
        folder: folder.clone(),
        control: control.clone(),
        what,
        outbox: workers.outbox.clone(),
    };
    let training = &mut model.training;
    training.begin(job, folder, config);
    match spawn(order) {
        Ok(handle) => workers.train.run = Some((handle, control)),
        Err(error) => training.phase = failed(logic::no_thread(&error), None),
    }
}

fn failed(why: String, remedy: Option<Remedy>) -> TrainPhase {
    TrainPhase::Failed(TrainFailure { why, remedy })
}

fn runs_folder(training: &Training) -> Result<PathBuf, StorageError> {
    match &training.runs {
        Some(folder) => Ok(folder.clone()),
        None => Ok(Folders::of_user()?.data.join("runs")),
    }
}

/// A new folder for a run: `tiny-hybrid-1`, `tiny-hybrid-2`, ...
fn next_run_folder(training: &Training, config: &TrainConfig) -> Result<PathBuf, StorageError> {
    let runs = runs_folder(training)?;
    let free = (1_u32..)
        .map(|number| runs.join(format!("{}-{}-{number}", config.preset, config.patch)))
        .find(|folder| !folder.exists());
    Ok(free.unwrap_or(runs))
}

/// A run to be started.
struct Order {
    job: JobId,
    config: TrainConfig,
    folder: PathBuf,
    control: TrainControl,
    what: What,
    outbox: Outbox,
}

enum What {
    New(Arc<Collection>),
    /// Goes on with the run in the folder, with other settings if there are any.
    GoOn(Option<Box<TrainConfig>>),
}

fn spawn(order: Order) -> std::io::Result<Job> {
    let job = order.job;
    let after = order.outbox.clone();
    jobs::spawn(
        "train",
        move |cancel| {
            let mut teller = Teller::new(job, order.folder.clone(), order.outbox.clone());
            let end = work(&order, cancel, &mut teller);
            teller.end(match end {
                Ok(summary) => TrainMessage::Finished(job, summary),
                Err(TrainError::StoppedEarly) => TrainMessage::NotBegun(job),
                Err(error) => TrainMessage::Failed(job, failure(&error)),
            });
        },
        move |fault| {
            let failure = TrainFailure {
                why: format!(
                    "Training broke off ({fault}), most often for want of memory; its last checkpoint is complete. \
                     Lower the batch or choose another device, and go on"
                ),
                remedy: Some(Remedy::HalveBatch),
            };
            after.send(Message::Train(TrainMessage::Failed(job, failure)));
        },
    )
}

fn work(order: &Order, cancel: &Cancel, teller: &mut Teller) -> Result<TrainSummary, TrainError> {
    let (folder, control) = (order.folder.as_path(), &order.control);
    match &order.what {
        What::New(collection) => {
            train::run(&order.config, collection, folder, control, &mut |event| {
                teller.tell(event);
            })
        }
        What::GoOn(changed) => {
            if let Some(changed) = changed {
                let text = changed.to_toml()?;
                storage::write_atomic(&folder.join("config.toml"), |file| {
                    std::io::Write::write_all(file, text.as_bytes())
                })?;
            }
            let newest = past_run::saved_steps(folder).last().map(|saved| saved.step);
            // Steps after the newest checkpoint are done again.
            let run = past_run::read_run(folder, newest).map_err(|why| TrainError::NoRun {
                why,
                path: folder.to_path_buf(),
            })?;
            let data = run.config.data.clone();
            teller.begun(run);
            let reporter = Reporter::new(&order.outbox, |progress| {
                Message::Train(TrainMessage::Preparing(order.job, progress))
            });
            let report = |progress| reporter.report(progress);
            let watch = Watch::new(cancel.clone(), &report);
            let collection = collection::open(&data, &watch).map_err(|error| {
                if cancel.is_cancelled() {
                    TrainError::StoppedEarly
                } else {
                    TrainError::NoRun {
                        why: error.to_string(),
                        path: folder.to_path_buf(),
                    }
                }
            })?;
            train::resume(folder, None, &collection, control, &mut |event| {
                teller.tell(event);
            })
        }
    }
}

fn failure(error: &TrainError) -> TrainFailure {
    let remedy = match error {
        TrainError::Encoder(EncoderError::Compute { .. }) => Some(Remedy::HalveBatch),
        TrainError::NotFinite { .. } => Some(Remedy::HalveLearningRate),
        _ => None,
    };
    TrainFailure {
        why: error.to_string(),
        remedy,
    }
}

fn choose(wanted: Wanted, name: Option<String>, outbox: &Outbox) -> std::io::Result<()> {
    let outbox = outbox.clone();
    std::thread::Builder::new()
        .name("choose file".to_owned())
        .spawn(move || {
            let dialog = rfd::FileDialog::new();
            let name = name.unwrap_or_else(|| "run".to_owned());
            let chosen = super::choose::dialog(|| match wanted {
                Wanted::Run => dialog.set_title("Choose the folder of a run").pick_folder(),
                Wanted::Runs => dialog
                    .set_title("Choose where new runs are kept")
                    .pick_folder(),
                Wanted::Init => dialog
                    .set_title("Choose the weights to start from")
                    .add_filter("Checkpoints", &["safetensors", "pth"])
                    .pick_file(),
                Wanted::Curves(CurveFile::Png) => dialog
                    .set_title("Save the curves as a picture")
                    .add_filter("PNG", &["png"])
                    .set_file_name(format!("{name} - curves.png"))
                    .save_file(),
                Wanted::Curves(CurveFile::Csv) => dialog
                    .set_title("Save every step as a table")
                    .add_filter("CSV", &["csv"])
                    .set_file_name(format!("{name} - steps.csv"))
                    .save_file(),
            });
            match chosen {
                Ok(Some(path)) => outbox.send(Message::Train(TrainMessage::Chosen(wanted, path))),
                Ok(None) => {}
                Err(why) => outbox.send(Message::Fault(why)),
            }
        })?;
    Ok(())
}

/// Shows a folder in the system's file manager.
fn open_folder(folder: PathBuf, outbox: &Outbox) -> std::io::Result<()> {
    let outbox = outbox.clone();
    let program = if cfg!(target_os = "macos") {
        "open"
    } else if cfg!(windows) {
        "explorer"
    } else {
        "xdg-open"
    };
    std::thread::Builder::new()
        .name("file manager".to_owned())
        .spawn(move || {
            let quiet = std::process::Stdio::null;
            let asked = std::process::Command::new(program)
                .arg(&folder)
                .stdin(quiet())
                .stdout(quiet())
                .stderr(quiet())
                .status();
            if let Err(error) = asked {
                outbox.send(Message::Fault(format!(
                    "No file manager could be asked ({program}: {error}); open the folder yourself: {}",
                    folder.display()
                )));
            }
        })?;
    Ok(())
}
