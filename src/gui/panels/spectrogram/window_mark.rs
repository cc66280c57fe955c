//! Marks the window that the panel Teach tells patchout and styles of.

use eframe::egui::{Align2, Rect, StrokeKind, Ui, pos2};

use crate::gui::{model::AppState, theme, workspace::Workspace};

use super::picture::x_of;

/// Draws the outline of the window, and what it is.
pub fn draw(ui: &Ui, model: &AppState, area: Rect) {
    let answer = model.teaching.patchout.value.as_ref();
    let shown = answer.filter(|answer| {
        model.workspace == Workspace::Teach
            && model.spectrogram.path() == Some(answer.path.as_path())
    });
    let Some(answer) = shown else { return };
    let tokens = theme::tokens(ui);
    let view = &model.spectrogram.view;
    let [left, right] = answer.window.map(|secs| x_of(view, area, secs));
    let window = Rect::from_min_max(pos2(left, area.top()), pos2(right, area.bottom()));
    let painter = ui.painter().with_clip_rect(area);
    let stroke = (2.0 * theme::LINE, theme::DARK.accent);
    painter.rect_stroke(window, 0.0, stroke, StrokeKind::Inside);
    let seen = window.intersect(area);
    let text = "window of the encoder";
    let galley = painter.layout_no_wrap(text.to_owned(), theme::small_font(), tokens.on_picture);
    // Above the bar of view B.
    let bottom = pos2(seen.center().x, area.bottom() - 5.0 * theme::UNIT);
    let place = Align2::CENTER_BOTTOM.anchor_size(bottom, galley.size());
    let shade = place.expand2(eframe::egui::vec2(theme::SPACE, theme::SPACE_SMALL));
    if shade.width() < seen.width() {
        painter.rect_filled(shade, f32::from(theme::CORNER), tokens.picture_shade);
        painter.galley(place.min, galley, tokens.on_picture);
    }
}
