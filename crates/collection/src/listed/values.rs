//! What the fields of a list's rows say about their tracks.

use std::{cell::RefCell, collections::BTreeMap, path::Path};

use super::{
    columns::{Columns, column},
    cut,
    emotion::{self, Guess, Scale},
    words::{self, TagSeparator},
};
use crate::{
    Track,
    key::{has_h, parse_key_in},
    key_name,
    split::Part,
    table::{Row, Table},
    text::{Examples, counted, is_nothing},
};

/// Different words of a column of which more are no parts of a split.
const MOST_WORDS: usize = 1000;
/// Words of a column that is no split, named in a note.
const NAMED_WORDS: usize = 5;

/// How the fields of one list are read.
pub(super) struct Values<'a> {
    table: &'a Table,
    columns: &'a Columns,
    split: Option<(usize, BTreeMap<String, Part>)>,
    /// The part that the list's own name means, for every row.
    part: Option<Part>,
    separators: Vec<(usize, TagSeparator)>,
    /// Of the last column, whose fields go on beyond the headings.
    goes_on: Option<usize>,
    with_h: bool,
    /// Whether keys are numbers from 0, C, beside a column of modes: 1 major, 0 minor.
    has_numbers: bool,
    scale: Option<Scale>,
    problems: RefCell<Problems>,
}

/// What could not be read, by line.
#[derive(Default)]
struct Problems {
    splits: Examples,
    keys: Examples,
    tempos: Examples,
    emotions: Examples,
    longer: Examples,
}

impl<'a> Values<'a> {
    /// How a list's fields are to be read, and notes on what was taken for what. `part` is what the list's
    /// own name means, if it is one of several.
    pub(super) fn of(
        table: &'a Table,
        columns: &'a Columns,
        file: usize,
        part: Option<Part>,
        notes: &mut Vec<String>,
    ) -> Self {
        let split = split_column(table, columns, file, notes);
        let last = table.names().len().saturating_sub(1);
        let goes_on = columns.tags.contains(&last).then_some(last);
        let separators = columns.tags.iter().map(|&place| {
            let fields = table.rows().flat_map(move |row| {
                let width = if goes_on == Some(place) {
                    usize::MAX
                } else {
                    1
                };
                row.from(place).take(width)
            });
            (place, TagSeparator::of(fields))
        });
        let keys = || {
            columns
                .key
                .into_iter()
                .flat_map(|place| column(table, place))
        };
        let has_numbers = columns.mode.is_some()
            && keys().all(|key| key.parse::<i8>().is_ok_and(|key| (-1..12).contains(&key)));
        let with_h = keys().any(has_h);
        if with_h && keys().any(|key| key.trim().starts_with('B')) {
            notes.push(
                "the keys are written with H for B natural, so a B without a sign is read as B flat"
                    .to_owned(),
            );
        }
        let mut values = Self {
            table,
            columns,
            part: part.filter(|_| split.is_none()),
            separators: separators.collect(),
            goes_on,
            with_h,
            has_numbers,
            scale: None,
            split,
            problems: RefCell::default(),
        };
        values.scale = values.find_scale(notes);
        values.say_unread(file, notes);
        values
    }

    /// A row as a track that lies at a path.
    pub(super) fn track(
        &self,
        row: &Row<'_>,
        path: &Path,
        problem: Option<String>,
    ) -> (Track, Option<Part>) {
        let text = |place: Option<usize>| row.at(place?).filter(|text| !is_nothing(text));
        let key = self.key(row);
        let known = Track::of_file(path);
        let track = Track {
            title: text(self.columns.title).map_or(known.title, str::to_owned),
            path: known.path,
            label: text(self.columns.label)
                .map(str::to_owned)
                .or_else(|| key.and_then(key_name).map(str::to_owned)),
            key,
            tempo_bpm: self.tempo(row),
            tags: self.tags(row),
            emotion: self.emotion(row),
            duration_secs: None,
            codec: None,
            problem,
            warning: None,
        };
        (track, self.part(row))
    }

    /// Says what could not be read.
    pub(super) fn finish(self, notes: &mut Vec<String>) {
        let problems = self.problems.into_inner();
        let names = self.table.names();
        let heading = |place: Option<usize>| -> &str {
            place
                .and_then(|at| names.get(at))
                .map_or("", String::as_str)
        };
        let split = heading(self.split.as_ref().map(|(place, _)| *place));
        for (examples, what) in [
            (
                problems.splits,
                format!(
                    "no part of a split in `{split}` (train, valid or test), so these are in no part"
                ),
            ),
            (
                problems.keys,
                format!(
                    "no key in `{}` (such as `Eb minor`, `F#m`, `A:min` or `8A`), so these have none",
                    heading(self.columns.key)
                ),
            ),
            (
                problems.tempos,
                format!(
                    "no tempo of 1 to 1000 in `{}`, so these have none",
                    heading(self.columns.tempo)
                ),
            ),
            (
                problems.emotions,
                format!(
                    "arousal and valence are not both there on the scale {}, so these have neither",
                    self.scale
                        .map_or_else(String::new, |scale| scale.to_string())
                ),
            ),
            (
                problems.longer,
                "more fields than headings; what is beyond them is not read".to_owned(),
            ),
        ] {
            if examples.count > 0 {
                notes.push(format!(
                    "{}: {what}: {}",
                    counted(examples.count, "row"),
                    examples.join()
                ));
            }
        }
    }

    fn part(&self, row: &Row<'_>) -> Option<Part> {
        let Some((place, parts)) = &self.split else {
            return self.part;
        };
        let word = row.at(*place).filter(|word| !is_nothing(word))?;
        let part = parts.get(word).copied();
        if part.is_none() {
            let mut problems = self.problems.borrow_mut();
            problems
                .splits
                .add(|| format!("line {} `{}`", row.line(), cut(word)));
        }
        part
    }

    fn key(&self, row: &Row<'_>) -> Option<u8> {
        let words = row.at(self.columns.key?).filter(|key| !is_nothing(key))?;
        let mode = self
            .columns
            .mode
            .and_then(|place| row.at(place))
            .unwrap_or_default();
        let key = if self.has_numbers {
            let minor = match mode {
                "1" => Some(0),
                "0" => Some(12),
                _ => None,
            };
            words
                .parse::<u8>()
                .ok()
                .zip(minor)
                .map(|(key, minor)| key + minor)
        } else {
            let both = || parse_key_in(&format!("{words} {mode}"), self.with_h);
            let alone = || parse_key_in(words, self.with_h);
            match mode {
                "" => alone(),
                _ => both().or_else(alone),
            }
        };
        // -1 is how keys are numbered that nobody found.
        if key.is_none() && !matches!(words, "-1" | "unknown" | "Unknown") {
            let mut problems = self.problems.borrow_mut();
            problems
                .keys
                .add(|| format!("line {} `{}`", row.line(), cut(words)));
        }
        key
    }

    fn tempo(&self, row: &Row<'_>) -> Option<f32> {
        let words = row.at(self.columns.tempo?).filter(|it| !is_nothing(it))?;
        let tempo = words::number(words, self.table.has_commas());
        let tempo = tempo.filter(|bpm| (1.0..=1000.0).contains(bpm));
        if tempo.is_none() {
            let mut problems = self.problems.borrow_mut();
            problems
                .tempos
                .add(|| format!("line {} `{}`", row.line(), cut(words)));
        }
        tempo.map(|bpm| bpm as f32)
    }

    fn tags(&self, row: &Row<'_>) -> Vec<String> {
        let mut tags: Vec<String> = Vec::new();
        let mut add = |tag: String| {
            if !tags.contains(&tag) {
                tags.push(tag);
            }
        };
        for &(place, separator) in &self.separators {
            let width = if self.goes_on == Some(place) {
                usize::MAX
            } else {
                1
            };
            for field in row.from(place).take(width) {
                separator.tags(field).into_iter().for_each(&mut add);
            }
        }
        for &place in &self.columns.tag_columns {
            if matches!(row.at(place), Some("1" | "1.0"))
                && let Some(name) = self.table.names().get(place)
            {
                add(name.clone());
            }
        }
        if self.goes_on.is_none() && row.from(self.table.names().len()).any(|it| !it.is_empty()) {
            let mut problems = self.problems.borrow_mut();
            problems.longer.add(|| format!("line {}", row.line()));
        }
        tags
    }

    fn emotion(&self, row: &Row<'_>) -> Option<[f32; 2]> {
        let scale = self.scale?;
        let [arousal, valence] = self.columns.emotion.map(|place| row.at(place?));
        let both = [arousal?, valence?];
        if both.iter().all(|field| is_nothing(field)) {
            return None;
        }
        let values = both.map(|field| {
            let value = words::number(field, self.table.has_commas());
            value.and_then(|value| scale.to_own(value))
        });
        let [Some(arousal), Some(valence)] = values else {
            let mut problems = self.problems.borrow_mut();
            problems
                .emotions
                .add(|| format!("line {} `{}`, `{}`", row.line(), cut(both[0]), cut(both[1])));
            return None;
        };
        Some([arousal, valence])
    }

    /// The scale of arousal and valence: that of the headings, else what the values show.
    fn find_scale(&self, notes: &mut Vec<String>) -> Option<Scale> {
        const HOW: &str = "name it in the heading, such as `arousal (1-5)`";
        let places = match self.columns.emotion {
            [Some(arousal), Some(valence)] => [arousal, valence],
            [None, None] => return None,
            one => {
                let (here, other) = if one[0].is_some() {
                    ("arousal", "valence")
                } else {
                    ("valence", "arousal")
                };
                notes.push(format!(
                    "there is a column of {here} but none of {other}; emotion needs both"
                ));
                return None;
            }
        };
        let names = self.table.names();
        let named = places.map(|place| emotion::of_heading(names.get(place)?));
        if let [Some(scale), Some(other)] = named
            && scale == other
        {
            return Some(scale);
        }
        let fields = places
            .into_iter()
            .flat_map(|place| column(self.table, place));
        let values: Vec<f64> = fields
            .filter_map(|field| words::number(field, self.table.has_commas()))
            .collect();
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        match emotion::guess(&values) {
            Guess::Clear(scale) => {
                if !scale.is_own() {
                    notes.push(format!(
                        "arousal and valence lie from {low} to {high}: their scale is taken as {scale} and moved onto 1 to 9; \
                         if it is another, {HOW}"
                    ));
                }
                Some(scale)
            }
            Guess::Own => {
                notes.push(format!(
                    "arousal and valence lie from {low} to {high}: their scale is taken as 1 to 9; if it is another, {HOW}"
                ));
                Some(Scale::new(1.0, 9.0))
            }
            Guess::Unclear if values.is_empty() => {
                notes.push("no number in the columns of arousal and valence".to_owned());
                None
            }
            Guess::Unclear => {
                notes.push(format!(
                    "arousal and valence lie from {low} to {high}, which shows no scale, and are not used; 1 to 9 is wanted; \
                     write them so, or if they have another scale {HOW}"
                ));
                None
            }
        }
    }

    fn say_unread(&self, file: usize, notes: &mut Vec<String>) {
        let columns = self.columns;
        let split = self.split.as_ref().map(|(place, _)| *place);
        let unread = columns.unread(self.table, file, split);
        let has_some = columns.label.is_some()
            || !columns.tags.is_empty()
            || !columns.tag_columns.is_empty()
            || columns.key.is_some()
            || columns.tempo.is_some()
            || columns.emotion.iter().any(Option::is_some);
        let heading = |place: usize| self.table.names().get(place).map_or("", String::as_str);
        if columns.has_artists {
            let name = columns.label.map_or("", heading);
            notes.push(format!(
                "there is no other label, so the artists in `{name}` are the labels"
            ));
        } else if !has_some {
            notes.push(format!(
                "there is no column of labels; the headings are {}; wanted are `label` (or `genre`, `class`, `style`), `tags`, \
                 `key`, or `arousal` and `valence`",
                self.table.headings()
            ));
        } else if !unread.is_empty() {
            let named: Vec<String> = unread
                .iter()
                .take(NAMED_WORDS)
                .map(|name| format!("`{}`", cut(name)))
                .collect();
            let more = match unread.len() - named.len() {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            notes.push(format!(
                "columns that nothing was read from: {}{more}",
                named.join(", ")
            ));
        }
        if !columns.tag_columns.is_empty() {
            notes.push(format!(
                "{} columns of zeros and ones are read as tags",
                columns.tag_columns.len()
            ));
        }
    }
}

/// The column whose words mean parts in most rows, with what each word means.
fn split_column(
    table: &Table,
    columns: &Columns,
    file: usize,
    notes: &mut Vec<String>,
) -> Option<(usize, BTreeMap<String, Part>)> {
    type Best = (usize, usize, BTreeMap<String, Part>, Vec<String>);
    let mut best: Option<Best> = None;
    let mut other = None;
    let free = |place: &&usize| **place != file && Some(**place) != columns.label;
    for &place in columns.splits.iter().filter(free) {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for word in column(table, place) {
            *counts.entry(word).or_default() += 1;
            if counts.len() > MOST_WORDS {
                break;
            }
        }
        let fields = counts.keys().map(|&word| word.to_owned()).collect();
        let (parts, guessed) = words::parts(&fields);
        let understood = parts.keys().filter_map(|word| counts.get(word.as_str()));
        let understood: usize = understood.sum();
        if understood == 0 {
            if !counts.is_empty() {
                other.get_or_insert((
                    place,
                    counts.keys().map(|&word| cut(word)).collect::<Vec<_>>(),
                ));
            }
        } else if best.as_ref().is_none_or(|(most, ..)| understood > *most) {
            best = Some((understood, place, parts, guessed));
        }
    }
    let heading = |place: usize| table.names().get(place).map_or("", String::as_str);
    match (best, other) {
        (Some((_, place, parts, guessed)), _) => {
            if !guessed.is_empty() {
                notes.push(format!(
                    "in the column `{}` {}",
                    heading(place),
                    guessed.join(", ")
                ));
            }
            Some((place, parts))
        }
        (None, Some((place, words))) => {
            let named = words
                .iter()
                .take(NAMED_WORDS)
                .map(|word| format!("`{word}`"));
            let named = named.collect::<Vec<_>>().join(", ");
            let more = if words.len() > NAMED_WORDS {
                ", ..."
            } else {
                ""
            };
            notes.push(format!(
                "the column `{}` is no split, as its words are none of train, valid and test: {named}{more}",
                heading(place)
            ));
            None
        }
        (None, None) => None,
    }
}
