//! A thread that writes to a file what the window gives it.

use std::sync::{Arc, Mutex, PoisonError};

use mynascope_base::jobs::{self, Job, Latest};

use super::{Fault, Outbox};

/// A thread that writes to a file what the window gives it, in that order. The last of it is written before the program
/// ends; what could not be written, or made it panic, is told, and it goes on.
pub struct BackgroundWriter<T> {
    waiting: Arc<Mutex<Vec<T>>>,
    /// `None` only while the thread is being ended.
    wake: Option<Latest<()>>,
    thread: Option<Job>,
}

impl<T: Send + 'static> BackgroundWriter<T> {
    /// Starts the thread `name`, which begins with `begin` and then hands everything that waits to `write`; what that
    /// says of a failure is told.
    ///
    /// # Errors
    /// The system's error if it gives no thread.
    pub fn start<M: From<Fault> + Send + 'static>(
        name: &str,
        outbox: Outbox<M>,
        begin: impl FnOnce(&Outbox<M>) + Send + 'static,
        write: impl Fn(Vec<T>) -> Result<(), String> + Send + 'static,
    ) -> std::io::Result<Self> {
        let waiting = Arc::new(Mutex::new(Vec::new()));
        let (wake, inbox) = jobs::latest::<()>();
        let (taken, failed) = (Arc::clone(&waiting), outbox.clone());
        let thread = jobs::spawn(
            name,
            move |_| {
                if let Err(text) = jobs::guarded(|| begin(&outbox)) {
                    outbox.send_if_room(M::from(Fault(text)));
                }
                while inbox.wait().is_some() {
                    let mut waiting = taken.lock().unwrap_or_else(PoisonError::into_inner);
                    let things = std::mem::take(&mut *waiting);
                    drop(waiting);
                    let written = jobs::guarded(|| write(things));
                    if let Err(text) = written.and_then(|written| written) {
                        outbox.send_if_room(M::from(Fault(text)));
                    }
                }
            },
            move |fault| failed.send(M::from(Fault(fault))),
        )?;
        Ok(Self {
            waiting,
            wake: Some(wake),
            thread: Some(thread),
        })
    }

    /// Writes these too.
    pub fn write(&self, things: impl IntoIterator<Item = T>) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.extend(things);
        drop(waiting);
        if let Some(wake) = &self.wake {
            wake.post(());
        }
    }
}

impl<T> Drop for BackgroundWriter<T> {
    fn drop(&mut self) {
        self.wake = None;
        if let Some(thread) = self.thread.take() {
            thread.wait();
        }
    }
}
