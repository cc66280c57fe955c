//! A probe in use: keep it, take up another, let it answer for a folder, hear the answers, and take them over as labels.

use eframe::egui::{Align, Button, DragValue, Layout, ScrollArea, Ui, vec2};
use egui_phosphor::regular as icon;
use mynascope_base::counted;

use crate::gui::{
    command::{AnswersCommand, Command, LibraryCommand, ProbeAsk, ProbeCommand},
    model::{AnsweredColumn, AppState, Colouring, ProbeJob},
    panels::{parts, row_from_right},
    theme,
};
use mynascope_probe::{Predictions, TrackAnswer};

use super::{
    groups, score,
    table::{self, Column, Row},
};

/// The columns in the order of [`AnsweredColumn::ALL`].
const SAID: [Column; 4] = [
    Column::words("track", "The file", 2.0),
    Column::words("the probe says", "From the mean of its windows", 1.5),
    Column::number(
        "confidence",
        "Share of the class, or the probability of the likeliest tag",
        22.0,
    ),
    Column::words(
        "label",
        "The label that the track has in the open collection",
        1.2,
    ),
];
/// Width of the field for the least confidence.
const LEAST_WIDTH: f32 = 20.0 * theme::UNIT;

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
        let hint = "Loads a probe that was saved, here or by `probe --save`";
        button(ui, true, text, hint, ProbeCommand::Ask(ProbeAsk::Load));
        let text = format!("{} Save probe", icon::FLOPPY_DISK);
        let hint = "Keeps the probe (safetensors) with a card of what it is (JSON), for other folders and `predict`";
        button(ui, active, text, hint, ProbeCommand::Ask(ProbeAsk::Save));
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            let why = model.why_not(ProbeJob::Use).map(score::sentence);
            let ready = why.is_none();
            let hint = "Asks for a folder, predicts every track in it with the probe, and lists the predictions";
            let hint = why.as_deref().unwrap_or(hint);
            if parts::primary(ui, 30.0 * theme::UNIT, "Label a folder", ready, hint) {
                push(ProbeCommand::Ask(ProbeAsk::Folder));
            }
            let here = Button::new("Label the open collection");
            let hint = "Predicts every open track with the probe";
            let hint = why.as_deref().unwrap_or(hint);
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
        let (title, hint) = match &probing.result {
            Some(result) if score::keeps_no_probe(&result.report) => {
                ("This run keeps no probe", score::NO_PROBE)
            }
            _ => (
                "No probe in use",
                "Run probe trains one, Load takes up one that was saved. It then says under the spectrogram what it hears \
                 over time, and answers for any folder; Save as CSV keeps the answers.",
            ),
        };
        return parts::empty(ui, icon::TAG, title, hint);
    };
    ui.horizontal(|ui| {
        let hints = [
            "Puts away what the probe says of the shown track, below its spectrogram",
            "Shows what the probe says of the shown track, below its spectrogram",
        ];
        if parts::strip_switch(ui, active.shown, hints) {
            out.push(Command::Probe(ProbeCommand::ShowStrip(!active.shown)));
        }
        let text = active.describe();
        parts::quiet(ui, &text).on_hover_text(&text);
    });
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
    tools(ui, model, said, out);
    list(ui, model, said, out);
}

/// What can be done with the answers.
fn tools(ui: &mut Ui, model: &AppState, said: &Predictions, out: &mut Vec<Command>) {
    let probing = &model.probing;
    let mut push = |command| out.push(Command::Answers(command));
    let mut open = None;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = theme::SPACE;
        let mut least = probing.view.answered.at_least;
        let field = DragValue::new(&mut least)
            .range(0..=100)
            .prefix("at least ")
            .suffix(" %");
        let field = ui.add_sized([LEAST_WIDTH, theme::CONTROL_HEIGHT], field);
        field.on_hover_text("Lists only answers with at least this confidence");
        if least != probing.view.answered.at_least {
            push(AnswersCommand::edit(model, |form| form.at_least = least));
        }
        let (listed, all) = (probing.answered.order.len(), said.tracks.len());
        parts::quiet(ui, format!("{listed} of {all}"));
        let elsewhere = !probing.answered.is_open() && !probing.used_on.is_empty();
        if elsewhere {
            let hint = "Opens what the probe answered for; the answers stay, and can become labels there";
            if ui.button("Open it").on_hover_text(hint).clicked() {
                open = Some(probing.used_on.clone());
            }
        }
        let new = model.answers_as_labels().len();
        let why = model.why_not_labels().map(score::sentence);
        let hint = "Gives the tracks of the listed answers these as labels, instead of those they have; what you labelled here by \
                    hand stays (Ctrl+Z undoes it)";
        let text = match new {
            0 => "Take over as labels".to_owned(),
            new => format!("Take over {} as labels", counted(new, "answer")),
        };
        let take = ui.add_enabled(why.is_none(), Button::new(text));
        let take = take.on_hover_text(hint);
        if take.on_disabled_hover_text(why.as_deref().unwrap_or(hint)).clicked() {
            push(AnswersCommand::TakeOver);
        }
        let why = model.why_not(ProbeJob::Probe).map(score::sentence);
        let again = ui.add_enabled(why.is_none(), Button::new("Train again"));
        let hint = "Trains a probe on the labels of the open collection as they are now, with the settings at the left. Where answers \
                    became labels unheard, its score tells only how well it agrees with the probe before";
        let again = again.on_hover_text(hint);
        if again.on_disabled_hover_text(why.as_deref().unwrap_or(hint)).clicked() {
            push(AnswersCommand::TrainAgain);
        }
        let on = model.mapping.colouring == Colouring::Answers;
        let classes = said.tracks.iter().any(|track| class_of(track).is_some());
        let ready = classes && probing.answered.is_open();
        let hint = match ready {
            true => "Colours the library and the map by these answers, or by labels again",
            false => "Needs answers with classes about tracks that are open",
        };
        let button = Button::selectable(on, "Colour library and map").frame_when_inactive(true);
        let colour = ui.add_enabled(ready, button).on_hover_text(hint);
        if colour.on_disabled_hover_text(hint).clicked() {
            push(AnswersCommand::Colour(!on));
        }
    });
    if let Some(paths) = open {
        out.push(Command::Library(LibraryCommand::Open(paths)));
    }
}

fn class_of(track: &TrackAnswer) -> Option<usize> {
    track.answer.as_ref()?.class
}

/// The answers, to be sorted, heard and corrected.
fn list(ui: &mut Ui, model: &AppState, said: &Predictions, out: &mut Vec<Command>) {
    let (probing, tokens) = (&model.probing, theme::tokens(ui));
    let form = probing.view.answered;
    ui.spacing_mut().item_spacing.y = 0.0;
    let by = |column: &AnsweredColumn| Some(*column) == form.by;
    // Unsorted, no heading has an arrow.
    let sorted = AnsweredColumn::ALL.iter().position(by);
    let sorted = (sorted.unwrap_or(SAID.len()), form.back);
    let rows = &probing.answered.order;
    if let Some(&by) = table::heading(ui, &SAID, rows.len(), Some(sorted))
        .and_then(|at| AnsweredColumn::ALL.get(at))
    {
        out.push(Command::Answers(AnswersCommand::edit(model, |form| {
            form.back = form.by == Some(by) && !form.back;
            form.by = Some(by);
        })));
    }
    let shown = model.library.selected_track().map(|track| &track.path);
    ScrollArea::vertical()
        .id_salt("predictions")
        .auto_shrink(false)
        .show_rows(ui, theme::ROW_HEIGHT, rows.len(), |ui, range| {
            let places = rows.get(range).unwrap_or_default();
            for (&place, track) in places
                .iter()
                .filter_map(|place| Some((place, said.tracks.get(*place)?)))
            {
                let name = track.path.file_stem().unwrap_or_default();
                let name = name.display().to_string();
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
                let label = probing.answered.label(place, &model.library);
                let label = label.unwrap_or_default();
                let cells = [
                    (name.as_str(), tokens.text_strong),
                    (text, colour),
                    (sure.as_str(), tokens.text),
                    (
                        label,
                        if label == text {
                            tokens.text_weak
                        } else {
                            tokens.text_strong
                        },
                    ),
                ];
                let seen = match track.seen_in_training {
                    true => "\nThe probe learned from this track: a right answer proves little",
                    false => "",
                };
                let heard = probing.heard.as_ref();
                let heard = heard.is_some_and(|heard| heard.path == track.path);
                let about = Row {
                    name: &format!("Play {name}"),
                    help: &format!(
                        "{text}{seen}\n{}\nA click plays it, a right click corrects it",
                        track.path.display()
                    ),
                    chosen: heard || shown == Some(&track.path),
                    clickable: true,
                };
                let row = table::row(ui, &SAID, &cells, &about);
                row.context_menu(|ui| menu(ui, model, said, track, label, out));
                if row.clicked() {
                    let path = track.path.clone();
                    out.push(Command::Answers(AnswersCommand::Hear(path)));
                }
            }
        });
}

/// Corrects an answer: as a label, or by moving the track to a group.
fn menu(
    ui: &mut Ui,
    model: &AppState,
    said: &Predictions,
    track: &TrackAnswer,
    label: &str,
    out: &mut Vec<Command>,
) {
    if model.probing.gives_labels() {
        let open = model.probing.answered.is_open();
        for class in &said.classes {
            let button = Button::selectable(label == class, format!("Label as {class}"));
            let hint = "Open the folder first: labels are given to tracks that are open";
            let button = ui.add_enabled(open, button).on_disabled_hover_text(hint);
            if button.clicked() {
                let correct = AnswersCommand::Correct(track.path.clone(), class.clone());
                out.push(Command::Answers(correct));
                ui.close();
            }
        }
        ui.separator();
    }
    let mut push = |command| out.push(Command::Probe(command));
    groups::menu(ui, model, &track.path, &mut push);
}
