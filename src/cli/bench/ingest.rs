//! How fast files become samples and mels.

use std::path::{Path, PathBuf};

use super::{Bench, Measure, sound, times_real_time};
use mynascope_audio::{self as audio, SAMPLE_RATE};
use mynascope_base::jobs::Cancel;
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
    for file in &files {
        one(measure, file)?;
    }
    measure.note("ingest: one thread a file, as the program reads each of many");
    Ok(())
}

fn one(measure: &mut Measure<'_>, file: &Path) -> anyhow::Result<()> {
    let cancel = Cancel::default();
    let (samples, info) = audio::load_mono(file, SAMPLE_RATE, audio::Channel::Mean, &cancel)?;
    (measure.console).caveats([(file.to_path_buf(), info.caveats())]);
    let duration_secs = samples.len() as f64 / f64::from(SAMPLE_RATE);
    let kind = file
        .extension()
        .map_or_else(String::new, |kind| kind.to_string_lossy().to_uppercase());
    let speed = times_real_time(duration_secs);
    let name = |what: &str| format!("{what}, {kind} of {duration_secs:.0} s");
    measure.runs(
        name("decode and resample"),
        "x real time",
        RUNS,
        &speed,
        || {
            audio::load_mono(file, SAMPLE_RATE, audio::Channel::Mean, &cancel)?;
            Ok(())
        },
    )?;
    measure.runs(name("mel of samples"), "x real time", RUNS, &speed, || {
        spectrum::mel_of_samples(&samples)?;
        Ok(())
    })?;
    measure.runs(name("file to mel"), "x real time", RUNS, &speed, || {
        spectrum::mel_of_file(file, audio::Channel::Mean, &cancel)?;
        Ok(())
    })
}
