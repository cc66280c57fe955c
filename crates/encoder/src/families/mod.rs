//! The published designs of encoders, a module each: sizes, weights, windows, tokens and network, read from top to bottom.
//!
//! Here are the only lists of them. What a family tells is asked through [`EncoderConfig`], what its network gives through
//! `Network`; both hand on to its own `Design` and `FamilyNetwork`.

pub mod baseline;
mod design;
mod found;
pub mod maest;
pub mod mt2;
pub mod music2vec;
pub mod myna;

pub(crate) use design::{Design, FamilyNetwork, FollowAttention, ReadLayers, WeightNames};
pub(crate) use found::Found;
pub use found::{Hint, Recognised, Shapes, Sizes, Taken, Values};

use std::fmt;

use burn::tensor::backend::Backend;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    CheckpointError, EncoderError, EncoderInfo, MynaConfig, OpenCheckpoint, ParameterSpec,
    Precision, Readout, TrainingHead, Weights, kernels::Kernels,
};

/// The published designs of encoders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// Myna (Yonay et al. 2025): mean over masked patches, trained by contrast.
    Myna,
    /// MAEST (Alonso-Jiménez et al. 2023): overlapping patches of a log mel-spectrogram, trained to tell styles.
    Maest,
    /// MT2 (Kong et al. 2025): frames of a VQT and a mel-spectrogram, two class tokens, one trained by contrast and one to
    /// move with the key.
    Mt2,
    /// Music2Vec (Li et al. 2022): samples, trained to say what an average of itself makes of what it doesn't see.
    Music2vec,
    /// What needs no learning: statistics of MFCCs or mel bands, and chance.
    Baseline,
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Myna => "Myna",
            Self::Maest => "MAEST",
            Self::Mt2 => "MT2",
            Self::Music2vec => "Music2Vec",
            Self::Baseline => "baseline",
        })
    }
}

impl Family {
    /// All families that files hold.
    pub const ALL: [Self; 4] = [Self::Myna, Self::Maest, Self::Mt2, Self::Music2vec];

    /// Names of tensors by which its files are known, for people.
    fn witnesses(self) -> &'static str {
        match self {
            Self::Myna => "to_patch_embedding.2.weight or transformer.layers.0",
            Self::Maest => maest::WITNESSES,
            Self::Mt2 => mt2::WITNESSES,
            Self::Music2vec => music2vec::WITNESSES,
            // No file holds one.
            Self::Baseline => "weights",
        }
    }

    /// The part of the network that a readout needs and that a file of this family may lack, for people.
    pub(crate) fn part_for(self, readout: Readout) -> Option<&'static str> {
        match (self, readout) {
            (Self::Maest, Readout::Logits | Readout::Probabilities) => Some("classifier"),
            _ => None,
        }
    }
}

/// What is said of a file without an encoder.
pub(crate) fn say_none_found() -> String {
    let families = Family::ALL.map(|family| format!("no {} as in {family}", family.witnesses()));
    format!("it holds no encoder that is known here: {}", and(&families))
}

/// What is said of a file whose `config.json` names something else.
pub(crate) fn say_another(model_type: &str) -> String {
    let families = Family::ALL.map(|family| family.to_string());
    format!(
        "its config.json says that its model_type is {model_type}, and only {} are read",
        and(&families)
    )
}

/// What is said of a file without an encoder by whose `config.json` there is one.
pub(crate) fn say_not_in_file(family: Family) -> String {
    format!(
        "by its config.json it is a {family}, but it holds no {} as every {family} does; download it again, or save the whole model's \
         state_dict()",
        family.witnesses()
    )
}

/// "A, B and C".
fn and(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// The sizes of an encoder of any family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "family", rename_all = "lowercase")]
pub enum EncoderConfig {
    /// Myna.
    Myna(MynaConfig),
    /// MAEST.
    Maest(maest::Config),
    /// MT2.
    Mt2(mt2::Config),
    /// Music2Vec.
    Music2vec(music2vec::Config),
    /// A baseline.
    Baseline(baseline::Config),
}

impl From<MynaConfig> for EncoderConfig {
    fn from(config: MynaConfig) -> Self {
        Self::Myna(config)
    }
}

impl From<maest::Config> for EncoderConfig {
    fn from(config: maest::Config) -> Self {
        Self::Maest(config)
    }
}

impl From<mt2::Config> for EncoderConfig {
    fn from(config: mt2::Config) -> Self {
        Self::Mt2(config)
    }
}

impl From<music2vec::Config> for EncoderConfig {
    fn from(config: music2vec::Config) -> Self {
        Self::Music2vec(config)
    }
}

impl From<baseline::Baseline> for EncoderConfig {
    fn from(baseline: baseline::Baseline) -> Self {
        Self::Baseline(baseline::Config { baseline })
    }
}

impl EncoderConfig {
    /// What its family makes of these sizes.
    pub(crate) fn design(&self) -> &dyn Design {
        match self {
            Self::Myna(config) => config,
            Self::Maest(config) => config,
            Self::Mt2(config) => config,
            Self::Music2vec(config) => config,
            Self::Baseline(config) => config,
        }
    }

    /// The published design.
    pub fn family(&self) -> Family {
        self.design().family()
    }

    /// What other crates may ask of an encoder of these sizes; `outputs` are the names of what its classifier tells.
    pub fn info(&self, outputs: Vec<String>) -> EncoderInfo {
        EncoderInfo {
            outputs,
            ..self.design().info()
        }
    }

    /// The sizes, if it is a Myna.
    pub fn myna(&self) -> Option<MynaConfig> {
        match self {
            Self::Myna(config) => Some(*config),
            _ => None,
        }
    }

    /// Refuses sizes that no encoder can have or no machine can hold.
    ///
    /// # Errors
    /// [`EncoderError::Sizes`] with the first size that is wrong and its limits.
    pub fn validate(&self) -> Result<(), EncoderError> {
        self.design().validate()
    }

    /// Sizes that every family has.
    pub fn sizes(&self) -> Sizes {
        self.design().sizes()
    }

    /// What it is, for people: "tiny hybrid", "MAEST of 5 s".
    pub fn name(&self) -> String {
        self.design().name()
    }

    /// As [`Self::name`], with the family and all sizes that tell encoders of it apart.
    pub fn full_name(&self) -> String {
        self.design().full_name()
    }

    /// Values of the published embedding.
    pub fn embedding_dim(&self) -> usize {
        self.design().info().dim
    }

    /// Numbers that training changes, without a head.
    pub fn parameters(&self) -> usize {
        self.design().info().parameters
    }

    /// All weights that training changes, in the order in which the forward pass takes them.
    ///
    /// # Errors
    /// [`EncoderError::NotTrained`] of a family that is read here but not trained.
    pub fn trained_parameters(&self) -> Result<Vec<ParameterSpec>, EncoderError> {
        let trained = self.design().trained_parameters();
        trained.ok_or_else(|| EncoderError::NotTrained(self.family()))
    }

    /// How many blocks lie behind the one that a weight belongs to, of one that is trained here; 0 for the last block and for
    /// what follows it, `None` for what stands before the first.
    pub fn blocks_behind(&self, parameter: &str) -> Option<usize> {
        let WeightNames { blocks, behind } = self.design().weight_names()?;
        if behind.iter().any(|start| parameter.starts_with(start)) {
            return Some(0);
        }
        let number = parameter.strip_prefix(blocks)?.split('.').next()?;
        let block: usize = number.parse().ok()?;
        Some(self.sizes().depth.saturating_sub(block + 1))
    }

    /// The sizes without a classifier, and the classifier as what training hangs behind them.
    pub(crate) fn without_classifier(self) -> (Self, TrainingHead) {
        match self {
            Self::Maest(config) if config.labels > 0 => {
                let bare = maest::Config {
                    labels: 0,
                    ..config
                };
                (bare.into(), TrainingHead::Styles(config.labels))
            }
            other => (other, TrainingHead::None),
        }
    }

    /// What the header of our files says of it, beside its tensors.
    pub(crate) fn header(&self) -> Vec<(String, String)> {
        let Sizes {
            dim,
            depth,
            heads,
            mlp_dim,
            ..
        } = self.sizes();
        let numbers = [
            ("dim", dim),
            ("depth", depth),
            ("heads", heads),
            ("mlp_dim", mlp_dim),
        ];
        let mut header = numbers
            .map(|(name, value)| (name.to_owned(), value.to_string()))
            .to_vec();
        header.extend(self.design().header());
        header
    }
}

/// The weights of an encoder as plain numbers.
pub(super) enum NetworkWeights {
    Myna(MynaConfig, Weights),
    /// Of any other family: the numbers of all its parameters, in their order.
    Tensors(EncoderConfig, Vec<Vec<f32>>),
}

impl From<Weights> for NetworkWeights {
    fn from(weights: Weights) -> Self {
        match weights.config {
            EncoderConfig::Myna(config) => Self::Myna(config, weights),
            config => {
                // Without what training hangs behind it.
                let count = config.trained_parameters().map_or(0, |all| all.len());
                let tensors = weights.tensors.into_iter().take(count);
                Self::Tensors(config, tensors.map(|tensor| tensor.values).collect())
            }
        }
    }
}

impl NetworkWeights {
    /// The sizes.
    pub fn config(&self) -> EncoderConfig {
        match self {
            Self::Myna(config, _) => EncoderConfig::Myna(*config),
            Self::Tensors(config, _) => *config,
        }
    }
}

/// A network on a device.
#[derive(Debug)]
pub(crate) enum Network<B: Backend> {
    Myna(myna::network::Encoder<B>),
    Maest(maest::Network<B>),
    Mt2(mt2::Network<B>),
    Music2vec(music2vec::Network<B>),
    Baseline(baseline::Config),
}

impl<B: Kernels> Network<B> {
    /// Puts weights on a device; `None` if they are not those of their sizes.
    pub(super) fn assemble(
        weights: NetworkWeights,
        precision: Precision,
        device: &B::Device,
    ) -> Option<Self> {
        let (config, tensors) = match weights {
            NetworkWeights::Myna(config, weights) => {
                return Some(Self::Myna(myna::network::Encoder::assemble(
                    &config,
                    &weights.tail,
                    precision,
                    weights.upload::<B>(device),
                )?));
            }
            NetworkWeights::Tensors(config, tensors) => (config, tensors),
        };
        Some(match config {
            // Its weights have a form of their own, which training changes.
            EncoderConfig::Myna(_) => return None,
            EncoderConfig::Maest(config) => Self::Maest(maest::Network::assemble(
                &config, tensors, precision, device,
            )?),
            EncoderConfig::Mt2(config) => {
                Self::Mt2(mt2::Network::assemble(&config, tensors, precision, device)?)
            }
            EncoderConfig::Music2vec(config) => Self::Music2vec(music2vec::Network::assemble(
                &config, tensors, precision, device,
            )?),
            EncoderConfig::Baseline(config) => Self::Baseline(config),
        })
    }

    /// The network, if it is a Myna.
    pub fn myna(&self) -> Result<&myna::network::Encoder<B>, String> {
        match self {
            Self::Myna(encoder) => Ok(encoder),
            _ => Err("the encoder is no Myna".to_owned()),
        }
    }

    /// The network of any other family.
    pub(crate) fn family(&self) -> Result<&dyn FamilyNetwork<B>, String> {
        match self {
            Self::Myna(_) => Err("a Myna is asked with tokens".to_owned()),
            Self::Maest(network) => Ok(network),
            Self::Mt2(network) => Ok(network),
            Self::Music2vec(network) => Ok(network),
            Self::Baseline(config) => Ok(config),
        }
    }
}

/// Which family but Myna a file is of by names and shapes, whether or not it can be used; the `config.json` beside it tells
/// those apart that share names.
pub(crate) fn recognise(
    shapes: &Shapes,
    config_json: Option<&Value>,
    hint: &Hint,
) -> Option<Family> {
    let maest = || maest::recognise(shapes, config_json, hint).map(|_| Family::Maest);
    let mt2 = || mt2::recognise(shapes, hint).map(|_| Family::Mt2);
    let music2vec = || music2vec::recognise(shapes, config_json, hint).map(|_| Family::Music2vec);
    maest().or_else(mt2).or_else(music2vec)
}

/// What a `config.json` of the model hub is of, where it says so: one of the families, or, in words, what else it is.
pub(crate) fn of_config(config_json: &Value) -> Option<Result<Family, String>> {
    let said = config_json.get("model_type")?.as_str()?;
    Some(match said {
        maest::HUB_TYPE => maest::check_front_end(config_json).map(|()| Family::Maest),
        music2vec::HUB_TYPE => Ok(Family::Music2vec),
        other => Err(say_another(other)),
    })
}

/// Looks for an encoder of any family but Myna; with it why it can't be used, if it can't, as far as names and shapes tell.
/// `None`: the file holds none.
///
/// # Errors
/// If a file cannot be read, or if it holds an encoder of a family, or its nearest relative, that cannot be used as it is.
pub(crate) fn find(
    checkpoint: &mut OpenCheckpoint,
    hint: &Hint,
) -> Result<Option<Found<EncoderConfig>>, CheckpointError> {
    let Some((found, problem)) = find_by_shapes(checkpoint, hint)? else {
        return Ok(None);
    };
    // What seems to be missing may be there, in numbers that are not read.
    let unread = (found.missing.iter())
        .find_map(|name| Some(format!("{name} is {}", checkpoint.say_unread(name)?)));
    Ok(Some((found, unread.or(problem))))
}

fn find_by_shapes(
    checkpoint: &mut OpenCheckpoint,
    hint: &Hint,
) -> Result<Option<Found<EncoderConfig>>, CheckpointError> {
    if let Some((found, problem)) = maest::find(checkpoint, hint)? {
        return Ok(Some((found.map(EncoderConfig::Maest), problem)));
    }
    if let Some((found, problem)) = mt2::find(checkpoint, hint)? {
        return Ok(Some((found.map(EncoderConfig::Mt2), problem)));
    }
    let found = music2vec::find(checkpoint, hint)?;
    Ok(found.map(|(found, problem)| (found.map(EncoderConfig::Music2vec), problem)))
}

/// As [`find`], with the numbers of all its parameters in their order.
///
/// # Errors
/// As [`find`], and if the file is damaged or the encoder lacks tensors.
pub(crate) fn read(
    checkpoint: &mut OpenCheckpoint,
    hint: &Hint,
) -> Result<Option<(Recognised<EncoderConfig>, Values)>, CheckpointError> {
    let found = find(checkpoint, hint)?;
    found::read_found(checkpoint, found)
}
