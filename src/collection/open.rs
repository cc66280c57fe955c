use std::{
    collections::HashSet,
    ffi::OsStr,
    fs,
    path::{Component, Path, PathBuf},
};

use super::{
    Collection, CollectionError, CollectionKind, Track, demo, gtzan, labels,
    walk::{self, Found, Sort},
};
use crate::jobs::Watch;

/// The path that means the demo collection; a folder of that name is reached as `./demo`.
pub const DEMO_WORD: &str = "demo";

/// Opens files and folders as one collection.
///
/// A folder is searched through and through; the label of a file in it is the sub-folder of the opened folder that it
/// lies in. A folder of GTZAN's shape and a folder with the demo collection's `labels.csv` are recognised, and the
/// word `demo` is the demo collection, which is rendered at its first use. A file that is named twice is one track.
///
/// Fails if a path does not exist, if there is no sound file at all, or when cancelled. Sub-folders that cannot be
/// read are told in [`Collection::notes`]; known formats that cannot be decoded become tracks with a problem.
pub fn open(paths: &[PathBuf], watch: &Watch) -> Result<Collection, CollectionError> {
    let [first, others @ ..] = paths else {
        return Err(CollectionError::NoPath);
    };
    let mut collection = open_one(first, watch)?;
    for path in others {
        merge(&mut collection, open_one(path, watch)?);
    }
    if !others.is_empty() {
        drop_repeated(&mut collection, watch)?;
        collection.name = format!("{} and {} more", collection.name, others.len());
    }
    if collection.tracks.is_empty() {
        return Err(CollectionError::Empty {
            formats: walk::formats(),
            path: first.clone(),
        });
    }
    watch.progress(
        "opened tracks",
        collection.tracks.len() as u64,
        Some(collection.tracks.len() as u64),
    );
    Ok(collection)
}

fn open_one(path: &Path, watch: &Watch) -> Result<Collection, CollectionError> {
    if path == Path::new(DEMO_WORD) {
        return open_folder(&demo::demo_folder(watch)?, watch);
    }
    let metadata = fs::metadata(path).map_err(|source| CollectionError::Unreadable {
        source,
        path: path.to_path_buf(),
    })?;
    if metadata.is_dir() {
        open_folder(path, watch)
    } else {
        Ok(open_file(path, metadata.is_file()))
    }
}

fn open_file(path: &Path, is_file: bool) -> Collection {
    let sort = if is_file {
        walk::sort_of(path)
    } else {
        Sort::Other
    };
    let mut track = Track::of_file(path);
    let mut collection = Collection {
        name: track.title.clone(),
        kind: CollectionKind::Files,
        tracks: Vec::new(),
        split: None,
        notes: Vec::new(),
    };
    match sort {
        Sort::Sound => collection.tracks.push(track),
        Sort::Unsupported(reason) => {
            track.problem = Some(reason);
            collection.tracks.push(track);
        }
        Sort::Other => collection.notes.push(format!(
            "skipped, not a file of a known sound format: {}",
            path.display()
        )),
    }
    collection
}

fn open_folder(folder: &Path, watch: &Watch) -> Result<Collection, CollectionError> {
    if let Some(tracks) = labels::read(folder)? {
        return Ok(Collection {
            name: "Demo collection".to_owned(),
            kind: CollectionKind::Demo,
            tracks,
            split: None,
            notes: Vec::new(),
        });
    }
    let Found { files, notes } = walk::sound_files(folder, watch)?;
    let is_gtzan = gtzan::is_gtzan(&files);
    let tracks: Vec<Track> = files
        .iter()
        .map(|file| Track {
            label: if is_gtzan {
                gtzan::genre_of(file).map(str::to_owned)
            } else {
                label_of(file, folder)
            },
            problem: match walk::sort_of(file) {
                Sort::Unsupported(reason) => Some(reason),
                Sort::Sound | Sort::Other => None,
            },
            ..Track::of_file(file)
        })
        .collect();
    Ok(Collection {
        name: name_of(folder),
        kind: if is_gtzan {
            CollectionKind::Gtzan
        } else {
            CollectionKind::Folder
        },
        split: is_gtzan.then(|| gtzan::published_split(&tracks)).flatten(),
        tracks,
        notes,
    })
}

/// The first folder below the opened one on the way to the file.
fn label_of(file: &Path, opened: &Path) -> Option<String> {
    let mut parts = file.strip_prefix(opened).ok()?.components();
    match (parts.next()?, parts.next()) {
        (Component::Normal(label), Some(_)) => Some(label.to_string_lossy().into_owned()),
        _ => None,
    }
}

/// What to call a folder: its name, also where it was given as "." or "..".
fn name_of(folder: &Path) -> String {
    let named = folder.file_name().map(OsStr::to_os_string);
    let name = named.or_else(|| {
        fs::canonicalize(folder)
            .ok()?
            .file_name()
            .map(OsStr::to_os_string)
    });
    name.map_or_else(
        || folder.to_string_lossy().into_owned(),
        |name| name.to_string_lossy().into_owned(),
    )
}

fn merge(collection: &mut Collection, other: Collection) {
    if collection.kind != other.kind {
        collection.kind = CollectionKind::Files;
    }
    // A published split speaks of one data set alone.
    collection.split = None;
    collection.tracks.extend(other.tracks);
    collection.notes.extend(other.notes);
}

/// Keeps the first of several tracks that are one file.
fn drop_repeated(collection: &mut Collection, watch: &Watch) -> Result<(), CollectionError> {
    let mut seen = HashSet::new();
    let mut kept = Vec::with_capacity(collection.tracks.len());
    for track in collection.tracks.drain(..) {
        watch.check()?;
        let real = fs::canonicalize(&track.path).unwrap_or_else(|_| track.path.clone());
        if seen.insert(real) {
            kept.push(track);
        }
    }
    collection.tracks = kept;
    Ok(())
}
