//! Several encoders on every task, as the tab shows them.

use crate::gui::model::{AppState, EncoderSource};
use mynascope_probe::{
    CompareSettings, ComparedCell, ComparedScore, Comparison, ProbeSettings, SavedScore,
    format_interval,
};

use super::{Sheet, format_score};

/// A comparison, while it grows and when it is done.
#[derive(Debug, Clone, PartialEq)]
pub struct ShownComparison {
    /// What is known so far.
    pub table: Comparison,
    /// The encoder of each row.
    pub sources: Vec<EncoderSource>,
    /// How they are compared.
    pub settings: CompareSettings,
}

impl ShownComparison {
    /// The probe of a cell: what is asked, and the encoder as it was read there.
    pub fn probe_of(&self, row: usize, column: usize) -> Option<(ProbeSettings, EncoderSource)> {
        let found = self.table.cell(row, column)?.score()?;
        let source = EncoderSource {
            reading: found.reading,
            ..self.sources.get(row)?.clone()
        };
        Some((found.score.settings(), source))
    }

    /// The scores that `before` did not have.
    pub fn new_scores(&self, before: Option<&Self>) -> Vec<SavedScore> {
        let known = |row: usize, column: usize| {
            let before = before.filter(|before| before.sources == self.sources);
            let cell = before.and_then(|before| before.table.cell(row, column));
            cell.is_some_and(|cell| cell.score().is_some())
        };
        let columns = 0..self.table.tasks.len();
        let found = columns.flat_map(|column| {
            let scores = self.table.scores_of(column);
            scores
                .filter(move |(row, _)| !known(*row, column))
                .map(|(_, found)| found.score.clone())
        });
        found.collect()
    }

    /// How far a cell lies between the majority baseline (0) and the best encoder of its task (1).
    pub fn share(&self, row: usize, column: usize) -> f32 {
        let scores = self.table.scores_of(column);
        let best = scores.map(|(_, found)| found.score.score);
        let best = best.fold(f64::NEG_INFINITY, f64::max);
        let Some(found) = self.table.cell(row, column).and_then(ComparedCell::score) else {
            return 0.0;
        };
        let ComparedScore { score, .. } = found;
        let reach = best - score.baseline;
        match reach > 0.0 {
            true => ((score.score - score.baseline) / reach).clamp(0.0, 1.0) as f32,
            false => 0.0,
        }
    }

    /// Everything that is known of a cell, in words.
    pub fn explain(&self, row: usize, column: usize) -> String {
        let (table, mut text) = (&self.table, String::new());
        if let (Some(encoder), Some(task)) = (table.encoders.get(row), table.tasks.get(column)) {
            text = format!("{}, {task}", encoder.name);
            if let Some(why) = &encoder.problem {
                return format!("{text}\n{why}");
            }
        }
        match table.cell(row, column) {
            None | Some(ComparedCell::Waiting) => format!("{text}\nNot scored yet"),
            Some(ComparedCell::Problem(why)) => format!("{text}\n{why}"),
            Some(ComparedCell::Score(found)) => {
                let ComparedScore {
                    score,
                    layers,
                    probe_seconds,
                    embed_seconds,
                    ..
                } = found.as_ref();
                let format = |value| format_score(&score.metric, value);
                let chosen = match layers.is_empty() {
                    true => String::new(),
                    false => ", chosen on validation tracks".to_owned(),
                };
                let embedded = match embed_seconds {
                    Some(seconds) => format!("embedded in {seconds:.1} s"),
                    None => "embedded before".to_owned(),
                };
                format!(
                    "{text}\n{}{chosen}\n{} {}, 95 % interval {}\nmajority baseline {}, {} tested tracks\n{embedded}, \
                     probe {probe_seconds:.1} s\nA click opens this probe",
                    score.encoder_read,
                    score.metric,
                    format(score.score),
                    format_interval(score.interval, format),
                    format(score.baseline),
                    score.tested
                )
            }
        }
    }

    /// The comparison as a table, a row for each cell.
    pub(super) fn sheet(&self) -> Sheet {
        let heading = [
            "encoder",
            "task",
            "layer and readout",
            "metric",
            "score",
            "interval from",
            "interval to",
            "majority baseline",
            "tested tracks",
            "embedding seconds",
            "probe seconds",
            "problem",
        ];
        let mut sheet = vec![heading.map(str::to_owned).to_vec()];
        for row in &self.table.encoders {
            for (task, cell) in self.table.tasks.iter().zip(&row.scores) {
                let mut line = vec![row.name.clone(), task.to_string()];
                match cell {
                    ComparedCell::Score(found) => {
                        let score = &found.score;
                        let seconds = found.embed_seconds;
                        line.extend([
                            score.encoder_read.clone(),
                            score.metric.clone(),
                            score.score.to_string(),
                            score.interval[0].to_string(),
                            score.interval[1].to_string(),
                            score.baseline.to_string(),
                            score.tested.to_string(),
                            seconds.map_or_else(String::new, |it| it.to_string()),
                            found.probe_seconds.to_string(),
                            String::new(),
                        ]);
                    }
                    ComparedCell::Waiting | ComparedCell::Problem(_) => {
                        line.resize(heading.len() - 1, String::new());
                        line.push(match (&row.problem, cell) {
                            (Some(why), _) | (None, ComparedCell::Problem(why)) => why.clone(),
                            (None, _) => "not scored yet".to_owned(),
                        });
                    }
                }
                sheet.push(line);
            }
        }
        sheet
    }
}

impl AppState {
    /// How encoders are compared: as the form of the probe says, on all tasks.
    pub fn compare_settings(&self) -> CompareSettings {
        let form = self.probing.form;
        CompareSettings {
            head: form.head,
            protocol: form.protocol,
            seed: form.seed,
            layers: self.probing.view.layers,
            channel: self.embeddings.source.channel,
            ..CompareSettings::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mynascope_probe::{ComparedEncoder, Head, LayerChoice, Protocol, Task};

    fn score(score: f64) -> ComparedCell {
        let json = serde_json::json!({
            "format": 1, "collection": "c", "collection_key": "k", "kind": "folder", "task": "key", "head": "linear",
            "protocol": "quick", "seed": 0, "encoder": "e", "encoder_hash": "h", "encoder_read": "block 2, mean",
            "metric": "weighted key score", "score": score, "interval": [0.1, 0.5], "metrics": {}, "baseline": 0.2,
            "deviation": null, "tested": 12, "unix_secs": 0, "reading": {"layer": 2}, "layers": [2],
            "probe_seconds": 0.5
        });
        ComparedCell::Score(serde_json::from_value(json).unwrap())
    }

    fn shown(cells: [ComparedCell; 3]) -> ShownComparison {
        let row = |cell: ComparedCell| ComparedEncoder {
            name: "Shipped".into(),
            checkpoint: "shipped".into(),
            encoder: String::new(),
            problem: None,
            scores: vec![cell],
            seconds: 0.5,
        };
        ShownComparison {
            table: Comparison {
                collection: "c".into(),
                tasks: vec![Task::Key],
                left_out: Vec::new(),
                head: Head::Linear,
                protocol: Protocol::Quick.to_string(),
                seed: 0,
                layers: LayerChoice::Best,
                encoders: cells.map(row).to_vec(),
                skipped: Vec::new(),
                caveats: Vec::new(),
                seconds: 0.0,
            },
            sources: vec![EncoderSource::default(); 3],
            settings: CompareSettings::default(),
        }
    }

    #[test]
    fn a_cell_is_explained_and_opens_its_probe_on_the_layer_that_was_chosen() {
        let shown = shown([
            score(0.4),
            score(0.1),
            ComparedCell::Problem("no track has a key".into()),
        ]);
        let text = shown.explain(0, 0);
        assert!(
            text.contains("block 2, mean, chosen on validation tracks"),
            "{text}"
        );
        assert!(
            text.contains("0.400, 95 % interval 0.100 to 0.500"),
            "{text}"
        );
        assert!(shown.explain(2, 0).ends_with("no track has a key"));
        let (form, source) = shown.probe_of(0, 0).unwrap();
        assert_eq!((form.task, source.reading.layer), (Task::Key, Some(2)));
        assert_eq!(shown.probe_of(2, 0), None);
        let shares = [0, 1, 2].map(|row| shown.share(row, 0));
        assert_eq!(shares, [1.0, 0.0, 0.0], "below the baseline is nothing");
        let sheet = shown.sheet();
        assert!(sheet.iter().all(|line| line.len() == sheet[0].len()));
    }

    #[test]
    fn only_scores_that_are_new_are_kept() {
        let before = shown([score(0.4), ComparedCell::Waiting, ComparedCell::Waiting]);
        let after = shown([score(0.4), score(0.3), ComparedCell::Waiting]);
        let new: Vec<f64> = (after.new_scores(Some(&before)).iter())
            .map(|score| score.score)
            .collect();
        assert_eq!(new, [0.3]);
        assert_eq!(after.new_scores(None).len(), 2);
    }
}
