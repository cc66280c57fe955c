//! Annotations and lists in rows and columns, however they were saved: any usual encoding, any separator, and JSON.

mod bytes;
mod cells;
mod kaldi;
mod shape;
mod signs;

use std::{
    borrow::Cow,
    fs,
    path::{Path, PathBuf},
};

use mynascope_audio::is_audio_path;

use self::bytes::{bytes_of, no_text};
use self::shape::{Lines, SAMPLE_LINES, Shape};
pub(crate) use self::{bytes::unpacked_name, cells::Cells, kaldi::is_beside_list};
use super::{CollectionError, structured, text::decode_text};

/// Larger tables are no annotations; those of MagnaTagATune have 13 MB.
const LARGEST_BYTES: u64 = 64 << 20;

/// A table with a header, held in memory.
pub(crate) struct Table {
    path: PathBuf,
    names: Vec<String>,
    cells: Cells,
    separator: u8,
    /// Whether the first line was a row and not headings; then the names are empty.
    pub(crate) is_headless: bool,
    /// The old encoding that the file was taken to be in, where it is neither UTF-8 nor UTF-16.
    pub(crate) guessed_encoding: Option<&'static str>,
}

/// One row of a table.
#[derive(Clone, Copy)]
pub(crate) struct Row<'a> {
    table: &'a Table,
    place: usize,
}

impl<'a> Row<'a> {
    /// The trimmed field of a named column; `None` where the table or the row lacks it.
    pub(crate) fn get(&self, name: &str) -> Option<&'a str> {
        let column = self.table.names.iter().position(|other| other == name)?;
        self.at(column)
    }

    /// The trimmed field of a column.
    pub(crate) fn at(&self, column: usize) -> Option<&'a str> {
        self.table.cells.field(self.place, column).map(str::trim)
    }

    /// The trimmed fields from a column on.
    pub(crate) fn from(&self, column: usize) -> impl Iterator<Item = &'a str> + Clone + use<'a> {
        self.table.cells.fields(self.place, column).map(str::trim)
    }

    /// How many fields there are.
    pub(crate) fn len(&self) -> usize {
        self.table.cells.width(self.place)
    }

    /// Whether every field is empty.
    pub(crate) fn is_blank(&self) -> bool {
        self.from(0).all(str::is_empty)
    }

    /// Its line in the file, from 1.
    pub(crate) fn line(&self) -> u64 {
        self.table.cells.line(self.place)
    }
}

impl Table {
    /// Reads a table. The separator is the one that gives most headings that are `known`, else the one that the first
    /// lines have most of.
    ///
    /// Fails if the file cannot be read or is no table.
    pub(crate) fn read(path: &Path, known: fn(&str) -> bool) -> Result<Self, CollectionError> {
        let bytes = bytes_of(path, LARGEST_BYTES + 1)?;
        let wrong = |line: u64, why: String| CollectionError::Labels {
            line: line as usize,
            why,
            path: path.to_path_buf(),
        };
        if bytes.len() as u64 > LARGEST_BYTES {
            let most = LARGEST_BYTES >> 20;
            return Err(wrong(
                1,
                format!("the table is larger than {most} MiB; split it into several"),
            ));
        }
        if let Some(why) = no_text(&bytes) {
            return Err(wrong(1, why.to_owned()));
        }
        let (text, guessed_encoding) = decode_text(&bytes);
        drop(bytes);
        let table = Self {
            path: path.to_path_buf(),
            names: Vec::new(),
            cells: Cells::default(),
            separator: b'\t',
            is_headless: false,
            guessed_encoding,
        };
        let named = unpacked_name(path);
        let structured = match kaldi::read(&named, &text) {
            Some(read) => Some(Ok(read)),
            None => structured::read(&named, &text),
        };
        match structured {
            Some(read) => {
                let (names, cells) = read.map_err(|(line, why)| wrong(line, why))?;
                Ok(Self {
                    is_headless: !names.is_empty() && names.iter().all(String::is_empty),
                    names,
                    cells,
                    ..table
                })
            }
            None => table.with_fields_of(&text, known, &wrong),
        }
    }

    /// The table with the fields of the lines of a text.
    fn with_fields_of(
        self,
        text: &str,
        known: fn(&str) -> bool,
        wrong: &dyn Fn(u64, String) -> CollectionError,
    ) -> Result<Self, CollectionError> {
        let folder = self.path.parent().unwrap_or(Path::new(""));
        let text = with_line_ends(text);
        let (shape, text) = Shape::of(&text, folder, known);
        let text = &*shape.prepared(text);
        let mut reader = shape.reader(text);
        let mut lines = Lines::of(text, shape.lines_before);
        let mut cells = Cells::default();
        let mut record = csv::StringRecord::new();
        loop {
            let read = reader.read_record(&mut record).map_err(|error| {
                let start = error.position().map_or(0, csv::Position::byte);
                wrong(
                    lines.line_at(start),
                    "it cannot be read as fields".to_owned(),
                )
            })?;
            if !read {
                break;
            }
            let start = record.position().map_or(0, csv::Position::byte);
            cells.push(lines.line_at(start), record.iter());
        }
        cells.shrink();
        // The rest of the file is one field then.
        if shape.quoted
            && text.bytes().filter(|&byte| byte == b'"').count() % 2 == 1
            && let Some(last) = cells.len().checked_sub(1)
            && cells
                .fields(last, 0)
                .last()
                .is_some_and(|it| it.contains('\n'))
        {
            return Err(wrong(
                cells.line(last),
                "a quotation mark that is opened here is never closed".to_owned(),
            ));
        }
        // A sheet may have a title above its headings.
        let knows = |row: usize| {
            let known = |name: &&str| known(&heading(name));
            cells.fields(row, 0).filter(known).count()
        };
        let mut first = (0..cells.len()).take(SAMPLE_LINES);
        if let Some(titles) = first.position(|row| knows(row) > 1)
            && !(0..titles).any(|row| has_sound(&cells, row) || knows(row) > 0)
        {
            // Of headings of several levels, as pandas writes them, the last one names the columns.
            let is_level = |row: &usize| knows(*row) > 1 && !has_sound(&cells, *row);
            let levels = (titles + 1..cells.len()).take_while(is_level).count();
            cells.drop_first(titles + levels);
        }
        let is_headless = cells.len() > 0 && has_sound(&cells, 0);
        let names = match is_headless {
            true => vec![String::new(); cells.width(0)],
            false => {
                let names = cells.fields(0, 0).map(heading).collect();
                cells.drop_first(1);
                names
            }
        };
        Ok(Self {
            names,
            cells,
            separator: shape.separator,
            is_headless,
            ..self
        })
    }

    /// As [`Table::read`]; `None` if there is no such file.
    pub(crate) fn read_if_there(
        path: &Path,
        known: fn(&str) -> bool,
    ) -> Result<Option<Self>, CollectionError> {
        if path.is_file() {
            Self::read(path, known).map(Some)
        } else {
            Ok(None)
        }
    }

    /// The names of the columns of a table on disk; only its beginning is read.
    pub(crate) fn header(path: &Path, known: fn(&str) -> bool) -> Option<Vec<String>> {
        if !fs::metadata(path).ok()?.is_file() {
            return None;
        }
        let bytes = bytes_of(path, 1 << 16).ok()?;
        // A multiple of four bytes, so that UTF-16 and UTF-32 are cut between their units; UTF-8 that is cut within a letter is still
        // that.
        let (text, _) = match std::str::from_utf8(&bytes) {
            Err(error) if error.error_len().is_none() => {
                decode_text(bytes.get(..error.valid_up_to())?)
            }
            _ => decode_text(&bytes),
        };
        let text = with_line_ends(&text);
        let (shape, text) = Shape::of(&text, path.parent().unwrap_or(Path::new("")), known);
        let text = shape.prepared(text);
        let first = shape.reader(&text).records().next()?.ok()?;
        Some(first.iter().map(heading).collect())
    }

    /// Fails if a column is missing.
    pub(crate) fn needs(&self, names: &[&str]) -> Result<(), CollectionError> {
        match names.iter().find(|name| !self.has(name)) {
            None => Ok(()),
            Some(name) => Err(CollectionError::Labels {
                line: 1,
                why: format!("there is no column `{name}`; there are {}", self.headings()),
                path: self.path.clone(),
            }),
        }
    }

    fn has(&self, name: &str) -> bool {
        self.names.iter().any(|other| other == name)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// Whether fields are parted by commas, so that a comma in a number is none.
    pub(crate) fn has_commas(&self) -> bool {
        self.separator == b','
    }

    /// The headings for messages, the first of them where there are many.
    pub(crate) fn headings(&self) -> String {
        const NAMED: usize = 12;
        const LONGEST: usize = 40;
        let named = self.names.iter().enumerate().take(NAMED);
        let named = named.map(|(place, name)| {
            let shown = name.chars().filter(|letter| !letter.is_control());
            let cut: String = shown.take(LONGEST).collect();
            match cut.is_empty() {
                true => format!("field {}", place + 1),
                false => format!("`{cut}`"),
            }
        });
        let mut text = named.collect::<Vec<_>>().join(", ");
        if self.names.len() > NAMED {
            text.push_str(&format!(" and {} more", self.names.len() - NAMED));
        }
        text
    }

    /// The headings as a sentence, or that there are none.
    pub(crate) fn say_headings(&self) -> String {
        match self.is_headless {
            true => format!(
                "there are no headings but {} in the first row",
                mynascope_base::counted(self.names.len(), "field")
            ),
            false => format!("the headings are {}", self.headings()),
        }
    }

    /// A column for messages: its heading, or its place where it has none.
    pub(crate) fn column_name(&self, place: usize) -> String {
        match self.names.get(place).map_or("", String::as_str) {
            "" => format!("field {}", place + 1),
            name => format!("`{name}`"),
        }
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = Row<'_>> + Clone {
        (0..self.cells.len()).map(|place| Row { table: self, place })
    }
}

/// Whether a row names a sound.
fn has_sound(cells: &Cells, row: usize) -> bool {
    let mut fields = cells.fields(row, 0);
    fields.any(|field| is_audio_path(Path::new(field.trim())))
}

/// A text whose rows end in ASCII's own sign for that, with line ends.
fn with_line_ends(text: &str) -> Cow<'_, str> {
    const UNIT: char = '\u{1f}';
    const RECORD: char = '\u{1e}';
    match text.contains(UNIT) && text.contains(RECORD) {
        true => text
            .replace("\u{1e}\r\n", "\n")
            .replace("\u{1e}\n", "\n")
            .replace(RECORD, "\n")
            .into(),
        false => text.into(),
    }
}

fn heading(name: &str) -> String {
    name.trim().trim_start_matches('#').trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Table {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), text).unwrap();
        Table::read(file.path(), |name| {
            ["file", "label", "tags"].contains(&name)
        })
        .unwrap()
    }

    fn all(table: &Table) -> Vec<Vec<&str>> {
        table.rows().map(|row| row.from(0).collect()).collect()
    }

    #[test]
    fn any_separator_is_seen_from_the_first_lines() {
        for separator in [",", ";", "\t", "|", "^", "~"] {
            let lines = ["file,label", "a.wav,rock", "\"b c.wav\",dub"];
            let text = lines.map(|line| line.replace(',', separator)).join("\r\n");
            let table = read(&text);
            assert_eq!(table.names(), ["file", "label"], "{separator}");
            assert_eq!(all(&table), [["a.wav", "rock"], ["b c.wav", "dub"]]);
        }
        // What holds many of another sign is no table of that sign.
        let table = read("file,tags\na.wav,x;y;z\nb.wav,u;v;w\n");
        assert_eq!(all(&table), [["a.wav", "x;y;z"], ["b.wav", "u;v;w"]]);
        let table = read("path;mood, place\na.wav;x, y\n");
        assert_eq!(table.names(), ["path", "mood, place"]);
        let table = read("~/music/a.wav,rock\n~/music/b.wav,dub\n");
        assert_eq!(all(&table)[1], ["~/music/b.wav", "dub"]);
    }

    #[test]
    fn quotation_marks_behind_a_space_are_marks_too() {
        let table =
            read("file, label, tags\na.wav, \"rock, loud\", \"a \"\"b\"\", c\"\nb.wav, dub, x\n");
        assert_eq!(
            all(&table),
            [["a.wav", "rock, loud", "a \"b\", c"], ["b.wav", "dub", "x"]]
        );
        // A mark that is none stays a letter.
        let table = read("file,label\na.wav, \"Heroes\nb.wav, 7\" single\n");
        let labels: Vec<&str> = all(&table).iter().map(|row| row[1].trim()).collect();
        assert_eq!(labels, ["\"Heroes", "7\" single"]);
    }

    #[test]
    fn lines_before_the_headings_are_passed_over_and_counted() {
        let table = read("sep=;\r\n\r\n# made by hand, 2024\r\n#file;label\r\na.wav;rock\r\n");
        assert_eq!(table.names(), ["file", "label"]);
        assert_eq!(table.rows().next().unwrap().line(), 5);
    }

    #[test]
    fn spaces_part_a_path_from_its_label() {
        for text in [
            "a.wav rock\nb c.wav  dub\n",
            "a.wav rock\n\"b c.wav\" dub\n",
            "# path label, by hand\na.wav rock\nb c.wav dub\n",
            "a.wav rock\r\nb c.wav dub\r\n",
        ] {
            let table = read(text);
            assert!(table.is_headless, "{text}");
            assert_eq!(
                all(&table),
                [["a.wav", "rock"], ["b c.wav", "dub"]],
                "{text}"
            );
        }
        let table = read("file label\na.wav rock\nb.wav dub\n");
        assert_eq!(table.names(), ["file", "label"]);
        assert_eq!(table.rows().nth(1).unwrap().line(), 3);
        // Labels of several words are one, where others have one word.
        let table = read("a.wav hip hop\nb.wav dub\n");
        assert_eq!(all(&table), [["a.wav", "hip hop"], ["b.wav", "dub"]]);
        // A path may have spaces, and a list of paths alone has no fields.
        let table = read("my rock/a.wav\nb c.wav\n");
        assert_eq!(all(&table), [["my rock/a.wav"], ["b c.wav"]]);
    }

    #[test]
    fn a_list_without_headings_is_known_by_its_paths() {
        let table = read("a.wav,rock\nb.wav,dub\n");
        assert!(table.is_headless);
        assert_eq!(all(&table), [["a.wav", "rock"], ["b.wav", "dub"]]);
        let table = read("blues, slow/a.wav\nb.wav\n");
        assert!(table.is_headless);
        assert_eq!(all(&table), [["blues, slow/a.wav"], ["b.wav"]]);
    }

    #[test]
    fn an_empty_table_has_no_rows() {
        for text in ["", "\n\n", "\u{feff}"] {
            assert_eq!(read(text).rows().count(), 0);
        }
    }

    #[test]
    fn a_quotation_mark_that_is_never_closed_is_an_error_with_its_line() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let known = |name: &str| ["file", "label"].contains(&name);
        fs::write(file.path(), "file,label\na.wav,x\nb.wav,\"y\nc.wav,z\n").unwrap();
        let error = Table::read(file.path(), known).err().unwrap().to_string();
        assert!(
            error.contains("line 3") && error.contains("never closed"),
            "{error}"
        );
        // An inch is no quotation mark.
        fs::write(file.path(), "file,label\na.wav,12\"\nb.wav,y\n").unwrap();
        assert_eq!(Table::read(file.path(), known).unwrap().rows().count(), 2);
    }
}
