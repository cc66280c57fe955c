#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]
//! The fault: a process that is killed, most often while it writes a checkpoint. The promise: the newest complete
//! checkpoint loads after every kill, and the run goes on to the very numbers of an unbroken one.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use mynascope_audio as audio;
use mynascope_encoder::{CheckpointRef, load_weights};

/// Six tracks of 4 s: a tone of its own pitch each.
fn write_tracks(folder: &Path) {
    for track in 0..6 {
        let pitch = 110.0 * 1.3_f32.powi(track) * std::f32::consts::TAU / 16_000.0;
        let samples: Vec<f32> = (0..64_000)
            .map(|n| 0.5 * (n as f32 * pitch).sin())
            .collect();
        let path = folder.join(format!("tone-{track}.wav"));
        audio::write_wav(&path, &samples, 16_000).unwrap();
    }
}

const SETTINGS: &str = r#"
objective = "fastclip-v2"
optimiser = "adamw"
ema = 0.9
device = "cpu"
patch = "square"
batch = 3
save_every = 1
gamma_schedule = "constant"
steps = 100000
head = [16]

[encoder]
kind = "square"
dim = 16
depth = 1
heads = 1
mlp_dim = 16
"#;

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        write_tracks(&folder.path().join("audio"));
        fs::write(folder.path().join("settings.toml"), SETTINGS).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn start(&self, arguments: &[&str]) -> Child {
        Command::new(env!("CARGO_BIN_EXE_mynascope"))
            .args(["train", "--threads", "1", "--quiet"])
            .args(arguments)
            .current_dir(self.folder.path())
            .env("MYNASCOPE_HOME", self.path("home"))
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap()
    }

    fn fresh(&self, run: &str, more: &[&str]) -> Child {
        let first = ["--data", "audio", "--config", "settings.toml", "--out", run];
        self.start(&[&first, more].concat())
    }
}

/// Newest step whose folder has its name, which it gets when it is complete.
fn newest(run: &Path) -> Option<u64> {
    fs::read_dir(run)
        .ok()?
        .filter_map(|entry| {
            entry
                .ok()?
                .file_name()
                .to_str()?
                .strip_prefix("step-")?
                .parse()
                .ok()
        })
        .max()
}

/// Names and bytes of all tensors of a file; the order of its header's text is not fixed.
fn tensors(path: &Path) -> BTreeMap<String, Vec<u8>> {
    let bytes = fs::read(path).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let tensors = file.tensors().into_iter();
    tensors
        .map(|(name, view)| (name, view.data().to_vec()))
        .collect()
}

fn survives_kills(rounds: u32) {
    let place = Place::new();
    let run = place.path("run");
    let mut seen = 0;
    for round in 0..rounds {
        let mut child = match newest(&run) {
            Some(_) => place.start(&["--resume", "run"]),
            None => place.fresh("run", &[]),
        };
        // Long enough to begin, then at any moment: a step with its save takes some 20 ms.
        while newest(&run).unwrap_or(0) <= seen && child.try_wait().unwrap().is_none() {
            thread::sleep(Duration::from_millis(1));
        }
        thread::sleep(Duration::from_micros(u64::from(
            round.wrapping_mul(2_654_435_761) >> 17,
        )));
        child.kill().unwrap();
        let status = child.wait().unwrap();
        assert!(
            status.code().is_none(),
            "round {round} ended by itself: {status}"
        );
        let newest = newest(&run).unwrap();
        assert!(newest > seen, "a round loses its last step at most");
        seen = newest;
        let file = CheckpointRef::File(run.clone()).resolve().unwrap().unwrap();
        load_weights(&file, None).unwrap();
    }
    let steps = (seen + 2).to_string();
    let ended = place.start(&["--resume", "run", "--steps", &steps]).wait();
    assert!(ended.unwrap().success());
    let whole = place.fresh("whole", &["--steps", &steps]).wait();
    assert!(whole.unwrap().success());
    let end = |run: &str| tensors(&place.path(run).join("final.safetensors"));
    assert!(
        end("run") == end("whole"),
        "not the numbers of an unbroken run"
    );
    let state = |run: &str, file: &str| {
        let folder = place.path(run).join(format!("step-{steps}"));
        tensors(&folder.join(file))
    };
    for file in [
        "raw.safetensors",
        "optimiser.safetensors",
        "objective.safetensors",
    ] {
        assert!(state("run", file) == state("whole", file), "{file}");
    }
    let losses = |run: &str| -> Vec<String> {
        let text = fs::read_to_string(place.path(run).join("log.jsonl")).unwrap();
        let lines = text.lines().map(|line| {
            let record: serde_json::Value = serde_json::from_str(line).unwrap();
            format!("{} {}", record["step"], record["loss"])
        });
        lines.collect()
    };
    assert_eq!(losses("run"), losses("whole"));
}

#[test]
fn a_run_that_is_killed_goes_on_as_if_it_had_not_been() {
    survives_kills(6);
}

#[test]
#[ignore = "a few minutes"]
fn a_hundred_kills() {
    survives_kills(100);
}
