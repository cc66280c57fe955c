//! What the encoder hears is what the published models were trained on, whatever rate a file has.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use mynascope_audio::{Channel, SAMPLE_RATE, load_mono};
use mynascope_base::jobs::Cancel;
use mynascope_spectrum::read_npy;

/// torchaudio's `Resample` has a short filter: up to 4.4 kHz its ripple is below -54 dB, above it dampens what ours keeps
/// (3.7 dB at 7.5 kHz). So the tone of the reference rises to 4.4 kHz.
#[test]
fn a_rising_tone_is_resampled_as_by_torchaudio() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/front_end");
    let (_, reference) = read_npy(&folder.join("rising_16000.npy")).unwrap();
    let path = folder.join("rising.wav");
    let (ours, _) = load_mono(&path, SAMPLE_RATE, Channel::Mean, &Cancel::default()).unwrap();
    assert_eq!(ours.len(), reference.len());
    let power = |signal: &mut dyn Iterator<Item = f32>| -> f64 {
        signal.map(|sample| f64::from(sample).powi(2)).sum()
    };
    let difference = power(&mut ours.iter().zip(&reference).map(|(a, b)| a - b));
    let db = 10.0 * (difference / power(&mut reference.iter().copied())).log10();
    println!("difference {db:.1} dB");
    assert!(db < -55.0, "{db} dB");
}
