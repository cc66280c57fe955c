//! Messages for the user.

use std::path::{Path, PathBuf};

/// How much a notice matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Good to know; fades by itself.
    Note,
    /// Something did not work; stays until it is closed.
    Error,
}

/// One message for the user: what happened, or what did not, why, and what to do.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// Which notice.
    pub id: u64,
    /// How much it matters.
    pub severity: Severity,
    /// What it says.
    pub text: String,
    /// Where what it speaks of lies, to be shown in the file manager.
    pub folder: Option<PathBuf>,
    /// How often the same was said.
    pub count: usize,
    /// When it was first drawn, in seconds of the window's clock.
    shown_secs: Option<f64>,
    /// When it begins to fade; never for an error.
    until_secs: Option<f64>,
}

impl Notice {
    /// How much of it is to be seen at a time, 0 to 1.
    pub fn opacity(&self, now_secs: f64, fade_secs: f64) -> f32 {
        let since = self.shown_secs.map_or(0.0, |shown| now_secs - shown);
        let left = self
            .until_secs
            .map_or(fade_secs, |until| until + fade_secs - now_secs);
        (since.min(left) / fade_secs).clamp(0.0, 1.0) as f32
    }
}

/// The messages that are shown, newest last.
#[derive(Debug, Default)]
pub struct Notices {
    shown: Vec<Notice>,
    next: u64,
}

/// More would cover the window; the oldest give way, notes before errors.
const MOST: usize = 4;
/// How long a note stays: time for its words at 15 letters a second, and at least ...
const LETTERS_PER_SEC: f64 = 15.0;
/// ... this long.
const SHORTEST_SECS: f64 = 4.0;

impl Notices {
    /// Says something that is good to know.
    pub fn note(&mut self, text: impl Into<String>) {
        self.passing(text);
    }

    /// As [`Notices::note`], for something that may pass: returns the id to close it by.
    pub fn passing(&mut self, text: impl Into<String>) -> u64 {
        self.push(Severity::Note, text.into(), None)
    }

    /// Says that something did not work.
    pub fn error(&mut self, text: impl Into<String>) {
        self.passing_error(text);
    }

    /// As [`Notices::error`], for something that may pass: returns the id to close it by.
    pub fn passing_error(&mut self, text: impl Into<String>) -> u64 {
        self.push(Severity::Error, text.into(), None)
    }

    /// Says why something did not work, if it did not.
    pub fn error_of<E: std::fmt::Display>(&mut self, result: Result<(), E>) {
        if let Err(error) = result {
            self.error(error.to_string());
        }
    }

    /// Says that a file was saved; its folder can be shown from there.
    pub fn saved(&mut self, text: impl Into<String>, file: &Path) {
        let folder = file.parent().map(Path::to_path_buf);
        self.push(Severity::Note, text.into(), folder);
    }

    fn push(&mut self, severity: Severity, text: String, folder: Option<PathBuf>) -> u64 {
        // The same fault may come every frame; it is said once and counted.
        if let Some(same) = self.shown.iter_mut().find(|notice| notice.text == text) {
            same.count += 1;
            same.until_secs = None;
            return same.id;
        }
        let id = self.next;
        self.next += 1;
        self.shown.push(Notice {
            id,
            severity,
            text,
            folder,
            count: 1,
            shown_secs: None,
            until_secs: None,
        });
        if self.shown.len() > MOST {
            let is_note = |notice: &Notice| notice.severity == Severity::Note;
            let oldest = self.shown.iter().position(is_note).unwrap_or(0);
            self.shown.remove(oldest);
        }
        id
    }

    /// Lets time pass: notes whose time is over go. Returns in how many seconds the next one changes, 0 while one
    /// fades.
    pub fn tick(&mut self, now_secs: f64, fade_secs: f64) -> Option<f64> {
        let mut next: Option<f64> = None;
        self.shown.retain_mut(|notice| {
            let shown = *notice.shown_secs.get_or_insert(now_secs);
            if now_secs < shown + fade_secs {
                next = Some(0.0);
            }
            if notice.severity == Severity::Error {
                return true;
            }
            let stays = (notice.text.chars().count() as f64 / LETTERS_PER_SEC).max(SHORTEST_SECS);
            let until = *notice.until_secs.get_or_insert(now_secs + stays);
            let left = (until - now_secs).max(0.0);
            next = Some(next.map_or(left, |next| next.min(left)));
            now_secs < until + fade_secs
        });
        next.filter(|_| !self.shown.is_empty())
    }

    /// Closes one.
    pub fn dismiss(&mut self, id: u64) {
        self.shown.retain(|notice| notice.id != id);
    }

    /// Closes all that would go by themselves.
    pub fn dismiss_notes(&mut self) {
        self.shown
            .retain(|notice| notice.severity == Severity::Error);
    }

    /// Closes all.
    pub fn dismiss_all(&mut self) {
        self.shown.clear();
    }

    /// All that are shown, newest last.
    pub fn shown(&self) -> &[Notice] {
        &self.shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_fault_is_said_once_and_counted_and_old_ones_give_way() {
        let mut notices = Notices::default();
        notices.error("a");
        notices.error("a");
        assert_eq!(notices.shown().len(), 1);
        assert_eq!(notices.shown()[0].count, 2);
        for text in ["b", "c", "d", "e", "f"] {
            notices.note(text);
        }
        assert_eq!(notices.shown().len(), MOST);
        assert_eq!(notices.shown()[0].text, "a", "an error outlasts notes");
        let said = notices.passing("f");
        assert_eq!(
            said,
            notices.shown()[MOST - 1].id,
            "the same text, the same notice"
        );
        let id = notices.shown()[0].id;
        notices.dismiss(id);
        assert_eq!(notices.shown().len(), MOST - 1);
    }

    #[test]
    fn notes_fade_by_themselves_and_errors_stay() {
        let mut notices = Notices::default();
        notices.note("saved");
        notices.error("broken");
        let fade = 0.12;
        assert_eq!(notices.tick(10.0, fade), Some(0.0), "fading in");
        assert_eq!(notices.shown()[0].opacity(10.06, fade), 0.5);
        assert_eq!(notices.tick(11.0, fade), Some(3.0));
        assert_eq!(notices.shown()[0].opacity(11.0, fade), 1.0);
        // Said again, it stays longer.
        notices.note("saved");
        notices.tick(13.0, fade);
        notices.tick(15.0, fade);
        assert_eq!(notices.shown().len(), 2);
        notices.tick(17.2, fade);
        assert_eq!(notices.shown().len(), 1);
        assert_eq!(notices.tick(1e6, fade), None, "nothing changes any more");
        assert_eq!(notices.shown()[0].opacity(1e6, fade), 1.0);
    }
}
