//! What the Train layout is sent.

use std::path::PathBuf;

use crate::gui::{
    command::Wanted,
    jobs::JobUpdate,
    model::{Manage, ManagedRun, ReconstructionKey, RunRow, RunView, TrainFailure, TrainFound},
};
use mynascope_encoder::{ComputeDevice, EncoderConfig};
use mynascope_train::{Reconstruction, StepSnapshot};

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
    /// A run was renamed, deleted or brought back as was asked, or why not.
    Managed(Manage, Result<ManagedRun, String>),
    /// What the chosen step of a run looked like.
    Step(JobUpdate<Box<StepSnapshot>>),
    /// What a masked autoencoder makes of the shown track.
    Reconstructed(ReconstructionKey, Result<Reconstruction, String>),
    /// What the dialog gave.
    Chosen(Wanted, PathBuf),
    /// Weights to start from were chosen; with the sizes with which they are trained on, but for a Myna.
    Init(PathBuf, Option<EncoderConfig>),
}

/// What a run is read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadFor {
    /// To be shown.
    Show,
    /// To be drawn behind the shown one.
    Overlay,
}
