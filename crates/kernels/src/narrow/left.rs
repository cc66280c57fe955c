//! The left factor: rows of 32 bits become rows of lines.

// Rows and lines are counted out from sizes that the caller has checked.
#![allow(clippy::indexing_slicing)]

use std::cell::RefCell;

use macerator::Simd;

use super::{BLOCK, Line, Precision, TILE, Unit, ZERO, inputs_of_line, to_bf16};
use crate::product::Matrix;

/// Rows [rows, inputs], converted; as many zero rows behind as fill the last block.
#[derive(Default)]
pub struct Left {
    lines: Vec<Line>,
    /// Of int8, what a row's numbers are to be multiplied with.
    pub scales: Vec<f32>,
    /// Lines from one row to the next: an odd number, so that rows don't fall on the same places of the cache.
    pub stride: usize,
    row: Vec<f32>,
}

thread_local! {
    static ROOM: RefCell<Left> = RefCell::new(Left::default());
}

impl Left {
    /// Converts rows and hands them on. Whole numbers come as `unit` wants them: the vectors' are 128 larger, without a sign.
    pub fn with<T>(
        a: Matrix<'_>,
        precision: Precision,
        unit: Unit,
        then: impl FnOnce(&Self) -> T,
    ) -> T {
        let signs = match unit {
            Unit::Amx => 0,
            Unit::Vectors => u32::from_ne_bytes([0x80; 4]),
        };
        ROOM.with_borrow_mut(|room| {
            room.fill(a, precision, signs);
            then(room)
        })
    }

    /// The lines from a row on.
    pub fn rows_from(&self, row: usize) -> &[Line] {
        &self.lines[row * self.stride..]
    }

    fn fill(&mut self, a: Matrix<'_>, precision: Precision, signs: u32) {
        let used = a.columns().div_ceil(inputs_of_line(precision));
        self.stride = used | 1;
        self.lines
            .resize(a.rows().next_multiple_of(BLOCK) * self.stride, ZERO);
        self.scales.clear();
        if precision == Precision::Bf16
            && let Some((values, apart)) = a.transposed().plain_rows()
            && a.plain_rows().is_none()
        {
            return self.fill_columns(values, apart, [a.rows(), a.columns()]);
        }
        let mut row_of = std::mem::take(&mut self.row);
        for (row, lines) in self.lines.chunks_exact_mut(self.stride).enumerate() {
            if row >= a.rows() {
                lines.fill(ZERO);
                continue;
            }
            let lines = &mut lines[..used];
            let values = a.row(row, &mut row_of);
            match precision {
                Precision::Int8 => {
                    let scale = scale_of(values);
                    self.scales.push(scale);
                    bytes(values, 1.0 / scale, signs, lines);
                }
                Precision::F32 | Precision::Bf16 => halves(values, lines),
            }
        }
        self.row = row_of;
    }

    /// Of rows whose numbers lie `apart` from each other: inputs are what lies in one piece.
    fn fill_columns(&mut self, values: &[f32], apart: usize, [rows, inputs]: [usize; 2]) {
        self.lines.fill(ZERO);
        for (chunk, first) in (0..inputs).step_by(32).enumerate() {
            for row in (0..rows).step_by(TILE) {
                let part = &values[first * apart + row..];
                let size = [TILE.min(rows - row), 32.min(inputs - first)];
                let lines = &mut self.lines[row * self.stride + chunk..];
                turn(part, apart, size, lines, self.stride);
            }
        }
    }
}

/// At most 16 rows of at most 32 inputs, which lie `apart` from each other, become the first lines of rows `stride` apart.
#[macerator::with_simd]
fn turn<S: Simd>(
    values: &[f32],
    apart: usize,
    size: [usize; 2],
    lines: &mut [Line],
    stride: usize,
) {
    let [rows, inputs] = size;
    let mut pairs = [[0_u32; TILE]; TILE];
    for (pair, slots) in pairs.iter_mut().enumerate().take(inputs.div_ceil(2)) {
        let low = &values[2 * pair * apart..][..rows];
        for (slot, low) in slots.iter_mut().zip(low) {
            *slot = to_bf16(*low);
        }
        if 2 * pair + 1 < inputs {
            let high = &values[(2 * pair + 1) * apart..][..rows];
            for (slot, high) in slots.iter_mut().zip(high) {
                *slot |= to_bf16(*high) << 16;
            }
        }
    }
    for row in 0..rows {
        let line = &mut lines[row * stride].0;
        for (slot, pair) in line.iter_mut().zip(&pairs) {
            *slot = pair[row];
        }
    }
}

/// What the numbers of a row are divided by, so that the largest becomes 127. NaN where one is NaN, infinite where one is:
/// what is multiplied with the row then is no number either.
pub fn scale_of(values: &[f32]) -> f32 {
    largest_size(values)
}

#[macerator::with_simd]
fn largest_size<S: Simd>(values: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; 16];
    let mut odd = [0.0_f32; 16];
    let (whole, rest) = values.as_chunks::<16>();
    for values in whole {
        for ((lane, odd), value) in lanes.iter_mut().zip(&mut odd).zip(values) {
            let size = value.abs();
            *lane = if size > *lane { size } else { *lane };
            // Zero times anything but a number is NaN.
            *odd += value * 0.0;
        }
    }
    for value in rest {
        lanes[0] = lanes[0].max(value.abs());
        odd[0] += value * 0.0;
    }
    let most = lanes.iter().fold(0.0, |most: f32, lane| most.max(*lane));
    let odd: f32 = odd.iter().sum();
    let scale = if most == 0.0 { 1.0 } else { most / 127.0 };
    scale + odd
}

/// Pairs of bf16, the first of a pair in the lower half; zeros behind the last.
#[macerator::with_simd]
fn halves<S: Simd>(values: &[f32], lines: &mut [Line]) {
    let (whole, rest) = values.as_chunks::<32>();
    for (values, line) in whole.iter().zip(lines.iter_mut()) {
        pairs(values, line);
    }
    if !rest.is_empty()
        && let Some(line) = lines.last_mut()
    {
        let mut last = [0.0; 32];
        last[..rest.len()].copy_from_slice(rest);
        pairs(&last, line);
    }
}

#[inline(always)]
pub fn pairs(values: &[f32; 32], line: &mut Line) {
    let (both, _) = values.as_chunks::<2>();
    for (slot, [low, high]) in line.0.iter_mut().zip(both) {
        *slot = to_bf16(*low) | (to_bf16(*high) << 16);
    }
}

/// Whole numbers, four to a slot, with these signs turned; zeros behind the last.
#[macerator::with_simd]
fn bytes<S: Simd>(values: &[f32], factor: f32, signs: u32, lines: &mut [Line]) {
    let (whole, rest) = values.as_chunks::<64>();
    for (values, line) in whole.iter().zip(lines.iter_mut()) {
        fours(values, factor, signs, line);
    }
    if !rest.is_empty()
        && let Some(line) = lines.last_mut()
    {
        let mut last = [0.0; 64];
        last[..rest.len()].copy_from_slice(rest);
        fours(&last, factor, signs, line);
    }
}

#[inline(always)]
fn fours(values: &[f32; 64], factor: f32, signs: u32, line: &mut Line) {
    let (all, _) = values.as_chunks::<4>();
    for (slot, four) in line.0.iter_mut().zip(all) {
        let byte = |at: usize| to_i8(four[at] * factor) << (8 * at);
        *slot = (byte(0) | byte(1) | byte(2) | byte(3)) ^ signs;
    }
}

/// The nearest whole number, ties to even, from -127 to 127; NaN is 0.
#[inline(always)]
pub fn to_i8(value: f32) -> u32 {
    // Adding it rounds to a whole number, which then lies in the lowest bits.
    const ROUND: f32 = 12_582_912.0;
    let near = if value.is_nan() {
        0.0
    } else {
        value.clamp(-127.0, 127.0)
    };
    (near + ROUND).to_bits() & 0xff
}
