use eframe::egui::Key;

use crate::gui::command::{Command, PictureCommand};

use super::{Action, Group, Shortcut};

const GROUP: Group = Group::Picture;

/// One press of a key, in dB.
const DB_STEP: f32 = 5.0;

pub(super) const ACTIONS: &[Action] = &[
    Action {
        id: "fit-track",
        group: GROUP,
        name: "Fit the track",
        help: "Show the whole track",
        keys: &[Shortcut::plain(Key::F)],
        command: |_| Some(Command::Picture(PictureCommand::FitTrack)),
    },
    Action {
        id: "next-colours",
        group: GROUP,
        name: "Next colour map",
        help: "Colour the picture by the next map",
        keys: &[Shortcut::plain(Key::P)],
        command: |_| {
            Some(Command::Picture(PictureCommand::NextColourMap {
                back: false,
            }))
        },
    },
    Action {
        id: "previous-colours",
        group: GROUP,
        name: "Previous colour map",
        help: "Colour the picture by the map before",
        keys: &[Shortcut::shift(Key::P)],
        command: |_| {
            Some(Command::Picture(PictureCommand::NextColourMap {
                back: true,
            }))
        },
    },
    Action {
        id: "top-up",
        group: GROUP,
        name: "Brightest level up",
        help: "Raise the level of the brightest colour by 5 dB",
        keys: &[Shortcut::plain(Key::U)],
        command: |model| {
            let db = model.spectrogram.top_db + DB_STEP;
            Some(Command::Picture(PictureCommand::SetTopDb(db)))
        },
    },
    Action {
        id: "top-down",
        group: GROUP,
        name: "Brightest level down",
        help: "Lower the level of the brightest colour by 5 dB",
        keys: &[Shortcut::shift(Key::U)],
        command: |model| {
            let db = model.spectrogram.top_db - DB_STEP;
            Some(Command::Picture(PictureCommand::SetTopDb(db)))
        },
    },
    Action {
        id: "range-up",
        group: GROUP,
        name: "Deeper",
        help: "Show 5 dB more of what is quiet",
        keys: &[Shortcut::plain(Key::D)],
        command: |model| {
            let db = model.spectrogram.range_db + DB_STEP;
            Some(Command::Picture(PictureCommand::SetRangeDb(db)))
        },
    },
    Action {
        id: "range-down",
        group: GROUP,
        name: "Shallower",
        help: "Show 5 dB less of what is quiet",
        keys: &[Shortcut::shift(Key::D)],
        command: |model| {
            let db = model.spectrogram.range_db - DB_STEP;
            Some(Command::Picture(PictureCommand::SetRangeDb(db)))
        },
    },
];
