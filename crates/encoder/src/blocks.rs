//! What families of encoders are built of: norms, linear layers and transformer blocks over any backend.

use burn::tensor::{
    Tensor, TensorData,
    activation::{relu, softmax},
    backend::Backend,
    ops::FloatTensor,
};

use super::{
    Precision,
    kernels::{self, Activation, Kernels, NormOrder, primitive},
    weights::{Parameter, transpose},
};

/// LayerNorm over the last axis.
#[derive(Debug, Clone)]
pub struct Norm<B: Backend> {
    weight: Tensor<B, 1>,
    bias: Tensor<B, 1>,
    epsilon: f64,
}

/// A linear layer.
#[derive(Debug, Clone)]
pub struct Linear<B: Backend> {
    /// [in, out].
    weight: Tensor<B, 2>,
    bias: Tensor<B, 1>,
    precision: Precision,
}

/// A convolution over time with a LayerNorm over its channels and GELU behind it.
#[derive(Debug, Clone)]
pub struct Convolution<B: Backend> {
    /// [kernel * inputs / groups, outputs].
    weight: Tensor<B, 2>,
    bias: Option<Tensor<B, 1>>,
    norm: Norm<B>,
    shape: ConvolutionShape,
    precision: Precision,
}

/// What is different from convolution to [`Convolution`].
#[derive(Debug, Clone, Copy)]
pub struct ConvolutionShape {
    /// Frames that an output reads.
    pub kernel: usize,
    /// Frames from one output to the next.
    pub stride: usize,
    /// Frames of silence in front and behind.
    pub padding: usize,
    /// Parts of the channels that don't see each other.
    pub groups: usize,
}

/// A transformer block: attention, then the feed-forward part.
#[derive(Debug, Clone)]
pub struct Block<B: Backend> {
    heads: usize,
    order: NormOrder,
    attention_norm: Norm<B>,
    /// [dim, 3 * heads * head_dim].
    to_qkv: Tensor<B, 2>,
    qkv_bias: Option<Tensor<B, 1>>,
    /// [heads * head_dim, dim].
    to_out: Tensor<B, 2>,
    out_bias: Option<Tensor<B, 1>>,
    feed_norm: Norm<B>,
    widen: Linear<B>,
    narrow: Linear<B>,
    precision: Precision,
}

/// What is different from family to family in a [`Block`].
#[derive(Debug, Clone, Copy)]
pub struct BlockStyle {
    /// How many heads share the width.
    pub heads: usize,
    /// Where the norms stand.
    pub order: NormOrder,
    /// What the norms add to the variance.
    pub epsilon: f64,
    /// Whether queries, keys and values have a bias.
    pub qkv_bias: bool,
    /// Whether the output of attention has one.
    pub out_bias: bool,
}

/// What looks on while an encoder computes: it is given the tokens [windows, tokens, dim] that enter the first block (layer
/// 0) and those after each block. Where a block attends is asked of what enters it ([`Block::received`]).
pub type Tap<'a, B> = dyn FnMut(usize, &Tensor<B, 3>) + 'a;

/// Gives the tensors of a network one after the other, in the order in which it is built; `None` where there is none left, or
/// another one.
pub trait TensorSource<B: Kernels> {
    /// With which numbers linear layers and blocks multiply.
    fn precision(&self) -> Precision {
        Precision::F32
    }

    /// The next tensor as a vector, whatever its shape in the file.
    fn vector(&mut self) -> Option<Tensor<B, 1>>;

    /// The weight of a linear layer: [out, in] in the file, [in, out] on the device.
    fn matrix(&mut self, inputs: usize) -> Option<Tensor<B, 2>>;

    /// A table of rows, as it is in the file.
    fn table(&mut self, columns: usize) -> Option<Tensor<B, 2>>;

    /// A weight and a bias.
    fn linear(&mut self, inputs: usize) -> Option<Linear<B>> {
        Some(Linear {
            weight: self.matrix(inputs)?,
            bias: self.vector()?,
            precision: self.precision(),
        })
    }

    /// A factor and a shift.
    fn norm(&mut self, epsilon: f64) -> Option<Norm<B>> {
        Some(Norm {
            weight: self.vector()?,
            bias: self.vector()?,
            epsilon,
        })
    }

    /// Norm, queries, keys and values, output, norm, and the two layers of the feed-forward part.
    fn block(&mut self, style: BlockStyle, dim: usize, hidden: usize) -> Option<Block<B>> {
        let attention_norm = self.norm(style.epsilon)?;
        let to_qkv = self.matrix(dim)?;
        let qkv_bias = match style.qkv_bias {
            true => Some(self.vector()?),
            false => None,
        };
        self.rest_of_block(style, hidden, attention_norm, to_qkv, qkv_bias)
    }

    /// As [`Self::block`], where queries, keys and values are three linear layers with biases.
    fn parted_block(&mut self, style: BlockStyle, dim: usize, hidden: usize) -> Option<Block<B>> {
        let attention_norm = self.norm(style.epsilon)?;
        let (mut weights, mut biases) = (Vec::new(), Vec::new());
        for _ in 0..3 {
            weights.push(self.matrix(dim)?);
            biases.push(self.vector()?);
        }
        let (to_qkv, qkv_bias) = (Tensor::cat(weights, 1), Tensor::cat(biases, 0));
        self.rest_of_block(style, hidden, attention_norm, to_qkv, Some(qkv_bias))
    }

    /// What follows queries, keys and values of a block.
    fn rest_of_block(
        &mut self,
        style: BlockStyle,
        hidden: usize,
        attention_norm: Norm<B>,
        to_qkv: Tensor<B, 2>,
        qkv_bias: Option<Tensor<B, 1>>,
    ) -> Option<Block<B>> {
        let [dim, wide] = to_qkv.dims();
        Some(Block {
            heads: style.heads,
            order: style.order,
            attention_norm,
            qkv_bias,
            to_out: self.matrix(wide / 3)?,
            to_qkv,
            out_bias: match style.out_bias {
                true => Some(self.vector()?),
                false => None,
            },
            feed_norm: self.norm(style.epsilon)?,
            widen: self.linear(dim)?,
            narrow: self.linear(hidden)?,
            precision: self.precision(),
        })
    }
}

/// Puts tensors of a file on a device one after the other. A tensor's numbers in memory are given back as soon as it is there.
pub struct Placer<'d, B: Backend, I> {
    tensors: I,
    precision: Precision,
    device: &'d B::Device,
}

impl<'d, B: Kernels, I: Iterator<Item = Vec<f32>>> Placer<'d, B, I> {
    /// Takes the numbers of `tensors`, row-major as in files, matrices [out, in]; layers multiply in `precision`.
    pub fn new(tensors: I, precision: Precision, device: &'d B::Device) -> Self {
        Self {
            tensors,
            precision,
            device,
        }
    }
}

impl<B: Kernels, I: Iterator<Item = Vec<f32>>> TensorSource<B> for Placer<'_, B, I> {
    fn precision(&self) -> Precision {
        self.precision
    }

    fn vector(&mut self) -> Option<Tensor<B, 1>> {
        let values = self.tensors.next()?;
        let length = values.len();
        let data = TensorData::new(values, [length]);
        Some(Tensor::from_data(data, self.device))
    }

    fn matrix(&mut self, inputs: usize) -> Option<Tensor<B, 2>> {
        let values = self.tensors.next()?;
        let outputs = values.len() / inputs.max(1);
        if inputs * outputs != values.len() {
            return None;
        }
        let turned = transpose(&values, outputs, inputs);
        drop(values);
        let data = TensorData::new(turned, [inputs, outputs]);
        Some(Tensor::from_data(data, self.device))
    }

    fn table(&mut self, columns: usize) -> Option<Tensor<B, 2>> {
        let values = self.tensors.next()?;
        let columns = columns.max(1);
        let shape = [values.len() / columns, columns];
        (shape.iter().product::<usize>() == values.len())
            .then(|| Tensor::from_data(TensorData::new(values, shape), self.device))
    }
}

/// Parameters that are on a device already, in the order of the layout; layers multiply in `precision`.
pub struct Placed<I> {
    pub parameters: I,
    pub precision: Precision,
}

impl<B: Kernels, I: Iterator<Item = Parameter<B>>> TensorSource<B> for Placed<I> {
    fn precision(&self) -> Precision {
        self.precision
    }

    fn vector(&mut self) -> Option<Tensor<B, 1>> {
        match self.parameters.next()? {
            Parameter::Vector(tensor) => Some(tensor),
            Parameter::Matrix(_) => None,
        }
    }

    fn matrix(&mut self, inputs: usize) -> Option<Tensor<B, 2>> {
        match self.parameters.next()? {
            Parameter::Matrix(tensor) if tensor.dims()[0] == inputs => Some(tensor),
            Parameter::Matrix(_) | Parameter::Vector(_) => None,
        }
    }

    fn table(&mut self, columns: usize) -> Option<Tensor<B, 2>> {
        match self.parameters.next()? {
            Parameter::Matrix(tensor) if tensor.dims()[1] == columns => Some(tensor),
            Parameter::Matrix(_) | Parameter::Vector(_) => None,
        }
    }
}

/// What training hangs behind an embedding: Linear and ReLU in turn, no ReLU at the end.
#[derive(Debug, Clone)]
pub struct Head<B: Backend>(Vec<Linear<B>>);

impl<B: Kernels> Head<B> {
    /// One layer for each of these numbers of inputs; none of them gives its input back.
    pub fn take(
        take: &mut impl TensorSource<B>,
        inputs: impl IntoIterator<Item = usize>,
    ) -> Option<Self> {
        let layers = inputs.into_iter().map(|inputs| take.linear(inputs));
        Some(Self(layers.collect::<Option<_>>()?))
    }

    /// [rows, in] -> [rows, out].
    pub fn forward(&self, mut x: Tensor<B, 2>) -> Tensor<B, 2> {
        for (index, linear) in self.0.iter().enumerate() {
            if index > 0 {
                x = relu(x);
            }
            x = linear.forward(x);
        }
        x
    }
}

impl<B: Kernels> Convolution<B> {
    /// Of a weight [kernel * inputs / groups, outputs], tap by tap; `norm` is of its outputs. Multiplies in `precision`, and in 32
    /// bits where it is differentiated.
    pub fn new(
        weight: Tensor<B, 2>,
        bias: Option<Tensor<B, 1>>,
        norm: Norm<B>,
        shape: ConvolutionShape,
        precision: Precision,
    ) -> Self {
        Self {
            weight,
            bias,
            norm,
            shape,
            precision,
        }
    }

    fn weights(&self) -> kernels::Convolution<FloatTensor<B>> {
        let ConvolutionShape {
            kernel,
            stride,
            padding,
            groups,
        } = self.shape;
        kernels::Convolution {
            weight: primitive(&self.weight),
            bias: self.bias.as_ref().map(primitive),
            norm: self.norm.weights(),
            kernel,
            stride,
            padding,
            groups,
            precision: self.precision,
        }
    }
}

/// Runs windows, [windows * length, inputs], through convolutions one behind the other: [windows * frames, outputs].
pub fn convolve<B: Kernels>(
    layers: &[Convolution<B>],
    x: Tensor<B, 2>,
    windows: usize,
) -> Tensor<B, 2> {
    let layers = layers.iter().map(Convolution::weights).collect();
    kernels::convolve(layers, x, windows)
}

impl<B: Kernels> Norm<B> {
    /// One without factor and shift.
    pub fn plain(dim: usize, epsilon: f64, device: &B::Device) -> Self {
        Self {
            weight: Tensor::ones([dim], device),
            bias: Tensor::zeros([dim], device),
            epsilon,
        }
    }

    fn weights(&self) -> kernels::Norm<FloatTensor<B>> {
        kernels::Norm {
            weight: primitive(&self.weight),
            bias: primitive(&self.bias),
            epsilon: self.epsilon,
        }
    }

    /// [rows, dim] -> the same shape.
    pub fn forward(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        kernels::Layer::Norm(self.weights()).run(x, Precision::F32)
    }
}

impl<B: Kernels> Linear<B> {
    fn weights(&self) -> [FloatTensor<B>; 2] {
        [primitive(&self.weight), primitive(&self.bias)]
    }

    /// [rows, in] -> [rows, out].
    pub fn forward(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        self.run(x, Activation::None)
    }

    /// The same with GELU behind it.
    pub fn forward_gelu(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        self.run(x, Activation::Gelu)
    }

    fn run(&self, x: Tensor<B, 2>, activation: Activation) -> Tensor<B, 2> {
        let [weight, bias] = self.weights();
        let layer = kernels::Layer::Linear {
            weight,
            bias,
            activation,
        };
        layer.run(x, self.precision)
    }
}

impl<B: Kernels> Block<B> {
    /// [windows * tokens, dim] -> the same shape.
    pub fn forward(&self, x: Tensor<B, 2>, tokens: usize) -> Tensor<B, 2> {
        self.forward_first(x, tokens, tokens)
    }

    /// [windows * tokens, dim] -> [windows * first, dim]: what becomes of the first tokens of every window.
    pub fn forward_first(&self, x: Tensor<B, 2>, tokens: usize, first: usize) -> Tensor<B, 2> {
        let x = self.attend(x, tokens, first);
        let feed = kernels::Layer::FeedForward {
            norm: self.feed_norm.weights(),
            order: self.order,
            widen: self.widen.weights(),
            narrow: self.narrow.weights(),
        };
        feed.run(x, self.precision)
    }

    /// The half with attention.
    fn attend(&self, x: Tensor<B, 2>, tokens: usize, first: usize) -> Tensor<B, 2> {
        let attention = kernels::Layer::Attention {
            norm: self.attention_norm.weights(),
            order: self.order,
            qkv: primitive(&self.to_qkv),
            qkv_bias: self.qkv_bias.as_ref().map(primitive),
            out: primitive(&self.to_out),
            out_bias: self.out_bias.as_ref().map(primitive),
            tokens,
            queries: first,
            heads: self.heads,
        };
        attention.run(x, self.precision)
    }

    /// As [`Self::forward`], with what the feed-forward part gives before the path round it is added to it; both
    /// [windows * tokens, dim].
    pub fn forward_parted(&self, x: Tensor<B, 2>, tokens: usize) -> [Tensor<B, 2>; 2] {
        let x = self.attend(x, tokens, tokens);
        let f = |x| self.narrow.forward(self.widen.forward_gelu(x));
        match self.order {
            NormOrder::Pre => {
                let fed = f(self.feed_norm.forward(x.clone()));
                [fed.clone(), x + fed]
            }
            NormOrder::Post => {
                let fed = f(x.clone());
                [fed.clone(), self.feed_norm.forward(x + fed)]
            }
        }
    }

    /// Where this block attends among the tokens of one window that enter it, [tokens, dim]: with `weights` [n, tokens] on the
    /// tokens that attend, how much each token is attended to, [n, tokens], the mean over heads. Every row keeps its sum. The
    /// tokens attend a tile after the other, so that no [tokens, tokens] matrix lies in memory.
    pub fn received(&self, x: Tensor<B, 2>, weights: Tensor<B, 2>) -> Tensor<B, 2> {
        const TILE: usize = 256;
        let x = match self.order {
            NormOrder::Pre => self.attention_norm.forward(x),
            NormOrder::Post => x,
        };
        let inner = self.to_qkv.dims()[1] / 3;
        let head_dim = inner / self.heads.max(1);
        let x = x.matmul(self.to_qkv.clone().narrow(1, 0, 2 * inner));
        let x = match &self.qkv_bias {
            Some(bias) => x + bias.clone().narrow(0, 0, 2 * inner).unsqueeze(),
            None => x,
        };
        let [tokens, _] = x.dims();
        let mut sum = weights.zeros_like();
        for head in 0..self.heads {
            let queries = x.clone().narrow(1, head * head_dim, head_dim);
            let keys = x.clone().narrow(1, inner + head * head_dim, head_dim);
            let keys = keys.transpose().div_scalar((head_dim as f64).sqrt());
            for first in (0..tokens).step_by(TILE) {
                let count = TILE.min(tokens - first);
                let scores = queries.clone().narrow(0, first, count).matmul(keys.clone());
                let weights = weights.clone().narrow(1, first, count);
                sum = sum + weights.matmul(softmax(scores, 1));
            }
        }
        sum.div_scalar(self.heads.max(1) as f64)
    }
}

/// Runs tokens [windows, tokens, dim] through blocks of which only the first so many tokens are read afterwards:
/// [windows * first, dim]. What nobody reads behind the last block is not computed.
pub fn transform_first<B: Kernels>(
    blocks: &[Block<B>],
    x: Tensor<B, 3>,
    first: usize,
) -> Tensor<B, 2> {
    let [windows, tokens, dim] = x.dims();
    let mut x = x.reshape([windows * tokens, dim]);
    let last = blocks.len().saturating_sub(1);
    for (index, block) in blocks.iter().enumerate() {
        let read = if index == last { first } else { tokens };
        x = block.forward_first(x, tokens, read);
    }
    x
}

/// Runs tokens [windows, tokens, dim] through blocks and shows them to a tap.
pub fn transform<B: Kernels>(
    blocks: &[Block<B>],
    x: Tensor<B, 3>,
    tap: &mut Tap<'_, B>,
) -> Tensor<B, 3> {
    let shape = x.dims();
    let [windows, tokens, dim] = shape;
    tap(0, &x);
    let mut x = x.reshape([windows * tokens, dim]);
    for (index, block) in blocks.iter().enumerate() {
        x = block.forward(x, tokens);
        tap(index + 1, &x.clone().reshape(shape));
    }
    x.reshape(shape)
}
