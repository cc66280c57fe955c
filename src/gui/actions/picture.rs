//! Actions of the spectrogram.

use eframe::egui::Key;

use crate::gui::command::{Command, PictureCommand};
use mynascope_base::storage::Follow;
use mynascope_spectrum::Summary;

use super::{Action, Group, Shortcut};

const GROUP: Group = Group::Picture;

/// One press of a key, in dB.
const DB_STEP: f32 = 5.0;

pub(super) const ACTIONS: &[Action] = &[
    Action {
        id: "fit-track",
        group: GROUP,
        name: "Fit the track",
        help: "Show the whole track and all frequencies",
        keys: &[Shortcut::plain(Key::F)],
        command: |_| Some(Command::Picture(PictureCommand::FitTrack)),
    },
    Action {
        id: "fit-selection",
        group: GROUP,
        name: "Fit the selection",
        help: "Show the selected stretch as wide as the picture",
        keys: &[Shortcut::ctrl(Key::E)],
        command: |model| {
            model.transport.form.selection?;
            Some(Command::Picture(PictureCommand::FitSelection))
        },
    },
    Action {
        id: "see-as-encoder",
        group: GROUP,
        name: "Encoder input",
        help: "Switch between levels in dB and what the encoder is fed: its own mel-spectrogram, of Myna patch by patch",
        keys: &[Shortcut::plain(Key::E)],
        command: |model| {
            let on = !model.spectrogram.form.as_encoder;
            Some(Command::edit_picture(model, |form| form.as_encoder = on))
        },
    },
    Action {
        id: "follow",
        group: GROUP,
        name: "Follow the playhead: next way",
        help: "The picture follows the playhead page by page, smoothly or not at all",
        keys: &[],
        command: |model| {
            let next = match model.settings.follow {
                Follow::Page => Follow::Smooth,
                Follow::Smooth => Follow::Off,
                Follow::Off => Follow::Page,
            };
            Some(Command::edit_settings(model, |it| {
                it.follow = next;
            }))
        },
    },
    Action {
        id: "summary",
        group: GROUP,
        name: "Mean level or loudest frame",
        help: "Where a pixel is wider than a frame, show the mean of its frames or the loudest",
        keys: &[],
        command: |model| {
            let other = match model.spectrogram.form.summary {
                Summary::Mean => Summary::Loudest,
                Summary::Loudest => Summary::Mean,
            };
            Some(Command::edit_picture(model, |form| form.summary = other))
        },
    },
    Action {
        id: "save-picture",
        group: GROUP,
        name: "Save the picture as PNG…",
        help: "Write the spectrogram with its axes to a file, at the size that it is shown at",
        keys: &[Shortcut::ctrl(Key::S)],
        command: |model| {
            model.spectrogram.picture()?;
            Some(Command::Picture(PictureCommand::Save))
        },
    },
    Action {
        id: "copy-picture-command",
        group: GROUP,
        name: "Copy the picture as command",
        help: "Put the command on the clipboard that draws this layout with this track and mask to a file",
        keys: &[],
        command: |model| {
            model.spectrogram.path()?;
            Some(Command::Picture(PictureCommand::CopyCommand))
        },
    },
    Action {
        id: "next-colours",
        group: GROUP,
        name: "Next colour map",
        help: "Colour the picture by the next map",
        keys: &[Shortcut::plain(Key::P)],
        command: |model| {
            let form = model.spectrogram.form.next_colour_map(false);
            Some(Command::Picture(PictureCommand::Edit(form)))
        },
    },
    Action {
        id: "previous-colours",
        group: GROUP,
        name: "Previous colour map",
        help: "Colour the picture by the map before",
        keys: &[Shortcut::shift(Key::P)],
        command: |model| {
            let form = model.spectrogram.form.next_colour_map(true);
            Some(Command::Picture(PictureCommand::Edit(form)))
        },
    },
    Action {
        id: "top-up",
        group: GROUP,
        name: "Brightest level up",
        help: "Raise the level of the brightest colour by 5 dB",
        keys: &[Shortcut::plain(Key::U)],
        command: |model| {
            let db = model.spectrogram.form.top_db + DB_STEP;
            Some(Command::edit_picture(model, |form| form.top_db = db))
        },
    },
    Action {
        id: "top-down",
        group: GROUP,
        name: "Brightest level down",
        help: "Lower the level of the brightest colour by 5 dB",
        keys: &[Shortcut::shift(Key::U)],
        command: |model| {
            let db = model.spectrogram.form.top_db - DB_STEP;
            Some(Command::edit_picture(model, |form| form.top_db = db))
        },
    },
    Action {
        id: "range-up",
        group: GROUP,
        name: "Deeper",
        help: "Show 5 dB more of what is quiet",
        keys: &[Shortcut::plain(Key::D)],
        command: |model| {
            let db = model.spectrogram.form.range_db + DB_STEP;
            Some(Command::edit_picture(model, |form| form.range_db = db))
        },
    },
    Action {
        id: "range-down",
        group: GROUP,
        name: "Shallower",
        help: "Show 5 dB less of what is quiet",
        keys: &[Shortcut::shift(Key::D)],
        command: |model| {
            let db = model.spectrogram.form.range_db - DB_STEP;
            Some(Command::edit_picture(model, |form| form.range_db = db))
        },
    },
];
