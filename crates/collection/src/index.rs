//! What the headers of a collection's files said, and what decoding them found, kept in the cache: a file is read again
//! only when its size or its time has changed.

use std::{
    collections::HashMap,
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use super::{
    FileFacts,
    labels::COMMON_LIMIT,
    own::{bytes_of, path_of},
};
use mynascope_audio::FileTags;
use mynascope_base::storage::{StorageError, write_atomic};

/// The columns; another version has others, and is read as empty. One is renamed where decoders learned to read more or to
/// tell lengths better, so that all is read once more.
const HEADER: [&str; 13] = [
    "size",
    "modified_ns",
    "exact_seconds",
    "codec",
    "problem",
    "warning",
    "decoded",
    "title",
    "artist",
    "album",
    "genre",
    "date",
    "path",
];

/// Stands where more is known than a header says.
const DECODED: &str = "yes";

/// By what a file is known to be unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    size: u64,
    /// Nanoseconds since 1970; 0 where the system tells no time.
    modified_ns: u128,
}

impl Stamp {
    /// The stamp of a file; `None` if it cannot be looked at.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let metadata = fs::metadata(path).ok()?;
        let modified = metadata.modified().ok();
        let since = modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        Some(Self {
            size: metadata.len(),
            modified_ns: since.map_or(0, |since| since.as_nanos()),
        })
    }
}

/// The index of one collection.
#[derive(Debug, Default)]
pub(super) struct Index {
    entries: HashMap<PathBuf, (Stamp, FileFacts)>,
}

impl Index {
    /// Reads an index. One that is missing, damaged or of another version is empty: it can be made again.
    pub(super) fn load(file: &Path) -> Self {
        Self::read(file).unwrap_or_default()
    }

    fn read(file: &Path) -> Option<Self> {
        let mut reader = csv::Reader::from_reader(fs::File::open(file).ok()?.take(COMMON_LIMIT));
        let header = reader.byte_headers().ok()?;
        if !header.iter().eq(HEADER.iter().map(|name| name.as_bytes())) {
            return None;
        }
        let mut entries = HashMap::new();
        let mut record = csv::ByteRecord::new();
        while reader.read_byte_record(&mut record).ok()? {
            let text = |field| std::str::from_utf8(record.get(field)?).ok();
            let some = |field| {
                text(field)
                    .filter(|text| !text.is_empty())
                    .map(str::to_owned)
            };
            let stamp = Stamp {
                size: text(0)?.parse().ok()?,
                modified_ns: text(1)?.parse().ok()?,
            };
            let facts = FileFacts {
                duration_secs: text(2)?.parse().ok(),
                codec: some(3),
                problem: some(4),
                warning: some(5),
                decoded: text(6)? == DECODED,
                tags: FileTags {
                    title: some(7),
                    artist: some(8),
                    album: some(9),
                    genre: some(10),
                    date: some(11),
                },
            };
            entries.insert(path_of(record.get(12)?), (stamp, facts));
        }
        Some(Self { entries })
    }

    /// What is known of a file, if it has not changed.
    pub(super) fn get(&self, path: &Path, stamp: Stamp) -> Option<&FileFacts> {
        let (known, facts) = self.entries.get(path)?;
        (*known == stamp).then_some(facts)
    }

    /// How many files are known.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Takes over what another index knows of further files.
    pub(super) fn keep_rest(&mut self, other: Self) {
        for (path, entry) in other.entries {
            self.entries.entry(path).or_insert(entry);
        }
    }

    /// Takes over what another index learnt by decoding, of files that have not changed since.
    pub(super) fn keep_decoded(&mut self, other: Self) {
        for (path, (stamp, facts)) in other.entries {
            if facts.decoded
                && let Some(entry) = self.entries.get_mut(&path)
                && entry.0 == stamp
            {
                let codec = facts.codec.or_else(|| entry.1.codec.take());
                let tags = std::mem::take(&mut entry.1.tags);
                entry.1 = FileFacts {
                    codec,
                    tags,
                    ..facts
                };
            }
        }
    }

    /// Keeps what a file's header said, or what decoding it found.
    pub(super) fn keep(&mut self, path: PathBuf, stamp: Stamp, facts: FileFacts) {
        self.entries.insert(path, (stamp, facts));
    }

    /// Writes the index.
    pub(super) fn save(&self, file: &Path) -> Result<(), StorageError> {
        write_atomic(file, |file| {
            let mut writer = csv::Writer::from_writer(file);
            writer.write_record(HEADER).map_err(io::Error::other)?;
            for (path, (stamp, facts)) in &self.entries {
                let secs = facts.duration_secs.map(|secs| secs.to_string());
                let size = stamp.size.to_string();
                let modified = stamp.modified_ns.to_string();
                let tags = &facts.tags;
                let tag = |text: &Option<String>| text.clone().unwrap_or_default().into_bytes();
                let record = [
                    size.as_bytes(),
                    modified.as_bytes(),
                    secs.as_deref().unwrap_or_default().as_bytes(),
                    facts.codec.as_deref().unwrap_or_default().as_bytes(),
                    facts.problem.as_deref().unwrap_or_default().as_bytes(),
                    facts.warning.as_deref().unwrap_or_default().as_bytes(),
                    if facts.decoded { DECODED } else { "" }.as_bytes(),
                    &tag(&tags.title),
                    &tag(&tags.artist),
                    &tag(&tags.album),
                    &tag(&tags.genre),
                    &tag(&tags.date),
                    &*bytes_of(path),
                ];
                writer.write_record(record).map_err(io::Error::other)?;
            }
            writer.flush()
        })
    }
}
