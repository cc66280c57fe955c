//! A mailbox of one place, where the newest request wins.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// A mailbox of one place where the newest request wins: posting replaces what was not taken yet. Cloned handles
/// post; the worker's handle waits. When all posting handles are gone, waiting ends.
pub struct Latest<T>(Arc<Shared<T>>);

struct Shared<T> {
    slot: Mutex<Slot<T>>,
    filled: Condvar,
}

struct Slot<T> {
    value: Option<T>,
    closed: bool,
}

/// The worker's end of a [`Latest`] mailbox.
pub struct Requests<T>(Arc<Shared<T>>);

/// Makes a mailbox: the end that posts and the end that waits.
pub fn latest<T>() -> (Latest<T>, Requests<T>) {
    let shared = Arc::new(Shared {
        slot: Mutex::new(Slot {
            value: None,
            closed: false,
        }),
        filled: Condvar::new(),
    });
    (Latest(Arc::clone(&shared)), Requests(shared))
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, Slot<T>> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Latest<T> {
    /// Posts a request and drops one that still waited.
    pub fn post(&self, value: T) {
        self.0.lock().value = Some(value);
        self.0.filled.notify_one();
    }
}

impl<T> Drop for Latest<T> {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.filled.notify_all();
    }
}

impl<T> Requests<T> {
    /// Waits for the newest request; `None` once nobody can post any more.
    pub fn wait(&self) -> Option<T> {
        let mut slot = self.0.lock();
        loop {
            if let Some(value) = slot.value.take() {
                return Some(value);
            }
            if slot.closed {
                return None;
            }
            slot = self
                .0
                .filled
                .wait(slot)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Whether a newer request waits, so that the current one may be given up.
    pub fn has_newer(&self) -> bool {
        let slot = self.0.lock();
        slot.value.is_some() || slot.closed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_request_wins_and_the_worker_ends_with_its_owner() {
        let (post, requests) = latest();
        post.post(1);
        post.post(2);
        assert_eq!(requests.wait(), Some(2));
        assert!(!requests.has_newer());
        post.post(3);
        assert!(requests.has_newer());
        drop(post);
        assert_eq!(requests.wait(), Some(3));
        assert_eq!(requests.wait(), None);
    }
}
