//! What decoding promises of real files, one module for each promise. Inputs are made by ffmpeg and oggenc (Debian: ffmpeg,
//! vorbis-tools); the tests fail where these are missing.

mod behind;
mod cuts;
mod holes;
mod hostile;
mod places;
mod refused;

use std::{fs, path::PathBuf, process::Command};

use tempfile::TempDir;

use super::*;

/// A folder with sound that never repeats.
struct Shop {
    folder: TempDir,
}

impl Shop {
    /// Ten seconds, for places in them.
    fn new() -> Self {
        Self::of_secs(10)
    }

    /// Less, where many files are made of it.
    fn of_secs(secs: u32) -> Self {
        let shop = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        shop.source("src.wav", 44_100, 2, secs);
        shop
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn source(&self, name: &str, rate: u32, channels: u16, secs: u32) {
        let specification = hound::WavSpec {
            channels,
            sample_rate: rate,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut writer = hound::WavWriter::create(self.path(name), specification).unwrap();
        for frame in 0..rate * secs {
            let t = f64::from(frame) / f64::from(rate);
            for channel in 0..channels {
                let pitch = 300.0 + 60.0 * t + 50.0 * f64::from(channel);
                let value = 12_000.0 * (std::f64::consts::TAU * pitch * t).sin();
                writer.write_sample(value as i16).unwrap();
            }
        }
        writer.finalize().unwrap();
    }

    /// Runs a program in the folder.
    fn run(&self, program: &str, arguments: &str) {
        let made = Command::new(program)
            .args(arguments.split_whitespace())
            .current_dir(self.folder.path())
            .output()
            .unwrap_or_else(|error| {
                panic!("{program}: {error} (apt-get install ffmpeg vorbis-tools)")
            });
        let said = String::from_utf8_lossy(&made.stderr);
        assert!(made.status.success(), "{program} {arguments}: {said}");
    }

    /// Makes a file with ffmpeg from the source.
    fn make(&self, name: &str, options: &str) -> PathBuf {
        self.run(
            "ffmpeg",
            &format!("-v error -y -nostdin -i src.wav {options} {name}"),
        );
        self.path(name)
    }
}

/// All that follows, as (rate, first channel), part by part where the rate changes.
fn rest(decoder: &mut Decoder) -> Vec<(u32, Vec<f32>)> {
    let mut parts: Vec<(u32, Vec<f32>)> = Vec::new();
    while let Some(chunk) = decoder.next().unwrap() {
        if parts.last().is_none_or(|(rate, _)| *rate != chunk.rate) {
            parts.push((chunk.rate, Vec::new()));
        }
        let (_, samples) = parts.last_mut().unwrap();
        samples.extend(chunk.samples.iter().step_by(chunk.channels));
    }
    parts
}

/// What decoding from the beginning gives from a second on.
fn from_secs(parts: &[(u32, Vec<f32>)], secs: f64) -> Vec<(u32, Vec<f32>)> {
    let mut left = secs;
    let mut found = Vec::new();
    for (rate, samples) in parts {
        let length = samples.len() as f64 / f64::from(*rate);
        if left < length {
            let start = (left * f64::from(*rate)).round() as usize;
            found.push((*rate, samples[start..].to_vec()));
        }
        left = (left - length).max(0.0);
    }
    found
}

fn assert_seeks(path: &Path, secs: f64) {
    let mut decoder = Decoder::open(path, &Cancel::default()).unwrap();
    let all = rest(&mut decoder);
    let length: f64 = all
        .iter()
        .map(|(rate, samples)| samples.len() as f64 / f64::from(*rate))
        .sum();
    assert!(
        (length - secs).abs() < 0.05,
        "{}: {length} s",
        path.display()
    );
    assert_eq!(decoder.incomplete(), None, "{}", path.display());
    // Onwards, back, near the end, the beginning, a place inside a packet.
    for secs in [0.4 * secs, 0.1 * secs, 0.97 * secs, 0.0, 0.333 * secs] {
        decoder.seek(secs).unwrap();
        let (found, wanted) = (rest(&mut decoder), from_secs(&all, secs));
        let shape = |parts: &[(u32, Vec<f32>)]| -> Vec<(u32, usize)> {
            parts
                .iter()
                .map(|(rate, samples)| (*rate, samples.len()))
                .collect()
        };
        assert_eq!(
            shape(&found),
            shape(&wanted),
            "{} at {secs} s",
            path.display()
        );
        for ((_, found), (_, wanted)) in found.iter().zip(&wanted) {
            let far = found
                .iter()
                .zip(wanted)
                .map(|(a, b)| (a - b).abs())
                .fold(0.0, f32::max);
            // Codecs that fill in noise do so at random.
            assert!(far < 3e-2, "{} at {secs} s: {far} off", path.display());
        }
    }
    decoder.seek(secs + 5.0).unwrap();
    assert!(decoder.next().unwrap().is_none(), "{}", path.display());
}

/// Decodes a file as a listener hears it.
fn heard(path: &Path) -> crate::AudioInfo {
    let mut ignored = |_: &[f32]| {};
    crate::stream_mono(
        path,
        16_000,
        crate::Channel::Mean,
        &Cancel::default(),
        &mut ignored,
    )
    .unwrap_or_else(|error| panic!("{error}"))
}
