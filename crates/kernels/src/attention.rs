//! The attention half of a layer: x + out(attention(qkv(norm(x)))), softmax of q k / sqrt(head_dim) over the tokens of a
//! window.
//!
//! Two ways: whole windows in the cache, forwards and backwards, for layers with heads of 64 and the norm in front; and
//! [`tiled`] for everything else and for long windows, forwards only.

mod heads;
mod tiled;

use rayon::prelude::*;

use crate::{
    Norm, NormOrder, TILE_ROWS,
    factor::{Factor, multiply_wide_in},
    linear::{add_to_rows, fill, sum_of_columns},
    narrow::Precision,
    product::{Into, Matrix},
    scratch::{give_back, take_buffer},
    sum_of_rows,
};

use heads::{FEW, Heads};

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
    /// How many of them, from the first on, look at the others and come out: all, or those that are read behind the last
    /// layer.
    pub queries: usize,
    /// How many heads share the width.
    pub heads: usize,
    /// What the products are of.
    pub precision: Precision,
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
    /// Of `qkv_bias`, [3 * heads * 64]; empty where there is none.
    pub qkv_bias: Vec<f32>,
    /// Of `out`, [heads * 64, dim].
    pub out: Vec<f32>,
    /// Of `out_bias`, `[dim]`; empty where there is none.
    pub out_bias: Vec<f32>,
}

impl Attention<'_> {
    /// Width of the queries of all heads.
    fn inner(&self) -> usize {
        (self.out.len() / self.norm.dim()).max(1)
    }

    /// Whether [`attention_backward`] knows it: heads of 64, the norm in front.
    pub fn has_backward(&self) -> bool {
        self.order == NormOrder::Pre && self.inner() == self.heads * HEAD_DIM
    }

    /// Whether whole windows are the faster way where nothing is kept.
    fn is_short_and_plain(&self) -> bool {
        self.tokens <= SHORT_TOKENS
            && self.qkv_bias.is_none()
            && self.out_bias.is_none()
            && (self.precision == Precision::F32 || self.tokens <= FEW)
    }

    /// Windows of a tile, about as many rows as one has.
    fn tile_windows(&self) -> usize {
        (TILE_ROWS / self.tokens.max(1)).max(1)
    }

    fn heads(&self) -> Heads {
        Heads::new(self.heads, self.tokens, self.queries, self.precision)
    }

    fn factors(&self) -> [Factor<'_>; 2] {
        [(self.qkv, 3 * self.inner()), (self.out, self.norm.dim())]
            .map(|(weight, outputs)| Factor::new(Matrix::new(weight, outputs), self.precision))
    }

    fn tile(
        &self,
        [to_qkv, to_out]: &[Factor<'_>; 2],
        x: &[f32],
        [normed, qkv, mixed]: [&mut [f32]; 3],
        out: &mut [f32],
        heads: &mut Heads,
    ) {
        let (dim, inner) = (self.norm.dim(), self.inner());
        self.norm.tile(x, normed);
        let into = match self.qkv_bias {
            Some(bias) => {
                fill(qkv, bias);
                Into::Add
            }
            None => Into::Replace,
        };
        to_qkv.multiply(Matrix::new(normed, dim), qkv, into);
        heads.mix(qkv, mixed);
        self.copy_asking(x, out);
        if let Some(bias) = self.out_bias {
            add_to_rows(bias, out);
        }
        to_out.multiply(Matrix::new(mixed, inner), out, Into::Add);
    }

    /// Takes the rows that come out from all rows of windows.
    fn copy_asking(&self, x: &[f32], out: &mut [f32]) {
        let dim = self.norm.dim();
        let windows = x.chunks_exact(self.tokens.max(1) * dim);
        for (out, x) in out.chunks_exact_mut(self.queries.max(1) * dim).zip(windows) {
            let (asking, _) = x.split_at(out.len());
            out.copy_from_slice(asking);
        }
    }

    /// The way back of [`Self::copy_asking`]: the other rows get nothing.
    fn spread_asking(&self, grad: &[f32], to_x: &mut [f32]) {
        let dim = self.norm.dim();
        let windows = grad.chunks_exact(self.queries.max(1) * dim);
        for (to_x, grad) in to_x.chunks_exact_mut(self.tokens.max(1) * dim).zip(windows) {
            let (asking, others) = to_x.split_at_mut(grad.len());
            asking.copy_from_slice(grad);
            others.fill(0.0);
        }
    }
}

/// [windows * tokens, dim] -> [windows * queries, dim], and where `keep` says so queries, keys and values, [rows, 3 * heads *
/// 64], for [`attention_backward`]; they are kept of layers that [have a way back](Attention::has_backward) only, and only
/// those know fewer queries than tokens.
pub fn attention(x: &[f32], weights: Attention<'_>, keep: bool) -> (Vec<f32>, Vec<f32>) {
    let fewer = weights.queries < weights.tokens;
    let whole = weights.has_backward() && (keep || fewer || weights.is_short_and_plain());
    if !whole {
        return (tiled::attention_tiled(x, weights), Vec::new());
    }
    let (dim, inner) = (weights.norm.dim(), weights.inner());
    let windows = weights.tile_windows();
    let (rows, asking) = (windows * weights.tokens, windows * weights.queries);
    let mut out = vec![0.0; x.len() / weights.tokens.max(1) * weights.queries];
    let mut kept = take_buffer(if keep { x.len() / dim * 3 * inner } else { 0 });
    let factors = weights.factors();
    let scratch = || {
        (
            vec![0.0; rows * dim],
            vec![0.0; asking * inner],
            weights.heads(),
        )
    };
    let tiles = out
        .par_chunks_mut(asking * dim)
        .zip(x.par_chunks(rows * dim));
    if keep {
        tiles
            .zip(kept.par_chunks_mut(rows * 3 * inner))
            .for_each_init(scratch, |(normed, mixed, heads), ((out, x), qkv)| {
                let (normed, _) = normed.split_at_mut(x.len());
                let (mixed, _) = mixed.split_at_mut(out.len() / dim * inner);
                weights.tile(&factors, x, [normed, qkv, mixed], out, heads);
            });
    } else {
        let scratch = || (scratch(), vec![0.0; rows * 3 * inner]);
        tiles.for_each_init(scratch, |((normed, mixed, heads), qkv), (out, x)| {
            let (normed, _) = normed.split_at_mut(x.len());
            let (mixed, _) = mixed.split_at_mut(out.len() / dim * inner);
            let (qkv, _) = qkv.split_at_mut(x.len() / dim * 3 * inner);
            weights.tile(&factors, x, [normed, qkv, mixed], out, heads);
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
    let windows = weights.tile_windows();
    let (rows, asking) = (windows * weights.tokens, windows * weights.queries);
    let mut to_x = vec![0.0; x.len()];
    let mut normed = take_buffer(x.len());
    let mut mixed = take_buffer(grad.len() / dim * inner);
    let mut to_qkv = take_buffer(qkv.len());
    let back = |weight, outputs| {
        let weight = Matrix::new(weight, outputs).transposed();
        Factor::new(weight, weights.precision)
    };
    let (out_back, qkv_back) = (back(weights.out, dim), back(weights.qkv, 3 * inner));
    let given = x.par_chunks(rows * dim).zip(grad.par_chunks(asking * dim));
    let narrow = to_x
        .par_chunks_mut(rows * dim)
        .zip(normed.par_chunks_mut(rows * dim));
    let wide = qkv
        .par_chunks(rows * 3 * inner)
        .zip(mixed.par_chunks_mut(asking * inner))
        .zip(to_qkv.par_chunks_mut(rows * 3 * inner));
    let sums: Vec<[Vec<f32>; 3]> = given
        .zip(narrow)
        .zip(wide)
        .map_init(
            || {
                (
                    vec![0.0; asking * inner],
                    vec![0.0; rows * dim],
                    weights.heads(),
                )
            },
            |(to_mixed, to_normed, heads),
             (((x, grad), (to_x, normed)), ((qkv, mixed), to_qkv))| {
                weights.norm.tile(x, normed);
                let (to_mixed, _) = to_mixed.split_at_mut(mixed.len());
                out_back.multiply(Matrix::new(grad, dim), to_mixed, Into::Replace);
                heads.mix_backward(qkv, to_mixed, mixed, to_qkv);
                let (to_normed, _) = to_normed.split_at_mut(x.len());
                qkv_back.multiply(Matrix::new(to_qkv, 3 * inner), to_normed, Into::Replace);
                // The input also goes round the layer.
                weights.spread_asking(grad, to_x);
                let of = |bias: Option<&[f32]>, rows: &[f32]| {
                    bias.map_or_else(Vec::new, |bias| sum_of_columns(rows, bias.len()))
                };
                [
                    weights.norm.tile_backward(x, to_normed, to_x),
                    of(weights.qkv_bias, to_qkv),
                    of(weights.out_bias, grad),
                ]
            },
        )
        .collect();
    let part = |of: fn(&[Vec<f32>; 3]) -> &Vec<f32>, length: usize| {
        sum_of_rows(sums.iter().map(|sums| of(sums).clone()), length)
    };
    let mut norm_weight = part(|[norm, ..]| norm, 2 * dim);
    let norm_bias = norm_weight.split_off(dim);
    let found = AttentionGradients {
        norm_weight,
        norm_bias,
        qkv: multiply_wide_in(
            weights.precision,
            Matrix::new(&normed, dim).transposed(),
            Matrix::new(&to_qkv, 3 * inner),
        ),
        qkv_bias: part(|[_, qkv, _]| qkv, weights.qkv_bias.map_or(0, <[f32]>::len)),
        out: multiply_wide_in(
            weights.precision,
            Matrix::new(&mixed, inner).transposed(),
            Matrix::new(grad, dim),
        ),
        out_bias: part(|[.., out]| out, weights.out_bias.map_or(0, <[f32]>::len)),
        x: to_x,
    };
    give_back([normed, mixed, to_qkv, qkv]);
    found
}
