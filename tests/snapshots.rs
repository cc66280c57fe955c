//! Every layout and dialog looks as it did, in both themes: each is drawn off-screen and compared with its picture in
//! `tests/snapshots`. What a machine or a moment decides (devices, folders, times) is not shown in them.
//!
//! After a change that is meant: `UPDATE_SNAPSHOTS=1 ./test --test snapshots`, then look at the pictures that git calls
//! changed. A failure leaves the new picture and what differs beside the old one (`.new.png`, `.diff.png`).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use std::path::{Path, PathBuf};

use eframe::egui::{Event, Key};
use egui_kittest::{
    Harness, SnapshotOptions, SnapshotResults, kittest::Queryable as _, try_image_snapshot_options,
};
use image::{DynamicImage, ImageEncoder as _, RgbaImage, codecs::png};
use mynascope::gui::{
    App, Offscreen,
    command::{
        Command, EncoderCommand, KeysCommand, LessonCommand, LibraryCommand, MapCommand,
        MaskCommand, PictureCommand, ProbeCommand, WindowCommand,
    },
    model::{EncoderSource, JobKind, MaskForm, Overlay, PictureForm, PictureOf, ProbeTab},
    workspace::Workspace,
};
use mynascope_audio as audio;
use mynascope_base::storage::Theme;
use mynascope_encoder::{CheckpointRef, DeviceChoice};
use mynascope_spectrum::tokens::MaskRatio;

use common::{
    PATIENCE,
    labelled::{cpu, press, settle, window},
    need_graphics,
};

const SIZE: [u32; 2] = [1280, 800];
/// How far the colour of a pixel may be off (the scale of dify's YIQ distance, of which 0.6 is egui's own choice): rounding
/// of another driver or processor stays far below.
const THRESHOLD: f32 = 0.6;
/// Pixels of a picture that may be off by more, of a million: an edge or a point of a map that falls on the next pixel.
const MOST_PIXELS: usize = 400;

/// Twelve tracks of two labels, with notes and a rhythm, that are the same on every machine. One has the name of the track
/// that the first lesson is about, so that it needs no other.
fn sounds(folder: &Path) {
    for (label, base) in [("folk", 880.0_f32), ("techno", 110.0)] {
        let place = folder.join(label);
        std::fs::create_dir_all(&place).unwrap();
        for track in 0..6_u32 {
            let samples: Vec<f32> = (0..10 * 16_000)
                .map(|index| {
                    let secs = index as f32 / 16_000.0;
                    let beat = (secs * (1.5 + 0.5 * track as f32)).fract();
                    let note = [0.0, 4.0, 7.0, 12.0][(secs * 2.0) as usize % 4] + track as f32;
                    let hz = base * (note / 12.0).exp2();
                    let phase = std::f32::consts::TAU * hz * secs;
                    0.4 * (1.0 - beat) * (phase.sin() + 0.3 * (2.0 * phase).sin())
                })
                .collect();
            let name = match (label, track) {
                ("folk", 0) => "morning-on-the-canal.wav".to_owned(),
                _ => format!("{label}-{}.wav", track + 1),
            };
            audio::write_wav(&place.join(name), &samples, 16_000).unwrap();
        }
    }
}

/// Messages go, and so does what the top bar says of jobs that took a while: whether one did is a matter of the machine.
fn unsay() -> impl Iterator<Item = Command> {
    let seen = JobKind::ALL.into_iter().map(WindowCommand::Seen);
    std::iter::once(WindowCommand::DismissNotes)
        .chain(seen)
        .map(Command::Window)
}

/// A window to be drawn in both themes, and what came of the comparisons.
struct Album {
    window: Offscreen,
    results: SnapshotResults,
}

impl Album {
    fn open(paths: Vec<PathBuf>) -> Self {
        need_graphics();
        let mut window = Offscreen::open(SIZE, Theme::Dark, paths).unwrap();
        window.settle(PATIENCE).unwrap();
        // The shipped encoder on the CPU, which every machine has.
        window.apply(Command::Encoder(EncoderCommand::Use(cpu())));
        window.apply(Command::edit_settings(window.model(), |settings| {
            settings.device = DeviceChoice::Cpu.to_string();
        }));
        window.settle(PATIENCE).unwrap();
        Self {
            window,
            results: SnapshotResults::new(),
        }
    }

    /// Does what a user would and waits for the end.
    fn does(&mut self, commands: impl IntoIterator<Item = Command>) -> &mut Self {
        for command in commands {
            self.window.apply(command);
        }
        self.window.settle(PATIENCE).unwrap();
        self
    }

    /// Compares the window as it is with its picture, in both themes.
    fn looks_like(&mut self, name: &str) -> &mut Self {
        self.looks_like_but(name, None)
    }

    /// The same, without what lies in a part of it (left, top, right, bottom).
    fn looks_like_but(&mut self, name: &str, blank: Option<[u32; 4]>) -> &mut Self {
        for command in unsay() {
            self.window.apply(command);
        }
        for (theme, word) in [(Theme::Dark, "dark"), (Theme::Light, "light")] {
            let in_theme = Command::edit_settings(self.window.model(), |it| it.theme = theme);
            self.window.apply(in_theme);
            let mut picture = self.window.picture().unwrap();
            if let Some([left, top, right, bottom]) = blank {
                let grey = image::Rgba([128, 128, 128, 255]);
                (top..bottom)
                    .for_each(|y| (left..right).for_each(|x| picture.put_pixel(x, y, grey)));
            }
            compare(&picture, &format!("{name}.{word}"), &mut self.results);
        }
        self
    }
}

/// Compares a picture with the one that is kept under a name.
fn compare(picture: &RgbaImage, name: &str, results: &mut SnapshotResults) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots");
    let options = SnapshotOptions::new()
        .threshold(THRESHOLD)
        .failed_pixel_count_threshold(MOST_PIXELS)
        .output_path(&folder);
    results.add(try_image_snapshot_options(picture, name, &options));
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        pack(&folder.join(format!("{name}.png")));
    }
}

/// Writes a picture again with fewer bytes.
fn pack(path: &Path) {
    let picture = image::open(path).unwrap();
    let rgb = DynamicImage::from(picture.to_rgb8());
    let mut bytes = Vec::new();
    png::PngEncoder::new_with_quality(
        &mut bytes,
        png::CompressionType::Best,
        png::FilterType::Adaptive,
    )
    .write_image(
        rgb.as_bytes(),
        rgb.width(),
        rgb.height(),
        rgb.color().into(),
    )
    .unwrap();
    if bytes.len() < std::fs::metadata(path).unwrap().len() as usize {
        std::fs::write(path, bytes).unwrap();
    }
}

/// A small MAEST of random weights.
fn maest() -> EncoderSource {
    let hub = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/maest/hub");
    cpu().with_checkpoint(CheckpointRef::File(hub))
}

fn mt2() -> EncoderSource {
    let file = "tests/fixtures/mt2/model_state_dict.pt";
    EncoderSource {
        checkpoint: CheckpointRef::File(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)),
        heads: Some(2),
        ..cpu()
    }
}

fn show(layout: Workspace) -> Command {
    Command::Window(WindowCommand::ShowWorkspace(layout))
}

#[test]
fn every_layout_and_dialog_looks_as_it_did() {
    let folder = tempfile::tempdir().unwrap();
    let music = folder.path().join("notes");
    sounds(&music);
    let mut album = Album::open(vec![music]);
    let as_encoder = PictureForm {
        as_encoder: true,
        ..PictureForm::default()
    };
    album
        .does([Command::Library(LibraryCommand::Select(1))])
        .looks_like("listen")
        .does([Command::Picture(PictureCommand::Edit(as_encoder))])
        .looks_like("listen_as_encoder")
        .does([Command::Picture(PictureCommand::Edit(PictureForm {
            of: PictureOf::Sound,
            ..PictureForm::default()
        }))])
        .looks_like("listen_sound")
        .does([
            Command::Picture(PictureCommand::Edit(PictureForm::default())),
            show(Workspace::Teach),
            Command::Mask(MaskCommand::Edit(MaskForm {
                ratio: MaskRatio::new(0.75).unwrap(),
                shown: true,
                ..MaskForm::default()
            })),
        ])
        .looks_like("teach")
        .does([Command::Lesson(LessonCommand::Open(0))])
        .looks_like("lesson")
        .does([Command::Lesson(LessonCommand::Leave)])
        // Its patches and windows over the picture, what patchout leaves of them, and what it is fed.
        .does([Command::Encoder(EncoderCommand::Use(maest()))])
        .looks_like("teach_maest")
        .does([
            show(Workspace::Listen),
            Command::Picture(PictureCommand::Edit(as_encoder)),
        ])
        .looks_like("listen_maest_input")
        .does([
            Command::Picture(PictureCommand::Edit(PictureForm::default())),
            Command::Encoder(EncoderCommand::Use(cpu())),
        ])
        .does([show(Workspace::Map)])
        .looks_like("map_empty")
        .does([Command::Map(MapCommand::Compute)])
        // Where t-SNE puts points is a matter of rounding, and below stands how long it took.
        .looks_like_but("map", Some([12, 152, 632, 740]))
        .does([show(Workspace::Train)])
        .looks_like("train")
        .does([show(Workspace::Probe)])
        .looks_like("probe_empty")
        .does([Command::Probe(ProbeCommand::Run)])
        .looks_like("probe")
        .does([Command::Probe(ProbeCommand::Diagnose)])
        .looks_like("probe_diagnostics");
    // Runs of whoever runs this test are none of its business.
    let compared = album.window.model().compared().into_iter();
    let files = compared.filter(|encoder| matches!(encoder, CheckpointRef::File(_)));
    let unmark = files.map(|encoder| Command::Probe(ProbeCommand::Mark(encoder, false)));
    let unmark: Vec<Command> = unmark.collect();
    album
        .does(unmark)
        .does([Command::Probe(ProbeCommand::Compare)])
        // At the right stands how long it took.
        .looks_like_but("probe_compare", Some([662, 246, 760, 340]));
    for (name, overlay) in [
        ("settings", Overlay::Settings),
        ("palette", Overlay::Palette),
        ("keys", Overlay::Keys),
        ("published", Overlay::Published),
    ] {
        let over = |overlay| Command::Window(WindowCommand::ShowOverlay(overlay));
        album
            .does([show(Workspace::Listen), over(Some(overlay))])
            .looks_like(name)
            .does([over(None)]);
    }
}

/// Compares a window that is pointed at with its picture, in both themes.
fn pointed_at(harness: &mut Harness<'_, App>, name: &str, results: &mut SnapshotResults) {
    // Its hint would lie over what was clicked.
    harness.event(Event::PointerGone);
    for (theme, word) in [(Theme::Dark, "dark"), (Theme::Light, "light")] {
        let app = harness.state_mut();
        for command in unsay() {
            app.apply(command);
        }
        let in_theme = Command::edit_settings(app.model(), |it| it.theme = theme);
        app.apply(in_theme);
        settle(harness);
        let picture = harness.render().unwrap();
        compare(&picture, &format!("{name}.{word}"), results);
    }
}

#[test]
fn the_open_menu_of_encoders_and_the_styles_look_as_they_did() {
    need_graphics();
    let folder = tempfile::tempdir().unwrap();
    let music = folder.path().join("notes");
    sounds(&music);
    let (mut harness, _) = window(&music);
    let mut results = SnapshotResults::new();
    let does = |harness: &mut Harness<'_, App>, command: Command| {
        harness.state_mut().apply(command);
        settle(harness);
    };
    does(&mut harness, Command::Library(LibraryCommand::Select(1)));
    does(&mut harness, Command::Encoder(EncoderCommand::Use(maest())));
    press(&mut harness, "Tab Styles");
    settle(&mut harness);
    pointed_at(&mut harness, "styles", &mut results);
    // The circle of fifths, lowered by three semitones.
    does(&mut harness, Command::Encoder(EncoderCommand::Use(mt2())));
    press(&mut harness, "Tab Key");
    settle(&mut harness);
    press(&mut harness, "Name the keys by it");
    let lower = KeysCommand::edit(harness.state().model(), |form| form.semitones = 3);
    does(&mut harness, Command::Keys(lower));
    pointed_at(&mut harness, "key", &mut results);
    for (name, source) in [("encoder_menu", cpu()), ("encoder_menu_maest", maest())] {
        does(&mut harness, Command::Encoder(EncoderCommand::Use(source)));
        if name == "encoder_menu" {
            harness.get_by_label_contains("Encoder: ").click();
            harness.run_steps(3);
            settle(&mut harness);
        }
        pointed_at(&mut harness, name, &mut results);
    }
    // The encoders that are compared.
    harness.key_press(Key::Escape);
    does(&mut harness, show(Workspace::Probe));
    press(&mut harness, ProbeTab::Compare.name());
    settle(&mut harness);
    harness.get_by_label_contains("Encoders ").click();
    harness.run_steps(3);
    pointed_at(&mut harness, "compare_encoders", &mut results);
}
