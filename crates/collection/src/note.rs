//! What is to be said of a collection, and the lines of lists that it is about.

use std::{fmt, path::PathBuf, sync::Arc};

use serde::{Serialize, Serializer, ser::SerializeStruct};

/// Something to be said of a collection: a sentence for people that names the first lines it is about, and all of them.
///
/// As JSON it is the sentence, or, with lines, `{"note": .., "lines": [3, 8, ..]}`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Note {
    /// The sentence.
    pub text: String,
    /// All lines of lists that the sentence is about, in the order of the lists.
    pub lines: Vec<ListLine>,
    /// All files and folders that the sentence is about, where it says that they could not be opened, each with its
    /// reason.
    pub skipped: Vec<(PathBuf, String)>,
}

/// A line of a list. As JSON the number, or `"train.csv:8"` where several lists were opened together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListLine {
    /// Its file's name, where several lists were opened together.
    pub list: Option<Arc<str>>,
    /// From 1.
    pub line: u64,
}

impl From<String> for Note {
    fn from(text: String) -> Self {
        Self {
            text,
            ..Self::default()
        }
    }
}

impl From<&str> for Note {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<u64> for ListLine {
    fn from(line: u64) -> Self {
        Self { list: None, line }
    }
}

impl fmt::Display for ListLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.list {
            Some(list) => write!(f, "{list} line {}", self.line),
            None => write!(f, "line {}", self.line),
        }
    }
}

impl Serialize for Note {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if self.lines.is_empty() {
            return to.serialize_str(&self.text);
        }
        let mut object = to.serialize_struct("Note", 2)?;
        object.serialize_field("note", &self.text)?;
        object.serialize_field("lines", &self.lines)?;
        object.end()
    }
}

impl Serialize for ListLine {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match &self.list {
            Some(list) => to.collect_str(&format_args!("{list}:{}", self.line)),
            None => to.serialize_u64(self.line),
        }
    }
}

/// Lines of which something is to be said: all of them, the first few with what stands there.
#[derive(Debug, Default)]
pub(crate) struct Examples {
    first: Vec<String>,
    lines: Vec<ListLine>,
    pub(crate) count: usize,
}

impl Examples {
    /// So many are named in words.
    const NAMED: usize = 3;

    /// `example` says what stands in the line: "line 3 `x`".
    pub(crate) fn add(&mut self, line: impl Into<ListLine>, example: impl FnOnce() -> String) {
        self.count += 1;
        self.lines.push(line.into());
        if self.first.len() < Self::NAMED {
            self.first.push(example());
        }
    }

    /// The note that `what` happened in these lines: "what: line 3 `a`; line 4 `b`; and 7 more".
    pub(crate) fn note(self, what: impl fmt::Display) -> Note {
        let more = self.count - self.first.len();
        let more = match more {
            0 => String::new(),
            more => format!("; and {more} more"),
        };
        Note {
            text: format!("{what}: {}{more}", self.first.join("; ")),
            lines: self.lines,
            ..Note::default()
        }
    }
}

/// The note on files and folders that could not be opened, each with its reason; `None` where there are none.
pub(crate) fn skipped(skipped: Vec<(PathBuf, String)>) -> Option<Note> {
    let first = skipped.iter().take(Examples::NAMED);
    let first: Vec<String> = first
        .map(|(path, why)| format!("{} ({why})", path.display()))
        .collect();
    let more = match skipped.len() - first.len() {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    (!skipped.is_empty()).then(|| Note {
        text: format!("skipped: {}{more}", first.join("; ")),
        skipped,
        ..Note::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_names_few_lines_in_words_and_holds_all() {
        let mut examples = Examples::default();
        for line in 1..=5_u64 {
            examples.add(line, || format!("line {line}"));
        }
        let mut note = examples.note("odd rows");
        assert_eq!(note.text, "odd rows: line 1; line 2; line 3; and 2 more");
        assert_eq!(
            serde_json::to_value(&note).unwrap()["lines"],
            serde_json::json!([1, 2, 3, 4, 5])
        );
        note.lines.truncate(1);
        note.lines[0].list = Some("train.csv".into());
        assert_eq!(
            serde_json::to_value(&note).unwrap(),
            serde_json::json!({"note": note.text, "lines": ["train.csv:1"]})
        );
        assert_eq!(
            serde_json::to_value(Note::from("all of it")).unwrap(),
            "all of it"
        );
    }
}
