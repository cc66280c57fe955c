//! The run under way.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use crate::gui::jobs::{JobContext, JobEvent, JobSlot, JobUpdate, NoThread, Outbox, Running};
use mynascope_train::{
    Breakdown, ProbeRecord, StepPicture, StepRecord, TrainControl, TrainSummary,
};

use super::{RunView, SavedStep, TrainFailure};

/// The run under way, which can be paused and goes on until its step is done when it is asked to stop.
#[derive(Default)]
pub struct RunJob {
    slot: JobSlot<TrainFound, TrainFailure>,
    control: TrainControl,
}

/// So long a run waits after each change of the mask: the answer to a dragged slider comes first.
const GIVE_WAY: Duration = Duration::from_millis(400);
/// When the window closes, a run gets this time to finish its step and write its checkpoint.
const LAST_STEP: Duration = Duration::from_secs(20);

impl RunJob {
    /// Starts a run, as [`JobSlot::start`] does.
    ///
    /// # Errors
    /// [`NoThread`] if the system gives no thread.
    pub fn start<M: Send + 'static>(
        &mut self,
        outbox: &Outbox<M>,
        wrap: fn(JobUpdate<TrainFound, TrainFailure>) -> M,
        broke_off: impl FnOnce(String) -> TrainFailure + Send + 'static,
        work: impl FnOnce(&JobContext<'_, TrainFound>, &TrainControl) -> Result<(), TrainFailure>
        + Send
        + 'static,
    ) -> Result<(), NoThread> {
        let control = TrainControl::default();
        // Cheap, and the matrix is there as soon as somebody looks.
        control.show_batches(true);
        self.control = control.clone();
        self.slot
            .start("train", outbox, wrap, broke_off, move |job| {
                work(job, &control)
            })
    }

    /// Takes a report in, as [`JobSlot::take`] does.
    pub fn take(
        &mut self,
        update: JobUpdate<TrainFound, TrainFailure>,
    ) -> Option<JobEvent<TrainFound, TrainFailure>> {
        self.slot.take(update)
    }

    /// Whether there is a run.
    pub fn is_running(&self) -> bool {
        self.slot.is_running()
    }

    /// How far its preparation is.
    pub fn running(&self) -> Option<&Running> {
        self.slot.running()
    }

    /// It leaves the machine to what the user does just now.
    pub fn give_way(&self) {
        self.control.give_way(GIVE_WAY);
    }

    /// The styles that it learns are told of this track.
    pub fn listen_to(&self, track: Option<&Path>) {
        self.control.listen_to(track);
    }

    /// It waits after its present step.
    pub fn pause(&self) {
        self.control.pause();
    }

    /// It goes on after a pause.
    pub fn resume(&self) {
        self.control.resume();
    }

    /// It ends after its present step.
    pub fn stop(&self) {
        self.control.stop();
        // A paused run stops too, and so does the reading of tracks.
        self.control.resume();
        self.slot.ask_to_stop();
    }

    /// It writes a checkpoint after its present step.
    pub fn save_now(&self) {
        self.control.save_now();
    }
}

impl Drop for RunJob {
    fn drop(&mut self) {
        if self.slot.is_running() {
            self.stop();
            let closed = Instant::now();
            while self.slot.has_thread() && closed.elapsed() < LAST_STEP {
                std::thread::sleep(Duration::from_millis(10));
            }
        }
    }
}

/// What comes of a run.
pub enum TrainFound {
    /// Something the user should know: a track that is left out, a lowered batch.
    Note(String),
    /// A step that was not applied.
    Skipped(u64, Breakdown),
    /// What a run had done before it went on.
    Begun(Box<RunView>),
    /// Steps that were done since the last report, and the memory of the program.
    Steps(Vec<StepRecord>, Option<u64>),
    /// How well the encoder does in between.
    Scored(ProbeRecord),
    /// What a step looked like.
    Picture(StepPicture),
    /// The checkpoints that are there now.
    Saved(Vec<SavedStep>),
    /// The run has ended.
    Finished(TrainSummary),
    /// It was stopped before its first step; nothing was written.
    NotBegun,
}
