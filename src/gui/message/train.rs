//! What the Train layout is sent.

use std::path::PathBuf;

use crate::gui::{
    command::Wanted,
    jobs::JobUpdate,
    model::{FilledKey, RunRow, RunView, SavedStep, TrainFailure},
};
use mynascope_encoder::ComputeDevice;
use mynascope_train::{
    BatchMatrix, Breakdown, DemoMap, ProbeRecord, Reconstruction, StepLook, StepRecord,
    TrainSummary,
};

/// What the background work of the Train layout sends.
pub enum TrainMessage {
    /// The compute devices of this machine.
    Devices(Vec<ComputeDevice>),
    /// Of the run under way.
    Run(JobUpdate<TrainFound, TrainFailure>),
    /// A run that is read from the disk.
    Read(ReadFor, JobUpdate<Box<RunView>>),
    /// All runs of the runs folder.
    Table(JobUpdate<Vec<RunRow>>),
    /// What the chosen step of a run looked like.
    Step(JobUpdate<Box<StepLook>>),
    /// What a masked autoencoder makes of the shown track.
    Filled(FilledKey, Result<Reconstruction, String>),
    /// What the dialog gave.
    Chosen(Wanted, PathBuf),
}

/// What a run is read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadFor {
    /// To be shown.
    Show,
    /// To be drawn behind the shown one.
    Overlay,
}

/// What comes of a run.
pub enum TrainFound {
    /// Something the user should know: a track that is left out, a lowered batch.
    Note(String),
    /// A step that was not applied.
    Skipped(u64, Breakdown),
    /// What a run had done before it went on.
    Begun(Box<RunView>),
    /// Steps that were done since the last report, and the memory of the program.
    Steps(Vec<StepRecord>, Option<u64>),
    /// How well the encoder does in between.
    Scored(ProbeRecord),
    /// How alike the views of a batch were.
    Batch(BatchMatrix),
    /// Where the demo tracks lie.
    Mapped(DemoMap),
    /// The checkpoints that are there now.
    Saved(Vec<SavedStep>),
    Finished(TrainSummary),
    /// It was stopped before its first step; nothing was written.
    NotBegun,
}
