//! The demo collection as files.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use rayon::prelude::*;

use super::DEMO_SEED;
use crate::{CollectionError, Track, labels};
use mynascope_audio as audio;
use mynascope_base::{
    jobs::Watch,
    storage::{Folders, StorageError, create_folder},
};
use mynascope_composer::{DemoKind, Piece, SAMPLE_RATE, SAMPLES, Score, TRACKS, render, scores};

/// What [`write_demo`] wrote.
#[derive(Debug, Clone, PartialEq)]
pub struct DemoSummary {
    /// How many tracks there are.
    pub tracks: usize,
    /// Sound in all.
    pub seconds: f64,
    /// The labels.
    pub styles: Vec<String>,
}

/// Writes a demo collection to a new or empty folder: 64 WAV files (mono, 32 kHz, 16 bits) in a sub-folder for each
/// style, and `labels.csv`. The bytes are a pure function of the seed. The folder is complete or absent: all is made
/// in a temporary folder beside it and renamed at the end; a cancelled or failed job leaves nothing.
///
/// # Errors
/// [`CollectionError::Occupied`] if the folder holds anything, an error of the file system if it cannot be written,
/// [`CollectionError::Cancelled`] if the job was told to stop.
pub fn write_demo(
    dir: &Path,
    kind: DemoKind,
    seed: u64,
    watch: &Watch,
) -> Result<DemoSummary, CollectionError> {
    watch.check()?;
    if !is_free(dir)? {
        return Err(CollectionError::Occupied {
            path: dir.to_path_buf(),
        });
    }
    let parent = match dir.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    create_folder(parent)?;
    let temporary = tempfile::Builder::new()
        .prefix(UNFINISHED)
        .tempdir_in(parent)
        .map_err(failed("create a temporary folder", parent))?;
    let work = temporary.path();
    let styles = kind.styles();
    for style in &styles {
        create_folder(&work.join(style))?;
    }
    let tracks = write_tracks(&scores(kind, seed), work, seed, watch, &|_| {})?;
    labels::write(work, kind, &tracks)?;
    watch.check()?;
    share(work);
    // An empty folder in the way is replaced; not every system renames over it.
    let _ = fs::remove_dir(dir);
    fs::rename(work, dir).map_err(failed("rename a finished folder", dir))?;
    // Nothing is left to remove at its old place.
    let _ = temporary.keep();
    Ok(DemoSummary {
        tracks: tracks.len(),
        seconds: tracks.len() as f64 * duration_secs(),
        styles: styles.into_iter().map(str::to_owned).collect(),
    })
}

/// Renders and writes every score, the first one first and then several at a time; tracks in the order of the scores. Each is handed
/// on as soon as its file is there.
fn write_tracks(
    scores: &[Score],
    folder: &Path,
    seed: u64,
    watch: &Watch,
    found: &(dyn Fn(Track) + Sync),
) -> Result<Vec<(Track, Option<&'static str>)>, CollectionError> {
    let done = AtomicU64::new(0);
    watch.progress("rendering the demo collection", 0, Some(TRACKS as u64));
    let write = |(number, &score): (usize, &Score)| -> Result<_, CollectionError> {
        watch.check()?;
        let piece = render(score, number, seed);
        let track = track_of(&piece);
        let path = folder.join(&track.path);
        audio::write_wav(&path, &piece.sound, SAMPLE_RATE)?;
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        watch.progress("rendering the demo collection", done, Some(TRACKS as u64));
        found(Track {
            path,
            ..track.clone()
        });
        Ok((track, piece.guest))
    };
    // Who waits for the first track does not wait for another.
    let first = scores.iter().enumerate().take(1).map(write);
    let mut tracks: Vec<_> = first.collect::<Result<_, _>>()?;
    let others: Result<Vec<_>, CollectionError> =
        scores.par_iter().enumerate().skip(1).map(write).collect();
    tracks.extend(others?);
    Ok(tracks)
}

/// Seconds of each track.
fn duration_secs() -> f64 {
    SAMPLES as f64 / f64::from(SAMPLE_RATE)
}

/// A piece as a track, with its path below the collection's folder.
pub(super) fn track_of(piece: &Piece) -> Track {
    Track {
        path: PathBuf::from(piece.style).join(format!("{}.wav", piece.file_stem)),
        title: piece.title.to_owned(),
        label: Some(piece.style.to_owned()),
        key: Some(piece.key),
        tempo_bpm: Some(piece.tempo_bpm),
        tags: piece.tags.iter().map(|&tag| tag.to_owned()).collect(),
        emotion: Some(piece.emotion),
        duration_secs: Some(duration_secs()),
        ..Track::default()
    }
}

/// The folder of a demo collection in the user's cache, rendered at the first call. It is filled track by track, so that each
/// can be heard at once; the label file, which is written last, says that it is complete. `found` is handed each track as soon as
/// it is there, and nothing where all was rendered before.
///
/// # Errors
/// As [`write_demo`], and if the system tells no folder for caches.
pub fn demo_folder(
    kind: DemoKind,
    watch: &Watch,
    found: &(dyn Fn(Track) + Sync),
) -> Result<PathBuf, CollectionError> {
    let cache = Folders::of_user()?.cache;
    sweep(&cache);
    let folder = cache.join(format!("demo-{}-{DEMO_SEED}", kind.version()));
    if !labels::is_complete(&folder) {
        fill(&folder, kind, watch, found)?;
    }
    Ok(folder)
}

/// Renders a demo collection into a folder. The files of another window that does the same are the same.
fn fill(
    folder: &Path,
    kind: DemoKind,
    watch: &Watch,
    found: &(dyn Fn(Track) + Sync),
) -> Result<(), CollectionError> {
    for style in kind.styles() {
        create_folder(&folder.join(style))?;
    }
    let scores = scores(kind, DEMO_SEED);
    let tracks = write_tracks(&scores, folder, DEMO_SEED, watch, found)?;
    labels::write(folder, kind, &tracks)?;
    Ok(())
}

/// How the names of folders begin that are still being written.
const UNFINISHED: &str = ".mynascope-demo-";
/// Writing takes seconds: what is older was left by a program that was killed.
const LEFT_BEHIND: Duration = Duration::from_secs(3600);

/// Removes what killed programs left in the cache. What cannot be removed stays.
fn sweep(cache: &Path) {
    let entries = fs::read_dir(cache).into_iter().flatten().flatten();
    for entry in entries {
        let unfinished = entry.file_name().to_string_lossy().starts_with(UNFINISHED);
        let age = entry.metadata().and_then(|it| it.modified()).ok();
        let old = age.and_then(|at| at.elapsed().ok()) > Some(LEFT_BEHIND);
        if unfinished && old {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Whether a folder can be made at a path: nothing is there, or an empty folder.
fn is_free(dir: &Path) -> Result<bool, CollectionError> {
    match fs::read_dir(dir) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Ok(false),
        Err(error) => Err(failed("look into a folder", dir)(error)),
    }
}

fn failed(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> CollectionError {
    let path = path.to_path_buf();
    move |source| StorageError::Io { what, source, path }.into()
}

/// Temporary folders are private to the user; results are made like any other new folder.
#[cfg(unix)]
fn share(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let _ = fs::set_permissions(folder, fs::Permissions::from_mode(0o755));
}

#[cfg(not(unix))]
fn share(_folder: &Path) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_track_can_be_heard_before_the_others_are_made_and_a_stopped_rendering_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let cancel = mynascope_base::jobs::Cancel::default();
        let report = |_| {};
        let watch = Watch::new(cancel.clone(), &report);
        let first = std::sync::Mutex::new(Vec::new());
        let stopped = fill(folder.path(), DemoKind::Mixed, &watch, &|track| {
            // Its file is whole by now.
            audio::probe_file(&track.path).unwrap();
            first.lock().unwrap().push(track);
            cancel.cancel();
        });
        assert!(matches!(stopped, Err(CollectionError::Cancelled(_))));
        let first = first.into_inner().unwrap();
        assert_eq!(first.len(), 1, "the others were not waited for");
        assert!(!labels::is_complete(folder.path()));
        fill(
            folder.path(),
            DemoKind::Mixed,
            &Watch::unattended(),
            &|_| {},
        )
        .unwrap();
        assert!(labels::is_complete(folder.path()));
        let (_, tracks) = labels::read(folder.path()).unwrap().unwrap();
        assert_eq!(tracks.len(), TRACKS);
        assert_eq!(tracks[0].path, first[0].path, "the first of the list");
    }

    #[test]
    fn only_what_was_left_behind_is_swept_away() {
        let cache = tempfile::tempdir().unwrap();
        let [old, new, other] = [".mynascope-demo-old", ".mynascope-demo-new", "demo-3-0"]
            .map(|name| cache.path().join(name));
        for folder in [&old, &new, &other] {
            fs::create_dir(folder).unwrap();
        }
        let long_ago = std::time::SystemTime::now() - 2 * LEFT_BEHIND;
        for folder in [&old, &other] {
            fs::File::open(folder)
                .unwrap()
                .set_modified(long_ago)
                .unwrap();
        }
        sweep(cache.path());
        assert_eq!([old, new, other].map(|it| it.exists()), [false, true, true]);
    }
}
