//! Lists that are not lines of fields: JSON (an object for each file, in an array or a line each) and playlists (`.m3u`,
//! `.pls`). They become rows under headings, as other lists are.

use std::{collections::BTreeMap, path::Path};

use mynascope_audio::is_audio_path;
use serde::de::IgnoredAny;
use serde_json::{Deserializer, Value};

/// Rows under headings, each with its line in the file, from 1.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Rows {
    pub(crate) names: Vec<String>,
    pub(crate) rows: Vec<(u64, Vec<String>)>,
}

/// The line of a fault, and what is to be done about it.
pub(crate) type Fault = (u64, String);

const WANTED: &str = "a JSON list is an array of objects, or an object on each line, with a path and labels: \
                      [{\"file\": \"a.wav\", \"label\": \"rock\"}, ..]";
/// Endings of JSON files.
pub(crate) const JSON: [&str; 3] = ["json", "jsonl", "ndjson"];
/// Deeper values are no labels.
const DEEPEST: usize = 4;

/// Reads the text of a file whose ending says that it is such a list; `None` for other endings.
pub(crate) fn read(path: &Path, text: &str) -> Option<Result<Rows, Fault>> {
    let ending = path.extension()?.to_str()?.to_lowercase();
    match ending.as_str() {
        "pls" => Some(Ok(numbered_entries(text))),
        "m3u" | "m3u8" => Some(Ok(playlist(text))),
        known if JSON.contains(&known) => Some(Json { text }.read()),
        _ => None,
    }
}

/// `File1=..` and `Title1=..` of a `.pls` playlist.
fn numbered_entries(text: &str) -> Rows {
    let mut rows: BTreeMap<u32, (u64, Vec<String>)> = BTreeMap::new();
    for (number, line) in (1..).zip(text.lines()) {
        let Some((key, value)) = line.split_once('=') else {
            continue;
        };
        let key = key.trim().to_lowercase();
        let found = [("file", 0), ("title", 1)]
            .into_iter()
            .find_map(|(word, at)| {
                let entry = key.strip_prefix(word)?.parse::<u32>().ok()?;
                Some((entry, at))
            });
        if let Some((entry, at)) = found {
            let (line, fields) = rows
                .entry(entry)
                .or_insert_with(|| (number, vec![String::new(); 2]));
            if at == 0 {
                *line = number;
            }
            if let Some(field) = fields.get_mut(at) {
                *field = value.trim().to_owned();
            }
        }
    }
    Rows {
        names: vec!["file".to_owned(), "title".to_owned()],
        rows: rows.into_values().collect(),
    }
}

/// A path a line, each with its title in a remark before it: `#EXTINF:123,Title`.
fn playlist(text: &str) -> Rows {
    let mut rows = Vec::new();
    let mut title = "";
    for (number, line) in (1..).zip(text.lines().map(str::trim)) {
        if let Some(about) = line.strip_prefix("#EXTINF:") {
            title = about.split_once(',').map_or("", |(_, title)| title.trim());
        } else if !line.is_empty() && !line.starts_with('#') {
            rows.push((number, vec![line.to_owned(), title.to_owned()]));
            title = "";
        }
    }
    Rows {
        names: vec!["file".to_owned(), "title".to_owned()],
        rows,
    }
}

struct Json<'t> {
    text: &'t str,
}

/// The members of an object, in the order of the file.
type Members<'t> = Vec<(String, &'t str)>;

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
            _ => Ok(self.of_items(values.into_iter().map(|value| (None, value)))),
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
            return Ok(self.of_items(items.into_iter().map(|item| (None, item))));
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
        // One list among other things, or one for each part of a split: {"train": [..], "test": [..]}.
        let lists: Vec<(&str, Vec<&str>)> = members
            .iter()
            .filter_map(|(key, value)| Some((key.as_str(), items(value)?)))
            .filter(|(_, items)| items.first().is_some_and(|item| members_or_path(item)))
            .collect();
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
            1 => Ok(self.of_items(
                lists
                    .into_iter()
                    .flat_map(|(_, items)| items)
                    .map(|item| (None, item)),
            )),
            _ => Ok(self.of_items(lists.into_iter().flat_map(|(key, items)| {
                items
                    .into_iter()
                    .map(move |item| (Some(("split", key)), item))
            }))),
        }
    }

    /// Objects, paths, or arrays of a path and its labels; each with a field that stands outside of it.
    fn of_items<'k>(
        &self,
        items: impl Iterator<Item = (Option<(&'k str, &'k str)>, &'t str)>,
    ) -> Rows {
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
            if let Some((name, field)) = outside {
                sheet.set(name, field.to_owned());
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
            let mut rows = Vec::new();
            for row in items(data)? {
                let fields: Vec<Value> = serde_json::from_str(row).ok()?;
                rows.push((self.line_of(row), fields.iter().map(text_of).collect()));
            }
            return Some(Rows { names, rows });
        }
        let known = |name: &str| crate::listed::is_heading(name);
        if members.len() < 2 || !members.iter().any(|(key, _)| known(key)) {
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
        let mut rows = Vec::with_capacity(length);
        for row in 0..length {
            let fields = columns.iter().map(|column| column.get(row).copied());
            let fields: Vec<&str> = fields.collect::<Option<_>>()?;
            let line = fields.first().map_or(1, |field| self.line_of(field));
            let value = |field: &&str| serde_json::from_str::<Value>(field);
            let fields: Vec<Value> = fields.iter().map(value).collect::<Result<_, _>>().ok()?;
            rows.push((line, fields.iter().map(text_of).collect()));
        }
        Some(Rows {
            names: members.iter().map(|(key, _)| key.clone()).collect(),
            rows,
        })
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

/// The texts of an array's items.
fn items(array: &str) -> Option<Vec<&str>> {
    let mut rest = array.strip_prefix('[')?.trim_start();
    let mut items = Vec::new();
    while !rest.starts_with(']') {
        let (item, after) = first_value(rest)?;
        items.push(item);
        rest = next_item(after)?;
    }
    Some(items)
}

/// The members of an object, in the order of the file.
fn members(object: &str) -> Option<Members<'_>> {
    let mut rest = object.strip_prefix('{')?.trim_start();
    let mut members = Vec::new();
    while !rest.starts_with('}') {
        let (key, after) = first_value(rest)?;
        let after = after.trim_start().strip_prefix(':')?.trim_start();
        let (value, after) = first_value(after)?;
        members.push((serde_json::from_str(key).ok()?, value));
        rest = next_item(after)?;
    }
    Some(members)
}

/// What follows an item: another, or the bracket at the end.
fn next_item(rest: &str) -> Option<&str> {
    let rest = rest.trim_start();
    match rest.strip_prefix(',') {
        Some(next) => Some(next.trim_start()),
        None => rest.starts_with([']', '}']).then_some(rest),
    }
}

/// The text of the value that a text begins with, and what follows.
fn first_value(text: &str) -> Option<(&str, &str)> {
    let mut stream = Deserializer::from_str(text).into_iter::<IgnoredAny>();
    stream.next()?.ok()?;
    text.split_at_checked(stream.byte_offset())
}

/// Whether an item of an array may be a row: an object, or the path of a sound.
fn members_or_path(item: &str) -> bool {
    let text = item.trim_start();
    text.starts_with('{')
        || serde_json::from_str::<String>(text).is_ok_and(|path| is_audio_path(Path::new(&path)))
}

/// A value as a field of a list: texts as they are, lists as JSON, nothing for null.
fn text_of(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Rows whose fields come by name, in any order.
#[derive(Default)]
struct Sheet {
    places: BTreeMap<String, usize>,
    names: Vec<String>,
    rows: Vec<(u64, Vec<String>)>,
}

impl Sheet {
    fn start(&mut self, line: u64) {
        self.rows.push((line, Vec::new()));
    }

    fn set(&mut self, name: &str, field: String) {
        let place = match self.places.get(name) {
            Some(&place) => place,
            None => {
                let place = self.names.len();
                self.names.push(name.to_owned());
                self.places.insert(name.to_owned(), place);
                place
            }
        };
        let Some((_, row)) = self.rows.last_mut() else {
            return;
        };
        if row.len() <= place {
            row.resize(place + 1, String::new());
        }
        if let Some(slot) = row.get_mut(place) {
            *slot = field;
        }
    }

    /// The members of an object; those of an object in it go by their own names where these are free in the row, else
    /// with the names around them.
    fn set_all(&mut self, around: &str, object: &Value, depth: usize) {
        let Value::Object(members) = object else {
            return;
        };
        for (key, value) in members {
            if value.is_object() && depth < DEEPEST {
                continue;
            }
            let is_free = match (self.places.get(key), self.rows.last()) {
                (Some(&place), Some((_, row))) => row.get(place).is_none_or(String::is_empty),
                _ => true,
            };
            let name = match is_free || around.is_empty() {
                true => key.clone(),
                false => format!("{around}.{key}"),
            };
            self.set(&name, text_of(value));
        }
        for (key, value) in members {
            if value.is_object() && depth < DEEPEST {
                self.set_all(key, value, depth + 1);
            }
        }
    }

    fn finish(mut self) -> Rows {
        let width = self.names.len();
        for (_, row) in &mut self.rows {
            row.resize(width, String::new());
        }
        Rows {
            names: self.names,
            rows: self.rows,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Rows {
        read(Path::new("l.json"), text).unwrap().unwrap()
    }

    /// A row's line and its fields under some headings.
    fn fields<'r>(rows: &'r Rows, row: usize, names: &[&str]) -> (u64, Vec<&'r str>) {
        let (line, fields) = &rows.rows[row];
        let of = |name: &&str| {
            let place = rows.names.iter().position(|other| other == name).unwrap();
            fields[place].as_str()
        };
        (*line, names.iter().map(of).collect())
    }

    #[test]
    fn a_file_is_an_object_wherever_it_stands() {
        for (text, line) in [
            (
                "[\n {\"file\": \"a.wav\", \"label\": \"x\"},\n {\"file\": \"b.wav\", \"label\": \"dub\"}\n]",
                3,
            ),
            (
                "{\"file\": \"a.wav\", \"label\": \"x\"}\n{\"label\": \"dub\", \"file\": \"b.wav\"}\n",
                2,
            ),
            (
                "{\"version\": 1, \"tracks\": [{\"file\": \"a.wav\", \"label\": \"x\"},\n{\"file\": \"b.wav\", \"label\": \"dub\"}]}",
                2,
            ),
            (
                "[{\"audio\": {\"file\": \"a.wav\"}, \"label\": \"x\"}, {\"audio\": {\"file\": \"b.wav\"}, \"label\": \"dub\"}]",
                1,
            ),
            (
                "{\"file\": {\"0\": \"a.wav\", \"1\": \"b.wav\"}, \"label\": {\"0\": \"x\", \"1\": \"dub\"}}",
                1,
            ),
            (
                "{\"file\": [\"a.wav\", \"b.wav\"], \"label\": [\"x\", \"dub\"]}",
                1,
            ),
            (
                "{\"columns\": [\"file\", \"label\"], \"index\": [0, 1], \"data\": [[\"a.wav\", \"x\"], [\"b.wav\", \"dub\"]]}",
                1,
            ),
            ("{\"a.wav\": \"x\",\n\"b.wav\": \"dub\"}", 2),
            (
                "{\"a.wav\": {\"label\": \"x\"},\n\"b.wav\": {\"label\": \"dub\"}}",
                2,
            ),
            (
                "{\"tracks\": {\"a.wav\": {\"label\": \"x\"},\n\"b.wav\": {\"label\": \"dub\"}}}",
                2,
            ),
            ("[[\"a.wav\", \"x\"], [\"b.wav\", \"dub\"]]", 1),
        ] {
            let rows = json(text);
            assert_eq!(rows.rows.len(), 2, "{text}");
            let expected = (line, vec!["b.wav", "dub"]);
            assert_eq!(fields(&rows, 1, &["file", "label"]), expected, "{text}");
        }
    }

    #[test]
    fn lists_by_their_parts_are_a_split_and_lists_in_a_field_are_tags() {
        let rows = json("{\"train\": [{\"file\": \"a.wav\"}], \"test\": [{\"file\": \"b.wav\"}]}");
        assert_eq!(
            fields(&rows, 1, &["file", "split"]),
            (1, vec!["b.wav", "test"])
        );
        let rows = json("[{\"file\": \"a.wav\", \"tags\": [\"loud\", \"fast\"], \"bpm\": null}]");
        let expected = (1, vec!["a.wav", "[\"loud\",\"fast\"]", ""]);
        assert_eq!(fields(&rows, 0, &["file", "tags", "bpm"]), expected);
    }

    #[test]
    fn what_is_no_list_says_what_is_wanted_and_where() {
        for (text, line, words) in [
            (
                "[{\"file\": \"a.wav\"},\n {\"file\": }]",
                2,
                "array of objects",
            ),
            (
                "{\"annotations\": [], \"file_metadata\": {}, \"sandbox\": {}}",
                1,
                "JAMS",
            ),
            ("3", 1, "no list"),
            ("", 1, "empty"),
            ("{\"lr\": 0.1, \"steps\": 10}", 1, "no list"),
        ] {
            let (at, why) = read(Path::new("l.json"), text).unwrap().unwrap_err();
            assert!(
                at == line && why.contains(words),
                "{text}: line {at}: {why}"
            );
        }
    }

    #[test]
    fn numbered_entries_of_a_playlist_are_rows() {
        let text = "[playlist]\nFile1=a.wav\nTitle1=A\nLength1=3\nFile2=b.wav\nNumberOfEntries=2\n";
        let rows = read(Path::new("l.pls"), text).unwrap().unwrap();
        assert_eq!(
            fields(&rows, 0, &["file", "title"]),
            (2, vec!["a.wav", "A"])
        );
        assert_eq!(fields(&rows, 1, &["file", "title"]), (5, vec!["b.wav", ""]));
        let text = "#EXTM3U\n#EXTINF:3,A, or B\na, b.wav\n\nc.wav\n";
        let rows = read(Path::new("l.m3u8"), text).unwrap().unwrap();
        assert_eq!(
            fields(&rows, 0, &["file", "title"]),
            (3, vec!["a, b.wav", "A, or B"])
        );
        assert_eq!(fields(&rows, 1, &["file", "title"]), (5, vec!["c.wav", ""]));
    }
}
