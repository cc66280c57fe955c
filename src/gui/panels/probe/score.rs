//! The score and what it rests on.

use eframe::egui::{self, RichText, Ui};

use crate::gui::{
    model::{ProbeResult, format_score},
    panels::parts,
    theme,
};
use mynascope_probe::{ProbeReport, Protocol, format_interval, head_name, protocol_name};

pub fn notes(ui: &mut Ui, result: &ProbeResult) {
    let report = &result.report;
    parts::heading(ui, "About this score");
    let split = report.split;
    let mean = if report.folds.is_empty() {
        ""
    } else {
        " (mean of the folds)"
    };
    parts::explain(
        ui,
        format!(
            "Split by track: {} for training, {} for validation, {} for the test{mean}.",
            split.train, split.valid, split.test
        ),
    );
    if !report.chosen.is_empty() {
        let chosen = format_chosen(&report.chosen);
        parts::explain(ui, format!("Chosen without the test part: {chosen}."));
    }
    let mask = result.asked.as_ref().map(|(_, source)| source.mask_note());
    let facts: Vec<String> = [report.encoder.to_string()]
        .into_iter()
        .chain(mask)
        .collect();
    parts::explain(ui, format!("Embeddings: {}.", facts.join(", ")));
    if keeps_no_probe(report) {
        parts::explain(ui, NO_PROBE);
    }
    // The first say what the score is worth, the others how it was come by.
    let shown = match report.notes.len() {
        all if all <= NOTES_SHOWN + 1 => all,
        _ => NOTES_SHOWN,
    };
    let (first, rest) = report.notes.split_at(shown);
    for note in first {
        parts::explain(ui, sentence(note));
    }
    if !rest.is_empty() {
        let title = format!("{} more on data and protocol", rest.len());
        let fold = egui::CollapsingHeader::new(theme::small(title)).id_salt("more notes");
        fold.show(ui, |ui| {
            for note in rest {
                parts::explain(ui, sentence(note));
            }
        });
    }
}

/// So many notes on a score are read at once; more are folded away.
const NOTES_SHOWN: usize = 4;

/// What a run of the published protocol leaves for other tracks.
pub const NO_PROBE: &str = "The published protocol keeps no probe: it standardises each part by itself, which cannot be done for other tracks. \
                            Quick, clean and folds keep one.";

/// Whether a report is of a protocol that leaves no probe.
pub fn keeps_no_probe(report: &ProbeReport) -> bool {
    report.protocol == Protocol::Paper.to_string()
}

/// The settings that were chosen, one a fold: what all have in common is said once, "L2 strength 0.01, 0.1".
fn format_chosen(chosen: &[String]) -> String {
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

/// A text with a capital at its beginning.
pub fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(chars).collect()
}

/// A share in percent with one digit.
pub fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

/// A score of a report: accuracies in percent, others as numbers.
pub fn score_text(result: &ProbeResult, score: f64) -> String {
    format_score(&result.report.metric, score)
}

pub fn score(ui: &mut Ui, result: &ProbeResult) {
    let report = &result.report;
    let tokens = theme::tokens(ui);
    let big = RichText::new(score_text(result, report.score))
        .size(theme::TEXT_HUGE)
        .color(tokens.text_strong);
    let hint = match report.metric.as_str() {
        "accuracy" => "Share of the tested tracks whose label was predicted correctly",
        "weighted key score" => {
            "1 for the right key, 0.5 for the fifth above, 0.3 for the relative, 0.2 for the parallel key"
        }
        "ROC-AUC" => {
            "How surely a track with a tag ranks above one without it: 0.5 is chance, 1 is always; mean over tags"
        }
        _ => {
            "Share of the spread that is explained: 1 is all, 0 is always predicting the mean; mean over dimensions"
        }
    };
    ui.spacing_mut().item_spacing.y = theme::SPACE_SMALL;
    ui.label(big).on_hover_text(hint);
    parts::heading(
        ui,
        &format!(
            "{}, {}, {}",
            sentence(&report.metric),
            head_name(&report.head),
            protocol_name(&report.protocol)
        ),
    );
    let interval = format_interval(report.interval, |edge| score_text(result, edge));
    let hint = match report.interval[0] < report.interval[1] {
        true => {
            "With other test tracks of the same kind the score would lie in this interval 95 times out of 100"
        }
        false => {
            "Whichever of the tested tracks are drawn, the score is the same; it does not tell how other tracks would score: \
             test more of them"
        }
    };
    parts::quiet(ui, format!("95 % interval: {interval}")).on_hover_text(hint);
    let baseline = score_text(result, report.baseline);
    parts::quiet(ui, format!("majority baseline {baseline}")).on_hover_text(
        "The score of always giving the same answer, the most common one; a useful encoder scores above it",
    );
    if let Some(deviation) = report.deviation {
        let deviation = match report.metric.as_str() {
            "accuracy" => format!("{:.1} points", 100.0 * deviation),
            _ => format!("{deviation:.3}"),
        };
        let folds = report.folds.len();
        parts::quiet(
            ui,
            format!("standard deviation over {folds} folds {deviation}"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_many_folds_are_named_once() {
        let format = |chosen: &[&str]| {
            let chosen: Vec<String> = chosen.iter().map(|one| (*one).to_owned()).collect();
            format_chosen(&chosen)
        };
        assert_eq!(format(&["L2 strength 0.001"]), "L2 strength 0.001");
        assert_eq!(
            format(&["L2 strength 0.1", "L2 strength 0.001"]),
            "L2 strength 0.1, 0.001 (fold by fold)"
        );
        assert_eq!(
            format(&["5 neighbours", "5 neighbours"]),
            "5 neighbours, 5 neighbours"
        );
    }
}
