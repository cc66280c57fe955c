//! How well each class, tag or dimension is told apart.

use eframe::egui::{Rect, ScrollArea, Sense, Ui, pos2, vec2};
use mynascope_base::counted;

use crate::gui::{model::ProbeResult, panels::parts, theme};
use mynascope_probe::TargetScore;

use super::table::{self, Column, Row};

const OF_CLASSES: [Column; 6] = [
    Column::words("class", "The label", 2.0),
    Column::number("tested", "Tested tracks of this class", 14.0),
    Column::number(
        "precision",
        "Share of the tracks predicted to be of this class that are",
        18.0,
    ),
    Column::number(
        "recall",
        "Share of the tracks of this class that were recognised",
        16.0,
    ),
    Column::number("F1", "Harmonic mean of precision and recall", 14.0),
    Column::words(
        "most often taken for",
        "Where most of its other tracks went",
        2.0,
    ),
];

/// Draws the table.
pub fn show(ui: &mut Ui, result: &ProbeResult) {
    if result.has_classes() {
        classes(ui, result);
    } else {
        bars(ui, result);
    }
}

fn classes(ui: &mut Ui, result: &ProbeResult) {
    let tokens = theme::tokens(ui);
    ui.spacing_mut().item_spacing.y = 0.0;
    table::heading(ui, &OF_CLASSES, result.report.targets.len(), None);
    ScrollArea::vertical()
        .id_salt("classes")
        .auto_shrink(false)
        .show(ui, |ui| {
            for target in &result.report.targets {
                let recall = target.score;
                // A class that nothing was taken for has no precision.
                let precision = target.precision.filter(|_| predicted(result, target) > 0);
                let f1 = precision.map(|p| match p + recall {
                    sum if sum > 0.0 => 2.0 * p * recall / sum,
                    _ => 0.0,
                });
                let share = |value: Option<f64>| {
                    value.map_or_else(|| "\u{2013}".to_owned(), super::score::percent)
                };
                let (tested, precision, recall, f1) = (
                    target.tracks.to_string(),
                    share(precision),
                    share(Some(recall)),
                    share(f1),
                );
                let other = taken_for(result, target).unwrap_or_else(|| "\u{2013}".to_owned());
                let cells = [
                    (target.name.as_str(), tokens.text_strong),
                    (tested.as_str(), tokens.text),
                    (precision.as_str(), tokens.text),
                    (recall.as_str(), tokens.text),
                    (f1.as_str(), tokens.text),
                    (other.as_str(), tokens.text),
                ];
                let about = Row {
                    name: &format!("{}: precision {precision}, recall {recall}", target.name),
                    ..Row::default()
                };
                table::row(ui, &OF_CLASSES, &cells, &about);
            }
        });
}

fn place_of(result: &ProbeResult, target: &TargetScore) -> Option<usize> {
    let mut classes = result.report.classes.iter();
    classes.position(|class| *class == target.name)
}

/// Tracks that were said to be of a class.
fn predicted(result: &ProbeResult, target: &TargetScore) -> usize {
    let Some(class) = place_of(result, target) else {
        return 0;
    };
    let rows = result.report.confusion.iter();
    rows.filter_map(|row| row.get(class)).sum()
}

/// The other class that most of its tracks were taken for, and how many.
fn taken_for(result: &ProbeResult, target: &TargetScore) -> Option<String> {
    let class = place_of(result, target)?;
    let row = result.report.confusion.get(class)?;
    let others = row.iter().enumerate();
    let (other, count) = others
        .filter(|&(at, &count)| at != class && count > 0)
        // The first of equals.
        .rev()
        .max_by_key(|&(_, count)| count)?;
    Some(format!("{} ({count})", result.class(other)))
}

/// Room for the name before a bar, and for the values behind it.
const NAME_WIDTH: f32 = 36.0 * theme::UNIT;
const VALUES_WIDTH: f32 = 60.0 * theme::UNIT;

/// A bar for each tag or dimension.
fn bars(ui: &mut Ui, result: &ProbeResult) {
    let tokens = theme::tokens(ui);
    let [score, precision] = result.score_names();
    let mut sorted: Vec<&TargetScore> = result.report.targets.iter().collect();
    sorted.sort_by(|a, b| b.score.total_cmp(&a.score));
    let second = match precision {
        "" => String::new(),
        precision => format!(", behind it {precision} and tracks with it"),
    };
    parts::quiet(ui, format!("The bar is {score}{second}; the best first"));
    ui.spacing_mut().item_spacing.y = 0.0;
    ScrollArea::vertical()
        .id_salt("targets")
        .auto_shrink(false)
        .show(ui, |ui| {
            for target in sorted {
                let size = vec2(ui.available_width(), theme::ROW_HEIGHT);
                let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
                let name = rect.with_max_x(rect.left() + NAME_WIDTH - theme::SPACE);
                table::write(ui, name, false, &target.name, tokens.text_strong);
                let more = target.precision.map_or_else(String::new, |value| {
                    format!("    {value:.3}    {}", counted(target.tracks, "track"))
                });
                let values = rect.with_min_x(rect.right() - VALUES_WIDTH);
                let text = format!("{:.3}{more}", target.score);
                table::write(ui, values, true, &text, tokens.text);
                let bar = Rect::from_min_max(
                    pos2(rect.left() + NAME_WIDTH, rect.top()),
                    pos2(rect.right() - VALUES_WIDTH, rect.bottom()),
                );
                let mut bar = bar.shrink2(vec2(0.0, 2.0 * theme::UNIT));
                ui.painter().rect_filled(bar, theme::CORNER, tokens.raised);
                bar.max.x = bar.min.x + bar.width() * target.score.clamp(0.0, 1.0) as f32;
                ui.painter().rect_filled(bar, theme::CORNER, tokens.accent);
                response.on_hover_text(format!(
                    "{}: {score} {:.3}, {}",
                    target.name,
                    target.score,
                    counted(target.tracks, "tested track")
                ));
            }
        });
}
