//! SimpleViT as Myna uses it: pre-norm transformer over kept patches, mean over tokens. One pass from top to bottom.

mod trace;

pub(crate) use trace::{Trace, trace};

use burn::tensor::{
    Tensor, TensorData, TensorPrimitive, activation::gelu, activation::relu, backend::Backend,
    module::attention, ops::AttentionModuleOptions,
};

use super::{
    EncoderConfig,
    config::{HEAD_DIM, PATCH_DIM},
    decoder::Decoder,
    layout::Tail,
    weights::{Parameter, numbers},
};

/// Added to the variance, as PyTorch's default.
const NORM_EPSILON: f64 = 1e-5;

/// Kept patches of one shape, ready for the embedder.
pub(crate) struct TokenBatch<B: Backend> {
    /// [windows * tokens, 256].
    pub patches: Tensor<B, 2>,
    /// Sine and cosine of each token's place, [windows * tokens, dim].
    pub positions: Tensor<B, 2>,
    pub windows: usize,
    /// Tokens of one window.
    pub tokens: usize,
}

/// A [`TokenBatch`] before it is on a device.
pub(crate) struct HostTokens {
    /// [windows * tokens, 256] row-major.
    pub patches: Vec<f32>,
    /// [windows * tokens, dim] row-major.
    pub positions: Vec<f32>,
    pub windows: usize,
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
pub(crate) fn embed<B: Backend>(
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
    bias: Option<Tensor<B, 1>>,
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
    to_qkv: Linear<B>,
    to_out: Linear<B>,
    feed_norm: Norm<B>,
    widen: Linear<B>,
    narrow: Linear<B>,
}

/// The encoder, and the head or decoder if its weights have one, over any backend.
#[derive(Debug, Clone)]
pub(crate) struct Encoder<B: Backend> {
    dim: usize,
    heads: usize,
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

    pub(super) fn linear<B: Backend>(&mut self, bias: bool) -> Option<Linear<B>>
    where
        I: Iterator<Item = Parameter<B>>,
    {
        let Parameter::Matrix(weight) = self.0.next()? else {
            return None;
        };
        let bias = if bias { Some(self.vector()?) } else { None };
        Some(Linear { weight, bias })
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
                    to_qkv: self.linear(false)?,
                    to_out: self.linear(false)?,
                    feed_norm: self.norm()?,
                    widen: self.linear(true)?,
                    narrow: self.linear(true)?,
                })
            })
            .collect()
    }
}

impl<B: Backend> Norm<B> {
    pub(super) fn forward(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        // The fused kernel for inference; under autodiff Burn takes it apart by itself.
        Tensor::from_primitive(TensorPrimitive::Float(B::layer_norm(
            x.into_primitive().tensor(),
            self.weight.clone().into_primitive().tensor(),
            Some(self.bias.clone().into_primitive().tensor()),
            NORM_EPSILON,
        )))
    }
}

impl<B: Backend> Linear<B> {
    /// [rows, in] -> [rows, out]: one large product, never a batched one.
    pub(super) fn forward(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        let y = x.matmul(self.weight.clone());
        match &self.bias {
            Some(bias) => y + bias.clone().unsqueeze(),
            None => y,
        }
    }
}

impl<B: Backend> Embedder<B> {
    /// [rows, 256] -> [rows, dim].
    fn forward(&self, patches: Tensor<B, 2>) -> Tensor<B, 2> {
        let tokens = self.projection.forward(self.patch_norm.forward(patches));
        self.token_norm.forward(tokens)
    }
}

impl<B: Backend> Layer<B> {
    /// [windows * tokens, dim] -> the same shape.
    pub(super) fn forward(
        &self,
        x: Tensor<B, 2>,
        windows: usize,
        tokens: usize,
        heads: usize,
    ) -> Tensor<B, 2> {
        let qkv = self.to_qkv.forward(self.attention_norm.forward(x.clone()));
        // [rows, 3 * heads * 64] -> [3, windows, heads, tokens, 64]
        let qkv = qkv
            .reshape([windows, tokens, 3, heads, HEAD_DIM])
            .permute([2, 0, 3, 1, 4]);
        let part = |index: usize| -> Tensor<B, 4> {
            qkv.clone()
                .narrow(0, index, 1)
                .reshape([windows, heads, tokens, HEAD_DIM])
        };
        // The scale is 1/sqrt(64), the default.
        let mixed = attention(
            part(0),
            part(1),
            part(2),
            None,
            None,
            AttentionModuleOptions::default(),
        );
        let mixed = mixed
            .swap_dims(1, 2)
            .reshape([windows * tokens, heads * HEAD_DIM]);
        let x = x + self.to_out.forward(mixed);
        let hidden = gelu(self.widen.forward(self.feed_norm.forward(x.clone())));
        x + self.narrow.forward(hidden)
    }
}

impl<B: Backend> Encoder<B> {
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
                    projection: take.linear(true)?,
                    token_norm: take.norm()?,
                })
            })
            .collect::<Option<_>>()?;
        let layers = take.layers(config.depth)?;
        let norm = take.norm()?;
        let head = (0..tail.head_layers())
            .map(|_| take.linear(true))
            .collect::<Option<_>>()?;
        let decoder = match tail {
            Tail::Decoder(layers) => Some(Decoder::take(&mut take, config.heads, *layers)?),
            Tail::None | Tail::Projection(_) | Tail::Classifier(_) => None,
        };
        Some(Self {
            dim: config.dim,
            heads: config.heads,
            embedders,
            layers,
            norm,
            head,
            decoder,
        })
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
                let tokens = embedder.forward(batch.patches) + batch.positions;
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
    fn tokens(&self, mut x: Tensor<B, 2>, windows: usize, tokens: usize) -> Tensor<B, 2> {
        for layer in &self.layers {
            x = layer.forward(x, windows, tokens, self.heads);
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
        let (windows, tokens) = (batch.windows, batch.tokens);
        let x = embedder.forward(batch.patches) + batch.positions;
        Some(decoder.forward(self.tokens(x, windows, tokens), kept, positions))
    }

    /// The transformer, the last norm and the mean over tokens: [windows * tokens, dim] -> [windows, dim].
    fn transform(&self, x: Tensor<B, 2>, windows: usize, tokens: usize) -> Tensor<B, 2> {
        let x = self.tokens(x, windows, tokens);
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
            x = linear.forward(x);
        }
        x
    }
}
