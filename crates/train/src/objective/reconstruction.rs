//! The masked autoencoder's loss (He et al. 2022), as Myna's ablation has it: mean squared error between the decoder's
//! output and log(1 + power) of the patches that the encoder did not see.

use burn::tensor::{Tensor, TensorData, backend::Backend};

use mynascope_encoder::numbers;
use mynascope_spectrum::tokens::PATCH_VALUES;

/// What a decoder should have said.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct PatchTargets {
    /// log(1 + power) of every patch, [windows * tokens, 256] row-major.
    pub values: Vec<f32>,
    /// 1 for a patch that was hidden, [windows * tokens].
    pub hidden: Vec<f32>,
}

/// Loss, and gradient of the output, [windows * tokens, 256].
pub(crate) fn reconstruction<B: Backend>(
    output: Tensor<B, 2>,
    targets: &PatchTargets,
) -> Result<(f64, Tensor<B, 2>), String> {
    let device = output.device();
    let rows = targets.hidden.len();
    let hidden: f64 = targets.hidden.iter().map(|&flag| f64::from(flag)).sum();
    let count = hidden.max(1.0) * PATCH_VALUES as f64;
    let upload = |values: &[f32], width: usize| {
        Tensor::<B, 2>::from_data(TensorData::new(values.to_vec(), [rows, width]), &device)
    };
    let error = (output - upload(&targets.values, PATCH_VALUES)) * upload(&targets.hidden, 1);
    let squares = (error.clone() * error.clone()).sum_dim(1);
    let loss: f64 = numbers(squares)?.into_iter().map(f64::from).sum::<f64>() / count;
    Ok((loss, error.mul_scalar(2.0 / count)))
}
