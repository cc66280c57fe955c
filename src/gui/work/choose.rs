//! The system's file dialog, on a thread of its own.

use std::path::Path;

use crate::{
    audio,
    gui::message::{Message, Outbox},
    jobs,
};

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    Files,
    Folder,
}

/// Shows a folder in the system's file manager.
pub fn show_folder(folder: &Path, outbox: &Outbox) -> std::io::Result<()> {
    let (told, failed) = (outbox.clone(), outbox.clone());
    let folder = folder.to_path_buf();
    let job = jobs::spawn(
        "file-manager",
        move |_| {
            if let Err(error) = open::that_detached(&folder) {
                told.send(Message::Fault(format!(
                    "The file manager could not be opened ({error}); copy the path instead: {}",
                    folder.display()
                )));
            }
        },
        move |fault| failed.send(Message::Fault(fault)),
    )?;
    drop(job);
    Ok(())
}

/// Asks; the answer comes as a message.
pub fn ask(wanted: Wanted, outbox: &Outbox) -> std::io::Result<()> {
    let (answer, failed) = (outbox.clone(), outbox.clone());
    let job = jobs::spawn(
        "file-dialog",
        move |_| {
            let dialog = rfd::FileDialog::new();
            let chosen = match wanted {
                Wanted::Files => dialog
                    .set_title("Open sound files")
                    .add_filter("Sound", audio::EXTENSIONS)
                    .add_filter("Tables of paths", &["csv", "tsv"])
                    .pick_files(),
                Wanted::Folder => dialog.set_title("Open a folder of sounds").pick_folders(),
            };
            answer.send(Message::Chosen(chosen.unwrap_or_default()));
        },
        move |fault| {
            failed.send(Message::Fault(format!(
                "The file dialog could not be shown ({fault}); drop files on the window instead"
            )));
        },
    )?;
    // Nothing can be asked to stop here: the dialog is closed by who opened it.
    drop(job);
    Ok(())
}
