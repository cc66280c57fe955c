//! What the rest of the program asks of a Music2Vec.

use super::{
    BLOCKS, Config, FRAME_HOP, FRAME_SAMPLES, Network, WINDOW_CHOICES_SECS, WINDOW_SECS, cut,
    embed, follow, frames_of, input, recognise::OWN, window_samples,
};
use crate::{
    EncoderError, EncoderInfo, Family, ParameterSpec, Reading, Readout, Window, WindowRule,
    attention::Followed,
    backend::JobError,
    families::{Design, FamilyNetwork, FollowAttention, ReadLayers, Sizes, WeightNames},
    kernels::Kernels,
};
use mynascope_audio::SAMPLE_RATE;
use mynascope_spectrum::{
    SpectrumError,
    tokens::{GridKind, TokenGrid},
};

impl<B: Kernels> FamilyNetwork<B> for Network<B> {
    fn read_layers(
        &self,
        wanted: ReadLayers<'_>,
        device: &B::Device,
    ) -> Result<Vec<f32>, JobError> {
        let samples = cut(wanted.windows, wanted.kept)?;
        Ok(embed(self, samples, wanted.layers, wanted.readout, device)?)
    }

    fn follow(
        &self,
        wanted: FollowAttention<'_>,
        device: &B::Device,
    ) -> Result<Followed, JobError> {
        let kept = [wanted.kept.to_vec()];
        let samples = cut(&[wanted.window], Some(&kept))?;
        Ok(follow(self, samples, wanted.blocks, device)?)
    }
}

impl Config {
    /// What other crates may ask of it where windows last so many seconds.
    fn info_of(&self, secs: u32) -> EncoderInfo {
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
}

impl Design for Config {
    fn family(&self) -> Family {
        Family::Music2vec
    }

    fn info(&self) -> EncoderInfo {
        self.info_of(WINDOW_SECS)
    }

    fn info_of_window(&self, secs: u32) -> Option<EncoderInfo> {
        Some(self.info_of(secs))
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
            blocks: BLOCKS,
            behind: &[],
        })
    }

    fn header(&self) -> Vec<(String, String)> {
        vec![("family".to_owned(), OWN.to_owned())]
    }

    fn say_reading(&self, _named: bool) -> String {
        format!(
            "samples at 16 kHz, a frame every 20 ms, in windows of {WINDOW_SECS} s or what --window says; \
             the published weights are for non-commercial use (CC BY-NC 4.0)"
        )
    }

    fn default_layer(&self, _readout: Readout) -> usize {
        self.depth
    }

    fn windows(&self, samples: &[f32], reading: &Reading) -> Result<Vec<Window>, SpectrumError> {
        input::windows(samples, reading)
    }

    fn columns_in(&self, values: usize) -> Option<usize> {
        Some(frames_of(values))
    }

    fn identity_text(&self) -> String {
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
