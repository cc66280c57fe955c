//! Looks at checkpoints that are chosen or dropped.

use std::path::{Path, PathBuf};

use crate::gui::{
    jobs::{NoThread, spawn_once},
    message::{EncoderMessage, Message, Outbox},
    model::{ChosenCheckpoint, EncoderCard, EncoderSource},
};
use mynascope_base::jobs;
use mynascope_encoder::{
    CheckpointError, CheckpointRef, Family, inspect, say_step_of_run, summarise,
};
use mynascope_hub::{HubName, PUBLISHED, licence_in_card};

use super::ask_file::{Question, ask};

/// Endings that checkpoints have.
pub const CHECKPOINT_ENDINGS: [&str; 7] =
    ["safetensors", "pth", "pt", "ckpt", "bin", "tar", "json"];

/// Reads what a checkpoint is.
///
/// # Errors
/// A [`CheckpointError`] if the file cannot be read, is no checkpoint, or holds an encoder that cannot be used.
pub fn open_checkpoint(path: PathBuf) -> Result<ChosenCheckpoint, CheckpointError> {
    let report = inspect(&path, None)?;
    if let Some(why) = report.problem {
        return Err(CheckpointError::Unfit { why, path });
    }
    Ok(ChosenCheckpoint {
        says_patch: report.kind.is_some() || report.family != Family::Myna,
        note: report.say_use(),
        path,
    })
}

/// Looks up what checkpoints are, one message each.
///
/// # Errors
/// [`NoThread`] if the system gives no thread.
pub fn look_up(sources: Vec<EncoderSource>, outbox: &Outbox) -> Result<(), NoThread> {
    let look = move |outbox: &Outbox| {
        for source in sources {
            // A panic is an answer too: who has none would wait for ever.
            let card = jobs::guarded(|| card_of(&source)).and_then(|card| card);
            let card = EncoderMessage::Card(Box::new((source, card)));
            outbox.send(Message::Encoder(card));
        }
    };
    spawn_once("checkpoint", outbox, look, |fault| {
        format!("The checkpoint could not be looked into ({fault}); choose it again")
    })
}

fn card_of(source: &EncoderSource) -> Result<EncoderCard, String> {
    let summary = summarise(&source.checkpoint, &source.load_options());
    Ok(EncoderCard {
        summary: summary.map_err(|error| error.to_string())?,
        licence: licence_of(&source.checkpoint),
    })
}

/// The licence of the weights, where it is stated: by the program, by the card beside them, or by who published them.
fn licence_of(checkpoint: &CheckpointRef) -> Option<String> {
    let path = match checkpoint {
        CheckpointRef::Shipped => return Some(env!("CARGO_PKG_LICENSE").to_owned()),
        CheckpointRef::Untrained => return Some("random weights".to_owned()),
        CheckpointRef::File(path) => path,
    };
    if path.is_dir() && say_step_of_run(path).is_some() {
        return Some("your own".to_owned());
    }
    let file = checkpoint.resolve().ok().flatten();
    let in_card = file.and_then(|file| licence_in_card(file.parent()?));
    in_card.or_else(|| {
        let name = HubName::after_scheme(path.to_str()?).ok().flatten()?;
        let mut all = PUBLISHED.iter();
        let known = all.find(|known| known.hub == Some(name.model()))?;
        Some(known.licence.to_owned())
    })
}

/// As [`open_checkpoint`], with a note that says what the dropped file is used for.
///
/// # Errors
/// A [`CheckpointError`] if the file cannot be read or is no checkpoint.
pub fn open_dropped(path: &Path) -> Result<ChosenCheckpoint, CheckpointError> {
    let mut chosen = open_checkpoint(path.to_path_buf())?;
    let name = path.file_name().unwrap_or(path.as_os_str());
    let used = format!("“{}” is now the encoder", name.to_string_lossy());
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
