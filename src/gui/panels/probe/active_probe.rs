//! A probe in use: keep it, take up another, and let it answer for a folder.

use eframe::egui::{Align, Button, Layout, ScrollArea, Ui, vec2};
use egui_phosphor::regular as icon;

use crate::gui::{
    command::{Command, ProbeAsk, ProbeCommand},
    model::{AppState, ProbeJob},
    panels::{parts, row_from_right},
    theme,
};

use super::{
    groups,
    table::{self, Column, Row},
};

const SAID: [Column; 3] = [
    Column::words("track", "The file", 2.0),
    Column::words("the probe says", "From the mean of its windows", 2.0),
    Column::number(
        "confidence",
        "Share of the class, or the probability of the likeliest tag",
        22.0,
    ),
];

/// "Copy as command", for a probe that is kept in a file.
fn copy(ui: &mut Ui, kept: bool) -> bool {
    let inner = ui.add_enabled_ui(kept, parts::copy_command);
    let hint = "Save the probe first: the command reads it from its file";
    if !kept {
        inner.response.on_hover_text(hint);
    }
    inner.inner
}

/// Draws the tab.
pub fn show(ui: &mut Ui, model: &AppState, out: &mut Vec<Command>) {
    let probing = &model.probing;
    let mut push = |command| out.push(Command::Probe(command));
    row_from_right(ui, |ui| {
        let kept = (probing.active.as_ref()).is_some_and(|active| active.path.is_some());
        if copy(ui, kept) {
            push(ProbeCommand::Copy(ProbeJob::Use));
        }
        let mut button = |ui: &mut Ui, enabled: bool, text: String, hint: &str, command| {
            let button = Button::new(text).min_size(vec2(0.0, theme::CONTROL_HEIGHT));
            let response = ui.add_enabled(enabled, button);
            let response = response.on_hover_text(hint).on_disabled_hover_text(hint);
            if response.clicked() {
                push(command);
            }
        };
        let active = probing.active.is_some();
        let text = format!("{} Load", icon::FOLDER_OPEN);
        let hint = "Takes up a probe that was saved, here or by `probe --save`";
        button(ui, true, text, hint, ProbeCommand::Ask(ProbeAsk::Load));
        let text = format!("{} Save probe", icon::FLOPPY_DISK);
        let hint = "Keeps the probe (safetensors) with a card of what it is (JSON), for other folders and `predict`";
        button(ui, active, text, hint, ProbeCommand::Ask(ProbeAsk::Save));
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            let ready = active && !probing.job.is_running();
            let hint = "Asks for a folder, lets the probe answer for every track in it, and lists the answers";
            if parts::primary(ui, 30.0 * theme::UNIT, "Label a folder", ready, hint) {
                push(ProbeCommand::Ask(ProbeAsk::Folder));
            }
            let here = Button::new("Label the open collection");
            let hint = "Lets the probe answer for every track that is open";
            let open = ready && model.library.track_count() > 0;
            let response = ui.add_enabled(open, here);
            if response
                .on_hover_text(hint)
                .on_disabled_hover_text(hint)
                .clicked()
            {
                push(ProbeCommand::UseHere);
            }
        });
    });
    let Some(active) = &probing.active else {
        return parts::empty(
            ui,
            icon::TAG,
            "No probe at hand",
            "Run probe trains one, Load takes up one that was saved. It then says under the spectrogram what it hears \
             over time, and answers for any folder; Save as CSV keeps the answers.",
        );
    };
    let text = active.describe();
    parts::quiet(ui, &text).on_hover_text(&text);
    let Some(said) = &probing.predictions else {
        return parts::explain(
            ui,
            "What it hears in the shown track stands under the spectrogram, window by window. Label a folder lets it \
             answer for other tracks.",
        );
    };
    if let Some(seen) = said.say_seen() {
        parts::explain(ui, &seen);
    }
    let tokens = theme::tokens(ui);
    ui.spacing_mut().item_spacing.y = 0.0;
    table::heading(ui, &SAID, said.tracks.len(), None);
    let shown = model.library.selected_track().map(|track| &track.path);
    ScrollArea::vertical()
        .id_salt("predictions")
        .auto_shrink(false)
        .show_rows(ui, theme::ROW_HEIGHT, said.tracks.len(), |ui, range| {
            for track in said.tracks.get(range).unwrap_or_default() {
                let name = track
                    .path
                    .file_stem()
                    .unwrap_or_default()
                    .display()
                    .to_string();
                let problem = track.problem.as_deref().unwrap_or_default();
                let (text, sure, colour) = match &track.answer {
                    Some(answer) => {
                        let sure = answer.confidence;
                        let sure =
                            sure.map_or_else(String::new, |it| format!("{:.0} %", 100.0 * it));
                        (answer.prediction.as_str(), sure, tokens.text)
                    }
                    None => (problem, String::new(), tokens.text_weak),
                };
                let cells = [
                    (name.as_str(), tokens.text_strong),
                    (text, colour),
                    (sure.as_str(), tokens.text),
                ];
                let about = Row {
                    name: &format!("Play {name}"),
                    help: &format!("{text}\n{}", track.path.display()),
                    chosen: shown == Some(&track.path),
                    clickable: true,
                };
                let row = table::row(ui, &SAID, &cells, &about);
                row.context_menu(|ui| groups::menu(ui, model, &track.path, &mut push));
                if row.clicked() {
                    push(ProbeCommand::Choose(track.path.clone()));
                }
            }
        });
}
