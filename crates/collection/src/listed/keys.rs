//! The keys in a list's rows: names in any notation, or numbers, with a mode beside them.

use std::cell::RefCell;

use super::{
    columns::{Columns, column},
    cut, words,
};
use crate::{
    Note,
    key::{has_h, is_german_b, is_german_mode, parse_key, parse_key_in},
    note::Examples,
    table::{Row, Table},
    text::is_nothing,
};
use mynascope_base::counted;

/// How the keys of one list are read.
pub(super) struct Keys {
    place: usize,
    mode: Option<usize>,
    /// Whether an H stands for B natural.
    with_h: bool,
    numbers: Option<KeyNumbers>,
    /// Whether small letters alone are minor, where the list shows it.
    small_is_minor: Option<bool>,
    problems: RefCell<Problems>,
}

/// Keys that are numbers instead of names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum KeyNumbers {
    /// From 0, C, beside a column of modes: 1 major, 0 minor.
    WithMode,
    /// Nothing says which mean what: several ways of numbering are about.
    Alone,
}

#[derive(Default)]
struct Problems {
    unread: Examples,
    /// Said to be unknown.
    unknown: Examples,
    /// Keys that name one mode beside a column that names the other.
    contradicted: Examples,
}

impl Keys {
    /// Of a list with a column of keys; notes say what was taken for what.
    pub(super) fn of(table: &Table, columns: &Columns, notes: &mut Vec<Note>) -> Option<Self> {
        let place = columns.key?;
        let keys = || column(table, place);
        let numbers = key_numbers(keys(), columns.mode.is_some());
        if let (Some(KeyNumbers::WithMode), Some(mode)) = (numbers, columns.mode) {
            notes.push(
                format!(
                    "the numbers in {} are read as keys from 0, which is C, to 11, which is B, with {} as the mode: 1 is \
                     major, 0 minor",
                    table.column_name(place),
                    table.column_name(mode)
                )
                .into(),
            );
        }
        let with_h = keys().any(has_h);
        if with_h && keys().any(|key| key.trim().starts_with(['B', 'b'])) {
            notes.push(
                "the keys are written with H for B natural, so a B without a sign is read as B flat"
                    .into(),
            );
        }
        if !with_h && let Some(key) = german_b(table, place, columns.mode) {
            notes.push(
                format!(
                    "a B beside `dur` or `moll` is read as B flat, as where B natural is called H: `{}`",
                    cut(&key)
                )
                .into(),
            );
        }
        let small_is_minor = small_is_minor(keys());
        if let Some(is_minor) = small_is_minor {
            let (mode, why) = match is_minor {
                true => ("minor", "as large ones stand for major beside them"),
                false => ("major", "as the minor keys beside them say so"),
            };
            let of = table.column_name(place);
            notes.push(
                format!("the keys in {of} that are small letters alone are read as {mode}, {why}")
                    .into(),
            );
        }
        Some(Self {
            place,
            mode: columns.mode,
            with_h,
            numbers,
            small_is_minor,
            problems: RefCell::default(),
        })
    }

    /// The key of a row.
    pub(super) fn key(&self, row: &Row<'_>) -> Option<u8> {
        let words = row.at(self.place).filter(|key| !is_nothing(key))?;
        let mode = self
            .mode
            .and_then(|place| row.at(place))
            .filter(|mode| !is_nothing(mode))
            .unwrap_or_default();
        let mut problems = self.problems.borrow_mut();
        let named = || {
            let mode = match mode {
                "" => String::new(),
                mode => format!(" with the mode `{}`", cut(mode)),
            };
            format!("line {} `{}`{mode}", row.line(), cut(words))
        };
        // -1 is how keys are numbered that nobody found.
        if key_number(words) == Some(-1) || words.eq_ignore_ascii_case("unknown") {
            problems.unknown.add(row.line(), named);
            return None;
        }
        // As beside it, a German mode in a column of its own says what a B is.
        let with_h = self.with_h || is_german_mode(mode);
        let is_minor = is_minor(mode);
        let of_mode = |pitch: u8, is_minor: bool| if is_minor { pitch + 12 } else { pitch };
        let key = match self.numbers {
            Some(KeyNumbers::WithMode) => {
                let pitch = key_number(words).and_then(|key| u8::try_from(key).ok());
                pitch.zip(is_minor).map(|(pitch, it)| of_mode(pitch, it))
            }
            Some(KeyNumbers::Alone) => None,
            // A name without a mode of its own takes one.
            None => match parse_key_in(&format!("{words} minor"), with_h) {
                Some(minor) if !mode.is_empty() => is_minor.map(|it| of_mode(minor % 12, it)),
                Some(minor) if is_small(words) => {
                    self.small_is_minor.map(|it| of_mode(minor % 12, it))
                }
                Some(_) => parse_key_in(words, with_h),
                None => {
                    let own = parse_key_in(words, with_h);
                    if let (Some(key), Some(is_minor)) = (own, is_minor)
                        && (key >= 12) != is_minor
                    {
                        problems.contradicted.add(row.line(), named);
                        return None;
                    }
                    own
                }
            },
        };
        if key.is_none() {
            problems.unread.add(row.line(), named);
        }
        key
    }

    /// Says what could not be read.
    pub(super) fn finish(self, table: &Table, notes: &mut Vec<Note>) {
        let problems = self.problems.into_inner();
        let of = table.column_name(self.place);
        let mode = self
            .mode
            .map_or_else(String::new, |at| table.column_name(at));
        for (examples, what) in [
            (
                problems.unread,
                match self.numbers {
                    Some(KeyNumbers::Alone) => format!(
                        "the numbers in {of} are not read as keys, as there are several ways to number them; write names (such \
                         as `Eb minor`), or 0 (C) to 11 (B) beside a column `mode` with 1 for major and 0 for minor"
                    ),
                    _ => format!(
                        "no key in {of} (such as `Eb minor`, `F#m`, `A:min` or `8A`), so none is known"
                    ),
                },
            ),
            (
                problems.unknown,
                format!("the key in {of} is said to be unknown"),
            ),
            (
                problems.contradicted,
                format!("{of} and {mode} name different modes, so no key is known"),
            ),
        ] {
            if examples.count > 0 {
                let rows = counted(examples.count, "row");
                notes.push(examples.note(format!("{rows}: {what}")));
            }
        }
    }
}

/// The first key that is a B flat as German writes it, by itself or with the mode beside it.
fn german_b(table: &Table, place: usize, mode: Option<usize>) -> Option<String> {
    let keys = table.rows().filter_map(|row| {
        let (key, mode) = (row.at(place)?, mode.and_then(|place| row.at(place)));
        Some(
            format!("{key} {}", mode.unwrap_or_default())
                .trim()
                .to_owned(),
        )
    });
    keys.into_iter().find(|key| is_german_b(key))
}

/// Whether a key is a tonic without a mode that begins with a small letter, which alone is no key: "a", "f#".
fn is_small(key: &str) -> bool {
    parse_key(key).is_none() && parse_key(&format!("{key} minor")).is_some()
}

/// What small letters alone mean in a list: minor where all keys are letters alone, large ones among them; major where the
/// minor keys say that they are ("am") and no letter alone is large. `None` where there are none, or nothing shows it.
fn small_is_minor<'a>(keys: impl Iterator<Item = &'a str> + Clone) -> Option<bool> {
    keys.clone().find(|key| is_small(key))?;
    let takes_mode = |key: &str| parse_key(&format!("{key} minor")).is_some();
    let has_large = keys.clone().any(|key| !is_small(key) && takes_mode(key));
    let mut others = keys.filter(|key| !takes_mode(key)).filter_map(parse_key);
    match (has_large, others.next()) {
        (true, None) => Some(true),
        (false, Some(first)) => (first >= 12 && others.all(|key| key >= 12)).then_some(false),
        _ => None,
    }
}

/// Whether a mode is minor, by its name or number; `None` where it is no mode.
fn is_minor(mode: &str) -> Option<bool> {
    match words::number(mode, true) {
        Some(1.0) => Some(false),
        Some(0.0) => Some(true),
        _ if is_nothing(mode) => None,
        _ => parse_key(&format!("C# {mode}")).map(|key| key >= 12),
    }
}

/// Whether keys are numbers; those with a mode beside them are 0 to 11, or -1 where nobody found one.
fn key_numbers<'a>(keys: impl Iterator<Item = &'a str>, has_mode: bool) -> Option<KeyNumbers> {
    let numbers: Option<Vec<i64>> = keys.map(key_number).collect();
    let numbers = numbers.filter(|numbers| !numbers.is_empty())?;
    let within = numbers.iter().all(|number| (-1..12).contains(number));
    Some(match has_mode && within {
        true => KeyNumbers::WithMode,
        false => KeyNumbers::Alone,
    })
}

/// A whole number, also as programs write it where a column has gaps: `3.0`.
fn key_number(words: &str) -> Option<i64> {
    let words = words.trim();
    words.strip_suffix(".0").unwrap_or(words).parse().ok()
}
