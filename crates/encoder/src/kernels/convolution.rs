//! Convolutions over time, each with a LayerNorm over its channels and GELU behind it.

use burn::tensor::{Tensor, activation::gelu, backend::Backend, module::conv1d, ops::ConvOptions};

use super::{Kernels, Norm, Precision, primitive, tensor};

/// One of them, with its weights.
#[derive(Debug, Clone)]
pub struct Convolution<T> {
    /// [kernel * inputs / groups, outputs]: tap by tap, the channels of a group in their order.
    pub weight: T,
    /// `[outputs]`.
    pub bias: Option<T>,
    /// Of all outputs of a frame.
    pub norm: Norm<T>,
    /// Frames that an output reads.
    pub kernel: usize,
    /// Frames from one output to the next.
    pub stride: usize,
    /// Frames of silence in front and behind.
    pub padding: usize,
    /// Parts of the channels that don't see each other.
    pub groups: usize,
    /// With which numbers it multiplies where nothing is differentiated; 32 bits elsewhere.
    pub precision: Precision,
}

/// Runs windows, [windows * length, inputs], through convolutions one behind the other: [windows * frames, outputs].
pub fn convolve<B: Kernels>(
    layers: Vec<Convolution<B::FloatTensorPrimitive>>,
    x: Tensor<B, 2>,
    windows: usize,
) -> Tensor<B, 2> {
    match B::convolve(&layers, &primitive(&x), windows) {
        Some(out) => tensor(out),
        None => layers
            .into_iter()
            .fold(x, |x, layer| layer.decomposed::<B>(x, windows)),
    }
}

impl<T> Convolution<T> {
    /// The weights in their order.
    pub(super) fn weights(&self) -> Vec<&T> {
        let bias = std::iter::once(&self.weight).chain(&self.bias);
        bias.chain([&self.norm.weight, &self.norm.bias]).collect()
    }

    /// The same convolution with other weights.
    pub(super) fn map<U>(&self, f: impl Fn(&T) -> U) -> Convolution<U> {
        Convolution {
            weight: f(&self.weight),
            bias: self.bias.as_ref().map(&f),
            norm: self.norm.map(&f),
            kernel: self.kernel,
            stride: self.stride,
            padding: self.padding,
            groups: self.groups,
            precision: self.precision,
        }
    }

    /// Out of Burn's operations.
    pub(super) fn decomposed<B>(self, x: Tensor<B, 2>, windows: usize) -> Tensor<B, 2>
    where
        B: Backend<FloatTensorPrimitive = T>,
    {
        let weight: Tensor<B, 2> = tensor(self.weight);
        let ([rows, inputs], [depth, outputs]) = (x.dims(), weight.dims());
        let (windows, kernel) = (windows.max(1), self.kernel.max(1));
        let x = x.reshape([windows, rows / windows, inputs]).swap_dims(1, 2);
        let weight = weight
            .reshape([kernel, depth / kernel, outputs])
            .permute([2, 1, 0]);
        let options = ConvOptions::new([self.stride], [self.padding], [1], self.groups);
        let out = conv1d(x, weight, self.bias.map(tensor::<B, 1>), options);
        let [_, _, frames] = out.dims();
        let out = out.swap_dims(1, 2).reshape([windows * frames, outputs]);
        gelu(self.norm.decomposed(out))
    }
}
