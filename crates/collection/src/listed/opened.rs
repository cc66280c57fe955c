//! One list of those that are opened: which of its columns names the files, and its rows.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    columns::Columns,
    cut,
    folders::{self, Folders},
    gather::{Gathered, NewRow},
    headings, is_playlist,
    paths::{self, Finder},
    values::Values,
};
use crate::{
    CollectionError, Note,
    note::{Examples, ListLine},
    split::Part,
    table::{Row, Table},
    text::{is_nothing, say_guessed_encoding},
    walk,
};
use mynascope_base::{agreeing, counted, jobs::Watch, without_path};

/// So few missing files stay rows, with their reason, even if they are more than those that are here.
const FEW_MISSING: usize = 20;

/// One of the lists that are opened.
pub(super) struct Opened<'a> {
    pub(super) list: &'a Path,
    pub(super) together: &'a [PathBuf],
    /// Whether no file is looked for.
    pub(super) names_only: bool,
    /// Where several are opened.
    pub(super) name: Option<Arc<str>>,
    /// The part that its name means.
    pub(super) part: Option<Part>,
    /// Whether the name of another list means one.
    pub(super) others_are_parts: bool,
    /// The fold that its name means.
    pub(super) fold: Option<u32>,
}

impl Opened<'_> {
    pub(super) fn read(
        &self,
        gathered: &mut Gathered,
        notes: &mut Vec<Note>,
        watch: &Watch<'_>,
    ) -> Result<(), CollectionError> {
        let table = Table::read(self.list, headings::is_known)?;
        let mut columns = Columns::of(&table);
        let mut finder = Finder::new(self.list, self.together, watch);
        finder.names_only = self.names_only;
        let (file, folders) = file_columns(&table, &columns, &mut finder)?;
        columns.folders = folders;
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
            let found = folders::find(&mut finder, &row, words, &columns.folders)?;
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
            let problem = match self.names_only {
                true => None,
                false => problem_of(&found, words),
            };
            let (mut track, part) = values.track(&row, found.path(), problem);
            track.fold = track.fold.or(self.fold);
            gathered.add(NewRow {
                track,
                part,
                found: &found,
                words,
                is_name_alone: columns.folders.is_empty() && !words.contains(['/', '\\']),
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
    pub(super) fn named(&self, mut note: Note) -> Note {
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

/// The column of the files: the likeliest one in which files are found, else the likeliest; and those of the folders that
/// they lie in.
fn file_columns(
    table: &Table,
    columns: &Columns,
    finder: &mut Finder<'_>,
) -> Result<(usize, Vec<usize>), CollectionError> {
    for &(place, _) in &columns.files {
        let tried = Folders::of(table, place);
        let headed = tried.headed(columns, finder)?;
        if !headed.is_empty() {
            return Ok((place, headed));
        }
        if tried.finds_alone(finder)? {
            return Ok((place, tried.unheaded(finder)?));
        }
    }
    for &(place, _) in &columns.files {
        let folders = Folders::of(table, place).unheaded(finder)?;
        if !folders.is_empty() {
            return Ok((place, folders));
        }
    }
    let sure = columns.files.iter().find(|(_, is_weak)| !is_weak);
    // None is here: a folder says where they would lie.
    let other = |place: usize| columns.folders.iter().copied().find(|&it| it != place);
    sure.map(|&(place, _)| (place, other(place).into_iter().collect()))
        .ok_or_else(|| {
            let wanted = "give the column of the paths the heading `file` (or `path`, `filename`, `audio`, `track`)";
            CollectionError::Labels {
                line: 1,
                why: match table.names() {
                    [] => format!("the list is empty; {wanted}"),
                    _ if finder.names_only => format!(
                        "no column names the tracks; {}; give the column of their paths, names or numbers the heading \
                         `file` (or `path`, `track_id`, `id`)",
                        table.say_headings()
                    ),
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
