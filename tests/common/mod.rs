//! What tests of the window share.
#![allow(dead_code, reason = "each test file takes what it needs")]

pub mod labelled;
pub mod skipped;
pub mod tones;

use std::{
    path::PathBuf,
    sync::OnceLock,
    time::{Duration, Instant},
};

use egui_kittest::Harness;
use mynascope::gui::{App, Offscreen, PictureError};
use mynascope_base::storage::Theme;

/// How long background work may take.
pub const PATIENCE: Duration = Duration::from_secs(600);

/// Fails, and says what to install, where nothing can draw: a test of the window that did not draw shows nothing.
pub fn need_graphics() {
    static MISSING: OnceLock<Option<String>> = OnceLock::new();
    let missing = MISSING.get_or_init(|| {
        let nothing = vec![PathBuf::from("nothing here")];
        match Offscreen::open([64, 64], Theme::Dark, nothing) {
            Err(error @ PictureError::NoAdapter { .. }) => Some(error.to_string()),
            _ => None,
        }
    });
    if let Some(why) = missing {
        panic!("this test draws: {why}");
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
