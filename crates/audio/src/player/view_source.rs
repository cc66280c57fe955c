//! The views of a track that can be heard in place of the original, brought to the rate of the sound device.

use crate::SAMPLE_RATE;

/// What runs under the same playhead as the original: views A and B of the track and the mono track that they
/// were made of, at [`SAMPLE_RATE`]. Read on the player's thread, from any place.
pub trait ViewSource: Send {
    /// Fills `out` with (A, B, track) from the frame `first` on; behind the end lies silence.
    fn read(&mut self, first: u64, out: &mut [[f32; 3]]);

    /// The views changed: whatever is read from now on is that of the new ones.
    fn refresh(&mut self);
}

/// Zero crossings of the interpolation kernel on either side.
const CROSSINGS: usize = 32;
/// Kaiser's parameter: the stop-band is 80 dB down (Kaiser 1974: beta = 0.1102 (A - 8.7)).
const BETA: f64 = 7.86;
/// Positions between two samples that are told apart; all that occur at usual rates.
const MOST_PHASES: u64 = 4096;

/// Brings what runs views to the rate of the output, from any place, without a memory of what came before: output
/// frame `n` is the value at the time `n / rate`, wherever reading began.
pub(super) struct Upsample {
    rate_out: u64,
    phases: u64,
    reach: usize,
    /// `[phases, 2 * reach]`: the kernel at each position.
    kernel: Vec<f32>,
    /// The input around the place read last, from `held_first` on (counted from `reach` before the track's start).
    held: Vec<[f32; 3]>,
    held_first: u64,
}

impl Upsample {
    /// For an output of `rate_out` Hz.
    pub(super) fn new(rate_out: u32) -> Self {
        let (from, to) = (u64::from(SAMPLE_RATE), u64::from(rate_out.max(1)));
        let phases = (to / common_divisor(from, to)).min(MOST_PHASES);
        // A slower output hears only what is below half its own rate.
        let cutoff = (to as f64 / from as f64).min(1.0);
        let reach = (CROSSINGS as f64 / cutoff).ceil() as usize;
        let kernel = (0..phases)
            .flat_map(|phase| {
                let shift = phase as f64 / phases as f64;
                let mut taps: Vec<f64> = (0..2 * reach)
                    .map(|tap| {
                        let distance = tap as f64 - (reach - 1) as f64 - shift;
                        sinc(distance * cutoff) * kaiser(distance / reach as f64)
                    })
                    .collect();
                // A level stays what it is, at every phase.
                let sum: f64 = taps.iter().sum();
                taps.iter_mut().for_each(|tap| *tap /= sum);
                taps
            })
            .map(|tap| tap as f32)
            .collect();
        Self {
            rate_out: to,
            phases,
            reach,
            kernel,
            held: Vec::new(),
            held_first: 0,
        }
    }

    /// To be called when what is read has changed.
    pub(super) fn forget(&mut self) {
        self.held.clear();
    }

    /// Fills `out` with the output frames from `first` on.
    pub(super) fn read(&mut self, source: &mut dyn ViewSource, first: u64, out: &mut [[f32; 3]]) {
        let Some(last) = (first + out.len() as u64).checked_sub(1) else {
            return;
        };
        let taps = 2 * self.reach;
        // Input frame `n` is number `n + reach` here, so that nothing is negative.
        let (from, _) = self.place(first);
        let (to, _) = self.place(last);
        self.hold(source, from + 1, to + 1 + taps as u64);
        for (number, value) in (first..).zip(out) {
            let (input, phase) = self.place(number);
            let start = (input + 1 - self.held_first) as usize;
            let window = self.held.get(start..start + taps).unwrap_or_default();
            let kernel = self
                .kernel
                .get(phase * taps..(phase + 1) * taps)
                .unwrap_or_default();
            let mut sum = [0.0_f32; 3];
            for (weight, [a, b, mono]) in kernel.iter().zip(window) {
                let [sum_a, sum_b, sum_mono] = &mut sum;
                *sum_a += weight * a;
                *sum_b += weight * b;
                *sum_mono += weight * mono;
            }
            *value = sum;
        }
    }

    /// The input frame before the output frame, and the phase between it and the next.
    fn place(&self, number: u64) -> (u64, usize) {
        let scaled = number * u64::from(SAMPLE_RATE);
        let (input, rest) = (scaled / self.rate_out, scaled % self.rate_out);
        (input, (rest * self.phases / self.rate_out) as usize)
    }

    /// Makes `held` the input from `from` to `to`, reading only what is not there.
    fn hold(&mut self, source: &mut dyn ViewSource, from: u64, to: u64) {
        let held_to = self.held_first + self.held.len() as u64;
        if from < self.held_first || from > held_to {
            self.held.clear();
        } else {
            self.held.drain(..(from - self.held_first) as usize);
        }
        self.held_first = from;
        let there = self.held.len();
        let wanted = (to - from) as usize;
        if there >= wanted {
            return;
        }
        self.held.resize(wanted, [0.0; 3]);
        let fresh = self.held.get_mut(there..).unwrap_or_default();
        let start = from + there as u64;
        // Before the track there is silence.
        let before = (self.reach as u64).saturating_sub(start) as usize;
        if let Some(sound) = fresh.get_mut(before..) {
            source.read((start + before as u64) - self.reach as u64, sound);
        }
    }
}

fn common_divisor(mut a: u64, mut b: u64) -> u64 {
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a.max(1)
}

fn sinc(x: f64) -> f64 {
    let angle = std::f64::consts::PI * x;
    if angle.abs() < 1e-9 {
        1.0
    } else {
        angle.sin() / angle
    }
}

/// Kaiser's window from -1 to 1.
fn kaiser(x: f64) -> f64 {
    let inside = (1.0 - x * x).max(0.0);
    bessel(BETA * inside.sqrt()) / bessel(BETA)
}

/// The modified Bessel function of the first kind and order zero, by its power series.
fn bessel(x: f64) -> f64 {
    let (mut sum, mut term) = (1.0, 1.0);
    for k in 1..40 {
        let factor = x / (2.0 * f64::from(k));
        term *= factor * factor;
        sum += term;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tone, its double and its negative.
    struct Tone(f64);

    impl Tone {
        fn at(&self, secs: f64) -> f32 {
            (std::f64::consts::TAU * self.0 * secs).sin() as f32
        }
    }

    impl ViewSource for Tone {
        fn read(&mut self, first: u64, out: &mut [[f32; 3]]) {
            for (number, value) in (first..).zip(out) {
                let tone = self.at(number as f64 / f64::from(SAMPLE_RATE));
                *value = [tone, 2.0 * tone, -tone];
            }
        }

        fn refresh(&mut self) {}
    }

    #[test]
    fn a_tone_keeps_its_shape_place_and_level_at_every_rate() {
        for rate in [16_000, 22_050, 44_100, 48_000, 192_000] {
            let mut tone = Tone(1000.0);
            let mut upsample = Upsample::new(rate);
            let mut out = vec![[0.0; 3]; 4000];
            upsample.read(&mut tone, 20_000, &mut out);
            for (number, [a, b, mono]) in (20_000..).zip(out) {
                let expected = tone.at(f64::from(number) / f64::from(rate));
                assert!((a - expected).abs() < 3e-4, "{rate} Hz: {a} {expected}");
                assert!((b - 2.0 * expected).abs() < 6e-4 && mono == -a);
            }
        }
    }

    #[test]
    fn reading_in_pieces_is_reading_at_once() {
        let mut tone = Tone(440.0);
        let mut whole = vec![[0.0; 3]; 5000];
        Upsample::new(44_100).read(&mut tone, 0, &mut whole);
        let mut upsample = Upsample::new(44_100);
        for (first, length) in [
            (0, 100),
            (100, 900),
            (4000, 1000),
            (3990, 20),
            (7, 1),
            (8, 0),
        ] {
            let mut piece = vec![[0.0; 3]; length];
            upsample.read(&mut tone, first as u64, &mut piece);
            assert_eq!(piece, whole[first..first + length]);
        }
    }
}
