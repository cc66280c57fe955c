//! What tests of the window share.
#![allow(dead_code, reason = "each test file takes what it needs")]

pub mod labelled;

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use egui_kittest::Harness;
use mynascope::gui::{App, Offscreen, PictureError};
use mynascope_base::storage::Theme;

/// How long background work may take.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Whether this machine can draw; says why not.
pub fn can_draw() -> bool {
    match Offscreen::open(
        [1280, 800],
        Theme::Dark,
        vec![PathBuf::from("nothing here")],
    ) {
        Err(PictureError::NoAdapter { why }) => {
            eprintln!("skipped: no graphics driver ({why})");
            false
        }
        _ => true,
    }
}

/// Draws frames until all background work is done.
pub fn settle(harness: &mut Harness<'_, App>) {
    let begin = Instant::now();
    loop {
        harness.run_steps(2);
        if !harness.state().is_busy() {
            break;
        }
        assert!(begin.elapsed() < PATIENCE, "the window stays busy");
        std::thread::sleep(Duration::from_millis(5));
    }
    harness.run_steps(4);
}
