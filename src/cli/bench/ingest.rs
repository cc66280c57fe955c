//! How fast files become samples, mels and embeddings.

use std::path::{Path, PathBuf};

use super::{Bench, Measure, sound, times_real_time};
use mynascope_audio::{self as audio, SAMPLE_RATE};
use mynascope_base::jobs::Cancel;
use mynascope_encoder::{CheckpointRef, DeviceChoice, LoadOptions, LoadedEncoder, Reading};
use mynascope_spectrum as spectrum;

const RUNS: usize = 5;
const SOUND_SECS: f64 = 120.0;

/// Files of `--data`, else a WAV file made here.
pub(super) fn run(measure: &mut Measure<'_>, verb: &Bench) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let made = folder.path().join("sound.wav");
    let mut files: Vec<PathBuf> = verb.data.clone();
    if files.is_empty() {
        sound::write(&made, SOUND_SECS)?;
        files.push(made);
    }
    let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    for file in &files {
        one_thread.install(|| one(measure, verb, file))?;
    }
    measure.note("ingest: one thread a file, as the program reads each of many");
    Ok(())
}

/// Every stage from a file to its embeddings, on one thread, and the share of each.
fn one(measure: &mut Measure<'_>, verb: &Bench, file: &Path) -> anyhow::Result<()> {
    let cancel = Cancel::default();
    let mean = audio::Channel::Mean;
    let (samples, info) = audio::load_mono(file, SAMPLE_RATE, mean, &cancel)?;
    (measure.console).caveats([(file.to_path_buf(), info.caveats())]);
    let duration_secs = samples.len() as f64 / f64::from(SAMPLE_RATE);
    let kind = file
        .extension()
        .map_or_else(String::new, |kind| kind.to_string_lossy().to_uppercase());
    let speed = times_real_time(duration_secs);
    let name = |what: &str| format!("{what}, {kind} of {duration_secs:.0} s");
    let unit = "x real time";
    // At the file's own rate nothing is resampled.
    let decoded = measure.runs(name("decode"), unit, RUNS, &speed, || {
        audio::load_mono(file, info.sample_rate, mean, &cancel)?;
        Ok(())
    })?;
    let resampled = measure.runs(name("decode and resample"), unit, RUNS, &speed, || {
        audio::load_mono(file, SAMPLE_RATE, mean, &cancel)?;
        Ok(())
    })?;
    let mel = measure.runs(name("mel of samples"), unit, RUNS, &speed, || {
        spectrum::mel_of_samples(&samples)?;
        Ok(())
    })?;
    measure.runs(name("file to mel"), unit, RUNS, &speed, || {
        spectrum::mel_of_file(file, mean, &cancel)?;
        Ok(())
    })?;
    let [decoded, resampled, mel] = [decoded, resampled, mel].map(|speed| 1.0 / speed);
    for &precision in &verb.precision {
        let options = LoadOptions {
            reading: Reading {
                precision,
                ..Reading::default()
            },
            ..LoadOptions::default()
        };
        let opened = LoadedEncoder::open(&CheckpointRef::Shipped, options, &DeviceChoice::Cpu);
        let encoder = match opened {
            Ok(encoder) => encoder,
            Err(error) => {
                measure.note(error.to_string());
                continue;
            }
        };
        let windows = encoder.windows(&samples)?;
        let windows: Vec<&[f32]> = windows.iter().map(|it| it.values.as_slice()).collect();
        let what = name(&format!("embedding by the shipped encoder in {precision}"));
        let embedded = measure.runs(what, unit, RUNS, &speed, || {
            encoder.embed_windows(&windows, None)?;
            Ok(())
        })?;
        let stages = [
            ("decoding", decoded),
            ("resampling", (resampled - decoded).max(0.0)),
            ("mel-spectrogram", mel),
            ("encoder", 1.0 / embedded),
        ];
        let whole: f64 = stages.iter().map(|(_, took)| took).sum();
        let shares = stages.map(|(stage, took)| format!("{stage} {:.0} %", 100.0 * took / whole));
        measure.note(format!(
            "ingest: {kind} to embeddings in {precision}: {}",
            shares.join(", ")
        ));
    }
    Ok(())
}
