//! The picture of the sound.

use eframe::egui;

use crate::gui::{
    command::Command,
    model::{Model, PictureState},
};

/// Draws the panel.
pub fn show(ui: &mut egui::Ui, model: &Model, _out: &mut Vec<Command>) {
    ui.centered_and_justified(|ui| match &model.spectrogram.state {
        PictureState::Empty => ui.label("Choose a track in the library"),
        PictureState::Computing(_) => ui.spinner(),
        PictureState::Ready { .. } => ui.label(""),
        PictureState::Failed(why) => ui.label(why),
    });
}
