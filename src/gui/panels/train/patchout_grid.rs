//! Which patches of its windows the batch of a step read.

use eframe::egui::{self, Align2, Pos2, Rect, Sense, Ui, Vec2};

use crate::gui::{
    model::RunView,
    theme,
    widgets::matrix::{Cell, Matrix, Side, upright_text},
};
use mynascope_encoder::EncoderConfig;
use mynascope_train::PatchoutSnapshot;

use super::{super::parts, plot, step::swatch};

/// Space for the names of the axes.
const AXIS: f32 = theme::TEXT_SMALL + theme::SPACE_SMALL;
/// Height of a row of patches.
const ROW: f32 = 3.0 * theme::UNIT;
/// How bright patches are that were read, and (below) those that were dropped.
const READ: f32 = 0.8;
/// As [`READ`].
const DROPPED: f32 = 0.05;

/// Draws the grid of patches of a window, high frequencies above, with a legend.
pub fn show(ui: &mut Ui, run: &RunView, patchout: &PatchoutSnapshot) {
    let [rows, columns] = patchout.grid;
    let [read, all] = patchout.patches();
    let said = format!("{read} of {all} patches read");
    ui.horizontal(|ui| {
        parts::heading(ui, "Patchout");
        parts::quiet(ui, format!("step {}, {said}", patchout.step));
    });
    let size = Vec2::new(ui.available_width(), AXIS + ROW * rows as f32);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    let corner = rect.min + Vec2::new(AXIS, 0.0);
    let area = Rect::from_min_size(corner, rect.size() - Vec2::splat(AXIS));
    let cells = Matrix {
        area,
        rows,
        columns,
    };
    // The lowest frequencies lie at the bottom.
    let is_read = |cell: Cell| {
        let row = rows - 1 - cell.row;
        patchout.rows.contains(&row) && patchout.columns.contains(&cell.column)
    };
    for row in 0..rows {
        for column in 0..columns {
            let cell = Cell { row, column };
            let colour = theme::sequential(if is_read(cell) { READ } else { DROPPED });
            let place = cells.rect(cell).shrink(0.5);
            ui.painter().rect_filled(place, 0.0, colour);
        }
    }
    axes(ui, area, run);
    response.widget_info(|| {
        egui::WidgetInfo::labeled(egui::WidgetType::Image, true, format!("Patchout: {said}"))
    });
    if let Some(cell) = response.hover_pos().and_then(|at| cells.at(at)) {
        let ring = (theme::LINE_STRONG, theme::tokens(ui).on_picture);
        cells.ring(ui, cell, ring);
        response.on_hover_text_at_pointer(describe(run, rows, cell, is_read(cell)));
    }
    ui.horizontal(|ui| {
        let hint = "Patches that every clip of this batch was read by";
        swatch(ui, theme::sequential(READ), "read").on_hover_text(hint);
        let hint = "Whole rows and columns that no clip of this batch read, others in every batch: fewer patches make a step cheap, \
                    and none can be relied on";
        swatch(ui, theme::sequential(DROPPED), "dropped").on_hover_text(hint);
    });
}

fn axes(ui: &Ui, area: Rect, run: &RunView) {
    let weak = theme::tokens(ui).text_weak;
    let secs = match run.config.encoder_config() {
        EncoderConfig::Maest(sizes) => sizes.window_samples() / 16_000,
        _ => 0,
    };
    let below = area.bottom() + theme::SPACE_SMALL;
    for (x, align, text) in [
        (area.left(), Align2::LEFT_TOP, "0".to_owned()),
        (area.center().x, Align2::CENTER_TOP, "time".to_owned()),
        (area.right(), Align2::RIGHT_TOP, format!("{secs} s")),
    ] {
        plot::write(ui, Pos2::new(x, below), align, text, weak);
    }
    let left = Pos2::new(area.left() - theme::SPACE_SMALL, area.center().y);
    let look = (theme::small_font(), weak);
    upright_text(ui, left, Side::Right, "0 to 8 kHz (mel)", look);
}

/// Where a patch lies, and whether it was read.
fn describe(run: &RunView, rows: usize, cell: Cell, is_read: bool) -> String {
    let row = rows - 1 - cell.row;
    let info = run.config.encoder_config().info(Vec::new());
    let what = if is_read { "read" } else { "dropped" };
    let Some((grid, [low, high])) = info
        .grids
        .first()
        .and_then(|grid| Some((grid, *grid.row_hz.get(row)?)))
    else {
        return what.to_owned();
    };
    let start = cell.column as f64 * grid.column_secs;
    let end = start + grid.token_secs;
    format!(
        "{what}: row {row}, {low:.0} to {high:.0} Hz; column {}, {start:.2} to {end:.2} s of the window",
        cell.column
    )
}
