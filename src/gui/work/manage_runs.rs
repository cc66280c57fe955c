//! Renames, deletes and brings back runs.

use std::path::PathBuf;

use crate::gui::{
    jobs::{NoThread, spawn_once},
    message::{Message, Outbox, TrainMessage},
    model::{Manage, ManagedRun},
};
use mynascope_train::{RunChange, delete_run, rename_run, undo_change};

/// Starts it on a thread of its own; what came of it comes as a message.
///
/// # Errors
/// [`NoThread`] if the system gives no thread.
pub fn start(what: Manage, outbox: &Outbox) -> Result<(), NoThread> {
    spawn_once(
        "manage-runs",
        outbox,
        move |outbox| {
            let managed = carry_out(&what);
            outbox.send(Message::Train(TrainMessage::Managed(what, managed)));
        },
        |fault| format!("The run could not be changed ({fault}); look into the folder of runs"),
    )
}

fn carry_out(what: &Manage) -> Result<ManagedRun, String> {
    let name = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    };
    Ok(match what {
        Manage::Rename(run, to) => {
            let change = rename_run(run, to).map_err(|error| error.to_string())?;
            ManagedRun {
                text: format!("{} is called {to} now", name(run)),
                change: Some(change),
            }
        }
        Manage::Delete(run) => {
            let change = delete_run(run).map_err(|error| error.to_string())?;
            ManagedRun {
                text: format!("{} is in the trash among the runs", name(run)),
                change: Some(change),
            }
        }
        Manage::Redo(RunChange::Renamed { from, to }) => {
            let what = Manage::Rename(from.clone(), name(to));
            ManagedRun {
                change: None,
                ..carry_out(&what)?
            }
        }
        Manage::Redo(RunChange::Deleted { from, .. }) => ManagedRun {
            change: None,
            ..carry_out(&Manage::Delete(from.clone()))?
        },
        Manage::Undo(change) => {
            let back = undo_change(change).map_err(|error| error.to_string())?;
            ManagedRun {
                text: format!("{} is back", name(&back)),
                change: None,
            }
        }
    })
}
