//! Looks at checkpoints that are chosen or dropped.

use std::path::{Path, PathBuf};

use crate::gui::{
    jobs::{NoThread, spawn_once},
    message::{EncoderMessage, Message, Outbox},
    model::ChosenCheckpoint,
};
use mynascope_encoder::{CheckpointError, CheckpointRef, Family, inspect};

use super::ask_file::{Question, ask};

/// Endings that checkpoints have.
pub const CHECKPOINT_ENDINGS: [&str; 7] =
    ["safetensors", "pth", "pt", "ckpt", "bin", "tar", "json"];

/// Reads what a checkpoint is.
///
/// # Errors
/// A [`CheckpointError`] if the file cannot be read or is no checkpoint.
pub fn open_checkpoint(path: PathBuf) -> Result<ChosenCheckpoint, CheckpointError> {
    let report = inspect(&path, None)?;
    Ok(ChosenCheckpoint {
        says_patch: report.kind.is_some() || report.family != Family::Myna,
        note: report.say_use(),
        path,
    })
}

/// Looks up which encoders a checkpoint holds; a file that cannot be read says so when it is used.
///
/// # Errors
/// [`NoThread`] if the system gives no thread.
pub fn look_into(path: PathBuf, outbox: &Outbox) -> Result<(), NoThread> {
    let look = move |outbox: &Outbox| {
        let file = CheckpointRef::File(path.clone()).resolve();
        let report = file
            .ok()
            .flatten()
            .and_then(|file| inspect(&file, None).ok());
        let found = report.map_or_else(Vec::new, |report| report.encoders);
        outbox.send(Message::Encoder(EncoderMessage::Held(path, found)));
    };
    spawn_once("checkpoint", outbox, look, |fault| {
        format!("The checkpoint could not be looked into ({fault}); choose it again")
    })
}

/// As [`open_checkpoint`], with a note that says what the dropped file is used for.
///
/// # Errors
/// A [`CheckpointError`] if the file cannot be read or is no checkpoint.
pub fn open_dropped(path: &Path) -> Result<ChosenCheckpoint, CheckpointError> {
    let mut chosen = open_checkpoint(path.to_path_buf())?;
    let name = path.file_name().unwrap_or(path.as_os_str());
    let used = format!(
        "“{}” is now the encoder of Map, Probe and Teach",
        name.to_string_lossy()
    );
    chosen.note = Some(match chosen.note {
        Some(note) => format!("{used}; {note}"),
        None => used,
    });
    Ok(chosen)
}

/// The question for a checkpoint file.
pub fn question(title: &str) -> Question {
    Question::file(title).filter("Checkpoints", &CHECKPOINT_ENDINGS)
}

/// Asks for a checkpoint and looks what it is; the answer comes as a message.
///
/// # Errors
/// [`NoThread`] if the system gives no thread.
pub fn choose(outbox: &Outbox) -> Result<(), NoThread> {
    ask(question("Choose a checkpoint"), outbox, |path| {
        // A file that cannot be read says so when it is used.
        let chosen = open_checkpoint(path.clone()).unwrap_or(ChosenCheckpoint {
            path,
            says_patch: true,
            note: None,
        });
        Message::Encoder(EncoderMessage::Chosen(chosen))
    })
}
