//! What is compared, how, and the table that comes of it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::{Head, PairedDifference, ProbeSettings, Protocol, SavedScore, Task, paired_difference};
use mynascope_audio::{Caveats, Channel};
use mynascope_base::named;
use mynascope_encoder::{CheckpointRef, DeviceChoice, LoadOptions, Reading};

/// Which layer of an encoder is probed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LayerChoice {
    /// The one that its authors published, or that was asked for.
    #[default]
    Published,
    /// The one that scores best on the validation tracks of each split or fold; the test tracks are not looked at for it.
    Best,
}

named!(
    LayerChoice,
    "choice of layers",
    LayerChoice::Published => "published",
    LayerChoice::Best => "best",
);

/// An encoder that is compared.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedEncoder {
    /// What people call it.
    pub name: String,
    /// Which it is.
    pub checkpoint: CheckpointRef,
    /// How its file is read.
    pub options: LoadOptions,
    /// Where it computes.
    pub device: DeviceChoice,
}

/// How encoders are compared: the same for all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompareSettings {
    /// The tasks; those that the labels don't allow are left out with the reason.
    pub tasks: Vec<Task>,
    /// The small model.
    pub head: Head,
    /// How tracks are held back for testing.
    pub protocol: Protocol,
    /// Draws the split.
    pub seed: u64,
    /// Which layer is probed.
    pub layers: LayerChoice,
    /// Which channel of a file is embedded.
    pub channel: Channel,
}

impl Default for CompareSettings {
    fn default() -> Self {
        let ProbeSettings {
            head,
            protocol,
            seed,
            ..
        } = ProbeSettings::default();
        Self {
            tasks: Task::ALL.to_vec(),
            head,
            protocol,
            seed,
            layers: LayerChoice::default(),
            channel: Channel::Mean,
        }
    }
}

impl CompareSettings {
    /// What the probe of a task is asked to do.
    pub fn of(&self, task: Task) -> ProbeSettings {
        ProbeSettings {
            task,
            head: self.head,
            protocol: self.protocol,
            seed: self.seed,
        }
    }
}

/// A task that is left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TaskWithoutLabels {
    /// Which one.
    pub task: Task,
    /// What is missing.
    pub why: String,
}

/// The score of an encoder on a task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ComparedScore {
    /// The score with all that is needed to keep it beside others.
    #[serde(flatten)]
    pub score: SavedScore,
    /// The reading that opens the encoder as it was probed; of folds that chose different layers, the most frequent.
    pub reading: Reading,
    /// The layer of each split or fold, where it was chosen: its place in [`mynascope_encoder::EncoderInfo::layers`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<usize>,
    /// Time that the probe took, in seconds.
    pub probe_seconds: f64,
    /// Time that the embeddings took, in seconds, for all tasks together; `None` where they were made before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embed_seconds: Option<f64>,
}

/// What is known of an encoder on a task.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ComparedCell {
    /// It comes later.
    Waiting,
    /// Its score.
    Score(Box<ComparedScore>),
    /// Why there is none.
    Problem(String),
}

impl ComparedCell {
    /// The score, where it is known.
    pub fn score(&self) -> Option<&ComparedScore> {
        match self {
            Self::Score(score) => Some(score),
            Self::Waiting | Self::Problem(_) => None,
        }
    }
}

/// A row of the table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ComparedEncoder {
    /// What people call it.
    pub name: String,
    /// How it was named: `shipped`, `untrained` or a path.
    pub checkpoint: String,
    /// What it is; empty before it was opened.
    pub encoder: String,
    /// Why it has no scores.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// In the order of [`Comparison::tasks`].
    pub scores: Vec<ComparedCell>,
    /// Time that its scores took when they were computed, embeddings included, in seconds.
    pub seconds: f64,
}

/// The difference of two encoders on a task.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ComparedDifference {
    /// The task.
    pub task: Task,
    /// What people call the better one.
    pub first: String,
    /// What people call the other.
    pub second: String,
    /// The first score less the second.
    #[serde(flatten)]
    pub difference: PairedDifference,
}

/// Encoders by tasks.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The collection's name.
    pub collection: String,
    /// The tasks that its labels allow: the columns.
    pub tasks: Vec<Task>,
    /// Those that they don't.
    pub left_out: Vec<TaskWithoutLabels>,
    /// The small model.
    pub head: Head,
    /// How tracks were held back.
    pub protocol: String,
    /// Drew the split.
    pub seed: u64,
    /// Which layer was probed.
    pub layers: LayerChoice,
    /// The rows, in the order in which they were named.
    pub encoders: Vec<ComparedEncoder>,
    /// Tracks without an embedding, each with the reason.
    #[serde(skip)]
    pub skipped: Vec<(PathBuf, String)>,
    /// What is worth telling of how files were decoded.
    #[serde(skip)]
    pub caveats: Vec<(PathBuf, Caveats)>,
    /// Time that it took this time, in seconds.
    pub seconds: f64,
}

impl Comparison {
    /// What is known of an encoder on a task, by their places.
    pub fn cell(&self, encoder: usize, task: usize) -> Option<&ComparedCell> {
        self.encoders.get(encoder)?.scores.get(task)
    }

    /// For every task the best score less each other one, on the same tracks; those that cannot be paired are left out.
    pub fn differences(&self) -> Vec<ComparedDifference> {
        let mut all = Vec::new();
        for (column, &task) in self.tasks.iter().enumerate() {
            let mut scores: Vec<(usize, &ComparedScore)> = self.scores_of(column).collect();
            scores.sort_by(|a, b| b.1.score.score.total_cmp(&a.1.score.score));
            let Some(((_, best), others)) = scores.split_first() else {
                continue;
            };
            all.extend(others.iter().filter_map(|(_, other)| {
                Some(ComparedDifference {
                    task,
                    first: best.score.encoder.clone(),
                    second: other.score.encoder.clone(),
                    difference: paired_difference(&best.score, &other.score).ok()?,
                })
            }));
        }
        all
    }

    /// The scores of a task that are known, by the places of their encoders.
    pub fn scores_of(&self, task: usize) -> impl Iterator<Item = (usize, &ComparedScore)> {
        let rows = self.encoders.iter().enumerate();
        rows.filter_map(move |(place, row)| Some((place, row.scores.get(task)?.score()?)))
    }
}
