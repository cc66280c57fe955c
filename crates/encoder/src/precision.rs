//! With which numbers an encoder multiplies matrices.

use burn::tensor::{DType, FloatDType, Tensor, backend::Backend};
use mynascope_base::named;
use mynascope_kernels as kernels;
use serde::{Deserialize, Serialize};

/// With which numbers the layers of an encoder multiply matrices, while it is trained (mixed precision, Micikevicius et al.
/// 2018) and while it embeds. Weights, gradients, moments, sums, norms, activations, attention's shares and losses stay in 32
/// bits.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 32 bits, as everything else.
    #[default]
    F32,
    /// The range of 32 bits with 8 bits of precision.
    Bf16,
    /// 11 bits of precision in a small range: gradients are enlarged meanwhile.
    F16,
    /// Whole numbers of 8 bits, with a scale for each output of a layer and each token; attention is bf16. For embedding only.
    Int8,
}

impl Precision {
    /// All, in the order in which they are offered.
    pub const ALL: [Self; 4] = [Self::F32, Self::Bf16, Self::F16, Self::Int8];

    /// Whether it is 32 bits.
    pub fn is_f32(&self) -> bool {
        *self == Self::F32
    }

    /// In which of them encoders can embed on the CPU of this machine, 32 bits first.
    pub fn on_cpu() -> Vec<Self> {
        let all = Self::ALL.into_iter();
        all.filter(|precision| precision.problem_on_cpu().is_none())
            .collect()
    }

    /// What the CPU's kernels call it; `None` of what they don't know.
    pub(super) fn of_kernels(self) -> Option<kernels::Precision> {
        let precision = match self {
            Self::F32 => kernels::Precision::F32,
            Self::Bf16 => kernels::Precision::Bf16,
            Self::Int8 => kernels::Precision::Int8,
            Self::F16 => return None,
        };
        precision.is_here().then_some(precision)
    }

    /// Why the CPU does not compute so; `None` if it does.
    pub fn problem_on_cpu(self) -> Option<&'static str> {
        match self {
            _ if self.of_kernels().is_some() => None,
            Self::F16 => {
                Some("a CPU is faster with 32 bits, or with bf16 where it has instructions for it")
            }
            _ => Some(
                "this processor has no instructions for such products (AMX, or AVX-512 with BF16 and VNNI)",
            ),
        }
    }

    fn half(self) -> Option<(FloatDType, DType)> {
        match self {
            Self::F32 | Self::Int8 => None,
            Self::Bf16 => Some((FloatDType::BF16, DType::BF16)),
            Self::F16 => Some((FloatDType::F16, DType::F16)),
        }
    }

    /// Whether a device of a backend can compute so.
    pub(super) fn is_known_to<B: Backend>(self, device: &B::Device) -> bool {
        match self.half() {
            Some((_, kind)) => B::supports_dtype(device, kind),
            None => self.is_f32(),
        }
    }

    /// [rows, in] times [in, out], from and to 32 bits.
    pub(super) fn product<B: Backend>(self, x: Tensor<B, 2>, weight: Tensor<B, 2>) -> Tensor<B, 2> {
        match self.half() {
            None => x.matmul(weight),
            Some((half, _)) => x.cast(half).matmul(weight.cast(half)).cast(FloatDType::F32),
        }
    }
}

/// Billions of operations a second that the CPU reaches at best in these numbers, on all threads, from registers: a loop of a
/// twentieth of a second. `None` where it has no instructions for them.
pub fn peak_rate(precision: Precision) -> Option<f64> {
    precision.of_kernels().and_then(kernels::peak_rate)
}

named!(
    Precision,
    "precision",
    Precision::F32 => "f32",
    Precision::Bf16 => "bf16",
    Precision::F16 => "f16",
    Precision::Int8 => "int8",
);
