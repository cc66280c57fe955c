//! Which picture is shown, and what is set of that of the sound.

use eframe::egui::{self, Button, ComboBox};

use crate::gui::{
    command::Command,
    model::{AppState, PictureOf},
    panels::parts,
    theme,
};
use mynascope_spectrum::{FftSize, FrequencyAxis};

const OF: [(PictureOf, &str, &str); 2] = [
    (
        PictureOf::Sound,
        "Sound",
        "Show the spectrogram of the sound at its own rate, up to half its sample rate (Shift+E). The encoder is not fed this: no mask \
         lies over it",
    ),
    (
        PictureOf::Encoder,
        "Encoder",
        "Show the mel-spectrogram at 16 kHz that encoders are fed, with the mask over it (Shift+E)",
    ),
];

/// The switch between the two pictures; from the right.
pub fn switch(ui: &mut egui::Ui, model: &AppState, out: &mut Vec<Command>) {
    let shown = model.spectrogram.form.of;
    for (of, name, help) in OF {
        let button = ui.add(Button::selectable(shown == of, name));
        if parts::named(button, &format!("Picture: {}", name.to_lowercase()))
            .on_hover_text(help)
            .clicked()
        {
            out.push(Command::edit_picture(model, |form| form.of = of));
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
