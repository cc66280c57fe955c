//! What lies over the panels: the hint while files are dragged, key sheet, palette, settings, published encoders and notices.

use std::path::PathBuf;

use eframe::egui::{self, Align2, Id, LayerId, Modal, Order, RichText};

use crate::gui::{
    actions::{self, Group},
    command::{Command, LibraryCommand, WindowCommand},
    model::{AppState, Overlay},
    theme::{self, small},
};

use super::{hub, palette, publishing, questions, settings, toasts};

/// Draws the overlays and takes in dropped files.
pub fn show(ui: &mut egui::Ui, model: &AppState, out: &mut Vec<Command>) {
    toasts::show(ui, model, out);
    toasts::history(ui, model, out);
    palette::show(ui, model, out);
    settings::show(ui, model, out);
    hub::show(ui, model, out);
    publishing::show(ui, model, out);
    if model.overlay == Some(Overlay::Keys) {
        key_sheet(ui, out);
    }
    questions::path(ui, model, out);
    questions::dropped(ui, model, out);
    drop_hint(ui, model, out);
}

fn drop_hint(ui: &egui::Ui, model: &AppState, out: &mut Vec<Command>) {
    let (hovered, dropped) = ui.ctx().input(|input| {
        let paths =
            |files: Vec<Option<PathBuf>>| -> Vec<PathBuf> { files.into_iter().flatten().collect() };
        let raw = &input.raw;
        let dropped = raw.dropped_files.iter().map(|file| file.path.clone());
        let hovered = raw.hovered_files.iter().map(|file| file.path.clone());
        let over = (!raw.hovered_files.is_empty()).then(|| paths(hovered.collect()));
        (over, paths(dropped.collect()))
    });
    if !dropped.is_empty() {
        out.push(Command::Library(LibraryCommand::Drop(dropped)));
        return;
    }
    let Some(hovered) = hovered else { return };
    let tokens = theme::tokens(ui);
    let layer = LayerId::new(Order::Foreground, Id::new("drop"));
    let painter = ui.ctx().layer_painter(layer);
    let area = ui.ctx().content_rect();
    painter.rect_filled(area, 0.0, tokens.picture_shade);
    let inner = area.shrink(2.0 * theme::SPACE_LARGE);
    let stroke = egui::Stroke::new(theme::LINE_STRONG, tokens.accent);
    painter.rect_stroke(inner, 8.0, stroke, egui::StrokeKind::Inside);
    // What is dragged is looked at in the background, once.
    let text = match &model.hovered {
        Some((paths, text)) if *paths == hovered => text.clone(),
        _ => {
            out.push(Command::Library(LibraryCommand::Hover(hovered)));
            "Drop to open".to_owned()
        }
    };
    let font = egui::FontId::proportional(theme::TEXT_LARGE);
    let width = inner.width() - 4.0 * theme::SPACE_LARGE;
    let galley = painter.layout(text, font, tokens.on_picture, width);
    let place = Align2::CENTER_CENTER.align_size_within_rect(galley.size(), area);
    painter.galley(place.min, galley, tokens.on_picture);
}

/// Width of the keys on the sheet.
const KEY_WIDTH: f32 = 34.0 * theme::UNIT;

fn key_sheet(ui: &egui::Ui, out: &mut Vec<Command>) {
    let frame = egui::Frame::popup(ui.style()).inner_margin(egui::Margin::same(20));
    let response = Modal::new(Id::new("keys"))
        .frame(frame)
        .show(ui.ctx(), |ui| {
            let tokens = theme::tokens(ui);
            let screen = ui.ctx().content_rect();
            let width = (1.4 * theme::DIALOG_WIDTH).min(screen.width() - 60.0);
            ui.set_width(width);
            ui.label(theme::large("Keys").color(tokens.text_strong));
            ui.add_space(theme::SPACE);
            // In a low window the list scrolls between its title and the line below it.
            let room = screen.height() - 40.0 * theme::UNIT;
            egui::ScrollArea::vertical()
                .max_height(room)
                .min_scrolled_height(room)
                .show(ui, |ui| {
                    let columns = if width > 1.1 * theme::DIALOG_WIDTH {
                        2
                    } else {
                        1
                    };
                    ui.columns(columns, sheet_columns);
                });
            ui.add_space(theme::SPACE);
            let text =
                "Letters act only while no text field has the focus. Ctrl+P finds everything else.";
            ui.label(small(text).color(tokens.text_weak));
        });
    if response.should_close() {
        out.push(Command::Window(WindowCommand::ShowOverlay(None)));
    }
}

/// The groups in two columns, cut where the higher of the two is lowest; or in one.
fn sheet_columns(columns: &mut [egui::Ui]) {
    let with_keys = |group: Group| {
        actions::all().filter(move |action| action.group == group && !action.keys.is_empty())
    };
    // Each group has its name over it and air below it.
    let height = |group: &Group| match with_keys(*group).count() {
        0 => 0,
        rows => rows + 2,
    };
    let heights: Vec<usize> = Group::ALL.iter().map(height).collect();
    let all: usize = heights.iter().sum();
    let first = |groups: usize| heights.iter().take(groups).sum::<usize>();
    let cut = (0..=heights.len()).min_by_key(|&groups| first(groups).max(all - first(groups)));
    let cut = cut.filter(|_| columns.len() > 1).unwrap_or(heights.len());
    for (place, group) in Group::ALL.into_iter().enumerate() {
        if with_keys(group).next().is_none() {
            continue;
        }
        let column = usize::from(place >= cut);
        let Some(ui) = columns.get_mut(column) else {
            return;
        };
        let tokens = theme::tokens(ui);
        ui.spacing_mut().item_spacing.y = 0.0;
        ui.spacing_mut().interact_size.y = theme::ROW_HEIGHT - theme::UNIT;
        ui.label(small(group.name()).color(tokens.text_weak));
        for action in with_keys(group) {
            ui.horizontal(|ui| {
                let size = egui::vec2(KEY_WIDTH, theme::ROW_HEIGHT - theme::UNIT);
                let flow = egui::Layout::left_to_right(egui::Align::Center);
                ui.allocate_ui_with_layout(size, flow, |ui| {
                    ui.set_min_size(size);
                    let keys: Vec<String> = action.keys.iter().map(|key| key.text()).collect();
                    let keys = RichText::new(keys.join(", ")).color(tokens.text_strong);
                    ui.add(egui::Label::new(keys).truncate());
                });
                ui.add(egui::Label::new(action.name).truncate())
                    .on_hover_text(action.help);
            });
        }
        ui.add_space(theme::SPACE);
    }
}
