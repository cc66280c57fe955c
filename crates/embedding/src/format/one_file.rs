//! One file that rows of a table say different things of: several parts of a split, or several labels.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use crate::TrackRow;
use mynascope_base::counted;

/// So many files are named in a note.
const NAMED: usize = 3;

/// What is said of some files, each with the first rows that say different things.
#[derive(Default)]
struct Said {
    count: usize,
    first: Vec<String>,
}

impl Said {
    fn add(&mut self, words: &[(usize, &str)], path: &Path) {
        self.count += 1;
        if self.first.len() < NAMED {
            let words = words.iter().take(NAMED);
            let words: Vec<String> = words
                .map(|(row, word)| format!("row {row} `{word}`"))
                .collect();
            let example = format!("{}: {}", words.join(", "), path.display());
            self.first.push(example);
        }
    }

    fn note(self, what: &str) -> Option<String> {
        let more = match self.count > self.first.len() {
            true => "; ...",
            false => "",
        };
        (self.count > 0).then(|| {
            format!(
                "{} of the table: {what}: {}{more}",
                counted(self.count, "file"),
                self.first.join("; ")
            )
        })
    }
}

/// Gives each file one part of the split, that of its first row, and joins its rows of one label; what they say
/// differently is said. `rows` holds for each row its place among the tracks.
pub(super) fn join(tracks: &mut Vec<TrackRow>, rows: &mut [u32]) -> Vec<String> {
    let mut first_row = vec![usize::MAX; tracks.len()];
    for (row, &track) in rows.iter().enumerate() {
        if let Some(first) = first_row.get_mut(track as usize) {
            *first = row.min(*first);
        }
    }
    let mut by_path: HashMap<PathBuf, Vec<usize>> = HashMap::new();
    for (place, track) in tracks.iter().enumerate() {
        by_path.entry(track.path.clone()).or_default().push(place);
    }
    let mut files: Vec<(PathBuf, Vec<usize>)> = by_path.into_iter().collect();
    files.retain(|(_, places)| places.len() > 1);
    if files.is_empty() {
        return Vec::new();
    }
    let row_of = |place: usize| first_row.get(place).copied().unwrap_or(usize::MAX);
    for (_, places) in &mut files {
        places.sort_by_key(|&place| row_of(place));
    }
    files.sort_by_key(|(_, places)| places.first().map(|&place| row_of(place)));
    let (mut parts, mut labels) = (Said::default(), Said::default());
    let mut joined: Vec<usize> = (0..tracks.len()).collect();
    for (path, places) in &files {
        let different = |said: fn(&TrackRow) -> Option<&str>| {
            let mut words: Vec<(usize, &str)> = Vec::new();
            for &place in places {
                let word = tracks.get(place).and_then(said);
                if let Some(word) = word.filter(|word| words.iter().all(|(_, it)| it != word)) {
                    words.push((row_of(place), word));
                }
            }
            words
        };
        let (of_split, of_label) = (
            different(|track| track.split.as_deref()),
            different(|track| track.label.as_deref()),
        );
        if of_split.len() > 1 {
            parts.add(&of_split, path);
        }
        if of_label.len() > 1 {
            labels.add(&of_label, path);
        }
        let part = of_split.first().map(|&(_, part)| part.to_owned());
        let mut known: HashMap<Option<String>, usize> = HashMap::new();
        for &place in places {
            let Some(track) = tracks.get_mut(place) else {
                continue;
            };
            track.split.clone_from(&part);
            let target = *known.entry(track.label.clone()).or_insert(place);
            let lacks = track.incomplete.clone();
            if let Some(slot) = joined.get_mut(place) {
                *slot = target;
            }
            if let Some(first) = tracks.get_mut(target) {
                first.incomplete = first.incomplete.take().or(lacks);
            }
        }
    }
    // The places of those that stay.
    let mut next = 0_u32;
    let mut places = vec![0_u32; tracks.len()];
    for (place, &target) in joined.iter().enumerate() {
        if let Some(slot) = places.get_mut(place).filter(|_| target == place) {
            *slot = next;
            next += 1;
        }
    }
    for row in rows.iter_mut() {
        let target = joined.get(*row as usize);
        let place = target.and_then(|&target| places.get(target));
        *row = place.copied().unwrap_or(*row);
    }
    let mut stays = joined.iter().enumerate().map(|(at, &target)| at == target);
    tracks.retain(|_| stays.next().unwrap_or(true));
    let notes = [
        parts.note("named in two parts of the split; the part of the first row stays"),
        labels.note(
            "named with different labels; the rows of each label are a track of their own, so that one may be learned \
             from and another tested (several labels of one file belong into a column `tags` of a list)",
        ),
    ];
    notes.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn track(path: &str, label: Option<&str>, split: Option<&str>) -> TrackRow {
        TrackRow {
            path: path.into(),
            label: label.map(str::to_owned),
            split: split.map(str::to_owned),
            incomplete: None,
        }
    }

    #[test]
    fn a_file_has_one_part_and_a_track_for_each_label() {
        let mut tracks = vec![
            track("b", Some("x"), Some("test")),
            track("a", Some("x"), Some("train")),
            track("b", Some("x"), Some("train")),
            track("c", Some("x"), None),
            track("c", Some("x"), Some("test")),
            track("d", Some("x"), Some("train")),
            track("d", Some("y"), Some("test")),
        ];
        let mut rows = [2, 0, 1, 0, 3, 4, 5, 6];
        let notes = join(&mut tracks, &mut rows);
        assert_eq!(rows, [1, 1, 0, 1, 2, 2, 3, 4]);
        assert_eq!(
            tracks,
            [
                track("a", Some("x"), Some("train")),
                track("b", Some("x"), Some("train")),
                track("c", Some("x"), Some("test")),
                track("d", Some("x"), Some("train")),
                track("d", Some("y"), Some("train")),
            ]
        );
        let [parts, labels] = &notes[..] else {
            panic!("{notes:?}");
        };
        assert!(
            parts.starts_with("2 files of the table: named in two parts")
                && parts.contains("row 0 `train`, row 1 `test`: b"),
            "{parts}"
        );
        assert!(
            labels.starts_with("1 file of the table: named with different labels")
                && labels.contains("row 6 `x`, row 7 `y`: d"),
            "{labels}"
        );
    }
}
