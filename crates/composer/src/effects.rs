//! What sound passes through: filters, room, echo, loudness.

use crate::maths::{cos_turns, exp2, sin_turns, soften};

/// A resonant filter with low, band and high outputs (Simper 2013, "Linear trapezoidal state variable filter"): its
/// frequency may be moved while it runs.
#[derive(Debug, Clone, Default)]
pub(super) struct Filter {
    first: f32,
    second: f32,
    a1: f32,
    a2: f32,
    a3: f32,
    damping: f32,
}

impl Filter {
    /// A filter at `hz` for a sample rate; `q` 0.7 is flat, 8 sings.
    pub(super) fn new(hz: f32, q: f32, rate: f32) -> Self {
        let mut filter = Self::default();
        filter.tune(hz, q, rate);
        filter
    }

    /// Moves it without a click.
    pub(super) fn tune(&mut self, hz: f32, q: f32, rate: f32) {
        let turns = (hz / rate).clamp(0.000_1, 0.49) / 2.0;
        let g = sin_turns(turns) / cos_turns(turns);
        self.damping = 1.0 / q.max(0.1);
        self.a1 = 1.0 / (1.0 + g * (g + self.damping));
        self.a2 = g * self.a1;
        self.a3 = g * self.a2;
    }

    fn step(&mut self, input: f32) -> (f32, f32) {
        let rest = input - self.second;
        let band = self.a1 * self.first + self.a2 * rest;
        let low = self.second + self.a2 * self.first + self.a3 * rest;
        self.first = 2.0 * band - self.first;
        self.second = 2.0 * low - self.second;
        (low, band)
    }

    pub(super) fn low(&mut self, input: f32) -> f32 {
        self.step(input).0
    }

    /// The band around its frequency, of height 1.
    pub(super) fn band(&mut self, input: f32) -> f32 {
        self.step(input).1 * self.damping
    }

    pub(super) fn high(&mut self, input: f32) -> f32 {
        let (low, band) = self.step(input);
        input - self.damping * band - low
    }
}

/// A line of samples read at its end: the memory of echoes and rooms.
struct Line {
    samples: Vec<f32>,
    place: usize,
}

impl Line {
    fn new(length: usize) -> Self {
        Self {
            samples: vec![0.0; length.max(1)],
            place: 0,
        }
    }

    /// The oldest sample; what `next` makes of it takes its place.
    fn turn(&mut self, next: impl FnOnce(f32) -> f32) -> f32 {
        let Some(slot) = self.samples.get_mut(self.place) else {
            return 0.0;
        };
        let oldest = *slot;
        *slot = next(oldest);
        self.place += 1;
        if self.place == self.samples.len() {
            self.place = 0;
        }
        oldest
    }
}

/// A room: eight damped combs and four all-passes in a row (Schroeder 1962; lengths of Jezar's Freeverb).
/// `seconds` is the time to fall by 60 dB, `damping` 0 (bright) to 1 (dull).
pub(super) fn hall(sound: &[f32], seconds: f32, damping: f32, rate: f32) -> Vec<f32> {
    const COMBS: [f32; 8] = [
        1116.0, 1188.0, 1277.0, 1356.0, 1422.0, 1491.0, 1557.0, 1617.0,
    ];
    const PASSES: [f32; 4] = [556.0, 441.0, 341.0, 225.0];
    let mut out = vec![0.0_f32; sound.len()];
    for length in COMBS {
        let length = length * rate / 44_100.0;
        // -60 dB is 2^-9.97.
        let feedback = exp2(-9.97 * length / (seconds * rate));
        let mut line = Line::new(length as usize);
        let mut dull = 0.0_f32;
        for (out, &input) in out.iter_mut().zip(sound) {
            *out += line.turn(|oldest| {
                dull = oldest + damping * (dull - oldest);
                input * 0.06 + dull * feedback
            });
        }
    }
    for length in PASSES {
        let mut line = Line::new((length * rate / 44_100.0) as usize);
        for sample in &mut out {
            let input = *sample;
            let oldest = line.turn(|oldest| input + 0.5 * oldest);
            *sample = oldest - 0.5 * (input + 0.5 * oldest);
        }
    }
    out
}

/// Repeats of a tape echo: each is softer, duller and thinner than the one before.
pub(super) fn tape_echo(sound: &[f32], secs: f32, feedback: f32, rate: f32) -> Vec<f32> {
    let mut line = Line::new((secs * rate) as usize);
    let mut dull = Filter::new(2600.0, 0.7, rate);
    let mut thin = Filter::new(220.0, 0.7, rate);
    sound
        .iter()
        .map(|&input| {
            line.turn(|oldest| {
                let worn = thin.high(dull.low(oldest));
                input + soften(worn * feedback)
            })
        })
        .collect()
}

/// The loudness that every track gets: root mean square of full scale, -18 dB.
pub(super) const LOUDNESS: f32 = 0.125_892_5;

/// Root mean square of a sound.
pub fn loudness(sound: &[f32]) -> f32 {
    let power: f64 = sound.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
    (power / sound.len().max(1) as f64).sqrt() as f32
}

/// Brings a track to [`LOUDNESS`] with peaks rounded below full scale. Rounding takes loudness away, so it is done
/// in a few turns.
pub(super) fn master(sound: &mut [f32], rate: f32) {
    let mut rumble = Filter::new(28.0, 0.7, rate);
    for sample in sound.iter_mut() {
        *sample = rumble.high(*sample);
    }
    for _ in 0..4 {
        let gain = LOUDNESS / loudness(sound).max(1e-6);
        for sample in sound.iter_mut() {
            *sample = round_peaks(*sample * gain);
        }
    }
}

/// Leaves what is below 0.6 as it is and rounds what is above towards 0.96.
fn round_peaks(x: f32) -> f32 {
    const KNEE: f32 = 0.6;
    const ROOM: f32 = 0.36;
    let over = x.abs() - KNEE;
    if over <= 0.0 {
        return x;
    }
    let rounded = KNEE + ROOM * soften(over / ROOM);
    if x < 0.0 { -rounded } else { rounded }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: f32 = 32_000.0;

    fn sine(hz: f32, samples: usize) -> Vec<f32> {
        (0..samples)
            .map(|i| sin_turns(((i as f32) * hz / RATE) % 1.0))
            .collect()
    }

    #[test]
    fn the_filter_keeps_one_side_of_its_frequency() {
        let through = |hz: f32, high: bool| {
            let mut filter = Filter::new(1000.0, 0.7, RATE);
            let sound: Vec<f32> = sine(hz, 8000)
                .into_iter()
                .map(|x| if high { filter.high(x) } else { filter.low(x) })
                .collect();
            loudness(&sound[2000..]) / std::f32::consts::FRAC_1_SQRT_2
        };
        assert!(through(100.0, false) > 0.95 && through(8000.0, false) < 0.03);
        assert!(through(8000.0, true) > 0.95 && through(100.0, true) < 0.03);
        // The corner lies at -3 dB.
        assert!((through(1000.0, false) - 0.7).abs() < 0.02);
    }

    #[test]
    fn a_hall_dies_away_in_its_time() {
        let mut click = vec![0.0; 64_000];
        click[0] = 1.0;
        let tail = hall(&click, 1.0, 0.0, RATE);
        let early = loudness(&tail[3200..6400]);
        let late = loudness(&tail[32_000..35_200]);
        let fall_db = 20.0 * (late / early).log10();
        assert!((-60.0..-48.0).contains(&fall_db), "{fall_db} dB in 0.9 s");
    }

    #[test]
    fn mastering_reaches_the_loudness_below_full_scale() {
        let mut sound: Vec<f32> = sine(440.0, 32_000)
            .iter()
            .enumerate()
            .map(|(i, x)| x * if i % 8000 < 600 { 9.0 } else { 0.3 })
            .collect();
        master(&mut sound, RATE);
        assert!((20.0 * (loudness(&sound) / LOUDNESS).log10()).abs() < 1.0);
        assert!(sound.iter().all(|x| x.abs() <= 0.97));
    }
}
