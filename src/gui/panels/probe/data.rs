//! What there was to learn and test with: tracks of each part, and files that are missing or broken.

use eframe::egui::{ScrollArea, Ui};

use crate::gui::{
    command::{Command, ProbeCommand},
    model::{AppState, ProbeResult},
    panels::parts,
    theme,
};

use super::{
    leaks,
    table::{self, Column, Row},
};

const PARTS: [Column; 5] = [
    Column::words("tracks", "Which tracks are counted", 2.0),
    Column::number("train", "Tracks that the head is trained on", 16.0),
    Column::number("validation", "Tracks that settings are chosen on", 16.0),
    Column::number(
        "test",
        "Tracks that the score is about; looked at once",
        16.0,
    ),
    Column::number("all", "Together", 16.0),
];

const BROKEN: [Column; 2] = [
    Column::words("track", "The file", 1.0),
    Column::words("why it was left out", "The error when it was read", 2.5),
];

/// Draws counts, notes and the list of broken files.
pub fn show(ui: &mut Ui, model: &AppState, result: &ProbeResult, out: &mut Vec<Command>) {
    let tokens = theme::tokens(ui);
    let found = &result.found;
    ui.spacing_mut().item_spacing.y = 0.0;
    table::heading(ui, &PARTS, 0, None);
    let mut line = |name: &str, counts: [Option<usize>; 4]| {
        let counts = counts.map(|count| count.map_or_else(String::new, |it| it.to_string()));
        let mut cells = vec![(name, tokens.text_strong)];
        cells.extend(counts.iter().map(|count| (count.as_str(), tokens.text)));
        let about = Row {
            name,
            ..Row::default()
        };
        table::row(ui, &PARTS, &cells, &about);
    };
    line("in the collection", [None, None, None, Some(found.tracks)]);
    if let Some(split) = found.published {
        let all = split.train + split.valid + split.test;
        let parts = [split.train, split.valid, split.test, all].map(Some);
        line("found of the published split", parts);
    }
    let split = result.report.split;
    let all = split.train + split.valid + split.test;
    let used = match result.report.folds.is_empty() {
        true => "used by this probe",
        false => "used by this probe, mean of the folds",
    };
    line(used, [split.train, split.valid, split.test, all].map(Some));
    let broken = found.broken.len();
    line("missing or broken", [None, None, None, Some(broken)]);
    ui.add_space(theme::SPACE_LARGE);
    ui.spacing_mut().item_spacing.y = theme::SPACE_SMALL;
    ScrollArea::vertical()
        .id_salt("data")
        .auto_shrink(false)
        .show(ui, |ui| {
            for note in &found.notes {
                parts::explain(ui, note);
            }
            leaks::show(ui, model, out);
            ui.spacing_mut().item_spacing.y = theme::SPACE_SMALL;
            if found.broken.is_empty() {
                return parts::explain(ui, "Every track could be read.");
            }
            ui.add_space(theme::SPACE);
            ui.spacing_mut().item_spacing.y = 0.0;
            table::heading(ui, &BROKEN, 0, None);
            for track in &found.broken {
                let cells = [
                    (track.title.as_str(), tokens.text_strong),
                    (track.why.as_str(), tokens.text),
                ];
                let about = Row {
                    name: &format!("Show {}", track.title),
                    help: &format!("{}\n{}", track.why, track.path.display()),
                    clickable: true,
                    ..Row::default()
                };
                if table::row(ui, &BROKEN, &cells, &about).clicked() {
                    let path = track.path.clone();
                    out.push(Command::Probe(ProbeCommand::Choose(path)));
                }
            }
        });
}
