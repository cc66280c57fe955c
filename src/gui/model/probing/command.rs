//! What a user can do in the Probe layout, and what its background work sends.

use std::{path::PathBuf, sync::Arc};

use crate::gui::model::JobId;
use mynascope_base::jobs::Progress;
use mynascope_encoder::CheckpointRef;
use mynascope_probe::{
    KeptScore, KeptScores, LeakReport, Predictions, ProbeSettings, TrackAnswer, TrainedProbe,
};

use super::{AnswerSort, CurveKind, HeldProbe, ProbeResult, ProbeTab, ScoreCurve, ScorePoint};

/// A job of the Probe layout; one runs at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ProbeJob {
    #[default]
    Probe,
    Curve(CurveKind),
    /// A probe of the groups that the user made.
    Groups,
    /// The same probe for several encoders.
    Compare,
    /// The search for leaks.
    Leaks,
    /// The probe at hand answers for tracks.
    Use,
}

/// What the file dialog is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProbeAsk {
    /// Where the probe at hand is kept.
    Save,
    /// A probe that was kept.
    Load,
    /// A folder that the probe shall answer for.
    Folder,
    /// A checkpoint that shall be compared too.
    Encoder,
}

/// A kind of file that a tab is kept as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProbeFile {
    /// What it looks like.
    Png,
    /// Its numbers.
    Csv,
}

/// What a user can do in the Probe panel.
#[derive(Debug, Clone)]
pub enum ProbeCommand {
    Edit(ProbeSettings),
    Run,
    Cancel,
    /// Lists the tracks of a cell of the confusion matrix, or all mistakes.
    ShowCell(Option<(usize, usize)>),
    /// Shows a track and plays it.
    Choose(PathBuf),
    ShowTab(ProbeTab),
    /// Sorts the list of all tested tracks.
    Sort(AnswerSort),
    /// Plays the listed tracks one after the other, from one of them on.
    StartRadio(usize),
    /// Goes so many tracks further on.
    StepRadio(isize),
    /// Ends it; with the sound.
    StopRadio,
    /// Asks where to, and saves what the tab shows.
    Save(ProbeFile),
    /// Saves what the tab shows there.
    SaveTo(ProbeFile, PathBuf),
    /// Puts the command of a job on the clipboard.
    Copy(ProbeJob),
    /// Scores the probe again and again while something is varied.
    DrawCurve(CurveKind),
    /// Compares the split with folds by file and looks for near-duplicates.
    FindLeaks,
    /// What is typed as the name of a group.
    GroupText(String),
    /// Puts the selected tracks into a group.
    Group(String),
    MoveToGroup(PathBuf, String),
    GiveUpGroup(String),
    /// Trains a probe on the groups.
    TrainGroups,
    /// Probes several encoders with the same settings.
    Compare,
    /// Asks for a file or folder.
    Ask(ProbeAsk),
    /// Keeps the probe at hand.
    SaveProbe(PathBuf),
    /// Takes up a probe that was kept.
    LoadProbe(PathBuf),
    /// Lets the probe at hand answer for files and folders.
    UseOn(Vec<PathBuf>),
    /// Lets it answer for the open collection.
    UseHere,
    /// Marks an encoder to be compared, or takes the mark away.
    Mark(CheckpointRef, bool),
    /// Takes a score off the scoreboard, and out of the file.
    RemoveScore(Box<KeptScore>),
}

/// What the background work of the Probe panel sends.
pub enum ProbeMessage {
    Progress(JobId, Progress),
    /// A probe was trained and tested: what it said, the probe itself, its row on the scoreboard.
    Finished(JobId, Box<(ProbeResult, HeldProbe, KeptScore)>),
    /// One of several encoders was probed.
    Compared(JobId, Box<KeptScore>),
    /// All of them were.
    AllCompared(JobId),
    /// The search for leaks has ended.
    Leaks(JobId, Box<LeakReport>),
    /// What scores were kept before, or why they cannot be read.
    ScoresRead(Result<KeptScores, String>),
    /// The groups are in a table, from which their command reads them; or why not.
    GroupsKept(Result<PathBuf, String>),
    /// What the file dialog gave.
    Asked(ProbeAsk, PathBuf),
    /// The probe at hand was kept, or why not.
    ProbeSaved(Result<PathBuf, String>),
    /// A probe was taken up, or why not.
    Loaded(PathBuf, Result<Arc<TrainedProbe>, String>),
    /// The probe at hand answered.
    Used(JobId, Arc<Predictions>),
    /// What it says of a track over time.
    Strip(PathBuf, Result<TrackAnswer, String>),
    /// A point of a curve is known.
    Point(JobId, CurveKind, ScorePoint),
    /// A curve is done.
    Drawn(JobId, CurveKind, Box<ScoreCurve>),
    /// The checkpoint doesn't say how its patches are cut.
    NeedsPatch(JobId),
    Failed(JobId, String),
}
