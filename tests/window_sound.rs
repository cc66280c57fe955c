//! The picture of the sound at its own rate: above what an encoder of 16 kHz is fed, on either axis, in the window and from the
//! command line.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use std::{path::Path, process};

use eframe::egui::{Event, Key, Modifiers, MouseWheelUnit, Rect, TouchPhase, vec2};
use egui_kittest::{Harness, kittest::Queryable as _};
use mynascope::gui::{
    App, Start,
    command::{Command, LibraryCommand, WindowCommand},
    model::{AppState, PictureForm, PictureOf},
    workspace::Workspace,
};
use mynascope_audio as audio;
use mynascope_base::storage::Settings;
use mynascope_spectrum::{ColourMap, FftSize, FrequencyAxis, FrequencyScale, Summary};

use common::{need_graphics, settle};

const RATE: u32 = 44_100;
const TONE_HZ: f64 = 15_000.0;
/// -12 dB below full scale.
const AMPLITUDE: f64 = 0.25;

/// Eight seconds of a tone that no picture at 16 kHz has.
fn write_tone(path: &Path) {
    let turn = std::f64::consts::TAU * TONE_HZ / f64::from(RATE);
    let samples: Vec<f32> = (0..8 * RATE)
        .map(|n| (AMPLITUDE * (turn * f64::from(n)).sin()) as f32)
        .collect();
    audio::write_wav(path, &samples, RATE).unwrap();
}

fn window(folder: &Path, settings: Settings) -> Harness<'static, App> {
    let start = Start {
        paths: vec![folder.to_path_buf()],
        settings,
        complaint: None,
        sound: false,
        remember: false,
    };
    let mut harness = Harness::builder()
        .with_size(vec2(900.0, 640.0))
        .with_step_dt(1.0 / 60.0)
        .wgpu()
        .build_eframe(|creation| App::create(creation, start).unwrap());
    settle(&mut harness);
    harness
}

fn model<'a>(harness: &'a Harness<'_, App>) -> &'a AppState {
    harness.state().model()
}

fn edit(harness: &mut Harness<'_, App>, change: impl FnOnce(&mut PictureForm)) {
    let command = Command::edit_picture(model(harness), change);
    harness.state_mut().apply(command);
    settle(harness);
}

fn scale(axis: FrequencyAxis) -> FrequencyScale {
    FrequencyScale {
        axis,
        top_hz: f64::from(RATE) / 2.0,
    }
}

/// Rows of a picture that are brighter than half, in a column of pixels, as shares of its height from the bottom.
fn bright_rows(image: &image::RgbaImage, area: Rect, x: f32) -> Vec<f64> {
    let (top, bottom) = (area.top().ceil() as u32, area.bottom().floor() as u32);
    (top..bottom)
        .filter(|y| image.get_pixel(x as u32, *y).0[0] > 128)
        .map(|y| f64::from((area.bottom() - y as f32 - 0.5) / area.height()))
        .collect()
}

#[track_caller]
fn assert_tone_at(rows: &[f64], share: f64, within: f64) {
    assert!(!rows.is_empty(), "no tone");
    let middle = rows.iter().sum::<f64>() / rows.len() as f64;
    assert!((middle - share).abs() < within, "at {middle}, not {share}");
}

#[test]
fn the_switch_shows_what_lies_above_8_khz_on_either_axis_and_the_next_start_too() {
    need_graphics();
    let folder = tempfile::tempdir().unwrap();
    write_tone(&folder.path().join("tone.wav"));
    let mut harness = window(folder.path(), Settings::default());
    edit(&mut harness, |form| form.colour_map = ColourMap::Grey);
    let sound = &model(&harness).spectrogram.sound;
    assert!(
        sound.source.is_none() && sound.tiles.is_empty(),
        "nothing is computed unasked"
    );
    let area = harness.get_by_label("Spectrogram").rect();
    let quarter = area.lerp_inside(vec2(0.25, 0.5)).x;
    let image = harness.render().unwrap();
    assert!(
        bright_rows(&image, area, quarter).is_empty(),
        "16 kHz have no 15 kHz"
    );

    harness.key_press_modifiers(Modifiers::SHIFT, Key::E);
    settle(&mut harness);
    assert!(model(&harness).shows_sound());
    let shows_tone = |harness: &mut Harness<'_, App>, axis| {
        let image = harness.render().unwrap();
        let area = harness.get_by_label("Spectrogram").rect();
        let rows = bright_rows(&image, area, quarter);
        // Three pixels of a picture of some hundred.
        assert_tone_at(
            &rows,
            scale(axis).share_of(TONE_HZ),
            3.0 / f64::from(area.height()),
        );
    };
    shows_tone(&mut harness, FrequencyAxis::Linear);
    let spectrogram = &model(&harness).spectrogram;
    assert_eq!(spectrogram.sound.rate, Some(RATE));
    let level = spectrogram
        .sound
        .level_db(Summary::Mean, 2.0, TONE_HZ)
        .unwrap();
    // A Hann window takes up to 1.42 dB from a tone between two bins.
    let expected = 20.0 * AMPLITUDE.log10() as f32;
    assert!(
        level <= expected + 0.1 && level > expected - 1.5,
        "{level} dB"
    );

    edit(&mut harness, |form| form.sound.axis = FrequencyAxis::Log);
    shows_tone(&mut harness, FrequencyAxis::Log);
    // Undone and done again like other settings of the picture.
    for (command, axis) in [
        (WindowCommand::Undo, FrequencyAxis::Linear),
        (WindowCommand::Redo, FrequencyAxis::Log),
    ] {
        harness.state_mut().apply(Command::Window(command));
        settle(&mut harness);
        assert_eq!(model(&harness).spectrogram.form.sound.axis, axis);
    }
    let left = Settings {
        session: model(&harness).session(),
        ..Settings::default()
    };
    drop(harness);

    let mut harness = window(folder.path(), left);
    assert!(model(&harness).shows_sound());
    shows_tone(&mut harness, FrequencyAxis::Log);
    // Teach is about what the encoder is fed.
    let teach = WindowCommand::ShowWorkspace(Workspace::Teach);
    harness.state_mut().apply(Command::Window(teach));
    settle(&mut harness);
    assert!(!model(&harness).shows_sound());
}

#[test]
fn zooming_brings_finer_tiles_and_another_track_another_sound() {
    need_graphics();
    let folder = tempfile::tempdir().unwrap();
    write_tone(&folder.path().join("a.wav"));
    let silence = vec![0.0; 5 * 22_050];
    audio::write_wav(&folder.path().join("b.wav"), &silence, 22_050).unwrap();
    let mut harness = window(folder.path(), Settings::default());
    let small = FftSize::ALL[0];
    edit(&mut harness, |form| {
        form.of = PictureOf::Sound;
        form.sound.fft = small;
    });
    let grid = |harness: &Harness<'_, App>| {
        let sound = &model(harness).spectrogram.sound;
        assert!(sound.is_whole());
        let grids = sound.tiles.iter().map(|tile| tile.grid());
        let mut grids: Vec<_> = grids.collect();
        grids.dedup();
        assert_eq!(grids.len(), 1);
        grids[0]
    };
    let coarse = grid(&harness);
    assert_eq!((coarse.fft, coarse.rate), (small, RATE));
    let area = harness.get_by_label("Spectrogram").rect();
    let at = area.lerp_inside(vec2(0.75, 0.5));
    for _ in 0..8 {
        harness.event(Event::PointerMoved(at));
        harness.event(Event::MouseWheel {
            unit: MouseWheelUnit::Line,
            delta: vec2(0.0, 1.0),
            modifiers: Modifiers::NONE,
            phase: TouchPhase::Move,
        });
        harness.step();
    }
    settle(&mut harness);
    let view = model(&harness).spectrogram.view;
    assert!((view.start_secs + 0.75 * view.span_secs - 6.0).abs() < 0.05);
    let fine = grid(&harness);
    assert_eq!(fine.level + 2, coarse.level, "8 notches are 4 times");
    let covered = |harness: &Harness<'_, App>| {
        let tiles = &model(harness).spectrogram.sound.tiles;
        let (first, last) = (tiles.first().unwrap(), tiles.last().unwrap());
        first.start_secs()..last.start_secs() + last.length_secs()
    };
    let tiles = covered(&harness);
    assert!(tiles.start <= view.start_secs && tiles.end >= view.start_secs + view.span_secs - 0.1);
    assert!(tiles.start > 3.0, "only what is visible");

    let command = Command::Library(LibraryCommand::Select(1));
    harness.state_mut().apply(command);
    settle(&mut harness);
    let sound = &model(&harness).spectrogram.sound;
    assert_eq!(sound.rate, Some(22_050));
    assert_eq!(sound.level_db(Summary::Mean, 1.0, 5000.0), Some(-120.0));
    assert!(
        sound.level_db(Summary::Mean, 1.0, TONE_HZ).is_none(),
        "above half its rate"
    );
}

#[test]
fn the_verb_draws_the_same_picture_and_says_what_draws_it_again() {
    need_graphics();
    let folder = tempfile::tempdir().unwrap();
    let tone = folder.path().join("tone.wav");
    write_tone(&tone);
    let run = |line: &[&str]| {
        let mut program = process::Command::new(env!("CARGO_BIN_EXE_mynascope"));
        let output = program
            .current_dir(folder.path())
            .args(line)
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{told}");
    };
    run(&[
        "picture",
        "tone.wav",
        "--panel",
        "spectrogram",
        "--sound",
        "--axis",
        "log",
        "--fft",
        "4096",
        "--top",
        "-5",
        "--colours",
        "grey",
        "--no-mask",
        "--start",
        "1",
        "--span",
        "4",
        "--size",
        "640x480",
        "--out",
        "log.png",
    ]);
    let png = std::fs::read(folder.path().join("log.png")).unwrap();
    let image = image::load_from_memory(&png).unwrap().to_rgba8();
    // Whatever the room of the axes: the tone is a line through the picture, at a share between its ends.
    let (x, height) = (320, image.height());
    let is_line = |y: &u32| (300..340).all(|x| image.get_pixel(x, *y).0[0] > 128);
    let rows: Vec<u32> = (40..height - 60).filter(is_line).collect();
    assert!(!rows.is_empty() && rows.len() < 6, "{rows:?}");
    assert!(image.get_pixel(x, rows[0] - 12).0[0] < 64);
    let decoder = png::Decoder::new(std::io::Cursor::new(&png));
    let reader = decoder.read_info().unwrap();
    let texts = reader.info().utf8_text.iter();
    let mut comments = texts.filter(|text| text.keyword == "Comment");
    let line = comments.next().unwrap().get_text().unwrap();
    for part in [
        "--sound",
        "--axis log",
        "--fft 4096",
        "--top -5",
        "--colours grey",
    ] {
        assert!(line.contains(part), "{part} in {line}");
    }
    let words: Vec<&str> = line.split(' ').skip(1).collect();
    let again: Vec<&str> = words
        .iter()
        .map(|word| match *word {
            "spectrogram.png" => "again.png",
            word => word,
        })
        .collect();
    run(&again);
    assert_eq!(std::fs::read(folder.path().join("again.png")).unwrap(), png);

    run(&[
        "picture",
        "tone.wav",
        "--panel",
        "spectrogram",
        "--sound",
        "--size",
        "1280x800",
        "--out",
        "linear.svg",
    ]);
    let svg = std::fs::read_to_string(folder.path().join("linear.svg")).unwrap();
    for part in [
        "<image",
        "20k",
        "5k",
        "44100 Hz",
        "window of 2048 samples every 512",
        "linear axis",
    ] {
        assert!(svg.contains(part), "{part}");
    }
}
