/// How much a notice matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Good to know; fades by itself.
    Note,
    /// Something did not work; stays until it is closed.
    Error,
}

/// One message for the user: what happened, why, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub id: u64,
    pub severity: Severity,
    pub text: String,
}

/// The messages that are shown, newest last.
#[derive(Debug, Default)]
pub struct Notices {
    shown: Vec<Notice>,
    next: u64,
}

/// More would cover the window; the oldest give way.
const MOST: usize = 4;

impl Notices {
    /// Says something that is good to know.
    pub fn note(&mut self, text: impl Into<String>) {
        self.passing(text);
    }

    /// As [`Notices::note`], for something that may pass: returns the id to close it by.
    pub fn passing(&mut self, text: impl Into<String>) -> u64 {
        self.push(Severity::Note, text.into())
    }

    /// Says that something did not work.
    pub fn error(&mut self, text: impl Into<String>) {
        self.push(Severity::Error, text.into());
    }

    fn push(&mut self, severity: Severity, text: String) -> u64 {
        // The same fault may come every frame; it is said once.
        if let Some(same) = self.shown.iter().find(|notice| notice.text == text) {
            return same.id;
        }
        let id = self.next;
        self.next += 1;
        self.shown.push(Notice { id, severity, text });
        if self.shown.len() > MOST {
            self.shown.remove(0);
        }
        id
    }

    /// Closes one.
    pub fn dismiss(&mut self, id: u64) {
        self.shown.retain(|notice| notice.id != id);
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
    fn a_repeated_fault_is_said_once_and_old_ones_give_way() {
        let mut notices = Notices::default();
        notices.error("a");
        notices.error("a");
        assert_eq!(notices.shown().len(), 1);
        for text in ["b", "c", "d", "e"] {
            notices.note(text);
        }
        assert_eq!(notices.shown().len(), MOST);
        assert!(notices.shown().iter().all(|notice| notice.text != "a"));
        let said = notices.passing("e");
        assert_eq!(
            said,
            notices.shown()[MOST - 1].id,
            "the same text, the same notice"
        );
        let id = notices.shown()[0].id;
        notices.dismiss(id);
        assert_eq!(notices.shown().len(), MOST - 1);
    }
}
