use eframe::egui::Key;

use crate::gui::{command::Command, model::MapCommand};

use super::{Action, Group, Shortcut};

const GROUP: Group = Group::Map;

fn walk(steps: isize) -> Option<Command> {
    Some(Command::Map(MapCommand::Walk(steps)))
}

pub(super) const ACTIONS: &[Action] = &[
    Action {
        id: "hover-sound",
        group: GROUP,
        name: "Sound on hover",
        help: "Hear the window of a point of the map while the pointer is on it; again ends it",
        keys: &[Shortcut::plain(Key::H)],
        command: |model| {
            let on = !model.mapping.hover_sound;
            Some(Command::Map(MapCommand::HoverSound(on)))
        },
    },
    Action {
        id: "next-neighbour",
        group: GROUP,
        name: "Next neighbour",
        help: "Select and play what the encoder finds nearest to the selected window, then the next nearest",
        keys: &[Shortcut::plain(Key::N)],
        command: |_| walk(1),
    },
    Action {
        id: "previous-neighbour",
        group: GROUP,
        name: "Previous neighbour",
        help: "Go back to the neighbour before, and in the end to where the walk began",
        keys: &[Shortcut::plain(Key::B)],
        command: |_| walk(-1),
    },
];
