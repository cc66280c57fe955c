//! FMA, the Free Music Archive's data set (Defferrard et al. 2017, "FMA: A dataset for music analysis"): 106,574
//! tracks with genres, in subsets of 8,000 (small), 25,000 (medium) and more clips of 30 s.
//!
//! Accepted as it is distributed:
//! ```text
//! fma_metadata/tracks.csv    three rows of headings: groups (set, track, ...), names (split, genre_top, ...), track_id
//! fma_small/000/000002.mp3   anywhere below, in any format
//! ```
//! either both below the folder, or the clips' folder beside `fma_metadata`, or the table among the clips. Labels are
//! `track.genre_top`, the split is `set.split`, as the paper uses them; of the table only tracks of the subsets are
//! counted as missing that have a file here.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufReader, Read},
    path::{Path, PathBuf},
};

use super::{Annotations, Entry, line_of};
use crate::{
    CollectionError, CollectionKind, Track, labels::COMMON_LIMIT, note::Examples, split::Part,
};

pub(super) const NAME: &str = "FMA";

const TABLE: &str = "tracks.csv";
const METADATA: &str = "fma_metadata";

/// Where the table lies, if this folder is FMA or a part of it.
pub(super) fn table(folder: &Path) -> Option<PathBuf> {
    let whole = std::path::absolute(folder).ok();
    let beside = whole.and_then(|whole| Some(whole.parent()?.join(METADATA)));
    let beside = beside.filter(|_| has_numbered_folder(folder));
    [
        Some(folder.to_path_buf()),
        Some(folder.join(METADATA)),
        beside,
    ]
    .into_iter()
    .flatten()
    .map(|place| place.join(TABLE))
    .find(|path| Columns::of(path).is_some())
}

pub(super) fn is_here(folder: &Path) -> bool {
    table(folder).is_some()
}

/// Whether clips lie right here: `000/000002.mp3`.
fn has_numbered_folder(folder: &Path) -> bool {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names = entries.map(|entry| entry.file_name());
    names.any(|name| {
        let name = name.to_string_lossy();
        name.len() == 3 && name.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// The columns of the table that are read.
struct Columns {
    split: usize,
    subset: Option<usize>,
    genre: usize,
    title: Option<usize>,
}

type Reader = csv::Reader<std::io::Take<BufReader<File>>>;

impl Columns {
    /// Of a table with FMA's three rows of headings; `None` of any other file.
    fn of(path: &Path) -> Option<(Self, Reader)> {
        if !path.is_file() {
            return None;
        }
        // The table has 260 MB, mostly of biographies: it is read row by row, and of each row four fields are kept.
        let file = BufReader::new(File::open(path).ok()?).take(COMMON_LIMIT);
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .has_headers(false)
            .from_reader(file);
        let mut rows = [(); 3].map(|()| csv::ByteRecord::new());
        for row in &mut rows {
            reader.read_byte_record(row).ok()?;
        }
        let [groups, names, id] = &rows;
        if id.get(0) != Some(b"track_id") {
            return None;
        }
        let find = |group: &[u8], name: &[u8]| {
            let columns = groups.iter().zip(names);
            columns
                .enumerate()
                .find(|(_, columns)| *columns == (group, name))
                .map(|(place, _)| place)
        };
        let columns = Self {
            split: find(b"set", b"split")?,
            subset: find(b"set", b"subset"),
            genre: find(b"track", b"genre_top")?,
            title: find(b"track", b"title"),
        };
        Some((columns, reader))
    }
}

pub(super) fn read(folder: &Path) -> Result<Option<Annotations>, CollectionError> {
    let Some(path) = table(folder) else {
        return Ok(None);
    };
    let Some((columns, mut reader)) = Columns::of(&path) else {
        return Ok(None);
    };
    let mut entries = Vec::new();
    let mut subsets: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut record = csv::ByteRecord::new();
    let mut unread = Examples::default();
    let wrong = |line: u64| CollectionError::Labels {
        line: line as usize,
        why: format!("it cannot be read as fields of {NAME}; download {METADATA} again"),
        path: path.clone(),
    };
    loop {
        let line = reader.position().line();
        if !reader
            .read_byte_record(&mut record)
            .map_err(|_| wrong(line))?
        {
            break;
        }
        let text = |place: usize| {
            let text = String::from_utf8_lossy(record.get(place).unwrap_or_default());
            Some(text.trim().to_owned()).filter(|text| !text.is_empty())
        };
        let line = line_of(&path, record.position().map_or(line, csv::Position::line));
        let Some(id) = text(0).as_deref().and_then(number) else {
            unread.add(line.clone(), || line.to_string());
            continue;
        };
        let part = match text(columns.split).as_deref() {
            Some("training") => Some(Part::Train),
            Some("validation") => Some(Part::Valid),
            Some("test") => Some(Part::Test),
            _ => None,
        };
        let label = text(columns.genre);
        // Only what has a genre can be learned or scored.
        let part = part.filter(|_| label.is_some());
        if let Some(subset) = columns.subset.and_then(text) {
            subsets.entry(subset).or_default().push(id.clone());
        }
        let clip: u32 = id.parse().unwrap_or(0);
        entries.push(Entry {
            unlabelled: label.is_none().then(|| (line, "has none".to_owned())),
            expected: folder.join(format!("{:03}/{clip:06}.mp3", clip / 1000)),
            track: Track {
                title: columns.title.and_then(text).unwrap_or_else(|| id.clone()),
                label,
                ..Track::default()
            },
            id,
            part,
        });
    }
    Ok(Some(Annotations {
        kind: CollectionKind::Listed,
        name: NAME,
        entries,
        published: None,
        id_of: |path| number(path.file_stem()?.to_str()?),
        labelled_by: "top genre",
        unread,
        subsets,
    }))
}

/// A track's number without leading zeros.
fn number(text: &str) -> Option<String> {
    text.parse::<u32>().ok().map(|number| number.to_string())
}
