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
const VERSION: u32 = 2;

/// Samples a second. Twice the range of the encoder, so that the collection is pleasant to hear.
const RATE: f32 = 32_000.0;

/// Length of each track.
const SECONDS: f32 = 12.0;

#[cfg(test)]
mod tests;
