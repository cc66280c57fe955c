//! Rows of lists become tracks: one for each file, however often it is named.

use std::{collections::HashMap, fs, path::PathBuf};

use super::paths::Found;
use crate::{
    Note, Split, Track,
    note::{Examples, ListLine},
    spellings,
    split::Part,
};
use mynascope_base::{agreeing, counted, storage::tidy_path};

/// The tracks of one or several lists.
#[derive(Default)]
pub(super) struct Gathered {
    rows: Vec<Gathering>,
    /// By the real path of a file that is here, by the tidied path of one that is not.
    by_file: HashMap<PathBuf, usize>,
    /// More files are missing than are here: they are no rows.
    pub(super) leaves_missing_out: bool,
    pub(super) notes: Vec<Note>,
    repeated: Examples,
    labels: Examples,
    parts: Examples,
    unclear: Examples,
}

struct Gathering {
    track: Track,
    part: Option<Part>,
    /// What the list calls the file, where that was found by its name alone.
    guessed_by: Option<String>,
    is_missing: bool,
    /// Its first row.
    place: ListLine,
}

impl Gathered {
    /// Takes a row. One of a file that is known adds what was not known about it, and changes nothing that was.
    pub(super) fn add(
        &mut self,
        track: Track,
        part: Option<Part>,
        found: &Found,
        words: &str,
        place: ListLine,
    ) {
        let file = match found.is_here() {
            true => fs::canonicalize(&track.path).ok(),
            false => None,
        };
        let file = file.unwrap_or_else(|| tidy_path(&track.path));
        let guessed_by = matches!(found, Found::Guessed(_)).then(|| words.to_owned());
        let known = self.by_file.get(&file).copied();
        let Some(first) = known.and_then(|at| self.rows.get_mut(at)) else {
            self.by_file.insert(file, self.rows.len());
            self.rows.push(Gathering {
                track,
                part,
                guessed_by,
                is_missing: !found.is_here(),
                place,
            });
            return;
        };
        if guessed_by.is_some() && first.guessed_by.is_some() && guessed_by != first.guessed_by {
            self.unclear.add(place.clone(), || {
                format!("{} and {place}: {}", first.place, track.path.display())
            });
            first.track.problem.get_or_insert_with(|| {
                "several rows of the list might mean this file; write their paths as they are"
                    .to_owned()
            });
            return;
        }
        self.repeated
            .add(place.clone(), || format!("{} and {place}", first.place));
        first.join(track, part, &place, &mut self.labels, &mut self.parts);
    }

    /// The tracks, their split and what is to be said about them.
    pub(super) fn finish(mut self, is_one: bool) -> (Vec<Track>, Option<Split>, Vec<Note>) {
        let list = if is_one { "the list" } else { "the lists" };
        let mut notes = Vec::new();
        let told = self.parts.count + self.labels.count;
        for (examples, what) in [
            (
                self.parts,
                "named in two parts of the split; the part of the first row stays",
            ),
            (
                self.labels,
                "named with different labels; those of the first row stay (several labels of one file belong into a column `tags`)",
            ),
            (
                self.unclear,
                "might be meant by several rows, as the folders of their paths are not here; left out",
            ),
        ] {
            if examples.count > 0 {
                let files = counted(examples.count, "file");
                notes.push(examples.note(format!("{files} of {list}: {what}")));
            }
        }
        if self.repeated.count > told {
            let rows = counted(self.repeated.count, "row");
            let name = agreeing(self.repeated.count, "names", "name");
            notes.push(self.repeated.note(format!(
                "{rows} of {list} {name} a file again, which stays the track of its first row"
            )));
        }
        let labels = self.rows.iter().filter_map(|row| {
            let label = row.track.label.as_deref()?;
            Some((label, Some(&row.place)))
        });
        notes.extend(spellings::note("labels", labels));
        let tags = self.rows.iter().flat_map(|row| {
            let tags = row.track.tags.iter();
            tags.map(|tag| (tag.as_str(), Some(&row.place)))
        });
        notes.extend(spellings::note("tags", tags));
        notes.append(&mut self.notes);
        let named = split_of(&self.rows).sizes();
        if self.leaves_missing_out {
            self.rows.retain(|row| !row.is_missing);
        }
        let split = split_of(&self.rows);
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
        let tracks = self.rows.into_iter().map(|row| row.track).collect();
        let sizes @ [train, valid, test] = split.sizes();
        let split = split.usable();
        if split.is_none() && sizes != [0; 3] {
            notes.push(
                format!(
                    "the split of {list} is not used, as it has {train} train, {valid} valid and {test} test tracks: both \
                     train and test need some"
                )
                .into(),
            );
        }
        (tracks, split, notes)
    }
}

/// The split that some rows name.
fn split_of(rows: &[Gathering]) -> Split {
    let mut split = Split::default();
    for (place, row) in rows.iter().enumerate() {
        split.add(row.part, place);
    }
    split
}

impl Gathering {
    fn join(
        &mut self,
        other: Track,
        part: Option<Part>,
        place: &ListLine,
        labels: &mut Examples,
        parts: &mut Examples,
    ) {
        let path = other.path.display().to_string();
        let first = &self.place;
        let mut differs = |one: Option<String>, two: Option<String>| {
            if let (Some(one), Some(two)) = (one, two)
                && one != two
            {
                labels.add(place.clone(), || {
                    format!("{first} `{one}`, {place} `{two}`: {path}")
                });
            }
        };
        let of_key = |track: &Track| track.key.and_then(crate::key_name).map(str::to_owned);
        let of_numbers = |track: &Track| track.emotion.map(|it| format!("{it:?}"));
        let track = &mut self.track;
        match (of_key(track), of_key(&other)) {
            (Some(one), Some(two)) if one != two => differs(Some(one), Some(two)),
            _ => differs(track.label.clone(), other.label.clone()),
        }
        differs(of_numbers(track), of_numbers(&other));
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
        match (self.part, part) {
            (Some(one), Some(two)) if one != two => {
                parts.add(place.clone(), || {
                    format!("{first} {}, {place} {}: {path}", one.name(), two.name())
                });
            }
            (None, part) => self.part = part,
            _ => {}
        }
    }
}
