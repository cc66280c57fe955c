//! Music2Vec (Li et al. 2022, arXiv 2212.02508): data2vec-audio (Baevski et al. 2022) trained on music. It reads samples; a
//! student that sees a part of them learns to say what its teacher, the average of itself, makes of all of them.
//!
//! Read from top to bottom: sizes, parameters, the network, what is read out of it. `input.rs` makes windows and frames of
//! sound, `recognise.rs` finds it in files, `about.rs` is what the rest of the program asks.
//!
//! A window is \[samples\] at 16 kHz, normalised to zero mean and unit variance. Seven convolutions make a frame of it every 320
//! samples (20 ms) that spans 400 (25 ms). Five more with long kernels tell every frame its neighbours, which is all that it
//! knows of its place: windows may be of any length. Blocks with the norm behind each half follow.

mod about;
mod input;
mod recognise;
#[cfg(test)]
mod tests;

pub use input::{Samples, cut, normalise, window_samples};
pub(crate) use recognise::{HUB_TYPE, WITNESSES, find};
pub use recognise::{read, recognise};

use std::ops::Range;

use burn::tensor::{Int, Tensor, TensorData, backend::Backend};
use serde::{Deserialize, Serialize};

use crate::{
    EncoderError, Precision, Readout,
    attention::{Followed, follow_back},
    blocks::{
        Block, BlockStyle, Convolution, ConvolutionShape, Linear, Norm, Placer, Tap, TensorSource,
        convolve, transform,
    },
    kernels::{Kernels, NORM_EPSILON, NormOrder},
    parameters::{Layout, ParameterRole, ParameterSpec},
    weights::{numbers, tap_by_tap},
};

/// Frames that an output of each of the seven convolutions reads, and frames from one to the next.
pub const KERNELS: [usize; 7] = [10, 3, 3, 3, 3, 2, 2];
/// As [`KERNELS`].
pub const STRIDES: [usize; 7] = [5, 2, 2, 2, 2, 2, 2];
/// Samples from one frame to the next.
pub const FRAME_HOP: usize = 320;
/// Samples that a frame spans, the least that are read.
pub const FRAME_SAMPLES: usize = 400;
/// Length of a window in seconds where none is said: that of the published training.
pub const WINDOW_SECS: u32 = 30;
/// Lengths that are offered: shorter ones take less time and memory, since attention grows with the square of the length.
pub(crate) const WINDOW_CHOICES_SECS: [u32; 3] = [5, 10, WINDOW_SECS];

/// The sizes of a Music2Vec.
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
    /// Channels of the convolutions of the sound.
    pub channels: usize,
    /// Convolutions that tell frames their neighbours.
    pub position_layers: usize,
    /// Frames that one of these reads.
    pub position_kernel: usize,
    /// Their groups of channels.
    pub position_groups: usize,
}

impl Config {
    /// The published sizes: 93 million numbers.
    pub const PUBLISHED: Self = Self {
        dim: 768,
        depth: 12,
        heads: 12,
        mlp_dim: 3072,
        channels: 512,
        position_layers: 5,
        position_kernel: 19,
        position_groups: 16,
    };

    /// Small enough to be trained on a CPU.
    pub const TINY: Self = Self {
        dim: 192,
        depth: 4,
        heads: 3,
        mlp_dim: 768,
        channels: 128,
        ..Self::PUBLISHED
    };

    /// Floating point operations of one window of so many samples, of which so many frames go through the blocks.
    pub fn flops(&self, samples: usize, frames: usize) -> u64 {
        let (dim, channels) = (self.dim as u64, self.channels as u64);
        let mut length = samples;
        let mut convolutions = 0;
        for (index, (kernel, stride)) in KERNELS.into_iter().zip(STRIDES).enumerate() {
            length = convolved(length, kernel, stride);
            let inputs = if index == 0 { 1 } else { channels };
            convolutions += 2 * length as u64 * kernel as u64 * inputs * channels;
        }
        let of_position = self.position_kernel as u64 * dim / self.position_groups.max(1) as u64;
        let positions = 2 * length as u64 * dim * of_position * self.position_layers as u64;
        let projection = 2 * length as u64 * channels * dim;
        let tokens = frames as u64;
        let linear = 2 * tokens * dim * (4 * dim + 2 * self.mlp_dim as u64);
        let attention = 4 * tokens * tokens * dim;
        convolutions + projection + positions + self.depth as u64 * (linear + attention)
    }

    /// Numbers that training keeps of so many samples until their gradients are known, about, of which so many frames go through
    /// the blocks.
    pub fn kept_numbers(&self, samples: usize, frames: usize) -> usize {
        /// Of the width of a frame: what the fused layers of a block keep, what gradients take.
        const OF_BLOCK: usize = 12;
        let mut length = samples;
        let mut convolutions = samples;
        for (kernel, stride) in KERNELS.into_iter().zip(STRIDES) {
            length = convolved(length, kernel, stride);
            // The output, its gradient, and room between.
            convolutions += 3 * length * self.channels;
        }
        let positions = 3 * length * self.dim * self.position_layers;
        convolutions + positions + OF_BLOCK * frames * self.dim * self.depth
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
            ("number of channels", self.channels, 8192),
            (
                "number of positional convolutions",
                self.position_layers,
                64,
            ),
            (
                "kernel of positional convolutions",
                self.position_kernel,
                1023,
            ),
            ("number of groups", self.position_groups, 8192),
        ] {
            if value < 1 || value > most {
                return wrong(format!("the {name} must be from 1 to {most}, not {value}"));
            }
        }
        for (name, parts) in [("heads", self.heads), ("groups", self.position_groups)] {
            if !self.dim.is_multiple_of(parts) {
                return wrong(format!(
                    "{parts} {name} can't share a width of {} equally",
                    self.dim
                ));
            }
        }
        match self.position_kernel.is_multiple_of(2) {
            true => wrong(format!(
                "the kernel of positional convolutions must be odd, not {}",
                self.position_kernel
            )),
            false => Ok(()),
        }
    }

    /// All weights, in the order in which the network takes them: the names of `transformers`.
    pub(crate) fn layout(&self) -> Vec<ParameterSpec> {
        let (dim, mlp, channels) = (self.dim, self.mlp_dim, self.channels);
        let mut all = Layout::default();
        all.push(MASK, &[dim], ParameterRole::HiddenToken);
        for (index, kernel) in KERNELS.into_iter().enumerate() {
            let inputs = if index == 0 { 1 } else { channels };
            let name = |part: &str| format!("feature_extractor.conv_layers.{index}.{part}");
            all.convolution(&name("conv"), [channels, inputs, kernel], false);
            all.norm(&name("layer_norm"), channels);
        }
        all.norm("feature_projection.layer_norm", channels);
        all.linear("feature_projection.projection", channels, dim, true);
        for index in 0..self.position_layers {
            let name = format!("encoder.pos_conv_embed.layers.{index}.conv");
            let inputs = dim / self.position_groups.max(1);
            all.convolution(&name, [dim, inputs, self.position_kernel], true);
        }
        all.norm(FIRST_NORM, dim);
        for block in 0..self.depth {
            let name = |part: &str| format!("{BLOCKS}{block}.{part}");
            all.norm(&name("layer_norm"), dim);
            for part in ["q", "k", "v", "out"] {
                all.linear(&name(&format!("attention.{part}_proj")), dim, dim, true);
            }
            all.norm(&name("final_layer_norm"), dim);
            all.linear(&name("feed_forward.intermediate_dense"), dim, mlp, true);
            all.linear(&name("feed_forward.output_dense"), mlp, dim, true);
        }
        all.0
    }

    /// Names and shapes of all weights, in the order of `layout`.
    pub fn parameters(&self) -> Vec<(String, Vec<usize>)> {
        let all = self.layout().into_iter();
        all.map(|spec| (spec.name, spec.shape)).collect()
    }
}

/// Whether a weight is one of those that the teacher of data2vec has for itself: the norm before the blocks and the blocks.
/// Everything before them is the student's own.
pub fn is_taught(parameter: &str) -> bool {
    parameter.starts_with(FIRST_NORM) || parameter.starts_with(BLOCKS)
}

/// The norm before the first block.
const FIRST_NORM: &str = "encoder.layer_norm";
/// How the names of the blocks' weights begin.
const BLOCKS: &str = "encoder.layers.";

/// What stands in training where a frame is hidden.
const MASK: &str = "masked_spec_embed";

/// Frames that a convolution without padding gives for so many.
fn convolved(length: usize, kernel: usize, stride: usize) -> usize {
    length
        .checked_sub(kernel)
        .map_or(0, |beyond| beyond / stride + 1)
}

/// Frames of so many samples: none below 400, then one more every 320.
pub fn frames_of(samples: usize) -> usize {
    let layers = KERNELS.into_iter().zip(STRIDES);
    layers.fold(samples, |length, (kernel, stride)| {
        convolved(length, kernel, stride)
    })
}

/// The network on a device.
#[derive(Debug, Clone)]
pub struct Network<B: Backend> {
    config: Config,
    /// What stands where a frame is hidden, `[dim]`.
    hidden: Tensor<B, 1>,
    /// From samples to frames.
    features: Vec<Convolution<B>>,
    feature_norm: Norm<B>,
    /// [channels, dim].
    projection: Linear<B>,
    /// From frames to what their neighbours add to them.
    positions: Vec<Convolution<B>>,
    norm: Norm<B>,
    blocks: Vec<Block<B>>,
}

impl<B: Kernels> Network<B> {
    /// Puts the numbers of all [parameters](Config::parameters), in their order and as they are in files, on a device; `None`
    /// if they are not those.
    pub fn assemble(
        config: &Config,
        tensors: impl IntoIterator<Item = Vec<f32>>,
        precision: Precision,
        device: &B::Device,
    ) -> Option<Self> {
        let tensors = tensors.into_iter().zip(config.layout());
        let tensors = tensors.map(|(values, spec)| match spec.shape.as_slice() {
            // Convolutions.
            &[outputs, inputs, kernel] => tap_by_tap(&values, [outputs, inputs, kernel]),
            _ => values,
        });
        Self::take(config, &mut Placer::new(tensors, precision, device), device)
    }

    /// Takes its tensors in their order; `None` if they are others.
    pub fn take(
        config: &Config,
        place: &mut impl TensorSource<B>,
        device: &B::Device,
    ) -> Option<Self> {
        let dim = config.dim;
        let hidden = place.vector()?;
        let mut features = Vec::new();
        for (kernel, stride) in KERNELS.into_iter().zip(STRIDES) {
            let weight = place.table(config.channels)?;
            let norm = place.norm(NORM_EPSILON)?;
            let shape = ConvolutionShape {
                kernel,
                stride,
                padding: 0,
                groups: 1,
            };
            let precision = place.precision();
            features.push(Convolution::new(weight, None, norm, shape, precision));
        }
        let feature_norm = place.norm(NORM_EPSILON)?;
        let projection = place.linear(config.channels)?;
        let mut positions = Vec::new();
        for _ in 0..config.position_layers {
            let (weight, bias) = (place.table(dim)?, place.vector()?);
            let norm = Norm::plain(dim, NORM_EPSILON, device);
            let shape = ConvolutionShape {
                kernel: config.position_kernel,
                stride: 1,
                padding: config.position_kernel / 2,
                groups: config.position_groups,
            };
            let precision = place.precision();
            positions.push(Convolution::new(weight, Some(bias), norm, shape, precision));
        }
        let norm = place.norm(NORM_EPSILON)?;
        let style = BlockStyle {
            heads: config.heads,
            order: NormOrder::Post,
            epsilon: NORM_EPSILON,
            qkv_bias: true,
            out_bias: true,
        };
        let blocks = (0..config.depth)
            .map(|_| place.parted_block(style, dim, config.mlp_dim))
            .collect::<Option<_>>()?;
        Some(Self {
            config: *config,
            hidden,
            features,
            feature_norm,
            projection,
            positions,
            norm,
            blocks,
        })
    }

    /// The sizes.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// What the seven convolutions make of windows: [windows * frames, channels].
    pub fn convolved(&self, input: Samples, device: &B::Device) -> Tensor<B, 2> {
        let (windows, count) = (input.windows, input.values.len());
        let values = Tensor::from_data(TensorData::new(input.values, [count, 1]), device);
        convolve(&self.features, values, windows)
    }

    /// What a frame is before anything is hidden and before its neighbours are told: [windows * frames, dim].
    pub fn features(&self, input: Samples, device: &B::Device) -> Tensor<B, 2> {
        let x = self.feature_norm.forward(self.convolved(input, device));
        self.projection.forward(x)
    }

    /// Puts the learnt vector in the place of frames: `hidden` numbers rows of `x`, [rows, dim].
    fn hide(&self, x: Tensor<B, 2>, hidden: &[bool], device: &B::Device) -> Tensor<B, 2> {
        let column = |chosen: bool| {
            let values = hidden
                .iter()
                .map(|is_hidden| f32::from(*is_hidden == chosen));
            let values = TensorData::new(values.collect::<Vec<_>>(), [hidden.len(), 1]);
            Tensor::<B, 2>::from_data(values, device)
        };
        let token = column(true).matmul(self.hidden.clone().unsqueeze());
        x * column(false) + token
    }

    /// Tells every frame its neighbours: what enters the first block.
    fn enter(&self, x: Tensor<B, 2>, windows: usize) -> Tensor<B, 2> {
        let positions = convolve(&self.positions, x.clone(), windows);
        self.norm.forward(x + positions)
    }

    /// The tokens after the first `blocks` blocks (all, if there are fewer): [windows, tokens, dim]. Frames that are left out
    /// are hidden from their neighbours as in training, by the vector that was learnt for that, and go through no block.
    pub fn forward(
        &self,
        mut input: Samples,
        blocks: usize,
        tap: &mut Tap<'_, B>,
        device: &B::Device,
    ) -> Tensor<B, 3> {
        let (windows, tokens, dim) = (input.windows, input.tokens(), self.config.dim);
        let rows = windows * input.frames;
        let kept = input.kept.take();
        let mut x = self.features(input, device);
        if let Some(kept) = &kept {
            let mut hidden = vec![true; rows];
            for &place in kept {
                if let Some(slot) = hidden.get_mut(place as usize) {
                    *slot = false;
                }
            }
            x = self.hide(x, &hidden, device);
        }
        let mut x = self.enter(x, windows);
        if let Some(kept) = kept {
            x = rows_of(x, &kept, device);
        }
        let blocks = self.blocks.get(..blocks).unwrap_or(&self.blocks);
        transform(blocks, x.reshape([windows, tokens, dim]), tap)
    }

    /// The mean over the frames that are read, behind the last block: [windows, dim].
    pub fn mean(&self, input: Samples, device: &B::Device) -> Tensor<B, 2> {
        let tokens = self.forward(input, usize::MAX, &mut |_, _| (), device);
        tokens.mean_dim(1).squeeze_dim(1)
    }

    /// What the student of data2vec makes of [features](Self::features) [windows * frames, dim] in which the frames of the rows
    /// `hidden` are hidden: the output of the last block in the rows `wanted`, [wanted, dim].
    pub fn student(
        &self,
        features: Tensor<B, 2>,
        windows: usize,
        hidden: &[i32],
        wanted: &[i32],
        device: &B::Device,
    ) -> Tensor<B, 2> {
        let [rows, _] = features.dims();
        let mut flags = vec![false; rows];
        for &place in hidden {
            if let Some(slot) = flags.get_mut(place as usize) {
                *slot = true;
            }
        }
        let mut x = self.enter(self.hide(features, &flags, device), windows);
        for block in &self.blocks {
            x = block.forward(x, rows / windows.max(1));
        }
        rows_of(x, wanted, device)
    }

    /// The targets of data2vec for [features](Self::features) [windows * frames, dim] in which nothing is hidden: of each of the
    /// last `top` blocks what its feed-forward part gives before the path round it is added, normed over time (per window and
    /// channel, biased variance, epsilon 1e-5), and the mean of these. Of the rows `wanted`, [wanted, dim].
    pub fn targets(
        &self,
        features: Tensor<B, 2>,
        windows: usize,
        top: usize,
        wanted: &[i32],
        device: &B::Device,
    ) -> Tensor<B, 2> {
        let [rows, dim] = features.dims();
        let frames = rows / windows.max(1);
        let first = self.blocks.len().saturating_sub(top.max(1));
        let mut x = self.enter(features, windows);
        let mut sum: Option<Tensor<B, 3>> = None;
        for (index, block) in self.blocks.iter().enumerate() {
            if index < first {
                x = block.forward(x, frames);
                continue;
            }
            let [fed, out] = block.forward_parted(x, frames);
            let fed = fed.reshape([windows, frames, dim]);
            let fed = fed.clone() - fed.mean_dim(1);
            let variance = (fed.clone() * fed.clone()).mean_dim(1);
            let normed = fed / variance.add_scalar(NORM_EPSILON).sqrt();
            sum = Some(match sum {
                Some(sum) => sum + normed,
                None => normed,
            });
            x = out;
        }
        let count = (self.blocks.len() - first).max(1) as f64;
        let mean = sum.map_or(x, |sum| sum.reshape([rows, dim]).div_scalar(count));
        rows_of(mean, wanted, device)
    }
}

/// Some rows of a matrix.
fn rows_of<B: Backend>(x: Tensor<B, 2>, rows: &[i32], device: &B::Device) -> Tensor<B, 2> {
    let places = TensorData::new(rows.to_vec(), [rows.len()]);
    x.select(0, Tensor::<B, 1, Int>::from_data(places, device))
}

/// Follows attention in one window back from the mean over what is read after so many blocks (all, if there are fewer).
///
/// # Errors
/// What the backend said, if it gives no numbers back.
pub(crate) fn follow<B: Kernels>(
    network: &Network<B>,
    input: Samples,
    blocks: usize,
    device: &B::Device,
) -> Result<Followed, String> {
    let tokens = input.tokens();
    let mut hidden = Vec::new();
    network.forward(input, blocks, &mut |_, x| hidden.push(x.clone()), device);
    let shares = vec![1.0 / tokens.max(1) as f32; tokens];
    follow_back(&network.blocks, hidden, shares)
}

/// Reads layers of windows: for each window, layer by layer, the mean over its frames, [windows, layers, dim] row-major. Layer 0
/// enters the first block, layer n follows block n. No block beyond the last of the layers is computed.
///
/// # Errors
/// What the backend said, or that it is a readout of another family.
pub fn embed<B: Kernels>(
    network: &Network<B>,
    input: Samples,
    layers: Range<usize>,
    readout: Readout,
    device: &B::Device,
) -> Result<Vec<f32>, String> {
    if readout != Readout::Mean {
        return Err(format!("a Music2Vec has no readout {readout}"));
    }
    let windows = input.windows;
    let mut read: Vec<Tensor<B, 3>> = Vec::new();
    let mut tap = |layer: usize, tokens: &Tensor<B, 3>| {
        if layers.contains(&layer) {
            read.push(tokens.clone().mean_dim(1));
        }
    };
    let blocks = layers.end.saturating_sub(1);
    if windows > 0 {
        network.forward(input, blocks, &mut tap, device);
    }
    match read.is_empty() {
        true => Ok(Vec::new()),
        false => numbers(Tensor::cat(read, 1)),
    }
}
