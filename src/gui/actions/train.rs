//! Actions of training.

use crate::gui::{
    command::{Command, PictureCommand, TrainCommand, Wanted},
    model::{AppState, PicturePanel, TrainPhase, problem_of, too_few_tracks},
};

use super::{Action, Group};

const GROUP: Group = Group::Train;

/// A command that can be given while a run computes.
fn while_running(model: &AppState, command: TrainCommand) -> Option<Command> {
    let running = matches!(
        model.training.phase,
        TrainPhase::Running | TrainPhase::Paused
    );
    running.then_some(Command::Train(command))
}

/// A command about the shown run.
fn of_shown(model: &AppState, command: TrainCommand) -> Option<Command> {
    let run = model.training.shown().filter(|run| run.last.is_some());
    run.map(|_| Command::Train(command))
}

fn choose(what: Wanted) -> Option<Command> {
    Some(Command::Train(TrainCommand::Choose(what)))
}

pub(super) const ACTIONS: &[Action] = &[
    Action {
        id: "train-start",
        group: GROUP,
        name: "Start training",
        help: "Train on the open collection with the settings of the form",
        keys: &[],
        command: |model| {
            let training = &model.training;
            let ready = too_few_tracks(&model.library).is_none()
                && !training.is_active()
                && problem_of(&training.form).is_none();
            ready.then_some(Command::Train(TrainCommand::Start))
        },
    },
    Action {
        id: "train-pause",
        group: GROUP,
        name: "Pause or resume training",
        help: "Let the run wait after its present step, or go on",
        keys: &[],
        command: |model| match model.training.phase {
            TrainPhase::Running => Some(Command::Train(TrainCommand::Pause)),
            TrainPhase::Paused => Some(Command::Train(TrainCommand::Resume)),
            _ => None,
        },
    },
    Action {
        id: "train-stop",
        group: GROUP,
        name: "Stop training",
        help: "End the run after its present step and keep its checkpoints",
        keys: &[],
        command: |model| while_running(model, TrainCommand::Stop),
    },
    Action {
        id: "train-checkpoint",
        group: GROUP,
        name: "Checkpoint now",
        help: "Write a checkpoint after the present step",
        keys: &[],
        command: |model| while_running(model, TrainCommand::SaveNow),
    },
    Action {
        id: "train-copy",
        group: GROUP,
        name: "Copy training as command",
        help: "Put the command of the run on the clipboard",
        keys: &[],
        command: |_| Some(Command::Train(TrainCommand::Copy)),
    },
    Action {
        id: "train-curves-png",
        group: GROUP,
        name: "Save the curves as picture…",
        help: "Save all plots of the shown run with their axes, as PNG or SVG of a chosen size",
        keys: &[],
        command: |model| {
            model.training.shown()?;
            let publish = PictureCommand::Publish(PicturePanel::Curves);
            Some(Command::Picture(publish))
        },
    },
    Action {
        id: "train-curves-csv",
        group: GROUP,
        name: "Save steps as CSV",
        help: "Write every step of the shown run with all that was measured",
        keys: &[],
        command: |model| of_shown(model, TrainCommand::Choose(Wanted::Steps)),
    },
    Action {
        id: "train-show-run",
        group: GROUP,
        name: "Show another run…",
        help: "Show the curves of a run that is kept elsewhere",
        keys: &[],
        command: |_| choose(Wanted::Run),
    },
    Action {
        id: "train-keep-in",
        group: GROUP,
        name: "Keep runs elsewhere…",
        help: "Choose the folder that new runs are kept in",
        keys: &[],
        command: |_| choose(Wanted::Runs),
    },
    Action {
        id: "train-init",
        group: GROUP,
        name: "Begin training with a checkpoint…",
        help: "Choose the weights that the next run starts from",
        keys: &[],
        command: |model| {
            let idle = !model.training.is_active();
            choose(Wanted::Init).filter(|_| idle)
        },
    },
    Action {
        id: "train-read-runs",
        group: GROUP,
        name: "Read runs again",
        help: "Look again which runs there are",
        keys: &[],
        command: |_| Some(Command::Train(TrainCommand::ReadRuns)),
    },
    Action {
        id: "train-show-live",
        group: GROUP,
        name: "Back to the run started last",
        help: "Show the curves again of the run that was started here last",
        keys: &[],
        command: |model| {
            let training = &model.training;
            let elsewhere = training.past.is_some() && training.live.is_some();
            elsewhere.then_some(Command::Train(TrainCommand::ShowLive))
        },
    },
    Action {
        id: "train-follow",
        group: GROUP,
        name: "Follow the run again",
        help: "Show the newest step of the run instead of the chosen one",
        keys: &[],
        command: |model| {
            model.training.shown()?.chosen.as_ref()?;
            Some(Command::Train(TrainCommand::FollowRun))
        },
    },
    Action {
        id: "train-undo-run",
        group: GROUP,
        name: "Undo renaming or deleting a run",
        help: "Give the run its name back, or bring it back from the trash among the runs",
        keys: &[],
        command: |model| {
            model.history.run_change()?;
            Some(Command::Train(TrainCommand::UndoRun))
        },
    },
];
