//! What the rest of the program asks of a Myna.

use super::{MynaConfig, PatchInput, Patching, parameters::encoder_parameters};
use crate::{
    EncoderError, EncoderInfo, Family, Overlap, ParameterSpec, Reading, Readout, Window,
    families::{Design, Sizes, WeightNames},
    input::{secs, starts},
};
use mynascope_spectrum::{HOP, Mel, SpectrumError, mel_of_samples, tokens::MEL_BANDS};

impl Design for MynaConfig {
    fn family(&self) -> Family {
        Family::Myna
    }

    fn info(&self) -> EncoderInfo {
        MynaConfig::info(self)
    }

    fn name(&self) -> String {
        let name = format!("{} {}", self.size_name(), self.kind);
        match self.input {
            PatchInput::Power => name,
            PatchInput::Log => format!("{name} log"),
        }
    }

    fn full_name(&self) -> String {
        format!("a {} Myna", Design::name(self))
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
        MynaConfig::validate(self)
    }

    fn trained_parameters(&self) -> Option<Vec<ParameterSpec>> {
        Some(encoder_parameters(self))
    }

    fn weight_names(&self) -> Option<WeightNames> {
        Some(WeightNames {
            blocks: "transformer.layers.",
            behind: &["transformer.norm."],
        })
    }

    fn header(&self) -> Vec<(String, String)> {
        let mut header = vec![("kind".to_owned(), self.kind.to_string())];
        if !self.input.is_power() {
            header.push(("input".to_owned(), self.input.to_string()));
        }
        header
    }

    fn say_reading(&self, _named: bool) -> String {
        match self.input {
            PatchInput::Power => format!("{} patches", self.kind),
            PatchInput::Log => format!("{} patches of log power", self.kind),
        }
    }

    fn output_dim(&self, _readout: Readout) -> usize {
        self.embedding_dim()
    }

    fn default_layer(&self, _readout: Readout) -> usize {
        self.depth + 1
    }

    fn identity_text(&self) -> String {
        let kind = match self.kind {
            Patching::Square => "Square",
            Patching::Vertical => "Vertical",
            Patching::Hybrid => "Hybrid",
        };
        let Self {
            dim,
            depth,
            heads,
            mlp_dim,
            ..
        } = self;
        // As it was said before there was another input.
        let input = match self.input {
            PatchInput::Power => "",
            PatchInput::Log => ", input: Log",
        };
        format!(
            "EncoderConfig {{ kind: {kind}, dim: {dim}, depth: {depth}, heads: {heads}, mlp_dim: {mlp_dim}{input} }}"
        )
    }

    fn windows(&self, samples: &[f32], reading: &Reading) -> Result<Vec<Window>, SpectrumError> {
        let mel = mel_of_samples(samples)?;
        Ok(self.windows_of_mel(&mel, reading.overlap))
    }
}

impl MynaConfig {
    /// The windows of a mel of raw power, [frames, 128]; one that is shorter than a window is padded with silence.
    pub(crate) fn windows_of_mel(&self, mel: &Mel, overlap: Option<Overlap>) -> Vec<Window> {
        let frames = self.kind.window_frames();
        if mel.frames() == 0 {
            return Vec::new();
        }
        let window = |first: usize| {
            let rest = mel.values().get(first * MEL_BANDS..).unwrap_or_default();
            let mut values: Vec<f32> = rest.iter().take(frames * MEL_BANDS).copied().collect();
            values.resize(frames * MEL_BANDS, 0.0);
            Window {
                start_secs: secs(first * HOP),
                values,
            }
        };
        let starts = starts(mel.frames(), frames, overlap.unwrap_or(Overlap::None));
        starts.map(window).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Preset;

    #[test]
    fn windows_lie_back_to_back_and_short_tracks_are_padded_with_silence() {
        let config = Preset::Tiny.config(Patching::Square);
        let windows = |frames: usize, overlap: Option<Overlap>| {
            let mel = Mel::from_values(vec![1.0; frames * MEL_BANDS]);
            let windows = config.windows_of_mel(&mel, overlap);
            assert!(
                windows
                    .iter()
                    .all(|window| window.values.len() == 96 * MEL_BANDS)
            );
            windows
        };
        let starts = |frames: usize, overlap: Option<Overlap>| -> Vec<f32> {
            let windows = windows(frames, overlap);
            windows.iter().map(|window| window.start_secs).collect()
        };
        assert_eq!(starts(200, None), [0.0, 3.072]);
        assert_eq!(starts(40, None), [0.0]);
        assert_eq!(starts(0, None), [] as [f32; 0]);
        assert_eq!(starts(200, Some(Overlap::Half)), [0.0, 1.536, 3.072]);
        let short = windows(40, None).remove(0).values;
        assert!(short[..40 * MEL_BANDS].iter().all(|&value| value == 1.0));
        assert!(short[40 * MEL_BANDS..].iter().all(|&value| value == 0.0));
    }
}
