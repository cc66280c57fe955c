//! Products of narrow numbers: bf16 (the range of 32 bits with 8 bits of precision) and int8, summed in 32 bits.
//!
//! The right factor is laid out once, in tiles of 16 columns and 64 bytes of each column's inputs: what both the matrix unit
//! of Intel's processors (AMX) and the dot products of AVX-512 read. Rows of the left factor are converted as they come, on
//! the thread that multiplies them. Sums go over the inputs in their order, whatever the number of threads.
//!
//! int8 needs no calibration: each column of the right factor and each row of the left one is divided by its largest
//! number over 127 (symmetric quantisation, as in Dettmers et al. 2022, "LLM.int8()", without its outliers).

mod amx;
mod left;
mod peak;
mod right;
#[cfg(test)]
mod tests;
mod vectors;

use std::sync::OnceLock;

pub use peak::peak_rate;
pub use right::Tiles;

/// Numbers in which factors of products are held; sums, norms, softmax and activations are of 32 bits in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Precision {
    /// 32 bits.
    #[default]
    F32,
    /// Eight bits of precision in the range of 32 bits.
    Bf16,
    /// Whole numbers from -127 to 127, with a scale for each row and column; for weights. What is multiplied between
    /// activations, in attention, is bf16.
    Int8,
}

/// What multiplies narrow numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// The matrix unit of Intel's processors.
    Amx,
    /// Dot products of AVX-512: BF16 and VNNI.
    Vectors,
}

impl Precision {
    /// What this processor multiplies such numbers with; `None` for 32 bits, and where it has nothing for them.
    pub fn unit(self) -> Option<Unit> {
        static UNIT: OnceLock<Option<Unit>> = OnceLock::new();
        let unit = || {
            if amx::is_here() {
                return Some(Unit::Amx);
            }
            vectors::are_here().then_some(Unit::Vectors)
        };
        match self {
            Self::F32 => None,
            Self::Bf16 | Self::Int8 => *UNIT.get_or_init(unit),
        }
    }

    /// Whether this processor computes so.
    pub fn is_here(self) -> bool {
        self == Self::F32 || self.unit().is_some()
    }

    /// The precision of products between activations.
    pub(crate) fn between_activations(self) -> Self {
        match self {
            Self::F32 => Self::F32,
            Self::Bf16 | Self::Int8 => Self::Bf16,
        }
    }
}

/// 64 bytes, as one row of a tile.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
struct Line([u32; 16]);

const ZERO: Line = Line([0; 16]);
/// Rows of a tile, of either factor.
const TILE: usize = 16;
/// Rows and columns that are multiplied at once: two tiles each way.
const BLOCK: usize = 2 * TILE;

/// Inputs that lie in a line.
fn inputs_of_line(precision: Precision) -> usize {
    match precision {
        Precision::Int8 => 64,
        Precision::F32 | Precision::Bf16 => 32,
    }
}

/// A block of sums: of f32, or of whole numbers that lie in the same places.
#[repr(C, align(64))]
struct Sums([f32; BLOCK * BLOCK]);

/// Rounds to bf16, ties to even; infinities and NaN stay what they are.
#[inline(always)]
fn to_bf16(value: f32) -> u32 {
    let bits = value.to_bits();
    let rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
    // A NaN whose kept bits are all zero would become an infinity.
    if value.is_nan() {
        (bits >> 16) | 0x40
    } else {
        rounded
    }
}
