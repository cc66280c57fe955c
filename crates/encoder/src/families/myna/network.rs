//! SimpleViT as Myna uses it: pre-norm transformer over kept patches, mean over tokens. One pass from top to bottom.

use burn::tensor::{
    Tensor, TensorData,
    activation::{gelu, relu, softmax},
    backend::Backend,
    ops::FloatTensor,
};

use super::{HEAD_DIM, MynaConfig, PATCH_DIM, decoder::Decoder, parameters::TrainingHead};
use crate::{
    Precision,
    backend::EncoderJob,
    kernels::{self, Kernels, NormOrder, primitive},
    network::Network,
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

/// Sees what the blocks give while a pass runs.
pub enum Tap<'a, B: Backend> {
    /// Nothing is looked at.
    None,
    /// Is given what enters the first block (0), what follows block n (n) and what follows the last norm (one more), each
    /// the mean over a window's tokens, [windows, dim] of every patch shape in the order of its batches.
    Layers(&'a mut dyn FnMut(usize, Vec<Tensor<B, 2>>)),
    /// Is given the attention of every block, the mean over heads, [tokens, tokens], and at last the tokens after the last
    /// norm, [tokens, dim]: of one window of one patch shape.
    Attention(&'a mut dyn FnMut(Tensor<B, 2>)),
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
    let batches = upload(encoder, batches, device);
    numbers(Tensor::cat(encoder.forward(batches), 1))
}

/// Embeds windows, one batch a patch shape: [windows, parts * dim] row-major.
pub struct Embed(pub Vec<HostTokens>);

impl EncoderJob for Embed {
    type Output = Vec<f32>;

    fn run<B: Kernels>(self, network: &Network<B>, device: &B::Device) -> Result<Vec<f32>, String> {
        embed(network.myna()?, self.0, device)
    }
}

/// Embeds windows by every layer, from what enters the first block to the embedding: [windows, (depth + 2) * parts * dim]
/// row-major, layer by layer.
pub struct EmbedLayers(pub Vec<HostTokens>);

impl EncoderJob for EmbedLayers {
    type Output = Vec<f32>;

    fn run<B: Kernels>(self, network: &Network<B>, device: &B::Device) -> Result<Vec<f32>, String> {
        let encoder = network.myna()?;
        let mut by_layer: Vec<Vec<Tensor<B, 2>>> = vec![Vec::new(); encoder.layers.len() + 2];
        let mut gather = |layer: usize, parts: Vec<Tensor<B, 2>>| {
            if let Some(place) = by_layer.get_mut(layer) {
                place.extend(parts);
            }
        };
        let batches = upload(encoder, self.0, device);
        encoder.forward_tapped(batches, &mut Tap::Layers(&mut gather));
        numbers(Tensor::cat(by_layer.concat(), 1))
    }
}

/// What happened to the tokens of one window.
pub struct Trace {
    /// For each layer [tokens, tokens] row-major: how much each token (row) takes from each (column), mean over heads.
    pub attention: Vec<Vec<f32>>,
    /// Tokens after the last norm, [tokens, dim] row-major. Their mean is the embedding.
    pub outputs: Vec<f32>,
}

/// Follows the tokens of one window of one patch shape.
pub struct FollowTokens(pub HostTokens);

impl EncoderJob for FollowTokens {
    type Output = Trace;

    fn run<B: Kernels>(self, network: &Network<B>, device: &B::Device) -> Result<Trace, String> {
        let encoder = network.myna()?;
        let mut seen = Vec::new();
        let mut gather = |x: Tensor<B, 2>| seen.push(numbers(x));
        let batches = upload(encoder, vec![self.0], device);
        encoder.forward_tapped(batches, &mut Tap::Attention(&mut gather));
        let mut attention = seen.into_iter().collect::<Result<Vec<_>, _>>()?;
        let outputs = attention.pop().unwrap_or_default();
        Ok(Trace { attention, outputs })
    }
}

fn upload<B: Kernels>(
    encoder: &Encoder<B>,
    batches: Vec<HostTokens>,
    device: &B::Device,
) -> Vec<TokenBatch<B>> {
    let batches = batches.into_iter();
    batches
        .map(|batch| batch.upload(encoder.dim, device))
        .collect()
}

#[derive(Debug, Clone)]
pub(super) struct Norm<B: Backend> {
    weight: Tensor<B, 1>,
    bias: Tensor<B, 1>,
}

#[derive(Debug, Clone)]
pub(super) struct Linear<B: Backend> {
    /// [in, out].
    weight: Tensor<B, 2>,
    bias: Tensor<B, 1>,
}

#[derive(Debug, Clone)]
struct Embedder<B: Backend> {
    patch_norm: Norm<B>,
    projection: Linear<B>,
    token_norm: Norm<B>,
}

#[derive(Debug, Clone)]
pub(super) struct Layer<B: Backend> {
    attention_norm: Norm<B>,
    /// [dim, 3 * heads * 64].
    to_qkv: Tensor<B, 2>,
    /// [heads * 64, dim].
    to_out: Tensor<B, 2>,
    feed_norm: Norm<B>,
    widen: Linear<B>,
    narrow: Linear<B>,
}

/// The encoder, and the head or decoder if its weights have one, over any backend.
#[derive(Debug, Clone)]
pub struct Encoder<B: Backend> {
    dim: usize,
    heads: usize,
    precision: Precision,
    embedders: Vec<Embedder<B>>,
    layers: Vec<Layer<B>>,
    norm: Norm<B>,
    head: Vec<Linear<B>>,
    decoder: Option<Decoder<B>>,
}

/// Takes parameters in the order of the layout.
pub(super) struct ParameterReader<I>(I);

impl<I> ParameterReader<I> {
    pub(super) fn vector<B: Backend>(&mut self) -> Option<Tensor<B, 1>>
    where
        I: Iterator<Item = Parameter<B>>,
    {
        match self.0.next()? {
            Parameter::Vector(tensor) => Some(tensor),
            Parameter::Matrix(_) => None,
        }
    }

    fn matrix<B: Backend>(&mut self) -> Option<Tensor<B, 2>>
    where
        I: Iterator<Item = Parameter<B>>,
    {
        match self.0.next()? {
            Parameter::Matrix(tensor) => Some(tensor),
            Parameter::Vector(_) => None,
        }
    }

    pub(super) fn linear<B: Backend>(&mut self) -> Option<Linear<B>>
    where
        I: Iterator<Item = Parameter<B>>,
    {
        Some(Linear {
            weight: self.matrix()?,
            bias: self.vector()?,
        })
    }

    pub(super) fn norm<B: Backend>(&mut self) -> Option<Norm<B>>
    where
        I: Iterator<Item = Parameter<B>>,
    {
        Some(Norm {
            weight: self.vector()?,
            bias: self.vector()?,
        })
    }

    pub(super) fn layers<B: Backend>(&mut self, depth: usize) -> Option<Vec<Layer<B>>>
    where
        I: Iterator<Item = Parameter<B>>,
    {
        (0..depth)
            .map(|_| {
                Some(Layer {
                    attention_norm: self.norm()?,
                    to_qkv: self.matrix()?,
                    to_out: self.matrix()?,
                    feed_norm: self.norm()?,
                    widen: self.linear()?,
                    narrow: self.linear()?,
                })
            })
            .collect()
    }
}

impl<B: Kernels> Norm<B> {
    fn weights(&self) -> kernels::Norm<FloatTensor<B>> {
        kernels::Norm {
            weight: primitive(&self.weight),
            bias: primitive(&self.bias),
            epsilon: kernels::NORM_EPSILON,
        }
    }

    pub(super) fn forward(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        kernels::Layer::Norm(self.weights()).run(x, Precision::F32)
    }
}

impl<B: Kernels> Linear<B> {
    fn weights(&self) -> [FloatTensor<B>; 2] {
        [primitive(&self.weight), primitive(&self.bias)]
    }

    /// [rows, in] -> [rows, out]: one large product, never a batched one.
    pub(super) fn forward(&self, x: Tensor<B, 2>, precision: Precision) -> Tensor<B, 2> {
        let [weight, bias] = self.weights();
        kernels::Layer::Linear { weight, bias }.run(x, precision)
    }
}

impl<B: Kernels> Embedder<B> {
    /// [rows, 256] -> [rows, dim].
    fn forward(&self, patches: Tensor<B, 2>, precision: Precision) -> Tensor<B, 2> {
        let patches = self.patch_norm.forward(patches);
        let tokens = self.projection.forward(patches, precision);
        self.token_norm.forward(tokens)
    }
}

impl<B: Kernels> Layer<B> {
    /// [windows * tokens, dim] -> the same shape.
    pub(super) fn forward(
        &self,
        x: Tensor<B, 2>,
        tokens: usize,
        heads: usize,
        precision: Precision,
    ) -> Tensor<B, 2> {
        let attention = kernels::Layer::Attention {
            norm: self.attention_norm.weights(),
            order: NormOrder::Pre,
            qkv: primitive(&self.to_qkv),
            qkv_bias: None,
            out: primitive(&self.to_out),
            out_bias: None,
            tokens,
            heads,
        };
        let x = attention.run(x, precision);
        let feed = kernels::Layer::FeedForward {
            norm: self.feed_norm.weights(),
            order: NormOrder::Pre,
            widen: self.widen.weights(),
            narrow: self.narrow.weights(),
        };
        feed.run(x, precision)
    }

    /// As `forward` for one window with attention written out: [tokens, dim] -> [tokens, dim] and, as the mean over heads,
    /// how much each token (row) takes from each (column), [tokens, tokens].
    fn forward_with_attention(
        &self,
        x: Tensor<B, 2>,
        tokens: usize,
        heads: usize,
    ) -> (Tensor<B, 2>, Tensor<B, 2>) {
        let qkv = self
            .attention_norm
            .forward(x.clone())
            .matmul(self.to_qkv.clone());
        // [tokens, 3 * heads * 64] -> [3, heads, tokens, 64]
        let qkv = qkv
            .reshape([tokens, 3, heads, HEAD_DIM])
            .permute([1, 2, 0, 3]);
        let part = |index: usize| -> Tensor<B, 3> {
            qkv.clone()
                .narrow(0, index, 1)
                .reshape([heads, tokens, HEAD_DIM])
        };
        let scores = part(0).matmul(part(1).transpose());
        let shares = softmax(scores.div_scalar((HEAD_DIM as f64).sqrt()), 2);
        let mixed = shares.clone().matmul(part(2));
        let mixed = mixed.swap_dims(0, 1).reshape([tokens, heads * HEAD_DIM]);
        let x = x + mixed.matmul(self.to_out.clone());
        let normed = self.feed_norm.forward(x.clone());
        let hidden = gelu(self.widen.forward(normed, Precision::F32));
        let x = x + self.narrow.forward(hidden, Precision::F32);
        (x, shares.mean_dim(0).reshape([tokens, tokens]))
    }
}

/// The mean over the tokens of each window: [windows * tokens, dim] -> [windows, dim].
fn pool<B: Backend>(x: Tensor<B, 2>, tokens: usize) -> Tensor<B, 2> {
    let [rows, dim] = x.dims();
    let windows = rows / tokens.max(1);
    x.reshape([windows, tokens, dim])
        .mean_dim(1)
        .reshape([windows, dim])
}

impl<B: Kernels> Encoder<B> {
    /// Puts the parameters of a layout in their places; `None` if they are not those of the layout.
    pub fn assemble(
        config: &MynaConfig,
        tail: &TrainingHead,
        parameters: impl IntoIterator<Item = Parameter<B>>,
    ) -> Option<Self> {
        let mut take = ParameterReader(parameters.into_iter());
        let embedders = config
            .kind
            .shapes()
            .iter()
            .map(|_| {
                Some(Embedder {
                    patch_norm: take.norm()?,
                    projection: take.linear()?,
                    token_norm: take.norm()?,
                })
            })
            .collect::<Option<_>>()?;
        let layers = take.layers(config.depth)?;
        let norm = take.norm()?;
        let head = (0..tail.head_layers())
            .map(|_| take.linear())
            .collect::<Option<_>>()?;
        let decoder = match tail {
            TrainingHead::Decoder(layers) => Some(Decoder::take(&mut take, config.heads, *layers)?),
            TrainingHead::None | TrainingHead::Projection(_) | TrainingHead::Classifier(_) => None,
        };
        Some(Self {
            dim: config.dim,
            heads: config.heads,
            precision: Precision::F32,
            embedders,
            layers,
            norm,
            head,
            decoder,
        })
    }

    /// The same encoder, whose layers multiply so.
    pub fn with_precision(self, precision: Precision) -> Self {
        Self { precision, ..self }
    }

    /// One vector [windows, dim] a batch. Batches of equal sizes share one pass through the transformer.
    pub fn forward(&self, batches: Vec<TokenBatch<B>>) -> Vec<Tensor<B, 2>> {
        self.forward_tapped(batches, &mut Tap::None)
    }

    /// The same, with what the blocks give on the way.
    pub fn forward_tapped(
        &self,
        batches: Vec<TokenBatch<B>>,
        tap: &mut Tap<'_, B>,
    ) -> Vec<Tensor<B, 2>> {
        let same = batches
            .iter()
            .zip(batches.iter().skip(1))
            .all(|(a, b)| (a.windows, a.tokens) == (b.windows, b.tokens));
        let embedded: Vec<(Tensor<B, 2>, usize)> = batches
            .into_iter()
            .filter_map(|batch| {
                let embedder = self.embedders.get(batch.grid)?;
                let tokens = embedder.forward(batch.patches, self.precision) + batch.positions;
                Some((tokens, batch.tokens))
            })
            .collect();
        let shapes = embedded.len();
        match embedded.first() {
            Some(&(_, tokens)) if same && shapes > 1 => {
                let stacked = embedded.into_iter().map(|(x, ..)| x).collect();
                let x = self.blocks(Tensor::cat(stacked, 0), tokens, shapes, tap);
                pool(x, tokens).chunk(shapes, 0)
            }
            _ => embedded
                .into_iter()
                .map(|(x, tokens)| pool(self.blocks(x, tokens, 1, tap), tokens))
                .collect(),
        }
    }

    /// The transformer and the last norm over the tokens of so many batches: [batches * windows * tokens, dim] -> the same
    /// shape.
    fn blocks(
        &self,
        mut x: Tensor<B, 2>,
        tokens: usize,
        batches: usize,
        tap: &mut Tap<'_, B>,
    ) -> Tensor<B, 2> {
        let see = |layer: usize, x: &Tensor<B, 2>, tap: &mut Tap<'_, B>| {
            if let Tap::Layers(see) = tap {
                see(layer, pool(x.clone(), tokens).chunk(batches, 0));
            }
        };
        see(0, &x, tap);
        for (number, layer) in self.layers.iter().enumerate() {
            x = match tap {
                Tap::Attention(see) => {
                    let (x, shares) = layer.forward_with_attention(x, tokens, self.heads);
                    see(shares);
                    x
                }
                Tap::None | Tap::Layers(_) => layer.forward(x, tokens, self.heads, self.precision),
            };
            see(number + 1, &x, tap);
        }
        let x = self.norm.forward(x);
        see(self.layers.len() + 1, &x, tap);
        if let Tap::Attention(see) = tap {
            see(x.clone());
        }
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
        let (decoder, embedder) = (self.decoder.as_ref()?, self.embedders.get(batch.grid)?);
        let tokens = batch.tokens;
        let x = embedder.forward(batch.patches, self.precision) + batch.positions;
        Some(decoder.forward(
            self.blocks(x, tokens, 1, &mut Tap::None),
            kept,
            positions,
            self.precision,
        ))
    }

    /// The projection head: Linear and ReLU in turn, no ReLU at the end.
    pub fn project(&self, mut x: Tensor<B, 2>) -> Tensor<B, 2> {
        for (index, linear) in self.head.iter().enumerate() {
            if index > 0 {
                x = relu(x);
            }
            x = linear.forward(x, self.precision);
        }
        x
    }
}
