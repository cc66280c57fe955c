//! The Probe panel: settings at the left, the score and the confusion matrix in the middle, tracks at the right.

use eframe::egui::{self, Align, Align2, DragValue, FontId, RichText, Sense, Ui, Vec2};
use egui_phosphor::regular as icon;

use crate::{
    gui::{
        command::Command,
        model::{
            Library, MapCommand, Model, PROTOCOLS, ProbeCommand, ProbeResult, explain_head,
            explain_protocol, explain_task,
        },
        theme,
    },
    probe::{Head, Protocol, Task, TrackPrediction},
};

use super::{confusion, parts};

/// Width of the list of tracks.
const LIST_WIDTH: f32 = 76.0 * theme::UNIT;

/// Draws the panel.
pub fn show(ui: &mut Ui, model: &Model, out: &mut Vec<Command>) {
    // Both columns push at their own end.
    let mut pushed = Vec::new();
    parts::padded(ui, |ui| {
        parts::beside(
            ui,
            parts::FORM_WIDTH,
            |ui| {
                egui::ScrollArea::vertical()
                    .id_salt("probe form")
                    .show(ui, |ui| {
                        form(ui, model, out);
                        ui.add_space(theme::SPACE);
                        actions(ui, model, out);
                        if let Some(result) = &model.probing.result {
                            ui.add_space(theme::SPACE);
                            notes(ui, result);
                        }
                    });
            },
            |ui| match &model.probing.result {
                None => nothing(ui, model),
                Some(result) if result.report.confusion.is_empty() => {
                    score(ui, result);
                    ui.add_space(theme::SPACE_LARGE);
                    egui::ScrollArea::vertical()
                        .id_salt("targets")
                        .show(ui, |ui| targets(ui, result));
                }
                Some(result) => {
                    let middle = ui.available_width() - LIST_WIDTH - 2.0 * theme::SPACE_LARGE;
                    let cell = model.probing.cell;
                    let mut listed = Vec::new();
                    parts::beside(
                        ui,
                        middle.max(60.0 * theme::UNIT),
                        |ui| {
                            score(ui, result);
                            ui.add_space(theme::SPACE_LARGE);
                            let room = ui.available_size();
                            egui::ScrollArea::both()
                                .id_salt("confusion")
                                .show(ui, |ui| {
                                    confusion::show(ui, room, result, cell, &mut pushed);
                                });
                        },
                        |ui| list(ui, &model.library, result, cell, &mut listed),
                    );
                    pushed.append(&mut listed);
                }
            },
        );
    });
    out.append(&mut pushed);
}

fn form(ui: &mut Ui, model: &Model, out: &mut Vec<Command>) {
    let probing = &model.probing;
    let mut form = probing.form;
    parts::heading(ui, "Settings");
    let hint = "What is predicted, from the labels of the collection";
    parts::row(ui, "Task", hint, |ui| {
        let names = Task::ALL.map(|task| (task, task.to_string()));
        let options: Vec<(Task, &str, &str)> = names
            .iter()
            .map(|(task, name)| (*task, name.as_str(), explain_task(*task)))
            .collect();
        let (response, chosen) = parts::choice(ui, ui.available_width(), &options, form.task);
        form.task = chosen.unwrap_or(form.task);
        response
    });
    let hint = "Which encoder's embeddings are probed";
    parts::row(ui, "Encoder", hint, |ui| {
        let trained = model.training.checkpoint();
        let source = &model.embeddings.source;
        let (response, chosen) = parts::encoder_choice(ui, ui.available_width(), source, trained);
        match chosen {
            Some(parts::SourceChoice::Set(source)) => {
                out.push(Command::Map(MapCommand::SetSource(source)));
            }
            Some(parts::SourceChoice::ChooseFile) => {
                out.push(Command::Map(MapCommand::ChooseCheckpoint));
            }
            None => {}
        }
        response.on_hover_text(parts::ENCODER_HINT)
    });
    if parts::asks_patch(&model.embeddings) {
        parts::row(ui, "Patches", parts::PATCH_HINT, |ui| {
            let width = ui.available_width();
            let (response, kind) = parts::patch_choice(ui, width, &model.embeddings);
            if let Some(kind) = kind {
                out.push(Command::Map(MapCommand::SetPatch(kind)));
            }
            response
        });
        if model.embeddings.source.patch.is_none() {
            parts::explain(
                ui,
                "The checkpoint doesn't say how its patches are cut: choose square or vertical.",
            );
        }
    }
    let hint = "The small model that is trained on the frozen embeddings";
    parts::row(ui, "Head", hint, |ui| {
        let options = Head::ALL.map(|head| {
            let name = match head {
                Head::Linear => "linear",
                Head::Ridge => "ridge",
                Head::Mlp => "MLP",
                Head::Knn => "k-NN",
            };
            (head, name, explain_head(head))
        });
        let (response, chosen) = parts::choice(ui, ui.available_width(), &options, form.head);
        form.head = chosen.unwrap_or(form.head);
        response
    });
    let hint = "Which tracks are held back for the test; no track is ever on both sides";
    parts::row(ui, "Protocol", hint, |ui| {
        let options = PROTOCOLS.map(|protocol| {
            let name = match protocol {
                Protocol::Quick => "quick",
                Protocol::Clean => "clean",
                Protocol::Folds(_) => "5 folds",
            };
            (protocol, name, explain_protocol(protocol))
        });
        let (response, chosen) = parts::choice(ui, ui.available_width(), &options, form.protocol);
        form.protocol = chosen.unwrap_or(form.protocol);
        response
    });
    let hint = "Draws the split; the same seed gives the same score";
    parts::row(ui, "Seed", hint, |ui| {
        parts::number(ui, ui.available_width(), DragValue::new(&mut form.seed))
    });
    if form != probing.form {
        out.push(Command::Probe(ProbeCommand::Edit(form)));
    }
}

fn actions(ui: &mut Ui, model: &Model, out: &mut Vec<Command>) {
    let mut push = |command| out.push(Command::Probe(command));
    match &model.probing.running {
        Some(running) => {
            if parts::progress(ui, running) {
                push(ProbeCommand::Cancel);
            }
        }
        None => {
            let labels = model.library.labels().len();
            // Whether there are keys, tags or emotions is found out by the probe, which then says what is missing.
            let ready = match model.probing.form.task {
                Task::Genre => labels > 1,
                Task::Key | Task::Tags | Task::Emotion => model.library.track_count() > 0,
            };
            let hint = if ready {
                "Trains the head on some tracks and scores it on others"
            } else {
                "Open a collection with at least two labels: sub-folders, GTZAN or the demo"
            };
            if parts::primary(ui, ui.available_width(), "Run probe", ready, hint) {
                push(ProbeCommand::Run);
            }
        }
    }
    if parts::copy_command(ui) {
        push(ProbeCommand::Copy);
    }
    if let Some(error) = &model.probing.error {
        parts::error(ui, error);
    }
}

fn notes(ui: &mut Ui, result: &ProbeResult) {
    let report = &result.report;
    parts::heading(ui, "What makes the number honest");
    let split = report.split;
    let mean = if report.folds.is_empty() {
        ""
    } else {
        " in the mean of the folds"
    };
    parts::explain(
        ui,
        format!(
            "Split by track: {} to learn, {} to choose settings, {} to test{mean}.",
            split.train, split.valid, split.test
        ),
    );
    for note in &report.notes {
        parts::explain(ui, note);
    }
    if !report.chosen.is_empty() {
        let chosen = say_chosen(&report.chosen);
        parts::explain(ui, format!("Chosen without the test part: {chosen}."));
    }
    parts::explain(ui, format!("Embeddings: {}.", report.encoder));
}

/// The settings that were chosen, one a fold: what all have in common is said once, "L2 strength 0.01, 0.1".
fn say_chosen(chosen: &[String]) -> String {
    let parted: Option<Vec<(&str, &str)>> = chosen
        .iter()
        .map(|one| {
            let parts = one.rsplit_once(' ');
            parts.filter(|(_, value)| value.parse::<f64>().is_ok())
        })
        .collect();
    match parted.as_deref() {
        Some([(name, _), _, ..]) if parted.iter().flatten().all(|(other, _)| other == name) => {
            let values: Vec<&str> = parted.iter().flatten().map(|(_, value)| *value).collect();
            format!("{name} {} (fold by fold)", values.join(", "))
        }
        _ => chosen.join(", "),
    }
}

/// A share in percent with one digit.
fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

/// A score of a report: accuracies in percent, others as numbers.
fn say(result: &ProbeResult, score: f64) -> String {
    match result.report.metric.as_str() {
        "accuracy" => percent(score),
        _ => format!("{score:.3}"),
    }
}

fn score(ui: &mut Ui, result: &ProbeResult) {
    let report = &result.report;
    let tokens = theme::tokens(ui);
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 2.0 * theme::SPACE_LARGE;
        let big = RichText::new(say(result, report.score))
            .size(theme::TEXT_HUGE)
            .color(tokens.text_strong);
        let hint = match report.metric.as_str() {
            "accuracy" => "Share of the tested tracks whose label was predicted rightly",
            "weighted key score" => {
                "1 for the right key, 0.5 for the fifth above, 0.3 for the relative, 0.2 for the parallel key"
            }
            "ROC-AUC" => {
                "How surely a track with a tag ranks above one without it: 0.5 is chance, 1 is always; mean over tags"
            }
            _ => "Share of the spread that is explained: 1 is all, 0 is always saying the mean; mean over dimensions",
        };
        ui.label(big).on_hover_text(hint);
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = theme::SPACE_SMALL;
            let [low, high] = report.interval;
            let spread = match report.deviation {
                Some(deviation) => format!(
                    " · standard deviation over {} folds: {}",
                    report.folds.len(),
                    match report.metric.as_str() {
                        "accuracy" => format!("{:.1} points", 100.0 * deviation),
                        _ => format!("{deviation:.3}"),
                    }
                ),
                None => String::new(),
            };
            ui.label(format!(
                "{}; 95 % interval {} to {}",
                report.metric,
                say(result, low),
                say(result, high)
            ));
            let weak = theme::small(format!(
                "Best constant answer: {}{spread}",
                say(result, report.baseline)
            ));
            ui.label(weak.color(tokens.text_weak));
        });
    });
}

/// A bar for each tag or dimension.
fn targets(ui: &mut Ui, result: &ProbeResult) {
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

fn list(
    ui: &mut Ui,
    library: &Library,
    result: &ProbeResult,
    cell: Option<(usize, usize)>,
    out: &mut Vec<Command>,
) {
    let listed = result.listed(cell);
    ui.horizontal(|ui| {
        let title = match cell {
            None => format!("Mistakes, the surest first ({})", listed.len()),
            Some((truth, prediction)) if truth == prediction => {
                format!("{} recognised ({})", result.class(truth), listed.len())
            }
            Some((truth, prediction)) => format!(
                "{} taken for {} ({})",
                result.class(truth),
                result.class(prediction),
                listed.len()
            ),
        };
        parts::heading(ui, &title);
        if cell.is_some() {
            ui.with_layout(egui::Layout::right_to_left(Align::Center), |ui| {
                if ui.button("All mistakes").clicked() {
                    out.push(Command::Probe(ProbeCommand::ShowCell(None)));
                }
            });
        }
    });
    if listed.is_empty() {
        parts::explain(ui, "Every tested track was recognised.");
        return;
    }
    ui.spacing_mut().item_spacing.y = 0.0;
    egui::ScrollArea::vertical()
        .id_salt("mistakes")
        .auto_shrink(false)
        .show_rows(ui, ROW_HEIGHT, listed.len(), |ui, rows| {
            for prediction in listed.get(rows).unwrap_or_default() {
                if row(ui, library, result, prediction) {
                    let path = prediction.path.clone();
                    out.push(Command::Probe(ProbeCommand::Choose(path)));
                }
            }
        });
}

/// A track with two lines.
const ROW_HEIGHT: f32 = 11.0 * theme::UNIT;

/// Draws one track; returns whether it was clicked.
fn row(ui: &mut Ui, library: &Library, result: &ProbeResult, prediction: &TrackPrediction) -> bool {
    let tokens = theme::tokens(ui);
    let size = Vec2::new(ui.available_width(), ROW_HEIGHT);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    let name = parts::track_name(library, &prediction.path);
    response.widget_info(|| {
        egui::WidgetInfo::labeled(egui::WidgetType::Button, true, format!("Play {name}"))
    });
    if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(rect, theme::CORNER, tokens.raised);
    }
    let inside = rect.shrink2(Vec2::new(theme::SPACE, theme::UNIT));
    let sure = ui.painter().text(
        inside.right_center(),
        Align2::RIGHT_CENTER,
        percent(prediction.confidence),
        FontId::proportional(theme::TEXT_BODY),
        tokens.text,
    );
    let mut room = inside;
    room.max.x = sure.left() - theme::SPACE;
    let painter = ui.painter().with_clip_rect(room);
    painter.text(
        room.left_top(),
        Align2::LEFT_TOP,
        &name,
        FontId::proportional(theme::TEXT_BODY),
        tokens.text_strong,
    );
    let (truth, predicted) = (
        result.class(prediction.truth),
        result.class(prediction.prediction),
    );
    let text = if prediction.truth == prediction.prediction {
        truth.to_owned()
    } else {
        format!("{truth}, taken for {predicted}")
    };
    painter.text(
        room.left_bottom(),
        Align2::LEFT_BOTTOM,
        text,
        theme::small_font(),
        tokens.text_weak,
    );
    response
        .on_hover_text("The number is the probe's confidence in its prediction; click to play")
        .clicked()
}

fn nothing(ui: &mut Ui, model: &Model) {
    let (title, hint) = if model.probing.running.is_some() {
        (
            "The score is on its way",
            "The windows are embedded first, unless the map did that already; then the head is trained.",
        )
    } else if model.embeddings.asks_patch.is_some() {
        parts::SILENT_CHECKPOINT
    } else if model.library.labels().len() < 2 {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_many_folds_are_named_once() {
        let say = |chosen: &[&str]| {
            let chosen: Vec<String> = chosen.iter().map(|one| (*one).to_owned()).collect();
            say_chosen(&chosen)
        };
        assert_eq!(say(&["L2 strength 0.001"]), "L2 strength 0.001");
        assert_eq!(
            say(&["L2 strength 0.1", "L2 strength 0.001"]),
            "L2 strength 0.1, 0.001 (fold by fold)"
        );
        assert_eq!(
            say(&["5 neighbours", "5 neighbours"]),
            "5 neighbours, 5 neighbours"
        );
    }
}
