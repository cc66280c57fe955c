//! Actions of probing.

use crate::gui::{
    command::{Command, ProbeCommand, ProbeFile},
    model::{AppState, CurveKind, ProbeJob},
};

use super::{Action, Group};

const GROUP: Group = Group::Probe;

/// A command that starts a job, while none runs.
fn idle(model: &AppState, command: ProbeCommand) -> Option<Command> {
    let ready = model.library.track_count() > 0 && !model.probing.job.is_running();
    ready.then_some(Command::Probe(command))
}

/// A command about what the shown tab holds.
fn of_tab(model: &AppState, command: ProbeCommand) -> Option<Command> {
    let probing = &model.probing;
    let table = probing.table(probing.view.tab);
    table.map(|_| Command::Probe(command))
}

/// A command to the radio while it plays.
fn of_radio(model: &AppState, command: ProbeCommand) -> Option<Command> {
    let radio = model.probing.radio.as_ref();
    radio.map(|_| Command::Probe(command))
}

pub(super) const ACTIONS: &[Action] = &[
    Action {
        id: "probe-run",
        group: GROUP,
        name: "Run probe",
        help: "Train the chosen head on some tracks and score it on others",
        keys: &[],
        command: |model| idle(model, ProbeCommand::Run),
    },
    Action {
        id: "probe-cancel",
        group: GROUP,
        name: "Cancel probe",
        help: "Stop the probe that runs; what was computed before stays",
        keys: &[],
        command: |model| {
            let running = model.probing.job.is_running();
            running.then_some(Command::Probe(ProbeCommand::Cancel))
        },
    },
    Action {
        id: "probe-copy",
        group: GROUP,
        name: "Copy probe as command",
        help: "Put the command of what the shown tab of the Probe layout does on the clipboard",
        keys: &[],
        command: |model| {
            let job = model.probing.view.tab.job();
            let ready = job != ProbeJob::Groups || model.probing.groups.can_be_learned();
            ready.then_some(Command::Probe(ProbeCommand::Copy(job)))
        },
    },
    Action {
        id: "probe-compare",
        group: GROUP,
        name: "Compare encoders",
        help: "Score the encoders at hand, or those that are marked, on every task that the labels allow",
        keys: &[],
        command: |model| idle(model, ProbeCommand::Compare),
    },
    Action {
        id: "probe-diagnose",
        group: GROUP,
        name: "Measure layers without labels",
        help: "Draw alignment, uniformity, dimensions and answers to transposition of every layer of the encoder",
        keys: &[],
        command: |model| idle(model, ProbeCommand::Diagnose),
    },
    Action {
        id: "probe-mask-curve",
        group: GROUP,
        name: "Score against mask ratio",
        help: "Draw how the score falls as tokens are dropped",
        keys: &[],
        command: |model| idle(model, ProbeCommand::DrawCurve(CurveKind::MaskRatio)),
    },
    Action {
        id: "probe-patchout-curve",
        group: GROUP,
        name: "Score against patchout",
        help: "Draw how the score falls as fewer columns of every window are read",
        keys: &[],
        command: |model| idle(model, ProbeCommand::DrawCurve(CurveKind::Patchout)),
    },
    Action {
        id: "probe-few-labels",
        group: GROUP,
        name: "Score after few labels",
        help: "Draw how the score grows with the number of labelled tracks",
        keys: &[],
        command: |model| idle(model, ProbeCommand::DrawCurve(CurveKind::Labels)),
    },
    Action {
        id: "probe-layers",
        group: GROUP,
        name: "Probe every block",
        help: "Draw the score after every block of the encoder",
        keys: &[],
        command: |model| idle(model, ProbeCommand::DrawCurve(CurveKind::Layers)),
    },
    Action {
        id: "probe-leaks",
        group: GROUP,
        name: "Look for leaks",
        help: "Compare the split with folds by file, and find near-duplicates in different parts",
        keys: &[],
        command: |model| idle(model, ProbeCommand::FindLeaks),
    },
    Action {
        id: "probe-groups",
        group: GROUP,
        name: "Train on groups",
        help: "Train a probe that tells the groups apart that were made of selected tracks",
        keys: &[],
        command: |model| {
            let ready = model.probing.groups.can_be_learned();
            idle(model, ProbeCommand::TrainGroups).filter(|_| ready)
        },
    },
    Action {
        id: "probe-radio",
        group: GROUP,
        name: "Error radio",
        help: "Play the mistakes of the probe one after the other, the surest first, each where it is furthest from the truth; again ends it",
        keys: &[],
        command: |model| {
            let probing = &model.probing;
            if probing.radio.is_some() {
                return Some(Command::Probe(ProbeCommand::StopRadio));
            }
            let listed = probing.result.as_ref()?.listed(probing.view.cell);
            (!listed.is_empty()).then_some(Command::Probe(ProbeCommand::StartRadio(0)))
        },
    },
    Action {
        id: "probe-radio-next",
        group: GROUP,
        name: "Next mistake on the radio",
        help: "Play the next track of the error radio",
        keys: &[],
        command: |model| of_radio(model, ProbeCommand::StepRadio(1)),
    },
    Action {
        id: "probe-radio-back",
        group: GROUP,
        name: "Mistake before on the radio",
        help: "Play the track before of the error radio",
        keys: &[],
        command: |model| of_radio(model, ProbeCommand::StepRadio(-1)),
    },
    Action {
        id: "probe-save-csv",
        group: GROUP,
        name: "Save probe results as CSV",
        help: "Write the numbers that the tab of the Probe layout shows",
        keys: &[],
        command: |model| of_tab(model, ProbeCommand::Save(ProbeFile::Csv)),
    },
    Action {
        id: "probe-save-png",
        group: GROUP,
        name: "Save probe results as PNG",
        help: "Save what the tab of the Probe layout shows as a picture",
        keys: &[],
        command: |model| of_tab(model, ProbeCommand::Save(ProbeFile::Png)),
    },
];
