//! What the rest of the program asks of a baseline.

use super::{
    BASELINE_MEL, Baseline, Config, MFCCS, OFFERED_SECS, WINDOW_SECS, frames_of, refuse_attention,
    windows,
};
use crate::{
    EncoderError, EncoderInfo, Family, Reading, Readout, Window, WindowRule,
    attention::Followed,
    backend::JobError,
    families::{Design, FamilyNetwork, FollowAttention, ReadLayers, Sizes},
    kernels::Kernels,
};
use mynascope_audio::SAMPLE_RATE;
use mynascope_spectrum::{
    SpectrumError,
    tokens::{GridKind, TokenGrid},
};

impl<B: Kernels> FamilyNetwork<B> for Config {
    fn read_layers(
        &self,
        wanted: ReadLayers<'_>,
        _device: &B::Device,
    ) -> Result<Vec<f32>, JobError> {
        let kept = |window: usize| Some(wanted.kept?.get(window)?.as_slice());
        let rows = wanted.windows.iter().enumerate();
        Ok(rows
            .flat_map(|(at, window)| self.baseline.embed(window, kept(at)))
            .collect())
    }

    fn follow(
        &self,
        _wanted: FollowAttention<'_>,
        _device: &B::Device,
    ) -> Result<Followed, JobError> {
        Err(refuse_attention().into())
    }
}

impl Config {
    fn info_of(self, secs: u32) -> EncoderInfo {
        let columns = frames_of(secs);
        let frame_secs = BASELINE_MEL.hop as f64 / f64::from(SAMPLE_RATE);
        let secs = columns as f64 * frame_secs;
        let bands = BASELINE_MEL.bands as u64;
        EncoderInfo {
            family: Family::Baseline,
            window: WindowRule {
                secs,
                hop_secs: secs,
            },
            window_choices_secs: OFFERED_SECS.to_vec(),
            short_window_pad_secs: Some(frame_secs),
            front_end: Some(BASELINE_MEL),
            vqt: None,
            grids: vec![TokenGrid {
                kind: GridKind::Frames,
                columns,
                row_hz: vec![[0.0, (SAMPLE_RATE / 2) as f32]],
                token_secs: frame_secs,
                column_secs: frame_secs,
            }],
            layers: vec!["frames".to_owned()],
            readouts: vec![Readout::Statistics],
            outputs: Vec::new(),
            published_layer: 0,
            dim: self.baseline.dim(),
            depth: 0,
            parameters: 0,
            flops: match self.baseline {
                Baseline::Mfcc => 2 * columns as u64 * bands * MFCCS as u64,
                Baseline::LogMel | Baseline::Chance => 4 * columns as u64 * bands,
            },
        }
    }
}

impl Design for Config {
    fn family(&self) -> Family {
        Family::Baseline
    }

    fn info(&self) -> EncoderInfo {
        self.info_of(WINDOW_SECS)
    }

    fn info_of_window(&self, secs: u32) -> Option<EncoderInfo> {
        Some(self.info_of(secs))
    }

    fn name(&self) -> String {
        self.to_string()
    }

    fn full_name(&self) -> String {
        self.to_string()
    }

    fn sizes(&self) -> Sizes {
        Sizes {
            dim: self.baseline.dim(),
            depth: 0,
            heads: 0,
            mlp_dim: 0,
            labels: 0,
        }
    }

    fn validate(&self) -> Result<(), EncoderError> {
        Ok(())
    }

    fn say_reading(&self, _named: bool) -> String {
        self.baseline.explain().to_owned()
    }

    fn default_layer(&self, _readout: Readout) -> usize {
        0
    }

    fn windows(&self, samples: &[f32], reading: &Reading) -> Result<Vec<Window>, SpectrumError> {
        windows(samples, reading)
    }

    fn columns_in(&self, values: usize) -> Option<usize> {
        Some(values / BASELINE_MEL.bands)
    }

    fn identity_text(&self) -> String {
        format!("baseline {}", self.baseline)
    }
}
