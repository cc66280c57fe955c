use eframe::egui::Key;

use crate::gui::command::{Command, LibraryCommand};

use super::{Action, Group, Shortcut};

const GROUP: Group = Group::Library;

pub(super) const ACTIONS: &[Action] = &[
    Action {
        id: "open-files",
        group: GROUP,
        name: "Open files…",
        help: "Open sound files as a collection",
        keys: &[Shortcut::ctrl(Key::O)],
        command: |_| Some(Command::Library(LibraryCommand::ChooseFiles)),
    },
    Action {
        id: "open-folder",
        group: GROUP,
        name: "Open folder…",
        help: "Open a folder with everything in it as a collection",
        keys: &[Shortcut::ctrl_shift(Key::O)],
        command: |_| Some(Command::Library(LibraryCommand::ChooseFolder)),
    },
    Action {
        id: "open-demo",
        group: GROUP,
        name: "Open the demo collection",
        help: "64 short tracks in eight styles, made by this program",
        keys: &[],
        command: |_| Some(Command::Library(LibraryCommand::OpenDemo)),
    },
    Action {
        id: "track-above",
        group: GROUP,
        name: "Track above",
        help: "Show the track above in the library",
        keys: &[Shortcut::plain(Key::ArrowUp)],
        command: |_| Some(Command::Library(LibraryCommand::SelectRelative(-1))),
    },
    Action {
        id: "track-below",
        group: GROUP,
        name: "Track below",
        help: "Show the track below in the library",
        keys: &[Shortcut::plain(Key::ArrowDown)],
        command: |_| Some(Command::Library(LibraryCommand::SelectRelative(1))),
    },
    Action {
        id: "play-track",
        group: GROUP,
        name: "Play the track",
        help: "Play the track that is shown in the library",
        keys: &[Shortcut::plain(Key::Enter)],
        command: |model| {
            let index = model.library.selected?;
            Some(Command::Library(LibraryCommand::Play(index)))
        },
    },
];
