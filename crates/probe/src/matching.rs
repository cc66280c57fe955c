//! Which tracks of a table are which of the tracks that have labels: by their names, never by chance.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};

use super::ProbeError;
use mynascope_base::{counted, storage::path_to_text};
use mynascope_collection::{Collection, Track, fold_text};
use mynascope_embedding::{EmbeddingTable, TrackRow, stem_of, without_zeros};

/// What was found.
pub(super) struct Matched {
    /// For each track of the table its place in the labels.
    pub(super) places: Vec<Option<usize>>,
    /// How, for people.
    pub(super) note: String,
}

/// What of a path a track is known by.
type KeyOf = fn(&Path) -> Option<String>;

/// The ways to find labels, the surest first.
const WAYS: [(&str, KeyOf); 4] = [
    ("path", |path| Some(path.to_string_lossy().into_owned())),
    ("file name", |path| Some(name_of(path))),
    ("file name without its ending", |path| {
        Some(fold_text(stem_of(&name_of(path))))
    }),
    ("number", |path| {
        let name = name_of(path);
        let stem = stem_of(&name);
        // As pandas writes whole numbers beside gaps.
        let digits = stem.strip_suffix(".0").unwrap_or(stem);
        let is_number = !digits.is_empty() && digits.bytes().all(|it| it.is_ascii_digit());
        is_number.then(|| without_zeros(digits).to_owned())
    }),
];

/// The part of a path, of whatever system, behind its folders.
fn name_of(path: &Path) -> String {
    let text = path.to_string_lossy();
    let name = text.rsplit(['/', '\\']).next();
    name.unwrap_or_default().to_owned()
}

/// How many folders above their names two paths share.
fn shared_folders(one: &Path, two: &Path) -> usize {
    let folders = |path: &Path| -> Vec<String> {
        let text = path.to_string_lossy();
        let parts = text.split(['/', '\\']).rev().skip(1);
        parts.map(fold_text).collect()
    };
    let (one, two) = (folders(one), folders(two));
    let pairs = one.iter().zip(&two);
    pairs.take_while(|(a, b)| a == b).count()
}

/// What the table calls a track: its path, or its number.
fn called(track: &TrackRow) -> Option<&Path> {
    match track.number() {
        Some(number) => Some(Path::new(number)),
        None => track.names_file().then_some(track.path.as_path()),
    }
}

/// Finds the tracks of a table among those with labels: by path, else by file name, else by the name without its ending,
/// else by number, whichever first finds any. Tracks of a table without names and numbers are taken in their order, where
/// there are as many.
///
/// # Errors
/// [`ProbeError::Labels`] where none is found.
pub(super) fn find(table: &EmbeddingTable, labels: &Collection) -> Result<Matched, ProbeError> {
    let all = table.tracks.len();
    for (by, key_of) in WAYS {
        let (places, unclear) = by_key(table, &labels.tracks, key_of);
        let count = places.iter().flatten().count();
        if count > 0 {
            let mut note = format!(
                "labels of {count} of the table's {}, found by {by}",
                counted(all, "track")
            );
            if unclear > 0 {
                note.push_str(&format!(
                    "; {} left out, as several files have that {by}: write paths with their folders",
                    counted(unclear, "track")
                ));
            }
            return Ok(Matched { places, note });
        }
    }
    let in_order = |why: &str| Matched {
        places: (0..all).map(Some).collect(),
        note: format!(
            "{why}: its {} take the labels in their order",
            counted(all, "track")
        ),
    };
    let are_nameless = table.tracks.iter().all(TrackRow::is_nameless);
    let counts = |(place, track): (usize, &TrackRow)| {
        track.path.to_str() == Some(format!("track {place}").as_str())
    };
    if labels.tracks.len() == all && are_nameless {
        return Ok(in_order("the table names no files"));
    }
    if labels.tracks.len() == all && table.tracks.iter().enumerate().all(counts) {
        return Ok(in_order("the table only counts its tracks"));
    }
    let with_labels = labels.tracks.len();
    let tracks = counted(all, "track");
    if are_nameless {
        return Err(ProbeError::Labels(format!(
            "the table names no files, and its {tracks} cannot take {} in their order; give it a column `path`, or a \
             label for each track",
            counted(with_labels, "label")
        )));
    }
    let first = |path: Option<&Path>| path.map_or_else(String::new, path_to_text);
    let remedy = match with_labels == all {
        true => ", or take the names out of the table if its rows stand in the order of the labels",
        false => "",
    };
    Err(ProbeError::Labels(format!(
        "none of the table's {tracks} is among the {with_labels} with labels, neither by path, file name nor number; the \
         table's first is `{}`, that of the labels `{}`; write the same names into both{remedy}",
        first(table.tracks.first().map(|track| track.path.as_path())),
        first(labels.tracks.first().map(|track| track.path.as_path())),
    )))
}

/// The places of tracks with the same key; and for how many there are several that nothing tells apart.
fn by_key(table: &EmbeddingTable, labels: &[Track], key_of: KeyOf) -> (Vec<Option<usize>>, usize) {
    let mut known: HashMap<String, Vec<usize>> = HashMap::new();
    for (place, track) in labels.iter().enumerate() {
        if let Some(key) = key_of(&track.path) {
            known.entry(key).or_default().push(place);
        }
    }
    let mut unclear = 0;
    let mut places = vec![None; table.tracks.len()];
    // Of each labelled track those of the table that may be it, each with the folders that they share.
    let mut claims: BTreeMap<usize, Vec<(usize, usize)>> = BTreeMap::new();
    for (track, row) in table.tracks.iter().enumerate() {
        let Some(path) = called(row) else { continue };
        let candidates = key_of(path).and_then(|key| known.get(&key));
        let Some(candidates) = candidates else {
            continue;
        };
        let shared = |place: &usize| {
            let other = labels.get(*place);
            other.map_or(0, |other| shared_folders(path, &other.path))
        };
        let most = candidates.iter().map(shared).max().unwrap_or(0);
        let mut nearest = candidates.iter().filter(|place| shared(place) == most);
        match (nearest.next(), nearest.next()) {
            (Some(&place), None) => claims.entry(place).or_default().push((track, most)),
            _ => unclear += 1,
        }
    }
    let path_of = |track: usize| table.tracks.get(track).and_then(called);
    for (place, claims) in claims {
        let most = claims.iter().map(|&(_, shared)| shared).max().unwrap_or(0);
        let mut nearest = claims.iter().filter(|&&(_, shared)| shared == most);
        let first = nearest.next().and_then(|&(track, _)| path_of(track));
        // Of files of one name in several folders, nobody knows which is meant.
        let is_one = nearest.all(|&(track, _)| path_of(track) == first);
        for (track, shared) in claims {
            match places.get_mut(track) {
                Some(slot) if is_one && shared == most => *slot = Some(place),
                _ => unclear += 1,
            }
        }
    }
    (places, unclear)
}
