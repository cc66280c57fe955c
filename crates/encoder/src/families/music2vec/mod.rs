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

use input::window_samples;
pub use input::{Samples, cut, normalise};
pub(crate) use recognise::{HUB_TYPE, WITNESSES, find};
pub use recognise::{read, recognise};

use std::ops::Range;

use burn::tensor::{Int, Tensor, TensorData, backend::Backend};
use serde::{Deserialize, Serialize};

use crate::{
    EncoderError, Readout,
    attention::{Followed, follow_back},
    blocks::{
        Block, BlockStyle, Convolution, ConvolutionShape, Linear, Norm, Placer, Tap, TensorSource,
        convolve, transform,
    },
    kernels::{Kernels, NORM_EPSILON, NormOrder},
    weights::numbers,
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

    /// Names and shapes of all weights, in the order in which the network takes them: those of `transformers`, but for queries,
    /// keys and values, which are one.
    pub fn parameters(&self) -> Vec<(String, Vec<usize>)> {
        let (dim, mlp, channels) = (self.dim, self.mlp_dim, self.channels);
        let mut all: Vec<(String, Vec<usize>)> = vec![(MASK.to_owned(), vec![dim])];
        let mut add = |name: String, shape: &[usize]| all.push((name, shape.to_vec()));
        for (index, kernel) in KERNELS.into_iter().enumerate() {
            let inputs = if index == 0 { 1 } else { channels };
            let name = |part: &str| format!("feature_extractor.conv_layers.{index}.{part}");
            add(name("conv.weight"), &[channels, inputs, kernel]);
            add(name("layer_norm.weight"), &[channels]);
            add(name("layer_norm.bias"), &[channels]);
        }
        let mut layer = |name: String, shape: &[usize]| {
            add(format!("{name}.weight"), shape);
            add(format!("{name}.bias"), shape.get(..1).unwrap_or_default());
        };
        layer("feature_projection.layer_norm".into(), &[channels]);
        layer("feature_projection.projection".into(), &[dim, channels]);
        for index in 0..self.position_layers {
            let name = format!("encoder.pos_conv_embed.layers.{index}.conv");
            let inputs = dim / self.position_groups.max(1);
            layer(name, &[dim, inputs, self.position_kernel]);
        }
        layer("encoder.layer_norm".into(), &[dim]);
        for block in 0..self.depth {
            let name = |part: &str| format!("encoder.layers.{block}.{part}");
            layer(name("layer_norm"), &[dim]);
            layer(name("attention.qkv_proj"), &[3 * dim, dim]);
            layer(name("attention.out_proj"), &[dim, dim]);
            layer(name("final_layer_norm"), &[dim]);
            layer(name("feed_forward.intermediate_dense"), &[mlp, dim]);
            layer(name("feed_forward.output_dense"), &[dim, mlp]);
        }
        all
    }
}

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
        device: &B::Device,
    ) -> Option<Self> {
        let dim = config.dim;
        let tensors = tensors.into_iter().zip(config.parameters());
        let tensors = tensors.map(|(values, (_, shape))| match shape.as_slice() {
            // Convolutions.
            &[outputs, inputs, kernel] => tap_by_tap(&values, [outputs, inputs, kernel]),
            _ => values,
        });
        let mut place = Placer::new(tensors, device);
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
            features.push(Convolution::new(weight, None, norm, shape));
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
            positions.push(Convolution::new(weight, Some(bias), norm, shape));
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
            .map(|_| place.block(style, dim, config.mlp_dim))
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
        let x = self.feature_norm.forward(self.convolved(input, device));
        let mut x = self.projection.forward(x);
        if let Some(kept) = &kept {
            let mut is_kept = vec![0.0_f32; rows];
            for &place in kept {
                if let Some(slot) = is_kept.get_mut(place as usize) {
                    *slot = 1.0;
                }
            }
            let is_hidden: Vec<f32> = is_kept.iter().map(|kept| 1.0 - kept).collect();
            let column =
                |values| Tensor::<B, 2>::from_data(TensorData::new(values, [rows, 1]), device);
            let hidden = column(is_hidden).matmul(self.hidden.clone().unsqueeze());
            x = x * column(is_kept) + hidden;
        }
        let positions = convolve(&self.positions, x.clone(), windows);
        let mut x = self.norm.forward(x + positions);
        if let Some(kept) = kept {
            let count = kept.len();
            let kept = Tensor::<B, 1, Int>::from_data(TensorData::new(kept, [count]), device);
            x = x.select(0, kept);
        }
        let blocks = self.blocks.get(..blocks).unwrap_or(&self.blocks);
        transform(blocks, x.reshape([windows, tokens, dim]), tap)
    }
}

/// The weight of a convolution as rows [kernel * inputs, outputs], from that of files, [outputs, inputs, kernel].
fn tap_by_tap(values: &[f32], [outputs, inputs, kernel]: [usize; 3]) -> Vec<f32> {
    let mut turned = vec![0.0; values.len()];
    for (output, values) in values.chunks_exact((inputs * kernel).max(1)).enumerate() {
        for (place, value) in values.iter().enumerate() {
            let (input, tap) = (place / kernel, place % kernel);
            if let Some(slot) = turned.get_mut((tap * inputs + input) * outputs + output) {
                *slot = *value;
            }
        }
    }
    turned
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
