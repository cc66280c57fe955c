//! Keeping labels that the user gave: in the user's data folder, never beside the music.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    collection::{CollectionError, OwnLabels, Track},
    gui::message::{Message, Outbox},
    jobs::{self, Job, Latest},
    storage::StorageError,
};

/// The thread that writes labels.
pub struct LabelWork {
    waiting: Arc<Mutex<Vec<Track>>>,
    /// `None` only while the thread is being ended.
    wake: Option<Latest<()>>,
    thread: Option<Job>,
}

impl LabelWork {
    /// Starts the thread that keeps labels in a file.
    pub fn start(file: PathBuf, outbox: Outbox) -> std::io::Result<Self> {
        let waiting = Arc::new(Mutex::new(Vec::new()));
        let (wake, inbox) = jobs::latest::<()>();
        let (taken, failed) = (Arc::clone(&waiting), outbox.clone());
        let thread = jobs::spawn(
            "labels",
            move |_| {
                while inbox.wait().is_some() {
                    let mut waiting = taken.lock().unwrap_or_else(PoisonError::into_inner);
                    let tracks = std::mem::take(&mut *waiting);
                    drop(waiting);
                    if let Err(error) = keep(&file, &tracks) {
                        let text = format!("The labels could not be kept: {error}");
                        outbox.send_if_room(Message::Fault(text));
                    }
                }
            },
            move |fault| failed.send(Message::Fault(fault)),
        )?;
        Ok(Self {
            waiting,
            wake: Some(wake),
            thread: Some(thread),
        })
    }

    /// Keeps label and tags of tracks.
    pub fn keep(&self, tracks: Vec<Track>) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.extend(tracks);
        drop(waiting);
        if let Some(wake) = &self.wake {
            wake.post(());
        }
    }
}

impl Drop for LabelWork {
    /// The last labels are written before the program ends.
    fn drop(&mut self) {
        self.wake = None;
        if let Some(thread) = self.thread.take() {
            thread.wait();
        }
    }
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
        let work = LabelWork::start(file.clone(), outbox).unwrap();
        let mut tracks = ["/m/a.wav", "/m/b.wav"].map(|path| Track::of_file(Path::new(path)));
        for track in &mut tracks {
            track.label = Some("dub".to_owned());
            work.keep(vec![track.clone()]);
        }
        drop(work);
        let mut read = ["/m/a.wav", "/m/b.wav"].map(|path| Track::of_file(Path::new(path)));
        assert_eq!(OwnLabels::load(&file).unwrap().apply(&mut read), 2);
        assert_eq!(read, tracks);
        assert!(folder.path().join("own-labels.damaged.csv").exists());
    }
}
