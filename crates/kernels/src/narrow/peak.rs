//! How fast this machine multiplies at best: loops over registers that read no memory.

use std::{hint::black_box, time::Instant};

use macerator::Simd;
use rayon::prelude::*;

use super::{Precision, Unit, amx, vectors};

/// Independent sums: enough for the delay of one multiplication at two a cycle.
const SUMS: usize = 12;
/// Least seconds of a measurement.
const SECS: f64 = 0.05;

/// Billions of operations (a multiplication and an addition are two) a second that all threads reach together in these
/// numbers, from registers: no product of matrices is faster. `None` where the processor has nothing for them.
pub fn peak_rate(precision: Precision) -> Option<f64> {
    let unit = precision.unit();
    if precision != Precision::F32 && unit.is_none() {
        return None;
    }
    let threads = rayon::current_num_threads();
    let rates: Vec<f64> = (0..threads)
        .into_par_iter()
        .map(|_| {
            let mut best: f64 = 0.0;
            let begin = Instant::now();
            while begin.elapsed().as_secs_f64() < SECS {
                let start = Instant::now();
                let operations = match (precision, unit) {
                    (Precision::F32, _) => plain(),
                    (_, Some(Unit::Amx)) => amx::peak(precision),
                    _ => vectors::peak(precision),
                };
                best = best.max(operations / start.elapsed().as_secs_f64() / 1e9);
            }
            best
        })
        .collect();
    Some(rates.iter().sum())
}

/// Operations done in 32 bits.
fn plain() -> f64 {
    #[cfg(target_arch = "x86_64")]
    #[allow(unsafe_code)]
    // SAFETY: the instructions were looked for.
    unsafe {
        if std::arch::is_x86_feature_detected!("avx512f") {
            return x86::wide();
        }
        if std::arch::is_x86_feature_detected!("fma") {
            return x86::narrow();
        }
    }
    any()
}

const ROUNDS: usize = 20_000;

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::{
        arch::x86_64::{
            _mm256_cvtss_f32, _mm256_fmadd_ps, _mm256_set1_ps, _mm512_fmadd_ps,
            _mm512_reduce_add_ps, _mm512_set1_ps,
        },
        hint::black_box,
    };

    use super::{ROUNDS, SUMS};

    #[target_feature(enable = "avx512f")]
    pub fn wide() -> f64 {
        let factor = _mm512_set1_ps(black_box(0.999));
        let mut sums = [factor; SUMS];
        for _ in 0..ROUNDS {
            for sum in &mut sums {
                *sum = _mm512_fmadd_ps(factor, factor, *sum);
            }
        }
        black_box(sums.map(|sum| _mm512_reduce_add_ps(sum)));
        (2 * 16 * SUMS * ROUNDS) as f64
    }

    #[target_feature(enable = "avx2,fma")]
    pub fn narrow() -> f64 {
        let factor = _mm256_set1_ps(black_box(0.999));
        let mut sums = [factor; SUMS];
        for _ in 0..ROUNDS {
            for sum in &mut sums {
                *sum = _mm256_fmadd_ps(factor, factor, *sum);
            }
        }
        black_box(sums.map(|sum| _mm256_cvtss_f32(sum)));
        (2 * 8 * SUMS * ROUNDS) as f64
    }
}

/// By what the compiler makes of it.
fn any() -> f64 {
    let mut sums = [[0.0_f32; 16]; SUMS];
    multiply_and_add(&mut sums, black_box(&[0.999; 16]), ROUNDS);
    black_box(&sums);
    (2 * 16 * SUMS * ROUNDS) as f64
}

#[macerator::with_simd]
fn multiply_and_add<S: Simd>(sums: &mut [[f32; 16]; SUMS], factor: &[f32; 16], rounds: usize) {
    let mut own = *sums;
    for _ in 0..rounds {
        for sum in &mut own {
            for (sum, factor) in sum.iter_mut().zip(factor) {
                *sum = factor.mul_add(*factor, *sum);
            }
        }
    }
    *sums = own;
}
