//! Notices: what was done, and what did not work, why, and what to do. They lie in the free middle of the top bar, where
//! nothing is read, the newest first; what does not fit there hangs below it, over titles and picture. The numbers of all
//! layouts and the transport are farther down.

use eframe::egui::{
    self, Align, Align2, Area, Frame, Id, Layout as Flow, Margin, Order, Rect, RichText,
};
use egui_phosphor::regular as icon;

use crate::gui::{
    command::{Command, WindowCommand},
    model::{AppState, Notice, Severity},
    theme::{self, small},
};

use super::top::icon_button;

/// In a bar with less room than this they hang below it.
const LEAST_WIDTH: f32 = 80.0 * theme::UNIT;

/// Where the top bar keeps how much room its middle has.
fn room_id() -> Id {
    Id::new("room for notices")
}

/// The top bar tells what it leaves free.
pub fn set_room(ui: &egui::Ui, room: Rect) {
    ui.data_mut(|data| data.insert_temp(room_id(), room));
}

/// Draws all that are shown.
pub fn show(ui: &egui::Ui, model: &AppState, out: &mut Vec<Command>) {
    if model.notices.shown().is_empty() {
        return;
    }
    let now = ui.input(|input| input.time);
    let screen = ui.ctx().content_rect();
    let middle: Option<Rect> = ui.data(|data| data.get_temp(room_id()));
    let middle = middle.map(|room| room.shrink2(egui::vec2(theme::SPACE_LARGE, 0.0)));
    let (top, width) = match middle.filter(|room| room.width() >= LEAST_WIDTH) {
        Some(room) => (
            egui::pos2(room.center().x, screen.top() + theme::SPACE_SMALL / 2.0),
            room.width().min(theme::TOAST_WIDTH),
        ),
        None => {
            let top = screen.top() + theme::BAR_HEIGHT + theme::SPACE_SMALL;
            let room = screen.width() - 2.0 * theme::SPACE_LARGE;
            let top = egui::pos2(screen.center().x, top);
            (top, room.min(theme::TOAST_WIDTH))
        }
    };
    Area::new(Id::new("toasts"))
        .order(Order::Foreground)
        .pivot(Align2::CENTER_TOP)
        .fixed_pos(top)
        .interactable(true)
        .show(ui.ctx(), |ui| {
            ui.set_max_width(width);
            ui.spacing_mut().item_spacing.y = theme::SPACE_SMALL;
            for notice in model.notices.shown().iter().rev() {
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
                if let Some(folder) = &notice.folder
                    && icon_button(ui, icon::FOLDER_OPEN, "Show in folder").clicked()
                {
                    out.push(Command::Window(WindowCommand::ShowFolder(folder.clone())));
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
