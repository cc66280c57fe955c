//! Run settings, sampler, loop, run folders.

mod config;
mod event;

pub use config::{Objective, Schedule, TrainConfig};
pub use event::{StepRecord, TrainControl, TrainEvent, TrainSummary};

use std::path::{Path, PathBuf};

use crate::{
    collection::Collection,
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

/// Trains an encoder on a collection into a new run folder `out`. The events come in order, from this thread.
pub fn run(
    config: &TrainConfig,
    _collection: &Collection,
    out: &Path,
    _control: &TrainControl,
    _events: &mut dyn FnMut(TrainEvent),
) -> Result<TrainSummary, TrainError> {
    config.validate()?;
    Err(TrainError::NoRun {
        why: "training is not built yet".into(),
        path: out.to_path_buf(),
    })
}

/// Goes on with the run in `folder` from its newest complete checkpoint, with the settings of that run; `steps` sets
/// another last step. The collection must be the one it was trained on.
pub fn resume(
    folder: &Path,
    _steps: Option<u64>,
    _collection: &Collection,
    _control: &TrainControl,
    _events: &mut dyn FnMut(TrainEvent),
) -> Result<TrainSummary, TrainError> {
    Err(TrainError::NoRun {
        why: "training is not built yet".into(),
        path: folder.to_path_buf(),
    })
}
