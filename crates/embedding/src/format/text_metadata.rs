//! The metadata beside a file of vectors: a row each, with a heading where there are several columns.

use std::{borrow::Cow, collections::BTreeSet, path::Path};

use super::{
    fields::{self, Field, unit_secs},
    rows::{Contents, RowTexts},
    tsv::{ESCAPED_COLUMNS, unescape},
    unreadable, unusable,
};
use crate::EmbeddingError;
use mynascope_base::counted;
use mynascope_collection::{decode_text, say_guessed_encoding, split_words};

/// How the cells are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    /// As TensorBoard's projector reads them: every line is a row, quotes are letters.
    Raw,
    /// As `csv` and pandas write them: quotes may hold tabs and line ends.
    Quoted,
}

/// Adds to vectors what the metadata say of their `rows`.
pub(super) fn load(
    path: &Path,
    rows: usize,
    contents: &mut Contents,
) -> Result<(), EmbeddingError> {
    let bytes = std::fs::read(path).map_err(unreadable(path))?;
    let (text, guessed) = decode_text(&bytes);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let said = guessed.map(|encoding| format!("{name}: {}", say_guessed_encoding(encoding)));
    contents.notes.extend(said);
    let separator = match path.extension() {
        Some(ending) if ending.eq_ignore_ascii_case("csv") => ',',
        _ => '\t',
    };
    let sheet = |style| Sheet {
        text,
        style,
        separator,
    };
    let fits = |count: usize| count == rows || count == rows + 1;
    let (raw, quoted) = (sheet(Style::Raw), sheet(Style::Quoted));
    // Where both give as many rows, quotes are taken away only if every cell that begins with one is in quotes.
    let (sheet, count) = match (raw.count(), quoted.count()) {
        (raw_rows, _) if fits(raw_rows) && !raw.is_in_quotes() => (raw, raw_rows),
        (_, quoted_rows) if fits(quoted_rows) => (quoted, quoted_rows),
        (raw_rows, _) if fits(raw_rows) => (raw, raw_rows),
        (raw_rows, _) => {
            let what = format!(
                "it has {}, but the vectors have {rows}",
                counted(raw_rows.saturating_sub(1), "row")
            );
            return Err(unusable(path, what));
        }
    };
    let columns = match count > rows {
        true => sheet.first(),
        false => Vec::new(),
    };
    if columns.is_empty() && sheet.begins_with_headings() {
        return Err(unusable(
            path,
            format!(
                "it has headings and {}, but the vectors have {rows}",
                counted(rows.saturating_sub(1), "row")
            ),
        ));
    }
    let places = Places::of(&sheet, &columns, rows);
    if columns.is_empty() {
        let said = places.say(&name);
        contents.notes.extend(said);
    }
    let unread = fields::say_unread("columns", &columns, |place| places.uses(place));
    let unread = unread.map(|said| format!("{name}: {said}"));
    contents.notes.extend(unread);
    let escaped = columns == ESCAPED_COLUMNS;
    let plain = |text: &str| match escaped {
        true => unescape(text),
        false => text.to_owned(),
    };
    let mut number = 0_usize;
    let first = usize::from(count > rows);
    sheet.each(|cells| {
        number += 1;
        if number <= first {
            return Ok(());
        }
        let cell = |place: Option<usize>| -> String {
            let cell = place.and_then(|place| cells.get(place));
            cell.map_or_else(String::new, |cell| plain(cell))
        };
        let wrong = |what: &str| unusable(path, format!("line {number}: {what}"));
        if let Some(place) = places.timestamp {
            let text = cell(Some(place));
            let time = match text.trim() {
                "" => Ok(0.0),
                text => text.parse(),
            };
            let time = time.map_err(|_| wrong("its timestamp is no number"))?;
            let name = columns.get(place).map_or("", String::as_str);
            let time: f32 = time * unit_secs(name);
            contents.timestamps.get_or_insert_default().push(time);
        }
        if number == first + 1 {
            contents.encoder = places.encoder.map(|place| cell(Some(place)));
            contents.encoder_hash = places.encoder_hash.map(|place| cell(Some(place)));
            contents.level = places.level.map(|place| cell(Some(place)));
        }
        let pushed = contents.tracks.push(RowTexts {
            index: cell(places.track).trim().parse().ok(),
            path: &cell(places.path),
            label: &cell(places.label),
            split: &cell(places.split),
            incomplete: &cell(places.incomplete),
        });
        pushed.map_err(|what| wrong(&what))
    })
}

#[derive(Clone, Copy)]
struct Sheet<'a> {
    text: &'a str,
    style: Style,
    separator: char,
}

impl<'a> Sheet<'a> {
    /// Calls for each row with its cells.
    fn each<E>(&self, mut take: impl FnMut(&[Cow<'a, str>]) -> Result<(), E>) -> Result<(), E> {
        let mut cells = Vec::new();
        if self.style == Style::Raw {
            for line in self.text.lines() {
                cells.clear();
                cells.extend(line.split(self.separator).map(Cow::Borrowed));
                take(&cells)?;
            }
            return Ok(());
        }
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(self.separator as u8)
            .has_headers(false)
            .flexible(true)
            .from_reader(self.text.as_bytes());
        let mut record = csv::StringRecord::new();
        while reader.read_record(&mut record).unwrap_or(false) {
            cells.clear();
            cells.extend(record.iter().map(|cell| Cow::Owned(cell.to_owned())));
            take(&cells)?;
        }
        Ok(())
    }

    fn count(&self) -> usize {
        let mut count = 0;
        let _: Result<(), ()> = self.each(|_| {
            count += 1;
            Ok(())
        });
        count
    }

    fn first(&self) -> Vec<String> {
        let mut first = Vec::new();
        let _: Result<(), ()> = self.each(|cells| {
            first = cells.iter().map(|cell| cell.trim().to_owned()).collect();
            Err(())
        });
        first
    }

    /// Whether the first line is one of headings, where it might be a row as well.
    fn begins_with_headings(&self) -> bool {
        let names = self.first();
        let fields = [Field::Path, Field::Label, Field::Split, Field::Timestamp];
        let found = fields
            .iter()
            .filter(|field| field.find(&names, |_| true).is_some());
        names.len() > 1 && found.count() > 1
    }

    /// The filled cells of a column, each once.
    fn different(&self, place: usize) -> BTreeSet<String> {
        let mut seen = BTreeSet::new();
        let _: Result<(), ()> = self.each(|cells| {
            let cell = cells.get(place).map_or("", |cell| cell.trim());
            if !cell.is_empty() && !seen.contains(cell) {
                seen.insert(cell.to_owned());
            }
            Ok(())
        });
        seen
    }

    /// Whether there is a cell that begins with a quote, and all that do are in quotes as `csv` writes them.
    fn is_in_quotes(&self) -> bool {
        let mut some = false;
        let all: Result<(), ()> = self.each(|cells| {
            for cell in cells.iter().filter(|cell| cell.starts_with('"')) {
                some = true;
                let inner = cell
                    .strip_prefix('"')
                    .and_then(|cell| cell.strip_suffix('"'));
                let whole = inner.is_some_and(|inner| !inner.replace("\"\"", "").contains('"'));
                if !whole {
                    return Err(());
                }
            }
            Ok(())
        });
        some && all.is_ok()
    }
}

#[derive(Default)]
struct Places {
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
    fn uses(&self, place: usize) -> bool {
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
        single.contains(&Some(place))
    }

    /// By the heading; a single column, and the first one without a known name, is of paths or of labels.
    fn of(sheet: &Sheet<'_>, columns: &[String], rows: usize) -> Self {
        let mut places = Self::default();
        // The first row of values tells numbers from names.
        let mut first = Vec::new();
        let mut number = 0;
        let _: Result<(), ()> = sheet.each(|cells| {
            number += 1;
            if number <= usize::from(!columns.is_empty()) {
                return Ok(());
            }
            first = cells.iter().map(|cell| cell.trim().to_owned()).collect();
            Err(())
        });
        let numeric = |place: usize| {
            first
                .get(place)
                .is_some_and(|cell: &String| cell.parse::<f64>().is_ok())
        };
        if !columns.is_empty() {
            places.path = Field::Path
                .find(columns, |place| !numeric(place))
                .or_else(|| Field::find_ids(columns, numeric));
            places.label = Field::Label.find(columns, |_| true);
            places.split = Field::Split.find(columns, |_| true);
            let (track, path) = (Field::Track.find(columns, numeric), places.path);
            places.track = track.filter(|_| track != path);
            places.timestamp = Field::Timestamp.find(columns, numeric);
            places.encoder = Field::Encoder.find(columns, |place| !numeric(place));
            places.encoder_hash = Field::EncoderHash.find(columns, |place| !numeric(place));
            places.level = Field::Level.find(columns, |place| !numeric(place));
            places.incomplete = Field::Incomplete.find(columns, |_| true);
        }
        if columns.is_empty() && first.len() > 1 {
            return Self::of_unnamed(sheet, first.len());
        }
        if places.path.is_none() && places.label.is_none() {
            let mut paths = rows > 0;
            let mut number = 0;
            let _: Result<(), ()> = sheet.each(|cells| {
                number += 1;
                let heading = number <= usize::from(!columns.is_empty());
                paths &= heading || cells.first().is_some_and(|cell| is_sound(cell));
                Ok(())
            });
            match paths {
                true => places.path = Some(0),
                false => places.label = Some(0),
            }
        }
        places
    }

    /// Of several columns without headings, by what stands in them: paths of sounds, words of a split, and the first other
    /// column of words that come again, or else of words, as the labels.
    fn of_unnamed(sheet: &Sheet<'_>, width: usize) -> Self {
        let mut places = Self::default();
        let (mut words, mut numbers) = (Vec::new(), Vec::new());
        let all = (0..width).map(|place| (place, sheet.different(place)));
        for (place, cells) in all.filter(|(_, cells)| !cells.is_empty()) {
            if cells.iter().all(|cell| cell.parse::<f64>().is_ok()) {
                numbers.push((place, cells.len()));
            } else if places.path.is_none() && cells.iter().all(|cell| is_sound(cell)) {
                places.path = Some(place);
            } else if places.split.is_none() && split_words(&cells).0.len() == cells.len() {
                places.split = Some(place);
            } else {
                words.push((place, cells.len()));
            }
        }
        let rows = sheet.count();
        let comes_again = |(_, different): &&(usize, usize)| *different < rows;
        let label = words.iter().find(comes_again).or(words.first());
        let label = label.or_else(|| numbers.iter().find(comes_again));
        places.label = label.map(|(place, _)| *place);
        places
    }

    /// What was taken for what of several columns without headings.
    fn say(&self, name: &str) -> Option<String> {
        let read = [
            (self.path, "the path"),
            (self.label, "the label"),
            (self.split, "the part of the split"),
        ];
        let read = read.into_iter();
        let read: Vec<String> = read
            .filter_map(|(place, what)| Some(format!("column {} as {what}", place? + 1)))
            .collect();
        (read.len() > 1).then(|| format!("{name} has no headings; read are {}", read.join(", ")))
    }
}

pub(super) fn is_sound(cell: &str) -> bool {
    let ending = Path::new(cell.trim()).extension().unwrap_or_default();
    mynascope_audio::EXTENSIONS
        .iter()
        .any(|known| ending.eq_ignore_ascii_case(known))
}
