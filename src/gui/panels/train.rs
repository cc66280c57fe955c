//! The Train panel.

use eframe::egui;

use crate::gui::{command::Command, model::Model};

/// Draws the panel.
pub fn show(ui: &mut egui::Ui, _model: &Model, _out: &mut Vec<Command>) {
    ui.label("Train");
}
