//! What a step looks like, as its objective shows it: of a contrastive one how alike the views of its batch are, of data2vec its
//! hidden spans, of maest patchout and styles, of a masked autoencoder the hidden patches. Below it the map of the demo tracks, if
//! they are looked at.

use eframe::egui::{self, Button, Color32, ScrollArea, Sense, Ui, Vec2};
use egui_phosphor::regular as icon;

use crate::gui::{
    command::{Command, TrainCommand},
    model::{AppState, RunView, TrainPhase, what_is_seen},
    theme,
};
use mynascope_train::Objective;

use super::{
    super::parts, demo_map, hidden_spans, learned_styles, matrix, patchout_grid, reconstruction,
};

/// How much of the height is the picture's where a map lies below it.
const SHARE: f32 = 0.58;

/// Draws the step that is shown, or what will be seen of one.
pub fn show(ui: &mut Ui, model: &AppState, out: &mut Vec<Command>) {
    let training = &model.training;
    let Some(run) = training.shown() else {
        return nothing(ui, model, None);
    };
    if run.chosen.is_some() && training.is_active() {
        follow(ui, run, out);
    }
    let pictures = run.pictures();
    let space = ui.available_height();
    // The picture and a map share the height.
    let height = match &pictures.map {
        Some(_) => SHARE * space,
        None => space,
    };
    match (run.config.objective, &pictures.matrix, &pictures.hidden) {
        (Objective::Mae, ..) => reconstruction::show(ui, model, run),
        (Objective::Data2vec, _, Some(hidden)) => scrolled(ui, |ui| {
            hidden_spans::show(ui, model, run, hidden, height);
            demo_map::show(ui, run);
        }),
        (Objective::Maest, ..) if pictures.patchout.is_some() => scrolled(ui, |ui| {
            if let Some(patchout) = &pictures.patchout {
                patchout_grid::show(ui, run, patchout);
            }
            learned_styles::show(ui, model, run);
            demo_map::show(ui, run);
        }),
        (_, Some(batch), _) => {
            matrix::show(ui, model, run, batch, height);
            demo_map::show(ui, run);
        }
        _ if pictures.map.is_some() => demo_map::show(ui, run),
        _ => nothing(ui, model, Some(run)),
    }
}

fn scrolled(ui: &mut Ui, content: impl FnOnce(&mut Ui)) {
    ScrollArea::vertical()
        .id_salt("step")
        .auto_shrink(false)
        .show(ui, content);
}

/// A run goes on, and an earlier step is looked at.
fn follow(ui: &mut Ui, run: &RunView, out: &mut Vec<Command>) {
    let step = run.chosen.as_ref().map_or(0, |chosen| chosen.step);
    let width = ui.available_width();
    let button = Button::new(format!("{} Follow the run again", icon::ARROW_U_UP_LEFT));
    let hint = format!("Shows the newest step instead of step {step}");
    if parts::wide(ui, width, button, true, &hint) {
        out.push(Command::Train(TrainCommand::FollowRun));
    }
}

/// What will be seen here, or why nothing is.
fn nothing(ui: &mut Ui, model: &AppState, run: Option<&RunView>) {
    let training = &model.training;
    let config = run.map_or(&training.form, |run| &run.config);
    let [title, seen] = what_is_seen(config);
    let older = "Neither it nor the run folder keeps a picture of a batch: the run is older than these. When it goes on, it makes them";
    let chosen = run.and_then(|run| run.chosen.as_ref());
    let hint = match (&training.phase, chosen) {
        _ if config.objective == Objective::Supervised => format!("Nothing is drawn here: {seen}."),
        (_, Some(_)) if training.step_job.is_running() => "Reading the checkpoint …".to_owned(),
        (_, Some(chosen)) if chosen.step == 0 => {
            "The chosen checkpoint is that of step 0: no batch was trained on before it.".to_owned()
        }
        (_, Some(chosen)) => format!("The checkpoint of step {} is chosen. {older}.", chosen.step),
        _ if training.past.is_some() => format!("The newest checkpoint is shown. {older}."),
        (TrainPhase::Preparing | TrainPhase::Running, _) => {
            format!("Comes with the next steps: {seen}.")
        }
        (TrainPhase::Paused, _) => format!("Comes when the run goes on: {seen}."),
        _ => format!("While a run computes: {seen}."),
    };
    let symbol = match config.objective {
        Objective::Data2vec => icon::WAVEFORM,
        Objective::Mae => icon::IMAGE,
        _ => icon::GRID_NINE,
    };
    parts::empty(ui, symbol, &title, &hint);
}

/// An entry of a legend: a patch of colour, and what it stands for.
pub(super) fn swatch(ui: &mut Ui, colour: Color32, text: impl Into<String>) -> egui::Response {
    let entry = ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = theme::SPACE_SMALL;
        let size = Vec2::splat(2.5 * theme::UNIT);
        let (rect, patch) = ui.allocate_exact_size(size, Sense::hover());
        ui.painter().rect_filled(rect, 0.0, colour);
        let hairline = (theme::LINE, theme::tokens(ui).hairline);
        ui.painter()
            .rect_stroke(rect, 0.0, hairline, egui::StrokeKind::Inside);
        patch | parts::quiet(ui, text)
    });
    entry.inner
}
