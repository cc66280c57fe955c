//! What a backend may have fused: the layers of the transformer with their gradients, and the optimiser's update.
//!
//! The encoder speaks to every backend through [`Layer::run`]. A backend that has a fused layer ([`Kernels`]: the
//! CPU, by the crate `mynascope-kernels`) is asked for it; for all others the layer is decomposed into Burn's operations,
//! which a GPU fuses by itself. Under `Autodiff` a fused layer is one node of the graph, with the kernels'
//! own way back; a layer that is decomposed, because its backend doesn't know it or has no way back for it, is
//! differentiated by Burn. `tests.rs` holds both against each other, values and gradients.

mod autodiff;
mod convolution;
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

use super::Precision;

pub use convolution::{Convolution, convolve};
pub use mynascope_kernels::{Adam, NormOrder};

/// Added to the variance by Myna's norms: PyTorch's default.
pub const NORM_EPSILON: f64 = 1e-5;

/// LayerNorm: factor and shift, [dim], and what is added to the variance.
#[derive(Debug, Clone)]
pub struct Norm<T> {
    pub weight: T,
    pub bias: T,
    pub epsilon: f64,
}

/// What stands behind a linear layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    None,
    Gelu,
}

/// A layer over rows, with its weights. Matrices are [in, out]. The layers with a norm go round it: `x + f(norm(x))`, or
/// `norm(x + f(x))` where the order says so.
#[derive(Debug, Clone)]
pub enum Layer<T> {
    Norm(Norm<T>),
    /// [in, out] and [out].
    Linear {
        weight: T,
        bias: T,
        activation: Activation,
    },
    /// f is out(attention(qkv(x))) among the `tokens` rows of each window, of which the first `queries` come out. `qkv` is
    /// [dim, 3 * heads * head_dim], `out` [heads * head_dim, dim]; biases are of their columns.
    Attention {
        norm: Norm<T>,
        order: NormOrder,
        qkv: T,
        qkv_bias: Option<T>,
        out: T,
        out_bias: Option<T>,
        tokens: usize,
        queries: usize,
        heads: usize,
    },
    /// f is narrow(gelu(widen(x))): [dim, hidden], [hidden], [hidden, dim], [dim].
    FeedForward {
        norm: Norm<T>,
        order: NormOrder,
        widen: [T; 2],
        narrow: [T; 2],
    },
}

/// Fused operations. `None` or `false`: this backend has none, the operation is decomposed.
pub trait Kernels: Backend {
    /// A layer over rows [rows, in] that multiplies in `precision`, and where `keep` says so what [`Kernels::layer_backward`] wants beside the input.
    fn layer(
        _layer: &Layer<FloatTensor<Self>>,
        _x: &FloatTensor<Self>,
        _precision: Precision,
        _keep: bool,
    ) -> Option<(FloatTensor<Self>, Option<FloatTensor<Self>>)> {
        None
    }

    /// Gradients of the input and of the weights in their order, from that of the output.
    fn layer_backward(
        _layer: &Layer<FloatTensor<Self>>,
        _x: &FloatTensor<Self>,
        _precision: Precision,
        _kept: Option<FloatTensor<Self>>,
        _slope: &FloatTensor<Self>,
    ) -> Option<Vec<FloatTensor<Self>>> {
        None
    }

    /// Convolutions one behind the other over windows [windows * length, inputs]: [windows * frames, outputs].
    fn convolve(
        _layers: &[Convolution<FloatTensor<Self>>],
        _x: &FloatTensor<Self>,
        _windows: usize,
    ) -> Option<FloatTensor<Self>> {
        None
    }

    /// Gradients of one of them: of the input where `wants_x` says so, then of weight, bias (where there is one), and the norm's
    /// factor and shift.
    fn convolve_backward(
        _layer: &Convolution<FloatTensor<Self>>,
        _x: &FloatTensor<Self>,
        _windows: usize,
        _grad: &FloatTensor<Self>,
        _wants_x: bool,
    ) -> Option<Vec<Option<FloatTensor<Self>>>> {
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

impl<T> Norm<T> {
    /// The same norm with other weights.
    fn map<U>(&self, f: impl Fn(&T) -> U) -> Norm<U> {
        Norm {
            weight: f(&self.weight),
            bias: f(&self.bias),
            epsilon: self.epsilon,
        }
    }
}

impl<T> Layer<T> {
    /// The weights in their order.
    pub fn weights(&self) -> Vec<&T> {
        match self {
            Self::Norm(Norm { weight, bias, .. }) | Self::Linear { weight, bias, .. } => {
                vec![weight, bias]
            }
            Self::Attention {
                norm: Norm { weight, bias, .. },
                qkv,
                qkv_bias,
                out,
                out_bias,
                ..
            } => {
                let qkv = std::iter::once(qkv).chain(qkv_bias);
                let out = std::iter::once(out).chain(out_bias);
                [weight, bias].into_iter().chain(qkv).chain(out).collect()
            }
            Self::FeedForward {
                norm: Norm { weight, bias, .. },
                widen,
                narrow,
                ..
            } => [weight, bias]
                .into_iter()
                .chain(widen)
                .chain(narrow)
                .collect(),
        }
    }

    /// The same layer with other weights.
    pub fn map<U>(&self, f: impl Fn(&T) -> U) -> Layer<U> {
        let two = |[a, b]: &[T; 2]| [f(a), f(b)];
        match self {
            Self::Norm(norm) => Layer::Norm(norm.map(&f)),
            Self::Linear {
                weight,
                bias,
                activation,
            } => Layer::Linear {
                weight: f(weight),
                bias: f(bias),
                activation: *activation,
            },
            Self::Attention {
                norm,
                order,
                qkv,
                qkv_bias,
                out,
                out_bias,
                tokens,
                queries,
                heads,
            } => Layer::Attention {
                norm: norm.map(&f),
                order: *order,
                qkv: f(qkv),
                qkv_bias: qkv_bias.as_ref().map(&f),
                out: f(out),
                out_bias: out_bias.as_ref().map(&f),
                tokens: *tokens,
                queries: *queries,
                heads: *heads,
            },
            Self::FeedForward {
                norm,
                order,
                widen,
                narrow,
            } => Layer::FeedForward {
                norm: norm.map(&f),
                order: *order,
                widen: two(widen),
                narrow: two(narrow),
            },
        }
    }
}

impl<T: Clone> Layer<T> {
    /// Runs it over rows: [rows, in] -> [rows, out].
    pub fn run<B>(self, x: Tensor<B, 2>, precision: Precision) -> Tensor<B, 2>
    where
        B: Kernels<FloatTensorPrimitive = T>,
    {
        match B::layer(&self, &primitive(&x), precision, false) {
            Some((out, _)) => tensor(out),
            None => self.decomposed(x, precision),
        }
    }

    /// The same out of Burn's operations.
    fn decomposed<B>(self, x: Tensor<B, 2>, precision: Precision) -> Tensor<B, 2>
    where
        B: Backend<FloatTensorPrimitive = T>,
    {
        match self {
            Self::Norm(norm) => norm.decomposed(x),
            Self::Linear {
                weight,
                bias,
                activation,
            } => {
                let out = linear(x, weight, Some(bias), precision);
                match activation {
                    Activation::None => out,
                    Activation::Gelu => gelu(out),
                }
            }
            Self::Attention {
                norm,
                order,
                qkv,
                qkv_bias,
                out,
                out_bias,
                tokens,
                queries,
                heads,
            } => {
                let heads = heads.max(1);
                let windows = x.dims()[0] / tokens.max(1);
                // Of rows [windows * tokens, n] those of the tokens that come out.
                let asking = |x: Tensor<B, 2>| {
                    let columns = x.dims()[1];
                    let x = x.reshape([windows, tokens, columns]).narrow(1, 0, queries);
                    x.reshape([windows * queries, columns])
                };
                let f = |x: Tensor<B, 2>| {
                    let qkv = linear(x, qkv, qkv_bias, precision);
                    let head_dim = qkv.dims()[1] / (3 * heads);
                    // [rows, 3 * heads * head_dim] -> [3, windows, heads, tokens, head_dim]
                    let qkv = qkv
                        .reshape([windows, tokens, 3, heads, head_dim])
                        .permute([2, 0, 3, 1, 4]);
                    let part = |index: usize| -> Tensor<B, 4> {
                        qkv.clone()
                            .narrow(0, index, 1)
                            .reshape([windows, heads, tokens, head_dim])
                    };
                    let asked = part(0).narrow(2, 0, queries);
                    // The scale is 1/sqrt(head_dim), the default.
                    let options = AttentionModuleOptions::default();
                    let mixed = attention(asked, part(1), part(2), None, None, options)
                        .swap_dims(1, 2)
                        .reshape([windows * queries, heads * head_dim]);
                    linear(mixed, out, out_bias, precision)
                };
                match order {
                    NormOrder::Pre => asking(x.clone()) + f(norm.decomposed(x)),
                    NormOrder::Post => norm.decomposed(asking(x.clone()) + f(x)),
                }
            }
            Self::FeedForward {
                norm,
                order,
                widen: [widen, widen_bias],
                narrow: [narrow, narrow_bias],
            } => {
                let f = |x: Tensor<B, 2>| {
                    let hidden = linear(x, widen, Some(widen_bias), precision);
                    linear(gelu(hidden), narrow, Some(narrow_bias), precision)
                };
                match order {
                    NormOrder::Pre => x.clone() + f(norm.decomposed(x)),
                    NormOrder::Post => norm.decomposed(x.clone() + f(x)),
                }
            }
        }
    }
}

impl<T> Norm<T> {
    /// Fused where nothing is differentiated.
    fn decomposed<B>(self, x: Tensor<B, 2>) -> Tensor<B, 2>
    where
        B: Backend<FloatTensorPrimitive = T>,
    {
        tensor::<B, 2>(B::layer_norm(
            primitive(&x),
            self.weight,
            Some(self.bias),
            self.epsilon,
        ))
    }
}

fn linear<B: Backend>(
    x: Tensor<B, 2>,
    weight: FloatTensor<B>,
    bias: Option<FloatTensor<B>>,
    precision: Precision,
) -> Tensor<B, 2> {
    let out = precision.product(x, tensor(weight));
    match bias {
        Some(bias) => out + tensor::<B, 1>(bias).unsqueeze(),
        None => out,
    }
}
