use eframe::egui::{self, PointerButton, Pos2, Rect, Sense, Stroke, Ui, Vec2};

use egui_phosphor::regular as icon;

use crate::{
    embedding::Level,
    gui::{
        command::Command,
        model::{Chart, MapCommand, Model, clock},
        paint::scatter::{Camera, Scatter},
        theme,
    },
};

use super::parts;

/// How near the pointer must be to a point, in screen points.
const REACH: f32 = 3.0 * theme::UNIT;
/// How far around the pointer points are made ready to sound, in screen points, and how many.
const PREPARED_REACH: f32 = 20.0 * theme::UNIT;
const PREPARED: usize = 16;
/// Points of scrolling that double the magnification: four notches of a common wheel.
const SCROLL_OF_DOUBLE: f32 = 200.0;

/// Draws the points, and what the pointer does with them.
pub fn show(ui: &mut Ui, size: Vec2, model: &Model, chart: &Chart, out: &mut Vec<Command>) {
    let mapping = &model.mapping;
    let tokens = theme::tokens(ui);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click_and_drag());
    let name = format!("Map of {} points", chart.xy.len());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Image, true, &name));
    let camera = mapping.camera;
    if let Some(moved) = moved(ui, &response, rect, camera) {
        out.push(Command::Map(MapCommand::Move(moved)));
    }
    let painter = ui.painter_at(rect);
    painter.rect_filled(rect, theme::CORNER, tokens.ground);
    painter.add(
        Scatter {
            points: chart.points.clone(),
            camera,
            rect,
            radius: radius(chart.xy.len(), rect),
            ring: tokens.text_strong,
            rim: tokens.point_rim,
        }
        .into_shape(),
    );
    let pointer = response.hover_pos().filter(|_| !response.dragged());
    let at = pointer.map(|pointer| camera.to_map(rect, pointer));
    let point = at.and_then(|at| chart.nearest(at, camera.length_in_map(rect, REACH)));
    let pointer_moves = ui.input(|input| input.pointer.delta() != Vec2::ZERO);
    let moved = match at {
        Some(at) if mapping.hover_sound && pointer_moves => {
            chart.around(at, camera.length_in_map(rect, PREPARED_REACH), PREPARED)
        }
        _ => Vec::new(),
    };
    if point != mapping.hovered || !moved.is_empty() {
        out.push(Command::Map(MapCommand::Hover { point, moved }));
    }
    let Some(point) = point else { return };
    let (Some(facts), Some(&place)) = (chart.facts(point), chart.xy.get(point)) else {
        return;
    };
    let screen = camera.to_screen(rect, place);
    painter.circle(
        screen,
        2.0 * theme::UNIT,
        chart.colour_of(point, mapping.colouring),
        Stroke::new(theme::LINE_STRONG, tokens.text_strong),
    );
    let mut lines = vec![
        parts::track_name(&model.library, facts.path),
        facts.label.to_owned(),
    ];
    if chart.level == Level::Window {
        lines.push(format!("at {}", clock(facts.start_secs)));
    }
    if mapping.sounding.is_some() && mapping.sounding == chart.spot(point) {
        lines.push(icon::SPEAKER_HIGH.to_owned());
    }
    tag(&painter, rect, screen, &lines.join("  \u{b7}  "));
    ui.ctx().set_cursor_icon(egui::CursorIcon::PointingHand);
    if response.clicked() {
        out.push(Command::Map(MapCommand::Choose {
            path: facts.path.to_path_buf(),
            start_secs: facts.start_secs,
        }));
    }
}

/// Where wheel, drag and double click take the camera.
fn moved(ui: &Ui, response: &egui::Response, rect: Rect, camera: Camera) -> Option<Camera> {
    if response.double_clicked() {
        return Some(Camera::default());
    }
    let mut next = camera;
    if response.dragged_by(PointerButton::Primary) || response.dragged_by(PointerButton::Middle) {
        next = next.panned(rect, response.drag_delta());
    }
    if let Some(pointer) = response.hover_pos() {
        let (scroll, pinch) = ui.input(|input| (input.smooth_scroll_delta().y, input.zoom_delta()));
        let factor = pinch * (scroll / SCROLL_OF_DOUBLE).exp2();
        if factor != 1.0 {
            next = next.zoomed(rect, pointer, factor);
        }
    }
    (next != camera).then_some(next)
}

/// Many points are drawn smaller, so that they do not run together.
fn radius(points: usize, rect: Rect) -> f32 {
    let area_of_one = rect.area() / points.max(1) as f32;
    (0.16 * area_of_one.sqrt()).clamp(1.5, theme::UNIT)
}

/// A line of text beside a place, inside the picture.
fn tag(painter: &egui::Painter, rect: Rect, at: Pos2, text: &str) {
    let tokens = if painter.ctx().global_style().visuals.dark_mode {
        &theme::DARK
    } else {
        &theme::LIGHT
    };
    let galley = painter.layout_no_wrap(text.to_owned(), theme::small_font(), tokens.on_picture);
    let margin = Vec2::new(2.0 * theme::UNIT, 1.5 * theme::UNIT);
    let size = galley.size() + 2.0 * margin;
    let away = Vec2::new(4.0 * theme::UNIT, -0.5 * size.y);
    let mut place = Rect::from_min_size(at + away, size);
    if place.right() > rect.right() {
        place = Rect::from_min_size(at + Vec2::new(-away.x - size.x, away.y), size);
    }
    let over = (rect.left() - place.left()).max(0.0);
    let under = (place.bottom() - rect.bottom()).max(0.0);
    let above = (rect.top() - place.top()).max(0.0);
    place = place.translate(Vec2::new(over, above - under));
    painter.rect_filled(place, theme::CORNER, tokens.picture_shade);
    painter.galley(place.min + margin, galley, tokens.on_picture);
}
