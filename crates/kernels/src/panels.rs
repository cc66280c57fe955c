//! Weights laid out for products with many rows.
//!
//! The columns of a weight [inputs, outputs] are cut into panels of 64, the width that the product's innermost loop takes at
//! once, and each panel lies in one piece: it is read from its beginning to its end, never by rows that are pages apart.
//! A weight is laid out once a call and shared by all tiles of rows and all threads. In narrow numbers the layout is that of
//! [`Tiles`] instead.

// Panels, blocks and rows are counted out from sizes that are checked where they come in.
#![allow(clippy::indexing_slicing)]

use rayon::prelude::*;

use crate::{
    narrow::{Precision, Tiles},
    product::{Into, Matrix, multiply_strided},
    scratch::{give_back, take_buffer},
};

/// Rows of a tile at most: with more, tile and panel don't stay in the second cache; with fewer, a weight is read from memory
/// too often.
const TILE: usize = 192;
/// Rows that the product's innermost loop takes at once.
const ROW_STEP: usize = 6;
/// The same of narrow numbers.
const NARROW_STEP: usize = 32;
/// Columns of a panel.
const WIDTH: usize = 64;
/// Rows that are multiplied with a panel at once: as many as are read in place.
const ROWS: usize = 48;
/// Most inputs that are summed in registers before the sum goes to memory; a panel of them stays in the second cache.
const DEPTH: usize = 512;

/// A weight [inputs, outputs], laid out.
pub struct Panels {
    /// In narrow numbers; then there are no values.
    tiles: Option<Tiles>,
    values: Vec<f32>,
    inputs: usize,
    outputs: usize,
}

/// Rows of a tile where each of `groups` has so many `rows` and no tile reaches over two: as many tiles for every thread.
pub fn tile_rows(rows: usize, groups: usize, precision: Precision) -> usize {
    let step = match precision {
        Precision::F32 => ROW_STEP,
        Precision::Bf16 | Precision::Int8 => NARROW_STEP,
    };
    let threads = rayon::current_num_threads().div_ceil(groups.max(1));
    let tiles = rows.div_ceil(TILE).next_multiple_of(threads.max(1));
    let length = rows.div_ceil(tiles.max(1)).max(1);
    length.next_multiple_of(step)
}

/// Parts of about equal length, a multiple of `step` and at most `most`: (start, length).
fn parts(whole: usize, most: usize, step: usize) -> impl Iterator<Item = (usize, usize)> {
    let length = whole.div_ceil(whole.div_ceil(most).max(1)).max(1);
    let length = length.next_multiple_of(step);
    (0..whole)
        .step_by(length)
        .map(move |start| (start, length.min(whole - start)))
}

/// The inputs of a product in the parts that are summed one after the other: (start, length).
pub fn depth_parts(inputs: usize) -> impl Iterator<Item = (usize, usize)> {
    parts(inputs, DEPTH, 1)
}

/// As [`depth_parts`] of the columns of a weight, in whole panels.
pub fn column_parts(outputs: usize) -> impl Iterator<Item = (usize, usize)> {
    parts(outputs, DEPTH, WIDTH)
}

impl Panels {
    /// Lays out a row-major weight on all threads.
    pub fn new(weight: &[f32], outputs: usize, precision: Precision) -> Self {
        let outputs = outputs.max(1);
        let inputs = weight.len() / outputs;
        if let Some(tiles) = Tiles::new(Matrix::new(weight, outputs), precision, true) {
            return Self {
                tiles: Some(tiles),
                values: Vec::new(),
                inputs,
                outputs,
            };
        }
        let mut values = take_buffer(inputs * outputs);
        let full = (WIDTH * inputs).max(1);
        values
            .par_chunks_mut(full)
            .enumerate()
            .for_each(|(index, panel)| {
                let first = index * WIDTH;
                let width = WIDTH.min(outputs - first);
                let rows = weight.chunks_exact(outputs);
                for (to, from) in panel.chunks_exact_mut(width).zip(rows) {
                    to.copy_from_slice(&from[first..first + width]);
                }
            });
        Self {
            tiles: None,
            values,
            inputs,
            outputs,
        }
    }

    /// Multiplies rows `x` [rows, inputs] with all columns, on this thread: `out` is [rows, outputs].
    pub fn multiply(&self, x: &[f32], out: &mut [f32], into: Into) {
        self.multiply_columns(x, (0, self.outputs), out, into);
    }

    /// As [`Self::multiply`] with some columns (first, count): whole panels, as [`column_parts`] gives them.
    pub fn multiply_columns(
        &self,
        x: &[f32],
        columns: (usize, usize),
        out: &mut [f32],
        into: Into,
    ) {
        let rows = x.len() / self.inputs.max(1);
        self.multiply_rows(x, (rows, self.inputs), columns, out, into);
    }

    /// Multiplies so many rows that begin `stride` numbers apart and may overlap with all columns.
    pub fn multiply_strided(&self, x: &[f32], rows: (usize, usize), out: &mut [f32], into: Into) {
        self.multiply_rows(x, rows, (0, self.outputs), out, into);
    }

    fn multiply_rows(
        &self,
        x: &[f32],
        (rows, stride): (usize, usize),
        columns: (usize, usize),
        out: &mut [f32],
        mut into: Into,
    ) {
        if let Some(tiles) = &self.tiles {
            let x = Matrix::strided(x, rows, self.inputs, stride);
            return tiles.multiply(x, 0, columns, out, columns.1, into);
        }
        for (start, length) in depth_parts(self.inputs) {
            let x = Matrix::strided(&x[start..], rows, length, stride);
            self.multiply_part(x, (start, length), columns, out, into);
            into = Into::Add;
        }
    }

    /// Multiplies the part of a row that meets the inputs from `start` on, `x` [rows, length], with some columns (first,
    /// count): `out` is [rows, count].
    pub fn multiply_part(
        &self,
        x: Matrix<'_>,
        (start, length): (usize, usize),
        (first, count): (usize, usize),
        out: &mut [f32],
        into: Into,
    ) {
        if let Some(tiles) = &self.tiles {
            return tiles.multiply(x, start, (first, count), out, count, into);
        }
        for column in (first..first + count).step_by(WIDTH) {
            // The last panel of a weight may be narrower than its place suggests.
            let width = WIDTH.min(self.outputs - column);
            let panel = &self.values[column * self.inputs + start * width..][..length * width];
            let panel = Matrix::new(panel, width);
            for (row, rows) in parts(x.rows(), ROWS, ROW_STEP) {
                let block = x.some_rows(row, rows);
                let at = row * count + column - first;
                multiply_strided(block, panel, &mut out[at..], count, into);
            }
        }
    }
}

/// The next weight of the same size takes its place.
impl Drop for Panels {
    fn drop(&mut self) {
        give_back([std::mem::take(&mut self.values)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(count: usize) -> Vec<f32> {
        (0..count)
            .map(|n| ((n * 37 + n / 7) % 19) as f32 - 9.0)
            .collect()
    }

    /// Small whole numbers: every order of sums is exact.
    fn plain(x: &[f32], weight: &[f32], inputs: usize, outputs: usize) -> Vec<f32> {
        let rows = x.chunks_exact(inputs);
        rows.flat_map(|row| {
            (0..outputs).map(move |column| {
                let weights = weight.iter().skip(column).step_by(outputs);
                row.iter().zip(weights).map(|(x, weight)| x * weight).sum()
            })
        })
        .collect()
    }

    #[test]
    fn panels_multiply_as_the_weight_itself_whatever_its_sizes() {
        for (rows, inputs, outputs) in [(1, 1, 1), (50, 70, 64), (97, 600, 200), (3, 1100, 65)] {
            let (x, weight) = (numbers(rows * inputs), numbers(inputs * outputs));
            let panels = Panels::new(&weight, outputs, Precision::F32);
            let mut out = vec![1.0; rows * outputs];
            panels.multiply(&x, &mut out, Into::Replace);
            let expected = plain(&x, &weight, inputs, outputs);
            assert_eq!(out, expected);
            panels.multiply(&x, &mut out, Into::Add);
            assert!(
                out.iter()
                    .zip(&expected)
                    .all(|(out, once)| *out == 2.0 * once)
            );
        }
    }

    #[test]
    fn some_columns_are_multiplied_alone() {
        let (x, weight) = (numbers(5 * 10), numbers(10 * 200));
        let panels = Panels::new(&weight, 200, Precision::F32);
        let all = plain(&x, &weight, 10, 200);
        let mut out = vec![0.0; 5 * 72];
        panels.multiply_part(
            Matrix::new(&x, 10),
            (0, 10),
            (128, 72),
            &mut out,
            Into::Replace,
        );
        let expected = all.chunks_exact(200).flat_map(|row| row[128..].to_vec());
        assert!(out.into_iter().eq(expected));
    }

    #[test]
    fn inputs_are_cut_into_equal_parts() {
        let parts_of = |inputs| depth_parts(inputs).collect::<Vec<_>>();
        assert_eq!(parts_of(192), [(0, 192)]);
        assert_eq!(parts_of(768), [(0, 384), (384, 384)]);
        assert_eq!(parts_of(1025), [(0, 342), (342, 342), (684, 341)]);
        assert_eq!(parts_of(0), []);
        let columns: Vec<_> = column_parts(1100).collect();
        let many = rayon::current_num_threads();
        assert!(
            [1, 5, 97, 1685]
                .iter()
                .all(|&rows| tile_rows(rows, 1, Precision::F32).is_multiple_of(6))
        );
        assert!(tile_rows(1685, 1, Precision::F32) <= 192 + 6);
        assert_eq!(tile_rows(192, many, Precision::Bf16) % 32, 0);
        assert_eq!(tile_rows(97, many, Precision::F32), 102);
        assert_eq!(columns, [(0, 384), (384, 384), (768, 332)]);
    }
}
