//! Small heads on frozen embeddings, and how well they do.

mod genre;
mod linear;

pub use genre::probe_genre;

use std::{fmt, path::PathBuf, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::jobs::Cancelled;

/// What is predicted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    /// One label a track: the labels of the collection.
    #[default]
    Genre,
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("genre")
    }
}

impl FromStr for Task {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "genre" => Ok(Self::Genre),
            "tags" | "key" | "emotion" => {
                Err(format!("the task {text} is not there yet; say genre"))
            }
            _ => Err(format!("'{text}' is no task; say genre")),
        }
    }
}

/// The small model that is trained on the embeddings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Head {
    /// Multinomial logistic regression on standardised embeddings.
    #[default]
    Linear,
    /// Vote of the nearest training windows by cosine.
    Knn,
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Linear => "linear",
            Self::Knn => "knn",
        })
    }
}

impl FromStr for Head {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "linear" => Ok(Self::Linear),
            "knn" => Ok(Self::Knn),
            "mlp" => Err("the head mlp is not there yet; say linear or knn".to_owned()),
            _ => Err(format!("'{text}' is no head; say linear or knn")),
        }
    }
}

/// How tracks are held back for testing. No track is ever in two parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Protocol {
    /// One stratified split by track, about 60/20/20; the test part is looked at once.
    #[default]
    Quick,
    /// Every track is tested once: K folds by track, each with its own scaler and its own choice of settings.
    Folds(usize),
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Quick => f.write_str("quick"),
            Self::Folds(folds) => write!(f, "folds:{folds}"),
        }
    }
}

impl FromStr for Protocol {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "quick" {
            return Ok(Self::Quick);
        }
        if let Some(folds) = text.strip_prefix("folds:") {
            return match folds.parse::<usize>() {
                Ok(folds) if folds >= 2 => Ok(Self::Folds(folds)),
                _ => Err(format!(
                    "folds:K needs a whole number of at least 2 folds, not '{folds}'"
                )),
            };
        }
        match text {
            "clean" | "paper" => Err(format!(
                "the protocol {text} is not there yet; say quick or folds:K"
            )),
            _ => Err(format!("'{text}' is no protocol; say quick or folds:K")),
        }
    }
}

/// What a probe is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ProbeSettings {
    pub head: Head,
    pub protocol: Protocol,
    /// Draws the split; the same seed gives the same report.
    pub seed: u64,
}

/// Tracks in each part. For folds: means over the folds, rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct SplitSizes {
    pub train: usize,
    pub valid: usize,
    pub test: usize,
}

/// What a probe said about a track of the test part.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrackPrediction {
    pub path: PathBuf,
    /// Index into `classes`.
    pub truth: usize,
    /// Index into `classes`.
    pub prediction: usize,
    /// Share of the predicted class, 0 to 1: of the softmax of the mean scores (linear), of the votes (k-NN).
    pub confidence: f64,
}

/// The result of a probe.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ProbeReport {
    pub task: String,
    pub head: String,
    pub protocol: String,
    /// What made the embeddings.
    pub encoder: String,
    pub classes: Vec<String>,
    /// Share of test tracks that were predicted rightly.
    pub accuracy: f64,
    /// 95 % interval of the accuracy (Wilson 1927), from the number of tested tracks.
    pub interval: [f64; 2],
    /// Accuracy of always saying the most frequent class of the tested tracks: what no constant answer can beat.
    pub majority: f64,
    /// Accuracy of each fold; empty for a single split.
    pub folds: Vec<f64>,
    /// Standard deviation over the folds (n - 1), for at least two folds.
    pub deviation: Option<f64>,
    /// Test tracks: [truth][prediction].
    pub confusion: Vec<Vec<usize>>,
    pub split: SplitSizes,
    /// Setting chosen on the validation part (one a fold), for people: "L2 strength 0.1".
    pub chosen: Vec<String>,
    pub predictions: Vec<TrackPrediction>,
    /// What the reader must know to judge the number.
    pub notes: Vec<String>,
    pub seconds: f64,
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
    /// The head could not be fitted.
    #[error("the {head} head could not be fitted: {why}")]
    Fit { head: Head, why: String },
}
