//! What lies over the panels.

use super::AppState;

/// What can lie over the panels, one at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overlay {
    /// The sheet of all keys.
    Keys,
    /// The command palette.
    Palette,
    /// The settings.
    Settings,
    /// The list of published encoders.
    Published,
    /// The messages that were shown.
    Messages,
}

impl AppState {
    /// What to show where an overlay is asked for: it, or nothing if it is open already.
    pub fn toggled(&self, overlay: Overlay) -> Option<Overlay> {
        (self.overlay != Some(overlay)).then_some(overlay)
    }
}
