//! Actions of the spectrogram.

use eframe::egui::Key;

use crate::gui::{
    command::{Command, MapCommand, PictureCommand},
    model::{AppState, Camera, PictureOf, PicturePanel, SoundPictureForm},
    workspace::Workspace,
};
use mynascope_base::storage::Follow;
use mynascope_spectrum::{FrequencyAxis, Summary};

use super::{Action, Group, Shortcut};

const GROUP: Group = Group::Picture;

/// One press of a key, in dB.
const DB_STEP: f32 = 5.0;

fn publish(panel: PicturePanel) -> Option<Command> {
    Some(Command::Picture(PictureCommand::Publish(panel)))
}

/// Changes what is set of the picture of the sound, where that is shown.
fn edit_sound(model: &AppState, change: impl FnOnce(&mut SoundPictureForm)) -> Option<Command> {
    let edit = || Command::edit_picture(model, |form| change(&mut form.sound));
    model.shows_sound().then(edit)
}

/// Changes the brightest level and the depth of the shown picture.
fn change_levels(model: &AppState, change: impl FnOnce(&mut f32, &mut f32)) -> Option<Command> {
    let of = model.shown_picture();
    Some(Command::edit_picture(model, |form| {
        let (top, range) = form.levels_mut(of);
        change(top, range);
    }))
}

pub(super) const ACTIONS: &[Action] = &[
    Action {
        id: "fit-track",
        group: GROUP,
        name: "Fit the track",
        help: "Show the whole track and all frequencies; with the pointer on a map, the whole map",
        keys: &[Shortcut::plain(Key::F)],
        command: |model| {
            Some(match model.mapping.under_pointer {
                Some(side) if model.workspace == Workspace::Map => {
                    Command::Map(MapCommand::Move(side, Camera::default()))
                }
                _ => Command::Picture(PictureCommand::FitTrack),
            })
        },
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
            let on = !model.shows_encoder_input();
            Some(Command::edit_picture(model, |form| {
                form.as_encoder = on;
                form.of = PictureOf::Encoder;
            }))
        },
    },
    Action {
        id: "picture-of-sound",
        group: GROUP,
        name: "Picture: mel or sound",
        help: "Switch between the mel-spectrogram at 16 kHz, or the encoder input, and the spectrogram of the sound at its own rate; Teach does not show the latter",
        keys: &[Shortcut::shift(Key::E)],
        command: |model| {
            let other = match model.shown_picture() {
                _ if !model.can_show_sound() => return None,
                PictureOf::Encoder => PictureOf::Sound,
                PictureOf::Sound => PictureOf::Encoder,
            };
            Some(Command::edit_picture(model, |form| form.of = other))
        },
    },
    Action {
        id: "frequency-axis",
        group: GROUP,
        name: "Frequency axis: linear or log",
        help: "Spread the frequencies of the picture of the sound evenly in Hz, or evenly in octaves",
        keys: &[],
        command: |model| {
            let other = match model.spectrogram.form.sound.axis {
                FrequencyAxis::Linear => FrequencyAxis::Log,
                FrequencyAxis::Log => FrequencyAxis::Linear,
            };
            edit_sound(model, |form| form.axis = other)
        },
    },
    Action {
        id: "fft-larger",
        group: GROUP,
        name: "Larger FFT",
        help: "Double the window of the picture of the sound: tones that lie close are parted",
        keys: &[],
        command: |model| edit_sound(model, |form| form.fft = form.fft.next(true)),
    },
    Action {
        id: "fft-smaller",
        group: GROUP,
        name: "Smaller FFT",
        help: "Halve the window of the picture of the sound: sounds that follow each other are parted",
        keys: &[],
        command: |model| edit_sound(model, |form| form.fft = form.fft.next(false)),
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
        name: "Save the spectrogram as picture…",
        help: "Write the spectrogram with its axes to a file, as PNG or SVG of a chosen size",
        keys: &[Shortcut::ctrl(Key::S)],
        command: |model| {
            model.spectrogram.picture()?;
            publish(PicturePanel::Spectrogram)
        },
    },
    Action {
        id: "save-map-picture",
        group: GROUP,
        name: "Save the map as picture…",
        help: "Write the map with its legend to a file, as PNG or SVG of a chosen size",
        keys: &[],
        command: |model| {
            model.mapping.chart.as_ref()?;
            Some(Command::Map(MapCommand::SavePicture))
        },
    },
    Action {
        id: "save-similarity-picture",
        group: GROUP,
        name: "Save the similarity matrix as picture…",
        help: "Write the similarity of the batch in Teach to a file, as PNG or SVG of a chosen size",
        keys: &[],
        command: |model| {
            model.teaching.batch.value.as_ref()?;
            publish(PicturePanel::Similarity)
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
        help: "Colour the picture by the previous map",
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
        command: |model| change_levels(model, |top, _| *top += DB_STEP),
    },
    Action {
        id: "top-down",
        group: GROUP,
        name: "Brightest level down",
        help: "Lower the level of the brightest colour by 5 dB",
        keys: &[Shortcut::shift(Key::U)],
        command: |model| change_levels(model, |top, _| *top -= DB_STEP),
    },
    Action {
        id: "range-up",
        group: GROUP,
        name: "Deeper",
        help: "Show 5 dB more of what is quiet",
        keys: &[Shortcut::plain(Key::D)],
        command: |model| change_levels(model, |_, range| *range += DB_STEP),
    },
    Action {
        id: "range-down",
        group: GROUP,
        name: "Shallower",
        help: "Show 5 dB less of what is quiet",
        keys: &[Shortcut::shift(Key::D)],
        command: |model| change_levels(model, |_, range| *range -= DB_STEP),
    },
];
