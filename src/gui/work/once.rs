use crate::gui::message::{Message, Outbox};
use mynascope_base::jobs;

/// Does something once on a thread `name`: it reads or writes a file, or waits for the user, and nothing can be asked
/// to stop there. `say` puts a fault of the thread into words.
pub(super) fn once(
    name: &str,
    outbox: &Outbox,
    work: impl FnOnce(&Outbox) + Send + 'static,
    say: impl FnOnce(String) -> String + Send + 'static,
) -> std::io::Result<()> {
    let (told, failed) = (outbox.clone(), outbox.clone());
    let job = jobs::spawn(
        name,
        move |_| work(&told),
        move |fault| failed.send(Message::Fault(say(fault))),
    )?;
    drop(job);
    Ok(())
}
