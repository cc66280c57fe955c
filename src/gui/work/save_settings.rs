//! Writing the settings, so that the window never waits for a disk.

use std::path::PathBuf;

use crate::gui::{
    jobs::{Answering, Fault},
    message::{Message, Outbox},
};
use mynascope_base::storage::Settings;

/// Starts the thread that writes settings to a folder; the newest ones win.
///
/// # Errors
/// The system's error if it gives no thread.
pub fn start(outbox: &Outbox) -> std::io::Result<Answering<(PathBuf, Settings)>> {
    let sends = outbox.clone();
    Answering::start("settings", outbox, move |(folder, settings), _| {
        let (folder, settings): (PathBuf, Settings) = (folder, settings);
        if let Err(error) = settings.save(&folder) {
            sends.send(Message::from(Fault(error.to_string())));
        }
    })
}
