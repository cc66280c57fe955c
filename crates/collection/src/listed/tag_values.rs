//! Tags in brackets, as JSON, Python, NumPy and YAML write them: lists (`['rock', 'pop']`), tags with a number each
//! (`{"rock": 0.8, "pop": 0}`, `[('rock', 100), ('pop', 3)]`) and records (`[{"name": "rock", "count": 3}]`).

use std::{iter::Peekable, str::Chars};

use super::words::yes_or_no;
use crate::text::is_nothing;

/// Deeper values are no tags.
const DEEPEST: usize = 6;
/// Members of a record that name its tag, the likeliest first.
const NAMES: [&str; 8] = [
    "name",
    "tag",
    "label",
    "genre_title",
    "genre",
    "title",
    "value",
    "text",
];
/// Members of a record that say how much of it there is.
const WEIGHTS: [&str; 8] = [
    "count",
    "weight",
    "score",
    "confidence",
    "probability",
    "prob",
    "votes",
    "strength",
];

/// The tags of a field in brackets, and what of it is not told by them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct BracketTags {
    /// In their order, not yet trimmed.
    pub(super) tags: Vec<String>,
    /// Whether there are numbers beside them that say more than yes and no.
    pub(super) has_weights: bool,
    /// Whether there are names before them (`{"mood": "happy"}`), which are left out.
    pub(super) has_kinds: bool,
}

/// The tags of a field that is in brackets as a whole; `None` of any other.
pub(super) fn bracket_tags(field: &str) -> Option<BracketTags> {
    let field = unwrapped(field.trim());
    let inside = inside(field)?;
    let mut found = BracketTags::default();
    match Reader::value_of(field) {
        Some(value) => value.gather(false, &mut found),
        // No list of any language, as with a lonely quote.
        None => found.tags = inside.split(',').map(str::to_owned).collect(),
    }
    Some(found)
}

/// What stands in the brackets around a whole field.
fn inside(field: &str) -> Option<&str> {
    [('[', ']'), ('(', ')'), ('{', '}')]
        .into_iter()
        .find_map(|(open, close)| field.strip_prefix(open)?.strip_suffix(close))
}

/// A list without the name of its Python type: `{'a'}` of `frozenset({'a'})`.
fn unwrapped(field: &str) -> &str {
    const TYPES: [&str; 9] = [
        "set",
        "frozenset",
        "list",
        "tuple",
        "array",
        "np.array",
        "Counter",
        "OrderedDict",
        "dict",
    ];
    let named = TYPES.iter().find_map(|name| {
        let inner = field.strip_prefix(name)?.strip_prefix('(')?;
        let inner = inner.strip_suffix(')')?;
        // numpy names the kind of the items behind them.
        let inner = inner.split_once(", dtype=").map_or(inner, |(list, _)| list);
        Some(inner.trim())
    });
    named.unwrap_or(field)
}

#[derive(Debug)]
enum Value {
    /// In quotes.
    Text(String),
    /// Without quotes: a word, a number, `true`.
    Bare(String),
    List(Vec<Value>),
    Map(Vec<(String, Value)>),
}

impl Value {
    fn word(&self) -> Option<&str> {
        match self {
            Self::Text(word) | Self::Bare(word) => Some(word),
            Self::List(_) | Self::Map(_) => None,
        }
    }

    /// How much of a tag there is, where a value says that.
    fn weight(&self) -> Option<f64> {
        let word = self.word()?.trim();
        let said = match self {
            // A word in quotes may be a tag of its own: `{"vocals": "no"}`.
            Self::Text(_) => None,
            _ if is_nothing(word) => Some(0.0),
            _ => yes_or_no(word).map(|yes| if yes { 1.0 } else { 0.0 }),
        };
        said.or_else(|| word.parse().ok())
    }

    /// Adds the tags of a value; `is_item` of a list, where a pair of a word and a number is a tag with its weight.
    fn gather(&self, is_item: bool, found: &mut BracketTags) {
        match self {
            Self::Text(tag) | Self::Bare(tag) => found.tags.push(tag.clone()),
            Self::List(items) => match &items[..] {
                [tag, weight] if is_item && tag.weight().is_none() => {
                    match (tag.word(), weight.weight()) {
                        (Some(tag), Some(weight)) => found.weigh(tag, weight),
                        _ => items.iter().for_each(|item| item.gather(true, found)),
                    }
                }
                _ => items.iter().for_each(|item| item.gather(true, found)),
            },
            Self::Map(members) => {
                let member = |names: &[&str]| {
                    let mut names = names.iter();
                    names.find_map(|name| members.iter().find(|(key, _)| key == name))
                };
                let name = member(&NAMES).and_then(|(_, value)| match value {
                    Self::Text(word) => Some(word),
                    _ => None,
                });
                match (name, member(&WEIGHTS).and_then(|(_, it)| it.weight())) {
                    (Some(name), Some(weight)) => found.weigh(name, weight),
                    (Some(name), None) => found.tags.push(name.clone()),
                    (None, _) => members.iter().for_each(|it| found.take_member(it)),
                }
            }
        }
    }
}

impl BracketTags {
    fn weigh(&mut self, tag: &str, weight: f64) {
        self.has_weights |= weight != 0.0 && weight != 1.0;
        if weight > 0.0 {
            self.tags.push(tag.to_owned());
        }
    }

    /// A member of an object: a tag with a number or yes and no, or tags under the name of their kind.
    fn take_member(&mut self, (key, value): &(String, Value)) {
        match value.weight() {
            Some(weight) => self.weigh(key, weight),
            None => {
                self.has_kinds = true;
                value.gather(true, self);
            }
        }
    }
}

struct Reader<'t> {
    letters: Peekable<Chars<'t>>,
}

impl<'t> Reader<'t> {
    /// The value that a text is as a whole.
    fn value_of(text: &'t str) -> Option<Value> {
        let mut reader = Self {
            letters: text.chars().peekable(),
        };
        let value = reader.value(0, false)?;
        reader.skip_blanks();
        reader.letters.next().is_none().then_some(value)
    }

    fn skip_blanks(&mut self) {
        while self
            .letters
            .next_if(|letter| letter.is_whitespace())
            .is_some()
        {}
    }

    /// A value; within `braces` a colon ends a bare one.
    fn value(&mut self, depth: usize, braces: bool) -> Option<Value> {
        if depth > DEEPEST {
            return None;
        }
        self.skip_blanks();
        match *self.letters.peek()? {
            '[' => self.list(']', depth),
            '(' => self.list(')', depth),
            '{' => self.list('}', depth),
            quote @ ('"' | '\'') => self.quoted(quote).map(Value::Text),
            'u' | 'b' => {
                // Python marks texts so.
                let mut after = self.letters.clone();
                after.next();
                if matches!(after.peek(), Some('"' | '\'')) {
                    self.letters.next();
                    return self.value(depth, braces);
                }
                Some(self.bare(braces))
            }
            _ => Some(self.bare(braces)),
        }
    }

    /// What stands between brackets: items, or in braces members.
    fn list(&mut self, close: char, depth: usize) -> Option<Value> {
        self.letters.next();
        let braces = close == '}';
        let (mut items, mut members) = (Vec::new(), Vec::new());
        loop {
            self.skip_blanks();
            match self.letters.peek()? {
                &letter if letter == close => {
                    self.letters.next();
                    break;
                }
                ',' | ';' => {
                    self.letters.next();
                }
                ']' | ')' | '}' => return None,
                _ => {
                    let value = self.value(depth + 1, braces)?;
                    self.skip_blanks();
                    if braces && self.letters.next_if_eq(&':').is_some() {
                        let key = value.word()?.to_owned();
                        members.push((key, self.value(depth + 1, braces)?));
                    } else {
                        items.push(value);
                    }
                }
            }
        }
        match (items.is_empty(), members.is_empty()) {
            (_, true) => Some(Value::List(items)),
            (true, false) => Some(Value::Map(members)),
            (false, false) => None,
        }
    }

    fn quoted(&mut self, quote: char) -> Option<String> {
        self.letters.next();
        let mut text = String::new();
        loop {
            match self.letters.next()? {
                '\\' => match self.letters.next()? {
                    'u' => text.push(self.unicode()),
                    'n' => text.push('\n'),
                    't' => text.push('\t'),
                    other => text.push(other),
                },
                letter if letter == quote => return Some(text),
                letter => text.push(letter),
            }
        }
    }

    /// The letter of four hexadecimal digits, or of two times four as JSON writes those beyond.
    fn unicode(&mut self) -> char {
        let first = self.digits();
        let mut after = self.letters.clone();
        if (0xd800..0xdc00).contains(&first)
            && after.next() == Some('\\')
            && after.next() == Some('u')
        {
            self.letters = after;
            let second = self.digits();
            let code = 0x10000 + ((first & 0x3ff) << 10) + (second & 0x3ff);
            return char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
        }
        char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER)
    }

    fn digits(&mut self) -> u32 {
        let digits: String = self.letters.by_ref().take(4).collect();
        u32::from_str_radix(&digits, 16).unwrap_or(0xfffd)
    }

    /// A value without quotes, up to what parts it from the next; brackets within it are its own.
    fn bare(&mut self, braces: bool) -> Value {
        let mut text = String::new();
        let mut open = 0_usize;
        while let Some(&letter) = self.letters.peek() {
            match letter {
                ',' | ';' | ']' | '}' if open == 0 => break,
                ':' if braces && open == 0 => break,
                ')' if open == 0 => break,
                '(' => open += 1,
                ')' => open -= 1,
                _ => {}
            }
            text.push(letter);
            self.letters.next();
        }
        Value::Bare(text.trim().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(field: &str) -> Vec<String> {
        bracket_tags(field).unwrap().tags
    }

    #[test]
    fn lists_of_every_language_are_their_items() {
        for field in [
            "['loud', 'no vocals', \"don't\"]",
            "[\"loud\", \"no vocals\", \"don\\u0027t\"]",
            "('loud', 'no vocals', 'don\\'t')",
            "['loud' 'no vocals' \"don't\"]",
            "{'loud', 'no vocals', \"don't\"}",
            "[loud, no vocals, don't]",
            "frozenset({'loud', 'no vocals', \"don't\"})",
            "array(['loud', 'no vocals', \"don't\"], dtype=object)",
            "[u'loud', u'no vocals', u\"don't\"]",
        ] {
            assert_eq!(tags(field), ["loud", "no vocals", "don't"], "{field}");
        }
        assert_eq!(tags("[rock (live), pop]"), ["rock (live)", "pop"]);
        assert_eq!(tags("[\"\\ud83c\\udfb8\"]"), ["\u{1f3b8}"]);
        for plain in ["rock", "(live) at home", "rock [live]", ""] {
            assert_eq!(bracket_tags(plain), None, "{plain}");
        }
        assert!(tags("[]").is_empty() && tags("{}").is_empty());
    }

    #[test]
    fn a_tag_with_a_number_is_there_only_above_zero() {
        for (field, has_weights) in [
            ("{\"rock\": 1, \"pop\": 0, \"dub\": true}", false),
            ("{'rock': True, 'pop': False, 'dub': 1.0}", false),
            ("{'rock': 0.8, 'pop': 0.0, 'dub': 0.1}", true),
            ("{rock: 100, pop: 0, dub: 3}", true),
            ("{'rock': '2', 'pop': None, 'dub': '1'}", true),
            ("Counter({'rock': 3, 'pop': 0, 'dub': 1})", true),
            ("[('rock', 0.8), ('pop', 0), ('dub', 0.5)]", true),
            (
                "[[\"rock\", \"100\"], [\"pop\", \"0\"], [\"dub\", \"3\"]]",
                true,
            ),
            (
                "[{\"name\": \"rock\", \"count\": 5}, {\"name\": \"pop\", \"count\": 0}, {\"count\": 1, \"name\": \"dub\"}]",
                true,
            ),
        ] {
            let found = bracket_tags(field).unwrap();
            assert_eq!(found.tags, ["rock", "dub"], "{field}");
            assert_eq!(found.has_weights, has_weights, "{field}");
        }
    }

    #[test]
    fn records_give_their_names_and_kinds_are_left_out_and_told() {
        let fma = "[{'genre_id': '21', 'genre_title': 'Hip-Hop', 'genre_url': 'http://x/'}]";
        assert_eq!(tags(fma), ["Hip-Hop"]);
        let found = bracket_tags("{\"mood\": \"happy\", \"genre\": [\"rock\", \"pop\"]}").unwrap();
        assert_eq!(found.tags, ["happy", "rock", "pop"]);
        assert!(found.has_kinds && !found.has_weights);
        // A pair of words is two tags.
        assert_eq!(tags("['rock', 'pop']"), ["rock", "pop"]);
        assert_eq!(tags("[['rock', 'pop'], ['dub']]"), ["rock", "pop", "dub"]);
        assert_eq!(tags("['rock', 1990]"), ["rock", "1990"]);
    }
}
