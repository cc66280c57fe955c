//! Sorts the rows of any file to tracks, and makes a table of what a file holds.

use std::{
    collections::{BTreeSet, HashMap},
    path::{Path, PathBuf},
};

use super::{fields, one_file};
use crate::{EmbeddingTable, Level, TrackRow, located, table::UNNAMED};
use mynascope_base::{counted, storage::path_from_text};
use mynascope_collection::{spelling_note, split_words};

/// What a file says about a row besides its vector. Empty texts are none.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct RowTexts<'a> {
    /// The number that the file gives the track of the row.
    pub index: Option<i64>,
    pub path: &'a str,
    pub label: &'a str,
    pub split: &'a str,
    /// What the file of the row lacks.
    pub incomplete: &'a str,
}

/// Collects the tracks of rows. Rows of one path with one label and split are of one track, wherever they stand and
/// whatever its number; without paths those of one number are, and without either each row is a track by itself.
#[derive(Default)]
pub(super) struct Tracks {
    known: HashMap<Key, u32>,
    tracks: Vec<Numbered>,
    /// For each row its place in `tracks`.
    rows: Vec<u32>,
    /// Rows with a path.
    named: usize,
    /// What the first rows without one are called instead.
    unnamed: Vec<String>,
}

/// So many rows without a path are named in a note.
const NAMED_ROWS: usize = 5;

#[derive(PartialEq, Eq, Hash)]
struct Key {
    /// The number counts only where there is no path.
    index: Option<i64>,
    path: String,
    label: String,
    split: String,
}

struct Numbered {
    /// The lowest number that the file gives it, which orders the tracks; those without one follow as they came.
    index: Option<i64>,
    track: TrackRow,
}

impl Tracks {
    pub(super) fn push(&mut self, row: RowTexts<'_>) -> Result<(), String> {
        let next = u32::try_from(self.tracks.len()).map_err(|_| "it has too many tracks")?;
        let split = row.split;
        // Most rows belong to the track of the row before.
        let last = self.rows.last().copied();
        let same = last
            .and_then(|last| self.tracks.get(last as usize))
            .is_some_and(|Numbered { index, track }| {
                !row.path.is_empty()
                    && *index == row.index
                    && (track.path == Path::new(row.path) || track.path == path_from_text(row.path))
                    && track.label.as_deref().unwrap_or("") == row.label
                    && track.split.as_deref().unwrap_or("") == split
            });
        if let (true, Some(last)) = (same, last) {
            self.rows.push(last);
            self.named += 1;
            return Ok(());
        }
        let unnamed = row.path.is_empty();
        let path: PathBuf = match (unnamed, row.index) {
            (false, _) => path_from_text(row.path),
            (true, Some(index)) => format!("{} {index}", UNNAMED[1]).into(),
            (true, None) => format!("{} {}", UNNAMED[0], self.rows.len()).into(),
        };
        match unnamed {
            false => self.named += 1,
            true if self.unnamed.len() < NAMED_ROWS => {
                self.unnamed.push(path.display().to_string());
            }
            true => {}
        }
        let track = TrackRow {
            path,
            label: text_of(row.label),
            split: text_of(split),
            incomplete: text_of(row.incomplete),
        };
        let id = if unnamed && row.index.is_none() {
            next
        } else {
            let key = Key {
                index: row.index.filter(|_| unnamed),
                path: row.path.to_owned(),
                label: row.label.to_owned(),
                split: split.to_owned(),
            };
            *self.known.entry(key).or_insert(next)
        };
        match self.tracks.get_mut(id as usize) {
            Some(known) => {
                known.index = known.index.into_iter().chain(row.index).min();
                let lacks = known.track.incomplete.take();
                known.track.incomplete = lacks.or_else(|| text_of(row.incomplete));
            }
            None => self.tracks.push(Numbered {
                index: row.index,
                track,
            }),
        }
        self.rows.push(id);
        Ok(())
    }

    /// Rows that were taken.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The same rows, named by the cells of an index where nothing else names them and these do.
    fn named_by(self, index: &[String]) -> Result<Self, String> {
        let is_numbered = self.tracks.iter().any(|track| track.index.is_some());
        let has_labels = self.tracks.iter().any(|it| it.track.label.is_some());
        if self.named > 0 || is_numbered || index.len() != self.rows.len() {
            return Ok(self);
        }
        if !fields::are_names(index, has_labels) {
            return Ok(self);
        }
        let mut named = Self::default();
        for (name, &id) in index.iter().zip(&self.rows) {
            let track = self.tracks.get(id as usize).map(|it| &it.track);
            let text = |of: fn(&TrackRow) -> Option<&str>| track.and_then(of).unwrap_or("");
            named.push(RowTexts {
                index: None,
                path: name.trim(),
                label: text(|track| track.label.as_deref()),
                split: text(|track| track.split.as_deref()),
                incomplete: text(|track| track.incomplete.as_deref()),
            })?;
        }
        Ok(named)
    }

    /// Says which rows have no path, where others have one.
    fn say_unnamed(&self) -> Option<String> {
        let count = self.rows.len().saturating_sub(self.named);
        (count > 0 && self.named > 0).then(|| {
            let more = match count > self.unnamed.len() {
                true => ", ...",
                false => "",
            };
            format!(
                "{} without a path, called by number instead: {}{more}",
                counted(count, "row"),
                self.unnamed.join(", ")
            )
        })
    }

    /// The tracks in the order of their numbers, and for each row its track.
    fn finish(self) -> (Vec<TrackRow>, Vec<u32>) {
        let mut order: Vec<usize> = (0..self.tracks.len()).collect();
        order.sort_by_key(|&at| {
            let index = self.tracks.get(at).and_then(|track| track.index);
            (index.is_none(), index, at)
        });
        let mut places = vec![0_u32; order.len()];
        for (place, &at) in (0_u32..).zip(&order) {
            if let Some(slot) = places.get_mut(at) {
                *slot = place;
            }
        }
        let rows = self
            .rows
            .iter()
            .map(|&id| places.get(id as usize).copied().unwrap_or(0))
            .collect();
        let mut tracks: Vec<Option<TrackRow>> =
            self.tracks.into_iter().map(|it| Some(it.track)).collect();
        let tracks = order
            .into_iter()
            .filter_map(|at| tracks.get_mut(at).and_then(Option::take))
            .collect();
        (tracks, rows)
    }
}

fn text_of(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// What a file holds, before its rows are sorted to tracks.
#[derive(Default)]
pub(super) struct Contents {
    pub dim: usize,
    /// [rows, dim], row by row.
    pub values: Vec<f32>,
    /// In seconds. [rows]
    pub timestamps: Option<Vec<f32>>,
    pub tracks: Tracks,
    /// For each row what stands in a column that may name it, where none does for sure: an index, or titles.
    pub index: Vec<String>,
    pub encoder: Option<String>,
    pub encoder_hash: Option<String>,
    /// What is no level counts as missing: the word means other things in other programs.
    pub level: Option<String>,
    /// What is to be said of how the file was read.
    pub notes: Vec<String>,
}

impl Contents {
    /// The table. A missing level is that of tracks where each track has one row that starts at 0, else of windows.
    /// Paths are relative to the table at `path` (or absolute).
    pub(super) fn into_table(self, path: &Path) -> Result<EmbeddingTable, String> {
        let rows = self.values.len().checked_div(self.dim).unwrap_or(0);
        if self.dim > 0 && rows != self.tracks.len() {
            return Err(format!(
                "it holds {}, but paths and labels for {}",
                counted(rows, "vector"),
                self.tracks.len()
            ));
        }
        let named = self.tracks.named_by(&self.index)?;
        let unnamed = named.say_unnamed();
        let (mut tracks, mut track) = named.finish();
        let mut notes = self.notes;
        notes.extend(unnamed);
        notes.extend(usual_splits(&mut tracks));
        notes.extend(one_file::join(&mut tracks, &mut track));
        let labels = tracks
            .iter()
            .filter_map(|it| Some((it.label.as_deref()?, None)));
        notes.extend(spelling_note("labels", labels).map(|note| note.text));
        located::resolve(&mut tracks, path);
        let timestamps = self.timestamps.unwrap_or_else(|| vec![0.0; track.len()]);
        let single = tracks.len() == track.len() && timestamps.iter().all(|&time| time == 0.0);
        let level = self.level.and_then(|level| level.parse().ok());
        Ok(EmbeddingTable {
            dim: self.dim,
            values: self.values,
            timestamps,
            track,
            tracks,
            encoder: self
                .encoder
                .filter(|encoder| !encoder.is_empty())
                .unwrap_or_else(|| "unknown".to_owned()),
            encoder_hash: self.encoder_hash.unwrap_or_default(),
            level: level.unwrap_or(match single {
                true => Level::Track,
                false => Level::Window,
            }),
            notes,
        })
    }
}

/// Gives splits the names that this program knows (train, valid, test), as the words of lists are read. Others stay as
/// they are, and are said.
fn usual_splits(tracks: &mut [TrackRow]) -> Vec<String> {
    const NAMED: usize = 5;
    let words: BTreeSet<String> = tracks.iter().filter_map(|it| it.split.clone()).collect();
    let (parts, guessed) = split_words(&words);
    for track in tracks {
        if let Some(word) = &track.split
            && let Some(&part) = parts.get(word)
        {
            track.split = Some(part.to_owned());
        }
    }
    let mut notes = Vec::new();
    if !guessed.is_empty() {
        notes.push(format!("in the column of the split {}", guessed.join(", ")));
    }
    let unknown: Vec<String> = words
        .iter()
        .filter(|word| !parts.contains_key(*word))
        .map(|word| format!("`{word}`"))
        .collect();
    if !unknown.is_empty() {
        let more = match unknown.len() > NAMED {
            true => ", ...",
            false => "",
        };
        let named: Vec<&str> = unknown.iter().take(NAMED).map(String::as_str).collect();
        notes.push(format!(
            "words of the split that are none of train, valid and test, and in no part: {}{more}",
            named.join(", ")
        ));
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row<'a>(index: Option<i64>, path: &'a str, label: &'a str) -> RowTexts<'a> {
        RowTexts {
            index,
            path,
            label,
            ..RowTexts::default()
        }
    }

    fn tracks(rows: &[RowTexts<'_>]) -> (Vec<String>, Vec<u32>) {
        let mut tracks = Tracks::default();
        for row in rows {
            tracks.push(*row).unwrap();
        }
        let (tracks, rows) = tracks.finish();
        let names = tracks.iter().map(|track| track.path.display().to_string());
        (names.collect(), rows)
    }

    #[test]
    fn rows_that_were_shuffled_or_taken_out_find_their_tracks() {
        let found = tracks(&[
            row(Some(57), "c", "rock"),
            row(Some(2), "a", "jazz"),
            row(Some(57), "c", "rock"),
            row(Some(9), "b", ""),
            row(Some(2), "a", "jazz"),
        ]);
        assert_eq!(found.0, ["a", "b", "c"]);
        assert_eq!(found.1, [2, 0, 2, 1, 0]);
    }

    #[test]
    fn without_numbers_tracks_stand_as_they_came() {
        let found = tracks(&[row(None, "z", ""), row(None, "a", ""), row(None, "z", "")]);
        assert_eq!(found, (vec!["z".into(), "a".into()], vec![0, 1, 0]));
    }

    #[test]
    fn two_tables_in_one_may_give_one_number_to_two_files() {
        let found = tracks(&[row(Some(0), "a", ""), row(Some(0), "b", "")]);
        assert_eq!(found, (vec!["a".into(), "b".into()], vec![0, 1]));
    }

    #[test]
    fn rows_without_a_path_are_named_by_their_number() {
        let found = tracks(&[row(None, "", "x"), row(None, "", "x")]);
        assert_eq!(found, (vec!["row 0".into(), "row 1".into()], vec![0, 1]));
        let found = tracks(&[row(Some(4), "", ""), row(Some(4), "", "")]);
        assert_eq!(found, (vec!["track 4".into()], vec![0, 0]));
    }

    #[test]
    fn one_file_under_two_labels_keeps_both() {
        let found = tracks(&[
            row(None, "a", "voice"),
            row(None, "a", "drums"),
            row(None, "a", "voice"),
        ]);
        assert_eq!(found, (vec!["a".into(), "a".into()], vec![0, 1, 0]));
    }
}
