//! MAEST, the "Music Audio Efficient Spectrogram Transformer" (Alonso-Jiménez, Serra and Bogdanov, ISMIR 2023,
//! arXiv 2309.16418): a ViT-B over overlapping patches of a log mel-spectrogram, trained to tell styles of music.
//!
//! Read from top to bottom: sizes, parameters, the network, what is read out of it. `input.rs` makes windows and patches of
//! sound, `recognise.rs` finds it in files, `about.rs` is what the rest of the program asks.
//!
//! A window is [frames, 96], frame by frame, the normalised log mel of the front end. Patches of 16 bands by 16 frames begin
//! every 10 bands and every 10 frames: 9 rows by T columns. Tokens are frequency-major: row f, column t is token f * T + t.
//! Two more, class and distillation token, stand before them.

mod about;
mod from_myna;
mod hub_json;
mod input;
mod recognise;
#[cfg(test)]
mod tests;

pub use from_myna::begin_with_myna;
pub(crate) use hub_json::check_front_end;
use input::whole_patches;
pub use input::{Patches, cut, patchout};
pub(crate) use recognise::{HUB_TYPE, WITNESSES, find};
pub use recognise::{LABELS, read, recognise};

use std::ops::Range;

use burn::tensor::{Int, Tensor, TensorData, activation::sigmoid, backend::Backend};
use serde::{Deserialize, Serialize};

use crate::{
    EncoderError, Precision, Readout,
    attention::{Followed, follow_back},
    blocks::{
        Block, BlockStyle, Linear, Norm, Placer, Tap, TensorSource, transform, transform_first,
    },
    kernels::{Kernels, NormOrder},
    parameters::{Layout, ParameterRole, ParameterSpec},
    weights::numbers,
};

/// Mel bands of a frame.
pub const BANDS: usize = 96;
/// Bands and frames of a patch.
pub const PATCH: usize = 16;
/// Bands and frames from one patch to the next.
pub const STRIDE: usize = 10;
/// Rows of patches.
pub const ROWS: usize = (BANDS - PATCH) / STRIDE + 1;
/// The block after which the published embedding is read (section 4.2 of the paper; the seventh).
pub const PUBLISHED_BLOCK: usize = 7;
/// Tokens before the patches: class and distillation.
const EXTRA: usize = 2;
const PATCH_VALUES: usize = PATCH * PATCH;
/// Of all norms but the classifier's (timm's and the hub's value).
const EPSILON: f64 = 1e-6;

/// In which of its two published forms an encoder comes. They pad the sound differently, read another number of frames,
/// keep their positions differently, and differ in one epsilon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// The model hub's (`transformers`): zeros beyond the edges of the sound, windows of 10 T + 6 frames, one table of
    /// positions, 1e-6 in the classifier's norm.
    Hub,
    /// The authors' own (`.ckpt`): the sound reflected at its edges, windows of whole seconds * 16000 / 256 frames,
    /// positions of rows and of columns, 1e-5 in the classifier's norm.
    Native,
}

/// What the classifier reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Head {
    /// The mean of class and distillation token.
    #[default]
    Mean,
    /// The class token; a second classifier reads the distillation token (teacher-student training, the authors' files only).
    Separated,
}

/// The sizes of a MAEST.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Width of a token.
    pub dim: usize,
    /// Transformer blocks.
    pub depth: usize,
    /// Attention heads that share the width.
    pub heads: usize,
    /// Width of the hidden layer of the feed-forward part.
    pub mlp_dim: usize,
    /// Columns of patches that have a position: 31, 62, 125 or 187 for 5, 10, 20 and 30 s.
    pub columns: usize,
    /// Styles that the classifier tells; 0 where the file has no classifier.
    pub labels: usize,
    /// In which form it comes.
    pub form: Form,
    /// What the classifier reads.
    pub head: Head,
}

impl Config {
    /// Small enough to be trained on a CPU, from windows of 5 s; as wide as the smallest Myna.
    pub const TINY: Self = Self {
        dim: 192,
        depth: 4,
        heads: 3,
        mlp_dim: 768,
        columns: 31,
        labels: 0,
        form: Form::Native,
        head: Head::Mean,
    };

    /// The published sizes, for windows of 5 s and without a classifier.
    pub const BASE: Self = Self {
        dim: 768,
        depth: 12,
        heads: 12,
        mlp_dim: 3072,
        ..Self::TINY
    };

    /// A published encoder for windows of 5, 10, 20 or 30 s; `None` for other lengths.
    pub fn published(secs: usize, labels: usize, form: Form) -> Option<Self> {
        let columns = match secs {
            5 => 31,
            10 => 62,
            20 => 125,
            30 => 187,
            _ => return None,
        };
        Some(Self {
            columns,
            labels,
            form,
            ..Self::BASE
        })
    }

    /// Samples of one window at 16 kHz: the whole seconds next to its columns of 0.16 s.
    pub fn window_samples(&self) -> usize {
        const RATE: usize = 16_000;
        let samples = self.columns * STRIDE * 256;
        ((samples + RATE / 2) / RATE).max(1) * RATE
    }

    /// Frames of one window.
    pub fn frames(&self) -> usize {
        match self.form {
            Form::Hub => self.columns * STRIDE + PATCH - STRIDE,
            Form::Native => self.window_samples() / 256,
        }
    }

    /// Columns of patches in so many frames; those beyond the last position are not read.
    pub fn columns_of(&self, frames: usize) -> usize {
        whole_patches(frames).min(self.columns)
    }

    /// After how many blocks the published embedding is read: the published number, or the last block of a shallower encoder.
    pub fn published_layer(&self) -> usize {
        PUBLISHED_BLOCK.min(self.depth)
    }

    /// Floating point operations of one window, of which so many patches are read, up to a block.
    pub fn flops(&self, patches: usize, blocks: usize) -> u64 {
        let (dim, tokens) = (self.dim as u64, (patches + EXTRA) as u64);
        let linear = 2 * tokens * dim * (4 * dim + 2 * self.mlp_dim as u64);
        let attention = 4 * tokens * tokens * dim;
        let embedding = 2 * patches as u64 * PATCH_VALUES as u64 * dim;
        embedding + blocks.min(self.depth) as u64 * (linear + attention)
    }

    /// Refuses sizes that no encoder can have or no machine can hold.
    ///
    /// # Errors
    /// [`EncoderError::Sizes`] with the first size that is wrong and its limits.
    pub fn validate(&self) -> Result<(), EncoderError> {
        let wrong = |what: String| Err(EncoderError::Sizes(what));
        for (name, value, most) in [
            ("width", self.dim, 8192),
            ("depth", self.depth, 128),
            ("number of heads", self.heads, 512),
            ("width of the feed-forward part", self.mlp_dim, 32_768),
            ("number of columns", self.columns, 4096),
        ] {
            if value == 0 || value > most {
                return wrong(format!("the {name} must be from 1 to {most}, not {value}"));
            }
        }
        if !self.dim.is_multiple_of(self.heads) {
            return wrong(format!(
                "{} heads can't share a width of {} equally",
                self.heads, self.dim
            ));
        }
        if self.labels > 100_000 {
            return wrong(format!(
                "a classifier of {} styles is more than the 100000 that are read",
                self.labels
            ));
        }
        Ok(())
    }

    /// All weights, in the order in which the network takes them: the authors' names, but for the hub's single table of
    /// positions.
    pub(crate) fn layout(&self) -> Vec<ParameterSpec> {
        let (dim, mlp) = (self.dim, self.mlp_dim);
        let mut all = Layout::default();
        all.push("cls_token", &[1, 1, dim], ParameterRole::Table);
        all.push("dist_token", &[1, 1, dim], ParameterRole::Table);
        let mut table = |name: &str, shape: &[usize]| all.push(name, shape, ParameterRole::Table);
        match self.form {
            Form::Hub => table("pos_embed", &[1, EXTRA + ROWS * self.columns, dim]),
            Form::Native => {
                table("new_pos_embed", &[1, EXTRA, dim]);
                table("freq_new_pos_embed", &[1, dim, ROWS, 1]);
                table("time_new_pos_embed", &[1, dim, 1, self.columns]);
            }
        }
        let kernel = [dim, 1, PATCH, PATCH];
        all.push("patch_embed.proj.weight", &kernel, ParameterRole::Matrix);
        let bias = ParameterRole::Bias {
            fan_in: PATCH_VALUES,
        };
        all.push("patch_embed.proj.bias", &[dim], bias);
        for block in 0..self.depth {
            let name = |part: &str| format!("blocks.{block}.{part}");
            all.norm(&name("norm1"), dim);
            all.linear(&name("attn.qkv"), dim, 3 * dim, true);
            all.linear(&name("attn.proj"), dim, dim, true);
            all.norm(&name("norm2"), dim);
            all.linear(&name("mlp.fc1"), dim, mlp, true);
            all.linear(&name("mlp.fc2"), mlp, dim, true);
        }
        all.norm("norm", dim);
        if self.labels > 0 {
            all.0.extend(classifier_parameters(dim, self.labels));
            if self.head == Head::Separated {
                all.linear("head_dist", dim, self.labels, true);
            }
        }
        all.0
    }

    /// Names and shapes of all weights, in the order of `layout`.
    pub fn parameters(&self) -> Vec<(String, Vec<usize>)> {
        let all = self.layout().into_iter();
        all.map(|spec| (spec.name, spec.shape)).collect()
    }
}

/// The weights of the classifier: a norm and a linear layer.
pub(crate) fn classifier_parameters(dim: usize, labels: usize) -> Vec<ParameterSpec> {
    let mut all = Layout::default();
    all.norm("head.0", dim);
    all.linear("head.1", dim, labels, true);
    all.0
}

/// The network on a device.
#[derive(Debug, Clone)]
pub struct Network<B: Backend> {
    config: Config,
    /// [256, dim].
    projection: Linear<B>,
    /// Class and distillation token with their positions, [2, dim].
    extra: Tensor<B, 2>,
    /// Of every patch of the grid, [9 * columns, dim].
    positions: Tensor<B, 2>,
    blocks: Vec<Block<B>>,
    norm: Norm<B>,
    /// Its norm and its linear layer.
    classifier: Option<(Norm<B>, Linear<B>)>,
    /// What reads the distillation token, if the head is separated.
    second: Option<Linear<B>>,
}

impl<B: Kernels> Network<B> {
    /// Puts the numbers of all [parameters](Config::parameters), in their order, on a device; `None` if they are not those.
    pub fn assemble(
        config: &Config,
        tensors: impl IntoIterator<Item = Vec<f32>>,
        precision: Precision,
        device: &B::Device,
    ) -> Option<Self> {
        let tensors = tensors.into_iter();
        Self::take(config, &mut Placer::new(tensors, precision, device))
    }

    /// Takes its tensors in their order; `None` if they are others.
    pub fn take(config: &Config, take: &mut impl TensorSource<B>) -> Option<Self> {
        let (dim, columns) = (config.dim, config.columns);
        let tokens = Tensor::cat(vec![take.table(dim)?, take.table(dim)?], 0);
        let (extra, positions) = match config.form {
            Form::Hub => {
                let all = take.table(dim)?;
                let patches = ROWS * columns;
                (all.dims() == [EXTRA + patches, dim]).then_some(())?;
                let extra = all.clone().narrow(0, 0, EXTRA);
                (extra, all.narrow(0, EXTRA, patches))
            }
            Form::Native => {
                let extra = take.table(dim)?;
                let (rows, times) = (take.table(1)?, take.table(columns)?);
                (rows.dims() == [dim * ROWS, 1] && times.dims() == [dim, columns]).then_some(())?;
                // [dim, rows] and [dim, columns] in the file.
                let rows = rows.reshape([dim, ROWS]).transpose();
                let sum = rows.unsqueeze_dim::<3>(1) + times.transpose().unsqueeze_dim::<3>(0);
                (extra, sum.reshape([ROWS * columns, dim]))
            }
        };
        let style = BlockStyle {
            heads: config.heads,
            order: NormOrder::Pre,
            epsilon: EPSILON,
            qkv_bias: true,
            out_bias: true,
        };
        let projection = take.linear(PATCH_VALUES)?;
        let blocks = (0..config.depth)
            .map(|_| take.block(style, dim, config.mlp_dim))
            .collect::<Option<_>>()?;
        let norm = take.norm(EPSILON)?;
        let head_epsilon = match config.form {
            Form::Hub => EPSILON,
            Form::Native => 1e-5,
        };
        let classifier = match config.labels {
            0 => None,
            _ => Some((take.norm(head_epsilon)?, take.linear(dim)?)),
        };
        let second = match (config.labels, config.head) {
            (1.., Head::Separated) => Some(take.linear(dim)?),
            _ => None,
        };
        Some(Self {
            config: *config,
            projection,
            extra: tokens + extra,
            positions,
            blocks,
            norm,
            classifier,
            second,
        })
    }

    /// The sizes.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// What enters the first block: [windows, 2 + patches, dim].
    pub fn enter(&self, input: Patches, device: &B::Device) -> Tensor<B, 3> {
        let (windows, patches, dim) = (input.windows, input.patches, self.config.dim);
        let rows = windows * patches;
        let values = Tensor::from_data(TensorData::new(input.values, [rows, PATCH_VALUES]), device);
        let places = TensorData::new(input.places, [rows]);
        let places = Tensor::<B, 1, Int>::from_data(places, device);
        let patch_tokens =
            self.projection.forward(values) + self.positions.clone().select(0, places);
        let extra = self.extra.clone().unsqueeze_dim::<3>(0);
        Tensor::cat(
            vec![
                extra.expand([windows, EXTRA, dim]),
                patch_tokens.reshape([windows, patches, dim]),
            ],
            1,
        )
    }

    /// The tokens after the first `blocks` blocks (all, if there are fewer), before any final norm: [windows, 2 + patches,
    /// dim]. Class and distillation token are the first two.
    pub fn forward(
        &self,
        input: Patches,
        blocks: usize,
        tap: &mut Tap<'_, B>,
        device: &B::Device,
    ) -> Tensor<B, 3> {
        let blocks = self.blocks.get(..blocks).unwrap_or(&self.blocks);
        transform(blocks, self.enter(input, device), tap)
    }

    /// What the classifier reads of the tokens after all blocks, [windows, dim]; what nobody reads behind the last block is not
    /// computed.
    pub fn features(&self, input: Patches, device: &B::Device) -> Tensor<B, 2> {
        let x = self.enter(input, device);
        let [windows, _, dim] = x.dims();
        let x = transform_first(&self.blocks, x, EXTRA);
        self.classified(x.reshape([windows, EXTRA, dim]))
    }

    /// What the classifier says of windows, [windows, styles]; `None` where there is no classifier.
    pub fn tag(&self, input: Patches, device: &B::Device) -> Option<Tensor<B, 2>> {
        self.classifier.as_ref()?;
        let features = self.features(input, device);
        self.classify(features)
    }

    /// Reads tokens [windows, 2 + patches, dim] of a layer out: [windows, values]. Those that are [final](Readout::is_final)
    /// expect the tokens after all blocks. `None` of styles where there is no classifier.
    pub fn read(&self, tokens: Tensor<B, 3>, readout: Readout) -> Option<Tensor<B, 2>> {
        let one = |index: usize| token(tokens.clone(), index);
        let patches = |x: Tensor<B, 3>| {
            let [windows, tokens, dim] = x.dims();
            x.narrow(1, EXTRA, tokens - EXTRA)
                .mean_dim(1)
                .reshape([windows, dim])
        };
        Some(match readout {
            Readout::Stack => Tensor::cat(vec![one(0), one(1), patches(tokens.clone())], 1),
            Readout::Cls => one(0),
            Readout::Dist => one(1),
            Readout::Mean => patches(tokens.clone()),
            Readout::Features => {
                let [cls, dist] = self.final_tokens(tokens);
                (cls + dist).div_scalar(2.0)
            }
            Readout::Logits => self.logits(tokens)?,
            Readout::Probabilities => sigmoid(self.logits(tokens)?),
            _ => return None,
        })
    }

    /// What the classifier reads of tokens after all blocks, [windows, tokens, dim]: the mean of class and distillation token
    /// behind the last norm; of a separated head the class token, as the authors predict with it.
    fn classified(&self, tokens: Tensor<B, 3>) -> Tensor<B, 2> {
        let [cls, dist] = self.final_tokens(tokens);
        match self.config.head {
            Head::Mean => (cls + dist).div_scalar(2.0),
            Head::Separated => cls,
        }
    }

    /// What the classifier says of what it reads.
    fn classify(&self, features: Tensor<B, 2>) -> Option<Tensor<B, 2>> {
        let (norm, linear) = self.classifier.as_ref()?;
        Some(linear.forward(norm.forward(features)))
    }

    fn logits(&self, tokens: Tensor<B, 3>) -> Option<Tensor<B, 2>> {
        self.classifier.as_ref()?;
        self.classify(self.classified(tokens))
    }

    /// What the second classifier of a separated head says of tokens after all blocks: [windows, styles].
    pub fn second_logits(&self, tokens: Tensor<B, 3>) -> Option<Tensor<B, 2>> {
        let [_, dist] = self.final_tokens(tokens);
        self.second.as_ref().map(|linear| linear.forward(dist))
    }

    /// Class and distillation token behind the last norm.
    fn final_tokens(&self, tokens: Tensor<B, 3>) -> [Tensor<B, 2>; 2] {
        [0, 1].map(|index| self.norm.forward(token(tokens.clone(), index)))
    }
}

impl Config {
    /// Which share of a readout each token has: class and distillation token, then so many patches.
    fn shares(&self, readout: Readout, patches: usize) -> Vec<f32> {
        let (cls, dist, rest) = match readout {
            Readout::Cls => (1.0, 0.0, 0.0),
            Readout::Dist => (0.0, 1.0, 0.0),
            Readout::Mean => (0.0, 0.0, 1.0),
            Readout::Features => (1.0, 1.0, 0.0),
            Readout::Logits | Readout::Probabilities => match self.head {
                Head::Mean => (1.0, 1.0, 0.0),
                Head::Separated => (1.0, 0.0, 0.0),
            },
            // The stack; those of other families are refused before.
            _ => (1.0, 1.0, 1.0),
        };
        let sum: f32 = cls + dist + rest;
        let patch = rest / patches.max(1) as f32;
        let mut shares = vec![patch / sum; EXTRA + patches];
        shares.splice(..EXTRA, [cls / sum, dist / sum]);
        shares
    }
}

/// Follows attention in one window back from what is read after so many blocks; of the patches only.
///
/// # Errors
/// What the backend said, if it gives no numbers back.
pub(crate) fn follow<B: Kernels>(
    network: &Network<B>,
    input: Patches,
    blocks: usize,
    readout: Readout,
    device: &B::Device,
) -> Result<Followed, String> {
    let tokens = EXTRA + input.patches;
    let shares = network.config.shares(readout, input.patches);
    let mut hidden = Vec::new();
    network.forward(input, blocks, &mut |_, x| hidden.push(x.clone()), device);
    Ok(follow_back(&network.blocks, hidden, shares)?.without_first(EXTRA, tokens))
}

/// One token of every window, [windows, dim].
fn token<B: Backend>(tokens: Tensor<B, 3>, index: usize) -> Tensor<B, 2> {
    let [windows, _, dim] = tokens.dims();
    tokens.narrow(1, index, 1).reshape([windows, dim])
}

/// Reads layers of windows: for each window, layer by layer, the values of the readout, [windows, layers, values] row-major.
/// No block beyond the last of the layers is computed.
///
/// # Errors
/// What the backend said, or that the encoder has no classifier.
pub fn embed<B: Kernels>(
    network: &Network<B>,
    input: Patches,
    layers: Range<usize>,
    readout: Readout,
    device: &B::Device,
) -> Result<Vec<f32>, String> {
    let windows = input.windows;
    let mut read: Vec<Tensor<B, 3>> = Vec::new();
    let mut lacking = false;
    let mut tap = |layer: usize, tokens: &Tensor<B, 3>| {
        if layers.contains(&layer) {
            match network.read(tokens.clone(), readout) {
                Some(values) => read.push(values.unsqueeze_dim(1)),
                None => lacking = true,
            }
        }
    };
    let blocks = layers.end.saturating_sub(1);
    network.forward(input, blocks, &mut tap, device);
    if lacking {
        return Err("this MAEST has no classifier, so it tells no styles".to_owned());
    }
    match read.is_empty() || windows == 0 {
        true => Ok(Vec::new()),
        false => numbers(Tensor::cat(read, 1)),
    }
}
