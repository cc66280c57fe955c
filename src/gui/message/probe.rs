//! What the Probe layout is sent.

use std::{path::PathBuf, sync::Arc};

use crate::gui::{
    command::ProbeAsk,
    jobs::JobUpdate,
    model::{EmbedError, ProbeFound, TrackRole},
};
use mynascope_probe::{SavedScores, TrackAnswer, TrainedProbe};

/// What the background work of the Probe layout sends.
pub enum ProbeMessage {
    /// Of the job that runs.
    Job(JobUpdate<ProbeFound, EmbedError>),
    /// What scores were saved before, or why they cannot be read.
    ScoresRead(Result<SavedScores, String>),
    /// The groups are in a table, from which their command reads them; or why not.
    GroupsSaved(Result<PathBuf, String>),
    /// What the file dialog gave.
    Asked(ProbeAsk, PathBuf),
    /// How far apart the two chosen scores are, or why that cannot be told.
    Difference([Option<String>; 2], Result<String, String>),
    /// The active probe was saved, or why not.
    ProbeSaved(Result<PathBuf, String>),
    /// A probe was taken up, or why not.
    Loaded(PathBuf, Result<Arc<TrainedProbe>, String>),
    /// What the active probe says of a track over time.
    Timeline(PathBuf, Result<(TrackRole, TrackAnswer), String>),
}
