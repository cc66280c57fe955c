//! Loops and functions that the compiler turns into vector instructions.
//!
//! A function under `#[macerator::with_simd]` is compiled for AVX-512, AVX2 and the least machine (or NEON), and the best that
//! the machine has is called. What such a function calls must be inlined, by attribute: closures and plain functions are
//! compiled for the least machine only, where `mul_add` is a call of a library.

/// Independent sums of a reduction: one vector of AVX-512.
const LANES: usize = 16;

/// Reduces pairs of values: `step` adds to a lane, lanes are summed at the end, in a fixed order.
#[inline(always)]
fn reduce(a: &[f32], b: &[f32], step: impl Fn(f32, f32, f32) -> f32) -> f32 {
    let mut lanes = [0.0; LANES];
    let (a_whole, a_rest) = a.as_chunks::<LANES>();
    let (b_whole, b_rest) = b.as_chunks::<LANES>();
    for (a, b) in a_whole.iter().zip(b_whole) {
        for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
            *lane = step(*lane, *a, *b);
        }
    }
    let mut sum = 0.0;
    for (a, b) in a_rest.iter().zip(b_rest) {
        sum = step(sum, *a, *b);
    }
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = lanes;
    let quarters = [
        (a + i) + (e + m),
        (b + j) + (f + n),
        (c + k) + (g + o),
        (d + l) + (h + p),
    ];
    let [a, b, c, d] = quarters;
    sum + ((a + c) + (b + d))
}

/// Sum of products.
#[inline(always)]
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    reduce(a, b, |sum, a, b| a.mul_add(b, sum))
}

#[inline(always)]
pub fn sum(values: &[f32]) -> f32 {
    reduce(values, values, |sum, a, _| sum + a)
}

/// Sum of squared distances from `centre`.
#[inline(always)]
pub fn squares_around(values: &[f32], centre: f32) -> f32 {
    reduce(values, values, |sum, a, _| {
        let distance = a - centre;
        distance.mul_add(distance, sum)
    })
}

/// The largest value.
#[inline(always)]
pub fn largest(values: &[f32]) -> f32 {
    let mut lanes = [f32::NEG_INFINITY; LANES];
    let (whole, rest) = values.as_chunks::<LANES>();
    for values in whole {
        for (lane, value) in lanes.iter_mut().zip(values) {
            *lane = if *value > *lane { *value } else { *lane };
        }
    }
    let ends = lanes.iter().chain(rest);
    ends.fold(f32::NEG_INFINITY, |most, &value| most.max(value))
}

/// `sum += factor * values`.
#[inline(always)]
pub fn add_scaled(sum: &mut [f32], factor: f32, values: &[f32]) {
    for (sum, value) in sum.iter_mut().zip(values) {
        *sum = factor.mul_add(*value, *sum);
    }
}

/// `e^x` to 2 ulp: x = n ln 2 + r with |r| <= ln 2 / 2, and the polynomial of Cephes' `expf` for e^r. 0 below -87, where
/// numbers become denormal; large above 88.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    // Adding it rounds to a whole number, which then lies in the lowest bits.
    const ROUND: f32 = 12_582_912.0;
    let y = x.clamp(-87.0, 88.0);
    let shifted = y.mul_add(std::f32::consts::LOG2_E, ROUND);
    let n = shifted - ROUND;
    // ln 2 in two parts, the first of few bits.
    let r = n.mul_add(-0.693_359_4, y);
    let r = n.mul_add(2.121_944_4e-4, r);
    let mut p = 1.987_569_1e-4_f32;
    for c in [
        1.398_2e-3,
        8.333_452e-3,
        4.166_579_6e-2,
        1.666_666_5e-1,
        0.5,
    ] {
        p = p.mul_add(r, c);
    }
    let p = (p * r).mul_add(r, r) + 1.0;
    let scale = f32::from_bits(shifted.to_bits().wrapping_add(127) << 23);
    if x < -87.0 { 0.0 } else { p * scale }
}

/// Turns every value into `e^(scale * value - most)`; returns the sum.
#[inline(always)]
pub fn exp_and_sum(values: &mut [f32], scale: f32, most: f32) -> f32 {
    let mut lanes = [0.0; LANES];
    let (whole, rest) = values.as_chunks_mut::<LANES>();
    for values in whole {
        for (lane, value) in lanes.iter_mut().zip(values) {
            *value = exp(scale.mul_add(*value, -most));
            *lane += *value;
        }
    }
    let mut total = sum(&lanes);
    for value in rest {
        *value = exp(scale.mul_add(*value, -most));
        total += *value;
    }
    total
}

/// The error function to 1 ulp (largest error measured against f64: 5.8e-8), by Norbert Juffa's two polynomials: odd in x
/// below 0.92, one minus an exponential above.
#[inline(always)]
pub fn erf(x: f32) -> f32 {
    let t = x.abs();
    let s = x * x;
    let mut far = 1.729_489_3e-5_f32.mul_add(t, -3.832_086_8e-4);
    far = far.mul_add(s, 3.883_934_3e-3_f32.mul_add(t, -2.425_455e-2));
    for c in [1.067_778_5e-1, 6.348_467e-1, 1.287_175_1e-1] {
        far = far.mul_add(t, c);
    }
    let far = far.mul_add(t, t);
    let far = (1.0 - exp(-far)).copysign(x);
    let mut near = -5.991_05e-4_f32;
    for c in [
        4.993_396e-3,
        -2.676_673_4e-2,
        1.128_180_25e-1,
        -3.761_248_6e-1,
        1.283_791_5e-1,
    ] {
        near = near.mul_add(s, c);
    }
    let near = near.mul_add(x, x);
    if t > 0.921_875 { far } else { near }
}

/// GELU (Hendrycks and Gimpel 2016): x times the normal distribution function.
#[inline(always)]
pub fn gelu(x: f32) -> f32 {
    0.5 * x * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2))
}

/// GELU and its derivative.
#[inline(always)]
pub fn gelu_with_derivative(x: f32) -> (f32, f32) {
    /// 1 / sqrt(2 pi).
    const PEAK: f32 = 0.398_942_3;
    let below = 0.5 * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2));
    let density = PEAK * exp(-0.5 * x * x);
    (x * below, x.mul_add(density, below))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponentials_are_right_to_two_units_and_end_at_zero() {
        for step in -8700..8800 {
            let x = step as f32 * 0.01;
            let (found, expected) = (f64::from(exp(x)), f64::from(x).exp());
            assert!((found / expected - 1.0).abs() < 2.4e-7, "{x}: {found}");
        }
        assert_eq!(exp(-100.0), 0.0);
        assert_eq!(exp(f32::NEG_INFINITY), 0.0);
        assert_eq!(exp(0.0), 1.0);
    }

    /// By its series, whose terms are small enough below 3.
    fn series(x: f64) -> f64 {
        let (mut term, mut sum) = (x, x);
        for n in 1..60 {
            let n = f64::from(n);
            term *= -x * x / n;
            sum += term / (2.0 * n + 1.0);
        }
        sum * 2.0 / std::f64::consts::PI.sqrt()
    }

    #[test]
    fn the_error_function_is_that_of_its_series() {
        for step in -2900..2900 {
            let x = step as f32 * 0.001;
            let error = f64::from(erf(x)) - series(f64::from(x));
            assert!(error.abs() < 1e-7, "{x}: {error}");
        }
        assert_eq!((erf(6.0), erf(-6.0)), (1.0, -1.0));
    }

    #[test]
    fn the_slope_is_that_of_the_activation() {
        for step in -500..500 {
            let x = f64::from(step as f32 * 0.01);
            let gelu_of = |x: f64| 0.5 * x * (1.0 + series(x / 2_f64.sqrt()));
            if x.abs() > 3.9 {
                continue;
            }
            let grad = (gelu_of(x + 1e-4) - gelu_of(x - 1e-4)) / 2e-4;
            let (value, found) = gelu_with_derivative(x as f32);
            assert!((f64::from(found) - grad).abs() < 1e-6, "{x}");
            let error = f64::from(value) - gelu_of(x);
            assert!(error.abs() < 2e-7 * x.abs().max(1.0), "{x}: {error}");
            assert_eq!(value, gelu(x as f32));
        }
    }

    #[test]
    fn reductions_take_whole_lanes_and_the_rest() {
        let values: Vec<f32> = (1..=37).map(|n| n as f32).collect();
        assert_eq!(sum(&values), 703.0);
        assert_eq!(dot(&values, &values), 17_575.0);
        assert_eq!(squares_around(&values, 19.0), 4218.0);
        assert_eq!(largest(&values), 37.0);
        let mut shares = values.clone();
        let total = exp_and_sum(&mut shares, 0.1, 3.7);
        assert_eq!(shares[36], 1.0);
        assert!((total - sum(&shares)).abs() < 1e-5);
    }
}
