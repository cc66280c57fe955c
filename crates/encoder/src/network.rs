//! The only dispatch over families: their sizes, and their networks on a device.

use burn::tensor::backend::Backend;
use serde::{Deserialize, Serialize};

use super::{
    EncoderInfo, Family, MynaConfig, Precision, Weights,
    families::{maest, myna},
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
}

impl EncoderConfig {
    /// The published design.
    pub fn family(&self) -> Family {
        match self {
            Self::Myna(_) => Family::Myna,
            Self::Maest(_) => Family::Maest,
        }
    }

    /// What other crates may ask of an encoder of these sizes; `outputs` are the names of what its classifier tells.
    pub fn info(&self, outputs: Vec<String>) -> EncoderInfo {
        let info = match self {
            Self::Myna(config) => config.info(),
            Self::Maest(config) => config.info(),
        };
        EncoderInfo { outputs, ..info }
    }
}

/// The weights of an encoder as plain numbers.
pub(super) enum NetworkWeights {
    Myna(Weights),
    Maest(maest::Config, Vec<Vec<f32>>),
}

impl NetworkWeights {
    /// The sizes.
    pub fn config(&self) -> EncoderConfig {
        match self {
            Self::Myna(weights) => EncoderConfig::Myna(weights.config),
            Self::Maest(config, _) => EncoderConfig::Maest(*config),
        }
    }
}

/// A network on a device.
#[derive(Debug)]
pub enum Network<B: Backend> {
    Myna(myna::network::Encoder<B>),
    Maest(maest::Network<B>),
}

impl<B: Kernels> Network<B> {
    /// Puts weights on a device; `None` if they are not those of their sizes.
    pub(super) fn assemble(weights: NetworkWeights, device: &B::Device) -> Option<Self> {
        Some(match weights {
            NetworkWeights::Myna(weights) => Self::Myna(myna::network::Encoder::assemble(
                &weights.config,
                &weights.tail,
                Precision::F32,
                weights.upload::<B>(device),
            )?),
            NetworkWeights::Maest(config, tensors) => {
                Self::Maest(maest::Network::assemble(&config, tensors, device)?)
            }
        })
    }

    /// The network, if it is a Myna.
    pub fn myna(&self) -> Result<&myna::network::Encoder<B>, String> {
        match self {
            Self::Myna(encoder) => Ok(encoder),
            Self::Maest(_) => Err("the encoder is a MAEST, not a Myna".to_owned()),
        }
    }

    /// The network, if it is a MAEST.
    pub fn maest(&self) -> Result<&maest::Network<B>, String> {
        match self {
            Self::Maest(network) => Ok(network),
            Self::Myna(_) => Err("the encoder is a Myna, not a MAEST".to_owned()),
        }
    }
}
