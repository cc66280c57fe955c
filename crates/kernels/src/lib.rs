//! The layers of the transformer on the CPU, forwards and backwards, convolutions of sound, and products of matrices, on plain
//! row-major slices.
//!
//! A crate of its own for one reason: it must be optimised even where the rest is built quickly for tests. It knows
//! nothing of tensors; `mynascope-encoder` and `mynascope-probe` call it.
//!
//! How it gets its speed (shares measured on two cores of a Zen 5, tiny hybrid encoder): taken apart into tensor
//! operations, 70 % of a training step and of embedding went into what lies between the products, on one thread and through
//! main memory: erf by libm, permuting copies, bias sums, LayerNorm, fresh pages. Here one call does a whole half of a
//! layer. Rows are cut into tiles that stay in a core's cache from the norm to the sum with the input; tiles are spread
//! over threads; the products inside are the `gemm` crate's, one thread each. Backwards, what is cheap is computed again
//! from the input (norm, activation, attention), so that a layer keeps its queries, keys and values and the
//! hidden values before the activation, and nothing else.
//!
//! Sums over rows are taken tile by tile in their order, and tiles do not depend on the number of threads.

// Tests may unwrap, index and panic: a failing test is what those are for.
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

mod adam;
mod attention;
mod convolution;
mod factor;
mod feed_forward;
mod linear;
mod narrow;
mod norm;
mod panels;
mod product;
mod scratch;
mod simd;

pub use adam::{Adam, sum_of_squares};
pub use attention::{Attention, AttentionGradients, HEAD_DIM, attention, attention_backward};
pub use convolution::{Convolution, ConvolutionGradients, convolution_backward, convolve};
pub use feed_forward::{FeedForward, FeedForwardGradients, feed_forward, feed_forward_backward};
pub use linear::{LinearGradients, linear, linear_backward, linear_gelu, linear_gelu_backward};
pub use narrow::{Precision, Tiles, Unit, peak_rate};
pub use norm::{Norm, NormGradients, NormOrder, norm, norm_backward};
pub use product::{Matrix, products};

/// Rows of a tile, about: a multiple of six, which is what the products like.
const TILE_ROWS: usize = 96;

/// The sum of rows of equal length, in their order.
fn sum_of_rows(rows: impl IntoIterator<Item = Vec<f32>>, length: usize) -> Vec<f32> {
    let mut sum = vec![0.0; length];
    for row in rows {
        for (sum, value) in sum.iter_mut().zip(row) {
            *sum += value;
        }
    }
    sum
}
