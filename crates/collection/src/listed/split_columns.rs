//! The columns of a list that part its tracks: a split, or folds.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    columns::{Columns, column},
    cut, words,
};
use crate::{Note, split::Part, table::Table};

/// Different words of a column of which more are no parts of a split.
const MOST_WORDS: usize = 1000;
/// Words of a column that is no split, named in a note.
const NAMED_WORDS: usize = 5;

/// Parts of a split.
const PARTS: usize = 3;

/// A column with the part that each of its words means.
pub(super) type SplitColumn = (usize, BTreeMap<String, Part>);

/// Columns that part the tracks.
#[derive(Default)]
pub(super) struct SplitColumns {
    /// The one whose words mean parts in most rows.
    pub(super) split: Option<SplitColumn>,
    /// The one of the numbers of folds.
    pub(super) folds: Option<usize>,
    /// One that was said to be no split.
    pub(super) other: Option<usize>,
}

/// A column of parts: rows that name one, its place, what its words mean, and what was guessed of them.
type Best = (usize, usize, BTreeMap<String, Part>, Vec<String>);

/// The first column of another heading all words of which name parts, training among them (`type`, `group`).
fn under_another_heading(
    table: &Table,
    columns: &Columns,
    file: usize,
    notes: &mut Vec<Note>,
) -> Option<Best> {
    let free = |place: &usize| *place != file && Some(*place) != columns.label;
    (0..table.names().len()).filter(free).find_map(|place| {
        let mut words: BTreeSet<String> = BTreeSet::new();
        for word in column(table, place) {
            if !words.contains(word) {
                words.insert(word.to_owned());
            }
            // As many as there are names of parts, in two spellings each.
            if words.len() > 2 * PARTS {
                return None;
            }
        }
        let parts = super::folder_parts(&words)?;
        let named: Vec<String> = words
            .iter()
            .map(|word| format!("`{}`", cut(word)))
            .collect();
        notes.push(
            format!(
                "{} is read as the split, as all its words are parts of one: {}",
                table.column_name(place),
                named.join(", ")
            )
            .into(),
        );
        Some((column(table, place).count(), place, parts, Vec::new()))
    })
}

/// Finds them, and says what was taken for what.
pub(super) fn split_columns(
    table: &Table,
    columns: &Columns,
    file: usize,
    notes: &mut Vec<Note>,
) -> SplitColumns {
    let mut best: Option<Best> = None;
    let mut found = SplitColumns::default();
    let mut other = None;
    let heading = |place: usize| table.names().get(place).map_or("", String::as_str);
    let free = |place: &&usize| **place != file && Some(**place) != columns.label;
    for &place in columns.splits.iter().filter(free) {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for word in column(table, place) {
            *counts.entry(word).or_default() += 1;
            if counts.len() > MOST_WORDS {
                break;
            }
        }
        if let Some(folds) = folds_of(heading(place), counts.keys()) {
            if found.folds.is_none() {
                found.folds = Some(place);
                let name = heading(place);
                notes.push(
                    format!(
                        "the column `{name}` parts the tracks into {folds} folds: the protocol folds:{folds} of a probe uses \
                         them, the others draw their own split"
                    )
                    .into(),
                );
            }
            continue;
        }
        let (parts, guessed) = numbered_from_one(&counts).unwrap_or_else(|| {
            let fields = counts.keys().map(|&word| word.to_owned()).collect();
            words::parts(&fields)
        });
        let understood = parts.keys().filter_map(|word| counts.get(word.as_str()));
        let understood: usize = understood.sum();
        if understood == 0 {
            if !counts.is_empty() {
                other.get_or_insert((place, counts));
            }
        } else if best.as_ref().is_none_or(|(most, ..)| understood > *most) {
            best = Some((understood, place, parts, guessed));
        }
    }
    if best.is_none() {
        best = under_another_heading(table, columns, file, notes);
    }
    if let Some((place, counts)) = other.filter(|_| best.is_none()) {
        found.other = Some(place);
        let mut words: Vec<&str> = counts.keys().copied().collect();
        words.sort_by(|a, b| mynascope_base::natural_order(a, b));
        let named: Vec<String> = words
            .iter()
            .take(NAMED_WORDS)
            .map(|word| format!("`{}`", cut(word)))
            .collect();
        let more = match words.len() > NAMED_WORDS {
            true => ", ...",
            false => "",
        };
        notes.push(
            format!(
                "{} is no split, as its words are none of train, valid and test: {}{more}",
                table.column_name(place),
                named.join(", ")
            )
            .into(),
        );
    }
    found.split = best.map(|(_, place, parts, guessed)| {
        if !guessed.is_empty() {
            let guessed = guessed.join(", ");
            notes.push(format!("in {} {guessed}", table.column_name(place)).into());
        }
        (place, parts)
    });
    found
}

/// The parts that 1, 2 and 3 mean where they are all words of a column: in three folds there are about as many rows of
/// each, in a split clearly most to learn from.
fn numbered_from_one(counts: &BTreeMap<&str, usize>) -> Option<words::Parts> {
    let numbers = ["1", "2", "3"];
    let rows: Vec<usize> = counts.values().copied().collect();
    let [train, valid, test] = rows[..] else {
        return None;
    };
    let is_split = counts.keys().eq(&numbers) && 2 * train >= 3 * valid.max(test);
    is_split.then(|| words::numbered(numbers))
}

/// How many folds the words of a column number, by the column's heading: of others three numbers are a split.
fn folds_of<'a>(heading: &str, words: impl Iterator<Item = &'a &'a str>) -> Option<usize> {
    let folds: Option<BTreeSet<u32>> = words.map(|word| fold_number(word)).collect();
    let folds = folds?.len();
    (super::languages::heading_form(heading).contains("fold") && folds >= 2).then_some(folds)
}

/// The number of a fold: `3`, `3.0`, `fold3` or `fold_3`.
pub(super) fn fold_number(word: &str) -> Option<u32> {
    let word = word.trim_start_matches(|letter: char| letter.is_alphabetic() || letter == '_');
    word.trim().trim_end_matches(".0").parse().ok()
}
