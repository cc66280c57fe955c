//! Progress that comes faster than it can be shown.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use mynascope_base::jobs::Progress;

/// Lets progress through no more often than the window can show it.
pub struct Throttle {
    last: Mutex<Option<(String, Instant)>>,
}

/// Between two reports of the same part of a job.
const INTERVAL: Duration = Duration::from_millis(50);

impl Throttle {
    /// Nothing was reported yet.
    pub fn new() -> Self {
        Self {
            last: Mutex::new(None),
        }
    }

    /// Whether progress is to be reported now: not if the last report of the same part is too young.
    pub fn is_due(&self, progress: &Progress) -> bool {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let young = last
            .as_ref()
            .is_some_and(|(what, when)| *what == progress.what && when.elapsed() < INTERVAL);
        if !young {
            *last = Some((progress.what.clone(), Instant::now()));
        }
        !young
    }
}
