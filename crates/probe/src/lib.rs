//! Small heads on frozen embeddings, and how well they do.
//!
//! [`probe_collection`] gives one score with all that is known about it; [`train_probe`] gives the probe too, which is
//! kept ([`TrainedProbe`]) and answers for other tracks ([`predict_collection`]). Scores are drawn against the mask ratio
//! ([`mask_curve`]), the number of labelled tracks ([`few_shot`]) and the layer ([`layer_sweep`]); [`leak_report`] tells
//! how far a split can be trusted, [`published_scores`] what others have scored, and [`read_scores`] what this user's probes
//! scored before. [`compare`] scores several encoders on every task that the labels allow, and [`diagnose`] measures layers
//! without labels. Every one of them takes a watch, so
//! that the window and the command line can stop it and tell how far it is.
//!
//! A crate of its own: heads and scores need tables of embeddings, but no training loop and no window.

// Tests may unwrap, index and panic: a failing test is what those are for.
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

mod compare;
mod curve;
mod data;
mod diagnose;
mod few_shot;
mod heads;
mod held_out;
mod layers;
mod leak;
mod linear;
mod logistic;
mod made_by;
mod matching;
pub mod metrics;
mod mlp;
mod of_table;
mod paired;
mod paper;
#[cfg(test)]
mod paper_tests;
mod patchout;
mod predict;
mod products;
mod published;
mod ridge;
mod run;
#[cfg(test)]
mod run_tests;
mod saved;
#[cfg(test)]
mod saved_tests;
mod score_curve;
mod scores;
mod scoring;
mod stack;
mod targets;

pub use compare::{
    CompareSettings, ComparedCell, ComparedDifference, ComparedEncoder, ComparedScore, Comparison,
    LayerChoice, NamedEncoder, TaskWithoutLabels, compare,
};
pub use curve::{CURVE_RATIOS, CurvePoint, CurveSettings, MaskCurve, mask_curve};
pub use diagnose::{
    DiagnoseSettings, Diagnosis, Diagnostic, LayerDiagnostics, Measured, TransposedScore, diagnose,
};
pub use few_shot::{FewShotCurve, FewShotPoint, FewShotSettings, few_shot};
pub use layers::{LayerPoint, LayerSweep, layer_sweep};
pub use leak::{
    LeakPair, LeakReport, LeakSettings, LeakVerdict, SplitPart, known_faults, leak_report,
};
pub use made_by::MadeBy;
pub use of_table::ProbedTable;
pub use paired::{PairedDifference, PairedError, TrackResults, paired_difference};
pub use paper::{GridRow, PUBLISHED_SETTINGS};
pub use patchout::{CURVE_PATCHOUT, OpenWith, PatchoutCurve, PatchoutPoint, patchout_curve};
pub use predict::{Answer, Predictions, TrackAnswer, WindowAnswer, predict_collection};
pub use published::{Block, Measure, PublishedScore, published_scores};
pub use run::{check_labels, probe, probe_best_layer, probe_collection, probe_genre, train_probe};
pub use saved::{EncoderId, ProbeCard, TrainedProbe};
pub use score_curve::ProbeCurve;
pub use scores::{
    SavedScore, SavedScores, ScoreChange, change_scores, collection_key, read_scores, scores_file,
};
pub use targets::{Targets, Truth};

use std::{collections::BTreeMap, fmt, path::PathBuf, str::FromStr};

use serde::{Deserialize, Serialize};

use mynascope_base::{
    jobs::Cancelled,
    named,
    storage::{StorageError, serde_path},
};
use mynascope_embedding::EmbeddingError;

/// What is predicted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    /// One label a track: the labels of the collection.
    #[default]
    Genre,
    /// One of 24 keys a track; scored by MIREX's weights.
    Key,
    /// Any number of tags a track.
    Tags,
    /// Arousal and valence of a track.
    Emotion,
}

impl Task {
    /// All tasks.
    pub const ALL: [Self; 4] = [Self::Genre, Self::Key, Self::Tags, Self::Emotion];
}

named!(
    Task,
    "task",
    Task::Genre => "genre",
    Task::Key => "key",
    Task::Tags => "tags",
    Task::Emotion => "emotion",
);

/// The small model that is trained on the embeddings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Head {
    /// On standardised embeddings: logistic regression for classes and tags (all outputs at once, by L-BFGS), ridge
    /// regression for numbers.
    #[default]
    Linear,
    /// Ridge regression in closed form on standardised embeddings, for every task.
    Ridge,
    /// A hidden layer of 512 with dropout, by Adam.
    Mlp,
    /// Mean of the nearest training windows by cosine; for classes their votes.
    Knn,
}

impl Head {
    /// All heads.
    pub const ALL: [Self; 4] = [Self::Linear, Self::Ridge, Self::Mlp, Self::Knn];
}

named!(
    Head,
    "head",
    Head::Linear => "linear",
    Head::Ridge => "ridge",
    Head::Mlp => "mlp",
    Head::Knn => "knn",
);

/// How tracks are held back for testing. No track is ever in two parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Protocol {
    /// One stratified split by track, about 60/20/20; the test part is looked at once.
    #[default]
    Quick,
    /// The published split of the collection where it has one, else as `Quick`; the test part is looked at once.
    Clean,
    /// The grid of the published code with its quirks, one of which is that the setting is chosen on the test part: to
    /// compare with published numbers, not to trust. Needs the published split.
    Paper,
    /// Every track is tested once: K folds by track, each with its own scaler and its own choice of settings.
    Folds(usize),
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Quick => f.write_str("quick"),
            Self::Clean => f.write_str("clean"),
            Self::Paper => f.write_str("paper"),
            Self::Folds(folds) => write!(f, "folds:{folds}"),
        }
    }
}

impl FromStr for Protocol {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "quick" => return Ok(Self::Quick),
            "clean" => return Ok(Self::Clean),
            "paper" => return Ok(Self::Paper),
            _ => {}
        }
        if let Some(folds) = text.strip_prefix("folds:") {
            return match folds.parse::<usize>() {
                Ok(folds) if folds >= 2 => Ok(Self::Folds(folds)),
                _ => Err(format!(
                    "folds:K needs a whole number of at least 2 folds, not '{folds}'"
                )),
            };
        }
        Err(format!(
            "'{text}' is no protocol; say quick, clean, paper or folds:K"
        ))
    }
}

/// What a protocol is called in window and verbs alike: as people say it, with the word that the option takes where that is
/// another.
///
/// ```
/// assert_eq!(mynascope_probe::protocol_name("folds:5"), "5 folds (folds:5)");
/// assert_eq!(mynascope_probe::protocol_name("clean"), "clean");
/// ```
pub fn protocol_name(protocol: &str) -> String {
    match protocol.strip_prefix("folds:") {
        Some(folds) => format!("{folds} folds ({protocol})"),
        None => protocol.to_owned(),
    }
}

/// A head as a report has it, for a sentence: "linear head", "grid of linear heads and MLPs".
pub fn head_name(head: &str) -> String {
    match head.contains(' ') {
        true => head.to_owned(),
        false => format!("{head} head"),
    }
}

/// What a probe is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ProbeSettings {
    /// What is predicted.
    pub task: Task,
    /// The small model.
    pub head: Head,
    /// How tracks are held back for testing.
    pub protocol: Protocol,
    /// Draws the split; the same seed gives the same report.
    pub seed: u64,
}

/// Tracks in each part. For folds: means over the folds, rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SplitSizes {
    /// Learned from.
    pub train: usize,
    /// Settings were chosen by them.
    pub valid: usize,
    /// Scored.
    pub test: usize,
}

/// What a probe said about a track of the test part.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrackPrediction {
    /// The track.
    #[serde(serialize_with = "serde_path::serialize")]
    pub path: PathBuf,
    /// Index into `classes`.
    pub truth: usize,
    /// Index into `classes`.
    pub prediction: usize,
    /// Share of the predicted class, 0 to 1: of the softmax of the mean scores (linear, MLP), of the votes (k-NN), of
    /// the positive scores (ridge).
    pub confidence: f64,
    /// Where the window begins whose own answer gives the truth the smallest share, in seconds.
    pub furthest_secs: f32,
}

/// What a probe of tags or numbers said about a track of the test part.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrackOutput {
    /// The track.
    #[serde(serialize_with = "serde_path::serialize")]
    pub path: PathBuf,
    /// What holds, in the order of `classes`.
    pub truth: Vec<f64>,
    /// Mean scores of the track's windows, in the order of `classes`.
    pub output: Vec<f64>,
    /// Where the window begins whose own answer is furthest from what holds, in seconds: of tags the one that ranks what
    /// does not hold highest above what does, of numbers the one that is farthest off in sum.
    pub furthest_secs: f32,
}

/// The score of one class, tag or dimension.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TargetScore {
    /// The class, tag or dimension.
    pub name: String,
    /// Tested tracks: of the class, with the tag, all.
    pub tracks: usize,
    /// Recall of a class, ROC-AUC of a tag, R2 of a dimension.
    pub score: f64,
    /// Precision of a class, average precision of a tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub precision: Option<f64>,
}

/// The result of a probe.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ProbeReport {
    /// What was predicted: see [`Task`].
    pub task: String,
    /// The small model: see [`Head`].
    pub head: String,
    /// How tracks were held back: see [`Protocol`].
    pub protocol: String,
    /// What made the embeddings.
    pub encoder: String,
    /// Classes, tags or dimensions.
    pub classes: Vec<String>,
    /// What `score` is: accuracy, weighted key score, ROC-AUC (mean over tags) or mean R2.
    pub metric: String,
    /// Over all tested tracks; never those of the training or validation part. NaN (null in JSON) where the tested tracks
    /// define none, which a note explains: an R2 of one track or of equal values, a ROC-AUC of tags that all or none have.
    pub score: f64,
    /// All scores by name; NaN where one is not defined: accuracy, top_3_accuracy (the truth is among the three largest shares), weighted_key_score, roc_auc, average_precision, r2, r2_arousal, r2_valence.
    pub metrics: BTreeMap<String, f64>,
    /// 95 % interval of the score, from `intervals`.
    pub interval: [f64; 2],
    /// 95 % interval of each of `metrics`: the middle 95 % over 1000 draws (200 of large sets of tags) of the tested
    /// tracks with replacement, from the seed. Where all or none are right, draws know nothing of other tracks, and it is
    /// Wilson's; NaN where neither tells anything. A note says which.
    pub intervals: BTreeMap<String, [f64; 2]>,
    /// Score of the majority baseline: the most frequent class, 0.5 for ROC-AUC, 0 for R2.
    pub baseline: f64,
    /// Score of each fold; empty for a single split.
    pub folds: Vec<f64>,
    /// Standard deviation over the folds (n - 1), for at least two folds.
    pub deviation: Option<f64>,
    /// Test tracks: `[truth][prediction]`; empty for tasks without classes.
    pub confusion: Vec<Vec<usize>>,
    /// The score of each class, tag or dimension that was tested.
    pub targets: Vec<TargetScore>,
    /// Tracks of each part.
    pub split: SplitSizes,
    /// Setting chosen on the validation part (one a fold), for people: "L2 strength 0.1".
    pub chosen: Vec<String>,
    /// For tasks with classes.
    pub predictions: Vec<TrackPrediction>,
    /// For tags and numbers.
    pub outputs: Vec<TrackOutput>,
    /// Every setting of the published grid, for the protocol `paper` alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub grid: Vec<GridRow>,
    /// What the reader must know to judge the number.
    pub notes: Vec<String>,
    /// Time that it took.
    pub seconds: f64,
}

impl ProbeReport {
    /// All scores by name that are defined.
    pub(crate) fn defined_metrics(&self) -> BTreeMap<String, f64> {
        let named = self
            .metrics
            .iter()
            .map(|(name, value)| (name.clone(), *value));
        named.filter(|(_, value)| value.is_finite()).collect()
    }
}

/// A 95 % interval in words, its edges as `format` writes them: "61.0 % to 79.0 %". One of no width, of a report of an
/// earlier version, says so, as two equal edges would read as if the score were certain.
///
/// ```
/// use mynascope_probe::format_interval;
/// let percent = |score: f64| format!("{score:.2}");
/// assert_eq!(format_interval([0.61, 0.79], percent), "0.61 to 0.79");
/// assert_eq!(format_interval([1.0, 1.0], percent), "no width");
/// let or_not = |edge: f64| if edge.is_nan() { "not defined".to_owned() } else { percent(edge) };
/// assert_eq!(format_interval([f64::NAN, f64::NAN], or_not), "not defined");
/// ```
pub fn format_interval([low, high]: [f64; 2], format: impl Fn(f64) -> String) -> String {
    match low == high {
        true => "no width".to_owned(),
        // Of a score that is not defined, which is said once.
        false if low.is_nan() && high.is_nan() => format(low),
        false => format!("{} to {}", format(low), format(high)),
    }
}

/// Why there is no score.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// The job was told to stop.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    /// The table is empty, inconsistent or holds numbers that are not finite.
    #[error("{0}")]
    Table(String),
    /// No labels, one class, or too few tracks.
    #[error("{0}")]
    Labels(String),
    /// The tracks could not be embedded.
    #[error(transparent)]
    Embedding(EmbeddingError),
    /// A kept probe and the embeddings it is given are of different encoders.
    #[error("{0}")]
    Encoder(String),
    /// A file of a kept probe cannot be read, or is not what its name promises.
    #[error("{what}: {path}")]
    File {
        /// What is wrong with it.
        what: String,
        /// The file.
        path: PathBuf,
    },
    /// A file could not be written; an old one is untouched.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The head could not be fitted.
    #[error("the {head} head could not be fitted: {why}")]
    Fit {
        /// Which head.
        head: Head,
        /// What went wrong.
        why: String,
    },
}

/// Numbers that may not be defined, as JSON has them: null is NaN.
mod undefined {
    use serde::{Deserialize as _, Deserializer};

    pub fn number<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
        Ok(Option::<f64>::deserialize(from)?.unwrap_or(f64::NAN))
    }

    pub fn interval<'de, D: Deserializer<'de>>(from: D) -> Result<[f64; 2], D::Error> {
        let edges = <[Option<f64>; 2]>::deserialize(from)?;
        Ok(edges.map(|edge| edge.unwrap_or(f64::NAN)))
    }
}

impl From<EmbeddingError> for ProbeError {
    fn from(error: EmbeddingError) -> Self {
        match error {
            EmbeddingError::Cancelled(cancelled) => Self::Cancelled(cancelled),
            error => Self::Embedding(error),
        }
    }
}
