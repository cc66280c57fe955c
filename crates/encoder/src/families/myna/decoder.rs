//! The decoder of the masked autoencoder that Myna's paper compares with: a learned token at every hidden place, some
//! layers of the encoder's width, and a linear layer to the patch.

use burn::tensor::{Int, Tensor, TensorData, backend::Backend};

use super::{MynaConfig, network::take_blocks};
use crate::{
    blocks::{Block, Linear, Norm, TensorSource, transform},
    kernels::{Kernels, NORM_EPSILON},
};

#[derive(Debug, Clone)]
pub(super) struct Decoder<B: Backend> {
    /// [dim].
    mask_token: Tensor<B, 1>,
    blocks: Vec<Block<B>>,
    norm: Norm<B>,
    output_norm: Norm<B>,
    output: Linear<B>,
}

impl<B: Kernels> Decoder<B> {
    /// Takes its parameters in the order of the layout.
    pub fn take(
        take: &mut impl TensorSource<B>,
        config: &MynaConfig,
        layers: usize,
    ) -> Option<Self> {
        Some(Self {
            mask_token: take.vector()?,
            blocks: take_blocks(take, config, layers)?,
            norm: take.norm(NORM_EPSILON)?,
            output_norm: take.norm(NORM_EPSILON)?,
            output: take.linear(config.dim)?,
        })
    }

    /// Encoded kept tokens [windows * kept, dim] -> all patches [windows * places, 256]. Only hidden places get a
    /// position here; the encoder has given the kept ones theirs.
    pub fn forward(
        &self,
        encoded: Tensor<B, 2>,
        kept: &[Vec<usize>],
        positions: Tensor<B, 2>,
    ) -> Tensor<B, 2> {
        let ([places, _], [encoded_rows, _]) = (positions.dims(), encoded.dims());
        let hidden = positions + self.mask_token.clone().unsqueeze();
        let source = Tensor::cat(vec![encoded, hidden], 0);
        let mut rows: Vec<i64> = Vec::with_capacity(kept.len() * places);
        let mut next = 0_i64;
        for kept in kept {
            let start = rows.len();
            rows.extend((0..places).map(|place| (encoded_rows + place) as i64));
            for &place in kept {
                if let Some(row) = rows.get_mut(start + place) {
                    *row = next;
                }
                next += 1;
            }
        }
        let count = rows.len();
        let rows = Tensor::<B, 1, Int>::from_data(TensorData::new(rows, [count]), &source.device());
        let [_, dim] = source.dims();
        let x = source.select(0, rows).reshape([kept.len(), places, dim]);
        let x = transform(&self.blocks, x, &mut |_, _| ()).reshape([count, dim]);
        self.output
            .forward(self.output_norm.forward(self.norm.forward(x)))
    }
}
