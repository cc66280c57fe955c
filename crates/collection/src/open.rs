use std::{
    collections::HashSet,
    ffi::OsStr,
    fs,
    path::{Component, Path, PathBuf},
    time::{Duration, Instant},
};

use super::{
    Collection, CollectionError, CollectionKind, OwnLabels, Track, demo, labels, own_labels_file,
    sets,
    walk::{self, Found, Sort},
};
use mynascope_base::jobs::Watch;

/// The path that means the demo collection; a folder of that name is reached as `./demo`.
pub const DEMO_WORD: &str = "demo";

/// How a collection is opened, beyond what it is.
#[derive(Default)]
pub struct OpenOptions<'a> {
    /// The file with the labels that the user gave on top of those of the collection (see [`OwnLabels`]).
    pub own_labels: Option<PathBuf>,
    /// Given the tracks in batches as they are come upon, before they are sorted and recognised.
    pub batches: Option<&'a mut dyn FnMut(Vec<Track>)>,
}

/// Opens files and folders as one collection, with the labels that this user gave on top.
///
/// A folder is searched through and through; the label of a file in it is the sub-folder of the opened folder that it
/// lies in. Folders of the shape of GTZAN, GiantSteps key, EmoMusic and MagnaTagATune and a folder with the demo
/// collection's `labels.csv` are recognised; a `.csv` or `.tsv` file lists paths and labels; and the word `demo` is
/// the demo collection, which is rendered at its first use. A file that is named twice is one track.
///
/// Fails if a path does not exist, if there is no sound file at all, or when cancelled. Sub-folders that cannot be
/// read are told in [`Collection::notes`]; known formats that cannot be decoded become tracks with a problem.
pub fn open(paths: &[PathBuf], watch: &Watch) -> Result<Collection, CollectionError> {
    let options = OpenOptions {
        own_labels: own_labels_file(),
        batches: None,
    };
    open_with(paths, options, watch)
}

/// As [`open`], with options.
pub fn open_with(
    paths: &[PathBuf],
    options: OpenOptions<'_>,
    watch: &Watch,
) -> Result<Collection, CollectionError> {
    let [first, others @ ..] = paths else {
        return Err(CollectionError::NoPath);
    };
    let mut sighted = Sighted::new(options.batches);
    let mut collection = open_one(first, watch, &mut sighted)?;
    for path in others {
        merge(&mut collection, open_one(path, watch, &mut sighted)?);
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
    if let Some(file) = &options.own_labels {
        match OwnLabels::load(file) {
            Ok(own) => {
                let changed = own.apply(&mut collection.tracks);
                if changed > 0 {
                    collection.notes.push(format!(
                        "{changed} tracks carry labels of your own, kept in {}",
                        file.display()
                    ));
                }
            }
            Err(error) => collection
                .notes
                .push(format!("your own labels are left out: {error}")),
        }
    }
    watch.progress(
        "opened tracks",
        collection.tracks.len() as u64,
        Some(collection.tracks.len() as u64),
    );
    Ok(collection)
}

/// Hands on what the walk comes upon, in batches.
struct Sighted<'a> {
    give: Option<&'a mut dyn FnMut(Vec<Track>)>,
    waiting: Vec<Track>,
    given: Instant,
}

/// Tracks wait for others at most so long, ...
const BATCH_TIME: Duration = Duration::from_millis(100);
/// ... and at most so many wait.
const BATCH: usize = 2048;

impl<'a> Sighted<'a> {
    fn new(give: Option<&'a mut dyn FnMut(Vec<Track>)>) -> Self {
        Self {
            give,
            waiting: Vec::new(),
            given: Instant::now(),
        }
    }

    fn add(&mut self, file: &Path, opened: &Path) {
        let Some(give) = &mut self.give else { return };
        self.waiting.push(Track {
            label: label_of(file, opened),
            problem: walk::problem_of(file),
            ..Track::of_file(file)
        });
        if self.waiting.len() >= BATCH || self.given.elapsed() >= BATCH_TIME {
            give(std::mem::take(&mut self.waiting));
            self.given = Instant::now();
        }
    }
}

fn open_one(
    path: &Path,
    watch: &Watch,
    sighted: &mut Sighted<'_>,
) -> Result<Collection, CollectionError> {
    if path == Path::new(DEMO_WORD) {
        return open_folder(&demo::demo_folder(watch)?, watch, sighted);
    }
    let metadata = fs::metadata(path).map_err(|source| CollectionError::Unreadable {
        source,
        path: path.to_path_buf(),
    })?;
    if metadata.is_dir() {
        open_folder(path, watch, sighted)
    } else if metadata.is_file() && is_table(path) {
        sets::read_listed(path)
    } else {
        Ok(open_file(path, metadata.is_file()))
    }
}

/// Whether a file lists tracks.
fn is_table(path: &Path) -> bool {
    path.extension()
        .is_some_and(|kind| kind.eq_ignore_ascii_case("csv") || kind.eq_ignore_ascii_case("tsv"))
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

fn open_folder(
    folder: &Path,
    watch: &Watch,
    sighted: &mut Sighted<'_>,
) -> Result<Collection, CollectionError> {
    if let Some(tracks) = labels::read(folder)? {
        return Ok(Collection {
            name: "Demo collection".to_owned(),
            kind: CollectionKind::Demo,
            tracks,
            split: None,
            notes: Vec::new(),
        });
    }
    let mut sighted = |file: &Path| sighted.add(file, folder);
    if let Some(collection) = sets::recognise(folder, watch, &mut sighted)? {
        return Ok(collection);
    }
    let Found { files, notes } = walk::sound_files(folder, watch, &mut sighted)?;
    if sets::is_gtzan(&files) {
        return Ok(sets::describe_gtzan(name_of(folder), &files, notes));
    }
    let tracks = files
        .iter()
        .map(|file| Track {
            label: label_of(file, folder),
            problem: walk::problem_of(file),
            ..Track::of_file(file)
        })
        .collect();
    Ok(Collection {
        name: name_of(folder),
        kind: CollectionKind::Folder,
        split: None,
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
