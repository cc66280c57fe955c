//! What a masked autoencoder makes of hidden patches.

use eframe::egui::{self, Color32, Rect, Sense, Ui, Vec2};
use egui_phosphor::regular as icon;

use crate::gui::{
    model::{AppState, ReconstructionKey, RunView},
    theme,
    widgets::cached_picture,
};
use mynascope_spectrum::tokens::{MEL_BANDS, WINDOW_FRAMES};
use mynascope_train::Reconstruction;

use super::super::parts;

/// Draws a window of the shown track, what the encoder is shown of it, and what its decoder says of all patches.
pub fn show(ui: &mut Ui, model: &AppState, run: &RunView) {
    let shown = model
        .training
        .reconstructed
        .value
        .as_ref()
        .filter(|(key, _)| key.run == run.folder);
    match shown {
        Some((key, Ok(seen))) => pictures(ui, model, key, seen),
        Some((_, Err(why))) => parts::error(ui, why),
        None if run.saved.is_empty() => parts::empty(
            ui,
            icon::IMAGE,
            "No checkpoint yet",
            "With the first one, what the encoder makes of hidden patches appears here.",
        ),
        None => parts::empty(
            ui,
            icon::HOURGLASS_MEDIUM,
            "Hidden patches",
            "Choose a track: what the encoder makes of its hidden patches appears here.",
        ),
    }
}

fn pictures(ui: &mut Ui, model: &AppState, key: &ReconstructionKey, seen: &Reconstruction) {
    let grid = seen.shape.grid(WINDOW_FRAMES);
    let is_kept = |band: usize, frame: usize| {
        let token = grid.token_at(band, frame);
        token.is_some_and(|token| key.kept.contains(&token))
    };
    ui.horizontal(|ui| {
        parts::heading(ui, "Hidden patches");
        let title = parts::track_name(&model.library, &key.track);
        parts::quiet(ui, format!("step {}, {title}", seen.step)).on_hover_text(
            "View A of the shown track; ratio, seed and kind of the mask are those of the Teach layout (comma, period, R)",
        );
    });
    let tokens = theme::tokens(ui);
    let loud = seen.truth.iter().copied().fold(1e-6, f32::max);
    let colours = model.spectrogram.form.colour_map.table();
    let colour = |value: f32| -> Color32 {
        let share = (value / loud).clamp(0.0, 1.0);
        let place = (share * (colours.len() - 1) as f32).round() as usize;
        let [red, green, blue, _] = colours.get(place).copied().unwrap_or_default();
        Color32::from_rgb(red, green, blue)
    };
    let of = |values: &[f32], frame: usize, row: usize| {
        let band = MEL_BANDS - 1 - row;
        values
            .get(frame * MEL_BANDS + band)
            .copied()
            .unwrap_or_default()
    };
    let kept = format!(
        "What it is shown: {} of {} patches",
        key.kept.len(),
        grid.tokens()
    );
    let rows = 3.0;
    let line = theme::TEXT_SMALL + 2.0 * theme::SPACE_SMALL;
    let below = theme::TEXT_SMALL + theme::SPACE;
    let height =
        ((ui.available_height() - below) / rows - line - 2.0 * theme::SPACE).max(8.0 * theme::UNIT);
    let number = model.training.reconstructed.number;
    let parts_of = [
        ("What is there, log(1 + power)", 0),
        (kept.as_str(), 1),
        ("What it says of every patch", 2),
    ];
    for (title, part) in parts_of {
        parts::quiet(ui, title);
        let size = Vec2::new(ui.available_width(), height);
        let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
        let key = cached_picture::key((
            part,
            number,
            seen.step,
            seen.error.to_bits(),
            model.spectrogram.form.colour_map.name(),
            tokens.picture.to_array(),
        ));
        let id = egui::Id::new(("reconstruction", part));
        let size = [WINDOW_FRAMES, MEL_BANDS];
        cached_picture::show(ui, id, key, size, true, rect, |frame, row| match part {
            0 => colour(of(&seen.truth, frame, row)),
            1 if !is_kept(MEL_BANDS - 1 - row, frame) => tokens.picture,
            1 => colour(of(&seen.truth, frame, row)),
            _ => colour(of(&seen.said, frame, row)),
        });
        frame(ui, rect);
        response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Image, true, title));
    }
    parts::quiet(
        ui,
        format!("mean squared error of hidden patches {:.3}", seen.error),
    )
    .on_hover_text(
        "The training loss of this window: over the hidden patches alone, of log(1 + power)",
    );
}

fn frame(ui: &Ui, rect: Rect) {
    let stroke = (theme::LINE, theme::tokens(ui).hairline);
    ui.painter()
        .rect_stroke(rect, 0.0, stroke, egui::StrokeKind::Inside);
}
