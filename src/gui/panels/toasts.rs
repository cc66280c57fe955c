//! Notices: what was done, and what did not work, why, and what to do. The newest lies in the free middle of the top bar, where
//! nothing is read, or hangs below a bar that has no room; it fades, and all can be read again in the history.

use eframe::egui::{
    self, Align, Align2, Area, Frame, Id, Layout as Flow, Margin, Modal, Order, Rect, RichText,
};
use egui_phosphor::regular as icon;

use crate::gui::{
    actions,
    command::{Command, WindowCommand},
    model::{AppState, Notice, Overlay, Severity},
    theme::{self, small},
};

use mynascope_base::counted;

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
                    toast(ui, model, notice, out);
                });
            }
        });
}

fn toast(ui: &mut egui::Ui, model: &AppState, notice: &Notice, out: &mut Vec<Command>) {
    let tokens = theme::tokens(ui);
    let (symbol, colour) = look(tokens, notice.severity);
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
                offered(ui, model, notice, out);
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

/// The button of what a notice offers, while it can be done.
fn offered(ui: &mut egui::Ui, model: &AppState, notice: &Notice, out: &mut Vec<Command>) {
    let Some(action) = notice.action.and_then(actions::find) else {
        return;
    };
    let command = (action.command)(model);
    let response = ui.add_enabled(command.is_some(), egui::Button::new(action.name));
    if response.on_hover_text(action.help).clicked() {
        out.extend(command);
        out.push(Command::Window(WindowCommand::Dismiss(notice.id)));
    }
}

/// The button of the history, with how many errors nobody has read there.
pub fn tray(ui: &mut egui::Ui, model: &AppState, out: &mut Vec<Command>) {
    let tokens = theme::tokens(ui);
    let unread = model.notices.unread_errors();
    let tip = match unread {
        0 => "Messages that were shown".to_owned(),
        _ => format!(
            "Messages that were shown; {} not read yet",
            counted(unread, "error")
        ),
    };
    let response = icon_button(ui, icon::BELL, &tip);
    if unread > 0 {
        let text = if unread > 9 {
            "9+".to_owned()
        } else {
            unread.to_string()
        };
        let at = response.rect.right_top() + egui::vec2(-theme::UNIT, 2.0 * theme::UNIT);
        ui.painter()
            .circle_filled(at, 2.0 * theme::UNIT, tokens.error);
        let font = egui::FontId::proportional(0.8 * theme::TEXT_SMALL);
        ui.painter()
            .text(at, Align2::CENTER_CENTER, text, font, tokens.on_accent);
    }
    if response.clicked() {
        let shown = model.toggled(Overlay::Messages);
        out.push(Command::Window(WindowCommand::ShowOverlay(shown)));
    }
}

/// Draws the history while it is open.
pub fn history(ui: &egui::Ui, model: &AppState, out: &mut Vec<Command>) {
    if model.overlay != Some(Overlay::Messages) {
        return;
    }
    let frame = Frame::popup(ui.style()).inner_margin(Margin::same(20));
    let response = Modal::new(Id::new("messages"))
        .frame(frame)
        .show(ui.ctx(), |ui| {
            let tokens = theme::tokens(ui);
            let screen = ui.ctx().content_rect();
            ui.set_width(theme::DIALOG_WIDTH.min(screen.width() - 60.0));
            ui.horizontal(|ui| {
                ui.label(theme::large("Messages").color(tokens.text_strong));
                ui.with_layout(Flow::right_to_left(Align::Center), |ui| {
                    if icon_button(ui, icon::X, "Close (Esc)").clicked() {
                        ui.close();
                    }
                });
            });
            let room = screen.height() - 40.0 * theme::UNIT;
            egui::ScrollArea::vertical()
                .max_height(room)
                .min_scrolled_height(room)
                .auto_shrink([false, true])
                .show(ui, |ui| {
                    if model.notices.all().next().is_none() {
                        ui.label(small("No messages yet").color(tokens.text_weak));
                    }
                    for notice in model.notices.all() {
                        line(ui, notice, out);
                    }
                });
        });
    if response.should_close() {
        out.push(Command::Window(WindowCommand::ShowOverlay(None)));
    }
}

/// A message of the history.
fn line(ui: &mut egui::Ui, notice: &Notice, out: &mut Vec<Command>) {
    let tokens = theme::tokens(ui);
    let (symbol, colour) = look(tokens, notice.severity);
    ui.horizontal_top(|ui| {
        ui.label(RichText::new(symbol).color(colour));
        ui.with_layout(Flow::right_to_left(Align::Min), |ui| {
            if let Some(folder) = &notice.folder
                && icon_button(ui, icon::FOLDER_OPEN, "Show in folder").clicked()
            {
                out.push(Command::Window(WindowCommand::ShowFolder(folder.clone())));
            }
            if notice.count > 1 {
                ui.label(small(format!("{} times", notice.count)).color(tokens.text_weak));
            }
            ui.with_layout(Flow::left_to_right(Align::Min), |ui| {
                ui.add(egui::Label::new(&notice.text).wrap().selectable(true));
            });
        });
    });
}

fn look(tokens: &theme::Tokens, severity: Severity) -> (&'static str, egui::Color32) {
    match severity {
        Severity::Note => (icon::INFO, tokens.accent),
        Severity::Error => (icon::WARNING, tokens.error),
    }
}
