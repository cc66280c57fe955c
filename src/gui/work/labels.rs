//! Keeping labels that the user gave: in the user's data folder, never beside the music.

use std::path::{Path, PathBuf};

use crate::gui::{jobs::BackgroundWriter, message::Outbox};
use mynascope_base::storage::StorageError;
use mynascope_collection::{CollectionError, OwnLabels, Track};

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
            set_aside(file, &error)?;
            OwnLabels::default()
        }
    };
    for track in tracks {
        own.keep(track);
    }
    own.save(file)
}

/// A damaged file is kept under another name: somebody may mend it.
fn set_aside(file: &Path, error: &CollectionError) -> Result<(), StorageError> {
    tracing::warn!("own labels are set aside: {error}");
    let aside = file.with_extension("damaged.csv");
    std::fs::rename(file, &aside).map_err(|source| StorageError::Io {
        what: "set damaged labels aside",
        source,
        path: aside,
    })
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
