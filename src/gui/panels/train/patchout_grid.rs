//! Which patches of its windows the batch of a step read.

use eframe::egui::{self, Align2, Pos2, Rect, Sense, Ui, Vec2};

use crate::gui::{
    theme,
    widgets::matrix::{Cell, Matrix, Side, upright_text},
};
use mynascope_train::PatchoutSnapshot;

use super::{super::parts, plot};

/// Space for the names of the axes.
const AXIS: f32 = theme::TEXT_SMALL + theme::SPACE_SMALL;
/// Height of a row of patches.
const ROW: f32 = 3.0 * theme::UNIT;

/// Draws the grid of patches of a window, high frequencies above; what was dropped is dark.
pub fn show(ui: &mut Ui, patchout: &PatchoutSnapshot) {
    let [rows, columns] = patchout.grid;
    let [read, all] = patchout.patches();
    let said = format!("{read} of {all} patches read");
    ui.horizontal(|ui| {
        parts::heading(ui, "Patchout");
        parts::quiet(ui, format!("step {}, {said}", patchout.step));
    });
    let size = Vec2::new(ui.available_width(), 2.0 * AXIS + ROW * rows as f32);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    let corner = rect.min + Vec2::new(AXIS, 0.0);
    let area = Rect::from_min_size(corner, rect.size() - Vec2::new(AXIS, 2.0 * AXIS));
    let cells = Matrix {
        area,
        rows,
        columns,
    };
    let tokens = theme::tokens(ui);
    for row in 0..rows {
        for column in 0..columns {
            // The lowest frequencies lie at the bottom.
            let is_read =
                patchout.rows.contains(&(rows - 1 - row)) && patchout.columns.contains(&column);
            let colour = match is_read {
                true => theme::sequential(0.8),
                false => theme::sequential(0.05),
            };
            let cell = cells.rect(Cell { row, column });
            ui.painter().rect_filled(cell.shrink(0.5), 0.0, colour);
        }
    }
    let below = Pos2::new(area.center().x, area.bottom() + theme::SPACE_SMALL);
    let weak = tokens.text_weak;
    plot::write(ui, below, Align2::CENTER_TOP, "time", weak);
    let left = Pos2::new(area.left() - theme::SPACE_SMALL, area.center().y);
    upright_text(
        ui,
        left,
        Side::Right,
        "frequency",
        (theme::small_font(), weak),
    );
    response.widget_info(|| {
        egui::WidgetInfo::labeled(egui::WidgetType::Image, true, format!("Patchout: {said}"))
    });
    response.on_hover_text(
        "Whole rows and columns that no clip of this batch read, others in every batch: fewer patches make a step cheap, and \
         none can be relied on",
    );
}
