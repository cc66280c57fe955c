//! Looks at checkpoints that are chosen or dropped.

use std::path::{Path, PathBuf};

use crate::gui::{
    jobs::{NoThread, spawn_once},
    message::{EncoderMessage, Message, Outbox},
    model::{ChosenCheckpoint, EncoderCard, EncoderSource},
};
use mynascope_base::jobs;
use mynascope_encoder::{
    CheckpointError, CheckpointRef, Family, inspect, is_checkpoint, say_step_of_run, summarise,
};
use mynascope_hub::{HubName, PUBLISHED, licence_in_card};
use mynascope_train::Objective;

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
    let is_myna = report.family == Family::Myna;
    Ok(ChosenCheckpoint {
        family: report.family,
        sizes: report.sizes,
        says_patch: report.kind.is_some() || !is_myna,
        // Of the others this says what was guessed, as the number of heads, and what the file leaves open.
        note: match is_myna {
            true => report.say_use(),
            false => Some(format!("{}: {}", report.family, report.note)),
        },
        path,
    })
}

/// Whether a path that was dropped or named is taken for an encoder: by what it holds, or by an ending that nothing else has.
/// Reads headers only, and of no file that is music by its ending.
pub fn is_encoder(path: &Path) -> bool {
    let ending = path.extension().unwrap_or_default();
    let is_one = |known: &[&str]| known.iter().any(|it| ending.eq_ignore_ascii_case(it));
    if path.is_file() && is_one(&["pth", "pt", "ckpt"]) {
        return true;
    }
    (!path.is_file() || ending.is_empty() || is_one(&CHECKPOINT_ENDINGS)) && is_checkpoint(path)
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
        CheckpointRef::Baseline(_) => return Some("no weights".to_owned()),
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

/// What a checkpoint is chosen for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChosenFor {
    /// To make embeddings: any family.
    Embedding,
    /// To start training from.
    Training,
}

/// Asks for a checkpoint and looks what it is; what is made of it comes as a message, or why it cannot be used.
///
/// # Errors
/// [`NoThread`] if the system gives no thread.
pub fn choose(
    title: &str,
    purpose: ChosenFor,
    outbox: &Outbox,
    answer: impl FnOnce(ChosenCheckpoint) -> Message + Send + 'static,
) -> Result<(), NoThread> {
    let question = Question::file(title).filter("Checkpoints", &CHECKPOINT_ENDINGS);
    ask(question, outbox, move |path| chosen(path, purpose, answer))
}

/// Whether there is anything that encoders of a family can learn here.
fn is_trained(family: Family) -> bool {
    let mut all = Objective::ALL.into_iter();
    all.any(|objective| objective.misfit(family).is_none())
}

fn chosen(
    path: PathBuf,
    purpose: ChosenFor,
    answer: impl FnOnce(ChosenCheckpoint) -> Message,
) -> Message {
    match open_checkpoint(path) {
        Ok(chosen) if purpose == ChosenFor::Training && !is_trained(chosen.family) => {
            let (family, path) = (chosen.family, chosen.path.display());
            Message::Fault(format!(
                "Encoders of the family {family} are not trained here; choose another file: {path}"
            ))
        }
        Ok(chosen) => answer(chosen),
        Err(why) => Message::Fault(why.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixture(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/fixtures")
            .join(name)
    }

    #[test]
    fn what_a_file_leaves_open_is_said_with_it() {
        let note = |name: &str| open_checkpoint(fixture(name)).unwrap().note.unwrap();
        let native = note("maest/native.ckpt");
        assert!(native.starts_with("MAEST: windows of "), "{native}");
        assert!(native.contains("without names"), "{native}");
        assert!(native.contains("how many attention heads"), "{native}");
        let dropped = open_dropped(&fixture("mt2/model_state_dict.pt")).unwrap();
        let note = dropped.note.unwrap();
        assert!(
            note.contains("is now the encoder; MT2: windows of "),
            "{note}"
        );
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/myna-tiny.safetensors");
        assert_eq!(open_checkpoint(shipped).unwrap().note, None);
    }

    #[test]
    fn a_chosen_file_that_holds_no_encoder_is_refused_with_a_reason() {
        let chosen = |path: PathBuf, purpose: ChosenFor| {
            chosen(path, purpose, |chosen| {
                Message::Encoder(EncoderMessage::Chosen(chosen))
            })
        };
        let message = |path: PathBuf| chosen(path, ChosenFor::Embedding);
        let good = message(fixture("maest/hub"));
        assert!(matches!(good, Message::Encoder(EncoderMessage::Chosen(_))));
        let to_train = chosen(fixture("maest/hub"), ChosenFor::Training);
        assert!(
            matches!(to_train, Message::Encoder(EncoderMessage::Chosen(it)) if it.sizes.is_some())
        );
        let folder = tempfile::tempdir().unwrap();
        let text = folder.path().join("notes.bin");
        std::fs::write(&text, "no encoder").unwrap();
        for path in [text, folder.path().join("gone.pth")] {
            let Message::Fault(why) = message(path.clone()) else {
                panic!("{} was taken", path.display());
            };
            assert!(why.ends_with(&path.display().to_string()), "{why}");
        }
    }

    #[test]
    fn a_folder_of_the_hub_without_weights_says_what_is_missing() {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("config.json");
        let said = || {
            assert!(is_encoder(folder.path()) && is_encoder(&config));
            let said = [folder.path(), &config].map(|path| {
                let why = open_dropped(path).err().expect("it cannot be opened");
                why.to_string()
            });
            assert_eq!(said[0], said[1]);
            said[0].clone()
        };
        std::fs::copy(fixture("maest/hub/config.json"), &config).unwrap();
        assert!(
            said().contains("it is a MAEST, but model.safetensors or pytorch_model.bin is missing")
        );
        std::fs::write(&config, r#"{"model_type": "wav2vec2"}"#).unwrap();
        assert!(said().contains(
            "says that its model_type is wav2vec2, and only Myna, MAEST, MT2 and Music2Vec are read"
        ));
        // Any other file of this name says nothing of an encoder.
        std::fs::write(&config, r#"{"volume": 3}"#).unwrap();
        assert!(!is_encoder(folder.path()) && !is_encoder(&config));
    }
}
