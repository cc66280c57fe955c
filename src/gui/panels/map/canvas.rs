//! The map itself: points, lasso, pointer.

use std::path::Path;

use eframe::egui::{self, PointerButton, Pos2, Rect, Sense, Stroke, Ui, Vec2};
use egui_phosphor::regular as icon;
use mynascope_base::counted;

use crate::gui::{
    command::{Command, MapCommand},
    model::{AppState, Camera, Chart, MapSide, clock},
    paint::scatter::{Scatter, colour_of},
    panels::parts,
    theme,
};
use mynascope_embedding::Level;

/// How near the pointer must be to a point, in screen points.
const REACH: f32 = 3.0 * theme::UNIT;
/// How far around the pointer points are made ready to sound, in screen points, and how many.
const PREPARED_REACH: f32 = 20.0 * theme::UNIT;
const PREPARED: usize = 16;
/// Points of scrolling that double the magnification: four notches of a common wheel.
const SCROLL_OF_DOUBLE: f32 = 200.0;
/// A lasso's corners are so far apart at least, in screen points.
const LASSO_STEP: f32 = theme::UNIT;
/// Paths of longer tracks are a tangle, and are not drawn.
const LONGEST_PATH: usize = 600;

/// One of the maps, and what part of it is shown.
#[derive(Clone, Copy)]
pub struct View<'a> {
    pub side: MapSide,
    pub chart: &'a Chart,
    pub camera: Camera,
}

/// Draws the points, and what the pointer does with them.
pub fn show(ui: &mut Ui, size: Vec2, model: &AppState, view: View<'_>, out: &mut Vec<Command>) {
    let View {
        side,
        chart,
        camera,
    } = view;
    let mapping = &model.mapping;
    let tokens = theme::tokens(ui);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click_and_drag());
    let camera = camera.shown_in(rect, chart.extent);
    let view = View { camera, ..view };
    let which = match side {
        MapSide::Main => "Map",
        MapSide::Second => "Second map",
    };
    let name = format!("{which} of {}", counted(chart.point_count(), "point"));
    response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Image, true, &name));
    let (on, was) = (
        response.contains_pointer(),
        mapping.under_pointer == Some(side),
    );
    if on != was {
        out.push(Command::Map(MapCommand::PointerOn(on.then_some(side))));
    }
    let painter = ui.painter_at(rect);
    painter.rect_filled(rect, theme::CORNER, tokens.map_ground);
    painter.add(
        Scatter {
            slot: side as usize,
            points: chart.points.clone(),
            camera,
            rect,
            radius: radius(chart.xy.len(), rect),
            ring: tokens.text_strong,
            rim: match chart.scale {
                // The bright end of the scale is pale; the colours of labels are none of them.
                Some(_) => tokens.point_rim,
                None => egui::Color32::TRANSPARENT,
            },
            tokens,
        }
        .into_shape(),
    );
    if let Some(track) = model.library.selected_track() {
        path(ui, &painter, rect, model, view, &track.path);
    }
    if chart.is_one_spot() {
        one_spot(ui, rect, chart);
    }
    if side == MapSide::Main {
        crosses(ui, &painter, rect, model, view);
    }
    echo(ui, &painter, rect, model, view);
    if lasso(ui, &response, rect, view, out) {
        return;
    }
    if let Some(moved) = moved(ui, &response, rect, camera) {
        out.push(Command::Map(MapCommand::Move(side, moved)));
    }
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
    let before = match side {
        MapSide::Main => mapping.hovered,
        MapSide::Second => mapping.second.as_ref().and_then(|beside| beside.hovered),
    };
    if point != before || !moved.is_empty() {
        out.push(Command::Map(MapCommand::Hover { side, point, moved }));
    }
    if let Some(point) = point {
        hovered(ui, &painter, rect, model, view, point);
        if response.clicked() {
            choose(ui, model, chart, point, out);
        }
    }
}

/// Says why there is nothing to see on a map whose points cover each other.
fn one_spot(ui: &mut Ui, rect: Rect, chart: &Chart) {
    let tokens = theme::tokens(ui);
    let text = format!(
        "All {} points lie on this spot: the encoder hears no difference between them, as between copies or silences",
        chart.xy.len()
    );
    let width = (0.8 * rect.width()).min(100.0 * theme::UNIT);
    let font = theme::small_font();
    let painter = ui.painter_at(rect);
    let galley = painter.layout(text, font, tokens.text, width);
    let below = rect.center() + Vec2::new(-0.5 * galley.size().x, 4.0 * theme::UNIT);
    painter.galley(below, galley, tokens.text);
}

/// What a click on a point does.
fn choose(ui: &Ui, model: &AppState, chart: &Chart, point: usize, out: &mut Vec<Command>) {
    let Some(spot) = chart.spot(point) else {
        return;
    };
    let adds = ui.input(|input| input.modifiers.command);
    let in_main = model.mapping.chart.as_ref();
    let in_main = in_main.and_then(|chart| chart.point_at(&spot.path, spot.start_secs));
    out.push(Command::Map(match (adds, in_main) {
        (true, Some(point)) => MapCommand::TogglePoint(point),
        _ => MapCommand::Choose {
            path: spot.path,
            start_secs: spot.start_secs,
        },
    }));
}

/// What is under the pointer.
fn hovered(
    ui: &Ui,
    painter: &egui::Painter,
    rect: Rect,
    model: &AppState,
    view: View<'_>,
    point: usize,
) {
    let View { chart, camera, .. } = view;
    let tokens = theme::tokens(ui);
    let mapping = &model.mapping;
    let (Some(facts), Some(&place)) = (chart.facts(point), chart.xy.get(point)) else {
        return;
    };
    let screen = camera.to_screen(rect, place);
    let stroke = Stroke::new(theme::LINE_STRONG, tokens.text_strong);
    let colour = colour_of(tokens, chart.shade_of(point));
    painter.circle(screen, 2.0 * theme::UNIT, colour, stroke);
    let mut lines = vec![parts::track_name(&model.library, facts.path)];
    lines.extend(chart.describe(point));
    if chart.level == Level::Window {
        lines.push(format!("at {}", clock(facts.start_secs)));
    }
    if mapping.sounding.is_some() && mapping.sounding == chart.spot(point) {
        lines.push(icon::SPEAKER_HIGH.to_owned());
    }
    tag(painter, rect, screen, &lines.join("  \u{b7}  "));
    ui.ctx().set_cursor_icon(egui::CursorIcon::PointingHand);
}

/// The way of a track along its windows, and where its playhead is on it.
fn path(
    ui: &Ui,
    painter: &egui::Painter,
    rect: Rect,
    model: &AppState,
    view: View<'_>,
    track: &Path,
) {
    let View { chart, camera, .. } = view;
    let tokens = theme::tokens(ui);
    let points = chart.points_of(track);
    let place = |point: usize| {
        let at = chart.xy.get(point)?;
        Some(camera.to_screen(rect, *at))
    };
    if chart.level == Level::Window && (2..=LONGEST_PATH).contains(&points.len()) {
        let line: Vec<Pos2> = points
            .iter()
            .filter_map(|&point| place(point as usize))
            .collect();
        let stroke = Stroke::new(theme::LINE_STRONG, tokens.map_path);
        painter.add(egui::Shape::line(line, stroke));
    }
    let now = chart.point_at(track, model.transport.position_secs);
    if let Some(at) = now.and_then(place) {
        let stroke = Stroke::new(2.0 * theme::LINE, tokens.accent);
        painter.circle_stroke(at, 2.5 * theme::UNIT, stroke);
    }
}

/// Marks what the pointer is at in the other map of a comparison.
fn echo(ui: &Ui, painter: &egui::Painter, rect: Rect, model: &AppState, view: View<'_>) {
    let mapping = &model.mapping;
    let beside = mapping.second.as_ref();
    let (other, point) = match view.side {
        MapSide::Main => (MapSide::Second, beside.and_then(|beside| beside.hovered)),
        MapSide::Second => (MapSide::Main, mapping.hovered),
    };
    let there = point.zip(mapping.chart_of(other));
    let facts = there.and_then(|(point, chart)| chart.facts(point));
    let Some(facts) = facts else { return };
    let here = view.chart.point_at(facts.path, facts.start_secs);
    if let Some((point, at)) = here.and_then(|point| Some((point, view.chart.xy.get(point)?))) {
        let tokens = theme::tokens(ui);
        let stroke = Stroke::new(theme::LINE_STRONG, tokens.text_strong);
        let colour = colour_of(tokens, view.chart.shade_of(point));
        let screen = view.camera.to_screen(rect, *at);
        painter.circle(screen, 2.0 * theme::UNIT, colour, stroke);
    }
}

/// Where the windows of a file lie that is not on the map.
fn crosses(ui: &Ui, painter: &egui::Painter, rect: Rect, model: &AppState, view: View<'_>) {
    let tokens = theme::tokens(ui);
    let stroke = Stroke::new(2.0 * theme::LINE, tokens.text_strong);
    let arm = 1.5 * theme::UNIT;
    for landed in &model.neighbours.landed {
        let at = view.camera.to_screen(rect, landed.at);
        painter.hline(at.x - arm..=at.x + arm, at.y, stroke);
        painter.vline(at.x, at.y - arm..=at.y + arm, stroke);
    }
}

/// Shift and drag: draws the outline, and picks what is inside when it is let go. Returns whether one is being drawn.
fn lasso(
    ui: &Ui,
    response: &egui::Response,
    rect: Rect,
    view: View<'_>,
    out: &mut Vec<Command>,
) -> bool {
    let View { side, camera, .. } = view;
    let id = response.id.with("lasso");
    let modifiers = ui.input(|input| input.modifiers);
    let begins = modifiers.shift && response.drag_started_by(PointerButton::Primary);
    let mut outline: Vec<[f32; 2]> = ui.data(|data| data.get_temp(id)).unwrap_or_default();
    if begins {
        outline.clear();
        outline.extend(
            ui.input(|input| input.pointer.press_origin())
                .map(|origin| camera.to_map(rect, origin)),
        );
    }
    if outline.is_empty() {
        return false;
    }
    if let Some(pointer) = response.interact_pointer_pos() {
        let here = camera.to_map(rect, pointer);
        let last = outline.last().map(|last| camera.to_screen(rect, *last));
        if last.is_none_or(|last| last.distance(pointer) >= LASSO_STEP) {
            outline.push(here);
        }
    }
    if response.drag_stopped() || !response.dragged() {
        ui.data_mut(|data| data.remove_temp::<Vec<[f32; 2]>>(id));
        if outline.len() > 2 {
            let add = modifiers.command;
            out.push(Command::Map(MapCommand::Lasso { side, outline, add }));
        }
        return true;
    }
    let tokens = theme::tokens(ui);
    let line: Vec<Pos2> = outline
        .iter()
        .map(|at| camera.to_screen(rect, *at))
        .collect();
    let stroke = Stroke::new(theme::LINE_STRONG, tokens.accent);
    ui.painter_at(rect)
        .add(egui::Shape::closed_line(line, stroke));
    ui.data_mut(|data| data.insert_temp(id, outline));
    true
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
pub(super) fn radius(points: usize, rect: Rect) -> f32 {
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
