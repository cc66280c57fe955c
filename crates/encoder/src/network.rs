//! The only dispatch over families: their sizes, and their networks on a device.

use burn::tensor::backend::Backend;
use serde::{Deserialize, Serialize};

use super::{
    EncoderError, EncoderInfo, Family, MynaConfig, Precision, Readout, Weights,
    families::{Sizes, maest, mt2, music2vec, myna},
    kernels::Kernels,
};

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
}

impl From<MynaConfig> for EncoderConfig {
    fn from(config: MynaConfig) -> Self {
        Self::Myna(config)
    }
}

impl From<mt2::Config> for EncoderConfig {
    fn from(config: mt2::Config) -> Self {
        Self::Mt2(config)
    }
}

impl EncoderConfig {
    /// Refuses sizes that no encoder can have or no machine can hold.
    ///
    /// # Errors
    /// [`EncoderError::Sizes`] with the first size that is wrong and its limits.
    pub fn validate(&self) -> Result<(), EncoderError> {
        match self {
            Self::Myna(config) => config.validate(),
            Self::Maest(config) => config.validate(),
            Self::Mt2(config) => config.validate(),
            Self::Music2vec(config) => config.validate(),
        }
    }

    /// The sizes, if it is a Myna.
    pub fn myna(&self) -> Option<MynaConfig> {
        match self {
            Self::Myna(config) => Some(*config),
            Self::Maest(_) | Self::Mt2(_) | Self::Music2vec(_) => None,
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
        let number = |name: &str, value: usize| (name.to_owned(), value.to_string());
        let mut header = vec![
            number("dim", dim),
            number("depth", depth),
            number("heads", heads),
            number("mlp_dim", mlp_dim),
        ];
        match self {
            Self::Myna(config) => header.push(("kind".into(), config.kind.to_string())),
            Self::Mt2(config) => {
                header.push(("family".into(), "mt2".into()));
                header.push(number("vqt_rate_hz", config.vqt_rate_hz as usize));
                header.push(number("mel_max_hz", config.mel_max_hz as usize));
            }
            // Not written here.
            Self::Maest(_) | Self::Music2vec(_) => {}
        }
        header
    }

    /// Values of the published embedding.
    pub fn embedding_dim(&self) -> usize {
        match self {
            Self::Myna(config) => config.embedding_dim(),
            Self::Maest(_) | Self::Mt2(_) | Self::Music2vec(_) => self.info(Vec::new()).dim,
        }
    }

    /// Numbers that training changes, without a head.
    pub fn parameters(&self) -> usize {
        self.info(Vec::new()).parameters
    }

    /// The published design.
    pub fn family(&self) -> Family {
        match self {
            Self::Myna(_) => Family::Myna,
            Self::Maest(_) => Family::Maest,
            Self::Mt2(_) => Family::Mt2,
            Self::Music2vec(_) => Family::Music2vec,
        }
    }

    /// What other crates may ask of an encoder of these sizes; `outputs` are the names of what its classifier tells.
    pub fn info(&self, outputs: Vec<String>) -> EncoderInfo {
        let info = match self {
            Self::Myna(config) => config.info(),
            Self::Maest(config) => config.info(),
            Self::Mt2(config) => config.info(),
            Self::Music2vec(config) => config.info(),
        };
        EncoderInfo { outputs, ..info }
    }

    /// As [`Self::info`], with windows of so many seconds; `None` where the length of windows belongs to the weights.
    pub(crate) fn info_of_window(&self, secs: u32) -> Option<EncoderInfo> {
        match self {
            Self::Myna(_) | Self::Maest(_) | Self::Mt2(_) => None,
            Self::Music2vec(config) => Some(config.info_of_window(secs)),
        }
    }

    /// What it is, for people: "tiny hybrid", "MAEST of 5 s".
    pub fn name(&self) -> String {
        match self {
            Self::Myna(config) => format!("{} {}", config.size_name(), config.kind),
            Self::Maest(config) => config.name(),
            Self::Mt2(config) => config.name(),
            Self::Music2vec(config) => config.name(),
        }
    }

    /// As [`Self::name`], with the family and all sizes that tell encoders of it apart.
    pub fn full_name(&self) -> String {
        let Sizes {
            dim, depth, heads, ..
        } = self.sizes();
        match self {
            Self::Myna(_) => format!("a {} Myna", self.name()),
            _ => format!(
                "an encoder of the family {}, {dim} wide, {depth} layers, {heads} heads",
                self.family()
            ),
        }
    }

    /// Sizes that every family has.
    pub fn sizes(&self) -> Sizes {
        match self {
            Self::Myna(config) => Sizes {
                dim: config.dim,
                depth: config.depth,
                heads: config.heads,
                mlp_dim: config.mlp_dim,
                labels: 0,
            },
            Self::Maest(config) => config.sizes(),
            Self::Mt2(config) => config.sizes(),
            Self::Music2vec(config) => config.sizes(),
        }
    }

    /// What it reads and tells, for people; `named` says whether the names of what its classifier tells are known.
    pub(crate) fn say_reading(&self, named: bool) -> String {
        match self {
            Self::Myna(config) => format!("{} patches", config.kind),
            Self::Maest(config) => config.say_reading(named),
            Self::Mt2(config) => config.say_reading(),
            Self::Music2vec(config) => config.say_reading(),
        }
    }

    /// Values of one embedding that is read so.
    pub(crate) fn output_dim(&self, readout: Readout) -> usize {
        match self {
            Self::Myna(config) => config.embedding_dim(),
            Self::Maest(config) => config.output_dim(readout),
            Self::Mt2(config) => config.output_dim(readout),
            Self::Music2vec(config) => config.dim,
        }
    }

    /// Which of [`EncoderInfo::layers`] is read where none is named.
    pub(crate) fn default_layer(&self, readout: Readout) -> usize {
        match self {
            Self::Myna(config) => config.depth + 1,
            Self::Maest(config) => config.default_layer(readout),
            Self::Mt2(config) => config.depth + 1,
            Self::Music2vec(config) => config.depth,
        }
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
pub enum Network<B: Backend> {
    Myna(myna::network::Encoder<B>),
    Maest(maest::Network<B>),
    Mt2(mt2::Network<B>),
    Music2vec(music2vec::Network<B>),
}

impl<B: Kernels> Network<B> {
    /// Puts weights on a device; `None` if they are not those of their sizes.
    pub(super) fn assemble(weights: NetworkWeights, device: &B::Device) -> Option<Self> {
        Some(match weights {
            NetworkWeights::Myna(config, weights) => Self::Myna(myna::network::Encoder::assemble(
                &config,
                &weights.tail,
                Precision::F32,
                weights.upload::<B>(device),
            )?),
            NetworkWeights::Tensors(EncoderConfig::Maest(config), tensors) => {
                Self::Maest(maest::Network::assemble(&config, tensors, device)?)
            }
            NetworkWeights::Tensors(EncoderConfig::Mt2(config), tensors) => {
                Self::Mt2(mt2::Network::assemble(&config, tensors, device)?)
            }
            NetworkWeights::Tensors(EncoderConfig::Music2vec(config), tensors) => {
                Self::Music2vec(music2vec::Network::assemble(&config, tensors, device)?)
            }
            // Its weights have a form of their own, which training changes.
            NetworkWeights::Tensors(EncoderConfig::Myna(_), _) => return None,
        })
    }

    /// The network, if it is a Myna.
    pub fn myna(&self) -> Result<&myna::network::Encoder<B>, String> {
        match self {
            Self::Myna(encoder) => Ok(encoder),
            _ => self.other("a Myna"),
        }
    }

    /// The network, if it is a MAEST.
    pub fn maest(&self) -> Result<&maest::Network<B>, String> {
        match self {
            Self::Maest(network) => Ok(network),
            _ => self.other("a MAEST"),
        }
    }

    /// The network, if it is an MT2.
    pub fn mt2(&self) -> Result<&mt2::Network<B>, String> {
        match self {
            Self::Mt2(network) => Ok(network),
            _ => self.other("an MT2"),
        }
    }

    /// The network, if it is a Music2Vec.
    pub fn music2vec(&self) -> Result<&music2vec::Network<B>, String> {
        match self {
            Self::Music2vec(network) => Ok(network),
            _ => self.other("a Music2Vec"),
        }
    }

    fn other<T>(&self, wanted: &str) -> Result<T, String> {
        let family = match self {
            Self::Myna(_) => Family::Myna,
            Self::Maest(_) => Family::Maest,
            Self::Mt2(_) => Family::Mt2,
            Self::Music2vec(_) => Family::Music2vec,
        };
        Err(format!(
            "the encoder is of the family {family}, not {wanted}"
        ))
    }
}
