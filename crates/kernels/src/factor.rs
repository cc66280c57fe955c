//! The right factor of products with many tiles of rows, in the numbers that a layer multiplies in.

use rayon::prelude::*;

use crate::{
    TILE_ROWS,
    narrow::{Precision, Tiles},
    product::{Into, Matrix, multiply_strided, multiply_wide},
};

/// A right factor [inputs, outputs].
pub enum Factor<'a> {
    /// In 32 bits, where it lies.
    Plain(Matrix<'a>),
    /// In fewer bits.
    Narrow(Tiles),
}

impl<'a> Factor<'a> {
    /// Lays it out, on all threads. In 32 bits where the processor has nothing for others.
    pub fn new(matrix: Matrix<'a>, precision: Precision) -> Self {
        Self::laid(matrix, precision, true)
    }

    /// As [`Self::new`], on this thread.
    pub fn on_this_thread(matrix: Matrix<'a>, precision: Precision) -> Self {
        Self::laid(matrix, precision, false)
    }

    fn laid(matrix: Matrix<'a>, precision: Precision, wide: bool) -> Self {
        match Tiles::new(matrix, precision, wide) {
            Some(tiles) => Self::Narrow(tiles),
            None => Self::Plain(matrix),
        }
    }

    /// `out = a b`, or `out += a b`, on this thread; rows one behind the other.
    pub fn multiply(&self, a: Matrix<'_>, out: &mut [f32], into: Into) {
        let outputs = match self {
            Self::Plain(matrix) => matrix.columns(),
            Self::Narrow(tiles) => tiles.outputs(),
        };
        self.multiply_strided(a, out, outputs, into);
    }

    /// The same; rows of `out` begin `stride` numbers apart.
    pub fn multiply_strided(&self, a: Matrix<'_>, out: &mut [f32], stride: usize, into: Into) {
        match self {
            Self::Plain(matrix) => multiply_strided(a, *matrix, out, stride, into),
            Self::Narrow(tiles) => tiles.multiply(a, 0, (0, tiles.outputs()), out, stride, into),
        }
    }
}

/// `a b` on all threads, in narrow numbers where `precision` says so.
pub fn multiply_wide_in(precision: Precision, a: Matrix<'_>, b: Matrix<'_>) -> Vec<f32> {
    let Some(tiles) = Tiles::new(b, precision, true) else {
        return multiply_wide(a, b);
    };
    let outputs = b.columns();
    let mut out = vec![0.0; a.rows() * outputs];
    // A multiple of the rows that are multiplied at once.
    out.par_chunks_mut((TILE_ROWS * outputs).max(1))
        .enumerate()
        .for_each(|(tile, out)| {
            let a = a.some_rows(tile * TILE_ROWS, TILE_ROWS);
            tiles.multiply(a, 0, (0, outputs), out, outputs, Into::Replace);
        });
    out
}
