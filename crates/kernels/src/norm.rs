//! LayerNorm (Ba et al. 2016) over rows.

use macerator::Simd;
use rayon::prelude::*;

use crate::{TILE_ROWS, simd, sum_of_rows};

/// Added to the variance, as PyTorch's default.
const EPSILON: f32 = 1e-5;

/// Factor and shift, `[dim]` each.
#[derive(Debug, Clone, Copy)]
pub struct Norm<'a> {
    /// Factor of each column, `[dim]`.
    pub weight: &'a [f32],
    /// Shift of each column, `[dim]`.
    pub bias: &'a [f32],
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
fn moments(row: &[f32]) -> (f32, f32) {
    let count = row.len() as f32;
    let mean = simd::sum(row) / count;
    let variance = simd::squares_around(row, mean) / count;
    (mean, 1.0 / (variance + EPSILON).sqrt())
}

impl Norm<'_> {
    /// Values of a row.
    pub fn dim(&self) -> usize {
        self.weight.len().max(1)
    }

    /// Norms rows on this thread.
    pub(crate) fn tile(&self, x: &[f32], out: &mut [f32]) {
        norm_rows(self.weight, self.bias, x, out);
    }

    /// Adds the gradient of the input, given that of the output, to `to_x`; returns the gradients of weight and bias of
    /// these rows, one behind the other.
    pub(crate) fn tile_back(&self, x: &[f32], slope: &[f32], to_x: &mut [f32]) -> Vec<f32> {
        let mut sums = vec![0.0; 2 * self.dim()];
        norm_rows_back(self.weight, x, slope, to_x, &mut sums);
        sums
    }
}

#[macerator::with_simd]
fn norm_rows<S: Simd>(weight: &[f32], bias: &[f32], x: &[f32], out: &mut [f32]) {
    let dim = weight.len().max(1);
    let rows = x.chunks_exact(dim);
    for (x, out) in rows.zip(out.chunks_exact_mut(dim)) {
        let (mean, scale) = moments(x);
        let weights = weight.iter().zip(bias);
        for ((out, x), (weight, bias)) in out.iter_mut().zip(x).zip(weights) {
            *out = ((x - mean) * scale).mul_add(*weight, *bias);
        }
    }
}

#[macerator::with_simd]
fn norm_rows_back<S: Simd>(
    weight: &[f32],
    x: &[f32],
    slope: &[f32],
    to_x: &mut [f32],
    sums: &mut [f32],
) {
    let dim = weight.len().max(1);
    let (to_weight, to_bias) = sums.split_at_mut(dim);
    let count = dim as f32;
    let rows = x.chunks_exact(dim).zip(slope.chunks_exact(dim));
    // The row without mean and scale, and the gradient of that.
    let (mut unit, mut pull) = (vec![0.0; dim], vec![0.0; dim]);
    for ((x, slope), to_x) in rows.zip(to_x.chunks_exact_mut(dim)) {
        let (mean, scale) = moments(x);
        let both = unit.iter_mut().zip(&mut pull);
        let given = x.iter().zip(slope).zip(weight);
        for ((unit, pull), ((x, slope), weight)) in both.zip(given) {
            *unit = (x - mean) * scale;
            *pull = slope * weight;
        }
        let level = simd::sum(&pull) / count;
        let along = simd::dot(&pull, &unit) / count;
        let both = unit.iter().zip(&pull);
        for (to_x, (unit, pull)) in to_x.iter_mut().zip(both) {
            *to_x = scale.mul_add(unit.mul_add(-along, pull - level), *to_x);
        }
        let sums = to_weight.iter_mut().zip(to_bias.iter_mut());
        for ((to_weight, to_bias), (unit, slope)) in sums.zip(unit.iter().zip(slope)) {
            *to_weight = slope.mul_add(*unit, *to_weight);
            *to_bias += slope;
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
pub fn norm_back(x: &[f32], weights: Norm<'_>, slope: &[f32]) -> NormGradients {
    let dim = weights.dim();
    let tile = TILE_ROWS * dim;
    let mut to_x = vec![0.0; x.len()];
    let sums: Vec<Vec<f32>> = to_x
        .par_chunks_mut(tile)
        .zip(x.par_chunks(tile).zip(slope.par_chunks(tile)))
        .map(|(to_x, (x, slope))| weights.tile_back(x, slope, to_x))
        .collect();
    let mut weight = sum_of_rows(sums, 2 * dim);
    let bias = weight.split_off(dim);
    NormGradients {
        x: to_x,
        weight,
        bias,
    }
}
