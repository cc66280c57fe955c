//! Labels that the user gave in the window. They lie in the user's data folder, never beside the music, and are laid
//! over a collection whenever it is opened.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

use super::{CollectionError, Track, labels::COMMON_LIMIT, text::label_text};
use mynascope_base::storage::{Folders, StorageError, write_atomic};

const HEADER: [&str; 3] = ["path", "label", "tags"];

/// Label and tags of tracks by path; each replaces what the collection says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OwnLabels {
    by_path: BTreeMap<PathBuf, Own>,
}

#[derive(Debug, Clone, Default, PartialEq)]
struct Own {
    label: Option<String>,
    tags: Vec<String>,
}

/// The file of this user; `None` without a home folder.
pub fn own_labels_file() -> Option<PathBuf> {
    Some(Folders::of_user().ok()?.data.join("own-labels.csv"))
}

impl OwnLabels {
    /// Reads the file: `path,label,tags`, tags parted by semicolons. A missing file holds nothing.
    ///
    /// # Errors
    /// Fails if the file cannot be read or is damaged; it is left as it is.
    pub fn load(file: &Path) -> Result<Self, CollectionError> {
        let unreadable = |source| CollectionError::Unreadable {
            source,
            path: file.to_path_buf(),
        };
        let reader = match fs::File::open(file) {
            Ok(reader) => reader.take(COMMON_LIMIT),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(unreadable(error)),
        };
        let wrong = |line: u64, why: String| CollectionError::Labels {
            line: line as usize,
            why,
            path: file.to_path_buf(),
        };
        let mut reader = csv::Reader::from_reader(reader);
        let header = reader
            .byte_headers()
            .map_err(|error| wrong(1, error.to_string()))?;
        if !header.iter().eq(HEADER.iter().map(|name| name.as_bytes())) {
            return Err(wrong(
                1,
                format!("the columns are not {}", HEADER.join(",")),
            ));
        }
        let mut by_path = BTreeMap::new();
        for record in reader.byte_records() {
            let record = record.map_err(|error| {
                let line = error.position().map_or(0, csv::Position::line);
                wrong(line, error.to_string())
            })?;
            let text = |field| String::from_utf8_lossy(record.get(field).unwrap_or_default());
            let label = label_text(text(1).trim());
            let tags = label_text(&text(2));
            let tags = tags.split(';').map(str::trim);
            let own = Own {
                label: (!label.is_empty()).then_some(label),
                tags: tags
                    .filter(|tag| !tag.is_empty())
                    .map(str::to_owned)
                    .collect(),
            };
            by_path.insert(path_of(record.get(0).unwrap_or_default()), own);
        }
        Ok(Self { by_path })
    }

    /// Keeps label and tags of a track.
    pub fn keep(&mut self, track: &Track) {
        let own = Own {
            label: track.label.clone(),
            tags: track.tags.clone(),
        };
        self.by_path.insert(absolute(&track.path), own);
    }

    /// Lays the labels over tracks; returns of how many.
    pub fn apply(&self, tracks: &mut [Track]) -> usize {
        if self.by_path.is_empty() {
            return 0;
        }
        let mut changed = 0;
        for track in tracks {
            if let Some(own) = self.by_path.get(&absolute(&track.path)) {
                track.label.clone_from(&own.label);
                track.tags.clone_from(&own.tags);
                changed += 1;
            }
        }
        changed
    }

    /// Writes the file.
    ///
    /// # Errors
    /// If the file cannot be written; an old one is untouched.
    pub fn save(&self, file: &Path) -> Result<(), StorageError> {
        write_atomic(file, |file| {
            let mut writer = csv::Writer::from_writer(file);
            writer.write_record(HEADER).map_err(io::Error::other)?;
            for (path, own) in &self.by_path {
                let tags = own.tags.join(";");
                let label = own.label.as_deref().unwrap_or_default();
                let record = [&*bytes_of(path), label.as_bytes(), tags.as_bytes()];
                writer.write_record(record).map_err(io::Error::other)?;
            }
            writer.flush()
        })
    }
}

/// A path from the root, without a look at the disk: the key under which labels are kept.
/// By which what a user keeps of a track is found again.
pub(super) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}

/// The bytes of a path in a table; on Unix any path survives.
pub(super) fn bytes_of(path: &Path) -> std::borrow::Cow<'_, [u8]> {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        path.as_os_str().as_bytes().into()
    }
    #[cfg(not(unix))]
    {
        path.to_string_lossy().into_owned().into_bytes().into()
    }
}

/// The path of bytes in a table.
pub(super) fn path_of(bytes: &[u8]) -> PathBuf {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
    }
    #[cfg(not(unix))]
    {
        PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_labels_survive_and_the_music_folder_is_left_alone() {
        let data = tempfile::tempdir().unwrap();
        let file = data.path().join("deep/own-labels.csv");
        assert_eq!(OwnLabels::load(&file).unwrap(), OwnLabels::default());
        let odd = path_of(b"/music/a,\"\n\xff.wav");
        let given = Track {
            path: odd.clone(),
            label: Some("dub, slow".to_owned()),
            tags: vec!["bass".to_owned(), "night".to_owned()],
            ..Track::default()
        };
        let cleared = Track::of_file(Path::new("/music/b.wav"));
        let mut own = OwnLabels::default();
        own.keep(&given);
        own.keep(&cleared);
        own.save(&file).unwrap();

        let labelled = |path: &Path| Track {
            label: Some("rock".to_owned()),
            tags: vec!["loud".to_owned()],
            ..Track::of_file(path)
        };
        let mut tracks = ["/music/b.wav", "/music/c.wav"].map(|path| labelled(Path::new(path)));
        let mut strange = [labelled(&odd)];
        let read = OwnLabels::load(&file).unwrap();
        if cfg!(unix) {
            assert_eq!(read, own);
            assert_eq!(read.apply(&mut strange), 1);
            assert_eq!(
                (&strange[0].label, &strange[0].tags),
                (&given.label, &given.tags)
            );
        }
        assert_eq!(read.apply(&mut tracks), 1);
        assert_eq!((&tracks[0].label, tracks[0].tags.len()), (&None, 0));
        assert_eq!(tracks[1].label.as_deref(), Some("rock"));

        fs::write(&file, "what,is,this\n").unwrap();
        assert!(matches!(
            OwnLabels::load(&file),
            Err(CollectionError::Labels { line: 1, .. })
        ));
    }
}
