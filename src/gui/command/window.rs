use crate::{gui::layout::Layout, storage::Theme};

/// What a user does to the window.
#[derive(Debug, Clone)]
pub enum WindowCommand {
    ShowLayout(Layout),
    /// Puts the panes of the shown layout back in their places.
    ResetLayout,
    /// Fills the screen, with larger controls and text, or goes back.
    Present(bool),
    SetTheme(Theme),
    ShowKeys(bool),
    /// Closes a notice.
    Dismiss(u64),
    /// Tells the user something.
    Tell(String),
}
