//! Actions of the window.

use eframe::egui::Key;

use crate::gui::{
    command::{Command, OwnFolder, WindowCommand},
    model::{AppState, Overlay, other_theme},
    workspace::Workspace,
};

use super::{Action, Group, Shortcut};

const GROUP: Group = Group::Window;

fn scale(model: &AppState, by: f32) -> Option<Command> {
    let scale = ((model.settings.scale + by) * 10.0).round() / 10.0;
    Some(Command::edit_settings(model, |it| it.scale = scale))
}

/// Opens an overlay, or closes it again.
fn show_overlay(model: &AppState, overlay: Overlay) -> Option<Command> {
    let shown = model.toggled(overlay);
    Some(Command::Window(WindowCommand::ShowOverlay(shown)))
}

fn own(folder: OwnFolder) -> Option<Command> {
    Some(Command::Window(WindowCommand::ShowOwnFolder(folder)))
}

fn show(workspace: Workspace) -> Option<Command> {
    Some(Command::Window(WindowCommand::ShowWorkspace(workspace)))
}

pub(super) const ACTIONS: &[Action] = &[
    Action {
        id: "layout-listen",
        group: GROUP,
        name: "Layout: Listen",
        help: "Browse tracks, see and hear them",
        keys: &[Shortcut::ctrl(Key::Num1)],
        command: |_| show(Workspace::Listen),
    },
    Action {
        id: "layout-teach",
        group: GROUP,
        name: "Layout: Teach",
        help: "See and hear what masking drops and keeps",
        keys: &[Shortcut::ctrl(Key::Num2)],
        command: |_| show(Workspace::Teach),
    },
    Action {
        id: "layout-map",
        group: GROUP,
        name: "Layout: Map",
        help: "Lay the collection out so that similar sounds lie together",
        keys: &[Shortcut::ctrl(Key::Num3)],
        command: |_| show(Workspace::Map),
    },
    Action {
        id: "layout-train",
        group: GROUP,
        name: "Layout: Train",
        help: "Train an encoder and watch it learn",
        keys: &[Shortcut::ctrl(Key::Num4)],
        command: |_| show(Workspace::Train),
    },
    Action {
        id: "layout-probe",
        group: GROUP,
        name: "Layout: Probe",
        help: "Measure what an encoder knows about labels",
        keys: &[Shortcut::ctrl(Key::Num5)],
        command: |_| show(Workspace::Probe),
    },
    Action {
        id: "reset-layout",
        group: GROUP,
        name: "Reset layout",
        help: "Put the panels of this layout where they were at first",
        keys: &[],
        command: |_| Some(Command::Window(WindowCommand::ResetWorkspace)),
    },
    Action {
        id: "palette",
        group: GROUP,
        name: "Find anything to do",
        help: "Find actions, tracks and what was opened before by a few letters",
        keys: &[Shortcut::ctrl(Key::P)],
        command: |model| show_overlay(model, Overlay::Palette),
    },
    Action {
        id: "undo",
        group: GROUP,
        name: "Undo",
        help: "Undo the last change of labels, mask, picture, selection, map, encoder, collection or runs",
        keys: &[Shortcut::ctrl(Key::Z)],
        command: |_| Some(Command::Window(WindowCommand::Undo)),
    },
    Action {
        id: "redo",
        group: GROUP,
        name: "Redo",
        help: "Do again what was undone",
        keys: &[Shortcut::ctrl_shift(Key::Z), Shortcut::ctrl(Key::Y)],
        command: |_| Some(Command::Window(WindowCommand::Redo)),
    },
    Action {
        id: "settings",
        group: GROUP,
        name: "Settings",
        help: "Theme, size, devices, disk",
        keys: &[Shortcut::ctrl(Key::Comma)],
        command: |model| show_overlay(model, Overlay::Settings),
    },
    Action {
        id: "clear-cache",
        group: GROUP,
        name: "Clear computed pictures",
        help: "Remove computed pictures and embeddings from the disk; they are computed again when needed",
        keys: &[],
        command: |_| Some(Command::Window(WindowCommand::ClearCache)),
    },
    Action {
        id: "settings-folder",
        group: GROUP,
        name: "Show the folder of settings",
        help: "Show where settings are kept in the system's file manager",
        keys: &[],
        command: |_| own(OwnFolder::Settings),
    },
    Action {
        id: "data-folder",
        group: GROUP,
        name: "Show the data folder",
        help: "Show where runs, scores and your own labels are kept in the system's file manager",
        keys: &[],
        command: |_| own(OwnFolder::Data),
    },
    Action {
        id: "cache-folder",
        group: GROUP,
        name: "Show the cache folder",
        help: "Show what can be made again in the system's file manager",
        keys: &[],
        command: |_| own(OwnFolder::Cache),
    },
    Action {
        id: "larger",
        group: GROUP,
        name: "Larger",
        help: "Everything on screen 10 % larger",
        keys: &[Shortcut::ctrl(Key::Plus), Shortcut::ctrl(Key::Equals)],
        command: |model| scale(model, 0.1),
    },
    Action {
        id: "smaller",
        group: GROUP,
        name: "Smaller",
        help: "Everything on screen 10 % smaller",
        keys: &[Shortcut::ctrl(Key::Minus)],
        command: |model| scale(model, -0.1),
    },
    Action {
        id: "normal-size",
        group: GROUP,
        name: "Normal size",
        help: "Everything on screen as large as at first",
        keys: &[Shortcut::ctrl(Key::Num0)],
        command: |model| Some(Command::edit_settings(model, |it| it.scale = 1.0)),
    },
    Action {
        id: "messages",
        group: GROUP,
        name: "Messages",
        help: "Read again what was shown, and what did not work",
        keys: &[],
        command: |model| show_overlay(model, Overlay::Messages),
    },
    Action {
        id: "close-messages",
        group: GROUP,
        name: "Close all messages",
        help: "Close the messages at the corner",
        keys: &[],
        command: |model| {
            (!model.notices.shown().is_empty())
                .then_some(Command::Window(WindowCommand::DismissAll))
        },
    },
    Action {
        id: "other-theme",
        group: GROUP,
        name: "Dark or light",
        help: "Switch between the dark and the light theme",
        keys: &[Shortcut::ctrl(Key::T)],
        command: |model| {
            let theme = other_theme(model.settings.theme);
            Some(Command::edit_settings(model, |it| {
                it.theme = theme;
            }))
        },
    },
    Action {
        id: "keys",
        group: GROUP,
        name: "Keys",
        help: "Show all keys",
        keys: &[Shortcut::plain(Key::F1)],
        command: |model| show_overlay(model, Overlay::Keys),
    },
    Action {
        id: "full-screen",
        group: GROUP,
        name: "Present on the full screen",
        help: "Fill the screen with larger controls and text, or go back to a window (Esc goes back too)",
        keys: &[Shortcut::plain(Key::F11)],
        command: |model| {
            let on = !model.presenting;
            Some(Command::Window(WindowCommand::Present(on)))
        },
    },
];
