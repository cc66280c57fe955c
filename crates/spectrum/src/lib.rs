//! Samples -> pictures and back: mel-spectrogram, colour maps, masked resynthesis; and what encoders are fed.
//!
//! The spectrogram of pictures is the one that the published Myna models were trained on: power, Slaney bands, no log.
//! Those of other encoders are further [`MelSpec`]s. What people look at beside them is the spectrogram of a file at its own rate, in
//! tiles of what is visible ([`StftTile`]).
//!
//! Patch grids, masks and views are in [`tokens`]: both are small, and whatever uses one uses the other.

// Tests may unwrap, index and panic: a failing test is what those are for.
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

mod colour;
mod filters;
mod frequency;
mod front_end;
mod kept;
mod levels;
mod masked;
mod mel;
mod mel_spec;
mod npy;
mod scale;
mod seen;
mod stft;
pub mod tokens;
mod transform;
mod vqt;

pub use colour::ColourMap;
pub use frequency::{FrequencyAxis, FrequencyScale};
pub use front_end::MelFrontEnd;
pub use kept::{Sight, keep_sight, kept_sight, mel_of_file_cached, sight_of_file};
pub use levels::{
    LevelBands, Levels, LevelsBuilder, MIPS, Scale, Summary, TILE_COLUMNS, Tile, level_db,
};
pub use masked::{LevelMatch, LevelMeter, MaskedReader, Part, masked_sound};
pub use mel::{
    FileMel, Mel, MelStream, frames_of_samples, mel_of_file, mel_of_file_watched, mel_of_samples,
};
pub use mel_spec::{
    Compression, MAEST_HUB_MEL, MAEST_MEL, MT2_MEL, MYNA_MEL, MelSpec, Normalisation, Padding,
};
pub use npy::{read_npy, write_npy};
pub use scale::{band_of_hz, hz_of_band, mel_frequencies, note_and_cents, note_name};
pub use seen::{Patches, fed_to_encoder, seen_by_encoder, vqt_fed_to_encoder};
pub use stft::{FftSize, STFT_COLUMNS, StftGrid, StftLook, StftMaker, StftTile, stft_of_file};
pub use vqt::{VQT_BINS, VQT_HOP, Vqt, VqtSpec};

use std::path::{Path, PathBuf};

use mynascope_audio::AudioError;
use mynascope_base::storage::StorageError;

/// Samples of one analysis window.
pub const N_FFT: usize = 2048;
/// Samples between frames.
pub const HOP: usize = 512;
/// Mel bands of a frame.
pub const MEL_BANDS: usize = 128;

/// Why there is no picture of a sound.
#[derive(Debug, thiserror::Error)]
pub enum SpectrumError {
    /// Reflecting the borders needs more than half an analysis window, and an encoder of samples a frame.
    #[error(
        "too short: {samples} samples at 16 kHz, and at least {needed} are needed ({:.2} s); use a longer file{}",
        *needed as f64 / f64::from(mynascope_audio::SAMPLE_RATE),
        behind(path.as_deref())
    )]
    TooShort {
        /// How many there are, at 16 kHz.
        samples: usize,
        /// How many there must be.
        needed: usize,
        /// The file that they are of, if they are of one.
        path: Option<PathBuf>,
    },
    /// The picture would not fit into memory.
    #[error("over a limit: more than {hours} hours of sound; split the file{}", behind(path.as_deref()))]
    TooLong {
        /// The limit.
        hours: usize,
        /// The file, if it is one.
        path: Option<PathBuf>,
    },
    /// The file did not become sound.
    #[error(transparent)]
    Audio(#[from] AudioError),
    /// A table could not be written.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// A table is not what it should be.
    #[error("not a float32 array in C order: {why}; write it again: {path}")]
    Table {
        /// What is wrong with it.
        why: String,
        /// The file.
        path: PathBuf,
    },
}

impl SpectrumError {
    /// The same error, of the sound of a file.
    fn of_file(mut self, file: &Path) -> Self {
        if let Self::TooShort { path, .. } | Self::TooLong { path, .. } = &mut self {
            *path = Some(file.to_path_buf());
        }
        self
    }
}

/// A file at the end of a sentence.
fn behind(path: Option<&Path>) -> String {
    path.map_or_else(String::new, |path| format!(": {}", path.display()))
}
