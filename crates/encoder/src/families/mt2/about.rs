//! What other crates are told of an MT2, and what is asked of it on a device.

use std::ops::Range;

use super::{BANDS, Config, Frames, embed, follow, mel_spec};
use crate::{
    EncoderInfo, Family, Readout, WindowRule, attention::Followed, backend::EncoderJob,
    families::Sizes, kernels::Kernels, network::Network,
};
use mynascope_audio::SAMPLE_RATE;
use mynascope_spectrum::{
    VQT_HOP, Vqt, VqtSpec,
    tokens::{GridKind, TokenGrid},
};

/// Reads layers of windows; as [`embed`].
pub(crate) struct ReadLayers {
    /// The windows.
    pub frames: Frames,
    /// Which layers.
    pub layers: Range<usize>,
    /// How.
    pub readout: Readout,
}

impl EncoderJob for ReadLayers {
    type Output = Vec<f32>;

    fn run<B: Kernels>(self, network: &Network<B>, device: &B::Device) -> Result<Vec<f32>, String> {
        let network = network.mt2()?;
        embed(network, self.frames, self.layers, self.readout, device)
    }
}

/// Follows attention in one window back from what is read; as [`follow`].
pub(crate) struct FollowTokens {
    /// The window.
    pub frames: Frames,
    /// After how many blocks it is read.
    pub layer: usize,
    /// How.
    pub readout: Readout,
}

impl EncoderJob for FollowTokens {
    type Output = Followed;

    fn run<B: Kernels>(self, network: &Network<B>, device: &B::Device) -> Result<Followed, String> {
        let network = network.mt2()?;
        follow(network, self.frames, self.layer, self.readout, device)
    }
}

impl Config {
    /// What other crates may ask of it.
    pub fn info(&self) -> EncoderInfo {
        let secs = self.window_samples() as f64 / f64::from(SAMPLE_RATE);
        let frame_secs = VQT_HOP as f64 / f64::from(SAMPLE_RATE);
        let grid = TokenGrid {
            kind: GridKind::Frames,
            columns: self.frames,
            row_hz: vec![[0.0, (SAMPLE_RATE / 2) as f32]],
            token_secs: frame_secs,
            column_secs: frame_secs,
        };
        let blocks = (1..=self.depth).map(|block| format!("block {block}"));
        let shapes = self.parameters().into_iter();
        EncoderInfo {
            family: Family::Mt2,
            window: WindowRule {
                secs,
                hop_secs: secs,
            },
            window_choices_secs: Vec::new(),
            short_window_pad_secs: None,
            front_end: Some(mel_spec(self.mel_max_hz)),
            vqt: Some(VqtSpec {
                told_rate: self.vqt_rate_hz,
                bins: self.bins,
                window_samples: self.window_samples(),
            }),
            grids: vec![grid],
            layers: std::iter::once("frames".to_owned())
                .chain(blocks)
                .chain(std::iter::once("embedding".to_owned()))
                .collect(),
            readouts: vec![
                Readout::Contrastive,
                Readout::Equivariant,
                Readout::ClassMean,
                Readout::FrameMean,
                Readout::KeyProfile,
            ],
            outputs: Vec::new(),
            published_layer: self.depth + 1,
            dim: self.dim,
            depth: self.depth,
            parameters: shapes
                .map(|(_, shape)| shape.iter().product::<usize>())
                .sum(),
            flops: self.flops(self.frames),
        }
    }

    /// What it is, for people.
    pub(crate) fn name(&self) -> String {
        "MT2".to_owned()
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
            "windows of {:.3} s, {} frames of {} VQT bins from {:.1} Hz up and {BANDS} mel bands up to {} Hz",
            self.info().window.secs,
            self.frames,
            self.bins,
            Vqt::new(self.vqt_rate_hz).hz_of_bin(0.0),
            self.mel_max_hz
        )
    }

    /// The sizes as the hash of an encoder holds them; this text must never change.
    pub(crate) fn identity_text(&self) -> String {
        let Self {
            dim,
            depth,
            heads,
            mlp_dim,
            bins,
            frames,
            vqt_rate_hz,
            mel_max_hz,
        } = self;
        format!(
            "mt2 dim {dim} depth {depth} heads {heads} mlp {mlp_dim} bins {bins} frames {frames} vqt {vqt_rate_hz} mel {mel_max_hz}"
        )
    }
}
