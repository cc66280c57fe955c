//! Library, palette, undo and notices do from the keyboard and the mouse what their users were promised.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

use eframe::egui::{self, Key, Modifiers, accesskit::Role};
use egui_kittest::{
    Harness,
    kittest::{By, NodeT as _, Queryable as _},
};
use mynascope::gui::{
    App, Start, actions,
    command::{Command, EncoderCommand, LibraryCommand, WindowCommand},
    model::{AppState, Column, Offer, Overlay, PictureState, Sort},
    panels, theme,
    workspace::{Pane, Workspace},
};
use mynascope_audio as audio;
use mynascope_base::storage::{Settings, Theme};
use mynascope_collection::{Collection, CollectionKind, Track};
use mynascope_encoder::CheckpointRef;

use common::{PATIENCE, need_graphics, settle};

const SIZE: [u32; 2] = [1280, 800];

/// Labelled tracks of two seconds.
fn sounds() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (label, title) in [("dub", "echo"), ("dub", "siren"), ("rock", "riff")] {
        let place = folder.path().join(label);
        std::fs::create_dir_all(&place).unwrap();
        let samples: Vec<f32> = (0..32_000).map(|i| (i as f32 * 0.05).sin() * 0.3).collect();
        audio::write_wav(&place.join(format!("{title}.wav")), &samples, 16_000).unwrap();
    }
    folder
}

fn window(folder: &Path) -> Harness<'static, App> {
    let start = Start {
        paths: vec![folder.to_path_buf()],
        settings: Settings::default(),
        complaint: None,
        sound: false,
        remember: false,
    };
    let mut harness = Harness::builder()
        .with_size(egui::vec2(SIZE[0] as f32, SIZE[1] as f32))
        .wgpu()
        .build_eframe(|creation| App::create(creation, start).unwrap());
    settle(&mut harness);
    harness
}

fn row(title: &str) -> By<'_> {
    By::new().role(Role::Button).label(title)
}

fn shown(harness: &Harness<'_, App>) -> String {
    let library = &harness.state().model().library;
    library.selected_track().unwrap().title.clone()
}

fn label(harness: &Harness<'_, App>, title: &str) -> Option<String> {
    let library = &harness.state().model().library;
    let tracks = &library.collection.as_ref().unwrap().tracks;
    let track = tracks.iter().find(|track| track.title == title).unwrap();
    track.label.clone()
}

fn titles(harness: &Harness<'_, App>) -> Vec<String> {
    let library = &harness.state().model().library;
    (0..library.row_count())
        .map(|row| library.row(row).unwrap().track.title.clone())
        .collect()
}

fn type_text(harness: &mut Harness<'_, App>, text: &str) {
    harness.event(egui::Event::Text(text.to_owned()));
    harness.run_steps(2);
}

fn press(harness: &mut Harness<'_, App>, modifiers: Modifiers, key: Key) {
    harness.key_press_modifiers(modifiers, key);
    harness.run_steps(3);
}

fn last_notice(harness: &Harness<'_, App>) -> String {
    let notices = harness.state().model().notices.shown();
    notices
        .last()
        .map_or_else(String::new, |it| it.text.clone())
}

/// A collection of many tracks, without files.
fn many(tracks: usize) -> AppState {
    let mut model = AppState::default();
    model.library.show(Collection {
        name: "many".to_owned(),
        kind: CollectionKind::Folder,
        tracks: (0..tracks)
            .map(|number| Track {
                label: Some(format!("label {}", number % 20)),
                duration_secs: Some(number as f64),
                ..Track::of_file(&PathBuf::from(format!("/music/track {number:06}.wav")))
            })
            .collect(),
        split: None,
        notes: Vec::new(),
    });
    assert!(model.library.find().is_none());
    model
}

fn list(model: AppState) -> Harness<'static, AppState> {
    Harness::builder()
        .with_size(egui::vec2(420.0, 700.0))
        .build_ui_state(
            |ui, model: &mut AppState| {
                theme::install(ui.ctx(), Theme::Dark);
                panels::show(Pane::Library, ui, model, &mut Vec::new());
            },
            model,
        )
}

#[test]
fn of_a_hundred_thousand_rows_only_those_in_view_are_laid_out() {
    let mut harness = list(many(100_000));
    harness.run_steps(3);
    let drawn = |harness: &Harness<'_, AppState>| {
        let rows = harness.get_all_by(|node| {
            let label = node.label();
            label.is_some_and(|label| label.starts_with("track 0"))
        });
        let names: Vec<String> = rows
            .map(|node| node.accesskit_node().label().unwrap())
            .collect();
        names
    };
    let top = drawn(&harness);
    assert!((10..60).contains(&top.len()), "{} rows", top.len());
    assert_eq!(top[0], "track 000000");
    // The keyboard reaches the last row, and it comes into view.
    harness.state_mut().library.selected = Some(99_999);
    harness.run_steps(4);
    let end = drawn(&harness);
    assert!(end.len() < 60 && end.contains(&"track 099999".to_owned()));
}

#[test]
fn a_label_is_changed_in_place_undone_and_done_again() {
    need_graphics();
    let folder = sounds();
    let mut harness = window(folder.path());
    harness.get(row("siren")).click();
    settle(&mut harness);
    press(&mut harness, Modifiers::NONE, Key::F2);
    assert!(harness.state().model().library.editing.is_some());
    press(&mut harness, Modifiers::COMMAND, Key::A);
    type_text(&mut harness, "ambient");
    press(&mut harness, Modifiers::NONE, Key::Enter);
    assert_eq!(label(&harness, "siren").as_deref(), Some("ambient"));
    assert_eq!(label(&harness, "echo").as_deref(), Some("dub"));
    press(&mut harness, Modifiers::COMMAND, Key::Z);
    assert_eq!(label(&harness, "siren").as_deref(), Some("dub"));
    assert_eq!(last_notice(&harness), "Undone: label of a track");
    press(&mut harness, Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    assert_eq!(label(&harness, "siren").as_deref(), Some("ambient"));
    // Esc gives up what was typed.
    press(&mut harness, Modifiers::NONE, Key::F2);
    type_text(&mut harness, "nonsense");
    press(&mut harness, Modifiers::NONE, Key::Escape);
    assert!(harness.state().model().library.editing.is_none());
    assert_eq!(label(&harness, "siren").as_deref(), Some("ambient"));
    // The music folder is left alone.
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[test]
fn several_tracks_are_labelled_at_once_and_undone_as_one() {
    need_graphics();
    let folder = sounds();
    let mut harness = window(folder.path());
    harness.get(row("echo")).click();
    harness.run_steps(2);
    harness.get(row("riff")).click_modifiers(Modifiers::COMMAND);
    harness.run_steps(2);
    let label_both = Command::Library(LibraryCommand::Label(Some("new".to_owned())));
    harness.state_mut().apply(label_both);
    assert_eq!(label(&harness, "echo").as_deref(), Some("new"));
    assert_eq!(label(&harness, "riff").as_deref(), Some("new"));
    assert_eq!(label(&harness, "siren").as_deref(), Some("dub"));
    harness
        .state_mut()
        .apply(Command::Window(WindowCommand::Undo));
    assert_eq!(label(&harness, "echo").as_deref(), Some("dub"));
    assert_eq!(label(&harness, "riff").as_deref(), Some("rock"));
}

#[test]
fn headings_sort_and_lengths_are_known_without_opening_each_track() {
    need_graphics();
    let folder = sounds();
    let mut harness = window(folder.path());
    let library = &harness.state().model().library;
    let tracks = &library.collection.as_ref().unwrap().tracks;
    assert!(tracks.iter().all(|it| it.duration_secs == Some(2.0)));
    harness.get_by_label("Sort by Title").click();
    harness.run_steps(3);
    assert_eq!(titles(&harness), ["echo", "riff", "siren"]);
    harness.get_by_label("Sort by Title").click();
    harness.run_steps(3);
    assert_eq!(titles(&harness), ["siren", "riff", "echo"]);
    assert_eq!(
        harness.state().model().library.form.sort,
        Some(Sort {
            column: Column::Title,
            descending: true
        })
    );
}

#[test]
fn a_bad_file_is_marked_with_its_reason_and_another_one_is_shown_first() {
    need_graphics();
    let folder = sounds();
    std::fs::write(folder.path().join("dub/aaa.wav"), b"RIFF....WAVE").unwrap();
    let harness = window(folder.path());
    let model = harness.state().model();
    assert_eq!(model.library.bad_count(), 1);
    let bad = model.library.track(0).unwrap();
    assert!(bad.problem.as_ref().unwrap().ends_with("aaa.wav"));
    assert_eq!(shown(&harness), "echo", "the first track that can be used");
    assert!(matches!(
        model.spectrogram.state,
        PictureState::Ready { .. }
    ));
}

#[test]
fn the_palette_finds_actions_and_tracks_by_a_few_letters() {
    need_graphics();
    let folder = sounds();
    let mut harness = window(folder.path());
    press(&mut harness, Modifiers::COMMAND, Key::P);
    type_text(&mut harness, "teach");
    press(&mut harness, Modifiers::NONE, Key::Enter);
    until_closed(&mut harness);
    assert_eq!(harness.state().model().workspace, Workspace::Teach);
    assert!(harness.state().model().lesson.is_none());
    assert_eq!(overlay(&harness), None);
    press(&mut harness, Modifiers::COMMAND, Key::P);
    type_text(&mut harness, "riff");
    // Tracks are looked for in the background.
    let begin = Instant::now();
    let first_is_a_track = |harness: &Harness<'_, App>| {
        let palette = &harness.state().model().palette;
        matches!(palette.offers.first(), Some(Offer::Track(_)))
    };
    while !first_is_a_track(&harness) {
        assert!(begin.elapsed() < PATIENCE, "the track is not offered first");
        harness.step();
    }
    press(&mut harness, Modifiers::NONE, Key::Enter);
    until_closed(&mut harness);
    assert_eq!(shown(&harness), "riff");
    // Esc closes it and changes nothing.
    press(&mut harness, Modifiers::COMMAND, Key::P);
    type_text(&mut harness, "mute");
    press(&mut harness, Modifiers::NONE, Key::Escape);
    assert_eq!(overlay(&harness), None);
    assert_eq!(harness.state().model().settings.volume, 1.0);
}

#[test]
fn enter_runs_the_best_match_of_all_that_was_typed_before_it_in_one_slow_frame() {
    need_graphics();
    let folder = sounds();
    let mut harness = window(folder.path());
    let pressed = |key, modifiers| egui::Event::Key {
        key,
        physical_key: None,
        pressed: true,
        repeat: false,
        modifiers,
    };
    let typed = |text: &str| {
        let letters = text.chars().flat_map(|letter| {
            let key = Key::from_name(&letter.to_uppercase().to_string()).unwrap();
            let text = egui::Event::Text(letter.to_string());
            [pressed(key, Modifiers::NONE), text]
        });
        let enter = [pressed(Key::Enter, Modifiers::NONE)];
        letters.chain(enter).collect::<Vec<_>>()
    };
    press(&mut harness, Modifiers::COMMAND, Key::P);
    harness.input_mut().events.extend(typed("teach"));
    harness.step();
    until_closed(&mut harness);
    assert_eq!(harness.state().model().workspace, Workspace::Teach);
    // Also in the frame that opens it: none of the letters is a key of its own, as M is for the mask.
    let mask = harness.state().model().mask.form.shown;
    let open = pressed(Key::P, Modifiers::COMMAND);
    harness.input_mut().events.push(open);
    harness.input_mut().events.extend(typed("listen"));
    harness.step();
    until_closed(&mut harness);
    assert_eq!(harness.state().model().workspace, Workspace::Listen);
    press(&mut harness, Modifiers::COMMAND, Key::Num2);
    assert_eq!(harness.state().model().mask.form.shown, mask);
    // Tracks are looked for in the background: it waits for them.
    press(&mut harness, Modifiers::COMMAND, Key::P);
    harness.input_mut().events.extend(typed("riff"));
    harness.step();
    until_closed(&mut harness);
    assert_eq!(shown(&harness), "riff");
}

/// Enter waits for the tracks that are looked for in the background.
fn until_closed(harness: &mut Harness<'_, App>) {
    let begin = Instant::now();
    while overlay(harness).is_some() {
        assert!(begin.elapsed() < PATIENCE, "nothing was run");
        harness.step();
    }
    harness.run_steps(3);
}

/// What lies over the panels.
fn overlay(harness: &Harness<'_, App>) -> Option<Overlay> {
    harness.state().model().overlay
}

#[test]
fn settings_and_keys_open_by_key_and_close_by_escape() {
    need_graphics();
    let folder = sounds();
    let mut harness = window(folder.path());
    press(&mut harness, Modifiers::COMMAND, Key::Comma);
    assert_eq!(overlay(&harness), Some(Overlay::Settings));
    harness.get_by_label("light").click();
    harness.run_steps(3);
    assert_eq!(harness.state().model().settings.theme, Theme::Light);
    press(&mut harness, Modifiers::NONE, Key::Escape);
    assert_eq!(overlay(&harness), None);
    press(&mut harness, Modifiers::NONE, Key::F1);
    assert_eq!(overlay(&harness), Some(Overlay::Keys));
    // One thing lies over the panels at a time.
    press(&mut harness, Modifiers::COMMAND, Key::P);
    assert_eq!(overlay(&harness), Some(Overlay::Palette));
}

#[test]
fn a_control_that_was_reached_by_tab_is_worked_by_the_keyboard() {
    need_graphics();
    let folder = sounds();
    let mut harness = window(folder.path());
    harness.get(row("riff")).focus();
    harness.run_steps(2);
    press(&mut harness, Modifiers::NONE, Key::Enter);
    settle(&mut harness);
    assert_eq!(shown(&harness), "riff");
    // Letters still do what they do everywhere.
    let mask = harness.state().model().mask.form.shown;
    press(&mut harness, Modifiers::NONE, Key::M);
    assert_eq!(harness.state().model().mask.form.shown, !mask);
}

/// Lets so many seconds of the window's clock pass.
fn wait_secs(harness: &mut Harness<'_, App>, secs: usize) {
    harness.input_mut().predicted_dt = 0.1;
    for _ in 0..10 * secs {
        harness.step();
    }
}

#[test]
fn the_newest_message_is_shown_and_fades_and_errors_are_counted_until_they_are_read() {
    need_graphics();
    let folder = sounds();
    let mut harness = window(folder.path());
    let tell = || Command::Window(WindowCommand::Tell("saved".to_owned()));
    for _ in 0..50 {
        harness.state_mut().apply(tell());
    }
    harness.run_steps(2);
    let notices = harness.state().model().notices.shown();
    assert_eq!((notices.len(), notices[0].count), (1, 50), "no storm");
    harness.get_by_label("50 times");
    for name in ["gone", "gone too"] {
        let missing = vec![folder.path().join(name)];
        let open = Command::Library(LibraryCommand::Open(missing));
        harness.state_mut().apply(open);
        settle(&mut harness);
    }
    assert!(
        last_notice(&harness).ends_with("gone too"),
        "the newest alone"
    );
    wait_secs(&mut harness, 20);
    assert!(harness.state().model().notices.shown().is_empty());
    harness
        .get_by_label("Messages that were shown; 2 errors not read yet")
        .click();
    harness.run_steps(3);
    assert_eq!(overlay(&harness), Some(Overlay::Messages));
    assert_eq!(harness.query_all_by_label_contains("/gone").count(), 2);
    press(&mut harness, Modifiers::NONE, Key::Escape);
    harness.get_by_label("Messages that were shown");
}

#[test]
fn every_action_can_be_asked_for_with_and_without_a_collection() {
    need_graphics();
    // These ask the system for something that a test cannot answer.
    let outside = [
        "open-files",
        "open-folder",
        "open-demo",
        "add-files",
        "add-folder",
        "show-in-folder",
        "settings-folder",
        "data-folder",
        "cache-folder",
    ];
    let folder = sounds();
    let empty = tempfile::tempdir().unwrap();
    for place in [folder.path(), &empty.path().join("nothing")] {
        let mut harness = window(place);
        for action in actions::all() {
            if outside.contains(&action.id) {
                continue;
            }
            let command = (action.command)(harness.state().model());
            if let Some(command) = command {
                harness.state_mut().apply(command);
                harness.step();
            }
        }
    }
}

/// All that is written on the screen: each text, and whether some of it was cut off.
fn written(shapes: &[egui::epaint::ClippedShape]) -> Vec<(String, bool)> {
    let texts = shapes.iter().filter_map(|clipped| match &clipped.shape {
        egui::Shape::Text(text) => Some((text.galley.text().to_owned(), text.galley.elided)),
        _ => None,
    });
    texts.collect()
}

/// Tracks without files, listed.
fn few(tracks: Vec<Track>, only_bad: bool) -> AppState {
    let mut model = many(0);
    model.library.show(Collection {
        name: "few".to_owned(),
        kind: CollectionKind::Folder,
        tracks,
        split: None,
        notes: Vec::new(),
    });
    model.library.form.only_bad = only_bad;
    assert!(model.library.find().is_none());
    model
}

#[test]
fn files_of_one_name_are_told_apart_by_their_endings() {
    let files = ["/music/song.wav", "/music/song.flac"];
    let tracks = files.map(|file| Track::of_file(Path::new(file)));
    let mut harness = list(few(tracks.into(), false));
    harness.run_steps(3);
    let texts = written(&harness.output().shapes);
    for ending in [".wav", ".flac"] {
        assert!(texts.iter().any(|(text, _)| text == ending), "{texts:?}");
    }
}

#[test]
fn the_list_of_what_cannot_be_used_tells_in_full_what_to_do() {
    let why = "damaged: it has no description of its format, so that nobody can say what its numbers are; replace it with an \
               intact copy: /music/broken.wav";
    let track = Track {
        problem: Some(why.to_owned()),
        ..Track::of_file(Path::new("/music/broken.wav"))
    };
    let shown = |only_bad: bool| {
        let mut harness = list(few(vec![track.clone()], only_bad));
        harness.run_steps(3);
        let texts = written(&harness.output().shapes);
        texts
            .into_iter()
            .find(|(text, _)| text.contains("replace it with an intact copy"))
    };
    assert_eq!(shown(true), Some((why.to_owned(), false)), "in full");
    assert!(shown(false).unwrap().1, "one line among others");
}

#[test]
fn a_single_file_that_cannot_be_used_says_why_in_place_of_its_picture() {
    need_graphics();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("broken.wav"), b"RIFF....WAVE").unwrap();
    let harness = window(folder.path());
    let PictureState::Failed(why) = &harness.state().model().spectrogram.state else {
        panic!("nothing is said");
    };
    assert!(why.ends_with("broken.wav"), "{why}");
}

#[test]
fn channels_that_cancel_are_mended_by_the_button_beside_the_warning() {
    need_graphics();
    let folder = tempfile::tempdir().unwrap();
    let spec = hound::WavSpec {
        channels: 2,
        sample_rate: 16_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut wav = hound::WavWriter::create(folder.path().join("turned.wav"), spec).unwrap();
    for index in 0..64_000 {
        let sample = ((index as f32 * 0.05).sin() * 9000.0) as i16;
        wav.write_sample(sample).unwrap();
        wav.write_sample(-sample).unwrap();
    }
    wav.finalize().unwrap();
    let mut harness = window(folder.path());
    harness.run_steps(3);
    harness.get_by_label("Use the left channel").click();
    harness.run_steps(3);
    let model = harness.state().model();
    assert_eq!(model.embeddings.source.channel, audio::Channel::Left);
    assert_eq!(model.settings.channel, "left", "the same setting");
    assert!(harness.query_by_label("Use the left channel").is_none());
}

#[test]
fn training_on_one_track_says_what_is_missing() {
    let start = actions::find("train-start").unwrap();
    let tracks = |count: usize| {
        let tracks = (0..count).map(|at| Track::of_file(&PathBuf::from(format!("/m/{at}.wav"))));
        few(tracks.collect(), false)
    };
    assert!((start.command)(&tracks(1)).is_none());
    assert!((start.command)(&tracks(2)).is_some());
    let mut broken = tracks(2);
    let collection = broken.library.collection.as_ref().unwrap();
    let mut bad = Collection::clone(collection);
    bad.tracks[0].problem = Some("it is damaged".to_owned());
    broken.library.show(bad);
    assert!((start.command)(&broken).is_none(), "one can be read");
    let mut harness = Harness::builder()
        .with_size(egui::vec2(420.0, 700.0))
        .build_ui_state(
            |ui, model: &mut AppState| {
                theme::install(ui.ctx(), Theme::Dark);
                panels::show(Pane::Train, ui, model, &mut Vec::new());
            },
            tracks(1),
        );
    harness.run_steps(3);
    let why = "Training needs at least two tracks that can be read: open a folder with more";
    assert!(harness.query_by_label(why).is_some());
    let button = harness.get_by_label("Start training");
    assert!(button.accesskit_node().is_disabled());
}

#[test]
fn the_palette_knows_other_words_for_what_can_be_done() {
    need_graphics();
    let folder = sounds();
    let mut harness = window(folder.path());
    for (word, id) in [("accuracy", "probe-run"), ("import", "open-table")] {
        press(&mut harness, Modifiers::COMMAND, Key::P);
        type_text(&mut harness, word);
        let palette = &harness.state().model().palette;
        let found = palette.offers.contains(&Offer::Action(id));
        assert!(found, "{word}: {:?}", palette.offers);
        press(&mut harness, Modifiers::NONE, Key::Escape);
    }
    // What cannot be done yet is found as well, and says what comes first; before anything is typed it would be in the way.
    press(&mut harness, Modifiers::COMMAND, Key::P);
    let two_maps = Offer::Action("compare-encoders");
    let offers = &harness.state().model().palette.offers;
    assert!(!offers.contains(&two_maps));
    type_text(&mut harness, "two maps");
    let offers = &harness.state().model().palette.offers;
    assert_eq!(offers.first(), Some(&two_maps));
    harness.get_by_label_contains("Not yet: compute a map first");
    press(&mut harness, Modifiers::NONE, Key::Enter);
    until_closed(&mut harness);
    harness.get_by_label_contains("compute a map first");
}

#[test]
fn the_settings_fit_on_a_laptop_without_scrolling() {
    need_graphics();
    let folder = sounds();
    let mut harness = window(folder.path());
    for height in [768.0, 800.0] {
        harness.set_size(egui::vec2(1280.0, height));
        harness.run_steps(2);
        press(&mut harness, Modifiers::COMMAND, Key::Comma);
        let last = harness.get_by_label_contains("Settings are kept as you change them");
        let end = last.rect().bottom();
        assert!(end < height - 20.0, "{end} of {height}");
        let texts = written(&harness.output().shapes);
        let device = texts.iter().find(|(text, _)| text.starts_with("None"));
        assert!(device.is_some_and(|(_, cut)| !cut), "{texts:?}");
        press(&mut harness, Modifiers::NONE, Key::Escape);
    }
}

/// A file of two seconds, beside what is open.
fn another(folder: &Path) -> PathBuf {
    let path = folder.join("another.wav");
    audio::write_wav(&path, &[0.2; 32_000], 16_000).unwrap();
    path
}

fn count(harness: &Harness<'_, App>) -> usize {
    harness.state().model().library.track_count()
}

#[test]
fn tracks_are_added_and_taken_off_and_every_such_step_is_undone() {
    need_graphics();
    let (folder, elsewhere) = (sounds(), tempfile::tempdir().unwrap());
    let path = another(elsewhere.path());
    let mut harness = window(folder.path());
    let add = Command::Library(LibraryCommand::Add(vec![path.clone()]));
    harness.state_mut().apply(add);
    settle(&mut harness);
    assert_eq!(count(&harness), 4);
    let model = harness.state().model();
    assert_eq!(model.library.sources, [folder.path().to_path_buf(), path]);
    assert_eq!(model.library.row_count(), 4);
    press(&mut harness, Modifiers::COMMAND, Key::Z);
    settle(&mut harness);
    assert_eq!(count(&harness), 3);
    // What is chosen is taken off the list, and another track is shown.
    harness.get(row("siren")).click();
    harness.run_steps(3);
    press(&mut harness, Modifiers::NONE, Key::Delete);
    settle(&mut harness);
    assert_eq!(titles(&harness), ["echo", "riff"]);
    assert!(["echo", "riff"].contains(&shown(&harness).as_str()));
    assert!(folder.path().join("dub/siren.wav").is_file());
    press(&mut harness, Modifiers::COMMAND, Key::Z);
    settle(&mut harness);
    assert_eq!(titles(&harness), ["echo", "siren", "riff"]);
    assert_eq!(shown(&harness), "siren");
    // A list of nothing would be no collection: the key says so.
    press(&mut harness, Modifiers::COMMAND, Key::A);
    press(&mut harness, Modifiers::NONE, Key::Delete);
    assert_eq!(count(&harness), 3);
    let said = last_notice(&harness);
    assert!(said.contains("stay on the list"), "{said}");
}

#[test]
fn what_cannot_be_opened_is_not_offered_as_opened_before() {
    need_graphics();
    let (folder, other) = (sounds(), sounds());
    let mut harness = window(folder.path());
    let mut open = |path: PathBuf| {
        let open = Command::Library(LibraryCommand::Open(vec![path]));
        harness.state_mut().apply(open);
        settle(&mut harness);
        harness.state().model().settings.recent.clone()
    };
    let [first, second] = [&folder, &other].map(|it| it.path().to_path_buf());
    assert_eq!(
        open(folder.path().join("gone")),
        std::slice::from_ref(&first)
    );
    assert_eq!(open(second.clone()), [second.clone(), first.clone()]);
    // It went since.
    drop(other);
    assert_eq!(open(second), [first]);
}

#[test]
fn a_sound_that_is_dropped_on_a_collection_is_added_or_opened_as_the_user_says() {
    need_graphics();
    let (folder, elsewhere) = (sounds(), tempfile::tempdir().unwrap());
    let path = another(elsewhere.path());
    for (answer, tracks) in [
        ("Cancel", 3),
        ("Add to the collection", 4),
        ("Open instead", 1),
    ] {
        let mut harness = window(folder.path());
        harness.input_mut().dropped_files.push(egui::DroppedFile {
            path: Some(path.clone()),
            ..Default::default()
        });
        harness.step();
        harness.input_mut().dropped_files.clear();
        harness.run_steps(3);
        assert_eq!(count(&harness), 3, "nothing happens before the answer");
        harness.get_by_label(answer).click();
        harness.run_steps(3);
        settle(&mut harness);
        assert_eq!(count(&harness), tracks, "{answer}");
        assert!(harness.query_by_label(answer).is_none());
    }
}

#[test]
fn the_palette_keeps_its_height_whatever_is_found() {
    need_graphics();
    let folder = sounds();
    let mut harness = window(folder.path());
    let height = |harness: &Harness<'_, App>| {
        let area = harness.ctx.memory(|memory| memory.area_rect("palette"));
        area.expect("the palette is open").height()
    };
    press(&mut harness, Modifiers::COMMAND, Key::P);
    let first = height(&harness);
    assert!(first > 300.0, "{first}");
    type_text(&mut harness, "zzzz");
    assert_eq!(height(&harness), first);
    press(&mut harness, Modifiers::NONE, Key::Escape);
    press(&mut harness, Modifiers::COMMAND, Key::P);
    type_text(&mut harness, "s");
    assert_eq!(height(&harness), first);
}

#[test]
fn the_next_start_begins_with_the_layout_encoder_and_track_that_were_left() {
    need_graphics();
    let folder = sounds();
    let mut left = window(folder.path());
    left.get(row("riff")).click();
    left.run_steps(3);
    left.state_mut()
        .apply(Command::Window(WindowCommand::ShowWorkspace(
            Workspace::Map,
        )));
    let source = left.state().model().embeddings.source.clone();
    let untrained = source.with_checkpoint(CheckpointRef::Untrained);
    left.state_mut()
        .apply(Command::Encoder(EncoderCommand::Use(untrained.clone())));
    settle(&mut left);
    let session = left.state().model().session();
    for (restore, track) in [(true, "riff"), (false, "echo")] {
        let start = Start {
            paths: Vec::new(),
            settings: Settings {
                last: vec![folder.path().to_path_buf()],
                session: session.clone(),
                restore,
                ..Settings::default()
            },
            complaint: None,
            sound: false,
            remember: false,
        };
        let mut begun = Harness::builder()
            .wgpu()
            .build_eframe(|creation| App::create(creation, start).unwrap());
        settle(&mut begun);
        assert_eq!(shown(&begun), track);
        let model = begun.state().model();
        assert_eq!(model.workspace == Workspace::Map, restore);
        assert_eq!(model.embeddings.source == untrained, restore);
    }
}

#[test]
fn at_the_end_of_a_track_the_next_one_is_played_where_that_is_switched_on() {
    need_graphics();
    let folder = sounds();
    let mut harness = window(folder.path());
    harness
        .state_mut()
        .play_on(audio::Player::start_silent())
        .unwrap();
    let on = Command::edit_settings(harness.state().model(), |settings| settings.play_on = true);
    harness.state_mut().apply(on);
    let echo = harness.state().model().library.selected.unwrap();
    harness
        .state_mut()
        .apply(Command::Library(LibraryCommand::Select(echo + 1)));
    settle(&mut harness);
    let play = Command::Library(LibraryCommand::Play(echo));
    harness.state_mut().apply(play);
    let begin = Instant::now();
    while shown(&harness) != "siren" || !harness.state().model().transport.playing {
        assert!(begin.elapsed() < PATIENCE, "the next track is not played");
        harness.step();
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}
