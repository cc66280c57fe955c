//! Run settings, sampler, loop, run folders.
//!
//! Objectives ([`objective`]) and the loop are one crate: both are generic over Burn's backends and are compiled for each.

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

mod batches;
mod choices;
mod config;
mod event;
mod folder;
mod hidden_spans;
mod job;
mod labels;
mod learned_styles;
mod learner;
mod manage;
mod mels;
pub mod objective;
mod optimiser;
mod pictures;
mod reconstruct;
mod run;
mod sampler;
mod schedule;
mod snapshot;
mod spike;
mod style_probe;
mod tensorboard;

pub use choices::{LabelTask, MaestLoss, Mt2Loss, Objective, Optimiser, Schedule, Swa, Trainable};
pub use config::{TrainConfig, default_radius};
pub use event::{
    BatchMatrix, Breakdown, ProbeRecord, StepRecord, TrainControl, TrainEvent, TrainSummary,
};
pub use folder::BestStep;
pub use hidden_spans::HiddenSpans;
pub use labels::LabelMeaning;
pub use learned_styles::LearnedStyles;
pub use manage::{
    ManageError, RunChange, TRASH, delete_run, empty_trash, rename_run, restore_run, trashed_runs,
    undo_change,
};
pub use reconstruct::{Reconstruction, reconstruct};
pub use run::{Changes, resume, run};
pub use snapshot::{DemoMap, PatchoutSnapshot, StepPicture, StepSnapshot};

use std::path::PathBuf;

use mynascope_base::storage::StorageError;
use mynascope_encoder::{CheckpointError, EncoderError};
use objective::Collapse;

/// Why a run could not start or had to end.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// Settings that cannot be trained with; which one, and its limits.
    #[error("these training settings cannot work: {0}")]
    Settings(String),
    /// Fewer than two tracks could be read.
    #[error(
        "training needs at least two tracks with sound, and {readable} of {given} can be used{why}; add tracks"
    )]
    TooFewTracks {
        /// How many could be read.
        readable: usize,
        /// How many there were.
        given: usize,
        /// Why the others can't, in brackets; empty where there are none.
        why: String,
    },
    /// The folder for a new run holds other things.
    #[error(
        "the run folder is not empty; choose another folder for --out, or go on with --resume {path}"
    )]
    FolderInUse {
        /// The folder.
        path: PathBuf,
    },
    /// A run folder that cannot be resumed or used.
    #[error("this is no run folder that can be taken up: {why}: {path}")]
    NoRun {
        /// Why not.
        why: String,
        /// The folder.
        path: PathBuf,
    },
    /// A supervised run without enough labels.
    #[error(
        "there is nothing to learn for the task {task}: {why}; choose another task or label the tracks: {name}"
    )]
    NoLabels {
        /// What was to be learned.
        task: LabelTask,
        /// What is missing.
        why: String,
        /// The name of the collection.
        name: String,
    },
    /// Losses jumped, or numbers were not finite, five times in a row.
    #[error(
        "training broke down: {in_a_row} steps in a row {why}; nothing of them was applied, and step {step} is kept \
         whole. Go back to the last good checkpoint with a lower learning rate: --back-to {good} --lr {slower} --resume {path}"
    )]
    BrokeDown {
        /// What happened in these steps.
        why: Breakdown,
        /// How many steps one after the other.
        in_a_row: u64,
        /// The last step that was applied.
        step: u64,
        /// The newest checkpoint from before the first of these steps.
        good: u64,
        /// Half the learning rate.
        slower: f64,
        /// The run folder.
        path: PathBuf,
    },
    /// Student or teacher of data2vec say the same of every frame.
    #[error(
        "the encoder collapsed: {what}. The run is whole up to step {step}. Go back to an earlier checkpoint with a lower \
         learning rate: --back-to {good} --lr {slower} --resume {path}; if that ends so too, begin again with larger batches or \
         a teacher that follows faster (--decay-start, --decay-end)"
    )]
    Collapsed {
        /// Which of both, and how far.
        what: Collapse,
        /// Steps done.
        step: u64,
        /// The newest checkpoint before.
        good: u64,
        /// Half the learning rate.
        slower: f64,
        /// The run folder.
        path: PathBuf,
    },
    /// The disk failed in the middle of a run.
    #[error(
        "training stopped at step {step}, because it cannot be kept: {why}. The run is whole up to step {kept}: free some \
         space or mend the folder, then go on with --resume {path}"
    )]
    CannotKeep {
        /// Steps done.
        step: u64,
        /// The step of the newest complete checkpoint.
        kept: u64,
        /// What the disk said.
        why: String,
        /// The run folder.
        path: PathBuf,
    },
    /// The run was stopped before its first step.
    #[error("stopped while the tracks were being read; nothing was written")]
    StoppedEarly,
    /// The device is not there or failed, or the encoder has impossible sizes.
    #[error(transparent)]
    Encoder(#[from] EncoderError),
    /// A checkpoint could not be read or written.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A file could not be written; an old one is untouched.
    #[error(transparent)]
    Storage(#[from] StorageError),
}
