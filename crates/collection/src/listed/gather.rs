//! Rows of lists become tracks: one for each file, however often it is named.

use std::{collections::HashMap, fs, iter, path::PathBuf};

use super::paths::Found;
use crate::{
    Note, Split, Track, folder_labels,
    note::{Examples, ListLine},
    spellings,
    split::Part,
};
use mynascope_base::{
    agreeing, counted,
    storage::{ContentKey, tidy_path},
};

/// The tracks of one or several lists.
#[derive(Default)]
pub(super) struct Gathered {
    tracks: Vec<Track>,
    /// Of each track what its rows say beside its labels.
    rows: Vec<Gathering>,
    /// By the hash of the real path of a file that is here, of the tidied path of one that is not: paths themselves are
    /// long.
    by_file: HashMap<ContentKey, usize>,
    /// What the lists call the files that were found by their names alone.
    guessed_by: HashMap<usize, String>,
    /// More files are missing than are here: they are no rows.
    pub(super) leaves_missing_out: bool,
    pub(super) notes: Vec<Note>,
    repeated: Examples,
    joined: Examples,
    labels: Examples,
    parts: Examples,
    folds: Examples,
    unclear: Examples,
}

struct Gathering {
    part: Option<Part>,
    is_missing: bool,
    /// Whether its list says nothing of it, so that its folder may.
    is_bare: bool,
    /// Its first row.
    place: ListLine,
}

/// One row of a list.
pub(super) struct NewRow<'a> {
    pub(super) track: Track,
    pub(super) part: Option<Part>,
    pub(super) found: &'a Found,
    /// What the list calls the file.
    pub(super) words: &'a str,
    /// Whether that is a name without folders, of which there may be several files.
    pub(super) is_name_alone: bool,
    pub(super) is_bare: bool,
    pub(super) place: ListLine,
}

impl Gathered {
    /// Takes a row. One of a file that is known adds what was not known about it, and changes nothing that was.
    pub(super) fn add(&mut self, row: NewRow<'_>) {
        let NewRow {
            track,
            part,
            found,
            words,
            place,
            is_name_alone,
            ..
        } = row;
        let file = match found.is_here() {
            true => fs::canonicalize(&track.path).ok(),
            false => None,
        };
        let file: PathBuf = file.unwrap_or_else(|| tidy_path(&track.path));
        let file = ContentKey::of_parts(iter::once(file.as_os_str().as_encoded_bytes()));
        let guessed_by = matches!(found, Found::Guessed(_)).then_some(words);
        let known = self.by_file.get(&file).copied();
        let known =
            known.and_then(|at| Some((at, self.tracks.get_mut(at)?, self.rows.get_mut(at)?)));
        // Rows of one name that say different things mean different files, if none says which.
        let is_unclear = matches!(found, Found::Several(_))
            || is_name_alone && matches!(found, Found::Missing(_));
        let known = known.filter(|(_, first, said)| {
            let other_part = said.part.zip(part).is_some_and(|(one, two)| one != two);
            !is_unclear || !other_part && differences(first, &track).is_empty()
        });
        let Some((at, first, said)) = known else {
            if let Some(words) = guessed_by {
                self.guessed_by.insert(self.rows.len(), words.to_owned());
            }
            self.by_file.insert(file, self.rows.len());
            self.tracks.push(track);
            self.rows.push(Gathering {
                part,
                is_missing: !found.is_here(),
                is_bare: row.is_bare,
                place,
            });
            return;
        };
        let guessed_before = self.guessed_by.get(&at).map(String::as_str);
        if guessed_by.is_some() && guessed_before.is_some() && guessed_by != guessed_before {
            self.unclear.add(place.clone(), || {
                format!("{} and {place}: {}", said.place, first.path.display())
            });
            first.problem.get_or_insert_with(|| {
                "several rows of the list might mean this file; write their paths as they are"
                    .to_owned()
            });
            return;
        }
        let both = || format!("{} and {place}", said.place);
        match adds_to(first, &track) || said.part.is_none() && part.is_some() {
            true => self.joined.add(place.clone(), both),
            false => self.repeated.add(place.clone(), both),
        }
        for (one, two) in differences(first, &track) {
            let (before, path) = (&said.place, track.path.display());
            self.labels.add(place.clone(), || {
                format!("{before} `{one}`, {place} `{two}`: {path}")
            });
        }
        if let (Some(one), Some(two)) = (first.fold, track.fold)
            && one != two
        {
            let (before, path) = (&said.place, track.path.display());
            self.folds.add(place.clone(), || {
                format!("{before} {one}, {place} {two}: {path}")
            });
        }
        join(first, track);
        match (said.part, part) {
            (Some(one), Some(two)) if one != two => self.parts.add(place.clone(), || {
                let path = first.path.display();
                format!(
                    "{} {}, {place} {}: {path}",
                    said.place,
                    one.name(),
                    two.name()
                )
            }),
            (None, part) => said.part = part,
            _ => {}
        }
    }

    /// The tracks, their split and what is to be said about them.
    pub(super) fn finish(mut self, is_one: bool) -> (Vec<Track>, Option<Split>, Vec<Note>) {
        let list = if is_one { "the list" } else { "the lists" };
        self.by_file = HashMap::new();
        let mut notes = Vec::new();
        let told = self.parts.count + self.labels.count + self.folds.count;
        for (examples, what) in [
            (
                std::mem::take(&mut self.parts),
                "named in two parts of the split; the part of the first row stays",
            ),
            (
                std::mem::take(&mut self.folds),
                "named in two folds; the fold of the first row stays",
            ),
            (
                std::mem::take(&mut self.labels),
                "named with different labels; those of the first row stay (several labels of one file belong into a column `tags`)",
            ),
            (
                std::mem::take(&mut self.unclear),
                "might be meant by several rows, as the folders of their paths are not here; left out",
            ),
        ] {
            if examples.count > 0 {
                let files = counted(examples.count, "file");
                notes.push(examples.note(format!("{files} of {list}: {what}")));
            }
        }
        for (examples, least, what) in [
            (
                std::mem::take(&mut self.joined),
                0,
                "and what it adds belongs to the track of the first row",
            ),
            (
                std::mem::take(&mut self.repeated),
                told,
                "which stays the track of its first row",
            ),
        ] {
            if examples.count > least {
                let rows = counted(examples.count, "row");
                let name = agreeing(examples.count, "names", "name");
                notes.push(examples.note(format!("{rows} of {list} {name} a file again, {what}")));
            }
        }
        self.take_folders(&mut notes);
        self.take_parts_of_folders(list, &mut notes);
        let lines = || self.rows.iter().map(|row| Some(&row.place));
        let labels = self.tracks.iter().zip(lines());
        let labels = labels.filter_map(|(track, line)| Some((track.label.as_deref()?, line)));
        notes.extend(spellings::note("labels", labels));
        let tags = self.tracks.iter().zip(lines());
        let tags =
            tags.flat_map(|(track, line)| track.tags.iter().map(move |tag| (tag.as_str(), line)));
        notes.extend(spellings::note("tags", tags));
        notes.append(&mut self.notes);
        let named = self.split().sizes();
        if self.leaves_missing_out {
            let mut is_here = self.rows.iter().map(|row| !row.is_missing);
            self.tracks.retain(|_| is_here.next().unwrap_or(true));
            self.rows.retain(|row| !row.is_missing);
        }
        let split = self.split();
        let [train, valid, test] = split.sizes();
        if named != split.sizes() {
            notes.push(
                format!(
                    "of the split of {list} {train} of {} train, {valid} of {} valid and {test} of {} test tracks are here",
                    named[0], named[1], named[2]
                )
                .into(),
            );
        }
        let split = split.usable(list, &mut notes);
        (self.tracks, split, notes)
    }

    /// The split that the rows name.
    fn split(&self) -> Split {
        let mut split = Split::default();
        for (place, row) in self.rows.iter().enumerate() {
            split.add(row.part, place);
        }
        split
    }

    /// Labels tracks of which their lists say nothing by their folders, as those of an opened folder are.
    fn take_folders(&mut self, notes: &mut Vec<Note>) {
        let bare: Vec<usize> = (0..)
            .zip(&self.rows)
            .filter(|(_, row)| row.is_bare)
            .map(|(at, _)| at)
            .collect();
        let paths = bare.iter().filter_map(|&at| self.tracks.get(at));
        let paths: Vec<PathBuf> = paths.map(|track| track.path.clone()).collect();
        let mut said = Vec::new();
        let (labels, split) = folder_labels::labels_by_folders(&paths, &mut said);
        let mut labelled = 0;
        for (&at, label) in bare.iter().zip(labels) {
            if let Some(track) = self.tracks.get_mut(at)
                && track.label.is_none()
                && label.is_some()
            {
                track.label = label;
                labelled += 1;
            }
        }
        if labelled == 0 {
            return;
        }
        let tracks = counted(labelled, "track");
        notes.push(format!("the names of their folders are the labels of {tracks}").into());
        let is_parted = self.rows.iter().any(|row| row.part.is_some());
        if let Some(split) = split.filter(|_| !is_parted) {
            notes.append(&mut said);
            self.set_parts(split, &bare);
        }
    }

    /// Parts tracks by their folders where no row names a part, as data sets of the model hub lie (`train/a.wav`).
    fn take_parts_of_folders(&mut self, list: &str, notes: &mut Vec<Note>) {
        if self.rows.iter().any(|row| row.part.is_some()) {
            return;
        }
        let paths: Vec<PathBuf> = self.tracks.iter().map(|track| track.path.clone()).collect();
        let (_, Some(split)) = folder_labels::labels_by_folders(&paths, &mut Vec::new()) else {
            return;
        };
        let [train, valid, test] = split.sizes();
        notes.push(
            format!(
                "{list} names no split, so the folders of the files are read as its parts: {train} train, {valid} valid and \
                 {test} test tracks"
            )
            .into(),
        );
        let all: Vec<usize> = (0..self.rows.len()).collect();
        self.set_parts(split, &all);
    }

    /// Gives rows their parts of a split whose places count among `rows`.
    fn set_parts(&mut self, split: Split, rows: &[usize]) {
        for (part, places) in [
            (Part::Train, split.train),
            (Part::Valid, split.valid),
            (Part::Test, split.test),
        ] {
            for at in places.iter().filter_map(|&place| rows.get(place)) {
                if let Some(row) = self.rows.get_mut(*at) {
                    row.part = Some(part);
                }
            }
        }
    }
}

/// Whether a row says something of a track that was not known.
fn adds_to(track: &Track, other: &Track) -> bool {
    other.tags.iter().any(|tag| !track.tags.contains(tag))
        || track.label.is_none() && other.label.is_some()
        || track.key.is_none() && other.key.is_some()
        || track.tempo_bpm.is_none() && other.tempo_bpm.is_some()
        || track.emotion.is_none() && other.emotion.is_some()
        || track.fold.is_none() && other.fold.is_some()
}

/// What two rows say differently of a file.
fn differences(track: &Track, other: &Track) -> Vec<(String, String)> {
    let both = |one: Option<String>, two: Option<String>| one.zip(two);
    let of_key = |track: &Track| track.key.and_then(crate::key_name).map(str::to_owned);
    let of_numbers = |track: &Track| track.emotion.map(|it| format!("{it:?}"));
    let keys = both(of_key(track), of_key(other)).filter(|(one, two)| one != two);
    let labels = keys.or_else(|| both(track.label.clone(), other.label.clone()));
    let all = [labels, both(of_numbers(track), of_numbers(other))];
    let all = all.into_iter().flatten();
    all.filter(|(one, two)| one != two).collect()
}

/// Adds what was not known about a track.
fn join(track: &mut Track, other: Track) {
    if track.label.is_none() {
        track.label = other.label;
    }
    track.key = track.key.or(other.key);
    track.tempo_bpm = track.tempo_bpm.or(other.tempo_bpm);
    track.emotion = track.emotion.or(other.emotion);
    track.fold = track.fold.or(other.fold);
    for tag in other.tags {
        if !track.tags.contains(&tag) {
            track.tags.push(tag);
        }
    }
}
