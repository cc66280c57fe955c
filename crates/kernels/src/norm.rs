//! LayerNorm (Ba et al. 2016) over rows.

use macerator::Simd;
use rayon::prelude::*;

use crate::{TILE_ROWS, simd, sum_of_rows};

/// Factor and shift, `[dim]` each, and what keeps the division sound.
#[derive(Debug, Clone, Copy)]
pub struct Norm<'a> {
    /// Factor of each column, `[dim]`.
    pub weight: &'a [f32],
    /// Shift of each column, `[dim]`.
    pub bias: &'a [f32],
    /// Added to the variance: 1e-5 by PyTorch's default, 1e-6 in other models.
    pub epsilon: f32,
}

/// Where a layer's norm stands: `x + f(norm(x))` or `norm(x + f(x))`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum NormOrder {
    /// In front of the layer, beside the path that goes round it.
    #[default]
    Pre,
    /// Behind the sum with the input, as in the first transformers.
    Post,
}

/// Gradients of a norm's input [rows, dim] and weights `[dim]`.
#[derive(Debug)]
pub struct NormGradients {
    /// Of the input, [rows, dim].
    pub x: Vec<f32>,
    /// Of the factor, `[dim]`.
    pub weight: Vec<f32>,
    /// Of the shift, `[dim]`.
    pub bias: Vec<f32>,
}

/// Mean, and one over the deviation.
#[inline(always)]
pub(crate) fn moments(row: &[f32], epsilon: f32) -> (f32, f32) {
    let count = row.len() as f32;
    let mean = simd::sum(row) / count;
    let variance = simd::squares_around(row, mean) / count;
    (mean, 1.0 / (variance + epsilon).sqrt())
}

impl Norm<'_> {
    /// Values of a row.
    pub fn dim(&self) -> usize {
        self.weight.len().max(1)
    }

    /// Norms rows on this thread.
    pub(crate) fn tile(&self, x: &[f32], out: &mut [f32]) {
        norm_rows(self.weight, self.bias, self.epsilon, x, out);
    }

    /// Norms rows where they lie, on this thread.
    pub(crate) fn in_place(&self, rows: &mut [f32]) {
        for row in rows.chunks_exact_mut(self.dim()) {
            let x = row.to_vec();
            self.tile(&x, row);
        }
    }

    /// Adds the gradient of the input, given that of the output, to `to_x`; returns the gradients of weight and bias of
    /// these rows, one behind the other.
    pub(crate) fn tile_backward(&self, x: &[f32], grad: &[f32], to_x: &mut [f32]) -> Vec<f32> {
        let mut sums = vec![0.0; 2 * self.dim()];
        norm_rows_backward(self.weight, self.epsilon, x, grad, to_x, &mut sums);
        sums
    }
}

#[macerator::with_simd]
fn norm_rows<S: Simd>(weight: &[f32], bias: &[f32], epsilon: f32, x: &[f32], out: &mut [f32]) {
    let dim = weight.len().max(1);
    let rows = x.chunks_exact(dim);
    for (x, out) in rows.zip(out.chunks_exact_mut(dim)) {
        let (mean, scale) = moments(x, epsilon);
        let weights = weight.iter().zip(bias);
        for ((out, x), (weight, bias)) in out.iter_mut().zip(x).zip(weights) {
            *out = ((x - mean) * scale).mul_add(*weight, *bias);
        }
    }
}

#[macerator::with_simd]
fn norm_rows_backward<S: Simd>(
    weight: &[f32],
    epsilon: f32,
    x: &[f32],
    grad: &[f32],
    to_x: &mut [f32],
    sums: &mut [f32],
) {
    let dim = weight.len().max(1);
    let (to_weight, to_bias) = sums.split_at_mut(dim);
    let count = dim as f32;
    let rows = x.chunks_exact(dim).zip(grad.chunks_exact(dim));
    // The row without mean and scale, and the gradient of that.
    let (mut unit, mut pull) = (vec![0.0; dim], vec![0.0; dim]);
    for ((x, grad), to_x) in rows.zip(to_x.chunks_exact_mut(dim)) {
        let (mean, scale) = moments(x, epsilon);
        let both = unit.iter_mut().zip(&mut pull);
        let given = x.iter().zip(grad).zip(weight);
        for ((unit, pull), ((x, grad), weight)) in both.zip(given) {
            *unit = (x - mean) * scale;
            *pull = grad * weight;
        }
        let level = simd::sum(&pull) / count;
        let along = simd::dot(&pull, &unit) / count;
        let both = unit.iter().zip(&pull);
        for (to_x, (unit, pull)) in to_x.iter_mut().zip(both) {
            *to_x = scale.mul_add(unit.mul_add(-along, pull - level), *to_x);
        }
        let sums = to_weight.iter_mut().zip(to_bias.iter_mut());
        for ((to_weight, to_bias), (unit, grad)) in sums.zip(unit.iter().zip(grad)) {
            *to_weight = grad.mul_add(*unit, *to_weight);
            *to_bias += grad;
        }
    }
}

/// Norms rows [rows, dim].
pub fn norm(x: &[f32], weights: Norm<'_>) -> Vec<f32> {
    let tile = TILE_ROWS * weights.dim();
    let mut out = vec![0.0; x.len()];
    out.par_chunks_mut(tile)
        .zip(x.par_chunks(tile))
        .for_each(|(out, x)| weights.tile(x, out));
    out
}

/// The way back of [`norm`] from the gradient of its output.
pub fn norm_backward(x: &[f32], weights: Norm<'_>, grad: &[f32]) -> NormGradients {
    let dim = weights.dim();
    let tile = TILE_ROWS * dim;
    let mut to_x = vec![0.0; x.len()];
    let sums: Vec<Vec<f32>> = to_x
        .par_chunks_mut(tile)
        .zip(x.par_chunks(tile).zip(grad.par_chunks(tile)))
        .map(|(to_x, (x, grad))| weights.tile_backward(x, grad, to_x))
        .collect();
    let mut weight = sum_of_rows(sums, 2 * dim);
    let bias = weight.split_off(dim);
    NormGradients {
        x: to_x,
        weight,
        bias,
    }
}
