//! JSON as programs write it that don't keep to its rules.

use std::borrow::Cow;

/// The words for numbers that are none, which Python's `json` writes and JSON doesn't know.
const WORDS: [&str; 3] = ["-Infinity", "Infinity", "NaN"];

/// A text of JSON in which `NaN`, `Infinity` and `-Infinity` are empty texts of the same length, so that each letter keeps
/// its place.
///
/// ```
/// assert_eq!(mynascope_base::json_of_python("[1, NaN]"), "[1, \"\" ]");
/// ```
pub fn json_of_python(text: &str) -> Cow<'_, str> {
    if !WORDS.iter().any(|word| text.contains(word)) {
        return text.into();
    }
    let mut json = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let word = WORDS.iter().find(|word| rest.starts_with(**word));
        let taken = match (letter, word) {
            ('"', _) => quoted(rest),
            (_, Some(word)) => {
                json.push_str("\"\"");
                json.extend(std::iter::repeat_n(' ', word.len() - 2));
                rest = rest.get(word.len()..).unwrap_or_default();
                continue;
            }
            _ => letter.len_utf8(),
        };
        let (before, after) = rest.split_at_checked(taken).unwrap_or((rest, ""));
        json.push_str(before);
        rest = after;
    }
    json.into()
}

/// The length of the text in quotes that a text begins with.
fn quoted(text: &str) -> usize {
    let mut escaped = false;
    let end = text.bytes().skip(1).position(|byte| {
        let is_end = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        is_end
    });
    end.map_or(text.len(), |end| end + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbers_are_replaced_and_places_stay() {
        let text =
            r#"{"NaN": "a \"NaN\" Infinity", "x": [NaN, -Infinity,Infinity], "ö": "\\", "y": NaN}"#;
        let json =
            r#"{"NaN": "a \"NaN\" Infinity", "x": ["" , ""       ,""      ], "ö": "\\", "y": "" }"#;
        assert_eq!(json_of_python(text), json);
        assert!(matches!(json_of_python("[1]"), Cow::Borrowed(_)));
    }
}
