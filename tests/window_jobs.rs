//! Training, map and probe do from the window what their users were promised, on a small collection made here.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use eframe::egui;
use egui_kittest::{Harness, kittest::Queryable as _};
use mynascope::{
    encoder::{CheckpointRef, EncoderConfig, EncoderKind, Weights, inspect, save_weights},
    gui::{
        App, Offscreen,
        command::{Command, LibraryCommand, WindowCommand},
        layout::Layout,
        model::{
            AskedFor, Colouring, CurveKind, EncoderSource, Hearing, MapCommand, ProbeCommand,
            ProbeFile, ProbeTab,
        },
    },
    probe::{Head, ProbeSettings, Protocol},
    storage::Theme,
};

use common::{
    can_draw,
    labelled::{
        PATIENCE, SIZE, cpu, difference, map_uploads, press, settle, show, sounds, wait, window,
    },
};

#[test]
fn empty_running_and_finished_panels_are_drawn_in_both_themes() {
    if !can_draw() {
        return;
    }
    let folder = sounds(3);
    for theme in [Theme::Dark, Theme::Light] {
        let mut window = Offscreen::open(SIZE, theme, vec![folder.path().to_path_buf()]).unwrap();
        window.settle(PATIENCE).unwrap();
        window.apply(Command::Map(MapCommand::SetSource(cpu())));
        for (layout, begin) in [
            (Layout::Map, Command::Map(MapCommand::Compute)),
            (Layout::Probe, Command::Probe(ProbeCommand::Run)),
        ] {
            window.apply(Command::Window(WindowCommand::ShowLayout(layout)));
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
    if !can_draw() {
        return;
    }
    let folder = sounds(3);
    let (mut harness, _) = window(folder.path());
    show(&mut harness, Layout::Map);
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
    let at = mapping.camera.to_screen(canvas, chart.xy[point]);
    harness.hover_at(at);
    harness.run_steps(2);
    for pressed in [true, false] {
        harness.event(egui::Event::PointerButton {
            pos: at,
            button: egui::PointerButton::Primary,
            pressed,
            modifiers: egui::Modifiers::NONE,
        });
        harness.run_steps(1);
    }
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
    if !can_draw() {
        return;
    }
    let folder = sounds(3);
    let (mut harness, state) = window(folder.path());
    show(&mut harness, Layout::Map);
    press(&mut harness, "Compute map");
    settle(&mut harness);
    let before = harness.render().unwrap();
    let sent = map_uploads(&state);
    let mut camera = harness.state().model().mapping.camera;
    camera.zoom *= 2.0;
    let moved = Command::Map(MapCommand::Move(camera));
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
    press(&mut harness, "Points of high");
    let mapping = &harness.state().model().mapping;
    let chart = mapping.chart.as_ref().unwrap();
    for (point, at) in chart.xy.iter().enumerate() {
        let shown = chart.nearest(*at, 1e-6).is_some();
        assert_eq!(shown, chart.facts(point).unwrap().label == "low");
    }
}

#[test]
fn map_and_probe_share_one_table_and_the_level_needs_no_new_one() {
    if !can_draw() {
        return;
    }
    let folder = sounds(3);
    let (mut harness, _) = window(folder.path());
    show(&mut harness, Layout::Probe);
    press(&mut harness, "Run probe");
    settle(&mut harness);
    let model = harness.state().model();
    assert_eq!(model.probing.error, None);
    let result = model.probing.result.as_ref().unwrap();
    assert_eq!(result.report.classes, ["high", "low"]);
    let tested: usize = result.tested.iter().sum();
    assert_eq!(tested, result.report.predictions.len());
    let table = std::sync::Arc::clone(model.embeddings.table.as_ref().unwrap());

    show(&mut harness, Layout::Map);
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
fn a_cell_of_the_confusion_matrix_lists_its_tracks() {
    if !can_draw() {
        return;
    }
    let folder = sounds(4);
    let (mut harness, _) = window(folder.path());
    show(&mut harness, Layout::Probe);
    press(&mut harness, "Run probe");
    settle(&mut harness);
    let result = harness.state().model().probing.result.clone().unwrap();
    let (truth, prediction, count) = result
        .report
        .confusion
        .iter()
        .enumerate()
        .flat_map(|(truth, row)| {
            let cells = row.iter().enumerate();
            cells.map(move |(prediction, &count)| (truth, prediction, count))
        })
        .find(|(_, _, count)| *count > 0)
        .unwrap();
    let cell = Some((truth, prediction));
    let shown = Command::Probe(ProbeCommand::ShowCell(cell));
    harness.state_mut().apply(shown);
    harness.run_steps(3);
    let listed = result.listed(cell);
    assert_eq!(listed.len(), count);
    let first = &result.answers[listed[0]];
    let name = first.path.file_stem().unwrap().to_string_lossy();
    press(&mut harness, &format!("Play {name}"));
    let model = harness.state().model();
    assert_eq!(model.library.selected_track().unwrap().path, first.path);
}

#[test]
fn a_cell_selects_and_plays_its_tracks_and_every_tab_can_be_kept() {
    if !can_draw() {
        return;
    }
    let (folder, files) = (sounds(4), tempfile::tempdir().unwrap());
    let (mut harness, _) = window(folder.path());
    show(&mut harness, Layout::Probe);
    let form = ProbeSettings {
        head: Head::Ridge,
        protocol: Protocol::Folds(2),
        ..ProbeSettings::default()
    };
    let chosen = Command::Probe(ProbeCommand::Edit(form));
    harness.state_mut().apply(chosen);
    press(&mut harness, "Run probe");
    settle(&mut harness);
    let result = harness.state().model().probing.result.clone().unwrap();
    let (truth, row) = (0, &result.report.confusion[0]);
    let (said, count) = row
        .iter()
        .enumerate()
        .max_by_key(|(_, count)| **count)
        .unwrap();
    let (class, other) = (result.class(truth), result.class(said));
    let what = match truth == said {
        true => format!("{count} of 4 {class} tracks recognised"),
        false => format!("{count} of 4 {class} tracks taken for {other}"),
    };
    press(
        &mut harness,
        &format!("{what}; a click selects and plays them"),
    );
    let listed = result.listed(Some((truth, said)));
    let path = |place: usize| result.answers[listed[place]].path.clone();
    let shown = |harness: &Harness<'_, App>| {
        let library = &harness.state().model().library;
        library.selected_track().unwrap().path.clone()
    };
    assert_eq!(harness.state().model().library.marked.len(), *count);
    assert_eq!(shown(&harness), path(0));
    press(&mut harness, "Next mistake");
    assert_eq!(shown(&harness), path(1));
    press(&mut harness, "Mistake before");
    assert_eq!(shown(&harness), path(0));
    press(&mut harness, "Stop the radio");
    assert_eq!(harness.state().model().probing.radio, None);

    // What a tab shows can be kept, as numbers and as a picture.
    for tab in ProbeTab::ALL {
        press(&mut harness, tab.name());
        assert_eq!(harness.state().model().probing.tab, tab);
        if harness.state().model().probing.table(tab).is_none() {
            continue;
        }
        for (kind, ending) in [(ProbeFile::Csv, "csv"), (ProbeFile::Png, "png")] {
            let path = files.path().join(format!("{tab:?}.{ending}"));
            let save = Command::Probe(ProbeCommand::SaveTo(kind, path.clone()));
            harness.state_mut().apply(save);
            wait(&mut harness, ending, |_| path.is_file());
        }
    }
    let table = std::fs::read_to_string(files.path().join("Tracks.csv")).unwrap();
    assert_eq!(
        table.lines().count(),
        1 + 8,
        "a heading and every tested track"
    );
    let picture = image::open(files.path().join("Classes.png")).unwrap();
    let picture = picture.into_rgba8();
    let ground = *picture.get_pixel(0, 0);
    let drawn = picture.pixels().filter(|pixel| **pixel != ground).count();
    assert!(drawn > 1000, "{drawn} pixels");
}

#[test]
fn a_drag_along_the_curve_of_mask_ratios_sets_the_mask_and_plays_what_is_left() {
    if !can_draw() {
        return;
    }
    let folder = sounds(4);
    let (mut harness, _) = window(folder.path());
    show(&mut harness, Layout::Probe);
    let form = ProbeSettings {
        head: Head::Ridge,
        ..ProbeSettings::default()
    };
    let chosen = Command::Probe(ProbeCommand::Edit(form));
    harness.state_mut().apply(chosen);
    harness.run_steps(2);
    press(&mut harness, ProbeTab::MaskRatio.name());
    press(&mut harness, "Score at six mask ratios");
    let points = |app: &App| {
        let curve = app.model().probing.curve(CurveKind::MaskRatio);
        curve.map_or(0, |curve| curve.points.len())
    };
    wait(&mut harness, "a point of the curve", |app| points(app) > 0);
    // What is known stays when the rest is given up.
    let pressed = Instant::now();
    press(&mut harness, "Cancel");
    assert!(harness.state().model().probing.running.is_none());
    assert!(pressed.elapsed() < Duration::from_millis(500));
    let curve = harness.state().model().probing.curve(CurveKind::MaskRatio);
    let first = &curve.unwrap().points[0];
    assert_eq!(
        (first.x, first.deviation),
        (0.0, None),
        "nothing is drawn without a mask"
    );
    let plot = harness
        .get_by_label("accuracy, % against tokens dropped before the encoder, %")
        .rect();
    // The axes take some of the plot's room: only the order of ratios is known here.
    let mut ratios = Vec::new();
    for share in [0.3, 0.6, 0.9] {
        let at = plot.left_center() + egui::vec2(share * plot.width(), 0.0);
        harness.hover_at(at);
        harness.run_steps(2);
        for pressed in [true, false] {
            harness.event(egui::Event::PointerButton {
                pos: at,
                button: egui::PointerButton::Primary,
                pressed,
                modifiers: egui::Modifiers::NONE,
            });
            harness.run_steps(1);
        }
        ratios.push(harness.state().model().mask.ratio.get());
    }
    let model = harness.state().model();
    assert!(ratios[0] < ratios[1] && ratios[1] < ratios[2], "{ratios:?}");
    assert_eq!(model.transport.hearing, Hearing::Left);
    assert!(model.mask.shown);
    let line = model
        .probing
        .curve_command(CurveKind::MaskRatio, &[], &cpu());
    assert!(line.ends_with("--mask-curve --device cpu"), "{line}");
}

#[test]
fn a_probe_answers_over_time_is_kept_and_taken_up_for_other_tracks_and_compared() {
    if !can_draw() {
        return;
    }
    let (folder, files) = (sounds(3), tempfile::tempdir().unwrap());
    let (mut harness, _) = window(folder.path());
    show(&mut harness, Layout::Probe);
    let form = ProbeSettings {
        head: Head::Ridge,
        ..ProbeSettings::default()
    };
    let chosen = Command::Probe(ProbeCommand::Edit(form));
    harness.state_mut().apply(chosen);
    harness.run_steps(2);
    press(&mut harness, ProbeTab::Board.name());
    press(&mut harness, "Compare encoders");
    settle(&mut harness);
    let runs = &harness.state().model().probing.runs;
    let names: Vec<&str> = runs.iter().map(|run| run.encoder.as_str()).collect();
    assert_eq!(names, ["Untrained", "Shipped"], "the newest first");

    press(&mut harness, "Run probe");
    settle(&mut harness);
    let probing = &harness.state().model().probing;
    let names: Vec<&str> = probing
        .runs
        .iter()
        .map(|run| run.encoder.as_str())
        .collect();
    assert_eq!(
        names,
        ["Shipped", "Untrained"],
        "the same question has one row"
    );
    // A window of the shown track each, without being asked for.
    let strip = probing.strip.as_ref().expect("a strip");
    assert_eq!(strip.answer.as_ref().unwrap().windows.len(), 2);
    harness.get_by_label("What the probe says over time");

    let path = files.path().join("kept.safetensors");
    let save = Command::Probe(ProbeCommand::SaveProbe(path.clone()));
    harness.state_mut().apply(save);
    wait(&mut harness, "the probe on disk", |app| {
        let held = app.model().probing.held.as_ref();
        held.is_some_and(|held| held.path.is_some())
    });
    // Another window, another collection: the probe answers for it.
    let other = sounds(2);
    let (mut harness, _) = window(other.path());
    show(&mut harness, Layout::Probe);
    let load = Command::Probe(ProbeCommand::LoadProbe(path));
    harness.state_mut().apply(load);
    wait(&mut harness, "the probe", |app| {
        app.model().probing.held.is_some()
    });
    settle(&mut harness);
    press(&mut harness, ProbeTab::Use.name());
    press(&mut harness, "Label the open collection");
    settle(&mut harness);
    let probing = &harness.state().model().probing;
    assert_eq!(probing.error, None);
    let said = probing.predictions.as_ref().expect("predictions");
    assert_eq!((said.tracks.len(), said.classes.len()), (4, 2));
    assert!(said.tracks.iter().all(|track| track.answer.is_some()));
    let strip = probing.strip.as_ref().expect("a strip");
    assert!(!strip.learned && strip.answer.is_ok());
    let table = probing.table(ProbeTab::Use).unwrap();
    assert_eq!(table.len(), 1 + 4);
}

#[test]
fn a_cancelled_job_is_gone_at_once_and_another_can_be_started() {
    if !can_draw() {
        return;
    }
    let folder = sounds(4);
    let (mut harness, _) = window(folder.path());
    show(&mut harness, Layout::Map);
    press(&mut harness, "Compute map");
    assert!(harness.state().model().mapping.running.is_some());
    let pressed = Instant::now();
    harness.state_mut().apply(Command::Map(MapCommand::Cancel));
    harness.run_steps(2);
    assert!(harness.state().model().mapping.running.is_none());
    assert!(pressed.elapsed() < Duration::from_millis(500));
    press(&mut harness, "Compute map");
    settle(&mut harness);
    let mapping = &harness.state().model().mapping;
    assert_eq!(mapping.error, None);
    assert!(mapping.chart.is_some());
}

/// A square encoder in a file that doesn't say so, as published checkpoints are.
fn silent_checkpoint(folder: &Path) -> PathBuf {
    let config = EncoderConfig {
        kind: EncoderKind::Square,
        dim: 64,
        depth: 1,
        heads: 1,
        mlp_dim: 64,
    };
    let (told, silent) = (
        folder.join("told.safetensors"),
        folder.join("silent.safetensors"),
    );
    save_weights(
        &told,
        &Weights::random(config, &mynascope::encoder::Tail::None, 0).unwrap(),
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
    if !can_draw() {
        return;
    }
    let (folder, files) = (sounds(3), tempfile::tempdir().unwrap());
    let (mut harness, _) = window(folder.path());
    let silent = EncoderSource {
        checkpoint: CheckpointRef::File(silent_checkpoint(files.path())),
        ..cpu()
    };
    for (layout, start, asked_for) in [
        (Layout::Map, "Compute map", AskedFor::Map),
        (Layout::Probe, "Run probe", AskedFor::Probe),
    ] {
        let chosen = Command::Map(MapCommand::SetSource(silent.clone()));
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
            Layout::Map => assert_eq!(model.mapping.chart.as_ref().unwrap().xy.len(), 12),
            _ => assert!(model.probing.result.is_some()),
        }
        let line = model.probing.command(&[], &model.embeddings.source);
        assert!(line.contains(" --patch square"), "{line}");
    }
    // Another file is asked about anew.
    let other = Command::Map(MapCommand::SetSource(cpu()));
    harness.state_mut().apply(other);
    assert_eq!(harness.state().model().embeddings.source.patch, None);
}
