//! The Probe layout shows, plays, draws, keeps and uses what was promised, on a small collection made here.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use std::path::Path;

use eframe::egui;
use egui_kittest::{Harness, kittest::Queryable as _};
use mynascope::gui::{
    App,
    command::{
        AnswersCommand, Command, EncoderCommand, LibraryCommand, PictureCommand, ProbeCommand,
        TrainCommand, WindowCommand,
    },
    model::{CurveKind, Hearing, PicturePanel, ProbeJob, ProbeTab, TrackRole, clock, format_score},
    workspace::Workspace,
};
use mynascope_encoder::CheckpointRef;
use mynascope_probe::{Diagnostic, Head, LayerChoice, ProbeSettings, Protocol, Task};

use common::{
    labelled::{click_at, cpu, press, settle, show, sounds, wait, window},
    need_graphics,
};

/// The window over a folder, its Probe layout shown.
fn probe_layout(folder: &Path) -> Harness<'static, App> {
    let (mut harness, _) = window(folder);
    show(&mut harness, Workspace::Probe);
    harness
}

fn choose(harness: &mut Harness<'_, App>, head: Head) {
    let form = ProbeSettings {
        head,
        ..ProbeSettings::default()
    };
    let chosen = Command::Probe(ProbeCommand::Edit(form));
    harness.state_mut().apply(chosen);
    harness.run_steps(2);
}

#[test]
fn selected_tracks_become_groups_that_are_learned_and_corrected() {
    need_graphics();
    let folder = sounds(4);
    let mut harness = probe_layout(folder.path());
    choose(&mut harness, Head::Ridge);
    press(&mut harness, ProbeTab::Groups.name());
    // Two tracks of each label, the other way round than the folders say: nothing but the groups is learned.
    let mut tracks = Vec::new();
    for (name, places) in [("deep", [4, 5, 6]), ("bright", [0, 1, 4])] {
        let model = harness.state().model();
        let library = &model.library;
        tracks.push(library.track(places[2]).unwrap().path.clone());
        for command in [
            LibraryCommand::Select(places[0]),
            LibraryCommand::ToggleMark(places[1]),
            LibraryCommand::ToggleMark(places[2]),
        ] {
            harness.state_mut().apply(Command::Library(command));
        }
        let model = harness.state().model();
        let typed = ProbeCommand::edit_view(model, |view| view.group_text = name.to_owned());
        let typed = Command::Probe(typed);
        harness.state_mut().apply(typed);
        harness.run_steps(2);
        press(&mut harness, "Put 3 selected tracks into it");
    }
    let counts = |harness: &Harness<'_, App>| {
        let groups = harness.state().model().probing.groups.counts();
        groups.values().copied().collect::<Vec<_>>()
    };
    assert_eq!(counts(&harness), [3, 2], "a track is in one group");
    let moved = ProbeCommand::MoveToGroup(tracks[1].clone(), "deep".to_owned());
    harness.state_mut().apply(Command::Probe(moved));
    harness.run_steps(2);
    assert_eq!(counts(&harness), [2, 3]);
    press(&mut harness, "Train on groups");
    settle(&mut harness);
    let probing = &harness.state().model().probing;
    assert_eq!(probing.error, None);
    let report = &probing.result.as_ref().unwrap().report;
    assert_eq!(report.classes, ["bright", "deep"]);
    // It answers for tracks that are in no group too.
    press(&mut harness, ProbeTab::Use.name());
    press(&mut harness, "Label the open collection");
    settle(&mut harness);
    let probing = &harness.state().model().probing;
    let said = probing.predictions.as_ref().expect("predictions");
    assert_eq!((said.tracks.len(), said.classes.len()), (8, 2));
}

#[test]
fn leaks_few_labels_and_blocks_are_looked_into() {
    need_graphics();
    let folder = sounds(5);
    // The same sound twice: one of them may be learned from, the other tested.
    for copy in ["a", "b", "c"] {
        let place = folder.path().join("low");
        std::fs::copy(
            place.join("low 0.wav"),
            place.join(format!("low {copy}.wav")),
        )
        .unwrap();
    }
    let mut harness = probe_layout(folder.path());
    // Many probes: the head that has nothing to fit.
    choose(&mut harness, Head::Knn);
    press(&mut harness, "Run probe");
    settle(&mut harness);
    press(&mut harness, ProbeTab::Data.name());
    press(&mut harness, "Look for leaks");
    settle(&mut harness);
    let probing = &harness.state().model().probing;
    assert_eq!(probing.error, None);
    let leaks = probing.leaks.as_ref().expect("leaks");
    for pair in &leaks.pairs {
        assert_ne!(pair.parts[0], pair.parts[1]);
    }
    for (tab, button, kind) in [
        (
            ProbeTab::Labels,
            "Score after few labels",
            CurveKind::Labels,
        ),
        (ProbeTab::Layers, "Probe every block", CurveKind::Layers),
    ] {
        press(&mut harness, tab.name());
        press(&mut harness, button);
        settle(&mut harness);
        let probing = &harness.state().model().probing;
        assert_eq!(probing.error, None, "{kind:?}");
        let curve = probing.curve(kind).unwrap();
        assert!(curve.points.len() >= 2, "{kind:?}");
        assert_eq!(probing.table(tab).unwrap().len(), 1 + curve.points.len());
    }
    // What others published stands there with its source before anything was compared.
    press(&mut harness, ProbeTab::Scoreboard.name());
    harness.get_by_label("Published, block A");
    harness.get_by_label("Published, block B");
}

#[test]
fn layers_are_measured_without_labels_and_the_best_are_compared() {
    need_graphics();
    let folder = sounds(4);
    let mut harness = probe_layout(folder.path());
    choose(&mut harness, Head::Knn);
    press(&mut harness, ProbeTab::Diagnostics.name());
    press(&mut harness, "Measure every layer");
    settle(&mut harness);
    let probing = &harness.state().model().probing;
    assert_eq!(probing.error, None);
    let shown = probing.diagnosis.as_ref().expect("layers");
    let done = shown.done.as_ref().expect("a whole diagnosis");
    assert!(shown.layers.len() >= 3 && shown.layers == done.layers);
    for diagnostic in [Diagnostic::Alignment, Diagnostic::EffectiveRank] {
        assert_eq!(
            shown.curve(diagnostic).len(),
            shown.layers.len(),
            "{diagnostic:?}"
        );
    }
    // Eight tracks are too few for a map, which is said where its curve would be.
    assert!(shown.curve(Diagnostic::Transposition).is_empty());
    let why = shown.gaps(Diagnostic::Transposition)[0];
    harness.get_by_label(&format!("Not defined: {why}"));
    harness.get_by_label("uniformity against layer");
    let table = probing.table(ProbeTab::Diagnostics).unwrap();
    assert_eq!(table.len(), 1 + shown.layers.len());

    press(&mut harness, ProbeTab::Compare.name());
    press(&mut harness, "best layer");
    let mark = |checkpoint: CheckpointRef, on| Command::Probe(ProbeCommand::Mark(checkpoint, on));
    let missing = CheckpointRef::File(folder.path().join("gone.safetensors"));
    for checkpoint in harness.state().model().compared() {
        let program = matches!(checkpoint, CheckpointRef::Untrained);
        harness.state_mut().apply(mark(checkpoint, program));
    }
    harness.state_mut().apply(mark(missing, true));
    harness.run_steps(2);
    press(&mut harness, "Compare encoders");
    settle(&mut harness);
    let probing = &harness.state().model().probing;
    assert_eq!(probing.error, None);
    let shown = probing.comparison.as_ref().unwrap();
    assert_eq!(shown.settings.layers, LayerChoice::Best);
    let found = shown.table.cell(0, 0).unwrap().score().expect("a score");
    assert_eq!(found.layers.len(), 1);
    let why = shown.table.encoders[1].problem.clone().expect("a reason");
    harness.get_by_label(&why);
}

#[test]
fn a_cell_of_the_confusion_matrix_lists_its_tracks() {
    need_graphics();
    let folder = sounds(4);
    let mut harness = probe_layout(folder.path());
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
    let model = harness.state().model();
    let shown = ProbeCommand::edit_view(model, |view| view.cell = cell);
    let shown = Command::Probe(shown);
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
    need_graphics();
    let (folder, files) = (sounds(4), tempfile::tempdir().unwrap());
    let mut harness = probe_layout(folder.path());
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
    // It begins where the probe is furthest from the truth, and says so.
    let from_secs = result.answers[listed[1]].furthest_secs;
    let model = harness.state().model();
    assert_eq!(model.transport.position_secs, from_secs);
    let from = format!(
        "from {}, where it is furthest from the label",
        clock(from_secs)
    );
    harness.get_by_label(&from);
    press(&mut harness, "Previous mistake");
    assert_eq!(shown(&harness), path(0));
    press(&mut harness, "Stop the radio");
    assert_eq!(harness.state().model().probing.radio, None);

    // What a tab shows can be kept, as numbers and as a picture.
    for tab in ProbeTab::ALL {
        press(&mut harness, tab.name());
        assert_eq!(harness.state().model().probing.view.tab, tab);
        if harness.state().model().probing.table(tab).is_none() {
            continue;
        }
        let path = files.path().join(format!("{tab:?}.csv"));
        let save = Command::Probe(ProbeCommand::SaveTo(path.clone()));
        harness.state_mut().apply(save);
        wait(&mut harness, "a table", |_| path.is_file());
        let path = files.path().join(format!("{tab:?}.png"));
        for command in [
            PictureCommand::Publish(PicturePanel::Results),
            PictureCommand::SavePanel(Some(path.clone())),
        ] {
            harness.state_mut().apply(Command::Picture(command));
        }
        wait(&mut harness, "a picture", |_| path.is_file());
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
    need_graphics();
    let folder = sounds(4);
    let mut harness = probe_layout(folder.path());
    choose(&mut harness, Head::Ridge);
    press(&mut harness, ProbeTab::MaskRatio.name());
    press(&mut harness, "Score at six mask ratios");
    let points = |app: &App| {
        let curve = app.model().probing.curve(CurveKind::MaskRatio);
        curve.map_or(0, |curve| curve.points.len())
    };
    wait(&mut harness, "a point of the curve", |app| points(app) > 0);
    // What is known stays when the rest is given up.
    press(&mut harness, "Cancel");
    assert!(!harness.state().model().probing.job.is_running());
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
        click_at(&mut harness, at);
        ratios.push(harness.state().model().mask.form.ratio.get());
    }
    let model = harness.state().model();
    assert!(ratios[0] < ratios[1] && ratios[1] < ratios[2], "{ratios:?}");
    assert_eq!(model.transport.form.hearing, Hearing::Left);
    assert!(model.mask.form.shown);
    let job = ProbeJob::Curve(CurveKind::MaskRatio);
    let line = model.probing.line(job, &[], &cpu());
    assert!(line.ends_with("--mask-curve --device cpu"), "{line}");
    // The mask is drawn for the curve alone: the next time the layout is as the user left it.
    show(&mut harness, Workspace::Listen);
    show(&mut harness, Workspace::Probe);
    assert!(!harness.state().model().mask.form.shown);
}

#[test]
fn a_probe_answers_over_time_is_kept_and_taken_up_for_other_tracks_and_compared() {
    need_graphics();
    let (folder, files) = (sounds(3), tempfile::tempdir().unwrap());
    let (mut harness, _) = window(folder.path());
    // Runs of whoever runs this test are none of its business: the newest would be compared too.
    let elsewhere = TrainCommand::KeepRunsIn(files.path().join("runs"));
    harness.state_mut().apply(Command::Train(elsewhere));
    show(&mut harness, Workspace::Probe);
    choose(&mut harness, Head::Ridge);
    press(&mut harness, ProbeTab::Compare.name());
    press(&mut harness, "Compare encoders");
    settle(&mut harness);
    let probing = &harness.state().model().probing;
    assert_eq!(probing.error, None);
    let names: Vec<&str> = probing
        .runs
        .iter()
        .map(|run| run.encoder.as_str())
        .collect();
    assert_eq!(names, ["Untrained", "Shipped"], "the newest first");
    // Two rows are compared track by track, whatever their intervals are.
    let rows = [probing.runs[0].clone(), probing.runs[1].clone()];
    for (side, row) in rows.into_iter().enumerate() {
        let pair = ProbeCommand::Pair(side, Box::new(row));
        harness.state_mut().apply(Command::Probe(pair));
    }
    wait(&mut harness, "the difference", |app| {
        app.model().probing.difference.is_some()
    });
    let probing = &harness.state().model().probing;
    let words = probing.difference.clone().unwrap().unwrap();
    assert!(words.starts_with("Untrained less Shipped: "), "{words}");
    assert!(
        words.contains("on the same 2 tracks: not told apart"),
        "{words}"
    );
    // A click on a cell opens its probe, with the encoder of its row.
    let table = &probing.comparison.as_ref().expect("a comparison").table;
    assert_eq!(table.tasks, [Task::Genre], "the others have no labels here");
    let score = table.cell(1, 0).unwrap().score().unwrap().score.clone();
    let text = format_score(&score.metric, score.score);
    press(&mut harness, &format!("Untrained, genre: {text}"));
    settle(&mut harness);
    let model = harness.state().model();
    assert_eq!(model.embeddings.source.checkpoint, CheckpointRef::Untrained);
    assert_eq!(model.probing.view.tab, ProbeTab::Mistakes);
    let report = &model.probing.result.as_ref().unwrap().report;
    assert_eq!(
        (report.score, report.interval),
        (score.score, score.interval)
    );
    harness
        .state_mut()
        .apply(Command::Encoder(EncoderCommand::Use(cpu())));

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
    let timeline = probing.timeline.as_ref().expect("a timeline");
    assert_eq!(timeline.answer.as_ref().unwrap().windows.len(), 2);
    harness.get_by_label("What the probe says over time");

    let path = files.path().join("kept.safetensors");
    let save = Command::Probe(ProbeCommand::SaveProbe(path.clone()));
    harness.state_mut().apply(save);
    wait(&mut harness, "the probe on disk", |app| {
        let active = app.model().probing.active.as_ref();
        active.is_some_and(|active| active.path.is_some())
    });
    // Another window, another collection: the probe answers for it.
    let other = sounds(2);
    let mut harness = probe_layout(other.path());
    let load = Command::Probe(ProbeCommand::LoadProbe(path));
    harness.state_mut().apply(load);
    wait(&mut harness, "the probe", |app| {
        app.model().probing.active.is_some()
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
    let timeline = probing.timeline.as_ref().expect("a timeline");
    assert_eq!(timeline.role, Some(TrackRole::New));
    assert!(timeline.answer.is_ok());
    let table = probing.table(ProbeTab::Use).unwrap();
    assert_eq!(table.len(), 1 + 4);
}

/// Takes the folder of [`sounds`] for a data set with a published split: a list says which part each track is of.
fn with_published_split(folder: &Path) -> std::path::PathBuf {
    let mut list = String::from("path,label,split\n");
    for label in ["high", "low"] {
        for (track, part) in ["train", "train", "valid", "test", "test"]
            .iter()
            .enumerate()
        {
            list += &format!("{label}/{label} {track}.wav,{label},{part}\n");
        }
    }
    let path = folder.join("tracks.csv");
    std::fs::write(&path, list).unwrap();
    path
}

#[test]
fn the_published_protocol_is_scored_with_its_grid_and_keeps_no_probe() {
    need_graphics();
    let folder = sounds(5);
    let list = with_published_split(folder.path());
    let mut harness = probe_layout(&list);
    choose(&mut harness, Head::Linear);
    press(&mut harness, "Run probe");
    settle(&mut harness);
    assert!(harness.state().model().probing.active.is_some());
    let form = ProbeSettings {
        protocol: Protocol::Paper,
        ..ProbeSettings::default()
    };
    let chosen = Command::Probe(ProbeCommand::Edit(form));
    harness.state_mut().apply(chosen);
    press(&mut harness, "Run probe");
    settle(&mut harness);
    let probing = &harness.state().model().probing;
    assert_eq!(probing.error, None);
    assert!(probing.active.is_none(), "nor that of the run before");
    assert!(probing.timeline.is_none());
    let report = &probing.result.as_ref().unwrap().report;
    assert_eq!((report.protocol.as_str(), report.grid.len()), ("paper", 72));
    assert_eq!(report.predictions.len(), 4, "two tested tracks a label");
    assert!(report.score.is_finite());
    press(&mut harness, ProbeTab::Use.name());
    harness.get_by_label("This run keeps no probe");

    // A run that fails leaves nothing of the one before as if it were its own.
    let nothing = ProbeSettings {
        head: Head::Ridge,
        ..form
    };
    for command in [ProbeCommand::Edit(nothing), ProbeCommand::Run] {
        harness.state_mut().apply(Command::Probe(command));
    }
    settle(&mut harness);
    let probing = &harness.state().model().probing;
    assert!(probing.error.is_some() && probing.result.is_none());
}

#[test]
fn the_strip_says_which_probe_speaks_and_goes_with_its_collection() {
    need_graphics();
    let folder = sounds(4);
    let mut harness = probe_layout(folder.path());
    let form = ProbeSettings {
        head: Head::Ridge,
        protocol: Protocol::Folds(2),
        ..ProbeSettings::default()
    };
    harness
        .state_mut()
        .apply(Command::Probe(ProbeCommand::Edit(form)));
    press(&mut harness, "Run probe");
    settle(&mut harness);
    // What the list of tracks says of the shown track, its strip says too: both are of the fold that did not see it.
    let tracks = harness.state().model().library.track_count();
    for track in 0..tracks {
        let select = Command::Library(LibraryCommand::Select(track));
        harness.state_mut().apply(select);
        settle(&mut harness);
        let probing = &harness.state().model().probing;
        let timeline = probing.timeline.as_ref().expect("a strip");
        assert_eq!(timeline.role, Some(TrackRole::HeldOut));
        let said = timeline.answer.as_ref().unwrap().answer.as_ref().unwrap();
        let answers = &probing.result.as_ref().unwrap().answers;
        let listed = answers
            .iter()
            .find(|one| one.path == timeline.path)
            .unwrap();
        assert_eq!(said.prediction, listed.said);
    }
    harness.get_by_label_contains("held out");
    harness.get_by_label_contains("genre: ridge head, 2 folds (folds:2)");
    press(&mut harness, "Put the probe away");
    settle(&mut harness);
    let probing = &harness.state().model().probing;
    assert!(probing.timeline.is_none() && probing.active.is_some());
    press(&mut harness, ProbeTab::Use.name());
    let show = "Shows what the probe says of the shown track, below its spectrogram";
    press(&mut harness, show);
    settle(&mut harness);
    assert!(harness.state().model().probing.timeline.is_some());

    // Another collection: the probe is at hand, but does not speak unasked.
    let other = sounds(2);
    let open = LibraryCommand::Open(vec![other.path().to_path_buf()]);
    harness.state_mut().apply(Command::Library(open));
    settle(&mut harness);
    let probing = &harness.state().model().probing;
    assert!(probing.timeline.is_none() && probing.active.is_some());
    press(&mut harness, show);
    settle(&mut harness);
    let model = harness.state().model();
    let timeline = model.probing.timeline.as_ref().unwrap();
    assert_eq!(timeline.role, Some(TrackRole::New));
    let here = &model.library.collection.as_ref().unwrap().name;
    harness.get_by_label_contains(&format!("applied to {here}"));
}

#[test]
fn answers_about_a_folder_are_heard_become_labels_and_are_learned_from() {
    need_graphics();
    let folder = sounds(4);
    let mut harness = probe_layout(folder.path());
    choose(&mut harness, Head::Ridge);
    press(&mut harness, "Run probe");
    settle(&mut harness);
    // Tracks without labels.
    let unsorted = tempfile::tempdir().unwrap();
    for label in ["high", "low"] {
        for track in 0..4 {
            let name = format!("{label} {track}.wav");
            let from = folder.path().join(label).join(&name);
            std::fs::copy(from, unsorted.path().join(&name)).unwrap();
        }
    }
    let paths = vec![unsorted.path().to_path_buf()];
    let ask = Command::Probe(ProbeCommand::UseOn(paths));
    harness.state_mut().apply(ask);
    settle(&mut harness);
    press(&mut harness, ProbeTab::Use.name());
    harness.get_by_label("8 of 8");
    // A file that is not open is heard, and nothing is complained about.
    press(&mut harness, "Play low 1");
    let heard = harness.state().model().probing.heard.clone().unwrap();
    assert!(heard.path.ends_with("low 1.wav"));
    assert!(harness.state().model().notices.shown().is_empty());
    press(&mut harness, "Sort by track");
    let first = |harness: &Harness<'_, App>| {
        let probing = &harness.state().model().probing;
        let said = probing.predictions.as_ref().unwrap();
        said.tracks[probing.answered.order[0]].path.clone()
    };
    assert!(first(&harness).ends_with("high 0.wav"));
    press(&mut harness, "Sort by track");
    assert!(first(&harness).ends_with("low 3.wav"));
    assert!(
        harness.state().model().why_not_labels().is_some(),
        "not open"
    );

    press(&mut harness, "Open it");
    settle(&mut harness);
    let model = harness.state().model();
    let said = model.probing.predictions.clone().expect("the answers stay");
    assert_eq!(model.library.track_count(), 8);
    // The least sure answer is left out, and the one that was corrected stays.
    let sure = |place: usize| {
        said.tracks[place]
            .answer
            .as_ref()
            .unwrap()
            .confidence
            .unwrap()
    };
    let mut order: Vec<usize> = (0..8).collect();
    order.sort_by(|a, b| sure(*a).total_cmp(&sure(*b)));
    let least = (100.0 * sure(order[0])).floor() as u8 + 1;
    let form = AnswersCommand::edit(model, |form| form.at_least = least);
    let corrected = said.tracks[order[7]].path.clone();
    let correct = AnswersCommand::Correct(corrected.clone(), "other".to_owned());
    for command in [form, correct, AnswersCommand::TakeOver] {
        harness.state_mut().apply(Command::Answers(command));
    }
    let labels = |harness: &Harness<'_, App>| -> Vec<Option<String>> {
        let model = harness.state().model();
        let answers = 0..said.tracks.len();
        let label = |answer| model.probing.answered.label(answer, &model.library);
        answers
            .map(|answer| label(answer).map(str::to_owned))
            .collect()
    };
    let expected: Vec<Option<String>> = (0..8)
        .map(|place| match &said.tracks[place] {
            track if track.path == corrected => Some("other".to_owned()),
            _ if sure(place) < f64::from(least) / 100.0 => None,
            track => Some(track.answer.as_ref().unwrap().prediction.clone()),
        })
        .collect();
    assert_eq!(labels(&harness), expected);
    // Library and map take the colours of the answers.
    let colour = Command::Answers(AnswersCommand::Colour(true));
    harness.state_mut().apply(colour);
    assert!(harness.state().model().coloured_answer(0).is_some());
    let undo = Command::Window(WindowCommand::Undo);
    harness.state_mut().apply(undo);
    let only: Vec<Option<String>> = (said.tracks.iter())
        .map(|track| (track.path == corrected).then(|| "other".to_owned()))
        .collect();
    assert_eq!(labels(&harness), only, "taking over is one step");
    let redo = Command::Window(WindowCommand::Redo);
    harness.state_mut().apply(redo);
    harness
        .state_mut()
        .apply(Command::Answers(AnswersCommand::TrainAgain));
    settle(&mut harness);
    let probing = &harness.state().model().probing;
    assert_eq!(probing.error, None);
    assert!(probing.result.is_some());
}
