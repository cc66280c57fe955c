//! Opening a collection: names first, then what the headers say.

use std::{path::PathBuf, sync::Arc};

use crate::gui::{
    jobs::{JobContext, JobSlot, NoThread},
    message::{LibraryMessage, Message, Outbox},
    model::{ChosenCheckpoint, OpenFound},
    work::{
        checkpoint::{is_encoder, open_dropped},
        drop_preview::file_name,
    },
};
use mynascope_collection::{
    self as collection, Collection, CollectionError, OpenOptions, Track, own_labels_file,
    probe_files,
};
use mynascope_encoder::CheckpointError;

/// What to open.
pub enum Source {
    /// Files and folders.
    Paths(Vec<PathBuf>),
    /// What was open when the window was closed; the demo collection if that is gone.
    Last(Vec<PathBuf>),
    /// The demo collection, which is rendered first if need be.
    Demo,
    /// These besides what is open: the collection, and what it was opened from.
    Add(Vec<PathBuf>, Arc<Collection>, Vec<PathBuf>),
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
        let (encoder, source) = part(source);
        if let Some(opened) = encoder {
            let rest = match &source {
                Some(Source::Paths(paths)) => paths.clone(),
                Some(Source::Last(_) | Source::Demo | Source::Add(..)) | None => Vec::new(),
            };
            let opened = opened.map_err(|error| error.to_string());
            job.found(OpenFound::Checkpoint { opened, rest });
        }
        let Some(source) = source else {
            return Ok(());
        };
        let (sources, collection) = open(&source, job).map_err(|error| error.to_string())?;
        let tracks = collection.tracks.clone();
        job.found(match &source {
            Source::Add(..) => OpenFound::Added(sources.clone(), collection),
            Source::Paths(_) | Source::Last(_) | Source::Demo => {
                OpenFound::Collection(sources.clone(), collection)
            }
        });
        let index = keep.then(|| collection::index_file(&sources)).flatten();
        let found = |facts| job.found(OpenFound::Facts(facts));
        probe_files(&tracks, index.as_deref(), &job.watch, &found)
            .map_err(|error| error.to_string())?;
        Ok(())
    })
}

type Opened = Result<ChosenCheckpoint, CheckpointError>;

/// Parts what is opened into an encoder, if one is among it, and what is heard. Of several encoders the first is used, and the
/// others are named.
fn part(source: Source) -> (Option<Opened>, Option<Source>) {
    let Source::Paths(paths) = source else {
        return (None, Some(source));
    };
    let (encoders, music): (Vec<PathBuf>, Vec<PathBuf>) =
        paths.into_iter().partition(|path| is_encoder(path));
    let mut encoders = encoders.into_iter();
    let opened = encoders.next().map(|first| open_dropped(&first));
    let others: Vec<String> = encoders
        .map(|path| format!("“{}”", file_name(&path)))
        .collect();
    let opened = opened.map(|opened| {
        let mut chosen = opened?;
        if let (Some(note), false) = (&mut chosen.note, others.is_empty()) {
            *note += &format!(
                "; one encoder is used at a time, so not {}",
                others.join(", ")
            );
        }
        Ok(chosen)
    });
    let music = (!music.is_empty() || opened.is_none()).then_some(Source::Paths(music));
    (opened, music)
}

fn open(
    source: &Source,
    job: &JobContext<'_, OpenFound>,
) -> Result<(Vec<PathBuf>, Collection), CollectionError> {
    // What is added comes behind what is there, all at once.
    let adds = matches!(source, Source::Add(..));
    let mut early = |tracks: Vec<Track>| {
        if !adds {
            job.found(OpenFound::Early(tracks));
        }
    };
    let mut open = |paths: &[PathBuf]| {
        let options = OpenOptions {
            own_labels: own_labels_file(),
            batches: Some(&mut early),
            ..OpenOptions::default()
        };
        collection::open_with(paths, options, &job.watch)
    };
    let demo = || vec![PathBuf::from(collection::DEMO_WORD)];
    match source {
        Source::Paths(paths) => Ok((paths.clone(), open(paths)?)),
        Source::Add(paths, there, sources) => {
            let new = open(paths)?;
            let all = sources
                .iter()
                .chain(paths.iter().filter(|path| !sources.contains(path)));
            let all = all.cloned().collect();
            Ok((all, collection::add(there, new, &job.watch)?))
        }
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn an_encoder_among_music_is_opened_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let music = folder.path().join("a.wav");
        mynascope_audio::write_wav(&music, &[0.0; 16_000], 16_000).unwrap();
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
        let [maest, mt2] = ["maest/hub", "mt2/model_state_dict.pt"].map(|name| fixtures.join(name));
        let parted = |paths: &[&PathBuf]| {
            let paths = paths.iter().map(|path| (*path).clone()).collect();
            let (encoder, rest) = part(Source::Paths(paths));
            let note = encoder.map(|opened| opened.unwrap().note.unwrap());
            let rest = rest.map(|rest| match rest {
                Source::Paths(paths) => paths,
                Source::Last(_) | Source::Demo | Source::Add(..) => panic!("other paths"),
            });
            (note, rest)
        };
        let (note, rest) = parted(&[&music, &maest]);
        assert!(note.unwrap().starts_with("“hub” is now the encoder"));
        assert_eq!(rest, Some(vec![music.clone()]));
        let (note, rest) = parted(&[&mt2, &maest]);
        let note = note.unwrap();
        assert!(
            note.ends_with("one encoder is used at a time, so not “hub”"),
            "{note}"
        );
        assert_eq!(rest, None);
        assert_eq!(parted(&[&music]), (None, Some(vec![music.clone()])));
        assert_eq!(parted(&[]), (None, Some(Vec::new())));
    }
}
