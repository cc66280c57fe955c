//! A MAEST in the window: its grid lies over the picture, patchout hides and mutes what it leaves out, its own spectrogram is
//! shown, and a Myna has everything back afterwards.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use std::path::Path;

use eframe::egui::{self, Event, Rect};
use egui_kittest::{Harness, kittest::Queryable as _};
use mynascope::gui::{
    App, Start,
    command::{Command, EncoderCommand, LibraryCommand, TeachCommand, WindowCommand},
    model::{AppState, InputKind, Selection, TeachForm},
    workspace::Workspace,
};
use mynascope_audio as audio;
use mynascope_base::storage::Settings;
use mynascope_encoder::{CheckpointRef, DeviceChoice, Family, Patchout, Rows};
use mynascope_spectrum::{MAEST_HUB_MEL, MEL_BANDS};

use common::{need_graphics, settle};

const TRACK_SECS: f64 = 13.0;

/// The small MAEST for windows of 5 s that `make_maest_fixtures.py` writes.
fn maest() -> CheckpointRef {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    CheckpointRef::File(root.join("tests/fixtures/maest/hub"))
}

/// The window over one track of 13 seconds of noise.
fn window() -> (Harness<'static, App>, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let samples: Vec<f32> = (0..(TRACK_SECS * 16_000.0) as u32)
        .map(|n| 0.4 * ((n.wrapping_mul(2_654_435_761) >> 8) as f32 / (1 << 23) as f32 - 1.0))
        .collect();
    audio::write_wav(&folder.path().join("noise.wav"), &samples, 16_000).unwrap();
    let start = Start {
        paths: vec![folder.path().to_path_buf()],
        settings: Settings::default(),
        complaint: None,
        sound: false,
        remember: false,
    };
    let mut harness = Harness::builder()
        .with_size(egui::vec2(1280.0, 800.0))
        .with_step_dt(1.0 / 60.0)
        .wgpu()
        .build_eframe(|creation| App::create(creation, start).unwrap());
    settle(&mut harness);
    (harness, folder)
}

fn model<'a>(harness: &'a Harness<'_, App>) -> &'a AppState {
    harness.state().model()
}

fn choose(harness: &mut Harness<'_, App>, checkpoint: CheckpointRef) {
    let mut source = model(harness).embeddings.source.with_checkpoint(checkpoint);
    source.device = DeviceChoice::Cpu;
    let command = Command::Encoder(EncoderCommand::Use(source));
    harness.state_mut().apply(command);
    settle(harness);
}

fn set_patchout(harness: &mut Harness<'_, App>, every: usize, rows: &str) {
    let patchout = Patchout {
        every,
        dropped_rows: match rows {
            "" => Rows::default(),
            rows => rows.parse().unwrap(),
        },
    };
    let form = TeachForm {
        patchout,
        ..model(harness).teaching.form
    };
    let command = Command::Teach(TeachCommand::Edit(form));
    harness.state_mut().apply(command);
    settle(harness);
}

fn picture(harness: &Harness<'_, App>) -> Rect {
    harness.get_by_label("Spectrogram").rect()
}

/// The pixels of the spectrogram without its crops and lines of text.
fn pixels(harness: &mut Harness<'_, App>) -> Vec<u8> {
    let area = picture(harness);
    let image = harness.render().unwrap();
    let scale = image.width() as f32 / 1280.0;
    let corner = (area.min.to_vec2() * scale).round();
    let size = (area.size() * scale).round();
    let part = image::imageops::crop_imm(
        &image,
        corner.x as u32,
        corner.y as u32,
        size.x as u32,
        size.y as u32,
    );
    part.to_image().into_raw()
}

#[test]
fn a_maest_lays_its_own_grid_over_the_picture_and_a_myna_takes_it_away_again() {
    need_graphics();
    let (mut harness, _folder) = window();
    let masked = Command::edit_mask(model(&harness), |form| form.shown = true);
    harness.state_mut().apply(masked);
    settle(&mut harness);
    let of_myna = pixels(&mut harness);
    assert!(model(&harness).mask.own.is_none());
    choose(&mut harness, maest());
    let own = model(&harness).mask.own.as_ref().expect("its grid");
    assert_eq!((own.family, own.grid.tokens()), (Family::Maest, 279));
    assert_eq!(own.grid.window_frames, 156.25, "5 s");
    assert_eq!(own.grid.hop_frames, 78.125, "2.5 s");
    set_patchout(&mut harness, 3, "0,7,8");
    harness.get_by_label("66 of 279 tokens kept, 24 % of them");
    harness.get_by_label("every 3rd column");
    let of_maest = pixels(&mut harness);
    assert_ne!(of_maest, of_myna);
    // Dragging patchout moves over the picture.
    set_patchout(&mut harness, 1, "");
    harness.get_by_label("279 of 279 tokens kept, 100 % of them");
    assert_ne!(pixels(&mut harness), of_maest);
    // A selection counts in its windows, and the keys go by them.
    let selection = Selection::between(1.0, 11.0, TRACK_SECS);
    let command = Command::edit_sound(model(&harness), |form| form.selection = selection);
    harness.state_mut().apply(command);
    assert_eq!(model(&harness).mask.window_secs(), 5.0);
    choose(&mut harness, CheckpointRef::Shipped);
    let command = Command::edit_sound(model(&harness), |form| form.selection = None);
    harness.state_mut().apply(command);
    settle(&mut harness);
    assert!(model(&harness).mask.own.is_none());
    assert!(pixels(&mut harness) == of_myna, "the old picture is back");
}

/// What the player leaves out of every place is what the overlay hides.
#[test]
fn what_patchout_leaves_out_is_not_heard() {
    need_graphics();
    let (mut harness, _folder) = window();
    choose(&mut harness, maest());
    set_patchout(&mut harness, 4, "");
    let mask = &model(&harness).mask;
    let table = mask.active_table().unwrap();
    let lead = table.view.lead_frames();
    let mut hidden = 0;
    for frame in 0..400 {
        let inside = (f64::from(frame) + 0.5 + lead) % 156.25;
        // Every fourth column begins every 20 frames and lasts 8; the 31st column is the last.
        let is_read = inside % 20.0 < 8.0;
        for band in (0..MEL_BANDS).step_by(7) {
            let dropped = table.is_dropped(band, frame as usize, mask.form.ratio);
            assert_eq!(dropped, Some(!is_read), "band {band}, frame {frame}");
            hidden += usize::from(!is_read);
        }
    }
    assert!(hidden > 0);
}

#[test]
fn the_switch_shows_what_the_encoder_is_fed_and_the_line_below_its_values() {
    need_graphics();
    let (mut harness, _folder) = window();
    choose(&mut harness, maest());
    let before = pixels(&mut harness);
    harness.get_by_label("Encoder input").click();
    settle(&mut harness);
    let kind = model(&harness).mask.input_kind();
    assert_eq!(
        kind,
        Some(InputKind::Mel {
            mel: MAEST_HUB_MEL,
            vqt: None
        })
    );
    let levels = &model(&harness).spectrogram.encoder_input(kind).unwrap().mel;
    assert_eq!((levels.bands().count, levels.columns_per_frame()), (96, 2));
    let low = levels.scale().low;
    assert_ne!(pixels(&mut harness), before);
    // Under the pointer: the band of 96, and the patches that overlap there.
    let area = picture(&harness);
    harness.event(Event::PointerMoved(area.center()));
    harness.run_steps(2);
    assert!(low > -1.0, "nothing is lower than silence: {low}");
    choose(&mut harness, CheckpointRef::Shipped);
    let kind = model(&harness).mask.input_kind();
    assert!(matches!(kind, Some(InputKind::Patches(_))), "{kind:?}");
    let levels = &model(&harness).spectrogram.encoder_input(kind).unwrap().mel;
    assert_eq!(levels.bands().count, MEL_BANDS);
}

#[test]
fn the_encoder_is_given_the_window_and_the_tokens_that_are_shown() {
    need_graphics();
    let (mut harness, _folder) = window();
    choose(&mut harness, maest());
    set_patchout(&mut harness, 2, "8");
    let command = Command::Window(WindowCommand::ShowWorkspace(Workspace::Teach));
    harness.state_mut().apply(command);
    settle(&mut harness);
    let answer = |harness: &Harness<'_, App>| {
        let teaching = &model(harness).teaching;
        assert_eq!(teaching.patchout.error, None);
        teaching.patchout.value.clone().unwrap()
    };
    let first = answer(&harness);
    assert_eq!(first.tokens, [8 * 16, 279]);
    let table = model(&harness).mask.active_table().unwrap();
    assert!((first.window[0] - table.view.start() * 0.032).abs() < 1e-6);
    assert!(first.cosine < 1.0);
    // Any other mask over its grid is asked for as well.
    let command = Command::edit_mask(model(&harness), |form| {
        form.patchout = false;
        form.set_percent(90);
    });
    harness.state_mut().apply(command);
    settle(&mut harness);
    let masked = answer(&harness);
    assert_eq!(masked.tokens, [279 - 251, 279]);
    assert_ne!(masked.cosine, first.cosine);
}

/// Dropped, or named on the command line, at once: nothing is passed over without a word.
#[test]
fn an_encoder_that_comes_with_music_is_used_and_the_music_opened() {
    need_graphics();
    let (mut harness, _folder) = window();
    let CheckpointRef::File(hub) = maest() else {
        unreachable!("it is a file")
    };
    let music = tempfile::tempdir().unwrap();
    let other = music.path().join("other.wav");
    audio::write_wav(&other, &[0.1; 32_000], 16_000).unwrap();
    let both = vec![hub.clone(), other.clone()];
    harness
        .state_mut()
        .apply(Command::Library(LibraryCommand::Drop(both)));
    settle(&mut harness);
    let shown = model(&harness);
    assert_eq!(shown.embeddings.source.checkpoint, maest());
    let tracks = shown.library.collection.as_ref().unwrap().tracks.iter();
    let tracks: Vec<&Path> = tracks.map(|track| track.path.as_path()).collect();
    assert_eq!(tracks, [other.as_path()]);
    assert_eq!(shown.library.sources, std::slice::from_ref(&other));
    // A folder without its weights says so; the music is opened, and the encoder in use stays.
    let empty = music.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    std::fs::copy(hub.join("config.json"), empty.join("config.json")).unwrap();
    let both = vec![empty, other];
    harness
        .state_mut()
        .apply(Command::Library(LibraryCommand::Open(both)));
    settle(&mut harness);
    let shown = model(&harness);
    let notices = shown.notices.all();
    let texts: Vec<&str> = notices.map(|notice| notice.text.as_str()).collect();
    let says = |text: &&str| text.contains("it is a MAEST, but model.safetensors or");
    assert!(texts.iter().any(says), "{texts:?}");
    assert_eq!(shown.embeddings.source.checkpoint, maest());
    assert_eq!(shown.library.track_count(), 1);
}
