//! Several tags in one field: by which signs they are parted, and what looks like several and is read as one.

use std::collections::BTreeSet;

use super::tag_values::{BracketTags, bracket_tags};
use crate::text::fold_text;

/// Signs that part tags wherever they stand: nobody has them in one.
const STRONG: [char; 7] = ['\n', '\t', ';', '|', '；', '、', '•'];

/// How the tags of a column are parted: each field by the signs that it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TagSigns {
    /// A comma parts tags, too, unless a field of the column has it beside a stronger sign.
    comma_parts: bool,
    /// Each field has as many zeros and ones, a place for each tag.
    pub(super) by_place: bool,
}

/// The mark before a label in fastText's lists.
pub(crate) const MARK: &str = "__label__";

/// What parts the tags of one field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum TagSign {
    /// A list in brackets parts itself.
    Brackets,
    Of(char),
}

impl std::fmt::Display for TagSign {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Brackets => f.write_str("lists in brackets"),
            Self::Of('\n') => f.write_str("line ends"),
            Self::Of('\t') => f.write_str("tabs"),
            Self::Of(sign) => write!(f, "`{sign}`"),
        }
    }
}

impl TagSigns {
    /// Of a column's fields.
    pub(super) fn of<'a>(fields: impl Iterator<Item = &'a str> + Clone) -> Self {
        let mut open = fields.clone().filter(|field| bracket_tags(field).is_none());
        let signs = Self {
            comma_parts: !open.any(|field| field.contains(',') && field.contains(STRONG)),
            by_place: false,
        };
        Self {
            by_place: signs.are_by_place(fields),
            ..signs
        }
    }

    /// Whether fields are rows of zeros and ones, of one length.
    fn are_by_place<'a>(self, fields: impl Iterator<Item = &'a str>) -> bool {
        const FEWEST: usize = 3;
        let mut width = None;
        let mut filled = fields.filter(|field| !crate::text::is_nothing(field));
        let is_row = |field: &str| {
            let parts = self.parts(field).tags;
            let digits =
                |part: &String| matches!(part.trim(), "0" | "1" | "0.0" | "1.0" | "0." | "1.");
            parts.len() >= FEWEST
                && *width.get_or_insert(parts.len()) == parts.len()
                && parts.iter().all(digits)
        };
        filled.all(is_row) && width.is_some()
    }

    /// What the signs of a field part, and what it says beside that.
    fn parts(self, field: &str) -> BracketTags {
        if let Some(found) = bracket_tags(field) {
            return found;
        }
        let parts: Vec<String> = match field.contains(MARK) {
            true => field.split(MARK).map(unmarked).collect(),
            false => {
                let parts =
                    |letter: char| STRONG.contains(&letter) || self.comma_parts && is_comma(letter);
                field.split(parts).map(str::to_owned).collect()
            }
        };
        BracketTags {
            tags: parts,
            ..BracketTags::default()
        }
    }

    /// The tags of a field, each once, and what it says beside them.
    pub(super) fn read(self, field: &str) -> BracketTags {
        let found = self.parts(field);
        let tags: Vec<String> = match self.by_place {
            true => {
                let is_one = |(place, part): (usize, &String)| {
                    part.trim().starts_with('1').then(|| place.to_string())
                };
                found.tags.iter().enumerate().filter_map(is_one).collect()
            }
            false => found.tags,
        };
        let mut seen = BTreeSet::new();
        let tags = tags
            .into_iter()
            .map(|tag| tag.trim().to_owned())
            .filter(|tag| !crate::text::is_nothing(tag) && seen.insert(tag.clone()));
        BracketTags {
            tags: tags.collect(),
            ..found
        }
    }

    /// The tags of a field, each once.
    pub(super) fn tags(self, field: &str) -> Vec<String> {
        self.read(field).tags
    }

    /// What parts a field; `None` where it is one tag.
    pub(super) fn sign(self, field: &str) -> Option<TagSign> {
        if bracket_tags(field).is_some() {
            return Some(TagSign::Brackets);
        }
        let sign = STRONG.into_iter().find(|&sign| field.contains(sign));
        let comma = || (self.comma_parts && field.contains(is_comma)).then_some(',');
        sign.or_else(comma).map(TagSign::Of)
    }

    /// Whether a field has a comma that parts nothing.
    pub(super) fn keeps_comma(self, field: &str) -> bool {
        !self.comma_parts && bracket_tags(field).is_none() && field.contains(is_comma)
    }
}

fn is_comma(letter: char) -> bool {
    matches!(letter, ',' | '，')
}

/// Whether a field that is one label looks like several: a list in brackets, or words with a sign between them that no
/// name has.
pub(super) fn seems_several(field: &str) -> bool {
    match bracket_tags(field) {
        Some(found) => found.tags.len() > 1,
        None => field.contains(STRONG) || field.matches(MARK).count() > 1,
    }
}

/// Whether one tag looks like several that are parted by a sign which might be of a name, too: `rock/pop`, `rock::pop`, `#rock #pop`.
pub(super) fn seems_unparted(tag: &str) -> bool {
    // `mood/theme---happy` is how MTG-Jamendo writes a tag with its kind.
    let has_slash = tag.contains(['/', '+', '\\']) && !tag.contains("---");
    has_slash
        || tag.contains("::")
        || tag
            .split_whitespace()
            .filter(|word| word.starts_with('#'))
            .count()
            > 1
}

/// A sign between tags that is also of names: `drum & bass`.
pub(super) const AND: &str = " & ";

/// Whether the different fields of a column, each one tag, look like several tags with this sign between them: each is
/// put together, or a part of others, and a part comes at the end of one field and before the end of another. Names of
/// one kind share their end or their beginning: `deep house`, `tech house`.
pub(super) fn seem_parted_by(fields: &BTreeSet<&str>, sign: &str) -> bool {
    let (mut last, mut alone) = (BTreeSet::new(), Vec::new());
    let mut earlier: BTreeSet<&str> = BTreeSet::new();
    for field in fields
        .iter()
        .filter(|field| !crate::text::is_nothing(field))
    {
        let parts = field.split(sign).map(str::trim);
        let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
        match parts.split_last() {
            Some((end, [])) => alone.push(*end),
            Some((end, before)) => {
                last.insert(*end);
                earlier.extend(before);
            }
            None => {}
        }
    }
    let is_part = |part: &&str| last.contains(part) || earlier.contains(part);
    alone.iter().all(is_part) && last.iter().any(|part| earlier.contains(part))
}

/// Whether a word is a whole number up to 100, as Last.fm weighs tags.
fn is_percentage(word: &str) -> bool {
    let number = word.parse::<u32>().ok().filter(|number| *number <= 100);
    number.is_some_and(|number| number.to_string() == word)
}

/// Whether a tag ends in a share, as `guitar:0.8` and `guitar:80` do, or in yes and no.
pub(super) fn has_weight(tag: &str) -> bool {
    tag.rsplit_once(':').is_some_and(|(name, share)| {
        let share = share.trim();
        let is_share =
            share.contains('.') && share.bytes().all(|it| it.is_ascii_digit() || it == b'.');
        let is_sign = matches!(fold_text(share).as_str(), "0" | "1" | "true" | "false");
        // Not a time: `take 4:33`.
        let is_weight = is_percentage(share) && name.ends_with(char::is_alphabetic);
        name.contains(char::is_alphabetic) && (is_share || is_sign || is_weight)
    }) || has_share_in_brackets(tag)
}

/// Whether a tag ends in a share such as `(80%)`, `80 %` or `(80)`; a single digit in brackets may be of a name.
fn has_share_in_brackets(tag: &str) -> bool {
    let inner = tag.trim().trim_end_matches(')');
    let is_share = |text: &str| {
        let text = text.trim_end_matches('%').trim_end();
        let is_whole = tag.ends_with(')') && text.len() > 1 && is_percentage(text);
        text.parse::<f64>().is_ok() && (inner.ends_with('%') || text.contains('.') || is_whole)
    };
    let last = inner.rsplit(['(', ' ']).find(|it| !matches!(*it, "" | "%"));
    (tag.ends_with(')') || inner.ends_with('%')) && last.is_some_and(is_share)
}

/// A label that stands in the brackets of a list or object by itself, or in quotes, without these.
pub(super) fn bare_label(field: &str) -> String {
    let is_list = field.starts_with(['[', '{']) || field.starts_with("('");
    if let Some(found) = bracket_tags(field).filter(|_| is_list)
        && let [only] = &found.tags[..]
    {
        return only.clone();
    }
    let unquoted = field
        .strip_prefix('\'')
        .and_then(|rest| rest.strip_suffix('\''))
        .filter(|inner| !inner.is_empty() && !inner.contains('\''));
    unmarked(unquoted.unwrap_or(field))
}

/// A label without fastText's mark before it, and what parts it from the next.
pub(super) fn unmarked(label: &str) -> String {
    let label = label.trim().trim_end_matches(',');
    label.strip_prefix(MARK).unwrap_or(label).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_parted_however_they_are_written() {
        let three = ["piano", "no vocals", "don't"];
        let fields = [
            "piano;no vocals; don't",
            "piano|no vocals|don't",
            "piano, no vocals,don't, ",
            "['piano', 'no vocals', \"don't\"]",
            "[\"piano\", \"no vocals\", \"don\\u0027t\"]",
            "('piano', 'no vocals', 'don\\'t')",
            "['piano' 'no vocals' \"don't\"]",
            "piano、no vocals、don't",
            "piano\nno vocals\ndon't",
        ];
        // Also where each row of a column has another sign.
        let mixed = TagSigns::of(fields.into_iter());
        for field in fields {
            let alone = TagSigns::of([field].into_iter());
            assert_eq!(alone.tags(field), three, "{field}");
            assert_eq!(mixed.tags(field), three, "{field}");
        }
        assert_eq!(mixed.tags("[piano, slow]"), ["piano", "slow"]);
        assert_eq!(mixed.tags("slow"), ["slow"]);
        assert!(mixed.tags("[]").is_empty());
        // A comma is part of a tag where it stands beside a sign that surely parts them.
        let fields = ["drum, bass; slow", "fast, loud"];
        let signs = TagSigns::of(fields.into_iter());
        assert_eq!(signs.tags(fields[0]), ["drum, bass", "slow"]);
        assert_eq!(signs.tags(fields[1]), ["fast, loud"]);
        assert!(signs.keeps_comma(fields[1]) && !signs.keeps_comma("slow"));
    }

    #[test]
    fn rows_of_zeros_and_ones_are_tags_by_their_place() {
        let fields = ["[0, 1, 1]", "[1, 0, 0]", "", "[0, 0, 0]"];
        let signs = TagSigns::of(fields.into_iter());
        assert!(signs.by_place);
        assert_eq!(signs.tags(fields[0]), ["1", "2"]);
        assert_eq!(signs.tags(fields[1]), ["0"]);
        assert!(signs.tags(fields[3]).is_empty());
        // Numbers of genres are none.
        for other in [["[0, 1, 12]", "[1, 0, 0]"], ["[0, 1]", "[1, 0]"]] {
            assert!(!TagSigns::of(other.into_iter()).by_place, "{other:?}");
        }
    }

    #[test]
    fn marked_labels_are_told_apart_by_their_marks() {
        let field = "__label__rock __label__hip-hop, __label__no vocals";
        let signs = TagSigns::of([field].into_iter());
        assert_eq!(signs.tags(field), ["rock", "hip-hop", "no vocals"]);
        assert_eq!(unmarked("__label__rock"), "rock");
        assert!(seems_several(field) && !seems_several("__label__rock"));
    }

    #[test]
    fn what_looks_like_several_is_told_from_one() {
        for several in ["rock;pop", "['rock', 'pop']", "rock|pop"] {
            assert!(seems_several(several), "{several}");
        }
        for one in ["rock", "Folk, World, & Country", "(live)", "R&B/Soul"] {
            assert!(!seems_several(one), "{one}");
        }
        for (written, label) in [
            ("['rock']", "rock"),
            ("{\"name\": \"rock\"}", "rock"),
            ("'rock'", "rock"),
            ("(live)", "(live)"),
            ("'n'n'", "'n'n'"),
            ("[1, 2]", "[1, 2]"),
        ] {
            assert_eq!(bare_label(written), label);
        }
        assert!(has_weight("rock (80%)") && has_weight("rock:0.8") && has_weight("rock 80 %"));
        assert!(has_weight("rock:100") && has_weight("drums (61)") && has_weight("top 40:1"));
        assert!(!has_weight("live (1998)") && !has_weight("decade:1980"));
        assert!(!has_weight("top 40") && !has_weight("take (2)") && !has_weight("100% silk"));
        assert!(seems_unparted("rock/pop") && seems_unparted("#rock #pop"));
        assert!(!seems_unparted("mood/theme---happy") && !seems_unparted("hip hop"));
    }
}
