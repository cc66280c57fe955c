//! Tracks, labels, splits, data set readers and the demo collection.
//!
//! [`open`] turns what a user points at (files, folders, data sets known by their shape, tables of paths, the word
//! `demo`) into a [`Collection`]. It looks at names only; [`probe_files`] reads the headers afterwards, the second
//! time only of files that changed. Labels that the user gave on top ([`OwnLabels`]) are kept apart from the music.
//!
//! A crate of its own: it reads names, lists and headers, and needs neither an encoder nor a window.

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

mod demo;
mod folder_labels;
mod heard;
mod index;
mod key;
mod key_files;
mod labels;
mod listed;
mod note;
mod open;
mod own;
mod probe;
mod regions;
mod sets;
mod sighted;
mod spellings;
mod split;
mod structured;
mod table;
mod text;
mod track;
mod walk;

pub use demo::{DEMO_SEED, DemoSummary, demo_folder, demo_track_name, write_demo};
pub use heard::HeardTracks;
pub use key::{KEYS, key_name, parse_key};
pub use listed::{is_list, split_words};
pub use note::{ListLine, Note};
pub use open::{DEMO_WORD, OpenOptions, add, open, open_labels, open_with};
pub use own::{OwnLabels, own_labels_file};
pub use probe::{FileFacts, ProbeSummary, index_file, keep_decoded, probe_files};
pub use regions::{
    OwnRegions, REGION_ENDINGS, ReadRegions, Region, own_regions_file, read_regions, write_regions,
};
pub use sets::data_set_name;
pub use spellings::note as spelling_note;
pub use split::{Split, split_by_track};
pub use text::{OldEncoding, decode_text, fold_text, say_guessed_encoding};
pub use track::{Collection, CollectionKind, Track};

pub use mynascope_composer::DemoKind;

use std::{io, path::PathBuf};

use mynascope_audio::AudioError;
use mynascope_base::{jobs::Cancelled, storage::StorageError};

/// Why a collection could not be opened or written.
#[derive(Debug, thiserror::Error)]
pub enum CollectionError {
    /// Nothing was named.
    #[error("no track was named; give files, folders or the word `demo`")]
    NoPath,
    /// A path leads nowhere or may not be read.
    #[error("cannot open a collection: {words}; check the path and its permissions: {path}", words = mynascope_base::system_words(.source))]
    Unreadable {
        /// What the system said.
        source: io::Error,
        /// What was named.
        path: PathBuf,
    },
    /// There is no sound file among what was named.
    #[error(
        "no track found; put files of these formats there ({formats}) or name another place: {path}"
    )]
    Empty {
        /// The formats that are looked for, in words.
        formats: String,
        /// What was named first.
        path: PathBuf,
    },
    /// What was named holds no sound; `why` says what was found instead.
    #[error("no track found: {why}; name sound files ({formats}) or folders of them: {path}")]
    Nothing {
        /// What was found instead, in words.
        why: String,
        /// The formats that are looked for, in words.
        formats: String,
        /// What was named first.
        path: PathBuf,
    },
    /// A list, annotations or a label file that cannot be read; `why` says what to do where that is not plain.
    #[error("cannot read the labels in line {line}: {why}: {path}")]
    Labels {
        /// The line, from 1.
        line: usize,
        /// What is wrong with it, and what to do where that is not plain.
        why: String,
        /// The list, annotations or label file.
        path: PathBuf,
    },
    /// A folder that the demo collection would be written to holds other things.
    #[error("the demo collection needs a new or empty folder; name another one: {path}")]
    Occupied {
        /// The folder.
        path: PathBuf,
    },
    /// A file or folder could not be written.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// A track of the demo collection could not be written.
    #[error(transparent)]
    Audio(#[from] AudioError),
    /// The job was told to stop; nothing half-made stays.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}
