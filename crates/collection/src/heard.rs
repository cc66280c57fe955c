//! Which tracks an encoder was trained on, beside its run: a score on those very tracks is not one on new music.

use std::{
    collections::{HashMap, HashSet},
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::Collection;
use mynascope_base::storage::{ContentKey, StorageError, serde_path, write_atomic};

/// The file in the folder of a run: a line of JSON a track.
const FILE: &str = "tracks.jsonl";

/// A track that was trained on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct HeardTrack {
    /// Where it lay.
    #[serde(with = "serde_path")]
    path: PathBuf,
    /// Its size on disk.
    bytes: u64,
    /// The BLAKE3 hash of its content, 64 hexadecimal digits.
    content: String,
}

/// The tracks that a run was trained on, with those of the run that its first weights came from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HeardTracks(Vec<HeardTrack>);

impl HeardTracks {
    /// Of files and the hashes of their content.
    pub fn of<'a>(files: impl Iterator<Item = (&'a Path, ContentKey)>) -> Self {
        let track = |(path, content): (&Path, ContentKey)| HeardTrack {
            bytes: fs::metadata(path).map_or(0, |about| about.len()),
            path: std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf()),
            content: content.hex(),
        };
        Self(files.map(track).collect())
    }

    /// Those of a run's folder; `None` where nothing says which they were, as in runs of earlier versions.
    pub fn read(run: &Path) -> Option<Self> {
        let text = fs::read_to_string(run.join(FILE)).ok()?;
        let tracks = text.lines().map(|line| serde_json::from_str(line).ok());
        Some(Self(tracks.collect::<Option<_>>()?))
    }

    /// Writes them into a run's folder.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write(&self, run: &Path) -> Result<(), StorageError> {
        write_atomic(&run.join(FILE), |file| {
            self.0.iter().try_for_each(|track| {
                serde_json::to_writer(&mut *file, track).map_err(io::Error::other)?;
                file.write_all(b"\n")
            })
        })
    }

    /// The name of the file, for who must know what is in a run's folder.
    pub const fn file_name() -> &'static str {
        FILE
    }

    /// Both together.
    #[must_use]
    pub fn and(mut self, others: Self) -> Self {
        let known: HashSet<String> = (self.0.iter()).map(|track| track.content.clone()).collect();
        let new = others.0.into_iter();
        self.0
            .extend(new.filter(|track| !known.contains(&track.content)));
        self
    }

    /// How many tracks of a collection are among them, wherever they lie now. Files of the same size are read.
    pub fn among(&self, collection: &Collection) -> usize {
        let paths: HashMap<&Path, u64> = (self
            .0
            .iter()
            .map(|track| (track.path.as_path(), track.bytes)))
        .collect();
        let sizes: HashSet<u64> = self.0.iter().map(|track| track.bytes).collect();
        let contents: HashSet<&str> = self.0.iter().map(|track| track.content.as_str()).collect();
        let is_heard = |path: &Path| {
            let Ok(bytes) = fs::metadata(path).map(|about| about.len()) else {
                return false;
            };
            let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
            paths.get(absolute.as_path()) == Some(&bytes)
                || sizes.contains(&bytes)
                    && ContentKey::of_file(path)
                        .is_ok_and(|content| contents.contains(content.hex().as_str()))
        };
        let tracks = collection.tracks.iter();
        tracks.filter(|track| is_heard(&track.path)).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CollectionKind, Track};

    fn collection(paths: &[PathBuf]) -> Collection {
        Collection {
            name: String::new(),
            kind: CollectionKind::Files,
            tracks: paths.iter().map(|path| Track::of_file(path)).collect(),
            split: None,
            notes: Vec::new(),
        }
    }

    #[test]
    fn a_copy_of_a_heard_track_is_known_and_another_of_its_size_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, what: &str| {
            let path = folder.path().join(name);
            fs::write(&path, what).unwrap();
            path
        };
        let (one, two) = (put("one.wav", "first"), put("two.wav", "second"));
        let heard = [&one, &two].map(|path| (path.as_path(), ContentKey::of_file(path).unwrap()));
        HeardTracks::of(heard.into_iter())
            .write(folder.path())
            .unwrap();
        let heard = HeardTracks::read(folder.path()).unwrap();
        let (copy, other) = (put("copy.wav", "first"), put("other.wav", "thirs"));
        let gone = folder.path().join("gone.wav");
        assert_eq!(heard.among(&collection(&[one, copy, other, gone])), 2);
        assert_eq!(heard.clone().and(heard.clone()), heard);
        assert_eq!(HeardTracks::read(&folder.path().join("older")), None);
    }
}
