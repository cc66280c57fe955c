//! A bar for each tag or dimension.

use eframe::egui::{Align2, FontId, Sense, Ui, Vec2};

use crate::gui::{model::ProbeResult, panels::parts, theme};

/// A bar for each tag or dimension.
pub fn show(ui: &mut Ui, result: &ProbeResult) {
    let report = &result.report;
    let tokens = theme::tokens(ui);
    let mut sorted: Vec<_> = report.targets.iter().collect();
    sorted.sort_by(|a, b| b.score.total_cmp(&a.score));
    parts::heading(
        ui,
        &format!("{} of each", report.metric.trim_start_matches("mean ")),
    );
    ui.spacing_mut().item_spacing.y = 0.0;
    for target in sorted {
        let size = Vec2::new(ui.available_width(), theme::ROW_HEIGHT);
        let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
        let painter = ui.painter().with_clip_rect(rect);
        painter.text(
            rect.left_center(),
            Align2::LEFT_CENTER,
            &target.name,
            FontId::proportional(theme::TEXT_BODY),
            tokens.text,
        );
        painter.text(
            rect.right_center(),
            Align2::RIGHT_CENTER,
            format!("{:.3}", target.score),
            FontId::proportional(theme::TEXT_BODY),
            tokens.text,
        );
        let mut bar = rect.shrink2(Vec2::new(0.0, 2.0 * theme::UNIT));
        bar.min.x += TARGET_NAME_WIDTH;
        bar.max.x -= TARGET_VALUE_WIDTH;
        painter.rect_filled(bar, theme::CORNER, tokens.raised);
        bar.max.x = bar.min.x + bar.width() * target.score.clamp(0.0, 1.0) as f32;
        painter.rect_filled(bar, theme::CORNER, tokens.accent);
        let precision = target.precision.map_or_else(String::new, |value| {
            format!(", average precision {value:.3}")
        });
        response.on_hover_text(format!(
            "{}: {:.3}{precision}, {} tested tracks",
            target.name, target.score, target.tracks
        ));
    }
}

/// Room for the name before a bar, and for the value behind it.
const TARGET_NAME_WIDTH: f32 = 36.0 * theme::UNIT;
const TARGET_VALUE_WIDTH: f32 = 14.0 * theme::UNIT;
