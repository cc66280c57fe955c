//! Published encoders are listed without a network, and nothing is fetched before size and licence were shown.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[path = "../crates/hub/tests/server/mod.rs"]
mod server;

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;
use server::{Answer, COMMIT, Server};

fn run(arguments: &[&str], home: &Path, endpoint: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mynascope"))
        .args(arguments)
        .env("HF_HOME", home)
        .env("MYNASCOPE_HOME", home.join("home"))
        .env("HF_ENDPOINT", endpoint)
        .env_remove("HF_HUB_CACHE")
        .env_remove("HF_HUB_OFFLINE")
        .env_remove("HF_TOKEN")
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .env_remove("WAYLAND_SOCKET")
        .output()
        .unwrap()
}

/// Nobody listens there.
const NOWHERE: &str = "http://127.0.0.1:9";

#[test]
fn the_list_needs_no_network_and_tells_what_is_on_this_disk() {
    let home = tempfile::tempdir().unwrap();
    let repo = home.path().join("hub/models--oriyonay--myna-base");
    let folder = repo.join("snapshots").join(COMMIT);
    fs::create_dir_all(&folder).unwrap();
    fs::create_dir_all(repo.join("refs")).unwrap();
    fs::write(repo.join("refs/main"), COMMIT).unwrap();
    fs::write(folder.join("model.safetensors"), b"weights").unwrap();

    let output = run(&["encoders", "--json"], home.path(), NOWHERE);
    assert!(output.status.success());
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let encoders = told["encoders"].as_array().unwrap();
    assert!(encoders.len() >= 14);
    for encoder in encoders {
        for field in ["name", "paper", "licence"] {
            assert!(encoder[field].as_str().is_some_and(|text| !text.is_empty()));
        }
        assert!(encoder["parameters"].as_u64().unwrap() > 1_000_000);
        let is_it = encoder["hub"] == "oriyonay/myna-base";
        assert_eq!(encoder["folder"].is_string(), is_it, "{encoder}");
    }
    let text = run(&["encoders"], home.path(), NOWHERE).stdout;
    let text = String::from_utf8(text).unwrap();
    assert_eq!(text.matches("on this disk").count(), 1, "{text}");
    assert!(text.contains("hf:mtg-upf/discogs-maest-30s-pw-129e") && text.contains("CC BY-NC-SA"));
}

#[test]
fn a_fetch_shows_size_and_licence_and_waits_for_a_yes() {
    let server = Server::start(|request, _| {
        if request.path.starts_with("/api/models/lab/encoder/") {
            return Answer::json(&format!(
                r#"{{"sha":"{COMMIT}","cardData":{{"license":"cc-by-nc-4.0"}},
                "siblings":[{{"rfilename":"model.safetensors","size":5000}}]}}"#
            ));
        }
        Answer::file(&[7; 5000], request).header("ETag", "\"sevens\"")
    });
    let home = tempfile::tempdir().unwrap();
    let fetch = ["encoders", "--fetch", "hf:lab/encoder"];
    let asked = run(&fetch, home.path(), &server.address);
    assert_eq!(asked.status.code(), Some(1));
    let told = String::from_utf8(asked.stderr).unwrap();
    for word in ["nothing was fetched", "cc-by-nc-4.0", "5.0 kB", "--yes"] {
        assert!(told.contains(word), "{told}");
    }
    assert!(!home.path().join("hub").exists());

    let mut yes = fetch.to_vec();
    yes.extend(["--yes", "--json"]);
    let output = run(&yes, home.path(), &server.address);
    assert!(output.status.success());
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["licence"], "cc-by-nc-4.0");
    let folder = Path::new(told["folder"].as_str().unwrap());
    assert_eq!(
        fs::read(folder.join("model.safetensors")).unwrap(),
        [7; 5000]
    );

    let nobody = run(
        &["encoders", "--fetch", "lab/other", "--yes"],
        home.path(),
        NOWHERE,
    );
    assert_eq!(nobody.status.code(), Some(1));
    let told = String::from_utf8(nobody.stderr).unwrap();
    assert!(
        told.contains("cannot be reached") && told.lines().count() == 1,
        "{told}"
    );
    let misspelt = run(&["encoders", "--fetch", "no name"], home.path(), NOWHERE);
    assert_eq!(misspelt.status.code(), Some(2));
    assert!(
        String::from_utf8(misspelt.stderr)
            .unwrap()
            .contains("OWNER/NAME")
    );
}

#[test]
fn a_fetched_encoder_is_opened_by_its_name_and_one_that_is_not_here_says_how_to_fetch_it() {
    let home = tempfile::tempdir().unwrap();
    let repo = home.path().join("hub/models--lab--encoder");
    let folder = repo.join("snapshots").join(COMMIT);
    fs::create_dir_all(&folder).unwrap();
    fs::create_dir_all(repo.join("refs")).unwrap();
    fs::write(repo.join("refs/main"), COMMIT).unwrap();
    let fixture =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/hybrid_small.safetensors");
    fs::copy(fixture, folder.join("model.safetensors")).unwrap();
    for name in [
        "hf:lab/encoder".to_owned(),
        format!("hf:lab/encoder@{COMMIT}"),
    ] {
        let output = run(&["inspect", &name, "--json"], home.path(), NOWHERE);
        assert!(output.status.success());
        let told: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(told["missing"].as_array().unwrap().len(), 0);
    }
    // So does the window, which needs a screen.
    let output = run(&["hf:lab/encoder"], home.path(), NOWHERE);
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(!told.contains("neither a verb"), "{told}");
    assert_eq!(output.status.code(), Some(1), "{told}");
    for (name, words) in [
        ("hf:lab/other", "encoders --fetch lab/other"),
        ("hf:lab", "OWNER/NAME"),
    ] {
        let output = run(&[name], home.path(), NOWHERE);
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(told.contains(words), "{told}");
        assert_eq!(output.status.code(), Some(2), "{told}");
    }
    // It is called by its name and commit, not by its place in the cache.
    let sound = home.path().join("a.wav");
    let samples: Vec<f32> = (0..80_000).map(|n| (n as f32 * 0.05).sin()).collect();
    mynascope_audio::write_wav(&sound, &samples, 16_000).unwrap();
    let table = home.path().join("t.npz");
    let (sound, table) = (sound.to_str().unwrap(), table.to_str().unwrap());
    let embed = [
        "embed",
        sound,
        "--checkpoint",
        "hf:lab/encoder",
        "--out",
        table,
        "--json",
    ];
    let embed = [&embed[..], &["--device", "cpu"]].concat();
    let output = run(&embed, home.path(), NOWHERE);
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let encoder = told["encoder"].as_str().unwrap();
    assert!(
        encoder.ends_with(&format!("of hf:lab/encoder@{COMMIT}")),
        "{encoder}"
    );
    // What came broken is fetched again.
    let weights = folder.join("model.safetensors");
    let mut bytes = fs::read(&weights).unwrap();
    let last = bytes.len() - 4;
    bytes[last..].copy_from_slice(&f32::NAN.to_le_bytes());
    fs::write(&weights, bytes).unwrap();
    let output = run(&embed, home.path(), NOWHERE);
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(
        told.contains("delete the folder") && told.contains("--fetch lab/encoder@"),
        "{told}"
    );
    for (name, words) in [
        ("hf:lab/other", "encoders --fetch lab/other"),
        ("hf:lab/encoder@v2", "encoders --fetch lab/encoder@v2"),
        ("hf:lab", "OWNER/NAME"),
    ] {
        let output = run(&["inspect", name], home.path(), NOWHERE);
        assert_eq!(output.status.code(), Some(1));
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(told.contains(words) && told.lines().count() == 1, "{told}");
    }
}
