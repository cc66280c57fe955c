//! Sizes by name, of every family that is trained here.

use serde::{Deserialize, Serialize};

use super::{
    EncoderConfig, Family, MynaConfig, PatchInput, Patching, Preset,
    families::{maest, mt2, music2vec},
};
use mynascope_base::named;

/// Named sizes of an encoder that can be trained; they say its family too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EncoderPreset {
    /// A Myna, 192 wide, 8 layers: trains on a CPU.
    #[default]
    Tiny,
    /// A Myna, 384 wide, 12 layers: the published 22M models.
    Small,
    /// A Myna, 768 wide, 12 layers: the published 85M models.
    Base,
    /// An MT2, 128 wide, 4 layers: trains on a CPU.
    Mt2Tiny,
    /// An MT2, 192 wide, 12 layers: the published size.
    Mt2,
    /// A Music2Vec, 192 wide, 4 layers: trains on a CPU.
    #[serde(rename = "music2vec-tiny")]
    Music2vecTiny,
    /// A Music2Vec, 768 wide, 12 layers: the published size.
    Music2vec,
    /// A MAEST of 5 s, 192 wide, 4 layers: trains on a CPU.
    MaestTiny,
    /// A MAEST of 5 s, 768 wide, 12 layers: the published size.
    Maest,
}

impl EncoderPreset {
    /// All presets, family by family, smallest first.
    pub const ALL: [Self; 9] = [
        Self::Tiny,
        Self::Small,
        Self::Base,
        Self::Mt2Tiny,
        Self::Mt2,
        Self::Music2vecTiny,
        Self::Music2vec,
        Self::MaestTiny,
        Self::Maest,
    ];

    /// The family.
    pub fn family(self) -> Family {
        match self {
            Self::Tiny | Self::Small | Self::Base => Family::Myna,
            Self::Mt2Tiny | Self::Mt2 => Family::Mt2,
            Self::Music2vecTiny | Self::Music2vec => Family::Music2vec,
            Self::MaestTiny | Self::Maest => Family::Maest,
        }
    }

    /// The sizes; a Myna reads such patches.
    pub fn config(self, patch: Patching) -> EncoderConfig {
        match self {
            Self::Tiny => Preset::Tiny.config(patch).into(),
            Self::Small => Preset::Small.config(patch).into(),
            Self::Base => Preset::Base.config(patch).into(),
            Self::Mt2Tiny => mt2::Config::TINY.into(),
            Self::Mt2 => mt2::Config::PUBLISHED.into(),
            Self::Music2vecTiny => music2vec::Config::TINY.into(),
            Self::Music2vec => music2vec::Config::PUBLISHED.into(),
            Self::MaestTiny => maest::Config::TINY.into(),
            Self::Maest => maest::Config::BASE.into(),
        }
    }

    /// The preset of these sizes, if it is one.
    pub fn of(config: &EncoderConfig) -> Option<Self> {
        let myna = config.myna();
        let patch = myna.map_or(Patching::default(), |myna| myna.kind);
        // What patches hold is no size.
        let sizes = myna.map_or(*config, |myna| {
            let input = PatchInput::Power;
            MynaConfig { input, ..myna }.into()
        });
        Self::ALL
            .into_iter()
            .find(|preset| preset.config(patch) == sizes)
    }
}

impl From<Preset> for EncoderPreset {
    fn from(preset: Preset) -> Self {
        match preset {
            Preset::Tiny => Self::Tiny,
            Preset::Small => Self::Small,
            Preset::Base => Self::Base,
        }
    }
}

named!(
    EncoderPreset,
    "size",
    EncoderPreset::Tiny => "tiny",
    EncoderPreset::Small => "small",
    EncoderPreset::Base => "base",
    EncoderPreset::Mt2Tiny => "mt2-tiny",
    EncoderPreset::Mt2 => "mt2",
    EncoderPreset::Music2vecTiny => "music2vec-tiny",
    EncoderPreset::Music2vec => "music2vec",
    EncoderPreset::MaestTiny => "maest-tiny",
    EncoderPreset::Maest => "maest",
);
