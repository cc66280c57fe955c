//! SimpleViT as Myna uses it: pre-norm transformer over kept patches, mean over tokens. One pass from top to bottom.

mod layers;
mod trace;

pub use layers::embed_layers;
pub use trace::{Trace, trace};

use burn::tensor::{Tensor, TensorData, activation::relu, backend::Backend, ops::FloatTensor};

use super::{
    Arithmetic, EncoderConfig,
    config::PATCH_DIM,
    decoder::Decoder,
    kernels::{self, Kernels, primitive},
    layout::Tail,
    weights::{Parameter, numbers},
};

/// Kept patches of one shape, ready for the embedder.
pub struct TokenBatch<B: Backend> {
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
    let batches = batches
        .into_iter()
        .map(|batch| batch.upload(encoder.dim, device))
        .collect();
    numbers(Tensor::cat(encoder.forward(batches), 1))
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
    arithmetic: Arithmetic,
    embedders: Vec<Embedder<B>>,
    layers: Vec<Layer<B>>,
    norm: Norm<B>,
    head: Vec<Linear<B>>,
    decoder: Option<Decoder<B>>,
}

/// Takes parameters in the order of the layout.
pub(super) struct Taker<I>(I);

impl<I> Taker<I> {
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
    fn weights(&self) -> [FloatTensor<B>; 2] {
        [primitive(&self.weight), primitive(&self.bias)]
    }

    pub(super) fn forward(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        kernels::Layer::Norm(self.weights()).run(x, Arithmetic::F32)
    }
}

impl<B: Kernels> Linear<B> {
    fn weights(&self) -> [FloatTensor<B>; 2] {
        [primitive(&self.weight), primitive(&self.bias)]
    }

    /// [rows, in] -> [rows, out]: one large product, never a batched one.
    pub(super) fn forward(&self, x: Tensor<B, 2>, arithmetic: Arithmetic) -> Tensor<B, 2> {
        let [weight, bias] = self.weights();
        kernels::Layer::Linear { weight, bias }.run(x, arithmetic)
    }
}

impl<B: Kernels> Embedder<B> {
    /// [rows, 256] -> [rows, dim].
    fn forward(&self, patches: Tensor<B, 2>, arithmetic: Arithmetic) -> Tensor<B, 2> {
        let patches = self.patch_norm.forward(patches);
        let tokens = self.projection.forward(patches, arithmetic);
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
        arithmetic: Arithmetic,
    ) -> Tensor<B, 2> {
        let attention = kernels::Layer::Attention {
            norm: self.attention_norm.weights(),
            qkv: primitive(&self.to_qkv),
            out: primitive(&self.to_out),
            tokens,
            heads,
        };
        let x = attention.run(x, arithmetic);
        let feed = kernels::Layer::FeedForward {
            norm: self.feed_norm.weights(),
            widen: self.widen.weights(),
            narrow: self.narrow.weights(),
        };
        feed.run(x, arithmetic)
    }
}

impl<B: Kernels> Encoder<B> {
    /// Puts the parameters of a layout in their places; `None` if they are not those of the layout.
    pub fn assemble(
        config: &EncoderConfig,
        tail: &Tail,
        parameters: impl IntoIterator<Item = Parameter<B>>,
    ) -> Option<Self> {
        let mut take = Taker(parameters.into_iter());
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
            Tail::Decoder(layers) => Some(Decoder::take(&mut take, config.heads, *layers)?),
            Tail::None | Tail::Projection(_) | Tail::Classifier(_) => None,
        };
        Some(Self {
            dim: config.dim,
            heads: config.heads,
            arithmetic: Arithmetic::F32,
            embedders,
            layers,
            norm,
            head,
            decoder,
        })
    }

    /// The same encoder, whose layers multiply so.
    pub fn with_arithmetic(self, arithmetic: Arithmetic) -> Self {
        Self { arithmetic, ..self }
    }

    /// One vector [windows, dim] a batch. There is one batch for each patch shape of the encoder, in their order; equal
    /// token counts share one pass through the transformer.
    pub fn forward(&self, batches: Vec<TokenBatch<B>>) -> Vec<Tensor<B, 2>> {
        let same = batches
            .iter()
            .zip(batches.iter().skip(1))
            .all(|(a, b)| (a.windows, a.tokens) == (b.windows, b.tokens));
        let embedded: Vec<(Tensor<B, 2>, usize, usize)> = batches
            .into_iter()
            .zip(&self.embedders)
            .map(|(batch, embedder)| {
                let tokens = embedder.forward(batch.patches, self.arithmetic) + batch.positions;
                (tokens, batch.windows, batch.tokens)
            })
            .collect();
        let shapes = embedded.len();
        match embedded.first() {
            Some(&(_, windows, tokens)) if same && shapes > 1 => {
                let stacked = embedded.into_iter().map(|(x, ..)| x).collect();
                let pooled = self.transform(Tensor::cat(stacked, 0), shapes * windows, tokens);
                pooled.chunk(shapes, 0)
            }
            _ => embedded
                .into_iter()
                .map(|(x, windows, tokens)| self.transform(x, windows, tokens))
                .collect(),
        }
    }

    /// The transformer and the last norm: [windows * tokens, dim] -> the same shape.
    fn tokens(&self, mut x: Tensor<B, 2>, tokens: usize) -> Tensor<B, 2> {
        for layer in &self.layers {
            x = layer.forward(x, tokens, self.heads, self.arithmetic);
        }
        self.norm.forward(x)
    }

    /// What the decoder makes of windows of which the encoder sees the kept patches only: every patch as log(1 + power),
    /// [windows * grid tokens, 256]. `positions` is the table of the whole grid. `None` without a decoder.
    pub fn reconstruct(
        &self,
        batch: TokenBatch<B>,
        kept: &[Vec<usize>],
        positions: Tensor<B, 2>,
    ) -> Option<Tensor<B, 2>> {
        let (decoder, embedder) = (self.decoder.as_ref()?, self.embedders.first()?);
        let tokens = batch.tokens;
        let x = embedder.forward(batch.patches, self.arithmetic) + batch.positions;
        Some(decoder.forward(self.tokens(x, tokens), kept, positions, self.arithmetic))
    }

    /// The transformer, the last norm and the mean over tokens: [windows * tokens, dim] -> [windows, dim].
    fn transform(&self, x: Tensor<B, 2>, windows: usize, tokens: usize) -> Tensor<B, 2> {
        let x = self.tokens(x, tokens);
        let [_, dim] = x.dims();
        x.reshape([windows, tokens, dim])
            .mean_dim(1)
            .reshape([windows, dim])
    }

    /// The projection head: Linear and ReLU in turn, no ReLU at the end.
    pub fn project(&self, mut x: Tensor<B, 2>) -> Tensor<B, 2> {
        for (index, linear) in self.head.iter().enumerate() {
            if index > 0 {
                x = relu(x);
            }
            x = linear.forward(x, self.arithmetic);
        }
        x
    }
}
