//! What TensorBoard's projector opens: vectors without a heading, metadata with one.
//!
//! A cell with a quotation mark, a tab or a line end is put into quotes (RFC 4180), as pandas, polars, DuckDB and `csv`
//! read it. The projector knows no quotes: it shows them, and cannot read a name that holds a tab or a line end.

use std::{
    borrow::Cow,
    io::Write,
    path::{Path, PathBuf},
};

use crate::{EmbeddingError, EmbeddingTable};
use mynascope_base::storage::write_atomic;

const COLUMNS: [&str; 8] = [
    "path",
    "label",
    "split",
    "track",
    "timestamp",
    "encoder",
    "level",
    "encoder_hash",
];

/// The columns of earlier versions, whose cells have backslashes before tabs and line ends.
pub(super) const ESCAPED_COLUMNS: [&str; 7] = [
    "path",
    "label",
    "split",
    "track",
    "timestamp",
    "level",
    "encoder",
];

/// Where the metadata of `F.tsv` is written: `F.metadata.tsv`.
pub fn metadata_path(path: &Path) -> PathBuf {
    path.with_extension("metadata.tsv")
}

fn cell(text: &str) -> Cow<'_, str> {
    match text.contains(['"', '\t', '\n', '\r']) {
        true => Cow::Owned(format!("\"{}\"", text.replace('"', "\"\""))),
        false => Cow::Borrowed(text),
    }
}

/// Takes the backslashes of earlier versions out.
pub(super) fn unescape(text: &str) -> String {
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
    let (level, encoder) = (table.level.to_string(), cell(&table.encoder).into_owned());
    write_atomic(&metadata_path(path), |file| {
        let lacks = table.incomplete().next().is_some();
        let more = if lacks { "\tincomplete" } else { "" };
        writeln!(file, "{}{more}", COLUMNS.join("\t"))?;
        for (row, (track, time)) in table.track.iter().zip(&table.timestamps).enumerate() {
            let of = table.track_of(row);
            let name = of.map_or_else(String::new, |of| {
                cell(&of.path.to_string_lossy()).into_owned()
            });
            let label = of
                .and_then(|of| of.label.as_deref())
                .map_or("".into(), cell);
            let split = of
                .and_then(|of| of.split.as_deref())
                .map_or("".into(), cell);
            write!(
                file,
                "{name}\t{label}\t{split}\t{track}\t{time}\t{encoder}\t{level}\t{}",
                cell(&table.encoder_hash)
            )?;
            if lacks {
                let sentence = of.and_then(|of| of.incomplete.as_deref());
                write!(file, "\t{}", sentence.map_or("".into(), cell))?;
            }
            writeln!(file)?;
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
