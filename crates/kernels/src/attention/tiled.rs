//! Attention of any window, forwards: with biases, heads of any width, a norm before or behind, and windows so long that
//! their scores must never lie in memory.
//!
//! Keys and values of a head are laid out once, keys transposed. Then every tile of queries walks over them a block at a
//! time and keeps, for each query, the largest score so far, the sum of the exponentials and the values weighted by them;
//! a larger score rescales the two (online softmax: Milakov and Gimelshein 2018; FlashAttention, Dao et al. 2022). A window
//! of n tokens so needs n * dim numbers and a block of scores a thread, and even a single window keeps all threads at work.

// Tiles and heads are counted out from sizes that the caller has checked; a wrong one ends the job.
#![allow(clippy::indexing_slicing)]

use macerator::Simd;
use rayon::prelude::*;

use super::Attention;
use crate::{
    NormOrder,
    linear::{add_to_rows, fill},
    panels::{Panels, tile_rows},
    product::{Into, Matrix, multiply, multiply_strided},
    scratch::{give_back, take_buffer},
    simd::{exp, exp_and_sum, largest},
};

/// Queries of a block: as many rows as products read in place.
const QUERIES: usize = 48;
/// Keys of a block; with the queries, 36 kB of scores.
const KEYS: usize = 192;

/// What one thread works in.
struct Scratch {
    /// What the queries of a tile take, [rows, heads * head_dim].
    mixed: Vec<f32>,
    /// [QUERIES, KEYS].
    scores: Vec<f32>,
    /// Largest score of a query so far, and the sum of the exponentials.
    most: [f32; QUERIES],
    sums: [f32; QUERIES],
}

/// [windows * tokens, dim] -> the same shape.
pub fn attention_tiled(x: &[f32], weights: Attention<'_>) -> Vec<f32> {
    let (dim, inner, heads) = (weights.norm.dim(), weights.inner(), weights.heads.max(1));
    let (tokens, head_dim) = (weights.tokens.max(1), inner / heads);
    let rows = tile_rows(x.len() / dim, 1);
    let to_qkv = Panels::new(weights.qkv, 3 * inner);
    let mut qkv = take_buffer(x.len() / dim * 3 * inner);
    qkv.par_chunks_mut(rows * 3 * inner)
        .zip(x.par_chunks(rows * dim))
        .for_each_init(
            || vec![0.0; rows * dim],
            |normed, (qkv, x)| {
                let normed = &mut normed[..x.len()];
                let x = match weights.order {
                    NormOrder::Pre => {
                        weights.norm.tile(x, normed);
                        &*normed
                    }
                    NormOrder::Post => x,
                };
                let into = start_with(weights.qkv_bias, qkv);
                to_qkv.multiply(x, qkv, into);
            },
        );
    let mut keys_values = take_buffer(qkv.len() / 3 * 2);
    keys_values
        .par_chunks_mut((2 * tokens * head_dim).max(1))
        .enumerate()
        .for_each(|(index, laid)| {
            let window = &qkv[index / heads * tokens * 3 * inner..][..tokens * 3 * inner];
            lay_out(window, index % heads, inner, head_dim, laid);
        });
    let to_out = Panels::new(weights.out, dim);
    // Of the queries of one window.
    let rows = tile_rows(tokens, x.len() / dim / tokens);
    let mut out = vec![0.0; x.len()];
    let scratch = || Scratch {
        mixed: vec![0.0; rows * inner],
        scores: vec![0.0; QUERIES * KEYS],
        most: [0.0; QUERIES],
        sums: [0.0; QUERIES],
    };
    out.par_chunks_mut(tokens * dim)
        .zip(x.par_chunks(tokens * dim))
        .zip(qkv.par_chunks(tokens * 3 * inner))
        .zip(keys_values.par_chunks((2 * tokens * inner).max(1)))
        .flat_map(|(((out, x), qkv), keys_values)| {
            out.par_chunks_mut(rows * dim)
                .zip(x.par_chunks(rows * dim))
                .zip(qkv.par_chunks(rows * 3 * inner))
                .map(move |((out, x), qkv)| (out, x, qkv, keys_values))
        })
        .for_each_init(scratch, |scratch, (out, x, qkv, keys_values)| {
            scratch.attend(qkv, keys_values, inner, head_dim);
            let mixed = &scratch.mixed[..x.len() / dim * inner];
            out.copy_from_slice(x);
            if let Some(bias) = weights.out_bias {
                add_to_rows(bias, out);
            }
            to_out.multiply(mixed, out, Into::Add);
            if weights.order == NormOrder::Post {
                weights.norm.in_place(out);
            }
        });
    give_back([qkv, keys_values]);
    out
}

/// Puts the bias, if there is one, where a product is wanted, and says how to write the product then.
fn start_with(bias: Option<&[f32]>, out: &mut [f32]) -> Into {
    match bias {
        Some(bias) => {
            fill(out, bias);
            Into::Add
        }
        None => Into::Replace,
    }
}

/// Lays out keys and values of one head of a window `qkv` [tokens, 3, heads, head_dim]: first the keys, a block of them at a
/// time as [head_dim, block], then the values, [tokens, head_dim].
fn lay_out(qkv: &[f32], head: usize, inner: usize, head_dim: usize, laid: &mut [f32]) {
    let tokens = laid.len() / (2 * head_dim);
    let (keys, values) = laid.split_at_mut(tokens * head_dim);
    let rows: Vec<&[f32]> = qkv.chunks_exact(3 * inner).collect();
    let blocks = keys.chunks_mut(KEYS * head_dim).zip(rows.chunks(KEYS));
    for (block, rows) in blocks {
        for (token, row) in rows.iter().enumerate() {
            let key = &row[inner + head * head_dim..][..head_dim];
            for (slot, value) in block.iter_mut().skip(token).step_by(rows.len()).zip(key) {
                *slot = *value;
            }
        }
    }
    for (value, row) in values.chunks_exact_mut(head_dim).zip(rows) {
        value.copy_from_slice(&row[2 * inner + head * head_dim..][..head_dim]);
    }
}

impl Scratch {
    /// What the queries of a tile, `qkv` [rows, 3, heads, head_dim], take from the tokens of their window.
    fn attend(&mut self, qkv: &[f32], keys_values: &[f32], inner: usize, head_dim: usize) {
        let rows = qkv.len() / (3 * inner);
        let heads = inner / head_dim;
        let of_head = keys_values.len() / heads;
        for (head, laid) in keys_values.chunks_exact(of_head).enumerate() {
            for row in (0..rows).step_by(QUERIES) {
                let count = QUERIES.min(rows - row);
                let queries = &qkv[row * 3 * inner + head * head_dim..];
                let queries = Matrix::strided(queries, count, head_dim, 3 * inner);
                let at = row * inner + head * head_dim;
                self.attend_block(queries, laid, head_dim, at, inner);
            }
        }
    }

    /// A block of queries of one head; what they take goes into `mixed` from `at` on, in rows `stride` apart.
    fn attend_block(
        &mut self,
        queries: Matrix<'_>,
        laid: &[f32],
        head_dim: usize,
        at: usize,
        stride: usize,
    ) {
        let scale = 1.0 / (head_dim as f32).sqrt();
        let count = queries.rows();
        let out = &mut self.mixed[at..];
        let (most, sums) = (&mut self.most[..count], &mut self.sums[..count]);
        most.fill(f32::NEG_INFINITY);
        sums.fill(0.0);
        let (keys, values) = laid.split_at(laid.len() / 2);
        let blocks = keys
            .chunks(KEYS * head_dim)
            .zip(values.chunks(KEYS * head_dim));
        for (index, (keys, values)) in blocks.enumerate() {
            let columns = keys.len() / head_dim;
            let scores = &mut self.scores[..count * columns];
            multiply(queries, Matrix::new(keys, columns), scores, Into::Replace);
            let into = if index == 0 { Into::Replace } else { Into::Add };
            online_softmax(scores, scale, most, sums, out, stride, head_dim);
            let shares = Matrix::new(scores, columns);
            multiply_strided(shares, Matrix::new(values, head_dim), out, stride, into);
        }
        divide_rows(out, sums, stride, head_dim);
    }
}

/// Turns a block of scores, a row for each of `most`, into exponentials against the largest score so far, and rescales what
/// was gathered before where that grew.
#[macerator::with_simd]
fn online_softmax<S: Simd>(
    scores: &mut [f32],
    scale: f32,
    most: &mut [f32],
    sums: &mut [f32],
    out: &mut [f32],
    stride: usize,
    head_dim: usize,
) {
    let columns = scores.len() / most.len().max(1);
    let rows = scores.chunks_exact_mut(columns.max(1)).zip(most).zip(sums);
    for (((scores, most), total), out) in rows.zip(out.chunks_mut(stride)) {
        let next = most.max(scale * largest(scores));
        let added = exp_and_sum(scores, scale, next);
        if next > *most && *most > f32::NEG_INFINITY {
            let shrink = exp(*most - next);
            *total *= shrink;
            for value in out.iter_mut().take(head_dim) {
                *value *= shrink;
            }
        }
        *total += added;
        *most = next;
    }
}

#[macerator::with_simd]
fn divide_rows<S: Simd>(out: &mut [f32], sums: &[f32], stride: usize, head_dim: usize) {
    for (out, sum) in out.chunks_mut(stride).zip(sums) {
        let scale = 1.0 / sum;
        for value in out.iter_mut().take(head_dim) {
            *value *= scale;
        }
    }
}
