//! A thread that keeps in a file what the window tells it; the last of it is written before the program ends.

use std::sync::{Arc, Mutex, PoisonError};

use crate::gui::message::{Message, Outbox};
use mynascope_base::jobs::{self, Job, Latest};

/// Keeps things of one kind, in the order in which they were told.
pub struct Keeper<T> {
    waiting: Arc<Mutex<Vec<T>>>,
    /// `None` only while the thread is being ended.
    wake: Option<Latest<()>>,
    thread: Option<Job>,
}

impl<T: Send + 'static> Keeper<T> {
    /// Starts the thread `name`, which begins with `begin` and then hands everything that waits to `write`; what that
    /// says of a failure is told.
    pub(super) fn start(
        name: &str,
        outbox: Outbox,
        begin: impl FnOnce(&Outbox) + Send + 'static,
        write: impl Fn(Vec<T>) -> Result<(), String> + Send + 'static,
    ) -> std::io::Result<Self> {
        let waiting = Arc::new(Mutex::new(Vec::new()));
        let (wake, inbox) = jobs::latest::<()>();
        let (taken, failed) = (Arc::clone(&waiting), outbox.clone());
        let thread = jobs::spawn(
            name,
            move |_| {
                begin(&outbox);
                while inbox.wait().is_some() {
                    let mut waiting = taken.lock().unwrap_or_else(PoisonError::into_inner);
                    let things = std::mem::take(&mut *waiting);
                    drop(waiting);
                    if let Err(text) = write(things) {
                        outbox.send_if_room(Message::Fault(text));
                    }
                }
            },
            move |fault| failed.send(Message::Fault(fault)),
        )?;
        Ok(Self {
            waiting,
            wake: Some(wake),
            thread: Some(thread),
        })
    }

    /// Keeps these too.
    pub fn keep(&self, things: impl IntoIterator<Item = T>) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.extend(things);
        drop(waiting);
        if let Some(wake) = &self.wake {
            wake.post(());
        }
    }
}

impl<T> Drop for Keeper<T> {
    fn drop(&mut self) {
        self.wake = None;
        if let Some(thread) = self.thread.take() {
            thread.wait();
        }
    }
}
