//! What is sent of the shown track.

use std::{path::PathBuf, sync::Arc};

use crate::gui::model::{EncoderInput, Picture};

/// What comes of decoding the shown track.
pub enum PictureMessage {
    /// The beginning of a track, while the rest is decoded.
    Grows {
        path: PathBuf,
        picture: Arc<Picture>,
    },
    /// The picture of a track, or why there is none.
    Whole {
        path: PathBuf,
        result: Result<Arc<Picture>, NoPicture>,
    },
    /// What the encoder sees of a track.
    EncoderInput(EncoderInput),
    /// The samples that masked listening needs of a track: mono, at the player's rate; or why there are none.
    DecodedForViews {
        path: PathBuf,
        samples: Result<Arc<[f32]>, String>,
    },
}

/// Why a track has no picture.
#[derive(Debug)]
pub struct NoPicture {
    pub why: String,
    /// It will be so as long as the file does not change.
    pub lasts: bool,
}
