//! In the window a published encoder is fetched only after its size and licence were shown, and then it is the encoder of
//! all layouts.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;
#[path = "../crates/hub/tests/server/mod.rs"]
mod server;

use std::path::Path;

use eframe::egui::{Event, Key, Modifiers};
use egui_kittest::{Harness, kittest::Queryable as _};
use mynascope::gui::{
    App,
    command::{Command, EncoderCommand, MapCommand, WindowCommand},
    workspace::Workspace,
};
use mynascope_encoder::CheckpointRef;

use common::{
    labelled::{sounds, wait, window},
    need_graphics,
};
use server::{Answer, COMMIT, Server};

/// As typed into the field of the dialog and confirmed.
fn ask_for(harness: &mut Harness<'_, App>, name: &str) {
    harness.get_by_label("Model of the hub").focus();
    harness.run_steps(2);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    harness.event(Event::Text(name.to_owned()));
    harness.run_steps(2);
    harness.key_press(Key::Enter);
    harness.run_steps(2);
}

// One test: the variables are those of the whole process.
#[test]
fn a_published_encoder_is_fetched_after_its_size_and_licence_were_shown_and_then_used() {
    need_graphics();
    let fixture =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/hybrid_small.safetensors");
    let weights = std::fs::read(fixture).unwrap();
    let server = Server::start(move |request, _| {
        if request.path.starts_with("/api/models/lab/encoder/") {
            return Answer::json(&format!(
                r#"{{"sha":"{COMMIT}","cardData":{{"license":"cc-by-nc-4.0"}},
                "siblings":[{{"rfilename":"model.safetensors","size":{}}}]}}"#,
                weights.len()
            ));
        }
        if request.path.starts_with("/lab/encoder/") {
            return Answer::file(&weights, request).header("ETag", "\"weights\"");
        }
        Answer::status(404).header("X-Error-Code", "RepoNotFound")
    });
    let home = tempfile::tempdir().unwrap();
    #[allow(unsafe_code, reason = "no other thread of this process runs yet")]
    // SAFETY: this is the only test of the process, and it has started no thread that reads the environment.
    unsafe {
        std::env::set_var("HF_HOME", home.path());
        std::env::set_var("HF_ENDPOINT", &server.address);
        for name in [
            "HF_HUB_CACHE",
            "HF_HUB_OFFLINE",
            "TRANSFORMERS_OFFLINE",
            "HF_TOKEN",
        ] {
            std::env::remove_var(name);
        }
    }
    let folder = sounds(1);
    let (mut harness, _) = window(folder.path());
    harness
        .state_mut()
        .apply(Command::Encoder(EncoderCommand::ShowPublished));
    harness.run_steps(3);
    harness.get_by_label("MAEST-30s, 519 styles");
    assert!(server.requests().is_empty(), "opening the list asks nobody");

    ask_for(&mut harness, "lab/none");
    wait(&mut harness, "a complaint", |app| {
        app.model().hub.problem.is_some()
    });
    harness.get_by_label_contains("no model lab/none");

    ask_for(&mut harness, "lab/encoder");
    wait(&mut harness, "an offer", |app| {
        let hub = &app.model().hub;
        hub.offer.is_some() && !hub.looking.is_running()
    });
    harness.get_by_label_contains("cc-by-nc-4.0");
    assert!(!home.path().join("hub").exists(), "asking fetches nothing");
    harness.get_by_label("Download 337.8 kB").click();
    harness.run_steps(2);
    wait(&mut harness, "the encoder", |app| {
        app.model().overlay.is_none()
    });
    let chosen = CheckpointRef::File("hf:lab/encoder".into());
    assert_eq!(harness.state().model().embeddings.source.checkpoint, chosen);
    for command in [
        Command::Window(WindowCommand::ShowWorkspace(Workspace::Map)),
        Command::Map(MapCommand::Compute),
    ] {
        harness.state_mut().apply(command);
    }
    wait(&mut harness, "a map", |app| {
        app.model().mapping.chart.is_some()
    });
}
