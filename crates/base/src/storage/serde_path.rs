//! Paths in JSON and TOML, as [`path_to_text`] writes them: `#[serde(with = "serde_path")]` for a path,
//! `serde_path::list` for several and `serde_path::option` for one that may be missing. Serde's own way fails for names
//! that are not UTF-8.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serializer};

use super::{path_from_text, path_to_text};

/// Writes a path.
///
/// # Errors
/// The serializer's.
pub fn serialize<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&path_to_text(path))
}

/// Reads a path.
///
/// # Errors
/// The deserializer's, also if the value is no text.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
    Ok(path_from_text(&String::deserialize(deserializer)?))
}

/// Several paths.
pub mod list {
    use super::*;

    /// Writes paths.
    ///
    /// # Errors
    /// The serializer's.
    pub fn serialize<S: Serializer>(paths: &[PathBuf], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(paths.iter().map(|path| path_to_text(path)))
    }

    /// Reads paths.
    ///
    /// # Errors
    /// The deserializer's, also if the value is no text.
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<PathBuf>, D::Error> {
        let texts = Vec::<String>::deserialize(deserializer)?;
        Ok(texts.iter().map(|text| path_from_text(text)).collect())
    }
}

/// A path that may be missing.
pub mod option {
    use super::*;

    /// Writes a path, or nothing.
    ///
    /// # Errors
    /// The serializer's.
    pub fn serialize<S: Serializer>(
        path: &Option<PathBuf>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match path {
            Some(path) => serializer.serialize_some(&path_to_text(path)),
            None => serializer.serialize_none(),
        }
    }

    /// Reads a path, or nothing.
    ///
    /// # Errors
    /// The deserializer's, also if the value is no text.
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<PathBuf>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        Ok(text.map(|text| path_from_text(&text)))
    }
}

/// Paths with what is said of each (why it was left out): pairs.
pub mod pairs {
    use serde::Serialize;

    use super::*;

    /// Writes pairs.
    ///
    /// # Errors
    /// The serializer's.
    pub fn serialize<T: Serialize, S: Serializer>(
        pairs: &[(PathBuf, T)],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(pairs.iter().map(|(path, said)| (path_to_text(path), said)))
    }
}
