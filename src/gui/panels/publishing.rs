//! The dialog that saves a panel as a picture.

use eframe::egui::{self, Align2, DragValue, Frame, Margin, Modal};

use super::parts;
use crate::gui::{
    command::{Command, PictureCommand},
    model::{AppState, Publishing},
    theme::{self, small},
};

/// Draws the dialog, if it is open.
pub fn show(ui: &egui::Ui, model: &AppState, out: &mut Vec<Command>) {
    let Some(shown) = model.publishing else {
        return;
    };
    let tokens = theme::tokens(ui);
    let mut form = shown;
    let id = egui::Id::new("save picture");
    let mut push = |command| out.push(Command::Picture(command));
    let response = Modal::new(id)
        .area(Modal::default_area(id).anchor(Align2::CENTER_CENTER, [0.0; 2]))
        .frame(Frame::popup(ui.style()).inner_margin(Margin::same(20)))
        .show(ui.ctx(), |ui| {
            ui.set_width(theme::UNIT * 90.0);
            let title = format!("Save the {} as picture", form.panel);
            ui.label(theme::large(title).color(tokens.text_strong));
            ui.add_space(theme::SPACE);
            egui::Grid::new("picture form").num_columns(2).show(ui, |ui| {
                ui.label("Format");
                let formats = [
                    (false, "PNG", "Pixels, as every program reads them"),
                    (true, "SVG", "Text and lines that stay sharp at any size and can be edited"),
                ];
                let width = 50.0 * theme::UNIT;
                if let (_, Some(vector)) = parts::choice(ui, width, &formats, form.vector) {
                    form.vector = vector;
                }
                ui.end_row();
                ui.label("Size");
                ui.horizontal(|ui| {
                    let [width, height] = &mut form.size;
                    let side = |value| DragValue::new(value).range(Publishing::SIDES);
                    let tip = "In points: small text is 11.5 of them high";
                    ui.add(side(width)).on_hover_text(tip);
                    ui.label("x");
                    ui.add(side(height)).on_hover_text(tip);
                });
                ui.end_row();
                ui.label("Scale");
                ui.horizontal(|ui| {
                    let field = DragValue::new(&mut form.scale)
                        .range(Publishing::SCALES)
                        .speed(0.05)
                        .fixed_decimals(1)
                        .suffix(" pixels a point");
                    ui.add(field);
                    let scale = form.bounded().scale;
                    let [width, height] = form.size.map(|side| (side as f32 * scale).round());
                    ui.label(small(format!("{width} x {height} pixels")).color(tokens.text_weak));
                });
                ui.end_row();
                ui.label("Ground");
                let grounds = [
                    (false, "Dark", "As on the screen"),
                    (true, "Light", "For paper and slides"),
                ];
                if let (_, Some(light)) = parts::choice(ui, width, &grounds, form.light) {
                    form.light = light;
                }
                ui.end_row();
            });
            ui.add_space(theme::SPACE);
            let words = "With axes and caption; without pointer, playhead and loop. The command that makes it again is written into the file.";
            ui.add(egui::Label::new(small(words).color(tokens.text_weak)).wrap());
            ui.add_space(theme::SPACE);
            ui.horizontal(|ui| {
                let enter = ui.input(|input| input.key_pressed(egui::Key::Enter));
                if ui.add(theme::primary_button(ui, "Save…")).clicked() || enter {
                    push(PictureCommand::SavePanel(None));
                }
                let tip = "Puts the command on the clipboard that makes this picture in a terminal";
                if ui.button("Copy as command").on_hover_text(tip).clicked() {
                    push(PictureCommand::CopyPanelCommand);
                }
                ui.button("Cancel").on_hover_text("Save nothing (Esc)").clicked()
            })
            .inner
        });
    let form = form.bounded();
    if form != shown {
        out.insert(
            0,
            Command::Picture(PictureCommand::EditPublishing(Some(form))),
        );
    }
    if response.inner || response.should_close() {
        out.push(Command::Picture(PictureCommand::EditPublishing(None)));
    }
}
