//! What is sent of the shown track.

use std::{path::PathBuf, sync::Arc};

use crate::gui::model::{EncoderInput, PaintedTiles, Picture, SoundSource, TilesWanted};
use mynascope_spectrum::{LevelMatch, StftTile};

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
    /// What comes of the picture of the sound.
    Sound(SoundPictureMessage),
    /// The samples that masked listening needs of a track: mono, at the player's rate; or why there are none.
    DecodedForViews {
        path: PathBuf,
        samples: Result<Arc<[f32]>, String>,
    },
    /// How much louder a part of a track is to be played; the number tells which question it answers.
    Level(u64, LevelMatch),
}

/// What comes of the picture of a sound at its own rate.
pub enum SoundPictureMessage {
    /// Its sample rate in Hz, or why it has none.
    Rate {
        source: Arc<SoundSource>,
        rate: Result<u32, String>,
    },
    /// One of its tiles.
    Tile {
        source: Arc<SoundSource>,
        tile: Arc<StftTile>,
    },
    /// All of these tiles were sent that there are, or why not.
    Done {
        wanted: TilesWanted,
        result: Result<(), String>,
    },
    /// Tiles in colours.
    Painted(PaintedTiles),
}

/// Why a track has no picture.
#[derive(Debug)]
pub struct NoPicture {
    pub why: String,
    /// It will be so as long as the file does not change.
    pub lasts: bool,
}
