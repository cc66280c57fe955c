//! Slaney's mel scale, and the names of notes.

use super::MEL_BANDS;
use mynascope_audio::SAMPLE_RATE;

/// Slaney's scale is linear below this.
const LINEAR_BELOW_HZ: f64 = 1000.0;
/// Hz per mel of the linear part.
const HZ_PER_MEL: f64 = 200.0 / 3.0;
/// Mels at the border.
const MELS_AT_BORDER: f64 = LINEAR_BELOW_HZ / HZ_PER_MEL;
/// The logarithmic part takes 27 steps from 1000 to 6400 Hz.
const LOG_STEPS: f64 = 27.0;
const LOG_RANGE: f64 = 6.4;

/// Hz to mel on Slaney's scale (Auditory Toolbox, 1998): linear below 1 kHz, logarithmic above.
pub(super) fn mel_of_hz(hz: f64) -> f64 {
    if hz < LINEAR_BELOW_HZ {
        hz / HZ_PER_MEL
    } else {
        MELS_AT_BORDER + (hz / LINEAR_BELOW_HZ).ln() / (LOG_RANGE.ln() / LOG_STEPS)
    }
}

/// The inverse of [`mel_of_hz`].
pub(super) fn hz_of_mel(mel: f64) -> f64 {
    if mel < MELS_AT_BORDER {
        mel * HZ_PER_MEL
    } else {
        LINEAR_BELOW_HZ * ((mel - MELS_AT_BORDER) * LOG_RANGE.ln() / LOG_STEPS).exp()
    }
}

/// Mels between the centres of neighbouring bands: 130 edges span 0 to half the sample rate.
pub(super) fn mels_per_band() -> f64 {
    mel_of_hz(f64::from(SAMPLE_RATE) / 2.0) / (MEL_BANDS + 1) as f64
}

/// Centre frequencies of the mel bands, in Hz, lowest first: 128 values.
pub fn mel_frequencies() -> Vec<f64> {
    (0..MEL_BANDS).map(|band| hz_of_band(band as f64)).collect()
}

/// The frequency in Hz at a place on the band axis; whole numbers are centres of bands.
pub fn hz_of_band(band: f64) -> f64 {
    hz_of_mel((band + 1.0) * mels_per_band())
}

/// The place on the band axis of a frequency in Hz: the inverse of [`hz_of_band`], not limited to real bands.
pub fn band_of_hz(hz: f64) -> f64 {
    mel_of_hz(hz) / mels_per_band() - 1.0
}

/// The name of the nearest equal-tempered note (A4 = 440 Hz): "A4", "C#5". `None` below 8 Hz, where MIDI has none.
pub fn note_name(hz: f64) -> Option<String> {
    note_and_cents(hz).map(|(name, _)| name)
}

/// As [`note_name`], with how far above it (below: negative) the frequency lies, in hundredths of a semitone.
pub fn note_and_cents(hz: f64) -> Option<(String, i32)> {
    const NAMES: [&str; 12] = [
        "C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B",
    ];
    if !hz.is_finite() || hz < 8.0 {
        return None;
    }
    // MIDI numbers: A4 is 69, and octave 4 begins at 60.
    let place = 69.0 + 12.0 * (hz / 440.0).log2();
    let number = place.round() as i32;
    let cents = ((place - place.round()) * 100.0).round() as i32;
    let name = NAMES.get(usize::try_from(number.rem_euclid(12)).ok()?)?;
    Some((format!("{name}{}", number.div_euclid(12) - 1), cents))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_and_hz_are_inverse() {
        for band in 0..MEL_BANDS {
            let hz = hz_of_band(band as f64);
            assert!((band_of_hz(hz) - band as f64).abs() < 1e-9);
        }
        let centres = mel_frequencies();
        assert_eq!(centres.len(), MEL_BANDS);
        assert!(centres.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(centres[0] > 0.0 && centres[MEL_BANDS - 1] < 8000.0);
        assert!((band_of_hz(8000.0) - MEL_BANDS as f64).abs() < 1e-9);
    }

    #[test]
    fn notes_have_their_names() {
        assert_eq!(note_name(440.0).unwrap(), "A4");
        assert_eq!(note_name(261.63).unwrap(), "C4");
        assert_eq!(note_name(246.94).unwrap(), "B3");
        assert_eq!(note_name(1108.7).unwrap(), "C#6");
        assert_eq!(note_name(27.5).unwrap(), "A0");
        assert_eq!(note_name(0.0), None);
        assert_eq!(note_name(f64::NAN), None);
        let slightly_sharp = 440.0 * 2_f64.powf(0.12 / 12.0);
        assert_eq!(
            note_and_cents(slightly_sharp).unwrap(),
            ("A4".to_owned(), 12)
        );
        let flat = 440.0 * 2_f64.powf(-0.4 / 12.0);
        assert_eq!(note_and_cents(flat).unwrap(), ("A4".to_owned(), -40));
    }
}
