//! An MT2 is opened wherever an encoder is: windows, layers and readouts by `LoadedEncoder`, and every verb that takes an
//! encoder. The file is a small one with random weights (`tests/fixtures/make_mt2_fixtures.py`); what its network computes is
//! held against PyTorch in `families/mt2/tests.rs`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use mynascope_audio as audio;
use mynascope_encoder::{
    CheckpointRef, DeviceChoice, Family, LoadOptions, LoadedEncoder, Overlap, Patchout, Reading,
    Readout, is_checkpoint,
};
use serde_json::Value;

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/mt2/model_state_dict.pt")
}

fn open(path: &Path, reading: Reading) -> Result<LoadedEncoder, String> {
    let options = LoadOptions {
        heads: Some(2),
        reading,
        ..LoadOptions::default()
    };
    let checkpoint = CheckpointRef::File(path.to_path_buf());
    LoadedEncoder::open(&checkpoint, options, &DeviceChoice::Cpu).map_err(|error| error.to_string())
}

fn reading(layer: Option<usize>, readout: Option<Readout>) -> Reading {
    Reading {
        layer,
        readout,
        ..Reading::default()
    }
}

/// Sweeps, different in every window.
fn sound(secs: f32) -> Vec<f32> {
    let samples = (secs * 16_000.0) as usize;
    (0..samples)
        .map(|n| 0.4 * (n as f32 * n as f32 * 2e-7).sin() + 0.1 * (n as f32 * 0.3).sin())
        .collect()
}

fn embed(encoder: &LoadedEncoder, samples: &[f32]) -> Vec<f32> {
    let windows = encoder.windows(samples).unwrap();
    let windows: Vec<&[f32]> = windows
        .iter()
        .map(|window| window.values.as_slice())
        .collect();
    encoder.embed_windows(&windows, None).unwrap()
}

fn assert_close(a: &[f32], b: &[f32]) {
    assert_eq!(a.len(), b.len());
    let differences = a.iter().zip(b).map(|(a, b)| (a - b).abs());
    let worst = differences.fold(0.0, f32::max);
    assert!(worst < 1e-5, "{worst}");
}

#[test]
fn windows_lie_back_to_back_as_published_or_overlap_by_half() {
    let starts = |overlap, secs| {
        let reading = Reading {
            overlap,
            ..Reading::default()
        };
        let windows = open(&fixture(), reading)
            .unwrap()
            .windows(&sound(secs))
            .unwrap();
        assert!(
            windows
                .iter()
                .all(|window| window.values.len() == 126 * 212)
        );
        windows
            .iter()
            .map(|window| window.start_secs)
            .collect::<Vec<_>>()
    };
    assert_eq!(starts(None, 11.9), [0.0, 4.0], "the rest is left out");
    assert_eq!(starts(Some(Overlap::Half), 8.0), [0.0, 2.0, 4.0]);
    assert_eq!(starts(None, 0.5), [0.0], "silence follows a short sound");
    assert_eq!(starts(None, 0.0), [] as [f32; 0]);
}

#[test]
fn every_layer_and_readout_is_a_part_of_the_same_pass() {
    let samples = sound(8.0);
    let encoder = open(&fixture(), Reading::default()).unwrap();
    let info = encoder.info();
    assert_eq!((info.family, info.window.secs), (Family::Mt2, 4.0));
    assert_eq!(info.layers, ["frames", "block 1", "block 2", "embedding"]);
    let read = |layer, readout| {
        let encoder = open(&fixture(), reading(layer, Some(readout))).unwrap();
        (embed(&encoder, &samples), encoder.embedding_dim())
    };
    let windows = encoder.windows(&samples).unwrap();
    let windows: Vec<&[f32]> = windows
        .iter()
        .map(|window| window.values.as_slice())
        .collect();
    for readout in [
        Readout::Contrastive,
        Readout::Equivariant,
        Readout::FrameMean,
    ] {
        let of_all = open(&fixture(), reading(None, Some(readout))).unwrap();
        let every = of_all.embed_layers(&windows, None).unwrap();
        let (dim, layers) = (of_all.layer_dim(), info.layers.len());
        assert_eq!(every.len(), windows.len() * layers * dim);
        for layer in 0..layers {
            let of_layer: Vec<f32> = every
                .chunks_exact(layers * dim)
                .flat_map(|row| &row[layer * dim..(layer + 1) * dim])
                .copied()
                .collect();
            // The last one is the embedding, which needs no name of a layer.
            let layer = (layer <= info.depth).then_some(layer);
            assert_close(&read(layer, readout).0, &of_layer);
        }
    }
    let (contrastive, dim) = read(None, Readout::Contrastive);
    assert_close(&embed(&encoder, &samples), &contrastive);
    let (equivariant, _) = read(None, Readout::Equivariant);
    let mean: Vec<f32> = contrastive
        .iter()
        .zip(&equivariant)
        .map(|(a, b)| (a + b) / 2.0)
        .collect();
    assert_close(&read(None, Readout::ClassMean).0, &mean);
    let (profiles, keys) = read(None, Readout::KeyProfile);
    assert_eq!((dim, keys), (24, 12));
    for profile in profiles.chunks_exact(keys) {
        assert!((profile.iter().sum::<f32>() - 1.0).abs() < 1e-5);
    }
    // A sweep over layers reads a class token where the key profile is asked for: no block has one.
    let of_profile = open(&fixture(), reading(None, Some(Readout::KeyProfile))).unwrap();
    assert_eq!(of_profile.layer_dim(), dim);
}

#[test]
fn patchout_is_the_mask_of_its_frames_and_has_a_key_of_its_own() {
    let samples = sound(4.0);
    let patchout = Patchout {
        every: 3,
        ..Patchout::default()
    };
    let fast = Reading {
        patchout,
        ..Reading::default()
    };
    let (plain, fast) = (
        open(&fixture(), Reading::default()).unwrap(),
        open(&fixture(), fast).unwrap(),
    );
    let mask = patchout.mask(&plain.info().grids).unwrap();
    assert_eq!(mask.of(0).len(), 42);
    let windows = plain.windows(&samples).unwrap();
    let windows = [windows[0].values.as_slice()];
    let masked = plain.embed_windows(&windows, Some(&[mask])).unwrap();
    assert_close(&embed(&fast, &samples), &masked);
    assert_ne!(embed(&plain, &samples), masked);
    assert_ne!(plain.fingerprint(), fast.fingerprint());
}

#[test]
fn what_an_mt2_does_not_have_is_refused_in_a_sentence() {
    let refused = |layer, readout| open(&fixture(), reading(layer, readout)).unwrap_err();
    assert!(refused(Some(3), None).contains("there is no layer 3"));
    assert!(refused(Some(1), Some(Readout::KeyProfile)).contains("leave out --layer"));
    let said = refused(None, Some(Readout::Stack));
    assert!(
        said.contains("MT2 encoders have no readout stack; they have contrastive, equivariant"),
        "{said}"
    );
    let encoder = open(&fixture(), Reading::default()).unwrap();
    assert!(encoder.classify(&[], None).is_err(), "it tells no styles");
    assert!(is_checkpoint(&fixture()));
}

#[test]
fn the_folder_of_its_authors_is_a_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    assert!(!is_checkpoint(folder.path()));
    fs::copy(fixture(), folder.path().join("model_state_dict.pt")).unwrap();
    // As the window asks of what is dropped.
    assert!(is_checkpoint(folder.path()));
    open(folder.path(), Reading::default()).unwrap();
}

#[test]
fn a_file_that_was_cut_off_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = fs::read(fixture()).unwrap();
    let path = folder.path().join("model_state_dict.pt");
    fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let said = open(&path, Reading::default()).unwrap_err();
    assert!(
        said.contains("no usable checkpoint") && said.contains("cut"),
        "{said}"
    );
}

/// Runs a verb with `--json`.
fn verb(home: &Path, arguments: &[&str]) -> Value {
    let output = run(home, arguments);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {complaint}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn run(home: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mynascope"))
        .args(arguments)
        .args(["--json", "--device", "cpu"])
        .current_dir(home)
        .env("MYNASCOPE_HOME", home.join("home"))
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .output()
        .unwrap()
}

#[test]
fn every_verb_with_an_encoder_takes_an_mt2() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    for (label, pitch) in [("low", 0.05_f32), ("high", 0.9)] {
        for track in 0..6 {
            let file = home.join("music").join(label).join(format!("{track}.wav"));
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            let pitch = pitch * (1.0 + track as f32 * 0.01);
            let samples: Vec<f32> = (0..16_000 * 5)
                .map(|n| 0.5 * (n as f32 * pitch).sin())
                .collect();
            audio::write_wav(&file, &samples, 16_000).unwrap();
        }
    }
    fs::create_dir_all(home.join("music/low")).unwrap();
    let silence = home.join("music/low/silence.wav");
    audio::write_wav(&silence, &[0.0; 20_000], 16_000).unwrap();
    let file = fixture();
    let file = file.to_str().unwrap();
    let inspected = verb(home, &["inspect", file, "--heads", "2"]);
    assert_eq!(
        (
            &inspected["family"],
            &inspected["problem"],
            &inspected["heads"]
        ),
        (&"mt2".into(), &Value::Null, &2.into())
    );
    let options = ["--checkpoint", file, "--heads", "2"];
    let with = |words: &[&str]| -> Value {
        let words: Vec<&str> = words.iter().chain(&options).copied().collect();
        verb(home, &words)
    };
    let embedded = with(&[
        "embed",
        "music",
        "--readout",
        "key-profile",
        "--out",
        "keys.npz",
    ]);
    assert_eq!(
        (&embedded["tracks"], &embedded["dim"]),
        (&13.into(), &12.into())
    );
    assert_eq!(embedded["reading"]["readout"], "key-profile");
    // The keys by their own verb: the same profiles, and how they follow a transposition.
    let key = |words: &[&str]| run(home, &[&["key"], words, &options].concat());
    let output = key(&["music", "--calibrate", "music/low/0.wav"]);
    assert_eq!(output.status.code(), Some(3), "silence has no key");
    let keys: Value = serde_json::from_slice(&output.stdout).unwrap();
    let skipped = keys["skipped"].as_array().unwrap();
    assert_eq!(skipped.len(), 1);
    assert!(skipped[0].to_string().contains("silence, which has no key"));
    let told = keys["tracks"].as_array().unwrap();
    assert_eq!(told.len(), 12);
    let output = key(&["music/low", "--calibrate", "music/low/silence.wav"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        !output.status.success() && said.contains("cannot name the keys"),
        "{said}"
    );
    let low = (told.iter()).find(|track| track["path"].as_str().unwrap().ends_with("low/0.wav"));
    let low = low.unwrap();
    assert_eq!(low["key"], "C / Am");
    let profile = low["profile"].as_array().unwrap();
    let sum: f64 = profile.iter().map(|share| share.as_f64().unwrap()).sum();
    assert!((sum - 1.0).abs() < 1e-5, "{sum}");
    let by_semitone = keys["transposition_error_by_semitone"].as_array().unwrap();
    assert_eq!(by_semitone.len(), 12);
    let missed = by_semitone.iter().map(|missed| missed.as_f64().unwrap());
    let mean = missed.sum::<f64>() / 12.0;
    assert!((keys["transposition_error"].as_f64().unwrap() - mean).abs() < 1e-9);
    let unnamed = with(&["key", "music/high"]);
    assert_eq!(unnamed["tracks"][0]["key"], Value::Null);
    let embedded = with(&["embed", "music", "--level", "track", "--out", "t.npz"]);
    assert_eq!(embedded["rows"], 13);
    let mapped = with(&["map", "t.npz", "--method", "pca", "--out", "map.png"]);
    assert_eq!(mapped["points"], 13);
    let query = home.join("new.wav");
    fs::copy(home.join("music/low/0.wav"), &query).unwrap();
    let near = with(&["neighbours", "t.npz", "--query", "new.wav", "-k", "5"]);
    let near = near["neighbours"].as_array().unwrap();
    assert!(near.iter().all(|near| near["label"] == "low"), "{near:?}");
    fs::remove_file(silence).unwrap();
    let probe = [
        "probe",
        "--data",
        "music",
        "--protocol",
        "folds:3",
        "--layer",
        "1",
    ];
    let probed = with(&[&probe[..], &["--save", "p.safetensors"]].concat());
    assert_eq!(probed["score"], 1.0, "two pitches are told apart");
    // The probe remembers heads and layer.
    let said = verb(home, &["predict", "p.safetensors", "music"]);
    assert_eq!(said["predictions"].as_array().unwrap().len(), 12);
    let swept = with(&["probe", "--data", "music", "--layers"]);
    let names: Vec<&str> = swept["points"]
        .as_array()
        .unwrap()
        .iter()
        .map(|point| point["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["frames", "block 1", "block 2", "embedding"]);
}
