//! A probe in use: which one is at hand, and what it said.

use std::{path::PathBuf, sync::Arc};

use mynascope_probe::{Predictions, ProbeReport, TrackAnswer, TrainedProbe};

use super::Sheet;

/// The probe that answers for the shown track and for folders.
#[derive(Debug, Clone)]
pub struct ActiveProbe {
    /// The probe.
    pub probe: Arc<TrainedProbe>,
    /// Where it is kept; `None` until it is saved.
    pub path: Option<PathBuf>,
    /// The report of the run that trained it, in this session.
    pub report: Option<Arc<ProbeReport>>,
}

impl ActiveProbe {
    /// What it is, in one line.
    pub fn describe(&self) -> String {
        let card = &self.probe.card;
        let score = super::scoreboard::format_score(&card.metric, card.score);
        let kept = match &self.path {
            Some(path) => path
                .file_name()
                .map_or_else(String::new, |name| name.display().to_string()),
            None => "not saved".to_owned(),
        };
        let read = match card.encoder.read.as_str() {
            "" => String::new(),
            read => format!(" ({read})"),
        };
        format!(
            "{}, {} head, {} {score} ({}), {}{read}; {kept}",
            card.task, card.head, card.metric, card.protocol, card.encoder.description
        )
    }

    /// Whether it learned from a track, as far as this session knows: its answer there proves little.
    pub fn learned_from(&self, path: &std::path::Path, in_collection: bool) -> bool {
        let Some(report) = self.report.as_ref().filter(|_| in_collection) else {
            return false;
        };
        let tested = report.predictions.iter().map(|one| &one.path);
        let mut tested = tested.chain(report.outputs.iter().map(|one| &one.path));
        // After folds the probe to use learns from nearly all.
        !report.folds.is_empty() || !tested.any(|tested| tested == path)
    }
}

/// What the probe says of the shown track over time.
#[derive(Debug, Clone)]
pub struct PredictionTimeline {
    /// The file of the track.
    pub path: PathBuf,
    /// Its classes, tags or dimensions.
    pub classes: Vec<String>,
    /// Length of a window.
    pub window_secs: f64,
    /// Why there is nothing.
    pub answer: Result<TrackAnswer, String>,
    /// The probe learned from this track.
    pub learned: bool,
}

/// Predictions as a table.
pub fn table(said: &Predictions) -> Sheet {
    let mut heading: Vec<String> = [
        "path",
        "prediction",
        "confidence",
        "problem",
        "seen_in_training",
    ]
    .map(str::to_owned)
    .to_vec();
    heading.extend(said.classes.iter().cloned());
    let mut sheet = vec![heading];
    for track in &said.tracks {
        let answer = track.answer.as_ref();
        let confidence = answer.and_then(|answer| answer.confidence);
        let mut row = vec![
            track.path.display().to_string(),
            answer.map_or_else(String::new, |answer| answer.prediction.clone()),
            confidence.map_or_else(String::new, |share| share.to_string()),
            track.problem.clone().unwrap_or_default(),
            u8::from(track.seen_in_training).to_string(),
        ];
        row.extend((0..said.classes.len()).map(|place| {
            let score = answer.and_then(|answer| answer.scores.get(place));
            score.map_or_else(String::new, f64::to_string)
        }));
        sheet.push(row);
    }
    sheet
}
