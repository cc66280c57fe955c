//! What other crates are told of a MAEST, and what is asked of it on a device.

use std::ops::Range;

use super::{
    BANDS, Config, Form, Head, PATCH, PUBLISHED_BLOCK, Patches, ROWS, STRIDE, embed, follow,
};
use crate::{
    EncoderInfo, Family, Readout, WindowRule, attention::Followed, backend::EncoderJob,
    families::Sizes, kernels::Kernels, network::Network,
};
use mynascope_base::counted;
use mynascope_spectrum::{
    MAEST_HUB_MEL, MAEST_MEL,
    tokens::{GridKind, TokenGrid},
};

/// How a layer is read, the published way first.
const READOUTS: [Readout; 7] = [
    Readout::Stack,
    Readout::Cls,
    Readout::Dist,
    Readout::Mean,
    Readout::Features,
    Readout::Logits,
    Readout::Probabilities,
];

/// Reads layers of windows; as [`embed`].
pub(crate) struct ReadLayers {
    /// The windows.
    pub patches: Patches,
    /// Which layers.
    pub layers: Range<usize>,
    /// How.
    pub readout: Readout,
}

impl EncoderJob for ReadLayers {
    type Output = Vec<f32>;

    fn run<B: Kernels>(self, network: &Network<B>, device: &B::Device) -> Result<Vec<f32>, String> {
        let network = network.maest()?;
        embed(network, self.patches, self.layers, self.readout, device)
    }
}

/// Follows attention in one window back from what is read; as [`follow`].
pub(crate) struct FollowTokens {
    /// The window.
    pub patches: Patches,
    /// After how many blocks it is read.
    pub layer: usize,
    /// How.
    pub readout: Readout,
}

impl EncoderJob for FollowTokens {
    type Output = Followed;

    fn run<B: Kernels>(self, network: &Network<B>, device: &B::Device) -> Result<Followed, String> {
        let network = network.maest()?;
        follow(network, self.patches, self.layer, self.readout, device)
    }
}

impl Config {
    /// What other crates may ask of it, but for the names of the styles.
    pub fn info(&self) -> EncoderInfo {
        let frame_secs = MAEST_MEL.hop as f64 / 16_000.0;
        let secs = match self.form {
            Form::Hub => self.window_samples() as f64 / 16_000.0,
            Form::Native => self.frames() as f64 * frame_secs,
        };
        // Half-way between the centres of the bands on both sides of its edge.
        let edge = |band: usize| MAEST_MEL.hz_of_band(band as f64 - 0.5) as f32;
        let grid = TokenGrid {
            kind: GridKind::Maest,
            columns: self.columns_of(self.frames()),
            row_hz: (0..ROWS)
                .map(|row| [edge(row * STRIDE), edge(row * STRIDE + PATCH)])
                .collect(),
            token_secs: PATCH as f64 * frame_secs,
            column_secs: STRIDE as f64 * frame_secs,
        };
        let mut readouts = READOUTS.to_vec();
        if self.labels == 0 {
            readouts.retain(|readout| !matches!(readout, Readout::Logits | Readout::Probabilities));
        }
        let blocks = (1..=self.depth).map(|block| format!("block {block}"));
        EncoderInfo {
            family: Family::Maest,
            window: WindowRule {
                secs,
                hop_secs: 0.5 * secs,
            },
            window_choices_secs: Vec::new(),
            short_window_pad_secs: match self.form {
                Form::Hub => None,
                Form::Native => Some(frame_secs),
            },
            front_end: Some(match self.form {
                Form::Hub => MAEST_HUB_MEL,
                Form::Native => MAEST_MEL,
            }),
            vqt: None,
            layers: std::iter::once("patches".to_owned())
                .chain(blocks)
                .collect(),
            readouts,
            outputs: Vec::new(),
            published_layer: self.default_layer(Readout::Stack),
            dim: self.output_dim(Readout::Stack),
            depth: self.depth,
            parameters: self.count_parameters(),
            flops: self.flops(grid.tokens(), PUBLISHED_BLOCK),
            grids: vec![grid],
        }
    }

    /// What it is, for people: "MAEST of 5 s".
    pub(crate) fn name(&self) -> String {
        format!("MAEST of {} s", self.window_samples() / 16_000)
    }

    /// Sizes that every family has.
    pub(crate) fn sizes(&self) -> Sizes {
        Sizes {
            dim: self.dim,
            depth: self.depth,
            heads: self.heads,
            mlp_dim: self.mlp_dim,
            labels: self.labels,
        }
    }

    /// What it reads and tells, for people; `named` says whether the names of its styles are known.
    pub(crate) fn say_reading(&self, named: bool) -> String {
        let info = self.info();
        format!(
            "windows of {:.3} s, {} columns and {ROWS} rows of patches of {PATCH} frames and bands, {BANDS} bands, {}",
            info.window.secs,
            info.grids.first().map_or(0, |grid| grid.columns),
            match self.labels {
                0 => "no classifier".to_owned(),
                labels if named => format!("{} with names", counted(labels, "style")),
                labels => format!(
                    "{} without names (they stand in the hub's config.json)",
                    counted(labels, "style")
                ),
            }
        )
    }

    /// Numbers that training changes.
    pub fn count_parameters(&self) -> usize {
        let shapes = self.parameters().into_iter();
        shapes
            .map(|(_, shape)| shape.iter().product::<usize>())
            .sum()
    }

    /// The sizes as the hash of an encoder holds them; this text must never change.
    pub(crate) fn identity_text(&self) -> String {
        let form = match self.form {
            Form::Hub => "hub",
            Form::Native => "native",
        };
        let head = match self.head {
            Head::Mean => "mean",
            Head::Separated => "separated",
        };
        let Self {
            dim,
            depth,
            heads,
            mlp_dim,
            columns,
            labels,
            ..
        } = self;
        format!(
            "maest dim {dim} depth {depth} heads {heads} mlp {mlp_dim} columns {columns} labels {labels} form {form} head {head}"
        )
    }
}
