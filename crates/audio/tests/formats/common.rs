//! What the tests of formats share: a source, the encoders, reference decoders, and the comparison.
#![allow(dead_code, reason = "each module takes what it needs")]

use std::{
    env,
    f64::consts::TAU,
    fs::{self, OpenOptions},
    io::{ErrorKind, Write},
    path::Path,
    process::{Command, Stdio},
};

use mynascope_audio::{AudioInfo, Channel, stream_mono};
use mynascope_base::jobs::Cancel;
use tempfile::TempDir;

/// Names the file to which every comparison adds a row; `docs/formats.py` makes a table of them.
const ROWS_VARIABLE: &str = "MYNASCOPE_FORMATS_ROWS";
/// Debian packages of the programs that differ in name.
const PACKAGES: [(&str, &str); 4] = [
    ("oggenc", "vorbis-tools"),
    ("opusenc", "opus-tools"),
    ("opusdec", "opus-tools"),
    ("ffprobe", "ffmpeg"),
];
/// Samples of one place at which two sounds are compared.
const WINDOW: usize = 4096;
/// How far one sound may lie beside the other, in seconds.
const MAX_SHIFT_SECS: f64 = 1e-3;
/// Two decoders of one lossy stream differ by rounding only.
const MIN_SIMILARITY: f64 = 0.999;

/// A temporary folder with inputs, and the programs that make them.
pub struct Workshop {
    folder: TempDir,
}

/// Mono sound of a reference decoder.
pub struct Reference {
    pub samples: Vec<f32>,
    pub rate: u32,
    /// Who decoded it, and what, where that is not the file itself.
    pub by: String,
}

impl Reference {
    pub fn secs(&self) -> f64 {
        self.samples.len() as f64 / f64::from(self.rate)
    }

    /// The same sound under another name.
    pub fn by(self, by: &str) -> Self {
        Self {
            by: by.to_owned(),
            ..self
        }
    }
}

impl Workshop {
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// A path in the folder, as text.
    pub fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    /// Writes bytes to a file of the folder.
    pub fn write(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.path(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    /// Runs a program and returns what it wrote to its standard output.
    pub fn run(&self, program: &str, arguments: &[&str]) -> Vec<u8> {
        let made = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .output();
        let output = match made {
            Ok(output) => output,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let known = PACKAGES.iter().find(|(name, _)| *name == program);
                let package = known.map_or(program, |(_, package)| package);
                panic!("{program} is missing: apt-get install {package}");
            }
            Err(error) => panic!("{program}: {error}"),
        };
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "{program} {arguments:?}: {} {said}",
            output.status
        );
        output.stdout
    }

    /// A 16-bit WAV file to encode. Its sound never repeats (a rising tone and noise whose level swells), so that a
    /// shift, a gap or a wrong speed shows anywhere. Channels differ.
    pub fn source(&self, rate: u32, channels: u16, secs: f64) -> String {
        let path = self.path(&format!("source_{rate}_{channels}_{secs}.wav"));
        if Path::new(&path).exists() {
            return path;
        }
        let specification = hound::WavSpec {
            channels,
            sample_rate: rate,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut writer = hound::WavWriter::create(&path, specification).unwrap();
        let mut state = 1_u32;
        let mut low = vec![0.0_f64; usize::from(channels)];
        for frame in 0..(secs * f64::from(rate)).round() as u64 {
            let t = frame as f64 / f64::from(rate);
            let tone = (TAU * (300.0 * t + 40.0 * t * t)).sin();
            let swell = 0.6 + 0.4 * (TAU * 1.7 * t).sin();
            for (channel, low) in low.iter_mut().enumerate() {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let noise = f64::from(state >> 8) / f64::from(1 << 23) - 1.0;
                // A low-pass near a quarter of the rate keeps the noise in what every codec passes.
                *low += 0.4 * (noise - *low);
                let gain = 1.0 / (1.0 + channel as f64);
                let value = 0.25 * gain * tone + 0.3 * swell * *low;
                writer.write_sample((value * 32_767.0) as i16).unwrap();
            }
        }
        writer.finalize().unwrap();
        path
    }

    /// What ffmpeg decodes a file to, as the mean of its channels at `rate` Hz. (ffmpeg's own mix to mono has other
    /// gains for more than two channels, so it is not used.)
    pub fn reference(&self, path: &str, rate: u32) -> Reference {
        let channels = self.channels(path);
        let rate_text = rate.to_string();
        let channels_text = channels.to_string();
        let bytes = self.run(
            "ffmpeg",
            &[
                "-v",
                "error",
                "-i",
                path,
                "-map",
                "0:a:0",
                "-ar",
                &rate_text,
                "-ac",
                &channels_text,
                "-f",
                "f32le",
                "-",
            ],
        );
        Reference {
            samples: mean_of_channels(&bytes, channels),
            rate,
            by: "ffmpeg".to_owned(),
        }
    }

    /// Channels of a file's first sound stream as ffprobe tells them.
    pub fn channels(&self, path: &str) -> usize {
        let told = self.run(
            "ffprobe",
            &[
                "-v",
                "error",
                "-select_streams",
                "a:0",
                "-show_entries",
                "stream=channels",
                "-of",
                "csv=p=0",
                path,
            ],
        );
        let told = String::from_utf8_lossy(&told);
        let first = told.split(['\n', ',']).next().unwrap_or_default();
        first.trim().parse().unwrap()
    }
}

/// A number of channels in words, for the name of a file.
pub fn channel_word(channels: u16) -> String {
    match channels {
        1 => "mono".to_owned(),
        2 => "stereo".to_owned(),
        more => format!("{more} channels"),
    }
}

/// Little-endian floats, [frames, channels], to mono.
pub fn mean_of_channels(bytes: &[u8], channels: usize) -> Vec<f32> {
    let values: Vec<f32> = bytes
        .chunks_exact(4)
        .map(|four| f32::from_le_bytes(four.try_into().unwrap()))
        .collect();
    let frames = values.chunks_exact(channels);
    frames
        .map(|frame| frame.iter().sum::<f32>() / channels as f32)
        .collect()
}

/// What this program decodes a file to, mono at `rate` Hz.
pub fn decode(path: &str, rate: u32) -> (Vec<f32>, AudioInfo) {
    let mut samples = Vec::new();
    let info = stream_mono(
        Path::new(path),
        rate,
        Channel::Mean,
        &Cancel::default(),
        &mut |piece| samples.extend_from_slice(piece),
    )
    .unwrap_or_else(|error| panic!("{error}"));
    (samples, info)
}

/// The length that decoding finds, in seconds.
pub fn secs_of(path: &str) -> f64 {
    decode(path, 44_100).1.duration_secs
}

/// The file is whole, and its sound is the reference's: as long to within `codec_frame` samples, and at five places from
/// the beginning to the end not more than 1 ms beside it. Returns the decoded samples.
pub fn assert_same(path: &str, reference: &Reference, codec_frame: usize) -> Vec<f32> {
    let (samples, info) = decode(path, reference.rate);
    assert_eq!(info.incomplete, None, "{path} is whole");
    let there = samples.len() as f64 / f64::from(reference.rate);
    assert!(
        (info.duration_secs - there).abs() < 0.01,
        "{path}: {info:?}"
    );
    let sound = (samples.as_slice(), &info);
    assert_sound(path, sound, reference, codec_frame, MIN_SIMILARITY);
    samples
}

/// Like [`assert_same`] for samples that were decoded already, of a file or of a part of it, and a similarity (the largest
/// normalised correlation within 1 ms) of at least `similar`. Every comparison passes here, and leaves its row.
///
/// The last part of the path `case` is the name of the row.
pub fn assert_sound(
    case: &str,
    (samples, info): (&[f32], &AudioInfo),
    reference: &Reference,
    codec_frame: usize,
    similar: f64,
) {
    let (found, wanted) = (samples.len(), reference.samples.len());
    let common = found.min(wanted);
    let window = WINDOW.min(common / 2);
    assert!(window > 256, "{case}: too short to compare");
    let reach = (MAX_SHIFT_SECS * f64::from(reference.rate)).ceil() as usize;
    let last = common - window;
    let look = |place| similarity(samples, &reference.samples, place, window, reach);
    let (worst, place, shift) = (0..5)
        .map(|fifth| last * fifth / 4)
        .map(|place| {
            let (alike, shift) = look(place);
            (alike, place, shift)
        })
        .min_by(|a, b| a.0.total_cmp(&b.0))
        .unwrap();
    // A little behind the beginning, so that a shift to either side is seen.
    let (_, first_shift) = look(reach.min(last));
    let rate = f64::from(reference.rate);
    write_row(&[
        Path::new(case).file_name().unwrap().display().to_string(),
        info.codec.clone(),
        info.decoder.to_owned(),
        format!("{:.4}", found as f64 / rate),
        format!("{:.4}", reference.secs()),
        reference.by.clone(),
        // By how many milliseconds ours is late.
        format!("{:.2}", (-first_shift) as f64 * 1000.0 / rate),
        format!("{worst:.5}"),
    ]);
    assert!(
        found.abs_diff(wanted) <= codec_frame,
        "{case}: {found} samples, {wanted} in the reference"
    );
    assert!(
        worst >= similar,
        "{case}: {worst:.4} alike at sample {place} of {common} (shifted by {shift})"
    );
}

/// Adds a row to the file that the environment names, if it does: all at once, since tests run side by side.
fn write_row(fields: &[String]) {
    let Some(path) = env::var_os(ROWS_VARIABLE) else {
        return;
    };
    let line = fields.join("\t") + "\n";
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .unwrap();
    file.write_all(line.as_bytes()).unwrap();
}

/// The largest normalised correlation of a window of two sounds over shifts of up to `reach` samples, and that shift.
fn similarity(a: &[f32], b: &[f32], place: usize, window: usize, reach: usize) -> (f64, isize) {
    let reach = reach as isize;
    let mut best = (-1.0, 0);
    for shift in -reach..=reach {
        let start = place as isize + shift;
        if start < 0 || start as usize + window > b.len() {
            continue;
        }
        let (left, right) = (&a[place..place + window], &b[start as usize..][..window]);
        let (mut ab, mut aa, mut bb) = (0.0_f64, 0.0_f64, 0.0_f64);
        for (x, y) in left.iter().zip(right) {
            let (x, y) = (f64::from(*x), f64::from(*y));
            ab += x * y;
            aa += x * x;
            bb += y * y;
        }
        let alike = if aa.max(bb) < 1e-9 {
            1.0
        } else {
            ab / (aa * bb).sqrt().max(1e-12)
        };
        if alike > best.0 {
            best = (alike, shift);
        }
    }
    best
}
