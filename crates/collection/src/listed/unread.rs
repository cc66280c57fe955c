//! What of a list was read as what, and which of its columns say nothing.

use std::collections::BTreeSet;

use super::{cut, values::Values};
use crate::Note;

/// Headings of columns that nothing was read from, named in a note.
const NAMED_HEADINGS: usize = 40;

impl Values<'_> {
    /// Says which columns nothing was read from, but for the one that was named as `no_split` before.
    pub(super) fn note_unread(&self, file: usize, no_split: Option<usize>, notes: &mut Vec<Note>) {
        let columns = self.columns;
        let split = self.split.as_ref().map(|(place, _)| *place);
        let unread = columns.unread(self.table, file, [split.or(no_split), self.folds]);
        let of_name = |name: &String| self.table.names().iter().filter(|it| *it == name).count();
        let (again, unread): (Vec<String>, Vec<String>) = match self.table.is_headless {
            true => (Vec::new(), unread),
            false => {
                let mut seen = BTreeSet::new();
                let names = self.table.names().iter();
                let twice: BTreeSet<&String> = names.filter(|name| !seen.insert(*name)).collect();
                unread.into_iter().partition(|name| twice.contains(name))
            }
        };
        for name in again.iter().collect::<BTreeSet<_>>() {
            let count = of_name(name);
            notes.push(
                format!(
                    "{count} columns have the name `{}`; the first is read",
                    cut(name)
                )
                .into(),
            );
        }
        let has_some = columns.label.is_some()
            || !columns.tags.is_empty()
            || !columns.tag_columns.is_empty()
            || columns.key.is_some()
            || columns.tempo.is_some()
            || columns.emotion.iter().any(Option::is_some);
        let heading = |place: usize| self.table.names().get(place).map_or("", String::as_str);
        if self.table.is_headless {
            let read = [
                (Some(file), "the path"),
                (columns.label, "the label"),
                (columns.title, "the title"),
                (columns.tags.first().copied(), "the tags"),
                (columns.key, "the key"),
                (columns.mode, "its mode"),
                (split, "the part of the split"),
            ];
            let read: Vec<String> = read
                .into_iter()
                .filter_map(|(place, what)| Some(format!("field {} as {what}", place? + 1)))
                .collect();
            if read.len() > 1 {
                let read = read.join(", ");
                notes.push(format!("the list has no headings; read are {read}").into());
            }
        }
        if columns.has_artists {
            let name = columns.label.map_or("", heading);
            notes.push(
                format!("there is no other label, so the artists in `{name}` are the labels")
                    .into(),
            );
        }
        if !has_some && super::is_playlist(self.table.path()) {
            notes.push(
                "a playlist has no labels; write a list such as a .csv with the columns `file` and `label` instead"
                    .into(),
            );
        } else if !has_some {
            notes.push(
                format!(
                    "there is no column of labels; {}; wanted are `label` (or `genre`, `class`, `style`), \
                     `tags`, `key`, or `arousal` and `valence`",
                    self.table.say_headings()
                )
                .into(),
            );
        } else if !unread.is_empty() {
            let named: Vec<String> = unread
                .iter()
                .take(NAMED_HEADINGS)
                .map(|name| format!("`{}`", cut(name)))
                .collect();
            let more = match unread.len() - named.len() {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            notes.push(
                format!(
                    "columns that nothing was read from: {}{more}",
                    named.join(", ")
                )
                .into(),
            );
        }
        if !columns.in_part.is_empty() && self.split.is_none() && self.part.is_none() {
            let named = columns.in_part.iter();
            let named: Vec<String> = named
                .map(|&(place, part)| format!("`{}` as {}", heading(place), part.name()))
                .collect();
            notes.push(
                format!(
                    "the split is read from columns of yes and no: {}",
                    named.join(", ")
                )
                .into(),
            );
        }
        if let (Some(weight), &[tags]) = (columns.tag_weight, &columns.tags[..]) {
            notes.push(
                format!(
                    "what stands in {} is there only in rows with a number above 0 in {}",
                    self.table.column_name(tags),
                    self.table.column_name(weight)
                )
                .into(),
            );
        }
        if !columns.tag_columns.is_empty() {
            notes.push(
                format!(
                    "{} columns of yes and no are read as tags",
                    columns.tag_columns.len()
                )
                .into(),
            );
        }
    }
}
