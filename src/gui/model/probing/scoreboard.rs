//! Scores beside each other: what this user's probes scored, the newest first.

use crate::gui::model::format_time;
use mynascope_probe::SavedScore;

use super::Sheet;

/// Rows that are shown; older ones stay in the file.
const MOST_RUNS: usize = 200;

/// A score as people read it: accuracies in percent.
pub fn format_score(metric: &str, score: f64) -> String {
    match metric {
        _ if !score.is_finite() => "not defined".to_owned(),
        "accuracy" => format!("{:.1} %", 100.0 * score),
        _ => format!("{score:.3}"),
    }
}

/// Adds a row at the top; one that answers the same question goes.
pub fn add(rows: &mut Vec<SavedScore>, row: SavedScore) {
    rows.retain(|other| !other.answers_as(&row));
    rows.insert(0, row);
    rows.truncate(MOST_RUNS);
}

/// Adds older rows at the end; those whose question has an answer above stay away.
pub fn append(rows: &mut Vec<SavedScore>, older: Vec<SavedScore>) {
    for row in older {
        if !rows.iter().any(|other| other.answers_as(&row)) {
            rows.push(row);
        }
    }
    rows.truncate(MOST_RUNS);
}

/// The rows as a table.
pub fn table(rows: &[SavedScore]) -> Sheet {
    let heading = [
        "encoder",
        "layer and readout",
        "collection",
        "task",
        "head",
        "protocol",
        "metric",
        "score",
        "interval from",
        "interval to",
        "best constant answer",
        "standard deviation over folds",
        "tested tracks",
        "encoder hash",
        "date (UTC)",
    ];
    let mut sheet = vec![heading.map(str::to_owned).to_vec()];
    for row in rows {
        let [low, high] = row.interval;
        let deviation = row.deviation.map_or_else(String::new, |it| it.to_string());
        sheet.push(vec![
            row.encoder.clone(),
            row.encoder_read.clone(),
            row.collection.clone(),
            row.task.to_string(),
            row.head.to_string(),
            row.protocol.to_string(),
            row.metric.clone(),
            row.score.to_string(),
            low.to_string(),
            high.to_string(),
            row.baseline.to_string(),
            deviation,
            row.tested.to_string(),
            row.encoder_hash.clone(),
            format_time(row.time()),
        ]);
    }
    sheet
}

#[cfg(test)]
mod tests {
    use super::*;
    use mynascope_collection::{Collection, CollectionKind};
    use mynascope_probe::{EncoderId, ProbeReport, ProbeSettings};

    #[test]
    fn the_newest_stands_above_and_takes_the_place_of_the_same_question() {
        let row = |encoder: &str, score| {
            let report = ProbeReport {
                metric: "accuracy".into(),
                score,
                ..ProbeReport::default()
            };
            let collection = Collection {
                name: "demo".into(),
                kind: CollectionKind::Demo,
                tracks: Vec::new(),
                split: None,
                notes: Vec::new(),
            };
            let id = EncoderId {
                hash: encoder.to_owned(),
                ..EncoderId::default()
            };
            let (settings, name) = (ProbeSettings::default(), encoder.to_owned());
            SavedScore::of(&report, settings, &collection, String::new(), name, &id)
        };
        let mut rows = Vec::new();
        add(&mut rows, row("Shipped", 0.5));
        add(&mut rows, row("Untrained", 0.4));
        add(&mut rows, row("Shipped", 0.6));
        append(
            &mut rows,
            vec![row("Untrained", 0.1), row("bells-2/step-300", 0.7)],
        );
        let names: Vec<(&str, f64)> = rows
            .iter()
            .map(|it| (it.encoder.as_str(), it.score))
            .collect();
        assert_eq!(
            names,
            [
                ("Shipped", 0.6),
                ("Untrained", 0.4),
                ("bells-2/step-300", 0.7)
            ]
        );
        assert_eq!(format_score(&rows[0].metric, 0.6), "60.0 %");
        assert_eq!(table(&rows)[2][7], "0.4");
    }
}
