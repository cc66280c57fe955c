//! Data sets that are known by their shape, each with its labels and the split that published numbers are made on.
//!
//! A data set lies as it is distributed: sound files anywhere below the folder, annotations beside them. What the
//! annotations name and the folder lacks is a row with its reason; sound files that they don't name are rows without
//! labels, in no part of the split.

mod artist;
mod emomusic;
mod fma;
mod giantsteps;
mod gtzan;
mod magnatagatune;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    path::{Path, PathBuf},
};

use super::{
    Collection, CollectionError, CollectionKind, Note, Split, Track, labels,
    note::{Examples, ListLine},
    split::Part,
    walk,
};
use mynascope_base::{agreeing, counted, jobs::Watch};

pub(super) use gtzan::{
    NAME as GTZAN, describe as describe_gtzan, is_gtzan, published_split as gtzan_split,
};

/// One track as annotations tell it.
struct Entry {
    /// What its file is recognised by: see [`Annotations::id_of`].
    id: String,
    /// Where the file would lie; for the row of a missing one.
    expected: PathBuf,
    /// Labels; the path is set where the file is found.
    track: Track,
    part: Option<Part>,
    /// The line that should label it and doesn't, and what stands there.
    unlabelled: Option<(ListLine, String)>,
}

/// A line of an annotation file.
fn line_of(file: &Path, line: u64) -> ListLine {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    ListLine {
        list: Some(name.as_ref().into()),
        line,
    }
}

/// What a data set's annotations say.
struct Annotations {
    kind: CollectionKind,
    /// What the data set is called.
    name: &'static str,
    entries: Vec<Entry>,
    /// The sizes of train, valid and test of the whole data set; `None` to count those of the entries.
    published: Option<[usize; 3]>,
    /// What of a file's path the entries are recognised by.
    id_of: fn(&Path) -> Option<String>,
    /// What its tracks are labelled with, for people: "key".
    labelled_by: &'static str,
    /// Rows of the annotations that name no track.
    unread: Examples,
    /// Names of subsets that are passed on alone, with the tracks of each that are in no smaller one.
    subsets: BTreeMap<String, Vec<String>>,
}

type Read = fn(&Path) -> Result<Option<Annotations>, CollectionError>;
type IsHere = fn(&Path) -> bool;

/// The data sets with annotations.
const KNOWN: [(Read, IsHere, &str); 4] = [
    (giantsteps::read, giantsteps::is_here, giantsteps::NAME),
    (emomusic::read, emomusic::is_here, emomusic::NAME),
    (
        magnatagatune::read,
        magnatagatune::is_here,
        magnatagatune::NAME,
    ),
    (fma::read, fma::is_here, fma::NAME),
];

/// The data set in a folder, if its annotations lie there; `None` for any other folder. Where the annotations were
/// `named_alone` and not the folder, files that they don't name are left out.
///
/// Fails if annotations are damaged, if the folder cannot be walked, or when cancelled.
pub(super) fn recognise(
    folder: &Path,
    named_alone: bool,
    watch: &Watch,
    sighted: &mut dyn FnMut(&Path),
) -> Result<Option<Collection>, CollectionError> {
    for (read, ..) in KNOWN {
        if let Some(annotations) = read(folder)? {
            let found = walk::sound_files(folder, watch, sighted)?;
            return Ok(Some(annotations.join(
                &found.files,
                found.notes,
                named_alone,
            )));
        }
    }
    Ok(None)
}

/// The data set that several folders are together: those of GiantSteps key and GiantSteps-MTG key, or annotations in one
/// folder and the sound that they name in the others. `None` where they are several things.
///
/// Fails as [`recognise`] does.
pub(super) fn recognise_together(
    folders: &[&Path],
    watch: &Watch,
    sighted: &mut dyn FnMut(&Path),
) -> Result<Option<Collection>, CollectionError> {
    if folders.len() < 2 {
        return Ok(None);
    }
    let mut files = Vec::new();
    let mut notes = Vec::new();
    let annotations = if folders.iter().all(|folder| giantsteps::is_here(folder)) {
        giantsteps::read_all(folders)?
    } else {
        let mut found = None;
        for (read, is_here, _) in KNOWN {
            // A folder of FMA's clips has its annotations beside it and is known by them, too.
            let mut silent = Vec::new();
            for folder in folders.iter().filter(|folder| is_here(folder)) {
                let sound = walk::sound_files(folder, watch, &mut |_| ())?.files;
                silent.extend(sound.is_empty().then_some(folder));
            }
            if let [folder] = silent[..] {
                found = read(folder)?;
                break;
            }
        }
        found
    };
    let Some(annotations) = annotations else {
        return Ok(None);
    };
    for folder in folders {
        let found = walk::sound_files(folder, watch, sighted)?;
        files.extend(found.files);
        notes.extend(found.notes);
    }
    Ok(Some(annotations.join(&files, notes, false)))
}

/// The folder of the data set that a table belongs to, for who opens the table: MagnaTagATune's `annotations_final.csv`,
/// or FMA's `tracks.csv`. Where folders are open beside it, the sound is meant to be there: the folder above, where other
/// things may lie, is not searched then.
pub(super) fn folder_of_table(table: &Path, is_beside_folders: bool) -> Option<PathBuf> {
    let name = table.file_name()?;
    let place = walk::named(table.parent()?);
    let above = std::path::absolute(place).ok()?;
    let mut folders = [Some(place), above.parent()].into_iter().flatten();
    let tables: [fn(&Path) -> Option<PathBuf>; 4] = [
        magnatagatune::table,
        fma::table,
        emomusic::table,
        giantsteps::table,
    ];
    folders
        .find(|folder| {
            let of_set = tables.iter().find_map(|table| table(folder));
            let same = |found: &PathBuf| {
                found.file_name() == Some(name)
                    && std::path::absolute(found).ok() == std::path::absolute(table).ok()
            };
            of_set.as_ref().is_some_and(same)
                && (is_beside_folders && *folder == place || has_sounds(folder))
        })
        .map(Path::to_path_buf)
}

/// Whether there is sound in a folder or right below it.
fn has_sounds(folder: &Path) -> bool {
    walkdir::WalkDir::new(folder)
        .max_depth(3)
        .into_iter()
        .flatten()
        .any(|entry| walk::is_sound_name(entry.path()))
}

/// What a dropped folder would be opened as, by a quick look at the names in it.
pub fn data_set_name(folder: &Path) -> Option<&'static str> {
    if labels::is_demo(folder) {
        return Some("the demo collection");
    }
    KNOWN
        .into_iter()
        .map(|(_, is_here, name)| (is_here, name))
        .chain([(gtzan::is_here as IsHere, gtzan::NAME)])
        .find_map(|(is_here, name)| is_here(folder).then_some(name))
}

impl Annotations {
    /// Leaves out entries of subsets that no file here is in, and says which are here.
    fn keep_subsets(&mut self, files: &[PathBuf], notes: &mut Vec<Note>) {
        if self.subsets.is_empty() {
            return;
        }
        let here: HashSet<String> = files.iter().filter_map(|file| (self.id_of)(file)).collect();
        let mut gone = HashSet::new();
        let mut named = Vec::new();
        for (name, ids) in &self.subsets {
            let count = ids.iter().filter(|id| here.contains(*id)).count();
            if count > 0 {
                named.push(format!("{count} of {} of {name} alone", ids.len()));
            } else {
                gone.extend(ids.iter().cloned());
            }
        }
        if !named.is_empty() {
            self.entries.retain(|entry| !gone.contains(&entry.id));
            notes.push(format!("{}: here are {}", self.name, named.join(", ")).into());
        }
    }

    /// Brings annotations and files together. Where the annotations were `named_alone`, sound that they don't name is not
    /// meant: other things may lie there.
    fn join(mut self, files: &[PathBuf], mut notes: Vec<Note>, named_alone: bool) -> Collection {
        self.keep_subsets(files, &mut notes);
        let mut by_id: HashMap<String, usize> = HashMap::with_capacity(self.entries.len());
        for (place, entry) in self.entries.iter().enumerate() {
            by_id.entry(entry.id.clone()).or_insert(place);
        }
        // An id with a folder is known by its name alone, too, where that is one only.
        let mut short: HashMap<&str, Vec<usize>> = HashMap::new();
        for (place, entry) in self.entries.iter().enumerate() {
            if let Some((_, name)) = entry.id.rsplit_once('/') {
                short.entry(name).or_default().push(place);
            }
        }
        for (name, places) in short {
            if let [place] = places[..] {
                by_id.entry(name.to_owned()).or_insert(place);
            }
        }
        let [train, valid, test] = self.published.unwrap_or_else(|| {
            let mut counts = Split::default();
            for (place, entry) in self.entries.iter().enumerate() {
                counts.add(entry.part, place);
            }
            counts.sizes()
        });
        let mut entries: Vec<Option<Entry>> = self.entries.into_iter().map(Some).collect();
        let named = entries.len();
        let mut tracks = Vec::with_capacity(files.len());
        let mut split = Split::default();
        let mut unnamed = 0_usize;
        let mut unlabelled = Examples::default();
        for file in files {
            let entry = (self.id_of)(file)
                .and_then(|id| by_id.get(&id))
                .and_then(|&place| entries.get_mut(place)?.take());
            let problem = walk::problem_of(file);
            let Some(entry) = entry else {
                unnamed += 1;
                if named_alone {
                    continue;
                }
                tracks.push(Track {
                    problem,
                    ..Track::of_file(file)
                });
                continue;
            };
            split.add(entry.part, tracks.len());
            if let Some((line, words)) = entry.unlabelled {
                unlabelled.add(line.clone(), || format!("{line} {words}"));
            }
            tracks.push(Track {
                path: file.clone(),
                problem,
                ..entry.track
            });
        }
        let missing: Vec<Entry> = entries.into_iter().flatten().collect();
        let found = named - missing.len();
        notes.insert(
            0,
            format!(
                "{}: {} of {train} training, {} of {valid} validation and {} of {test} test tracks of the published split are here",
                self.name,
                split.train.len(),
                split.valid.len(),
                split.test.len(),
            )
            .into(),
        );
        if unnamed > 0 {
            let (files, name) = (counted(unnamed, "sound file"), self.name);
            let what = match named_alone {
                true => "left out, as the annotations alone were opened",
                false => "without labels",
            };
            notes
                .push(format!("{files} not named by the annotations of {name}, and {what}").into());
        }
        for (examples, of, what) in [
            (
                unlabelled,
                "track",
                format!(
                    "without a {} in the annotations of {}, and in no part",
                    self.labelled_by, self.name
                ),
            ),
            (
                self.unread,
                "row",
                format!(
                    "of the annotations of {} without the name or number of a track, left out",
                    self.name
                ),
            ),
        ] {
            if examples.count > 0 {
                let counted = counted(examples.count, of);
                notes.push(examples.note(format!("{counted} {what}")));
            }
        }
        // A part of a data set is often copied alone; then every row would be a missing one.
        if missing.len() > found {
            notes.push(
                format!(
                    "{} of {named} tracks that the annotations name {} not here and left out",
                    missing.len(),
                    agreeing(missing.len(), "is", "are")
                )
                .into(),
            );
        } else {
            tracks.extend(missing.into_iter().map(|entry| {
                Track {
                    path: entry.expected,
                    problem: Some(format!(
                        "named by the annotations of {}, but the file is missing; copy it there and open the folder \
                         again",
                        self.name
                    )),
                    ..entry.track
                }
            }));
        }
        Collection {
            name: self.name.to_owned(),
            kind: self.kind,
            tracks,
            split: split.usable(self.name, &mut notes),
            notes,
        }
    }
}

/// A file's name up to its first dot, in lower case: `10089` of `10089.LOFI.mp3`.
fn stem_id(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let id = name.split('.').next()?;
    (!id.is_empty()).then(|| id.to_lowercase())
}
