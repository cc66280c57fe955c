//! What the fields of a list's rows say about their tracks.

use std::{cell::RefCell, collections::BTreeMap, path::Path};

use super::{
    class_names::{class_name, class_names},
    columns::{Columns, column},
    cut,
    emotion::{self, Guess, Scale},
    keys::Keys,
    split_columns::{SplitColumn, SplitColumns, fold_number, split_columns},
    tag_signs::{note_signs, tag_fields},
    tags::{self, TagSigns},
    words,
};
use crate::{
    Note, Track, key_name,
    note::Examples,
    split::Part,
    table::{Row, Table},
    text::{is_nothing, label_text},
};
use mynascope_base::counted;

/// How the fields of one list are read.
pub(super) struct Values<'a> {
    pub(super) table: &'a Table,
    pub(super) columns: &'a Columns,
    pub(super) split: Option<SplitColumn>,
    /// The column of the numbers of folds.
    pub(super) folds: Option<usize>,
    /// The part that the list's own name means, for every row.
    pub(super) part: Option<Part>,
    /// Of each column of tags.
    signs: Vec<(usize, TagSigns)>,
    /// Of the last column, whose fields go on beyond the headings.
    goes_on: Option<usize>,
    keys: Option<Keys>,
    /// Of labels that are numbers.
    class_names: Option<Vec<String>>,
    scale: Option<Scale>,
    problems: RefCell<Problems>,
}

/// What could not be read, by line.
#[derive(Default)]
struct Problems {
    splits: Examples,
    tempos: Examples,
    emotions: Examples,
    longer: Examples,
    /// Rows that say nothing, by the place of the column.
    blank: BTreeMap<usize, Examples>,
    /// Fields of one label that look like several.
    several: Examples,
}

impl<'a> Values<'a> {
    /// How a list's fields are to be read, and notes on what was taken for what. `part` is what the list's
    /// own name means, if it is one of several.
    pub(super) fn of(
        table: &'a Table,
        columns: &'a Columns,
        file: usize,
        part: Option<Part>,
        notes: &mut Vec<Note>,
    ) -> Self {
        let SplitColumns {
            split,
            folds,
            other,
        } = split_columns(table, columns, file, notes);
        let last = table.names().len().saturating_sub(1);
        let goes_on = columns.tags.contains(&last).then_some(last);
        let signs: Vec<(usize, TagSigns)> = columns
            .tags
            .iter()
            .map(|&place| {
                let fields = table
                    .rows()
                    .flat_map(move |row| tag_fields(&row, place, goes_on));
                (place, TagSigns::of(fields))
            })
            .collect();
        for &(place, signs) in &signs {
            note_signs(table, place, goes_on, signs, notes);
        }
        let mut values = Self {
            table,
            columns,
            part: part.filter(|_| split.is_none()),
            signs,
            goes_on,
            keys: Keys::of(table, columns, notes),
            class_names: columns
                .label
                .and_then(|place| class_names(table, place, notes)),
            scale: None,
            split,
            folds,
            problems: RefCell::default(),
        };
        values.scale = values.find_scale(notes);
        values.note_unread(file, other, notes);
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
        self.note_blank(row);
        let key = self.keys.as_ref().and_then(|keys| keys.key(row));
        let known = Track::of_file(path);
        let track = Track {
            title: text(self.columns.title).map_or(known.title, str::to_owned),
            path: known.path,
            // One label, in whichever of Unicode's two forms it was written.
            label: text(self.columns.label)
                .map(|label| {
                    let named = class_name(self.class_names.as_deref(), label);
                    label_text(&named.map_or_else(|| tags::bare_label(label), str::to_owned))
                })
                .or_else(|| key.and_then(key_name).map(str::to_owned)),
            key,
            tempo_bpm: self.tempo(row),
            tags: self.tags(row),
            emotion: self.emotion(row),
            fold: text(self.folds).and_then(fold_number),
            duration_secs: None,
            codec: None,
            file_tags: Default::default(),
            problem,
            warning: None,
        };
        (track, self.part(row))
    }

    /// Remembers which columns a row says nothing in, and fields that look like several labels.
    fn note_blank(&self, row: &Row<'_>) {
        let columns = self.columns;
        let key = columns.key.filter(|_| columns.key != columns.label);
        let single = [columns.label, key, columns.tempo];
        let split = self.split.as_ref().map(|(place, _)| *place);
        let others = [split, self.folds];
        let wanted = single.into_iter().chain(columns.emotion).chain(others);
        let tags = columns.tags.iter().copied();
        for place in wanted.flatten().chain(tags) {
            let field = row.at(place).unwrap_or_default();
            if is_nothing(field) {
                let mut problems = self.problems.borrow_mut();
                let blank = problems.blank.entry(place).or_default();
                blank.add(row.line(), || match field {
                    "" => format!("line {}", row.line()),
                    word => format!("line {} `{word}`", row.line()),
                });
            }
        }
        if let Some(field) = columns.label.and_then(|place| row.at(place))
            && tags::seems_several(field)
        {
            let mut problems = self.problems.borrow_mut();
            problems.several.add(row.line(), || {
                format!("line {} `{}`", row.line(), cut(field))
            });
        }
    }

    /// Says what could not be read.
    pub(super) fn finish(self, notes: &mut Vec<Note>) {
        if let Some(keys) = self.keys {
            keys.finish(self.table, notes);
        }
        let problems = self.problems.into_inner();
        let names = self.table.names();
        let heading = |place: Option<usize>| -> &str {
            place
                .and_then(|at| names.get(at))
                .map_or("", String::as_str)
        };
        let named =
            |place: Option<usize>| place.map_or_else(String::new, |at| self.table.column_name(at));
        let split = named(self.split.as_ref().map(|(place, _)| *place));
        for (place, blank) in problems.blank {
            let rows = counted(blank.count, "row");
            let of = self.table.column_name(place);
            notes.push(blank.note(format!("{rows} without a word in {of}")));
        }
        for (examples, what) in [
            (
                problems.splits,
                format!("no part of a split in {split} (train, valid or test), so in none of them"),
            ),
            (
                problems.tempos,
                format!(
                    "no tempo of 1 to 1000 in `{}`, so none is known",
                    heading(self.columns.tempo)
                ),
            ),
            (
                problems.emotions,
                format!(
                    "arousal and valence are not both there on the scale {}, so neither is known",
                    self.scale
                        .map_or_else(String::new, |scale| scale.to_string())
                ),
            ),
            (
                problems.several,
                format!(
                    "several words in {} are read as one label; a column of several has the heading `tags`",
                    named(self.columns.label)
                ),
            ),
            (
                problems.longer,
                "more fields than headings; what is beyond them is not read".to_owned(),
            ),
        ] {
            if examples.count > 0 {
                let rows = counted(examples.count, "row");
                notes.push(examples.note(format!("{rows}: {what}")));
            }
        }
    }

    fn part(&self, row: &Row<'_>) -> Option<Part> {
        let Some((place, parts)) = &self.split else {
            return self.part.or_else(|| self.part_by_yes(row));
        };
        let word = row.at(*place).filter(|word| !is_nothing(word))?;
        let part = parts.get(word).copied();
        if part.is_none() {
            let mut problems = self.problems.borrow_mut();
            problems.splits.add(row.line(), || {
                format!("line {} `{}`", row.line(), cut(word))
            });
        }
        part
    }

    /// The part that a column of yes and no says the row to be in; what is in none of the named ones is learned from.
    fn part_by_yes(&self, row: &Row<'_>) -> Option<Part> {
        let columns = &self.columns.in_part;
        let says = |place: usize| row.at(place).and_then(words::yes_or_no);
        let named = columns.iter().find(|(place, _)| says(*place) == Some(true));
        let has = |part: Part| columns.iter().any(|&(_, other)| other == part);
        match named {
            Some((_, part)) => Some(*part),
            None if columns.is_empty() => None,
            None if columns.iter().any(|&(place, _)| says(place).is_none()) => None,
            // Where all but one part have a column, the rest is that part.
            None if !has(Part::Train) => Some(Part::Train),
            None if !has(Part::Test) => Some(Part::Test),
            None => None,
        }
    }

    fn tempo(&self, row: &Row<'_>) -> Option<f32> {
        let words = row.at(self.columns.tempo?).filter(|it| !is_nothing(it))?;
        let tempo = words::number(words, self.table.has_commas());
        let tempo = tempo.filter(|bpm| (1.0..=1000.0).contains(bpm));
        if tempo.is_none() {
            let mut problems = self.problems.borrow_mut();
            problems.tempos.add(row.line(), || {
                format!("line {} `{}`", row.line(), cut(words))
            });
        }
        tempo.map(|bpm| bpm as f32)
    }

    fn tags(&self, row: &Row<'_>) -> Vec<String> {
        let mut tags: Vec<String> = Vec::new();
        let mut add = |tag: String| {
            let tag = label_text(&tag);
            if !tags.contains(&tag) {
                tags.push(tag);
            }
        };
        let weight = self.columns.tag_weight.and_then(|place| row.at(place));
        let is_absent = weight.is_some_and(|weight| {
            let number = words::number(weight, self.table.has_commas());
            number.is_some_and(|number| number <= 0.0) || words::yes_or_no(weight) == Some(false)
        });
        for &(place, signs) in self.signs.iter().filter(|_| !is_absent) {
            for field in tag_fields(row, place, self.goes_on) {
                signs.tags(field).into_iter().for_each(&mut add);
            }
        }
        for &place in &self.columns.tag_columns {
            if row.at(place).and_then(words::yes_or_no) == Some(true)
                && let Some(name) = self.table.names().get(place)
            {
                add(name.clone());
            }
        }
        if self.goes_on.is_none() && row.from(self.table.names().len()).any(|it| !it.is_empty()) {
            let mut problems = self.problems.borrow_mut();
            problems
                .longer
                .add(row.line(), || format!("line {}", row.line()));
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
            problems.emotions.add(row.line(), || {
                format!("line {} `{}`, `{}`", row.line(), cut(both[0]), cut(both[1]))
            });
            return None;
        };
        Some([arousal, valence])
    }

    /// The scale of arousal and valence: that of the headings, else what the values show.
    fn find_scale(&self, notes: &mut Vec<Note>) -> Option<Scale> {
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
                notes.push(
                    format!("there is a column of {here} but none of {other}; emotion needs both")
                        .into(),
                );
                return None;
            }
        };
        let names = self.table.names();
        let named = places.map(|place| emotion::of_heading(names.get(place)?));
        match named {
            [Some(scale), Some(other)] if scale == other => return Some(scale),
            // What one heading says holds for both.
            [Some(scale), None] | [None, Some(scale)] => return Some(scale),
            _ => {}
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
                    ).into());
                }
                Some(scale)
            }
            Guess::Own => {
                notes.push(format!(
                    "arousal and valence lie from {low} to {high}: their scale is taken as 1 to 9; if it is another, {HOW}"
                ).into());
                Some(Scale::new(1.0, 9.0))
            }
            Guess::Unclear if values.is_empty() => {
                notes.push("no number in the columns of arousal and valence".into());
                None
            }
            Guess::Unclear => {
                notes.push(format!(
                    "arousal and valence lie from {low} to {high}, which shows no scale, and are not used; 1 to 9 is wanted; \
                     write them so, or if they have another scale {HOW}"
                ).into());
                None
            }
        }
    }
}
