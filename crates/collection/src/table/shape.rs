//! How the lines of a table are taken apart: by which sign, and where each row begins.

use std::{borrow::Cow, path::Path};

use mynascope_audio::is_audio_path;

use super::{
    heading,
    signs::{self, Sort},
};
use crate::listed::MARK;

/// What may part the fields of a line, the likeliest first. Text holds commas and paths hold tildes more often than the
/// others, so these are taken last.
const SEPARATORS: [u8; 6] = [b'\t', b';', b'|', b'^', b',', b'~'];

/// Lines that are looked at to find the separator.
pub(super) const SAMPLE_LINES: usize = 8;

/// Parts no fields: every line is one. No text holds it.
const NO_SEPARATOR: u8 = 0x1f;

/// Counts lines by the place of a row's first letter. The reader's own count is that of the row before where lines end
/// in CR LF or empty lines stand between.
pub(super) struct Lines<'t> {
    text: &'t [u8],
    /// Lines end so; a CR where there is no line feed at all.
    end: u8,
    at: usize,
    line: u64,
}

impl<'t> Lines<'t> {
    pub(super) fn of(text: &'t str, lines_before: u64) -> Self {
        Self {
            text: text.as_bytes(),
            end: if text.contains('\n') { b'\n' } else { b'\r' },
            at: 0,
            line: lines_before + 1,
        }
    }

    /// The line of the first letter from a place on; places come in ascending order.
    pub(super) fn line_at(&mut self, start: u64) -> u64 {
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
pub(super) struct Shape {
    pub(super) separator: u8,
    pub(super) quoted: bool,
    spaced: Option<Spaced>,
    /// Whether the table is drawn with lines, as Markdown and databases do.
    drawn: bool,
    /// What else parts the fields.
    sign: Option<String>,
    pub(super) lines_before: u64,
}

/// Where spaces part the fields: on which side of them the path stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Spaced {
    /// A path, and what stands behind it.
    PathFirst,
    /// A label, or several with fastText's mark, and the path behind them.
    PathLast,
}

impl Shape {
    /// The shape of a text in a folder, and the text from its first line of fields on: without a mark, `sep=;` (as
    /// spreadsheets write it) and comments.
    pub(super) fn of<'t>(text: &'t str, folder: &Path, known: fn(&str) -> bool) -> (Self, &'t str) {
        let mut text = text.trim_start_matches('\u{feff}');
        let mut shape = Self {
            separator: b',',
            quoted: true,
            spaced: None,
            drawn: false,
            sign: None,
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
            None => shape.find_separator(text, folder, known),
        }
        (shape, text)
    }

    fn find_separator(&mut self, text: &str, folder: &Path, known: fn(&str) -> bool) {
        let filled = text.split(['\n', '\r']);
        let filled = filled.filter(|line| !line.trim().is_empty());
        let (ruled, lines): (Vec<&str>, Vec<&str>) =
            filled.take(SAMPLE_LINES).partition(|line| is_rule(line));
        // Sentences may stand above it.
        let mut from_first = lines
            .iter()
            .skip_while(|line| !line.contains(BARS))
            .peekable();
        if !ruled.is_empty()
            && from_first.peek().is_some()
            && from_first.all(|line| line.contains(BARS))
        {
            self.separator = b'|';
            self.quoted = false;
            self.drawn = true;
            return;
        }
        let usual = |line: &&str| {
            let all = SEPARATORS.into_iter();
            all.map(|separator| known_headings(line, separator, known))
                .max()
        };
        let usual = lines.iter().filter_map(usual).max().unwrap_or(0);
        self.sign = signs::find(&lines, folder, known, (Sort::Several, usual));
        if self.sign.is_some() {
            self.separator = NO_SEPARATOR;
            return;
        }
        // Titles may stand above the headings.
        let is_headings = |line: &&&str| {
            let mut all = SEPARATORS.into_iter();
            all.any(|separator| known_headings(line, separator, known) > 1)
        };
        let headings = lines.iter().find(is_headings);
        let Some(first) = headings.or(lines.first()) else {
            return;
        };
        self.spaced = if is_spaced(&lines, known) {
            Some(Spaced::PathFirst)
        } else if has_paths_last(&lines, folder) {
            Some(Spaced::PathLast)
        } else {
            None
        };
        if self.spaced.is_some() {
            self.separator = NO_SEPARATOR;
            self.quoted = false;
            return;
        }
        // A playlist: one path a line, which may hold anything.
        if !is_heading(first, known)
            && lines
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
        let parts_paths = |separator: u8| {
            let parted = |line: &&str| {
                let mut fields = fields(line, separator).map(|it| it.trim().trim_matches('"'));
                fields.any(|field| field != line.trim() && is_audio_path(Path::new(field)))
            };
            lines.iter().all(parted)
        };
        if !SEPARATORS.into_iter().any(parts_paths) {
            self.sign = signs::find(&lines, folder, known, (Sort::Any, usual));
            if self.sign.is_some() {
                self.separator = NO_SEPARATOR;
                return;
            }
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

    /// The text as its separator parts it: with signs that no text holds where spaces part the fields, and without the
    /// lines of a drawn table. Each line stays one.
    pub(super) fn prepared<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.drawn {
            let lines: Vec<String> = text.lines().map(undrawn).collect();
            return lines.join("\n").into();
        }
        if let Some(sign) = &self.sign {
            let lines = text
                .lines()
                .map(|line| signs::split(line, sign).join(gap()));
            return lines.collect::<Vec<_>>().join("\n").into();
        }
        match self.spaced {
            None if self.quoted => without_gaps(text, self.separator),
            None => text.into(),
            Some(Spaced::PathFirst) => with_paths_first(text).into(),
            Some(Spaced::PathLast) => {
                let lines = text.lines().map(|line| match label_before_path(line) {
                    Some((label, path)) => [label, path].join(gap()),
                    None => line.to_owned(),
                });
                lines.collect::<Vec<_>>().join("\n").into()
            }
        }
    }

    pub(super) fn reader<'t>(&self, text: &'t str) -> csv::Reader<&'t [u8]> {
        csv::ReaderBuilder::new()
            .delimiter(self.separator)
            .quoting(self.quoted)
            .flexible(true)
            .has_headers(false)
            .from_reader(text.as_bytes())
    }
}

/// Text without the spaces between a separator and a quotation mark, as in `a.wav, "rock, loud"` (AudioSet's lists): the
/// reader takes only a mark at the very start of a field for one.
fn without_gaps(text: &str, separator: u8) -> Cow<'_, str> {
    let separator = char::from(separator);
    let is_gap = |letter: char| letter == ' ' || letter == '\t' && separator != '\t';
    if separator == ' ' || !text.contains([' ', '\t']) || !text.contains('"') {
        return text.into();
    }
    let mut out = String::with_capacity(text.len());
    let (mut at_start, mut quoted) = (true, false);
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        if quoted {
            quoted = letter != '"';
        } else if at_start && is_gap(letter) {
            let rest = text.get(at..).unwrap_or_default();
            let behind = rest.trim_start_matches(is_gap);
            if is_quoted(behind, separator) {
                // Up to the mark, which is read next.
                let gap = rest.len() - behind.len();
                for _ in 1..gap {
                    letters.next();
                }
                continue;
            }
            at_start = false;
        } else {
            // A mark within a quoted field stands twice, so it closes and opens anew.
            quoted = letter == '"' && (at_start || out.ends_with('"'));
            at_start = letter == separator || matches!(letter, '\n' | '\r');
        }
        out.push(letter);
    }
    out.into()
}

/// Whether a text begins with a field in quotation marks that end in its line.
fn is_quoted(text: &str, separator: char) -> bool {
    let line = text.split(['\n', '\r']).next().unwrap_or_default();
    let Some(mut rest) = line.strip_prefix('"') else {
        return false;
    };
    while let Some((_, behind)) = rest.split_once('"') {
        match behind.strip_prefix('"') {
            Some(further) => rest = further,
            None => {
                let behind = behind.trim_start();
                return behind.is_empty() || behind.starts_with(separator);
            }
        }
    }
    false
}

/// The sign that parts fields which spaces parted.
const fn gap() -> &'static str {
    "\u{1f}"
}

/// Lines of a path and what stands behind it, with a sign between.
fn with_paths_first(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    // Words behind the path are columns where each line has as many, else they are one label.
    let words = |line: &&str| spaced_path(line).map(|(_, rest)| rest.split_whitespace().count());
    let mut counts = lines.iter().filter_map(words);
    let first = counts.next();
    let as_columns = counts.all(|count| Some(count) == first) && !text.contains(MARK);
    let fields = lines.iter().map(|line| match spaced_path(line) {
        Some((path, rest)) if as_columns => {
            let fields = std::iter::once(path).chain(rest.split_whitespace());
            fields.collect::<Vec<_>>().join(gap())
        }
        Some((path, rest)) => [path, rest].join(gap()),
        None if line.starts_with('#') => (*line).to_owned(),
        None if is_rule(line) => String::new(),
        None => line.split_whitespace().collect::<Vec<_>>().join(gap()),
    });
    fields.collect::<Vec<_>>().join("\n")
}

/// What parts the columns of drawn tables.
const BARS: [char; 3] = ['|', '│', '┃'];

/// Whether a line is one that is drawn below headings or around a table: `|---|:--:|`, `-----+-----`, `├───┼───┤`.
fn is_rule(line: &str) -> bool {
    let line = line.trim();
    let is_drawn =
        |letter: char| "-=:|+ ".contains(letter) || ('\u{2500}'..='\u{257f}').contains(&letter);
    let is_long = ["--", "==", "──", "━━", "══"]
        .iter()
        .any(|stroke| line.contains(stroke));
    is_long && line.chars().all(is_drawn)
}

/// A line of a drawn table without what is drawn around it and Markdown's marks on its words.
fn undrawn(line: &str) -> String {
    // What stands below it says how many rows there are.
    if is_rule(line) || !line.contains(BARS) {
        return String::new();
    }
    let line = line.trim();
    let line = line.strip_prefix(BARS).unwrap_or(line);
    let line = line.strip_suffix(BARS).unwrap_or(line);
    line.replace(BARS, "|").replace("**", "").replace('`', "")
}

/// Whether a label stands before the path in each line, parted from it by spaces: with fastText's mark, or where files are
/// found by what stands behind the first word and none by whole lines, as paths may have spaces, too.
fn has_paths_last(lines: &[&str], folder: &Path) -> bool {
    let lines = || lines.iter().filter(|line| !line.starts_with('#'));
    let is_parted = |line: &&str| label_before_path(line).is_some();
    let is_there = |path: &str| folder.join(path.replace('\\', "/")).is_file();
    let mut found = lines().filter_map(|line| label_before_path(line));
    lines().next().is_some()
        && lines().all(is_parted)
        && (lines().all(|line| line.starts_with(MARK))
            || !lines().any(|line| is_there(line.trim())) && found.any(|(_, path)| is_there(path)))
}

/// The first word of a line, or all with fastText's mark, and the path of a sound that the rest is.
fn label_before_path(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    let mut end = line.find(char::is_whitespace)?;
    while let Some(rest) = line.get(end..).map(str::trim_start)
        && rest.starts_with(MARK)
    {
        let start = line.len() - rest.len();
        end = start + rest.find(char::is_whitespace)?;
    }
    let (label, path) = line.split_at_checked(end)?;
    is_audio_path(Path::new(path.trim())).then_some((label, path.trim()))
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
