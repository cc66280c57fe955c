//! SimpleViT as Myna uses it: pre-norm transformer over kept patches, mean over tokens. One pass from top to bottom.

use burn::tensor::{Tensor, TensorData, backend::Backend};

use super::{MynaConfig, PATCH_DIM, decoder::Decoder};
use crate::{
    EncoderConfig, Precision,
    attention::{Followed, follow_back},
    backend::{EncoderJob, JobError},
    blocks::{Block, BlockStyle, Head, Linear, Norm, Placed, Tap, TensorSource, transform},
    families::Network,
    kernels::{Kernels, NORM_EPSILON, NormOrder},
    parameters::TrainingHead,
    weights::{Parameter, numbers},
};

/// Kept patches of one shape, ready for the embedder.
pub struct TokenBatch<B: Backend> {
    /// Which of the encoder's patch shapes.
    pub grid: usize,
    /// [windows * tokens, 256].
    pub patches: Tensor<B, 2>,
    /// Sine and cosine of each token's place, [windows * tokens, dim].
    pub positions: Tensor<B, 2>,
    pub windows: usize,
    /// Tokens of one window.
    pub tokens: usize,
}

/// A `TokenBatch` before it is on a device.
pub struct HostTokens {
    /// Which of the encoder's patch shapes.
    pub grid: usize,
    /// [windows * tokens, 256] row-major.
    pub patches: Vec<f32>,
    /// [windows * tokens, dim] row-major.
    pub positions: Vec<f32>,
    /// How many windows there are.
    pub windows: usize,
    /// Tokens of one window.
    pub tokens: usize,
}

impl HostTokens {
    /// Some of the windows.
    pub fn part(&self, windows: std::ops::Range<usize>) -> Self {
        let rows = |values: &[f32], width: usize| {
            let per_window = self.tokens * width;
            let range = windows.start * per_window..windows.end * per_window;
            values.get(range).unwrap_or_default().to_vec()
        };
        let width = self.positions.len() / (self.windows * self.tokens).max(1);
        Self {
            grid: self.grid,
            patches: rows(&self.patches, PATCH_DIM),
            positions: rows(&self.positions, width),
            windows: windows.len(),
            tokens: self.tokens,
        }
    }

    /// Puts the tokens on a device.
    pub fn upload<B: Backend>(self, dim: usize, device: &B::Device) -> TokenBatch<B> {
        let rows = self.windows * self.tokens;
        TokenBatch {
            grid: self.grid,
            patches: Tensor::from_data(TensorData::new(self.patches, [rows, PATCH_DIM]), device),
            positions: Tensor::from_data(TensorData::new(self.positions, [rows, dim]), device),
            windows: self.windows,
            tokens: self.tokens,
        }
    }
}

/// Embeds windows on a device: [windows, parts * dim] row-major.
///
/// # Errors
/// What the backend said, if it gives no numbers back.
pub fn embed<B: Kernels>(
    encoder: &Encoder<B>,
    batches: Vec<HostTokens>,
    device: &B::Device,
) -> Result<Vec<f32>, String> {
    let batches = encoder.upload(batches, device);
    numbers(Tensor::cat(encoder.forward(batches), 1))
}

/// Embeds windows, one batch a patch shape: [windows, parts * dim] row-major.
pub struct Embed(pub Vec<HostTokens>);

impl EncoderJob for Embed {
    type Output = Vec<f32>;

    fn run<B: Kernels>(
        self,
        network: &Network<B>,
        device: &B::Device,
    ) -> Result<Vec<f32>, JobError> {
        Ok(embed(network.myna()?, self.0, device)?)
    }
}

/// Embeds windows by every layer, from what enters the first block to the embedding: [windows, (depth + 2) * parts * dim]
/// row-major, layer by layer.
pub struct EmbedLayers(pub Vec<HostTokens>);

impl EncoderJob for EmbedLayers {
    type Output = Vec<f32>;

    fn run<B: Kernels>(
        self,
        network: &Network<B>,
        device: &B::Device,
    ) -> Result<Vec<f32>, JobError> {
        let encoder = network.myna()?;
        let windows = self.0.first().map_or(0, |batch| batch.windows).max(1);
        let mut by_layer: Vec<Vec<Tensor<B, 2>>> = vec![Vec::new(); encoder.blocks.len() + 2];
        let mut gather = |layer: usize, x: &Tensor<B, 3>| {
            if let Some(place) = by_layer.get_mut(layer) {
                // Batches of equal sizes share a pass, one behind the other.
                let means = pool(x.clone());
                let batches = means.dims()[0] / windows;
                place.extend(means.chunk(batches, 0));
            }
        };
        let batches = encoder.upload(self.0, device);
        encoder.forward_tapped(batches, &mut gather);
        Ok(numbers(Tensor::cat(by_layer.concat(), 1))?)
    }
}

/// Follows attention among the tokens of one window of one patch shape, back from a layer, or from the embedding.
pub struct FollowTokens {
    /// The tokens of the window.
    pub tokens: HostTokens,
    /// The layer; without it the embedding.
    pub layer: Option<usize>,
}

impl EncoderJob for FollowTokens {
    type Output = Followed;

    fn run<B: Kernels>(
        self,
        network: &Network<B>,
        device: &B::Device,
    ) -> Result<Followed, JobError> {
        let encoder = network.myna()?;
        let share = 1.0 / self.tokens.tokens.max(1) as f32;
        let readout = vec![share; self.tokens.tokens];
        let mut hidden: Vec<Tensor<B, 3>> = Vec::new();
        let batches = encoder.upload(vec![self.tokens], device);
        encoder.forward_tapped(batches, &mut |_, x| hidden.push(x.clone()));
        hidden.truncate(self.layer.map_or(hidden.len(), |layer| layer + 1));
        let behind_blocks = encoder.blocks.len();
        if hidden.len() > behind_blocks + 1 {
            // The tokens behind the last norm stand for those before it.
            hidden.swap_remove(behind_blocks);
        }
        Ok(follow_back(&encoder.blocks, hidden, readout)?)
    }
}

#[derive(Debug, Clone)]
struct Embedder<B: Backend> {
    patch_norm: Norm<B>,
    projection: Linear<B>,
    token_norm: Norm<B>,
}

/// The encoder, and the head or decoder if its weights have one, over any backend.
#[derive(Debug, Clone)]
pub struct Encoder<B: Backend> {
    dim: usize,
    embedders: Vec<Embedder<B>>,
    blocks: Vec<Block<B>>,
    norm: Norm<B>,
    head: Head<B>,
    decoder: Option<Decoder<B>>,
}

/// Blocks as Myna has them, in the encoder and the decoder.
pub(super) fn take_blocks<B: Kernels>(
    take: &mut impl TensorSource<B>,
    config: &MynaConfig,
    count: usize,
) -> Option<Vec<Block<B>>> {
    let style = BlockStyle {
        heads: config.heads,
        order: NormOrder::Pre,
        epsilon: NORM_EPSILON,
        qkv_bias: false,
        out_bias: false,
    };
    (0..count)
        .map(|_| take.block(style, config.dim, config.mlp_dim))
        .collect()
}

impl<B: Kernels> Embedder<B> {
    /// [rows, 256] -> [rows, dim].
    fn forward(&self, patches: Tensor<B, 2>) -> Tensor<B, 2> {
        let patches = self.patch_norm.forward(patches);
        self.token_norm.forward(self.projection.forward(patches))
    }
}

/// The mean over the tokens of each window: [windows, tokens, dim] -> [windows, dim].
fn pool<B: Backend>(x: Tensor<B, 3>) -> Tensor<B, 2> {
    let [windows, _, dim] = x.dims();
    x.mean_dim(1).reshape([windows, dim])
}

impl<B: Kernels> Encoder<B> {
    /// Puts the parameters of a layout in their places; `None` if they are not those of the layout. Its layers multiply in
    /// `precision`.
    pub fn assemble(
        config: &MynaConfig,
        tail: &TrainingHead,
        precision: Precision,
        parameters: impl IntoIterator<Item = Parameter<B>>,
    ) -> Option<Self> {
        let mut take = Placed {
            parameters: parameters.into_iter(),
            precision,
        };
        let embedders = config
            .kind
            .shapes()
            .iter()
            .map(|_| {
                Some(Embedder {
                    patch_norm: take.norm(NORM_EPSILON)?,
                    projection: take.linear(PATCH_DIM)?,
                    token_norm: take.norm(NORM_EPSILON)?,
                })
            })
            .collect::<Option<_>>()?;
        let blocks = take_blocks(&mut take, config, config.depth)?;
        let norm = take.norm(NORM_EPSILON)?;
        let head = Head::take(&mut take, tail.head_inputs(&EncoderConfig::Myna(*config)))?;
        let decoder = match tail {
            TrainingHead::Decoder(layers) => Some(Decoder::take(&mut take, config, *layers)?),
            _ => None,
        };
        Some(Self {
            dim: config.dim,
            embedders,
            blocks,
            norm,
            head,
            decoder,
        })
    }

    /// Puts batches on its device.
    pub fn upload(&self, batches: Vec<HostTokens>, device: &B::Device) -> Vec<TokenBatch<B>> {
        let batches = batches.into_iter();
        batches
            .map(|batch| batch.upload(self.dim, device))
            .collect()
    }

    /// The table of positions of a whole grid, [tokens, dim], on its device.
    pub fn positions(&self, values: &[f32], device: &B::Device) -> Tensor<B, 2> {
        let tokens = values.len() / self.dim.max(1);
        Tensor::from_data(TensorData::new(values.to_vec(), [tokens, self.dim]), device)
    }

    /// One vector [windows, dim] a batch. Batches of equal sizes share one pass through the transformer.
    pub fn forward(&self, batches: Vec<TokenBatch<B>>) -> Vec<Tensor<B, 2>> {
        self.forward_tapped(batches, &mut |_, _| ())
    }

    /// The same; the tap is given the tokens after the last norm too, as the layer behind the last block. Batches that share a
    /// pass come together, the windows of one behind those of the other; others one after the other.
    fn forward_tapped(
        &self,
        batches: Vec<TokenBatch<B>>,
        tap: &mut Tap<'_, B>,
    ) -> Vec<Tensor<B, 2>> {
        let same = batches
            .iter()
            .zip(batches.iter().skip(1))
            .all(|(a, b)| (a.windows, a.tokens) == (b.windows, b.tokens));
        let embedded: Vec<Tensor<B, 3>> = batches
            .into_iter()
            .filter_map(|batch| self.embed(batch))
            .collect();
        let shapes = embedded.len();
        if same && shapes > 1 {
            return pool(self.transform(Tensor::cat(embedded, 0), tap)).chunk(shapes, 0);
        }
        let embedded = embedded.into_iter();
        embedded.map(|x| pool(self.transform(x, tap))).collect()
    }

    /// What enters the first block, [windows, tokens, dim]; `None` where there are no such patches.
    fn embed(&self, batch: TokenBatch<B>) -> Option<Tensor<B, 3>> {
        let embedder = self.embedders.get(batch.grid)?;
        let x = embedder.forward(batch.patches) + batch.positions;
        Some(x.reshape([batch.windows, batch.tokens, self.dim]))
    }

    /// The blocks and the last norm: [windows, tokens, dim] -> the same shape.
    fn transform(&self, x: Tensor<B, 3>, tap: &mut Tap<'_, B>) -> Tensor<B, 3> {
        let shape = x.dims();
        let [windows, tokens, dim] = shape;
        let x = transform(&self.blocks, x, tap).reshape([windows * tokens, dim]);
        let x = self.norm.forward(x).reshape(shape);
        tap(self.blocks.len() + 1, &x);
        x
    }

    /// What the decoder makes of windows of which the encoder sees the kept patches only: every patch as log(1 + power),
    /// [windows * grid tokens, 256]. `positions` is the table of the whole grid. `None` without a decoder.
    pub fn reconstruct(
        &self,
        batch: TokenBatch<B>,
        kept: &[Vec<usize>],
        positions: Tensor<B, 2>,
    ) -> Option<Tensor<B, 2>> {
        let decoder = self.decoder.as_ref()?;
        let x = self.transform(self.embed(batch)?, &mut |_, _| ());
        let [windows, tokens, dim] = x.dims();
        let encoded = x.reshape([windows * tokens, dim]);
        Some(decoder.forward(encoded, kept, positions))
    }

    /// The projection head.
    pub fn project(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        self.head.forward(x)
    }
}
