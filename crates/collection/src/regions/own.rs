//! The user's regions of all tracks, in one file of the user's data folder: never beside the music.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{Region, sort};
use crate::{CollectionError, labels::COMMON_LIMIT, own::absolute};
use mynascope_base::storage::{Folders, StorageError, path_from_text, path_to_text, write_atomic};

/// Regions by the absolute path of their track.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OwnRegions {
    by_path: BTreeMap<PathBuf, Vec<Region>>,
}

/// As it is written.
#[derive(Serialize, Deserialize)]
struct File {
    format: u32,
    tracks: BTreeMap<String, Vec<Region>>,
}

const FORMAT: u32 = 1;

/// The file of this user; `None` without a home folder.
pub fn own_regions_file() -> Option<PathBuf> {
    Some(Folders::of_user().ok()?.data.join("regions.json"))
}

impl OwnRegions {
    /// Reads the file. A missing one holds nothing.
    ///
    /// # Errors
    /// Fails if the file cannot be read or is damaged; it is left as it is.
    pub fn load(file: &Path) -> Result<Self, CollectionError> {
        let unreadable = |source| CollectionError::Unreadable {
            source,
            path: file.to_path_buf(),
        };
        let bytes = match fs::metadata(file) {
            Ok(metadata) if metadata.len() > COMMON_LIMIT => {
                return Err(unreadable(io::Error::other(
                    "it is too large to be regions",
                )));
            }
            Ok(_) => fs::read(file).map_err(unreadable)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(unreadable(error)),
        };
        let wrong = |error: serde_json::Error| CollectionError::Labels {
            line: error.line(),
            why: error.to_string(),
            path: file.to_path_buf(),
        };
        let read: File = serde_json::from_slice(&bytes).map_err(wrong)?;
        Ok(Self {
            by_path: read
                .tracks
                .into_iter()
                .map(|(path, regions)| (path_from_text(&path), regions))
                .collect(),
        })
    }

    /// Those of a track, in order of time.
    pub fn of(&self, path: &Path) -> &[Region] {
        let found = self.by_path.get(&absolute(path));
        found.map_or(&[], Vec::as_slice)
    }

    /// Replaces those of a track.
    pub fn set(&mut self, path: &Path, mut regions: Vec<Region>) {
        sort(&mut regions);
        if regions.is_empty() {
            self.by_path.remove(&absolute(path));
        } else {
            self.by_path.insert(absolute(path), regions);
        }
    }

    /// The tracks whose regions differ from another state of them.
    pub fn changed_from(&self, before: &Self) -> Vec<PathBuf> {
        let all = self.by_path.keys().chain(before.by_path.keys());
        let mut changed: Vec<PathBuf> = all
            .filter(|path| self.by_path.get(*path) != before.by_path.get(*path))
            .cloned()
            .collect();
        changed.sort_unstable();
        changed.dedup();
        changed
    }

    /// Writes the file.
    ///
    /// # Errors
    /// If the file cannot be written; an old one is untouched.
    pub fn save(&self, file: &Path) -> Result<(), StorageError> {
        let tracks = self
            .by_path
            .iter()
            .map(|(path, regions)| (path_to_text(path), regions.clone()))
            .collect();
        let written = File {
            format: FORMAT,
            tracks,
        };
        write_atomic(file, |file| {
            serde_json::to_writer_pretty(file, &written).map_err(io::Error::from)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_are_read_back_as_they_were_kept() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("regions.json");
        let region = |start_secs: f64, name: &str| Region {
            start_secs,
            end_secs: start_secs + 1.5,
            name: name.to_owned(),
        };
        let mut own = OwnRegions::load(&file).unwrap();
        let track = folder.path().join("a \"b\".wav");
        own.set(&track, vec![region(4.25, "refrain"), region(0.1, "")]);
        own.save(&file).unwrap();
        let mut read = OwnRegions::load(&file).unwrap();
        assert_eq!(read, own);
        assert_eq!(read.of(&track), [region(0.1, ""), region(4.25, "refrain")]);
        assert!(read.of(Path::new("/other.wav")).is_empty());
        let before = read.clone();
        read.set(&track, Vec::new());
        assert_eq!(read.changed_from(&before), [track]);
        fs::write(&file, "{\"format\": 1, \"tracks\": 3").unwrap();
        assert!(OwnRegions::load(&file).is_err());
    }
}
