//! Attention of single heads, in the place where queries, keys and values lie.
//!
//! Windows with few tokens (a masked view has 5) are done by hand: a row of scores is one vector. Longer ones are products,
//! a block of queries at a time, so that memory grows with the tokens and not with their square.

// Blocks and rows are counted out from sizes that the callers and `Heads::new` agree on; a wrong one ends the job.
#![allow(clippy::indexing_slicing)]

use macerator::Simd;

use super::HEAD_DIM;
use crate::{
    factor::Factor,
    narrow::Precision,
    product::{Into, Matrix},
    simd::{add_scaled, dot, exp, largest, sum},
};

/// 1 / sqrt(64).
const SCALE: f32 = 0.125;
/// Most tokens that are done by hand: the lanes of a row of scores.
pub const FEW: usize = 16;
/// Queries of a block.
const BLOCK: usize = 64;

type Block = [f32; HEAD_DIM];
type Scores = [f32; FEW];

/// How many heads and tokens there are, and room to work in.
pub struct Heads {
    heads: usize,
    tokens: usize,
    /// Tokens that ask, from the first on.
    queries: usize,
    /// What the products of many tokens are of.
    precision: Precision,
    shares: Vec<f32>,
    grads: Vec<f32>,
}

/// Turns scores into shares: softmax of `SCALE` times each row.
#[inline(always)]
fn softmax(rows: &mut [f32], columns: usize) {
    for row in rows.chunks_exact_mut(columns) {
        let most = SCALE * largest(row);
        for value in row.iter_mut() {
            *value = exp(SCALE.mul_add(*value, -most));
        }
        let scale = 1.0 / sum(row);
        for value in row.iter_mut() {
            *value *= scale;
        }
    }
}

/// Turns grads of shares into grads of scores: with r = sum of grad times share, share * (grad - r) * `SCALE`.
#[inline(always)]
fn softmax_backward(shares: &[f32], grads: &mut [f32], columns: usize) {
    let rows = shares.chunks_exact(columns);
    for (shares, grads) in rows.zip(grads.chunks_exact_mut(columns)) {
        let level = dot(shares, grads);
        for (grad, share) in grads.iter_mut().zip(shares) {
            *grad = share * (*grad - level) * SCALE;
        }
    }
}

#[macerator::with_simd]
fn softmax_rows<S: Simd>(rows: &mut [f32], columns: usize) {
    softmax(rows, columns);
}

#[macerator::with_simd]
fn softmax_rows_backward<S: Simd>(shares: &[f32], grads: &mut [f32], columns: usize) {
    softmax_backward(shares, grads, columns);
}

impl Heads {
    pub fn new(heads: usize, tokens: usize, queries: usize, precision: Precision) -> Self {
        let tokens = tokens.max(1);
        let queries = queries.clamp(1, tokens);
        let room = if tokens > FEW { BLOCK * tokens } else { 0 };
        Self {
            heads,
            tokens,
            queries,
            precision: precision.between_activations(),
            shares: vec![0.0; room],
            grads: vec![0.0; room],
        }
    }

    /// What every token that asks takes from the values of its window: `qkv` is [rows, 3, heads, 64], `mixed` [rows that ask,
    /// heads, 64].
    pub fn mix(&mut self, qkv: &[f32], mixed: &mut [f32]) {
        let width = self.heads * HEAD_DIM;
        let windows = qkv.chunks_exact(self.tokens * 3 * width);
        for (qkv, mixed) in windows.zip(mixed.chunks_exact_mut(self.queries * width)) {
            if self.tokens <= FEW {
                mix_few(self, qkv, mixed);
            } else {
                self.mix_many(qkv, mixed);
            }
        }
    }

    /// Back from the grads of `mixed`: computes `mixed` again and the grads of `qkv`.
    pub fn mix_backward(
        &mut self,
        qkv: &[f32],
        grad: &[f32],
        mixed: &mut [f32],
        to_qkv: &mut [f32],
    ) {
        let width = self.heads * HEAD_DIM;
        let (of_qkv, of_mixed) = (self.tokens * 3 * width, self.queries * width);
        let given = qkv.chunks_exact(of_qkv).zip(grad.chunks_exact(of_mixed));
        let wanted = mixed.chunks_exact_mut(of_mixed);
        let wanted = wanted.zip(to_qkv.chunks_exact_mut(of_qkv));
        for ((qkv, grad), (mixed, to_qkv)) in given.zip(wanted) {
            if self.tokens <= FEW {
                mix_few_backward(self, qkv, grad, mixed, to_qkv);
            } else {
                self.mix_many_backward(qkv, grad, mixed, to_qkv);
            }
        }
    }

    /// Place of a head's query in the row of a token; key and value lie `heads` and twice `heads` further.
    #[inline(always)]
    fn at(&self, head: usize, token: usize) -> usize {
        token * 3 * self.heads + head
    }

    /// How much a token takes from each; 0 behind the last.
    #[inline(always)]
    fn shares_of(&self, qkv: &[Block], head: usize, token: usize) -> Scores {
        let query = &qkv[self.at(head, token)];
        let mut shares = [f32::NEG_INFINITY; FEW];
        for (other, score) in shares.iter_mut().take(self.tokens).enumerate() {
            *score = dot(query, &qkv[self.at(head, other) + self.heads]);
        }
        softmax(&mut shares, FEW);
        shares
    }

    /// The values, by their shares.
    #[inline(always)]
    fn taken(&self, qkv: &[Block], head: usize, shares: &Scores) -> Block {
        let mut taken = [0.0; HEAD_DIM];
        for (other, share) in shares.iter().take(self.tokens).enumerate() {
            let value = &qkv[self.at(head, other) + 2 * self.heads];
            add_scaled(&mut taken, *share, value);
        }
        taken
    }

    /// One head of the third `part` (queries, keys, values) of a window, from a token on.
    fn part<'a>(
        &self,
        qkv: &'a [f32],
        part: usize,
        head: usize,
        from: usize,
        rows: usize,
    ) -> Matrix<'a> {
        let stride = 3 * self.heads * HEAD_DIM;
        let start = from * stride + (part * self.heads + head) * HEAD_DIM;
        Matrix::strided(&qkv[start..], rows, HEAD_DIM, stride)
    }

    /// Keys, transposed, and values of a head of a window.
    fn keys_and_values<'a>(&self, qkv: &'a [f32], head: usize) -> [Factor<'a>; 2] {
        let keys = self.part(qkv, 1, head, 0, self.tokens).transposed();
        let values = self.part(qkv, 2, head, 0, self.tokens);
        [keys, values].map(|factor| Factor::on_this_thread(factor, self.precision))
    }

    /// Shares of a block of queries, [rows, tokens].
    fn block_shares(
        &mut self,
        keys: &Factor<'_>,
        qkv: &[f32],
        head: usize,
        from: usize,
        rows: usize,
    ) {
        let queries = self.part(qkv, 0, head, from, rows);
        let shares = &mut self.shares[..rows * self.tokens];
        keys.multiply(queries, shares, Into::Replace);
        let tokens = self.tokens;
        softmax_rows(shares, tokens);
    }

    /// Blocks of queries: (first, count).
    fn blocks(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let queries = self.queries;
        (0..queries)
            .step_by(BLOCK)
            .map(move |from| (from, BLOCK.min(queries - from)))
    }

    fn mix_many(&mut self, qkv: &[f32], mixed: &mut [f32]) {
        let width = self.heads * HEAD_DIM;
        for head in 0..self.heads {
            let [keys, values] = self.keys_and_values(qkv, head);
            for (from, rows) in self.blocks() {
                self.block_shares(&keys, qkv, head, from, rows);
                let shares = Matrix::strided(&self.shares, rows, self.tokens, self.tokens);
                let out = &mut mixed[from * width + head * HEAD_DIM..];
                values.multiply_strided(shares, out, width, Into::Replace);
            }
        }
    }

    fn mix_many_backward(
        &mut self,
        qkv: &[f32],
        grad: &[f32],
        mixed: &mut [f32],
        to_qkv: &mut [f32],
    ) {
        let width = self.heads * HEAD_DIM;
        let (tokens, precision) = (self.tokens, self.precision);
        // Who does not ask has no gradient of its query.
        for row in to_qkv.chunks_exact_mut(3 * width).skip(self.queries) {
            row[..width].fill(0.0);
        }
        for head in 0..self.heads {
            let [keys, values] = self.keys_and_values(qkv, head);
            let values_back = self.part(qkv, 2, head, 0, tokens).transposed();
            let values_back = Factor::on_this_thread(values_back, precision);
            let keys_back = Factor::on_this_thread(self.part(qkv, 1, head, 0, tokens), precision);
            for (from, rows) in self.blocks() {
                let start = from * width + head * HEAD_DIM;
                self.block_shares(&keys, qkv, head, from, rows);
                let shares = Matrix::strided(&self.shares, rows, tokens, tokens);
                values.multiply_strided(shares, &mut mixed[start..], width, Into::Replace);
                let grad = Matrix::strided(&grad[start..], rows, HEAD_DIM, width);
                let grads = &mut self.grads[..rows * tokens];
                values_back.multiply(grad, grads, Into::Replace);
                softmax_rows_backward(&self.shares, grads, tokens);
                let grads = Matrix::strided(&self.grads, rows, tokens, tokens);
                let place =
                    |part: usize, token: usize| 3 * token * width + part * width + head * HEAD_DIM;
                let mut add = |a: Matrix<'_>, b: &Factor<'_>, at: usize, into: Into| {
                    b.multiply_strided(a, &mut to_qkv[at..], 3 * width, into);
                };
                // Keys and values get something from every block.
                let into = if from == 0 { Into::Replace } else { Into::Add };
                let queries = self.part(qkv, 0, head, from, rows);
                let [queries, grad] =
                    [queries, grad].map(|factor| Factor::on_this_thread(factor, precision));
                add(grads, &keys_back, place(0, from), Into::Replace);
                add(grads.transposed(), &queries, place(1, 0), into);
                add(shares.transposed(), &grad, place(2, 0), into);
            }
        }
    }
}

#[macerator::with_simd]
fn mix_few<S: Simd>(of: &Heads, qkv: &[f32], mixed: &mut [f32]) {
    let (qkv, _) = qkv.as_chunks::<HEAD_DIM>();
    let (mixed, _) = mixed.as_chunks_mut::<HEAD_DIM>();
    for head in 0..of.heads {
        for token in 0..of.queries {
            let shares = of.shares_of(qkv, head, token);
            mixed[token * of.heads + head] = of.taken(qkv, head, &shares);
        }
    }
}

#[macerator::with_simd]
fn mix_few_backward<S: Simd>(
    of: &Heads,
    qkv: &[f32],
    grad: &[f32],
    mixed: &mut [f32],
    to_qkv: &mut [f32],
) {
    let (qkv, _) = qkv.as_chunks::<HEAD_DIM>();
    let (grad, _) = grad.as_chunks::<HEAD_DIM>();
    let (mixed, _) = mixed.as_chunks_mut::<HEAD_DIM>();
    let (to_qkv, _) = to_qkv.as_chunks_mut::<HEAD_DIM>();
    to_qkv.fill([0.0; HEAD_DIM]);
    for head in 0..of.heads {
        for token in 0..of.queries {
            let place = token * of.heads + head;
            let shares = of.shares_of(qkv, head, token);
            mixed[place] = of.taken(qkv, head, &shares);
            let grad = &grad[place];
            let mut grads = [0.0; FEW];
            for (other, value) in grads.iter_mut().take(of.tokens).enumerate() {
                *value = dot(grad, &qkv[of.at(head, other) + 2 * of.heads]);
            }
            softmax_backward(&shares, &mut grads, FEW);
            let query = of.at(head, token);
            let mut to_query = [0.0; HEAD_DIM];
            for other in 0..of.tokens {
                let key = of.at(head, other) + of.heads;
                add_scaled(&mut to_query, grads[other], &qkv[key]);
                add_scaled(&mut to_qkv[key], grads[other], &qkv[query]);
                add_scaled(&mut to_qkv[key + of.heads], shares[other], grad);
            }
            to_qkv[query] = to_query;
        }
    }
}
