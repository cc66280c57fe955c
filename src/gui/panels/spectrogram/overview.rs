//! The whole track as a waveform, with the part that the picture shows.

use eframe::egui::{self, Color32, Mesh, PointerButton, Rect, Sense, Stroke, StrokeKind, pos2};

use crate::gui::{
    command::{Command, PictureCommand},
    model::{AppState, FRAME_SECS, Picture, TimeView},
    theme,
};
use mynascope_audio::Peaks;

use super::picture::{secs_at, x_of, zoom_by_wheel};

/// Height of the strip.
pub const HEIGHT: f32 = 9.0 * theme::UNIT;
/// The window is at least this wide, so that it can be taken.
const LEAST_WIDTH: f32 = 2.0 * theme::UNIT;

/// Draws the strip and reads the pointer over it.
pub fn show(
    ui: &mut egui::Ui,
    model: &AppState,
    picture: &Picture,
    area: Rect,
    out: &mut Vec<Command>,
) {
    let tokens = theme::tokens(ui);
    let view = &model.spectrogram.view;
    let whole = TimeView::fit(view.duration_secs);
    let shown = window(view, &whole, area);
    let response = ui.interact(area, ui.id().with("overview"), Sense::click_and_drag());
    response
        .widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Image, true, "Whole track"));
    let painter = ui.painter().with_clip_rect(area);
    painter.rect_filled(area, 0.0, tokens.picture);
    painter.add(waveform(&picture.peaks, &whole, area, shown, tokens));
    if let Some(selection) = &model.transport.form.selection {
        let x = |secs| x_of(&whole, area, secs);
        let x_range = x(selection.start_secs)..=x(selection.end_secs);
        let place = Rect::from_x_y_ranges(x_range, area.y_range());
        painter.rect_filled(place, 0.0, tokens.selection);
    }
    if view.span_secs < whole.span_secs {
        let frame = Stroke::new(theme::LINE, tokens.on_picture);
        painter.rect_stroke(
            shown,
            f32::from(theme::CORNER) / 2.0,
            frame,
            StrokeKind::Inside,
        );
    }
    let playhead = x_of(&whole, area, model.transport.position_secs);
    painter.vline(playhead, area.y_range(), (theme::LINE, tokens.playhead));
    pointer(ui, view, &whole, area, shown, &response, out);
    response.on_hover_text("The whole track: click or drag to move what the picture shows");
}

/// Where the shown part lies on the strip.
fn window(view: &TimeView, whole: &TimeView, area: Rect) -> Rect {
    let left = x_of(whole, area, view.start_secs);
    let right = x_of(whole, area, view.start_secs + view.span_secs);
    let missing = (LEAST_WIDTH - (right - left)).max(0.0);
    let x_range = left - missing / 2.0..=right + missing / 2.0;
    Rect::from_x_y_ranges(x_range, area.y_range())
}

/// Lowest to highest sample, a column a point; bright where the picture shows it.
fn waveform(
    peaks: &Peaks,
    whole: &TimeView,
    area: Rect,
    shown: Rect,
    tokens: &theme::Tokens,
) -> Mesh {
    let mut mesh = Mesh::default();
    let columns = area.width().floor().max(0.0) as usize;
    let half = area.height() / 2.0 - theme::LINE;
    let step_at = |x: f32| (secs_at(whole, area, x) / FRAME_SECS).max(0.0) as usize;
    for column in 0..columns {
        let x = area.left() + column as f32;
        let Some((low, high)) = peaks.extent(step_at(x), step_at(x + 1.0)) else {
            break;
        };
        let colour: Color32 = if shown.x_range().contains(x + 0.5) {
            tokens.waveform
        } else {
            tokens.waveform_quiet
        };
        // Silence is a line, not nothing.
        let top = area.center().y - (high * half).max(theme::LINE / 2.0);
        let bottom = area.center().y - (low * half).min(-theme::LINE / 2.0);
        let bar = Rect::from_min_max(pos2(x, top), pos2(x + 1.0, bottom));
        mesh.add_colored_rect(bar, colour);
    }
    mesh
}

fn pointer(
    ui: &egui::Ui,
    view: &TimeView,
    whole: &TimeView,
    area: Rect,
    shown: Rect,
    response: &egui::Response,
    out: &mut Vec<Command>,
) {
    let pressed = ui.input(|input| input.pointer.button_pressed(PointerButton::Primary));
    if let Some(place) = response.interact_pointer_pos() {
        let secs_per_point = whole.span_secs / f64::from(area.width().max(1.0));
        if pressed && !shown.contains(place) {
            out.push(Command::Picture(PictureCommand::ShowTime {
                start_secs: secs_at(whole, area, place.x) - view.span_secs / 2.0,
                span_secs: view.span_secs,
            }));
        } else if response.dragged_by(PointerButton::Primary) {
            let secs = f64::from(response.drag_delta().x) * secs_per_point;
            out.push(Command::Picture(PictureCommand::PanTime(secs)));
        }
    }
    if let Some(place) = response.hover_pos() {
        let whole_shown = view.span_secs >= whole.span_secs;
        ui.ctx().set_cursor_icon(match shown.contains(place) {
            _ if whole_shown => egui::CursorIcon::Default,
            true => egui::CursorIcon::Grab,
            false => egui::CursorIcon::PointingHand,
        });
        zoom_by_wheel(ui, view, secs_at(whole, area, place.x), out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_lies_where_the_picture_is_and_can_always_be_taken() {
        let area = Rect::from_min_size(pos2(100.0, 0.0), egui::vec2(1000.0, HEIGHT));
        let whole = TimeView::fit(3600.0);
        let mut view = whole;
        assert_eq!(window(&view, &whole, area), area);
        view.show(1800.0, 360.0);
        let shown = window(&view, &whole, area);
        assert!((shown.left() - 600.0).abs() < 0.1 && (shown.width() - 100.0).abs() < 0.1);
        view.show(1800.0, 1.0);
        assert!(window(&view, &whole, area).width() >= LEAST_WIDTH - 0.01);
    }
}
