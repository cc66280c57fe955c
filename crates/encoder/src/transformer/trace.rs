//! The same pass once more, with attention written out so that it can be looked at.

use burn::tensor::{
    Tensor,
    activation::{gelu, softmax},
};

use super::{Encoder, HostTokens, Kernels, Layer, numbers};
use crate::{Arithmetic, HEAD_DIM};

/// What happened to the tokens of one window.
pub struct Trace {
    /// For each layer [tokens, tokens] row-major: how much each token (row) takes from each (column), mean over heads.
    pub attention: Vec<Vec<f32>>,
    /// Tokens after the last norm, [tokens, dim] row-major. Their mean is the embedding.
    pub outputs: Vec<f32>,
}

/// Follows the tokens of one window of the encoder's `part`-th patch shape.
pub fn trace<B: Kernels>(
    encoder: &Encoder<B>,
    part: usize,
    tokens: HostTokens,
    device: &B::Device,
) -> Result<Trace, String> {
    let Some(embedder) = encoder.embedders.get(part) else {
        return Err("the encoder does not read patches of this shape".to_owned());
    };
    let batch = tokens.upload::<B>(encoder.dim, device);
    let tokens = batch.tokens;
    let mut x = embedder.forward(batch.patches, Arithmetic::F32) + batch.positions;
    let mut attention = Vec::with_capacity(encoder.layers.len());
    for layer in &encoder.layers {
        let (next, shares) = layer.traced(x, tokens, encoder.heads);
        attention.push(numbers(shares)?);
        x = next;
    }
    Ok(Trace {
        attention,
        outputs: numbers(encoder.norm.forward(x))?,
    })
}

impl<B: Kernels> Layer<B> {
    /// As `forward` for one window: [tokens, dim] -> [tokens, dim] and the attention, [tokens, tokens].
    fn traced(&self, x: Tensor<B, 2>, tokens: usize, heads: usize) -> (Tensor<B, 2>, Tensor<B, 2>) {
        let qkv = self
            .attention_norm
            .forward(x.clone())
            .matmul(self.to_qkv.clone());
        // [tokens, 3 * heads * 64] -> [3, heads, tokens, 64]
        let qkv = qkv
            .reshape([tokens, 3, heads, HEAD_DIM])
            .permute([1, 2, 0, 3]);
        let part = |index: usize| -> Tensor<B, 3> {
            qkv.clone()
                .narrow(0, index, 1)
                .reshape([heads, tokens, HEAD_DIM])
        };
        let scores = part(0).matmul(part(1).transpose());
        let shares = softmax(scores.div_scalar((HEAD_DIM as f64).sqrt()), 2);
        let mixed = shares.clone().matmul(part(2));
        let mixed = mixed.swap_dims(0, 1).reshape([tokens, heads * HEAD_DIM]);
        let x = x + mixed.matmul(self.to_out.clone());
        let hidden = gelu(
            self.widen
                .forward(self.feed_norm.forward(x.clone()), Arithmetic::F32),
        );
        let x = x + self.narrow.forward(hidden, Arithmetic::F32);
        (x, shares.mean_dim(0).reshape([tokens, tokens]))
    }
}
