//! Named threads whose panic is a message, and threads of low priority for parallel work.

use std::{io, panic::AssertUnwindSafe, thread};

use thread_priority::{ThreadPriority, ThreadPriorityValue, set_current_thread_priority};

use super::Cancel;

/// Optimised tensor code and decoders of untrusted files recurse deeper than the default allows.
const STACK_BYTES: usize = 8 << 20;
/// Of 0 to 99: "below normal" on Windows, a niceness of 5 on Linux. Lower, and other programs starve a training.
const MODEST: u8 = 35;

/// A running background job. Dropping the handle asks the job to stop and does not wait for it.
pub struct Job {
    cancel: Cancel,
    thread: Option<thread::JoinHandle<()>>,
}

impl Job {
    /// Asks the job to stop.
    pub fn cancel(&self) {
        self.cancel.cancel();
    }

    /// Whether its thread has ended.
    pub fn is_finished(&self) -> bool {
        self.thread
            .as_ref()
            .is_none_or(thread::JoinHandle::is_finished)
    }

    /// Waits for the job's end.
    pub fn wait(mut self) {
        if let Some(thread) = self.thread.take() {
            // The panic, if any, was handed to `failed`.
            let _ = thread.join();
        }
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

/// Runs `work` on a thread called `name`. A panic inside ends the job, not the program: `failed` is called with
/// its message.
///
/// # Errors
/// The system's error if it gives no thread.
pub fn spawn(
    name: &str,
    work: impl FnOnce(&Cancel) + Send + 'static,
    failed: impl FnOnce(String) + Send + 'static,
) -> io::Result<Job> {
    let cancel = Cancel::default();
    let flag = cancel.clone();
    let thread = thread::Builder::new()
        .name(name.to_owned())
        .stack_size(STACK_BYTES)
        .spawn(move || {
            if let Err(fault) = guarded(|| work(&flag)) {
                failed(fault);
            }
        })?;
    Ok(Job {
        cancel,
        thread: Some(thread),
    })
}

/// Does `work`, whose panic does not go further. What `work` changes must be of use after a panic, too.
///
/// # Errors
/// The text of a panic inside.
pub fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    std::panic::catch_unwind(AssertUnwindSafe(work)).map_err(|payload| panic_message(&*payload))
}

/// The text of a caught panic.
pub fn panic_message(payload: &(dyn std::any::Any + Send)) -> String {
    payload
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| {
            payload
                .downcast_ref::<&str>()
                .map(|text| (*text).to_owned())
        })
        .unwrap_or_else(|| "unknown fault".to_owned())
}

/// Sets how many threads parallel work uses (`--threads N`); call once, before any such work.
///
/// # Errors
/// If parallel work has already begun, or the system gives no threads.
pub fn configure_threads(threads: usize) -> Result<(), rayon::ThreadPoolBuildError> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|index| format!("worker-{index}"))
        .build_global()
}

/// Threads for parallel work that lets the window and sound go first: as many as the usual ones, at a lower priority. Work that is given to [`rayon::ThreadPool::install`] runs on them, with all parallel work inside.
///
/// # Errors
/// If the system gives no threads.
pub fn modest_threads(
    name: &'static str,
) -> Result<rayon::ThreadPool, rayon::ThreadPoolBuildError> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(rayon::current_num_threads())
        .thread_name(move |index| format!("{name}-{index}"))
        .stack_size(STACK_BYTES)
        .start_handler(|_| {
            let priority = ThreadPriorityValue::try_from(MODEST).map(ThreadPriority::Crossplatform);
            // A system that refuses gets threads as all others.
            if let Ok(Err(error)) = priority.map(set_current_thread_priority) {
                tracing::debug!("no lower priority: {error:?}");
            }
        })
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_in_a_job_is_a_message() {
        let (send, receive) = crossbeam_channel::bounded(1);
        let job = spawn(
            "doomed",
            |_| panic!("the roof fell in"),
            move |message| send.send(message).unwrap(),
        )
        .unwrap();
        assert_eq!(receive.recv().unwrap(), "the roof fell in");
        job.wait();
    }
}
