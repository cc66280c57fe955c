//! Equivariance of key profiles: the cross-power spectral density of two profiles on a circle of keys turns by a known angle
//! when the sound is transposed (Kong et al. 2024, STONE, eq. 3 to 6; MT2's second pretext task).
//!
//! A profile y of twelve numbers that sum to 1 is a point in the unit disc: z(y) = sum_q y_q exp(2 pi i omega q / 12). With omega 7
//! neighbours are a fifth apart, with 1 a semitone. For a transposition by k semitones
//!
//! D_k(a, b) = |exp(2 pi i omega k / 12) - z(a) conj(z(b))|^2,
//!
//! which is 0 where both are of length 1 and b lies that much behind a; so no constant profile is a way out. Of three segments, A
//! and B of one track and C, which is A k bins higher in the VQT and so k semitones lower:
//!
//! loss = mean D_0(A, B) + mean D_k(A, C) + mean D_k(B, C).
//!
//! A batch has a few hundred profiles, so all of it is done in 64 bits where the numbers are.

use std::f64::consts::TAU;

use burn::tensor::{Tensor, TensorData, backend::Backend};
use serde::{Deserialize, Serialize};

use mynascope_encoder::{families::mt2::KEYS, numbers};

/// The equivariant loss of MT2.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cpsd {
    /// Which circle: 7 for fifths, 1 for semitones.
    pub omega: u8,
    /// Factor of the loss.
    pub weight: f64,
}

/// How well the key profiles of a batch turn with the sound.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EquivarianceStatistics {
    /// The equivariant loss without its factor: 0 at best, 3 of profiles that say nothing.
    pub cpsd: f64,
    /// By how much the profile of the transposed segment misses its place, in steps of a circle of twelve, the mean over the
    /// batch; 3 is chance.
    pub transposition_error: f64,
    /// Mean length of z: 1 of profiles that name one key, 0 of those that say nothing.
    pub profile_length: f64,
}

/// Loss and gradient of a batch.
pub(crate) struct CpsdOutput<B: Backend> {
    /// With its factor.
    pub loss: f64,
    /// Of what stands before the softmax, [3 * batch, 12].
    pub gradient: Tensor<B, 2>,
    pub statistics: EquivarianceStatistics,
}

/// A complex number.
#[derive(Clone, Copy)]
struct Complex {
    re: f64,
    im: f64,
}

impl Complex {
    fn unit(turns: f64) -> Self {
        let (im, re) = (TAU * turns).sin_cos();
        Self { re, im }
    }

    fn conj(self) -> Self {
        Self {
            re: self.re,
            im: -self.im,
        }
    }

    fn times(self, other: Self) -> Self {
        Self {
            re: self.re * other.re - self.im * other.im,
            im: self.re * other.im + self.im * other.re,
        }
    }

    fn minus(self, other: Self) -> Self {
        Self {
            re: self.re - other.re,
            im: self.im - other.im,
        }
    }

    fn length(self) -> f64 {
        self.re.hypot(self.im)
    }
}

/// A segment: its profile, z of it, and the gradient of the profile.
struct Segment {
    profile: [f64; KEYS],
    z: Complex,
    gradient: [f64; KEYS],
}

impl Cpsd {
    /// exp(2 pi i omega q / 12).
    fn turn(self, semitones: i32) -> Complex {
        Complex::unit(f64::from(self.omega) * f64::from(semitones) / KEYS as f64)
    }

    fn segment(self, logits: &[f32]) -> Segment {
        let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let mut profile = [0.0; KEYS];
        for (share, &logit) in profile.iter_mut().zip(logits) {
            *share = f64::from(logit - most).exp();
        }
        let sum: f64 = profile.iter().sum();
        let mut z = Complex { re: 0.0, im: 0.0 };
        for (key, share) in profile.iter_mut().enumerate() {
            *share /= sum;
            let turn = self.turn(key as i32);
            z.re += *share * turn.re;
            z.im += *share * turn.im;
        }
        Segment {
            profile,
            z,
            gradient: [0.0; KEYS],
        }
    }

    /// D_k(a, b); its gradient, times `weight`, is added to those of both profiles.
    fn distance(self, a: &mut Segment, b: &mut Segment, semitones: i32, weight: f64) -> f64 {
        let miss = a.z.times(b.z.conj()).minus(self.turn(semitones));
        // Of |w|^2 with w = z_a conj(z_b) - e: 2 Re(conj(w) dw).
        let (to_a, to_b) = (miss.conj().times(b.z.conj()), miss.conj().times(a.z));
        for (key, (of_a, of_b)) in a.gradient.iter_mut().zip(&mut b.gradient).enumerate() {
            let turn = self.turn(key as i32);
            *of_a += 2.0 * weight * to_a.times(turn).re;
            *of_b += 2.0 * weight * to_b.times(turn.conj()).re;
        }
        miss.re * miss.re + miss.im * miss.im
    }

    /// The loss of logits [3 * batch, 12], those of all segments A before those of B and of C, which lies `shifts` bins higher
    /// in the VQT than A, track by track.
    ///
    /// # Errors
    /// If the numbers don't fit each other, or what the backend said.
    pub(crate) fn loss<B: Backend>(
        self,
        logits: Tensor<B, 2>,
        shifts: &[i32],
    ) -> Result<CpsdOutput<B>, String> {
        let device = logits.device();
        let batch = shifts.len();
        if logits.dims() != [3 * batch, KEYS] || batch == 0 {
            return Err("key profiles and transpositions don't fit".into());
        }
        let values = numbers(logits)?;
        let of_side = |values: &[f32]| -> Vec<Segment> {
            let rows = values.chunks_exact(KEYS);
            rows.map(|row| self.segment(row)).collect()
        };
        let mut sides = values.chunks_exact(batch * KEYS).map(of_side);
        let mut side = || sides.next().unwrap_or_default();
        let (mut a, mut b, mut c) = (side(), side(), side());
        let share = 1.0 / batch as f64;
        let weight = self.weight * share;
        let mut statistics = EquivarianceStatistics {
            cpsd: 0.0,
            transposition_error: 0.0,
            profile_length: 0.0,
        };
        let tracks = a.iter_mut().zip(&mut b).zip(&mut c).zip(shifts);
        for (((a, b), c), &semitones) in tracks {
            let missed = a.z.times(c.z.conj()).times(self.turn(semitones).conj());
            let turns = missed.im.atan2(missed.re).abs() / TAU;
            statistics.transposition_error += share * turns * KEYS as f64;
            statistics.profile_length += share * a.z.length();
            statistics.cpsd += share
                * (self.distance(a, b, 0, weight)
                    + self.distance(a, c, semitones, weight)
                    + self.distance(b, c, semitones, weight));
        }
        let segments = a.iter().chain(&b).chain(&c);
        let gradient: Vec<f32> = segments.flat_map(through_softmax).collect();
        Ok(CpsdOutput {
            loss: self.weight * statistics.cpsd,
            gradient: Tensor::from_data(TensorData::new(gradient, [3 * batch, KEYS]), &device),
            statistics,
        })
    }
}

/// The gradient before the softmax: y (g - sum y g).
fn through_softmax(segment: &Segment) -> [f32; KEYS] {
    let pairs = || segment.profile.iter().zip(&segment.gradient);
    let level: f64 = pairs().map(|(share, gradient)| share * gradient).sum();
    let mut through = [0.0; KEYS];
    for (slot, (share, gradient)) in through.iter_mut().zip(pairs()) {
        *slot = (share * (gradient - level)) as f32;
    }
    through
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::*;

    const SHIFTS: [i32; 4] = [-11, 3, 7, -2];

    /// The definition, in f64, with complex numbers written out.
    fn formula(logits: &[Vec<f64>], omega: f64, weight: f64) -> f64 {
        let z: Vec<[f64; 2]> = logits
            .iter()
            .map(|row| {
                let sum: f64 = row.iter().map(|v| v.exp()).sum();
                let part = |f: fn(f64) -> f64| -> f64 {
                    let keys = row.iter().enumerate();
                    keys.map(|(q, v)| v.exp() / sum * f(TAU * omega * q as f64 / 12.0))
                        .sum()
                };
                [part(f64::cos), part(f64::sin)]
            })
            .collect();
        let distance = |a: [f64; 2], b: [f64; 2], k: i32| {
            let angle = TAU * omega * f64::from(k) / 12.0;
            let re = a[0] * b[0] + a[1] * b[1] - angle.cos();
            let im = a[1] * b[0] - a[0] * b[1] - angle.sin();
            re * re + im * im
        };
        let terms = SHIFTS.iter().enumerate().map(|(n, &k)| {
            let (a, b, c) = (z[n], z[n + 4], z[n + 8]);
            distance(a, b, 0) + distance(a, c, k) + distance(b, c, k)
        });
        weight * terms.sum::<f64>() / 4.0
    }

    #[test]
    fn value_and_gradient_are_those_of_the_definition() {
        for (omega, weight) in [(7, 1.0), (1, 0.3)] {
            let logits: Vec<Vec<f64>> = testing::rows(12, 12, 3)
                .into_iter()
                .map(|row| row.into_iter().map(|v| 2.0 * v).collect())
                .collect();
            let cpsd = Cpsd { omega, weight };
            let found = cpsd.loss(testing::tensor(&logits), &SHIFTS).unwrap();
            let value = |rows: &[Vec<f64>]| formula(rows, f64::from(omega), weight);
            testing::close(found.loss, value(&logits), 1.0, "loss");
            assert!((found.statistics.cpsd * weight - found.loss).abs() < 1e-12);
            let gradient = found.gradient.into_data().into_vec::<f32>().unwrap();
            for (place, found) in gradient.into_iter().enumerate() {
                let moved = |to: f64| {
                    let mut rows = logits.clone();
                    rows[place / 12][place % 12] = to;
                    value(&rows)
                };
                let expected = testing::slope(moved, logits[place / 12][place % 12]);
                testing::close(f64::from(found), expected, 1.0, "gradient");
            }
        }
    }

    /// Starting k bins higher makes the sound k semitones lower: profiles that name one key each are where they belong.
    #[test]
    fn profiles_that_turn_with_the_sound_cost_nothing_and_constant_ones_do() {
        let named = |key: i32| -> Vec<f64> {
            let key = key.rem_euclid(12) as usize;
            (0..12).map(|q| if q == key { 60.0 } else { 0.0 }).collect()
        };
        let keys = [0, 4, 7, 11];
        let same = keys.iter().map(|key| named(*key));
        let moved = keys
            .iter()
            .zip(SHIFTS)
            .map(|(key, shift)| named(key - shift));
        let rows: Vec<Vec<f64>> = same.clone().chain(same.clone()).chain(moved).collect();
        for omega in [1, 7] {
            let cpsd = Cpsd { omega, weight: 1.0 };
            let found = cpsd.loss(testing::tensor(&rows), &SHIFTS).unwrap();
            assert!(found.loss < 1e-9, "{}", found.loss);
            assert!(found.statistics.transposition_error < 1e-6);
            assert!((found.statistics.profile_length - 1.0).abs() < 1e-9);
            let constant = vec![named(3); 12];
            let found = cpsd.loss(testing::tensor(&constant), &SHIFTS).unwrap();
            assert!(found.loss > 1.0, "{}", found.loss);
            let nothing = vec![vec![0.0; 12]; 12];
            let found = cpsd.loss(testing::tensor(&nothing), &SHIFTS).unwrap();
            assert!((found.loss - 3.0).abs() < 1e-9, "{}", found.loss);
        }
    }
}
