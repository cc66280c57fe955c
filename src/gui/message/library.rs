//! What the library is sent.

use std::path::PathBuf;

use crate::gui::{jobs::JobUpdate, model::OpenFound};

/// What comes of opening, scanning and searching collections.
pub enum LibraryMessage {
    Open(JobUpdate<OpenFound>),
    /// What the file dialog gave.
    Chosen(Vec<PathBuf>),
    /// What it gave to be added.
    ChosenToAdd(Vec<PathBuf>),
    /// What dropping these would do.
    Hovered(Vec<PathBuf>, String),
    /// Places of the tracks that were looked for.
    Found {
        generation: u64,
        rows: Vec<usize>,
    },
    /// The same for the palette.
    Offered {
        generation: u64,
        rows: Vec<usize>,
    },
}
