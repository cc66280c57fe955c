//! The fields of tags in a list's rows, and what is to be said of the signs that part them.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    cut,
    tags::{self, TagSign, TagSigns},
};
use crate::{
    Note,
    note::Examples,
    table::{Row, Table},
};
use mynascope_base::counted;

/// The fields of a row's tags in a column: of the last one all that follow.
pub(super) fn tag_fields<'a>(
    row: &Row<'a>,
    place: usize,
    goes_on: Option<usize>,
) -> impl Iterator<Item = &'a str> + Clone + use<'a> {
    let width = match goes_on == Some(place) {
        true => usize::MAX,
        false => 1,
    };
    row.from(place).take(width)
}

/// Says where the tags of a column are parted by different signs, where a comma parts none, and which look like several.
pub(super) fn note_signs(
    table: &Table,
    place: usize,
    goes_on: Option<usize>,
    signs: TagSigns,
    notes: &mut Vec<Note>,
) {
    let heading = table.column_name(place);
    let fields = || {
        table.rows().flat_map(move |row| {
            tag_fields(&row, place, goes_on).map(move |field| (row.line(), field))
        })
    };
    let named = |line: u64, field: &str| format!("line {line} `{}`", cut(field));
    let mut counts: BTreeMap<TagSign, usize> = BTreeMap::new();
    for sign in fields().filter_map(|(_, field)| signs.sign(field)) {
        *counts.entry(sign).or_default() += 1;
    }
    if counts.len() > 1 {
        let most = counts.values().max().copied();
        let usual = counts.iter().find(|(_, count)| Some(**count) == most);
        let usual = usual.map(|(sign, _)| *sign);
        let mut examples = Examples::default();
        for (line, field) in fields() {
            let sign = signs.sign(field);
            if sign.is_some() && sign != usual {
                examples.add(line, || named(line, field));
            }
        }
        let others = counts.keys().filter(|sign| Some(**sign) != usual);
        let others: Vec<String> = others.map(TagSign::to_string).collect();
        notes.push(examples.note(format!(
            "the tags in {heading} are parted by {} in most rows and by {} in others, and read so",
            usual.map_or_else(String::new, |sign| sign.to_string()),
            others.join(" and ")
        )));
    }
    if signs.by_place {
        notes.push(
            format!(
                "the zeros and ones in {heading} are read as tags that go by their place, from 0 on; write words to have names"
            )
            .into(),
        );
    }
    let mut commas = Examples::default();
    let mut odd = Examples::default();
    let [mut weights, mut spaced, mut anded, mut numbers, mut kinds] =
        std::array::from_fn(|_| Examples::default());
    let different: BTreeSet<&str> = fields().map(|(_, field)| field).collect();
    let whole = different.iter().all(|field| signs.tags(field).len() < 2);
    let ands = whole && tags::seem_parted_by(&different, tags::AND);
    let blanks = whole && !ands && tags::seem_parted_by(&different, " ");
    for (line, field) in fields() {
        let found = signs.read(field);
        if found.has_weights {
            numbers.add(line, || named(line, field));
        }
        if found.has_kinds {
            kinds.add(line, || named(line, field));
        }
        let tags = found.tags;
        if tags.iter().any(|tag| tags::has_weight(tag)) {
            weights.add(line, || named(line, field));
        }
        if blanks && tags.iter().any(|tag| tag.contains(' ')) {
            spaced.add(line, || named(line, field));
        }
        if ands && field.contains(tags::AND) {
            anded.add(line, || named(line, field));
        }
        if signs.keeps_comma(field) {
            commas.add(line, || named(line, field));
        } else if tags.iter().any(|tag| tags::seems_unparted(tag)) {
            odd.add(line, || named(line, field));
        }
    }
    for (examples, what) in [
        (
            commas,
            "a comma in `tags` is part of a tag, as other signs part them",
        ),
        (
            odd,
            "words with `/`, `+`, `::` or `#` between them are one tag in `tags`; semicolons part tags",
        ),
        (
            spaced,
            "words with blanks between them are one tag in `tags`; semicolons part tags",
        ),
        (
            anded,
            "words with `&` between them are one tag in `tags`; semicolons part tags",
        ),
        (
            weights,
            "a number after `:` or at the end is part of the tag in `tags`; leave numbers out to have the tags alone",
        ),
        (
            numbers,
            "numbers beside the tags in `tags` are left out: a tag with a number above 0 is there, one with 0 or less is not",
        ),
        (
            kinds,
            "names before `:` in `tags` are left out, what stands behind them are the tags",
        ),
    ] {
        if examples.count > 0 {
            let rows = counted(examples.count, "row");
            let what = what.replace("`tags`", &heading);
            notes.push(examples.note(format!("{rows}: {what}")));
        }
    }
}
