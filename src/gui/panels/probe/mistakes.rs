//! The tracks of a cell of the confusion matrix, or all mistakes.

use eframe::egui::{self, Align, Align2, FontId, Sense, Ui, Vec2};

use crate::{
    gui::{
        command::Command,
        model::{Library, ProbeCommand, ProbeResult},
        panels::parts,
        theme,
    },
    probe::TrackPrediction,
};

use super::score::percent;

pub fn show(
    ui: &mut Ui,
    library: &Library,
    result: &ProbeResult,
    cell: Option<(usize, usize)>,
    out: &mut Vec<Command>,
) {
    let listed = result.listed(cell);
    ui.horizontal(|ui| {
        let title = match cell {
            None => format!("Mistakes, the surest first ({})", listed.len()),
            Some((truth, prediction)) if truth == prediction => {
                format!("{} recognised ({})", result.class(truth), listed.len())
            }
            Some((truth, prediction)) => format!(
                "{} taken for {} ({})",
                result.class(truth),
                result.class(prediction),
                listed.len()
            ),
        };
        parts::heading(ui, &title);
        if cell.is_some() {
            ui.with_layout(egui::Layout::right_to_left(Align::Center), |ui| {
                if ui.button("All mistakes").clicked() {
                    out.push(Command::Probe(ProbeCommand::ShowCell(None)));
                }
            });
        }
    });
    if listed.is_empty() {
        parts::explain(ui, "Every tested track was recognised.");
        return;
    }
    ui.spacing_mut().item_spacing.y = 0.0;
    egui::ScrollArea::vertical()
        .id_salt("mistakes")
        .auto_shrink(false)
        .show_rows(ui, ROW_HEIGHT, listed.len(), |ui, rows| {
            for prediction in listed.get(rows).unwrap_or_default() {
                if row(ui, library, result, prediction) {
                    let path = prediction.path.clone();
                    out.push(Command::Probe(ProbeCommand::Choose(path)));
                }
            }
        });
}

/// A track with two lines.
const ROW_HEIGHT: f32 = 11.0 * theme::UNIT;

/// Draws one track; returns whether it was clicked.
fn row(ui: &mut Ui, library: &Library, result: &ProbeResult, prediction: &TrackPrediction) -> bool {
    let tokens = theme::tokens(ui);
    let size = Vec2::new(ui.available_width(), ROW_HEIGHT);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    let name = parts::track_name(library, &prediction.path);
    response.widget_info(|| {
        egui::WidgetInfo::labeled(egui::WidgetType::Button, true, format!("Play {name}"))
    });
    if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(rect, theme::CORNER, tokens.raised);
    }
    let inside = rect.shrink2(Vec2::new(theme::SPACE, theme::UNIT));
    let sure = ui.painter().text(
        inside.right_center(),
        Align2::RIGHT_CENTER,
        percent(prediction.confidence),
        FontId::proportional(theme::TEXT_BODY),
        tokens.text,
    );
    let mut room = inside;
    room.max.x = sure.left() - theme::SPACE;
    let painter = ui.painter().with_clip_rect(room);
    painter.text(
        room.left_top(),
        Align2::LEFT_TOP,
        &name,
        FontId::proportional(theme::TEXT_BODY),
        tokens.text_strong,
    );
    let (truth, predicted) = (
        result.class(prediction.truth),
        result.class(prediction.prediction),
    );
    let text = if prediction.truth == prediction.prediction {
        truth.to_owned()
    } else {
        format!("{truth}, taken for {predicted}")
    };
    painter.text(
        room.left_bottom(),
        Align2::LEFT_BOTTOM,
        text,
        theme::small_font(),
        tokens.text_weak,
    );
    response
        .on_hover_text("The number is the probe's confidence in its prediction; click to play")
        .clicked()
}
