//! Extraction of embeddings, tables of them, and nearest neighbours.
//!
//! A table holds one row a window (or, after averaging, one row a track) and remembers which track and which second
//! each row stands for, the labels of the tracks, and which encoder made it.
//!
//! A crate of its own: the formats of tables bring Arrow and Parquet, which nothing below needs.

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

mod batch;
mod cached;
mod duplicates;
mod extract;
mod format;
mod keys;
mod located;
mod moved;
mod neighbours;
mod stretch;
mod styles;
mod table;

pub use batch::{BatchSimilarity, retrieval_at_1};
pub use cached::{extract_cached, extract_cached_live, extract_layers_cached, find_cached};
pub use duplicates::{NearDuplicate, NearDuplicates, near_duplicates};
pub use extract::{
    ExtractSettings, Extraction, Grown, LayerTables, ReadTrack, extract, extract_layer_windows,
    extract_layers, extract_live, extract_windows, extract_with_cache,
};
pub use format::{
    READABLE_EXTENSIONS, TABLE_EXTENSIONS, check_table_path, is_text_table, load_table,
    metadata_path, save_table,
};
pub use keys::{TrackKeys, TrackTurns};
pub use located::{
    Relocated, SoundOfTable, StoredPaths, relocate, sound_of_table, stem_of, stored_path,
    without_zeros,
};
pub use moved::{NeighbourhoodChange, neighbourhood_changes};
pub use neighbours::{Neighbour, cosine, neighbours};
pub use stretch::extract_stretch;
pub use styles::TrackStyles;
pub use table::{EmbeddingTable, Level, TrackRow};

use std::path::PathBuf;

use mynascope_base::{jobs::Cancelled, storage::StorageError};
use mynascope_encoder::EncoderError;

/// Why embeddings could not be made, read or kept.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddingError {
    /// The job was told to stop.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    /// The file could not be written; an old one is untouched.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The file's ending names no format of tables.
    #[error(
        "tables are kept as .npz, .parquet, .tsv or .safetensors, not as {found}; change the ending of {path}"
    )]
    UnknownFormat {
        /// The path's ending, in words.
        found: String,
        /// The file.
        path: PathBuf,
    },
    /// The file's ending names no format that can be read.
    #[error(
        "tables are read from .npz, .npy, .parquet, .tsv, .csv and .safetensors, not from {found}; {remedy}: {path}"
    )]
    UnreadableFormat {
        /// The path's ending, in words.
        found: String,
        /// What to do about it.
        remedy: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// The operating system refused to read.
    #[error("cannot read the table: {words}; check that the file exists and may be read: {path}", words = mynascope_base::system_words(.source))]
    Read {
        /// What the system said.
        source: std::io::Error,
        /// The file.
        path: PathBuf,
    },
    /// The file is not whole, or not what its ending promises.
    #[error("{what}; the file is damaged, copy it or make it again: {path}")]
    Damaged {
        /// What is wrong with it.
        what: String,
        /// The file.
        path: PathBuf,
    },
    /// The file is whole, but holds no table of vectors, or one with cells that cannot be used.
    #[error("{what}: {path}")]
    Unusable {
        /// What is missing or cannot be used, and what to do.
        what: String,
        /// The file.
        path: PathBuf,
    },
    /// A table whose parts do not fit together, or that holds numbers that are not finite.
    #[error("{0}")]
    Inconsistent(String),
    /// The table cannot be kept in this format.
    #[error("{what}: {path}")]
    Unfit {
        /// Why not, and what to do.
        what: String,
        /// The file.
        path: PathBuf,
    },
    /// No track gave an embedding.
    #[error("of {} none could be embedded; the first said: {first}", mynascope_base::counted(*.tracks, "track"))]
    NothingEmbedded {
        /// How many there were.
        tracks: usize,
        /// Why the first could not be embedded.
        first: String,
    },
    /// The collection holds no track.
    #[error("there is no track to embed; open audio files or a folder that holds some")]
    NoTracks,
    /// A table that was made by another encoder than the one that it is compared with, or by another reading of it.
    #[error(
        "the table was made {how} (the table: {table}; here: {here}), so their cosines mean nothing; {remedy}, or embed the \
         collection again with this one"
    )]
    OtherEncoder {
        /// By another one, or by the same in another way.
        how: &'static str,
        /// What made the table.
        table: String,
        /// What is compared with it.
        here: String,
        /// What to do.
        remedy: &'static str,
    },
    /// The encoder failed.
    #[error(transparent)]
    Encoder(#[from] EncoderError),
}
