//! The feed-forward half of a layer: x + narrow(gelu(widen(norm(x)))).

use macerator::Simd;
use rayon::prelude::*;

use crate::{
    Norm, NormOrder, TILE_ROWS,
    factor::{Factor, multiply_wide_in},
    linear::sum_of_columns,
    narrow::Precision,
    panels::{Panels, column_parts, tile_rows},
    product::{Into, Matrix},
    scratch::{Buffer, give_back, take_buffer},
    simd::{gelu, gelu_with_derivative},
    sum_of_rows,
};

/// A weight of more numbers than this doesn't stay in a core's cache from tile to tile.
const LARGE: usize = 1 << 20;
/// So many rows are worth laying out a weight.
const MANY_ROWS: usize = 3 * TILE_ROWS;

/// Its weights.
#[derive(Debug, Clone, Copy)]
pub struct FeedForward<'a> {
    /// The norm.
    pub norm: Norm<'a>,
    /// Whether it stands in front or behind.
    pub order: NormOrder,
    /// [dim, hidden].
    pub widen: &'a [f32],
    /// `[hidden]`.
    pub widen_bias: &'a [f32],
    /// [hidden, dim].
    pub narrow: &'a [f32],
    /// `[dim]`.
    pub narrow_bias: &'a [f32],
    /// What the products are of.
    pub precision: Precision,
}

/// Gradients of the input [rows, dim] and of the weights.
#[derive(Debug)]
pub struct FeedForwardGradients {
    /// Of the input, [rows, dim].
    pub x: Vec<f32>,
    /// Of the norm's factor, `[dim]`.
    pub norm_weight: Vec<f32>,
    /// Of the norm's shift, `[dim]`.
    pub norm_bias: Vec<f32>,
    /// Of `widen`, [dim, hidden].
    pub widen: Vec<f32>,
    /// Of `widen_bias`, `[hidden]`.
    pub widen_bias: Vec<f32>,
    /// Of `narrow`, [hidden, dim].
    pub narrow: Vec<f32>,
    /// Of `narrow_bias`, `[dim]`.
    pub narrow_bias: Vec<f32>,
}

impl FeedForward<'_> {
    fn hidden(&self) -> usize {
        self.widen_bias.len().max(1)
    }

    /// Whether [`feed_forward_backward`] knows it: the norm in front.
    pub fn has_backward(&self) -> bool {
        self.order == NormOrder::Pre
    }

    /// One tile. `hidden` becomes the hidden values before the activation, `active` those behind it.
    fn tile(
        &self,
        [widen, narrow]: &[Factor<'_>; 2],
        x: &[f32],
        normed: &mut [f32],
        hidden: &mut [f32],
        active: &mut [f32],
        out: &mut [f32],
    ) {
        let dim = self.norm.dim();
        self.norm.tile(x, normed);
        widen.multiply(Matrix::new(normed, dim), hidden, Into::Replace);
        activate(hidden, self.widen_bias, active);
        narrow.multiply(Matrix::new(active, self.hidden()), out, Into::Replace);
        add_input(out, x, self.narrow_bias);
    }
}

#[macerator::with_simd]
fn activate<S: Simd>(hidden: &mut [f32], bias: &[f32], active: &mut [f32]) {
    let rows = hidden.chunks_exact_mut(bias.len());
    for (hidden, active) in rows.zip(active.chunks_exact_mut(bias.len())) {
        for ((hidden, active), bias) in hidden.iter_mut().zip(active).zip(bias) {
            *hidden += bias;
            *active = gelu(*hidden);
        }
    }
}

#[macerator::with_simd]
fn activate_in_place<S: Simd>(hidden: &mut [f32], bias: &[f32]) {
    for hidden in hidden.chunks_exact_mut(bias.len()) {
        for (hidden, bias) in hidden.iter_mut().zip(bias) {
            *hidden = gelu(*hidden + bias);
        }
    }
}

#[macerator::with_simd]
fn add_input<S: Simd>(out: &mut [f32], x: &[f32], bias: &[f32]) {
    let rows = out.chunks_exact_mut(bias.len());
    for (out, x) in rows.zip(x.chunks_exact(bias.len())) {
        for ((out, x), bias) in out.iter_mut().zip(x).zip(bias) {
            *out += x + bias;
        }
    }
}

/// `hidden` becomes the activation of its values, `grad` (of the activation) that of the values.
#[macerator::with_simd]
fn activate_backward<S: Simd>(hidden: &mut [f32], grad: &mut [f32]) {
    for (hidden, grad) in hidden.iter_mut().zip(grad) {
        let (value, steepness) = gelu_with_derivative(*hidden);
        *hidden = value;
        *grad *= steepness;
    }
}

/// [rows, dim] -> the same shape, and where `keep` says so the hidden values before the activation, [rows, hidden], for
/// [`feed_forward_backward`]; they are kept of layers that [have a way back](FeedForward::has_backward) only.
pub fn feed_forward(x: &[f32], weights: FeedForward<'_>, keep: bool) -> (Vec<f32>, Vec<f32>) {
    let (dim, width) = (weights.norm.dim(), weights.hidden());
    let rows = x.len() / dim;
    let many = weights.widen.len() > LARGE && rows >= MANY_ROWS;
    let panels = many || !weights.has_backward() || weights.precision != Precision::F32;
    if !keep && panels {
        return (feed_forward_wide(x, weights), Vec::new());
    }
    let tile = TILE_ROWS * dim;
    let mut out = vec![0.0; x.len()];
    let mut kept = take_buffer(if keep { rows * width } else { 0 });
    let factors = [(weights.widen, width), (weights.narrow, dim)]
        .map(|(weight, outputs)| Factor::new(Matrix::new(weight, outputs), weights.precision));
    let scratch = || (vec![0.0; tile], vec![0.0; TILE_ROWS * width]);
    let tiles = out.par_chunks_mut(tile).zip(x.par_chunks(tile));
    if keep {
        tiles
            .zip(kept.par_chunks_mut(TILE_ROWS * width))
            .for_each_init(scratch, |(normed, active), ((out, x), hidden)| {
                let (normed, _) = normed.split_at_mut(x.len());
                let (active, _) = active.split_at_mut(hidden.len());
                weights.tile(&factors, x, normed, hidden, active, out);
            });
    } else {
        let scratch = || (scratch(), vec![0.0; TILE_ROWS * width]);
        tiles.for_each_init(scratch, |((normed, active), hidden), (out, x)| {
            let length = x.len() / dim * width;
            let (normed, _) = normed.split_at_mut(x.len());
            let (active, _) = active.split_at_mut(length);
            let (hidden, _) = hidden.split_at_mut(length);
            weights.tile(&factors, x, normed, hidden, active, out);
        });
    }
    (out, kept)
}

/// As [`feed_forward`] for large weights and narrow numbers: a part of the hidden values at a time, so that tile and part stay in the cache.
fn feed_forward_wide(x: &[f32], weights: FeedForward<'_>) -> Vec<f32> {
    let (dim, width) = (weights.norm.dim(), weights.hidden());
    let tile_rows = tile_rows(x.len() / dim, 1, weights.precision);
    let tile = tile_rows * dim;
    let widen = Panels::new(weights.widen, width, weights.precision);
    let narrow = Panels::new(weights.narrow, dim, weights.precision);
    let parts: Vec<(usize, usize)> = column_parts(width).collect();
    let widest = parts.iter().map(|(_, length)| *length).max().unwrap_or(1);
    let mut out = vec![0.0; x.len()];
    out.par_chunks_mut(tile)
        .zip(x.par_chunks(tile))
        .for_each_init(
            || (Buffer::new(tile), Buffer::new(tile_rows * widest)),
            |(normed, hidden), (out, x)| {
                let rows = x.len() / dim;
                let (normed, _) = normed.split_at_mut(x.len());
                let source = match weights.order {
                    NormOrder::Pre => {
                        weights.norm.tile(x, normed);
                        &*normed
                    }
                    NormOrder::Post => x,
                };
                let mut into = Into::Replace;
                for &(start, length) in &parts {
                    let (hidden, _) = hidden.split_at_mut(rows * length);
                    widen.multiply_columns(source, (start, length), hidden, Into::Replace);
                    let (_, bias) = weights.widen_bias.split_at(start);
                    activate_in_place(hidden, bias.split_at(length).0);
                    let hidden = Matrix::new(hidden, length);
                    narrow.multiply_part(hidden, (start, length), (0, dim), out, into);
                    into = Into::Add;
                }
                add_input(out, x, weights.narrow_bias);
                if weights.order == NormOrder::Post {
                    weights.norm.in_place(out);
                }
            },
        );
    out
}

/// The way back of [`feed_forward`] from the gradient of its output and the hidden values that it kept.
pub fn feed_forward_backward(
    x: &[f32],
    weights: FeedForward<'_>,
    mut hidden: Vec<f32>,
    grad: &[f32],
) -> FeedForwardGradients {
    let (dim, width) = (weights.norm.dim(), weights.hidden());
    let (tile, wide_tile) = (TILE_ROWS * dim, TILE_ROWS * width);
    let mut to_x = vec![0.0; x.len()];
    let mut normed = take_buffer(x.len());
    let mut to_hidden = take_buffer(hidden.len());
    let back = |weight, outputs| {
        let weight = Matrix::new(weight, outputs).transposed();
        Factor::new(weight, weights.precision)
    };
    let (narrow_back, widen_back) = (back(weights.narrow, dim), back(weights.widen, width));
    let given = x.par_chunks(tile).zip(grad.par_chunks(tile));
    let narrow_tiles = to_x.par_chunks_mut(tile).zip(normed.par_chunks_mut(tile));
    let wide_tiles = hidden
        .par_chunks_mut(wide_tile)
        .zip(to_hidden.par_chunks_mut(wide_tile));
    let sums: Vec<[Vec<f32>; 3]> = given
        .zip(narrow_tiles)
        .zip(wide_tiles)
        .map_init(
            || vec![0.0; tile],
            |to_normed, (((x, grad), (to_x, normed)), (hidden, to_hidden))| {
                weights.norm.tile(x, normed);
                narrow_back.multiply(Matrix::new(grad, dim), to_hidden, Into::Replace);
                activate_backward(hidden, to_hidden);
                let (to_normed, _) = to_normed.split_at_mut(x.len());
                widen_back.multiply(Matrix::new(to_hidden, width), to_normed, Into::Replace);
                // The input also goes round the layer.
                to_x.copy_from_slice(grad);
                [
                    weights.norm.tile_backward(x, to_normed, to_x),
                    sum_of_columns(to_hidden, width),
                    sum_of_columns(grad, dim),
                ]
            },
        )
        .collect();
    let part = |of: fn(&[Vec<f32>; 3]) -> &Vec<f32>, length: usize| {
        sum_of_rows(sums.iter().map(|sums| of(sums).clone()), length)
    };
    let mut norm_weight = part(|[norm, ..]| norm, 2 * dim);
    let norm_bias = norm_weight.split_off(dim);
    // By now these are the activations.
    let active = hidden;
    let found = FeedForwardGradients {
        norm_weight,
        norm_bias,
        widen: multiply_wide_in(
            weights.precision,
            Matrix::new(&normed, dim).transposed(),
            Matrix::new(&to_hidden, width),
        ),
        widen_bias: part(|[_, widen, _]| widen, width),
        narrow: multiply_wide_in(
            weights.precision,
            Matrix::new(&active, width).transposed(),
            Matrix::new(grad, dim),
        ),
        narrow_bias: part(|[.., narrow]| narrow, dim),
        x: to_x,
    };
    give_back([normed, active, to_hidden]);
    found
}
