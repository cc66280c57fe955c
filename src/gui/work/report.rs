use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::gui::message::{Message, Outbox};
use mynascope_base::jobs::Progress;

/// Hands progress to the window, but no more often than the window can show it.
pub struct Reporter<'a, F> {
    outbox: &'a Outbox,
    wrap: F,
    last: Mutex<Option<(String, Instant)>>,
}

/// Between two reports of the same part of a job.
const INTERVAL: Duration = Duration::from_millis(50);

impl<'a, F: Fn(Progress) -> Message> Reporter<'a, F> {
    /// A reporter that wraps progress into the messages of its job.
    pub fn new(outbox: &'a Outbox, wrap: F) -> Self {
        Self {
            outbox,
            wrap,
            last: Mutex::new(None),
        }
    }

    /// Reports, unless the last report of the same part is too young.
    pub fn report(&self, progress: Progress) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let young = last
            .as_ref()
            .is_some_and(|(what, when)| *what == progress.what && when.elapsed() < INTERVAL);
        if !young {
            *last = Some((progress.what.clone(), Instant::now()));
            drop(last);
            self.outbox.send_if_room((self.wrap)(progress));
        }
    }
}
