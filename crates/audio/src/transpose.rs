//! Sound at another pitch.

use std::{fmt, str::FromStr};

use serde::Serialize;

use super::{SAMPLE_RATE, resample::Resample};

/// So many semitones up or down at most: an octave.
const MOST: u8 = 12;

/// A step of pitch that is heard: whole semitones from -12 to 12, but not 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Semitones(i8);

impl Semitones {
    /// So many semitones up, or down where they are negative.
    ///
    /// # Errors
    /// What is allowed, in a sentence.
    pub fn new(semitones: i8) -> Result<Self, String> {
        match semitones.unsigned_abs() {
            1..=MOST => Ok(Self(semitones)),
            _ => Err(format!(
                "'{semitones}' is no step of pitch; give whole semitones from -12 to 12, but not 0"
            )),
        }
    }

    /// The number, negative downwards.
    pub fn get(self) -> i8 {
        self.0
    }

    /// By what all frequencies are multiplied, in equal temperament.
    pub fn ratio(self) -> f64 {
        (f64::from(self.0) / 12.0).exp2()
    }
}

impl fmt::Display for Semitones {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:+}", self.0)
    }
}

impl FromStr for Semitones {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = text.parse::<i8>().map_err(|_| {
            format!(
                "'{text}' is no step of pitch; give whole semitones from -12 to 12, but not 0, as -2,2"
            )
        })?;
        Self::new(number)
    }
}

/// Samples (16 kHz, mono) as they sound from a tape that runs faster or slower: every frequency is multiplied by
/// [`Semitones::ratio`], and the sound is shorter by it. Nothing but the resampler of all files touches it, so there are no
/// artefacts, but its tempo changes with its pitch. The pitch is off by less than 0.1 cents.
///
/// # Errors
/// What the resampler says.
pub fn transposed(samples: &[f32], semitones: Semitones) -> Result<Vec<f32>, String> {
    let to = f64::from(SAMPLE_RATE) / semitones.ratio();
    let mut resample = Resample::new(1, SAMPLE_RATE, to.round() as u32)?;
    let mut out = Vec::new();
    let mut take = |piece: &[f32]| out.extend_from_slice(piece);
    resample.push(samples, &mut take)?;
    resample.finish(&mut take)?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Zero crossings upwards tell the frequency of a tone.
    fn hz(samples: &[f32]) -> f64 {
        let rises = samples
            .windows(2)
            .filter(|pair| pair[0] < 0.0 && pair[1] >= 0.0);
        rises.count() as f64 * f64::from(SAMPLE_RATE) / samples.len() as f64
    }

    #[test]
    fn a_tone_is_heard_so_many_semitones_higher_and_is_shorter_by_as_much() {
        let tone: Vec<f32> = (0..4 * SAMPLE_RATE)
            .map(|n| (std::f32::consts::TAU * 440.0 * n as f32 / SAMPLE_RATE as f32).sin())
            .collect();
        for (semitones, wanted) in [(12, 880.0), (7, 659.26), (1, 466.16), (-2, 392.0)] {
            let semitones = Semitones::new(semitones).unwrap();
            let moved = transposed(&tone, semitones).unwrap();
            let length = tone.len() as f64 / semitones.ratio();
            assert!((moved.len() as f64 - length).abs() < 8.0, "{semitones}");
            let heard = hz(&moved[2000..moved.len() - 2000]);
            assert!((heard - wanted).abs() < 0.6, "{semitones}: {heard}");
        }
        assert_eq!(transposed(&[], Semitones::new(3).unwrap()), Ok(Vec::new()));
    }

    #[test]
    fn no_step_and_too_large_steps_are_refused_in_words() {
        for wrong in ["0", "13", "-40", "x", "200"] {
            let why = wrong.parse::<Semitones>().unwrap_err();
            assert!(why.contains("from -12 to 12"), "{why}");
        }
        assert_eq!("-2".parse::<Semitones>().unwrap().to_string(), "-2");
        assert_eq!(Semitones::new(2).unwrap().to_string(), "+2");
    }
}
