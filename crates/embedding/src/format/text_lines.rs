//! The lines of a table of text: what parts their cells, and which of them are headings.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{BufRead, BufReader, Cursor, Read},
    path::{Path, PathBuf},
};

use super::{MOST_BYTES, headless, unreadable, unusable};
use crate::EmbeddingError;
use mynascope_collection::decode_text;

/// Longest first line that is believed to be one of a table.
const LONGEST_LINE: u64 = 64 << 20;

/// What parts cells where neither tabs nor commas nor semicolons do.
const RARE_SIGNS: [u8; 8] = *b"|~^\x1f\x01!&@";

/// What parts the cells of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gap {
    One(u8),
    /// Any number of spaces.
    Spaces,
}

impl Gap {
    pub(super) fn cells<'a>(self, line: &'a str) -> Box<dyn Iterator<Item = &'a str> + 'a> {
        match self {
            Self::One(byte) => Box::new(line.split(char::from(byte)).map(str::trim)),
            Self::Spaces => Box::new(line.split_ascii_whitespace()),
        }
    }

    /// Whether a comma in a cell is that of a number.
    pub(super) fn takes_commas(self) -> bool {
        self != Self::One(b',')
    }

    pub(super) fn byte(self) -> u8 {
        match self {
            Self::One(byte) => byte,
            Self::Spaces => b' ',
        }
    }
}

/// What the first line tells.
pub(super) struct Sniffed {
    pub(super) gap: Gap,
    /// Names of the columns; none where the first line is one of numbers.
    pub(super) heading: Option<Vec<String>>,
    /// Lines of headings; 0 without any.
    pub(super) heading_rows: usize,
    /// Whether the names are none of the file, but made by what stands in its columns.
    pub(super) is_headless: bool,
    /// Whether the first line is one of numbers alone.
    pub(super) is_numbers: bool,
    /// Whether numbers of a file without headings have fractions.
    pub(super) has_fractions: bool,
    /// What is to be said of columns without headings.
    pub(super) said: Option<String>,
    /// Cells of the first line.
    pub(super) cells: usize,
}

impl Sniffed {
    pub(super) fn of(path: &Path) -> Result<Self, EmbeddingError> {
        let mut file = open(path)?;
        let mut next = || -> Result<Vec<u8>, EmbeddingError> {
            let mut line = Vec::new();
            let read = (&mut file).take(LONGEST_LINE).read_until(b'\n', &mut line);
            read.map_err(unreadable(path))?;
            Ok(line)
        };
        let (line, second) = (next()?, next()?);
        if line.contains(&0) {
            return Err(unusable(path, "it is no plain text; save it as UTF-8"));
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end_matches(['\r', '\n']);
        // numpy.savetxt writes its heading as a comment.
        let (text, is_comment) = match text.strip_prefix('#') {
            Some(rest) if rest.trim().len() > 1 => (rest.trim_start(), true),
            _ => (text, false),
        };
        if text.trim().is_empty() {
            return Err(unusable(
                path,
                "it holds no vectors: its first line is empty",
            ));
        }
        // Other signs stand where a comma is that of a number.
        let parts_numbers = |byte: u8| {
            let cells = text.split(char::from(byte)).map(str::trim);
            let numbers = cells.clone().filter(|cell| number_of(cell, true).is_some());
            text.contains(char::from(byte)) && 2 * numbers.count() > cells.count()
        };
        let others = [b';'].into_iter().chain(RARE_SIGNS);
        let beside_commas = others
            .filter(|_| text.contains(','))
            .find(|&byte| parts_numbers(byte));
        let mut signs = beside_commas.into_iter().chain(*b"\t,;").chain(RARE_SIGNS);
        let gap = signs
            .find(|&byte| text.contains(char::from(byte)))
            .map(Gap::One);
        let spaced = || {
            text.split_ascii_whitespace()
                .all(|cell| cell.parse::<f32>().is_ok())
        };
        let second_text = String::from_utf8_lossy(&second);
        let numbers_below = || {
            let mut cells = second_text.split_ascii_whitespace();
            cells.all(|cell| cell.parse::<f32>().is_ok())
        };
        let gap = gap.unwrap_or(if spaced() || is_comment && numbers_below() {
            Gap::Spaces
        } else {
            Gap::One(b'\t')
        });
        let cells: Vec<&str> = gap.cells(text).collect();
        let numbers = cells
            .iter()
            .all(|cell| number_of(cell, gap.takes_commas()).is_some());
        // pandas numbers columns that have no name. Whole numbers from 0 on could be a vector, too: where the second line
        // is written in the same way, or where metadata stand beside the file.
        let counts = (0..)
            .zip(&cells)
            .all(|(at, cell): (usize, _)| *cell == at.to_string());
        let second = String::from_utf8_lossy(&second);
        let fractions = gap.cells(second.trim_end()).any(|cell| {
            number_of(cell, gap.takes_commas()).is_some() && cell.parse::<i64>().is_err()
        });
        let counts = counts && fractions && cells.len() > 1 && metadata_of(path).is_none();
        let is_matrix = numbers && !counts && !is_comment;
        let by_content = match gap {
            Gap::Spaces => None,
            _ if counts || is_comment || is_matrix && metadata_of(path).is_some() => None,
            _ => headless::Columns::of(path, gap)?,
        };
        let sniffed = Self {
            gap,
            cells: cells.len(),
            heading: None,
            heading_rows: 0,
            is_headless: false,
            is_numbers: numbers,
            has_fractions: false,
            said: None,
        };
        if let Some(columns) = by_content {
            return Ok(Self {
                heading: Some(columns.names),
                is_headless: true,
                has_fractions: columns.has_fractions,
                said: Some(columns.said),
                ..sniffed
            });
        }
        let (heading, heading_rows) = if is_matrix {
            (None, 0)
        } else if is_comment {
            let names = cells.iter().map(|cell| (*cell).to_owned());
            (Some(names.collect()), 1)
        } else {
            let (names, rows) = headings(path, gap)?;
            (Some(names), rows)
        };
        Ok(Self {
            heading,
            heading_rows,
            ..sniffed
        })
    }
}

/// Lines that are looked at for further headings.
const MOST_HEADINGS: usize = 6;

/// The names of the columns, and how many lines they take. pandas writes headings of several levels below each other and
/// then a line with the name of the index alone, as in FMA's `features.csv`: a name is all of its levels.
fn headings(path: &Path, gap: Gap) -> Result<(Vec<String>, usize), EmbeddingError> {
    let records = reader(path, gap.byte())?.into_byte_records();
    let records: Result<Vec<csv::ByteRecord>, csv::Error> = records.take(MOST_HEADINGS).collect();
    let records = records.map_err(|error| wrong_text(path, &error))?;
    let text = |record: &csv::ByteRecord, at: usize| {
        String::from_utf8_lossy(record.get(at).unwrap_or_default()).into_owned()
    };
    let names_index = |record: &csv::ByteRecord| {
        let mut cells = record.iter();
        record.len() > 1
            && cells.next().is_some_and(|first| !first.is_empty())
            && cells.all(<[u8]>::is_empty)
    };
    let Some(first) = records.first() else {
        return Ok((Vec::new(), 1));
    };
    // A row whose vector is missing is no such line: words stand above it.
    let is_words = |record: &csv::ByteRecord| {
        (1..record.len()).all(|at| number_of(&text(record, at), gap.takes_commas()).is_none())
    };
    let last = (2..records.len()).find(|&at| records.get(at).is_some_and(names_index));
    let is_second = is_second_level(&records);
    let last = last.filter(|_| {
        records
            .get(1)
            .is_some_and(|second| (is_words(second) || is_second) && !names_index(second))
    });
    let has_index = last.is_some();
    let Some(last) = last.or(is_second.then_some(1)) else {
        return Ok(((0..first.len()).map(|at| text(first, at)).collect(), 1));
    };
    let names = (0..first.len()).map(|at| {
        let levels = records.iter().take(last + 1).map(|record| text(record, at));
        let mut levels: Vec<String> = levels.filter(|level| !level.is_empty()).collect();
        // Above the index stand the names of the levels.
        if at == 0 && has_index {
            levels.drain(..levels.len().saturating_sub(1));
        }
        levels.join(" ")
    });
    Ok((names.collect(), last + 1))
}

/// Whether the second line is one of headings, words or numbers, where no line names the index: names of the first line come
/// several times, and all are different together with the second one, which has no fraction, as vectors below it have.
fn is_second_level(records: &[csv::ByteRecord]) -> bool {
    let [first, second, rows @ ..] = records else {
        return false;
    };
    let mut seen = BTreeSet::new();
    let filled = first.iter().filter(|name| !name.is_empty());
    let come_again = filled.filter(|name| !seen.insert(*name)).count() > 0;
    let both: BTreeSet<(&[u8], &[u8])> = first.iter().zip(second).collect();
    let fractions = |record: &csv::ByteRecord| {
        let is_fraction = |cell: &[u8]| {
            let text = String::from_utf8_lossy(cell);
            number_of(&text, true).is_some() && text.trim().parse::<i64>().is_err()
        };
        record.iter().any(is_fraction)
    };
    first.len() == second.len()
        && come_again
        && both.len() == first.len()
        && second.iter().filter(|cell| cell.is_empty()).count() < 2
        && !fractions(second)
        && rows.iter().any(fractions)
}

/// The text behind the mark that some editors put before it; that of UTF-16 and UTF-32 in UTF-8.
pub(super) fn open(path: &Path) -> Result<Box<dyn BufRead>, EmbeddingError> {
    let size = fs::metadata(path).map_err(unreadable(path))?.len();
    if size > MOST_BYTES {
        return Err(unusable(
            path,
            format!("a table of {size} bytes is too large"),
        ));
    }
    let mut file = BufReader::new(File::open(path).map_err(unreadable(path))?);
    let start = file.fill_buf().map_err(unreadable(path))?;
    // Every other byte of a heading is zero then.
    let is_wide = start.starts_with(&[0xff, 0xfe])
        || start.starts_with(&[0xfe, 0xff])
        || start.iter().take(64).filter(|&&byte| byte == 0).count() > 16;
    if start.starts_with("\u{feff}".as_bytes()) {
        file.consume(3);
    } else if is_wide {
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(unreadable(path))?;
        let (text, _) = decode_text(&bytes);
        return Ok(Box::new(Cursor::new(text.into_bytes())));
    }
    Ok(Box::new(file))
}

pub(super) fn reader(
    path: &Path,
    delimiter: u8,
) -> Result<csv::Reader<impl BufRead>, EmbeddingError> {
    Ok(csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(open(path)?))
}

pub(super) fn wrong_text(path: &Path, error: &csv::Error) -> EmbeddingError {
    unusable(path, format!("it cannot be read ({error})"))
}

/// The metadata that belongs to a file of vectors: `F.metadata.tsv` or `F_metadata.tsv` beside `F.tsv`, and
/// `metadata.tsv` beside `tensors.tsv` (also with one beginning for both names).
pub(super) fn metadata_of(path: &Path) -> Option<PathBuf> {
    let stem = path.file_stem()?.to_string_lossy().into_owned();
    let mut names = vec![
        format!("{stem}.metadata"),
        format!("{stem}_metadata"),
        format!("{stem}-metadata"),
        format!("{stem}_meta"),
    ];
    for word in [
        "tensors",
        "tensor",
        "vectors",
        "vector",
        "vecs",
        "embeddings",
        "embedding",
    ] {
        if let Some(before) = stem.strip_suffix(word) {
            names.extend([format!("{before}metadata"), format!("{before}meta")]);
        }
    }
    let own = path.extension()?.to_string_lossy().into_owned();
    let files = names.iter().flat_map(|name| {
        [own.as_str(), "tsv", "csv"].map(|ending| path.with_file_name(format!("{name}.{ending}")))
    });
    files
        .into_iter()
        .find(|file| file != path && file.is_file())
}

/// Which decimal signs the numbers of a file have.
#[derive(Default)]
pub(super) struct Decimals {
    comma: bool,
    point: bool,
}

impl Decimals {
    pub(super) fn see(&mut self, cell: &str) {
        self.comma |= cell.contains(',');
        self.point |= cell.contains('.');
    }

    pub(super) fn are_mixed(&self) -> bool {
        self.comma && self.point
    }
}

/// A number, where `takes_commas` also one with a decimal comma.
pub(super) fn number_of(cell: &str, takes_commas: bool) -> Option<f32> {
    let cell = cell.trim();
    match cell.parse() {
        Err(_) if takes_commas => cell.replacen(',', ".", 1).parse().ok(),
        value => value.ok(),
    }
}
