//! The system's file dialog, on a thread of its own.

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
