//! Blocks of sums by the dot products of AVX-512: BF16 (Zen 4, Cooper Lake and later) and VNNI.
//!
//! Intel's processors with BF16 but without the matrix unit do these at half the speed of 32 bits (measured on one with the
//! unit: 112 against 222 billion operations a second and core), AMD's at twice.

// Rows and lines are counted out from lengths that are checked first.
#![allow(clippy::indexing_slicing)]

use super::{BLOCK, Line, Precision, Sums, TILE};

/// Rows that are summed at once: with two registers each, and two for the columns, most of the 32.
#[cfg(target_arch = "x86_64")]
const ROWS: usize = 8;

/// Whether the processor has both.
pub fn are_here() -> bool {
    #[cfg(target_arch = "x86_64")]
    let here = std::arch::is_x86_feature_detected!("avx512bf16")
        && std::arch::is_x86_feature_detected!("avx512vnni")
        && std::arch::is_x86_feature_detected!("avx512f");
    #[cfg(not(target_arch = "x86_64"))]
    let here = false;
    here
}

/// Multiplies so many rows with 32 columns of bf16. `a` holds as many rows as fill the block.
pub fn halves(a: &[Line], a_stride: usize, b: &[Line], rows: usize, sums: &mut Sums) {
    check(a, a_stride, b);
    #[cfg(target_arch = "x86_64")]
    #[allow(unsafe_code)]
    for (index, sums) in sums.0.chunks_exact_mut(ROWS * BLOCK).enumerate() {
        if index * ROWS < rows {
            // SAFETY: whoever calls has found the instructions here.
            unsafe { here::halves(&a[index * ROWS * a_stride..], a_stride, b, sums) };
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    unreachable!("there are no such instructions: {rows}, {}", sums.0.len());
}

/// The same of int8: whole numbers in the places of the sums. `of_columns` are the sums of the columns.
pub fn bytes(
    a: &[Line],
    a_stride: usize,
    b: &[Line],
    rows: usize,
    of_columns: &[i32],
    sums: &mut Sums,
) {
    check(a, a_stride, b);
    #[cfg(target_arch = "x86_64")]
    #[allow(unsafe_code)]
    for (index, sums) in sums.0.chunks_exact_mut(ROWS * BLOCK).enumerate() {
        if index * ROWS < rows {
            // SAFETY: as above.
            unsafe { here::bytes(&a[index * ROWS * a_stride..], a_stride, b, of_columns, sums) };
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    unreachable!(
        "there are no such instructions: {rows}, {of_columns:?}, {}",
        sums.0.len()
    );
}

/// Multiplies what is in registers; operations done.
pub fn peak(precision: Precision) -> f64 {
    #[cfg(target_arch = "x86_64")]
    #[allow(unsafe_code)]
    // SAFETY: whoever calls has found the instructions here.
    return unsafe {
        match precision {
            Precision::Int8 => here::peak_of_bytes(),
            _ => here::peak_of_halves(),
        }
    };
    #[cfg(not(target_arch = "x86_64"))]
    unreachable!("there are no such instructions: {precision:?}");
}

/// What a block reads lies inside its lines.
fn check(a: &[Line], a_stride: usize, b: &[Line]) {
    let chunks = b.len() / BLOCK;
    assert!(
        chunks > 0 && a.len() >= (BLOCK - 1) * a_stride + chunks,
        "a block lies inside its lines"
    );
}

#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
mod here {
    use std::arch::x86_64::{
        __m512, __m512bh, __m512i, _mm512_dpbf16_ps, _mm512_dpbusd_epi32, _mm512_set1_epi32,
        _mm512_setzero_ps, _mm512_setzero_si512, _mm512_slli_epi32, _mm512_sub_epi32,
    };

    use super::{BLOCK, Line, ROWS, TILE};

    /// The four bytes in a slot of a line of one of the rows that are summed at once.
    ///
    /// # Safety
    /// The row's line lies inside `a`. A check of each would take the sums out of their registers.
    #[inline(always)]
    unsafe fn four_bytes(a: &[Line], line: usize, slot: usize) -> i32 {
        // SAFETY: as the caller says; a line has 16 slots.
        unsafe { *a.as_ptr().cast::<i32>().add(line * TILE + slot) }
    }

    #[target_feature(enable = "avx512f,avx512bf16")]
    pub fn halves(a: &[Line], a_stride: usize, b: &[Line], sums: &mut [f32]) {
        assert!(a.len() >= (ROWS - 1) * a_stride + b.len() / BLOCK);
        let mut found = [[_mm512_setzero_ps(); 2]; ROWS];
        for (chunk, tiles) in b.as_chunks::<BLOCK>().0.iter().enumerate() {
            for slot in 0..TILE {
                let columns = [&tiles[slot], &tiles[TILE + slot]].map(lanes);
                for (row, found) in found.iter_mut().enumerate() {
                    // SAFETY: row and chunk are below those that the length was compared with.
                    let pair = unsafe { four_bytes(a, row * a_stride + chunk, slot) };
                    let pair = _mm512_set1_epi32(pair);
                    for (found, column) in found.iter_mut().zip(columns) {
                        *found = _mm512_dpbf16_ps(*found, as_halves(pair), as_halves(column));
                    }
                }
            }
        }
        for (sums, found) in sums.chunks_exact_mut(TILE).zip(found.as_flattened()) {
            sums.copy_from_slice(&numbers(*found));
        }
    }

    /// The instruction wants the left factor without a sign: 128 was added to it, and 128 times the sum of the column is
    /// subtracted in the end.
    #[target_feature(enable = "avx512f,avx512vnni")]
    pub fn bytes(a: &[Line], a_stride: usize, b: &[Line], of_columns: &[i32], sums: &mut [f32]) {
        assert!(a.len() >= (ROWS - 1) * a_stride + b.len() / BLOCK);
        let mut found = [[_mm512_setzero_si512(); 2]; ROWS];
        for (chunk, tiles) in b.as_chunks::<BLOCK>().0.iter().enumerate() {
            for slot in 0..TILE {
                let columns = [&tiles[slot], &tiles[TILE + slot]].map(lanes);
                for (row, found) in found.iter_mut().enumerate() {
                    // SAFETY: as above.
                    let four = unsafe { four_bytes(a, row * a_stride + chunk, slot) };
                    let four = _mm512_set1_epi32(four);
                    for (found, column) in found.iter_mut().zip(columns) {
                        *found = _mm512_dpbusd_epi32(*found, four, column);
                    }
                }
            }
        }
        let (halves, _) = of_columns.as_chunks::<TILE>();
        for (row, sums) in found.iter().zip(sums.chunks_exact_mut(BLOCK)) {
            let parts = sums.chunks_exact_mut(TILE).zip(row).zip(halves);
            for ((sums, found), of_columns) in parts {
                let of_columns = lanes(&Line(of_columns.map(|sum| sum as u32)));
                let beyond = _mm512_slli_epi32::<7>(of_columns);
                let found = _mm512_sub_epi32(*found, beyond);
                for (sum, whole) in sums.iter_mut().zip(wholes(found)) {
                    *sum = f32::from_bits(whole as u32);
                }
            }
        }
    }

    const ROUNDS: usize = 20_000;
    const SUMS: usize = 12;

    #[target_feature(enable = "avx512f,avx512bf16")]
    pub fn peak_of_halves() -> f64 {
        let mut sums = [_mm512_setzero_ps(); SUMS];
        let factor = as_halves(_mm512_set1_epi32(std::hint::black_box(0x3f7f_3f7f)));
        for _ in 0..ROUNDS {
            for sum in &mut sums {
                *sum = _mm512_dpbf16_ps(*sum, factor, factor);
            }
        }
        std::hint::black_box(sums.map(numbers));
        (ROUNDS * SUMS * 4 * TILE) as f64
    }

    #[target_feature(enable = "avx512f,avx512vnni")]
    pub fn peak_of_bytes() -> f64 {
        let mut sums = [_mm512_setzero_si512(); SUMS];
        let factor = _mm512_set1_epi32(std::hint::black_box(0x0101_0101));
        for _ in 0..ROUNDS {
            for sum in &mut sums {
                *sum = _mm512_dpbusd_epi32(*sum, factor, factor);
            }
        }
        std::hint::black_box(sums.map(wholes));
        (ROUNDS * SUMS * 8 * TILE) as f64
    }

    #[inline(always)]
    fn lanes(line: &Line) -> __m512i {
        // SAFETY: both are 64 bytes, of which any pattern is valid.
        unsafe { std::mem::transmute(line.0) }
    }

    #[inline(always)]
    fn as_halves(lanes: __m512i) -> __m512bh {
        // SAFETY: as above.
        unsafe { std::mem::transmute(lanes) }
    }

    #[inline(always)]
    fn numbers(lanes: __m512) -> [f32; TILE] {
        // SAFETY: as above.
        unsafe { std::mem::transmute(lanes) }
    }

    #[inline(always)]
    fn wholes(lanes: __m512i) -> [i32; TILE] {
        // SAFETY: as above.
        unsafe { std::mem::transmute(lanes) }
    }
}
