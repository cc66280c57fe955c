//! Opening a collection: names first, then what the headers say.

use std::path::PathBuf;

use crate::gui::{
    jobs::{JobContext, JobSlot, NoThread},
    message::{LibraryMessage, Message, Outbox},
    model::{ChosenCheckpoint, OpenFound},
    work::checkpoint::open_dropped,
};
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

/// Opens in the background, in the place of an opening that is under way. `keep`: what headers say is kept in the
/// user's cache.
///
/// # Errors
/// [`NoThread`] if the system gives no thread.
pub fn start(
    slot: &mut JobSlot<OpenFound>,
    source: Source,
    keep: bool,
    outbox: &Outbox,
) -> Result<(), NoThread> {
    let wrap = |update| Message::Library(LibraryMessage::Open(update));
    let broke_off =
        |fault| format!("Opening broke off by a fault of the program ({fault}); please report it");
    slot.start("open", outbox, wrap, broke_off, move |job| {
        if let Some(opened) = checkpoint(&source) {
            let opened = opened.map_err(|error| error.to_string());
            job.found(OpenFound::Checkpoint(opened));
            return Ok(());
        }
        let (sources, collection) = open(&source, job).map_err(|error| error.to_string())?;
        let tracks = collection.tracks.clone();
        job.found(OpenFound::Collection(sources.clone(), collection));
        let index = keep.then(|| collection::index_file(&sources)).flatten();
        let found = |facts| job.found(OpenFound::Facts(facts));
        probe_files(&tracks, index.as_deref(), &job.watch, &found)
            .map_err(|error| error.to_string())?;
        Ok(())
    })
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
    job: &JobContext<'_, OpenFound>,
) -> Result<(Vec<PathBuf>, Collection), CollectionError> {
    let mut early = |tracks: Vec<Track>| job.found(OpenFound::Early(tracks));
    let mut open = |paths: &[PathBuf]| {
        let options = OpenOptions {
            own_labels: own_labels_file(),
            batches: Some(&mut early),
        };
        collection::open_with(paths, options, &job.watch)
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
