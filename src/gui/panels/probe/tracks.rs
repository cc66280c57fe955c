//! Every tested track with what was said about it, sorted by any column.

use eframe::egui::{ScrollArea, Ui};
use egui_phosphor::regular as icon;

use crate::gui::{
    command::{Command, ProbeCommand},
    model::{AnswerColumn, AnswerSort, AppState, ProbeResult},
    theme,
};

use super::table::{self, Column, Row};

/// The columns in their order, for tasks with classes.
const COLUMNS: [(AnswerColumn, Column); 5] = [
    (
        AnswerColumn::Track,
        Column::words("track", "The tested track", 3.0),
    ),
    (
        AnswerColumn::Truth,
        Column::words("true", "What the collection says", 1.5),
    ),
    (
        AnswerColumn::Said,
        Column::words("predicted", "What the probe says", 2.0),
    ),
    (
        AnswerColumn::Weight,
        Column::number(
            "confidence",
            "How sure the probe was of what it said, as the share of that class",
            22.0,
        ),
    ),
    (
        AnswerColumn::Right,
        Column::number("right", "Whether it is right", 12.0),
    ),
];

/// Draws the list.
pub fn show(ui: &mut Ui, model: &AppState, result: &ProbeResult, out: &mut Vec<Command>) {
    let probing = &model.probing;
    let tokens = theme::tokens(ui);
    let mut columns = COLUMNS.map(|(_, column)| column);
    if !result.has_classes()
        && let Some(column) = columns.get_mut(3)
    {
        column.name = "off";
        column.help = "How far off the worst of its tags or dimensions is: tracks without the tag that are ranked above, \
                       or the difference";
    }
    ui.spacing_mut().item_spacing.y = 0.0;
    let by = |column: &(AnswerColumn, Column)| column.0 == probing.view.sort.by;
    let sorted = COLUMNS.iter().position(by).unwrap_or(0);
    let back = probing.view.sort.back;
    if let Some(&(by, _)) = table::heading(ui, &columns, probing.order.len(), Some((sorted, back)))
        .and_then(|at| COLUMNS.get(at))
    {
        let sort = AnswerSort {
            by,
            back: by == probing.view.sort.by && !back,
        };
        let sorted = ProbeCommand::edit_view(model, |view| view.sort = sort);
        out.push(Command::Probe(sorted));
    }
    let playing = model.library.selected_track().map(|track| &track.path);
    ScrollArea::vertical()
        .id_salt("answers")
        .auto_shrink(false)
        .show_rows(ui, theme::ROW_HEIGHT, probing.order.len(), |ui, range| {
            let places = probing.order.get(range).unwrap_or_default();
            for answer in places.iter().filter_map(|&place| result.answers.get(place)) {
                let right = match (answer.right, result.has_classes()) {
                    (true, _) => icon::CHECK,
                    (false, true) => icon::X,
                    (false, false) => "",
                };
                let cells = [
                    (answer.title.as_str(), tokens.text_strong),
                    (answer.truth.as_str(), tokens.text),
                    (answer.said.as_str(), tokens.text),
                    (answer.weight_text.as_str(), tokens.text),
                    (
                        right,
                        if answer.right {
                            tokens.text_weak
                        } else {
                            tokens.text_strong
                        },
                    ),
                ];
                let about = Row {
                    name: &format!("Play {}", answer.title),
                    help: "A click plays it",
                    chosen: playing == Some(&answer.path),
                    clickable: true,
                };
                if table::row(ui, &columns, &cells, &about).clicked() {
                    let path = answer.path.clone();
                    out.push(Command::Probe(ProbeCommand::Choose(path)));
                }
            }
        });
}
