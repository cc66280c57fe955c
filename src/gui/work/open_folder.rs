//! Shows folders in the system's file manager.

use std::path::Path;

use crate::gui::{
    jobs::{NoThread, spawn_once},
    message::{Message, Outbox},
};

/// Shows a folder in the system's file manager.
///
/// # Errors
/// [`NoThread`] if the system gives no thread.
pub fn show_folder(folder: &Path, outbox: &Outbox) -> Result<(), NoThread> {
    let folder = folder.to_path_buf();
    let show = move |outbox: &Outbox| {
        if let Err(error) = open::that_detached(&folder) {
            outbox.send(Message::Fault(format!(
                "The file manager could not be opened ({error}); copy the path instead: {}",
                folder.display()
            )));
        }
    };
    spawn_once("file-manager", outbox, show, std::convert::identity)
}
