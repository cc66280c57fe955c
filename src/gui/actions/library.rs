//! Actions of the library.

use eframe::egui::Key;

use crate::gui::{
    command::{Command, LibraryCommand},
    model::{Column, Edited},
};

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
        id: "add-files",
        group: GROUP,
        name: "Add files…",
        help: "Add sound files to the open collection",
        keys: &[],
        command: |_| Some(Command::Library(LibraryCommand::ChooseFilesToAdd)),
    },
    Action {
        id: "add-folder",
        group: GROUP,
        name: "Add a folder…",
        help: "Add a folder with everything in it to the open collection",
        keys: &[],
        command: |_| Some(Command::Library(LibraryCommand::ChooseFolderToAdd)),
    },
    Action {
        id: "remove-tracks",
        group: GROUP,
        name: "Take tracks off the list",
        help: "Take the chosen tracks out of the collection; the files stay, and Ctrl+Z brings the tracks back",
        keys: &[Shortcut::plain(Key::Delete)],
        // Where nothing can be taken off, it says why.
        command: |_| Some(Command::Library(LibraryCommand::Remove)),
    },
    Action {
        id: "back-to-collection",
        group: GROUP,
        name: "Back to the previous collection",
        help: "Show the previous collection with its map and scores; again comes back here",
        keys: &[],
        command: |model| {
            model.library.left.as_ref()?;
            Some(Command::Library(LibraryCommand::Back))
        },
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
        id: "stop-opening",
        group: GROUP,
        name: "Stop opening",
        help: "Stop looking for tracks and reading headers; what was found stays",
        keys: &[],
        command: |model| {
            let library = &model.library;
            (library.job.is_running()).then_some(Command::Library(LibraryCommand::StopOpening))
        },
    },
    Action {
        id: "copy-open-command",
        group: GROUP,
        name: "Copy as command",
        help: "Put the command on the clipboard that opens this collection from a terminal",
        keys: &[],
        command: |model| {
            model.library.collection.as_ref()?;
            Some(Command::Library(LibraryCommand::CopyCommand))
        },
    },
    Action {
        id: "forget-recent",
        group: GROUP,
        name: "Forget what was opened before",
        help: "Empty the list of folders and files in the menu Open",
        keys: &[],
        command: |model| {
            let any = !model.settings.recent.is_empty();
            any.then_some(Command::Library(LibraryCommand::ForgetRecent))
        },
    },
    Action {
        id: "search",
        group: GROUP,
        name: "Search the library",
        help: "Put the cursor into the search field",
        keys: &[Shortcut::ctrl(Key::F)],
        command: |_| Some(Command::Library(LibraryCommand::FocusSearch)),
    },
    Action {
        id: "only-bad",
        group: GROUP,
        name: "Tracks that cannot be used",
        help: "List only tracks that cannot be used or end early, or all again",
        keys: &[],
        command: |model| {
            let only = !model.library.form.only_bad;
            (model.library.bad_count() + model.library.cut_count() > 0 || !only)
                .then_some(Command::edit_library(model, |form| form.only_bad = only))
        },
    },
    Action {
        id: "edit-label",
        group: GROUP,
        name: "Change the label…",
        help: "Type another label for the chosen tracks; it is kept apart from the music",
        keys: &[Shortcut::plain(Key::F2)],
        command: |model| {
            model.library.first_target()?;
            Some(Command::Library(LibraryCommand::EditChosen(Edited::Label)))
        },
    },
    Action {
        id: "add-tag",
        group: GROUP,
        name: "Add a tag…",
        help: "Type a tag for the chosen tracks; it is kept apart from the music",
        keys: &[Shortcut::shift(Key::F2)],
        command: |model| {
            model.library.first_target()?;
            Some(Command::Library(LibraryCommand::EditChosen(Edited::Tag)))
        },
    },
    Action {
        id: "label-by-genre",
        group: GROUP,
        name: "Label by genre",
        help: "Give every track without a label the genre that its file names",
        keys: &[],
        command: |model| {
            model
                .library
                .has(Column::Genre)
                .then_some(Command::Library(LibraryCommand::LabelByGenre))
        },
    },
    Action {
        id: "save-list",
        group: GROUP,
        name: "Save the selection as a list…",
        help: "Write paths and labels of the chosen tracks as CSV, which opens like a collection",
        keys: &[],
        command: |model| {
            let any = !model.library.targets().is_empty();
            any.then_some(Command::Library(LibraryCommand::SaveTargets))
        },
    },
    Action {
        id: "mark-all",
        group: GROUP,
        name: "Mark all listed tracks",
        help: "Choose every track of the list, to label them together",
        keys: &[Shortcut::ctrl(Key::A)],
        command: |model| {
            (model.library.row_count() > 0).then_some(Command::Library(LibraryCommand::MarkAll))
        },
    },
    Action {
        id: "copy-path",
        group: GROUP,
        name: "Copy the path",
        help: "Put the paths of the chosen tracks on the clipboard: those that are selected or marked, else the shown one",
        keys: &[],
        command: |model| {
            let chosen = model.library.targets();
            (!chosen.is_empty()).then_some(Command::Library(LibraryCommand::CopyPaths(chosen)))
        },
    },
    Action {
        id: "show-in-folder",
        group: GROUP,
        name: "Show in its folder",
        help: "Show the folder of the chosen track in the system's file manager",
        keys: &[],
        command: |model| {
            let index = model.library.first_target()?;
            Some(Command::Library(LibraryCommand::ShowInFolder(index)))
        },
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
        help: "Play the chosen track; of several that are selected or marked, the shown one or the first",
        keys: &[Shortcut::plain(Key::Enter)],
        command: |model| {
            let index = model.library.first_target()?;
            Some(Command::Library(LibraryCommand::PlayChosen(index)))
        },
    },
];
