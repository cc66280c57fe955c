//! The system's file dialogs. Each is asked on a thread of its own, so that the window goes on meanwhile. Where the system has
//! none, the window asks for the path.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use crate::gui::{
    jobs::{NoThread, spawn_once},
    message::{Message, Outbox},
    model::PathQuestion,
};
use mynascope_base::storage::Folders;

use Dialog::{NoDialog, Shown};

/// Endings of lists of tracks.
pub const LIST_ENDINGS: [&str; 10] = [
    "csv", "tsv", "tab", "psv", "txt", "json", "jsonl", "m3u", "m3u8", "gz",
];

/// What a dialog asks for.
pub struct Question {
    title: String,
    dialog: rfd::FileDialog,
    kind: Kind,
}

enum Kind {
    File,
    Files,
    Folder,
    Folders,
    /// A file to be written, of this name if the user has no other.
    NewFile(String),
}

impl Kind {
    /// What the button of the answer says.
    fn verb(&self) -> &'static str {
        match self {
            Self::File | Self::Files => "Open",
            Self::Folder | Self::Folders => "Choose",
            Self::NewFile(_) => "Save",
        }
    }
}

impl Question {
    fn new(title: &str, kind: Kind) -> Self {
        let dialog = rfd::FileDialog::new().set_title(title);
        let dialog = match &kind {
            Kind::NewFile(name) => dialog.set_file_name(name),
            Kind::File | Kind::Files | Kind::Folder | Kind::Folders => dialog,
        };
        Self {
            title: title.to_owned(),
            dialog,
            kind,
        }
    }

    /// For a file that is there.
    pub fn file(title: &str) -> Self {
        Self::new(title, Kind::File)
    }

    /// For files that are there.
    pub fn files(title: &str) -> Self {
        Self::new(title, Kind::Files)
    }

    /// For a folder.
    pub fn folder(title: &str) -> Self {
        Self::new(title, Kind::Folder)
    }

    /// For folders.
    pub fn folders(title: &str) -> Self {
        Self::new(title, Kind::Folders)
    }

    /// For where to write a file, which is offered this name.
    pub fn new_file(title: &str, name: impl Into<String>) -> Self {
        Self::new(title, Kind::NewFile(name.into()))
    }

    /// Offers only files of these endings.
    pub fn filter(self, name: &str, endings: &[&str]) -> Self {
        let dialog = self.dialog.add_filter(name, endings);
        Self { dialog, ..self }
    }

    /// Shows the dialog and waits for the user: not for the window's thread. Nothing is chosen where it was closed. Where the
    /// system has no dialog, the window asks for the path.
    pub fn wait_all(self, outbox: &Outbox) -> Vec<PathBuf> {
        let Self {
            title,
            dialog,
            kind,
        } = self;
        let one = |path: Option<PathBuf>| path.map(|path| vec![path]);
        let chosen = show(|| match &kind {
            Kind::File => one(dialog.pick_file()),
            Kind::Files => dialog.pick_files(),
            Kind::Folder => one(dialog.pick_folder()),
            Kind::Folders => dialog.pick_folders(),
            Kind::NewFile(_) => one(dialog.save_file()),
        });
        match chosen {
            Shown(chosen) => chosen.unwrap_or_default(),
            NoDialog => {
                let suggestion = match &kind {
                    Kind::NewFile(name) => place_of(name),
                    Kind::File | Kind::Files | Kind::Folder | Kind::Folders => None,
                };
                let (reply, answer) = crossbeam_channel::bounded(1);
                outbox.send(Message::AskPath(PathQuestion {
                    title,
                    verb: kind.verb(),
                    text: suggestion.map_or_else(String::new, |path| path.display().to_string()),
                    reply,
                }));
                // Closed without an answer, the question is gone.
                let paths: Vec<PathBuf> = answer.recv().unwrap_or_default();
                paths
            }
        }
    }

    /// As [`Question::wait_all`], for one path.
    pub fn wait(self, outbox: &Outbox) -> Option<PathBuf> {
        self.wait_all(outbox).into_iter().next()
    }
}

/// A place for a new file among the user's documents, under a name that is not taken.
fn place_of(name: &str) -> Option<PathBuf> {
    let folders = Folders::of_user().ok()?;
    Some(unused(&folders.documents.join(name)))
}

/// Asks for one path; what is made of it comes as a message. Nothing comes where the dialog was closed.
///
/// # Errors
/// [`NoThread`] if the system gives no thread.
pub fn ask(
    question: Question,
    outbox: &Outbox,
    answer: impl FnOnce(PathBuf) -> Message + Send + 'static,
) -> Result<(), NoThread> {
    ask_all(question, outbox, |paths| {
        paths.into_iter().next().map(answer)
    })
}

/// As [`ask`], for any number of paths.
///
/// # Errors
/// [`NoThread`] if the system gives no thread.
pub fn ask_all(
    question: Question,
    outbox: &Outbox,
    answer: impl FnOnce(Vec<PathBuf>) -> Option<Message> + Send + 'static,
) -> Result<(), NoThread> {
    let work = move |outbox: &Outbox| {
        if let Some(message) = answer(question.wait_all(outbox)) {
            outbox.send(message);
        }
    };
    spawn_once("file-dialog", outbox, work, |fault| {
        format!(
            "The file dialog could not be shown ({fault}); paste the path of a file or folder into the palette instead (Ctrl+P)"
        )
    })
}

/// A dialog that ends sooner than anybody could close it was never shown.
const TOO_SOON: Duration = Duration::from_millis(1_000);

/// What became of a dialog.
#[derive(Debug, PartialEq)]
enum Dialog<T> {
    /// It was shown, and closed with or without a choice.
    Shown(Option<T>),
    /// The system has neither a desktop portal nor zenity.
    NoDialog,
}

/// Shows a dialog.
fn show<T>(show: impl FnOnce() -> Option<T>) -> Dialog<T> {
    let start = Instant::now();
    let chosen = show();
    was_shown(chosen, start.elapsed())
}

/// What became of a dialog that took so long.
fn was_shown<T>(chosen: Option<T>, took: Duration) -> Dialog<T> {
    match chosen {
        None if took < TOO_SOON => NoDialog,
        chosen => Shown(chosen),
    }
}

/// The path, or the first one with a number behind its name that is not taken: nobody was asked about overwriting.
fn unused(path: &Path) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let ending = path.extension().unwrap_or_default().to_string_lossy();
    let numbered = (2..).map(|number| path.with_file_name(format!("{stem} {number}.{ending}")));
    std::iter::once(path.to_path_buf())
        .chain(numbered)
        .find(|path| !path.exists())
        .unwrap_or_else(|| path.to_path_buf())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dialog_that_was_never_shown_is_told_from_one_that_was_closed() {
        assert_eq!(was_shown(None::<()>, Duration::ZERO), NoDialog);
        assert_eq!(was_shown(None::<()>, 2 * TOO_SOON), Shown(None));
        assert_eq!(was_shown(Some(1), Duration::ZERO), Shown(Some(1)));
    }
}
