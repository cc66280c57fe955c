//! The attention half of a layer: x + out(attention(qkv(norm(x)))), softmax of q k / sqrt(head_dim) over the tokens of a
//! window.
//!
//! Two ways: whole windows in the cache, forwards and backwards, for layers as Myna's (no biases, heads of 64, norm in
//! front); and [`tiled`] for everything else and for long windows, forwards only.

mod heads;
mod tiled;

use rayon::prelude::*;

use crate::{
    Norm, NormOrder, TILE_ROWS,
    product::{Into, Matrix, multiply, multiply_wide},
    scratch::{give_back, take_buffer},
    sum_of_rows,
};

use heads::Heads;

/// Values of one head where layers are differentiated.
pub const HEAD_DIM: usize = 64;
/// Longest window that one thread does as a whole.
const SHORT_TOKENS: usize = 256;

/// Its weights, and how rows belong together.
#[derive(Debug, Clone, Copy)]
pub struct Attention<'a> {
    /// The norm.
    pub norm: Norm<'a>,
    /// Whether it stands in front or behind.
    pub order: NormOrder,
    /// [dim, 3 * heads * head_dim]: queries of all heads, then keys, then values.
    pub qkv: &'a [f32],
    /// [3 * heads * head_dim].
    pub qkv_bias: Option<&'a [f32]>,
    /// [heads * head_dim, dim].
    pub out: &'a [f32],
    /// `[dim]`.
    pub out_bias: Option<&'a [f32]>,
    /// Tokens of a window: so many rows follow each other.
    pub tokens: usize,
    /// How many heads share the width.
    pub heads: usize,
}

/// Gradients of the input [rows, dim] and of the weights.
#[derive(Debug)]
pub struct AttentionGradients {
    /// Of the input, [rows, dim].
    pub x: Vec<f32>,
    /// Of the norm's factor, `[dim]`.
    pub norm_weight: Vec<f32>,
    /// Of the norm's shift, `[dim]`.
    pub norm_bias: Vec<f32>,
    /// Of `qkv`, [dim, 3 * heads * 64].
    pub qkv: Vec<f32>,
    /// Of `out`, [heads * 64, dim].
    pub out: Vec<f32>,
}

impl Attention<'_> {
    /// Width of the queries of all heads.
    fn inner(&self) -> usize {
        (self.out.len() / self.norm.dim()).max(1)
    }

    /// Whether [`attention_backward`] knows it: heads of 64, no biases, the norm in front.
    pub fn has_backward(&self) -> bool {
        self.order == NormOrder::Pre
            && self.inner() == self.heads * HEAD_DIM
            && self.qkv_bias.is_none()
            && self.out_bias.is_none()
    }

    /// Whole windows, about a tile of rows.
    fn tile_rows(&self) -> usize {
        let tokens = self.tokens.max(1);
        (TILE_ROWS / tokens).max(1) * tokens
    }

    fn heads(&self) -> Heads {
        Heads::new(self.heads, self.tokens)
    }

    fn tile(
        &self,
        x: &[f32],
        normed: &mut [f32],
        qkv: &mut [f32],
        mixed: &mut [f32],
        out: &mut [f32],
        heads: &mut Heads,
    ) {
        let (dim, inner) = (self.norm.dim(), self.inner());
        self.norm.tile(x, normed);
        let to_qkv = Matrix::new(self.qkv, 3 * inner);
        multiply(Matrix::new(normed, dim), to_qkv, qkv, Into::Replace);
        heads.mix(qkv, mixed);
        out.copy_from_slice(x);
        multiply(
            Matrix::new(mixed, inner),
            Matrix::new(self.out, dim),
            out,
            Into::Add,
        );
    }
}

/// [windows * tokens, dim] -> the same shape, and where `keep` says so queries, keys and values, [rows, 3 * heads * 64], for
/// [`attention_backward`]; they are kept of layers that [have a way back](Attention::has_backward) only.
pub fn attention(x: &[f32], weights: Attention<'_>, keep: bool) -> (Vec<f32>, Vec<f32>) {
    let whole = weights.has_backward() && (keep || weights.tokens <= SHORT_TOKENS);
    if !whole {
        return (tiled::attention_tiled(x, weights), Vec::new());
    }
    let (dim, inner) = (weights.norm.dim(), weights.inner());
    let rows = weights.tile_rows();
    let mut out = vec![0.0; x.len()];
    let mut kept = take_buffer(if keep { x.len() / dim * 3 * inner } else { 0 });
    let scratch = || {
        (
            vec![0.0; rows * dim],
            vec![0.0; rows * inner],
            weights.heads(),
        )
    };
    let tiles = out.par_chunks_mut(rows * dim).zip(x.par_chunks(rows * dim));
    if keep {
        tiles
            .zip(kept.par_chunks_mut(rows * 3 * inner))
            .for_each_init(scratch, |(normed, mixed, heads), ((out, x), qkv)| {
                let (normed, _) = normed.split_at_mut(x.len());
                let (mixed, _) = mixed.split_at_mut(qkv.len() / 3);
                weights.tile(x, normed, qkv, mixed, out, heads);
            });
    } else {
        let scratch = || (scratch(), vec![0.0; rows * 3 * inner]);
        tiles.for_each_init(scratch, |((normed, mixed, heads), qkv), (out, x)| {
            let length = x.len() / dim * inner;
            let (normed, _) = normed.split_at_mut(x.len());
            let (mixed, _) = mixed.split_at_mut(length);
            let (qkv, _) = qkv.split_at_mut(3 * length);
            weights.tile(x, normed, qkv, mixed, out, heads);
        });
    }
    (out, kept)
}

/// The way back of [`attention`] from the gradient of its output and the queries, keys and values that it kept.
pub fn attention_backward(
    x: &[f32],
    weights: Attention<'_>,
    qkv: Vec<f32>,
    grad: &[f32],
) -> AttentionGradients {
    let (dim, inner) = (weights.norm.dim(), weights.inner());
    let rows = weights.tile_rows();
    let mut to_x = vec![0.0; x.len()];
    let mut normed = take_buffer(x.len());
    let mut mixed = take_buffer(qkv.len() / 3);
    let mut to_qkv = take_buffer(qkv.len());
    let given = x.par_chunks(rows * dim).zip(grad.par_chunks(rows * dim));
    let narrow = to_x
        .par_chunks_mut(rows * dim)
        .zip(normed.par_chunks_mut(rows * dim));
    let wide = qkv
        .par_chunks(rows * 3 * inner)
        .zip(mixed.par_chunks_mut(rows * inner))
        .zip(to_qkv.par_chunks_mut(rows * 3 * inner));
    let sums: Vec<Vec<f32>> = given
        .zip(narrow)
        .zip(wide)
        .map_init(
            || {
                (
                    vec![0.0; rows * inner],
                    vec![0.0; rows * dim],
                    weights.heads(),
                )
            },
            |(to_mixed, to_normed, heads),
             (((x, grad), (to_x, normed)), ((qkv, mixed), to_qkv))| {
                weights.norm.tile(x, normed);
                let (to_mixed, _) = to_mixed.split_at_mut(mixed.len());
                let out = Matrix::new(weights.out, dim).transposed();
                multiply(Matrix::new(grad, dim), out, to_mixed, Into::Replace);
                heads.mix_backward(qkv, to_mixed, mixed, to_qkv);
                let (to_normed, _) = to_normed.split_at_mut(x.len());
                let back = Matrix::new(weights.qkv, 3 * inner).transposed();
                multiply(
                    Matrix::new(to_qkv, 3 * inner),
                    back,
                    to_normed,
                    Into::Replace,
                );
                // The input also goes round the layer.
                to_x.copy_from_slice(grad);
                weights.norm.tile_backward(x, to_normed, to_x)
            },
        )
        .collect();
    let mut norm_weight = sum_of_rows(sums, 2 * dim);
    let norm_bias = norm_weight.split_off(dim);
    let found = AttentionGradients {
        norm_weight,
        norm_bias,
        qkv: multiply_wide(
            Matrix::new(&normed, dim).transposed(),
            Matrix::new(&to_qkv, 3 * inner),
        ),
        out: multiply_wide(
            Matrix::new(&mixed, inner).transposed(),
            Matrix::new(grad, dim),
        ),
        x: to_x,
    };
    give_back([normed, mixed, to_qkv, qkv]);
    found
}
