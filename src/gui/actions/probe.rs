//! Actions of probing.

use crate::gui::{
    command::{AnswersCommand, Command, PictureCommand, ProbeAsk, ProbeCommand},
    model::{AppState, Colouring, CurveKind, PicturePanel, ProbeJob},
};

use super::{Action, Group, Reason};

const GROUP: Group = Group::Probe;

/// A command that starts a job, where nothing stands in its way.
fn idle(model: &AppState, job: ProbeJob, command: ProbeCommand) -> Option<Command> {
    let ready = model.why_not(job).is_none();
    ready.then_some(Command::Probe(command))
}

/// What stands in the way of the actions that start jobs.
pub(super) const FIRST: &[(&str, Reason)] = &[
    ("probe-run", |model| why_not(model, ProbeJob::Probe)),
    ("probe-train-again", |model| why_not(model, ProbeJob::Probe)),
    ("probe-compare", |model| why_not(model, ProbeJob::Compare)),
    ("probe-diagnose", |model| why_not(model, ProbeJob::Diagnose)),
    ("probe-mask-curve", |model| {
        why_not(model, ProbeJob::Curve(CurveKind::MaskRatio))
    }),
    ("probe-patchout-curve", |model| {
        why_not(model, ProbeJob::Curve(CurveKind::Patchout))
    }),
    ("probe-few-labels", |model| {
        why_not(model, ProbeJob::Curve(CurveKind::Labels))
    }),
    ("probe-layers", |model| {
        why_not(model, ProbeJob::Curve(CurveKind::Layers))
    }),
    ("probe-leaks", |model| why_not(model, ProbeJob::Leaks)),
    ("probe-groups", |model| why_not(model, ProbeJob::Groups)),
    ("probe-strip", |model| why_not(model, ProbeJob::Use)),
];

fn curve(model: &AppState, kind: CurveKind) -> Option<Command> {
    idle(model, ProbeJob::Curve(kind), ProbeCommand::DrawCurve(kind))
}

fn why_not(model: &AppState, job: ProbeJob) -> &'static str {
    model.why_not(job).unwrap_or_default()
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

fn ask(what: ProbeAsk) -> Option<Command> {
    Some(Command::Probe(ProbeCommand::Ask(what)))
}

pub(super) const ACTIONS: &[Action] = &[
    Action {
        id: "probe-run",
        group: GROUP,
        name: "Run probe",
        help: "Train the chosen head on some tracks and score it on others",
        keys: &[],
        command: |model| idle(model, ProbeJob::Probe, ProbeCommand::Run),
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
        help: "Score the marked encoders on every task that the labels allow",
        keys: &[],
        command: |model| idle(model, ProbeJob::Compare, ProbeCommand::Compare),
    },
    Action {
        id: "probe-diagnose",
        group: GROUP,
        name: "Measure layers without labels",
        help: "Draw alignment, uniformity, dimensions and answers to transposition of every layer of the encoder",
        keys: &[],
        command: |model| idle(model, ProbeJob::Diagnose, ProbeCommand::Diagnose),
    },
    Action {
        id: "probe-mask-curve",
        group: GROUP,
        name: "Score against mask ratio",
        help: "Draw how the score falls as tokens are dropped",
        keys: &[],
        command: |model| curve(model, CurveKind::MaskRatio),
    },
    Action {
        id: "probe-patchout-curve",
        group: GROUP,
        name: "Score against patchout",
        help: "Draw how the score falls as fewer columns of every window are read",
        keys: &[],
        command: |model| curve(model, CurveKind::Patchout),
    },
    Action {
        id: "probe-few-labels",
        group: GROUP,
        name: "Score after few labels",
        help: "Draw how the score grows with the number of labelled tracks",
        keys: &[],
        command: |model| curve(model, CurveKind::Labels),
    },
    Action {
        id: "probe-layers",
        group: GROUP,
        name: "Probe every block",
        help: "Draw the score after every block of the encoder",
        keys: &[],
        command: |model| curve(model, CurveKind::Layers),
    },
    Action {
        id: "probe-leaks",
        group: GROUP,
        name: "Look for leaks",
        help: "Compare the split with folds by file, and find near-duplicates in different parts",
        keys: &[],
        command: |model| idle(model, ProbeJob::Leaks, ProbeCommand::FindLeaks),
    },
    Action {
        id: "probe-groups",
        group: GROUP,
        name: "Train on groups",
        help: "Train a probe that tells the groups apart that were made of selected tracks",
        keys: &[],
        command: |model| idle(model, ProbeJob::Groups, ProbeCommand::TrainGroups),
    },
    Action {
        id: "probe-radio",
        group: GROUP,
        name: "Error radio",
        help: "Play the mistakes of the probe one after the other, the most confident first, each where it is furthest from the label; again ends it",
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
        name: "Previous mistake on the radio",
        help: "Play the previous track of the error radio",
        keys: &[],
        command: |model| of_radio(model, ProbeCommand::StepRadio(-1)),
    },
    Action {
        id: "probe-strip",
        group: GROUP,
        name: "Probe over time",
        help: "Show what the probe in use predicts for each shown track over time below its spectrogram, or put it away",
        keys: &[],
        command: |model| {
            let active = model.probing.active.as_ref()?;
            Some(Command::Probe(ProbeCommand::ShowStrip(!active.shown)))
        },
    },
    Action {
        id: "probe-save-csv",
        group: GROUP,
        name: "Save probe results as CSV",
        help: "Write the numbers that the tab of the Probe layout shows",
        keys: &[],
        command: |model| of_tab(model, ProbeCommand::Save),
    },
    Action {
        id: "probe-save-png",
        group: GROUP,
        name: "Save probe results as picture…",
        help: "Save what the tab of the Probe layout shows, as PNG or SVG of a chosen size",
        keys: &[],
        command: |model| {
            of_tab(model, ProbeCommand::Save)?;
            let publish = PictureCommand::Publish(PicturePanel::Results);
            Some(Command::Picture(publish))
        },
    },
    Action {
        id: "probe-load",
        group: GROUP,
        name: "Load a probe…",
        help: "Load a probe that was saved, here or by `probe --save`",
        keys: &[],
        command: |_| ask(ProbeAsk::Load),
    },
    Action {
        id: "probe-save",
        group: GROUP,
        name: "Save the probe…",
        help: "Keep the probe with a card of what it is, for other folders and `predict`",
        keys: &[],
        command: |model| {
            model.probing.active.as_ref()?;
            ask(ProbeAsk::Save)
        },
    },
    Action {
        id: "probe-label-folder",
        group: GROUP,
        name: "Label a folder…",
        help: "Ask for a folder, predict every track in it with the probe, and list the predictions",
        keys: &[],
        command: |model| {
            model.probing.active.as_ref()?;
            let running = model.probing.job.is_running();
            ask(ProbeAsk::Folder).filter(|_| !running)
        },
    },
    Action {
        id: "probe-label-here",
        group: GROUP,
        name: "Label the open collection",
        help: "Predict every open track with the probe",
        keys: &[],
        command: |model| {
            model.probing.active.as_ref()?;
            let open = model.library.track_count() > 0;
            idle(model, ProbeJob::Use, ProbeCommand::UseHere).filter(|_| open)
        },
    },
    Action {
        id: "probe-compare-file",
        group: GROUP,
        name: "Compare an encoder file too…",
        help: "Choose a checkpoint that is compared with the other encoders",
        keys: &[],
        command: |_| ask(ProbeAsk::Encoder),
    },
    Action {
        id: "probe-take-over",
        group: GROUP,
        name: "Take the answers over as labels",
        help: "Give the tracks of the listed answers these as labels; what you labelled by hand stays",
        keys: &[],
        command: |model| {
            let ready = model.why_not_labels().is_none();
            ready.then_some(Command::Answers(AnswersCommand::TakeOver))
        },
    },
    Action {
        id: "probe-train-again",
        group: GROUP,
        name: "Train a probe on the labels again",
        help: "Train a probe on the labels of the open collection as they are now",
        keys: &[],
        command: |model| {
            let ready = model.why_not(ProbeJob::Probe).is_none();
            ready.then_some(Command::Answers(AnswersCommand::TrainAgain))
        },
    },
    Action {
        id: "probe-colour-answers",
        group: GROUP,
        name: "Colour library and map by the answers",
        help: "Colour the library and the map by the answers of the probe, or by labels again",
        keys: &[],
        command: |model| {
            model.probing.predictions.as_ref()?;
            let on = model.mapping.colouring == Colouring::Answers;
            Some(Command::Answers(AnswersCommand::Colour(!on)))
        },
    },
];
