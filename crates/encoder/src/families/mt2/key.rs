//! Key profiles on the circle of fifths, and how they turn when the sound is transposed.
//!
//! A profile y of twelve numbers that sum to 1 is a point in the unit disc, z = sum_q y_q exp(2 pi i 7 q / 12): one step of the
//! circle is a fifth. A sound that is k semitones lower ought to turn z back by 7 k / 12 of the circle (Kong et al. 2024, STONE,
//! eq. 3 to 5). Which place of the profile is C nothing tells an encoder that learned without labels: a recording in a known key
//! does, see [`KeyNames`].

use std::f64::consts::TAU;

use super::{FrontEnd, KEYS, VQT_BINS, window_of};
use crate::{EncoderConfig, EncoderError, LoadedEncoder, Readout};

/// So many semitones a sound can be lowered at most by reading higher bins of its VQT: an octave.
pub const MOST_SEMITONES_LOWER: usize = 12;
/// Profiles of a window: as it is, and one for each semitone lower.
pub const TRANSPOSITIONS: usize = MOST_SEMITONES_LOWER + 1;
/// What the signatures are called by their major keys, from C a semitone at a time.
const MAJOR: [&str; KEYS] = [
    "C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B",
];
/// The minor keys of the same signatures.
const MINOR: [&str; KEYS] = [
    "Am", "Bbm", "Bm", "Cm", "C#m", "Dm", "Ebm", "Em", "Fm", "F#m", "Gm", "G#m",
];

/// The sum of a key profile on the circle of fifths.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KeyArrow {
    /// Where it points, as a share of the circle from place 0 on: in [0, 1).
    pub turn: f64,
    /// Its length: 1 of a profile that names one key, 0 of one that says nothing.
    pub length: f64,
}

impl KeyArrow {
    /// The arrow of a profile of twelve.
    pub fn of(profile: &[f32]) -> Self {
        let (mut re, mut im) = (0.0, 0.0);
        for (key, &share) in (0_u32..).zip(profile) {
            let (sine, cosine) = (TAU * f64::from(7 * key) / KEYS as f64).sin_cos();
            re += f64::from(share) * cosine;
            im += f64::from(share) * sine;
        }
        Self {
            turn: (im.atan2(re) / TAU).rem_euclid(1.0),
            length: re.hypot(im),
        }
    }

    /// The place of the profile that it points to, 0 to 11.
    pub fn key(self) -> usize {
        let fifths = (KEYS as f64 * self.turn).round() as usize % KEYS;
        // 7 is its own inverse modulo 12.
        7 * fifths % KEYS
    }

    /// Where it ought to point when the sound is so many semitones lower.
    pub fn lowered(self, semitones: usize) -> Self {
        let back = (7 * semitones % KEYS) as f64 / KEYS as f64;
        Self {
            turn: (self.turn - back).rem_euclid(1.0),
            ..self
        }
    }

    /// How far another arrow lies ahead, in steps of the circle (fifths): from -6 to 6.
    pub fn steps_to(self, other: Self) -> f64 {
        let turn = (other.turn - self.turn + 0.5).rem_euclid(1.0) - 0.5;
        KEYS as f64 * turn
    }
}

/// The arrows of a window from its profiles at each transposition, [13, 12] row-major, and how far each misses the place where
/// it ought to be, in steps of the circle.
pub fn turned(profiles: &[f32]) -> Vec<(KeyArrow, f64)> {
    let arrows = profiles.chunks_exact(KEYS).map(KeyArrow::of);
    let plain = KeyArrow::of(profiles.get(..KEYS).unwrap_or_default());
    arrows
        .enumerate()
        .map(|(semitones, arrow)| (arrow, plain.lowered(semitones).steps_to(arrow)))
        .collect()
}

/// What the places of an encoder's key profile are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KeyNames {
    /// How many semitones above C place 0 is; `None`: nobody knows yet.
    pub first: Option<usize>,
}

impl KeyNames {
    /// The names if a recording whose signature is so many semitones above C (0: C major or A minor) is heard at a place.
    pub fn heard(signature: usize, place: usize) -> Self {
        Self {
            first: Some((signature + KEYS - place % KEYS) % KEYS),
        }
    }

    /// How many semitones above C the major key of a place is, if that is known.
    pub fn signature(self, place: usize) -> Option<usize> {
        Some((self.first? + place) % KEYS)
    }

    /// The major and minor key of a place: "C / Am", or its number.
    pub fn name(self, place: usize) -> String {
        match self.signature(place) {
            Some(signature) => Self::of_signature(signature),
            None => format!("key {place}"),
        }
    }

    /// The major key alone: "C", or its number.
    pub fn short_name(self, place: usize) -> String {
        let name = self.signature(place).and_then(|at| MAJOR.get(at));
        name.map_or_else(|| place.to_string(), |name| (*name).to_owned())
    }

    /// The major key of a signature that is so many semitones above C: "G".
    pub fn major_of(signature: usize) -> &'static str {
        MAJOR.get(signature % KEYS).copied().unwrap_or_default()
    }

    /// How many semitones above C the signature of a key is, major or minor: "G", "Em".
    pub fn signature_of(key: &str) -> Option<usize> {
        let known = |names: &[&str; KEYS]| names.iter().position(|name| *name == key);
        known(&MAJOR).or_else(|| known(&MINOR))
    }

    /// The keys of a signature that is so many semitones above C: "C / Am".
    pub fn of_signature(signature: usize) -> String {
        let names = MAJOR.get(signature % KEYS).zip(MINOR.get(signature % KEYS));
        names.map_or_else(String::new, |(major, minor)| format!("{major} / {minor}"))
    }
}

impl LoadedEncoder {
    /// The key profiles of a window of sound (16 kHz, mono), as it is and lowered by 1 to 12 semitones, [13, 12] row-major. It is
    /// lowered by reading higher bins of its VQT; the mel-spectrogram, which can't be moved so, stays.
    ///
    /// # Errors
    /// [`EncoderError::Reading`] if the encoder is no MT2 or was not opened with [`Readout::KeyProfile`];
    /// [`EncoderError::Windows`] if the sound can't be read; [`EncoderError::Compute`] if the device fails.
    pub fn transposed_key_profiles(&self, samples: &[f32]) -> Result<Vec<f32>, EncoderError> {
        let EncoderConfig::Mt2(config) = self.config() else {
            return Err(EncoderError::Reading(
                "only an MT2 gives key profiles; choose one".into(),
            ));
        };
        if self.reading().readout != Some(Readout::KeyProfile) {
            return Err(EncoderError::Reading(
                "keys are read as the readout key-profile".into(),
            ));
        }
        let spare = VQT_BINS - config.bins.min(VQT_BINS);
        if spare < MOST_SEMITONES_LOWER {
            return Err(EncoderError::Reading(format!(
                "this encoder reads {} bins of the VQT, so {spare} are left to transpose by, and {MOST_SEMITONES_LOWER} are wanted",
                config.bins
            )));
        }
        let mut padded = samples.to_vec();
        padded.resize(config.window_samples(), 0.0);
        let decibels = FrontEnd::new(&config).decibels(&padded);
        let decibels = decibels.map_err(|error| EncoderError::Windows(error.to_string()))?;
        let windows: Vec<Vec<f32>> = (0..TRANSPOSITIONS)
            .map(|first_bin| window_of(&config, &decibels, first_bin))
            .collect();
        let windows: Vec<&[f32]> = windows.iter().map(Vec::as_slice).collect();
        self.embed_windows(&windows, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A profile that names one place.
    fn one(place: usize) -> [f32; KEYS] {
        std::array::from_fn(|key| f32::from(key == place))
    }

    #[test]
    fn a_lower_sound_turns_the_arrow_back_by_seven_steps_a_semitone() {
        for place in 0..KEYS {
            let arrow = KeyArrow::of(&one(place));
            assert_eq!(arrow.key(), place);
            assert!((arrow.length - 1.0).abs() < 1e-9);
            for semitones in 0..=MOST_SEMITONES_LOWER {
                let lower = KeyArrow::of(&one((place + 24 - semitones) % KEYS));
                let missed = arrow.lowered(semitones).steps_to(lower);
                assert!(missed.abs() < 1e-6, "{place} {semitones} {missed}");
            }
        }
        let nothing = KeyArrow::of(&[1.0 / 12.0; KEYS]);
        assert!(nothing.length < 1e-6);
    }

    #[test]
    fn what_does_not_turn_misses_its_place() {
        let still: Vec<f32> = one(3).repeat(TRANSPOSITIONS);
        let turned = turned(&still);
        assert_eq!(turned.len(), TRANSPOSITIONS);
        assert!(turned[0].1.abs() < 1e-9);
        // A semitone is seven fifths up, or five down.
        assert!((turned[1].1.abs() - 5.0).abs() < 1e-6, "{}", turned[1].1);
        assert!((turned[6].1.abs() - 6.0).abs() < 1e-6);
        assert!(turned[12].1.abs() < 1e-6);
    }

    #[test]
    fn a_recording_in_c_names_all_places() {
        let names = KeyNames::heard(0, 9);
        assert_eq!(names.name(9), "C / Am");
        assert_eq!(names.name(11), "D / Bm");
        assert_eq!(names.short_name(0), "Eb");
        assert_eq!(KeyNames::heard(7, 4).name(4), "G / Em");
        assert_eq!(KeyNames::default().name(4), "key 4");
        for signature in 0..KEYS {
            let major = KeyNames::major_of(signature);
            assert_eq!(KeyNames::signature_of(major), Some(signature));
        }
        assert_eq!(KeyNames::signature_of("Em"), Some(7));
        assert_eq!(KeyNames::signature_of("H"), None);
    }
}
