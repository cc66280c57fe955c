//! What is sent of keys.

use std::path::PathBuf;

use crate::gui::model::EncoderSource;
use mynascope_embedding::TrackKeys;

/// What comes of asking an encoder for keys.
pub enum KeysMessage {
    /// Of the shown track, by an encoder.
    Shown(PathBuf, EncoderSource, Result<TrackKeys, String>),
    /// Of one of its windows: the profiles at each transposition, [13, 12] row-major.
    Turned {
        /// The file of the track.
        path: PathBuf,
        /// The encoder.
        source: EncoderSource,
        /// Which window.
        window: usize,
        /// The profiles, or why there are none.
        profiles: Result<Vec<f32>, String>,
    },
}
