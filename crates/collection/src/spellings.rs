//! Labels that look alike but are different words: `rock` and `ROCK`, `hip hop` and `Hip-Hop`, `1` and `1.0`.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::{
    note::{ListLine, Note},
    text::fold_spelling,
};
use mynascope_base::counted;

/// So many groups of spellings are named in words.
const NAMED: usize = 5;

/// A note on labels (`what` they are, as "labels") that differ only in how they are written, each with the line of its
/// row where it came from a list. They are different classes, which is rarely meant.
pub fn note<'a>(
    what: &str,
    labels: impl Iterator<Item = (&'a str, Option<&'a ListLine>)> + Clone,
) -> Option<Note> {
    // Of each spelling the rows, by their place in the order of the lists.
    type Rows<'a> = BTreeMap<usize, Option<&'a ListLine>>;
    let different: HashSet<&str> = labels.clone().map(|(label, _)| label).collect();
    let mut folded: HashMap<String, Vec<&str>> = HashMap::new();
    for label in different {
        folded.entry(fold_spelling(label)).or_default().push(label);
    }
    folded.retain(|_, spellings| spellings.len() > 1);
    // Most lists end here: their rows are not gathered.
    let group_of: HashMap<&str, &String> = folded
        .iter()
        .flat_map(|(folded, spellings)| spellings.iter().map(move |label| (*label, folded)))
        .collect();
    let mut groups: BTreeMap<&String, BTreeMap<&str, Rows<'_>>> = BTreeMap::new();
    for (place, (label, line)) in labels.enumerate() {
        if let Some(folded) = group_of.get(label) {
            let spellings = groups.entry(folded).or_default();
            spellings.entry(label).or_default().insert(place, line);
        }
    }
    let mut lines = Rows::new();
    let mut named = Vec::new();
    for spellings in groups.values() {
        let words = spellings.iter().map(|(label, rows)| {
            let tracks = counted(rows.len(), "track");
            match rows.values().flatten().next() {
                None => format!("`{label}` ({tracks})"),
                Some(line) if rows.len() == 1 => format!("`{label}` ({tracks}, {line})"),
                Some(line) => format!("`{label}` ({tracks}, the first in {line})"),
            }
        });
        named.push(words.collect::<Vec<_>>().join(" and "));
        // The rarer ones are likelier to be slips; where none is rarer, any of them is.
        let most = spellings.values().map(Rows::len).max().unwrap_or(0);
        let is_usual = |rows: &Rows<'_>| rows.len() == most;
        let is_clear = spellings.values().filter(|rows| is_usual(rows)).count() == 1;
        for rows in spellings.values() {
            if !(is_clear && is_usual(rows)) {
                lines.extend(rows);
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
    let mut lines: Vec<ListLine> = lines.into_values().flatten().cloned().collect();
    // A row may have a tag in two spellings.
    lines.dedup();
    Some(Note {
        text: format!(
            "{what} that differ only in case, spaces, hyphens, quotes or the form of a number are different ones: {}{more}",
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
    fn each_spelling_is_named_with_its_line_and_the_rarer_ones_with_all_in_order() {
        let lines: Vec<ListLine> = (2..10_u64).map(ListLine::from).collect();
        let labels = [
            "rock", "ROCK", "hip hop", "rock", "Dub", "Hip-Hop", "rock", "dub",
        ];
        let note = note("labels", labels.into_iter().zip(lines.iter().map(Some))).unwrap();
        for words in [
            "`ROCK` (1 track, line 3) and `rock` (3 tracks, the first in line 2)",
            "`Hip-Hop` (1 track, line 7) and `hip hop` (1 track, line 4)",
            "`Dub` (1 track, line 6) and `dub` (1 track, line 9)",
        ] {
            assert!(note.text.contains(words), "{words}: {note}");
        }
        // Of two that are as common either may be the slip.
        let expected: Vec<ListLine> = [3, 4, 6, 7, 9_u64].map(ListLine::from).into();
        assert_eq!(note.lines, expected);
        let apart = ["rock", "rocks", "C", "C#"]
            .into_iter()
            .map(|it| (it, None));
        assert_eq!(super::note("labels", apart), None);
    }

    #[test]
    fn a_row_with_a_tag_in_two_spellings_is_one_line() {
        let line = ListLine::from(4);
        let tags = [("Slow", Some(&line)), ("slow", Some(&line))];
        let note = note("tags", tags.into_iter()).unwrap();
        assert_eq!(note.lines, [line]);
    }
}
