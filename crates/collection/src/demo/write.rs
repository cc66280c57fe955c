//! The demo collection as files.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use rayon::prelude::*;

use super::{
    DEMO_SEED, RATE, VERSION, duration_secs,
    render::{Score, TRACKS, render, scores},
    styles::Style,
};
use crate::{CollectionError, Track, labels};
use mynascope_audio as audio;
use mynascope_base::{
    jobs::Watch,
    storage::{Folders, StorageError, create_folder},
};

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

/// Writes the demo collection to a new or empty folder: 64 WAV files (mono, 32 kHz, 16 bits) in a sub-folder for each
/// style, and `labels.csv`. The bytes are a pure function of the seed. The folder is complete or absent: all is made
/// in a temporary folder beside it and renamed at the end; a cancelled or failed job leaves nothing.
///
/// # Errors
/// [`CollectionError::Occupied`] if the folder holds anything, an error of the file system if it cannot be written,
/// [`CollectionError::Cancelled`] if the job was told to stop.
pub fn write_demo(dir: &Path, seed: u64, watch: &Watch) -> Result<DemoSummary, CollectionError> {
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
    for style in Style::ALL {
        create_folder(&work.join(style.plan().name))?;
    }
    let tracks = write_tracks(&scores(seed), work, seed, watch)?;
    labels::write(work, &tracks)?;
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
        styles: Style::ALL
            .iter()
            .map(|style| style.plan().name.to_owned())
            .collect(),
    })
}

/// Renders and writes every score, several at a time; tracks in the order of the scores.
fn write_tracks(
    scores: &[Score],
    folder: &Path,
    seed: u64,
    watch: &Watch,
) -> Result<Vec<Track>, CollectionError> {
    let done = AtomicU64::new(0);
    watch.progress("rendering the demo collection", 0, Some(TRACKS as u64));
    scores
        .par_iter()
        .enumerate()
        .map(|(number, &score)| {
            watch.check()?;
            let piece = render(score, number, seed);
            let path = folder.join(&piece.track.path);
            audio::write_wav(&path, &piece.sound, RATE as u32)?;
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            watch.progress("rendering the demo collection", done, Some(TRACKS as u64));
            Ok(piece.track)
        })
        .collect()
}

/// The folder of the demo collection in the user's cache, rendered at the first call.
///
/// # Errors
/// As [`write_demo`], and if the system tells no folder for caches.
pub fn demo_folder(watch: &Watch) -> Result<PathBuf, CollectionError> {
    let cache = Folders::of_user()?.cache;
    sweep(&cache);
    let folder = cache.join(format!("demo-{VERSION}-{DEMO_SEED}"));
    if labels::is_complete(&folder) {
        return Ok(folder);
    }
    match write_demo(&folder, DEMO_SEED, watch) {
        // Another window may have finished it in the meantime.
        Err(CollectionError::Storage(_) | CollectionError::Occupied { .. })
            if labels::is_complete(&folder) =>
        {
            Ok(folder)
        }
        Err(error) => Err(error),
        Ok(_) => Ok(folder),
    }
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
