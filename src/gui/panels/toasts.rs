//! Notices: what was done, and what did not work, why, and what to do. The newest lies where nothing is written: in the free middle
//! of the top bar, or, where the bar is too short for that, behind the titles of the highest panels. It is as high as its place; what
//! does not fit is read in its tooltip or in the history, to which a click leads. It fades, and all can be read again in the history.

use eframe::egui::{
    self, Align, Align2, Area, Frame, Id, Label, Layout as Flow, Margin, Modal, Order, Rect,
    RichText, Sense, text::LayoutJob, vec2,
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

/// In a bar with less room than this they lie behind the titles of panels.
const LEAST_WIDTH: f32 = 80.0 * theme::UNIT;

/// Where the top bar keeps how much room its middle has.
fn room_id() -> Id {
    Id::new("room for notices")
}

/// Where the panels keep how much room is behind their titles.
fn title_room_id() -> Id {
    Id::new("room for notices behind titles")
}

/// The top bar tells what it leaves free.
pub fn set_room(ui: &egui::Ui, room: Rect) {
    ui.data_mut(|data| data.insert_temp(room_id(), room));
}

/// The panels tell what their titles leave free.
pub fn set_title_room(ui: &egui::Ui, room: Option<Rect>) {
    ui.data_mut(|data| data.insert_temp(title_room_id(), room));
}

/// Where the newest notice lies.
fn place(ui: &egui::Ui) -> Option<Rect> {
    let middle: Option<Rect> = ui.data(|data| data.get_temp(room_id()));
    let titles: Option<Rect> = ui.data(|data| data.get_temp(title_room_id()).flatten());
    let middle = middle.map(|room| room.shrink2(vec2(theme::SPACE_LARGE, theme::LINE)));
    let wide = middle.filter(|room| room.width() >= LEAST_WIDTH);
    // Beside the last title, and clear of the edge.
    let behind = titles.map(|room| room.shrink2(vec2(theme::SPACE_LARGE, theme::LINE)));
    let room = wide.or(behind).or(middle)?;
    let width = room.width().clamp(0.0, theme::TOAST_WIDTH);
    let left = match wide {
        Some(_) => room.center().x - 0.5 * width,
        None => room.right() - width,
    };
    let size = vec2(width, room.height());
    Some(Rect::from_min_size(egui::pos2(left, room.top()), size))
}

/// Draws the newest notice.
pub fn show(ui: &egui::Ui, model: &AppState, out: &mut Vec<Command>) {
    let now = ui.input(|input| input.time);
    let Some((notice, place)) = model.notices.shown().last().zip(place(ui)) else {
        return;
    };
    Area::new(Id::new("toasts"))
        .order(Order::Foreground)
        .fixed_pos(place.min)
        .interactable(true)
        .show(ui.ctx(), |ui| {
            ui.set_opacity(notice.opacity(now, f64::from(theme::FADE_SECS)));
            toast(ui, model, notice, place.size(), out);
        });
}

/// Draws a notice in a place of some size.
fn toast(
    ui: &mut egui::Ui,
    model: &AppState,
    notice: &Notice,
    size: egui::Vec2,
    out: &mut Vec<Command>,
) {
    let tokens = theme::tokens(ui);
    let (symbol, colour) = look(tokens, notice.severity);
    let line = theme::CONTROL_HEIGHT.min(size.y);
    let rows = (size.y / theme::SMALL_LINE).floor().max(1.0) as usize;
    Frame::new()
        .fill(tokens.raised)
        .stroke(egui::Stroke::new(theme::LINE, colour))
        .corner_radius(theme::CORNER)
        .inner_margin(Margin::symmetric(6, 0))
        .show(ui, |ui| {
            let inner = size - vec2(12.0, 0.0);
            ui.spacing_mut().interact_size.y = line;
            ui.spacing_mut().button_padding.y = 0.0;
            ui.spacing_mut().item_spacing.x = theme::SPACE_SMALL;
            ui.allocate_ui_with_layout(inner, Flow::right_to_left(Align::Center), |ui| {
                ui.set_min_size(inner);
                if small_icon(ui, icon::X, "Close this message", line) {
                    out.push(Command::Window(WindowCommand::Dismiss(notice.id)));
                }
                offered(ui, model, notice, out);
                if let Some(folder) = &notice.folder
                    && small_icon(ui, icon::FOLDER_OPEN, "Show in folder", line)
                {
                    out.push(Command::Window(WindowCommand::ShowFolder(folder.clone())));
                }
                if notice.count > 1 {
                    let times = small(format!("{} times", notice.count));
                    ui.label(times.color(tokens.text_weak));
                }
                ui.with_layout(Flow::left_to_right(Align::Center), |ui| {
                    ui.label(RichText::new(symbol).color(colour));
                    let mut text = LayoutJob::simple(
                        notice.text.clone(),
                        theme::small_font(),
                        tokens.text_strong,
                        0.0,
                    );
                    text.wrap.max_rows = rows;
                    let text = Label::new(text).wrap().show_tooltip_when_elided(false);
                    let response = ui.add(text.selectable(false).sense(Sense::click()));
                    if response.on_hover_text(&notice.text).clicked() {
                        let history = Some(Overlay::Messages);
                        out.push(Command::Window(WindowCommand::ShowOverlay(history)));
                    }
                });
            });
        });
}

/// A symbol to press that is no higher than its line.
fn small_icon(ui: &mut egui::Ui, symbol: &str, tip: &str, line: f32) -> bool {
    let button = egui::Button::new(symbol).frame_when_inactive(false);
    let response = ui.add_sized([line; 2], button).on_hover_text(tip);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Button, true, tip));
    response.clicked()
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
