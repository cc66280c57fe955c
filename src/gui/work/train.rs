//! The run of the Train layout, and what is read for it. Starts and steers threads; the model is changed by
//! `logic::train` alone.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use crate::gui::{
    message::{Message, Outbox},
    model::{FilledKey, JobId, TrainMessage},
    work::{
        fill::FillWork,
        train_job::{Order, spawn},
    },
};
use mynascope_base::jobs::Job;
use mynascope_encoder::compute_devices;
use mynascope_train::{TrainConfig, TrainControl};

pub use super::{fill::Window, train_job::What};

/// Its running job.
#[derive(Default)]
pub struct TrainWork {
    run: Option<(Job, TrainControl)>,
    last: JobId,
    /// Runs and tables that are being read from the disk.
    reads: usize,
    /// What fills in hidden patches, once that was asked for, and the newest question that has its answer.
    fills: Option<FillWork>,
    fills_done: u64,
}

impl TrainWork {
    /// Whether something is being worked on.
    pub fn is_busy(&self) -> bool {
        let fills = self.fills.as_ref().map_or(0, FillWork::asked);
        self.run.is_some() || self.reads > 0 || self.fills_done < fills
    }

    /// A run leaves the machine to what the user does just now.
    pub fn give_way(&self) {
        if let Some((_, control)) = &self.run {
            control.give_way(GIVE_WAY);
        }
    }

    /// Starts a run. Its number is given even if there was no thread for it.
    pub fn launch(
        &mut self,
        folder: PathBuf,
        config: TrainConfig,
        what: What,
        outbox: Outbox,
    ) -> (JobId, std::io::Result<()>) {
        self.last = self.last.next();
        let job = self.last;
        let control = TrainControl::default();
        // Cheap, and the matrix is there as soon as somebody looks.
        control.show_batches(true);
        let started = spawn(Order {
            job,
            config,
            folder,
            control: control.clone(),
            what,
            outbox,
        });
        let started = started.map(|handle| self.run = Some((handle, control)));
        (job, started)
    }

    /// The run waits after its present step. Returns whether there is one, as do those below.
    pub fn pause(&self) -> bool {
        self.steer(|_, control| control.pause())
    }

    /// Goes on after a pause.
    pub fn resume(&self) -> bool {
        self.steer(|_, control| control.resume())
    }

    /// The run ends after its present step.
    pub fn stop(&self) -> bool {
        self.steer(|job, control| {
            control.stop();
            // A paused run stops too, and so does the reading of tracks.
            control.resume();
            job.cancel();
        })
    }

    /// The run writes a checkpoint after its present step.
    pub fn save_now(&self) {
        self.steer(|_, control| control.save_now());
    }

    fn steer(&self, how: impl FnOnce(&Job, &TrainControl)) -> bool {
        let run = self.run.as_ref();
        run.map(|(job, control)| how(job, control)).is_some()
    }

    /// The run has ended.
    pub fn ended(&mut self) {
        self.run = None;
    }

    /// Something is being read from the disk.
    pub fn read_begins(&mut self) {
        self.reads += 1;
    }

    /// It was read.
    pub fn read_ended(&mut self) {
        self.reads = self.reads.saturating_sub(1);
    }

    /// Asks what a run's decoder makes of the hidden patches of a window; the newest question wins.
    pub fn fill(
        &mut self,
        number: u64,
        key: FilledKey,
        window: Window,
        outbox: &Outbox,
    ) -> std::io::Result<()> {
        let work = match &mut self.fills {
            Some(work) => work,
            none => none.insert(FillWork::start(outbox.clone())?),
        };
        work.ask(number, key, window);
        Ok(())
    }

    /// A question is answered.
    pub fn filled(&mut self, number: u64) {
        self.fills_done = self.fills_done.max(number);
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

/// Asks for the compute devices of this machine; the answer comes as a message.
pub fn ask_devices(outbox: &Outbox) -> std::io::Result<()> {
    let outbox = outbox.clone();
    let thread = std::thread::Builder::new().name("devices".to_owned());
    thread.spawn(move || {
        outbox.send(Message::Train(TrainMessage::Devices(compute_devices())));
    })?;
    Ok(())
}
