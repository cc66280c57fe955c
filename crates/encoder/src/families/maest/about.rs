//! What other crates are told of a MAEST, and what is asked of it on a device.

use std::ops::Range;

use super::{
    BANDS, Config, Form, Head, Hint, PATCH, PUBLISHED_BLOCK, Patches, ROWS, Recognised, STRIDE,
    embed, follow, recognise::find,
};
use crate::{
    CheckpointError, CheckpointReport, EncoderInfo, Family, FoundEncoder, OpenCheckpoint, Readout,
    WeightsRole, WindowRule, attention::Followed, backend::EncoderJob, kernels::Kernels,
    network::Network,
};
use mynascope_base::counted;
use mynascope_spectrum::{
    MAEST_MEL,
    tokens::{GridKind, TokenGrid},
};

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
        let mut readouts = Readout::ALL.to_vec();
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
            layers: std::iter::once("patches".to_owned())
                .chain(blocks)
                .collect(),
            readouts,
            outputs: Vec::new(),
            dim: self.output_dim(Readout::Stack),
            depth: self.depth,
            parameters: self.count_parameters(),
            flops: self.flops(grid.tokens(), PUBLISHED_BLOCK),
            grids: vec![grid],
        }
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

impl Recognised {
    /// What the user should know of the file, in one sentence.
    pub fn say_use(&self) -> Option<String> {
        let mut said = Vec::new();
        if self.prefixes.len() > 1 {
            let others = self.prefixes.iter().filter(|other| **other != self.prefix);
            let others: Vec<&str> = others.map(|other| other.trim_end_matches('.')).collect();
            said.push(format!(
                "the checkpoint holds several encoders, and {} is used (--weights chooses another: {})",
                self.prefix.trim_end_matches('.'),
                others.join(", ")
            ));
        }
        if !self.heads_are_sure {
            said.push(format!(
                "the file doesn't say how many attention heads there are; taken for granted: {} (--heads says otherwise)",
                self.config.heads
            ));
        }
        (!said.is_empty()).then(|| said.join("; "))
    }
}

/// What a checkpoint holds, if it is a MAEST.
///
/// # Errors
/// If the file cannot be read, or if it is a MAEST, or its nearest relative, that cannot be used as it is.
pub(crate) fn inspect(
    checkpoint: &mut OpenCheckpoint,
    hint: &Hint,
) -> Result<Option<CheckpointReport>, CheckpointError> {
    let Some((found, mut problem)) = find(checkpoint, hint)? else {
        return Ok(None);
    };
    if problem.is_none() {
        for taken in &found.taken {
            if let Err(CheckpointError::Unfit { why, .. }) = checkpoint.read(&taken.from) {
                problem = Some(why);
                break;
            }
        }
    }
    let config = found.config;
    let info = config.info();
    let mut note = format!(
        "windows of {:.3} s, {} columns and {ROWS} rows of patches of {PATCH} frames and bands, {BANDS} bands, {}",
        info.window.secs,
        info.grids.first().map_or(0, |grid| grid.columns),
        match &found.labels {
            _ if config.labels == 0 => "no classifier".to_owned(),
            Some(_) => format!("{} with names", counted(config.labels, "style")),
            None => format!(
                "{} without names (they stand in the hub's config.json)",
                counted(config.labels, "style")
            ),
        }
    );
    if let Some(more) = found.say_use() {
        note = format!("{note}; {more}");
    }
    Ok(Some(CheckpointReport {
        family: Family::Maest,
        recognised_by: found.by,
        kind: None,
        dim: config.dim,
        depth: config.depth,
        heads: config.heads,
        mlp_dim: config.mlp_dim,
        parameters: info.parameters,
        labels: config.labels,
        missing: found.missing,
        unexpected: found.unexpected,
        misshaped: found.misshaped,
        encoders: found
            .prefixes
            .iter()
            .map(|prefix| FoundEncoder {
                weights: prefix.trim_end_matches('.').to_owned(),
                role: match prefix.ends_with("net_swa.") {
                    true => WeightsRole::Ema,
                    false => WeightsRole::Model,
                },
                prefix: prefix.clone(),
                chosen: *prefix == found.prefix,
            })
            .collect(),
        left_out: Vec::new(),
        problem,
        note,
    }))
}
