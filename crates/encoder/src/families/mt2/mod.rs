//! MT2, the "Multi-Class-Token Transformer" for multitask self-supervised music representation (Kong et al., WASPAA 2025,
//! arXiv 2507.12996): a small ViT over frames that are heard twice, with two class tokens. One is trained by contrast, the
//! other to turn with the key: its readout is a profile of twelve keys that moves by a step when the sound does by a semitone.
//!
//! Read from top to bottom: sizes, parameters, the network, what is read out of it. `input.rs` makes windows and frames of
//! sound, `recognise.rs` finds it in files, `about.rs` is what the rest of the program asks; `key.rs`
//! names the keys and turns them.
//!
//! A window is [126, 84 + 128], frame by frame: the bins of a logarithmic VQT, lowest first, then the bands of a logarithmic
//! mel. Each of the two streams goes through a norm and a layer of its own; their sum is the token of the frame, and the mean of
//! a stream over time begins its class token: the VQT's the equivariant one (0), the mel's the contrastive one (1).

mod about;
mod input;
mod key;
mod recognise;
#[cfg(test)]
mod tests;

use input::mel_spec;
pub use input::{Frames, FrontEnd, HEARD_VALUES, SILENCE_DB, cut, window_of};
pub use key::{KeyArrow, KeyNames, MOST_SEMITONES_LOWER, TRANSPOSITIONS, turned};
pub(crate) use recognise::{WITNESSES, find};
pub use recognise::{read, recognise};

use std::ops::Range;

use burn::tensor::{Int, Tensor, TensorData, activation::softmax, backend::Backend};
use serde::{Deserialize, Serialize};

use crate::{
    EncoderError, Precision, Readout,
    attention::{Followed, follow_back},
    blocks::{
        Block, BlockStyle, Linear, Norm, Placer, Tap, TensorSource, transform, transform_first,
    },
    kernels::{Kernels, NORM_EPSILON, NormOrder},
    parameters::{Layout, ParameterRole, ParameterSpec, RowOrder},
    weights::numbers,
};
use mynascope_audio::SAMPLE_RATE;
use mynascope_spectrum::{MT2_MEL, VQT_BINS, VQT_HOP, Vqt};

/// Mel bands of a frame.
pub const BANDS: usize = MT2_MEL.bands;
/// Keys of the profile, a semitone apart.
pub const KEYS: usize = 12;
/// Tokens before the frames: the equivariant and the contrastive one.
const EXTRA: usize = 2;

/// The sizes of an MT2, and of what it hears.
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
    /// Bins of the VQT that it reads, from the lowest on: 84, seven octaves.
    pub bins: usize,
    /// Frames of a window.
    pub frames: usize,
    /// The sample rate that its VQT was told, in Hz; the sound has 16000.
    pub vqt_rate_hz: u32,
    /// Where its mel bands end, in Hz.
    pub mel_max_hz: u32,
}

impl Config {
    /// The published sizes: 5.3 million numbers in the transformer.
    pub const PUBLISHED: Self = Self {
        dim: 192,
        depth: 12,
        heads: 3,
        mlp_dim: 768,
        bins: 84,
        frames: 126,
        vqt_rate_hz: SAMPLE_RATE,
        mel_max_hz: SAMPLE_RATE / 2,
    };

    /// Small enough to be trained on a CPU.
    pub const TINY: Self = Self {
        dim: 128,
        depth: 4,
        heads: 2,
        mlp_dim: 512,
        ..Self::PUBLISHED
    };

    /// Samples of one window at 16 kHz: from the middle of the first frame to that of the last.
    pub fn window_samples(&self) -> usize {
        self.frames.saturating_sub(1) * VQT_HOP
    }

    /// Values of a frame: the bins of its VQT, then the bands of its mel.
    pub fn frame_values(&self) -> usize {
        self.bins + BANDS
    }

    /// Floating point operations of one window, of which so many frames are read.
    pub fn flops(&self, frames: usize) -> u64 {
        let (dim, tokens) = (self.dim as u64, (frames + EXTRA) as u64);
        let linear = 2 * tokens * dim * (4 * dim + 2 * self.mlp_dim as u64);
        let attention = 4 * tokens * tokens * dim;
        let streams = 2 * frames as u64 * self.frame_values() as u64 * dim;
        streams + self.depth as u64 * (linear + attention)
    }

    /// Refuses sizes that no encoder can have or no machine can hold.
    ///
    /// # Errors
    /// [`EncoderError::Sizes`] with the first size that is wrong and its limits.
    pub fn validate(&self) -> Result<(), EncoderError> {
        let wrong = |what: String| Err(EncoderError::Sizes(what));
        let shortest = 2 + Vqt::shortest().div_ceil(VQT_HOP);
        for (name, value, least, most) in [
            ("width", self.dim, 1, 8192),
            ("depth", self.depth, 1, 128),
            ("number of heads", self.heads, 1, 512),
            ("width of the feed-forward part", self.mlp_dim, 1, 32_768),
            ("number of VQT bins", self.bins, KEYS, VQT_BINS),
            ("number of frames", self.frames, shortest, 4096),
        ] {
            if value < least || value > most {
                return wrong(format!(
                    "the {name} must be from {least} to {most}, not {value}"
                ));
            }
        }
        if !self.dim.is_multiple_of(self.heads) {
            return wrong(format!(
                "{} heads can't share a width of {} equally",
                self.heads, self.dim
            ));
        }
        Ok(())
    }

    /// All weights, in the order in which the network takes them: the authors' names.
    pub(crate) fn layout(&self) -> Vec<ParameterSpec> {
        let (dim, mlp, bins) = (self.dim, self.mlp_dim, self.bins);
        let mut all = Layout::default();
        all.push("cls_stone", &[dim], ParameterRole::ClassToken);
        all.push("cls_contrastive", &[dim], ParameterRole::ClassToken);
        all.norm("norm_in_stone", bins);
        all.linear("linear_in_stone", bins, dim, true);
        all.norm("norm_in_contrastive", BANDS);
        all.linear("linear_in_contrastive", BANDS, dim, true);
        for block in 0..self.depth {
            let name = |part: &str| format!("backbone.blocks.{block}.{part}");
            all.norm(&name("norm1"), dim);
            all.linear(&name("attn.qkv"), dim, 3 * dim, true);
            all.ordered(2, RowOrder::PartLast { heads: self.heads });
            all.linear(&name("attn.proj"), dim, dim, true);
            all.norm(&name("norm2"), dim);
            all.linear(&name("mlp.fc1"), dim, mlp, true);
            all.linear(&name("mlp.fc2"), mlp, dim, true);
        }
        all.norm("backbone.norm", dim);
        all.linear("linear_out_stone", dim, bins, true);
        let positions = [1, EXTRA + self.frames, dim];
        all.push(POSITIONS, &positions, ParameterRole::Table);
        all.0
    }

    /// Names and shapes of all weights, in the order of `layout`.
    pub fn parameters(&self) -> Vec<(String, Vec<usize>)> {
        let all = self.layout().into_iter();
        all.map(|spec| (spec.name, spec.shape)).collect()
    }
}

/// The table of positions; the authors' code has it in a module of its own, and only that module's name is known.
const POSITIONS: &str = "pos_emb";

/// One of the two ways in: a norm, a layer and a class token.
#[derive(Debug, Clone)]
struct Stream<B: Backend> {
    token: Tensor<B, 1>,
    norm: Norm<B>,
    linear: Linear<B>,
}

/// The network on a device.
#[derive(Debug, Clone)]
pub struct Network<B: Backend> {
    config: Config,
    vqt: Stream<B>,
    mel: Stream<B>,
    blocks: Vec<Block<B>>,
    norm: Norm<B>,
    /// [dim, bins]: what the equivariant token says of every bin.
    head: Linear<B>,
    /// [bins, 12]: the mean over octaves.
    pool: Tensor<B, 2>,
    /// Of the class tokens and of every frame, [2 + frames, dim].
    positions: Tensor<B, 2>,
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
        let tensors = tensors.map(|(values, spec)| {
            let rows = spec.shape.first().copied().unwrap_or(1);
            spec.order.computed(values, rows)
        });
        Self::take(config, &mut Placer::new(tensors, precision, device), device)
    }

    /// Takes its tensors in their order; `None` if they are others.
    pub fn take(
        config: &Config,
        take: &mut impl TensorSource<B>,
        device: &B::Device,
    ) -> Option<Self> {
        let dim = config.dim;
        let (equivariant, contrastive) = (take.vector()?, take.vector()?);
        let style = BlockStyle {
            heads: config.heads,
            order: NormOrder::Pre,
            epsilon: NORM_EPSILON,
            qkv_bias: true,
            out_bias: true,
        };
        let vqt = Stream {
            token: equivariant,
            norm: take.norm(NORM_EPSILON)?,
            linear: take.linear(config.bins)?,
        };
        let mel = Stream {
            token: contrastive,
            norm: take.norm(NORM_EPSILON)?,
            linear: take.linear(BANDS)?,
        };
        let blocks = (0..config.depth)
            .map(|_| take.block(style, dim, config.mlp_dim))
            .collect::<Option<_>>()?;
        let norm = take.norm(NORM_EPSILON)?;
        let head = take.linear(dim)?;
        let positions = take.table(dim)?;
        (positions.dims() == [EXTRA + config.frames, dim]).then_some(())?;
        Some(Self {
            config: *config,
            vqt,
            mel,
            blocks,
            norm,
            head,
            pool: Tensor::from_data(octave_pool(config.bins), device),
            positions,
        })
    }

    /// The sizes.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// What enters the first block: [windows, 2 + frames, dim].
    fn enter(&self, input: Frames, device: &B::Device) -> Tensor<B, 3> {
        let (windows, frames, dim) = (input.windows, input.frames, self.config.dim);
        // [windows, frames, dim] of a stream, 0 of windows that are not heard, and the beginning of its class token.
        let enter = |stream: &Stream<B>, values: Vec<f32>, width: usize| {
            let heard = values.len() / (frames * width).max(1);
            let values = TensorData::new(values, [heard * frames, width]);
            let values = stream.norm.forward(Tensor::from_data(values, device));
            let values = stream.linear.forward_gelu(values);
            let values = values.reshape([heard, frames, dim]);
            let values = match windows - heard {
                0 => values,
                deaf => {
                    let silence = Tensor::zeros([deaf, frames, dim], device);
                    Tensor::cat(vec![values, silence], 0)
                }
            };
            let token = values.clone().mean_dim(1) + stream.token.clone().unsqueeze();
            (token, values)
        };
        let (equivariant, vqt) = enter(&self.vqt, input.vqt, self.config.bins);
        let (contrastive, mel) = enter(&self.mel, input.mel, BANDS);
        let tokens = EXTRA + frames;
        let positions: Tensor<B, 3> = match input.places.is_empty() {
            true => self.positions.clone().unsqueeze(),
            false => {
                let places = TensorData::new(input.places, [windows * tokens]);
                let places = Tensor::<B, 1, Int>::from_data(places, device);
                let positions = self.positions.clone().select(0, places);
                positions.reshape([windows, tokens, dim])
            }
        };
        let x = Tensor::cat(vec![equivariant, contrastive, vqt + mel], 1);
        x + positions
    }

    /// The tokens after the first `blocks` blocks (all, if there are fewer), before the last norm: [windows, 2 + frames,
    /// dim]. The equivariant and the contrastive token are the first two.
    pub fn forward(
        &self,
        input: Frames,
        blocks: usize,
        tap: &mut Tap<'_, B>,
        device: &B::Device,
    ) -> Tensor<B, 3> {
        let blocks = self.blocks.get(..blocks).unwrap_or(&self.blocks);
        transform(blocks, self.enter(input, device), tap)
    }

    /// The equivariant and the contrastive token behind the last norm, [windows, dim] each. What nobody reads behind the last
    /// block is not computed.
    pub fn class_tokens(&self, input: Frames, device: &B::Device) -> [Tensor<B, 2>; 2] {
        let x = self.enter(input, device);
        let [windows, _, dim] = x.dims();
        let x = transform_first(&self.blocks, x, EXTRA);
        let x = self.norm.forward(x).reshape([windows, EXTRA, dim]);
        [0, 1].map(|token| x.clone().narrow(1, token, 1).reshape([windows, dim]))
    }

    /// The last norm of tokens [windows, tokens, dim] after all blocks.
    pub fn last_norm(&self, tokens: Tensor<B, 3>) -> Tensor<B, 3> {
        let [windows, count, dim] = tokens.dims();
        let rows = tokens.reshape([windows * count, dim]);
        self.norm.forward(rows).reshape([windows, count, dim])
    }

    /// Reads tokens [windows, 2 + frames, dim] out: [windows, values]. A key profile is read behind the last norm. `None` of
    /// readouts of other families.
    pub fn read(&self, tokens: Tensor<B, 3>, readout: Readout) -> Option<Tensor<B, 2>> {
        let mean = |first: usize, count: usize| -> Tensor<B, 2> {
            let part = tokens.clone().narrow(1, first, count);
            part.mean_dim(1).squeeze_dim(1)
        };
        let [_, count, _] = tokens.dims();
        Some(match readout {
            Readout::Equivariant => mean(0, 1),
            Readout::Contrastive => mean(1, 1),
            Readout::ClassMean => mean(0, EXTRA),
            Readout::FrameMean => mean(EXTRA, count - EXTRA),
            Readout::KeyProfile => softmax(self.key_logits(mean(0, 1)), 1),
            _ => return None,
        })
    }

    /// What the head says of equivariant tokens [windows, dim] behind the last norm: [windows, 12], the mean over octaves.
    pub fn key_logits(&self, tokens: Tensor<B, 2>) -> Tensor<B, 2> {
        self.head.forward(tokens).matmul(self.pool.clone())
    }
}

/// [bins, 12]: of every bin its share of the mean over those of its name.
fn octave_pool(bins: usize) -> TensorData {
    let of_key = |key: usize| (key..bins).step_by(KEYS).len();
    let share = |bin: usize, key: usize| match bin % KEYS == key {
        true => 1.0 / of_key(key) as f32,
        false => 0.0,
    };
    let shares = (0..bins).flat_map(|bin| (0..KEYS).map(move |key| share(bin, key)));
    TensorData::new(shares.collect::<Vec<f32>>(), [bins, KEYS])
}

/// Which share of a readout each token has: both class tokens, then so many frames.
fn shares(readout: Readout, frames: usize) -> Vec<f32> {
    let (equivariant, contrastive, frame) = match readout {
        Readout::Equivariant | Readout::KeyProfile => (1.0, 0.0, 0.0),
        Readout::ClassMean => (0.5, 0.5, 0.0),
        Readout::FrameMean => (0.0, 0.0, 1.0 / frames.max(1) as f32),
        // The published one; those of other families are refused before.
        _ => (0.0, 1.0, 0.0),
    };
    let mut shares = vec![frame; EXTRA + frames];
    shares.splice(..EXTRA, [equivariant, contrastive]);
    shares
}

/// Follows attention in one window back from what is read after so many blocks (all, if there are fewer); of the frames only.
///
/// # Errors
/// What the backend said, if it gives no numbers back.
pub(crate) fn follow<B: Kernels>(
    network: &Network<B>,
    input: Frames,
    blocks: usize,
    readout: Readout,
    device: &B::Device,
) -> Result<Followed, String> {
    let (shares, tokens) = (shares(readout, input.frames), EXTRA + input.frames);
    let mut hidden = Vec::new();
    network.forward(input, blocks, &mut |_, x| hidden.push(x.clone()), device);
    Ok(follow_back(&network.blocks, hidden, shares)?.without_first(EXTRA, tokens))
}

/// Reads layers of windows: for each window, layer by layer, the values of the readout, [windows, layers, values] row-major.
/// Layer 0 enters the first block, layer n follows block n, and one more follows the last norm. No block beyond the last of the
/// layers is computed.
///
/// # Errors
/// What the backend said, or that it is a readout of another family.
pub fn embed<B: Kernels>(
    network: &Network<B>,
    input: Frames,
    layers: Range<usize>,
    readout: Readout,
    device: &B::Device,
) -> Result<Vec<f32>, String> {
    let (windows, normed) = (input.windows, network.config.depth + 1);
    let mut read: Vec<Option<Tensor<B, 2>>> = Vec::new();
    let mut tap = |layer: usize, tokens: &Tensor<B, 3>| {
        if layers.contains(&layer) {
            read.push(network.read(tokens.clone(), readout));
        }
    };
    let blocks = layers.end.saturating_sub(1);
    let tokens = network.forward(input, blocks, &mut tap, device);
    if layers.contains(&normed) {
        read.push(network.read(network.last_norm(tokens), readout));
    }
    let read: Option<Vec<Tensor<B, 3>>> = read
        .into_iter()
        .map(|values| Some(values?.unsqueeze_dim(1)))
        .collect();
    match read {
        None => Err(format!("an MT2 has no readout {readout}")),
        Some(read) if read.is_empty() || windows == 0 => Ok(Vec::new()),
        Some(read) => numbers(Tensor::cat(read, 1)),
    }
}
