//! Scores that others have published, to stand beside ours.

use serde::{Deserialize, Serialize};

use mynascope_collection::CollectionKind;

/// `assets/published_scores.csv`: one cell a line. A cell without a source is not in it, nor one that somebody only
/// remembers.
const SCORES: &str = include_str!("../../../assets/published_scores.csv");

/// Scores that may be compared with each other. Blocks are never mixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Block {
    /// From the systems' own papers and from JukeMIR's probes: protocols differ, compare with care.
    A,
    /// One protocol for all: MARBLE's MLP-512 on the best layer, one seed.
    B,
}

impl Block {
    /// Both blocks.
    pub const ALL: [Self; 2] = [Self::A, Self::B];

    /// What its scores have in common, in one sentence.
    pub fn explain(self) -> &'static str {
        match self {
            Self::A => "From the systems' own papers or JukeMIR's probes; protocols differ",
            Self::B => "One protocol for all: MARBLE's MLP-512, best layer, one seed",
        }
    }
}

/// What a score is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// MagnaTagATune, top 50 tags: mean area under the ROC curve.
    MttRocAuc,
    /// MagnaTagATune, top 50 tags: mean average precision.
    MttAveragePrecision,
    /// GTZAN, fault-filtered split: accuracy.
    GtzanAccuracy,
    /// GiantSteps key: MIREX's weighted score.
    GiantstepsWeighted,
    /// EmoMusic: R2 of arousal.
    EmomusicR2Arousal,
    /// EmoMusic: R2 of valence.
    EmomusicR2Valence,
}

impl Measure {
    /// All, in the order of the published tables.
    pub const ALL: [Self; 6] = [
        Self::MttRocAuc,
        Self::MttAveragePrecision,
        Self::GtzanAccuracy,
        Self::GiantstepsWeighted,
        Self::EmomusicR2Arousal,
        Self::EmomusicR2Valence,
    ];

    /// Data set and metric, short enough for a column.
    pub fn name(self) -> &'static str {
        match self {
            Self::MttRocAuc => "MTT ROC-AUC",
            Self::MttAveragePrecision => "MTT AP",
            Self::GtzanAccuracy => "GTZAN accuracy",
            Self::GiantstepsWeighted => "GiantSteps key",
            Self::EmomusicR2Arousal => "EmoMusic arousal",
            Self::EmomusicR2Valence => "EmoMusic valence",
        }
    }

    /// The measure that one of a report's metrics is, on a collection of a kind; `None` where nothing is published.
    pub fn of(kind: CollectionKind, metric: &str) -> Option<Self> {
        Some(match (kind, metric) {
            (CollectionKind::MagnaTagATune, "roc_auc") => Self::MttRocAuc,
            (CollectionKind::MagnaTagATune, "average_precision") => Self::MttAveragePrecision,
            (CollectionKind::Gtzan, "accuracy") => Self::GtzanAccuracy,
            (CollectionKind::GiantSteps, "weighted_key_score") => Self::GiantstepsWeighted,
            (CollectionKind::EmoMusic, "r2_arousal") => Self::EmomusicR2Arousal,
            (CollectionKind::EmoMusic, "r2_valence") => Self::EmomusicR2Valence,
            _ => return None,
        })
    }
}

/// One published score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PublishedScore {
    /// Which of the two tables that are not to be mixed.
    pub block: Block,
    /// The name of the system.
    pub system: String,
    /// Parameters, as "62M"; empty where not told.
    pub size: String,
    /// Data set and metric.
    pub measure: Measure,
    /// The score times 100, as it was printed.
    pub percent: f64,
    /// Where it was printed.
    pub source: String,
}

/// All published scores, block by block, system by system.
pub fn published_scores() -> Vec<PublishedScore> {
    // A line that could not be read would be missing, which the test below would tell.
    csv::Reader::from_reader(SCORES.as_bytes())
        .into_deserialize()
        .filter_map(Result::ok)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_is_read_and_has_its_source_and_stands_once() {
        let scores = published_scores();
        assert_eq!(scores.len(), SCORES.lines().count() - 1);
        for (place, score) in scores.iter().enumerate() {
            assert!(!score.source.trim().is_empty(), "{score:?}");
            assert!((0.0..=100.0).contains(&score.percent), "{score:?}");
            let same = |other: &&PublishedScore| {
                (other.block, &other.system, other.measure)
                    == (score.block, &score.system, score.measure)
            };
            assert_eq!(scores[place..].iter().filter(same).count(), 1, "{score:?}");
        }
    }
}
