//! Columns of the folders that a list's files lie in, where it has the names of the files in another one.

use super::{
    TRIED_ROWS,
    columns::Columns,
    paths::{Finder, Found},
};
use crate::{
    CollectionError,
    table::{Row, Table},
    text::is_nothing,
};

/// Columns that are tried as folders, whatever their heading, ...
const MOST_COLUMNS: usize = 64;
/// ... and those that are tried in pairs (`artist/album/file`).
const MOST_OF_PAIRS: usize = 8;

/// The path that a row means: the folders that columns name, and the name of the file.
fn joined(row: &Row<'_>, folders: &[usize], words: &str) -> Option<String> {
    let mut path = String::new();
    for &place in folders {
        let folder = row.at(place).filter(|folder| !is_nothing(folder))?;
        path.push_str(folder.trim_end_matches(['/', '\\']));
        path.push('/');
    }
    Some(path + words.trim_start_matches(['/', '\\']))
}

/// The file of a row, where other columns may name its folder.
pub(super) fn find(
    finder: &mut Finder<'_>,
    row: &Row<'_>,
    words: &str,
    folders: &[usize],
) -> Result<Found, CollectionError> {
    match joined(row, folders, words).filter(|_| !folders.is_empty()) {
        Some(path) => finder.find_in(&path, words),
        None => finder.find(words),
    }
}

/// How a list's names of files become paths.
pub(super) struct Folders<'a> {
    table: &'a Table,
    file: usize,
    rows: Vec<(Row<'a>, &'a str)>,
}

impl<'a> Folders<'a> {
    /// Of a column of files, by its first rows.
    pub(super) fn of(table: &'a Table, file: usize) -> Self {
        let fields = table
            .rows()
            .filter_map(|row| Some((row, row.at(file)?)))
            .filter(|(_, words)| !is_nothing(words));
        Self {
            table,
            file,
            rows: fields.take(TRIED_ROWS).collect(),
        }
    }

    /// Whether files are found by what stands in their column alone.
    pub(super) fn finds_alone(&self, finder: &mut Finder<'_>) -> Result<bool, CollectionError> {
        for (_, words) in &self.rows {
            if finder.find(words)?.is_here() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The column with the heading of one of folders in which most files are found that are not found, or elsewhere, by
    /// their names alone.
    pub(super) fn headed(
        &self,
        columns: &Columns,
        finder: &mut Finder<'_>,
    ) -> Result<Vec<usize>, CollectionError> {
        let mut best = (0, Vec::new());
        for &place in columns.folders.iter().filter(|&&it| it != self.file) {
            let mut led = 0;
            for (row, words) in &self.rows {
                let found = find(finder, row, words, &[place])?;
                led += usize::from(found.is_here() && found != finder.find(words)?);
            }
            if led > best.0 {
                best = (led, vec![place]);
            }
        }
        Ok(best.1)
    }

    /// The columns, whatever their headings, that make paths of names which do not lead to their files by themselves:
    /// `genre` and `file` may be `rock/1.wav`.
    pub(super) fn unheaded(&self, finder: &mut Finder<'_>) -> Result<Vec<usize>, CollectionError> {
        let mut is_named = true;
        for (_, words) in &self.rows {
            is_named &= matches!(finder.find(words)?, Found::Named(_));
        }
        if is_named {
            return Ok(Vec::new());
        }
        let width = self.table.names().len().min(MOST_COLUMNS);
        let others: Vec<usize> = (0..width).filter(|&place| place != self.file).collect();
        let one = others.iter().map(|&place| vec![place]).collect();
        let found = self.most_led(one, finder);
        if !found.is_empty() {
            return Ok(found);
        }
        let first = others.get(..MOST_OF_PAIRS).unwrap_or(&others);
        let pairs = first.iter().flat_map(|&outer| {
            let inner = first.iter().filter(move |&&inner| inner != outer);
            inner.map(move |&inner| vec![outer, inner])
        });
        Ok(self.most_led(pairs.collect(), finder))
    }

    /// Of some ways to the files the one by which most of them lie where it says.
    fn most_led(&self, ways: Vec<Vec<usize>>, finder: &mut Finder<'_>) -> Vec<usize> {
        let mut best = (0, Vec::new());
        for way in ways {
            let paths = self
                .rows
                .iter()
                .filter_map(|(row, words)| joined(row, &way, words));
            let led = paths.filter(|path| finder.lies_at(path)).count();
            if led > best.0 {
                best = (led, way);
            }
        }
        best.1
    }
}
