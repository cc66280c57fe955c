//! Notices: what was done, and what did not work, why, and what to do. They lie at the corner over the panels, never
//! over the transport.

use eframe::egui::{self, Align, Area, Frame, Id, Layout as Flow, Margin, Order, RichText};
use egui_phosphor::regular as icon;

use crate::gui::{
    command::{Command, WindowCommand},
    model::{Model, Notice, Severity},
    theme::{self, small},
};

use super::top::icon_button;

/// Draws all that are shown, newest at the bottom.
pub fn show(ui: &egui::Ui, model: &Model, out: &mut Vec<Command>) {
    if model.notices.shown().is_empty() {
        return;
    }
    let now = ui.input(|input| input.time);
    // Above the bar of the transport.
    let above = theme::BAR_HEIGHT + theme::UNIT + theme::SPACE_LARGE;
    Area::new(Id::new("toasts"))
        .order(Order::Foreground)
        .anchor(
            egui::Align2::RIGHT_BOTTOM,
            egui::vec2(-theme::SPACE_LARGE, -above),
        )
        .interactable(true)
        .show(ui.ctx(), |ui| {
            let room = ui.ctx().content_rect().width() - 2.0 * theme::SPACE_LARGE;
            ui.set_max_width(theme::TOAST_WIDTH.min(room));
            ui.spacing_mut().item_spacing.y = theme::SPACE_SMALL;
            for notice in model.notices.shown() {
                let opacity = notice.opacity(now, f64::from(theme::FADE_SECS));
                ui.scope(|ui| {
                    ui.set_opacity(opacity);
                    toast(ui, notice, out);
                });
            }
        });
}

fn toast(ui: &mut egui::Ui, notice: &Notice, out: &mut Vec<Command>) {
    let tokens = theme::tokens(ui);
    let (symbol, colour) = match notice.severity {
        Severity::Note => (icon::INFO, tokens.accent),
        Severity::Error => (icon::WARNING, tokens.error),
    };
    Frame::new()
        .fill(tokens.raised)
        .stroke(egui::Stroke::new(theme::LINE, tokens.hairline))
        .corner_radius(theme::CORNER)
        .shadow(ui.visuals().popup_shadow)
        .inner_margin(Margin::symmetric(12, 6))
        .show(ui, |ui| {
            ui.with_layout(Flow::right_to_left(Align::Min), |ui| {
                if icon_button(ui, icon::X, "Close this message").clicked() {
                    out.push(Command::Window(WindowCommand::Dismiss(notice.id)));
                }
                if notice.count > 1 {
                    let times = small(format!("{} times", notice.count));
                    ui.label(times.color(tokens.text_weak));
                }
                ui.with_layout(Flow::left_to_right(Align::Min), |ui| {
                    ui.add_space(theme::SPACE_SMALL);
                    // In the middle of the first line, beside the button that closes.
                    ui.vertical(|ui| {
                        ui.add_space(theme::SPACE_SMALL);
                        ui.horizontal_top(|ui| {
                            ui.label(RichText::new(symbol).color(colour));
                            ui.add(egui::Label::new(&notice.text).wrap());
                        });
                        ui.add_space(theme::SPACE_SMALL);
                    });
                });
            });
        });
}
