//! Commands of the library.

use std::path::PathBuf;

use crate::gui::model::{Edited, Labels, LibraryForm};

/// What a user does to the library.
#[derive(Debug, Clone)]
pub enum LibraryCommand {
    /// Files and folders, dropped or chosen.
    Open(Vec<PathBuf>),
    /// The demo collection.
    OpenDemo,
    /// Files and folders are dragged over the window.
    Hover(Vec<PathBuf>),
    /// Files and folders that were dropped: a sound over a map is looked for there, a table of embeddings is mapped,
    /// anything else is opened.
    Drop(Vec<PathBuf>),
    /// What was open when the window was closed; without it, the demo collection.
    OpenLast,
    /// Asks for files.
    ChooseFiles,
    /// Asks for a folder.
    ChooseFolder,
    /// Stops looking for tracks and reading headers.
    StopOpening,
    /// Looks for other tracks, or lists them otherwise.
    Find(LibraryForm),
    /// Puts the cursor into the search field.
    FocusSearch,
    /// Shows a track of the collection.
    Select(usize),
    /// Shows a track of the collection and plays it.
    Play(usize),
    /// Shows the track that stands so many rows further down.
    SelectRelative(isize),
    /// Marks a track for labels, or not any more.
    ToggleMark(usize),
    /// Marks all rows from the shown track to this one.
    MarkTo(usize),
    /// Marks every track that is listed.
    MarkAll,
    /// Opens a field for a label or tag of the chosen tracks in the row of a track.
    Edit(Edited, usize),
    /// What is typed there.
    EditText(String),
    /// Keeps what was typed, or not.
    EndEdit {
        /// Whether it is kept.
        keep: bool,
    },
    /// Gives the chosen tracks a label, or none.
    Label(Option<String>),
    /// Gives the chosen tracks a tag.
    AddTag(String),
    /// Takes a tag from the chosen tracks.
    RemoveTag(String),
    /// Gives tracks these labels and tags: undo and redo.
    SetLabels(Vec<Labels>),
    /// Puts the path of a track on the clipboard.
    CopyPath(usize),
    /// Puts the path of its folder on the clipboard.
    CopyFolder(usize),
    /// Shows a track's folder in the system's file manager.
    ShowInFolder(usize),
    /// Puts the command on the clipboard that opens this collection.
    CopyCommand,
    /// Forgets the folders and files opened before.
    ForgetRecent,
}
