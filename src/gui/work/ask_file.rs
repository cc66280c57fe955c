//! The system's file dialogs. Each is asked on a thread of its own, so that the window goes on meanwhile.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use crate::gui::{
    jobs::{NoThread, spawn_once},
    message::{Message, Outbox},
};
use mynascope_base::storage::Folders;

/// What a dialog asks for.
pub struct Question {
    dialog: rfd::FileDialog,
    kind: Kind,
}

enum Kind {
    File,
    Files,
    /// A folder that the probe shall answer for.
    Folder,
    Folders,
    /// A file to be written, of this name if the user has no other.
    NewFile(String),
}

impl Question {
    fn new(title: &str, kind: Kind) -> Self {
        let dialog = rfd::FileDialog::new().set_title(title);
        let dialog = match &kind {
            Kind::NewFile(name) => dialog.set_file_name(name),
            Kind::File | Kind::Files | Kind::Folder | Kind::Folders => dialog,
        };
        Self { dialog, kind }
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

    /// Shows the dialog and waits for the user: not for the window's thread. Nothing is chosen where it was closed; an
    /// error says why it could not be shown.
    ///
    /// # Errors
    /// Why no dialog can be shown, for people.
    pub fn wait_all(self) -> Result<Vec<PathBuf>, String> {
        let Self { dialog, kind } = self;
        let one = |path: Option<PathBuf>| path.map(|path| vec![path]);
        let chosen = show(|| match kind {
            Kind::File => one(dialog.pick_file()),
            Kind::Files => dialog.pick_files(),
            Kind::Folder => one(dialog.pick_folder()),
            Kind::Folders => dialog.pick_folders(),
            Kind::NewFile(_) => one(dialog.save_file()),
        })?;
        Ok(chosen.unwrap_or_default())
    }

    /// As [`Question::wait_all`], for one path.
    ///
    /// # Errors
    /// Why no dialog can be shown, for people.
    pub fn wait(self) -> Result<Option<PathBuf>, String> {
        Ok(self.wait_all()?.into_iter().next())
    }

    /// As [`Question::wait`] for a new file. Where no dialog can be shown, it goes among the program's own files, into
    /// this folder, under a name that is not taken.
    ///
    /// # Errors
    /// Why no dialog can be shown, for people.
    pub fn wait_or_save_in(self, folder: &str) -> Result<Option<Place>, String> {
        let name = match &self.kind {
            Kind::NewFile(name) => name.clone(),
            Kind::File | Kind::Files | Kind::Folder | Kind::Folders => String::new(),
        };
        match self.wait() {
            Ok(path) => Ok(path.map(Place::Chosen)),
            Err(_) => match Folders::of_user() {
                Ok(folders) => Ok(Some(Place::Unasked(unused(
                    &folders.data.join(folder).join(name),
                )))),
                Err(error) => Err(error.to_string()),
            },
        }
    }
}

/// Where a file is written.
pub enum Place {
    /// Where the user said.
    Chosen(PathBuf),
    /// Nobody could be asked.
    Unasked(PathBuf),
}

impl Place {
    /// The path, whoever chose it.
    pub fn into_path(self) -> PathBuf {
        match self {
            Self::Chosen(path) | Self::Unasked(path) => path,
        }
    }
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
    let work = move |outbox: &Outbox| match question.wait_all() {
        Ok(paths) => {
            if let Some(message) = answer(paths) {
                outbox.send(message);
            }
        }
        Err(why) => outbox.send(Message::Fault(why)),
    };
    spawn_once("file-dialog", outbox, work, |fault| {
        format!(
            "The file dialog could not be shown ({fault}); paste the path of a file or folder into the palette instead (Ctrl+P)"
        )
    })
}

/// A dialog that ends sooner than anybody could close it was never shown.
const TOO_SOON: Duration = Duration::from_millis(1_000);

/// Shows a dialog. `None` where it was closed without a choice; an error in words where none could be shown.
fn show<T>(show: impl FnOnce() -> Option<T>) -> Result<Option<T>, String> {
    let start = Instant::now();
    let chosen = show();
    was_shown(chosen, start.elapsed())
}

/// What was chosen in a dialog that took so long.
fn was_shown<T>(chosen: Option<T>, took: Duration) -> Result<Option<T>, String> {
    match chosen {
        None if took < TOO_SOON => Err(
            "No file dialog can be shown here: the system has neither a desktop portal nor zenity. Install zenity, or \
             paste the path of a file or folder into the palette (Ctrl+P)"
                .to_owned(),
        ),
        chosen => Ok(chosen),
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
        assert!(was_shown(None::<()>, Duration::ZERO).is_err());
        assert_eq!(was_shown(None::<()>, 2 * TOO_SOON), Ok(None));
        assert_eq!(was_shown(Some(1), Duration::ZERO), Ok(Some(1)));
    }
}
