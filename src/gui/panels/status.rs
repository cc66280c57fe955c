//! Notices: what did not work, why, and what to do.

use eframe::egui::{self, Align, Frame, Layout as Flow, Margin, Panel};
use egui_phosphor::regular as icon;

use crate::gui::{
    command::{Command, WindowCommand},
    model::{Model, Severity},
    theme,
};

use super::top::icon_button;

/// Draws the notices above the transport bar; nothing where there are none.
pub fn show(ui: &mut egui::Ui, model: &Model, out: &mut Vec<Command>) {
    if model.notices.shown().is_empty() {
        return;
    }
    let tokens = theme::tokens(ui);
    Panel::bottom("notices")
        .show_separator_line(false)
        .frame(
            Frame::new()
                .fill(tokens.raised)
                .inner_margin(Margin::symmetric(12, 4)),
        )
        .show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            for notice in model.notices.shown().iter().rev() {
                let (symbol, colour) = match notice.severity {
                    Severity::Note => (icon::INFO, tokens.accent),
                    Severity::Error => (icon::WARNING, tokens.error),
                };
                super::row_from_right(ui, |ui| {
                    if icon_button(ui, icon::X, "Close this message").clicked() {
                        out.push(Command::Window(WindowCommand::Dismiss(notice.id)));
                    }
                    ui.with_layout(Flow::left_to_right(Align::Center), |ui| {
                        ui.label(
                            egui::RichText::new(symbol)
                                .color(colour)
                                .size(theme::TEXT_LARGE),
                        );
                        ui.add(egui::Label::new(&notice.text).wrap());
                    });
                });
            }
        });
}
