//! What a user made is never written over because it cannot be read.

use std::path::Path;

use mynascope_base::storage::StorageError;
use mynascope_collection::CollectionError;

/// Keeps a damaged file under another name, `labels.damaged.csv` for `labels.csv`: somebody may mend it. `what` is done, as
/// the error says it.
///
/// # Errors
/// The system's error if the file cannot be renamed.
pub fn set_aside(
    file: &Path,
    what: &'static str,
    damage: &CollectionError,
) -> Result<(), StorageError> {
    tracing::warn!("{what}: {damage}");
    let ending = file.extension().unwrap_or_default().to_string_lossy();
    let aside = file.with_extension(format!("damaged.{ending}"));
    std::fs::rename(file, &aside).map_err(|source| StorageError::Io {
        what,
        source,
        path: aside,
    })
}
