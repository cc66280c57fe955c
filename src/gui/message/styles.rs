//! What is sent of styles.

use std::path::PathBuf;

use crate::gui::{
    jobs::JobUpdate,
    model::{EncoderSource, StylesFound},
};
use mynascope_embedding::TrackStyles;

/// What comes of asking an encoder for styles.
pub enum StylesMessage {
    /// Of the shown track, by an encoder.
    Shown(PathBuf, EncoderSource, Result<TrackStyles, String>),
    /// Of all tracks.
    Job(JobUpdate<StylesFound>),
}
