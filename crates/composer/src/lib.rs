//! The music of the demo collection: original pieces made by a small synthesiser, with labels that are true because they
//! are the score that they were made from. A pure function of the seed: the same samples, bit for bit, on every machine.
//!
//! A crate of its own: it knows neither files nor collections, and tests would wait for minutes if it were not compiled
//! with optimisation.

// Tests may unwrap, index and panic: a failing test is what those are for.
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

use std::path::Path;

mod drums;
mod effects;
mod maths;
mod recording;
mod render;
mod song;
mod styles;
mod synths;
mod theory;
mod tones;

pub use effects::loudness;
pub use render::{Piece, Score, TRACKS, render, scores};

/// Which of the two demo collections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DemoKind {
    /// Every track has a second style behind its own and sounds as if recorded in its own room; key and tempo tell
    /// nothing of the style. An encoder has something to learn here: random weights tell about half of the styles.
    #[default]
    Mixed,
    /// One style a track, at tempos of its own, clean and of one loudness: easy to tell apart.
    Plain,
}

impl DemoKind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Mixed, Self::Plain];

    /// The word that stands for its path, on the command line and in lists of what was open.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Mixed => "demo",
            Self::Plain => "demo-plain",
        }
    }

    /// The collection that a path stands for, if it is one of the words.
    pub fn of_path(path: &Path) -> Option<Self> {
        let is_word = |kind: &Self| path.as_os_str() == kind.word();
        Self::ALL.into_iter().find(is_word)
    }

    /// Its name on the screen.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mixed => "Demo collection, mixed styles",
            Self::Plain => "Demo collection",
        }
    }

    /// The names of its styles, which are the labels of its tracks, in the order in which the tracks take turns.
    pub fn styles(self) -> Vec<&'static str> {
        styles::Style::ALL
            .iter()
            .map(|style| style.plan().name)
            .collect()
    }

    /// Counts up whenever the rendered sound changes, so that an older collection in a user's cache is not taken for
    /// it.
    pub const fn version(self) -> u32 {
        match self {
            Self::Mixed => 4,
            Self::Plain => 3,
        }
    }
}

/// Samples a second. Twice the range of the encoder, so that the collection is pleasant to hear.
pub const SAMPLE_RATE: u32 = 32_000;

/// The same for sums.
const RATE: f32 = SAMPLE_RATE as f32;

/// Samples of each track: four windows of 96 frames of 32 ms, so that no part of the picture is left over.
pub const SAMPLES: usize = 4 * 96 * 1024;
const SECONDS: f32 = SAMPLES as f32 / RATE;
