//! What a run can be asked to be.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::objective::FastClipKind;
use mynascope_base::named;
use mynascope_encoder::Family;

/// What training minimises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Objective {
    /// Contrastive loss with a moving average a track (Myna).
    #[default]
    Sogclr,
    /// The same with a temperature a track.
    Isogclr,
    /// NT-Xent: the positive is part of the denominator (SimCLR).
    Infonce,
    /// NT-Xent without the positive in the denominator.
    Decoupled,
    /// FastCLIP with one temperature, learned, that does not stand before the loss.
    FastclipV0,
    /// FastCLIP with a constant temperature.
    FastclipV1,
    /// FastCLIP with a learned temperature for every track and side.
    FastclipV2,
    /// FastCLIP with one learned temperature and the robust loss.
    FastclipV3,
    /// Both pretext tasks of MT2: key profiles that turn with the sound, and contrast.
    Mt2,
    /// Say what an average of the encoder makes of spans of sound that it doesn't see (Music2Vec).
    Data2vec,
    /// Styles from patches of which whole rows and columns are dropped, of clips that are mixed (MAEST).
    Maest,
    /// Masked autoencoder: say what the hidden patches hold.
    Mae,
    /// Learn the labels of the tracks.
    Supervised,
}

impl Objective {
    /// All objectives, in the order in which they are offered.
    pub const ALL: [Self; 13] = [
        Self::Sogclr,
        Self::Isogclr,
        Self::Infonce,
        Self::Decoupled,
        Self::FastclipV0,
        Self::FastclipV1,
        Self::FastclipV2,
        Self::FastclipV3,
        Self::Mt2,
        Self::Data2vec,
        Self::Maest,
        Self::Mae,
        Self::Supervised,
    ];

    /// Its name as papers write it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Sogclr => "SogCLR",
            Self::Isogclr => "iSogCLR",
            Self::Infonce => "InfoNCE",
            Self::Decoupled => "Decoupled InfoNCE",
            Self::FastclipV0 => "FastCLIP v0",
            Self::FastclipV1 => "FastCLIP v1",
            Self::FastclipV2 => "FastCLIP v2",
            Self::FastclipV3 => "FastCLIP v3",
            Self::Mt2 => "MT2",
            Self::Data2vec => "data2vec",
            Self::Maest => "MAEST",
            Self::Mae => "MAE",
            Self::Supervised => "Supervised",
        }
    }

    /// What it does, in one sentence for people.
    pub fn explanation(self) -> &'static str {
        match self {
            Self::Sogclr => {
                "Pulls two views of a track together and pushes other tracks away, with a moving average for every track, so that small batches act like large ones (Myna)."
            }
            Self::Isogclr => "SogCLR that learns how hard to push for every track.",
            Self::Infonce => {
                "Finds the other view of a track among all views of the batch (SimCLR); wants large batches."
            }
            Self::Decoupled => {
                "InfoNCE without the positive in the denominator: easy positives do not weaken the push."
            }
            Self::FastclipV0 => {
                "FastCLIP without the temperature in front; one temperature, learned."
            }
            Self::FastclipV1 => {
                "SogCLR across views with a falling weight of new values; the temperature stays."
            }
            Self::FastclipV2 => {
                "FastCLIP with a learned temperature for every track and side (robust loss)."
            }
            Self::FastclipV3 => {
                "FastCLIP with one learned temperature (robust loss); the authors' choice."
            }
            Self::Mt2 => {
                "Turns the key profile on the circle of fifths when the sound is transposed, and tells two segments of a track from those of others (MT2)."
            }
            Self::Data2vec => {
                "Hides spans of the sound and says what a teacher, a slow average of the encoder, makes of them (Music2Vec)."
            }
            Self::Maest => {
                "Tells the labels of mixed clips, of which whole rows and columns of patches are dropped (MAEST)."
            }
            Self::Mae => {
                "Sees a part of the patches and says what the others hold; Myna's ablation."
            }
            Self::Supervised => "Learns the labels of the tracks with a linear head.",
        }
    }

    /// Which FastCLIP it is.
    pub fn fastclip(self) -> Option<FastClipKind> {
        match self {
            Self::FastclipV0 => Some(FastClipKind::V0),
            Self::FastclipV1 => Some(FastClipKind::V1),
            Self::FastclipV2 => Some(FastClipKind::V2),
            Self::FastclipV3 => Some(FastClipKind::V3),
            _ => None,
        }
    }

    /// Whether it learns its temperature at a rate that can be set.
    pub fn learns_temperature(self) -> bool {
        matches!(self, Self::FastclipV0 | Self::FastclipV2 | Self::FastclipV3)
    }

    /// Whether its loss is robust and has a radius.
    pub fn has_radius(self) -> bool {
        matches!(self, Self::FastclipV2 | Self::FastclipV3)
    }

    /// Whether it keeps a moving average for every track.
    pub fn has_averages(self) -> bool {
        matches!(self, Self::Sogclr | Self::Isogclr) || self.fastclip().is_some()
    }

    /// Whether it learns the labels of tracks.
    pub fn learns_labels(self) -> bool {
        matches!(self, Self::Supervised | Self::Maest)
    }

    /// The families that have the outputs it needs.
    pub fn families(self) -> &'static [Family] {
        match self {
            Self::Mt2 => &[Family::Mt2],
            Self::Data2vec => &[Family::Music2vec],
            Self::Mae => &[Family::Myna],
            Self::Maest => &[Family::Maest],
            _ => &[Family::Myna, Family::Mt2, Family::Music2vec, Family::Maest],
        }
    }

    /// Why encoders of a family can't be trained so; `None` where they can.
    pub fn misfit(self, family: Family) -> Option<String> {
        if self.families().contains(&family) {
            return None;
        }
        Some(match (self, family) {
            (Self::Mt2, _) => format!(
                "the objective mt2 needs two class tokens, one of which tells keys, and a VQT that can be moved along its bins, and \
                 {family} encoders have neither; \
                 set preset to mt2-tiny or mt2, or choose another objective"
            ),
            (Self::Data2vec, _) => format!(
                "the objective data2vec hides spans of frames of samples and follows an average of the blocks behind them, and \
                 {family} encoders read no samples; set preset to music2vec-tiny or music2vec, or choose another objective"
            ),
            (Self::Maest, _) => format!(
                "the objective maest drops rows and columns of a MAEST's patches and teaches its classifier, and {family} encoders \
                 have neither; set preset to maest-tiny or maest, or choose supervised to learn labels"
            ),
            (_, _) => format!(
                "the objective mae predicts hidden patches of a mel-spectrogram that don't overlap, and {family} encoders read none; \
                 choose {}, a contrastive objective or supervised",
                match family {
                    Family::Maest => "maest",
                    Family::Music2vec => "data2vec",
                    Family::Mt2 | Family::Myna | Family::Baseline => "mt2",
                }
            ),
        })
    }

    /// Whether it is told a gamma, as all of the first contrastive ones are.
    pub fn has_gamma(self) -> bool {
        self.is_contrastive() && self != Self::Mt2
    }

    /// Whether it compares two views of every track.
    pub fn is_contrastive(self) -> bool {
        !matches!(
            self,
            Self::Data2vec | Self::Mae | Self::Supervised | Self::Maest
        )
    }
}

/// The two losses of MT2 and what their third segment is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mt2Loss {
    /// On which circle a key profile turns: 7 for the circle of fifths, 1 for that of semitones.
    pub omega: u8,
    /// Factor of the equivariant loss; 0 leaves it out.
    pub equivariance: f64,
    /// Factor of NT-Xent between the contrastive tokens; 0 leaves it out.
    pub contrast: f64,
    /// Whether the transposed segment keeps its mel-spectrogram, which is not moved and so tells the pitch that it had.
    pub transposed_mel: bool,
}

impl Default for Mt2Loss {
    fn default() -> Self {
        Self {
            omega: 7,
            equivariance: 1.0,
            contrast: 1.0,
            transposed_mel: true,
        }
    }
}

impl Mt2Loss {
    /// Whether nothing was changed.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What the objective maest does to the clips of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MaestLoss {
    /// Alpha of the beta distribution by which clips are mixed; 0 mixes none.
    pub mixup: f64,
    /// Columns of patches that a batch drops. Left out: three a second of a window, as published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patchout_columns: Option<usize>,
    /// Rows of patches that a batch drops, of nine.
    pub patchout_rows: usize,
    /// Groups of up to 7 frames that are blanked in a clip.
    pub time_masks: usize,
    /// Groups of up to 4 bands that are blanked in a clip.
    pub band_masks: usize,
    /// Whether tracks of rare labels are drawn more often.
    pub balance: bool,
}

impl Default for MaestLoss {
    /// As in the paper.
    fn default() -> Self {
        Self {
            mixup: 0.3,
            patchout_columns: None,
            patchout_rows: 3,
            time_masks: 20,
            band_masks: 5,
            balance: true,
        }
    }
}

impl MaestLoss {
    /// Whether nothing was changed.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// The mean of the weights of several epochs (stochastic weight averaging, Izmailov et al. 2018), which checkpoints then hold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Swa {
    /// Epochs done before the first weights are taken; `None` averages nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<u64>,
    /// Epochs from one to the next.
    pub every: u64,
    /// The learning rate from then on. Left out: as the schedule has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub learning_rate: Option<f64>,
}

impl Default for Swa {
    fn default() -> Self {
        Self {
            from: None,
            every: 5,
            learning_rate: None,
        }
    }
}

impl Swa {
    /// Whether nothing was changed.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Whether the weights are taken after so many whole epochs.
    pub(super) fn is_due(&self, epochs: u64) -> bool {
        self.from
            .and_then(|from| epochs.checked_sub(from))
            .is_some_and(|since| epochs > 0 && since.is_multiple_of(self.every.max(1)))
    }
}

/// How the learning rate, or gamma of the loss, moves over the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Schedule {
    /// Stays as it is.
    #[default]
    Constant,
    /// Half a cosine down.
    Cosine,
}

impl Schedule {
    /// All schedules, in the order in which they are offered.
    pub const ALL: [Self; 2] = [Self::Constant, Self::Cosine];
}

/// How weights follow their gradient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Optimiser {
    /// Adam with L2 added to the gradient of every weight (Myna).
    #[default]
    Adam,
    /// Adam with decay beside it, matrices only.
    AdamW,
    /// AdamW whose step has the size of its weights, for very large batches.
    Lamb,
    /// The sign of a momentum; wants a learning rate a tenth as large.
    Lion,
    /// Gradient descent with momentum 0.9.
    Sgd,
}

impl Optimiser {
    /// All optimisers, in the order in which they are offered.
    pub const ALL: [Self; 5] = [Self::Adam, Self::AdamW, Self::Lamb, Self::Lion, Self::Sgd];

    /// What it does, in one sentence for people.
    pub fn explanation(self) -> &'static str {
        match self {
            Self::Adam => "Adam, with decay in the gradient of every weight, as published (Myna).",
            Self::AdamW => "Adam with decay beside it, of matrices only.",
            Self::Lamb => "AdamW whose step has the size of its weights, for very large batches.",
            Self::Lion => "The sign of a momentum; wants a learning rate a tenth as large.",
            Self::Sgd => "Gradient descent with a momentum of 0.9.",
        }
    }
}

/// Which weights change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Trainable {
    /// All weights.
    #[default]
    All,
    /// The last so many blocks of the transformer, its last norm and the head.
    Last(usize),
    /// The head alone.
    Head,
}

/// Which labels a supervised run learns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LabelTask {
    /// One class a track.
    #[default]
    Genre,
    /// Any number of tags a track.
    Tags,
    /// Arousal and valence.
    Emotion,
    /// One of 24 keys.
    Key,
}

impl LabelTask {
    /// All tasks, in the order in which they are offered.
    pub const ALL: [Self; 4] = [Self::Genre, Self::Tags, Self::Emotion, Self::Key];
}

named!(Objective, "objective",
    Objective::Sogclr => "sogclr",
    Objective::Isogclr => "isogclr",
    Objective::Infonce => "infonce",
    Objective::Decoupled => "decoupled",
    Objective::FastclipV0 => "fastclip-v0",
    Objective::FastclipV1 => "fastclip-v1",
    Objective::FastclipV2 => "fastclip-v2",
    Objective::FastclipV3 => "fastclip-v3",
    Objective::Mt2 => "mt2",
    Objective::Data2vec => "data2vec",
    Objective::Maest => "maest",
    Objective::Mae => "mae",
    Objective::Supervised => "supervised",
);
named!(Schedule, "schedule", Schedule::Constant => "constant", Schedule::Cosine => "cosine");
named!(Optimiser, "optimiser",
    Optimiser::Adam => "adam",
    Optimiser::AdamW => "adamw",
    Optimiser::Lamb => "lamb",
    Optimiser::Lion => "lion",
    Optimiser::Sgd => "sgd",
);
named!(LabelTask, "task",
    LabelTask::Genre => "genre",
    LabelTask::Tags => "tags",
    LabelTask::Emotion => "emotion",
    LabelTask::Key => "key",
);

impl fmt::Display for Trainable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Last(blocks) => write!(f, "last:{blocks}"),
            Self::Head => f.write_str("head"),
        }
    }
}

impl FromStr for Trainable {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let last = text.strip_prefix("last:").map(str::parse);
        match (text, last) {
            ("all", _) => Ok(Self::All),
            ("head", _) => Ok(Self::Head),
            (_, Some(Ok(blocks))) => Ok(Self::Last(blocks)),
            _ => Err(format!(
                "'{text}' names no part of an encoder; say all, last:N (blocks) or head"
            )),
        }
    }
}

impl TryFrom<String> for Trainable {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Trainable> for String {
    fn from(part: Trainable) -> Self {
        part.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_written_as_they_are_read() {
        for objective in Objective::ALL {
            assert_eq!(objective.to_string().parse(), Ok(objective));
            let json = serde_json::to_string(&objective).unwrap();
            assert_eq!(json, format!("\"{objective}\""));
        }
        for optimiser in Optimiser::ALL {
            assert_eq!(optimiser.to_string().parse(), Ok(optimiser));
            let json = serde_json::to_string(&optimiser).unwrap();
            assert_eq!(json, format!("\"{optimiser}\""));
        }
        for part in [Trainable::All, Trainable::Last(3), Trainable::Head] {
            assert_eq!(part.to_string().parse(), Ok(part));
        }
        assert!("last:x".parse::<Trainable>().is_err());
    }
}
