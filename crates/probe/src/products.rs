//! Matrix products in single precision by the kernels that the encoder runs on: on two cores of a Zen 5 server 2.5
//! times as fast as those of `ndarray`.

use burn::{
    backend::flex::{Flex, FlexTensor},
    tensor::{TensorData, ops::FloatTensorOps},
};

/// Numbers with a shape; cloning shares them.
pub(super) fn tensor(values: Vec<f32>, shape: &[usize]) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape.to_vec()))
}

/// [.., m, k] x [.., k, n] -> [.., m, n]; leading axes of 1 are repeated.
pub(super) fn product(a: &FlexTensor, b: &FlexTensor) -> FlexTensor {
    Flex::float_matmul(a.clone(), b.clone())
}
