//! With which numbers training multiplies matrices.

use burn::tensor::{DType, FloatDType, Tensor, backend::Backend};
use mynascope_base::named;
use serde::{Deserialize, Serialize};

/// With which numbers the layers of an encoder multiply matrices while it is trained (mixed precision, Micikevicius et al.
/// 2018). Weights, gradients, moments, norms, attention's weights and losses stay in 32 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 32 bits, as everything else.
    #[default]
    F32,
    /// The range of 32 bits with 8 bits of precision.
    Bf16,
    /// 11 bits of precision in a small range: gradients are enlarged meanwhile.
    F16,
}

impl Precision {
    /// All, in the order in which they are offered.
    pub const ALL: [Self; 3] = [Self::F32, Self::Bf16, Self::F16];

    fn half(self) -> Option<(FloatDType, DType)> {
        match self {
            Self::F32 => None,
            Self::Bf16 => Some((FloatDType::BF16, DType::BF16)),
            Self::F16 => Some((FloatDType::F16, DType::F16)),
        }
    }

    /// Whether a device of a backend can compute so.
    pub(super) fn is_known_to<B: Backend>(self, device: &B::Device) -> bool {
        self.half()
            .is_none_or(|(_, kind)| B::supports_dtype(device, kind))
    }

    /// [rows, in] times [in, out], from and to 32 bits.
    pub(super) fn product<B: Backend>(self, x: Tensor<B, 2>, weight: Tensor<B, 2>) -> Tensor<B, 2> {
        match self.half() {
            None => x.matmul(weight),
            Some((half, _)) => x.cast(half).matmul(weight.cast(half)).cast(FloatDType::F32),
        }
    }
}

named!(
    Precision,
    "precision",
    Precision::F32 => "f32",
    Precision::Bf16 => "bf16",
    Precision::F16 => "f16",
);
