use eframe::egui::Key;

use crate::gui::{command::Command, layout::Layout, model::MapCommand};

use super::{Action, Group, Shortcut};

const GROUP: Group = Group::Map;

fn walk(steps: isize) -> Option<Command> {
    Some(Command::Map(MapCommand::Walk(steps)))
}

pub(super) const ACTIONS: &[Action] = &[
    Action {
        id: "compute-map",
        group: GROUP,
        name: "Compute map",
        help: "Embed the collection with the chosen encoder, and lay similar sounds side by side",
        keys: &[],
        command: |model| {
            let possible = model.layout == Layout::Map && model.library.track_count() > 0;
            possible.then_some(Command::Map(MapCommand::Compute))
        },
    },
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
    Action {
        id: "query-region",
        group: GROUP,
        name: "What is like the selection",
        help: "List the windows that are nearest to the selected stretch of the spectrogram",
        keys: &[],
        command: |model| {
            model.transport.selection?;
            Some(Command::Map(MapCommand::QueryRegion))
        },
    },
    Action {
        id: "query-file",
        group: GROUP,
        name: "What is like a file",
        help: "Choose a file, list what is nearest to it, and see where it lands on the map",
        keys: &[],
        command: |_| Some(Command::Map(MapCommand::ChooseQuery)),
    },
    Action {
        id: "find-near-duplicates",
        group: GROUP,
        name: "Find near-duplicates",
        help: "List near-duplicates: pairs of tracks that the encoder can hardly tell apart",
        keys: &[],
        command: |_| Some(Command::Map(MapCommand::FindDuplicates)),
    },
    Action {
        id: "compare-encoders",
        group: GROUP,
        name: "Two maps side by side",
        help: "Show a second encoder's map beside the first, and the tracks that moved most; again ends it",
        keys: &[],
        command: |model| {
            model.mapping.chart.as_ref()?;
            let on = model.mapping.beside.is_none();
            Some(Command::Map(MapCommand::Compare(on)))
        },
    },
];
