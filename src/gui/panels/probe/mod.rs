//! The Probe panel: settings at the left, the score and the confusion matrix in the middle, tracks at the right.

mod confusion;
mod form;
mod mistakes;
mod score;
mod targets;

use eframe::egui::{self, Ui};
use egui_phosphor::regular as icon;

use crate::gui::{command::Command, model::Model, theme};

use super::parts;

/// Width of the list of tracks.
const LIST_WIDTH: f32 = 76.0 * theme::UNIT;

/// Draws the panel.
pub fn show(ui: &mut Ui, model: &Model, out: &mut Vec<Command>) {
    // Both columns push at their own end.
    let mut pushed = Vec::new();
    parts::padded(ui, |ui| {
        parts::beside(
            ui,
            parts::FORM_WIDTH,
            |ui| {
                egui::ScrollArea::vertical()
                    .id_salt("probe form")
                    .show(ui, |ui| {
                        form::form(ui, model, out);
                        ui.add_space(theme::SPACE);
                        form::actions(ui, model, out);
                        if let Some(result) = &model.probing.result {
                            ui.add_space(theme::SPACE);
                            score::notes(ui, result);
                        }
                    });
            },
            |ui| match &model.probing.result {
                None => nothing(ui, model),
                Some(result) if result.report.confusion.is_empty() => {
                    score::score(ui, result);
                    ui.add_space(theme::SPACE_LARGE);
                    egui::ScrollArea::vertical()
                        .id_salt("targets")
                        .show(ui, |ui| targets::show(ui, result));
                }
                Some(result) => {
                    let middle = ui.available_width() - LIST_WIDTH - 2.0 * theme::SPACE_LARGE;
                    let cell = model.probing.cell;
                    let mut listed = Vec::new();
                    parts::beside(
                        ui,
                        middle.max(60.0 * theme::UNIT),
                        |ui| {
                            score::score(ui, result);
                            ui.add_space(theme::SPACE_LARGE);
                            let room = ui.available_size();
                            egui::ScrollArea::both()
                                .id_salt("confusion")
                                .show(ui, |ui| {
                                    confusion::show(ui, room, result, cell, &mut pushed);
                                });
                        },
                        |ui| mistakes::show(ui, &model.library, result, cell, &mut listed),
                    );
                    pushed.append(&mut listed);
                }
            },
        );
    });
    out.append(&mut pushed);
}

fn nothing(ui: &mut Ui, model: &Model) {
    let (title, hint) = if model.probing.running.is_some() {
        (
            "The score is on its way",
            "The windows are embedded first, unless the map did that already; then the head is trained.",
        )
    } else if model.embeddings.asks_patch.is_some() {
        parts::SILENT_CHECKPOINT
    } else if model.library.labels().len() < 2 {
        (
            "Nothing to tell apart",
            "A probe needs labels: open a folder whose sub-folders are labels, GTZAN, or the demo collection.",
        )
    } else {
        (
            "No score yet",
            "Run probe trains a small model on frozen embeddings of some tracks, and asks it about tracks it never \
             heard. The confusion matrix and the mistakes appear here, and every mistake can be played.",
        )
    };
    parts::empty(ui, icon::TARGET, title, hint);
}
