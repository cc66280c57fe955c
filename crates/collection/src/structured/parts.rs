//! The items of an array and the members of an object as texts, each at its place in the file.

use serde::de::IgnoredAny;
use serde_json::Deserializer;

/// The members of an object, in the order of the file.
pub(super) type Members<'t> = Vec<(String, &'t str)>;

/// The texts of an array's items.
pub(super) fn items(array: &str) -> Option<Vec<&str>> {
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
pub(super) fn members(object: &str) -> Option<Members<'_>> {
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
