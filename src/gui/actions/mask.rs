//! Actions of masking.

use eframe::egui::Key;

use crate::gui::command::{Command, MaskCommand};
use mynascope_spectrum::tokens::ViewName;

use super::{Action, Group, Shortcut};

const GROUP: Group = Group::Mask;

pub(super) const ACTIONS: &[Action] = &[
    Action {
        id: "toggle-mask",
        group: GROUP,
        name: "Mask on or off",
        help: "Show or hide the mask over the picture",
        keys: &[Shortcut::plain(Key::M)],
        command: |model| {
            let shown = !model.mask.form.shown;
            Some(Command::edit_mask(model, |form| form.shown = shown))
        },
    },
    Action {
        id: "reroll",
        group: GROUP,
        name: "Re-roll the mask",
        help: "Draw another mask",
        keys: &[Shortcut::plain(Key::R)],
        command: |model| (!model.mask.form.frozen).then_some(Command::Mask(MaskCommand::Reroll)),
    },
    Action {
        id: "drop-less",
        group: GROUP,
        name: "Lower the mask ratio by 5 points",
        help: "Keep more tokens",
        keys: &[Shortcut::plain(Key::Comma)],
        command: |_| Some(Command::Mask(MaskCommand::ChangeRatio(-5))),
    },
    Action {
        id: "drop-more",
        group: GROUP,
        name: "Raise the mask ratio by 5 points",
        help: "Drop more tokens",
        keys: &[Shortcut::plain(Key::Period)],
        command: |_| Some(Command::Mask(MaskCommand::ChangeRatio(5))),
    },
    Action {
        id: "drop-little-less",
        group: GROUP,
        name: "Lower the mask ratio by 1 point",
        help: "Keep a few more tokens",
        keys: &[Shortcut::shift(Key::Comma)],
        command: |_| Some(Command::Mask(MaskCommand::ChangeRatio(-1))),
    },
    Action {
        id: "drop-little-more",
        group: GROUP,
        name: "Raise the mask ratio by 1 point",
        help: "Drop a few more tokens",
        keys: &[Shortcut::shift(Key::Period)],
        command: |_| Some(Command::Mask(MaskCommand::ChangeRatio(1))),
    },
    Action {
        id: "view-a",
        group: GROUP,
        name: "View A",
        help: "See and hear the mask of view A",
        keys: &[Shortcut::plain(Key::Num1)],
        command: |model| Some(Command::edit_mask(model, |form| form.active = ViewName::A)),
    },
    Action {
        id: "view-b",
        group: GROUP,
        name: "View B",
        help: "See and hear the mask of view B",
        keys: &[Shortcut::plain(Key::Num2)],
        command: |model| Some(Command::edit_mask(model, |form| form.active = ViewName::B)),
    },
    Action {
        id: "freeze-mask",
        group: GROUP,
        name: "Freeze the mask",
        help: "Keep seed, crops and painted patches on re-rolling and on another track",
        keys: &[],
        command: |model| {
            let frozen = !model.mask.form.frozen;
            Some(Command::edit_mask(model, |form| form.frozen = frozen))
        },
    },
    Action {
        id: "paint-patches",
        group: GROUP,
        name: "Paint patches",
        help: "Keep or drop patches with click and drag on the picture; with Alt this works at any time",
        keys: &[Shortcut::plain(Key::T)],
        command: |model| {
            let painting = !model.mask.form.painting;
            Some(Command::edit_mask(model, |form| form.painting = painting))
        },
    },
    Action {
        id: "clear-paint",
        group: GROUP,
        name: "Clear painted patches",
        help: "Leave every patch to the mask again",
        keys: &[Shortcut::shift(Key::T)],
        command: |model| {
            let painted = !model.mask.paint.is_empty();
            painted.then_some(Command::Mask(MaskCommand::ClearPaint))
        },
    },
];
