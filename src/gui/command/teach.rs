//! Commands of the Teach workspace.

use crate::gui::model::{HeardCrop, TeachForm};

/// What a user does in the Teach workspace.
#[derive(Debug, Clone)]
pub enum TeachCommand {
    /// Changes what is chosen.
    Edit(TeachForm),
    /// The pointer is over a token of the crop.
    Point(usize),
    /// Plays one stretch of a track, then another.
    HearPair([HeardCrop; 2]),
    /// Puts the numbers of the matrix on the clipboard, as CSV.
    CopyMatrix,
    /// Embeds the collection, so that neighbours can be found.
    Embed,
    /// Stops embedding the collection.
    StopEmbedding,
}
