//! A probe in use: which one is at hand, and what it said.

use std::{path::PathBuf, sync::Arc};

use mynascope_encoder::CheckpointRef;
use mynascope_probe::{Answer, Predictions, TrackAnswer, TrainedProbe, protocol_name};

use super::Sheet;
use crate::gui::model::name_of_checkpoint;

/// The probe that answers for the shown track and for folders.
#[derive(Debug, Clone)]
pub struct ActiveProbe {
    /// The probe.
    pub probe: Arc<TrainedProbe>,
    /// Where it is kept; `None` until it is saved.
    pub path: Option<PathBuf>,
    /// It was trained on what is open now.
    pub at_home: bool,
    /// It answers for the shown track: it was trained or taken up where that is open, or the user applied it there.
    pub shown: bool,
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
            "{}, {} head, {} {score}, {}, {}{read}; {kept}",
            card.task,
            card.head,
            card.metric,
            protocol_name(&card.protocol),
            card.encoder.description
        )
    }

    /// Which probe speaks, for the strip below the spectrogram: task, head, protocol, encoder, where it learned, and where it
    /// is applied if that is elsewhere.
    pub fn caption(&self, open: Option<&str>) -> String {
        let card = &self.probe.card;
        let mut text = format!(
            "{}: {} head, {}, {}",
            card.task,
            card.head,
            protocol_name(&card.protocol),
            encoder_name(&card.encoder.checkpoint)
        );
        if !card.collection.is_empty() {
            text += &format!(", trained on {}", card.collection);
        }
        match open.filter(|_| !self.at_home) {
            Some(open) => text + &format!(", applied to {open}"),
            None => text,
        }
    }

    /// Whether its score is no better than always giving the same answer.
    pub fn is_at_chance(&self) -> bool {
        let card = &self.probe.card;
        card.score.is_nan() || card.score <= card.baseline
    }

    /// What weakens all that it says: its score, where that is no better than chance.
    pub fn warning(&self) -> Option<String> {
        let card = &self.probe.card;
        let text = |score| super::scoreboard::format_score(&card.metric, score);
        self.is_at_chance().then(|| {
            format!(
                "no better than chance: {} {}, always the same answer {}",
                card.metric,
                text(card.score),
                text(card.baseline)
            )
        })
    }

    /// How sure a window's answer is, from 0 (as sure as a guess among the classes) to 1.
    pub fn strength(&self, answer: &Answer) -> f32 {
        let Some(share) = answer.confidence else {
            return 1.0;
        };
        if self.is_at_chance() {
            return 0.0;
        }
        let guess = match answer.class {
            Some(_) => 1.0 / answer.scores.len().max(2) as f64,
            None => 0.0,
        };
        ((share - guess) / (1.0 - guess)).clamp(0.0, 1.0) as f32
    }
}

fn encoder_name(checkpoint: &str) -> String {
    match checkpoint.parse::<CheckpointRef>() {
        Ok(checkpoint) => name_of_checkpoint(&checkpoint),
        Err(never) => match never {},
    }
}

/// What a track was to the probe that answers for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrackRole {
    /// It learned from it or was chosen by it: the answer proves little.
    InTraining,
    /// It was tested: the answer is of the probe that did not see it, of folds that of its fold.
    HeldOut,
    /// Neither.
    New,
}

impl TrackRole {
    /// In a few words.
    pub fn name(self) -> &'static str {
        match self {
            Self::InTraining => "in training",
            Self::HeldOut => "held out",
            Self::New => "not in training",
        }
    }

    /// In one sentence.
    pub fn help(self) -> &'static str {
        match self {
            Self::InTraining => {
                "The probe was trained or chosen with this track: a right answer proves little"
            }
            Self::HeldOut => {
                "The answers are of a probe that did not see this track: of folds, the one that was tested on it"
            }
            Self::New => "The probe never saw this track",
        }
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
    /// What the track was to a probe; of encoders that answer by themselves nothing.
    pub role: Option<TrackRole>,
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
