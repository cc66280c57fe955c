//! Work that is done once and cannot be stopped.

use std::io;

use mynascope_base::jobs;

use super::{Fault, Outbox};

/// The system gave no thread.
#[derive(Debug, thiserror::Error)]
#[error("The system gave no thread for this work ({0}); close other programs and try again")]
pub struct NoThread(#[from] io::Error);

/// Does something once on a thread `name`: it reads or writes a file, or waits for the user, and nothing can be asked
/// to stop there. `broke_off` puts a panic into a sentence, which is sent.
///
/// # Errors
/// [`NoThread`] if the system gives no thread.
pub fn spawn_once<M: From<Fault> + Send + 'static>(
    name: &str,
    outbox: &Outbox<M>,
    work: impl FnOnce(&Outbox<M>) + Send + 'static,
    broke_off: impl FnOnce(String) -> String + Send + 'static,
) -> Result<(), NoThread> {
    let (sends, after) = (outbox.clone(), outbox.clone());
    let job = jobs::spawn(
        name,
        move |_| work(&sends),
        move |fault| after.send(M::from(Fault(broke_off(fault)))),
    )?;
    drop(job);
    Ok(())
}
