//! What people write into the fields of a list: parts of a split, tags, numbers.

use std::collections::{BTreeMap, BTreeSet};

use super::tag_values::{BracketTags, bracket_tags};
use crate::{split::Part, text::fold_text};

/// What one word means for a split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Part(Part),
    /// "dev", "development": valid beside a train part, else what is learned from.
    Development,
    /// "eval", "evaluation": valid beside a test part, else test.
    Evaluation,
}

/// The meaning of a field such as "Train", "validation set" or "test-split".
fn meaning(field: &str) -> Option<Meaning> {
    let folded = fold_text(field);
    let mut found = None;
    for word in folded.split(|letter: char| !letter.is_alphanumeric()) {
        let one = match word {
            "" | "set" | "split" | "data" | "part" | "subset" => continue,
            "train" | "training" | "trn" | "tr" | "trainset" | "trainingset" | "learn"
            | "entraînement" | "entrainement" => Meaning::Part(Part::Train),
            "val" | "valid" | "validation" | "vld" | "va" | "cv" | "validate" | "validationset"
            | "valset" | "tune" | "tuning" => Meaning::Part(Part::Valid),
            "test" | "testing" | "tst" | "te" | "tt" | "testset" | "heldout" | "holdout" => {
                Meaning::Part(Part::Test)
            }
            "dev" | "devel" | "development" | "devset" => Meaning::Development,
            "eval" | "evaluation" | "evaluate" | "evalset" => Meaning::Evaluation,
            _ => return None,
        };
        if found.is_some_and(|other| other != one) {
            return None;
        }
        found = Some(one);
    }
    found
}

/// The parts that the different fields of a column mean, and which of them were taken by what stands beside them.
pub(super) fn parts(fields: &BTreeSet<String>) -> (BTreeMap<String, Part>, Vec<String>) {
    // Numbers mean a part only all three together: two alone might be "is it test?", more are folds.
    if fields.iter().eq(["0", "1", "2"]) {
        let parts = [Part::Train, Part::Valid, Part::Test];
        let meant = fields.iter().cloned().zip(parts).collect();
        return (
            meant,
            vec!["0, 1 and 2 are taken as train, valid and test".to_owned()],
        );
    }
    let mut meanings: BTreeMap<&String, Meaning> = fields
        .iter()
        .filter_map(|field| Some((field, meaning(field)?)))
        .collect();
    // As LibriSpeech calls its parts: `train-clean-100`, `dev-clean`, `test-other`.
    let by_first_word = || {
        let first = |field: &String| {
            let end = field.find(|letter: char| !letter.is_alphanumeric())?;
            meaning(field.get(..end)?)
        };
        let meant = fields.iter().map(|field| Some((field, first(field)?)));
        let meant: BTreeMap<&String, Meaning> = meant.collect::<Option<_>>()?;
        let different = |meaning: &Meaning| meant.values().any(|other| other != meaning);
        meant.values().any(different).then_some(meant)
    };
    let are_beginnings = meanings.is_empty();
    if are_beginnings && let Some(meant) = by_first_word() {
        meanings = meant;
    }
    let has = |wanted| meanings.values().any(|&meaning| meaning == wanted);
    let development = match has(Meaning::Part(Part::Train)) {
        true => Part::Valid,
        false => Part::Train,
    };
    let evaluation = match has(Meaning::Part(Part::Test)) {
        true => Part::Valid,
        false => Part::Test,
    };
    let mut guessed = Vec::new();
    let meant = meanings.iter().map(|(field, meaning)| {
        let part = match meaning {
            Meaning::Part(part) => *part,
            Meaning::Development => development,
            Meaning::Evaluation => evaluation,
        };
        if are_beginnings || !matches!(meaning, Meaning::Part(_)) {
            guessed.push(format!("`{field}` is taken as {}", part.name()));
        }
        ((*field).clone(), part)
    });
    let meant = meant.collect();
    (meant, guessed)
}

/// The word of a list's own name that means a part: `validation` of "split-0-validation.tsv".
pub(super) fn part_word(stem: &str) -> Option<String> {
    let mut words = stem
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !matches!(fold_text(word).as_str(), "set" | "split" | "data" | "part"))
        .filter(|word| meaning(word).is_some());
    match (words.next(), words.next()) {
        (Some(word), None) => Some(word.to_owned()),
        _ => None,
    }
}

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

/// Whether a tag ends in a share, as `guitar:0.8` does, or in yes and no.
pub(super) fn has_weight(tag: &str) -> bool {
    tag.rsplit_once(':').is_some_and(|(name, share)| {
        let share = share.trim();
        let is_share =
            share.contains('.') && share.bytes().all(|it| it.is_ascii_digit() || it == b'.');
        let is_sign = matches!(fold_text(share).as_str(), "0" | "1" | "true" | "false");
        name.contains(char::is_alphabetic) && (is_share || is_sign)
    }) || has_share_in_brackets(tag)
}

/// Whether a tag ends in a share such as `(80%)` or `80 %`.
fn has_share_in_brackets(tag: &str) -> bool {
    let inner = tag.trim().trim_end_matches(')');
    let is_share = |text: &str| {
        let text = text.trim_end_matches('%').trim_end();
        text.parse::<f64>().is_ok() && (inner.ends_with('%') || text.contains('.'))
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

/// Whether a field says that something holds.
pub(super) fn yes_or_no(field: &str) -> Option<bool> {
    match fold_text(field.trim()).as_str() {
        "1" | "1.0" | "true" | "yes" | "y" | "t" | "x" => Some(true),
        "0" | "0.0" | "false" | "no" | "n" | "f" => Some(false),
        _ => None,
    }
}

/// A number; where fields are not parted by commas, also one with a decimal comma.
pub(super) fn number(field: &str, has_commas: bool) -> Option<f64> {
    let field = field.trim().trim_end_matches('%').trim_end();
    let value = match field.parse::<f64>() {
        Err(_) if !has_commas => field.replacen(',', ".", 1).parse().ok()?,
        value => value.ok()?,
    };
    value.is_finite().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(fields: &str) -> Vec<(String, &'static str)> {
        let fields = fields.split('|').map(str::to_owned).collect();
        let (parts, _) = parts(&fields);
        parts
            .into_iter()
            .map(|(field, part)| (field, part.name()))
            .collect()
    }

    #[test]
    fn a_split_is_read_in_all_its_words() {
        for (fields, expected) in [
            ("train|valid|test", "test valid train"),
            ("Train|dev|Test", "test train valid"),
            ("training|validation|testing", "testing training validation"),
            ("TRAIN|VAL|TEST", "TEST TRAIN VAL"),
            ("0|1|2", "0 1 2"),
        ] {
            let parts = read(fields);
            assert_eq!(parts.len(), 3, "{fields} {expected}");
            let names: BTreeSet<&str> = parts.iter().map(|(_, name)| *name).collect();
            assert_eq!(names.len(), 3, "{fields}: {parts:?}");
        }
        let own = |field: &str, part| (field.to_owned(), part);
        assert_eq!(
            read("Training Set|test-set"),
            [own("Training Set", "train"), own("test-set", "test")]
        );
        // What depends on the words beside it.
        assert_eq!(
            read("development|evaluation"),
            [own("development", "train"), own("evaluation", "test")]
        );
        assert_eq!(
            read("eval|test|train"),
            [
                own("eval", "valid"),
                own("test", "test"),
                own("train", "train")
            ]
        );
        assert_eq!(
            read("eval|train|val"),
            [
                own("eval", "test"),
                own("train", "train"),
                own("val", "valid")
            ]
        );
        // No parts: folds, yes and no, sizes.
        for none in [
            "1|2|3|4|5",
            "0|1",
            "small|medium|large",
            "trainer",
            "train test",
            "1|2|3",
        ] {
            assert_eq!(read(none), [], "{none}");
        }
    }

    #[test]
    fn a_list_may_be_named_by_its_part() {
        for (name, word) in [
            ("train", Some("train")),
            ("autotagging_moodtheme-validation", Some("validation")),
            ("split-0_test", Some("test")),
            ("my_music", None),
            ("train_test", None),
            ("training_set", Some("training")),
        ] {
            assert_eq!(part_word(name).as_deref(), word, "{name}");
        }
    }

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
        assert!(!has_weight("top 40") && !has_weight("take (2)") && !has_weight("100% silk"));
        assert!(seems_unparted("rock/pop") && seems_unparted("#rock #pop"));
        assert!(!seems_unparted("mood/theme---happy") && !seems_unparted("hip hop"));
    }

    #[test]
    fn numbers_may_have_a_decimal_comma() {
        assert_eq!(number("3,5", false), Some(3.5));
        assert_eq!(number("3,5", true), None);
        assert_eq!(number(" -0.25 ", true), Some(-0.25));
        for none in ["", "NaN", "inf", "x", "1,2,3"] {
            assert_eq!(number(none, false), None, "{none}");
        }
    }
}
