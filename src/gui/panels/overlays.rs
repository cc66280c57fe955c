//! What lies over the panels: the hint while files are dragged, and the key sheet.

use eframe::egui::{self, Align2, Grid, Id, LayerId, Modal, Order, RichText};

use crate::gui::{
    actions::{self, Group},
    command::{Command, LibraryCommand, WindowCommand},
    model::Model,
    theme::{self, small},
};

/// Draws the overlays and takes in dropped files.
pub fn show(ui: &mut egui::Ui, model: &Model, out: &mut Vec<Command>) {
    drop_hint(ui, out);
    if model.keys_shown {
        key_sheet(ui, out);
    }
}

fn drop_hint(ui: &egui::Ui, out: &mut Vec<Command>) {
    let (hovered, dropped) = ui.ctx().input(|input| {
        let dropped: Vec<_> = input
            .raw
            .dropped_files
            .iter()
            .filter_map(|file| file.path.clone())
            .collect();
        (input.raw.hovered_files.len(), dropped)
    });
    if !dropped.is_empty() {
        out.push(Command::Library(LibraryCommand::Open(dropped)));
    } else if hovered > 0 {
        let tokens = theme::tokens(ui);
        let layer = LayerId::new(Order::Foreground, Id::new("drop"));
        let painter = ui.ctx().layer_painter(layer);
        let area = ui.ctx().content_rect();
        painter.rect_filled(area, 0.0, tokens.picture_shade);
        let inner = area.shrink(2.0 * theme::SPACE_LARGE);
        let stroke = egui::Stroke::new(theme::LINE_STRONG, tokens.accent);
        painter.rect_stroke(inner, 8.0, stroke, egui::StrokeKind::Inside);
        let text = match hovered {
            1 => "Drop to open it as a collection: a folder with everything in it, or one file"
                .to_owned(),
            many => format!("Drop to open these {many} as one collection"),
        };
        painter.text(
            area.center(),
            Align2::CENTER_CENTER,
            text,
            egui::FontId::proportional(theme::TEXT_LARGE),
            tokens.on_picture,
        );
    }
}

fn key_sheet(ui: &egui::Ui, out: &mut Vec<Command>) {
    let tokens = theme::tokens(ui);
    let frame = egui::Frame::popup(ui.style()).inner_margin(egui::Margin::same(20));
    let response = Modal::new(Id::new("keys"))
        .frame(frame)
        .show(ui.ctx(), |ui| {
            ui.spacing_mut().interact_size.y = theme::ROW_HEIGHT - theme::UNIT;
            ui.set_width(theme::UNIT * 110.0);
            ui.label(theme::large("Keys").color(tokens.text_strong));
            ui.add_space(theme::SPACE);
            // In a low window the list scrolls between its title and the line below it.
            let room = ui.ctx().content_rect().height() - 40.0 * theme::UNIT;
            egui::ScrollArea::vertical()
                .max_height(room)
                .show(ui, |ui| {
                    Grid::new("keys")
                        .num_columns(2)
                        .spacing([theme::UNIT * 6.0, theme::UNIT])
                        .show(ui, |ui| {
                            for group in Group::ALL {
                                ui.label(small(group.name()).color(tokens.text_weak));
                                ui.end_row();
                                for action in actions::all().filter(|action| {
                                    action.group == group && !action.keys.is_empty()
                                }) {
                                    let key = RichText::new(action.key_text());
                                    ui.label(key.color(tokens.text_strong));
                                    ui.label(action.name).on_hover_text(action.help);
                                    ui.end_row();
                                }
                            }
                        });
                });
            ui.add_space(theme::SPACE);
            ui.label(
                small("Letters act only while no text field has the focus.")
                    .color(tokens.text_weak),
            );
        });
    if response.should_close() {
        out.push(Command::Window(WindowCommand::ShowKeys(false)));
    }
}
