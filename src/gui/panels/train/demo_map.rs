//! The small map of the demo tracks.

use std::collections::BTreeSet;

use eframe::egui::{self, Color32, Pos2, Rect, Sense, Ui, Vec2};

use crate::gui::{model::RunView, theme};
use mynascope_base::{share_with_interval, wilson_interval};
use mynascope_train::DemoMap;

use super::super::parts;

/// Radius of a point, in the panel and in a row of the table.
const POINT: f32 = 0.75 * theme::UNIT;
const TINY_POINT: f32 = 1.0;
/// A point this near to the pointer is meant.
const REACH: f32 = 3.0 * theme::UNIT;

/// Draws where the demo tracks lay at the shown step, if they were looked at, in the space that is left.
pub fn show(ui: &mut Ui, run: &RunView) {
    let map = run.pictures().map.as_ref();
    let Some(map) = map.filter(|map| !map.points.is_empty()) else {
        return;
    };
    ui.add_space(theme::SPACE);
    ui.horizontal(|ui| {
        parts::heading(ui, "Demo tracks");
        let interval = wilson_interval(map.accuracy, map.styles.len());
        let shown = run.chosen.as_ref().map(|chosen| chosen.step);
        let looked = match shown.filter(|shown| *shown != map.step) {
            Some(shown) => format!("last looked at before step {shown}, at step {}", map.step),
            None => format!("step {}", map.step),
        };
        let text = format!(
            "{looked}: style score {}",
            share_with_interval(map.accuracy, Some(interval))
        );
        parts::quiet(ui, text).on_hover_text(
            "The first two principal components of the demo tracks' embeddings; each map is turned to lie as the one before. \
             The style score is the share of tracks most of whose five nearest others have their style, with its 95 % interval: \
             scores of two steps that lie in each other's interval do not tell which step is better",
        );
    });
    let room = ui.available_size();
    let side = room.x.min(room.y);
    let (rect, response) = ui.allocate_exact_size(Vec2::new(room.x, side), Sense::hover());
    let square = Rect::from_center_size(rect.center(), Vec2::splat(side - 2.0 * POINT));
    paint(ui, square, map, POINT);
    response.widget_info(|| {
        egui::WidgetInfo::labeled(
            egui::WidgetType::Image,
            true,
            format!("Map of the demo tracks after step {}", map.step),
        )
    });
    let Some(at) = response.hover_pos() else {
        return;
    };
    let away = |point: &[f32; 2]| place(square, *point).distance(at);
    let nearest = map
        .points
        .iter()
        .zip(&map.styles)
        .min_by(|(a, _), (b, _)| away(a).total_cmp(&away(b)));
    if let Some((point, style)) = nearest
        && away(point) < REACH
    {
        response.on_hover_text_at_pointer(style.as_str());
    }
}

/// Draws the map so small that only groups can be told.
pub fn thumbnail(ui: &Ui, rect: Rect, map: &DemoMap) {
    let square = Rect::from_center_size(rect.center(), Vec2::splat(rect.size().min_elem()));
    paint(ui, square.shrink(2.0 * TINY_POINT), map, TINY_POINT);
}

fn place(square: Rect, [x, y]: [f32; 2]) -> Pos2 {
    square.center() + 0.5 * square.width() * Vec2::new(x, -y)
}

fn paint(ui: &Ui, square: Rect, map: &DemoMap, radius: f32) {
    let styles: Vec<&String> = map
        .styles
        .iter()
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let tokens = theme::tokens(ui);
    let colour = |style: &String| -> Color32 {
        let place = styles.binary_search(&style);
        place.map_or(theme::NO_LABEL, |place| theme::label_colour(tokens, place))
    };
    for (point, style) in map.points.iter().zip(&map.styles) {
        ui.painter()
            .circle_filled(place(square, *point), radius, colour(style));
    }
}
