//! Training, map and probe do from the window what their users were promised, on a small collection made here.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use std::path::{Path, PathBuf};

use egui_kittest::kittest::Queryable as _;
use mynascope::gui::{
    Offscreen,
    command::{Command, EncoderCommand, LibraryCommand, MapCommand, ProbeCommand, WindowCommand},
    model::{AskedFor, Colouring, EncoderSource, MapSide, ProbeJob},
    workspace::Workspace,
};
use mynascope_base::storage::Theme;
use mynascope_encoder::{
    CheckpointRef, MynaConfig, PatchInput, Patching, Weights, inspect, save_weights,
};

use common::{
    labelled::{
        PATIENCE, SIZE, click_at, cpu, difference, map_uploads, press, settle, show, sounds, window,
    },
    need_graphics,
};

#[test]
fn empty_running_and_finished_panels_are_drawn_in_both_themes() {
    need_graphics();
    let folder = sounds(3);
    for theme in [Theme::Dark, Theme::Light] {
        let mut window = Offscreen::open(SIZE, theme, vec![folder.path().to_path_buf()]).unwrap();
        window.settle(PATIENCE).unwrap();
        window.apply(Command::Encoder(EncoderCommand::Use(cpu())));
        for (layout, begin) in [
            (Workspace::Map, Command::Map(MapCommand::Compute)),
            (Workspace::Probe, Command::Probe(ProbeCommand::Run)),
        ] {
            window.apply(Command::Window(WindowCommand::ShowWorkspace(layout)));
            let empty = window.picture().unwrap();
            window.apply(begin);
            let running = window.picture().unwrap();
            assert!(difference(&empty, &running) > 0.0, "{layout:?} {theme:?}");
            window.settle(PATIENCE).unwrap();
            let model = window.model();
            assert_eq!(model.mapping.error, None);
            assert_eq!(model.probing.error, None);
            let finished = window.picture().unwrap();
            assert!(difference(&empty, &finished) > 0.01, "{layout:?} {theme:?}");
        }
    }
}

#[test]
fn a_click_on_a_point_shows_and_plays_the_window_it_stands_for() {
    need_graphics();
    let folder = sounds(3);
    let (mut harness, _) = window(folder.path());
    show(&mut harness, Workspace::Map);
    press(&mut harness, "Compute map");
    settle(&mut harness);
    let mapping = &harness.state().model().mapping;
    let chart = mapping.chart.as_ref().expect("a map");
    assert_eq!(chart.xy.len(), 12, "two windows of six tracks");
    // A point of the second window of some track that is not shown now.
    let shown = harness.state().model().spectrogram.path().unwrap();
    let point = (0..12)
        .find(|&point| {
            let facts = chart.facts(point).unwrap();
            facts.start_secs > 1.0 && facts.path != shown
        })
        .unwrap();
    let facts = chart.facts(point).unwrap();
    let (path, start_secs) = (facts.path.to_path_buf(), facts.start_secs);
    let canvas = harness.get_by_label("Map of 12 points").rect();
    let camera = mapping.camera.shown_in(canvas, chart.extent);
    let at = camera.to_screen(canvas, chart.xy[point]);
    click_at(&mut harness, at);
    harness.run_steps(2);
    let model = harness.state().model();
    assert_eq!(model.library.selected_track().unwrap().path, path);
    assert_eq!(model.mapping.selected(), Some(path.as_path()));
    assert!((model.transport.position_secs - start_secs).abs() < 1e-6);
    // And the other way: what is selected in the library stands out in the map.
    harness
        .state_mut()
        .apply(Command::Library(LibraryCommand::Select(0)));
    let model = harness.state().model();
    let first = model.library.track(0).unwrap().path.as_path();
    assert_eq!(model.mapping.selected(), Some(first));
}

#[test]
fn moving_the_map_changes_the_picture_and_uploads_nothing() {
    need_graphics();
    let folder = sounds(3);
    let (mut harness, state) = window(folder.path());
    show(&mut harness, Workspace::Map);
    press(&mut harness, "Compute map");
    settle(&mut harness);
    let before = harness.render().unwrap();
    let sent = map_uploads(&state);
    let mut camera = harness.state().model().mapping.camera;
    camera.zoom *= 2.0;
    let moved = Command::Map(MapCommand::Move(MapSide::Main, camera));
    harness.state_mut().apply(moved);
    harness.run_steps(3);
    let after = harness.render().unwrap();
    assert!(difference(&before, &after) > 0.0);
    assert_eq!(map_uploads(&state), sent);
    // Other colours are other points, and a hidden label takes its points away.
    let by_track = Command::Map(MapCommand::SetColouring(Colouring::Track));
    harness.state_mut().apply(by_track);
    harness.run_steps(2);
    assert!(difference(&after, &harness.render().unwrap()) > 0.0);
    assert_eq!(map_uploads(&state), sent + 1);
    let by_label = Command::Map(MapCommand::SetColouring(Colouring::Label));
    harness.state_mut().apply(by_label);
    harness.run_steps(2);
    harness
        .state_mut()
        .apply(Command::Map(MapCommand::ToggleLabel("high".to_owned())));
    let mapping = &harness.state().model().mapping;
    let chart = mapping.chart.as_ref().unwrap();
    for (point, at) in chart.xy.iter().enumerate() {
        let shown = chart.nearest(*at, 1e-6).is_some();
        assert_eq!(shown, chart.facts(point).unwrap().label == "low");
    }
}

#[test]
fn map_and_probe_share_one_table_and_the_level_needs_no_new_one() {
    need_graphics();
    let folder = sounds(3);
    let (mut harness, _) = window(folder.path());
    show(&mut harness, Workspace::Probe);
    press(&mut harness, "Run probe");
    settle(&mut harness);
    let model = harness.state().model();
    assert_eq!(model.probing.error, None);
    let result = model.probing.result.as_ref().unwrap();
    assert_eq!(result.report.classes, ["high", "low"]);
    let tested: usize = result.tested.iter().sum();
    assert_eq!(tested, result.report.predictions.len());
    let table = std::sync::Arc::clone(model.embeddings.table.as_ref().unwrap());

    show(&mut harness, Workspace::Map);
    press(&mut harness, "Compute map");
    settle(&mut harness);
    let model = harness.state().model();
    let chart = model.mapping.chart.as_ref().unwrap();
    assert!(std::sync::Arc::ptr_eq(&table, &chart.source));
    press(&mut harness, "tracks");
    settle(&mut harness);
    let model = harness.state().model();
    let chart = model.mapping.chart.as_ref().unwrap();
    assert_eq!(chart.xy.len(), 6);
    assert!(std::sync::Arc::ptr_eq(&table, &chart.source));
    assert_eq!(model.mapping.error, None);
}

#[test]
fn a_cancelled_job_is_gone_at_once_and_another_can_be_started() {
    need_graphics();
    let folder = sounds(4);
    let (mut harness, _) = window(folder.path());
    show(&mut harness, Workspace::Map);
    press(&mut harness, "Compute map");
    assert!(harness.state().model().mapping.job.is_running());
    harness.state_mut().apply(Command::Map(MapCommand::Cancel));
    harness.run_steps(2);
    assert!(!harness.state().model().mapping.job.is_running());
    press(&mut harness, "Compute map");
    settle(&mut harness);
    let mapping = &harness.state().model().mapping;
    assert_eq!(mapping.error, None);
    assert!(mapping.chart.is_some());
}

/// A square encoder in a file that doesn't say so, as published checkpoints are.
fn silent_checkpoint(folder: &Path) -> PathBuf {
    let config = MynaConfig {
        kind: Patching::Square,
        dim: 64,
        depth: 1,
        heads: 1,
        mlp_dim: 64,
        input: PatchInput::Power,
    };
    let (told, silent) = (
        folder.join("told.safetensors"),
        folder.join("silent.safetensors"),
    );
    save_weights(
        &told,
        &Weights::random(config, &mynascope_encoder::TrainingHead::None, 0).unwrap(),
        &[],
    )
    .unwrap();
    let bytes = std::fs::read(&told).unwrap();
    let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    safetensors::serialize_to_file(tensors.tensors(), None, &silent).unwrap();
    assert_eq!(inspect(&silent, None).unwrap().kind, None);
    silent
}

#[test]
fn a_checkpoint_that_does_not_say_its_patches_asks_and_then_goes_on() {
    need_graphics();
    let (folder, files) = (sounds(3), tempfile::tempdir().unwrap());
    let (mut harness, _) = window(folder.path());
    let silent = EncoderSource {
        checkpoint: CheckpointRef::File(silent_checkpoint(files.path())),
        ..cpu()
    };
    for (layout, start, asked_for) in [
        (Workspace::Map, "Compute map", AskedFor::Map),
        (Workspace::Probe, "Run probe", AskedFor::Probe),
    ] {
        let chosen = Command::Encoder(EncoderCommand::Use(silent.clone()));
        harness.state_mut().apply(chosen);
        show(&mut harness, layout);
        press(&mut harness, start);
        settle(&mut harness);
        let model = harness.state().model();
        assert_eq!(model.embeddings.asks_patch, Some(asked_for));
        assert_eq!((&model.mapping.error, &model.probing.error), (&None, &None));
        // The answer is enough: nobody has to start the work again.
        press(&mut harness, "square");
        settle(&mut harness);
        let model = harness.state().model();
        assert_eq!(model.embeddings.asks_patch, None);
        match layout {
            Workspace::Map => assert_eq!(model.mapping.chart.as_ref().unwrap().xy.len(), 12),
            _ => assert!(model.probing.result.is_some()),
        }
        let line = model
            .probing
            .line(ProbeJob::Probe, &[], &model.embeddings.source);
        assert!(line.contains(" --patch square"), "{line}");
    }
    // Another file is asked about anew.
    let other = Command::Encoder(EncoderCommand::Use(cpu()));
    harness.state_mut().apply(other);
    assert_eq!(harness.state().model().embeddings.source.patch, None);
}
