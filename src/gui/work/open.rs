//! Opening a collection: names first, then what the headers say.

use std::{
    path::PathBuf,
    sync::Mutex,
    time::{Duration, Instant},
};

use crate::gui::{
    message::{LibraryMessage, Message, Outbox},
    model::{ChosenCheckpoint, JobId},
    work::map::open_dropped,
};
use mynascope_base::jobs::{self, Job, Progress, Watch};
use mynascope_collection::{
    self as collection, Collection, CollectionError, OpenOptions, Track, own_labels_file,
    probe_files,
};
use mynascope_encoder::{CheckpointError, is_checkpoint};

/// What to open.
pub enum Source {
    /// Files and folders.
    Paths(Vec<PathBuf>),
    /// What was open when the window was closed; the demo collection if that is gone.
    Last(Vec<PathBuf>),
    /// The demo collection, which is rendered first if need be.
    Demo,
}

/// The opening that is under way, if one is.
#[derive(Default)]
pub struct OpenWork {
    job: Option<Job>,
    id: JobId,
    /// What headers said is kept on disk for the next time.
    keep: bool,
}

/// Progress is told at most this often.
const TELL_EVERY: Duration = Duration::from_millis(50);

impl OpenWork {
    /// Nothing is being opened. `keep`: what headers say is kept in the user's cache.
    pub fn new(keep: bool) -> Self {
        Self {
            keep,
            ..Self::default()
        }
    }

    /// Opens in the background; an opening that is under way is given up.
    pub fn start(&mut self, source: Source, outbox: &Outbox) -> std::io::Result<()> {
        self.stop();
        self.id = self.id.next();
        let (id, keep) = (self.id, self.keep);
        let (done, failed) = (outbox.clone(), outbox.clone());
        let job = jobs::spawn(
            "open",
            move |cancel| {
                let told = Mutex::new(None::<Instant>);
                let tell = |message| {
                    // Progress that comes while another thread tells is not missed.
                    let Ok(mut told) = told.try_lock() else {
                        return;
                    };
                    if told.is_none_or(|last| last.elapsed() >= TELL_EVERY) {
                        *told = Some(Instant::now());
                        done.send_if_room(Message::Library(message));
                    }
                };
                let opening = |progress| tell(LibraryMessage::Opening(id, progress));
                let watch = Watch::new(cancel.clone(), &opening);
                if let Some(opened) = checkpoint(&source) {
                    let opened = opened.map_err(|error| error.to_string());
                    let message = LibraryMessage::OpenedCheckpoint(id, opened);
                    return done.send(Message::Library(message));
                }
                let result = open(&source, id, &watch, &done);
                if cancel.is_cancelled() {
                    return;
                }
                let (sources, collection) = match result {
                    Ok(opened) => opened,
                    Err(error) => {
                        let result = Err(error.to_string());
                        done.send(Message::Library(LibraryMessage::Opened(id, result)));
                        return;
                    }
                };
                let tracks = collection.tracks.clone();
                let result = Ok((sources.clone(), collection));
                done.send(Message::Library(LibraryMessage::Opened(id, result)));
                let scanning = |progress: Progress| tell(LibraryMessage::Scanning(id, progress));
                let watch = Watch::new(cancel.clone(), &scanning);
                scan(&tracks, &sources, id, keep, &watch, &done);
            },
            move |fault| {
                let why = format!(
                    "Opening broke off by a fault of the program ({fault}); please report it"
                );
                failed.send(Message::Library(LibraryMessage::Opened(id, Err(why))));
            },
        )?;
        self.job = Some(job);
        Ok(())
    }

    /// Gives up the opening.
    pub fn stop(&mut self) {
        // Dropping a job cancels it.
        self.job = None;
    }

    /// Whether something is being opened or scanned.
    pub fn is_busy(&self) -> bool {
        self.job.as_ref().is_some_and(|job| !job.is_finished())
    }

    /// Whether a message comes from the newest opening, and that was not stopped.
    pub fn is_current(&self, id: JobId) -> bool {
        self.job.is_some() && self.id == id
    }
}

/// The checkpoint that is to be opened, if it is one: by what it holds, or by an ending that nothing else has.
fn checkpoint(source: &Source) -> Option<Result<ChosenCheckpoint, CheckpointError>> {
    let Source::Paths(paths) = source else {
        return None;
    };
    let [path] = paths.as_slice() else {
        return None;
    };
    let ending = path.extension().unwrap_or_default();
    let by_ending = path.is_file()
        && ["pth", "pt", "ckpt"]
            .iter()
            .any(|known| ending.eq_ignore_ascii_case(known));
    (by_ending || is_checkpoint(path)).then(|| open_dropped(path))
}

fn open(
    source: &Source,
    id: JobId,
    watch: &Watch,
    outbox: &Outbox,
) -> Result<(Vec<PathBuf>, Collection), CollectionError> {
    let mut early = |tracks: Vec<Track>| {
        outbox.send(Message::Library(LibraryMessage::Sighted(id, tracks)));
    };
    let mut open = |paths: &[PathBuf]| {
        let options = OpenOptions {
            own_labels: own_labels_file(),
            batches: Some(&mut early),
        };
        collection::open_with(paths, options, watch)
    };
    let demo = || vec![PathBuf::from(collection::DEMO_WORD)];
    match source {
        Source::Paths(paths) => Ok((paths.clone(), open(paths)?)),
        Source::Demo => Ok((demo(), open(&demo())?)),
        Source::Last(paths) => match open(paths) {
            Ok(collection) => Ok((paths.clone(), collection)),
            Err(CollectionError::Cancelled(cancelled)) => Err(cancelled.into()),
            Err(error) => {
                let mut collection = open(&demo())?;
                collection
                    .notes
                    .push(format!("What was open last is not there any more: {error}").into());
                Ok((demo(), collection))
            }
        },
    }
}

fn scan(
    tracks: &[Track],
    sources: &[PathBuf],
    id: JobId,
    keep: bool,
    watch: &Watch,
    outbox: &Outbox,
) {
    let index = keep.then(|| collection::index_file(sources)).flatten();
    let found = |facts| outbox.send(Message::Library(LibraryMessage::Facts(id, facts)));
    match probe_files(tracks, index.as_deref(), watch, &found) {
        Ok(summary) => outbox.send(Message::Library(LibraryMessage::Scanned(id, summary))),
        Err(CollectionError::Cancelled(_)) => {}
        Err(error) => outbox.send(Message::Fault(error.to_string())),
    }
}
