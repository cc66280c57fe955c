//! Annotations in rows and columns, and collections that are listed in such a file.

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
};

use super::usable;
use crate::{Collection, CollectionError, CollectionKind, Split, Track, key_name, parse_key, walk};

/// Larger tables are no annotations; those of MagnaTagATune have 13 MB.
const LARGEST_BYTES: u64 = 64 << 20;

/// A table with a header, held in memory.
pub(super) struct Table {
    path: PathBuf,
    names: Vec<String>,
    rows: Vec<csv::StringRecord>,
}

/// One row of a table.
pub(super) struct Row<'a> {
    table: &'a Table,
    record: &'a csv::StringRecord,
}

impl<'a> Row<'a> {
    /// The trimmed field of a named column; `None` where the table or the row lacks it.
    pub(super) fn get(&self, name: &str) -> Option<&'a str> {
        let column = self.table.names.iter().position(|other| other == name)?;
        self.at(column)
    }

    /// The trimmed field of a column.
    pub(super) fn at(&self, column: usize) -> Option<&'a str> {
        self.record.get(column).map(str::trim)
    }
}

impl Table {
    /// Reads a table; bytes that are no UTF-8 become the replacement character.
    pub(super) fn read(path: &Path, delimiter: u8) -> Result<Self, CollectionError> {
        let unreadable = |source| CollectionError::Unreadable {
            source,
            path: path.to_path_buf(),
        };
        let mut bytes = Vec::new();
        let file = fs::File::open(path).map_err(unreadable)?;
        file.take(LARGEST_BYTES + 1)
            .read_to_end(&mut bytes)
            .map_err(unreadable)?;
        let wrong = |line: u64, why: String| CollectionError::Labels {
            line: line as usize,
            why,
            path: path.to_path_buf(),
        };
        if bytes.len() as u64 > LARGEST_BYTES {
            let most = LARGEST_BYTES >> 20;
            return Err(wrong(1, format!("the table is larger than {most} MiB")));
        }
        let text = String::from_utf8_lossy(&bytes);
        let text = text.trim_start_matches('\u{feff}');
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .flexible(true)
            .from_reader(text.as_bytes());
        let line_of = |error: &csv::Error| error.position().map_or(1, csv::Position::line);
        let names = reader
            .headers()
            .map_err(|error| wrong(line_of(&error), error.to_string()))?
            .iter()
            .map(|name| name.trim().to_owned())
            .collect();
        let rows = reader
            .records()
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| wrong(line_of(&error), error.to_string()))?;
        Ok(Self {
            path: path.to_path_buf(),
            names,
            rows,
        })
    }

    /// As [`Table::read`]; `None` if there is no such file.
    pub(super) fn read_if_there(
        path: &Path,
        delimiter: u8,
    ) -> Result<Option<Self>, CollectionError> {
        if path.is_file() {
            Self::read(path, delimiter).map(Some)
        } else {
            Ok(None)
        }
    }

    /// The names of the columns of a table on disk; only its beginning is read.
    pub(super) fn header(path: &Path, delimiter: u8) -> Option<Vec<String>> {
        if !fs::metadata(path).ok()?.is_file() {
            return None;
        }
        let beginning = fs::File::open(path).ok()?.take(1 << 16);
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .from_reader(beginning);
        let names = reader.headers().ok()?.iter();
        Some(names.map(|name| name.trim().to_owned()).collect())
    }

    /// Fails if a column is missing.
    pub(super) fn needs(&self, names: &[&str]) -> Result<(), CollectionError> {
        match names.iter().find(|name| !self.has(name)) {
            None => Ok(()),
            Some(name) => Err(CollectionError::Labels {
                line: 1,
                why: format!("there is no column `{name}`"),
                path: self.path.clone(),
            }),
        }
    }

    fn has(&self, name: &str) -> bool {
        self.names.iter().any(|other| other == name)
    }

    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|record| Row {
            table: self,
            record,
        })
    }
}

/// Names that the column of the files may have, the likeliest first.
const FILE: [&str; 4] = ["file", "path", "filename", "file_path"];
/// Names that the column of the labels may have.
const LABEL: [&str; 4] = ["label", "genre", "style", "class"];

/// Reads a collection that is listed in a table (`.csv` with commas, `.tsv` with tabs): a column `file` (or `path`,
/// `filename`, `file_path`) and, where they are there, `label` (or `genre`, `style`, `class`), `title`, `key`,
/// `tempo_bpm`, `tags` (parted by semicolons), `arousal`, `valence` (1 to 9) and `split` (`train`, `valid` or `val`,
/// `test`). Relative paths begin at the table's folder. What is missing or cannot be read is a row with its reason.
pub(crate) fn read_listed(path: &Path) -> Result<Collection, CollectionError> {
    let is_tsv = path
        .extension()
        .is_some_and(|kind| kind.eq_ignore_ascii_case("tsv"));
    let table = Table::read(path, if is_tsv { b'\t' } else { b',' })?;
    let column = |names: &[&'static str]| names.iter().copied().find(|name| table.has(name));
    let Some(file) = column(&FILE) else {
        table.needs(&FILE[..1])?;
        return Err(CollectionError::NoPath);
    };
    let label = column(&LABEL);
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut split = Split::default();
    let mut tracks = Vec::with_capacity(table.rows.len());
    for row in table.rows() {
        let Some(name) = row.get(file).filter(|name| !name.is_empty()) else {
            continue;
        };
        match row.get("split") {
            Some("train") => split.train.push(tracks.len()),
            Some("valid" | "val" | "validation") => split.valid.push(tracks.len()),
            Some("test") => split.test.push(tracks.len()),
            _ => {}
        }
        tracks.push(listed_track(&row, &folder.join(name), label));
    }
    Ok(Collection {
        name: Track::of_file(path).title,
        kind: CollectionKind::Listed,
        tracks,
        split: usable(split),
        notes: Vec::new(),
    })
}

fn listed_track(row: &Row<'_>, path: &Path, label: Option<&str>) -> Track {
    let text = |name: &str| row.get(name).filter(|text| !text.is_empty());
    let number = |name: &str, low: f32, high: f32| {
        let value: f32 = text(name)?.parse().ok()?;
        (low..=high).contains(&value).then_some(value)
    };
    let key = text("key").and_then(parse_key);
    let known = Track::of_file(path);
    let problem = if path.is_file() {
        walk::problem_of(path).or_else(|| {
            let other = matches!(walk::sort_of(path), walk::Sort::Other);
            other.then(|| "not a file of a known sound format".to_owned())
        })
    } else {
        Some("named in the table, but there is no such file; correct the path".to_owned())
    };
    Track {
        title: text("title").map_or(known.title, str::to_owned),
        path: known.path,
        label: label
            .and_then(text)
            .map(str::to_owned)
            .or_else(|| key.and_then(key_name).map(str::to_owned)),
        key,
        tempo_bpm: number("tempo_bpm", 1.0, 1000.0),
        tags: text("tags")
            .unwrap_or_default()
            .split(';')
            .map(str::trim)
            .filter(|tag| !tag.is_empty())
            .map(str::to_owned)
            .collect(),
        emotion: number("arousal", 1.0, 9.0)
            .zip(number("valence", 1.0, 9.0))
            .map(|(arousal, valence)| [arousal, valence]),
        duration_secs: None,
        codec: None,
        problem,
        warning: None,
    }
}
