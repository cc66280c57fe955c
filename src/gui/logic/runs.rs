//! Runs that are renamed, deleted and brought back.

use std::path::Path;

use crate::gui::{
    command::TrainCommand,
    model::{AppState, EncoderSource, Manage, ManagedRun, RunView, Step},
    work::{Workers, manage_runs},
};
use mynascope_encoder::CheckpointRef;
use mynascope_train::RunChange;

use super::train;

/// Refuses to move a run that something works with.
pub(super) fn may_move(model: &AppState, run: &Path) -> Result<(), String> {
    let live = model.training.live.as_ref();
    if model.training.is_active() && live.is_some_and(|live| live.folder == run) {
        return Err("This run is under way; stop it first".to_owned());
    }
    let second = model.mapping.second.as_ref().map(|it| &it.source);
    let mut used = std::iter::once(&model.embeddings.source).chain(second);
    let is_used = |source: &EncoderSource| match &source.checkpoint {
        CheckpointRef::File(path) => path.starts_with(run),
        _ => false,
    };
    match used.any(is_used) {
        true => Err("The encoder of this run is in use; choose another encoder first".to_owned()),
        false => Ok(()),
    }
}

/// Takes the change of a run back, or makes it again.
pub(super) fn step(model: &mut AppState, workers: &Workers, change: RunChange, back: bool) {
    let (RunChange::Renamed { from, to } | RunChange::Deleted { from, to }) = &change;
    let what = match back {
        true => Manage::Undo(change.clone()),
        false => Manage::Redo(change.clone()),
    };
    let started = may_move(model, if back { to } else { from }).and_then(|()| {
        manage_runs::start(what, &workers.outbox).map_err(|error| error.to_string())
    });
    if let Err(why) = started {
        model.history.run_stayed(&change);
        model.notices.error(why);
    }
}

/// A run was renamed, deleted or brought back: what is shown of it goes, and the table is read anew.
pub(super) fn managed(
    model: &mut AppState,
    workers: &mut Workers,
    what: &Manage,
    managed: ManagedRun,
) {
    let training = &mut model.training;
    // A folder that is not there any more is not shown.
    let gone = match &what {
        Manage::Rename(run, _) | Manage::Delete(run) => run,
        Manage::Redo(RunChange::Renamed { from, .. } | RunChange::Deleted { from, .. }) => from,
        Manage::Undo(RunChange::Renamed { to, .. } | RunChange::Deleted { to, .. }) => to,
    };
    let is_it = |run: &Option<RunView>| run.as_ref().is_some_and(|run| run.folder == *gone);
    if is_it(&training.past) {
        training.past = None;
    }
    if is_it(&training.overlay) {
        training.overlay = None;
    }
    if is_it(&training.live) {
        training.live = None;
    }
    if let Some(change) = managed.change {
        model.history.push(Step::Run(change));
    }
    model.notices.note(managed.text);
    train::apply(model, workers, TrainCommand::ReadRuns);
}
