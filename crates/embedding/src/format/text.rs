//! Tables as text: vectors with their metadata in a second file, as TensorBoard's projector takes them, or one file with
//! a heading, as pandas and DuckDB write it. Tabs, commas, semicolons or (in matrices of numpy) spaces part the cells.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
};

use super::{
    MOST_BYTES, MOST_DIM,
    fields::{self, Field},
    no_vectors,
    rows::{Contents, RowTexts},
    text_metadata, unreadable, unusable,
};
use crate::EmbeddingError;
use mynascope_base::counted;
use mynascope_collection::{OldEncoding, say_guessed_encoding};

/// Longest first line that is believed to be one of a table.
const LONGEST_LINE: u64 = 64 << 20;

pub(super) fn load(path: &Path) -> Result<Contents, EmbeddingError> {
    let sniffed = Sniffed::of(path)?;
    let (dim, values) = match sniffed.heading {
        Some(_) => return load_columns(path, &sniffed),
        None => load_matrix(path, sniffed.gap)?,
    };
    let rows = values.len() / dim;
    let mut contents = Contents {
        dim,
        values,
        ..Contents::default()
    };
    match metadata_of(path) {
        Some(metadata) => text_metadata::load(&metadata, rows, &mut contents)?,
        None => {
            for _ in 0..rows {
                let pushed = contents.tracks.push(RowTexts::default());
                pushed.map_err(|what| unusable(path, what))?;
            }
        }
    }
    Ok(contents)
}

/// Whether a `.tsv` or `.csv` file holds vectors and not a list of tracks: numbers without a heading, a column of lists,
/// or a numbered series of at least eight columns of numbers. Looks at its first two lines.
pub fn is_text_table(path: &Path) -> bool {
    let ending = path.extension().unwrap_or_default();
    if !["tsv", "csv"]
        .iter()
        .any(|known| ending.eq_ignore_ascii_case(known))
    {
        return false;
    }
    let Ok(sniffed) = Sniffed::of(path) else {
        return false;
    };
    let Some(names) = &sniffed.heading else {
        return sniffed.cells > 1 || metadata_of(path).is_some();
    };
    let Ok(Some(places)) = Places::of(path, names, sniffed.gap) else {
        return false;
    };
    match places.embedding.as_slice() {
        [_] => places.in_one_cell,
        many => {
            let named: Vec<(usize, &str)> = many
                .iter()
                .filter_map(|&place| Some((place, names.get(place)?.as_str())))
                .collect();
            fields::longest_series(&named).len() >= 8
        }
    }
}

/// What parts the cells of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gap {
    One(u8),
    /// Any number of spaces.
    Spaces,
}

impl Gap {
    fn cells<'a>(self, line: &'a str) -> Box<dyn Iterator<Item = &'a str> + 'a> {
        match self {
            Self::One(byte) => Box::new(line.split(char::from(byte)).map(str::trim)),
            Self::Spaces => Box::new(line.split_ascii_whitespace()),
        }
    }

    /// Whether a comma in a cell is that of a number.
    fn takes_commas(self) -> bool {
        self != Self::One(b',')
    }

    fn byte(self) -> u8 {
        match self {
            Self::One(byte) => byte,
            Self::Spaces => b' ',
        }
    }
}

/// What the first line tells.
struct Sniffed {
    gap: Gap,
    /// Names of the columns; none where the first line is one of numbers.
    heading: Option<Vec<String>>,
    /// Cells of the first line.
    cells: usize,
}

impl Sniffed {
    fn of(path: &Path) -> Result<Self, EmbeddingError> {
        let mut file = open(path)?;
        let mut next = || -> Result<Vec<u8>, EmbeddingError> {
            let mut line = Vec::new();
            let read = (&mut file).take(LONGEST_LINE).read_until(b'\n', &mut line);
            read.map_err(unreadable(path))?;
            Ok(line)
        };
        let (line, second) = (next()?, next()?);
        if line.starts_with(&[0xff, 0xfe]) || line.starts_with(&[0xfe, 0xff]) || line.contains(&0) {
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
        // Semicolons stand where a comma is that of a number.
        let mut halves = text.split(';').map(str::trim);
        let with_commas = text.contains(';') && halves.all(|cell| number_of(cell, true).is_some());
        let signs = match with_commas {
            true => [b'\t', b';', b','],
            false => [b'\t', b',', b';'],
        };
        let gap = signs
            .into_iter()
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
        let heading = if numbers && !counts && !is_comment {
            None
        } else if is_comment {
            Some(cells.iter().map(|cell| (*cell).to_owned()).collect())
        } else {
            let record = reader(path, gap.byte())?.byte_records().next();
            let record = record
                .transpose()
                .map_err(|error| wrong_text(path, &error))?;
            let record = record.unwrap_or_default();
            Some(
                record
                    .iter()
                    .map(|cell| String::from_utf8_lossy(cell).into_owned())
                    .collect(),
            )
        };
        Ok(Self {
            gap,
            cells: cells.len(),
            heading,
        })
    }
}

/// The text behind the mark that some editors put before it.
fn open(path: &Path) -> Result<impl BufRead, EmbeddingError> {
    let size = fs::metadata(path).map_err(unreadable(path))?.len();
    if size > MOST_BYTES {
        return Err(unusable(
            path,
            format!("a table of {size} bytes is too large"),
        ));
    }
    let mut file = BufReader::new(File::open(path).map_err(unreadable(path))?);
    if file
        .fill_buf()
        .map_err(unreadable(path))?
        .starts_with("\u{feff}".as_bytes())
    {
        file.consume(3);
    }
    Ok(file)
}

fn reader(path: &Path, delimiter: u8) -> Result<csv::Reader<impl BufRead>, EmbeddingError> {
    Ok(csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(open(path)?))
}

fn wrong_text(path: &Path, error: &csv::Error) -> EmbeddingError {
    unusable(path, format!("it cannot be read ({error})"))
}

/// The metadata that belongs to a file of vectors: `F.metadata.tsv` or `F_metadata.tsv` beside `F.tsv`, and
/// `metadata.tsv` beside `tensors.tsv` (also with one beginning for both names).
fn metadata_of(path: &Path) -> Option<PathBuf> {
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

/// The width and the numbers of a file without a heading.
fn load_matrix(path: &Path, gap: Gap) -> Result<(usize, Vec<f32>), EmbeddingError> {
    let mut dim = 0;
    let mut values = Vec::new();
    let mut signs = Decimals::default();
    for (number, line) in (1..).zip(open(path)?.lines()) {
        let line = line.map_err(unreadable(path))?;
        if line.trim().is_empty() {
            continue;
        }
        let before = values.len();
        for cell in gap.cells(&line) {
            let value = number_of(cell, gap.takes_commas()).ok_or_else(|| {
                let cell: String = cell.chars().take(20).collect();
                unusable(
                    path,
                    format!("line {number} holds `{cell}`, which is no number"),
                )
            })?;
            signs.see(cell);
            values.push(value);
        }
        if signs.are_mixed() {
            return Err(unusable(path, format!("line {number}: {MIXED}")));
        }
        let width = values.len() - before;
        if dim == 0 {
            dim = width;
        }
        if width != dim || width > MOST_DIM {
            let numbers = counted(width, "number");
            let what = format!("line {number} holds {numbers}, the first {dim}");
            return Err(unusable(path, what));
        }
    }
    Ok((dim, values))
}

/// Where the fields of a table stand among the columns of a file with a heading.
#[derive(Default)]
struct Places {
    /// The column of lists, or many columns of a number each.
    embedding: Vec<usize>,
    /// Whether the vectors stand in one column, in brackets.
    in_one_cell: bool,
    path: Option<usize>,
    label: Option<usize>,
    split: Option<usize>,
    track: Option<usize>,
    timestamp: Option<usize>,
    encoder: Option<usize>,
    encoder_hash: Option<usize>,
    level: Option<usize>,
}

impl Places {
    /// By the usual names, and by what the first row holds; none without vectors.
    fn of(path: &Path, names: &[String], gap: Gap) -> Result<Option<Self>, EmbeddingError> {
        let first = reader(path, gap.byte())?.into_byte_records().nth(1);
        let first = first
            .transpose()
            .map_err(|error| wrong_text(path, &error))?;
        let Some(first) = first else { return Ok(None) };
        let cell = |place: usize| {
            first
                .get(place)
                .map(String::from_utf8_lossy)
                .unwrap_or_default()
        };
        let is_number = |place: usize| number_of(&cell(place), gap.takes_commas()).is_some();
        let is_list = |place: usize| {
            let mut values = Vec::new();
            let bracketed = inside(&cell(place)).1;
            // Without brackets numbers must be several; a whole number is none of them.
            (bracketed || list(&cell(place), &mut values).is_ok() && values.len() > 1)
                && !is_number(place)
        };
        let is_text = |place: usize| !is_number(place);
        let all = 0..names.len();
        let mut places = Self::default();
        let mut others = all.clone().filter(|&place| {
            !Field::is_claimed(names.get(place).map_or("", String::as_str)) && is_list(place)
        });
        // Under another name, where it is the only one.
        let listed = Field::Embedding
            .find(names, is_list)
            .or_else(|| others.next().filter(|_| others.next().is_none()));
        if let Some(place) = listed {
            places.embedding = vec![place];
            places.in_one_cell = true;
        } else {
            let numeric: Vec<(usize, &str)> = all
                .zip(names)
                .filter(|&(place, name)| {
                    is_number(place) && !Field::is_claimed(name) && !fields::is_index(name)
                })
                .map(|(place, name)| (place, name.as_str()))
                .collect();
            places.embedding = fields::wide_columns(&numeric);
        }
        let coordinates = |name: &&usize| {
            let name = names.get(**name).map_or("", |name| name.trim());
            ["x", "y", "z"]
                .iter()
                .any(|axis| name.eq_ignore_ascii_case(axis))
        };
        if places.embedding.iter().all(|place| coordinates(&place)) {
            // Nothing but places on a map, which is no vector.
            return Ok(None);
        }
        let free = |place: &usize| !places.embedding.contains(place);
        let whole = |place: usize| cell(place).trim().parse::<i64>().is_ok();
        let find = |field: Field, test: &dyn Fn(usize) -> bool| {
            field.find(names, |place| free(&place) && test(place))
        };
        // pandas gives an index of paths no heading.
        let index = || {
            let is_index = |place: &usize| names.get(*place).is_some_and(|it| fields::is_index(it));
            let mut places = (0..names.len()).filter(is_index);
            places.find(|&place| fields::looks_like_file(&cell(place)))
        };
        let path = find(Field::Path, &is_text).or_else(index);
        let label = find(Field::Label, &|_| true);
        let split = find(Field::Split, &|_| true);
        let (track, timestamp) = (
            find(Field::Track, &whole),
            find(Field::Timestamp, &is_number),
        );
        let (encoder, level) = (find(Field::Encoder, &is_text), find(Field::Level, &is_text));
        let encoder_hash = find(Field::EncoderHash, &is_text);
        Ok(Some(Self {
            path,
            label,
            split,
            track,
            timestamp,
            encoder,
            encoder_hash,
            level,
            ..places
        }))
    }

    fn used(&self) -> BTreeSet<usize> {
        let single = [
            self.path,
            self.label,
            self.split,
            self.track,
            self.timestamp,
            self.encoder,
            self.encoder_hash,
            self.level,
        ];
        let single = single.into_iter().flatten();
        single.chain(self.embedding.iter().copied()).collect()
    }
}

/// A file with a heading.
fn load_columns(path: &Path, sniffed: &Sniffed) -> Result<Contents, EmbeddingError> {
    let names = sniffed.heading.as_deref().unwrap_or_default();
    let places =
        Places::of(path, names, sniffed.gap)?.ok_or_else(|| no_vectors(path, "columns", names))?;
    let encoding = OldEncoding::guess(open(path)?).map_err(unreadable(path))?;
    let mut contents = Contents::default();
    let said = encoding.map(|encoding| say_guessed_encoding(encoding.name()));
    contents.notes.extend(said);
    contents
        .notes
        .extend(fields::say_mixed(names, &places.embedding));
    let used = places.used();
    let unread = fields::say_unread("columns", names, |place| used.contains(&place));
    contents.notes.extend(unread);
    let mut signs = Decimals::default();
    let records = reader(path, sniffed.gap.byte())?
        .into_byte_records()
        .skip(1);
    for (row, record) in records.enumerate() {
        let record = record.map_err(|error| wrong_text(path, &error))?;
        let line = record.position().map_or(0, csv::Position::line);
        let wrong = |what: String| unusable(path, format!("line {line}: {what}"));
        if record.len() != names.len() {
            let cells = counted(record.len(), "cell");
            let what = format!("it has {cells}, the heading {}", names.len());
            return Err(wrong(what));
        }
        let text = |place: usize| {
            let bytes = record.get(place).unwrap_or_default();
            match encoding {
                Some(encoding) => encoding.decode(bytes),
                None => String::from_utf8_lossy(bytes),
            }
        };
        let cell = |place: Option<usize>| place.map(&text).unwrap_or_default();
        let name = |place: usize| names.get(place).map_or("", String::as_str);
        let number = |place: usize, text: &str| -> Result<f32, EmbeddingError> {
            number_of(text, sniffed.gap.takes_commas()).ok_or_else(|| match text.trim() {
                "" => wrong(format!("its cell {} is empty", name(place))),
                other => {
                    let other: String = other.chars().take(20).collect();
                    wrong(format!(
                        "its cell {} holds `{other}`, which is no number",
                        name(place)
                    ))
                }
            })
        };
        let before = contents.values.len();
        for &place in &places.embedding {
            match places.in_one_cell {
                true => list(&text(place), &mut contents.values).map_err(&wrong)?,
                false => {
                    let cell = text(place);
                    contents.values.push(number(place, &cell)?);
                    signs.see(&cell);
                }
            }
        }
        if signs.are_mixed() {
            return Err(wrong(MIXED.to_owned()));
        }
        let width = contents.values.len() - before;
        if row == 0 {
            contents.dim = width;
            contents.encoder = places.encoder.map(|place| text(place).into_owned());
            contents.encoder_hash = places.encoder_hash.map(|place| text(place).into_owned());
            contents.level = places.level.map(|place| text(place).into_owned());
        }
        if width != contents.dim || width == 0 || width > MOST_DIM {
            let values = counted(width, "value");
            let what = format!("it holds {values}, the first row {}", contents.dim);
            return Err(wrong(what));
        }
        if let Some(place) = places.timestamp {
            let time = match text(place).trim() {
                "" => 0.0,
                other => number(place, other)?,
            };
            let time = time * fields::unit_secs(name(place));
            contents.timestamps.get_or_insert_default().push(time);
        }
        let pushed = contents.tracks.push(RowTexts {
            index: places
                .track
                .and_then(|place| text(place).trim().parse().ok()),
            path: &cell(places.path),
            label: &cell(places.label),
            split: &cell(places.split),
        });
        pushed.map_err(wrong)?;
    }
    Ok(contents)
}

/// Numbers with decimal commas beside numbers with points: a comma might part thousands.
const MIXED: &str =
    "some numbers have a decimal comma and others a decimal point; write them all with a point";

/// Which decimal signs the numbers of a file have.
#[derive(Default)]
struct Decimals {
    comma: bool,
    point: bool,
}

impl Decimals {
    fn see(&mut self, cell: &str) {
        self.comma |= cell.contains(',');
        self.point |= cell.contains('.');
    }

    fn are_mixed(&self) -> bool {
        self.comma && self.point
    }
}

/// A number, where `takes_commas` also one with a decimal comma.
fn number_of(cell: &str, takes_commas: bool) -> Option<f32> {
    let cell = cell.trim();
    match cell.parse() {
        Err(_) if takes_commas => cell.replacen(',', ".", 1).parse().ok(),
        value => value.ok(),
    }
}

/// What stands in the brackets of a vector (`[..]`, `(..)`, `{..}`, also within `array(..)` or `tensor(..)`), and whether
/// there are any.
fn inside(cell: &str) -> (&str, bool) {
    let cell = cell.trim();
    let named = cell
        .strip_prefix("tensor(")
        .or_else(|| cell.strip_prefix("array("))
        .or_else(|| cell.strip_prefix("np.array("));
    let cell = match named.and_then(|rest| rest.rfind(']').and_then(|end| rest.get(..=end))) {
        Some(list) => list,
        None => cell,
    };
    let inner = [('[', ']'), ('(', ')'), ('{', '}')]
        .into_iter()
        .find_map(|(open, close)| cell.strip_prefix(open)?.strip_suffix(close));
    (inner.unwrap_or(cell), inner.is_some())
}

/// A vector in one cell: `[0.1, 0.2]` as Python writes a list, `[0.1 0.2]` as numpy writes an array, also without
/// brackets, or each number with its type (`np.float32(0.1)`).
fn list(cell: &str, values: &mut Vec<f32>) -> Result<(), String> {
    let (inner, _) = inside(cell);
    for part in inner
        .split([',', ';', ' ', '\n', '\r', '\t'])
        .filter(|part| !part.is_empty())
    {
        if part == "..." || part == "…" {
            return Err(
                "its vector was shortened with `...` when it was written; save it with to_parquet or numpy.savez"
                    .to_owned(),
            );
        }
        let bare = part
            .strip_prefix("np.")
            .and_then(|typed| typed.split_once('(')?.1.strip_suffix(')'));
        let value = bare.unwrap_or(part).parse().map_err(|_| {
            let part: String = part.chars().take(20).collect();
            format!("its vector holds `{part}`, which is no number")
        })?;
        values.push(value);
    }
    Ok(())
}
