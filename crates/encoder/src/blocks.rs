//! What families of encoders are built of: norms, linear layers and transformer blocks over any backend.

use burn::tensor::{Tensor, TensorData, activation::softmax, backend::Backend, ops::FloatTensor};

use super::{
    Precision,
    kernels::{self, Kernels, NormOrder, primitive},
    weights::transpose,
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

/// What looks on while an encoder computes: it is shown the tokens before the first block (layer 0) and after each.
pub struct Tap<'a, B: Backend> {
    /// Whether it wants the attention of each block, which then has to be computed beside the fused layers.
    pub attention: bool,
    /// The layer, its tokens [windows, tokens, dim], and of blocks where wanted how much each token (row) takes from each
    /// (column), the mean over heads, [windows, tokens, tokens].
    #[allow(clippy::type_complexity)] // One closure, named by its comment.
    pub see: &'a mut dyn FnMut(usize, &Tensor<B, 3>, Option<Tensor<B, 3>>),
}

/// Puts tensors of a file on a device one after the other, in the order in which a network is built. A tensor's numbers in
/// memory are given back as soon as it is there.
pub struct Placer<'d, B: Backend, I> {
    tensors: I,
    device: &'d B::Device,
}

impl<'d, B: Kernels, I: Iterator<Item = Vec<f32>>> Placer<'d, B, I> {
    /// Takes the numbers of `tensors`, row-major as in files, matrices [out, in].
    pub fn new(tensors: I, device: &'d B::Device) -> Self {
        Self { tensors, device }
    }

    /// The next tensor as it is in the file, [rows, columns].
    pub fn table(&mut self, columns: usize) -> Option<Tensor<B, 2>> {
        let values = self.tensors.next()?;
        let columns = columns.max(1);
        let shape = [values.len() / columns, columns];
        (shape.iter().product::<usize>() == values.len())
            .then(|| Tensor::from_data(TensorData::new(values, shape), self.device))
    }

    /// The next tensor as a vector, whatever its shape in the file.
    pub fn vector(&mut self) -> Option<Tensor<B, 1>> {
        let values = self.tensors.next()?;
        let length = values.len();
        let data = TensorData::new(values, [length]);
        Some(Tensor::from_data(data, self.device))
    }

    /// The weight of a linear layer: [out, in] in the file, [in, out] on the device.
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

    /// A weight and a bias.
    pub fn linear(&mut self, inputs: usize) -> Option<Linear<B>> {
        Some(Linear {
            weight: self.matrix(inputs)?,
            bias: self.vector()?,
        })
    }

    /// A factor and a shift.
    pub fn norm(&mut self, epsilon: f64) -> Option<Norm<B>> {
        Some(Norm {
            weight: self.vector()?,
            bias: self.vector()?,
            epsilon,
        })
    }

    /// Norm, queries, keys and values, output, norm, and the two layers of the feed-forward part.
    pub fn block(&mut self, style: BlockStyle, dim: usize, hidden: usize) -> Option<Block<B>> {
        let attention_norm = self.norm(style.epsilon)?;
        let to_qkv = self.matrix(dim)?;
        let qkv_bias = match style.qkv_bias {
            true => Some(self.vector()?),
            false => None,
        };
        let [_, wide] = to_qkv.dims();
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
        })
    }
}

impl<B: Kernels> Norm<B> {
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
        let [weight, bias] = self.weights();
        kernels::Layer::Linear { weight, bias }.run(x, Precision::F32)
    }
}

impl<B: Kernels> Block<B> {
    /// [windows * tokens, dim] -> the same shape.
    pub fn forward(&self, x: Tensor<B, 2>, tokens: usize) -> Tensor<B, 2> {
        let attention = kernels::Layer::Attention {
            norm: self.attention_norm.weights(),
            order: self.order,
            qkv: primitive(&self.to_qkv),
            qkv_bias: self.qkv_bias.as_ref().map(primitive),
            out: primitive(&self.to_out),
            out_bias: self.out_bias.as_ref().map(primitive),
            tokens,
            heads: self.heads,
        };
        let feed = kernels::Layer::FeedForward {
            norm: self.feed_norm.weights(),
            order: self.order,
            widen: self.widen.weights(),
            narrow: self.narrow.weights(),
        };
        feed.run(attention.run(x, Precision::F32), Precision::F32)
    }

    /// How much each token (row) takes from each (column), the mean over heads: [windows * tokens, dim] -> [windows, tokens,
    /// tokens]. One head after the other, so that no more than two such matrices a window lie in memory.
    pub fn attention(&self, x: Tensor<B, 2>, tokens: usize) -> Tensor<B, 3> {
        let [rows, dim] = x.dims();
        let windows = rows / tokens.max(1);
        let x = match self.order {
            NormOrder::Pre => self.attention_norm.forward(x),
            NormOrder::Post => x,
        };
        let inner = self.to_qkv.dims()[1] / 3;
        let head_dim = inner / self.heads.max(1);
        // [windows, tokens, head_dim] of one head; `first` is its first column.
        let part = |first: usize| -> Tensor<B, 3> {
            let weight = self.to_qkv.clone().slice([0..dim, first..first + head_dim]);
            let part = x.clone().matmul(weight);
            let part = match &self.qkv_bias {
                Some(bias) => part + bias.clone().narrow(0, first, head_dim).unsqueeze(),
                None => part,
            };
            part.reshape([windows, tokens, head_dim])
        };
        let mut sum: Option<Tensor<B, 3>> = None;
        for head in 0..self.heads {
            let (queries, keys) = (part(head * head_dim), part(inner + head * head_dim));
            let scores = queries.matmul(keys.transpose());
            let shares = softmax(scores.div_scalar((head_dim as f64).sqrt()), 2);
            sum = Some(match sum {
                Some(sum) => sum + shares,
                None => shares,
            });
        }
        match sum {
            Some(sum) => sum.div_scalar(self.heads as f64),
            None => Tensor::zeros([windows, tokens, tokens], &x.device()),
        }
    }
}

/// Runs tokens [windows, tokens, dim] through blocks and shows them to a tap.
pub fn transform<B: Kernels>(
    blocks: &[Block<B>],
    x: Tensor<B, 3>,
    tap: &mut Tap<'_, B>,
) -> Tensor<B, 3> {
    let shape = x.dims();
    let [windows, tokens, dim] = shape;
    (tap.see)(0, &x, None);
    let mut x = x.reshape([windows * tokens, dim]);
    for (index, block) in blocks.iter().enumerate() {
        let attention = tap.attention.then(|| block.attention(x.clone(), tokens));
        x = block.forward(x, tokens);
        (tap.see)(index + 1, &x.clone().reshape(shape), attention);
    }
    x.reshape(shape)
}
