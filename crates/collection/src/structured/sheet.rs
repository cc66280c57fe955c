//! Objects as rows: their members are fields by name.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Rows;
use crate::{listed, table::Cells};

/// Deeper values are no labels.
const DEEPEST: usize = 4;

/// Rows whose fields come by name, in any order.
#[derive(Default)]
pub(super) struct Sheet {
    places: BTreeMap<String, usize>,
    names: Vec<String>,
    cells: Cells,
    /// The row that is being filled, with its line.
    row: Option<(u64, Vec<String>)>,
}

impl Sheet {
    pub(super) fn start(&mut self, line: u64) {
        self.end();
        self.row = Some((line, Vec::new()));
    }

    /// Takes the row that was filled.
    fn end(&mut self) {
        if let Some((line, fields)) = self.row.take() {
            self.cells.push(line, fields.iter().map(String::as_str));
        }
    }

    pub(super) fn set(&mut self, name: &str, field: String) {
        let place = match self.places.get(name) {
            Some(&place) => place,
            None => {
                let place = self.names.len();
                self.names.push(name.to_owned());
                self.places.insert(name.to_owned(), place);
                place
            }
        };
        let Some((_, row)) = &mut self.row else {
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
    pub(super) fn set_all(&mut self, around: &str, object: &Value, depth: usize) {
        let Value::Object(members) = object else {
            return;
        };
        let members: Vec<(&String, &Value)> = members
            .iter()
            .map(|(key, value)| (key, single(key, value)))
            .collect();
        for &(key, value) in &members {
            if value.is_object() && depth < DEEPEST && !holds_tags(key, value) {
                continue;
            }
            let is_free = match (self.places.get(key), &self.row) {
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
            if value.is_object() && depth < DEEPEST && !holds_tags(key, value) {
                self.set_all(key, value, depth + 1);
            }
        }
    }

    pub(super) fn finish(mut self) -> Rows {
        self.end();
        (self.names, self.cells)
    }
}

/// The only item of a list, but of tags: other programs give each field as one.
fn single<'v>(name: &str, value: &'v Value) -> &'v Value {
    match value {
        Value::Array(items) if !listed::is_tags(name) => match &items[..] {
            [only] if !only.is_array() => only,
            _ => value,
        },
        _ => value,
    }
}

/// Whether an object is one of tags with a number or yes and no each, by its name and members: `"tags": {"rock": 0.8}`.
fn holds_tags(name: &str, value: &Value) -> bool {
    let says_how_much = |value: &Value| value.is_number() || value.is_boolean() || value.is_null();
    listed::is_tags(name)
        && value
            .as_object()
            .is_some_and(|members| !members.is_empty() && members.values().all(says_how_much))
}

/// A value as a field of a list: texts as they are, lists as JSON, nothing for null.
pub(super) fn text_of(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
