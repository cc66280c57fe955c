//! What a backend may do in one piece: the layers of the transformer with their gradients, and the optimiser's update.
//!
//! The encoder speaks to every backend through [`Layer::run`]. A backend that has a layer in one piece ([`Kernels`]: the
//! CPU, by the crate `mynascope-kernels`) is asked for it; for all others the layer is taken apart into Burn's operations,
//! which a GPU fuses by itself. Under `Autodiff` a layer in one piece is one node of the graph, with the kernels'
//! own way back; a layer that is taken apart is differentiated by Burn. `tests.rs` holds both against each other, values
//! and gradients.

mod autodiff;
mod cpu;
#[cfg(test)]
mod tests;

use burn::{
    backend::Wgpu,
    tensor::{
        Tensor, TensorPrimitive,
        activation::gelu,
        backend::Backend,
        module::attention,
        ops::{AttentionModuleOptions, FloatTensor},
    },
};

use super::{Arithmetic, families::myna::HEAD_DIM};

pub use mynascope_kernels::Adam;

/// Added to the variance, as PyTorch's default.
const NORM_EPSILON: f64 = 1e-5;

/// A layer over rows, with its weights. Matrices are [in, out].
#[derive(Debug, Clone)]
pub enum Layer<T> {
    /// LayerNorm: factor and shift, [dim].
    Norm([T; 2]),
    /// [in, out] and [out].
    Linear { weight: T, bias: T },
    /// x + out(attention(qkv(norm(x)))) among the `tokens` rows of each window. `qkv` is [dim, 3 * heads * 64], `out`
    /// [heads * 64, dim].
    Attention {
        norm: [T; 2],
        qkv: T,
        out: T,
        tokens: usize,
        heads: usize,
    },
    /// x + narrow(gelu(widen(norm(x)))): [dim, hidden], [hidden], [hidden, dim], [dim].
    FeedForward {
        norm: [T; 2],
        widen: [T; 2],
        narrow: [T; 2],
    },
}

/// Operations in one piece. `None` or `false`: this backend has none, take it apart.
pub trait Kernels: Backend {
    /// A layer over rows [rows, in], and where `keep` says so what [`Kernels::layer_back`] wants beside the input.
    fn layer(
        _layer: &Layer<FloatTensor<Self>>,
        _x: &FloatTensor<Self>,
        _keep: bool,
    ) -> Option<(FloatTensor<Self>, Option<FloatTensor<Self>>)> {
        None
    }

    /// Gradients of the input and of the weights in their order, from that of the output.
    fn layer_back(
        _layer: &Layer<FloatTensor<Self>>,
        _x: &FloatTensor<Self>,
        _kept: Option<FloatTensor<Self>>,
        _slope: &FloatTensor<Self>,
    ) -> Option<Vec<FloatTensor<Self>>> {
        None
    }

    /// One update of Adam: weights, then first and second moment.
    fn adam(
        _rule: &Adam,
        _state: [&mut FloatTensor<Self>; 3],
        _gradient: &FloatTensor<Self>,
    ) -> bool {
        false
    }

    /// The sum of squares of all numbers.
    fn sum_of_squares(_x: &FloatTensor<Self>) -> Option<f32> {
        None
    }
}

impl Kernels for Wgpu {}
#[cfg(feature = "cuda")]
impl Kernels for burn::backend::Cuda {}

/// The numbers of a tensor as the backend holds them.
pub fn primitive<B: Backend, const D: usize>(tensor: &Tensor<B, D>) -> FloatTensor<B> {
    tensor.clone().into_primitive().tensor()
}

fn tensor<B: Backend, const D: usize>(primitive: FloatTensor<B>) -> Tensor<B, D> {
    Tensor::from_primitive(TensorPrimitive::Float(primitive))
}

impl<T> Layer<T> {
    /// The weights in their order.
    pub fn weights(&self) -> Vec<&T> {
        match self {
            Self::Norm([weight, bias]) | Self::Linear { weight, bias } => vec![weight, bias],
            Self::Attention {
                norm: [weight, bias],
                qkv,
                out,
                ..
            } => vec![weight, bias, qkv, out],
            Self::FeedForward {
                norm,
                widen,
                narrow,
            } => norm.iter().chain(widen).chain(narrow).collect(),
        }
    }

    /// The same layer with other weights.
    pub fn map<U>(&self, f: impl Fn(&T) -> U) -> Layer<U> {
        let two = |[a, b]: &[T; 2]| [f(a), f(b)];
        match self {
            Self::Norm(norm) => Layer::Norm(two(norm)),
            Self::Linear { weight, bias } => Layer::Linear {
                weight: f(weight),
                bias: f(bias),
            },
            Self::Attention {
                norm,
                qkv,
                out,
                tokens,
                heads,
            } => Layer::Attention {
                norm: two(norm),
                qkv: f(qkv),
                out: f(out),
                tokens: *tokens,
                heads: *heads,
            },
            Self::FeedForward {
                norm,
                widen,
                narrow,
            } => Layer::FeedForward {
                norm: two(norm),
                widen: two(widen),
                narrow: two(narrow),
            },
        }
    }
}

impl<T: Clone> Layer<T> {
    /// Runs it over rows: [rows, in] -> [rows, out].
    pub fn run<B>(self, x: Tensor<B, 2>, arithmetic: Arithmetic) -> Tensor<B, 2>
    where
        B: Kernels<FloatTensorPrimitive = T>,
    {
        // Layers in one piece know 32 bits only.
        let ran = match arithmetic {
            Arithmetic::F32 => B::layer(&self, &primitive(&x), false),
            Arithmetic::Bf16 | Arithmetic::F16 => None,
        };
        match ran {
            Some((out, _)) => tensor(out),
            None => self.taken_apart(x, arithmetic),
        }
    }

    /// The same out of Burn's operations.
    fn taken_apart<B>(self, x: Tensor<B, 2>, arithmetic: Arithmetic) -> Tensor<B, 2>
    where
        B: Backend<FloatTensorPrimitive = T>,
    {
        let normed = |[weight, bias]: [T; 2], x: Tensor<B, 2>| {
            // Fused where nothing is differentiated.
            tensor::<B, 2>(B::layer_norm(
                primitive(&x),
                weight,
                Some(bias),
                NORM_EPSILON,
            ))
        };
        let linear = |x: Tensor<B, 2>, weight: T, bias: T| {
            arithmetic.product(x, tensor(weight)) + tensor::<B, 1>(bias).unsqueeze()
        };
        match self {
            Self::Norm(norm) => normed(norm, x),
            Self::Linear { weight, bias } => linear(x, weight, bias),
            Self::Attention {
                norm,
                qkv,
                out,
                tokens,
                heads,
            } => {
                let [rows, _] = x.dims();
                let windows = rows / tokens.max(1);
                let qkv = arithmetic.product(normed(norm, x.clone()), tensor(qkv));
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
                let options = AttentionModuleOptions::default();
                let mixed = attention(part(0), part(1), part(2), None, None, options)
                    .swap_dims(1, 2)
                    .reshape([rows, heads * HEAD_DIM]);
                x + arithmetic.product(mixed, tensor(out))
            }
            Self::FeedForward {
                norm,
                widen: [widen, widen_bias],
                narrow: [narrow, narrow_bias],
            } => {
                let hidden = linear(normed(norm, x.clone()), widen, widen_bias);
                x + linear(gelu(hidden), narrow, narrow_bias)
            }
        }
    }
}
