//! The demo collection: original music made by a small synthesiser, with labels that are true because they are the
//! score it was made from. A pure function of the seed: the same files, bit for bit, on every machine.

mod drums;
mod effects;
mod maths;
mod render;
mod song;
mod styles;
mod synths;
mod theory;
mod tones;
mod write;

pub use write::{DemoSummary, demo_folder, write_demo};

/// The seed of the demo collection that `demo` opens.
pub const DEMO_SEED: u64 = 0;

/// Counts up whenever the rendered sound changes, so that an older collection in a user's cache is not taken for it.
const VERSION: u32 = 3;

/// Samples a second. Twice the range of the encoder, so that the collection is pleasant to hear.
const RATE: f32 = 32_000.0;

/// Samples of each track: four windows of 96 frames of 32 ms, so that no part of the picture is left over.
const SAMPLES: usize = 4 * 96 * 1024;
const SECONDS: f32 = SAMPLES as f32 / RATE;

/// The same, as it is told to others.
fn duration_secs() -> f64 {
    SAMPLES as f64 / f64::from(RATE)
}

#[cfg(test)]
mod tests;
