//! A Music2Vec is opened wherever an encoder is: windows, layers and readouts by `LoadedEncoder`, and every verb that takes an
//! encoder. The folder is a small one with random weights (`tests/fixtures/make_music2vec_fixtures.py`); what its network
//! computes is held against `transformers` in `families/music2vec/tests.rs`.
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
    Readout, is_checkpoint, load_weights, read_file, save_weights,
};
use serde_json::Value;

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/music2vec/hub")
}

fn open(path: &Path, reading: Reading) -> Result<LoadedEncoder, String> {
    let options = LoadOptions {
        reading,
        ..LoadOptions::default()
    };
    let checkpoint = CheckpointRef::File(path.to_path_buf());
    LoadedEncoder::open(&checkpoint, options, &DeviceChoice::Cpu).map_err(|error| error.to_string())
}

fn window(secs: u32) -> Reading {
    Reading {
        window_secs: Some(secs),
        ..Reading::default()
    }
}

/// Sweeps, different in every window.
fn sound(secs: f32) -> Vec<f32> {
    let samples = (secs * 16_000.0) as usize;
    (0..samples)
        .map(|n| 0.1 + 0.4 * (n as f32 * n as f32 * 2e-7).sin() + 0.1 * (n as f32 * 0.3).sin())
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
fn windows_are_as_long_as_is_said_and_each_is_normalised_by_itself() {
    let samples = sound(32.0);
    let windows = |reading| {
        open(&fixture(), reading)
            .unwrap()
            .windows(&samples)
            .unwrap()
    };
    let starts = |reading| -> Vec<f32> {
        let windows = windows(reading);
        windows.iter().map(|window| window.start_secs).collect()
    };
    assert_eq!(
        starts(Reading::default()),
        [0.0],
        "30 s, the rest is left out"
    );
    assert_eq!(starts(window(10)), [0.0, 10.0, 20.0]);
    let half = Reading {
        overlap: Some(Overlap::Half),
        ..window(10)
    };
    assert_eq!(starts(half), [0.0, 5.0, 10.0, 15.0, 20.0]);
    for (secs, frames) in [(5, 249), (10, 499), (30, 1499)] {
        let encoder = open(&fixture(), window(secs)).unwrap();
        assert_eq!(encoder.info().window.secs, f64::from(secs));
        assert_eq!(encoder.info().grids[0].tokens(), frames);
        for window in windows(window(secs)) {
            let count = window.values.len() as f64;
            assert_eq!(window.values.len(), 16_000 * secs as usize);
            let mean = window.values.iter().copied().map(f64::from).sum::<f64>() / count;
            let squares = window.values.iter().map(|&value| f64::from(value).powi(2));
            assert!(mean.abs() < 1e-4 && (squares.sum::<f64>() / count - 1.0).abs() < 1e-3);
        }
    }
}

#[test]
fn a_sound_that_is_shorter_than_a_window_is_read_as_it_is() {
    let encoder = open(&fixture(), Reading::default()).unwrap();
    let short = sound(2.0);
    assert_eq!(encoder.windows(&short).unwrap()[0].values.len(), 32_000);
    let of_two_seconds = open(&fixture(), window(2)).unwrap();
    assert_close(&embed(&encoder, &short), &embed(&of_two_seconds, &short));
    // A mask of a whole window reads of a shorter one the frames that it has.
    let every_third = Patchout {
        every: 3,
        ..Patchout::default()
    };
    let mask = every_third.mask(&encoder.info().grids).unwrap();
    let windows = encoder.windows(&short).unwrap();
    let windows = [windows[0].values.as_slice()];
    let masked = encoder
        .embed_windows(&windows, Some(std::slice::from_ref(&mask)))
        .unwrap();
    assert_ne!(masked, embed(&encoder, &short));
    let window = &encoder.windows(&short).unwrap()[0];
    let mask = every_third.mask(&encoder.grids_of(window)).unwrap();
    let trace = encoder.attention(windows[0], 0, mask.of(0)).unwrap();
    assert_eq!((trace.grid.columns, trace.kept.len()), (99, 33));
    assert!(encoder.windows(&[]).unwrap().is_empty());
    let said = encoder.windows(&sound(0.02)).unwrap_err().to_string();
    assert!(
        said.contains("320 samples") && said.contains("400"),
        "{said}"
    );
}

#[test]
fn every_layer_is_a_part_of_the_same_pass() {
    let samples = sound(10.0);
    let encoder = open(&fixture(), window(5)).unwrap();
    let info = encoder.info();
    assert_eq!(info.family, Family::Music2vec);
    assert_eq!(info.layers, ["frames", "block 1", "block 2", "block 3"]);
    let windows = encoder.windows(&samples).unwrap();
    let windows: Vec<&[f32]> = windows
        .iter()
        .map(|window| window.values.as_slice())
        .collect();
    let every = encoder.embed_layers(&windows, None).unwrap();
    let (dim, layers) = (encoder.layer_dim(), info.layers.len());
    assert_eq!(every.len(), windows.len() * layers * dim);
    for layer in 0..layers {
        let of_layer: Vec<f32> = every
            .chunks_exact(layers * dim)
            .flat_map(|row| &row[layer * dim..(layer + 1) * dim])
            .copied()
            .collect();
        let reading = Reading {
            layer: Some(layer),
            readout: Some(Readout::Mean),
            ..window(5)
        };
        assert_close(
            &embed(&open(&fixture(), reading).unwrap(), &samples),
            &of_layer,
        );
        // What is published is the last one.
        if layer == info.depth {
            assert_close(&embed(&encoder, &samples), &of_layer);
        }
    }
}

#[test]
fn windows_of_another_length_and_patchout_have_keys_of_their_own() {
    let plain = open(&fixture(), Reading::default()).unwrap();
    let fast = Reading {
        patchout: Patchout {
            every: 3,
            ..Patchout::default()
        },
        ..window(5)
    };
    let (five, fast) = (
        open(&fixture(), window(5)).unwrap(),
        open(&fixture(), fast).unwrap(),
    );
    let keys = [&plain, &five, &fast].map(|encoder| encoder.fingerprint().to_owned());
    assert!(keys[0] != keys[1] && keys[1] != keys[2]);
    assert!(five.description().contains("window 5"));
    let samples = sound(5.0);
    let mask = fast.reading().patchout.mask(&five.info().grids).unwrap();
    let windows = five.windows(&samples).unwrap();
    let windows = [windows[0].values.as_slice()];
    let masked = five.embed_windows(&windows, Some(&[mask])).unwrap();
    assert_close(&embed(&fast, &samples), &masked);
}

/// The promise: what this program writes has the names of the hub, and its header tells the heads.
#[test]
fn one_that_is_written_again_gives_the_same_values_under_the_same_names() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("again.safetensors");
    let weights = load_weights(&fixture(), None).unwrap();
    save_weights(&path, &weights, &[]).unwrap();
    let names = |path: &Path| {
        read_file(path)
            .unwrap()
            .tensors
            .into_keys()
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&path), names(&fixture().join("pytorch_model.bin")));
    assert_eq!(load_weights(&path, None).unwrap(), weights);
    let samples = sound(6.0);
    let of = |path: &Path| embed(&open(path, window(5)).unwrap(), &samples);
    assert_eq!(of(&path), of(&fixture()));
}

#[test]
fn what_a_music2vec_does_not_have_is_refused_in_a_sentence() {
    let refused = |reading| open(&fixture(), reading).unwrap_err();
    let of = |layer, readout| Reading {
        layer,
        readout,
        ..Reading::default()
    };
    assert!(refused(of(Some(4), None)).contains("there is no layer 4"));
    let said = refused(of(None, Some(Readout::Stack)));
    assert!(
        said.contains("Music2Vec encoders have no readout stack; they have mean"),
        "{said}"
    );
    let encoder = open(&fixture(), Reading::default()).unwrap();
    assert!(encoder.classify(&[], None).is_err(), "it tells no styles");
    let file = fixture().join("pytorch_model.bin");
    assert!(is_checkpoint(&fixture()) && is_checkpoint(&file));
    // Windows of other encoders have the length that they were trained with.
    let shipped = LoadedEncoder::open(
        &CheckpointRef::Shipped,
        LoadOptions {
            reading: window(5),
            ..LoadOptions::default()
        },
        &DeviceChoice::Cpu,
    );
    let said = shipped.unwrap_err().to_string();
    assert!(
        said.contains("always last 3.072 s; leave out --window"),
        "{said}"
    );
}

#[test]
fn a_file_that_was_cut_off_says_so() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["config.json", "pytorch_model.bin"] {
        fs::copy(fixture().join(name), folder.path().join(name)).unwrap();
    }
    let path = folder.path().join("pytorch_model.bin");
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let said = open(folder.path(), Reading::default()).unwrap_err();
    assert!(
        said.contains("no usable checkpoint") && said.contains("cut"),
        "{said}"
    );
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

/// Runs a verb with `--json`.
fn verb(home: &Path, arguments: &[&str]) -> Value {
    let output = run(home, arguments);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {complaint}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn every_verb_with_an_encoder_takes_a_music2vec() {
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
    let silence = home.join("music/low/silence.wav");
    audio::write_wav(&silence, &[0.0; 20_000], 16_000).unwrap();
    let hub = fixture();
    let hub = hub.to_str().unwrap();
    let inspected = verb(home, &["inspect", hub]);
    assert_eq!(
        (
            &inspected["family"],
            &inspected["problem"],
            &inspected["heads"]
        ),
        (&"music2vec".into(), &Value::Null, &2.into())
    );
    let note = inspected["note"].as_str().unwrap();
    assert!(note.contains("non-commercial"), "{note}");
    let options = ["--checkpoint", hub, "--window", "2"];
    let with = |words: &[&str]| -> Value {
        let words: Vec<&str> = words.iter().chain(&options).copied().collect();
        verb(home, &words)
    };
    let embedded = with(&["embed", "music", "--out", "w.npz"]);
    assert_eq!(
        (&embedded["tracks"], &embedded["dim"], &embedded["rows"]),
        (&13.into(), &24.into(), &25.into())
    );
    assert_eq!(embedded["reading"]["readout"], "mean");
    let embedded = with(&["embed", "music", "--level", "track", "--out", "t.npz"]);
    assert_eq!(embedded["rows"], 13);
    let mapped = with(&["map", "t.npz", "--method", "pca", "--out", "map.png"]);
    assert_eq!(mapped["points"], 13);
    let query = home.join("new.wav");
    fs::copy(home.join("music/low/0.wav"), &query).unwrap();
    let near = with(&["neighbours", "t.npz", "--query", "new.wav", "-k", "5"]);
    let near = near["neighbours"].as_array().unwrap();
    assert!(near.iter().all(|near| near["label"] == "low"), "{near:?}");
    // Windows of another length are another embedding.
    let query = [
        "neighbours",
        "t.npz",
        "--query",
        "new.wav",
        "--checkpoint",
        hub,
    ];
    let other = run(home, &query);
    let said = String::from_utf8_lossy(&other.stderr).into_owned();
    let said = said + &String::from_utf8_lossy(&other.stdout);
    assert!(
        !other.status.success() && said.contains("--window"),
        "{said}"
    );
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
    // The probe remembers layer and windows.
    let said = verb(home, &["predict", "p.safetensors", "music"]);
    assert_eq!(said["predictions"].as_array().unwrap().len(), 12);
    let swept = with(&["probe", "--data", "music", "--layers"]);
    let names: Vec<&str> = swept["points"]
        .as_array()
        .unwrap()
        .iter()
        .map(|point| point["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["frames", "block 1", "block 2", "block 3"]);
}
