//! The window does what its users were promised, drawn by whatever graphics driver is there; a software one will do.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use std::path::{Path, PathBuf};

use eframe::{
    egui::{self, Key, Modifiers},
    egui_wgpu::RenderState,
};
use egui_kittest::{
    Harness,
    kittest::{By, Queryable as _},
    wgpu::WgpuTestRenderer,
};
use mynascope::gui::{
    App, Offscreen, PictureRequest, Start,
    command::{Command, LibraryCommand, MaskCommand, PictureCommand, SoundCommand, WindowCommand},
    model::{PictureForm, PicturePanel, PictureState, Publishing, Selection},
    paint, panels, picture, run_window,
    sheets::PanelPicture,
    theme,
    workspace::{Pane, Workspace},
};
use mynascope_audio as audio;
use mynascope_base::storage::{Settings, Theme};
use mynascope_encoder::CheckpointRef;
use mynascope_spectrum::{ColourMap, tokens::MaskRatio};

use common::{PATIENCE, need_graphics, settle};

const SIZE: [u32; 2] = [800, 600];

/// Two labelled tracks of eight seconds: tones that step upwards, so that the picture has structure.
fn sounds() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (label, base) in [("low", 110.0_f32), ("high", 880.0)] {
        let place = folder.path().join(label);
        std::fs::create_dir(&place).unwrap();
        let samples: Vec<f32> = (0..8 * 16_000)
            .map(|index| {
                let secs = index as f32 / 16_000.0;
                let hz = base * (1.0 + secs.floor() * 0.25);
                0.5 * (std::f32::consts::TAU * hz * secs).sin()
            })
            .collect();
        audio::write_wav(&place.join(format!("{label} steps.wav")), &samples, 16_000).unwrap();
    }
    folder
}

fn start(paths: Vec<PathBuf>) -> Start {
    Start {
        paths,
        settings: Settings::default(),
        complaint: None,
        sound: false,
        remember: false,
    }
}

/// The window in a harness that draws, and its renderer.
fn harness(paths: Vec<PathBuf>) -> (Harness<'static, App>, RenderState) {
    let mut state = None;
    let mut harness = Harness::builder()
        .with_size(egui::vec2(SIZE[0] as f32, SIZE[1] as f32))
        .wgpu()
        .build_eframe(|creation| {
            state = creation.wgpu_render_state.clone();
            App::create(creation, start(paths)).unwrap()
        });
    settle(&mut harness);
    (harness, state.unwrap())
}

fn is_ready(app: &App) -> bool {
    matches!(app.model().spectrogram.state, PictureState::Ready { .. })
}

/// Share of pixels that differ.
fn difference(a: &image::RgbaImage, b: &image::RgbaImage) -> f64 {
    let differ = a.pixels().zip(b.pixels()).filter(|(a, b)| a != b).count();
    differ as f64 / (a.width() * a.height()) as f64
}

/// How much of a panel's area is not its ground.
fn drawn_share(pane: Pane, chosen: Theme, window: &Offscreen) -> f64 {
    let setup = egui_kittest::wgpu::default_wgpu_setup();
    let state = egui_kittest::wgpu::create_render_state(setup, Default::default());
    paint::install(&state);
    let mut installed = false;
    let mut harness = Harness::builder()
        .with_size(egui::vec2(480.0, 420.0))
        .renderer(WgpuTestRenderer::from_render_state(state))
        .build_ui(|ui| {
            if !installed {
                theme::install(ui.ctx(), chosen);
                installed = true;
            }
            panels::show(pane, ui, window.model(), &mut Vec::new());
        });
    harness.run_steps(4);
    let image = harness.render().unwrap();
    let ground = image.get_pixel(2, image.height() / 2);
    let drawn = image.pixels().filter(|pixel| *pixel != ground).count();
    drawn as f64 / image.pixels().len() as f64
}

#[test]
fn every_panel_is_drawn_in_both_themes() {
    need_graphics();
    let folder = sounds();
    for chosen in [Theme::Dark, Theme::Light] {
        let mut window = Offscreen::open(SIZE, chosen, vec![folder.path().to_path_buf()]).unwrap();
        window.settle(PATIENCE).unwrap();
        for pane in Pane::ALL {
            let share = drawn_share(pane, chosen, &window);
            assert!(share > 0.005, "{pane:?} in {chosen:?} is empty: {share}");
        }
    }
}

#[test]
fn every_layout_is_drawn_in_both_themes() {
    need_graphics();
    let folder = sounds();
    for chosen in [Theme::Dark, Theme::Light] {
        let mut window = Offscreen::open(SIZE, chosen, vec![folder.path().to_path_buf()]).unwrap();
        window.settle(PATIENCE).unwrap();
        let mut before: Option<image::RgbaImage> = None;
        for layout in Workspace::ALL {
            window.apply(Command::Window(WindowCommand::ShowWorkspace(layout)));
            let image = window.picture().unwrap();
            assert_eq!([image.width(), image.height()], SIZE);
            if let Some(before) = &before {
                let share = difference(before, &image);
                assert!(share > 0.01, "{layout:?} looks like the layout before it");
            }
            before = Some(image);
        }
    }
}

#[test]
fn the_ratio_changes_the_picture_and_uploads_nothing() {
    need_graphics();
    let folder = sounds();
    let (mut harness, state) = harness(vec![folder.path().to_path_buf()]);
    assert!(is_ready(harness.state()));
    // A listener sees the whole sound at first: nothing of a mask is sent.
    assert_eq!(paint::uploads(&state).unwrap().ranks, 0);
    harness.key_press(Key::M);
    harness.run_steps(2);
    let before = harness.render().unwrap();
    let sent = paint::uploads(&state).unwrap();
    assert_eq!((sent.tiles, sent.ranks), (1, 1));
    let ratio = MaskRatio::new(0.2).unwrap();
    let less = Command::edit_mask(harness.state().model(), |form| form.ratio = ratio);
    harness.state_mut().apply(less);
    harness.run_steps(2);
    let after = harness.render().unwrap();
    assert!(difference(&before, &after) > 0.05);
    assert_eq!(paint::uploads(&state).unwrap(), sent);
    // Another seed is another order: only that is sent.
    harness
        .state_mut()
        .apply(Command::Mask(MaskCommand::Reroll));
    harness.run_steps(2);
    assert!(difference(&after, &harness.render().unwrap()) > 0.01);
    let again = paint::uploads(&state).unwrap();
    assert_eq!((again.tiles, again.ranks), (1, 2));
}

#[test]
fn colours_levels_and_frequencies_change_the_picture_and_upload_nothing() {
    need_graphics();
    let folder = sounds();
    let (mut harness, state) = harness(vec![folder.path().to_path_buf()]);
    let mut before = harness.render().unwrap();
    let sent = paint::uploads(&state).unwrap();
    let coloured = PictureForm {
        colour_map: ColourMap::Viridis,
        ..PictureForm::default()
    };
    let darker = PictureForm {
        top_db: 10.0,
        ..coloured
    };
    let shallower = PictureForm {
        range_db: 40.0,
        ..darker
    };
    for command in [
        PictureCommand::Edit(coloured),
        PictureCommand::Edit(darker),
        PictureCommand::Edit(shallower),
        PictureCommand::ZoomBands {
            at: 20.0,
            notches: 4.0,
        },
        PictureCommand::ZoomTime {
            at_secs: 3.0,
            notches: 4.0,
        },
    ] {
        harness.state_mut().apply(Command::Picture(command.clone()));
        harness.run_steps(2);
        let after = harness.render().unwrap();
        assert!(difference(&before, &after) > 0.03, "{command:?}");
        before = after;
    }
    assert_eq!(paint::uploads(&state).unwrap(), sent);
    // What the encoder sees is another picture: one more tile.
    let as_encoder = PictureForm {
        as_encoder: true,
        ..shallower
    };
    let command = PictureCommand::Edit(as_encoder);
    harness.state_mut().apply(Command::Picture(command));
    settle(&mut harness);
    assert!(difference(&before, &harness.render().unwrap()) > 0.03);
    assert_eq!(paint::uploads(&state).unwrap().tiles, sent.tiles + 1);
}

/// Turns the wheel over a place by a notch away from the user.
fn wheel(harness: &mut Harness<'_, App>, place: egui::Pos2, modifiers: Modifiers) {
    harness.event(egui::Event::PointerMoved(place));
    harness.step();
    harness.event(egui::Event::MouseWheel {
        unit: egui::MouseWheelUnit::Line,
        delta: egui::vec2(0.0, 1.0),
        modifiers,
        phase: egui::TouchPhase::Move,
    });
    harness.run_steps(2);
}

fn press(harness: &mut Harness<'_, App>, place: egui::Pos2, pressed: bool) {
    harness.event(egui::Event::PointerMoved(place));
    harness.event(egui::Event::PointerButton {
        pos: place,
        button: egui::PointerButton::Primary,
        pressed,
        modifiers: Modifiers::NONE,
    });
    harness.step();
}

#[test]
fn wheel_and_overview_move_the_picture() {
    need_graphics();
    let folder = sounds();
    let (mut harness, _) = harness(vec![folder.path().to_path_buf()]);
    let view = |harness: &Harness<'_, App>| harness.state().model().spectrogram.view;
    let bands = |harness: &Harness<'_, App>| harness.state().model().spectrogram.bands;
    let whole = view(&harness);
    let picture = harness.get_by_label("Spectrogram").rect();
    let quarter = picture.lerp_inside(egui::vec2(0.25, 0.75));
    for _ in 0..8 {
        wheel(&mut harness, quarter, Modifiers::NONE);
    }
    let zoomed = view(&harness);
    assert!(
        (zoomed.span_secs - whole.span_secs / 4.0).abs() < 1e-6,
        "8 notches are 4 times"
    );
    let there = zoomed.start_secs + zoomed.span_secs / 4.0;
    assert!(
        (there - whole.span_secs / 4.0).abs() < 0.02,
        "the time under the pointer stays"
    );
    wheel(&mut harness, quarter, Modifiers::SHIFT);
    assert!(view(&harness).start_secs < zoomed.start_secs);
    assert!(bands(&harness).is_whole());
    for _ in 0..4 {
        wheel(&mut harness, quarter, Modifiers::ALT);
    }
    assert!((bands(&harness).span - 64.0).abs() < 1e-6 && bands(&harness).low > 1.0);
    assert_eq!(
        view(&harness).span_secs,
        zoomed.span_secs,
        "Alt leaves time alone"
    );
    // A press on the strip brings that part; dragging on moves it.
    let strip = harness.get_by_label("Whole track").rect();
    let middle = |view: mynascope::gui::model::TimeView| view.start_secs + view.span_secs / 2.0;
    press(&mut harness, strip.lerp_inside(egui::vec2(0.75, 0.5)), true);
    harness.run_steps(2);
    assert!((middle(view(&harness)) - 0.75 * whole.span_secs).abs() < 0.05);
    for share in [0.7, 0.6, 0.5] {
        let place = strip.lerp_inside(egui::vec2(share, 0.5));
        harness.event(egui::Event::PointerMoved(place));
        harness.step();
    }
    press(&mut harness, strip.lerp_inside(egui::vec2(0.5, 0.5)), false);
    harness.run_steps(2);
    assert!((middle(view(&harness)) - 0.5 * whole.span_secs).abs() < 0.1);
    harness.key_press(Key::F);
    harness.run_steps(2);
    assert_eq!(view(&harness), whole);
    assert!(bands(&harness).is_whole());
    let selection = Selection::between(2.0, 3.0, whole.duration_secs);
    let model = harness.state().model();
    let select = Command::edit_sound(model, |form| form.selection = selection);
    harness.state_mut().apply(select);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::E);
    harness.run_steps(2);
    assert_eq!(
        (view(&harness).start_secs, view(&harness).span_secs),
        (2.0, 1.0)
    );
}

/// The promise: a panel is saved as large as is asked for, as pixels or as vectors, without playhead, selection and loop, and the file
/// says the command that makes it again.
#[test]
fn a_panel_is_saved_alone_with_axes_and_the_command_that_makes_it_again() {
    need_graphics();
    let folder = sounds();
    let mut window =
        Offscreen::open(SIZE, Theme::Light, vec![folder.path().to_path_buf()]).unwrap();
    window.settle(PATIENCE).unwrap();
    window.picture().unwrap();
    let save = |window: &Offscreen, vector: bool| {
        let publishing = Publishing {
            size: [640, 320],
            scale: 1.5,
            vector,
            ..Publishing::of(PicturePanel::Spectrogram, true)
        };
        let sheet = PanelPicture::of(window.model(), publishing).unwrap();
        assert!(sheet.file_name().starts_with("high steps"));
        let path = folder
            .path()
            .join(format!("picture.{}", publishing.ending()));
        sheet.save("mynascope picture 'a & b'", &path).unwrap();
        path
    };
    let image = image::open(save(&window, false)).unwrap().to_rgba8();
    assert_eq!(image.dimensions(), (960, 480));
    let ground = *image.get_pixel(0, 0);
    let drawn = |x: std::ops::Range<u32>| {
        let mut places = x.flat_map(|x| (0..image.height()).map(move |y| (x, y)));
        places.any(|(x, y)| *image.get_pixel(x, y) != ground)
    };
    assert!(drawn(15..60), "frequencies stand at the left");
    assert!(drawn(900..945), "levels at the right");
    // Neither playhead nor selection nor loop is in it.
    let stretch = Selection::between(0.5, 1.5, 8.0);
    let select = Command::edit_sound(window.model(), |form| {
        form.selection = stretch;
        form.looped = stretch;
    });
    window.apply(select);
    window.apply(Command::Sound(SoundCommand::Seek(1.0)));
    let again = image::open(save(&window, false)).unwrap().to_rgba8();
    assert!(again == image, "the same picture");
    let text = std::fs::read_to_string(save(&window, true)).unwrap();
    assert!(text.contains("mynascope picture 'a &amp; b'"));
    assert!(text.contains(">high steps") && text.contains("data:image/png;base64,"));
    assert!(
        text.contains(">kHz<") || text.contains("Hz"),
        "its axes are text"
    );
}

#[test]
fn a_dropped_checkpoint_becomes_the_encoder_and_the_collection_stays() {
    need_graphics();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let home = tempfile::tempdir().unwrap();
    let hub = home.path().join("hub");
    std::fs::create_dir(&hub).unwrap();
    let encoder = fixtures.join("checkpoints/encoder.safetensors");
    std::fs::copy(&encoder, hub.join("model.safetensors")).unwrap();
    let first = sounds();
    let (mut harness, _) = harness(vec![first.path().to_path_buf()]);
    // Notes fade while the harness steps on, so each is kept when it comes.
    let texts = |harness: &Harness<'_, App>| -> Vec<String> {
        let shown = harness.state().model().notices.shown().iter();
        shown.map(|notice| notice.text.clone()).collect()
    };
    let drop = |harness: &mut Harness<'_, App>, path: &Path| {
        let before = texts(harness);
        harness.input_mut().dropped_files.push(egui::DroppedFile {
            path: Some(path.to_path_buf()),
            ..Default::default()
        });
        harness.step();
        harness.input_mut().dropped_files.clear();
        // A table is read on a thread of its own: only its notice says that it is done.
        let mut told: Vec<String> = Vec::new();
        let until = std::time::Instant::now() + PATIENCE;
        while told.is_empty() && std::time::Instant::now() < until {
            harness.step();
            told = texts(harness);
            told.retain(|text| !before.contains(text));
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        settle(harness);
        told.join("\n")
    };
    let mut told = String::new();
    for path in [
        fixtures.join("checkpoints/legacy_2.pth"),
        encoder,
        hub,
        fixtures.join("checkpoints/optimiser.pth"),
    ] {
        told = drop(&mut harness, &path);
        let model = harness.state().model();
        let expected = CheckpointRef::File(path);
        assert_eq!(model.embeddings.source.checkpoint, expected);
        assert_eq!(model.library.track_count(), 2);
        assert!(told.contains("is now the encoder"), "{told}");
    }
    assert!(told.contains("optimizer (72 tensors)"), "{told}");
    // One that runs things is refused in so many words, and the encoder stays.
    let told = drop(&mut harness, &fixtures.join("hostile.pth"));
    assert!(told.contains("Don't trust"), "{told}");
    let model = harness.state().model();
    let stays = CheckpointRef::File(fixtures.join("checkpoints/optimiser.pth"));
    assert_eq!(model.embeddings.source.checkpoint, stays);
    // So is one whose numbers are broken.
    let broken = tempfile::tempdir().unwrap();
    let hub = fixtures.join("maest/hub");
    let config = broken.path().join("config.json");
    std::fs::copy(hub.join("config.json"), config).unwrap();
    let mut weights = std::fs::read(hub.join("model.safetensors")).unwrap();
    let last = weights.len() - 4;
    weights[last..].copy_from_slice(&f32::NAN.to_le_bytes());
    std::fs::write(broken.path().join("model.safetensors"), weights).unwrap();
    let told = drop(&mut harness, broken.path());
    assert!(told.contains("not numbers"), "{told}");
    assert_eq!(harness.state().model().embeddings.source.checkpoint, stays);
}

#[test]
fn a_dropped_folder_appears_in_the_library() {
    need_graphics();
    let first = sounds();
    let (mut harness, _) = harness(vec![first.path().join("low")]);
    assert_eq!(harness.state().model().library.track_count(), 1);
    let before = harness.render().unwrap();
    harness
        .input_mut()
        .hovered_files
        .push(egui::HoveredFile::default());
    harness.run_steps(2);
    let hint = harness.render().unwrap();
    assert!(
        difference(&before, &hint) > 0.5,
        "dragged files are answered before they are dropped"
    );
    harness.input_mut().hovered_files.clear();
    let folder = sounds();
    harness.input_mut().dropped_files.push(egui::DroppedFile {
        path: Some(folder.path().to_path_buf()),
        ..Default::default()
    });
    harness.step();
    harness.input_mut().dropped_files.clear();
    settle(&mut harness);
    assert_eq!(harness.state().model().library.track_count(), 2);
    assert!(
        is_ready(harness.state()),
        "the first track is shown at once"
    );
    // A row; the title of the shown track stands above its picture too.
    let row = |label| By::new().role(egui::accesskit::Role::Button).label(label);
    harness.get(row("high steps"));
    harness.get(row("low steps")).click();
    settle(&mut harness);
    let title = &harness
        .state()
        .model()
        .library
        .selected_track()
        .unwrap()
        .title;
    assert_eq!(title, "low steps");
}

#[test]
fn a_bad_file_is_a_row_or_a_message_and_the_window_goes_on() {
    need_graphics();
    let folder = sounds();
    std::fs::write(
        folder.path().join("low").join("aaa broken.wav"),
        b"RIFF....WAVE",
    )
    .unwrap();
    let (mut harness, _) = harness(vec![folder.path().to_path_buf()]);
    let model = harness.state().model();
    assert_eq!(model.library.track_count(), 3);
    let broken = (0..3)
        .find(|&index| model.library.track(index).unwrap().title == "aaa broken")
        .unwrap();
    harness
        .state_mut()
        .apply(Command::Library(LibraryCommand::Select(broken)));
    settle(&mut harness);
    let PictureState::Failed(why) = &harness.state().model().spectrogram.state else {
        panic!("a broken file has no picture");
    };
    assert!(why.contains("aaa broken.wav"), "{why}");
    let other = (broken + 1) % 3;
    harness
        .state_mut()
        .apply(Command::Library(LibraryCommand::Select(other)));
    settle(&mut harness);
    assert!(is_ready(harness.state()));
}

#[test]
fn keys_switch_layouts_and_letters_leave_text_fields_alone() {
    need_graphics();
    let folder = sounds();
    let (mut harness, _) = harness(vec![folder.path().to_path_buf()]);
    for layout in Workspace::ALL.into_iter().rev() {
        harness.key_press_modifiers(Modifiers::COMMAND, layout.key());
        harness.run_steps(2);
        assert_eq!(harness.state().model().workspace, layout);
    }
    let shown = harness.state().model().mask.form.shown;
    harness.key_press(Key::M);
    harness.run_steps(2);
    assert_eq!(harness.state().model().mask.form.shown, !shown);
    harness.key_press(Key::Comma);
    harness.run_steps(2);
    assert_eq!(harness.state().model().mask.form.percent(), 70);
    let quiet = Command::edit_settings(harness.state().model(), |settings| {
        settings.volume = 0.25;
    });
    harness.state_mut().apply(quiet);
    for volume in [0.0, 0.25] {
        harness.key_press(Key::V);
        harness.run_steps(2);
        assert_eq!(harness.state().model().settings.volume, volume);
    }
    harness
        .get_by_role(egui::accesskit::Role::TextInput)
        .focus();
    harness.run_steps(2);
    harness.key_press(Key::M);
    harness.event(egui::Event::Text("high".to_owned()));
    harness.run_steps(3);
    let model = harness.state().model();
    assert_eq!(model.mask.form.shown, !shown, "typing is no shortcut");
    assert_eq!(model.library.form.search, "high");
    assert_eq!(model.library.row_count(), 1);
}

#[test]
fn the_same_request_gives_the_same_picture() {
    need_graphics();
    let folder = sounds();
    let request = PictureRequest {
        layout: Workspace::Teach,
        size: SIZE,
        paths: vec![folder.path().to_path_buf()],
        track: Some(folder.path().join("low").join("low steps.wav")),
        start_secs: Some(1.0),
        span_secs: 6.0,
        ..Default::default()
    };
    let first = picture(&request).unwrap().image;
    assert!(first.pixels().all(|pixel| pixel.0[3] == u8::MAX));
    assert_eq!(difference(&first, &picture(&request).unwrap().image), 0.0);
    let light = PictureRequest {
        theme: Theme::Light,
        ..request
    };
    assert!(difference(&first, &picture(&light).unwrap().image) > 0.3);
}

#[test]
fn a_picture_of_a_missing_track_is_an_error_that_names_it() {
    need_graphics();
    let folder = sounds();
    let request = PictureRequest {
        size: SIZE,
        paths: vec![folder.path().to_path_buf()],
        track: Some(Path::new("not there.wav").to_path_buf()),
        ..Default::default()
    };
    let error = picture(&request).unwrap_err().to_string();
    assert!(error.ends_with("not there.wav"), "{error}");
}

#[test]
fn without_a_display_the_error_names_the_way_out() {
    let has = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if !cfg!(target_os = "linux")
        || has("DISPLAY")
        || has("WAYLAND_DISPLAY")
        || has("WAYLAND_SOCKET")
    {
        eprintln!("skipped: there is a display");
        return;
    }
    let error = run_window(Vec::new()).unwrap_err().to_string();
    assert!(error.contains("mynascope tour"), "{error}");
}
