//! Data sets that are known by their shape, each with its labels and the split that published numbers are made on.
//!
//! A data set lies as it is distributed: sound files anywhere below the folder, annotations beside them. What the
//! annotations name and the folder lacks is a row with its reason; sound files that they don't name are rows without
//! labels, in no part of the split.

mod artist;
mod emomusic;
mod giantsteps;
mod gtzan;
mod magnatagatune;
mod table;

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use super::{Collection, CollectionError, CollectionKind, Split, Track, labels, walk};
use mynascope_base::jobs::Watch;

pub(super) use gtzan::{describe as describe_gtzan, is_gtzan};
pub(super) use table::read_listed;

/// Part of a split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Train,
    Valid,
    Test,
}

/// One track as annotations tell it.
struct Entry {
    /// What its file is recognised by: see [`Annotations::id_of`].
    id: String,
    /// Where the file would lie; for the row of a missing one.
    expected: PathBuf,
    /// Labels; the path is set where the file is found.
    track: Track,
    part: Option<Part>,
}

/// What a data set's annotations say.
struct Annotations {
    kind: CollectionKind,
    /// What the data set is called.
    name: &'static str,
    entries: Vec<Entry>,
    /// The sizes of train, valid and test of the whole data set.
    published: [usize; 3],
    /// What of a file's path the entries are recognised by.
    id_of: fn(&Path) -> Option<String>,
}

/// The data set in a folder, if its annotations lie there; `None` for any other folder.
///
/// Fails if annotations are damaged, if the folder cannot be walked, or when cancelled.
pub(super) fn recognise(
    folder: &Path,
    watch: &Watch,
    sighted: &mut dyn FnMut(&Path),
) -> Result<Option<Collection>, CollectionError> {
    let known = [giantsteps::read, emomusic::read, magnatagatune::read];
    for read in known {
        if let Some(annotations) = read(folder)? {
            let walk::Found { files, notes } = walk::sound_files(folder, watch, sighted)?;
            return Ok(Some(annotations.join(&files, notes)));
        }
    }
    Ok(None)
}

/// What a dropped folder would be opened as, by a quick look at the names in it.
pub fn data_set_name(folder: &Path) -> Option<&'static str> {
    if labels::is_demo(folder) {
        return Some("the demo collection");
    }
    [
        (giantsteps::is_here as fn(&Path) -> bool, giantsteps::NAME),
        (emomusic::is_here, emomusic::NAME),
        (magnatagatune::is_here, magnatagatune::NAME),
        (gtzan::is_here, gtzan::NAME),
    ]
    .into_iter()
    .find_map(|(is_here, name)| is_here(folder).then_some(name))
}

impl Annotations {
    /// Brings annotations and files together.
    fn join(self, files: &[PathBuf], mut notes: Vec<String>) -> Collection {
        let mut by_id: HashMap<String, usize> = HashMap::with_capacity(self.entries.len());
        for (place, entry) in self.entries.iter().enumerate() {
            by_id.entry(entry.id.clone()).or_insert(place);
        }
        let mut entries: Vec<Option<Entry>> = self.entries.into_iter().map(Some).collect();
        let named = entries.len();
        let mut tracks = Vec::with_capacity(files.len());
        let mut split = Split::default();
        let mut unnamed = 0_usize;
        for file in files {
            let entry = (self.id_of)(file)
                .and_then(|id| by_id.get(&id))
                .and_then(|&place| entries.get_mut(place)?.take());
            let problem = walk::problem_of(file);
            let Some(entry) = entry else {
                unnamed += 1;
                tracks.push(Track {
                    problem,
                    ..Track::of_file(file)
                });
                continue;
            };
            match entry.part {
                Some(Part::Train) => split.train.push(tracks.len()),
                Some(Part::Valid) => split.valid.push(tracks.len()),
                Some(Part::Test) => split.test.push(tracks.len()),
                None => {}
            }
            tracks.push(Track {
                path: file.clone(),
                problem,
                ..entry.track
            });
        }
        let missing: Vec<Entry> = entries.into_iter().flatten().collect();
        let found = named - missing.len();
        let [train, valid, test] = self.published;
        notes.insert(
            0,
            format!(
                "{}: {} train, {} valid and {} test tracks are here; the published split has {train}, {valid} and {test}",
                self.name,
                split.train.len(),
                split.valid.len(),
                split.test.len(),
            ),
        );
        if unnamed > 0 {
            notes.push(format!(
                "{unnamed} sound files are not named by the annotations of {}: they have no labels",
                self.name
            ));
        }
        // A part of a data set is often copied alone; then every row would be a missing one.
        if missing.len() > found {
            notes.push(format!(
                "{} of {named} tracks that the annotations name are not here and left out",
                missing.len()
            ));
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
            split: usable(split),
            notes,
        }
    }
}

/// A split that can be learned and scored on; `None` without tracks for one of both.
fn usable(split: Split) -> Option<Split> {
    (!split.train.is_empty() && !split.test.is_empty()).then_some(split)
}

/// A file's name up to its first dot, in lower case: `10089` of `10089.LOFI.mp3`.
fn stem_id(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let id = name.split('.').next()?;
    (!id.is_empty()).then(|| id.to_lowercase())
}
