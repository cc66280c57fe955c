//! The demo collections as folders of files with their labels.

mod name;
mod write;

pub use name::demo_track_name;
pub use write::{DemoSummary, demo_folder, write_demo};

/// The seed of the demo collections that `demo` and `demo-plain` open.
pub const DEMO_SEED: u64 = 0;

#[cfg(test)]
mod tests;
