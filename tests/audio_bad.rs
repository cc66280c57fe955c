//! Sound files are untrusted: each ends as sound or as one clear error, soon, and never takes the program down.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use std::{
    fs,
    path::{Path, PathBuf},
};

use mynascope_audio::{
    AudioError, Channel, SAMPLE_RATE, load_mono, probe_file, stream_mono, write_wav,
};
use mynascope_base::jobs::Cancel;

/// Sound is finite and not absurd; an error names its file last.
fn check(path: &Path) -> Result<Vec<f32>, AudioError> {
    let result =
        load_mono(path, SAMPLE_RATE, Channel::Mean, &Cancel::default()).map(|(samples, _)| samples);
    match &result {
        Ok(samples) => {
            assert!(!samples.is_empty(), "{}", path.display());
            assert!(samples.iter().all(|s| s.is_finite()), "{}", path.display());
        }
        Err(error) => {
            let text = error.to_string();
            assert!(text.ends_with(&path.display().to_string()), "{text}");
            assert_eq!(error.path(), Some(path));
        }
    }
    // The header alone must be as harmless.
    let _ = probe_file(path);
    result
}

/// Damaged, cut off, forged and unusual files; `make.py` there made them.
fn malformed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/malformed")
}

/// How many files of a folder there are, and how many of them became sound.
fn check_all(folder: &Path) -> (usize, usize) {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            let ending = path.extension().unwrap_or_default();
            ending != "py" && ending != "tsv"
        })
        .collect();
    paths.sort();
    let mut sound = 0;
    for path in &paths {
        let name = path.file_name().unwrap().to_string_lossy();
        match check(path) {
            Ok(samples) => {
                sound += 1;
                println!("{:7.2} s  {name}", samples.len() as f64 / 16_000.0);
            }
            Err(error) => println!("   error  {name}: {error}"),
        }
    }
    println!("{sound} of {} files became sound", paths.len());
    (paths.len(), sound)
}

#[test]
fn every_malformed_file_ends_as_sound_or_as_one_clear_error() {
    let (files, sound) = check_all(&malformed());
    assert!(files >= 100, "{files} files");
    assert!(sound >= 40 && sound < files, "{sound} of {files}");
}

/// The crashers of other readers' fuzzers and the test files of the FLAC working group are not ours to ship.
#[test]
fn every_malformed_file_of_other_projects_ends_as_sound_or_as_one_clear_error() {
    let promise = "89 malformed sound files of other projects end as sound or as an error";
    if let Some(folder) = common::skipped::beside_the_checkout("audio/bad", promise) {
        let (files, sound) = check_all(&folder);
        assert!(files >= 89 && sound >= 20, "{sound} of {files}");
    }
}

#[test]
fn intact_files_have_the_length_that_ffmpeg_finds() {
    let lengths = fs::read_to_string(malformed().join("lengths.tsv")).unwrap();
    assert!(lengths.lines().count() >= 25);
    for line in lengths.lines() {
        let (name, secs) = line.split_once('\t').unwrap();
        let samples = check(&malformed().join(name)).unwrap();
        let (found, wanted) = (
            samples.len() as f64 / 16_000.0,
            secs.parse::<f64>().unwrap(),
        );
        println!("{name}: {found} s, {wanted} s in ffmpeg");
        // ffmpeg leaves the padding at the end of AAC and rounds blocks up.
        assert!(
            (found - wanted).abs() <= 0.03,
            "{name}: {found} s for {wanted} s"
        );
    }
    let one = malformed().join("intact_one_sample.wav");
    assert_eq!(check(&one).unwrap().len(), 1);
}

#[test]
fn what_is_not_decoded_is_named() {
    let error = check(&malformed().join("picture.wav")).unwrap_err();
    assert!(matches!(error, AudioError::NoSound { .. }), "{error}");
    assert!(error.to_string().contains("picture"), "{error}");
}

/// A mono 16-bit WAV header with given claims, and one second of sound.
fn wav(channels: u16, rate: u32, data_size: u32) -> Vec<u8> {
    let mut bytes = b"RIFF".to_vec();
    bytes.extend(data_size.saturating_add(36).to_le_bytes());
    bytes.extend(b"WAVEfmt ");
    bytes.extend(16_u32.to_le_bytes());
    bytes.extend(1_u16.to_le_bytes());
    bytes.extend(channels.to_le_bytes());
    bytes.extend(rate.to_le_bytes());
    bytes.extend(rate.wrapping_mul(2).to_le_bytes());
    bytes.extend(channels.wrapping_mul(2).to_le_bytes());
    bytes.extend(16_u16.to_le_bytes());
    bytes.extend(b"data");
    bytes.extend(data_size.to_le_bytes());
    bytes.extend((0..32_000).map(|n| (n % 251) as u8));
    bytes
}

#[test]
fn hostile_files_made_here_are_errors_or_sound() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let mut noise = Vec::new();
    let mut state = 3_u32;
    for _ in 0..50_000 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        noise.push((state >> 24) as u8);
    }
    let empty = check(&write("empty.wav", b"")).unwrap_err();
    assert!(matches!(empty, AudioError::Empty { .. }), "{empty}");
    for (name, bytes) in [
        (
            "text.mp3",
            b"This is a text, and no music at all.\n".repeat(30),
        ),
        ("header.wav", wav(1, 16_000, 32_000)[..30].to_vec()),
        ("no_sound.wav", wav(1, 16_000, 0)[..44].to_vec()),
        ("no_channels.wav", wav(0, 16_000, 32_000)),
        ("many_channels.wav", wav(65_535, 16_000, 32_000)),
        ("rate_zero.wav", wav(1, 0, 32_000)),
        ("rate_4e9.wav", wav(1, 4_000_000_000, 32_000)),
        ("noise.flac", noise),
        ("rf64.wav", b"RF64\xff\xff\xff\xffWAVEds64".to_vec()),
    ] {
        let error = check(&write(name, &bytes)).unwrap_err();
        println!("{error}");
    }
    // A size that a crashed recorder left behind: all that is there plays.
    let endless = check(&write("endless.wav", &wav(1, 16_000, u32::MAX))).unwrap();
    assert_eq!(endless.len(), 16_000);
    // Cut in the middle of the sound.
    let cut = check(&write("cut.wav", &wav(1, 16_000, 32_000)[..10_044])).unwrap();
    assert!(cut.len() >= 4_000 && cut.len() <= 5_000, "{}", cut.len());
}

#[test]
fn samples_that_are_no_numbers_are_silence() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nan.wav");
    let specification = hound::WavSpec {
        channels: 1,
        sample_rate: SAMPLE_RATE,
        bits_per_sample: 32,
        sample_format: hound::SampleFormat::Float,
    };
    let mut writer = hound::WavWriter::create(&path, specification).unwrap();
    for sample in [0.5, f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e30, -0.5] {
        writer.write_sample(sample).unwrap();
    }
    writer.finalize().unwrap();
    assert_eq!(check(&path).unwrap(), [0.5, 0.0, 0.0, 0.0, 0.0, -0.5]);
}

#[test]
fn only_regular_files_are_opened() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(check(folder.path()), Err(AudioError::Open { .. })));
    let missing = folder.path().join("missing.wav");
    assert!(matches!(check(&missing), Err(AudioError::Open { .. })));
    #[cfg(unix)]
    {
        // A pipe that nobody writes to would hold its reader for ever.
        let pipe = folder.path().join("pipe.wav");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        assert!(matches!(check(&pipe), Err(AudioError::Open { .. })));
        assert!(matches!(
            check(Path::new("/dev/zero")),
            Err(AudioError::Open { .. })
        ));
    }
}

#[test]
fn sixteen_bit_sound_comes_back_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("all.wav");
    let every: Vec<f32> = (i16::MIN..=i16::MAX)
        .map(|value| f32::from(value) / 32_768.0)
        .collect();
    write_wav(&path, &every, SAMPLE_RATE).unwrap();
    assert_eq!(check(&path).unwrap(), every);
    let info = probe_file(&path).unwrap();
    assert_eq!((info.sample_rate, info.channels), (SAMPLE_RATE, 1));
    assert!((info.duration_secs - 65_536.0 / 16_000.0).abs() < 1e-9);
}

#[test]
fn mono_is_the_mean_of_the_channels() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stereo.wav");
    let specification = hound::WavSpec {
        channels: 2,
        sample_rate: SAMPLE_RATE,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(&path, specification).unwrap();
    for (left, right) in [(16_384_i16, 0_i16), (8_192, -8_192), (-32_768, -32_768)] {
        writer.write_sample(left).unwrap();
        writer.write_sample(right).unwrap();
    }
    writer.finalize().unwrap();
    assert_eq!(check(&path).unwrap(), [0.25, 0.0, -1.0]);
}

#[test]
fn a_cancelled_decode_stops() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.wav");
    write_wav(&path, &vec![0.1; 1_000_000], SAMPLE_RATE).unwrap();
    let cancel = Cancel::default();
    let mut heard = 0;
    let result = stream_mono(&path, SAMPLE_RATE, Channel::Mean, &cancel, &mut |piece| {
        heard += piece.len();
        cancel.cancel();
    });
    assert!(matches!(result, Err(AudioError::Cancelled(_))));
    assert!(heard < 100_000, "{heard}");
}
