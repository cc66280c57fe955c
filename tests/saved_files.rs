//! The promise: what an earlier version wrote opens, and says the same: settings, run folders, probes, scores, cached
//! embeddings and tables.
//!
//! Each version has its folder in `tests/fixtures/saved`. A new version adds one of its own and leaves the others as they
//! are:
//!
//! ```sh
//! cargo test --test saved_files -- --ignored
//! ```
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

use serde::{Deserialize, Serialize};

use mynascope_audio as audio;
use mynascope_base::{
    jobs::Watch,
    storage::{Cache, Follow, Settings, Theme},
};
use mynascope_collection::{self as collection, Collection};
use mynascope_embedding::{
    EmbeddingTable, ExtractSettings, TABLE_EXTENSIONS, extract_cached, load_table, save_table,
};
use mynascope_encoder::{
    CheckpointRef, DeviceChoice, LoadedEncoder, MynaConfig, PatchInput, Patching,
};
use mynascope_probe::{
    EncoderId, ProbeSettings, Protocol, SavedScore, ScoreChange, TrainedProbe, change_scores,
    collection_key, read_scores, train_probe,
};
use mynascope_spectrum::tokens::MaskRatio;
use mynascope_train::{
    BatchMatrix, Changes, StepRecord, StepSnapshot, TrainConfig, TrainControl, resume, run,
};

use common::tones::hiss;

/// What was read when the files were written.
#[derive(Serialize, Deserialize)]
struct Expected {
    /// Of the steps in the run folder, and of the one after them.
    losses: Vec<f64>,
    /// Row-major.
    embeddings: Vec<f32>,
    /// What the probe gave each class of the first track.
    first_scores: Vec<f64>,
    /// What the probe scored.
    score: f64,
}

fn versions() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/saved")
}

/// Twelve tracks of 4 s in two folders, noise and square waves, the same bytes at every run.
fn sounds(folder: &Path) -> Collection {
    for track in 0..12_u32 {
        let half_period = 20 + 3 * track as usize;
        let samples: Vec<f32> = (0..64_000)
            .zip(hiss(track + 1))
            .map(|(n, hiss)| match track % 2 {
                0 => hiss,
                _ if (n / half_period).is_multiple_of(2) => 0.25,
                _ => -0.25,
            })
            .collect();
        let genre = ["noise", "square"][track as usize % 2];
        let path = folder.join(genre).join(format!("{track:02}.wav"));
        audio::write_wav(&path, &samples, 16_000).unwrap();
    }
    collection::open(&[folder.to_path_buf()], &Watch::unattended()).unwrap()
}

/// None of them as at the first start.
fn settings() -> Settings {
    Settings {
        theme: Theme::Light,
        scale: 1.25,
        volume: 0.5,
        sound_device: Some("Headphones".to_owned()),
        follow: Follow::Smooth,
        cache_mebibytes: 512,
        device: "cpu".to_owned(),
        channel: "left".to_owned(),
        reopen: false,
        last: vec!["demo".into()],
        recent: vec!["/music".into(), "/music/日本".into()],
        mask_shown: Default::default(),
        layouts: [(
            "Listen".to_owned(),
            r#"{"row":[[{"pane":"Library"},0.3],[{"pane":"Spectrogram"},0.7]]}"#.to_owned(),
        )]
        .into(),
        key_names: Default::default(),
        restore: true,
        play_on: false,
        columns: Default::default(),
        session: Default::default(),
    }
}

/// A run of two steps, as small as one can be.
fn config(mels: PathBuf) -> TrainConfig {
    TrainConfig {
        mels: Some(mels),
        encoder: Some(
            MynaConfig {
                kind: Patching::Square,
                dim: 8,
                depth: 1,
                heads: 1,
                mlp_dim: 8,
                input: PatchInput::Power,
            }
            .into(),
        ),
        patch: Patching::Square,
        head: vec![8, 4],
        batch: 6,
        steps: 2,
        save_every: 2,
        keep: 1,
        ema: 0.9,
        device: DeviceChoice::Cpu,
        ..TrainConfig::default()
    }
}

fn losses(run: &Path) -> Vec<f64> {
    let log = fs::read_to_string(run.join("log.jsonl")).unwrap();
    log.lines()
        .map(|line| serde_json::from_str::<StepRecord>(line).unwrap().loss)
        .collect()
}

fn one_step_more(run: &Path, tracks: &Collection) -> Vec<f64> {
    let changes = Changes {
        steps: Some(3),
        ..Changes::default()
    };
    resume(run, &changes, tracks, &TrainControl::default(), &mut |_| {}).unwrap();
    losses(run)
}

fn encoder_of(run: &Path) -> (LoadedEncoder, EncoderId) {
    let checkpoint = CheckpointRef::File(run.to_path_buf());
    let encoder = LoadedEncoder::open(&checkpoint, None, &DeviceChoice::Cpu).unwrap();
    let id = EncoderId {
        checkpoint: "run".to_owned(),
        ..EncoderId::of(&encoder, &checkpoint)
    };
    (encoder, id)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, name) = {
            let entry = entry.unwrap();
            (entry.path(), entry.file_name())
        };
        match path.is_dir() {
            true => copy(&path, &to.join(name)),
            false => drop(fs::copy(&path, to.join(name)).unwrap()),
        }
    }
}

#[test]
#[ignore = "writes the files of this version"]
fn files_of_this_version_are_written() {
    let to = versions().join(env!("CARGO_PKG_VERSION"));
    assert!(!to.exists(), "what a version wrote stays: {}", to.display());
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let tracks = sounds(&at("sounds"));
    settings().save(folder.path()).unwrap();

    let config = config(at("mels"));
    run(
        &config,
        &tracks,
        &at("run"),
        &TrainControl::default(),
        &mut |_| {},
    )
    .unwrap();
    copy(&at("run"), &at("longer"));
    let losses = one_step_more(&at("longer"), &tracks);

    let (encoder, id) = encoder_of(&at("run"));
    let cache = Cache::new(at("cache"), 1 << 30);
    let (asked, watch) = (ExtractSettings::default(), Watch::unattended());
    let table = extract_cached(&tracks, &encoder, &asked, Some(&cache), &watch)
        .unwrap()
        .table;
    for ending in TABLE_EXTENSIONS {
        save_table(&table, &at(&format!("embeddings.{ending}"))).unwrap();
    }

    let asked = ProbeSettings {
        protocol: Protocol::Quick,
        ..ProbeSettings::default()
    };
    let none = MaskRatio::NONE;
    let (probe, report) = train_probe(&table, &tracks, &asked, &id, none, &watch).unwrap();
    probe.save(&at("probe.safetensors"), None).unwrap();
    let key = collection_key(&tracks, None);
    let score = SavedScore::of(&report, asked, &tracks, key, "run/step-2".into(), &id);
    let added = vec![ScoreChange::Add(Box::new(score))];
    change_scores(&at("scores.jsonl"), added).unwrap();

    let answer = probe.answer_track(&table, 0).unwrap().answer.unwrap();
    let expected = Expected {
        losses,
        embeddings: table.values,
        first_scores: answer.scores,
        score: report.score,
    };
    let text = serde_json::to_string(&expected).unwrap();
    fs::write(at("expected.json"), text).unwrap();

    // What can be made again: the sound, its mels, and everything in the cache that is no table.
    for made in ["sounds", "mels", "longer"] {
        fs::remove_dir_all(at(made)).unwrap();
    }
    fs::remove_file(at("scores.lock")).unwrap();
    keep_tables(&at("cache"));
    copy(folder.path(), &to);
}

/// Removes what is no table from a cache.
fn keep_tables(cache: &Path) {
    for path in files(cache) {
        if !path.to_string_lossy().contains("table-") {
            fs::remove_file(&path).unwrap();
        }
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| match path.is_dir() {
            true => files(&path),
            false => vec![path],
        })
        .collect()
}

/// A copy of each version's files, with the sound that they are of.
fn each_version(check: impl Fn(&Path, &Collection, &Expected)) {
    let mut checked = 0;
    for version in fs::read_dir(versions()).unwrap() {
        let folder = tempfile::tempdir().unwrap();
        copy(&version.unwrap().path(), folder.path());
        let tracks = sounds(&folder.path().join("sounds"));
        let text = fs::read_to_string(folder.path().join("expected.json")).unwrap();
        check(
            folder.path(),
            &tracks,
            &serde_json::from_str(&text).unwrap(),
        );
        checked += 1;
    }
    assert!(checked > 0);
}

#[test]
fn settings_are_what_they_were() {
    each_version(|folder, _, _| {
        assert_eq!(Settings::load(folder), (settings(), None));
    });
}

#[test]
fn a_run_is_shown_used_and_goes_on() {
    each_version(|folder, tracks, expected| {
        let run = folder.join("run");
        let mels = folder.join("mels");
        let before = TrainConfig::of_run(&run).unwrap();
        assert_eq!(
            TrainConfig {
                mels: Some(mels.clone()),
                ..before
            },
            config(mels.clone())
        );
        assert_eq!(losses(&run), expected.losses[..2]);
        let matrix = StepSnapshot::of_step(&run.join("step-2")).unwrap().matrix;
        let matrix: BatchMatrix = matrix.expect("the batch of the step");
        assert_eq!(
            (matrix.step, matrix.tracks.len(), matrix.cosines.len()),
            (2, 6, 36)
        );

        // Mels lie elsewhere on this machine.
        let path = run.join("config.toml");
        let text = fs::read_to_string(&path).unwrap();
        let lines = text.lines().map(|line| match line.starts_with("mels = ") {
            true => format!("mels = '{}'", mels.display()),
            false => line.to_owned(),
        });
        fs::write(&path, lines.collect::<Vec<_>>().join("\n")).unwrap();
        let losses = one_step_more(&run, tracks);
        assert_eq!(losses.len(), 3);
        // Processors multiply in other orders.
        let error = (losses[2] - expected.losses[2]).abs();
        assert!(error < 1e-4, "{} for {}", losses[2], expected.losses[2]);
    });
}

fn tables(folder: &Path) -> Vec<EmbeddingTable> {
    TABLE_EXTENSIONS
        .map(|ending| load_table(&folder.join(format!("embeddings.{ending}"))).unwrap())
        .into()
}

#[test]
fn tables_hold_the_numbers_that_they_held() {
    each_version(|folder, tracks, expected| {
        for table in tables(folder) {
            assert_eq!(table.values, expected.embeddings);
            let paths = table.tracks.iter().map(|track| &track.path);
            assert!(paths.eq(tracks.tracks.iter().map(|track| &track.path)));
            let labels = table.tracks.iter().map(|track| &track.label);
            assert!(labels.eq(tracks.tracks.iter().map(|track| &track.label)));
        }
    });
}

#[test]
fn embeddings_that_were_made_before_are_not_made_again() {
    each_version(|folder, tracks, expected| {
        let (encoder, _) = encoder_of(&folder.join("run"));
        let cache = Cache::new(folder.join("cache"), 1 << 30);
        let (asked, watch) = (ExtractSettings::default(), Watch::unattended());
        let found = extract_cached(tracks, &encoder, &asked, Some(&cache), &watch).unwrap();
        assert!(found.from_cache);
        assert_eq!(found.table.values, expected.embeddings);
    });
}

#[test]
fn a_probe_answers_as_it_did_and_its_score_is_on_the_board() {
    each_version(|folder, _, expected| {
        let (_, id) = encoder_of(&folder.join("run"));
        let probe = TrainedProbe::load(&folder.join("probe.safetensors")).unwrap();
        probe.check_encoder(&id).unwrap();
        for table in tables(folder) {
            let answer = probe.answer_track(&table, 0).unwrap().answer.unwrap();
            assert_eq!(answer.scores.len(), 2);
            for (score, expected) in answer.scores.iter().zip(&expected.first_scores) {
                assert!((score - expected).abs() < 1e-9, "{score} for {expected}");
            }
        }
        let scores = read_scores(&folder.join("scores.jsonl")).unwrap();
        assert_eq!((scores.scores.len(), scores.unreadable), (1, 0));
        let score = &scores.scores[0];
        assert_eq!(score.score, expected.score);
        assert_eq!(score.encoder_hash, id.hash);
        assert_eq!(score.settings().protocol, Protocol::Quick);
    });
}
