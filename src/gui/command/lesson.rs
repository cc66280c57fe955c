//! What a user does with lessons.

use crate::gui::model::{Lesson, LessonDraft};

/// What a user does with lessons.
#[derive(Debug, Clone)]
pub enum LessonCommand {
    /// Opens a built-in lesson, counted from 0.
    Open(usize),
    /// Asks for a lesson's file.
    ChooseFile,
    /// Opens a lesson that was read.
    Show(Box<Lesson>),
    /// On by so many pages, or back.
    Turn(isize),
    /// Goes on from what the lesson shows.
    Close,
    /// Gives back what was shown before it.
    Leave,
    /// Writes a lesson about the window as it is; `None` gives it up.
    Draft(Option<LessonDraft>),
    /// Asks where to, and saves the draft.
    Save,
}
