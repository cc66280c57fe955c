//! MagnaTagATune (Law et al. 2009): 25,863 clips of 29 s with tags that players of a game agreed on.
//!
//! Accepted as it is distributed:
//! ```text
//! annotations_final.csv   tab-separated: clip_id, 188 columns of 0 and 1, mp3_path
//! clip_info_final.csv     tab-separated, may be missing: clip_id, title, artist, ...
//! 0/ .. f/                the clips, anywhere below, in any format
//! ```
//! The tables may lie in a folder of their own, and the clips all in one. A clip's tags are those of the 50 tags that
//! occur most often in the annotations. The split is the usual one by folder: 0 to b train, c valid, d to f test;
//! 18,706, 1,825 and 5,329 clips that can be decoded. Clips without one of the 50 tags stay.

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
};

use super::{Annotations, Entry, line_of};
use crate::{CollectionError, CollectionKind, Track, note::Examples, split::Part, table::Table};

pub(super) const NAME: &str = "MagnaTagATune";

const TAGS: &str = "annotations_final.csv";
const CLIPS: &str = "clip_info_final.csv";
const ID: &str = "clip_id";
const PATH: &str = "mp3_path";

/// How many tags are kept.
const MOST_TAGS: usize = 50;

fn is_known(heading: &str) -> bool {
    ["clip_id", "mp3_path", "title", "artist"].contains(&heading)
}

/// Where the table lies: here, or in one folder below.
pub(super) fn table(folder: &Path) -> Option<PathBuf> {
    let below = std::fs::read_dir(folder).ok()?.flatten();
    let mut folders: Vec<PathBuf> = below
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort_unstable();
    folders.insert(0, folder.to_path_buf());
    let mut tables = folders.into_iter().map(|place| place.join(TAGS));
    // Other data sets use that name, too.
    tables.find(|path| {
        Table::header(path, is_known).is_some_and(|names| {
            let has = |wanted: &str| names.iter().any(|name| name == wanted);
            has(ID) && has(PATH)
        })
    })
}

pub(super) fn is_here(folder: &Path) -> bool {
    table(folder).is_some()
}

pub(super) fn read(folder: &Path) -> Result<Option<Annotations>, CollectionError> {
    let Some(path) = table(folder) else {
        return Ok(None);
    };
    let table = Table::read(&path, is_known)?;
    let kept = frequent_tags(&table);
    let titles: HashMap<String, String> =
        match Table::read_if_there(&path.with_file_name(CLIPS), is_known)? {
            Some(clips) => clips
                .rows()
                .filter_map(|row| {
                    let (title, artist) =
                        (row.get("title")?, row.get("artist").unwrap_or_default());
                    let title = match artist {
                        "" => title.to_owned(),
                        artist => format!("{title} ({artist})"),
                    };
                    Some((row.get(ID)?.to_owned(), title))
                })
                .collect(),
            None => HashMap::new(),
        };
    let mut entries = Vec::new();
    let mut unread = Examples::default();
    for row in table.rows() {
        let path = row.get(PATH).unwrap_or_default();
        let Some(id) = id_of(Path::new(path)) else {
            let line = line_of(Path::new(TAGS), row.line());
            unread.add(line.clone(), || line.to_string());
            continue;
        };
        let tags = kept
            .iter()
            .filter(|(column, _)| row.at(*column) == Some("1"))
            .map(|(_, name)| name.clone())
            .collect();
        let title = row.get(ID).and_then(|clip| titles.get(clip));
        // Clips without one of the kept tags are scored, too: they have none of them.
        entries.push(Entry {
            unlabelled: None,
            part: part_of(path),
            expected: folder.join(path),
            track: Track {
                title: title.cloned().unwrap_or_else(|| file_title(path)),
                tags,
                ..Track::default()
            },
            id,
        });
    }
    Ok(Some(Annotations {
        kind: CollectionKind::MagnaTagATune,
        name: NAME,
        entries,
        published: Some([18_706, 1_825, 5_329]),
        id_of,
        labelled_by: "tag",
        unread,
        subsets: BTreeMap::new(),
    }))
}

fn file_title(path: &str) -> String {
    Track::of_file(&PathBuf::from(path)).title
}

/// Columns and names of the tags that occur most often, most frequent first; equal ones in the table's order.
fn frequent_tags(table: &Table) -> Vec<(usize, String)> {
    let is_tag = |name: &String| !name.is_empty() && name != ID && name != PATH;
    let tags = table
        .names()
        .iter()
        .enumerate()
        .filter(|(_, name)| is_tag(name));
    let mut counts: Vec<(usize, usize)> = tags.map(|(column, _)| (column, 0)).collect();
    for row in table.rows() {
        for (column, count) in &mut counts {
            *count += usize::from(row.at(*column) == Some("1"));
        }
    }
    counts.retain(|(_, count)| *count > 0);
    counts.sort_by_key(|&(column, count)| (std::cmp::Reverse(count), column));
    counts.truncate(MOST_TAGS);
    counts
        .into_iter()
        .filter_map(|(column, _)| Some((column, table.names().get(column)?.clone())))
        .collect()
}

/// A clip by its folder and its file without the ending, `f/american_bach_soloists-...-30-59`; where the folder is none
/// of the published ones, by the file alone.
fn id_of(path: &Path) -> Option<String> {
    let stem = path.file_stem()?.to_str()?;
    let folder = path.parent().and_then(Path::file_name);
    Some(match folder.and_then(|folder| folder.to_str()) {
        Some(folder) if folder.len() == 1 => format!("{folder}/{stem}"),
        _ => stem.to_owned(),
    })
}

/// The part of a clip by the folder that its published path begins with.
fn part_of(path: &str) -> Option<Part> {
    let mut folders = path.rsplit(['/', '\\']).skip(1);
    let folder = folders.next().filter(|folder| folder.len() == 1)?;
    match folder.bytes().next()? {
        b'0'..=b'9' | b'a' | b'b' => Some(Part::Train),
        b'c' => Some(Part::Valid),
        b'd'..=b'f' => Some(Part::Test),
        _ => None,
    }
}
