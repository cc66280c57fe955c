//! The scoreboard: this user's scores beside each other, and published ones.

use eframe::egui::{ScrollArea, Ui};
use egui_phosphor::regular as icon;

use crate::gui::{
    command::{Command, ProbeCommand},
    model::{AppState, format_score, format_time},
    panels::parts,
    theme,
};
use mynascope_probe::{SavedScore, format_interval};

use super::{
    published,
    table::{self, Column, Row},
};

const RUNS: [Column; 8] = [
    Column::words("encoder", "What made the embeddings", 1.8),
    Column::words(
        "layer, readout",
        "What was read of the encoder; scores of earlier versions don't say",
        1.7,
    ),
    Column::words("collection", "What was probed", 1.2),
    Column::words("task, head, protocol", "How it was probed", 2.0),
    Column::number("score", "Over the tested tracks", 16.0),
    Column::number(
        "95 % interval",
        "With other test tracks of the same kind the score would lie in here 95 times of 100",
        32.0,
    ),
    Column::number("constant", "What always saying the same would score", 15.0),
    Column::number("tested", "Tracks that were tested", 12.0),
];

/// Draws the tab.
pub fn show(ui: &mut Ui, model: &AppState, out: &mut Vec<Command>) {
    let probing = &model.probing;
    let mut push = |command| out.push(Command::Probe(command));
    ScrollArea::vertical()
        .id_salt("scoreboard")
        .auto_shrink(false)
        .show(ui, |ui| {
            if probing.runs.is_empty() {
                parts::explain(
                    ui,
                    "Every probe that is run leaves a row here, and it stays for the next start. The tab Compare scores \
                     several encoders at once: a score means something only beside that of an encoder that learned \
                     nothing.",
                );
            } else {
                ui.spacing_mut().item_spacing.y = 0.0;
                table::heading(ui, &RUNS, 0, None);
                for run in &probing.runs {
                    run_row(ui, run, &mut push);
                }
            }
            if let Some((count, file)) = &probing.unreadable {
                let what = match count {
                    1 => "1 line is no score of this version and stays in the file as it is".to_owned(),
                    count => format!(
                        "{count} lines are no scores of this version and stay in the file as they are"
                    ),
                };
                parts::explain(ui, format!("{what}: {}", file.display()));
            }
            ui.spacing_mut().item_spacing.y = 0.0;
            published::show(ui, model, &probing.published);
        });
}

fn run_row(ui: &mut Ui, run: &SavedScore, push: &mut impl FnMut(ProbeCommand)) {
    let tokens = theme::tokens(ui);
    let how = format!("{}, {}, {}", run.task, run.head, run.protocol);
    let format = |score| format_score(&run.metric, score);
    let (score, interval) = (format(run.score), format_interval(run.interval, format));
    let (constant, tested) = (format(run.baseline), run.tested.to_string());
    let time = format_time(run.time());
    let cells = [
        (run.encoder.as_str(), tokens.text_strong),
        (run.encoder_read.as_str(), tokens.text),
        (run.collection.as_str(), tokens.text),
        (how.as_str(), tokens.text),
        (score.as_str(), tokens.text_strong),
        (interval.as_str(), tokens.text),
        (constant.as_str(), tokens.text),
        (tested.as_str(), tokens.text),
    ];
    let read = match run.encoder_read.as_str() {
        "" => String::new(),
        read => format!(" ({read})"),
    };
    let help = format!(
        "{}, seed {}, on {} by {}{read}, {time} UTC; a click takes over its settings, a right click removes it",
        run.metric, run.seed, run.collection, run.encoder
    );
    let about = Row {
        name: &format!("{}{read} {score} ({how})", run.encoder),
        help: &help,
        clickable: true,
        ..Row::default()
    };
    let row = table::row(ui, &RUNS, &cells, &about);
    row.context_menu(|ui| {
        let button = ui.button(format!("{}  Remove this score", icon::TRASH));
        let hint = "Takes the score off the scoreboard and out of the file";
        if button.on_hover_text(hint).clicked() {
            push(ProbeCommand::RemoveScore(Box::new(run.clone())));
            ui.close();
        }
    });
    if row.clicked() {
        push(ProbeCommand::Edit(run.settings()));
    }
}
