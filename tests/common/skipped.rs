//! Promises whose test needs what this machine lacks. None is passed over in silence.

use std::{
    fs::OpenOptions,
    io::Write,
    path::{Path, PathBuf},
};

/// Names the file to which each skipped promise is written, a line each: `.ci/run` counts them and fails if there is one.
const SKIPPED_FILE: &str = "MYNASCOPE_SKIPPED";
/// Names the file to which each promise is written that needs a GPU: told by `.ci/run`, but no failure.
const NEEDS_GPU_FILE: &str = "MYNASCOPE_NEEDS_GPU";

/// A folder of files that are too large for the repository or not ours to ship, if it lies beside the checkout; else
/// the promise counts as skipped.
pub fn beside_the_checkout(folder: &str, promise: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../shared")
        .join(folder);
    if path.is_dir() {
        return Some(path);
    }
    let why = format!("there is no {}", path.display());
    note("skipped", promise, &why, SKIPPED_FILE);
    None
}

/// Counts a promise that only a machine with a GPU can keep or break.
pub fn needs_gpu(promise: &str, why: &str) {
    note("needs a GPU", promise, why, NEEDS_GPU_FILE);
}

fn note(kind: &str, promise: &str, why: &str, file_variable: &str) {
    let line = format!("{kind}: {promise} ({why})\n");
    // Past the test harness, which keeps what passing tests print to itself.
    let _ = std::io::stderr().write_all(line.as_bytes());
    if let Some(path) = std::env::var_os(file_variable) {
        let file = OpenOptions::new().create(true).append(true).open(path);
        // At once, since tests run side by side.
        file.unwrap().write_all(line.as_bytes()).unwrap();
    }
}
