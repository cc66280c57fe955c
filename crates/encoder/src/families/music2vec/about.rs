//! What other crates are told of a Music2Vec, and what is asked of it on a device.

use std::ops::Range;

use super::{
    Config, FRAME_HOP, FRAME_SAMPLES, Samples, WINDOW_CHOICES_SECS, WINDOW_SECS, embed, follow,
    frames_of, window_samples,
};
use crate::{
    EncoderInfo, Family, Readout, WindowRule, attention::Followed, backend::EncoderJob,
    families::Sizes, kernels::Kernels, network::Network,
};
use mynascope_audio::SAMPLE_RATE;
use mynascope_spectrum::tokens::{GridKind, TokenGrid};

/// Reads layers of windows; as [`embed`].
pub(crate) struct ReadLayers {
    /// The windows.
    pub samples: Samples,
    /// Which layers.
    pub layers: Range<usize>,
    /// How.
    pub readout: Readout,
}

impl EncoderJob for ReadLayers {
    type Output = Vec<f32>;

    fn run<B: Kernels>(self, network: &Network<B>, device: &B::Device) -> Result<Vec<f32>, String> {
        let network = network.music2vec()?;
        embed(network, self.samples, self.layers, self.readout, device)
    }
}

/// Follows attention in one window back from what is read; as [`follow`].
pub(crate) struct FollowTokens {
    /// The window.
    pub samples: Samples,
    /// After how many blocks it is read.
    pub layer: usize,
}

impl EncoderJob for FollowTokens {
    type Output = Followed;

    fn run<B: Kernels>(self, network: &Network<B>, device: &B::Device) -> Result<Followed, String> {
        follow(network.music2vec()?, self.samples, self.layer, device)
    }
}

impl Config {
    /// What other crates may ask of it.
    pub fn info(&self) -> EncoderInfo {
        self.info_of_window(WINDOW_SECS)
    }

    /// The same with windows of so many seconds.
    pub(crate) fn info_of_window(&self, secs: u32) -> EncoderInfo {
        let samples = window_samples(secs);
        let columns = frames_of(samples);
        let in_secs = |samples: usize| samples as f64 / f64::from(SAMPLE_RATE);
        let grid = TokenGrid {
            kind: GridKind::Frames,
            columns,
            row_hz: vec![[0.0, (SAMPLE_RATE / 2) as f32]],
            token_secs: in_secs(FRAME_SAMPLES),
            column_secs: in_secs(FRAME_HOP),
        };
        let blocks = (1..=self.depth).map(|block| format!("block {block}"));
        let shapes = self.parameters().into_iter();
        EncoderInfo {
            family: Family::Music2vec,
            window: WindowRule {
                secs: secs.into(),
                hop_secs: secs.into(),
            },
            window_choices_secs: WINDOW_CHOICES_SECS.to_vec(),
            short_window_pad_secs: Some(0.0),
            grids: vec![grid],
            layers: std::iter::once("frames".to_owned()).chain(blocks).collect(),
            readouts: vec![Readout::Mean],
            front_end: None,
            vqt: None,
            published_layer: self.depth,
            outputs: Vec::new(),
            dim: self.dim,
            depth: self.depth,
            parameters: shapes
                .map(|(_, shape)| shape.iter().product::<usize>())
                .sum(),
            flops: self.flops(samples, columns),
        }
    }

    /// What it is, for people.
    pub(crate) fn name(&self) -> String {
        "Music2Vec".to_owned()
    }

    /// Sizes that every family has.
    pub(crate) fn sizes(&self) -> Sizes {
        Sizes {
            dim: self.dim,
            depth: self.depth,
            heads: self.heads,
            mlp_dim: self.mlp_dim,
            labels: 0,
        }
    }

    /// What it reads, for people.
    pub(crate) fn say_reading(&self) -> String {
        format!(
            "samples at 16 kHz, a frame every 20 ms, in windows of {WINDOW_SECS} s or what --window says; \
             the published weights are for non-commercial use (CC BY-NC 4.0)"
        )
    }

    /// The sizes as the hash of an encoder holds them; this text must never change.
    pub(crate) fn identity_text(&self) -> String {
        let Self {
            dim,
            depth,
            heads,
            mlp_dim,
            channels,
            position_layers,
            position_kernel,
            position_groups,
        } = self;
        format!(
            "music2vec dim {dim} depth {depth} heads {heads} mlp {mlp_dim} channels {channels} positions {position_layers} {position_kernel} {position_groups}"
        )
    }
}
