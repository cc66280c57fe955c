//! The right factor, laid out in tiles, and products with it.

// Blocks, tiles and lines are counted out from sizes that are checked where they come in.
#![allow(clippy::indexing_slicing)]

use macerator::Simd;
use rayon::prelude::*;

use super::{
    BLOCK, Line, Precision, Sums, TILE, Unit, ZERO, amx, inputs_of_line,
    left::{Left, scale_of, to_i8},
    to_bf16, vectors,
};
use crate::product::{Into, Matrix};

/// A right factor [inputs, outputs], laid out: blocks of 32 columns; of each, for every line of inputs, two tiles of 16 columns.
/// A tile is 16 lines of so many inputs as fill four bytes, a slot for each column.
pub struct Tiles {
    lines: Vec<Line>,
    inputs: usize,
    outputs: usize,
    precision: Precision,
    unit: Unit,
    /// Of int8: what the numbers of a column are to be multiplied with.
    scales: Vec<f32>,
    /// Of int8, for each block: the sums of the whole numbers of its columns that lie in front of each line, and of all.
    sums: Vec<[i32; BLOCK]>,
}

impl Tiles {
    /// Lays out a matrix, on all threads where `wide` says so. `None` where the processor has nothing for such numbers.
    pub fn new(matrix: Matrix<'_>, precision: Precision, wide: bool) -> Option<Self> {
        Self::for_unit(matrix, precision, wide, precision.unit()?)
    }

    pub(super) fn for_unit(
        matrix: Matrix<'_>,
        precision: Precision,
        wide: bool,
        unit: Unit,
    ) -> Option<Self> {
        let (inputs, outputs) = (matrix.rows(), matrix.columns());
        let depth = inputs_of_line(precision);
        let chunks = inputs.div_ceil(depth);
        let of_block = chunks * BLOCK;
        let mut lines = vec![ZERO; outputs.div_ceil(BLOCK) * of_block];
        let block_of = |(block, lines): (usize, &mut [Line])| {
            let first = block * BLOCK;
            let mut wholes = (precision == Precision::Int8).then(|| {
                let columns = BLOCK.min(outputs - first);
                Wholes::of(matrix.part((0, inputs), (first, columns)))
            });
            for (tile, lines) in lines.chunks_exact_mut(TILE).enumerate() {
                let (chunk, half) = (tile / 2, tile % 2);
                let first = first + half * TILE;
                let columns = TILE.min(outputs.saturating_sub(first));
                let rows = depth.min(inputs - chunk * depth);
                if half == 0
                    && let Some(wholes) = &mut wholes
                {
                    wholes.before.push(wholes.sums);
                }
                let part = matrix.part((chunk * depth, rows), (first, columns));
                let tile: &mut [Line; TILE] = match lines.try_into() {
                    Ok(tile) => tile,
                    Err(_) => continue,
                };
                match &mut wholes {
                    Some(wholes) => {
                        let columns = half * TILE..(half + 1) * TILE;
                        let factors = &wholes.factors[columns.clone()];
                        byte_tile(part, factors, &mut wholes.sums[columns], tile);
                    }
                    None => half_tile(part, tile),
                }
            }
            if let Some(wholes) = &mut wholes {
                wholes.before.push(wholes.sums);
            }
            wholes
        };
        let wholes: Vec<Option<Wholes>> = if wide {
            let blocks = lines.par_chunks_mut(of_block.max(1)).enumerate();
            blocks.map(block_of).collect()
        } else {
            let blocks = lines.chunks_mut(of_block.max(1)).enumerate();
            blocks.map(block_of).collect()
        };
        let wholes = wholes.iter().flatten();
        Some(Self {
            scales: wholes.clone().flat_map(|wholes| wholes.scales).collect(),
            sums: wholes
                .flat_map(|wholes| wholes.before.iter().copied())
                .collect(),
            lines,
            inputs,
            outputs,
            precision,
            unit,
        })
    }

    /// Columns.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// `out = a b` or `out += a b`, on this thread, of rows `a` [rows, length] that meet the inputs from `start` on, and of some
    /// columns (first, count); `start` and `first` fall on lines and blocks. Rows of `out` begin `stride` numbers apart.
    pub fn multiply(
        &self,
        a: Matrix<'_>,
        start: usize,
        (first, count): (usize, usize),
        out: &mut [f32],
        stride: usize,
        into: Into,
    ) {
        let depth = inputs_of_line(self.precision);
        let rows = a.rows();
        assert!(
            start.is_multiple_of(depth) && first.is_multiple_of(BLOCK),
            "parts of laid out factors begin with a line and a block"
        );
        assert!(
            start + a.columns() <= self.inputs && first + count <= self.outputs,
            "the part lies inside its factor"
        );
        if rows == 0 || count == 0 {
            return;
        }
        assert!(
            stride >= count && (rows - 1) * stride + count <= out.len(),
            "the product fits its target"
        );
        let chunks = a.columns().div_ceil(depth);
        let lines_of_all = self.inputs.div_ceil(depth);
        let of_block = lines_of_all * BLOCK;
        Left::with(a, self.precision, self.unit, |left| {
            let session = (self.unit == Unit::Amx).then(amx::Session::begin);
            let mut sums = Sums([0.0; BLOCK * BLOCK]);
            for column in (0..count).step_by(BLOCK) {
                let block = (first + column) / BLOCK;
                let b = &self.lines[block * of_block + start / depth * BLOCK..][..chunks * BLOCK];
                let columns = BLOCK.min(count - column);
                for row in (0..rows).step_by(BLOCK) {
                    let height = BLOCK.min(rows - row);
                    let a = &left.rows_from(row)[..(BLOCK - 1) * left.stride + chunks];
                    let whole = height == BLOCK && columns == BLOCK;
                    let at = row * stride + column;
                    if let Some(session) = &session
                        && whole
                        && self.precision == Precision::Bf16
                    {
                        let target = (&mut out[at..], stride);
                        session.halves_into(a, left.stride, b, target, into == Into::Add);
                        continue;
                    }
                    match (&session, self.precision) {
                        (Some(session), Precision::Int8) => {
                            session.bytes(a, left.stride, b, height > TILE, &mut sums);
                        }
                        (Some(session), _) => {
                            session.halves(a, left.stride, b, height > TILE, &mut sums);
                        }
                        (None, Precision::Int8) => {
                            let before = &self.sums[block * (lines_of_all + 1)..];
                            let (from, to) =
                                (before[start / depth], before[start / depth + chunks]);
                            let of_columns: [i32; BLOCK] =
                                std::array::from_fn(|column| to[column] - from[column]);
                            vectors::bytes(a, left.stride, b, height, &of_columns, &mut sums);
                        }
                        (None, _) => vectors::halves(a, left.stride, b, height, &mut sums),
                    }
                    let target = &mut out[at..];
                    let size = (height, columns);
                    if self.precision == Precision::Int8 {
                        let of_rows = &left.scales[row..][..height];
                        let of_columns = &self.scales[block * BLOCK..][..columns];
                        put_scaled(&sums, of_rows, of_columns, target, stride, into);
                    } else {
                        put(&sums, size, target, stride, into);
                    }
                }
            }
        });
    }
}

/// The columns of a block of int8.
#[derive(Debug)]
struct Wholes {
    /// What their numbers are to be multiplied with, and one over it.
    scales: [f32; BLOCK],
    factors: [f32; BLOCK],
    /// Sums of their whole numbers so far, and what they were in front of each line.
    sums: [i32; BLOCK],
    before: Vec<[i32; BLOCK]>,
}

impl Wholes {
    fn of(columns: Matrix<'_>) -> Self {
        let mut scales = [1.0; BLOCK];
        match columns.plain_rows() {
            Some((values, apart)) => {
                let size = [columns.rows(), columns.columns()];
                scales_of_columns(values, apart, size, &mut scales);
            }
            None => {
                let mut room = Vec::new();
                for (column, scale) in scales.iter_mut().enumerate().take(columns.columns()) {
                    *scale = scale_of(columns.transposed().row(column, &mut room));
                }
            }
        }
        Self {
            scales,
            factors: scales.map(|scale| 1.0 / scale),
            sums: [0; BLOCK],
            before: Vec::new(),
        }
    }
}

/// As [`scale_of`] of each of at most 32 columns.
#[macerator::with_simd]
fn scales_of_columns<S: Simd>(
    values: &[f32],
    apart: usize,
    size: [usize; 2],
    scales: &mut [f32; BLOCK],
) {
    let [rows, columns] = size;
    let (mut most, mut odd) = ([0.0_f32; BLOCK], [0.0_f32; BLOCK]);
    for row in 0..rows {
        let row = &values[row * apart..][..columns];
        for ((most, odd), value) in most.iter_mut().zip(&mut odd).zip(row) {
            let size = value.abs();
            *most = if size > *most { size } else { *most };
            // Zero times anything but a number is NaN.
            *odd += value * 0.0;
        }
    }
    for ((scale, most), odd) in scales.iter_mut().zip(most).zip(odd) {
        *scale = odd + if most == 0.0 { 1.0 } else { most / 127.0 };
    }
}

/// A part [at most 32, at most 16] of a matrix as a tile.
fn half_tile(part: Matrix<'_>, tile: &mut [Line; TILE]) {
    let size = [part.rows(), part.columns()];
    if size.contains(&0) {
        return tile.fill(ZERO);
    }
    if let Some((values, apart)) = part.plain_rows() {
        return half_tile_of_rows(values, apart, size, tile);
    }
    let (values, apart) = part.transposed().plain_rows().unwrap_or_default();
    half_tile_of_columns(values, apart, size, tile);
}

/// Of rows that begin `apart` numbers from each other.
#[macerator::with_simd]
fn half_tile_of_rows<S: Simd>(
    values: &[f32],
    apart: usize,
    size: [usize; 2],
    tile: &mut [Line; TILE],
) {
    let [rows, columns] = size;
    let row = |row: usize| {
        let mut whole = [0.0; TILE];
        if row < rows {
            let from = &values[row * apart..];
            match from.first_chunk::<TILE>() {
                Some(from) if columns == TILE => whole = *from,
                _ => whole[..columns].copy_from_slice(&from[..columns]),
            }
        }
        whole
    };
    for (pair, line) in tile.iter_mut().enumerate() {
        let (low, high) = (row(2 * pair), row(2 * pair + 1));
        for ((slot, low), high) in line.0.iter_mut().zip(low).zip(high) {
            *slot = to_bf16(low) | (to_bf16(high) << 16);
        }
    }
}

/// Of columns that begin `apart` numbers from each other.
#[macerator::with_simd]
fn half_tile_of_columns<S: Simd>(
    values: &[f32],
    apart: usize,
    size: [usize; 2],
    tile: &mut [Line; TILE],
) {
    let [rows, columns] = size;
    let mut turned = [[0_u32; TILE]; TILE];
    for (column, pairs) in turned.iter_mut().enumerate().take(columns) {
        let from = &values[column * apart..];
        let mut whole = [0.0; 2 * TILE];
        match from.first_chunk::<{ 2 * TILE }>() {
            Some(from) if rows == 2 * TILE => whole = *from,
            _ => whole[..rows].copy_from_slice(&from[..rows]),
        }
        let (both, _) = whole.as_chunks::<2>();
        for (pair, [low, high]) in pairs.iter_mut().zip(both) {
            *pair = to_bf16(*low) | (to_bf16(*high) << 16);
        }
    }
    for (pair, line) in tile.iter_mut().enumerate() {
        for (slot, column) in line.0.iter_mut().zip(&turned) {
            *slot = column[pair];
        }
    }
}

/// A part [at most 64, at most 16] of a matrix as a tile of whole numbers; counts their sums.
fn byte_tile(part: Matrix<'_>, factors: &[f32], sums: &mut [i32], tile: &mut [Line; TILE]) {
    *tile = [ZERO; TILE];
    let size = [part.rows(), part.columns()];
    if size.contains(&0) {
        return;
    }
    if let Some((values, apart)) = part.plain_rows() {
        return byte_tile_of_rows(values, apart, size, factors, sums, tile);
    }
    let mut rows = [0.0; 64 * TILE];
    for (row, values) in rows.chunks_exact_mut(TILE).enumerate().take(part.rows()) {
        for (column, value) in values.iter_mut().enumerate() {
            *value = part.value(row, column);
        }
    }
    byte_tile_of_rows(&rows, TILE, [part.rows(), TILE], factors, sums, tile);
}

#[macerator::with_simd]
fn byte_tile_of_rows<S: Simd>(
    values: &[f32],
    apart: usize,
    size: [usize; 2],
    factors: &[f32],
    sums: &mut [i32],
    tile: &mut [Line; TILE],
) {
    let [rows, columns] = size;
    for row in 0..rows {
        let mut whole = [0.0; TILE];
        let from = &values[row * apart..];
        match from.first_chunk::<TILE>() {
            Some(from) if columns == TILE => whole = *from,
            _ => whole[..columns].copy_from_slice(&from[..columns]),
        }
        let shift = 8 * (row % 4) as u32;
        let places = tile[row / 4].0.iter_mut().zip(sums.iter_mut());
        for ((slot, sum), (value, factor)) in places.zip(whole.iter().zip(factors)) {
            let byte = to_i8(value * factor);
            *sum += i32::from(byte as u8 as i8);
            *slot |= byte << shift;
        }
    }
}

/// Puts sums where they are wanted.
#[macerator::with_simd]
fn put<S: Simd>(sums: &Sums, size: (usize, usize), out: &mut [f32], stride: usize, into: Into) {
    let (rows, columns) = size;
    let targets = out.chunks_mut(stride).take(rows);
    for (target, sums) in targets.zip(sums.0.chunks_exact(BLOCK)) {
        let places = target.iter_mut().take(columns).zip(sums);
        match into {
            Into::Replace => places.for_each(|(target, sum)| *target = *sum),
            Into::Add => places.for_each(|(target, sum)| *target += sum),
        }
    }
}

/// The same of whole numbers, by the scales of their rows and columns.
#[macerator::with_simd]
fn put_scaled<S: Simd>(
    sums: &Sums,
    of_rows: &[f32],
    of_columns: &[f32],
    out: &mut [f32],
    stride: usize,
    into: Into,
) {
    let targets = out.chunks_mut(stride).zip(sums.0.chunks_exact(BLOCK));
    for ((target, sums), of_row) in targets.zip(of_rows) {
        let places = target.iter_mut().zip(sums).zip(of_columns);
        let value = |sum: &f32, of_column: &f32| sum.to_bits() as i32 as f32 * (of_row * of_column);
        match into {
            Into::Replace => places.for_each(|((target, sum), scale)| *target = value(sum, scale)),
            Into::Add => places.for_each(|((target, sum), scale)| *target += value(sum, scale)),
        }
    }
}
