//! What the library is sent.

use std::path::PathBuf;

use crate::gui::{jobs::JobUpdate, model::ChosenCheckpoint};
use mynascope_collection::{Collection, FileFacts, Track};

/// What comes of opening, scanning and searching collections.
pub enum LibraryMessage {
    Open(JobUpdate<OpenFound>),
    /// What the file dialog gave.
    Chosen(Vec<PathBuf>),
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

/// What is found while something is opened, in this order.
pub enum OpenFound {
    /// Tracks that were come upon; the whole collection follows.
    Early(Vec<Track>),
    /// What was opened is no collection but a checkpoint, or a broken one.
    Checkpoint(Result<ChosenCheckpoint, String>),
    /// The collection and what it was opened from. What headers say follows.
    Collection(Vec<PathBuf>, Collection),
    /// What headers say, by the places of the tracks.
    Facts(Vec<(usize, FileFacts)>),
}
