//! What a user does with lessons.

use std::path::PathBuf;

use crate::gui::model::Lesson;

/// What a user does with lessons.
#[derive(Debug, Clone)]
pub enum LessonCommand {
    /// Opens a built-in lesson, counted from 0.
    Open(usize),
    /// Asks for a lesson's file.
    ChooseFile,
    /// Reads a lesson's file.
    Read(PathBuf),
    /// Opens a lesson that was read.
    Show(Box<Lesson>),
    /// On by so many pages, or back.
    Turn(isize),
    /// Goes on from what the lesson shows.
    Close,
    /// Gives back what was shown before it.
    Leave,
    /// Begins a lesson of one page, which shows what the window shows.
    New,
    /// Changes the open lesson.
    Edit(LessonChange),
    /// Asks where to, and saves the open lesson.
    Save,
    /// Saves the open lesson there.
    SaveTo(PathBuf),
}

/// A change of the open lesson.
#[derive(Debug, Clone)]
pub enum LessonChange {
    /// Its text can be changed from now on.
    Begin,
    /// Only shows it again.
    End,
    /// Its title.
    Title(String),
    /// The text of the open page.
    Text(String),
    /// The open page shows what the window shows.
    TakeState,
    /// A page behind the open one, which shows what the window shows.
    AddPage,
    /// Takes the open page away.
    DeletePage,
    /// Moves the open page on by so many places, or back.
    MovePage(isize),
    /// Whether its tracks go into the file: the user says that their licences allow it.
    WithTracks(bool),
}
