//! The menu of encoders offers every encoder with what it is, chooses what is read of it, and all layouts follow; a MAEST gives
//! its styles over time, of the selection and of the collection, an MT2 the keys on the circle of fifths. Without a screen, on
//! small encoders and a small collection.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use std::path::{Path, PathBuf};

use eframe::egui;
use egui_kittest::{Harness, kittest::Queryable as _};
use mynascope::gui::{
    App,
    command::{
        Command, EncoderCommand, KeysCommand, LibraryCommand, MapCommand, ProbeCommand,
        SoundCommand, StylesCommand, WindowCommand,
    },
    model::{CurveKind, EncoderSource, Hearing, ProbeJob, ProbeTab, Selection, StyleScope},
    workspace::Workspace,
};
use mynascope_audio as audio;
use mynascope_encoder::{CheckpointRef, Readout};
use mynascope_probe::{Head, ProbeSettings};

use common::{
    labelled::{click_at, cpu, press, settle, show, window},
    need_graphics,
};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/maest")
        .join(name)
}

fn maest(name: &str) -> EncoderSource {
    EncoderSource {
        checkpoint: CheckpointRef::File(fixture(name)),
        ..cpu()
    }
}

/// Labelled tracks of 11 s, three windows of the small MAEST each; one is 3 s long.
fn tracks() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (label, hz) in [("high", 1760.0_f32), ("low", 110.0)] {
        let place = folder.path().join(label);
        std::fs::create_dir(&place).unwrap();
        for track in 0..4 {
            let secs = if track == 3 { 3 } else { 11 };
            let samples: Vec<f32> = (0..secs * 16_000)
                .map(|index| {
                    let secs = index as f32 / 16_000.0;
                    let hz = hz * (1.0 + 0.1 * track as f32 + 0.05 * secs);
                    0.5 * (std::f32::consts::TAU * hz * secs).sin()
                })
                .collect();
            let name = format!("{label} {track}.wav");
            audio::write_wav(&place.join(name), &samples, 16_000).unwrap();
        }
    }
    folder
}

fn does(harness: &mut Harness<'_, App>, command: Command) {
    harness.state_mut().apply(command);
    settle(harness);
}

fn uses(harness: &mut Harness<'_, App>, source: EncoderSource) {
    does(harness, Command::Encoder(EncoderCommand::Use(source)));
}

/// Opens the menu of encoders.
fn open_menu(harness: &mut Harness<'_, App>) {
    harness.get_by_label_contains("Encoder: ").click();
    harness.run_steps(3);
    settle(harness);
}

fn source<'a>(harness: &'a Harness<'_, App>) -> &'a EncoderSource {
    &harness.state().model().embeddings.source
}

#[test]
fn the_menu_offers_every_encoder_with_what_it_is_and_chooses_what_is_read_of_it() {
    need_graphics();
    let folder = tracks();
    let (mut harness, _) = window(folder.path());
    uses(&mut harness, maest("hub"));
    uses(&mut harness, cpu());
    open_menu(&mut harness);
    let embeddings = &harness.state().model().embeddings;
    let facts = |source: &EncoderSource| embeddings.card(source).unwrap().unwrap().facts();
    assert!(facts(&cpu()).starts_with("Myna · 3.7 M · 3.1 s · MIT"));
    assert!(facts(&maest("hub")).starts_with("MAEST · 0.0 M · 5.0 s · licence not stated"));
    // What Myna does not have is not offered, or says why.
    assert!(harness.query_by_label("stack").is_none());
    harness.get_by_label("mean, the only one of Myna");
    // Every row of the square patches can be left out.
    harness.get_by_label("published (embedding)");
    press(&mut harness, "Row 0 of patches");
    assert_eq!(source(&harness).reading.to_string(), "patchout-rows 0");
    press(&mut harness, "Read as published");
    // A file that was used is still there, one click away.
    press(&mut harness, "hub");
    settle(&mut harness);
    assert_eq!(source(&harness).checkpoint, maest("hub").checkpoint);
    harness.get_by_label_contains("Read: block 2, stack");
    harness.get_by_label("published (2)");
    press(&mut harness, "1");
    press(&mut harness, "cls");
    press(&mut harness, "back to back");
    press(&mut harness, "Row 8 of patches");
    let reading = source(&harness).reading;
    assert_eq!(
        reading.to_string(),
        "layer 1, readout cls, overlap none, patchout-rows 8"
    );
    // All that reads no layer takes the layer away.
    press(&mut harness, "features");
    assert_eq!(
        (
            source(&harness).reading.layer,
            source(&harness).reading.readout
        ),
        (None, Some(Readout::Features))
    );
    harness.get_by_label("This readout lies behind all blocks and the last norm");
    press(&mut harness, "Read as published");
    assert!(source(&harness).reading.is_published());
    // Each step can be undone, to the encoder before.
    for expected in ["overlap none, patchout-rows 8", "layer 1"] {
        does(&mut harness, Command::Window(WindowCommand::Undo));
        let reading = source(&harness).reading.to_string();
        assert!(reading.contains(expected), "{reading}");
    }
    for _ in 0..4 {
        does(&mut harness, Command::Window(WindowCommand::Undo));
    }
    assert!(source(&harness).reading.is_published());
    does(&mut harness, Command::Window(WindowCommand::Undo));
    assert_eq!(source(&harness).checkpoint, CheckpointRef::Shipped);
}

/// A Music2Vec reads windows of any length, and of a short track what there is: views, mask and encoder count the same tokens.
#[test]
fn the_length_of_windows_is_chosen_where_any_can_be_read() {
    need_graphics();
    let folder = tracks();
    let (mut harness, _) = window(folder.path());
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let music2vec = CheckpointRef::File(root.join("tests/fixtures/music2vec/hub"));
    uses(&mut harness, cpu().with_checkpoint(music2vec));
    show(&mut harness, Workspace::Teach);
    does(&mut harness, Command::Library(LibraryCommand::Select(0)));
    let counted = |harness: &Harness<'_, App>| {
        let model = harness.state().model();
        assert_eq!(model.teaching.patchout.error, None);
        let answer = model.teaching.patchout.value.as_ref().unwrap();
        assert_eq!(model.mask.tokens(), answer.tokens[1]);
        let window_secs = model.mask.window_secs();
        assert!((answer.window[1] - answer.window[0] - window_secs).abs() < 0.02);
        (window_secs, answer.tokens)
    };
    // 11 s are less than a window of 30 s: a frame every 20 ms, of which every third is read.
    assert_eq!(counted(&harness), (11.0, [183, 549]));
    harness.get_by_label("every 3rd frame");
    open_menu(&mut harness);
    press(&mut harness, "5 s");
    settle(&mut harness);
    assert_eq!(source(&harness).reading.window_secs, Some(5));
    assert_eq!(counted(&harness), (5.0, [83, 249]));
    let line = harness.state().model().probe_command(ProbeJob::Probe);
    assert!(line.unwrap().contains(" --window 5"));
    press(&mut harness, "30 s");
    settle(&mut harness);
    assert!(source(&harness).reading.is_published());
    // The encoders before have windows of one length.
    uses(&mut harness, maest("hub"));
    assert!(harness.query_by_label("30 s").is_none());
}

#[test]
fn a_file_that_does_not_say_how_many_heads_it_has_offers_those_that_fit() {
    need_graphics();
    let folder = tracks();
    let (mut harness, _) = window(folder.path());
    uses(&mut harness, maest("native.ckpt"));
    open_menu(&mut harness);
    harness.get_by_label("Heads");
    let card = harness.state().model().embeddings.card(source(&harness));
    let summary = &card.unwrap().unwrap().summary;
    assert_eq!(summary.offered_heads, [1, 2, 4]);
    press(&mut harness, "4");
    assert_eq!(source(&harness).heads, Some(4));
    let line = harness
        .state()
        .model()
        .probe_command(ProbeJob::Probe)
        .unwrap();
    assert!(line.contains(" --heads 4"), "{line}");
}

#[test]
fn what_is_read_reaches_map_probe_neighbours_command_and_scoreboard() {
    need_graphics();
    let folder = tracks();
    let (mut harness, _) = window(folder.path());
    let mut read = maest("hub");
    read.reading.layer = Some(1);
    read.reading.readout = Some(Readout::Mean);
    uses(&mut harness, read.clone());
    does(&mut harness, Command::Map(MapCommand::Compute));
    let model = harness.state().model();
    assert_eq!(model.mapping.error, None);
    let table = model.mapping.chart.as_ref().unwrap().source.clone();
    assert!(table.table.encoder.ends_with("layer 1, readout mean"));
    assert_eq!(table.table.dim, 32, "one token is 32 wide");
    let line = model
        .mapping
        .command(&model.library.sources, read_by(model));
    assert!(line.contains(" --layer 1 --readout mean"), "{line}");
    // The selected track has neighbours in the same space.
    does(&mut harness, Command::Library(LibraryCommand::Select(0)));
    does(&mut harness, Command::Map(MapCommand::Walk(1)));
    assert!(!harness.state().model().neighbours.found.is_empty());
    show(&mut harness, Workspace::Probe);
    let form = ProbeSettings {
        head: Head::Knn,
        ..ProbeSettings::default()
    };
    does(&mut harness, Command::Probe(ProbeCommand::Edit(form)));
    does(&mut harness, Command::Probe(ProbeCommand::Run));
    // A Myna beside it.
    uses(&mut harness, cpu());
    does(&mut harness, Command::Probe(ProbeCommand::Run));
    let probing = &harness.state().model().probing;
    assert_eq!(probing.error, None);
    let rows: Vec<(&str, &str)> = probing
        .runs
        .iter()
        .map(|run| (run.encoder.as_str(), run.encoder_read.as_str()))
        .collect();
    assert_eq!(
        rows,
        [("Shipped", "embedding, mean"), ("hub", "block 1, mean")]
    );
    press(&mut harness, ProbeTab::Scoreboard.name());
    for row in ["Shipped (embedding, mean)", "hub (block 1, mean)"] {
        assert!(
            harness.query_all_by_label_contains(row).count() > 0,
            "{row}"
        );
    }
    let sheet = probing_sheet(harness.state());
    assert_eq!(sheet[0][1], "layer and readout");
    assert_eq!(
        (&*sheet[1][1], &*sheet[2][1]),
        ("embedding, mean", "block 1, mean")
    );
}

fn read_by(model: &mynascope::gui::model::AppState) -> &EncoderSource {
    &model.embeddings.source
}

fn probing_sheet(app: &App) -> Vec<Vec<String>> {
    app.model().probing.table(ProbeTab::Scoreboard).unwrap()
}

#[test]
fn a_maest_tells_styles_over_time_of_a_stretch_and_of_the_collection() {
    need_graphics();
    let folder = tracks();
    let (mut harness, _) = window(folder.path());
    does(&mut harness, Command::Library(LibraryCommand::Select(0)));
    press(&mut harness, "Tab Styles");
    harness.get_by_label("This encoder gives no styles");
    assert!(harness.query_by_label("Styles over time").is_none());
    uses(&mut harness, maest("hub"));
    // The strip, a window a block, and the ranking of the track.
    harness.get_by_label("Styles over time");
    let model = harness.state().model();
    let timeline = model.styles.view.timeline.as_ref().unwrap();
    let windows = &timeline.answer.as_ref().unwrap().windows;
    let starts: Vec<f32> = windows.iter().map(|window| window.start_secs).collect();
    assert_eq!(starts, [0.0, 2.5, 5.0]);
    let ranked = model.styles.view.ranked.clone();
    let names = &model.embeddings.info().unwrap().outputs;
    assert_eq!(ranked.len(), names.len());
    assert!(ranked.windows(2).all(|pair| pair[0].1 >= pair[1].1));
    let likeliest = names[ranked[0].0].clone();
    harness.get_by_label(&likeliest);
    // The first 2 s have a part in the first window alone.
    let selection = Selection {
        start_secs: 0.5,
        end_secs: 2.0,
    };
    let select = Command::edit_sound(harness.state().model(), |form| {
        form.selection = Some(selection);
    });
    does(&mut harness, select);
    press(&mut harness, "selection");
    let model = harness.state().model();
    assert_eq!(model.styles.form.scope, StyleScope::Selection);
    let first = &model.styles.view.timeline.as_ref().unwrap();
    let first = &first.answer.as_ref().unwrap().windows[0].answer.scores;
    for &(style, probability) in &model.styles.view.ranked {
        assert!((f64::from(probability) - first[style]).abs() < 1e-6);
    }
    // Of the collection only what is told, until all of it is.
    press(&mut harness, "collection");
    assert_eq!(harness.state().model().styles.view.tracks, 1);
    press(&mut harness, "Compute the styles of all 8 tracks");
    settle(&mut harness);
    let model = harness.state().model();
    assert_eq!(model.styles.problem, None);
    assert_eq!(model.styles.view.tracks, 8);
    // A click on a style lists and marks its tracks.
    does(&mut harness, Command::Map(MapCommand::Compute));
    let style = harness.state().model().styles.view.ranked[0].0;
    let name = harness.state().model().embeddings.info().unwrap().outputs[style].clone();
    press(&mut harness, &name);
    settle(&mut harness);
    let model = harness.state().model();
    assert_eq!(model.styles.form.style, Some(style));
    let listed = model.styles.view.listed.clone();
    assert!(!listed.is_empty());
    assert_eq!(model.library.marked.len(), listed.len());
    assert_eq!(model.mapping.picked.tracks().len(), listed.len());
    // Fewer from a higher threshold on: as many as are at least so certain.
    let threshold = listed[0].probability;
    let edit = StylesCommand::edit(harness.state().model(), |form| form.threshold = threshold);
    does(&mut harness, Command::Styles(edit));
    let model = harness.state().model();
    assert_eq!(
        (model.styles.view.listed.len(), model.library.marked.len()),
        (1, 1)
    );
    // A track of the list is heard where the style is strongest.
    let first = listed[0]
        .path
        .file_stem()
        .unwrap()
        .to_string_lossy()
        .into_owned();
    let lines: Vec<_> = harness.query_all_by_label(&first).collect();
    lines.last().unwrap().click();
    drop(lines);
    harness.run_steps(3);
    settle(&mut harness);
    let model = harness.state().model();
    assert_eq!(model.spectrogram.path(), Some(listed[0].path.as_path()));
    // Another encoder has other styles: nothing of these is left.
    let mut patchout = maest("hub");
    patchout.reading.patchout.every = 2;
    uses(&mut harness, patchout);
    let model = harness.state().model();
    assert_eq!(
        (model.styles.form.style, model.styles.view.tracks),
        (None, 1)
    );
    uses(&mut harness, cpu());
    harness.get_by_label("This encoder gives no styles");
    assert!(harness.state().model().styles.view.timeline.is_none());
}

#[test]
fn what_was_told_before_styles_are_stopped_stays_and_marks_go_with_their_encoder() {
    need_graphics();
    let folder = tracks();
    let (mut harness, _) = window(folder.path());
    uses(&mut harness, maest("hub"));
    for command in [StylesCommand::Compute, StylesCommand::Cancel] {
        harness.state_mut().apply(Command::Styles(command));
    }
    settle(&mut harness);
    let styles = &harness.state().model().styles;
    assert!(!styles.job.is_running());
    assert_eq!((&styles.problem, styles.skipped.len()), (&None, 0));
    does(&mut harness, Command::Styles(StylesCommand::Compute));
    let choose = |harness: &Harness<'_, App>| {
        let edit = StylesCommand::edit(harness.state().model(), |form| {
            (form.style, form.threshold) = (Some(0), 0.0);
        });
        Command::Styles(edit)
    };
    let command = choose(&harness);
    does(&mut harness, command);
    assert_eq!(harness.state().model().library.marked.len(), 8);
    // Marks that the user made are not the style's.
    does(&mut harness, Command::Library(LibraryCommand::Select(2)));
    let own = harness.state().model().library.marked.clone();
    let mut other = maest("hub");
    other.reading.patchout.every = 2;
    uses(&mut harness, other);
    assert_eq!(harness.state().model().library.marked, own);
    does(&mut harness, Command::Styles(StylesCommand::Compute));
    let command = choose(&harness);
    does(&mut harness, command);
    assert_eq!(harness.state().model().library.marked.len(), 8);
    uses(&mut harness, cpu());
    let model = harness.state().model();
    assert!(model.library.marked.is_empty() && model.mapping.picked.tracks().len() == 0);
}

#[test]
fn styles_of_a_track_that_cannot_be_read_say_why_and_the_others_are_told() {
    need_graphics();
    let folder = tracks();
    std::fs::write(folder.path().join("low/torn.wav"), "no sound").unwrap();
    let (mut harness, _) = window(folder.path());
    uses(&mut harness, maest("hub"));
    does(&mut harness, Command::Styles(StylesCommand::Compute));
    let styles = &harness.state().model().styles;
    assert_eq!(styles.problem, None);
    assert_eq!(styles.skipped.len(), 1);
    assert!(styles.skipped[0].0.ends_with("low/torn.wav"));
    assert!(!styles.skipped[0].1.is_empty());
    let tracks = harness.state().model().library.collection.as_ref().unwrap();
    let paths = tracks.tracks.iter().map(|track| track.path.as_path());
    assert_eq!(
        styles.count_computed(paths),
        9,
        "computed, or known to be damaged"
    );
}

/// What `probe --patchout-curve` draws is offered here too, and can be heard.
#[test]
fn the_score_of_a_maest_is_drawn_against_patchout_and_a_drag_along_it_is_heard() {
    need_graphics();
    let folder = tracks();
    let (mut harness, _) = window(folder.path());
    let mut source = maest("hub");
    // What the menu says of columns is what is varied.
    source.reading.patchout.every = 5;
    uses(&mut harness, source.clone());
    show(&mut harness, Workspace::Probe);
    let form = ProbeSettings {
        head: Head::Ridge,
        ..ProbeSettings::default()
    };
    does(&mut harness, Command::Probe(ProbeCommand::Edit(form)));
    press(&mut harness, ProbeTab::Patchout.name());
    press(&mut harness, "Score at six patchouts");
    settle(&mut harness);
    let probing = &harness.state().model().probing;
    assert_eq!(probing.error, None);
    let curve = probing.curve(CurveKind::Patchout).unwrap();
    let every: Vec<f64> = curve.points.iter().map(|point| point.x).collect();
    assert_eq!(every, [1.0, 2.0, 3.0, 4.0, 6.0, 8.0]);
    let read = curve.read(CurveKind::Patchout, 3.0).unwrap();
    assert!(
        read.starts_with("every 3rd column read: 35 % of the tokens\n"),
        "{read}"
    );
    let line = probing.line(ProbeJob::Curve(CurveKind::Patchout), &[], &source);
    assert!(
        line.contains("--patchout-curve") && !line.contains("--patchout 5"),
        "{line}"
    );
    let plot = harness
        .get_by_label("accuracy, % against N: every Nth column of tokens is read (1: all)")
        .rect();
    let mut heard = Vec::new();
    for share in [0.2, 0.9] {
        click_at(
            &mut harness,
            plot.left_center() + egui::vec2(share * plot.width(), 0.0),
        );
        let model = harness.state().model();
        heard.push(model.teaching.form.patchout.every);
        assert!(model.mask.patchout().is_some() && model.mask.form.shown);
        assert_eq!(model.transport.form.hearing, Hearing::Left);
    }
    assert!(heard[0] < heard[1], "{heard:?}");
}

#[test]
fn teach_shows_of_a_maest_what_has_an_effect_and_counts_short_windows_as_they_are() {
    need_graphics();
    let folder = tracks();
    let (mut harness, _) = window(folder.path());
    // The authors' form reads a short track as a short window.
    let mut native = maest("native.ckpt");
    native.heads = Some(2);
    uses(&mut harness, native);
    let place = |harness: &Harness<'_, App>, name: &str| {
        let library = &harness.state().model().library;
        let is = |index: &usize| library.track(*index).unwrap().path.ends_with(name);
        (0..library.track_count()).find(is).unwrap()
    };
    let [long, short] = ["high 0.wav", "high 3.wav"].map(|name| place(&harness, name));
    show(&mut harness, Workspace::Teach);
    let mut all = Vec::new();
    for track in [long, short] {
        does(
            &mut harness,
            Command::Library(LibraryCommand::Select(track)),
        );
        let answer = harness.state().model().teaching.patchout.value.clone();
        let answer = answer.expect("an answer");
        assert_eq!(
            Some(answer.path.as_path()),
            harness.state().model().spectrogram.path()
        );
        all.push(answer);
    }
    // 5 s are 312 frames, 30 columns; 3 s are 188 frames, 18 columns. Every third is read.
    assert_eq!((all[0].tokens[1], all[1].tokens[1]), (9 * 30, 9 * 18));
    assert_eq!((all[0].tokens[0], all[1].tokens[0]), (9 * 10, 9 * 6));
    // Who answers is named, and what would do nothing is not there.
    harness.get_by_label("maest/native.ckpt");
    assert!(harness.query_by_label("Cosine").is_none());
    assert!(harness.query_by_label("Share").is_none());
    // In a low window the column scrolls to its end.
    uses(&mut harness, maest("hub"));
    harness.set_size(egui::vec2(1000.0, 440.0));
    settle(&mut harness);
    let styles = harness.state().model().teaching.patchout.value.clone();
    let last = styles.unwrap().styles.last().unwrap().0.clone();
    let line = |harness: &Harness<'_, App>| {
        let node = harness.query_all_by_label_contains(&last).last().unwrap();
        node.rect()
    };
    assert!(
        line(&harness).top() > 440.0,
        "the list is longer than the window"
    );
    let column = harness.get_by_label("Styles of the whole window").rect();
    harness.hover_at(egui::pos2(column.center().x, 370.0));
    for _ in 0..30 {
        harness.event(egui::Event::MouseWheel {
            unit: egui::MouseWheelUnit::Point,
            delta: egui::vec2(0.0, -60.0),
            phase: egui::TouchPhase::Move,
            modifiers: egui::Modifiers::NONE,
        });
        harness.run_steps(3);
    }
    assert!(line(&harness).bottom() < 440.0, "{:?}", line(&harness));
}

#[test]
fn an_mt2_tells_keys_over_time_and_turns_them_with_the_sound() {
    need_graphics();
    let folder = tracks();
    let (mut harness, _) = window(folder.path());
    does(&mut harness, Command::Library(LibraryCommand::Select(0)));
    press(&mut harness, "Tab Key");
    harness.get_by_label("This encoder hears no keys");
    let mut mt2 = EncoderSource {
        checkpoint: CheckpointRef::File(fixture("../mt2/model_state_dict.pt")),
        ..cpu()
    };
    mt2.heads = Some(2);
    uses(&mut harness, mt2);
    harness.get_by_label("Keys over time");
    let keys = &harness.state().model().keys;
    let timeline = keys.timeline.as_ref().unwrap().answer.as_ref().unwrap();
    assert_eq!(timeline.windows.len(), 2);
    let place = timeline.windows[0].answer.class.unwrap();
    let first = keys.turned[&0].as_ref().unwrap();
    assert_eq!(first.len(), 13);
    assert_eq!(first[0].0.key(), place);
    assert!(first[0].1.abs() < 1e-9 && first.iter().all(|(_, missed)| missed.abs() <= 6.0));
    let missed = first[5].1;
    // Lowered, the wheel says by how much the arrow misses its place.
    let lower = KeysCommand::edit(harness.state().model(), |form| form.semitones = 5);
    does(&mut harness, Command::Keys(lower));
    let missed = format!("{missed:+.2}").replace('-', "\u{2212}");
    harness.get_by_label(&format!("Misses its place by {missed} fifths"));
    // The window at the playhead is shown, and the second one is asked for when it sounds.
    does(&mut harness, Command::Sound(SoundCommand::Seek(6.0)));
    let keys = &harness.state().model().keys;
    assert!(keys.turned[&1].is_ok());
    // The shown track names the keys, if one knows what it is in.
    harness.get_by_label_contains("learned without names of keys");
    press(&mut harness, "Name the keys by it");
    let model = harness.state().model();
    let arrow = model.keys.shown.as_ref().unwrap().1.as_ref().unwrap();
    let place = arrow.arrow().unwrap().key();
    assert_eq!(model.keys.names().name(place), "C / Am");
    let strip = KeysCommand::edit(model, |form| form.strip = false);
    does(&mut harness, Command::Keys(strip));
    assert!(harness.query_by_label("Keys over time").is_none());
}
