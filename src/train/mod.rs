//! Run settings, sampler, loop, run folders.

mod adam;
mod config;
mod event;
mod folder;
mod learner;
mod mels;
mod run;
mod sampler;

pub use config::{Objective, Schedule, TrainConfig};
pub use event::{BatchMatrix, StepRecord, TrainControl, TrainEvent, TrainSummary};
pub use run::{resume, run};

use std::path::PathBuf;

use crate::{
    encoder::{CheckpointError, EncoderError},
    storage::StorageError,
};

/// Why a run could not start or had to end.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    #[error("these training settings cannot work: {0}")]
    Settings(String),
    #[error(
        "training needs at least two readable tracks, and {readable} of {given} could be read; add tracks"
    )]
    TooFewTracks { readable: usize, given: usize },
    #[error(
        "the run folder is not empty; choose another folder for --out, or go on with --resume {path}"
    )]
    FolderInUse { path: PathBuf },
    #[error("this is no run folder that can be taken up: {why}: {path}")]
    NoRun { why: String, path: PathBuf },
    #[error(
        "the tracks' mel-spectrograms take more than {gibibytes} GiB of memory; train on fewer or shorter tracks"
    )]
    TooMuchAudio { gibibytes: u64 },
    /// Gradients or losses were not finite five times in a row.
    #[error(
        "training broke down: {0} steps in a row gave numbers that are not finite; nothing of them was applied. \
         Lower the learning rate, or go on from the last checkpoint"
    )]
    NotFinite(u64),
    #[error("stopped while the tracks were being read; nothing was written")]
    StoppedEarly,
    #[error(transparent)]
    Encoder(#[from] EncoderError),
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    #[error(transparent)]
    Storage(#[from] StorageError),
}
