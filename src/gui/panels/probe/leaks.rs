//! The leak lamp: how much better a probe looks when it is tested by file, and which tracks of different parts are
//! near-duplicates, both to be heard.

use eframe::egui::{self, Align, Layout, Sense, Ui, vec2};
use mynascope_base::counted;

use crate::gui::{
    command::{Command, MapCommand, ProbeCommand},
    model::{AppState, ProbeJob, format_score},
    panels::{parts, row_from_right},
    theme,
};
use mynascope_probe::{LeakPair, LeakReport, SplitPart, format_interval};

use super::{
    score,
    table::{self, Column, Row},
};

const PAIRS: [Column; 6] = [
    Column::number("cosine", "How alike their most alike windows are", 14.0),
    Column::words("one track", "A click plays it", 2.0),
    Column::words("part", "Where it serves", 0.7),
    Column::words("the other", "A click plays it", 2.0),
    Column::words("part", "Where it serves", 0.7),
    Column::words("labels", "Whether both have the same label", 0.8),
];

const FAULTS: [Column; 1] = [Column::words(
    "known faults, left out of the published split: repeated, mislabelled or broken; a click plays one",
    "Clips that the fault-filtered split leaves out",
    1.0,
)];

/// Draws the lamp, and what was found.
pub fn show(ui: &mut Ui, model: &AppState, out: &mut Vec<Command>) {
    let probing = &model.probing;
    row_from_right(ui, |ui| {
        if parts::copy_command(ui) {
            out.push(Command::Probe(ProbeCommand::Copy(ProbeJob::Leaks)));
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            let why = model.why_not(ProbeJob::Leaks).map(score::sentence);
            let ready = why.is_none();
            let hint = why.as_deref().unwrap_or(
                "Compares the split with ten folds by file, and looks for near-duplicates in different parts",
            );
            let button = egui::Button::new("Look for leaks");
            let response = ui.add_enabled(ready, button);
            let response = response.on_hover_text(hint).on_disabled_hover_text(hint);
            if response.clicked() {
                out.push(Command::Probe(ProbeCommand::FindLeaks));
            }
            match &probing.leaks {
                _ if probing.job.is_running() && probing.started == ProbeJob::Leaks => {
                    parts::quiet(ui, "looking …");
                }
                None => {
                    let text = "Is the test part new to the probe, or has it heard it before?";
                    parts::quiet(ui, text);
                }
                Some(leaks) => lamp(ui, leaks),
            }
        });
    });
    let Some(leaks) = &probing.leaks else {
        return;
    };
    parts::explain(ui, leaks.verdict.words());
    parts::explain(ui, scores(leaks));
    for note in &leaks.notes {
        parts::explain(ui, score::sentence(note));
    }
    ui.spacing_mut().item_spacing.y = 0.0;
    if !leaks.pairs.is_empty() {
        table::heading(ui, &PAIRS, 0, None);
        for pair in &leaks.pairs {
            pair_row(ui, model, pair, out);
        }
        ui.add_space(theme::SPACE);
    }
    if !leaks.faults.is_empty() {
        table::heading(ui, &FAULTS, 0, None);
        let tokens = theme::tokens(ui);
        for path in &leaks.faults {
            let name = parts::track_name(&model.library, path);
            let about = Row {
                name: &format!("Play {name}"),
                clickable: true,
                ..Row::default()
            };
            let cells = [(name.as_str(), tokens.text)];
            if table::row(ui, &FAULTS, &cells, &about).clicked() {
                out.push(Command::Probe(ProbeCommand::Choose(path.clone())));
            }
        }
    }
}

fn lamp(ui: &mut Ui, leaks: &LeakReport) {
    let tokens = theme::tokens(ui);
    let size = vec2(theme::SPACE_LARGE, theme::CONTROL_HEIGHT);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    let colour = match leaks.verdict.is_leak() {
        true => tokens.view_b,
        false => tokens.hairline,
    };
    let painter = ui.painter();
    painter.circle_filled(rect.center(), 1.5 * theme::LABEL_DOT, colour);
    let hint = "Lit when folds by file score more than 2 points above the split and each score lies outside the interval of the \
                other, or when near-duplicates are in different parts";
    response.on_hover_text(hint);
}

/// The numbers that the verdict rests on.
fn scores(leaks: &LeakReport) -> String {
    let format = |value: f64| format_score(&leaks.metric, value);
    let split = if leaks.published {
        "Published split"
    } else {
        "One split"
    };
    let [interval, folds_interval] =
        [leaks.interval, leaks.folds_interval].map(|interval| format_interval(interval, format));
    let gap = match leaks.metric.as_str() {
        "accuracy" => format!("{:+.1} points", 100.0 * leaks.gap),
        _ => format!("{:+.3}", leaks.gap),
    };
    let gap = gap.replace('-', "\u{2212}");
    format!(
        "{split} {} ({interval}), folds by file {} ({folds_interval}): gap {gap}; {} of near-duplicates",
        format(leaks.score),
        format(leaks.folds_score),
        counted(leaks.pairs.len(), "pair")
    )
}

fn part(part: SplitPart) -> &'static str {
    match part {
        SplitPart::Train => "learn",
        SplitPart::Valid => "choose",
        SplitPart::Test => "test",
    }
}

fn pair_row(ui: &mut Ui, model: &AppState, pair: &LeakPair, out: &mut Vec<Command>) {
    let tokens = theme::tokens(ui);
    let cosine = format!("{:.4}", pair.cosine);
    let [one, other] = pair
        .paths
        .each_ref()
        .map(|path| parts::track_name(&model.library, path));
    let [part_of_one, part_of_other] = pair.parts.map(part);
    let labels = if pair.same_label { "same" } else { "differ" };
    let cells = [
        (cosine.as_str(), tokens.text),
        (one.as_str(), tokens.text_strong),
        (part_of_one, tokens.text),
        (other.as_str(), tokens.text_strong),
        (part_of_other, tokens.text),
        (labels, tokens.text),
    ];
    let about = Row {
        name: &format!("{one} and {other} are near-duplicates"),
        ..Row::default()
    };
    let row = table::row(ui, &PAIRS, &cells, &about);
    let places: Vec<egui::Rect> = table::places(&PAIRS, row.rect).collect();
    let sides = pair.paths.iter().zip(pair.start_secs).zip([one, other]);
    for (((path, start), name), column) in sides.zip([1, 3]) {
        let Some(&place) = places.get(column) else {
            continue;
        };
        let response = ui.interact(place, row.id.with(column), Sense::click());
        let name = format!("Play {name}");
        response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Button, true, &name));
        let start_secs = f64::from(start);
        if response
            .on_hover_text("Plays the window that is so alike")
            .clicked()
        {
            let path = path.clone();
            out.push(Command::Map(MapCommand::Choose { path, start_secs }));
        }
    }
}
