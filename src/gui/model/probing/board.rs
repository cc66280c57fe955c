//! Scores beside each other: what was probed in this session, the newest first.

use std::collections::BTreeMap;

use crate::{
    collection::{Collection, CollectionKind},
    gui::model::EncoderSource,
    probe::{ProbeReport, ProbeSettings},
};

use super::Sheet;

/// Runs that are kept.
const MOST_RUNS: usize = 100;

/// A score with all that is needed to compare it.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoreRow {
    /// Which encoder, as it is named in the choice of encoders.
    pub encoder: String,
    /// The collection that was probed.
    pub collection: String,
    pub settings: ProbeSettings,
    /// What kind of collection it is: only some have published scores.
    pub kind: CollectionKind,
    pub metric: String,
    /// All scores by name.
    pub metrics: BTreeMap<String, f64>,
    pub score: f64,
    pub interval: [f64; 2],
    pub baseline: f64,
    /// Standard deviation over folds.
    pub deviation: Option<f64>,
    /// Tracks that were tested, over all folds.
    pub tested: usize,
}

impl ScoreRow {
    /// The row of a report.
    pub fn new(
        report: &ProbeReport,
        settings: ProbeSettings,
        source: &EncoderSource,
        collection: &Collection,
    ) -> Self {
        Self {
            encoder: source.name(),
            collection: collection.name.clone(),
            kind: collection.kind,
            metrics: report.metrics.clone(),
            settings,
            metric: report.metric.clone(),
            score: report.score,
            interval: report.interval,
            baseline: report.baseline,
            deviation: report.deviation,
            tested: report.predictions.len().max(report.outputs.len()),
        }
    }

    /// Whether it answers the same question as another.
    fn is_of(&self, other: &Self) -> bool {
        (&self.encoder, &self.collection, self.settings)
            == (&other.encoder, &other.collection, other.settings)
    }

    /// A score as people read it: accuracies in percent.
    pub fn say(&self, score: f64) -> String {
        match self.metric.as_str() {
            "accuracy" => format!("{:.1} %", 100.0 * score),
            _ => format!("{score:.3}"),
        }
    }
}

/// Adds a row at the top; one that answers the same question goes.
pub fn add(rows: &mut Vec<ScoreRow>, row: ScoreRow) {
    rows.retain(|other| !other.is_of(&row));
    rows.insert(0, row);
    rows.truncate(MOST_RUNS);
}

/// The rows as a table.
pub fn table(rows: &[ScoreRow]) -> Sheet {
    let heading = [
        "encoder",
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
    ];
    let mut sheet = vec![heading.map(str::to_owned).to_vec()];
    for row in rows {
        let [low, high] = row.interval;
        let deviation = row.deviation.map_or_else(String::new, |it| it.to_string());
        sheet.push(vec![
            row.encoder.clone(),
            row.collection.clone(),
            row.settings.task.to_string(),
            row.settings.head.to_string(),
            row.settings.protocol.to_string(),
            row.metric.clone(),
            row.score.to_string(),
            low.to_string(),
            high.to_string(),
            row.baseline.to_string(),
            deviation,
            row.tested.to_string(),
        ]);
    }
    sheet
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_stands_above_and_takes_the_place_of_the_same_question() {
        let row = |encoder: &str, score| ScoreRow {
            encoder: encoder.to_owned(),
            collection: "demo".to_owned(),
            settings: ProbeSettings::default(),
            kind: CollectionKind::Demo,
            metrics: BTreeMap::new(),
            metric: "accuracy".to_owned(),
            score,
            interval: [0.0, 1.0],
            baseline: 0.1,
            deviation: None,
            tested: 16,
        };
        let mut rows = Vec::new();
        add(&mut rows, row("Shipped", 0.5));
        add(&mut rows, row("Untrained", 0.4));
        add(&mut rows, row("Shipped", 0.6));
        let names: Vec<(&str, f64)> = rows
            .iter()
            .map(|it| (it.encoder.as_str(), it.score))
            .collect();
        assert_eq!(names, [("Shipped", 0.6), ("Untrained", 0.4)]);
        assert_eq!(rows[0].say(0.6), "60.0 %");
        assert_eq!(table(&rows)[2][6], "0.4");
    }
}
