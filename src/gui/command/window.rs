//! Commands of the window.

use std::path::PathBuf;

use crate::gui::{
    model::{JobKind, Offer, Overlay},
    workspace::{Room, Workspace},
};
use mynascope_base::storage::Settings;

/// What a user does to the window.
#[derive(Debug, Clone)]
pub enum WindowCommand {
    /// Sets what is kept between starts.
    Edit(Box<Settings>),
    /// Shows a workspace.
    ShowWorkspace(Workspace),
    /// Puts the panes of the shown workspace back in their places.
    ResetWorkspace,
    /// Fills the screen, with larger controls and text, or goes back.
    Present(bool),
    /// Remembers where the panes of a workspace stand in windows that have so much room.
    SaveWorkspace(Workspace, Room, String),
    /// Lays this over the panels instead of what lies there, or nothing.
    ShowOverlay(Option<Overlay>),
    /// Closes a notice.
    Dismiss(u64),
    /// Closes all notices that would go by themselves.
    DismissNotes,
    /// Closes all notices.
    DismissAll,
    /// Tells the user something.
    Tell(String),
    /// What is typed where a path is asked for; `None` gives the question up.
    PathText(Option<String>),
    /// Answers with the typed path.
    PathAnswer,
    /// Somebody went to see what became of a job.
    Seen(JobKind),
    /// Takes the last change back.
    Undo,
    /// Does again what was taken back.
    Redo,
    /// What is looked for in the palette.
    PaletteText(String),
    /// Goes so many offers down.
    PaletteMove(isize),
    /// Does what an offer of the palette says.
    PaletteRun(Offer),
    /// Does what the chosen offer says, once all that answers was found.
    PaletteEnter,
    /// Looks how much computed pictures take on disk.
    CountCache,
    /// Removes all computed pictures and embeddings.
    ClearCache,
    /// Shows one of the program's own folders in the system's file manager.
    ShowOwnFolder(OwnFolder),
    /// Shows a folder in the system's file manager.
    ShowFolder(PathBuf),
}

/// A folder of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnFolder {
    /// What can be computed again.
    Cache,
    /// Settings.
    Settings,
    /// Runs, scores and labels of the user.
    Data,
}
