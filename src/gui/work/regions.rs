//! Keeping regions, and exchanging them with other programs.

use std::path::{Path, PathBuf};

use super::{
    ask_file::{Question, ask},
    set_aside::set_aside,
};
use crate::gui::{
    jobs::{BackgroundWriter, NoThread},
    message::{Message, Outbox, RegionsMessage},
};
use mynascope_base::storage::StorageError;
use mynascope_collection::{OwnRegions, REGION_ENDINGS, Region, read_regions};

/// The regions of one track.
pub type OfTrack = (PathBuf, Vec<Region>);

/// Starts the thread that keeps regions in a file.
///
/// # Errors
/// The system's error if it gives no thread.
pub fn start(file: PathBuf, outbox: Outbox) -> std::io::Result<BackgroundWriter<OfTrack>> {
    let read = file.clone();
    let begin = move |outbox: &Outbox| {
        let own = OwnRegions::load(&read).map_err(|error| {
            format!("Your regions cannot be read; the next one that you make puts this file aside: {error}")
        });
        outbox.send(Message::Regions(RegionsMessage::Kept(own)));
    };
    BackgroundWriter::start("regions", outbox, begin, move |changed: Vec<OfTrack>| {
        keep(&file, changed).map_err(|error| format!("The regions could not be kept: {error}"))
    })
}

fn keep(file: &Path, changed: Vec<OfTrack>) -> Result<(), StorageError> {
    // Another window may have kept regions of other tracks.
    let mut own = match OwnRegions::load(file) {
        Ok(own) => own,
        Err(error) => {
            set_aside(file, "set damaged regions aside", &error)?;
            OwnRegions::default()
        }
    };
    for (path, regions) in changed {
        own.set(&path, regions);
    }
    own.save(file)
}

/// Asks for a file of regions of a track and reads it; what is in it comes as a message.
///
/// # Errors
/// [`NoThread`] if the system gives no thread.
pub fn import(track: PathBuf, outbox: &Outbox) -> Result<(), NoThread> {
    let question = Question::file("Take over regions of this track")
        .filter("Label tracks and layers", &REGION_ENDINGS);
    ask(question, outbox, move |file| {
        let read = read_regions(&file).map_err(|error| error.to_string());
        Message::Regions(RegionsMessage::Imported(track, read))
    })
}

/// Asks where to write regions.
pub fn export_question(track: &Path) -> Question {
    let stem = track.file_stem().unwrap_or_default().to_string_lossy();
    Question::new_file("Write the regions", format!("{stem}.txt"))
        .filter("Audacity's label track", &["txt"])
        .filter("Sonic Visualiser's regions", &["csv"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_of_two_windows_are_all_kept() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("regions.json");
        let region = |name: &str| Region {
            start_secs: 1.0,
            end_secs: 2.0,
            name: name.to_owned(),
        };
        std::fs::write(&file, "damaged").unwrap();
        for name in ["a", "b"] {
            let (outbox, _inbox) = Outbox::new(&eframe::egui::Context::default());
            let work = start(file.clone(), outbox).unwrap();
            work.write(vec![(
                PathBuf::from(format!("/m/{name}.wav")),
                vec![region(name)],
            )]);
            drop(work);
        }
        let own = OwnRegions::load(&file).unwrap();
        assert_eq!(own.of(Path::new("/m/a.wav")), [region("a")]);
        assert_eq!(own.of(Path::new("/m/b.wav")), [region("b")]);
        assert!(folder.path().join("regions.damaged.json").exists());
    }
}
