//! The Probe layout: at the left what is probed and its score, at the right what the score is made of, in tabs.

mod active_probe;
mod classes;
mod compare;
mod confusion;
mod curve;
mod data;
mod diagnostics;
mod form;
pub mod groups;
mod leaks;
mod mistakes;
mod published;
mod score;
mod scoreboard;
mod table;
mod tracks;

use eframe::egui::{self, Align, Layout, RichText, Ui};
use egui_phosphor::regular as icon;

use crate::gui::{
    command::{Command, PictureCommand, ProbeCommand},
    model::{AppState, CurveKind, PicturePanel, ProbeJob, ProbeResult, ProbeTab},
    theme,
};

use super::parts;

/// Width of the list of tracks beside the confusion matrix.
const LIST_WIDTH: f32 = 76.0 * theme::UNIT;

/// Draws settings, the button that starts, and the score.
pub fn show(ui: &mut Ui, model: &AppState, out: &mut Vec<Command>) {
    parts::padded(ui, |ui| {
        let width = parts::width_beside_bar(ui);
        egui::ScrollArea::vertical()
            .id_salt("probe form")
            .auto_shrink(false)
            .show(ui, |ui| {
                // As wide as beside a scroll bar, so that nothing moves when it comes.
                ui.set_max_width(width);
                form::form(ui, model, out);
                ui.add_space(theme::SPACE);
                form::actions(ui, model, out);
                if let Some(result) = &model.probing.result {
                    ui.add_space(theme::SPACE_LARGE);
                    let (form, source) = (&model.probing.form, &model.embeddings.source);
                    if !result.answers_to(form, source) {
                        parts::explain(ui, "Computed with other settings than those above:");
                        ui.set_opacity(theme::OUTDATED_OPACITY);
                    }
                    score::score(ui, result);
                    ui.add_space(theme::SPACE_LARGE);
                    score::notes(ui, result);
                }
            });
    });
}

/// Draws the tabs and what the chosen one shows.
pub fn show_scores(ui: &mut Ui, model: &AppState, out: &mut Vec<Command>) {
    parts::padded(ui, |ui| {
        tabs(ui, model, out);
        ui.add_space(theme::SPACE_SMALL);
        tab(ui, model, out);
    });
}

fn tabs(ui: &mut Ui, model: &AppState, out: &mut Vec<Command>) {
    let probing = &model.probing;
    let mut picture = false;
    let mut push = |command| out.push(Command::Probe(command));
    super::row_from_right(ui, |ui| {
        let has = probing.table(probing.view.tab).is_some();
        ui.add_enabled_ui(has, |ui| {
            let hint = "Saves the numbers that the tab shows as CSV";
            if parts::symbol(ui, icon::TABLE, "Save as CSV", hint) {
                push(ProbeCommand::Save);
            }
            let hint = "Saves what the tab shows as a picture (PNG or SVG)";
            if parts::symbol(ui, icon::IMAGE, "Save as picture", hint) {
                picture = true;
            }
        });
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            let options = ProbeTab::ALL.map(|tab| (tab, tab.name(), tab.help()));
            let width = (ui.available_width() - theme::SPACE)
                .min(options.len() as f32 * 26.0 * theme::UNIT);
            let (_, chosen) = parts::choice(ui, width, &options, probing.view.tab);
            if let Some(tab) = chosen {
                push(ProbeCommand::edit_view(model, |view| view.tab = tab));
            }
        });
    });
    if picture {
        out.push(Command::Picture(PictureCommand::Publish(
            PicturePanel::Results,
        )));
    }
}

fn tab(ui: &mut Ui, model: &AppState, out: &mut Vec<Command>) {
    let probing = &model.probing;
    let job = probing.view.tab.job();
    if let Some(error) = &probing.error
        && job == probing.started
        && job != ProbeJob::Probe
    {
        parts::error(ui, error);
    }
    match probing.view.tab {
        ProbeTab::MaskRatio => return curve::show(ui, model, CurveKind::MaskRatio, out),
        ProbeTab::Patchout => return curve::show(ui, model, CurveKind::Patchout, out),
        ProbeTab::Labels => return curve::show(ui, model, CurveKind::Labels, out),
        ProbeTab::Layers => return curve::show(ui, model, CurveKind::Layers, out),
        ProbeTab::Diagnostics => return diagnostics::show(ui, model, out),
        ProbeTab::Compare => return compare::show(ui, model, out),
        ProbeTab::Scoreboard => return scoreboard::show(ui, model, out),
        ProbeTab::Groups => return groups::show(ui, model, out),
        ProbeTab::Use => return active_probe::show(ui, model, out),
        _ => {}
    }
    let Some(result) = &probing.result else {
        return nothing(ui, model);
    };
    match probing.view.tab {
        ProbeTab::Mistakes => mistakes(ui, model, result, out),
        ProbeTab::Tracks => tracks::show(ui, model, result, out),
        ProbeTab::Classes => classes::show(ui, result),
        ProbeTab::Data => data::show(ui, model, result, out),
        // Shown above: they need no result.
        _ => {}
    }
}

fn mistakes(ui: &mut Ui, model: &AppState, result: &ProbeResult, out: &mut Vec<Command>) {
    if !result.has_classes() {
        return mistakes::show(ui, model, result, out);
    }
    let middle = ui.available_width() - LIST_WIDTH - 2.0 * theme::SPACE_LARGE;
    let mut pushed = Vec::new();
    parts::split_columns(
        ui,
        middle.max(60.0 * theme::UNIT),
        |ui| {
            let room = ui.available_size();
            egui::ScrollArea::both()
                .id_salt("confusion")
                .show(ui, |ui| {
                    confusion::show(ui, room, model, result, &mut pushed);
                });
        },
        |ui| mistakes::show(ui, model, result, out),
    );
    out.append(&mut pushed);
}

/// Draws what a tab shows on a page of its own.
pub fn sheet(ui: &mut Ui, model: &AppState) {
    let tokens = theme::tokens(ui);
    egui::Frame::new()
        .fill(tokens.surface)
        .inner_margin(2.0 * theme::SPACE_LARGE)
        .show(ui, |ui| {
            ui.set_min_size(ui.available_size());
            let title = model.probing.title();
            ui.label(RichText::new(title).color(tokens.text_strong));
            ui.add_space(theme::SPACE);
            match &model.probing.result {
                // The matrix alone: the list beside it is for the ear.
                Some(result)
                    if model.probing.view.tab == ProbeTab::Mistakes && result.has_classes() =>
                {
                    let room = ui.available_size();
                    confusion::show(ui, room, model, result, &mut Vec::new());
                }
                _ => tab(ui, model, &mut Vec::new()),
            }
        });
}

fn nothing(ui: &mut Ui, model: &AppState) {
    let (title, hint) = if model.probing.job.is_running() {
        (
            "The score is on its way",
            "The windows are embedded first, unless the map did that already; then the head is trained.",
        )
    } else if model.embeddings.asks_patch.is_some() {
        parts::SILENT_CHECKPOINT
    } else if model.probed_labels() < 2 {
        (
            "Nothing to tell apart",
            "A probe needs labels: open a folder whose sub-folders are labels, GTZAN, or the demo collection.",
        )
    } else {
        (
            "No score yet",
            "Run probe trains a small model on frozen embeddings of some tracks, and asks it about tracks it never \
             heard. The confusion matrix and the mistakes appear here, and every mistake can be played.",
        )
    };
    parts::empty(ui, icon::TARGET, title, hint);
}
