use std::path::PathBuf;

/// What a user does to the library.
#[derive(Debug, Clone)]
pub enum LibraryCommand {
    /// Files and folders, dropped or chosen.
    Open(Vec<PathBuf>),
    OpenDemo,
    /// Asks for files.
    ChooseFiles,
    /// Asks for a folder.
    ChooseFolder,
    StopOpening,
    Search(String),
    /// Shows a track of the collection.
    Select(usize),
    /// Shows a track of the collection and plays it.
    Play(usize),
    /// Shows the track that stands so many rows further down.
    SelectRelative(isize),
}
