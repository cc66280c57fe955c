//! Names of classes that a list numbers. Data sets of the Hugging Face hub number their classes (`ClassLabel`) and name
//! them beside their lists: in `dataset_info.json`, `dataset_infos.json`, or the head of `README.md`.

use std::{fs, io::Read, path::Path};

use serde_json::Value;

use super::columns::column;
use crate::{Note, table::Table};

/// Longer descriptions are not read.
const LARGEST_BYTES: u64 = 1 << 20;
/// Classes that a note names.
const NAMED: usize = 3;

/// The names of the classes that are numbered in a column, and a note that says where they stand; `None` where its fields
/// are no such numbers or have no names.
pub(super) fn class_names(
    table: &Table,
    place: usize,
    notes: &mut Vec<Note>,
) -> Option<Vec<String>> {
    let heading = table.names().get(place).filter(|name| !name.is_empty())?;
    let numbers: Option<Vec<usize>> = column(table, place).map(class_number).collect();
    let most = numbers?.into_iter().max()?;
    let folder = table.path().parent().unwrap_or(Path::new(""));
    let folders = [Some(folder), folder.parent()];
    let files = ["dataset_info.json", "dataset_infos.json", "README.md"];
    let described = folders.into_iter().flatten().find_map(|folder| {
        files.into_iter().find_map(|file| {
            let text = beginning(&folder.join(file))?;
            let names = match file.ends_with(".json") {
                true => in_json(&serde_json::from_str(&text).ok()?, heading)?,
                false => in_card(&text, heading)?,
            };
            (names.len() > most).then_some((file, names))
        })
    });
    let (file, names) = described?;
    let examples: Vec<String> = names
        .iter()
        .take(NAMED)
        .enumerate()
        .map(|(number, name)| format!("{number} is {name}"))
        .collect();
    let more = if names.len() > NAMED { ", ..." } else { "" };
    notes.push(
        format!(
            "the classes of {} are numbers, which {file} names: {}{more}",
            table.column_name(place),
            examples.join(", ")
        )
        .into(),
    );
    Some(names)
}

/// The name of a numbered class.
pub(super) fn class_name<'a>(names: Option<&'a [String]>, field: &str) -> Option<&'a str> {
    names?.get(class_number(field)?).map(String::as_str)
}

/// The number of a class: `3`, and `3.0` as pandas writes it where a column has gaps.
fn class_number(field: &str) -> Option<usize> {
    field.strip_suffix(".0").unwrap_or(field).parse().ok()
}

fn beginning(path: &Path) -> Option<String> {
    let mut text = String::new();
    let file = fs::File::open(path).ok()?;
    file.take(LARGEST_BYTES).read_to_string(&mut text).ok()?;
    Some(text)
}

/// `{"features": {"label": {"names": ["rock", ..]}}}`, at any depth.
fn in_json(value: &Value, heading: &str) -> Option<Vec<String>> {
    let members = value.as_object()?;
    let own = members.get(heading).and_then(|feature| {
        let names = feature.get("names")?.as_array()?.iter();
        names.map(|name| name.as_str().map(str::to_owned)).collect()
    });
    own.or_else(|| members.values().find_map(|inner| in_json(inner, heading)))
}

/// The feature `- name: label` in the head of a card, with `names:` and a line for each: `'0': rock`.
fn in_card(text: &str, heading: &str) -> Option<Vec<String>> {
    let head = text.strip_prefix("---")?.split("\n---").next()?;
    let bare = |text: &str| text.trim().trim_matches(['\'', '"']).to_owned();
    let mut lines = head.lines().map(str::trim);
    lines.find(|line| {
        line.strip_prefix("- name:")
            .is_some_and(|name| bare(name) == heading)
    })?;
    let mut own = lines.take_while(|line| !line.starts_with("- name:"));
    own.find(|line| *line == "names:")?;
    let names = own.map_while(|line| {
        let (number, name) = line.split_once(':')?;
        bare(number).parse::<usize>().ok()?;
        Some(bare(name))
    });
    Some(names.collect())
}
