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
    narrow::{Precision, Tiles},
    panels::{Panels, tile_rows},
    product::{Into, Matrix, multiply, multiply_strided},
    scratch::{Buffer, give_back, take_buffer},
    simd::{exp, exp_and_sum, largest},
};

/// Queries of a block: as many rows as products read in place.
const QUERIES: usize = 48;
/// The same of narrow numbers: as many rows as are multiplied at once.
const NARROW_QUERIES: usize = 64;
/// Keys of a block; with the queries, 36 kB of scores.
const KEYS: usize = 192;

/// What one thread works in.
struct Scratch {
    /// What the queries of a tile take, [rows, heads * head_dim].
    mixed: Buffer,
    /// [NARROW_QUERIES, KEYS].
    scores: Buffer,
    /// Largest score of a query so far, and the sum of the exponentials.
    most: [f32; NARROW_QUERIES],
    sums: [f32; NARROW_QUERIES],
}

/// [windows * tokens, dim] -> the same shape.
pub fn attention_tiled(x: &[f32], weights: Attention<'_>) -> Vec<f32> {
    let (dim, inner, heads) = (weights.norm.dim(), weights.inner(), weights.heads.max(1));
    let (tokens, head_dim) = (weights.tokens.max(1), inner / heads);
    let precision = weights.precision;
    let rows = tile_rows(x.len() / dim, 1, precision);
    let to_qkv = Panels::new(weights.qkv, 3 * inner, precision);
    let mut qkv = take_buffer(x.len() / dim * 3 * inner);
    qkv.par_chunks_mut(rows * 3 * inner)
        .zip(x.par_chunks(rows * dim))
        .for_each_init(
            || Buffer::new(rows * dim),
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
    let of_window = tokens * 3 * inner;
    let mut numbers = take_buffer(match precision {
        Precision::F32 => qkv.len() / 3 * 2,
        Precision::Bf16 | Precision::Int8 => 0,
    });
    let narrow: Vec<Option<[Tiles; 2]>> = match precision {
        Precision::F32 => {
            numbers
                .par_chunks_mut((2 * tokens * head_dim).max(1))
                .enumerate()
                .for_each(|(index, laid)| {
                    let window = &qkv[index / heads * of_window..][..of_window];
                    lay_out(window, index % heads, inner, head_dim, laid);
                });
            Vec::new()
        }
        Precision::Bf16 | Precision::Int8 => (0..x.len() / dim / tokens * heads)
            .into_par_iter()
            .map(|index| {
                let window = &qkv[index / heads * of_window..][..of_window];
                narrow_keys_and_values(window, index % heads, inner, head_dim, precision)
            })
            .collect(),
    };
    let laid = |window: usize, head: usize| match narrow.get(window * heads + head) {
        Some(tiles) => tiles.as_ref().map(Laid::Narrow),
        None => {
            let at = (window * heads + head) * 2 * tokens * head_dim;
            let (keys, values) = numbers[at..][..2 * tokens * head_dim].split_at(tokens * head_dim);
            Some(Laid::Plain { keys, values })
        }
    };
    let to_out = Panels::new(weights.out, dim, precision);
    // Of the queries of one window.
    let rows = tile_rows(tokens, x.len() / dim / tokens, precision);
    let mut out = vec![0.0; x.len()];
    let scratch = || Scratch {
        mixed: Buffer::new(rows * inner),
        scores: Buffer::new(NARROW_QUERIES * KEYS),
        most: [0.0; NARROW_QUERIES],
        sums: [0.0; NARROW_QUERIES],
    };
    out.par_chunks_mut(tokens * dim)
        .zip(x.par_chunks(tokens * dim))
        .zip(qkv.par_chunks(of_window))
        .enumerate()
        .flat_map(|(window, ((out, x), qkv))| {
            out.par_chunks_mut(rows * dim)
                .zip(x.par_chunks(rows * dim))
                .zip(qkv.par_chunks(rows * 3 * inner))
                .map(move |((out, x), qkv)| (out, x, qkv, window))
        })
        .for_each_init(scratch, |scratch, (out, x, qkv, window)| {
            for head in 0..heads {
                if let Some(laid) = laid(window, head) {
                    scratch.attend(qkv, laid, head, inner, head_dim);
                }
            }
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
    give_back([qkv, numbers]);
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

/// The same in narrow numbers.
fn narrow_keys_and_values(
    qkv: &[f32],
    head: usize,
    inner: usize,
    head_dim: usize,
    precision: Precision,
) -> Option<[Tiles; 2]> {
    let tokens = qkv.len() / (3 * inner);
    let part = |part: usize| {
        let from = &qkv[part * inner + head * head_dim..];
        Matrix::strided(from, tokens, head_dim, 3 * inner)
    };
    let tiles = |matrix| Tiles::new(matrix, precision.between_activations(), false);
    Some([tiles(part(1).transposed())?, tiles(part(2))?])
}

/// Keys and values of one head of a window.
#[derive(Clone, Copy)]
enum Laid<'a> {
    /// Keys a block at a time as [head_dim, block], values [tokens, head_dim].
    Plain { keys: &'a [f32], values: &'a [f32] },
    /// Keys [head_dim, tokens] and values [tokens, head_dim].
    Narrow(&'a [Tiles; 2]),
}

impl Laid<'_> {
    fn queries(self) -> usize {
        match self {
            Self::Plain { .. } => QUERIES,
            Self::Narrow(_) => NARROW_QUERIES,
        }
    }

    fn tokens(self, head_dim: usize) -> usize {
        match self {
            Self::Plain { values, .. } => values.len() / head_dim,
            Self::Narrow([keys, _]) => keys.outputs(),
        }
    }

    /// Scores of queries and the keys from `first` on, [rows, count].
    fn score(self, queries: Matrix<'_>, (first, count): (usize, usize), scores: &mut [f32]) {
        match self {
            Self::Plain { keys, .. } => {
                let head_dim = queries.columns();
                let keys = Matrix::new(&keys[first * head_dim..][..count * head_dim], count);
                multiply(queries, keys, scores, Into::Replace);
            }
            Self::Narrow([keys, _]) => {
                keys.multiply(queries, 0, (first, count), scores, count, Into::Replace);
            }
        }
    }

    /// Takes values from `first` on by their shares [rows, count]; rows of `out` begin `stride` numbers apart.
    fn take(
        self,
        shares: Matrix<'_>,
        (first, head_dim): (usize, usize),
        out: &mut [f32],
        stride: usize,
        into: Into,
    ) {
        match self {
            Self::Plain { values, .. } => {
                let values = &values[first * head_dim..][..shares.columns() * head_dim];
                multiply_strided(shares, Matrix::new(values, head_dim), out, stride, into);
            }
            Self::Narrow([_, values]) => {
                values.multiply(shares, first, (0, head_dim), out, stride, into);
            }
        }
    }
}

impl Scratch {
    /// What the queries of a tile, `qkv` [rows, 3, heads, head_dim], take from the tokens of their window by one head.
    fn attend(&mut self, qkv: &[f32], laid: Laid<'_>, head: usize, inner: usize, head_dim: usize) {
        let rows = qkv.len() / (3 * inner);
        for row in (0..rows).step_by(laid.queries()) {
            let count = laid.queries().min(rows - row);
            let queries = &qkv[row * 3 * inner + head * head_dim..];
            let queries = Matrix::strided(queries, count, head_dim, 3 * inner);
            let at = row * inner + head * head_dim;
            self.attend_block(queries, laid, head_dim, at, inner);
        }
    }

    /// A block of queries of one head; what they take goes into `mixed` from `at` on, in rows `stride` apart.
    fn attend_block(
        &mut self,
        queries: Matrix<'_>,
        laid: Laid<'_>,
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
        let tokens = laid.tokens(head_dim);
        for first in (0..tokens).step_by(KEYS) {
            let columns = KEYS.min(tokens - first);
            let scores = &mut self.scores[..count * columns];
            laid.score(queries, (first, columns), scores);
            let into = if first == 0 { Into::Replace } else { Into::Add };
            online_softmax(scores, scale, most, sums, out, stride, head_dim);
            let shares = Matrix::new(scores, columns);
            laid.take(shares, (first, head_dim), out, stride, into);
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
