//! What the encoder hears is what the published models were trained on, whatever rate a file has.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use mynascope_audio::{Channel, SAMPLE_RATE, load_mono};
use mynascope_base::jobs::Cancel;
use mynascope_spectrum::{mel_of_file, read_npy};

/// torchaudio's `Resample` has a wider transition (it lets more through close to 8 kHz and folds some of it), so
/// the comparison is made below 7 kHz.
#[test]
fn below_the_transition_the_sound_is_that_of_torchaudio() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/parity");
    if !folder.exists() {
        eprintln!("skipped: no {}", folder.display());
        return;
    }
    let (_, input) = read_npy(&folder.join("resample_44100_in.npy")).unwrap();
    let (_, reference) = read_npy(&folder.join("resample_16000_out.npy")).unwrap();
    let work = tempfile::tempdir().unwrap();
    let path = work.path().join("input.wav");
    let specification = hound::WavSpec {
        channels: 1,
        sample_rate: 44_100,
        bits_per_sample: 32,
        sample_format: hound::SampleFormat::Float,
    };
    let mut wav = hound::WavWriter::create(&path, specification).unwrap();
    for sample in input {
        wav.write_sample(sample).unwrap();
    }
    wav.finalize().unwrap();
    let channel = Channel::Mean;
    let (ours, _) = load_mono(&path, SAMPLE_RATE, channel, &Cancel::default()).unwrap();
    assert_eq!(ours.len(), reference.len());
    let difference: Vec<f32> = ours.iter().zip(&reference).map(|(a, b)| a - b).collect();
    // A low-pass of 255 taps at 7 kHz, 74 dB down at 7.3 kHz.
    let taps: Vec<f64> = (-127..=127)
        .map(|n| {
            let x = f64::from(n) * 7.0 / 8.0;
            let sinc = if n == 0 {
                1.0
            } else {
                (std::f64::consts::PI * x).sin() / (std::f64::consts::PI * x)
            };
            let turn = std::f64::consts::TAU * f64::from(n + 127) / 254.0;
            sinc * 7.0 / 8.0 * (0.42 - 0.5 * turn.cos() + 0.08 * (2.0 * turn).cos())
        })
        .collect();
    let power = |signal: &[f32]| {
        signal
            .windows(taps.len())
            .map(|part| {
                part.iter()
                    .zip(&taps)
                    .map(|(s, t)| f64::from(*s) * t)
                    .sum::<f64>()
                    .powi(2)
            })
            .sum::<f64>()
    };
    let whole = |signal: &[f32]| signal.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>();
    let below = 10.0 * (power(&difference) / power(&reference)).log10();
    println!(
        "difference below 7 kHz {below:.1} dB, all {:.1} dB",
        10.0 * (whole(&difference) / whole(&reference)).log10()
    );
    // Measured -59.8 dB: the ripple of torchaudio's short filter.
    assert!(below < -55.0, "{below} dB");
}

/// The promise is for optimised builds (hundreds of times real time a core); this bound holds in any.
#[test]
fn a_file_is_pictured_much_faster_than_it_plays() {
    let folder =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/audio/music/librosa");
    let Some(path) = std::fs::read_dir(&folder)
        .ok()
        .and_then(|mut entries| entries.next())
        .map(|entry| entry.unwrap().path())
    else {
        eprintln!("skipped: no {}", folder.display());
        return;
    };
    let started = std::time::Instant::now();
    let made = mel_of_file(&path, Channel::Mean, &Cancel::default());
    let mel = made.unwrap().mel;
    let times = mel.duration_secs() / started.elapsed().as_secs_f64();
    println!(
        "{:.1} s of sound, {times:.0} times real time",
        mel.duration_secs()
    );
    assert!(times > 10.0, "{times} times real time");
}
