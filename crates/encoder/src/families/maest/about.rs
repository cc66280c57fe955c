//! What the rest of the program asks of a MAEST.

use super::{
    BANDS, Config, Form, Head, Network, PATCH, PUBLISHED_BLOCK, ROWS, STRIDE, cut, embed, follow,
    input,
};
use crate::{
    EncoderError, EncoderInfo, Family, ParameterSpec, Reading, Readout, Window, WindowRule,
    attention::Followed,
    backend::JobError,
    families::{Design, FamilyNetwork, FollowAttention, ReadLayers, Sizes, WeightNames},
    kernels::Kernels,
};
use mynascope_base::counted;
use mynascope_spectrum::{
    MAEST_HUB_MEL, MAEST_MEL, SpectrumError,
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

impl<B: Kernels> FamilyNetwork<B> for Network<B> {
    fn read_layers(
        &self,
        wanted: ReadLayers<'_>,
        device: &B::Device,
    ) -> Result<Vec<f32>, JobError> {
        let patches = cut(self.config(), wanted.windows, wanted.kept)?;
        Ok(embed(self, patches, wanted.layers, wanted.readout, device)?)
    }

    fn follow(
        &self,
        wanted: FollowAttention<'_>,
        device: &B::Device,
    ) -> Result<Followed, JobError> {
        let kept = [wanted.kept.to_vec()];
        let patches = cut(self.config(), &[wanted.window], Some(&kept))?;
        Ok(follow(
            self,
            patches,
            wanted.blocks,
            wanted.readout,
            device,
        )?)
    }
}

impl Design for Config {
    fn family(&self) -> Family {
        Family::Maest
    }

    fn info(&self) -> EncoderInfo {
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

    fn name(&self) -> String {
        format!("MAEST of {} s", self.window_samples() / 16_000)
    }

    fn sizes(&self) -> Sizes {
        Sizes {
            dim: self.dim,
            depth: self.depth,
            heads: self.heads,
            mlp_dim: self.mlp_dim,
            labels: self.labels,
        }
    }

    fn validate(&self) -> Result<(), EncoderError> {
        Config::validate(self)
    }

    fn trained_parameters(&self) -> Option<Vec<ParameterSpec>> {
        Some(self.layout())
    }

    fn is_drawn_as_vit(&self) -> bool {
        true
    }

    fn weight_names(&self) -> Option<WeightNames> {
        Some(WeightNames {
            blocks: "blocks.",
            behind: &["norm."],
        })
    }

    fn header(&self) -> Vec<(String, String)> {
        let form = match self.form {
            Form::Hub => "hub",
            Form::Native => "native",
        };
        [("family", "maest"), ("form", form)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec()
    }

    fn say_reading(&self, named: bool) -> String {
        let info = self.info();
        format!(
            "windows of {:.3} s, {} and {ROWS} rows of patches of {PATCH} frames and bands, {BANDS} bands, {}",
            info.window.secs,
            counted(info.grids.first().map_or(0, |grid| grid.columns), "column"),
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

    fn output_dim(&self, readout: Readout) -> usize {
        match readout {
            Readout::Stack => 3 * self.dim,
            Readout::Cls | Readout::Dist | Readout::Mean | Readout::Features => self.dim,
            Readout::Logits | Readout::Probabilities => self.labels,
            // Of other families.
            _ => 0,
        }
    }

    fn default_layer(&self, readout: Readout) -> usize {
        match readout.is_final() {
            true => self.depth,
            false => self.published_layer(),
        }
    }

    fn windows(&self, samples: &[f32], reading: &Reading) -> Result<Vec<Window>, SpectrumError> {
        input::windows(self, samples, reading.overlap)
    }

    fn columns_in(&self, values: usize) -> Option<usize> {
        Some(self.columns_of(values / BANDS))
    }

    fn identity_text(&self) -> String {
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

impl Config {
    /// Numbers that training changes.
    pub fn count_parameters(&self) -> usize {
        let shapes = self.parameters().into_iter();
        shapes
            .map(|(_, shape)| shape.iter().product::<usize>())
            .sum()
    }
}
