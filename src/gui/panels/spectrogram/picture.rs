//! The picture of the spectrogram, the playhead and the pointer.

use std::sync::Arc;

use eframe::{
    egui::{self, Event, MouseWheelUnit, PointerButton, Rect, Sense, pos2},
    egui_wgpu,
};

use crate::gui::{
    command::{Command, PictureCommand},
    model::{
        AppState, BandView, FRAME_SECS, Picture, PictureState, Spectrogram, TimeView, WINDOW_SECS,
    },
    paint::{MaskPaint, PicturePart, SpectrogramPaint},
    theme,
};

use super::{crops, legend::ColourScale, parts::Parts, selection};
use mynascope_spectrum::Levels;

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
    let view = &spectrogram.view;
    let response = ui.interact(area, ui.id().with("picture"), Sense::click_and_drag());
    response
        .widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Image, true, "Spectrogram"));
    ui.painter().rect_filled(area, 0.0, tokens.picture);
    let shown = mask_share(f64::from(area.width()) * WINDOW_SECS / view.span_secs);
    let wanted = model.mask.active_table().filter(|_| model.mask.form.shown);
    let mask = wanted.filter(|_| shown > 0.0);
    let kind = model.mask.input_kind();
    let seen = spectrogram.encoder_input(kind);
    let levels = seen.map_or(&picture.levels, |seen| &seen.mel);
    let parts = Parts::of(model, area);
    let paint = |part, levels: &Arc<Levels>, scale: ColourScale, bands, area: Rect| {
        let pixels = area.size() * ui.ctx().pixels_per_point();
        let paint = SpectrogramPaint {
            part,
            levels: Arc::clone(levels),
            summary: spectrogram.form.summary,
            mask: mask.map(|table| MaskPaint {
                table: Arc::clone(table),
                dropped: model.mask.dropped(),
                overlay: model.mask.form.overlay * shown,
            }),
            colour_map: spectrogram.form.colour_map,
            start_frame: (view.start_secs / FRAME_SECS) as f32,
            span_frames: (view.span_secs / FRAME_SECS) as f32,
            bands,
            size: [pixels.x.max(1.0), pixels.y.max(1.0)],
            top: scale.top,
            range: scale.range,
            background: tokens.picture,
            patch_line: tokens.patch_line,
            window_line: tokens.window_line,
        };
        let shape = egui_wgpu::Callback::new_paint_callback(area, paint);
        ui.painter().add(shape);
    };
    let scale = ColourScale::of(model);
    paint(
        PicturePart::Main,
        levels,
        scale,
        spectrogram.bands,
        parts.mel,
    );
    if let Some(vqt) = &parts.vqt {
        let scale = ColourScale::of_fed(&vqt.levels, "");
        paint(
            PicturePart::Upper,
            &vqt.levels,
            scale,
            BandView::default(),
            vqt.area,
        );
        let name = |text: &str, part: Rect| {
            let corner = part.left_top() + egui::vec2(theme::SPACE, theme::SPACE_SMALL);
            let galley = ui.painter().layout_no_wrap(
                text.to_owned(),
                theme::small_font(),
                tokens.on_picture,
            );
            let shade = Rect::from_min_size(corner, galley.size())
                .expand2(egui::vec2(theme::SPACE_SMALL, 0.0));
            ui.painter()
                .rect_filled(shade, f32::from(theme::CORNER), tokens.picture_shade);
            ui.painter().galley(corner, galley, tokens.on_picture);
        };
        name("VQT", vqt.area);
        name("mel", parts.mel);
    }
    let waits = spectrogram.form.as_encoder && seen.is_none();
    let told = undecoded(ui, view, picture, area);
    let failed = kind.and_then(|kind| spectrogram.asked_input(kind)?.as_ref().err());
    let text = match &spectrogram.state {
        _ if waits && kind.is_none() => "this encoder is fed samples, no spectrogram",
        _ if waits && failed.is_some() => failed.map_or("", String::as_str),
        PictureState::Ready { .. } if waits => "computing what the encoder is fed …",
        _ if waits => "what the encoder is fed is shown once the track is decoded",
        _ if mask.is_none() && wanted.is_some() => "zoom in to see the mask",
        _ => "",
    };
    if !told && !text.is_empty() {
        plate(ui, area, text, area.center().x, area.width());
    }
    if mask.is_some()
        && let Some(pointer) = response.hover_pos()
    {
        crops::covering(ui, model, area, pointer);
    }
    crops::draw(ui, model, area);
    selection::draw(ui, model, area);
    playhead(ui, model, area);
    crops::handles(ui, model, area, out);
    let paints = crops::pointer(ui, model, area, &response, out);
    if !paints {
        selection::pointer(ui, model, area, &response, out);
    }
    pointer(ui, spectrogram, (area, parts.mel), &response, paints, out);
}

/// How much of the mask is shown where a window is so many points wide: patches thinner than a point are only noise,
/// which would hide the sound of a long track.
fn mask_share(window_points: f64) -> f32 {
    const NONE: f64 = 4.0;
    const ALL: f64 = 12.0;
    ((window_points - NONE) / (ALL - NONE)).clamp(0.0, 1.0) as f32
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

/// Says how far the decoding is where the picture is still empty; whether there was room to.
fn undecoded(ui: &egui::Ui, view: &TimeView, picture: &Picture, area: Rect) -> bool {
    let (done, all) = (picture.decoded_secs(), picture.duration_secs());
    if picture.mel.is_some() || all - done < FRAME_SECS {
        return false;
    }
    let left = x_of(view, area, done).max(area.left());
    let right = x_of(view, area, all).min(area.right());
    let text = format!("decoding … {:.0} %", (100.0 * done / all).floor());
    plate(ui, area, &text, (left + right) / 2.0, right - left)
}

/// A few words at the top of the picture, around `x`, if they are narrower than `room`; whether they were.
fn plate(ui: &egui::Ui, area: Rect, text: &str, x: f32, room: f32) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mask_gives_way_where_patches_would_be_noise() {
        let width = 850.0;
        let at = |secs: f64| mask_share(width * WINDOW_SECS / secs);
        assert_eq!(at(30.0), 1.0);
        assert_eq!(at(180.0), 1.0, "a song");
        assert_eq!(at(3600.0), 0.0, "an hour");
        assert!(at(400.0) > 0.0 && at(400.0) < 1.0, "it fades, not jumps");
    }
}
