//! Products of matrices.

use rayon::prelude::*;

/// Numbers that are read as a matrix.
#[derive(Debug, Clone, Copy)]
pub struct Matrix<'a> {
    values: &'a [f32],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a> Matrix<'a> {
    /// Rows one behind the other, [rows, columns].
    pub fn new(values: &'a [f32], columns: usize) -> Self {
        Self::strided(values, values.len() / columns.max(1), columns, columns)
    }

    /// Rows that begin `stride` numbers apart.
    pub fn strided(values: &'a [f32], rows: usize, columns: usize, stride: usize) -> Self {
        Self {
            values,
            rows,
            columns,
            row_stride: stride,
            column_stride: 1,
        }
    }

    /// Rows become columns; nothing is copied.
    pub fn transposed(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }

    /// Its rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Its columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// A number.
    pub(crate) fn value(&self, row: usize, column: usize) -> f32 {
        let at = row * self.row_stride + column * self.column_stride;
        match self.values.get(at) {
            Some(value) if row < self.rows && column < self.columns => *value,
            _ => 0.0,
        }
    }

    /// The numbers of a row, copied to `room` where they don't lie one behind the other.
    pub(crate) fn row<'b>(&self, row: usize, room: &'b mut Vec<f32>) -> &'b [f32]
    where
        'a: 'b,
    {
        let start = row * self.row_stride;
        if self.column_stride == 1 {
            return self.values.get(start..start + self.columns).unwrap_or(&[]);
        }
        let rest = self.values.get(start..).unwrap_or(&[]);
        room.clear();
        room.extend(rest.iter().step_by(self.column_stride).take(self.columns));
        room
    }

    /// Its numbers and how far apart its rows begin, if the numbers of a row lie one behind the other.
    pub(crate) fn plain_rows(&self) -> Option<(&'a [f32], usize)> {
        (self.column_stride == 1).then_some((self.values, self.row_stride))
    }

    /// So many rows and columns from one on: (first, count) each.
    pub(crate) fn part(self, rows: (usize, usize), columns: (usize, usize)) -> Self {
        let start = rows.0 * self.row_stride + columns.0 * self.column_stride;
        Self {
            values: self.values.split_at(start.min(self.values.len())).1,
            rows: rows.1,
            columns: columns.1,
            ..self
        }
    }

    /// At most `count` of its rows, from one on.
    pub fn some_rows(self, from: usize, count: usize) -> Self {
        let from = from.min(self.rows);
        let start = (from * self.row_stride).min(self.values.len());
        Self {
            values: self.values.split_at(start).1,
            rows: count.min(self.rows - from),
            ..self
        }
    }

    fn is_inside(&self) -> bool {
        is_inside(
            self.values,
            [self.rows, self.columns],
            [self.row_stride, self.column_stride],
        )
    }
}

fn is_inside(values: &[f32], sizes: [usize; 2], strides: [usize; 2]) -> bool {
    let ends = sizes.iter().zip(strides);
    let last: usize = ends
        .map(|(size, stride)| size.saturating_sub(1) * stride)
        .sum();
    sizes.contains(&0) || last < values.len()
}

/// What a product does with what its target holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Into {
    Replace,
    Add,
}

/// `out = a b`, or `out += a b`, on this thread. Rows of `out` begin `stride` numbers apart.
pub fn multiply_strided(a: Matrix<'_>, b: Matrix<'_>, out: &mut [f32], stride: usize, into: Into) {
    product(a, b, out, stride, into, gemm::Parallelism::None);
}

/// As [`multiply_strided`], rows one behind the other.
pub fn multiply(a: Matrix<'_>, b: Matrix<'_>, out: &mut [f32], into: Into) {
    multiply_strided(a, b, out, b.columns, into);
}

/// The product of each matrix of `a` with that of `b`, on all threads: [m, k] x [k, n] -> [count, m, n]. All matrices of a side
/// have one size; a side of one matrix serves for all of the other. The thread that takes a product has no part in its numbers.
///
/// # Panics
///
/// If the inner sizes differ, or a matrix reaches beyond its numbers.
pub fn products(a: &[Matrix<'_>], b: &[Matrix<'_>]) -> Vec<f32> {
    let (Some(first), Some(second)) = (a.first(), b.first()) else {
        return Vec::new();
    };
    if a.len().max(b.len()) == 1 {
        return multiply_wide(*first, *second);
    }
    let size = first.rows * second.columns;
    let mut out = vec![0.0; a.len().max(b.len()) * size];
    out.par_chunks_mut(size.max(1))
        .enumerate()
        .for_each(|(index, out)| {
            let (a, b) = (
                a.get(index).unwrap_or(first),
                b.get(index).unwrap_or(second),
            );
            multiply(*a, *b, out, Into::Replace);
        });
    out
}

/// `a b` on all threads.
pub fn multiply_wide(a: Matrix<'_>, b: Matrix<'_>) -> Vec<f32> {
    let mut out = vec![0.0; a.rows * b.columns];
    let parallelism = gemm::Parallelism::Rayon(0);
    product(a, b, &mut out, b.columns, Into::Replace, parallelism);
    out
}

fn product(
    a: Matrix<'_>,
    b: Matrix<'_>,
    out: &mut [f32],
    stride: usize,
    into: Into,
    parallelism: gemm::Parallelism,
) {
    assert_eq!(
        a.columns, b.rows,
        "the inner sizes of a product are the same"
    );
    assert!(
        a.is_inside() && b.is_inside(),
        "factors lie inside their numbers"
    );
    assert!(
        stride >= b.columns && is_inside(out, [a.rows, b.columns], [stride, 1]),
        "the product fits its target"
    );
    // SAFETY: every row and column of both factors and of the target lies inside its slice, as was just checked, and
    // the target's are distinct places; the exclusive borrow keeps the target apart from the factors.
    #[allow(unsafe_code)]
    unsafe {
        gemm::gemm(
            a.rows,
            b.columns,
            a.columns,
            out.as_mut_ptr(),
            1,
            stride as isize,
            into == Into::Add,
            a.values.as_ptr(),
            a.column_stride as isize,
            a.row_stride as isize,
            b.values.as_ptr(),
            b.column_stride as isize,
            b.row_stride as isize,
            1.0,
            1.0,
            false,
            false,
            false,
            parallelism,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turned_and_strided_factors_are_multiplied() {
        let a = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let b = [1.0, 0.0, 9.0, 0.0, 1.0];
        let identity = Matrix::strided(&b, 2, 2, 3);
        let mut out = [10.0; 7];
        multiply_strided(Matrix::new(&a, 2), identity, &mut out, 2, Into::Replace);
        assert_eq!(out, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 10.0]);
        multiply_strided(Matrix::new(&a, 2), identity, &mut out, 2, Into::Add);
        assert_eq!(out, [2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 10.0]);
        let squares = multiply_wide(Matrix::new(&a, 2).transposed(), Matrix::new(&a, 2));
        assert_eq!(squares, [35.0, 44.0, 44.0, 56.0]);
    }

    #[test]
    fn one_matrix_serves_for_all_of_the_other_side() {
        let numbers: Vec<f32> = (1..=8).map(|n| n as f32).collect();
        let each: Vec<Matrix<'_>> = numbers.chunks(4).map(|of| Matrix::new(of, 2)).collect();
        let one = Matrix::new(&[1.0, 1.0], 2);
        assert_eq!(products(&[one], &each), [4.0, 6.0, 12.0, 14.0]);
        let column = one.transposed();
        assert_eq!(products(&each, &[column]), [3.0, 7.0, 11.0, 15.0]);
        assert_eq!(products(&[one], &[column]), [2.0]);
        assert_eq!(products(&[], &[column]), []);
    }

    #[test]
    #[should_panic(expected = "fits its target")]
    fn a_target_that_is_too_short_is_refused() {
        let a = [1.0; 4];
        multiply(
            Matrix::new(&a, 2),
            Matrix::new(&a, 2),
            &mut [0.0; 3],
            Into::Replace,
        );
    }
}
