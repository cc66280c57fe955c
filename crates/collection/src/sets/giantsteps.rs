//! GiantSteps key (Knees et al. 2015) and GiantSteps-MTG key (Faraldo et al. 2017): electronic dance music with its
//! keys.
//!
//! Accepted as both are distributed, alone or side by side in one folder:
//! ```text
//! giantsteps-key-dataset/annotations/key/10089.LOFI.key        "C minor"
//! giantsteps-mtg-key-dataset/annotations/annotations.txt       tab-separated: ID, MANUAL KEY, C, ...
//! giantsteps-mtg-key-dataset/annotations/beatport_metadata.txt tab-separated: ID, ARTIST, ...
//! .../10089.LOFI.mp3                                           anywhere below, in any format
//! ```
//! The split is the usual one (Korzeniowski and Widmer 2018; the artists' parts as in JukeMIR): all of GiantSteps key
//! is test; of the MTG tracks those with one key of confidence 2 are train or valid by artist, 100 to 16, and whoever
//! worked with a valid artist is valid, too. 923, 236 and 604 tracks.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::{Path, PathBuf},
};

use super::{Annotations, Entry, artist::bucket, line_of, stem_id};
use crate::{
    CollectionError, CollectionKind, Track,
    key_files::{self, is_key_file},
    key_name,
    note::{Examples, ListLine},
    parse_key,
    split::Part,
    table::Table,
};

pub(super) const NAME: &str = "GiantSteps key";

/// Of so many artists ...
const ARTISTS: u32 = 116;
/// ... the first so many are train.
const TRAIN_ARTISTS: u32 = 100;
/// How often "worked with a valid artist" is followed.
const HOPS: usize = 2;
const MTG_KEYS: &str = "annotations/annotations.txt";
const MTG_ARTISTS: &str = "annotations/beatport_metadata.txt";
const KEYS: &str = "annotations/key";

/// The two data sets below a folder, each where it lies.
struct Places {
    test: Option<PathBuf>,
    mtg: Option<PathBuf>,
}

fn places(folder: &Path) -> Option<Places> {
    let mut places = Places {
        test: None,
        mtg: None,
    };
    let below = fs::read_dir(folder).ok()?.flatten().map(|it| it.path());
    let mut candidates: Vec<PathBuf> = below.filter(|path| path.is_dir()).collect();
    candidates.sort_unstable();
    candidates.insert(0, folder.to_path_buf());
    for place in candidates {
        if place.join(MTG_KEYS).is_file() {
            places.mtg.get_or_insert(place);
        } else if has_key_files(&place.join(KEYS)) {
            places.test.get_or_insert(place);
        }
    }
    (places.test.is_some() || places.mtg.is_some()).then_some(places)
}

fn has_key_files(folder: &Path) -> bool {
    fs::read_dir(folder)
        .is_ok_and(|entries| entries.flatten().any(|entry| is_key_file(&entry.path())))
}

pub(super) fn is_here(folder: &Path) -> bool {
    places(folder).is_some()
}

/// The table of the larger set's keys.
pub(super) fn table(folder: &Path) -> Option<PathBuf> {
    Some(places(folder)?.mtg?.join(MTG_KEYS))
}

pub(super) fn read(folder: &Path) -> Result<Option<Annotations>, CollectionError> {
    read_all(&[folder])
}

/// The two data sets below several folders, each from the first that has it.
pub(super) fn read_all(folders: &[&Path]) -> Result<Option<Annotations>, CollectionError> {
    let mut found: Option<Places> = None;
    for places in folders.iter().filter_map(|folder| places(folder)) {
        found = Some(match found {
            None => places,
            Some(first) => Places {
                test: first.test.or(places.test),
                mtg: first.mtg.or(places.mtg),
            },
        });
    }
    let Some(places) = found else {
        return Ok(None);
    };
    let mut entries = Vec::new();
    let mut unread = Examples::default();
    if let Some(place) = &places.mtg {
        mtg(place, &mut entries, &mut unread)?;
    }
    if let Some(place) = &places.test {
        test(place, &mut entries)?;
    }
    Ok(Some(Annotations {
        kind: CollectionKind::GiantSteps,
        name: NAME,
        entries,
        published: Some([923, 236, 604]),
        id_of: stem_id,
        labelled_by: "single key",
        unread,
        subsets: BTreeMap::new(),
    }))
}

fn is_known(heading: &str) -> bool {
    ["ID", "MANUAL KEY", "C", "ARTIST"].contains(&heading)
}

/// `words` stand in the line that tells its key.
fn entry(place: &Path, id: &str, (line, words): (ListLine, &str), part: Option<Part>) -> Entry {
    // Several keys are parted by a slash and are no single key.
    let key = parse_key(words);
    let expected = place.join("audio").join(format!("{id}.LOFI.mp3"));
    Entry {
        id: id.to_lowercase(),
        track: Track {
            title: id.to_owned(),
            key,
            label: key.and_then(key_name).map(str::to_owned),
            ..Track::default()
        },
        expected,
        part: part.filter(|_| key.is_some()),
        unlabelled: key.is_none().then(|| (line, format!("`{words}`"))),
    }
}

fn test(place: &Path, entries: &mut Vec<Entry>) -> Result<(), CollectionError> {
    let folder = place.join(KEYS);
    let unreadable = |source| CollectionError::Unreadable {
        source,
        path: folder.clone(),
    };
    let listed = fs::read_dir(&folder).map_err(unreadable)?;
    let mut files: Vec<PathBuf> = listed.flatten().map(|it| it.path()).collect();
    files.retain(|path| is_key_file(path));
    files.sort_unstable();
    for file in files {
        let Some(id) = stem_id(&file) else { continue };
        let text = key_files::text_of(&file);
        let line = (line_of(&file, 1), text.as_str());
        // Without a key there is nothing to score.
        entries.push(entry(place, &id, line, Some(Part::Test)));
    }
    Ok(())
}

fn mtg(
    place: &Path,
    entries: &mut Vec<Entry>,
    unread: &mut Examples,
) -> Result<(), CollectionError> {
    let artists = match Table::read_if_there(&place.join(MTG_ARTISTS), is_known)? {
        Some(table) => table
            .rows()
            .filter_map(|row| {
                let artists = row.get("ARTIST")?.split(',');
                let artists = artists.map(|name| name.trim().to_owned()).collect();
                Some((row.get("ID")?.to_owned(), artists))
            })
            .collect(),
        None => HashMap::new(),
    };
    let parts = parts_of(artists.values());
    let table = Table::read(&place.join(MTG_KEYS), is_known)?;
    table.needs(&["ID", "MANUAL KEY", "C"])?;
    for row in table.rows() {
        let line = line_of(Path::new(MTG_KEYS), row.line());
        let id = row.get("ID").filter(|id| !id.is_empty());
        let (Some(id), Some(key)) = (id, row.get("MANUAL KEY")) else {
            unread.add(line.clone(), || line.to_string());
            continue;
        };
        let sure = row.get("C").is_some_and(|confidence| confidence == "2");
        let part = artists
            .get(id)
            .and_then(|names| names.first())
            .and_then(|name| parts.get(name.as_str()));
        let part = part.copied().filter(|_| sure);
        let mut entry = entry(place, id, (line, key), part);
        if let Some(names) = artists.get(id) {
            entry.track.title = format!("{id} ({})", names.join(", "));
        }
        entries.push(entry);
    }
    Ok(())
}

/// The part of every artist, given who made each track.
fn parts_of<'a>(tracks: impl Iterator<Item = &'a Vec<String>> + Clone) -> HashMap<&'a str, Part> {
    let mut parts: HashMap<&str, Part> = HashMap::new();
    for name in tracks.clone().flatten() {
        let train = bucket(&name.to_lowercase(), ARTISTS) < TRAIN_ARTISTS;
        parts.insert(name, if train { Part::Train } else { Part::Valid });
    }
    for _ in 0..HOPS {
        for names in tracks.clone() {
            let valid = |name: &String| parts.get(name.as_str()) == Some(&Part::Valid);
            if names.iter().any(valid) {
                parts.extend(names.iter().map(|name| (name.as_str(), Part::Valid)));
            }
        }
    }
    parts
}
