//! Keeping what decoding found of files in the index of their collection, so that the next start knows it.

use std::{collections::BTreeMap, path::PathBuf};

use crate::gui::{jobs::BackgroundWriter, message::Outbox};
use mynascope_collection::{FileFacts, index_file, keep_decoded};

/// What was found of a file.
pub struct Decoded {
    /// What the collection was opened from.
    pub sources: Vec<PathBuf>,
    /// The file.
    pub path: PathBuf,
    /// What decoding it found.
    pub facts: FileFacts,
}

/// Starts the thread that keeps it.
///
/// # Errors
/// The system's error if it gives no thread.
pub fn start(outbox: Outbox) -> std::io::Result<BackgroundWriter<Decoded>> {
    let nothing = |_: &Outbox| ();
    BackgroundWriter::start("decoded-facts", outbox, nothing, |found| {
        keep(found);
        Ok(())
    })
}

fn keep(found: Vec<Decoded>) {
    let mut of_index: BTreeMap<PathBuf, Vec<(PathBuf, FileFacts)>> = BTreeMap::new();
    for decoded in found {
        if let Some(index) = index_file(&decoded.sources) {
            let files = of_index.entry(index).or_default();
            files.push((decoded.path, decoded.facts));
        }
    }
    for (index, files) in of_index {
        // An index that cannot be written costs the next start a look, no more.
        if let Err(error) = keep_decoded(&index, files) {
            tracing::warn!("what decoding found is not kept: {error}");
        }
    }
}
