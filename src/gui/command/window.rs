//! Commands of the window.

use std::path::PathBuf;

use crate::gui::layout::Layout;
use mynascope_audio::Channel;
use mynascope_base::storage::Theme;
use mynascope_encoder::DeviceChoice;

/// What a user does to the window.
#[derive(Debug, Clone)]
pub enum WindowCommand {
    /// Shows a layout.
    ShowLayout(Layout),
    /// Puts the panes of the shown layout back in their places.
    ResetLayout,
    /// Fills the screen, with larger controls and text, or goes back.
    Present(bool),
    /// Remembers where the panes of a layout stand.
    KeepLayout(Layout, String),
    /// To this theme.
    SetTheme(Theme),
    /// Whether the key sheet is open.
    ShowKeys(bool),
    /// Closes a notice.
    Dismiss(u64),
    /// Closes all notices that would go by themselves.
    DismissNotes,
    /// Closes all notices.
    DismissAll,
    /// Tells the user something.
    Tell(String),
    /// Takes the last change back.
    Undo,
    /// Does again what was taken back.
    Redo,
    /// Whether the palette is open.
    ShowPalette(bool),
    /// What is looked for in the palette.
    PaletteText(String),
    /// Goes so many offers down.
    PaletteMove(isize),
    /// Does what an offer of the palette says, by its place.
    PaletteRun(usize),
    /// Whether the settings are open.
    ShowSettings(bool),
    /// Size of everything on screen, 1 = 100 %.
    SetScale(f32),
    /// Computes on this device from now on.
    SetDevice(DeviceChoice),
    /// Whether the next start opens what is open at the end.
    SetReopen(bool),
    /// Makes pictures and embeddings of this channel.
    SetChannel(Channel),
    /// What computed pictures may take on disk, in MiB.
    SetCacheLimit(u64),
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
