//! What the fields of a list's rows say about their tracks.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use super::{
    columns::{Columns, column},
    cut,
    emotion::{self, Guess, Scale},
    words::{self, TagSign, TagSigns},
};
use crate::{
    Note, Track,
    key::{has_h, parse_key_in},
    key_name,
    note::Examples,
    split::Part,
    table::{Row, Table},
    text::{composed, is_nothing},
};
use mynascope_base::counted;

/// Different words of a column of which more are no parts of a split.
const MOST_WORDS: usize = 1000;
/// Words of a column that is no split, named in a note.
const NAMED_WORDS: usize = 5;
/// Headings of columns that nothing was read from, named in a note.
const NAMED_HEADINGS: usize = 40;

/// How the fields of one list are read.
pub(super) struct Values<'a> {
    table: &'a Table,
    columns: &'a Columns,
    split: Option<(usize, BTreeMap<String, Part>)>,
    /// The column of the numbers of folds.
    folds: Option<usize>,
    /// The part that the list's own name means, for every row.
    part: Option<Part>,
    /// Of each column of tags.
    signs: Vec<(usize, TagSigns)>,
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
                    .into(),
            );
        }
        let mut values = Self {
            table,
            columns,
            part: part.filter(|_| split.is_none()),
            signs,
            goes_on,
            with_h,
            has_numbers,
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
        let key = self.key(row);
        let known = Track::of_file(path);
        let track = Track {
            title: text(self.columns.title).map_or(known.title, str::to_owned),
            path: known.path,
            // One label, in whichever of Unicode's two forms it was written.
            label: text(self.columns.label)
                .map(composed)
                .or_else(|| key.and_then(key_name).map(str::to_owned)),
            key,
            tempo_bpm: self.tempo(row),
            tags: self.tags(row),
            emotion: self.emotion(row),
            fold: text(self.folds).and_then(fold_number),
            duration_secs: None,
            codec: None,
            problem,
            warning: None,
        };
        (track, self.part(row))
    }

    /// Remembers which columns a row says nothing in, and fields that look like several labels.
    fn note_blank(&self, row: &Row<'_>) {
        let columns = self.columns;
        let single = [columns.label, columns.key, columns.tempo];
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
            && words::seems_several(field)
        {
            let mut problems = self.problems.borrow_mut();
            problems.several.add(row.line(), || {
                format!("line {} `{}`", row.line(), cut(field))
            });
        }
    }

    /// Says what could not be read.
    pub(super) fn finish(self, notes: &mut Vec<Note>) {
        let problems = self.problems.into_inner();
        let names = self.table.names();
        let heading = |place: Option<usize>| -> &str {
            place
                .and_then(|at| names.get(at))
                .map_or("", String::as_str)
        };
        let split = heading(self.split.as_ref().map(|(place, _)| *place));
        for (place, blank) in problems.blank {
            let rows = counted(blank.count, "row");
            let of = match heading(Some(place)) {
                "" => format!("field {}", place + 1),
                name => format!("`{name}`"),
            };
            notes.push(blank.note(format!("{rows} without a word in {of}")));
        }
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
                problems.several,
                format!(
                    "several words in `{}` are read as one label; a column of several has the heading `tags`",
                    heading(self.columns.label)
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
        let is_train = |&(_, part): &(usize, Part)| part == Part::Train;
        match named {
            Some((_, part)) => Some(*part),
            None if columns.is_empty() => None,
            None if columns.iter().any(|&(place, _)| says(place).is_none()) => None,
            // "is it test?" alone leaves the rest to learn from, "is it train?" to be tested on.
            None if columns.iter().all(is_train) => Some(Part::Test),
            None if columns.iter().any(is_train) => None,
            None => Some(Part::Train),
        }
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
            problems.keys.add(row.line(), || {
                format!("line {} `{}`", row.line(), cut(words))
            });
        }
        key
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
            let tag = composed(&tag);
            if !tags.contains(&tag) {
                tags.push(tag);
            }
        };
        for &(place, signs) in &self.signs {
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

    /// Says which columns nothing was read from, but for the one that was named as `no_split` before.
    fn note_unread(&self, file: usize, no_split: Option<usize>, notes: &mut Vec<Note>) {
        let columns = self.columns;
        let split = self.split.as_ref().map(|(place, _)| *place);
        let unread = columns.unread(self.table, file, [split.or(no_split), self.folds]);
        let has_some = columns.label.is_some()
            || !columns.tags.is_empty()
            || !columns.tag_columns.is_empty()
            || columns.key.is_some()
            || columns.tempo.is_some()
            || columns.emotion.iter().any(Option::is_some);
        let heading = |place: usize| self.table.names().get(place).map_or("", String::as_str);
        if columns.has_artists {
            let name = columns.label.map_or("", heading);
            notes.push(
                format!("there is no other label, so the artists in `{name}` are the labels")
                    .into(),
            );
        }
        if !has_some && super::is_playlist(self.table.path()) {
            notes.push(
                "a playlist has no labels; write a list such as a .csv with the columns `file` and `label` instead"
                    .into(),
            );
        } else if !has_some {
            notes.push(
                format!(
                    "there is no column of labels; the headings are {}; wanted are `label` (or `genre`, `class`, `style`), \
                     `tags`, `key`, or `arousal` and `valence`",
                    self.table.headings()
                )
                .into(),
            );
        } else if !unread.is_empty() {
            let named: Vec<String> = unread
                .iter()
                .take(NAMED_HEADINGS)
                .map(|name| format!("`{}`", cut(name)))
                .collect();
            let more = match unread.len() - named.len() {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            notes.push(
                format!(
                    "columns that nothing was read from: {}{more}",
                    named.join(", ")
                )
                .into(),
            );
        }
        if !columns.in_part.is_empty() && self.split.is_none() && self.part.is_none() {
            let named = columns.in_part.iter();
            let named: Vec<String> = named
                .map(|&(place, part)| format!("`{}` as {}", heading(place), part.name()))
                .collect();
            notes.push(
                format!(
                    "the split is read from columns of yes and no: {}",
                    named.join(", ")
                )
                .into(),
            );
        }
        if !columns.tag_columns.is_empty() {
            notes.push(
                format!(
                    "{} columns of yes and no are read as tags",
                    columns.tag_columns.len()
                )
                .into(),
            );
        }
    }
}

/// The fields of a row's tags in a column: of the last one all that follow.
fn tag_fields<'a>(
    row: &Row<'a>,
    place: usize,
    goes_on: Option<usize>,
) -> impl Iterator<Item = &'a str> + use<'a> {
    let width = match goes_on == Some(place) {
        true => usize::MAX,
        false => 1,
    };
    row.from(place).take(width)
}

/// Says where the tags of a column are parted by different signs, where a comma parts none, and which look like several.
fn note_signs(
    table: &Table,
    place: usize,
    goes_on: Option<usize>,
    signs: TagSigns,
    notes: &mut Vec<Note>,
) {
    let heading = table.names().get(place).map_or("", String::as_str);
    let fields = || {
        table.rows().flat_map(move |row| {
            tag_fields(&row, place, goes_on).map(move |field| (row.line(), field))
        })
    };
    let named = |line: u64, field: &str| format!("line {line} `{}`", cut(field));
    let mut counts: BTreeMap<TagSign, usize> = BTreeMap::new();
    for sign in fields().filter_map(|(_, field)| signs.sign(field)) {
        *counts.entry(sign).or_default() += 1;
    }
    if counts.len() > 1 {
        let most = counts.values().max().copied();
        let usual = counts.iter().find(|(_, count)| Some(**count) == most);
        let usual = usual.map(|(sign, _)| *sign);
        let mut examples = Examples::default();
        for (line, field) in fields() {
            let sign = signs.sign(field);
            if sign.is_some() && sign != usual {
                examples.add(line, || named(line, field));
            }
        }
        let others = counts.keys().filter(|sign| Some(**sign) != usual);
        let others: Vec<String> = others.map(TagSign::to_string).collect();
        notes.push(examples.note(format!(
            "the tags in `{heading}` are parted by {} in most rows and by {} in others, and read so",
            usual.map_or_else(String::new, |sign| sign.to_string()),
            others.join(" and ")
        )));
    }
    let mut commas = Examples::default();
    let mut odd = Examples::default();
    for (line, field) in fields() {
        if signs.keeps_comma(field) {
            commas.add(line, || named(line, field));
        } else if signs
            .tags(field)
            .iter()
            .any(|tag| words::seems_unparted(tag))
        {
            odd.add(line, || named(line, field));
        }
    }
    for (examples, what) in [
        (
            commas,
            "a comma in `tags` is part of a tag, as other signs part them",
        ),
        (
            odd,
            "words with `/`, `+` or `#` between them are one tag in `tags`; semicolons part tags",
        ),
    ] {
        if examples.count > 0 {
            let rows = counted(examples.count, "row");
            let what = what.replace("`tags`", &format!("`{heading}`"));
            notes.push(examples.note(format!("{rows}: {what}")));
        }
    }
}

/// A column with the part that each of its words means.
type SplitColumn = (usize, BTreeMap<String, Part>);

/// Columns that part the tracks.
#[derive(Default)]
struct SplitColumns {
    /// The one whose words mean parts in most rows.
    split: Option<SplitColumn>,
    /// The one of the numbers of folds.
    folds: Option<usize>,
    /// One that was said to be no split.
    other: Option<usize>,
}

fn split_columns(
    table: &Table,
    columns: &Columns,
    file: usize,
    notes: &mut Vec<Note>,
) -> SplitColumns {
    type Best = (usize, usize, BTreeMap<String, Part>, Vec<String>);
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
        let fields = counts.keys().map(|&word| word.to_owned()).collect();
        let (parts, guessed) = words::parts(&fields);
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
    if let Some((place, counts)) = other {
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
                "the column `{}` is no split, as its words are none of train, valid and test: {}{more}",
                heading(place),
                named.join(", ")
            )
            .into(),
        );
    }
    found.split = best.map(|(_, place, parts, guessed)| {
        if !guessed.is_empty() {
            let guessed = guessed.join(", ");
            notes.push(format!("in the column `{}` {guessed}", heading(place)).into());
        }
        (place, parts)
    });
    found
}

/// How many folds the words of a column number, by the column's heading: of others three numbers are a split.
fn folds_of<'a>(heading: &str, words: impl Iterator<Item = &'a &'a str>) -> Option<usize> {
    let folds: Option<BTreeSet<u32>> = words.map(|word| fold_number(word)).collect();
    let folds = folds?.len();
    (crate::text::plain(heading).contains("fold") && folds >= 2).then_some(folds)
}

/// The number of a fold: `3`, `3.0`, `fold3` or `fold_3`.
fn fold_number(word: &str) -> Option<u32> {
    let word = word.trim_start_matches(|letter: char| letter.is_alphabetic() || letter == '_');
    word.trim().trim_end_matches(".0").parse().ok()
}
