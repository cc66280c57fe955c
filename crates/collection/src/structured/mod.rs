//! Lists that are not lines of fields: JSON (an object for each file, in an array or a line each) and playlists (`.m3u`,
//! `.pls`). They become rows under headings, as other lists are.

mod parts;
mod playlists;
mod sheet;

use std::{collections::BTreeSet, path::Path};

use mynascope_audio::is_audio_path;
use mynascope_base::json_of_python;
use serde::de::IgnoredAny;
use serde_json::{Deserializer, Value};

use self::{
    parts::{Members, items, members},
    playlists::{numbered_entries, playlist},
    sheet::{Sheet, text_of},
};
use crate::{listed, table::Cells};

/// Headings, and rows under them.
pub(crate) type Rows = (Vec<String>, Cells);

/// The line of a fault, and what is to be done about it.
pub(crate) type Fault = (u64, String);

const WANTED: &str = "a JSON list is an array of objects, or an object on each line, with a path and labels: \
                      [{\"file\": \"a.wav\", \"label\": \"rock\"}, ..]";
/// Endings of JSON files.
pub(crate) const JSON: [&str; 3] = ["json", "jsonl", "ndjson"];

/// Reads the text of a file whose ending says that it is such a list; `None` for other endings.
pub(crate) fn read(path: &Path, text: &str) -> Option<Result<Rows, Fault>> {
    let ending = path.extension()?.to_str()?.to_lowercase();
    match ending.as_str() {
        "pls" => Some(Ok(numbered_entries(text))),
        "m3u" | "m3u8" => Some(Ok(playlist(text))),
        known if JSON.contains(&known) => {
            let text = json_of_python(text);
            Some(Json { text: &text }.read())
        }
        _ => None,
    }
}

struct Json<'t> {
    text: &'t str,
}

impl<'t> Json<'t> {
    fn read(&self) -> Result<Rows, Fault> {
        let mut values = Vec::new();
        let mut stream = Deserializer::from_str(self.text).into_iter::<IgnoredAny>();
        loop {
            let start = stream.byte_offset();
            match stream.next() {
                None => break,
                Some(Ok(_)) => {
                    let value = self.text.get(start..stream.byte_offset());
                    values.extend(value.map(str::trim));
                }
                Some(Err(error)) => {
                    let line = error.line() as u64;
                    return Err((
                        line,
                        format!("it cannot be read as JSON ({error}); {WANTED}"),
                    ));
                }
            }
        }
        match values[..] {
            [] => Err((1, format!("the list is empty; {WANTED}"))),
            [one] => self.of_value(one),
            _ => Ok(self.of_items(values.into_iter().map(|value| (Vec::new(), value)))),
        }
    }

    fn line_of(&self, value: &str) -> u64 {
        let start = value.as_ptr() as usize;
        let at = start.saturating_sub(self.text.as_ptr() as usize);
        let before = self.text.as_bytes().get(..at).unwrap_or_default();
        1 + before.iter().filter(|&&byte| byte == b'\n').count() as u64
    }

    fn of_value(&self, value: &'t str) -> Result<Rows, Fault> {
        if let Some(items) = items(value) {
            return Ok(self.of_items(items.into_iter().map(|item| (Vec::new(), item))));
        }
        let wrong = |why: String| (self.line_of(value), why);
        let Some(members) = members(value) else {
            return Err(wrong(format!("it is no list; {WANTED}")));
        };
        let has = |name: &str| members.iter().any(|(key, _)| key == name);
        if has("annotations") && has("file_metadata") {
            return Err(wrong(
                "it is a JAMS file, which describes one track and doesn't name its sound; write a list of your tracks with \
                 a column of paths and one of labels"
                    .to_owned(),
            ));
        }
        if let Some(rows) = self.of_columns(&members) {
            return Ok(rows);
        }
        if let Some(lengths) = uneven(&members) {
            return Err(wrong(format!(
                "its columns have different numbers of fields: {lengths}; each must have one for every file"
            )));
        }
        // Columns may stand one object further in.
        if let [(_, only)] = &members[..]
            && let Some(rows) = self::members(only).and_then(|inner| self.of_columns(&inner))
        {
            return Ok(rows);
        }
        let mut lists = lists_in(&members, 0);
        // Others describe what is in these.
        if lists.iter().any(|(_, items)| name_sound(items)) {
            lists.retain(|(_, items)| name_sound(items));
        }
        match lists.len() {
            0 => {
                // Files by their names may stand one object further in.
                let inner = match &members[..] {
                    [(_, only)] => self::members(only).filter(|inner| are_sounds(inner)),
                    _ => None,
                };
                self.of_keys(inner.as_ref().unwrap_or(&members))
                    .ok_or_else(|| wrong(format!("it is no list; {WANTED}")))
            }
            // One list among other things.
            1 => Ok(self.of_items(
                lists
                    .into_iter()
                    .flat_map(|(_, items)| items)
                    .map(|item| (Vec::new(), item)),
            )),
            _ => Ok(self.of_lists(lists)),
        }
    }

    /// Several lists, each by the names around it: those that mean parts of a split are these (`{"train": [..], "test":
    /// [..]}`), others are labels (`{"rock": [..], "dub": [..]}`).
    fn of_lists(&self, lists: Vec<(Vec<String>, Vec<&'t str>)>) -> Rows {
        let deepest = lists.iter().map(|(names, _)| names.len()).max();
        let of_depth = |depth: usize| -> BTreeSet<String> {
            let names = lists.iter().filter_map(|(names, _)| names.get(depth));
            names.cloned().collect()
        };
        let headings: Vec<&str> = (0..deepest.unwrap_or(0))
            .map(
                |depth| match listed::split_words(&of_depth(depth)).0.is_empty() {
                    true => "label",
                    false => "split",
                },
            )
            .collect();
        self.of_items(lists.into_iter().flat_map(|(names, items)| {
            let outside: Vec<(&str, String)> = headings.iter().copied().zip(names).collect();
            items.into_iter().map(move |item| (outside.clone(), item))
        }))
    }

    /// Arrays of fields, which have no headings.
    fn of_arrays(&self, arrays: impl Iterator<Item = &'t str>) -> Rows {
        let (mut cells, mut width) = (Cells::default(), 0);
        for array in arrays {
            let fields = items(array).unwrap_or_default();
            let fields = fields.into_iter().map(serde_json::from_str::<Value>);
            let fields: Vec<String> = fields.flatten().map(|field| text_of(&field)).collect();
            width = width.max(fields.len());
            cells.push(self.line_of(array), fields.iter().map(String::as_str));
        }
        (vec![String::new(); width], cells)
    }

    /// Objects, paths, or arrays of a path and its labels; each with the fields that stand outside of it, which what it
    /// says itself overrules.
    fn of_items<'k>(&self, items: impl Iterator<Item = (Vec<(&'k str, String)>, &'t str)>) -> Rows {
        let items: Vec<_> = items.collect();
        if items
            .iter()
            .all(|(outside, item)| outside.is_empty() && item.starts_with('['))
        {
            return self.of_arrays(items.into_iter().map(|(_, item)| item));
        }
        let mut sheet = Sheet::default();
        let (mut line, mut at) = (1_u64, self.text.as_ptr() as usize);
        for (outside, item) in items {
            // Items come in the order of the file.
            let start = item.as_ptr() as usize;
            let from = at.saturating_sub(self.text.as_ptr() as usize);
            let to = start.saturating_sub(self.text.as_ptr() as usize);
            let between = self.text.as_bytes().get(from..to).unwrap_or_default();
            line += between.iter().filter(|&&byte| byte == b'\n').count() as u64;
            at = at.max(start);
            let Ok(value) = serde_json::from_str::<Value>(item) else {
                continue;
            };
            sheet.start(line);
            for (name, field) in outside {
                sheet.set(name, field);
            }
            match value {
                Value::Array(fields) => {
                    for (place, field) in fields.iter().enumerate() {
                        let name = match place {
                            0 => "file".to_owned(),
                            1 => "label".to_owned(),
                            place => format!("field {}", place + 1),
                        };
                        sheet.set(&name, text_of(field));
                    }
                }
                Value::Object(_) => sheet.set_all("", &value, 0),
                other => sheet.set("file", text_of(&other)),
            }
        }
        sheet.finish()
    }

    /// Columns by their headings, as pandas writes a table: `{"file": {"0": "a.wav", ..}, ..}`, `{"file": ["a.wav", ..],
    /// ..}` and `{"columns": [..], "data": [[..], ..]}`.
    fn of_columns(&self, members: &Members<'t>) -> Option<Rows> {
        let get = |name: &str| {
            members
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, it)| *it)
        };
        if let (Some(columns), Some(data)) = (get("columns"), get("data")) {
            let names: Vec<String> = serde_json::from_str(columns).ok()?;
            let mut cells = Cells::default();
            for row in items(data)? {
                let fields: Vec<Value> = serde_json::from_str(row).ok()?;
                let fields: Vec<String> = fields.iter().map(text_of).collect();
                cells.push(self.line_of(row), fields.iter().map(String::as_str));
            }
            return Some((names, cells));
        }
        if members.len() < 2 || !members.iter().any(|(key, _)| is_column(key)) {
            return None;
        }
        let columns: Option<Vec<Vec<&str>>> = members
            .iter()
            .map(|(_, value)| {
                items(value).or_else(|| {
                    let fields = self::members(value)?;
                    Some(fields.into_iter().map(|(_, field)| field).collect())
                })
            })
            .collect();
        let columns = columns?;
        let length = columns.first()?.len();
        if columns.iter().any(|column| column.len() != length) {
            return None;
        }
        let mut cells = Cells::default();
        for row in 0..length {
            let fields = columns.iter().map(|column| column.get(row).copied());
            let fields: Vec<&str> = fields.collect::<Option<_>>()?;
            let line = fields.first().map_or(1, |field| self.line_of(field));
            let value = |field: &&str| serde_json::from_str::<Value>(field);
            let fields: Vec<Value> = fields.iter().map(value).collect::<Result<_, _>>().ok()?;
            let fields: Vec<String> = fields.iter().map(text_of).collect();
            cells.push(line, fields.iter().map(String::as_str));
        }
        let names = members.iter().map(|(key, _)| key.clone());
        Some((names.collect(), cells))
    }

    /// Files by their names: `{"a.wav": "rock", ..}`, `{"a.wav": ["loud", "fast"], ..}`, `{"a.wav": {"genre": "rock"}}`.
    fn of_keys(&self, members: &Members<'t>) -> Option<Rows> {
        let are_sounds = are_sounds(members);
        let mut sheet = Sheet::default();
        for (key, value) in members {
            let line = self.line_of(value);
            let value: Value = serde_json::from_str(value).ok()?;
            sheet.start(line);
            match &value {
                Value::Object(_) => {
                    sheet.set(if are_sounds { "file" } else { "name" }, key.clone());
                    sheet.set_all("", &value, 0);
                }
                _ if !are_sounds => return None,
                Value::Array(_) => {
                    sheet.set("file", key.clone());
                    sheet.set("tags", text_of(&value));
                }
                other => {
                    sheet.set("file", key.clone());
                    sheet.set("label", text_of(other));
                }
            }
        }
        Some(sheet.finish())
    }
}

/// Whether most members are named by sound files.
fn are_sounds(members: &Members<'_>) -> bool {
    let sounds = members
        .iter()
        .filter(|(key, _)| is_audio_path(Path::new(key)));
    2 * sounds.count() > members.len()
}

/// The lists of rows in an object, each with the names of the members that lead to it.
fn lists_in<'t>(members: &Members<'t>, depth: usize) -> Vec<(Vec<String>, Vec<&'t str>)> {
    let mut lists = Vec::new();
    for (key, value) in members {
        if let Some(items) = items(value) {
            if items.first().is_some_and(|item| members_or_path(item)) {
                lists.push((vec![key.clone()], items));
            }
        } else if depth == 0
            && let Some(inner) = self::members(value)
        {
            let below = lists_in(&inner, depth + 1);
            // Other things beside a list tell that it is no part of this one.
            for (mut names, items) in below.into_iter().filter(|_| are_lists(&inner)) {
                names.insert(0, key.clone());
                lists.push((names, items));
            }
        }
    }
    lists
}

/// Whether the first item of a list names a sound.
fn name_sound(items: &[&str]) -> bool {
    fn holds(value: &Value) -> bool {
        match value {
            Value::String(text) => is_audio_path(Path::new(text)),
            Value::Array(items) => items.iter().any(holds),
            Value::Object(members) => members.values().any(holds),
            _ => false,
        }
    }
    let first = items.first().map(|item| serde_json::from_str(item));
    matches!(first, Some(Ok(value)) if holds(&value))
}

fn are_lists(members: &Members<'_>) -> bool {
    members.iter().all(|(_, value)| value.starts_with('['))
}

/// Whether a name is that of a column of a list, and of no part of a split.
fn is_column(name: &str) -> bool {
    let words = BTreeSet::from([name.to_owned()]);
    listed::is_heading(name) && listed::split_words(&words).0.is_empty()
}

/// Columns that have different numbers of fields, for a message; `None` where there are none such.
fn uneven(members: &Members<'_>) -> Option<String> {
    let lengths: Vec<(&str, usize)> = members
        .iter()
        .filter(|(key, _)| is_column(key))
        .filter_map(|(key, value)| Some((key.as_str(), items(value)?)))
        .filter(|(_, items)| !items.iter().any(|item| item.starts_with('{')))
        .map(|(key, items)| (key, items.len()))
        .collect();
    let (_, first) = lengths.first()?;
    let named = lengths
        .iter()
        .map(|(key, length)| format!("`{key}` {length}"));
    lengths
        .iter()
        .any(|(_, length)| length != first)
        .then(|| named.collect::<Vec<_>>().join(", "))
}

/// Whether an item of an array may be a row: an object, or the path of a sound.
fn members_or_path(item: &str) -> bool {
    let text = item.trim_start();
    text.starts_with('{')
        || serde_json::from_str::<String>(text).is_ok_and(|path| is_audio_path(Path::new(&path)))
}

#[cfg(test)]
mod tests;
