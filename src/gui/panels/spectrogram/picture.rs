//! The picture of the spectrogram, the playhead and the pointer.

use std::sync::Arc;

use eframe::egui::{self, Event, MouseWheelUnit, PointerButton, Rect, Sense, pos2};

use crate::gui::{
    command::{Command, PictureCommand},
    model::{AppState, BandView, Picture, Spectrogram, TimeView},
    theme,
};

use super::{crops, encoder, parts::Parts, regions, selection, sound};

/// Draws the picture and the playhead, and reads the pointer over them.
pub fn show(
    ui: &mut egui::Ui,
    model: &AppState,
    picture: &Arc<Picture>,
    area: Rect,
    out: &mut Vec<Command>,
) {
    let tokens = theme::tokens(ui);
    let spectrogram = &model.spectrogram;
    let response = ui.interact(area, ui.id().with("picture"), Sense::click_and_drag());
    response
        .widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Image, true, "Spectrogram"));
    ui.painter().rect_filled(area, 0.0, tokens.picture);
    let parts = Parts::of(model, area);
    let masked = if model.shows_sound() {
        sound::show(ui, model, area, out);
        false
    } else {
        encoder::show(ui, model, picture, area, &parts)
    };
    if masked && let Some(pointer) = response.hover_pos() {
        crops::covering(ui, model, area, pointer);
    }
    crops::draw(ui, model, area);
    regions::draw(ui, model, area);
    selection::draw(ui, model, area);
    playhead(ui, model, area);
    crops::handles(ui, model, area, out);
    let paints = crops::pointer(ui, model, area, &response, out);
    if !paints {
        selection::pointer(ui, model, area, &response, out);
        regions::pointer(ui, model, area, out);
    }
    pointer(ui, spectrogram, (area, parts.mel), &response, paints, out);
}

/// Where a time lies on the screen.
pub fn x_of(view: &TimeView, area: Rect, secs: f64) -> f32 {
    area.left() + ((secs - view.start_secs) / view.span_secs) as f32 * area.width()
}

/// Which time lies at a place on the screen.
pub fn secs_at(view: &TimeView, area: Rect, x: f32) -> f64 {
    view.start_secs + f64::from((x - area.left()) / area.width().max(1.0)) * view.span_secs
}

/// Where a place on the band axis lies on the screen: 0 is the lower edge of the lowest band.
pub fn y_of(bands: &BandView, area: Rect, place: f64) -> f32 {
    area.bottom() - ((place - bands.low) / bands.span) as f32 * area.height()
}

/// Which place on the band axis lies at a height on the screen.
pub fn place_at(bands: &BandView, area: Rect, y: f32) -> f64 {
    bands.low + f64::from((area.bottom() - y) / area.height().max(1.0)) * bands.span
}

/// A few words at the top of the picture, around `x`, if they are narrower than `room`; whether they were.
pub fn plate(ui: &egui::Ui, area: Rect, text: &str, x: f32, room: f32) -> bool {
    let tokens = theme::tokens(ui);
    let painter = ui.painter().with_clip_rect(area);
    let galley = painter.layout_no_wrap(text.to_owned(), theme::small_font(), tokens.on_picture);
    let middle = pos2(x, area.top() + theme::SPACE_LARGE + theme::SPACE);
    let place = egui::Align2::CENTER_CENTER.anchor_size(middle, galley.size());
    let shade = place.expand2(egui::vec2(theme::SPACE, theme::SPACE_SMALL));
    let fits = shade.width() < room;
    if fits {
        painter.rect_filled(shade, f32::from(theme::CORNER), tokens.picture_shade);
        painter.galley(place.min, galley, tokens.on_picture);
    }
    fits
}

fn playhead(ui: &egui::Ui, model: &AppState, area: Rect) {
    let tokens = theme::tokens(ui);
    let x = x_of(&model.spectrogram.view, area, model.transport.position_secs);
    if !area.x_range().contains(x) {
        return;
    }
    let painter = ui.painter().with_clip_rect(area);
    // A dark edge, so that the white line shows on bright sound too.
    painter.vline(x, area.y_range(), (3.0 * theme::LINE, tokens.picture_shade));
    painter.vline(x, area.y_range(), (theme::LINE_STRONG, tokens.playhead));
    let top = [
        pos2(x - theme::UNIT, area.top()),
        pos2(x + theme::UNIT, area.top()),
        pos2(x, area.top() + 1.5 * theme::UNIT),
    ];
    painter.add(egui::Shape::convex_polygon(
        top.to_vec(),
        tokens.playhead,
        egui::Stroke::NONE,
    ));
}

/// Points of a smooth wheel that count as one notch.
const POINTS_PER_NOTCH: f32 = 50.0;
/// Share of the visible time that one notch moves.
const PAN_PER_NOTCH: f64 = 0.1;

fn pointer(
    ui: &egui::Ui,
    spectrogram: &Spectrogram,
    // All of the picture, and its part with mel bands.
    (area, mel): (Rect, Rect),
    response: &egui::Response,
    paints: bool,
    out: &mut Vec<Command>,
) {
    let (view, bands) = (&spectrogram.view, &spectrogram.bands);
    if response.double_clicked_by(PointerButton::Primary) && !paints {
        out.push(Command::Picture(PictureCommand::FitTrack));
    }
    if response.dragged_by(PointerButton::Middle) {
        let delta = response.drag_delta();
        let secs = f64::from(delta.x / area.width().max(1.0)) * view.span_secs;
        out.push(Command::Picture(PictureCommand::PanTime(-secs)));
        if !bands.is_whole() {
            let up = f64::from(delta.y / mel.height().max(1.0)) * bands.span;
            out.push(Command::Picture(PictureCommand::PanBands(up)));
        }
    }
    let Some(place) = response.hover_pos() else {
        return;
    };
    let (wheel, alt) = wheel_notches(ui);
    if alt && wheel.y != 0.0 && mel.contains(place) {
        out.push(Command::Picture(PictureCommand::ZoomBands {
            at: place_at(bands, mel, place.y),
            notches: f64::from(wheel.y),
        }));
    } else if !alt {
        zoom_by_wheel(ui, view, secs_at(view, area, place.x), out);
    }
}

/// Lets the wheel zoom time around `at_secs`; with Shift, or sideways, it moves.
pub fn zoom_by_wheel(ui: &egui::Ui, view: &TimeView, at_secs: f64, out: &mut Vec<Command>) {
    let (wheel, _) = wheel_notches(ui);
    if wheel.x != 0.0 {
        let secs = f64::from(wheel.x) * PAN_PER_NOTCH * view.span_secs;
        out.push(Command::Picture(PictureCommand::PanTime(-secs)));
    }
    if wheel.y != 0.0 {
        out.push(Command::Picture(PictureCommand::ZoomTime {
            at_secs,
            notches: f64::from(wheel.y),
        }));
    }
}

/// How far the wheel was turned in this frame, in notches; with Shift sideways. And whether Alt was held.
fn wheel_notches(ui: &egui::Ui) -> (egui::Vec2, bool) {
    ui.input(|input| {
        let mut turned = egui::Vec2::ZERO;
        let mut alt = false;
        for event in &input.raw.events {
            let Event::MouseWheel {
                unit,
                delta,
                modifiers,
                ..
            } = event
            else {
                continue;
            };
            let notches = match unit {
                MouseWheelUnit::Point => *delta / POINTS_PER_NOTCH,
                MouseWheelUnit::Line | MouseWheelUnit::Page => *delta,
            };
            turned += if modifiers.shift {
                egui::vec2(notches.x + notches.y, 0.0)
            } else {
                notches
            };
            // Systems that turn Alt+wheel sideways mean the same.
            alt |= modifiers.alt;
        }
        if alt && turned.y == 0.0 {
            turned = turned.yx();
        }
        (turned, alt)
    })
}
