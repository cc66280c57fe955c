//! What people point at becomes a collection.

use std::{
    collections::{BTreeMap, HashSet},
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use super::{
    Collection, CollectionError, CollectionKind, Note, OwnLabels, Split, Track, demo,
    folder_labels::{folds_of, labels_of},
    key_files, labels, listed, own_labels_file, sets,
    sighted::Sighted,
    spellings,
    split::Part,
    text::label_text,
    walk::{self, Found, Sort},
};
use mynascope_base::{counted, jobs::Watch, without_path};
use mynascope_composer::DemoKind;

/// The path that means the demo collection (the plain one has another, see [`DemoKind::word`]); a folder of that name
/// is reached as `./demo`.
pub const DEMO_WORD: &str = DemoKind::Mixed.word();

/// How a collection is opened, beyond what it is.
#[derive(Default)]
pub struct OpenOptions<'a> {
    /// The file with the labels that the user gave on top of those of the collection (see [`OwnLabels`]).
    pub own_labels: Option<PathBuf>,
    /// Whether lists are read for their labels alone: their names of files are taken as they stand, and none is looked
    /// for.
    pub names_only: bool,
    /// Given the tracks in batches as they are come upon, before they are sorted and recognised.
    pub batches: Option<&'a mut (dyn FnMut(Vec<Track>) + Send)>,
}

/// Opens files and folders as one collection, with the labels that this user gave on top.
///
/// A folder is searched through and through; the label of a file in it is the sub-folder of the opened folder that it
/// lies in, unless these are numbers that storage is parted by, parts of a split (`train/rock/..`) or folds
/// (`fold1/rock/..`); its key is what `song.key` beside `song.wav` tells. A folder with the `metadata.csv` or
/// `metadata.jsonl` of a data set of the model hub has the labels that these tell. Folders of the
/// shape of GTZAN, GiantSteps key, EmoMusic, MagnaTagATune and FMA and a folder with the demo collection's `labels.csv`
/// are recognised, also where annotations and sound are several of the paths; `.csv`, `.tsv` and other tables list paths
/// and labels, several of them together the parts of one split; and the word `demo` is the demo collection, which is
/// rendered at its first use. A file that is named twice is one track.
///
/// # Errors
/// Fails if a path does not exist, if there is no sound file at all, or when cancelled. Sub-folders that cannot be
/// read are told in [`Collection::notes`]; known formats that cannot be decoded become tracks with a problem.
pub fn open(paths: &[PathBuf], watch: &Watch) -> Result<Collection, CollectionError> {
    let options = OpenOptions {
        own_labels: own_labels_file(),
        ..OpenOptions::default()
    };
    open_with(paths, options, watch)
}

/// As [`open`], for labels of something else than sound, as of a table of embeddings: the files that lists name need not
/// be there.
///
/// # Errors
/// As [`open`].
pub fn open_labels(paths: &[PathBuf], watch: &Watch) -> Result<Collection, CollectionError> {
    let options = OpenOptions {
        own_labels: own_labels_file(),
        names_only: true,
        ..OpenOptions::default()
    };
    open_with(paths, options, watch)
}

/// As [`open`], with options.
///
/// # Errors
/// As [`open`].
pub fn open_with(
    paths: &[PathBuf],
    options: OpenOptions<'_>,
    watch: &Watch,
) -> Result<Collection, CollectionError> {
    let Some(first) = paths.first() else {
        return Err(CollectionError::NoPath);
    };
    let mut sighted = Sighted::new(options.batches);
    let opened = Opened::of(paths);
    let mut pieces = Vec::new();
    if !opened.lists.is_empty() {
        let (lists, folders) = (&opened.lists, &opened.folders);
        pieces.push(listed::read(lists, folders, options.names_only, watch)?);
    }
    pieces.extend(opened.open_others(watch, &mut sighted)?);
    let mut collection = join(pieces, watch)?;
    if paths.len() > 1 && collection.kind != CollectionKind::GiantSteps {
        collection.name = format!("{} and {} more", collection.name, paths.len() - 1);
    }
    if collection.tracks.is_empty() {
        let why: Vec<String> = collection
            .note_texts()
            .map(|note| without_path(&note, first))
            .collect();
        return Err(match why[..] {
            [] => CollectionError::Empty {
                formats: walk::formats(),
                path: first.clone(),
            },
            _ => CollectionError::Nothing {
                why: why.join("; "),
                formats: walk::formats(),
                path: first.clone(),
            },
        });
    }
    if let Some(file) = &options.own_labels {
        match OwnLabels::load(file) {
            Ok(own) => {
                let changed = own.apply(&mut collection.tracks);
                if changed > 0 {
                    let tracks = counted(changed, "track");
                    collection.notes.push(
                        format!("labels of your own on {tracks}, kept in {}", file.display())
                            .into(),
                    );
                }
            }
            Err(error) => collection
                .notes
                .push(format!("your own labels are left out: {error}").into()),
        }
    }
    watch.progress(
        "opened tracks",
        collection.tracks.len() as u64,
        Some(collection.tracks.len() as u64),
    );
    Ok(collection)
}

/// A collection with the tracks of another one behind its own, as if both had been opened together; what is in both stands there
/// once.
///
/// # Errors
/// [`CollectionError::Cancelled`].
pub fn add(
    collection: &Collection,
    other: Collection,
    watch: &Watch,
) -> Result<Collection, CollectionError> {
    let name = format!("{} and {}", collection.name, other.name);
    let joined = join(vec![collection.clone(), other], watch)?;
    Ok(Collection { name, ..joined })
}

/// What was named, sorted by how it is opened.
struct Opened {
    lists: Vec<PathBuf>,
    /// Folders, also among `others`.
    folders: Vec<PathBuf>,
    others: Vec<PathBuf>,
    /// Of these, folders of a data set of which its own table alone was named.
    tables_alone: Vec<PathBuf>,
}

impl Opened {
    /// A data set's own table means its folder.
    fn of(paths: &[PathBuf]) -> Self {
        let mut opened = Self {
            lists: Vec::new(),
            folders: Vec::new(),
            others: Vec::new(),
            tables_alone: Vec::new(),
        };
        let folders: Vec<&PathBuf> = paths.iter().filter(|path| path.is_dir()).collect();
        for path in paths {
            let named =
                DemoKind::of_path(path).is_none() && path.is_file() && listed::is_list(path);
            let folder = named
                .then(|| sets::folder_of_table(path, !folders.is_empty()))
                .flatten();
            match folder {
                None if named => opened.lists.push(path.clone()),
                folder => {
                    if let Some(folder) = folder.as_ref().filter(|it| !folders.contains(it)) {
                        opened.tables_alone.push(folder.clone());
                    }
                    let path = folder.unwrap_or_else(|| path.clone());
                    if !opened.others.contains(&path) {
                        opened.others.push(path);
                    }
                }
            }
        }
        let others = opened.others.iter().filter(|path| path.is_dir());
        opened.folders = others.cloned().collect();
        opened
    }

    fn open_others(
        &self,
        watch: &Watch,
        sighted: &mut Sighted<'_>,
    ) -> Result<Vec<Collection>, CollectionError> {
        if self.folders.len() == self.others.len() {
            let folders: Vec<&Path> = self.folders.iter().map(PathBuf::as_path).collect();
            let mut seen = |file: &Path| sighted.add(file, file);
            if let Some(one) = sets::recognise_together(&folders, watch, &mut seen)? {
                return Ok(vec![one]);
            }
        }
        let mut pieces = Vec::new();
        for path in &self.others {
            let table_alone = self.tables_alone.contains(path);
            pieces.push(open_one(path, table_alone, watch, sighted)?);
        }
        let parts = self.parts(&pieces);
        Ok(match parts {
            Some(parts) => {
                let mut whole = parts_of_split(pieces, &parts);
                drop_repeated(&mut whole, watch)?;
                vec![whole]
            }
            None => pieces,
        })
    }

    /// The part of each piece, where all are folders that are named by the parts of one split: `train valid test`.
    fn parts(&self, pieces: &[Collection]) -> Option<Vec<Part>> {
        let are_folders = self.lists.is_empty()
            && self.folders.len() == self.others.len()
            && pieces
                .iter()
                .all(|piece| piece.kind == CollectionKind::Folder && piece.split.is_none());
        if !are_folders {
            return None;
        }
        let names: Vec<String> = self.folders.iter().map(|folder| name_of(folder)).collect();
        let parts = listed::folder_parts(&names.iter().cloned().collect())?;
        names.iter().map(|name| parts.get(name).copied()).collect()
    }
}

/// Folders that are the parts of one split as one collection.
fn parts_of_split(pieces: Vec<Collection>, parts: &[Part]) -> Collection {
    let name = pieces.first().map(|piece| piece.name.clone());
    let (mut tracks, mut notes) = (Vec::new(), Vec::new());
    let mut places = Split::default();
    for (piece, part) in pieces.into_iter().zip(parts) {
        for track in piece.tracks {
            places.add(Some(*part), tracks.len());
            tracks.push(track);
        }
        notes.extend(piece.notes);
    }
    let [train, valid, test] = places.sizes();
    notes.insert(
        0,
        format!(
            "the opened folders are read as the parts of a split: {train} train, {valid} valid and {test} test tracks"
        )
        .into(),
    );
    Collection {
        name: name.unwrap_or_default(),
        kind: CollectionKind::Folder,
        tracks,
        split: places.usable("the opened folders", &mut notes),
        notes,
    }
}

fn open_one(
    path: &Path,
    table_alone: bool,
    watch: &Watch,
    sighted: &mut Sighted<'_>,
) -> Result<Collection, CollectionError> {
    if let Some(kind) = DemoKind::of_path(path) {
        let given = AtomicBool::new(false);
        let folder = {
            let sighted = Mutex::new(&mut *sighted);
            let found = |track: Track| {
                given.store(true, Ordering::Relaxed);
                let mut sighted = sighted.lock().unwrap_or_else(PoisonError::into_inner);
                sighted.give(vec![track]);
            };
            demo::demo_folder(kind, watch, &found)?
        };
        // What was handed on while it was rendered is not handed on again.
        let mut again = Sighted::new(None);
        let sighted = match given.into_inner() {
            true => &mut again,
            false => sighted,
        };
        return open_folder(&folder, false, watch, sighted);
    }
    let metadata = fs::metadata(path).map_err(|source| CollectionError::Unreadable {
        source: match walk::broken_link(path) {
            Some(why) => io::Error::new(source.kind(), why),
            None => source,
        },
        path: path.to_path_buf(),
    })?;
    if metadata.is_dir() {
        open_folder(path, table_alone, watch, sighted)
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
        // It was named, so it was meant; its first bytes say what it is.
        Sort::Other if is_file && mynascope_audio::probe_file(path).is_ok() => {
            collection.tracks.push(track)
        }
        Sort::Other => {
            let what = match listed::remedy(path) {
                Some(remedy) => remedy.to_owned(),
                None if listed::seems_unparted(path) => {
                    "its lines name sounds, but no known sign parts their fields; part them with tabs, commas or semicolons"
                        .to_owned()
                }
                None => {
                    let endings = listed::endings();
                    format!("neither sound nor a list that is read ({endings}), so it is left out")
                }
            };
            let note = format!("{what}: {}", path.display());
            collection.notes.push(note.into());
        }
    }
    collection
}

/// What to do with a folder that holds lists and no sound.
fn lists_alone(folder: &Path) -> Option<Note> {
    const NAMED: usize = 5;
    let lists = listed::lists_in(folder);
    let more = match lists.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let named: Vec<&str> = lists.iter().take(NAMED).map(String::as_str).collect();
    (!lists.is_empty()).then(|| {
        format!(
            "no sound lies in the folder, but lists do, and a list opens where it is named itself ({}{more}): {}",
            named.join(", "),
            folder.display()
        )
        .into()
    })
}

fn open_folder(
    folder: &Path,
    table_alone: bool,
    watch: &Watch,
    sighted: &mut Sighted<'_>,
) -> Result<Collection, CollectionError> {
    if let Some((kind, tracks)) = labels::read(folder)? {
        return Ok(Collection {
            name: kind.name().to_owned(),
            kind: match kind {
                DemoKind::Mixed => CollectionKind::MixedDemo,
                DemoKind::Plain => CollectionKind::Demo,
            },
            tracks,
            split: None,
            notes: Vec::new(),
        });
    }
    let mut sighted = |file: &Path| sighted.add(file, folder);
    if let Some(collection) = sets::recognise(folder, table_alone, watch, &mut sighted)? {
        return Ok(collection);
    }
    let Found {
        files,
        mut notes,
        lists,
    } = walk::sound_files(folder, watch, &mut sighted)?;
    if sets::is_gtzan(&files) {
        return Ok(sets::describe_gtzan(name_of(folder), &files, notes));
    }
    if let Some(collection) = audio_folder(folder, &lists, &files, watch)? {
        return Ok(collection);
    }
    if !lists.is_empty() && !files.is_empty() {
        let names = lists
            .iter()
            .map(|list| list.strip_prefix(folder).unwrap_or(list));
        let names: Vec<_> = names.map(Path::to_string_lossy).collect();
        notes.push(
            format!(
                "labels are taken from the names of folders; to take them from a list open it together with this folder: {}",
                names.join(", ")
            )
            .into(),
        );
    }
    if files.is_empty() {
        notes.extend(lists_alone(folder));
    }
    let folds = folds_of(&files, folder);
    let (labels, split) = labels_of(&files, folder, &mut notes);
    // Systems write `Café` in two ways: one label, in whichever of them.
    let labels: Vec<Option<String>> = labels
        .into_iter()
        .map(|label| label.map(|name| label_text(&name)))
        .collect();
    let named = labels.iter().flatten().map(|label| (label.as_str(), None));
    notes.extend(spellings::note("names of folders", named));
    let tracks = files.iter().zip(labels).map(|(file, label)| Track {
        label,
        problem: walk::problem_of(file),
        ..Track::of_file(file)
    });
    let mut tracks: Vec<Track> = tracks.collect();
    for (track, fold) in tracks.iter_mut().zip(folds.into_iter().flatten()) {
        track.fold = fold;
    }
    key_files::read_beside(&mut tracks, &mut notes);
    Ok(Collection {
        name: name_of(folder),
        kind: CollectionKind::Folder,
        tracks,
        split,
        notes,
    })
}

/// A folder as the model hub's AudioFolder lays out data sets: `metadata.csv` or `metadata.jsonl` with a column
/// `file_name`, beside the sounds or in the folder of each part of a split; `None` of another folder, or where its lists
/// name no sound that is there.
fn audio_folder(
    folder: &Path,
    lists: &[PathBuf],
    files: &[PathBuf],
    watch: &Watch,
) -> Result<Option<Collection>, CollectionError> {
    let is_metadata = |list: &&PathBuf| {
        let name = list.file_name().and_then(OsStr::to_str);
        matches!(name, Some("metadata.csv" | "metadata.jsonl")) && listed::names_files(list)
    };
    let metadata: Vec<PathBuf> = lists.iter().filter(is_metadata).cloned().collect();
    if metadata.is_empty() || files.is_empty() {
        return Ok(None);
    }
    let mut collection = match listed::read(&metadata, &[], false, watch) {
        Ok(collection)
            if collection
                .tracks
                .iter()
                .any(|track| track.problem.is_none()) =>
        {
            collection
        }
        Err(error @ CollectionError::Cancelled(_)) => return Err(error),
        _ => return Ok(None),
    };
    let names = metadata
        .iter()
        .map(|list| list.strip_prefix(folder).unwrap_or(list));
    let names: Vec<_> = names.map(Path::to_string_lossy).collect();
    let left_out = match files.len().saturating_sub(collection.tracks.len()) {
        0 => String::new(),
        more => format!("; {} that it does not name left out", counted(more, "file")),
    };
    let note = format!(
        "tracks and labels are those of {}{left_out}",
        names.join(", ")
    );
    collection.notes.insert(0, note.into());
    collection.name = name_of(folder);
    Ok(Some(collection))
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

/// Several collections as one, in their order. The first keeps its split if no other has one: beside a list its folder
/// may be open, but two published splits are none.
fn join(pieces: Vec<Collection>, watch: &Watch) -> Result<Collection, CollectionError> {
    let mut pieces = pieces.into_iter();
    let Some(mut all) = pieces.next() else {
        return Err(CollectionError::NoPath);
    };
    let (mut joined, mut splits) = (1, usize::from(all.split.is_some()));
    for piece in pieces {
        joined += 1;
        splits += usize::from(piece.split.is_some());
        let is_beside = all.kind == CollectionKind::Listed && piece.split.is_none();
        if !is_beside {
            if all.kind != piece.kind {
                all.kind = CollectionKind::Files;
            }
            // A published split speaks of one data set alone.
            all.split = None;
        }
        all.tracks.extend(piece.tracks);
        all.notes.extend(piece.notes);
    }
    if joined == 1 {
        return Ok(all);
    }
    drop_repeated(&mut all, watch)?;
    if all.kind == CollectionKind::Gtzan {
        // Its folders of genres, named one by one.
        all.split = sets::gtzan_split(&all.tracks).usable(sets::GTZAN, &mut all.notes);
    }
    if splits > 0 && all.split.is_none() {
        all.notes.push(
            "the split of a part of what is open is not used: it speaks of that part alone; open the part by itself"
                .into(),
        );
    }
    Ok(all)
}

/// Keeps the first of several tracks that are one file.
fn drop_repeated(collection: &mut Collection, watch: &Watch) -> Result<(), CollectionError> {
    let mut seen = HashSet::new();
    let mut kept = Vec::with_capacity(collection.tracks.len());
    // By the place before, the place after.
    let mut places = BTreeMap::new();
    for (place, track) in collection.tracks.drain(..).enumerate() {
        watch.check()?;
        let real = fs::canonicalize(&track.path).unwrap_or_else(|_| track.path.clone());
        if seen.insert(real) {
            places.insert(place, kept.len());
            kept.push(track);
        }
    }
    collection.tracks = kept;
    if let Some(split) = &mut collection.split {
        for part in [&mut split.train, &mut split.valid, &mut split.test] {
            *part = part
                .iter()
                .filter_map(|place| places.get(place).copied())
                .collect();
        }
    }
    Ok(())
}
