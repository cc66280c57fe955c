//! Collections that are listed in tables: a row a file, with its labels and its part of a split.
//!
//! [`read`] takes lists as people have them: any separator, encoding and case of headings, paths of any system, and the
//! field's words for parts, tags and keys. What it cannot read it says in notes, with the line, and leaves out.

mod columns;
mod emotion;
mod gather;
mod paths;
mod values;
mod words;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use self::{columns::Columns, gather::Gathered, paths::Finder, values::Values};
use crate::{
    Collection, CollectionError, CollectionKind, Track,
    split::Part,
    table::{Row, Table},
    text::{Examples, counted, is_nothing},
    walk,
};
use mynascope_base::jobs::Watch;

/// Endings of files that are lists.
const ENDINGS: [&str; 4] = ["csv", "tsv", "tab", "psv"];
/// Endings of files that are lists only if they hold paths or headings.
const LIKELY: [&str; 3] = ["txt", "m3u", "m3u8"];

/// Rows that are looked at to find the column of the files.
const TRIED_ROWS: usize = 24;
/// So few missing files stay rows, with their reason, even if they are more than those that are here.
const FEW_MISSING: usize = 20;

/// Whether a file lists tracks, by its ending or, where that may mean any text, its first lines.
pub fn is_list(path: &Path) -> bool {
    let ending = path.extension().unwrap_or_default();
    let is_one_of = |known: &[&str]| known.iter().any(|it| ending.eq_ignore_ascii_case(it));
    is_one_of(&ENDINGS)
        || is_one_of(&LIKELY)
            && Table::header(path, columns::is_known).is_some_and(|names| {
                let is_sound = |name: &String| walk::is_sound_name(Path::new(name.trim()));
                names.iter().any(is_sound)
                    || ending.eq_ignore_ascii_case("m3u")
                    || ending.eq_ignore_ascii_case("m3u8")
                    || names.len() > 1 && names.iter().any(|name| columns::is_known(name))
            })
}

/// The parts of a split that the names of folders mean, if all of them do and one of them is what is learned from.
pub(crate) fn folder_parts(names: &BTreeSet<String>) -> Option<BTreeMap<String, Part>> {
    let has_letters = names.iter().all(|name| name.contains(char::is_alphabetic));
    let (parts, _) = words::parts(names);
    let different: BTreeSet<Part> = parts.values().copied().collect();
    let whole = has_letters && parts.len() == names.len();
    (whole && different.len() >= 2 && different.contains(&Part::Train)).then_some(parts)
}

/// Whether a file in a folder of sounds is likely a list of them, by its headings.
pub(crate) fn seems_list(path: &Path) -> bool {
    let ending = path.extension().unwrap_or_default();
    ENDINGS.iter().any(|it| ending.eq_ignore_ascii_case(it))
        && Table::header(path, columns::is_known)
            .is_some_and(|names| names.len() > 1 && names.iter().any(|name| columns::is_file(name)))
}

/// Reads the collection that some lists name together; `together` are folders that were opened with them, where their
/// files may lie, too.
///
/// Paths begin at the list's folder. Several lists with a part's word in their names ("train.csv", "test.csv") are one
/// split. One file in several rows is one track: its first label and part stay, which a note says.
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
    let word = |list: &PathBuf| words::part_word(list.file_stem()?.to_str()?).filter(|_| !is_one);
    let (parts, guessed) = words::parts(&lists.iter().filter_map(word).collect());
    if !guessed.is_empty() {
        gathered
            .notes
            .push(format!("of the lists {}", guessed.join(", ")));
    }
    for list in lists {
        let name = list.file_name().unwrap_or_default().to_string_lossy();
        let opened = Opened {
            list,
            together,
            name: &name,
            is_one,
            part: word(list).and_then(|word| parts.get(&word).copied()),
        };
        let mut notes = Vec::new();
        opened.read(&mut gathered, &mut notes, watch)?;
        gathered
            .notes
            .extend(notes.into_iter().map(|note| match is_one {
                true => note,
                false => format!("{name}: {note}"),
            }));
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

/// One of the lists that are opened.
struct Opened<'a> {
    list: &'a Path,
    together: &'a [PathBuf],
    name: &'a str,
    is_one: bool,
    /// The part that its name means.
    part: Option<Part>,
}

impl Opened<'_> {
    fn read(
        &self,
        gathered: &mut Gathered,
        notes: &mut Vec<String>,
        watch: &Watch<'_>,
    ) -> Result<(), CollectionError> {
        let table = Table::read(self.list, columns::is_known)?;
        let columns = Columns::of(&table);
        let mut finder = Finder::new(self.list, self.together, watch);
        let file = file_column(&table, &columns, &mut finder)?;
        if table.is_guessed_text {
            notes.push(
            "it is neither UTF-8 nor UTF-16 and was read as Windows-1252: look at its letters with accents".to_owned(),
        );
        }
        let values = Values::of(&table, &columns, file, self.part, notes);
        let (mut guessed, mut lost, mut nameless) = (
            Examples::default(),
            Examples::default(),
            Examples::default(),
        );
        let mut rows = 0_usize;
        for row in table.rows() {
            watch.check()?;
            let words = row.at(file).unwrap_or_default();
            if words.is_empty() || words.starts_with('#') && table.is_headless {
                if !row.is_blank() && words.is_empty() {
                    nameless.add(|| format!("line {}", row.line()));
                }
                continue;
            }
            rows += 1;
            let found = finder.find(words)?;
            match &found {
                paths::Found::Named(_) => {}
                paths::Found::Guessed(path) => {
                    guessed.add(|| {
                        format!("line {} `{}` is {}", row.line(), cut(words), path.display())
                    });
                }
                paths::Found::Several(_) => {
                    lost.add(|| {
                        format!(
                            "line {} `{}`: several files have this name",
                            row.line(),
                            cut(words)
                        )
                    });
                }
                paths::Found::Missing(_) => {
                    lost.add(|| format!("line {} `{}`", row.line(), cut(words)));
                }
            }
            let (track, part) = values.track(&row, found.path(), problem_of(&found));
            gathered.add(track, part, &found, words, self.place(&row));
        }
        values.finish(notes);
        if nameless.count > 0 {
            let heading = table.names().get(file).map_or("", String::as_str);
            notes.push(format!(
                "{} without a path in the column `{heading}` were left out: {}",
                counted(nameless.count, "row"),
                nameless.join()
            ));
        }
        if guessed.count > 0 {
            notes.push(format!(
                "{} of {} were found by the ends or names of their paths: {}",
                guessed.count,
                counted(rows, "file"),
                guessed.join()
            ));
        }
        if lost.count > 0 {
            let found = rows - lost.count;
            let left_out = found > 0 && lost.count > found && lost.count > FEW_MISSING;
            gathered.leaves_missing_out |= left_out;
            notes.push(format!(
                "{} of {} are not where the list says{}: {}",
                lost.count,
                counted(rows, "file"),
                if left_out { " and left out" } else { "" },
                lost.join()
            ));
        }
        Ok(())
    }

    /// A line for people: of one list alone its number says enough.
    fn place(&self, row: &Row<'_>) -> String {
        match self.is_one {
            true => format!("line {}", row.line()),
            false => format!("{} line {}", self.name, row.line()),
        }
    }
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

/// The column of the files: the likeliest one in which files are found, else the likeliest.
fn file_column(
    table: &Table,
    columns: &Columns,
    finder: &mut Finder<'_>,
) -> Result<usize, CollectionError> {
    for &(place, _) in &columns.files {
        let fields = table.rows().filter_map(|row| row.at(place));
        for words in fields.filter(|words| !is_nothing(words)).take(TRIED_ROWS) {
            if finder.find(words)?.is_here() {
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
                    "no column names sound files that are there; the headings are {}; {wanted}",
                    table.headings()
                ),
            },
            path: table.path().to_path_buf(),
        }
    })
}

fn problem_of(found: &paths::Found) -> Option<String> {
    match found {
        paths::Found::Named(path) | paths::Found::Guessed(path) => {
            walk::problem_of(path).or_else(|| {
                let other = !walk::is_sound_name(path);
                other.then(|| "not a file of a known sound format".to_owned())
            })
        }
        paths::Found::Several(_) => Some(
            "named in the list, but several files have this name; write the path with its folders"
                .to_owned(),
        ),
        paths::Found::Missing(_) => {
            Some("named in the list, but there is no such file; correct the path".to_owned())
        }
    }
}
