//! Why a file did not become sound.

use std::{
    io,
    path::{Path, PathBuf},
};

use mynascope_base::{jobs::Cancelled, storage::StorageError, system_words};

/// Why a file did not become sound, sorted by what the caller can do about it.
#[derive(Debug, thiserror::Error)]
pub enum AudioError {
    /// The system would not let the file be read, or it is no regular file.
    #[error("cannot open: {why}; check that it is a readable file: {path}")]
    Open {
        /// What the system said, or what the path is instead.
        why: String,
        /// The file.
        path: PathBuf,
    },
    /// A format or codec that this program does not decode.
    #[error("not supported: {why}; convert it to WAV, FLAC, MP3, AAC or Ogg Vorbis: {path}")]
    Unsupported {
        /// The format or codec, in words.
        why: String,
        /// The file.
        path: PathBuf,
    },
    /// What only the program ffmpeg decodes, and that is not installed.
    #[error(
        "not supported: {what}; install the program ffmpeg, which decodes it, or convert it to WAV, FLAC, MP3, AAC or Ogg Vorbis: {path}"
    )]
    NeedsProgram {
        /// The format or codec, in words.
        what: String,
        /// The file.
        path: PathBuf,
    },
    /// The bytes break the rules of their format.
    #[error("damaged: {why}; replace it with an intact copy: {path}")]
    Damaged {
        /// Which rule is broken, in words.
        why: String,
        /// The file.
        path: PathBuf,
    },
    /// A well-formed file without a single sample.
    #[error("empty: it holds no sound; remove it from the collection: {path}")]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// A file of another kind: a picture, a text, a silent film.
    #[error("no sound: {why}; remove it from the collection: {path}")]
    NoSound {
        /// What it is, in words.
        why: String,
        /// The file.
        path: PathBuf,
    },
    /// The file asks for more than a named limit allows.
    #[error("over a limit: {why}; split or convert it: {path}")]
    Limit {
        /// The limit and what the file asks for.
        why: String,
        /// The file.
        path: PathBuf,
    },
    /// Nothing was decoded for too long.
    #[error(
        "stopped: no sound came for {seconds} s; copy it to a local disk or replace it: {path}"
    )]
    Stalled {
        /// How long was waited.
        seconds: u64,
        /// The file.
        path: PathBuf,
    },
    /// The caller asked to stop.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    /// A sound file could not be written.
    #[error("cannot write the sound: {0}")]
    Write(#[from] StorageError),
}

impl AudioError {
    /// The file that the error is about, where there is one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Open { path, .. }
            | Self::Unsupported { path, .. }
            | Self::NeedsProgram { path, .. }
            | Self::Damaged { path, .. }
            | Self::Empty { path }
            | Self::NoSound { path, .. }
            | Self::Limit { path, .. }
            | Self::Stalled { path, .. } => Some(path),
            Self::Write(StorageError::Io { path, .. }) => Some(path),
            Self::Cancelled(_) | Self::Write(_) => None,
        }
    }

    /// [`AudioError::Open`].
    pub(super) fn open(path: &Path, why: impl Into<String>) -> Self {
        Self::Open {
            why: why.into(),
            path: path.to_path_buf(),
        }
    }

    /// [`AudioError::Unsupported`].
    pub(super) fn unsupported(path: &Path, why: impl Into<String>) -> Self {
        Self::Unsupported {
            why: why.into(),
            path: path.to_path_buf(),
        }
    }

    /// [`AudioError::NoSound`].
    pub(super) fn no_sound(path: &Path, why: impl Into<String>) -> Self {
        Self::NoSound {
            why: why.into(),
            path: path.to_path_buf(),
        }
    }

    /// [`AudioError::Damaged`].
    pub(super) fn damaged(path: &Path, why: impl Into<String>) -> Self {
        Self::Damaged {
            why: why.into(),
            path: path.to_path_buf(),
        }
    }

    /// [`AudioError::Limit`].
    pub(super) fn limit(path: &Path, why: impl Into<String>) -> Self {
        Self::Limit {
            why: why.into(),
            path: path.to_path_buf(),
        }
    }

    /// The system's own words, without its number.
    pub(super) fn from_io(path: &Path, error: &io::Error) -> Self {
        Self::open(path, system_words(error))
    }
}
