//! Background work of the Train layout.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    encoder::compute_devices,
    gui::{
        command::Command,
        layout::Layout,
        logic,
        message::{Message, Outbox},
        model::{
            ChosenStep, CurveFile, Devices, JobId, MapCommand, Model, ReadFor, Remedy, TableState,
            TrainCommand, TrainFailure, TrainMessage, TrainPhase, Training, Wanted, command_of,
            resume_command,
        },
        work::{
            Workers, curves, fill, past_run,
            train_job::{Order, What, spawn},
        },
    },
    jobs::Job,
    storage::{Folders, StorageError},
    train::{Changes, StepLook, TrainConfig, TrainControl},
};

/// Its running job.
#[derive(Default)]
pub struct TrainWork {
    run: Option<(Job, TrainControl)>,
    last: JobId,
    /// Runs and tables that are being read from the disk.
    reads: usize,
    /// What fills in hidden patches, once that was asked for, and the newest question that has its answer.
    pub(super) fills: Option<fill::FillWork>,
    pub(super) fills_done: u64,
}

impl TrainWork {
    /// Whether something is being worked on.
    pub fn is_busy(&self) -> bool {
        let fills = self.fills.as_ref().map_or(0, fill::FillWork::asked);
        self.run.is_some() || self.reads > 0 || self.fills_done < fills
    }

    /// A run leaves the machine to what the user does just now.
    pub fn give_way(&self) {
        if let Some((_, control)) = &self.run {
            control.give_way(GIVE_WAY);
        }
    }

    fn reads_begin(&mut self, started: std::io::Result<()>) -> Result<(), String> {
        started.map_err(|error| logic::no_thread(&error))?;
        self.reads += 1;
        Ok(())
    }
}

/// So long a run waits after each change of the mask: the answer to a dragged slider comes first.
const GIVE_WAY: Duration = Duration::from_millis(400);
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
        TrainCommand::GoOn(folder) => go_on(model, workers, folder, Changes::default()),
        TrainCommand::Mend(remedy) => mend(model, workers, remedy),
        TrainCommand::UseEncoder => {
            if let Some(path) = training.checkpoint() {
                let path = path.to_path_buf();
                use_file(model, path);
            }
        }
        TrainCommand::UseRun(folder) => use_file(model, folder),
        TrainCommand::UseStep(step) => use_step(model, workers, step)?,
        TrainCommand::FollowRun => {
            if let Some(run) = training.shown_mut() {
                run.chosen = None;
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

/// Makes a step of the shown run the encoder of map, probe and lab; its batch and map are shown, and a map that is there
/// is made anew.
fn use_step(model: &mut Model, workers: &mut Workers, step: u64) -> Result<(), String> {
    let Some(run) = model.training.shown_mut() else {
        return Ok(());
    };
    let Some(weights) = run.saved_at(step).map(|saved| saved.weights.clone()) else {
        return Ok(());
    };
    run.chosen = Some(ChosenStep {
        step,
        ..ChosenStep::default()
    });
    let folder = run.folder.clone();
    // Told beside the bar; a notice for each step of a drag would be a storm.
    model.embeddings.use_file(weights.clone());
    let outbox = workers.outbox.clone();
    let thread = std::thread::Builder::new().name("read step".to_owned());
    let started = thread.spawn(move || {
        let look = weights.parent().and_then(StepLook::of_step).map(Box::new);
        outbox.send(Message::Train(TrainMessage::Looked(folder, step, look)));
    });
    workers.train.reads_begin(started.map(|_| ()))?;
    if model.mapping.chart.is_some() {
        logic::apply(model, workers, Command::Map(MapCommand::Compute));
    }
    Ok(())
}

/// Asks a masked autoencoder that is shown what it makes of the shown track, if that was not asked yet. To be called
/// once a frame.
pub fn follow(model: &mut Model, workers: &mut Workers) {
    if model.layout == Layout::Train {
        fill::ask(model, workers);
    }
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
        TrainMessage::Skipped(job, step, why) if current == Some(job) => {
            if let Some(live) = &mut training.live {
                live.skipped += 1;
                live.notes
                    .push(format!("Step {step} {why} and was not applied"));
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
        TrainMessage::Mapped(job, map) if current == Some(job) => {
            if let Some(live) = &mut training.live {
                live.map = Some(map);
            }
        }
        TrainMessage::Looked(folder, step, look) => {
            workers.train.reads = workers.train.reads.saturating_sub(1);
            let shown = training.shown_mut().filter(|run| run.folder == folder);
            let chosen = shown.and_then(|run| run.chosen.as_mut());
            if let Some(chosen) = chosen.filter(|chosen| chosen.step == step) {
                chosen.look = look.map_or_else(StepLook::default, |look| *look);
            }
        }
        TrainMessage::Filled(number, key, result) => {
            workers.train.fills_done = workers.train.fills_done.max(number);
            training.filled.value = Some((key, result));
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
        | TrainMessage::Skipped(..)
        | TrainMessage::Mapped(..)
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
        training.phase =
            failed("There is no collection to train on; open a folder with music first".to_owned());
        return;
    };
    let collection = Arc::clone(collection);
    match next_run_folder(training, &config) {
        Ok(folder) => launch(model, workers, folder, config, What::New(collection)),
        Err(error) => training.phase = failed(error.to_string()),
    }
}

/// Goes on with a run in its folder, if need be with other settings.
fn go_on(model: &mut Model, workers: &mut Workers, folder: PathBuf, changes: Changes) {
    if model.training.is_active() {
        return;
    }
    // Its own settings follow with the first message.
    let config = changes.of(&model.training.form);
    launch(model, workers, folder, config, What::GoOn(changes));
}

/// Goes on with the run that failed; without a checkpoint it begins anew in another folder.
fn mend(model: &mut Model, workers: &mut Workers, remedy: Remedy) {
    let Some(live) = model.training.live.as_ref() else {
        return;
    };
    let changes = remedy.changes(&live.config);
    if live.saved.is_empty() {
        let config = changes.of(&live.config);
        model.training.form = TrainConfig {
            data: Vec::new(),
            ..config
        };
        start(model, workers);
    } else {
        let folder = live.folder.clone();
        go_on(model, workers, folder, changes);
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
        Err(error) => training.phase = failed(logic::no_thread(&error)),
    }
}

fn failed(why: String) -> TrainPhase {
    TrainPhase::Failed(TrainFailure {
        why,
        remedies: Vec::new(),
    })
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
