//! A MAEST is opened wherever an encoder is: windows, layers, readouts and styles by `LoadedEncoder`, and every verb that
//! takes an encoder. The files are small ones with random weights (`tests/fixtures/make_maest_fixtures.py`); what their
//! network computes is held against the libraries in `families/maest/tests.rs`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use mynascope_audio as audio;
use mynascope_base::jobs::Cancel;
use mynascope_encoder::{
    CheckpointRef, DeviceChoice, Family, LoadOptions, LoadedEncoder, Overlap, Patchout, Reading,
    Readout, is_checkpoint,
};
use mynascope_spectrum::{MAEST_HUB_MEL, MAEST_MEL};
use serde_json::Value;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/maest")
        .join(name)
}

fn open(name: &str, reading: Reading) -> Result<LoadedEncoder, String> {
    let options = LoadOptions {
        heads: Some(2),
        reading,
        ..LoadOptions::default()
    };
    let checkpoint = CheckpointRef::File(fixture(name));
    LoadedEncoder::open(&checkpoint, options, &DeviceChoice::Cpu).map_err(|error| error.to_string())
}

fn published(name: &str) -> LoadedEncoder {
    open(name, Reading::default()).unwrap()
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

fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    let differences = a.iter().zip(b).map(|(a, b)| (a - b).abs());
    differences.fold(0.0, f32::max)
}

#[test]
fn windows_overlap_by_half_as_published_or_lie_back_to_back() {
    let starts = |name: &str, overlap| {
        let reading = Reading {
            overlap,
            ..Reading::default()
        };
        let windows = open(name, reading).unwrap().windows(&sound(12.6)).unwrap();
        windows
            .iter()
            .map(|window| window.start_secs)
            .collect::<Vec<_>>()
    };
    // The hub's windows are of whole seconds, each with a spectrogram of its own.
    assert_eq!(starts("hub", None), [0.0, 2.5, 5.0, 7.5]);
    assert_eq!(starts("hub", Some(Overlap::None)), [0.0, 5.0]);
    // The authors cut the spectrogram of the whole sound by 312 frames.
    assert_eq!(starts("native.ckpt", Some(Overlap::None)), [0.0, 4.992]);
    assert_eq!(starts("native.ckpt", Some(Overlap::Half))[1], 2.496);
}

#[test]
fn each_form_hears_the_edges_of_sound_as_it_was_published() {
    let samples = sound(5.0);
    let hub = published("hub").windows(&samples).unwrap().remove(0).values;
    assert_eq!(hub, MAEST_HUB_MEL.of_samples(&samples, Some(316)).unwrap());
    let native = published("native.ckpt").windows(&samples).unwrap();
    let whole = MAEST_MEL.of_samples(&samples, None).unwrap();
    assert_eq!(native[0].values, whole[..312 * 96]);
    // A short sound is padded to a window by the hub's code, and is a short window of the authors'.
    let short = sound(3.0);
    assert_eq!(
        published("hub").windows(&short).unwrap()[0].values.len(),
        316 * 96
    );
    assert_eq!(
        published("native.ckpt").windows(&short).unwrap()[0]
            .values
            .len(),
        188 * 96
    );
    assert_eq!(
        embed(&published("native.ckpt"), &short).len(),
        published("native.ckpt").embedding_dim()
    );
}

/// Tables, caches and probes go by the fingerprint: they must not call the same embeddings by two names.
#[test]
fn the_published_reading_in_words_is_the_same_as_none() {
    let published = published("hub");
    let info = published.info();
    let in_words = Reading {
        layer: Some(info.published_layer),
        readout: info.readouts.first().copied(),
        overlap: Some(Overlap::Half),
        patchout: Patchout {
            every: 1,
            ..Patchout::default()
        },
        ..Reading::default()
    };
    let same = open("hub", in_words).unwrap();
    assert_eq!(same.fingerprint(), published.fingerprint());
    assert_eq!(same.description(), published.description());
    let other = Reading {
        layer: Some(0),
        ..in_words
    };
    assert_ne!(
        open("hub", other).unwrap().fingerprint(),
        published.fingerprint()
    );
}

#[test]
fn every_layer_and_readout_is_a_part_of_the_same_pass() {
    let samples = sound(7.6);
    let encoder = published("hub");
    let info = encoder.info();
    assert_eq!(info.family, Family::Maest);
    assert_eq!(info.layers.len(), info.depth + 1);
    let read = |layer, readout| {
        let reading = Reading {
            layer,
            readout: Some(readout),
            ..Reading::default()
        };
        embed(&open("hub", reading).unwrap(), &samples)
    };
    let windows = encoder.windows(&samples).unwrap();
    let windows: Vec<&[f32]> = windows
        .iter()
        .map(|window| window.values.as_slice())
        .collect();
    let every = encoder.embed_layers(&windows, None).unwrap();
    let (dim, layers) = (encoder.layer_dim(), info.layers.len());
    assert_eq!(every.len(), windows.len() * layers * dim);
    for layer in 0..layers {
        let stack = read(Some(layer), Readout::Stack);
        let of_layer: Vec<f32> = every
            .chunks_exact(layers * dim)
            .flat_map(|row| &row[layer * dim..(layer + 1) * dim])
            .copied()
            .collect();
        assert!(
            largest_difference(&stack, &of_layer) < 1e-6,
            "layer {layer}"
        );
        let third = dim / 3;
        for (part, readout) in [Readout::Cls, Readout::Dist, Readout::Mean]
            .into_iter()
            .enumerate()
        {
            let alone = read(Some(layer), readout);
            let of_stack: Vec<f32> = stack
                .chunks_exact(dim)
                .flat_map(|row| &row[part * third..(part + 1) * third])
                .copied()
                .collect();
            assert!(largest_difference(&alone, &of_stack) < 1e-6, "{readout}");
        }
    }
    // The published layer is the seventh; this encoder has fewer, so the last.
    let last = read(Some(info.depth), Readout::Stack);
    assert!(largest_difference(&embed(&encoder, &samples), &last) < 1e-6);
    let logits = read(None, Readout::Logits);
    let probabilities: Vec<f32> = logits.iter().map(|x| 1.0 / (1.0 + (-x).exp())).collect();
    assert!(largest_difference(&read(None, Readout::Probabilities), &probabilities) < 1e-6);
    assert_eq!(info.outputs.len(), logits.len() / windows.len());
}

#[test]
fn patchout_is_the_mask_of_its_columns_and_rows_and_has_a_key_of_its_own() {
    let samples = sound(5.0);
    let patchout = Patchout {
        every: 3,
        dropped_rows: "0,7,8".parse().unwrap(),
    };
    let reading = Reading {
        patchout,
        ..Reading::default()
    };
    let (plain, fast) = (published("hub"), open("hub", reading).unwrap());
    let mask = patchout.mask(&plain.info().grids).unwrap();
    assert_eq!(
        mask.of(0).len(),
        6 * plain.info().grids[0].columns.div_ceil(3)
    );
    let windows = plain.windows(&samples).unwrap();
    let windows = [windows[0].values.as_slice()];
    let masked = plain
        .embed_windows(&windows, Some(std::slice::from_ref(&mask)))
        .unwrap();
    let found = embed(&fast, &samples);
    assert!(largest_difference(&found, &masked) < 1e-6);
    assert!(largest_difference(&found, &embed(&plain, &samples)) > 1e-4);
    assert_ne!(plain.fingerprint(), fast.fingerprint());
    assert!(fast.fingerprint().starts_with(plain.fingerprint()));
    assert!(
        fast.embed_windows(&windows, Some(&[mask])).is_err(),
        "two masks at once"
    );
    // A window of the authors' form that is shorter has fewer columns, and patchout counts its own.
    let short = open("native.ckpt", reading).unwrap();
    assert_eq!(embed(&short, &sound(3.0)).len(), short.embedding_dim());
}

#[test]
fn what_a_maest_does_not_have_is_refused_in_a_sentence() {
    let refused = |layer, readout| {
        let reading = Reading {
            layer,
            readout,
            ..Reading::default()
        };
        open("hub", reading).unwrap_err()
    };
    assert!(refused(Some(9), None).contains("there is no layer 9"));
    assert!(refused(Some(1), Some(Readout::Logits)).contains("leave out --layer"));
    let shipped = |readout| {
        let options = LoadOptions {
            reading: Reading {
                readout: Some(readout),
                ..Reading::default()
            },
            ..LoadOptions::default()
        };
        LoadedEncoder::open(&CheckpointRef::Shipped, options, &DeviceChoice::Cpu)
    };
    let error = shipped(Readout::Stack).unwrap_err().to_string();
    assert!(
        error.contains("Myna encoders have no readout stack; they have mean"),
        "{error}"
    );
    let patchout = |every, rows: &str| {
        let reading = Reading {
            patchout: Patchout {
                every,
                dropped_rows: rows.parse().unwrap(),
            },
            ..Reading::default()
        };
        open("hub", reading).unwrap_err()
    };
    assert!(patchout(1, "9").contains("there is no row 9"));
    assert!(patchout(100, "0").contains("31 columns"));
    assert!(is_checkpoint(&fixture("hub")) && is_checkpoint(&fixture("native.ckpt")));
}

/// Folders are saved without their classifier, as `ASTModel` saves them.
#[test]
fn a_file_without_a_classifier_says_so_and_what_can_be_read() {
    let folder = changed("config.json", "gelu", "gelu");
    let path = folder.path().join("model.safetensors");
    let tensors = mynascope_encoder::read_file(&path).unwrap().tensors;
    let kept: Vec<(&str, &[usize], &[f32])> = tensors
        .iter()
        .filter(|(name, _)| !name.starts_with("classifier."))
        .map(|(name, tensor)| {
            (
                name.as_str(),
                tensor.shape.as_slice(),
                tensor.values.as_slice(),
            )
        })
        .collect();
    assert!(kept.len() < tensors.len());
    mynascope_encoder::write_tensors(&path, &kept, BTreeMap::new()).unwrap();
    let config = folder.path().join("config.json");
    let mut json: Value = serde_json::from_slice(&fs::read(&config).unwrap()).unwrap();
    json.as_object_mut().unwrap().remove("id2label");
    fs::write(&config, json.to_string()).unwrap();
    let open = |readout| {
        let options = LoadOptions {
            reading: Reading {
                readout,
                ..Reading::default()
            },
            ..LoadOptions::default()
        };
        let checkpoint = CheckpointRef::File(folder.path().to_path_buf());
        LoadedEncoder::open(&checkpoint, options, &DeviceChoice::Cpu)
    };
    let said = open(Some(Readout::Probabilities)).unwrap_err().to_string();
    assert!(
        said.contains("the file of this MAEST holds no classifier")
            && said.ends_with("it has stack, cls, dist, mean, features"),
        "{said}"
    );
    let without = open(None).unwrap();
    assert!(without.classify(&[], None).is_err());
    assert_eq!(
        embed(&without, &sound(5.0)),
        embed(&published("hub"), &sound(5.0))
    );
}

/// `--patch` is of a Myna that doesn't say; another encoder would have ignored it.
#[test]
fn encoders_without_a_choice_of_patches_refuse_to_be_told_one() {
    let fixtures = fixture("..");
    for (checkpoint, family) in [
        (fixture("hub"), "MAEST"),
        (fixtures.join("mt2/model_state_dict.pt"), "MT2"),
        (fixtures.join("music2vec/hub"), "Music2Vec"),
    ] {
        let checkpoint = CheckpointRef::File(checkpoint);
        let options = LoadOptions::from(Some(mynascope_encoder::Patching::Square));
        let opened = LoadedEncoder::open(&checkpoint, options.clone(), &DeviceChoice::Cpu);
        let summary = mynascope_encoder::summarise(&checkpoint, &options);
        for said in [
            opened.unwrap_err().to_string(),
            summary.unwrap_err().to_string(),
        ] {
            assert!(
                said.contains(family) && said.contains("leave out --patch"),
                "{said}"
            );
        }
    }
    let home = tempfile::tempdir().unwrap();
    let mt2 = fixtures.join("mt2/model_state_dict.pt");
    let mt2 = mt2.to_str().unwrap();
    for verb in [
        ["convert", mt2, "--out", "converted.safetensors"].as_slice(),
        &["train", "--data", "demo", "--init", mt2, "--out", "run"],
    ] {
        let said = refused(home.path(), &joined(verb, &["--patch", "square"]));
        assert!(said.contains("leave out --patch"), "{said}");
    }
    assert!(!home.path().join("converted.safetensors").exists());
}

/// A copy of the hub's folder in which one file was changed.
fn changed(name: &str, old: &str, new: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(fixture("hub")).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
    }
    let path = folder.path().join(name);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(old), "{old} in {text}");
    fs::write(&path, text.replace(old, new)).unwrap();
    folder
}

#[test]
fn a_folder_of_another_front_end_or_architecture_is_refused_in_a_sentence() {
    let refused = |folder: &tempfile::TempDir, heads: Option<usize>| {
        let options = LoadOptions {
            heads,
            ..LoadOptions::default()
        };
        let checkpoint = CheckpointRef::File(folder.path().to_path_buf());
        let opened = LoadedEncoder::open(&checkpoint, options, &DeviceChoice::Cpu);
        opened.unwrap_err().to_string()
    };
    let other_rate = changed("preprocessor_config.json", "16000", "44100");
    let said = refused(&other_rate, None);
    assert!(said.contains("sampling_rate 44100"), "{said}");
    let report = mynascope_encoder::inspect(other_rate.path(), None).unwrap();
    assert!(report.problem.unwrap().contains("sampling_rate 44100"));
    let longer = changed(
        "preprocessor_config.json",
        "\"max_length\": 316",
        "\"max_length\": 1876",
    );
    let said = refused(&longer, None);
    assert!(said.contains("windows of 1876 frames"), "{said}");
    let halves = changed(
        "config.json",
        "\"hidden_size\": 32",
        "\"hidden_size\": 32.5",
    );
    let said = refused(&halves, None);
    assert!(
        said.contains("hidden_size 32.5, which is no whole number"),
        "{said}"
    );
    let words = changed(
        "config.json",
        "\"time_stride\": 10",
        "\"time_stride\": \"ten\"",
    );
    let said = refused(&words, None);
    assert!(said.contains("time_stride \"ten\""), "{said}");
    let bert = changed("config.json", "audio-spectrogram-transformer", "bert");
    let said = refused(&bert, None);
    assert!(said.contains("model_type is bert"), "{said}");
    let same = changed(
        "config.json",
        "audio-spectrogram-transformer",
        "audio-spectrogram-transformer",
    );
    let said = refused(&same, Some(4));
    assert!(said.contains("leave out --heads"), "{said}");
}

/// The hub's folder with other weights: `change` is given each tensor by its name, and leaves out those that it gives back none
/// of.
fn with_weights(
    change: impl Fn(&str, safetensors::Dtype) -> Option<safetensors::Dtype>,
) -> tempfile::TempDir {
    let folder = changed("config.json", "{", "{");
    let path = folder.path().join("model.safetensors");
    let bytes = fs::read(&path).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let tensors = file.tensors();
    let kept = tensors.iter().filter_map(|(name, view)| {
        let dtype = change(name, view.dtype())?;
        let view = safetensors::tensor::TensorView::new(dtype, view.shape().to_vec(), view.data());
        Some((name.as_str(), view.unwrap()))
    });
    fs::write(&path, safetensors::serialize(kept, None).unwrap()).unwrap();
    folder
}

#[test]
fn weights_that_are_not_there_or_not_read_are_named_with_what_they_are() {
    use safetensors::Dtype;
    let said = |folder: &tempfile::TempDir| {
        let checkpoint = CheckpointRef::File(folder.path().to_path_buf());
        let opened = LoadedEncoder::open(&checkpoint, LoadOptions::default(), &DeviceChoice::Cpu);
        opened.unwrap_err().to_string()
    };
    let one = "encoder.layer.1.intermediate.dense.weight";
    let folder = with_weights(|name, dtype| {
        Some(match name.ends_with(one) {
            true => Dtype::I32,
            false => dtype,
        })
    });
    let why = said(&folder);
    assert!(
        why.contains(one) && why.contains("I32: whole numbers") && !why.contains("lacks"),
        "{why}"
    );
    let report = mynascope_encoder::inspect(folder.path(), None).unwrap();
    assert!(report.problem.unwrap().contains("I32: whole numbers"));
    let why = said(&with_weights(|_, _| Some(Dtype::I32)));
    assert!(
        why.contains("by its config.json it is a MAEST, but") && why.contains("I32: whole numbers"),
        "{why}"
    );
    let why = said(&with_weights(|name, dtype| {
        name.starts_with("classifier.").then_some(dtype)
    }));
    assert!(
        why.contains("by its config.json it is a MAEST, but it holds no time_new_pos_embed or distillation_token"),
        "{why}"
    );
}

#[test]
fn settings_that_an_editor_on_windows_wrote_are_read() {
    let folder = changed("config.json", "{", "{");
    let path = folder.path().join("config.json");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("\u{feff}{text}")).unwrap();
    let report = mynascope_encoder::inspect(folder.path(), None).unwrap();
    assert_eq!((report.problem, report.labels), (None, 5));
    assert!(
        report.note.contains("5 styles with names"),
        "{}",
        report.note
    );
}

#[test]
fn a_converted_maest_gives_the_same_embedding() {
    let folder = tempfile::tempdir().unwrap();
    let hub = fixture("hub");
    verb(
        folder.path(),
        &["convert", hub.to_str().unwrap(), "--out", "m.safetensors"],
    );
    let converted = CheckpointRef::File(folder.path().join("m.safetensors"));
    let options = LoadOptions {
        heads: Some(2),
        ..LoadOptions::default()
    };
    let converted = LoadedEncoder::open(&converted, options, &DeviceChoice::Cpu).unwrap();
    let samples = sound(6.0);
    let (before, after) = (
        embed(&published("hub"), &samples),
        embed(&converted, &samples),
    );
    let apart = largest_difference(&before, &after);
    assert!(apart < 1e-5, "{apart}");
}

/// Runs a verb with `--json`.
fn verb(home: &Path, arguments: &[&str]) -> Value {
    let output = run(home, arguments);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {complaint}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What a verb complains of that is refused.
fn refused(home: &Path, arguments: &[&str]) -> String {
    let output = run(home, arguments);
    assert!(!output.status.success(), "{arguments:?} is refused");
    String::from_utf8(output.stderr).unwrap()
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

fn joined<'a>(a: &[&'a str], b: &[&'a str]) -> Vec<&'a str> {
    [a, b].concat()
}

/// Six tracks of each of two pitches, six seconds long.
fn write_music(home: &Path) {
    for (label, pitch) in [("low", 0.05_f32), ("high", 0.9)] {
        for track in 0..6 {
            let file = home.join("music").join(label).join(format!("{track}.wav"));
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            let pitch = pitch * (1.0 + track as f32 * 0.01);
            let samples: Vec<f32> = (0..16_000 * 6)
                .map(|n| 0.5 * (n as f32 * pitch).sin())
                .collect();
            audio::write_wav(&file, &samples, 16_000).unwrap();
        }
    }
}

/// A clip without one whole patch costs that clip, whatever reads it; short ones that have patches are read, masked or not.
#[test]
fn a_clip_shorter_than_a_patch_is_skipped_with_its_path_and_costs_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    let native = fixture("native.ckpt");
    let encoder = ["--checkpoint", native.to_str().unwrap(), "--heads", "2"];
    fs::create_dir_all(home.join("music")).unwrap();
    for (name, secs) in [
        ("long", 6.0),
        ("short", 1.0),
        ("shorter", 1.0),
        ("click", 0.02),
    ] {
        let file = home.join("music").join(name).with_extension("wav");
        audio::write_wav(&file, &sound(secs), 16_000).unwrap();
    }
    let skips = |words: &[&str]| {
        let output = run(home, &joined(words, &encoder));
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{words:?}: {said}");
        let json: Value = serde_json::from_slice(&output.stdout).unwrap();
        let skipped = json["skipped"].as_array().unwrap().clone();
        assert_eq!(skipped.len(), 1, "{skipped:?}");
        assert!(skipped[0].to_string().contains("click.wav"), "{skipped:?}");
        assert!(skipped[0].to_string().contains("too short"), "{skipped:?}");
        json
    };
    assert_eq!(skips(&["embed", "music", "--out", "t.npz"])["tracks"], 3);
    let masked = ["embed", "music", "--mask-ratio", "0.8", "--out", "t.npz"];
    assert_eq!(skips(&masked)["tracks"], 3);
    skips(&["diagnose", "--data", "music"]);
}

/// A table knows its encoder by its hash, wherever the file lies, and the layer that was read.
#[test]
fn a_table_is_compared_with_the_encoder_that_made_it_alone() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    write_music(home);
    let moved = home.join("moved.ckpt");
    fs::copy(fixture("native.ckpt"), &moved).unwrap();
    let native = fixture("native.ckpt");
    let native = ["--checkpoint", native.to_str().unwrap(), "--heads", "2"];
    for table in ["t.npz", "t.parquet", "t.tsv", "t.safetensors"] {
        let made = joined(
            &["embed", "music", "--level", "track", "--out", table],
            &native,
        );
        let made = verb(home, &made);
        let reading = &made["reading"];
        assert_eq!(
            (&reading["layer"], &reading["layer_name"]),
            (&2.into(), &"block 2".into())
        );
        assert_eq!(
            (&reading["readout"], &reading["hop_secs"]),
            (&"stack".into(), &2.496.into())
        );
        let query = home.join("new.wav");
        fs::copy(home.join("music/low/0.wav"), &query).unwrap();
        let ask = ["neighbours", table, "--query", "new.wav", "-k", "2"];
        let with = |words: &[&'static str]| joined(&ask, words);
        let near = verb(home, &with(&["--checkpoint", "moved.ckpt", "--heads", "2"]));
        assert_eq!(near["neighbours"].as_array().unwrap().len(), 2);
        let said = refused(
            home,
            &with(&["--checkpoint", "moved.ckpt", "--heads", "2", "--layer", "1"]),
        );
        assert!(
            said.contains("read in another way") && said.contains(table),
            "{said}"
        );
        let said = refused(home, &with(&["--checkpoint", "moved.ckpt", "--heads", "4"]));
        assert!(said.contains("another encoder"), "{said}");
    }
    let land = [
        "map", "t.npz", "--method", "pca", "--out", "map.png", "--land", "new.wav",
    ];
    let said = refused(home, &land);
    assert!(
        said.contains("made by another encoder") && said.contains("--checkpoint"),
        "{said}"
    );
}

/// A probe remembers how many heads its encoder has; where the encoder lies elsewhere they can be said.
#[test]
fn heads_can_be_said_to_every_verb_that_opens_an_encoder() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    write_music(home);
    let native = fixture("native.ckpt");
    let native = ["--checkpoint", native.to_str().unwrap(), "--heads", "2"];
    let probe = [
        "probe",
        "--data",
        "music",
        "--protocol",
        "folds:3",
        "--save",
        "p.safetensors",
    ];
    verb(home, &joined(&probe, &native));
    let predict = ["predict", "p.safetensors", "music"];
    assert_eq!(
        verb(home, &predict)["predictions"]
            .as_array()
            .unwrap()
            .len(),
        12
    );
    let said = verb(home, &joined(&predict, &native));
    assert_eq!(said["predictions"].as_array().unwrap().len(), 12);
    let other = ["--checkpoint", native[1], "--heads", "4"];
    refused(home, &joined(&predict, &other));
    // A probe of which the encoder was moved away.
    let moved = home.join("moved.ckpt");
    fs::copy(native[1], &moved).unwrap();
    let moved = ["--checkpoint", "moved.ckpt", "--heads", "2"];
    verb(home, &joined(&probe, &moved));
    fs::remove_file(home.join("moved.ckpt")).unwrap();
    let said = refused(home, &predict);
    assert!(
        said.contains("name it with --checkpoint") && said.contains("moved.ckpt"),
        "{said}"
    );
    verb(home, &joined(&predict, &native));
    let features = [
        "probe",
        "--data",
        "music",
        "--layers",
        "--readout",
        "features",
    ];
    let said = refused(home, &joined(&features, &native));
    assert!(
        said.contains("last norm") && said.contains("stack, cls, dist, mean"),
        "{said}"
    );
}

#[test]
fn every_verb_with_an_encoder_takes_a_maest() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    write_music(home);
    let hub = fixture("hub");
    let hub = hub.to_str().unwrap();
    let inspected = verb(home, &["inspect", hub]);
    assert_eq!(
        (&inspected["family"], &inspected["problem"]),
        (&"maest".into(), &Value::Null)
    );
    let embedded = verb(
        home,
        &[
            "embed",
            "music",
            "--checkpoint",
            hub,
            "--readout",
            "probabilities",
            "--out",
            "t.npz",
        ],
    );
    assert_eq!(embedded["tracks"], 12);
    assert_eq!(embedded["dim"], inspected["labels"]);
    assert_eq!(embedded["reading"]["readout"], "probabilities");
    let options = ["--checkpoint", hub, "--patchout", "2", "--layer", "1"];
    let with = |words: &[&str]| -> Value {
        let words: Vec<&str> = words.iter().chain(&options).copied().collect();
        verb(home, &words)
    };
    assert_eq!(
        with(&["embed", "music", "--level", "track", "--out", "u.npz"])["rows"],
        12
    );
    let mapped = with(&["map", "u.npz", "--method", "pca", "--out", "map.png"]);
    assert_eq!(mapped["points"], 12);
    // Every 4th of 31 columns and all rows but the highest are heard.
    let masked = verb(
        home,
        &[
            "mask",
            "music/low/0.wav",
            "--checkpoint",
            hub,
            "--patchout",
            "4",
            "--patchout-rows",
            "8",
            "--out",
            "left.wav",
        ],
    );
    assert_eq!(
        (&masked["tokens"], &masked["tokens_kept"]),
        (&279.into(), &64.into())
    );
    assert_eq!(masked["window_secs"], 5.0);
    let (path, never) = (home.join("left.wav"), Cancel::default());
    let (left, _) = audio::load_mono(&path, 16_000, audio::Channel::Mean, &never).unwrap();
    let silent = left.iter().filter(|sample| sample.abs() < 1e-4).count();
    let share = silent as f64 / left.len() as f64;
    assert!(
        (0.3..0.7).contains(&share),
        "8 frames of 20 are heard: {share}"
    );
    let query = home.join("new.wav");
    fs::copy(home.join("music/low/0.wav"), &query).unwrap();
    let near = with(&["neighbours", "u.npz", "--query", "new.wav", "-k", "5"]);
    let near = near["neighbours"].as_array().unwrap();
    assert_eq!(near.len(), 5);
    assert!(near.iter().all(|near| near["label"] == "low"), "{near:?}");
    let probed = with(&[
        "probe",
        "--data",
        "music",
        "--protocol",
        "folds:3",
        "--save",
        "p.safetensors",
    ]);
    assert_eq!(probed["score"], 1.0, "two pitches are told apart");
    // The probe remembers layer and patchout.
    let said = verb(home, &["predict", "p.safetensors", "music"]);
    assert_eq!(said["predictions"].as_array().unwrap().len(), 12);
    let swept = verb(
        home,
        &["probe", "--data", "music", "--layers", "--checkpoint", hub],
    );
    let names: Vec<&str> = swept["points"]
        .as_array()
        .unwrap()
        .iter()
        .map(|point| point["name"].as_str().unwrap())
        .collect();
    assert_eq!(names[..2], ["patches", "block 1"]);
    // Each point of the curve is the score that the same probe has with that patchout.
    let probe = [
        "probe",
        "--data",
        "music",
        "--head",
        "ridge",
        "--checkpoint",
        hub,
    ];
    let curve = verb(home, &joined(&probe, &["--patchout-curve"]));
    let points = curve["points"].as_array().unwrap();
    let every: Vec<u64> = points
        .iter()
        .map(|it| it["every"].as_u64().unwrap())
        .collect();
    assert_eq!(every, [1, 2, 3, 4, 6, 8]);
    // Of 31 columns of 9 patches.
    let tokens: Vec<u64> = points
        .iter()
        .map(|it| it["tokens"].as_u64().unwrap())
        .collect();
    assert_eq!(tokens, [31, 16, 11, 8, 6, 4].map(|columns| 9 * columns));
    let alone = verb(home, &joined(&probe, &["--patchout", "4"]));
    assert_eq!(points[3]["score"], alone["score"]);
    assert_eq!(points[3]["interval"], alone["interval"]);
    let both = refused(
        home,
        &joined(&probe, &["--patchout-curve", "--patchout", "2"]),
    );
    assert!(both.contains("--patchout"), "{both}");
    let masked = refused(
        home,
        &joined(&probe, &["--patchout-curve", "--mask-ratio", "0.5"]),
    );
    assert!(masked.contains("leave out --mask-ratio"), "{masked}");
}
