//! The map with its legend as a picture by itself.

use std::sync::Arc;

use eframe::egui::{Rect, Ui, Vec2, pos2, vec2};

use super::{caption_of, legend};
use crate::gui::{
    model::{AppState, Camera, LegendEntry, Point, PointClass, Scale, Shade},
    paint::scatter::colour_of,
    theme,
};

/// Width of a column of the legend.
const LEGEND_WIDTH: f32 = 42.0 * theme::UNIT;
/// How strongly points that step back are drawn, and all others, as on the screen.
const GREY_OPACITY: f32 = 0.4;
const POINT_OPACITY: f32 = 0.85;

/// What is drawn of a map.
pub struct MapSheet {
    points: Arc<Vec<Point>>,
    legend: Vec<LegendEntry>,
    scale: Option<Scale>,
    camera: Camera,
    extent: [f32; 2],
    /// How it was made, and of what.
    pub caption: String,
}

impl MapSheet {
    /// The first map of the window, if there is one.
    pub fn of(model: &AppState) -> Option<Self> {
        let mapping = &model.mapping;
        let chart = mapping.chart.as_ref()?;
        let shown = |entry: &&LegendEntry| !mapping.hidden.contains(&entry.label);
        Some(Self {
            points: Arc::clone(&chart.points),
            legend: chart.legend.iter().filter(shown).cloned().collect(),
            scale: chart.scale.clone(),
            camera: mapping.camera,
            extent: chart.extent,
            caption: caption_of(chart, Some(mapping.made_by(chart))),
        })
    }
}

/// Draws it.
pub fn show(ui: &mut Ui, sheet: &MapSheet, title: &str) {
    let tokens = theme::tokens(ui);
    let inner = ui.max_rect().shrink(theme::SPACE_LARGE);
    let top = inner.top() + theme::CONTROL_HEIGHT;
    let font = eframe::egui::FontId::proportional(theme::TEXT_BODY);
    let corner = inner.left_top();
    let align = eframe::egui::Align2::LEFT_TOP;
    ui.painter()
        .text(corner, align, title, font, tokens.text_strong);
    let rows = (((inner.bottom() - top) / theme::ROW_HEIGHT) as usize).max(1);
    let columns = sheet.legend.len().div_ceil(rows).max(1);
    // However many groups there are, half of the picture is the map.
    let legend = (columns as f32 * LEGEND_WIDTH).min(0.5 * inner.width());
    let right = inner.right() - legend - theme::SPACE_LARGE;
    let rect = Rect::from_min_max(pos2(inner.left(), top), pos2(right, inner.bottom()));
    ui.painter()
        .rect_filled(rect, theme::CORNER, tokens.map_ground);
    let painter = ui.painter_at(rect);
    let camera = sheet.camera.shown_in(rect, sheet.extent);
    let radius = super::canvas::radius(sheet.points.len(), rect);
    for point in sheet.points.iter() {
        let (colour, radius) = match point.class {
            PointClass::Hidden => continue,
            PointClass::Grey => (theme::NOT_PICKED.gamma_multiply(GREY_OPACITY), radius),
            PointClass::Plain => (
                colour_of(tokens, point.shade).gamma_multiply(POINT_OPACITY),
                radius,
            ),
            PointClass::Emphasised => (colour_of(tokens, point.shade), 1.7 * radius),
        };
        let place = legend::place_of(point.shade);
        theme::label_mark(
            &painter,
            camera.to_screen(rect, point.at),
            radius,
            place,
            colour,
        );
    }
    let beside = Rect::from_min_max(pos2(right + theme::SPACE_LARGE, top), inner.right_bottom());
    match &sheet.scale {
        Some(scale) => {
            let builder = eframe::egui::UiBuilder::new().max_rect(beside);
            ui.scope_builder(builder, |ui| legend::bar(ui, scale));
        }
        None => names(ui, sheet, beside, [rows, columns]),
    }
}

/// The groups with their marks, column by column.
fn names(ui: &Ui, sheet: &MapSheet, area: Rect, [rows, columns]: [usize; 2]) {
    let tokens = theme::tokens(ui);
    let width = area.width() / columns as f32;
    for (place, entry) in sheet.legend.iter().enumerate() {
        let (column, row) = (place / rows, place % rows);
        let at = area.min + vec2(column as f32 * width, row as f32 * theme::ROW_HEIGHT);
        let middle = at + Vec2::new(theme::SPACE, 0.5 * theme::ROW_HEIGHT);
        let colour = colour_of(tokens, entry.shade);
        let mark = legend::place_of(entry.shade);
        theme::label_mark(ui.painter(), middle, 1.25 * theme::UNIT, mark, colour);
        let text = match entry.shade {
            Shade::Group(_) | Shade::Unknown => format!("{} ({})", entry.label, entry.points),
            Shade::Share(_) => entry.label.clone(),
        };
        let mut job = eframe::egui::text::LayoutJob::simple_singleline(
            text,
            theme::small_font(),
            tokens.text,
        );
        let room = width - 2.5 * theme::SPACE;
        job.wrap = eframe::egui::text::TextWrapping::truncate_at_width(room);
        let galley = ui.painter().layout_job(job);
        let corner = middle + Vec2::new(theme::SPACE, -0.5 * galley.size().y);
        ui.painter().galley(corner, galley, tokens.text);
    }
}
