//! Collections that are listed in tables: a row a file, with its labels and its part of a split.
//!
//! [`read`] takes lists as people have them: any separator, encoding and case of headings, paths of any system, and the
//! field's words for parts, tags and keys. What it cannot read it says in notes, with the line, and leaves out.

mod class_names;
mod columns;
mod emotion;
mod gather;
mod headings;
mod keys;
mod paths;
mod split_columns;
mod tag_signs;
mod tag_values;
mod unread;
mod values;
mod words;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Read,
    path::{Path, PathBuf},
    sync::Arc,
};

pub(crate) use self::words::MARK;
use self::{
    columns::Columns,
    gather::{Gathered, NewRow},
    paths::Finder,
    values::Values,
};
use crate::{
    Collection, CollectionError, CollectionKind, Note, Track,
    note::{Examples, ListLine},
    split::Part,
    structured,
    table::{self, Row, Table},
    text::{is_nothing, say_guessed_encoding},
    walk,
};
use mynascope_base::{agreeing, counted, jobs::Watch, without_path};

/// Endings of files that are lists.
const ENDINGS: [&str; 5] = ["csv", "tsv", "tab", "psv", "scp"];
/// Endings of texts that may be lists.
const TEXTS: [&str; 3] = ["txt", "md", "markdown"];
/// Endings of playlists.
const PLAYLISTS: [&str; 3] = ["m3u", "m3u8", "pls"];

/// Rows that are looked at to find the column of the files.
const TRIED_ROWS: usize = 24;
/// So few missing files stay rows, with their reason, even if they are more than those that are here.
const FEW_MISSING: usize = 20;

/// The endings of lists, for messages.
pub(crate) fn endings() -> String {
    let endings = ENDINGS.iter().chain(&TEXTS[..1]).chain(&structured::JSON);
    let endings: Vec<String> = endings
        .chain(&PLAYLISTS)
        .map(|it| format!(".{it}"))
        .collect();
    endings.join(", ")
}

/// What to do with lists in formats that are not read.
pub(crate) fn remedy(path: &Path) -> Option<&'static str> {
    const REMEDIES: [(&[&str], &str); 5] = [
        (
            &["xlsx", "xls", "xlsm", "ods", "numbers"],
            "it is a spreadsheet; save its sheet as CSV and open that",
        ),
        (
            &["xspf", "wpl", "asx", "zpl"],
            "such a playlist is not read; save it as M3U and open that",
        ),
        (
            &["cue"],
            "a cue sheet names the parts of one file, which are not opened one by one; open the sound file itself",
        ),
        (
            &["yaml", "yml", "xml", "jams", "nml", "crate", "arff"],
            "lists in this format are not read; write one as CSV or JSON, with a path and labels for each file",
        ),
        (
            &["parquet", "pq", "feather", "arrow", "pkl", "pickle"],
            "it holds no vectors of tracks; if it is a list, write it as CSV, as with pandas' to_csv",
        ),
    ];
    if table::is_beside_list(path) {
        return Some("it is a part of a Kaldi data folder; open the folder's wav.scp");
    }
    let known = REMEDIES
        .iter()
        .find(|(endings, _)| has_ending(path, endings));
    known.map(|(_, remedy)| *remedy)
}

/// Whether a text names sounds in its lines with more beside them, which no known sign parts from them.
pub(crate) fn seems_unparted(path: &Path) -> bool {
    let mut start = Vec::new();
    let read = has_ending(path, &TEXTS)
        .then(|| fs::File::open(path)?.take(1 << 12).read_to_end(&mut start));
    if !matches!(read, Some(Ok(_))) {
        return false;
    }
    let text = String::from_utf8_lossy(&start);
    let parted = |line: &str| {
        let is_sign =
            |letter: char| letter.is_ascii_punctuation() && !"._-/\\'()&".contains(letter);
        let mut parts = line.split(is_sign).map(str::trim);
        parts.any(|part| walk::is_sound_name(Path::new(part))) && line.contains(is_sign)
    };
    text.lines().take(TRIED_ROWS).any(parted)
}

fn has_ending(path: &Path, endings: &[&str]) -> bool {
    let ending = path.extension().unwrap_or_default();
    endings.iter().any(|it| ending.eq_ignore_ascii_case(it))
}

fn is_playlist(path: &Path) -> bool {
    has_ending(path, &PLAYLISTS)
}

/// Whether a heading is one of those that lists are read by.
pub(crate) fn is_heading(name: &str) -> bool {
    headings::is_known(name)
}

/// Whether a heading is that of several labels or tags.
pub(crate) fn is_tags(name: &str) -> bool {
    headings::is_tags(name)
}

/// Whether a file lists tracks, by its ending or, where that may mean any text, its first lines.
pub fn is_list(path: &Path) -> bool {
    if has_ending(path, &ENDINGS) || has_ending(path, &PLAYLISTS) {
        return true;
    }
    if has_ending(path, &structured::JSON) {
        return is_json_list(path);
    }
    has_ending(path, &TEXTS)
        && Table::header(path, headings::is_known).is_some_and(|names| {
            let is_sound = |name: &String| walk::is_sound_name(Path::new(name.trim()));
            names.iter().any(is_sound)
                || names.len() > 1 && names.iter().any(|name| headings::is_known(name))
        })
}

/// Whether a JSON file has a column of files, or cannot be read at all: then reading it as a list says why.
fn is_json_list(path: &Path) -> bool {
    match Table::read(path, headings::is_known) {
        Ok(table) => {
            let has_sounds = || !Columns::of(&table).files.is_empty();
            table.names().iter().any(|name| headings::is_file(name))
                || table.is_headless && has_sounds()
        }
        Err(_) => path.is_file(),
    }
}

/// The parts of a split that the names of folders mean, if all of them do and one of them is what is learned from.
pub(crate) fn folder_parts(names: &BTreeSet<String>) -> Option<BTreeMap<String, Part>> {
    let has_letters = names.iter().all(|name| name.contains(char::is_alphabetic));
    let (parts, _) = words::parts(names);
    let different: BTreeSet<Part> = parts.values().copied().collect();
    let whole = has_letters && parts.len() == names.len();
    (whole && different.len() >= 2 && different.contains(&Part::Train)).then_some(parts)
}

/// The parts that the words of a split mean ("train", "valid" or "test"), whatever their case and language of the field;
/// and, as sentences, which of them were taken by what stands beside them ("dev"). Words that mean none are left out.
pub fn split_words(words: &BTreeSet<String>) -> (BTreeMap<String, &'static str>, Vec<String>) {
    let (parts, guessed) = words::parts(words);
    let named = parts.into_iter().map(|(word, part)| (word, part.name()));
    (named.collect(), guessed)
}

/// Whether a file in a folder of sounds is likely a list of them, by its headings.
pub(crate) fn seems_list(path: &Path) -> bool {
    has_ending(path, &ENDINGS)
        && Table::header(path, headings::is_known).is_some_and(|names| {
            names.len() > 1 && names.iter().any(|name| headings::is_file(name))
        })
}

/// The names of lists that lie in a folder, without those of hidden files.
pub(crate) fn lists_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .map(|entry| entry.path())
        .filter(|path| match has_ending(path, &ENDINGS) {
            true => seems_list(path),
            false => path.is_file() && is_list(path),
        })
        .filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned()))
        .filter(|name| !name.starts_with('.'))
        .collect();
    names.sort_unstable();
    names
}

/// Reads the collection that some lists name together; `together` are folders that were opened with them, where their
/// files may lie, too.
///
/// Paths begin at the list's folder. Several lists with a part's word in their names ("train.csv", "test.csv") are one
/// split; where the lists have one name, that of their folders counts ("train/metadata.csv", "test/metadata.csv"). One file in several rows is one track: its first label and part stay, which a note says.
///
/// Fails if a list cannot be read or has no column of files, or when cancelled.
pub(crate) fn read(
    lists: &[PathBuf],
    together: &[PathBuf],
    watch: &Watch<'_>,
) -> Result<Collection, CollectionError> {
    let mut gathered = Gathered::default();
    let is_one = lists.len() == 1;
    // A list alone is no split, whatever it is called.
    let word = |list: &PathBuf| {
        let own = words::part_word(list.file_stem()?.to_str()?);
        let of_folder = || words::part_word(list.parent()?.file_name()?.to_str()?);
        let word = match shares_name(list, lists) {
            true => own.or_else(of_folder),
            false => own,
        };
        word.filter(|_| !is_one)
    };
    let (parts, guessed) = words::parts(&lists.iter().filter_map(word).collect());
    if !guessed.is_empty() {
        gathered
            .notes
            .push(format!("of the lists {}", guessed.join(", ")).into());
    }
    for list in lists {
        let name = list.file_name().unwrap_or_default().to_string_lossy();
        let folder = list.parent().and_then(Path::file_name);
        let name = match folder.filter(|_| shares_name(list, lists)) {
            Some(folder) => format!("{}/{name}", folder.to_string_lossy()),
            None => name.into_owned(),
        };
        let opened = Opened {
            list,
            together,
            name: (!is_one).then(|| name.as_str().into()),
            part: word(list).and_then(|word| parts.get(&word).copied()),
            others_are_parts: !parts.is_empty(),
        };
        let mut notes = Vec::new();
        opened.read(&mut gathered, &mut notes, watch)?;
        gathered
            .notes
            .extend(notes.into_iter().map(|note| opened.named(note)));
    }
    let first = lists.first().map(|list| Track::of_file(list).title);
    let (tracks, split, notes) = gathered.finish(is_one);
    Ok(Collection {
        name: first.unwrap_or_default(),
        kind: CollectionKind::Listed,
        tracks,
        split,
        notes,
    })
}

/// Whether another of the lists has the same name, in another folder.
fn shares_name(list: &Path, lists: &[PathBuf]) -> bool {
    let others = lists.iter().filter(|other| *other != list);
    let name = list.file_name();
    others.into_iter().any(|other| other.file_name() == name)
}

/// One of the lists that are opened.
struct Opened<'a> {
    list: &'a Path,
    together: &'a [PathBuf],
    /// Where several are opened.
    name: Option<Arc<str>>,
    /// The part that its name means.
    part: Option<Part>,
    /// Whether the name of another list means one.
    others_are_parts: bool,
}

impl Opened<'_> {
    fn read(
        &self,
        gathered: &mut Gathered,
        notes: &mut Vec<Note>,
        watch: &Watch<'_>,
    ) -> Result<(), CollectionError> {
        let table = Table::read(self.list, headings::is_known)?;
        let mut columns = Columns::of(&table);
        let mut finder = Finder::new(self.list, self.together, watch);
        let file = file_column(&table, &columns, &mut finder)?;
        columns.folder = folder_column(&table, columns.folder, file, &mut finder)?;
        if let Some(encoding) = table.guessed_encoding {
            notes.push(say_guessed_encoding(encoding).into());
        }
        if table.rows().next().is_none() && !table.names().is_empty() {
            let headings = table.headings();
            let (list, name) = (self.list, self.list.file_name().unwrap_or_default());
            let why = format!(
                "the list has headings ({headings}) and no rows; write a row for each file below them"
            );
            if self.name.is_none() {
                return Err(CollectionError::Labels {
                    line: 1,
                    why,
                    path: list.to_path_buf(),
                });
            }
            notes.push(format!("{}: {why}", name.to_string_lossy()).into());
        }
        let values = Values::of(&table, &columns, file, self.part, notes);
        let says_parts = values.split.is_some() || !columns.in_part.is_empty();
        if self.others_are_parts && self.part.is_none() && !says_parts {
            notes.push(
                "the name of this list is that of no part of a split (train, valid or test), as those of others are, so \
                 its tracks are in none of them"
                    .into(),
            );
        }
        // A playlist is put together by hand: its folders are those of albums.
        let is_bare = columns.finds_no_labels() && !is_playlist(self.list);
        let [mut guessed, mut lost, mut nameless] = std::array::from_fn(|_| Examples::default());
        let mut rows = 0_usize;
        for row in table.rows() {
            watch.check()?;
            let words = row.at(file).unwrap_or_default();
            if is_nothing(words) || is_remark(&row, words) || repeats_headings(&row, &table) {
                if !row.is_blank() && is_nothing(words) {
                    nameless.add(row.line(), || format!("line {}", row.line()));
                }
                continue;
            }
            rows += 1;
            let found = find(&mut finder, &row, words, columns.folder)?;
            match &found {
                paths::Found::Named(_) => {}
                paths::Found::Guessed(path) => {
                    guessed.add(row.line(), || {
                        format!("line {} `{}` is {}", row.line(), cut(words), path.display())
                    });
                }
                paths::Found::Several(_) => {
                    lost.add(row.line(), || {
                        format!(
                            "line {} `{}`: several files have this name",
                            row.line(),
                            cut(words)
                        )
                    });
                }
                paths::Found::Missing(_) => {
                    lost.add(row.line(), || {
                        format!("line {} `{}`", row.line(), cut(words))
                    });
                }
            }
            let (track, part) = values.track(&row, found.path(), problem_of(&found, words));
            gathered.add(NewRow {
                track,
                part,
                found: &found,
                words,
                is_bare,
                place: self.line(&row),
            });
        }
        values.finish(notes);
        if nameless.count > 0 {
            let column = table.column_name(file);
            let rows = counted(nameless.count, "row");
            notes.push(nameless.note(format!("{rows} without a path in {column} left out")));
        }
        if guessed.count > 0 {
            let files = counted(rows, "file");
            let count = guessed.count;
            notes.push(guessed.note(format!(
                "{count} of {files} {} found by the end or name of the path",
                agreeing(count, "was", "were")
            )));
        }
        if lost.count > 0 {
            let found = rows - lost.count;
            let left_out = found > 0 && lost.count > found && lost.count > FEW_MISSING;
            gathered.leaves_missing_out |= left_out;
            let files = counted(rows, "file");
            let count = lost.count;
            let left_out = if left_out { " and left out" } else { "" };
            notes.push(lost.note(format!(
                "{count} of {files} {} not where the list says{left_out}",
                agreeing(count, "is", "are")
            )));
        }
        Ok(())
    }

    fn line(&self, row: &Row<'_>) -> ListLine {
        ListLine {
            list: self.name.clone(),
            line: row.line(),
        }
    }

    /// A note on this list: of one alone its lines say enough, of several the list's name, too.
    fn named(&self, mut note: Note) -> Note {
        if let Some(name) = &self.name {
            note.text = format!("{name}: {}", note.text);
            for line in &mut note.lines {
                line.list = Some(Arc::clone(name));
            }
        }
        note
    }
}

/// Whether a row is a remark: it begins with `#` and names no sound.
fn is_remark(row: &Row<'_>, words: &str) -> bool {
    row.at(0).is_some_and(|field| field.starts_with('#')) && !walk::is_sound_name(Path::new(words))
}

/// Whether a row is that of the headings again, as where lists were joined.
fn repeats_headings(row: &Row<'_>, table: &Table) -> bool {
    let names = table.names();
    !table.is_headless && names.len() > 1 && row.from(0).eq(names.iter().map(String::as_str))
}

/// Words of a list for a message.
fn cut(words: &str) -> String {
    const LONGEST: usize = 80;
    match words.chars().count() > LONGEST {
        false => words.to_owned(),
        true => {
            let end: String = words.chars().take(LONGEST).collect();
            format!("{end}...")
        }
    }
}

/// The file of a row, where another column may name its folder.
fn find(
    finder: &mut Finder<'_>,
    row: &Row<'_>,
    words: &str,
    folder: Option<usize>,
) -> Result<paths::Found, CollectionError> {
    match folder.and_then(|place| row.at(place)) {
        Some(folder) if !is_nothing(folder) => finder.find_in(folder, words),
        _ => finder.find(words),
    }
}

/// The column of the folders, if files lie in these.
fn folder_column(
    table: &Table,
    folder: Option<usize>,
    file: usize,
    finder: &mut Finder<'_>,
) -> Result<Option<usize>, CollectionError> {
    let Some(place) = folder else { return Ok(None) };
    let rows = table.rows();
    let pairs = rows.filter_map(|row| Some((row.at(place)?.to_owned(), row.at(file)?.to_owned())));
    for (folder, name) in pairs.take(TRIED_ROWS) {
        let found = finder.find_in(&folder, &name)?;
        if found.is_here() && found != finder.find(&name)? {
            return Ok(Some(place));
        }
    }
    Ok(None)
}

/// The column of the files: the likeliest one in which files are found, else the likeliest.
fn file_column(
    table: &Table,
    columns: &Columns,
    finder: &mut Finder<'_>,
) -> Result<usize, CollectionError> {
    for &(place, _) in &columns.files {
        let fields = table.rows().filter_map(|row| Some((row, row.at(place)?)));
        let filled = fields.filter(|(_, words)| !is_nothing(words));
        for (row, words) in filled.take(TRIED_ROWS) {
            if find(finder, &row, words, columns.folder)?.is_here() {
                return Ok(place);
            }
        }
    }
    let sure = columns.files.iter().find(|(_, is_weak)| !is_weak);
    sure.map(|&(place, _)| place).ok_or_else(|| {
        let wanted = "give the column of the paths the heading `file` (or `path`, `filename`, `audio`, `track`)";
        CollectionError::Labels {
            line: 1,
            why: match table.names() {
                [] => format!("the list is empty; {wanted}"),
                _ => format!(
                    "no column names sound files that are there; {}; {wanted}",
                    table.say_headings()
                ),
            },
            path: table.path().to_path_buf(),
        }
    })
}

fn problem_of(found: &paths::Found, words: &str) -> Option<String> {
    match found {
        paths::Found::Named(path) | paths::Found::Guessed(path) => {
            walk::problem_of(path).or_else(|| {
                // A file is what its first bytes say, whatever its name.
                let other = !walk::is_sound_name(path);
                let probed = other.then(|| mynascope_audio::probe_file(path))?;
                let error = probed.err()?;
                Some(format!("it is there, but {}", without_path(&error, path)))
            })
        }
        paths::Found::Several(_) => Some(
            "named in the list, but several files have this name; write the path with its folders"
                .to_owned(),
        ),
        paths::Found::Missing(_) if words.ends_with('|') => Some(
            "named in the list by a command, and commands are never run; name the file itself"
                .to_owned(),
        ),
        paths::Found::Missing(path) if path.is_dir() => {
            Some("named in the list, but it is a folder; name the files in it".to_owned())
        }
        paths::Found::Missing(_) if words.contains("://") && !words.starts_with("file:") => {
            Some("named in the list by an address on the network; only files are opened".to_owned())
        }
        paths::Found::Missing(path) => Some(match walk::broken_link(path) {
            Some(why) => format!("named in the list, but {why}"),
            None => "named in the list, but there is no such file; correct the path".to_owned(),
        }),
    }
}
