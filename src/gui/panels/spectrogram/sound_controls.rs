//! Which picture is shown, and what is set of that of the sound.

use eframe::egui::{self, Button, ComboBox};

use crate::gui::{
    command::Command,
    model::{AppState, PictureOf},
    panels::parts,
    theme,
};
use mynascope_spectrum::{FftSize, FrequencyAxis};

/// One of the pictures that can be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Mel,
    Input,
    Sound,
}

impl Shown {
    fn of(model: &AppState) -> Self {
        match model.shown_picture() {
            PictureOf::Sound => Self::Sound,
            PictureOf::Encoder if model.shows_encoder_input() => Self::Input,
            PictureOf::Encoder => Self::Mel,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Mel => "Mel",
            Self::Input => "Encoder input",
            Self::Sound => "Sound",
        }
    }

    fn help(self, input: &str) -> &str {
        match self {
            Self::Mel => {
                "Show the mel-spectrogram of the sound at 16 kHz in decibels, with the mask over it (E and Shift+E switch)"
            }
            Self::Input => input,
            Self::Sound => {
                "Show the spectrogram of the sound at its own rate, up to half its sample rate (Shift+E). Encoders are not fed this: no mask \
                 lies over it"
            }
        }
    }
}

/// In less room the pictures stand in a menu.
const ROOM_FOR_CHOICE: f32 = 65.0 * theme::UNIT;

/// Which picture is shown: from the right. `input` says what the encoder is fed.
pub fn choice(ui: &mut egui::Ui, model: &AppState, input: &str, out: &mut Vec<Command>) {
    let shown = Shown::of(model);
    let all = [Shown::Sound, Shown::Input, Shown::Mel];
    let pictures = all
        .into_iter()
        .filter(|picture| *picture != Shown::Sound || model.can_show_sound());
    let mut show = |picture: Shown| {
        out.push(Command::edit_picture(model, |form| match picture {
            Shown::Sound => form.of = PictureOf::Sound,
            Shown::Mel | Shown::Input => {
                form.of = PictureOf::Encoder;
                form.as_encoder = picture == Shown::Input;
            }
        }));
    };
    if ui.available_width() < ROOM_FOR_CHOICE {
        let menu = ComboBox::from_id_salt("picture").selected_text(shown.name());
        let menu = menu.width(theme::UNIT * 20.0).show_ui(ui, |ui| {
            for picture in pictures.rev() {
                let item = ui.selectable_label(picture == shown, picture.name());
                if item.on_hover_text(picture.help(input)).clicked() {
                    show(picture);
                }
            }
        });
        parts::named(menu.response, "Picture").on_hover_text("Which picture is shown (E, Shift+E)");
        return;
    }
    for picture in pictures {
        let button = ui.add(Button::selectable(shown == picture, picture.name()));
        if button.on_hover_text(picture.help(input)).clicked() {
            show(picture);
        }
    }
}

/// Frequency axis and FFT size of the picture of the sound; from the right.
pub fn show(ui: &mut egui::Ui, model: &AppState, out: &mut Vec<Command>) {
    let form = model.spectrogram.form.sound;
    let menu = ComboBox::from_id_salt("FFT size")
        .selected_text(format!("FFT {}", form.fft))
        .width(theme::UNIT * 18.0)
        .show_ui(ui, |ui| {
            for fft in FftSize::ALL {
                if ui
                    .selectable_label(fft == form.fft, fft.to_string())
                    .clicked()
                {
                    out.push(Command::edit_picture(model, |form| form.sound.fft = fft));
                }
            }
        })
        .response;
    let rate = f64::from(model.spectrogram.sound.rate.unwrap_or(44_100));
    let samples = form.fft.get() as f64;
    parts::named(menu, "FFT size").on_hover_text(format!(
        "Samples of a window: more part tones that lie close, fewer part sounds that follow each other. Now {:.1} Hz and {:.0} ms, every \
         {:.1} ms",
        rate / samples,
        1000.0 * samples / rate,
        1000.0 * form.fft.hop() as f64 / rate
    ));
    let menu = ComboBox::from_id_salt("frequency axis")
        .selected_text(form.axis.to_string())
        .width(theme::UNIT * 18.0)
        .show_ui(ui, |ui| {
            for axis in FrequencyAxis::ALL {
                let help = match axis {
                    FrequencyAxis::Linear => "Equal steps in Hz are equally high",
                    FrequencyAxis::Log => "Octaves are equally high, from 20 Hz on",
                };
                let chosen = ui.selectable_label(axis == form.axis, axis.to_string());
                if chosen.on_hover_text(help).clicked() {
                    out.push(Command::edit_picture(model, |form| form.sound.axis = axis));
                }
            }
        })
        .response;
    parts::named(menu, "Frequency axis").on_hover_text(
        "Frequency axis: linear in Hz, or logarithmic, as high an octave everywhere",
    );
}
