//! What people write into the fields of a list: parts of a split, numbers, yes and no.

use std::collections::{BTreeMap, BTreeSet};

use super::languages::{FILLER, NO, TEST, TRAIN, VALID, YES, bare, is_one_of};
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
        let bare = bare(word);
        let one = match bare.as_str() {
            "" => continue,
            _ if is_one_of(FILLER, &bare) => continue,
            _ if is_one_of(TRAIN, &bare) => Meaning::Part(Part::Train),
            _ if is_one_of(VALID, &bare) => Meaning::Part(Part::Valid),
            _ if is_one_of(TEST, &bare) => Meaning::Part(Part::Test),
            "train" | "training" | "trn" | "tr" | "trainset" | "trainingset" | "learn" => {
                Meaning::Part(Part::Train)
            }
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
pub(super) type Parts = (BTreeMap<String, Part>, Vec<String>);

/// Train, valid and test by three numbers in their order.
pub(super) fn numbered(numbers: [&str; 3]) -> Parts {
    let parts = [Part::Train, Part::Valid, Part::Test];
    let meant = numbers.map(str::to_owned).into_iter().zip(parts).collect();
    let [train, valid, test] = numbers;
    let guessed = format!("{train}, {valid} and {test} are taken as train, valid and test");
    (meant, vec![guessed])
}

/// Reads the different fields of a column as parts.
pub(super) fn parts(fields: &BTreeSet<String>) -> Parts {
    // Numbers mean a part only all three together: two alone might be "is it test?", more are folds.
    let numbers = ["0", "1", "2"];
    if fields.iter().eq(numbers) {
        return numbered(numbers);
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

/// Whether a field says that something holds.
pub(super) fn yes_or_no(field: &str) -> Option<bool> {
    match fold_text(field.trim()).as_str() {
        "1" | "1.0" | "true" | "yes" | "y" | "t" | "x" => Some(true),
        "0" | "0.0" | "false" | "no" | "n" | "f" => Some(false),
        word if word.len() > 1 && is_one_of(YES, &bare(word)) => Some(true),
        word if word.len() > 1 && is_one_of(NO, &bare(word)) => Some(false),
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
    fn numbers_may_have_a_decimal_comma() {
        assert_eq!(number("3,5", false), Some(3.5));
        assert_eq!(number("3,5", true), None);
        assert_eq!(number(" -0.25 ", true), Some(-0.25));
        for none in ["", "NaN", "inf", "x", "1,2,3"] {
            assert_eq!(number(none, false), None, "{none}");
        }
    }
}
