//! Background work of the Train panel.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    collection::Collection,
    encoder::compute_devices,
    gui::{
        logic,
        message::{Message, Outbox},
        model::{
            Devices, JobId, Model, TrainCommand, TrainMessage, TrainPhase, Training, WantedFolder,
        },
        work::{Workers, past_run},
    },
    jobs::{self, Job},
    storage::{Folders, StorageError},
    train::{self, StepRecord, TrainConfig, TrainControl, TrainError, TrainEvent},
};

/// Its running job.
#[derive(Default)]
pub struct TrainWork {
    run: Option<(Job, TrainControl)>,
    last: JobId,
    /// A run is being read from the disk.
    reads: bool,
}

impl TrainWork {
    /// Whether something is being worked on.
    pub fn is_busy(&self) -> bool {
        self.run.is_some() || self.reads
    }
}

/// When the window closes, a run gets this time to finish its step and write its checkpoint.
const LAST_STEP: Duration = Duration::from_secs(20);

impl Drop for TrainWork {
    fn drop(&mut self) {
        if let Some((job, control)) = self.run.take() {
            control.stop();
            let closed = Instant::now();
            while !job.is_finished() && closed.elapsed() < LAST_STEP {
                std::thread::sleep(Duration::from_millis(10));
            }
        }
    }
}

/// Carries out a command.
pub fn apply(model: &mut Model, workers: &mut Workers, command: TrainCommand) {
    let training = &mut model.training;
    let control = workers.train.run.as_ref().map(|(_, control)| control);
    match command {
        TrainCommand::Edit(form) => training.form = form,
        TrainCommand::Start => start(model, workers),
        TrainCommand::Pause => {
            if let Some(control) = control {
                control.pause();
                training.phase = TrainPhase::Paused;
            }
        }
        TrainCommand::Resume => {
            if let Some(control) = control {
                control.resume();
                training.restart_pace();
                training.phase = TrainPhase::Running;
            }
        }
        TrainCommand::Stop => {
            if let Some(control) = control {
                control.stop();
                // A paused run stops too.
                control.resume();
                training.phase = TrainPhase::Stopping;
            }
        }
        TrainCommand::UseEncoder => {
            if let Some(path) = training.checkpoint() {
                let path = path.to_path_buf();
                model.embeddings.use_file(path);
                model
                    .notices
                    .note("Map and probe use this encoder from now on");
            }
        }
        TrainCommand::Copy => {
            let out = match &training.folder {
                Some(folder) if training.is_active() => Ok(folder.clone()),
                _ => next_run_folder(training),
            };
            match out {
                Ok(out) => {
                    let line = training.command(&model.library.sources, &out);
                    workers.outbox.copy_text(line);
                    model.notices.note("The command is on the clipboard");
                }
                Err(error) => model.notices.error(error.to_string()),
            }
        }
        TrainCommand::AskDevices => {
            training.devices = Devices::Asked;
            let outbox = workers.outbox.clone();
            let thread = std::thread::Builder::new().name("devices".to_owned());
            let asked = thread.spawn(move || {
                outbox.send(Message::Train(TrainMessage::Devices(compute_devices())));
            });
            if let Err(error) = asked {
                model.notices.error(logic::no_thread(&error));
            }
        }
        TrainCommand::ShowRun(folder) => {
            workers.train.reads = true;
            if let Err(error) = past_run::read_aside(folder, &workers.outbox) {
                workers.train.reads = false;
                model.notices.error(logic::no_thread(&error));
            }
        }
        TrainCommand::KeepRunsIn(folder) => training.runs = Some(folder),
        TrainCommand::Choose(wanted) => {
            if let Err(error) = choose_folder(wanted, &workers.outbox) {
                model.notices.error(logic::no_thread(&error));
            }
        }
    }
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
        TrainMessage::Note(job, note) if current == Some(job) => training.notes.push(note),
        TrainMessage::Steps(job, records) if current == Some(job) => {
            training.take(records);
            if let TrainPhase::Preparing(_) = training.phase {
                training.phase = TrainPhase::Running;
            }
        }
        TrainMessage::Finished(job, summary) if current == Some(job) => {
            workers.train.run = None;
            training.finish(summary);
        }
        TrainMessage::NotBegun(job) if current == Some(job) => {
            workers.train.run = None;
            training.job = None;
            training.folder = None;
            training.phase = TrainPhase::Idle;
        }
        TrainMessage::Failed(job, why) if current == Some(job) => {
            workers.train.run = None;
            training.job = None;
            training.phase = TrainPhase::Failed(why);
        }
        TrainMessage::Read(run) => {
            workers.train.reads = false;
            match run {
                Ok(_) if training.is_active() => model
                    .notices
                    .note("A run is under way; stop it to look at another"),
                Ok(run) => training.show_past(*run),
                Err(why) => model.notices.error(why),
            }
        }
        TrainMessage::Chosen(WantedFolder::Run, folder) => {
            apply(model, workers, TrainCommand::ShowRun(folder));
        }
        TrainMessage::Chosen(WantedFolder::Runs, folder) => training.runs = Some(folder),
        TrainMessage::Preparing(..)
        | TrainMessage::Note(..)
        | TrainMessage::Steps(..)
        | TrainMessage::Finished(..)
        | TrainMessage::NotBegun(_)
        | TrainMessage::Failed(..) => {}
    }
}

fn start(model: &mut Model, workers: &mut Workers) {
    let training = &mut model.training;
    if training.is_active() {
        return;
    }
    let Some(collection) = &model.library.collection else {
        training.phase = TrainPhase::Failed(
            "There is no collection to train on; open a folder with music first".to_owned(),
        );
        return;
    };
    let folder = match next_run_folder(training) {
        Ok(folder) => folder,
        Err(error) => {
            training.phase = TrainPhase::Failed(error.to_string());
            return;
        }
    };
    workers.train.last = workers.train.last.next();
    let job = workers.train.last;
    let control = TrainControl::default();
    let order = Order {
        job,
        config: training.form.config(&model.library.sources),
        collection: Arc::clone(collection),
        folder: folder.clone(),
        control: control.clone(),
    };
    training.begin(job, folder);
    match spawn(order, workers.outbox.clone()) {
        Ok(handle) => workers.train.run = Some((handle, control)),
        Err(error) => training.phase = TrainPhase::Failed(logic::no_thread(&error)),
    }
}

/// A new folder for a run: `tiny-hybrid-1`, `tiny-hybrid-2`, ...
fn next_run_folder(training: &Training) -> Result<PathBuf, StorageError> {
    let runs = match &training.runs {
        Some(folder) => folder.clone(),
        None => Folders::of_user()?.data.join("runs"),
    };
    let form = &training.form;
    let free = (1_u32..)
        .map(|number| runs.join(format!("{}-{}-{number}", form.preset, form.patch)))
        .find(|folder| !folder.exists());
    Ok(free.unwrap_or(runs))
}

/// A run to be started.
struct Order {
    job: JobId,
    config: TrainConfig,
    collection: Arc<Collection>,
    folder: PathBuf,
    control: TrainControl,
}

fn spawn(order: Order, outbox: Outbox) -> std::io::Result<Job> {
    let job = order.job;
    let after = outbox.clone();
    jobs::spawn(
        "train",
        move |_| {
            let mut teller = Teller::new(job, outbox);
            let end = train::run(
                &order.config,
                &order.collection,
                &order.folder,
                &order.control,
                &mut |event| teller.tell(event),
            );
            teller.end(match end {
                Ok(summary) => TrainMessage::Finished(job, summary),
                Err(TrainError::StoppedEarly) => TrainMessage::NotBegun(job),
                Err(error) => TrainMessage::Failed(job, error.to_string()),
            });
        },
        move |fault| {
            let why = format!(
                "Training broke off ({fault}); its last checkpoint is complete. Lower the batch or choose another \
                 device, and start again"
            );
            after.send(Message::Train(TrainMessage::Failed(job, why)));
        },
    )
}

/// Tells the window about a run: never waits for the window while steps are computed, never sends more than it can
/// show, and loses no step.
struct Teller {
    job: JobId,
    outbox: Outbox,
    pending: Vec<StepRecord>,
    last: Instant,
}

/// Between two messages with steps.
const INTERVAL: Duration = Duration::from_millis(50);
/// Steps that wait for a window that takes nothing; beyond, every second one is let go.
const MOST_PENDING: usize = 1 << 16;

impl Teller {
    fn new(job: JobId, outbox: Outbox) -> Self {
        Self {
            job,
            outbox,
            pending: Vec::new(),
            last: Instant::now(),
        }
    }

    fn tell(&mut self, event: TrainEvent) {
        match event {
            TrainEvent::Preparing(progress) => {
                if self.is_due() {
                    let message = TrainMessage::Preparing(self.job, progress);
                    self.outbox.send_if_room(Message::Train(message));
                }
            }
            TrainEvent::Step(record) => {
                let first = record.step == 1;
                self.pending.push(record);
                if self.pending.len() > MOST_PENDING {
                    let mut keep = false;
                    self.pending.retain(|_| {
                        keep = !keep;
                        keep
                    });
                }
                if self.is_due() || first {
                    self.offer_steps();
                }
            }
            TrainEvent::Note(note) => self.note(note),
            TrainEvent::SkippedTrack { path, why } => {
                self.note(format!("{} is left out: {why}", path.display()));
            }
            TrainEvent::SkippedStep { step, .. } => {
                self.note(format!(
                    "Step {step} gave no finite numbers and was not applied"
                ));
            }
            // The window knows when it paused, and the end has a message of its own.
            TrainEvent::Paused | TrainEvent::Resumed => self.offer_steps(),
            TrainEvent::Batch(_)
            | TrainEvent::Checkpoint { .. }
            | TrainEvent::Probe(_)
            | TrainEvent::Finished(_) => {}
        }
    }

    fn note(&self, note: String) {
        self.outbox
            .send_if_room(Message::Train(TrainMessage::Note(self.job, note)));
    }

    fn is_due(&mut self) -> bool {
        let due = self.last.elapsed() >= INTERVAL;
        if due {
            self.last = Instant::now();
        }
        due
    }

    fn offer_steps(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        let records = std::mem::take(&mut self.pending);
        let message = Message::Train(TrainMessage::Steps(self.job, records));
        if let Err(back) = self.outbox.offer(message)
            && let Message::Train(TrainMessage::Steps(_, records)) = *back
        {
            self.pending = records;
        }
    }

    /// The end is always delivered: the computing is over, so waiting costs nothing.
    fn end(mut self, end: TrainMessage) {
        let records = std::mem::take(&mut self.pending);
        if !records.is_empty() {
            self.outbox
                .send(Message::Train(TrainMessage::Steps(self.job, records)));
        }
        self.outbox.send(Message::Train(end));
    }
}

fn choose_folder(wanted: WantedFolder, outbox: &Outbox) -> std::io::Result<()> {
    let outbox = outbox.clone();
    std::thread::Builder::new()
        .name("choose run".to_owned())
        .spawn(move || {
            let title = match wanted {
                WantedFolder::Run => "Choose the folder of a run",
                WantedFolder::Runs => "Choose where new runs are kept",
            };
            if let Some(folder) = rfd::FileDialog::new().set_title(title).pick_folder() {
                outbox.send(Message::Train(TrainMessage::Chosen(wanted, folder)));
            }
        })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use eframe::egui;

    fn record(step: u64) -> StepRecord {
        StepRecord {
            step,
            epoch: 0,
            loss: 1.0,
            learning_rate: 1e-3,
            windows_per_second: 10.0,
            grad_norm: 1.0,
            ..StepRecord::default()
        }
    }

    #[test]
    fn a_window_that_takes_nothing_neither_blocks_training_nor_loses_steps() {
        let (outbox, inbox) = Outbox::new(&egui::Context::default());
        // The inbox is full before the run begins.
        while outbox.offer(Message::Fault("full".to_owned())).is_ok() {}
        let job = JobId::default().next();
        let mut teller = Teller::new(job, outbox);
        for step in 1..=1000 {
            teller.last = Instant::now() - INTERVAL;
            teller.tell(TrainEvent::Step(record(step)));
        }
        // The window wakes up; the end may wait for it.
        let window = std::thread::spawn(move || {
            let mut steps = Vec::new();
            while let Ok(message) = inbox.recv() {
                match message {
                    Message::Train(TrainMessage::Steps(_, records)) => {
                        steps.extend(records.into_iter().map(|record| record.step));
                    }
                    Message::Train(TrainMessage::NotBegun(_)) => break,
                    _ => {}
                }
            }
            steps
        });
        teller.end(TrainMessage::NotBegun(job));
        assert_eq!(window.join().unwrap(), (1..=1000).collect::<Vec<_>>());
    }

    #[test]
    fn fast_steps_come_in_few_messages() {
        let (outbox, inbox) = Outbox::new(&egui::Context::default());
        let mut teller = Teller::new(JobId::default(), outbox);
        let began = Instant::now();
        for step in 1..=10_000 {
            teller.tell(TrainEvent::Step(record(step)));
        }
        let most = 2 + began.elapsed().as_millis() / INTERVAL.as_millis();
        assert!(inbox.len() as u128 <= most, "{} messages", inbox.len());
    }
}
