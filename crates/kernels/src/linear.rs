//! A linear layer with a bias.

use macerator::Simd;
use rayon::prelude::*;

use crate::{
    TILE_ROWS,
    product::{Into, Matrix, multiply, multiply_wide},
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
pub fn linear(x: &[f32], weight: &[f32], bias: &[f32]) -> Vec<f32> {
    let outputs = bias.len().max(1);
    let inputs = (weight.len() / outputs).max(1);
    let mut out = vec![0.0; x.len() / inputs * outputs];
    out.par_chunks_mut(TILE_ROWS * outputs)
        .zip(x.par_chunks(TILE_ROWS * inputs))
        .for_each(|(out, x)| {
            fill(out, bias);
            let weight = Matrix::new(weight, outputs);
            multiply(Matrix::new(x, inputs), weight, out, Into::Add);
        });
    out
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
pub fn linear_backward(x: &[f32], weight: &[f32], outputs: usize, grad: &[f32]) -> LinearGradients {
    let outputs = outputs.max(1);
    let inputs = (weight.len() / outputs).max(1);
    let mut to_x = vec![0.0; x.len()];
    let sums: Vec<Vec<f32>> = to_x
        .par_chunks_mut(TILE_ROWS * inputs)
        .zip(grad.par_chunks(TILE_ROWS * outputs))
        .map(|(to_x, grad)| {
            let weight = Matrix::new(weight, outputs).transposed();
            multiply(Matrix::new(grad, outputs), weight, to_x, Into::Replace);
            sum_of_columns(grad, outputs)
        })
        .collect();
    LinearGradients {
        x: to_x,
        weight: multiply_wide(
            Matrix::new(x, inputs).transposed(),
            Matrix::new(grad, outputs),
        ),
        bias: sum_of_rows(sums, outputs),
    }
}
