use eframe::egui::Key;

use crate::gui::{
    command::{Command, SoundCommand},
    model::WINDOW_SECS,
};

use super::{Action, Group, Shortcut};

const GROUP: Group = Group::Sound;

fn by(secs: f64) -> Option<Command> {
    Some(Command::Sound(SoundCommand::SeekBy(secs)))
}

pub(super) const ACTIONS: &[Action] = &[
    Action {
        id: "toggle-play",
        group: GROUP,
        name: "Play or pause",
        help: "Play from the playhead, or pause there",
        keys: &[Shortcut::plain(Key::Space)],
        command: |_| Some(Command::Sound(SoundCommand::TogglePlay)),
    },
    Action {
        id: "back-second",
        group: GROUP,
        name: "Back 1 s",
        help: "Move the playhead back by a second",
        keys: &[Shortcut::plain(Key::ArrowLeft)],
        command: |_| by(-1.0),
    },
    Action {
        id: "on-second",
        group: GROUP,
        name: "On 1 s",
        help: "Move the playhead on by a second",
        keys: &[Shortcut::plain(Key::ArrowRight)],
        command: |_| by(1.0),
    },
    Action {
        id: "back-five",
        group: GROUP,
        name: "Back 5 s",
        help: "Move the playhead back by five seconds",
        keys: &[Shortcut::shift(Key::ArrowLeft)],
        command: |_| by(-5.0),
    },
    Action {
        id: "on-five",
        group: GROUP,
        name: "On 5 s",
        help: "Move the playhead on by five seconds",
        keys: &[Shortcut::shift(Key::ArrowRight)],
        command: |_| by(5.0),
    },
    Action {
        id: "back-window",
        group: GROUP,
        name: "Back one window",
        help: "Move the playhead back by 96 frames",
        keys: &[Shortcut::ctrl(Key::ArrowLeft)],
        command: |_| by(-WINDOW_SECS),
    },
    Action {
        id: "on-window",
        group: GROUP,
        name: "On one window",
        help: "Move the playhead on by 96 frames",
        keys: &[Shortcut::ctrl(Key::ArrowRight)],
        command: |_| by(WINDOW_SECS),
    },
    Action {
        id: "to-start",
        group: GROUP,
        name: "To the beginning",
        help: "Move the playhead to the beginning of the track",
        keys: &[Shortcut::plain(Key::Home)],
        command: |_| Some(Command::Sound(SoundCommand::Seek(0.0))),
    },
    Action {
        id: "to-end",
        group: GROUP,
        name: "To the end",
        help: "Move the playhead to the end of the track",
        keys: &[Shortcut::plain(Key::End)],
        command: |_| Some(Command::Sound(SoundCommand::Seek(f64::INFINITY))),
    },
    Action {
        id: "hear-left",
        group: GROUP,
        name: "Original or what is left",
        help: "Hear the track as it is, or what the mask leaves of it",
        keys: &[Shortcut::plain(Key::X)],
        command: |model| {
            let left = !model.transport.hear_left;
            Some(Command::Sound(SoundCommand::HearLeft(left)))
        },
    },
    Action {
        id: "mute",
        group: GROUP,
        name: "Sound on or off",
        help: "Silence, or as loud as before",
        keys: &[Shortcut::plain(Key::V)],
        command: |_| Some(Command::Sound(SoundCommand::ToggleMute)),
    },
    Action {
        id: "find-device",
        group: GROUP,
        name: "Find the sound device",
        help: "Look for a sound device again",
        keys: &[],
        command: |_| Some(Command::Sound(SoundCommand::FindSoundDevice)),
    },
];
