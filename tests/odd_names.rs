//! A name may hold any bytes: every verb takes such names and gives them back so that they lead to the same file. And
//! verbs leave nothing but their own words on stderr.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::{
    ffi::{OsStr, OsString},
    fs,
    os::unix::ffi::OsStringExt,
    path::PathBuf,
    process::{Command, Output},
};

use mynascope_audio as audio;
use mynascope_base::storage::path_from_text;
use serde_json::Value;

struct Shell {
    home: tempfile::TempDir,
}

impl Shell {
    /// A folder `music` of a plain and an odd name, with three labels.
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        for (number, label) in ["low", "high", "mid\u{e9}"].iter().enumerate() {
            let folder = home.path().join("music").join(label);
            fs::create_dir_all(&folder).unwrap();
            let hz = 200.0 * (number + 1) as f32;
            let samples: Vec<f32> = (0..56_000)
                .map(|n| 0.3 * (std::f32::consts::TAU * hz * n as f32 / 16_000.0).sin())
                .collect();
            for name in [odd("caf", ".wav"), "b.wav".into(), "c.wav".into()] {
                audio::write_wav(&folder.join(name), &samples, 16_000).unwrap();
            }
        }
        Self { home }
    }

    fn command(&self, arguments: &[&OsStr]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mynascope"));
        command
            .args(arguments)
            .current_dir(self.home.path())
            .env("MYNASCOPE_HOME", self.home.path().join("home"))
            .env_remove("DISPLAY")
            .env_remove("WAYLAND_DISPLAY")
            .env_remove("XDG_RUNTIME_DIR");
        command
    }

    /// The object that a verb prints.
    fn json(&self, arguments: &[&OsStr]) -> Value {
        let mut arguments = arguments.to_vec();
        arguments.extend(["--json", "--quiet"].map(OsStr::new));
        let output = self.command(&arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", words(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A name with a letter of Latin-1.
fn odd(begin: &str, end: &str) -> OsString {
    OsString::from_vec([begin.as_bytes(), b"\xe9", end.as_bytes()].concat())
}

fn path_of(value: &Value) -> PathBuf {
    path_from_text(value.as_str().unwrap())
}

fn args<'a>(words: &[&'a str]) -> Vec<&'a OsStr> {
    words.iter().map(|word| OsStr::new(*word)).collect()
}

#[test]
fn every_verb_writes_what_has_an_odd_name_and_tells_its_name() {
    let shell = Shell::new();
    let sound = PathBuf::from("music/low").join(odd("caf", ".wav"));
    let (mel, table, map) = (odd("m", ".npy"), odd("t", ".npz"), odd("m", ".png"));
    let (left, picture) = (odd("l", ".wav"), odd("p", ".png"));
    let (checkpoint, csv, probe) = (
        odd("c", ".safetensors"),
        odd("a", ".csv"),
        odd("p", ".safetensors"),
    );
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/myna-tiny.safetensors");
    let word = OsStr::new;
    let (sound, out) = (sound.as_os_str(), word("--out"));
    for line in [
        vec![word("mel"), sound, out, &mel],
        vec![
            word("mask"),
            sound,
            out,
            &left,
            word("--ratio"),
            word("0.5"),
        ],
        vec![word("picture"), sound, out, &picture],
        vec![word("convert"), word(shipped), out, &checkpoint],
        vec![
            word("embed"),
            word("music"),
            out,
            &table,
            word("--checkpoint"),
            &checkpoint,
        ],
        vec![
            word("map"),
            &table,
            out,
            &map,
            word("--method"),
            word("pca"),
        ],
    ] {
        let told = shell.json(&line);
        let wanted = line[line.iter().position(|word| *word == out).unwrap() + 1];
        assert_eq!(path_of(&told["out"]), PathBuf::from(wanted), "{line:?}");
        assert!(shell.home.path().join(wanted).is_file(), "{line:?}");
    }
    let run = odd("q", "");
    let trained = shell.json(&[
        word("train"),
        word("--data"),
        word("music"),
        word("--steps"),
        word("1"),
        word("--batch"),
        word("2"),
        out,
        &run,
    ]);
    let weights = path_of(&trained["checkpoint"]);
    assert!(weights.starts_with(&run), "{weights:?}");
    assert!(shell.home.path().join(weights).is_file());
    let report = shell.json(&[word("inspect"), &checkpoint]);
    assert_eq!(report["missing"], serde_json::json!([]));
    let landed = shell.json(&[
        word("map"),
        &table,
        out,
        &map,
        word("--method"),
        word("pca"),
        word("--land"),
        sound,
        word("--checkpoint"),
        &checkpoint,
    ]);
    assert_eq!(path_of(&landed["landed"][0]["path"]), PathBuf::from(sound));
    let near = shell.json(&[
        word("neighbours"),
        &table,
        word("--query"),
        sound,
        word("--checkpoint"),
        &checkpoint,
    ]);
    assert_eq!(path_of(&near["query"]), PathBuf::from(sound));
    // A probe remembers its encoder, whatever its name, and answers for every file.
    shell.json(&[
        word("probe"),
        word("--data"),
        word("music"),
        word("--checkpoint"),
        &checkpoint,
        word("--save"),
        &probe,
    ]);
    let said = shell.json(&[word("predict"), &probe, word("music"), out, &csv]);
    assert_eq!(path_of(&said["out"]), PathBuf::from(&csv));
    let rows = said["predictions"].as_array().unwrap();
    let paths: Vec<PathBuf> = rows.iter().map(|row| path_of(&row["path"])).collect();
    assert_eq!(rows.len(), 9);
    assert!(paths.contains(&PathBuf::from(sound)), "{paths:?}");
    assert!(rows.iter().all(|row| row["problem"].is_null()));
    let csv = fs::read_to_string(shell.home.path().join(&csv)).unwrap();
    let listed: Vec<PathBuf> = csv
        .lines()
        .skip(1)
        .map(|line| path_from_text(line.split(',').next().unwrap()))
        .collect();
    assert_eq!(listed, paths);
    // Without JSON people see the name as far as it is text.
    let mut command = shell.command(&args(&["mel", "music/low/b.wav", "--out"]));
    let output = command.arg(odd("n", ".npy")).output().unwrap();
    assert!(output.status.success() && words(&output).is_empty());
}

#[test]
fn verbs_print_nothing_of_others_on_stderr() {
    let shell = Shell::new();
    let word = OsStr::new;
    for line in [
        args(&["devices"]),
        args(&["mel", "music/low/b.wav", "--out", "m.npy"]),
        args(&["embed", "music", "--out", "t.npz", "--quiet"]),
        args(&["picture", "music/low/b.wav", "--out", "p.png", "--quiet"]),
        args(&[
            "map", "t.npz", "--out", "m.tsv", "--method", "pca", "--quiet",
        ]),
    ] {
        for runtime in [None, Some(""), Some("relative/folder")] {
            let mut command = shell.command(&line);
            if let Some(runtime) = runtime {
                command.env("XDG_RUNTIME_DIR", word(runtime));
            }
            let output = command.output().unwrap();
            assert!(output.status.success(), "{line:?}: {}", words(&output));
            assert_eq!(words(&output), "", "{line:?} with {runtime:?}");
        }
    }
}
