//! Labels that look alike but are different words: `rock` and `ROCK`, `hip hop` and `Hip-Hop`.

use std::collections::BTreeMap;

use crate::{
    note::{ListLine, Note},
    text::fold_text,
};
use mynascope_base::counted;

/// So many groups of spellings are named in words.
const NAMED: usize = 5;

/// A note on labels (`what` they are, as "labels") that differ only in case, spaces and hyphens, each with the line of its
/// row where it came from a list. They are different classes, which is rarely meant.
pub(crate) fn note<'a>(
    what: &str,
    labels: impl Iterator<Item = (&'a str, Option<&'a ListLine>)>,
) -> Option<Note> {
    let mut groups: BTreeMap<String, BTreeMap<&str, Vec<Option<&ListLine>>>> = BTreeMap::new();
    for (label, line) in labels {
        let folded = fold_text(label).replace([' ', '-', '_'], "");
        let spellings = groups.entry(folded).or_default();
        spellings.entry(label).or_default().push(line);
    }
    groups.retain(|_, spellings| spellings.len() > 1);
    let mut lines = Vec::new();
    let mut named = Vec::new();
    for spellings in groups.values() {
        let words = spellings
            .iter()
            .map(|(label, of)| format!("`{label}` ({})", counted(of.len(), "track")));
        named.push(words.collect::<Vec<_>>().join(" and "));
        // The rarer ones are likelier to be slips.
        let most = spellings.values().map(Vec::len).max().unwrap_or(0);
        let usual = spellings.iter().find(|(_, of)| of.len() == most);
        for (label, of) in spellings {
            if Some(label) != usual.map(|(usual, _)| usual) {
                lines.extend(of.iter().flatten().map(|&line| line.clone()));
            }
        }
    }
    if named.is_empty() {
        return None;
    }
    let more = named.len().saturating_sub(NAMED);
    named.truncate(NAMED);
    let more = match more {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    let first = match lines.first() {
        Some(line) => format!(" (first in {line})"),
        None => String::new(),
    };
    Some(Note {
        text: format!(
            "{what} that differ only in case, spaces or hyphens are different ones: {}{more}{first}",
            named.join("; ")
        ),
        lines,
        ..Note::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_word_are_named_with_the_lines_of_the_rarer() {
        let lines: Vec<ListLine> = (2..8_u64).map(ListLine::from).collect();
        let labels = ["rock", "ROCK", "rock", "hip hop", "Hip-Hop", "dub"];
        let note = note("labels", labels.into_iter().zip(lines.iter().map(Some))).unwrap();
        for words in [
            "`ROCK` (1 track) and `rock` (2 tracks)",
            "`Hip-Hop`",
            "line",
        ] {
            assert!(note.text.contains(words), "{words}: {note}");
        }
        assert!(note.lines.contains(&3.into()) && !note.lines.contains(&2.into()));
        assert!(!note.text.contains("dub"));
        let apart = ["rock", "rocks", "C", "C#"]
            .into_iter()
            .map(|it| (it, None));
        assert_eq!(super::note("labels", apart), None);
    }
}
