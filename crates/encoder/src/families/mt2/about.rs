//! What the rest of the program asks of an MT2.

use super::{BANDS, Config, KEYS, Network, cut, embed, follow, input, mel_spec};
use crate::{
    EncoderError, EncoderInfo, Family, ParameterSpec, Reading, Readout, Window, WindowRule,
    attention::Followed,
    backend::JobError,
    families::{Design, FamilyNetwork, FollowAttention, ReadLayers, Sizes, WeightNames},
    kernels::Kernels,
};
use mynascope_audio::SAMPLE_RATE;
use mynascope_spectrum::{
    SpectrumError, VQT_HOP, Vqt, VqtSpec,
    tokens::{GridKind, TokenGrid},
};

impl<B: Kernels> FamilyNetwork<B> for Network<B> {
    fn read_layers(
        &self,
        wanted: ReadLayers<'_>,
        device: &B::Device,
    ) -> Result<Vec<f32>, JobError> {
        let frames = cut(self.config(), wanted.windows, wanted.kept)?;
        Ok(embed(self, frames, wanted.layers, wanted.readout, device)?)
    }

    fn follow(
        &self,
        wanted: FollowAttention<'_>,
        device: &B::Device,
    ) -> Result<Followed, JobError> {
        let kept = [wanted.kept.to_vec()];
        let frames = cut(self.config(), &[wanted.window], Some(&kept))?;
        Ok(follow(self, frames, wanted.blocks, wanted.readout, device)?)
    }
}

impl Design for Config {
    fn family(&self) -> Family {
        Family::Mt2
    }

    fn info(&self) -> EncoderInfo {
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

    fn sizes(&self) -> Sizes {
        Sizes {
            dim: self.dim,
            depth: self.depth,
            heads: self.heads,
            mlp_dim: self.mlp_dim,
            labels: 0,
        }
    }

    fn validate(&self) -> Result<(), EncoderError> {
        Config::validate(self)
    }

    fn trained_parameters(&self) -> Option<Vec<ParameterSpec>> {
        Some(self.layout())
    }

    fn weight_names(&self) -> Option<WeightNames> {
        Some(WeightNames {
            blocks: "backbone.blocks.",
            behind: &["backbone.norm.", "linear_out_stone."],
        })
    }

    fn header(&self) -> Vec<(String, String)> {
        [
            ("family", "mt2".to_owned()),
            ("vqt_rate_hz", self.vqt_rate_hz.to_string()),
            ("mel_max_hz", self.mel_max_hz.to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }

    fn say_reading(&self, _named: bool) -> String {
        format!(
            "windows of {:.3} s, {} frames of {} VQT bins from {:.1} Hz up and {BANDS} mel bands up to {} Hz",
            self.info().window.secs,
            self.frames,
            self.bins,
            Vqt::new(self.vqt_rate_hz).hz_of_bin(0.0),
            self.mel_max_hz
        )
    }

    fn output_dim(&self, readout: Readout) -> usize {
        match readout {
            Readout::KeyProfile => KEYS,
            _ => self.dim,
        }
    }

    fn default_layer(&self, _readout: Readout) -> usize {
        self.depth + 1
    }

    fn windows(&self, samples: &[f32], reading: &Reading) -> Result<Vec<Window>, SpectrumError> {
        input::windows(self, samples, reading.overlap)
    }

    fn identity_text(&self) -> String {
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
