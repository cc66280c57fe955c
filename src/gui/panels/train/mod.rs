//! The Train layout: settings and start, curves and checkpoints, the batch, all runs.

mod actions;
mod advanced;
mod curves;
mod demo_map;
mod form;
mod hidden_spans;
mod learned_styles;
mod loss;
mod matrix;
mod patchout;
mod patchout_grid;
mod plot;
mod reconstruction;
mod runs;
mod scrub;
mod step;
mod ticks;

pub use curves::sheet;

use eframe::egui::{self, Ui};

use super::parts;
use crate::gui::{
    command::{Command, TrainCommand},
    model::{AppState, Devices},
    theme,
};

/// Draws what starts and steers a run, and below it the settings.
pub fn show(ui: &mut Ui, model: &AppState, out: &mut Vec<Command>) {
    if let Devices::Unknown = model.training.devices {
        out.push(Command::Train(TrainCommand::AskDevices));
    }
    parts::padded(ui, |ui| {
        actions::show(ui, model, out);
        ui.add_space(theme::SPACE);
        let width = parts::width_beside_bar(ui);
        egui::ScrollArea::vertical()
            .id_salt("train form")
            .auto_shrink(false)
            .show(ui, |ui| {
                ui.set_max_width(width);
                form::show(ui, model, out);
            });
    });
}

/// Draws the numbers, curves and checkpoints of the shown run.
pub fn show_curves(ui: &mut Ui, model: &AppState, out: &mut Vec<Command>) {
    parts::padded(ui, |ui| curves::show(ui, model, out));
}

/// Draws what the present step looks like, as its objective shows it, and where the demo tracks lie.
pub fn show_step(ui: &mut Ui, model: &AppState, out: &mut Vec<Command>) {
    parts::padded(ui, |ui| step::show(ui, model, out));
}

/// Draws the table of runs.
pub fn show_runs(ui: &mut Ui, model: &AppState, out: &mut Vec<Command>) {
    if model.training.table.is_unread() {
        out.push(Command::Train(TrainCommand::ReadRuns));
    }
    parts::padded(ui, |ui| runs::show(ui, model, out));
}
