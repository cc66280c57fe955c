//! One file a panel: `show(ui, model, commands)`. Panels read the model and push commands, nothing else.

mod chip;
mod encoder;
mod fields;
pub mod hub;
mod keys;
pub mod lesson;
pub mod library;
pub mod map;
pub mod neighbours;
pub mod overlays;
pub mod palette;
mod parts;
pub mod probe;
pub mod publishing;
mod questions;
pub mod settings;
pub mod spectrogram;
mod styles;
pub mod teach;
pub mod toasts;
pub mod top;
pub mod train;
pub mod transport;

use eframe::egui;

use super::{command::Command, model::AppState, theme, workspace::Pane};

/// A row of one control's height that is filled from the right.
pub fn row_from_right<R>(ui: &mut egui::Ui, add: impl FnOnce(&mut egui::Ui) -> R) -> R {
    let size = egui::vec2(ui.available_width(), theme::CONTROL_HEIGHT);
    let flow = egui::Layout::right_to_left(egui::Align::Center);
    ui.allocate_ui_with_layout(size, flow, add).inner
}

/// Draws a pane.
pub fn show(pane: Pane, ui: &mut egui::Ui, model: &AppState, out: &mut Vec<Command>) {
    match pane {
        Pane::Library => library::show(ui, model, out),
        Pane::Spectrogram => spectrogram::show(ui, model, out),
        Pane::Masking => teach::masking::show(ui, model, out),
        Pane::Views => teach::views::show(ui, model, out),
        Pane::Batch => teach::matrix::show(ui, model, out),
        Pane::Train => train::show(ui, model, out),
        Pane::Curves => train::show_curves(ui, model, out),
        Pane::Step => train::show_step(ui, model, out),
        Pane::Runs => train::show_runs(ui, model, out),
        Pane::Map => map::show(ui, model, out),
        Pane::Nearest => neighbours::show(ui, model, out),
        Pane::Styles => styles::show(ui, model, out),
        Pane::Keys => keys::show(ui, model, out),
        Pane::Probe => probe::show(ui, model, out),
        Pane::Scores => probe::show_scores(ui, model, out),
    }
}
