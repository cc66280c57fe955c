//! A path that is asked for where the system has no file dialog.

use std::path::PathBuf;

use crossbeam_channel::Sender;

use super::typed_paths;

/// A question for paths; who asked waits for the answer.
pub struct PathQuestion {
    /// What they are for.
    pub title: String,
    /// What the answer does with them, for its button: “Open”, “Save”.
    pub verb: &'static str,
    /// What stands in the field.
    pub text: String,
    /// Where the answer goes. Dropped without one, nothing was chosen.
    pub reply: Sender<Vec<PathBuf>>,
}

impl PathQuestion {
    /// The paths that are typed, if they are paths from the root or from the user's home.
    pub fn paths(&self) -> Option<Vec<PathBuf>> {
        typed_paths(&self.text)
    }

    /// Answers with what is typed; gives the question back if that is no path.
    ///
    /// # Errors
    /// The question.
    pub fn answer(self) -> Result<(), Self> {
        match self.paths() {
            Some(paths) => {
                // Who asked may be gone.
                let _ = self.reply.send(paths);
                Ok(())
            }
            None => Err(self),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn who_asked_is_answered_with_typed_paths_alone() {
        let (reply, answer) = crossbeam_channel::bounded(1);
        let question = PathQuestion {
            title: String::new(),
            verb: "Open",
            text: "music".to_owned(),
            reply,
        };
        let Err(mut question) = question.answer() else {
            panic!("no path from the root");
        };
        assert!(answer.is_empty());
        question.text = "/music/a b".to_owned();
        assert!(question.answer().is_ok());
        assert_eq!(answer.recv(), Ok(vec![PathBuf::from("/music/a b")]));
        assert!(answer.recv().is_err(), "the question is gone");
    }
}
