//! The scoreboard: scores of this session beside each other.

use eframe::egui::{Align, Layout, ScrollArea, Ui};

use crate::gui::{
    command::Command,
    model::{Model, ProbeCommand, ScoreRow},
    panels::{parts, row_from_right},
    theme,
};

use super::{
    published,
    table::{self, Column, Row},
};

const RUNS: [Column; 8] = [
    Column::words("encoder", "What made the embeddings", 2.0),
    Column::words("collection", "What was probed", 2.0),
    Column::words("task, head, protocol", "How it was probed", 2.6),
    Column::words("metric", "What the score is", 1.4),
    Column::number("score", "Over the tested tracks", 16.0),
    Column::number(
        "95 % interval",
        "With other test tracks of the same kind the score would lie in here 95 times of 100",
        32.0,
    ),
    Column::number("constant", "What always saying the same would score", 16.0),
    Column::number("tested", "Tracks that were tested", 12.0),
];

/// Draws the tab.
pub fn show(ui: &mut Ui, model: &Model, out: &mut Vec<Command>) {
    let probing = &model.probing;
    let mut push = |command| out.push(Command::Probe(command));
    row_from_right(ui, |ui| {
        let own = model.own_checkpoint().is_some();
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            let ready = model.library.track_count() > 0 && probing.running.is_none();
            let hint = "Probes shipped and untrained encoder, and your own checkpoint where one is chosen or was trained, \
                        with the settings at the left";
            if parts::primary(ui, 44.0 * theme::UNIT, "Compare encoders", ready, hint) {
                push(ProbeCommand::Compare);
            }
            let text = match own {
                true => "shipped, untrained and your own checkpoint, with the settings at the left",
                false => "shipped and untrained; choose a file as the encoder to have your own beside them",
            };
            parts::quiet(ui, text).on_hover_text(text);
        });
    });
    ScrollArea::vertical()
        .id_salt("scoreboard")
        .auto_shrink(false)
        .show(ui, |ui| {
            if probing.runs.is_empty() {
                parts::explain(
                    ui,
                    "Every probe that is run leaves a row here. Compare encoders runs the probe for several at once: a \
                     score means something only beside that of an encoder that learned nothing.",
                );
            } else {
                ui.spacing_mut().item_spacing.y = 0.0;
                table::heading(ui, &RUNS, 0, None);
                for run in &probing.runs {
                    run_row(ui, run, &mut push);
                }
            }
            ui.spacing_mut().item_spacing.y = 0.0;
            published::show(ui, model, &probing.published);
        });
}

fn run_row(ui: &mut Ui, run: &ScoreRow, push: &mut impl FnMut(ProbeCommand)) {
    let tokens = theme::tokens(ui);
    let settings = run.settings;
    let how = format!(
        "{}, {}, {}",
        settings.task, settings.head, settings.protocol
    );
    let [low, high] = run.interval.map(|edge| run.say(edge));
    let (score, interval) = (run.say(run.score), format!("{low} to {high}"));
    let (constant, tested) = (run.say(run.baseline), run.tested.to_string());
    let cells = [
        (run.encoder.as_str(), tokens.text_strong),
        (run.collection.as_str(), tokens.text),
        (how.as_str(), tokens.text),
        (run.metric.as_str(), tokens.text),
        (score.as_str(), tokens.text_strong),
        (interval.as_str(), tokens.text),
        (constant.as_str(), tokens.text),
        (tested.as_str(), tokens.text),
    ];
    let about = Row {
        name: &format!("{} {score} ({how})", run.encoder),
        help: "A click takes over its settings",
        clickable: true,
        ..Row::default()
    };
    if table::row(ui, &RUNS, &cells, &about).clicked() {
        push(ProbeCommand::Edit(settings));
    }
}
