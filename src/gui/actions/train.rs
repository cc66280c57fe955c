//! Actions of training.

use crate::gui::{
    command::{Command, CurveFile, TrainCommand, Wanted},
    model::{AppState, TrainPhase, problem_of, too_few_tracks},
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
        name: "Save curves as PNG",
        help: "Save all plots of the shown run with their axes",
        keys: &[],
        command: |model| of_shown(model, TrainCommand::Choose(Wanted::Curves(CurveFile::Png))),
    },
    Action {
        id: "train-curves-csv",
        group: GROUP,
        name: "Save steps as CSV",
        help: "Write every step of the shown run with all that was measured",
        keys: &[],
        command: |model| of_shown(model, TrainCommand::Choose(Wanted::Curves(CurveFile::Csv))),
    },
];
