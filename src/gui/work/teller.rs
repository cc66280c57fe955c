//! Tells the window about a run.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use crate::gui::{
    message::{Message, Outbox},
    model::{JobId, RunView, TrainMessage},
    work::past_run,
};
use mynascope_train::{StepRecord, TrainEvent};

/// Tells the window about a run: never waits for the window while steps are computed, never sends more than it can
/// show, and loses no step.
pub(super) struct Teller {
    job: JobId,
    folder: PathBuf,
    outbox: Outbox,
    pending: Vec<StepRecord>,
    last: Instant,
}

/// Between two messages with steps.
const INTERVAL: Duration = Duration::from_millis(50);
/// Steps that wait for a window that takes nothing; beyond, every second one is let go.
const MOST_PENDING: usize = 1 << 16;

impl Teller {
    pub fn new(job: JobId, folder: PathBuf, outbox: Outbox) -> Self {
        Self {
            job,
            folder,
            outbox,
            pending: Vec::new(),
            last: Instant::now(),
        }
    }

    /// Takes an event of the run.
    pub fn tell(&mut self, event: TrainEvent) {
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
                if first {
                    // The weights before the first step are kept as well.
                    self.saved();
                }
            }
            TrainEvent::Note(note) => self.note(note),
            TrainEvent::SkippedTrack { path, why } => {
                self.note(format!("{} is left out: {why}", path.display()));
            }
            TrainEvent::SkippedStep { step, why, .. } => {
                let message = TrainMessage::Skipped(self.job, step, why);
                self.outbox.send_if_room(Message::Train(message));
            }
            TrainEvent::Map(map) => {
                let message = TrainMessage::Mapped(self.job, map);
                self.outbox.send_if_room(Message::Train(message));
            }
            // The window knows when it paused, and the end has a message of its own.
            TrainEvent::Paused | TrainEvent::Resumed => self.offer_steps(),
            TrainEvent::Batch(matrix) => {
                self.offer_steps();
                self.outbox
                    .send_if_room(Message::Train(TrainMessage::Batch(self.job, matrix)));
            }
            // Older checkpoints may have gone.
            TrainEvent::Checkpoint { .. } => self.saved(),
            TrainEvent::Probe(probe) => self
                .outbox
                .send_if_room(Message::Train(TrainMessage::Scored(self.job, probe))),
            TrainEvent::Finished(_) => {}
        }
    }

    /// Tells what a run had done that goes on.
    pub fn begun(&self, mut run: RunView) {
        run.went_on = true;
        run.checkpoint = None;
        self.outbox
            .send(Message::Train(TrainMessage::Begun(self.job, Box::new(run))));
    }

    fn saved(&self) {
        let saved = past_run::saved_steps(&self.folder);
        self.outbox
            .send_if_room(Message::Train(TrainMessage::Saved(self.job, saved)));
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
        let message = Message::Train(TrainMessage::Steps(self.job, records, memory()));
        if let Err(back) = self.outbox.offer(message)
            && let Message::Train(TrainMessage::Steps(_, records, _)) = *back
        {
            self.pending = records;
        }
    }

    /// The end is always delivered: the computing is over, so waiting costs nothing.
    pub fn end(mut self, end: TrainMessage) {
        let records = std::mem::take(&mut self.pending);
        if !records.is_empty() {
            self.outbox.send(Message::Train(TrainMessage::Steps(
                self.job,
                records,
                memory(),
            )));
        }
        self.outbox.send(Message::Train(end));
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
        let mut teller = Teller::new(job, PathBuf::new(), outbox);
        for step in 1..=1000 {
            teller.last = Instant::now() - INTERVAL;
            teller.tell(TrainEvent::Step(record(step)));
        }
        // The window wakes up; the end may wait for it.
        let window = std::thread::spawn(move || {
            let mut steps = Vec::new();
            while let Ok(message) = inbox.recv() {
                match message {
                    Message::Train(TrainMessage::Steps(_, records, _)) => {
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
        let mut teller = Teller::new(JobId::default(), PathBuf::new(), outbox);
        let began = Instant::now();
        for step in 1..=10_000 {
            teller.tell(TrainEvent::Step(record(step)));
        }
        let most = 2 + began.elapsed().as_millis() / INTERVAL.as_millis();
        assert!(inbox.len() as u128 <= most, "{} messages", inbox.len());
    }
}
