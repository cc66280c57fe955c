//! Reports the progress of a run to the window.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use crate::gui::{
    jobs::JobContext,
    message::{Message, Outbox, TrainMessage},
    model::TrainFound,
    work::past_run,
};
use mynascope_base::without_path;
use mynascope_train::{StepRecord, TrainEvent};

/// Reports a run: never waits for the window while steps are computed, never sends more than it can show, and loses no
/// step.
pub(super) struct TrainReporter<'a> {
    job: &'a JobContext<'a, TrainFound>,
    folder: PathBuf,
    outbox: Outbox,
    pending: Vec<StepRecord>,
    last: Instant,
    /// Time between two messages with steps.
    interval: Duration,
}

/// Between two messages with steps.
const INTERVAL: Duration = Duration::from_millis(50);
/// Steps that wait for a window that takes nothing; beyond, every second one is let go.
const MOST_PENDING: usize = 1 << 16;

impl<'a> TrainReporter<'a> {
    pub fn new(job: &'a JobContext<'a, TrainFound>, folder: PathBuf, outbox: Outbox) -> Self {
        Self {
            job,
            folder,
            outbox,
            pending: Vec::new(),
            last: Instant::now(),
            interval: INTERVAL,
        }
    }

    /// Takes an event of the run.
    pub fn report(&mut self, event: TrainEvent) {
        let job = self.job;
        match event {
            TrainEvent::Preparing(progress) => {
                job.watch
                    .progress(&progress.what, progress.done, progress.total);
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
                if first {
                    // The weights before the first step are kept as well.
                    self.saved();
                }
            }
            TrainEvent::Note(note) => job.found_if_room(TrainFound::Note(note)),
            TrainEvent::SkippedTrack { path, why } => {
                let note = format!(
                    "{} is left out: {}",
                    path.display(),
                    without_path(&why, &path)
                );
                job.found_if_room(TrainFound::Note(note));
            }
            TrainEvent::SkippedStep { step, why, .. } => {
                job.found_if_room(TrainFound::Skipped(step, why));
            }
            // The window knows when it paused, and the end has a message of its own.
            TrainEvent::Paused | TrainEvent::Resumed => self.offer_steps(),
            TrainEvent::Picture(picture) => {
                self.offer_steps();
                job.found_if_room(TrainFound::Picture(picture));
            }
            // Older checkpoints may have gone.
            TrainEvent::Checkpoint { .. } => self.saved(),
            TrainEvent::Probe(probe) => job.found_if_room(TrainFound::Scored(probe)),
            TrainEvent::Finished(_) => {}
        }
    }

    fn saved(&self) {
        let saved = past_run::saved_steps(&self.folder);
        self.job.found_if_room(TrainFound::Saved(saved));
    }

    fn is_due(&mut self) -> bool {
        let due = self.last.elapsed() >= self.interval;
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
        let steps = self.job.update(TrainFound::Steps(records, memory()));
        if let Err(back) = self.outbox.offer(Message::Train(TrainMessage::Run(steps)))
            && let Message::Train(TrainMessage::Run(steps)) = *back
            && let Some(TrainFound::Steps(records, _)) = steps.into_found()
        {
            self.pending = records;
        }
    }

    /// Delivers the last steps: the computing is over, so waiting for the window costs nothing.
    pub fn flush(self) {
        if !self.pending.is_empty() {
            self.job.found(TrainFound::Steps(self.pending, memory()));
        }
    }
}

/// Memory that the program takes, in bytes, where the system tells it (Linux).
fn memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kibibytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(1024 * kibibytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gui::{
        jobs::JobEvent,
        model::{RunJob, TrainFailure, TrainFound},
    };
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

    /// Runs `work` with a reporter, in a job whose reports go to an inbox.
    fn run(outbox: &Outbox, work: impl FnOnce(&mut TrainReporter<'_>) + Send + 'static) -> RunJob {
        let mut run = RunJob::default();
        let sends = outbox.clone();
        let failed = |why| TrainFailure {
            why,
            remedies: Vec::new(),
        };
        let wrap = |update| Message::Train(TrainMessage::Run(update));
        run.start(outbox, wrap, failed, move |job, _| {
            let mut reporter = TrainReporter::new(job, PathBuf::new(), sends);
            work(&mut reporter);
            reporter.flush();
            Ok(())
        })
        .unwrap();
        run
    }

    #[test]
    fn a_window_that_takes_nothing_neither_blocks_training_nor_loses_steps() {
        let (outbox, inbox) = Outbox::new(&egui::Context::default());
        // The inbox is full before the run begins.
        while outbox.offer(Message::Fault("full".to_owned())).is_ok() {}
        let (done, all_done) = crossbeam_channel::bounded(1);
        let mut job = run(&outbox, move |reporter| {
            reporter.interval = Duration::ZERO;
            for step in 1..=1000 {
                reporter.report(TrainEvent::Step(record(step)));
            }
            done.send(()).unwrap();
        });
        all_done.recv().unwrap();
        // The window wakes up; the end may wait for it.
        let mut steps = Vec::new();
        while job.is_running() {
            if let Ok(Message::Train(TrainMessage::Run(update))) = inbox.recv()
                && let Some(JobEvent::Found(TrainFound::Steps(records, _))) = job.take(update)
            {
                steps.extend(records.into_iter().map(|record| record.step));
            }
        }
        assert_eq!(steps, (1..=1000).collect::<Vec<_>>());
    }

    #[test]
    fn fast_steps_come_in_few_messages() {
        let (outbox, inbox) = Outbox::new(&egui::Context::default());
        let (done, all_done) = crossbeam_channel::bounded(1);
        let _job = run(&outbox, move |reporter| {
            reporter.interval = Duration::MAX;
            for step in 1..=10_000 {
                reporter.report(TrainEvent::Step(record(step)));
            }
            done.send(()).unwrap();
        });
        all_done.recv().unwrap();
        // The first step with what is saved, and the last steps and the end of the job, which may not have come yet.
        assert!(inbox.len() <= 4, "{} messages", inbox.len());
    }
}
