//! The scoreboard: this user's scores beside each other, and published ones.

use eframe::egui::{Label, RichText, ScrollArea, Sense, Ui, WidgetInfo, WidgetType};
use egui_phosphor::regular as icon;

use crate::gui::{
    command::{Command, ProbeCommand},
    model::{
        AppState, BoardColumn, BoardView, board_protocols, format_score, format_time, question,
    },
    panels::parts,
    theme,
};
use mynascope_probe::{SavedScore, format_interval, protocol_name};

use super::{
    published,
    table::{self, Column, Row},
};

const RUNS: [Column; 10] = [
    Column::number(
        "A",
        "A click chooses the score that the other is taken from",
        5.0,
    ),
    Column::number(
        "B",
        "A click chooses the score that is taken from the other",
        5.0,
    ),
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
        "With other test tracks of the same kind the score would lie in this interval 95 times out of 100",
        32.0,
    ),
    Column::number(
        "baseline",
        "Majority baseline: the score of always giving the same answer",
        15.0,
    ),
    Column::number("tested", "Tracks that were tested", 12.0),
];

/// By what a click on a heading sorts, in the order of the columns.
const SORTED: [Option<BoardColumn>; 10] = [
    None,
    None,
    Some(BoardColumn::Encoder),
    Some(BoardColumn::Read),
    Some(BoardColumn::Collection),
    Some(BoardColumn::How),
    Some(BoardColumn::Score),
    Some(BoardColumn::Score),
    Some(BoardColumn::Baseline),
    Some(BoardColumn::Tested),
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
                protocols(ui, model, &mut push);
                difference(ui, model);
                ui.spacing_mut().item_spacing.y = 0.0;
                heading(ui, model, &mut push);
                let board = &probing.view.board;
                for run in board.rows(&probing.runs) {
                    run_row(ui, board, run, &mut push);
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

/// Which protocol's scores are shown: those of different ones are not to be compared.
fn protocols(ui: &mut Ui, model: &AppState, push: &mut impl FnMut(ProbeCommand)) {
    let probing = &model.probing;
    let names = board_protocols(&probing.runs);
    if names.len() < 2 {
        return;
    }
    let chosen = &probing.view.board.protocol;
    let hint = "Shows the scores of one protocol alone";
    let all = std::iter::once((None, "all protocols", hint));
    let each = names.iter().enumerate();
    let options: Vec<(Option<usize>, &str, &str)> = all
        .chain(each.map(|(at, name)| (Some(at), name.as_str(), hint)))
        .collect();
    let current = names.iter().position(|name| chosen.as_ref() == Some(name));
    let width = ui
        .available_width()
        .min(options.len() as f32 * 30.0 * theme::UNIT);
    if let (_, Some(at)) = parts::choice(ui, width, &options, current) {
        let protocol = at.and_then(|at| names.get(at).cloned());
        push(ProbeCommand::edit_view(model, |view| {
            view.board.protocol = protocol;
        }));
    }
}

/// How far apart the two chosen scores are.
fn difference(ui: &mut Ui, model: &AppState) {
    let probing = &model.probing;
    match &probing.difference {
        Some(Ok(words)) => {
            let colour = theme::tokens(ui).text_strong;
            ui.add(Label::new(RichText::new(words).color(colour)).wrap());
        }
        Some(Err(why)) => parts::explain(ui, why),
        None => parts::explain(
            ui,
            "A click on A and B of two rows compares them track by track: which is better, or that they are not told apart.",
        ),
    }
}

fn heading(ui: &mut Ui, model: &AppState, push: &mut impl FnMut(ProbeCommand)) {
    let board = &model.probing.view.board;
    let sorted = SORTED.iter().position(|by| by.is_some() && *by == board.by);
    let sorted = (sorted.unwrap_or(usize::MAX), board.back);
    let clicked = table::heading(ui, &RUNS, 0, Some(sorted));
    if let Some(by) = clicked.and_then(|at| SORTED.get(at).copied().flatten()) {
        let back = board.by == Some(by) && !board.back;
        push(ProbeCommand::edit_view(model, |view| {
            view.board.by = Some(by);
            view.board.back = back;
        }));
    }
}

fn run_row(ui: &mut Ui, board: &BoardView, run: &SavedScore, push: &mut impl FnMut(ProbeCommand)) {
    let tokens = theme::tokens(ui);
    let question = question(run);
    let marks = board
        .pair
        .each_ref()
        .map(|chosen| match chosen.as_ref() == Some(&question) {
            true => (icon::RADIO_BUTTON, tokens.accent),
            false => (icon::CIRCLE, tokens.text_weak),
        });
    let how = format!(
        "{}, {}, {}",
        run.task,
        run.head,
        protocol_name(&run.protocol.to_string())
    );
    let format = |score| format_score(&run.metric, score);
    let (score, interval) = (format(run.score), format_interval(run.interval, format));
    let (constant, tested) = (format(run.baseline), run.tested.to_string());
    let time = format_time(run.time());
    let cells = [
        marks[0],
        marks[1],
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
        "{}, seed {}, on {} by {}{read}, {time}; a click takes over its settings, a right click removes it",
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
    for ((side, place), letter) in table::places(&RUNS, row.rect)
        .take(2)
        .enumerate()
        .zip(["A", "B"])
    {
        let response = ui.interact(place, row.id.with(side), Sense::click());
        let name = format!("{letter}: {}{read} {score} ({how})", run.encoder);
        response.widget_info(|| WidgetInfo::labeled(WidgetType::RadioButton, true, &name));
        if response.clicked() {
            push(ProbeCommand::Pair(side, Box::new(run.clone())));
        }
    }
    if row.clicked() {
        push(ProbeCommand::Edit(run.settings()));
    }
}
