//! A linear layer with a bias, and GELU behind it where it is wanted.

use macerator::Simd;
use rayon::prelude::*;

use crate::{
    TILE_ROWS,
    factor::{Factor, multiply_wide_in},
    narrow::Precision,
    product::{Into, Matrix},
    simd::{gelu, gelu_with_derivative},
    sum_of_rows,
};

/// Gradients of a linear layer's input [rows, inputs], weight [inputs, outputs] and bias `[outputs]`.
#[derive(Debug)]
pub struct LinearGradients {
    /// Of the input, [rows, inputs].
    pub x: Vec<f32>,
    /// Of the weight, [inputs, outputs].
    pub weight: Vec<f32>,
    /// Of the bias, `[outputs]`.
    pub bias: Vec<f32>,
}

/// [rows, inputs] -> [rows, outputs]; `weight` is [inputs, outputs], `bias` `[outputs]`.
pub fn linear(x: &[f32], weight: &[f32], bias: &[f32], precision: Precision) -> Vec<f32> {
    linear_tiles(x, weight, bias, precision, |_| ())
}

/// The same; what is given back a tile at a time goes through `behind` while it is in the cache.
fn linear_tiles(
    x: &[f32],
    weight: &[f32],
    bias: &[f32],
    precision: Precision,
    behind: impl Fn(&mut [f32]) + Sync,
) -> Vec<f32> {
    let outputs = bias.len().max(1);
    let inputs = (weight.len() / outputs).max(1);
    let mut out = vec![0.0; x.len() / inputs * outputs];
    let weight = Factor::new(Matrix::new(weight, outputs), precision);
    out.par_chunks_mut(TILE_ROWS * outputs)
        .zip(x.par_chunks(TILE_ROWS * inputs))
        .for_each(|(out, x)| {
            fill(out, bias);
            weight.multiply(Matrix::new(x, inputs), out, Into::Add);
            behind(out);
        });
    out
}

/// As [`linear`] with GELU behind it, and where `keep` says so the values before it, for [`linear_gelu_backward`].
pub fn linear_gelu(
    x: &[f32],
    weight: &[f32],
    bias: &[f32],
    precision: Precision,
    keep: bool,
) -> (Vec<f32>, Vec<f32>) {
    if keep {
        let kept = linear(x, weight, bias, precision);
        let mut out = kept.clone();
        out.par_chunks_mut(TILE_ROWS * bias.len().max(1))
            .for_each(activate);
        return (out, kept);
    }
    let out = linear_tiles(x, weight, bias, precision, activate);
    (out, Vec::new())
}

#[macerator::with_simd]
fn activate<S: Simd>(values: &mut [f32]) {
    for value in values {
        *value = gelu(*value);
    }
}

/// Puts the bias into every row.
pub(crate) fn fill(rows: &mut [f32], bias: &[f32]) {
    for row in rows.chunks_exact_mut(bias.len().max(1)) {
        row.copy_from_slice(bias);
    }
}

/// Adds the bias to every row.
pub(crate) fn add_to_rows(bias: &[f32], rows: &mut [f32]) {
    add_bias(bias, rows);
}

#[macerator::with_simd]
fn add_bias<S: Simd>(bias: &[f32], rows: &mut [f32]) {
    for row in rows.chunks_exact_mut(bias.len().max(1)) {
        for (value, bias) in row.iter_mut().zip(bias) {
            *value += bias;
        }
    }
}

/// The sum over rows.
pub(crate) fn sum_of_columns(rows: &[f32], columns: usize) -> Vec<f32> {
    let mut sums = vec![0.0; columns];
    add_rows(rows, &mut sums);
    sums
}

#[macerator::with_simd]
fn add_rows<S: Simd>(rows: &[f32], sums: &mut [f32]) {
    for row in rows.chunks_exact(sums.len().max(1)) {
        for (sum, value) in sums.iter_mut().zip(row) {
            *sum += value;
        }
    }
}

/// The way back of [`linear`] from the gradient of its output.
pub fn linear_backward(
    x: &[f32],
    weight: &[f32],
    outputs: usize,
    precision: Precision,
    grad: &[f32],
) -> LinearGradients {
    let outputs = outputs.max(1);
    let inputs = (weight.len() / outputs).max(1);
    let mut to_x = vec![0.0; x.len()];
    let back = Factor::new(Matrix::new(weight, outputs).transposed(), precision);
    let sums: Vec<Vec<f32>> = to_x
        .par_chunks_mut(TILE_ROWS * inputs)
        .zip(grad.par_chunks(TILE_ROWS * outputs))
        .map(|(to_x, grad)| {
            back.multiply(Matrix::new(grad, outputs), to_x, Into::Replace);
            sum_of_columns(grad, outputs)
        })
        .collect();
    LinearGradients {
        x: to_x,
        weight: multiply_wide_in(
            precision,
            Matrix::new(x, inputs).transposed(),
            Matrix::new(grad, outputs),
        ),
        bias: sum_of_rows(sums, outputs),
    }
}

/// The way back of [`linear_gelu`] from the gradient of its output and the values before the activation.
pub fn linear_gelu_backward(
    x: &[f32],
    weight: &[f32],
    outputs: usize,
    precision: Precision,
    before: &[f32],
    grad: &[f32],
) -> LinearGradients {
    let mut grad = grad.to_vec();
    let rows = TILE_ROWS * outputs.max(1);
    grad.par_chunks_mut(rows)
        .zip(before.par_chunks(rows))
        .for_each(|(grad, before)| activate_backward(before, grad));
    linear_backward(x, weight, outputs, precision, &grad)
}

/// The gradient of an activation becomes that of the values before it.
pub(crate) fn activate_backward(before: &[f32], grad: &mut [f32]) {
    through_activation(before, grad);
}

#[macerator::with_simd]
fn through_activation<S: Simd>(before: &[f32], grad: &mut [f32]) {
    for (before, grad) in before.iter().zip(grad) {
        let (_, steepness) = gelu_with_derivative(*before);
        *grad *= steepness;
    }
}
