//! A window on a small labelled collection that is made here, and what is done in it.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use eframe::{egui, egui_wgpu::RenderState};
use egui_kittest::{Harness, kittest::Queryable as _};
use mynascope::gui::{
    App, Start,
    command::{Command, EncoderCommand, WindowCommand},
    model::EncoderSource,
    paint::scatter,
    workspace::Workspace,
};
use mynascope_audio as audio;
use mynascope_base::storage::Settings;
use mynascope_encoder::{CheckpointRef, DeviceChoice};

pub use super::{PATIENCE, settle};

pub const SIZE: [u32; 2] = [1280, 800];
/// Labelled tracks of two windows each: low and high notes, every track with a rhythm of its own.
pub fn sounds(tracks_per_label: usize) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (label, base) in [("high", 1760.0_f32), ("low", 110.0)] {
        let place = folder.path().join(label);
        std::fs::create_dir(&place).unwrap();
        for track in 0..tracks_per_label {
            let samples: Vec<f32> = (0..(6.5 * 16_000.0) as usize)
                .map(|index| {
                    let secs = index as f32 / 16_000.0;
                    let beat = (secs * (2.0 + track as f32)).fract();
                    let hz = base * (1.0 + 0.1 * track as f32);
                    0.5 * (1.0 - beat) * (std::f32::consts::TAU * hz * secs).sin()
                })
                .collect();
            let name = format!("{label} {track}.wav");
            audio::write_wav(&place.join(name), &samples, 16_000).unwrap();
        }
    }
    folder
}

/// The window in a harness that draws, and its renderer.
pub fn window(folder: &Path) -> (Harness<'static, App>, RenderState) {
    let start = Start {
        paths: vec![folder.to_path_buf()],
        settings: Settings::default(),
        complaint: None,
        sound: false,
        remember: false,
    };
    let mut state = None;
    let mut harness = Harness::builder()
        .with_size(egui::vec2(SIZE[0] as f32, SIZE[1] as f32))
        .wgpu()
        .build_eframe(|creation| {
            state = creation.wgpu_render_state.clone();
            App::create(creation, start).unwrap()
        });
    settle(&mut harness);
    harness
        .state_mut()
        .apply(Command::Encoder(EncoderCommand::Use(cpu())));
    (harness, state.unwrap())
}

/// The shipped encoder on the CPU: these tests shall not depend on a GPU.
pub fn cpu() -> EncoderSource {
    EncoderSource {
        checkpoint: CheckpointRef::Shipped,
        device: DeviceChoice::Cpu,
        ..EncoderSource::default()
    }
}

/// Draws frames until something has come about.
pub fn wait(harness: &mut Harness<'_, App>, what: &str, done: impl Fn(&App) -> bool) {
    let begin = Instant::now();
    loop {
        harness.run_steps(2);
        if done(harness.state()) {
            break;
        }
        assert!(begin.elapsed() < PATIENCE, "waited too long for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
    harness.run_steps(4);
}

/// Shows a layout.
pub fn show(harness: &mut Harness<'_, App>, layout: Workspace) {
    harness
        .state_mut()
        .apply(Command::Window(WindowCommand::ShowWorkspace(layout)));
    harness.run_steps(4);
}

/// Clicks what has a name.
pub fn press(harness: &mut Harness<'_, App>, name: &str) {
    harness.get_by_label(name).click();
    harness.run_steps(3);
}

/// Moves the pointer to a place and clicks there.
pub fn click_at(harness: &mut Harness<'_, App>, at: egui::Pos2) {
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
}

/// Share of pixels that differ.
pub fn difference(a: &image::RgbaImage, b: &image::RgbaImage) -> f64 {
    let differ = a.pixels().zip(b.pixels()).filter(|(a, b)| a != b).count();
    differ as f64 / (a.width() * a.height()) as f64
}

/// How often points of a map were sent to the graphics card.
pub fn map_uploads(state: &RenderState) -> u64 {
    scatter::uploads(&state.renderer.read().callback_resources).unwrap()
}
