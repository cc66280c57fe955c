//! Saves what the window shows.

use std::path::{Path, PathBuf};

use crate::gui::{
    jobs::{NoThread, spawn_once},
    message::{Message, Outbox},
    work::ask_file::Question,
};

/// Where something is saved.
pub enum SaveAt {
    /// Here.
    Path(PathBuf),
    /// Where the user says.
    Asking(Box<Question>),
}

/// Saves with `save`; the outcome comes as a message. `what` was to be saved, for the sentence if `save` breaks.
///
/// # Errors
/// [`NoThread`] if the system gives no thread.
pub fn save(
    what: &'static str,
    at: SaveAt,
    outbox: &Outbox,
    save: impl FnOnce(&Path) -> Result<(), String> + Send + 'static,
) -> Result<(), NoThread> {
    let work = move |outbox: &Outbox| {
        let place = match at {
            SaveAt::Path(path) => Some(path),
            SaveAt::Asking(question) => question.wait(outbox),
        };
        let Some(path) = place else { return };
        make_folder_of(&path);
        let saved = save(&path).map(|()| path);
        outbox.send(Message::Saved(saved));
    };
    spawn_once("save-file", outbox, work, move |fault| {
        format!("The {what} could not be saved ({fault}); try again")
    })
}

/// Makes the folder of a file. One that cannot be made is told by the writing.
pub fn make_folder_of(path: &Path) {
    if let Some(folder) = path.parent() {
        let _ = std::fs::create_dir_all(folder);
    }
}
