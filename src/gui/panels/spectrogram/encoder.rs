//! The encoder's picture: levels of its mel-spectrogram or what it is fed, with the mask over it.

use std::sync::Arc;

use eframe::{
    egui::{self, Rect},
    egui_wgpu,
};

use crate::gui::{
    model::{AppState, BandView, FRAME_SECS, Picture, PictureState, TimeView, WINDOW_SECS},
    paint::{MaskPaint, PicturePart, SpectrogramPaint},
    theme,
};
use mynascope_spectrum::Levels;

use super::{
    legend::ColourScale,
    parts::Parts,
    picture::{plate, x_of},
};

/// Draws the picture, and says what is missing; whether a mask lies over it.
pub fn show(ui: &egui::Ui, model: &AppState, picture: &Picture, area: Rect, parts: &Parts) -> bool {
    let tokens = theme::tokens(ui);
    let spectrogram = &model.spectrogram;
    let view = &spectrogram.view;
    let shown = mask_share(f64::from(area.width()) * WINDOW_SECS / view.span_secs);
    let wanted = model.mask.active_table().filter(|_| model.mask.form.shown);
    let mask = wanted.filter(|_| shown > 0.0);
    let kind = model.mask.input_kind();
    let seen = spectrogram.encoder_input(kind);
    let levels = seen.map_or(&picture.levels, |seen| &seen.mel);
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
            patch_shade: tokens.patch_shade,
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
    mask.is_some()
}

/// How much of the mask is shown where a window is so many points wide: patches thinner than a point are only noise,
/// which would hide the sound of a long track.
fn mask_share(window_points: f64) -> f32 {
    const NONE: f64 = 4.0;
    const ALL: f64 = 12.0;
    ((window_points - NONE) / (ALL - NONE)).clamp(0.0, 1.0) as f32
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
