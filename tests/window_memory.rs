//! A window that draws and draws does not grow. A binary of its own, because other tests beside it would.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use eframe::egui;
use egui_kittest::Harness;
use mynascope::gui::{
    App, Start,
    command::{Command, MaskCommand},
};
use mynascope_audio as audio;
use mynascope_base::storage::Settings;

use common::{need_graphics, settle};

/// Mesa's software rasteriser compiles a fragment stage anew for every frame, and may keep it, where that branches by
/// uniforms: a playing track then took 20 MB a second.
#[test]
fn a_picture_that_moves_takes_no_more_memory_frame_by_frame() {
    need_graphics();
    let folder = tempfile::tempdir().unwrap();
    audio::write_wav(&folder.path().join("level.wav"), &[0.1; 8 * 16_000], 16_000).unwrap();
    let start = Start {
        paths: vec![folder.path().to_path_buf()],
        settings: Settings::default(),
        complaint: None,
        sound: false,
        remember: false,
    };
    let mut harness = Harness::builder()
        .with_size(egui::vec2(900.0, 640.0))
        .wgpu()
        .build_eframe(|creation| App::create(creation, start).unwrap());
    settle(&mut harness);
    let kilobytes = || {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find(|line| line.starts_with("RssAnon:"));
        let words = line.unwrap().split_whitespace().nth(1);
        words.unwrap().parse::<i64>().unwrap()
    };
    let draw = |harness: &mut Harness<'_, App>, frames: i32| {
        for frame in 0..frames {
            let step = Command::Mask(MaskCommand::ChangeRatio(if frame % 2 == 0 {
                5
            } else {
                -5
            }));
            harness.state_mut().apply(step);
            harness.run_steps(1);
            harness.render().unwrap();
        }
    };
    draw(&mut harness, 10);
    let before = kilobytes();
    draw(&mut harness, 120);
    let more = kilobytes() - before;
    assert!(more < 40_000, "{more} kB in 120 frames");
}
