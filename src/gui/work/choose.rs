//! The system's file dialog, on a thread of its own.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use crate::gui::{
    message::{Message, Outbox},
    model::{CurveFile, TrainMessage, Wanted as ForTraining},
};
use mynascope_audio as audio;
use mynascope_base::jobs;

use super::once::once;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    Files,
    Folder,
    /// A sound file to compare a map with.
    Query,
}

/// Shows a folder in the system's file manager.
pub fn show_folder(folder: &Path, outbox: &Outbox) -> std::io::Result<()> {
    let folder = folder.to_path_buf();
    let show = move |outbox: &Outbox| {
        if let Err(error) = open::that_detached(&folder) {
            outbox.send(Message::Fault(format!(
                "The file manager could not be opened ({error}); copy the path instead: {}",
                folder.display()
            )));
        }
    };
    once("file-manager", outbox, show, std::convert::identity)
}

/// A dialog that ends sooner than anybody could close it was never shown.
const TOO_SOON: Duration = Duration::from_millis(1_000);

/// Shows a dialog. `None` where it was closed without a choice; an error in words where none could be shown.
pub fn dialog<T>(show: impl FnOnce() -> Option<T>) -> Result<Option<T>, String> {
    let start = Instant::now();
    match show() {
        None if start.elapsed() < TOO_SOON => Err(
            "No file dialog can be shown here: the system has neither a desktop portal nor zenity. Install zenity, or \
             paste the path of a file or folder into the palette (Ctrl+P)"
                .to_owned(),
        ),
        chosen => Ok(chosen),
    }
}

/// The path, or the first one with a number behind its name that is not taken: nobody was asked about overwriting.
pub fn unused(path: &Path) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let ending = path.extension().unwrap_or_default().to_string_lossy();
    let numbered = (2..).map(|number| path.with_file_name(format!("{stem} {number}.{ending}")));
    std::iter::once(path.to_path_buf())
        .chain(numbered)
        .find(|path| !path.exists())
        .unwrap_or_else(|| path.to_path_buf())
}

/// Asks; the answer comes as a message.
pub fn ask(wanted: Wanted, outbox: &Outbox) -> std::io::Result<()> {
    let (answer, failed) = (outbox.clone(), outbox.clone());
    let job = jobs::spawn(
        "file-dialog",
        move |_| {
            let ask = rfd::FileDialog::new();
            let chosen = dialog(|| match wanted {
                Wanted::Files => ask
                    .set_title("Open sound files")
                    .add_filter("Sound", audio::EXTENSIONS)
                    .add_filter(
                        "Lists of paths",
                        &["csv", "tsv", "tab", "psv", "txt", "m3u", "m3u8"],
                    )
                    .pick_files(),
                Wanted::Query => ask
                    .set_title("What is like this file?")
                    .add_filter("Sound", audio::EXTENSIONS)
                    .pick_file()
                    .map(|file| vec![file]),
                Wanted::Folder => ask.set_title("Open a folder of sounds").pick_folders(),
            });
            answer.send(match (chosen, wanted) {
                (Ok(chosen), Wanted::Query) => Message::ChosenQuery(chosen.unwrap_or_default()),
                (Ok(chosen), _) => Message::Chosen(chosen.unwrap_or_default()),
                (Err(why), _) => Message::Fault(why),
            });
        },
        move |fault| {
            failed.send(Message::Fault(format!(
                "The file dialog could not be shown ({fault}); paste the path of a file or folder into the palette instead (Ctrl+P)"
            )));
        },
    )?;
    // Nothing can be asked to stop here: the dialog is closed by who opened it.
    drop(job);
    Ok(())
}

/// Asks for a file or folder of the Train layout; the answer comes as a message. `name` is that of the shown run.
pub fn ask_of_training(
    wanted: ForTraining,
    name: Option<String>,
    outbox: &Outbox,
) -> std::io::Result<()> {
    let outbox = outbox.clone();
    std::thread::Builder::new()
        .name("choose file".to_owned())
        .spawn(move || {
            let ask = rfd::FileDialog::new();
            let name = name.unwrap_or_else(|| "run".to_owned());
            let chosen = dialog(|| match wanted {
                ForTraining::Run => ask.set_title("Choose the folder of a run").pick_folder(),
                ForTraining::Runs => ask
                    .set_title("Choose where new runs are kept")
                    .pick_folder(),
                ForTraining::Init => ask
                    .set_title("Choose the weights to start from")
                    .add_filter("Checkpoints", &super::map::CHECKPOINT_ENDINGS)
                    .pick_file(),
                ForTraining::Curves(CurveFile::Png) => ask
                    .set_title("Save the curves as a picture")
                    .add_filter("PNG", &["png"])
                    .set_file_name(format!("{name} - curves.png"))
                    .save_file(),
                ForTraining::Curves(CurveFile::Csv) => ask
                    .set_title("Save every step as a table")
                    .add_filter("CSV", &["csv"])
                    .set_file_name(format!("{name} - steps.csv"))
                    .save_file(),
            });
            match chosen {
                Ok(Some(path)) => outbox.send(Message::Train(TrainMessage::Chosen(wanted, path))),
                Ok(None) => {}
                Err(why) => outbox.send(Message::Fault(why)),
            }
        })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dialog_that_was_never_shown_is_told_from_one_that_was_closed() {
        assert!(dialog(|| None::<()>).is_err());
        let closed = dialog(|| {
            std::thread::sleep(2 * TOO_SOON);
            None::<()>
        });
        assert_eq!(closed, Ok(None));
        assert_eq!(dialog(|| Some(1)), Ok(Some(1)));
    }
}
