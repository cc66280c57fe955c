#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]
//! The promises: training pulls the views of a track together; on one CPU thread a stopped and resumed run equals an
//! unbroken one bit for bit; stopping leaves a complete checkpoint that embeds; a run folder is never overwritten.

mod checkpoints;
#[path = "../common/mod.rs"]
mod common;
mod data2vec;
mod families;
mod learning;
mod maest;
mod refused;
mod resuming;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use mynascope_audio as audio;
use mynascope_base::jobs::Watch;
use mynascope_collection::{self as collection, Collection};
use mynascope_encoder::{
    CheckpointRef, DeviceChoice, Family, LoadedEncoder, MynaConfig, PatchInput, Patching,
    Precision, load_weights, say_step_of_run,
};
use mynascope_train::{
    Breakdown, Changes, LabelMeaning, LabelTask, Objective, Optimiser, Schedule, StepPicture,
    StepRecord, StepSnapshot, TrainConfig, TrainControl, TrainError, TrainEvent, TrainSummary,
    Trainable, reconstruct, resume, run,
};

use common::tones::{hiss, hissing_tone};

/// Twelve tracks of 4 s: a tone of its own pitch with a little noise each.
fn tracks(folder: &Path) -> Collection {
    for track in 0..12_u32 {
        let samples = hissing_tone(track, 0.02);
        audio::write_wav(
            &folder.join(format!("tone-{track:02}.wav")),
            &samples,
            16_000,
        )
        .unwrap();
    }
    collection::open(&[folder.to_path_buf()], &Watch::unattended()).unwrap()
}

fn small(steps: u64) -> TrainConfig {
    TrainConfig {
        // All tests share the mels of the same tones.
        mels: Some(Path::new(env!("CARGO_TARGET_TMPDIR")).join("mels")),
        encoder: Some(
            MynaConfig {
                kind: Patching::Hybrid,
                dim: 32,
                depth: 1,
                heads: 1,
                mlp_dim: 64,
                input: PatchInput::Power,
            }
            .into(),
        ),
        head: vec![32, 16],
        batch: 6,
        steps,
        save_every: 100,
        device: DeviceChoice::Cpu,
        ..TrainConfig::default()
    }
}

fn on_one_thread<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    pool.unwrap().install(work)
}

fn train(config: &TrainConfig, tracks: &Collection, out: &Path) -> TrainSummary {
    run(config, tracks, out, &TrainControl::default(), &mut |_| {}).unwrap()
}

/// Another last step.
fn to(steps: u64) -> Changes {
    Changes {
        steps: Some(steps),
        ..Changes::default()
    }
}

fn log(folder: &Path) -> Vec<StepRecord> {
    let text = fs::read_to_string(folder.join("log.jsonl")).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Two genres, by folder: low tones and noise.
fn genres(folder: &Path) -> Collection {
    for track in 0..12_u32 {
        let samples: Vec<f32> = (0..64_000)
            .zip(hiss(track + 1))
            .map(|(n, hiss)| {
                let tone = (n as f32 * 0.04 * (1.0 + track as f32 * 0.1)).sin();
                if track % 2 == 0 { hiss } else { 0.5 * tone }
            })
            .collect();
        let genre = ["noise", "tone"][track as usize % 2];
        let path = folder.join(genre).join(format!("{track}.wav"));
        audio::write_wav(&path, &samples, 16_000).unwrap();
    }
    collection::open(&[folder.to_path_buf()], &Watch::unattended()).unwrap()
}
