//! Tables as text: vectors with their metadata in a second file, as TensorBoard's projector takes them, or one file with
//! a heading, as pandas and DuckDB write it. Tabs, commas, semicolons or (in matrices of numpy) spaces part the cells.

use std::{collections::BTreeSet, io::BufRead, path::Path};

use super::{
    MOST_DIM,
    fields::{self, Field},
    no_vectors,
    rows::{Contents, RowTexts},
    text_lines::{Decimals, Gap, Sniffed, metadata_of, number_of, open, reader, wrong_text},
    text_metadata, unreadable, unusable,
};
use crate::EmbeddingError;
use mynascope_base::counted;
use mynascope_collection::{OldEncoding, say_guessed_encoding};

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
    let Ok(Some(places)) = Places::of(path, names, &sniffed) else {
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
    incomplete: Option<usize>,
}

impl Places {
    /// By the usual names, and by what the first row holds; none without vectors.
    fn of(
        path: &Path,
        names: &[String],
        sniffed: &Sniffed,
    ) -> Result<Option<Self>, EmbeddingError> {
        let gap = sniffed.gap;
        let mut records = reader(path, gap.byte())?.into_byte_records();
        let first = records.nth(sniffed.heading_rows);
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
        let incomplete = find(Field::Incomplete, &|_| true);
        Ok(Some(Self {
            path,
            label,
            split,
            track,
            timestamp,
            encoder,
            encoder_hash,
            level,
            incomplete,
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
            self.incomplete,
        ];
        let single = single.into_iter().flatten();
        single.chain(self.embedding.iter().copied()).collect()
    }
}

/// A file with a heading.
fn load_columns(path: &Path, sniffed: &Sniffed) -> Result<Contents, EmbeddingError> {
    let names = sniffed.heading.as_deref().unwrap_or_default();
    let places =
        Places::of(path, names, sniffed)?.ok_or_else(|| no_vectors(path, "columns", names))?;
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
        .skip(sniffed.heading_rows);
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
            incomplete: &cell(places.incomplete),
        });
        pushed.map_err(wrong)?;
    }
    Ok(contents)
}

/// Numbers with decimal commas beside numbers with points: a comma might part thousands.
const MIXED: &str =
    "some numbers have a decimal comma and others a decimal point; write them all with a point";

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
