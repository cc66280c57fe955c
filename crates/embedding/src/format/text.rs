//! Tables as text: vectors with their metadata in a second file, as TensorBoard's projector takes them, or one file with
//! a heading, as pandas and DuckDB write it. Tabs, commas, semicolons, another sign that is none of numbers, or (in matrices
//! of numpy) spaces part the cells.

use std::{collections::BTreeSet, io::BufRead, path::Path};

use super::{
    MOST_DIM,
    content::Content,
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
        Some(_) => return load_columns(path, sniffed),
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

/// Whether a `.tsv` or `.csv` file holds vectors and not a list of tracks: another kind of table under this name, numbers without a heading, a column of lists,
/// or a numbered series of at least eight columns of numbers. Looks at its first two lines.
pub fn is_text_table(path: &Path) -> bool {
    let ending = path.extension().unwrap_or_default();
    if !["tsv", "csv"]
        .iter()
        .any(|known| ending.eq_ignore_ascii_case(known))
    {
        return false;
    }
    match Content::of(path) {
        Content::Parquet | Content::Npy | Content::Zip | Content::Safetensors => return true,
        _ => {}
    }
    let Ok(sniffed) = Sniffed::of(path) else {
        return false;
    };
    let Some(names) = &sniffed.heading else {
        return sniffed.cells > 1 || metadata_of(path).is_some();
    };
    if sniffed.is_headless && sniffed.is_numbers {
        return true;
    }
    let Ok(Some(places)) = Places::of(path, names, &sniffed) else {
        return false;
    };
    match places.embedding.as_slice() {
        [_] => places.in_one_cell,
        // A list of tracks with a row of marks has no heading either.
        _ if sniffed.is_headless && !sniffed.has_fractions => false,
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
    /// Where no column holds paths or ids, one that may name the rows: an index of pandas, or titles.
    index: Option<usize>,
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
            let mut is_bare = || list(&cell(place), &mut values).is_ok() && values.len() > 1;
            (bracketed || !has_thousands(&cell(place)) && is_bare()) && !is_number(place)
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
        let whole_number = |place: usize| {
            let number = cell(place).trim().parse::<f64>();
            number.is_ok_and(|number| number.fract() == 0.0)
        };
        let find = |field: Field, test: &dyn Fn(usize) -> bool| {
            field.find(names, |place| free(&place) && test(place))
        };
        let ids = || Field::find_ids(names, |place| free(&place) && whole_number(place));
        let path = find(Field::Path, &is_text).or_else(ids);
        let may_name = |place: &usize| {
            let name = names.get(*place);
            name.is_some_and(|name| fields::may_name(name)) && free(place)
        };
        let index = (0..names.len()).find(may_name);
        let label = find(Field::Label, &|_| true);
        let split = find(Field::Split, &|_| true);
        let (track, timestamp) = (
            find(Field::Track, &|place| whole(place) && Some(place) != path),
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
            index: index.filter(|_| path.is_none()),
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
            self.index,
        ];
        let single = single.into_iter().flatten();
        single.chain(self.embedding.iter().copied()).collect()
    }
}

/// Why columns whose first cells are no numbers hold no vectors: what may have been meant for one is named.
fn no_numbers(
    path: &Path,
    names: &[String],
    sniffed: &Sniffed,
) -> Result<EmbeddingError, EmbeddingError> {
    let mut records = reader(path, sniffed.gap.byte())?.into_byte_records();
    let first = records.nth(sniffed.heading_rows).and_then(Result::ok);
    let cells = first.iter().flat_map(|first| first.iter());
    let almost = names.iter().zip(cells).find_map(|(name, cell)| {
        let cell = String::from_utf8_lossy(cell).trim().to_owned();
        (!Field::is_claimed(name) && is_almost_number(&cell)).then_some((name, cell))
    });
    Ok(match almost {
        Some((name, cell)) => {
            let cell: String = cell.chars().take(20).collect();
            unusable(
                path,
                format!(
                    "it holds no vectors: its column {name} begins with `{cell}`, which {NO_NUMBER}"
                ),
            )
        }
        None => no_vectors(path, "columns", names),
    })
}

/// What of a cell is to be mended that looks like a number and is none.
const NO_NUMBER: &str = "is read as text; write its numbers with a decimal point and with nothing between thousands, as 1234.5";

/// Whether commas stand in a text as between the thousands of one number: `1,234.5`.
fn has_thousands(cell: &str) -> bool {
    let cell = cell.trim().trim_start_matches(['-', '+']);
    let whole = cell.split_once('.').map_or(cell, |(whole, _)| whole);
    let are_digits = |group: &str| group.bytes().all(|digit| digit.is_ascii_digit());
    let Some((first, rest)) = whole.split_once(',') else {
        return false;
    };
    let mut rest = rest.split(',');
    (1..=3).contains(&first.len())
        && are_digits(first)
        && rest.all(|group| group.len() == 3 && are_digits(group))
}

/// Whether a text is a number but for signs between its digits.
fn is_almost_number(cell: &str) -> bool {
    let cell = cell.trim().trim_start_matches(['-', '+']);
    let is_sign = |letter: char| letter.is_ascii_digit() || ".,' _\u{a0}\u{202f}%".contains(letter);
    cell.contains(|letter: char| letter.is_ascii_digit())
        && cell.chars().all(is_sign)
        && cell.parse::<f32>().is_err()
}

/// A file with a heading, or with columns that are known by what they hold.
fn load_columns(path: &Path, sniffed: Sniffed) -> Result<Contents, EmbeddingError> {
    let names = sniffed.heading.as_deref().unwrap_or_default();
    let Some(places) = Places::of(path, names, &sniffed)? else {
        return Err(no_numbers(path, names, &sniffed)?);
    };
    let left = match places.in_one_cell {
        true => None,
        false => fields::left_of_series(names, &places.embedding),
    };
    let encoding = OldEncoding::guess(open(path)?).map_err(unreadable(path))?;
    let mut contents = Contents::default();
    contents.notes.extend(sniffed.said.clone());
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
            let first = match sniffed.is_headless {
                true => "first row",
                false => "heading",
            };
            let what = format!(
                "it has {cells}, the {first} {}; give each row as many",
                names.len()
            );
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
                "" => wrong(format!(
                    "its cell {} is empty; fill it in or take the row out",
                    name(place)
                )),
                other => {
                    let short: String = other.chars().take(20).collect();
                    let what = match is_almost_number(other) {
                        true => NO_NUMBER,
                        false => "is no number; correct it or take the row out",
                    };
                    wrong(format!(
                        "its cell {} holds `{short}`, which {what}",
                        name(place)
                    ))
                }
            })
        };
        // A dimension whose first cell is none would be missing in all rows.
        if let Some(place) = left.filter(|_| row == 0) {
            let cell = text(place);
            if cell.trim().is_empty() || is_almost_number(&cell) {
                number(place, &cell)?;
            }
        }
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
        if let Some(place) = places.index {
            contents.index.push(text(place).into_owned());
        }
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

/// Whether a cell holds a vector, in brackets.
pub(super) fn is_vector(cell: &str) -> bool {
    let mut values = Vec::new();
    inside(cell).1 && list(cell, &mut values).is_ok() && !values.is_empty()
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
