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
    /// Adds files and folders to the open collection.
    Add(Vec<PathBuf>),
    /// Asks for files to add.
    ChooseFilesToAdd,
    /// Asks for a folder to add.
    ChooseFolderToAdd,
    /// What becomes of the sound files that were dropped: `true` adds them, `false` opens them instead, `None` neither.
    DropAnswer(Option<bool>),
    /// Takes the chosen tracks off the list; the files stay.
    Remove,
    /// Shows the collection again that was open before, with its map and scores.
    Back,
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
    /// Shows and plays one of the chosen tracks; all stay chosen.
    PlayChosen(usize),
    /// Shows the track that stands so many rows further down.
    SelectRelative(isize),
    /// Plays the track so many on: of the queue, or of the list.
    PlayRelative(isize),
    /// Plays the chosen tracks in turn.
    PlayTargets,
    /// Saves the chosen tracks as a list of paths and labels.
    SaveTargets,
    /// Gives every track without a label the genre that its file names.
    LabelByGenre,
    /// Marks a track for labels, or not any more.
    ToggleMark(usize),
    /// Marks all rows from the shown track to this one.
    MarkTo(usize),
    /// Marks every track that is listed.
    MarkAll,
    /// Opens a field for a label or tag of the chosen tracks in the row of a track.
    Edit(Edited, usize),
    /// Opens the field for the chosen tracks: those that are picked or marked, else the shown one.
    EditChosen(Edited),
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
    /// Puts the paths of tracks on the clipboard, a line each.
    CopyPaths(Vec<usize>),
    /// Puts the path of its folder on the clipboard.
    CopyFolder(usize),
    /// Shows a track's folder in the system's file manager.
    ShowInFolder(usize),
    /// Puts the command on the clipboard that opens this collection.
    CopyCommand,
    /// Forgets the folders and files opened before.
    ForgetRecent,
}
