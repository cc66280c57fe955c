//! Myna (Yonay et al. 2025, "Myna: Masking-Based Contrastive Learning of Musical Representations"): SimpleViT over the
//! kept patches of a mel-spectrogram, the mean over tokens. Here its patches, presets and sizes; `parameters` names its
//! weights, `tokenizer` cuts windows into tokens, `network` is the forward pass.

mod about;
mod cost;
mod decoder;
pub(crate) mod network;
pub(crate) mod parameters;
pub(crate) mod tokenizer;

use serde::{Deserialize, Serialize};

use crate::{EncoderError, EncoderInfo, Family, Readout, WindowRule};
use mynascope_audio::SAMPLE_RATE;
use mynascope_base::named;
use mynascope_spectrum::{
    Compression, HOP, MYNA_MEL, MelSpec,
    tokens::{PATCH_VALUES, PatchShape},
};

/// Which patches an encoder reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Patching {
    /// 16x16 patches (Myna-Base).
    Square,
    /// 128x2 patches (Myna-Vertical).
    Vertical,
    /// Both, through one shared transformer (Myna-Hybrid).
    #[default]
    Hybrid,
}

impl Patching {
    /// All kinds, in the order in which they are offered.
    pub const ALL: [Self; 3] = [Self::Square, Self::Vertical, Self::Hybrid];

    /// The patch shapes, in the order of the embedding's parts.
    pub fn shapes(self) -> &'static [PatchShape] {
        match self {
            Self::Square => &[PatchShape::Square],
            Self::Vertical => &[PatchShape::Vertical],
            Self::Hybrid => &[PatchShape::Square, PatchShape::Vertical],
        }
    }

    /// Frames of one window as the published inference code cuts it: 50,000 samples give 98 frames, which the
    /// 16-wide patches round down to 96.
    pub fn window_frames(self) -> usize {
        match self {
            Self::Square | Self::Hybrid => 96,
            Self::Vertical => 98,
        }
    }
}

named!(
    Patching,
    "kind of encoder",
    Patching::Square => "square",
    Patching::Vertical => "vertical",
    Patching::Hybrid => "hybrid",
);

/// What a Myna reads of the power of a mel band.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PatchInput {
    /// The power itself, as published.
    #[default]
    Power,
    /// `log10(1 + 10000 x)`, as musicnn (Pons and Serra 2019) and MAEST read it: quiet partials count too.
    Log,
}

impl PatchInput {
    /// Both, the published one first.
    pub const ALL: [Self; 2] = [Self::Power, Self::Log];

    /// Whether it is the published one.
    pub fn is_power(&self) -> bool {
        *self == Self::Power
    }

    /// What is done to the power of a band.
    pub fn compression(self) -> Compression {
        match self {
            Self::Power => Compression::Power,
            Self::Log => Compression::Log10Of1Plus10000,
        }
    }
}

named!(
    PatchInput,
    "input of patches",
    PatchInput::Power => "power",
    PatchInput::Log => "log",
);

/// Named sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    /// 192 wide, 8 layers: trains on a CPU.
    #[default]
    Tiny,
    /// 384 wide, 12 layers: the published 22M models.
    Small,
    /// 768 wide, 12 layers: the published 85M models.
    Base,
}

impl Preset {
    /// All presets, smallest first.
    pub const ALL: [Self; 3] = [Self::Tiny, Self::Small, Self::Base];

    /// The sizes of this preset.
    pub fn config(self, kind: Patching) -> MynaConfig {
        let (dim, depth, heads) = match self {
            Self::Tiny => (192, 8, 3),
            Self::Small => (384, 12, 6),
            Self::Base => (768, 12, 12),
        };
        MynaConfig {
            kind,
            dim,
            depth,
            heads,
            mlp_dim: 4 * dim,
            input: PatchInput::Power,
        }
    }
}

named!(
    Preset,
    "size",
    Preset::Tiny => "tiny",
    Preset::Small => "small",
    Preset::Base => "base",
);

/// Values of one attention head, as in all published models.
pub const HEAD_DIM: usize = 64;

/// The sizes of an encoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MynaConfig {
    /// Which patches it reads.
    pub kind: Patching,
    /// Width of a token.
    pub dim: usize,
    /// Transformer layers.
    pub depth: usize,
    /// Attention heads of 64 values each.
    pub heads: usize,
    /// Width of the hidden layer of the feed-forward part.
    pub mlp_dim: usize,
    /// What its patches hold.
    #[serde(default, skip_serializing_if = "PatchInput::is_power")]
    pub input: PatchInput,
}

impl MynaConfig {
    /// Values of one embedding; a hybrid joins one vector a patch shape.
    pub fn embedding_dim(&self) -> usize {
        self.dim * self.kind.shapes().len()
    }

    /// Numbers that training changes, without a projection head.
    pub fn parameters(&self) -> usize {
        parameters::encoder_parameters(self)
            .iter()
            .map(crate::ParameterSpec::len)
            .sum()
    }

    /// Refuses sizes that no encoder can have or no machine can hold.
    ///
    /// # Errors
    /// [`EncoderError::Sizes`] with the first size that is wrong and its limits.
    pub fn validate(&self) -> Result<(), EncoderError> {
        let wrong = |what: String| Err(EncoderError::Sizes(what));
        if self.dim == 0 || !self.dim.is_multiple_of(4) {
            return wrong(format!(
                "the width must be a multiple of 4 (positions are four sine and cosine blocks), not {}",
                self.dim
            ));
        }
        for (name, value, most) in [
            ("width", self.dim, 8192),
            ("depth", self.depth, 128),
            ("number of heads", self.heads, 128),
            ("width of the feed-forward part", self.mlp_dim, 32_768),
        ] {
            if value == 0 || value > most {
                return wrong(format!("the {name} must be from 1 to {most}, not {value}"));
            }
        }
        Ok(())
    }

    /// The size as people say it: "tiny", "small", "base" or width and depth.
    pub fn size_name(&self) -> String {
        Preset::ALL
            .into_iter()
            .find(|preset| {
                let input = self.input;
                let sizes = MynaConfig {
                    input,
                    ..preset.config(self.kind)
                };
                sizes == *self
            })
            .map_or_else(
                || format!("dim-{}-depth-{}", self.dim, self.depth),
                |preset| preset.to_string(),
            )
    }
}

impl MynaConfig {
    /// What other crates may ask of an encoder of these sizes.
    pub fn info(&self) -> EncoderInfo {
        let frames = self.kind.window_frames();
        let secs = (frames * HOP) as f64 / f64::from(SAMPLE_RATE);
        let grids = self.kind.shapes().iter();
        let blocks = (1..=self.depth).map(|block| format!("block {block}"));
        EncoderInfo {
            family: Family::Myna,
            window: WindowRule {
                secs,
                hop_secs: secs,
            },
            window_choices_secs: Vec::new(),
            short_window_pad_secs: None,
            front_end: Some(MelSpec {
                compression: self.input.compression(),
                ..MYNA_MEL
            }),
            vqt: None,
            grids: grids.map(|shape| shape.grid(frames).into()).collect(),
            layers: std::iter::once("patches".to_owned())
                .chain(blocks)
                .chain(std::iter::once("embedding".to_owned()))
                .collect(),
            readouts: vec![Readout::Mean],
            outputs: Vec::new(),
            published_layer: self.depth + 1,
            dim: self.embedding_dim(),
            depth: self.depth,
            parameters: self.parameters(),
            flops: self.flops(),
        }
    }

    /// About how many floating point operations a whole window takes.
    fn flops(&self) -> u64 {
        let (dim, inner) = (self.dim as u64, (self.heads * HEAD_DIM) as u64);
        let of_shape = |shape: &PatchShape| {
            let tokens = shape.grid(self.kind.window_frames()).tokens() as u64;
            let linear = 2 * tokens * dim * (4 * inner + 2 * self.mlp_dim as u64);
            let attention = 4 * tokens * tokens * inner;
            2 * tokens * PATCH_DIM as u64 * dim + self.depth as u64 * (linear + attention)
        };
        self.kind.shapes().iter().map(of_shape).sum()
    }
}

/// Values of one patch as the embedder reads it; 256 for both shapes.
pub const PATCH_DIM: usize = PATCH_VALUES;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_sizes_have_the_published_parameter_counts() {
        let count = |preset: Preset, kind| preset.config(kind).parameters();
        assert_eq!(count(Preset::Small, Patching::Square), 21_375_872);
        assert_eq!(count(Preset::Small, Patching::Vertical), 21_375_872);
        assert_eq!(count(Preset::Small, Patching::Hybrid), 21_475_840);
        assert_eq!(count(Preset::Base, Patching::Square), 85_218_560);
        assert_eq!(count(Preset::Base, Patching::Hybrid), 85_417_984);
        assert_eq!(Preset::Base.config(Patching::Hybrid).embedding_dim(), 1536);
    }

    #[test]
    fn impossible_sizes_are_refused() {
        let good = Preset::Tiny.config(Patching::Hybrid);
        assert!(good.validate().is_ok());
        for bad in [
            MynaConfig { dim: 190, ..good },
            MynaConfig { dim: 0, ..good },
            MynaConfig { depth: 0, ..good },
            MynaConfig {
                heads: 1 << 40,
                ..good
            },
        ] {
            assert!(bad.validate().is_err(), "{bad:?}");
        }
    }
}
