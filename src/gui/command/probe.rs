//! What a user does in the Probe layout.

use std::path::PathBuf;

use crate::gui::model::{AppState, CurveKind, ProbeJob, ProbeView};
use mynascope_encoder::CheckpointRef;
use mynascope_probe::{ProbeSettings, SavedScore};

/// What a user can do in the Probe panel.
#[derive(Debug, Clone)]
pub enum ProbeCommand {
    /// Changes what the next probe is asked to do.
    Edit(ProbeSettings),
    /// Trains and scores a probe.
    Run,
    /// Stops the job.
    Cancel,
    /// Changes what is shown of the results.
    EditView(ProbeView),
    /// Shows a track and plays it.
    Choose(PathBuf),
    /// Plays the listed tracks one after the other, from one of them on.
    StartRadio(usize),
    /// Goes so many tracks further on.
    StepRadio(isize),
    /// Ends it; with the sound.
    StopRadio,
    /// Asks where to, and saves the numbers that the tab shows as CSV.
    Save,
    /// Saves them there.
    SaveTo(PathBuf),
    /// Puts the command of a job on the clipboard.
    Copy(ProbeJob),
    /// Scores the probe again and again while something is varied.
    DrawCurve(CurveKind),
    /// Compares the split with folds by file and looks for near-duplicates.
    FindLeaks,
    /// Puts the selected tracks into a group.
    Group(String),
    /// Moves a track to another group.
    MoveToGroup(PathBuf, String),
    /// Takes a group away.
    GiveUpGroup(String),
    /// Trains a probe on the groups.
    TrainGroups,
    /// Measures every layer of the encoder without labels.
    Diagnose,
    /// Scores several encoders on every task.
    Compare,
    /// Opens the probe of a cell of the comparison, by the places of its encoder and task.
    OpenCompared(usize, usize),
    /// Asks for a file or folder.
    Ask(ProbeAsk),
    /// Keeps the active probe.
    SaveProbe(PathBuf),
    /// Takes up a probe that was kept.
    LoadProbe(PathBuf),
    /// Lets the active probe answer for the shown track, below its spectrogram, or not any more.
    ShowStrip(bool),
    /// Lets the active probe answer for files and folders.
    UseOn(Vec<PathBuf>),
    /// Lets it answer for the open collection.
    UseHere,
    /// Marks an encoder to be compared, or takes the mark away.
    Mark(CheckpointRef, bool),
    /// Chooses a score as the first (0) or the second (1) of a difference, or takes the choice back.
    Pair(usize, Box<SavedScore>),
    /// Takes a score off the scoreboard, and out of the file.
    RemoveScore(Box<SavedScore>),
}

impl ProbeCommand {
    /// Changes something of what is shown of the results.
    pub fn edit_view(model: &AppState, change: impl FnOnce(&mut ProbeView)) -> Self {
        let mut view = model.probing.view.clone();
        change(&mut view);
        Self::EditView(view)
    }
}

/// What the file dialog is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProbeAsk {
    /// Where the active probe is kept.
    Save,
    /// A probe that was kept.
    Load,
    /// A folder that the probe shall answer for.
    Folder,
    /// A checkpoint that shall be compared too.
    Encoder,
}
