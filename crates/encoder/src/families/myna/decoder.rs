//! The decoder of the masked autoencoder that Myna's paper compares with: a learned token at every hidden place, some
//! layers of the encoder's width, and a linear layer to the patch.

use burn::tensor::{Int, Tensor, TensorData, backend::Backend};

use super::network::{Layer, Linear, Norm, ParameterReader};
use crate::{Precision, kernels::Kernels, weights::Parameter};

#[derive(Debug, Clone)]
pub(super) struct Decoder<B: Backend> {
    heads: usize,
    /// [dim].
    mask_token: Tensor<B, 1>,
    layers: Vec<Layer<B>>,
    norm: Norm<B>,
    output_norm: Norm<B>,
    output: Linear<B>,
}

impl<B: Kernels> Decoder<B> {
    /// Takes its parameters in the order of the layout.
    pub fn take<I: Iterator<Item = Parameter<B>>>(
        take: &mut ParameterReader<I>,
        heads: usize,
        layers: usize,
    ) -> Option<Self> {
        Some(Self {
            heads,
            mask_token: take.vector()?,
            layers: take.layers(layers)?,
            norm: take.norm()?,
            output_norm: take.norm()?,
            output: take.linear()?,
        })
    }

    /// Encoded kept tokens [windows * kept, dim] -> all patches [windows * places, 256]. Only hidden places get a
    /// position here; the encoder has given the kept ones theirs.
    pub fn forward(
        &self,
        encoded: Tensor<B, 2>,
        kept: &[Vec<usize>],
        positions: Tensor<B, 2>,
        precision: Precision,
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
        let mut x = source.select(0, rows);
        for layer in &self.layers {
            x = layer.forward(x, places, self.heads, precision);
        }
        let x = self.output_norm.forward(self.norm.forward(x));
        self.output.forward(x, precision)
    }
}
