//! Scores beside each other: what this user's probes scored, the newest first.

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

/// How the rows are sorted, which are shown, and which two are compared.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BoardView {
    /// The column; the newest come first where there is none.
    pub by: Option<BoardColumn>,
    /// The other way round.
    pub back: bool,
    /// Only scores of this protocol.
    pub protocol: Option<String>,
    /// The first and the second score of the difference, by what they answer.
    pub pair: [Option<String>; 2],
}

/// A column by which the rows are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BoardColumn {
    /// What made the embeddings.
    Encoder,
    /// What was read of it.
    Read,
    /// What was probed.
    Collection,
    /// Task, head and protocol.
    How,
    /// The score, the highest first.
    Score,
    /// The score of the majority baseline: always the same answer.
    Baseline,
    /// Tested tracks.
    Tested,
}

/// What a score answers, in one text: no two rows have the same.
pub fn question(row: &SavedScore) -> String {
    let settings = [row.task.to_string(), row.head.to_string()].join(" ");
    let (protocol, seed) = (row.protocol, row.seed);
    let (encoder, tracks) = (&row.encoder_hash, &row.collection_key);
    format!("{encoder} {tracks} {settings} {protocol} {seed}")
}

impl BoardView {
    /// The rows that are shown, in their order.
    pub fn rows<'a>(&self, runs: &'a [SavedScore]) -> Vec<&'a SavedScore> {
        let wanted = |row: &&SavedScore| {
            let protocol = self.protocol.as_ref();
            protocol.is_none_or(|protocol| *protocol == row.protocol.to_string())
        };
        let mut rows: Vec<&SavedScore> = runs.iter().filter(wanted).collect();
        if let Some(by) = self.by {
            let how = |row: &SavedScore| {
                (
                    row.task.to_string(),
                    row.head.to_string(),
                    row.protocol.to_string(),
                )
            };
            rows.sort_by(|a, b| match by {
                BoardColumn::Encoder => a.encoder.cmp(&b.encoder),
                BoardColumn::Read => a.encoder_read.cmp(&b.encoder_read),
                BoardColumn::Collection => a.collection.cmp(&b.collection),
                BoardColumn::How => how(a).cmp(&how(b)),
                BoardColumn::Score => b.score.total_cmp(&a.score),
                BoardColumn::Baseline => b.baseline.total_cmp(&a.baseline),
                BoardColumn::Tested => b.tested.cmp(&a.tested),
            });
        }
        if self.back {
            rows.reverse();
        }
        rows
    }

    /// Chooses a score as the first (0) or the second (1) of the difference, or takes the choice back.
    pub fn choose(&mut self, side: usize, row: &SavedScore) {
        let question = question(row);
        for (at, chosen) in self.pair.iter_mut().enumerate() {
            let same = chosen.as_deref() == Some(question.as_str());
            match at == side {
                true if same => *chosen = None,
                true => *chosen = Some(question.clone()),
                // A score is not compared with itself.
                false if same => *chosen = None,
                false => {}
            }
        }
    }

    /// The two scores that are compared, where both are there.
    pub fn chosen<'a>(&self, runs: &'a [SavedScore]) -> Option<[&'a SavedScore; 2]> {
        let find = |wanted: &Option<String>| {
            let wanted = wanted.as_ref()?;
            runs.iter().find(|row| question(row) == *wanted)
        };
        let [first, second] = &self.pair;
        Some([find(first)?, find(second)?])
    }
}

/// The protocols of the rows, each once.
pub fn protocols(runs: &[SavedScore]) -> Vec<String> {
    let names: std::collections::BTreeSet<String> =
        runs.iter().map(|row| row.protocol.to_string()).collect();
    names.into_iter().collect()
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
        "majority baseline",
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
            chrono::DateTime::<chrono::Utc>::from(row.time())
                .format("%Y-%m-%d %H:%M")
                .to_string(),
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
    fn rows_are_sorted_filtered_and_chosen_in_pairs() {
        let row = |encoder: &str, score, protocol: &str| {
            let report = ProbeReport {
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
            let settings = ProbeSettings {
                protocol: protocol.parse().unwrap(),
                ..ProbeSettings::default()
            };
            let id = EncoderId {
                hash: encoder.to_owned(),
                ..EncoderId::default()
            };
            SavedScore::of(
                &report,
                settings,
                &collection,
                String::new(),
                encoder.into(),
                &id,
            )
        };
        let runs = [
            row("a", 0.5, "quick"),
            row("b", 0.9, "folds:5"),
            row("c", 0.7, "quick"),
        ];
        let names = |view: &BoardView| -> Vec<String> {
            view.rows(&runs)
                .iter()
                .map(|row| row.encoder.clone())
                .collect()
        };
        let mut view = BoardView::default();
        assert_eq!(names(&view), ["a", "b", "c"]);
        view.by = Some(BoardColumn::Score);
        assert_eq!(names(&view), ["b", "c", "a"]);
        view.protocol = Some("quick".into());
        view.back = true;
        assert_eq!(names(&view), ["a", "c"]);
        assert_eq!(protocols(&runs), ["folds:5", "quick"]);
        view.choose(0, &runs[0]);
        assert_eq!(view.chosen(&runs), None);
        view.choose(1, &runs[2]);
        assert_eq!(
            view.chosen(&runs).unwrap().map(|row| row.encoder.as_str()),
            ["a", "c"]
        );
        view.choose(1, &runs[0]);
        assert_eq!(view.chosen(&runs), None, "not with itself");
    }

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
