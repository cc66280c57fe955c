//! The bar of steps.

use eframe::egui::{self, Align2, Pos2, Rect, Sense, Stroke, Ui, Vec2};

use crate::gui::{
    command::{Command, TrainCommand},
    model::{AppState, RunView},
    theme,
};
use mynascope_encoder::CheckpointRef;

use super::plot;

/// Radius of a checkpoint's mark.
const MARK: f32 = 1.25 * theme::UNIT;

/// Draws the bar of steps that have a checkpoint; the chosen one is the encoder of all layouts.
pub fn show(ui: &mut Ui, model: &AppState, run: &RunView, height: f32, out: &mut Vec<Command>) {
    let size = Vec2::new(ui.available_width(), height);
    let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
    let tokens = theme::tokens(ui);
    let used = run.saved.iter().find(|saved| {
        let source = &model.embeddings.source;
        source.is_file(Some(&saved.weights))
    });
    let text = match (used, &model.embeddings.source.checkpoint) {
        (Some(saved), _) => format!("All layouts use step {} of this run", saved.step),
        (None, _) if run.saved.is_empty() => {
            format!(
                "No checkpoint yet: the first comes with step {}",
                run.config.save_every.min(run.config.steps)
            )
        }
        (None, CheckpointRef::File(path)) if Some(path) == run.checkpoint.as_ref() => {
            "All layouts use the weights of this run".to_owned()
        }
        (None, _) => format!(
            "All layouts use {}; choose a step to use it instead",
            model.embeddings.source.name()
        ),
    };
    plot::write(
        ui,
        rect.left_top(),
        Align2::LEFT_TOP,
        text,
        tokens.text_weak,
    );
    let line = Rect::from_min_max(
        Pos2::new(
            rect.left() + MARK,
            rect.top() + theme::TEXT_SMALL + 2.0 * theme::UNIT,
        ),
        Pos2::new(rect.right() - MARK, rect.bottom() - theme::UNIT),
    );
    let middle = line.center().y;
    let last = run.config.steps.max(run.step()).max(1) as f64;
    let place = |step: u64| {
        let share = (step as f64 / last).clamp(0.0, 1.0) as f32;
        Pos2::new(line.left() + share * line.width(), middle)
    };
    let response = ui.interact(line, ui.id().with("steps"), Sense::click_and_drag());
    let rail = Stroke::new(theme::UNIT, tokens.raised);
    ui.painter().hline(line.x_range(), middle, rail);
    let done = Stroke::new(theme::UNIT, tokens.hairline);
    ui.painter()
        .hline(line.left()..=place(run.step()).x, middle, done);
    let near = |pos: Pos2| {
        let share = f64::from((pos.x - line.left()) / line.width().max(1.0));
        run.saved_near(share * last)
    };
    let pointed = response.hover_pos().and_then(near);
    for saved in &run.saved {
        let at = place(saved.step);
        let is_used = used == Some(saved);
        let is_pointed = pointed == Some(saved);
        let colour = if is_used || is_pointed {
            tokens.accent
        } else {
            tokens.text_weak
        };
        let radius = if is_used { MARK } else { 0.7 * MARK };
        ui.painter().circle_filled(at, radius, colour);
        mark(ui, at, saved.step, is_used, out);
    }
    if let Some(saved) = pointed {
        response.clone().on_hover_text_at_pointer(format!(
            "Step {}: a click makes it the encoder of all layouts",
            saved.step
        ));
    }
    let chosen = (response.clicked() || response.dragged())
        .then(|| response.interact_pointer_pos().and_then(near))
        .flatten();
    if let Some(saved) = chosen.filter(|saved| used != Some(saved)) {
        out.push(Command::Train(TrainCommand::UseStep(saved.step)));
    }
}

/// What keyboard and screen reader meet: one button a checkpoint.
fn mark(ui: &Ui, at: Pos2, step: u64, used: bool, out: &mut Vec<Command>) {
    let rect = Rect::from_center_size(at, Vec2::splat(3.0 * MARK));
    let response = ui.interact(rect, ui.id().with(("checkpoint", step)), Sense::click());
    response.widget_info(|| {
        egui::WidgetInfo::selected(
            egui::WidgetType::RadioButton,
            true,
            used,
            format!("Checkpoint of step {step}"),
        )
    });
    if response.has_focus() {
        let ring = Stroke::new(theme::LINE_STRONG, theme::tokens(ui).text_strong);
        ui.painter().circle_stroke(at, 1.5 * MARK, ring);
    }
    let clicked = response.clicked();
    response.on_hover_text(format!(
        "Step {step}: a click makes it the encoder of all layouts"
    ));
    if clicked {
        out.push(Command::Train(TrainCommand::UseStep(step)));
    }
}
