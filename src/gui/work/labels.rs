//! Keeping labels that the user gave: in the user's data folder, never beside the music.

use std::path::{Path, PathBuf};

use super::set_aside::set_aside;
use crate::gui::{jobs::BackgroundWriter, message::Outbox};
use mynascope_base::storage::StorageError;
use mynascope_collection::{OwnLabels, Track};

/// Starts the thread that keeps label and tags of tracks in a file.
///
/// # Errors
/// The system's error if it gives no thread.
pub fn start(file: PathBuf, outbox: Outbox) -> std::io::Result<BackgroundWriter<Track>> {
    let nothing = |_: &Outbox| ();
    BackgroundWriter::start("labels", outbox, nothing, move |tracks: Vec<Track>| {
        keep(&file, &tracks).map_err(|error| format!("The labels could not be kept: {error}"))
    })
}

fn keep(file: &Path, tracks: &[Track]) -> Result<(), StorageError> {
    let mut own = match OwnLabels::load(file) {
        Ok(own) => own,
        Err(error) => {
            set_aside(file, "set damaged labels aside", &error)?;
            OwnLabels::default()
        }
    };
    for track in tracks {
        own.keep(track);
    }
    own.save(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_given_just_before_the_end_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("own-labels.csv");
        std::fs::write(&file, "damaged").unwrap();
        let (outbox, _inbox) = Outbox::new(&eframe::egui::Context::default());
        let work = start(file.clone(), outbox).unwrap();
        let mut tracks = ["/m/a.wav", "/m/b.wav"].map(|path| Track::of_file(Path::new(path)));
        for track in &mut tracks {
            track.label = Some("dub".to_owned());
            work.write(vec![track.clone()]);
        }
        drop(work);
        let mut read = ["/m/a.wav", "/m/b.wav"].map(|path| Track::of_file(Path::new(path)));
        assert_eq!(OwnLabels::load(&file).unwrap().apply(&mut read), 2);
        assert_eq!(read, tracks);
        assert!(folder.path().join("own-labels.damaged.csv").exists());
    }
}
