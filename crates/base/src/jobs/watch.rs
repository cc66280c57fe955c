//! How a job is stopped and tells how far it is.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

/// The answer of a job that was told to stop. What it had written is complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("stopped on request")]
pub struct Cancelled;

/// A flag shared between who asks a job to stop and the job.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Asks the job to stop.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the job was asked to stop.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Lets a job end between two pieces of its work once it was asked to stop: `watch.check()?`.
    ///
    /// # Errors
    /// [`Cancelled`] once that happened.
    pub fn check(&self) -> Result<(), Cancelled> {
        if self.is_cancelled() {
            Err(Cancelled)
        } else {
            Ok(())
        }
    }
}

/// How far a job is.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    /// What is being done now, for people: "embedding tracks".
    pub what: String,
    /// Units done.
    pub done: u64,
    /// Units in all, where known.
    pub total: Option<u64>,
}

/// What a long function is given: a way to be stopped and a way to tell how far it is.
pub struct Watch<'a> {
    cancel: Cancel,
    report: &'a (dyn Fn(Progress) + Sync),
}

impl<'a> Watch<'a> {
    /// A watch over `cancel` that hands progress to `report` (called from any thread, often: keep it short).
    pub fn new(cancel: Cancel, report: &'a (dyn Fn(Progress) + Sync)) -> Self {
        Self { cancel, report }
    }

    /// A watch that nobody looks at.
    pub fn unattended() -> Watch<'static> {
        Watch {
            cancel: Cancel::default(),
            report: &|_| {},
        }
    }

    /// The flag, for parts that are given it alone.
    pub fn cancel(&self) -> &Cancel {
        &self.cancel
    }

    /// Lets a job end between two pieces of its work once it was asked to stop: `watch.check()?`.
    ///
    /// # Errors
    /// [`Cancelled`] once that happened.
    pub fn check(&self) -> Result<(), Cancelled> {
        self.cancel.check()
    }

    /// Tells how far the job is.
    pub fn progress(&self, what: &str, done: u64, total: Option<u64>) {
        (self.report)(Progress {
            what: what.to_owned(),
            done,
            total,
        });
    }

    /// Does one of several parts of a job, with a watch that tells of it as a share of the whole: `what` before the
    /// part's own words, and thousandths of parts, which never fall while parts follow each other.
    pub fn part<T>(
        &self,
        what: &str,
        index: usize,
        parts: usize,
        work: impl FnOnce(&Watch<'_>) -> T,
    ) -> T {
        const UNITS: u64 = 1000;
        let reached = AtomicU64::new(0);
        let report = |progress: Progress| {
            let share = progress
                .total
                .map_or(0, |total| UNITS * progress.done.min(total) / total.max(1));
            // A part may count several things one after the other.
            let most = reached.fetch_max(share, Ordering::Relaxed).max(share);
            (self.report)(Progress {
                what: format!("{what}: {}", progress.what),
                done: index as u64 * UNITS + most,
                total: Some(parts as u64 * UNITS),
            });
        };
        work(&Watch::new(self.cancel.clone(), &report))
    }
}
