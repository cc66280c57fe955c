//! The way back of a convolution with its norm and activation.

// Frames, groups and tiles are counted out from sizes that are checked where they come in.
#![allow(clippy::indexing_slicing)]

use std::borrow::Cow;

use macerator::Simd;
use rayon::prelude::*;

use super::Convolution;
use crate::{
    linear::{activate_backward, sum_of_columns},
    product::{Into, Matrix, multiply_strided},
    sum_of_rows,
};

/// Frames that are taken back at once: their rows stay in the second cache.
const TILE_FRAMES: usize = 192;

/// Gradients of a convolution's input and weights.
#[derive(Debug)]
pub struct ConvolutionGradients {
    /// Of the input, [windows, length, inputs]; `None` where it was not wanted.
    pub x: Option<Vec<f32>>,
    /// Of the weight, [kernel * inputs / groups, outputs].
    pub weight: Vec<f32>,
    /// Of the bias, `[outputs]`, whether or not there is one.
    pub bias: Vec<f32>,
    /// Of the norm's factor, `[outputs]`.
    pub norm_weight: Vec<f32>,
    /// Of the norm's shift, `[outputs]`.
    pub norm_bias: Vec<f32>,
}

/// What one window gives: the gradient of its input, and those of weight, bias, factor and shift one behind the other.
struct OfWindow {
    x: Option<Vec<f32>>,
    weights: Vec<f32>,
}

/// The way back of one layer of [`convolve`](super::convolve) from its input [windows, length, inputs] and the gradient of its
/// output [windows, frames, outputs]. The products before the norm are computed again. The first layer's input is sound, whose
/// gradient nobody wants: `wants_x` says so. Windows are spread over threads and summed in their order.
pub fn convolution_backward(
    x: &[f32],
    windows: usize,
    layer: &Convolution<'_>,
    grad: &[f32],
    wants_x: bool,
) -> ConvolutionGradients {
    let outputs = layer.outputs();
    let length = x.len() / windows.max(1) / layer.inputs().max(1);
    let frames = layer.frames(length);
    let (of_x, of_grad) = (length * layer.inputs(), frames * outputs);
    let windows: Vec<OfWindow> = match frames {
        0 => Vec::new(),
        _ => x
            .par_chunks_exact(of_x)
            .zip(grad.par_chunks_exact(of_grad))
            .map(|(x, grad)| window_backward(x, length, layer, grad, wants_x))
            .collect(),
    };
    let to_x = wants_x.then(|| match frames {
        0 => vec![0.0; x.len()],
        _ => {
            let parts: Vec<&[f32]> = windows.iter().filter_map(|one| one.x.as_deref()).collect();
            parts.concat()
        }
    });
    let weights = windows.into_iter().map(|one| one.weights);
    let mut weight = sum_of_rows(weights, layer.weight.len() + 3 * outputs);
    let norm_bias = weight.split_off(weight.len() - outputs);
    let norm_weight = weight.split_off(weight.len() - outputs);
    let bias = weight.split_off(weight.len() - outputs);
    ConvolutionGradients {
        x: to_x,
        weight,
        bias,
        norm_weight,
        norm_bias,
    }
}

fn window_backward(
    x: &[f32],
    length: usize,
    layer: &Convolution<'_>,
    grad: &[f32],
    wants_x: bool,
) -> OfWindow {
    let (groups, outputs) = (layer.groups.max(1), layer.outputs());
    let inputs = layer.inputs();
    let (narrow, wide) = (inputs / groups, outputs / groups);
    let (depth, step) = (layer.kernel * narrow, layer.stride * narrow);
    let padded = (length + 2 * layer.padding) * narrow;
    let laid: Cow<'_, [f32]> = match layer.is_plain() {
        true => Cow::Borrowed(x),
        false => Cow::Owned(lay(x, layer, padded)),
    };
    let mut to_laid = vec![0.0; if wants_x { laid.len() } else { 0 }];
    let mut weights = vec![0.0; layer.weight.len() + 3 * outputs];
    let (to_weight, sums) = weights.split_at_mut(layer.weight.len());
    let most = TILE_FRAMES * outputs;
    let (mut before, mut slope) = (vec![0.0; most], vec![0.0; most]);
    let mut columns = vec![0.0; if wants_x { TILE_FRAMES * depth } else { 0 }];
    let part = |group: usize| Matrix::strided(&layer.weight[group * wide..], depth, wide, outputs);
    for (tile, grad) in grad.chunks(most).enumerate() {
        let rows = grad.len() / outputs;
        let first = tile * TILE_FRAMES * step;
        let (before, slope) = (&mut before[..grad.len()], &mut slope[..grad.len()]);
        let read = |group: usize| {
            let x = &laid[group * padded + first..];
            Matrix::strided(x, rows, depth, step)
        };
        let into = layer.start(before);
        for group in 0..groups {
            let out = &mut before[group * wide..];
            multiply_strided(read(group), part(group), out, outputs, into);
        }
        // Through the activation, whose input is the normed product, then through the norm.
        let mut normed = vec![0.0; grad.len()];
        layer.norm.tile(before, &mut normed);
        let mut grad = grad.to_vec();
        activate_backward(&normed, &mut grad);
        slope.fill(0.0);
        let of_norm = layer.norm.tile_backward(before, &grad, slope);
        let of_bias = sum_of_columns(slope, outputs);
        for (sum, value) in sums.iter_mut().zip(of_bias.iter().chain(&of_norm)) {
            *sum += value;
        }
        for group in 0..groups {
            let grad = Matrix::strided(&slope[group * wide..], rows, wide, outputs);
            let out = &mut to_weight[group * wide..];
            multiply_strided(read(group).transposed(), grad, out, outputs, Into::Add);
            if wants_x {
                let columns = &mut columns[..rows * depth];
                let weight = part(group).transposed();
                multiply_strided(grad, weight, columns, depth, Into::Replace);
                add_overlapping(columns, depth, step, &mut to_laid[group * padded + first..]);
            }
        }
    }
    let x = wants_x.then(|| match layer.is_plain() {
        true => to_laid,
        false => gather(&to_laid, layer, padded, length),
    });
    OfWindow { x, weights }
}

/// Adds rows of `width` numbers to pieces that begin `step` numbers apart and may overlap.
#[macerator::with_simd]
fn add_overlapping<S: Simd>(rows: &[f32], width: usize, step: usize, out: &mut [f32]) {
    for (row, values) in rows.chunks_exact(width.max(1)).enumerate() {
        let piece = &mut out[row * step..][..width];
        for (sum, value) in piece.iter_mut().zip(values) {
            *sum += value;
        }
    }
}

/// [length, inputs] as [groups, padding + length + padding, inputs / groups].
fn lay(x: &[f32], layer: &Convolution<'_>, padded: usize) -> Vec<f32> {
    let inputs = layer.inputs();
    let narrow = inputs / layer.groups.max(1);
    let mut laid = vec![0.0; padded * layer.groups.max(1)];
    for (group, laid) in laid.chunks_exact_mut(padded.max(1)).enumerate() {
        let inside = laid[layer.padding * narrow..].chunks_exact_mut(narrow);
        for (to, from) in inside.zip(x.chunks_exact(inputs)) {
            to.copy_from_slice(&from[group * narrow..][..narrow]);
        }
    }
    laid
}

/// The way back of [`lay`].
fn gather(laid: &[f32], layer: &Convolution<'_>, padded: usize, length: usize) -> Vec<f32> {
    let inputs = layer.inputs();
    let narrow = inputs / layer.groups.max(1);
    let mut x = vec![0.0; length * inputs];
    for (group, laid) in laid.chunks_exact(padded.max(1)).enumerate() {
        let inside = laid[layer.padding * narrow..].chunks_exact(narrow);
        for (from, to) in inside.zip(x.chunks_exact_mut(inputs)) {
            to[group * narrow..][..narrow].copy_from_slice(from);
        }
    }
    x
}
