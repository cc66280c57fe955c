//! Annotations and lists in rows and columns, however they were saved: any usual encoding, any separator, and JSON.

use std::{
    borrow::Cow,
    fs,
    io::Read,
    path::{Path, PathBuf},
};

use mynascope_audio::is_audio_path;

use super::{CollectionError, structured, text::decode_text};

/// Larger tables are no annotations; those of MagnaTagATune have 13 MB.
const LARGEST_BYTES: u64 = 64 << 20;

/// What may part the fields of a line. Text holds commas more often than the others, so a comma is taken last.
const SEPARATORS: [u8; 5] = [b'\t', b';', b'|', b'^', b','];

/// Lines that are looked at to find the separator.
const SAMPLE_LINES: usize = 8;

/// Parts no fields: every line is one. No text holds it.
const NO_SEPARATOR: u8 = 0x1f;

/// A table with a header, held in memory.
pub(crate) struct Table {
    path: PathBuf,
    names: Vec<String>,
    /// Each with its line in the file, from 1.
    rows: Vec<(u64, csv::StringRecord)>,
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
    line: u64,
    record: &'a csv::StringRecord,
}

impl<'a> Row<'a> {
    /// The trimmed field of a named column; `None` where the table or the row lacks it.
    pub(crate) fn get(&self, name: &str) -> Option<&'a str> {
        let column = self.table.names.iter().position(|other| other == name)?;
        self.at(column)
    }

    /// The trimmed field of a column.
    pub(crate) fn at(&self, column: usize) -> Option<&'a str> {
        self.record.get(column).map(str::trim)
    }

    /// The trimmed fields from a column on.
    pub(crate) fn from(&self, column: usize) -> impl Iterator<Item = &'a str> + Clone + use<'a> {
        self.record.iter().skip(column).map(str::trim)
    }

    /// How many fields there are.
    pub(crate) fn len(&self) -> usize {
        self.record.len()
    }

    /// Whether every field is empty.
    pub(crate) fn is_blank(&self) -> bool {
        self.record.iter().all(|field| field.trim().is_empty())
    }

    /// Its line in the file, from 1.
    pub(crate) fn line(&self) -> u64 {
        self.line
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
        let (text, guessed_encoding) = decode_text(&bytes);
        drop(bytes);
        let table = Self {
            path: path.to_path_buf(),
            names: Vec::new(),
            rows: Vec::new(),
            separator: b'\t',
            is_headless: false,
            guessed_encoding,
        };
        match structured::read(path, &text) {
            Some(read) => {
                let read = read.map_err(|(line, why)| wrong(line, why))?;
                let rows = read.rows.into_iter();
                Ok(Self {
                    names: read.names,
                    rows: rows.map(|(line, row)| (line, row.into())).collect(),
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
        let (shape, text) = Shape::of(text, known);
        let text = &*shape.unspaced(text);
        let mut reader = shape.reader(text);
        let mut lines = Lines::of(text, shape.lines_before);
        let mut rows = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|error| {
                let start = error.position().map_or(0, csv::Position::byte);
                wrong(
                    lines.line_at(start),
                    "it cannot be read as fields".to_owned(),
                )
            })?;
            let start = record.position().map_or(0, csv::Position::byte);
            rows.push((lines.line_at(start), record));
        }
        // The rest of the file is one field then.
        let swallowed = |row: &csv::StringRecord| {
            row.iter()
                .next_back()
                .is_some_and(|field| field.contains('\n'))
        };
        if shape.quoted
            && text.bytes().filter(|&byte| byte == b'"').count() % 2 == 1
            && let Some((line, _)) = rows.last().filter(|(_, row)| swallowed(row))
        {
            return Err(wrong(
                *line,
                "a quotation mark that is opened here is never closed".to_owned(),
            ));
        }
        // A sheet may have a title above its headings.
        let knows = |(_, row): &(u64, csv::StringRecord)| {
            row.iter().filter(|name| known(&heading(name))).count()
        };
        let has_sound = |(_, row): &(u64, csv::StringRecord)| {
            row.iter()
                .any(|field| is_audio_path(Path::new(field.trim())))
        };
        let titles = rows
            .iter()
            .take(SAMPLE_LINES)
            .position(|row| knows(row) > 1);
        if let Some(titles) = titles
            && let Some(above) = rows.get(..titles)
            && !above.iter().any(|row| has_sound(row) || knows(row) > 0)
        {
            rows.drain(..titles);
        }
        let is_headless = rows.first().is_some_and(|(_, row)| {
            let mut fields = row.iter();
            fields.any(|field| is_audio_path(Path::new(field.trim())))
        });
        let names = match (is_headless, rows.first()) {
            (false, Some((_, row))) => {
                let names = row.iter().map(heading).collect();
                rows.remove(0);
                names
            }
            (true, Some((_, row))) => vec![String::new(); row.len()],
            (_, None) => Vec::new(),
        };
        Ok(Self {
            names,
            rows,
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
        let (shape, text) = Shape::of(&text, known);
        let text = shape.unspaced(text);
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
        self.rows.iter().map(|(line, record)| Row {
            table: self,
            line: *line,
            record,
        })
    }
}

fn heading(name: &str) -> String {
    name.trim().trim_start_matches('#').trim().to_owned()
}

fn bytes_of(path: &Path, most: u64) -> Result<Vec<u8>, CollectionError> {
    let unreadable = |source| CollectionError::Unreadable {
        source,
        path: path.to_path_buf(),
    };
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(unreadable)?;
    file.take(most)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    Ok(bytes)
}

/// Counts lines by the place of a row's first letter. The reader's own count is that of the row before where lines end
/// in CR LF or empty lines stand between.
struct Lines<'t> {
    text: &'t [u8],
    /// Lines end so; a CR where there is no line feed at all.
    end: u8,
    at: usize,
    line: u64,
}

impl<'t> Lines<'t> {
    fn of(text: &'t str, lines_before: u64) -> Self {
        Self {
            text: text.as_bytes(),
            end: if text.contains('\n') { b'\n' } else { b'\r' },
            at: 0,
            line: lines_before + 1,
        }
    }

    /// The line of the first letter from a place on; places come in ascending order.
    fn line_at(&mut self, start: u64) -> u64 {
        let start = usize::try_from(start).unwrap_or(usize::MAX);
        let rest = self.text.get(self.at..).unwrap_or_default();
        for byte in rest {
            if self.at >= start && !matches!(byte, b'\r' | b'\n') {
                break;
            }
            self.line += u64::from(*byte == self.end);
            self.at += 1;
        }
        self.line
    }
}

/// How the lines of a table are taken apart.
struct Shape {
    separator: u8,
    quoted: bool,
    /// Whether spaces part the fields: a path, and what stands behind it.
    spaced: bool,
    lines_before: u64,
}

impl Shape {
    /// The shape of a text, and the text from its first line of fields on: without a mark, `sep=;` (as spreadsheets
    /// write it) and comments.
    fn of(text: &str, known: fn(&str) -> bool) -> (Self, &str) {
        let mut text = text.trim_start_matches('\u{feff}');
        let mut shape = Self {
            separator: b',',
            quoted: true,
            spaced: false,
            lines_before: 0,
        };
        let mut said = None;
        loop {
            let (line, rest) = match text.find('\n') {
                Some(end) => text.split_at(end + 1),
                None => (text, ""),
            };
            let trimmed = line.trim();
            let separator = trimmed
                .strip_prefix("sep=")
                .or_else(|| trimmed.strip_prefix("SEP="))
                .and_then(|it| it.bytes().next());
            let is_comment = trimmed.starts_with('#') && !is_heading(trimmed, known);
            if rest.is_empty() || separator.is_none() && !is_comment && !trimmed.is_empty() {
                break;
            }
            said = said.or(separator);
            shape.lines_before += 1;
            text = rest;
        }
        match said {
            Some(separator) => shape.separator = separator,
            None => shape.find_separator(text, known),
        }
        (shape, text)
    }

    fn find_separator(&mut self, text: &str, known: fn(&str) -> bool) {
        let lines: Vec<&str> = text
            .split(['\n', '\r'])
            .filter(|line| !line.trim().is_empty())
            .take(SAMPLE_LINES)
            .collect();
        // Titles may stand above the headings.
        let is_headings = |line: &&&str| {
            let mut all = SEPARATORS.into_iter();
            all.any(|separator| known_headings(line, separator, known) > 1)
        };
        let headings = lines.iter().find(is_headings);
        let Some(first) = headings.or(lines.first()) else {
            return;
        };
        if is_spaced(&lines, known) {
            self.separator = NO_SEPARATOR;
            self.quoted = false;
            self.spaced = true;
            return;
        }
        // A playlist: one path a line, which may hold anything.
        if lines
            .iter()
            .all(|line| is_audio_path(Path::new(line.trim())) || line.starts_with('#'))
            && !lines.iter().any(|line| line.contains('"'))
            && !lines.iter().any(|line| {
                SEPARATORS.iter().any(|&separator| {
                    let mut fields = line.split(char::from(separator));
                    fields
                        .by_ref()
                        .any(|field| is_audio_path(Path::new(field.trim())))
                        && fields.next().is_some()
                })
            })
        {
            self.separator = NO_SEPARATOR;
            self.quoted = false;
            return;
        }
        let count = |line: &str, separator| fields(line, separator).count() - 1;
        let best = SEPARATORS.iter().max_by_key(|&&separator| {
            let from = lines.iter().skip_while(|line| *line != first);
            let in_all = from.clone().all(|line| count(line, separator) > 0);
            let rank = SEPARATORS.iter().position(|&other| other == separator);
            (
                known_headings(first, separator, known),
                in_all,
                count(first, separator),
                std::cmp::Reverse(rank),
            )
        });
        if let Some(&separator) = best.filter(|&&separator| count(first, separator) > 0) {
            self.separator = separator;
        }
    }

    /// The text with signs that no text holds where spaces part its fields, so that each line stays one.
    fn unspaced<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if !self.spaced {
            return text.into();
        }
        let gap = char::from(NO_SEPARATOR).to_string();
        let lines: Vec<&str> = text.lines().collect();
        // Words behind the path are columns where each line has as many, else they are one label.
        let words =
            |line: &&str| spaced_path(line).map(|(_, rest)| rest.split_whitespace().count());
        let mut counts = lines.iter().filter_map(words);
        let first = counts.next();
        let as_columns = counts.all(|count| Some(count) == first);
        let fields = lines.iter().map(|line| match spaced_path(line) {
            Some((path, rest)) if as_columns => {
                let fields = std::iter::once(path).chain(rest.split_whitespace());
                fields.collect::<Vec<_>>().join(&gap)
            }
            Some((path, rest)) => [path, rest].join(&gap),
            None if line.starts_with('#') => (*line).to_owned(),
            None => line.split_whitespace().collect::<Vec<_>>().join(&gap),
        });
        fields.collect::<Vec<_>>().join("\n").into()
    }

    fn reader<'t>(&self, text: &'t str) -> csv::Reader<&'t [u8]> {
        csv::ReaderBuilder::new()
            .delimiter(self.separator)
            .quoting(self.quoted)
            .flexible(true)
            .has_headers(false)
            .from_reader(text.as_bytes())
    }
}

/// Whether a line that begins with `#` is one of headings and no remark: all its fields are known, or several of them.
fn is_heading(line: &str, known: fn(&str) -> bool) -> bool {
    SEPARATORS.into_iter().any(|separator| {
        let found = known_headings(line, separator, known);
        found > 1 || found == 1 && fields(line, separator).count() == 1
    })
}

/// Whether spaces part the fields of lines: each has a path of a sound and something behind it (the first may be
/// headings), and no other sign parts a path from the rest.
fn is_spaced(lines: &[&str], known: fn(&str) -> bool) -> bool {
    let mut lines = lines
        .iter()
        .filter(|line| !line.starts_with('#'))
        .peekable();
    let is_heading = |line: &&&str| {
        let mut words = line.split_whitespace();
        words.clone().count() > 1 && words.any(|word| known(&heading(word)))
    };
    let mut some = false;
    if lines
        .peek()
        .is_some_and(|line| spaced_path(line).is_none() && is_heading(line))
    {
        lines.next();
    }
    let all = lines.all(|line| {
        some = true;
        spaced_path(line).is_some_and(|(_, rest)| !rest.is_empty())
            && !SEPARATORS.into_iter().any(|separator| {
                let mut fields = fields(line, separator).map(|it| it.trim().trim_matches('"'));
                fields.any(|field| is_audio_path(Path::new(field)))
            })
    });
    some && all
}

/// The path at the start of a line, in quotes or up to the ending of a sound file, and what stands behind it.
fn spaced_path(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    if let Some(rest) = line.strip_prefix('"') {
        let (path, rest) = rest.split_once('"')?;
        return is_audio_path(Path::new(path)).then_some((path, rest.trim()));
    }
    let mut ends = line
        .char_indices()
        .filter(|(_, letter)| letter.is_whitespace())
        .map(|(at, _)| at)
        .chain([line.len()]);
    ends.find_map(|at| {
        let (path, rest) = line.split_at_checked(at)?;
        is_audio_path(Path::new(path)).then_some((path, rest.trim()))
    })
}

fn known_headings(line: &str, separator: u8, known: fn(&str) -> bool) -> usize {
    let names = fields(line, separator).map(|name| heading(name.trim().trim_matches('"')));
    names.filter(|name| known(name)).count()
}

/// The fields of one line; separators within quotes part nothing.
fn fields(line: &str, separator: u8) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    line.split(move |letter: char| {
        quoted ^= letter == '"';
        !quoted && letter == char::from(separator)
    })
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
        for separator in [",", ";", "\t", "|"] {
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
