//! Tables of text without headings: what their columns are is told by what stands in them.

use std::{collections::BTreeSet, path::Path};

use csv::ByteRecord;

use super::{
    fields::Field,
    text::is_vector,
    text_lines::{Gap, number_of, reader},
    text_metadata::is_sound,
};
use crate::EmbeddingError;
use mynascope_collection::split_words;

/// Rows that tell whether the first one is of headings, ...
const FIRST_ROWS: usize = 6;
/// ... and cells that tell what their columns hold.
const SAMPLE_CELLS: usize = 1 << 20;
/// Fewer rows do not tell ids and classes from values.
const FEWEST_ROWS: usize = 4;
/// In so many rows whole numbers that count them are no values.
const FEWEST_COUNTED: usize = 16;
/// Ids that do not count the rows have at least three digits.
const LEAST_ID: u64 = 100;

/// The columns of a table without headings.
pub(super) struct Columns {
    /// Names for them, by which they are read as if they were headings.
    pub(super) names: Vec<String>,
    pub(super) has_fractions: bool,
    /// What was taken for what.
    pub(super) said: String,
}

impl Columns {
    /// None where the first line is one of headings, or where all columns are values of the vectors.
    pub(super) fn of(path: &Path, gap: Gap) -> Result<Option<Self>, EmbeddingError> {
        let records = || -> Result<_, EmbeddingError> {
            // What cannot be read is told by who reads all of it.
            let records = reader(path, gap.byte())?.into_byte_records();
            Ok(records.map_while(Result::ok))
        };
        let first: Vec<ByteRecord> = records()?.take(FIRST_ROWS).collect();
        let sheet = Sheet { rows: &first, gap };
        if !sheet.begins_with_a_row() {
            return Ok(None);
        }
        let width = first.first().map_or(1, ByteRecord::len).max(1);
        let rows: Vec<ByteRecord> = records()?
            .filter(|row| row.len() == width)
            .take((SAMPLE_CELLS / width).max(FIRST_ROWS))
            .collect();
        Ok(Sheet { rows: &rows, gap }.columns(width))
    }
}

struct Sheet<'a> {
    rows: &'a [ByteRecord],
    gap: Gap,
}

/// What a column without a heading holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Path,
    Ids,
    Label,
    Split,
    /// A vector in each cell.
    Vector,
    /// A value of the vector.
    Value,
    /// Nothing that is read.
    Other,
}

impl Sheet<'_> {
    fn is_value(&self, cell: &str) -> bool {
        number_of(cell, self.gap.takes_commas()).is_some() || is_vector(cell)
    }

    fn cells(&self, place: usize) -> impl Iterator<Item = String> {
        let cells = self.rows.iter().map(move |row| row.get(place));
        cells.map(|cell| {
            String::from_utf8_lossy(cell.unwrap_or_default())
                .trim()
                .to_owned()
        })
    }

    fn first(&self) -> Vec<String> {
        let width = self.rows.first().map_or(0, ByteRecord::len);
        (0..width)
            .map(|place| self.cells(place).next().unwrap_or_default())
            .collect()
    }

    /// Whether the first line is a row: headings are no numbers where numbers stand below them, unless they count the columns.
    fn begins_with_a_row(&self) -> bool {
        let first = self.first();
        let below = |place: usize| self.cells(place).skip(1);
        if self.rows.len() < 2 {
            return false;
        }
        let valued: Vec<usize> = (0..first.len())
            .filter(|&place| below(place).all(|cell| self.is_value(&cell)))
            .collect();
        let cell = |place: &usize| first.get(*place).map_or("", String::as_str);
        if valued.is_empty() || !valued.iter().all(|place| self.is_value(cell(place))) {
            return false;
        }
        let mut texts = first.iter().filter(|cell| !self.is_value(cell)).peekable();
        if texts.peek().is_none() || texts.clone().any(|cell| is_sound(cell)) {
            return true;
        }
        let wholes: Option<Vec<i64>> = valued
            .iter()
            .map(|place| cell(place).parse().ok())
            .collect();
        let Some(wholes) = wholes else {
            return true;
        };
        let count_on = wholes.len() > 1
            && wholes.windows(2).all(|pair| match pair {
                [one, next] => *next == one + 1,
                _ => true,
            });
        let are_names = |cell: &String| {
            Field::is_claimed(cell) || Field::Embedding.find(&[cell], |_| true).is_some()
        };
        !count_on && !texts.any(are_names)
    }

    fn columns(&self, width: usize) -> Option<Columns> {
        let kinds = self.kinds(width);
        if kinds.iter().all(|&kind| kind == Kind::Value) {
            return None;
        }
        let mut values = 0;
        let name = |(place, kind): (usize, &Kind)| match kind {
            Kind::Path => "path".to_owned(),
            // As pandas leaves an index.
            Kind::Ids => String::new(),
            Kind::Label => "label".to_owned(),
            Kind::Split => "split".to_owned(),
            Kind::Vector => "embedding".to_owned(),
            Kind::Value => {
                values += 1;
                format!("e{}", values - 1)
            }
            Kind::Other => format!("column {}", place + 1),
        };
        let names = kinds.iter().enumerate().map(name).collect();
        let places = |wanted: Kind| -> Vec<usize> {
            let of_kind = (1..).zip(&kinds).filter(|&(_, &kind)| kind == wanted);
            of_kind.map(|(number, _)| number).collect()
        };
        let mut read = Vec::new();
        for (kind, what) in [
            (Kind::Path, "the path"),
            (Kind::Ids, "the number of the track"),
            (Kind::Label, "the label"),
            (Kind::Split, "the part of the split"),
            (Kind::Vector, "the vector"),
        ] {
            let named = places(kind).into_iter();
            read.extend(named.map(|number| format!("column {number} as {what}")));
        }
        read.extend(match places(Kind::Value)[..] {
            [] => None,
            [one] => Some(format!("column {one} as the vector")),
            [first, .., last] if last - first + 1 == places(Kind::Value).len() => {
                Some(format!("columns {first} to {last} as the vector"))
            }
            [..] => Some("the other columns of numbers as the vector".to_owned()),
        });
        let values = (0..width).filter(|&place| kinds.get(place) == Some(&Kind::Value));
        let has_fractions = values
            .into_iter()
            .any(|place| self.cells(place).any(|cell| is_fraction(&cell)));
        Some(Columns {
            names,
            has_fractions,
            said: format!("it has no headings; read are {}", read.join(", ")),
        })
    }

    fn kinds(&self, width: usize) -> Vec<Kind> {
        let first = self.first();
        let rows = self.rows.len();
        let mut kinds = vec![Kind::Value; width];
        let mut words = Vec::new();
        let mut numbers = Vec::new();
        let mut found = BTreeSet::new();
        for (place, kind) in kinds.iter_mut().enumerate() {
            let cell = first.get(place).map_or("", String::as_str);
            if number_of(cell, self.gap.takes_commas()).is_some() {
                numbers.push(place);
                continue;
            }
            if is_vector(cell) {
                *kind = Kind::Vector;
                continue;
            }
            let mut cells: BTreeSet<String> = self.cells(place).collect();
            cells.remove("");
            *kind = Kind::Other;
            if cells.is_empty() {
                continue;
            }
            if cells.iter().all(|cell| is_sound(cell)) && found.insert("path") {
                *kind = Kind::Path;
            } else if split_words(&cells).0.len() == cells.len() && found.insert("split") {
                *kind = Kind::Split;
            } else {
                words.push((place, cells.len()));
            }
        }
        // Labels come again, names are different in each row.
        let mut set = |place: usize, to: Kind| {
            if let Some(kind) = kinds.get_mut(place) {
                *kind = to;
            }
        };
        let label = words.iter().find(|(_, different)| *different < rows);
        let name = words.iter().find(|(_, different)| *different == rows);
        if let Some(&(place, _)) = label {
            set(place, Kind::Label);
        }
        let mut has_label = label.is_some();
        match name {
            Some(&(place, _)) if found.insert("path") => set(place, Kind::Path),
            Some(&(place, _)) if label.is_none() => {
                has_label = true;
                set(place, Kind::Label);
            }
            _ => {}
        }
        // Whole numbers before or behind fractions are ids or classes, and no values.
        let [start, middle @ .., end] = &numbers[..] else {
            return kinds;
        };
        let are_fractions = |&place: &usize| self.cells(place).all(|cell| is_fraction(&cell));
        if rows < FEWEST_ROWS || middle.is_empty() || !middle.iter().all(are_fractions) {
            return kinds;
        }
        if !found.contains("path") && self.are_ids(*start) {
            set(*start, Kind::Ids);
        }
        if !has_label && self.are_classes(*end) {
            set(*end, Kind::Label);
        }
        kinds
    }

    /// Whether a column of whole numbers names or counts the rows.
    fn are_ids(&self, place: usize) -> bool {
        let cells: Vec<String> = self.cells(place).collect();
        let wholes: Option<Vec<u64>> = cells.iter().map(|cell| whole(cell)).collect();
        let Some(wholes) = wholes else {
            return false;
        };
        let count = |from: u64| (from..).zip(&wholes).all(|(at, &whole)| at == whole);
        let different: BTreeSet<&u64> = wholes.iter().collect();
        let are_long = wholes.iter().all(|&whole| whole >= LEAST_ID)
            || cells
                .iter()
                .any(|cell| cell.len() > 1 && cell.starts_with('0'));
        different.len() == wholes.len()
            && (are_long || wholes.len() >= FEWEST_COUNTED && (count(0) || count(1)))
    }

    /// Whether a column of whole numbers is one of numbered classes.
    fn are_classes(&self, place: usize) -> bool {
        let wholes: Option<BTreeSet<u64>> = self.cells(place).map(|cell| whole(&cell)).collect();
        wholes.is_some_and(|classes| classes.len() > 1 && 2 * classes.len() <= self.rows.len())
    }
}

/// A whole number that is written as one.
fn whole(cell: &str) -> Option<u64> {
    let is_plain = cell.bytes().all(|digit| digit.is_ascii_digit());
    cell.parse().ok().filter(|_| is_plain)
}

/// Whether a number is written as one that may have a fraction.
fn is_fraction(cell: &str) -> bool {
    cell.contains(['.', ',', 'e', 'E'])
}
