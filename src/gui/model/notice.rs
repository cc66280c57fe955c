//! Messages for the user.

use std::path::{Path, PathBuf};

/// How much a notice matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Good to know.
    Note,
    /// Something did not work.
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
    /// The action, by its name in the list of actions, that is offered with it.
    pub action: Option<&'static str>,
    /// How often the same was said.
    pub count: usize,
    /// When it was first drawn, in seconds of the window's clock.
    shown_secs: Option<f64>,
    /// When it begins to fade.
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

/// The messages: the newest is shown for a while, and all can be read again.
#[derive(Debug, Default)]
pub struct Notices {
    shown: Vec<Notice>,
    /// What was shown and faded or was closed, newest last.
    past: Vec<Notice>,
    /// Errors that nobody has read in the history yet.
    unread_errors: usize,
    next: u64,
    now_secs: f64,
}

/// More would cover the window.
const MOST: usize = 1;
/// Messages of the history; the oldest go.
const MOST_PAST: usize = 200;
/// How long a notice stays: time for its words at 15 letters a second, and at least ...
const LETTERS_PER_SEC: f64 = 15.0;
/// ... this long, ...
const SHORTEST_SECS: f64 = 4.0;
/// ... or this long where it says that something did not work, or offers something to do.
const SHORTEST_ACT_SECS: f64 = 10.0;

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

    /// Says something that is good to know, and offers an action, named as in the list of actions.
    pub fn act(&mut self, text: impl Into<String>, action: &'static str) {
        let id = self.push(Severity::Note, text.into(), None);
        if let Some(notice) = self.shown.iter_mut().find(|notice| notice.id == id) {
            notice.action = Some(action);
        }
    }

    fn push(&mut self, severity: Severity, text: String, folder: Option<PathBuf>) -> u64 {
        // The same fault may come every frame; it is said once and counted.
        if let Some(same) = self.shown.iter_mut().find(|notice| notice.text == text) {
            same.count += 1;
            same.until_secs = None;
            return same.id;
        }
        // Said again later, it is one line of the history, the newest.
        let before = self.past.iter().position(|notice| notice.text == text);
        let before = before.map_or(0, |place| self.past.remove(place).count);
        let id = self.next;
        self.next += 1;
        if severity == Severity::Error {
            self.unread_errors += 1;
        }
        self.shown.push(Notice {
            id,
            severity,
            text,
            folder,
            action: None,
            count: before + 1,
            shown_secs: None,
            until_secs: None,
        });
        if self.shown.len() > MOST {
            // The newest is shown; but nobody has read an error yet that has just come.
            let new = |notice: &Notice| {
                let since = notice.shown_secs.map_or(0.0, |shown| self.now_secs - shown);
                notice.severity == Severity::Error && since < SHORTEST_SECS
            };
            let note = severity == Severity::Note;
            let gone = match note && self.shown.first().is_some_and(new) {
                true => self.shown.pop(),
                false => Some(self.shown.remove(0)),
            };
            gone.into_iter().for_each(|notice| self.file(notice));
        }
        id
    }

    /// Puts a notice into the history.
    fn file(&mut self, notice: Notice) {
        self.past.push(notice);
        if self.past.len() > MOST_PAST {
            self.past.remove(0);
        }
    }

    /// Lets time pass: notices whose time is over go into the history. Returns in how many seconds the next one changes, 0 while
    /// one fades.
    pub fn tick(&mut self, now_secs: f64, fade_secs: f64) -> Option<f64> {
        self.now_secs = now_secs;
        let mut next: Option<f64> = None;
        let mut gone = Vec::new();
        self.shown.retain_mut(|notice| {
            let shown = *notice.shown_secs.get_or_insert(now_secs);
            if now_secs < shown + fade_secs {
                next = Some(0.0);
            }
            let needs_act = notice.severity == Severity::Error || notice.action.is_some();
            let least = if needs_act {
                SHORTEST_ACT_SECS
            } else {
                SHORTEST_SECS
            };
            let stays = (notice.text.chars().count() as f64 / LETTERS_PER_SEC).max(least);
            let until = *notice.until_secs.get_or_insert(now_secs + stays);
            let left = (until - now_secs).max(0.0);
            next = Some(next.map_or(left, |next| next.min(left)));
            let stays = now_secs < until + fade_secs;
            if !stays {
                gone.push(notice.clone());
            }
            stays
        });
        gone.into_iter().for_each(|notice| self.file(notice));
        next.filter(|_| !self.shown.is_empty())
    }

    /// Closes one; it can be read again.
    pub fn dismiss(&mut self, id: u64) {
        if let Some(place) = self.shown.iter().position(|notice| notice.id == id) {
            let notice = self.shown.remove(place);
            self.file(notice);
        }
    }

    /// Closes those that say what is good to know.
    pub fn dismiss_notes(&mut self) {
        let is_note = |notice: &Notice| notice.severity == Severity::Note;
        let ids: Vec<u64> = self
            .shown
            .iter()
            .filter(|it| is_note(it))
            .map(|it| it.id)
            .collect();
        ids.into_iter().for_each(|id| self.dismiss(id));
    }

    /// Closes all.
    pub fn dismiss_all(&mut self) {
        let ids: Vec<u64> = self.shown.iter().map(|notice| notice.id).collect();
        ids.into_iter().for_each(|id| self.dismiss(id));
    }

    /// Those that are shown, newest last.
    pub fn shown(&self) -> &[Notice] {
        &self.shown
    }

    /// All that can be read again, the newest first.
    pub fn all(&self) -> impl Iterator<Item = &Notice> {
        self.past.iter().chain(&self.shown).rev()
    }

    /// Errors that nobody has read in the history yet.
    pub fn unread_errors(&self) -> usize {
        self.unread_errors
    }

    /// The history is read.
    pub fn read(&mut self) {
        self.unread_errors = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_fault_is_said_once_and_counted_and_the_newest_is_shown() {
        let mut notices = Notices::default();
        notices.error("a");
        notices.error("a");
        assert_eq!(notices.shown().len(), 1);
        assert_eq!(notices.shown()[0].count, 2);
        notices.note("b");
        assert_eq!(notices.shown()[0].text, "a", "nobody has read it yet");
        notices.error("c");
        assert_eq!(notices.shown().len(), 1);
        assert_eq!(notices.shown()[0].text, "c", "an error does");
        let texts = |notices: &Notices| -> Vec<String> {
            notices.all().map(|notice| notice.text.clone()).collect()
        };
        assert_eq!(texts(&notices), ["c", "a", "b"]);
        assert_eq!(notices.unread_errors(), 2);
        notices.read();
        assert_eq!(notices.unread_errors(), 0);
        // Said again, it is not a second line.
        notices.error("a");
        assert_eq!(texts(&notices), ["a", "c", "b"]);
        assert_eq!(notices.shown()[0].count, 3);
        let id = notices.shown()[0].id;
        notices.dismiss(id);
        assert!(notices.shown().is_empty());
        assert_eq!(notices.all().count(), 3, "closed, it can be read again");
    }

    #[test]
    fn notices_fade_by_themselves_into_the_history_and_errors_stay_longer() {
        let fade = 0.12;
        let mut notices = Notices::default();
        notices.note("saved");
        assert_eq!(notices.tick(10.0, fade), Some(0.0), "fading in");
        assert_eq!(notices.shown()[0].opacity(10.06, fade), 0.5);
        assert_eq!(notices.tick(11.0, fade), Some(3.0));
        assert_eq!(notices.shown()[0].opacity(11.0, fade), 1.0);
        // Said again, it stays longer.
        notices.note("saved");
        notices.tick(13.0, fade);
        notices.tick(15.0, fade);
        assert_eq!(notices.shown().len(), 1);
        notices.tick(17.2, fade);
        assert!(notices.shown().is_empty());
        notices.error("broken");
        notices.tick(20.0, fade);
        notices.tick(29.0, fade);
        assert_eq!(notices.shown().len(), 1, "time to read what to do");
        notices.tick(31.0, fade);
        assert!(notices.shown().is_empty());
        assert_eq!(notices.tick(1e6, fade), None, "nothing changes any more");
        let texts: Vec<&str> = notices.all().map(|notice| notice.text.as_str()).collect();
        assert_eq!(texts, ["broken", "saved"]);
    }
}
