//! What a user does in the Train layout.

use std::path::PathBuf;

use crate::gui::model::{CurveForm, Remedy};
use mynascope_train::TrainConfig;

/// What a user can do in the Train layout.
#[derive(Debug, Clone)]
pub enum TrainCommand {
    /// Changes the settings of the next run.
    Edit(Box<TrainConfig>),
    /// Starts a run.
    Start,
    /// Lets the run wait.
    Pause,
    /// Goes on after a pause.
    Resume,
    /// Ends the run after the present step; its checkpoint is kept.
    Stop,
    /// Writes a checkpoint after the present step.
    SaveNow,
    /// Goes on with a run that was stopped.
    GoOn(PathBuf),
    /// Goes on with the run that failed, with what lets it.
    Mend(Remedy),
    /// All layouts use the checkpoint of a step of the shown run from now on.
    UseStep(u64),
    /// Shows the newest batch and map of the shown run again, not those of a chosen step.
    FollowRun,
    /// Puts the command of the run on the clipboard.
    Copy,
    /// Asks which compute devices there are.
    AskDevices,
    /// Looks which runs there are.
    ReadRuns,
    /// Shows a run that is on the disk.
    ShowRun(PathBuf),
    /// Shows the run under way again.
    ShowLive,
    /// Draws a run behind the shown one, or none.
    Overlay(Option<PathBuf>),
    /// Gives a run another name.
    Rename(PathBuf, String),
    /// Moves a run into the trash among the runs.
    Delete(PathBuf),
    /// Takes back the last change of a run's name, or brings back the run that was deleted last.
    UndoRun,
    /// Changes what is typed as the new name of a run: the run, and the text.
    EditName(Option<(PathBuf, String)>),
    /// Shows a folder in the system's file manager.
    OpenFolder(PathBuf),
    /// New runs are kept there.
    KeepRunsIn(PathBuf),
    /// Asks for a file or folder.
    Choose(Wanted),
    /// Sets how curves are drawn.
    EditCurves(CurveForm),
    /// Writes every step of the shown run as a table.
    SaveSteps(PathBuf),
}

/// What a file or folder is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// A run to be shown.
    Run,
    /// Where new runs are kept.
    Runs,
    /// Weights to start from.
    Init,
    /// Where the steps of a run are written.
    Steps,
}
