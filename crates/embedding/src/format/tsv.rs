//! The pair of files that TensorBoard's projector opens: vectors without a header, metadata with one.

use std::{
    fs::File,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
};

use super::{EmbeddingTable, TracksOfRows, damaged, parse_level, unreadable};
use crate::{EmbeddingError, Level};
use mynascope_base::storage::write_atomic;

const COLUMNS: [&str; 7] = [
    "path",
    "label",
    "split",
    "track",
    "timestamp",
    "level",
    "encoder",
];

/// Where the metadata of `F.tsv` stands: `F.metadata.tsv`.
pub fn metadata_path(path: &Path) -> PathBuf {
    path.with_extension("metadata.tsv")
}

/// Tabs and line ends would break the table apart.
fn escape(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('\t', "\\t")
        .replace('\n', "\\n")
        .replace('\r', "\\r")
}

fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        plain.push(match letter {
            '\\' => match letters.next() {
                Some('t') => '\t',
                Some('n') => '\n',
                Some('r') => '\r',
                Some(other) => other,
                None => '\\',
            },
            other => other,
        });
    }
    plain
}

pub(super) fn save(table: &EmbeddingTable, path: &Path) -> Result<(), EmbeddingError> {
    let (level, encoder) = (table.level.to_string(), escape(&table.encoder));
    write_atomic(&metadata_path(path), |file| {
        writeln!(file, "{}", COLUMNS.join("\t"))?;
        for (row, (track, time)) in table.track.iter().zip(&table.timestamps).enumerate() {
            let of = table.track_of(row);
            let name = of.map_or_else(String::new, |of| escape(&of.path.to_string_lossy()));
            let label = of
                .and_then(|of| of.label.as_deref())
                .map_or_else(String::new, escape);
            let split = of
                .and_then(|of| of.split.as_deref())
                .map_or_else(String::new, escape);
            writeln!(
                file,
                "{name}\t{label}\t{split}\t{track}\t{time}\t{level}\t{encoder}"
            )?;
        }
        Ok(())
    })?;
    write_atomic(path, |file| {
        for row in table.iter() {
            for (column, value) in row.iter().enumerate() {
                let gap = if column == 0 { "" } else { "\t" };
                write!(file, "{gap}{value}")?;
            }
            writeln!(file)?;
        }
        Ok(())
    })?;
    Ok(())
}

pub(super) fn load(path: &Path) -> Result<EmbeddingTable, EmbeddingError> {
    let (dim, values) = load_vectors(path)?;
    let metadata = metadata_path(path);
    let rows = values.len() / dim.max(1);
    let lines = BufReader::new(File::open(&metadata).map_err(unreadable(&metadata))?).lines();
    let mut table = EmbeddingTable {
        values,
        ..EmbeddingTable::empty(dim, "unknown".to_owned(), Level::Window)
    };
    let mut tracks = TracksOfRows::default();
    for (number, line) in lines.enumerate() {
        let line = line.map_err(unreadable(&metadata))?;
        let wrong = |what: &str| damaged(&metadata, format!("line {}: {what}", number + 1));
        let cells: Vec<&str> = line.split('\t').collect();
        if number == 0 {
            if cells != COLUMNS {
                return Err(wrong(
                    "the columns are not path, label, split, track, timestamp, level, encoder",
                ));
            }
            continue;
        }
        let &[name, label, split, track, time, level, encoder] = cells.as_slice() else {
            return Err(wrong("it has not seven cells"));
        };
        let track = track.parse().map_err(|_| wrong("its track is no number"))?;
        table.track.push(track);
        table.timestamps.push(
            time.parse()
                .map_err(|_| wrong("its timestamp is no number"))?,
        );
        tracks
            .note(
                track,
                rows,
                [&unescape(name), &unescape(label), &unescape(split)],
            )
            .map_err(|what| wrong(&what))?;
        if number == 1 {
            table.level = parse_level(Some(level), &metadata)?;
            table.encoder = unescape(encoder);
        }
    }
    if table.track.len() != rows {
        return Err(damaged(
            &metadata,
            format!(
                "it has {} rows, but the vectors have {rows}",
                table.track.len()
            ),
        ));
    }
    table.tracks = tracks.finish().map_err(|what| damaged(&metadata, what))?;
    Ok(table)
}

/// The width and the numbers of the vector file.
fn load_vectors(path: &Path) -> Result<(usize, Vec<f32>), EmbeddingError> {
    let lines = BufReader::new(File::open(path).map_err(unreadable(path))?).lines();
    let mut dim = 0;
    let mut values = Vec::new();
    for (number, line) in lines.enumerate() {
        let line = line.map_err(unreadable(path))?;
        let before = values.len();
        for cell in line.split('\t') {
            let value: f32 = cell.parse().map_err(|_| {
                damaged(
                    path,
                    format!("line {} holds something that is no number", number + 1),
                )
            })?;
            values.push(value);
        }
        let width = values.len() - before;
        if number == 0 {
            dim = width;
        }
        if width != dim {
            let what = format!("line {} holds {width} numbers, the first {dim}", number + 1);
            return Err(damaged(path, what));
        }
    }
    if dim == 0 {
        return Err(damaged(path, "it is empty"));
    }
    Ok((dim, values))
}
