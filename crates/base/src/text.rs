//! Words for people: names in the order in which they list them, and what the system says without its numbers.

use std::{cmp::Ordering, fmt::Display, io};

/// What the system says of an error, without its number: "No such file or directory".
pub fn system_words(error: &io::Error) -> String {
    let text = error.to_string();
    let words = text.split(" (os error ").next().unwrap_or_default();
    words.to_owned()
}

/// What stands in the place of a file that was not downloaded, by its first bytes, and what to do: a pointer of Git LFS, or a web
/// page. `None` for all other bytes.
pub fn not_downloaded(start: &[u8]) -> Option<&'static str> {
    const KINDS: [(&[u8], &str); 3] = [
        (
            b"version https://git-lfs",
            "it is only a pointer to a file that Git LFS keeps; run `git lfs pull` to get the file itself",
        ),
        (b"<!DOCTYPE", WEB_PAGE),
        (b"<html", WEB_PAGE),
    ];
    const WEB_PAGE: &str = "it is a web page, not the file itself; download it again";
    let begins = |mark: &[u8]| {
        let found = start.get(..mark.len());
        found.is_some_and(|found| found.eq_ignore_ascii_case(mark))
    };
    let found = KINDS.iter().find(|(mark, _)| begins(mark));
    found.map(|(_, what)| *what)
}

/// Compares names as people do: "take 9" comes before "take 10", and "dub" before "Rock". Only equal texts are equal, so
/// that a sorted list can be searched with it.
pub fn natural_order(a: &str, b: &str) -> Ordering {
    by_numbers(a, b).then_with(|| a.cmp(b))
}

fn by_numbers(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a, b);
    loop {
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let (in_a, in_b) = (digits(a), digits(b));
        if in_a > 0 && in_b > 0 {
            let (number_a, rest_a) = a.split_at(in_a);
            let (number_b, rest_b) = b.split_at(in_b);
            let (plain_a, plain_b) = (
                number_a.trim_start_matches('0'),
                number_b.trim_start_matches('0'),
            );
            let order = plain_a
                .len()
                .cmp(&plain_b.len())
                .then_with(|| plain_a.cmp(plain_b));
            if order.is_ne() {
                return order;
            }
            (a, b) = (rest_a, rest_b);
            continue;
        }
        let (mut letters_a, mut letters_b) = (a.chars(), b.chars());
        match (letters_a.next(), letters_b.next()) {
            (None, None) => return Ordering::Equal,
            (None, _) => return Ordering::Less,
            (_, None) => return Ordering::Greater,
            (Some(x), Some(y)) => {
                let order = x.to_lowercase().cmp(y.to_lowercase());
                if order.is_ne() {
                    return order;
                }
                (a, b) = (letters_a.as_str(), letters_b.as_str());
            }
        }
    }
}

/// A number with what it counts: "1 file", "2 files".
///
/// ```
/// use mynascope_base::counted;
/// assert_eq!([counted(1, "track"), counted(0, "track")], ["1 track", "0 tracks"]);
/// ```
pub fn counted<N: Display + PartialEq + From<u8>>(count: N, what: &str) -> String {
    let s = if count == N::from(1) { "" } else { "s" };
    format!("{count} {what}{s}")
}

/// A place in a row as people say it: "1st", "2nd", "13th".
///
/// ```
/// use mynascope_base::ordinal;
/// assert_eq!([1, 2, 3, 4, 11, 23].map(ordinal), ["1st", "2nd", "3rd", "4th", "11th", "23rd"]);
/// ```
pub fn ordinal(number: usize) -> String {
    let ending = match (number % 100, number % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

/// The word that stands beside a number of things: the first with one, else the second.
///
/// ```
/// use mynascope_base::agreeing;
/// assert_eq!([1, 2].map(|count| agreeing(count, "is", "are")), ["is", "are"]);
/// ```
pub fn agreeing<'a>(count: usize, one: &'a str, several: &'a str) -> &'a str {
    if count == 1 { one } else { several }
}

/// An error's words without the path that they end with, for where the path stands beside them.
///
/// ```
/// use mynascope_base::without_path;
/// assert_eq!(without_path(&"it is empty: m/a.wav", "m/a.wav".as_ref()), "it is empty");
/// assert_eq!(without_path(&"it is empty", "m/a.wav".as_ref()), "it is empty");
/// ```
pub fn without_path(error: &dyn Display, path: &std::path::Path) -> String {
    let mut words = error.to_string();
    let end = format!(": {}", path.display());
    if words.ends_with(&end) {
        words.truncate(words.len() - end.len());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_words_have_no_number() {
        let missing = std::fs::read("/no/such/file").unwrap_err();
        assert!(!system_words(&missing).contains("os error"));
        assert_eq!(system_words(&io::Error::other("full")), "full");
    }

    #[test]
    fn numbers_count_and_case_does_not() {
        let mut names = [
            "take 10", "Rock", "2", "10", "1", "dub", "take 9", "Take 9b", "rock", "é", "01",
        ];
        names.sort_by(|a, b| natural_order(a, b));
        let ought = [
            "01", "1", "2", "10", "dub", "Rock", "rock", "take 9", "Take 9b", "take 10", "é",
        ];
        assert_eq!(names, ought);
        for name in names {
            assert!(
                names
                    .binary_search_by(|other| natural_order(other, name))
                    .is_ok()
            );
        }
        let long = "9".repeat(400);
        assert_eq!(natural_order(&long, &format!("1{long}")), Ordering::Less);
    }
}
