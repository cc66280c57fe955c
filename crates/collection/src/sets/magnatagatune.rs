//! MagnaTagATune (Law et al. 2009): 25,863 clips of 29 s with tags that players of a game agreed on.
//!
//! Accepted as it is distributed:
//! ```text
//! annotations_final.csv   tab-separated: clip_id, 188 columns of 0 and 1, mp3_path
//! clip_info_final.csv     tab-separated, may be missing: clip_id, title, artist, ...
//! 0/ .. f/                the clips, here or in one folder below, in any format
//! ```
//! A clip's tags are those of the 50 tags that occur most often in the annotations. The split is the usual one by
//! folder: 0 to b train, c valid, d to f test; 18,706, 1,825 and 5,329 clips that can be decoded. Clips without one of
//! the 50 tags stay.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use super::{Annotations, Entry, Part, table::Table};
use crate::{CollectionError, CollectionKind, Track};

pub(super) const NAME: &str = "MagnaTagATune";

const TAGS: &str = "annotations_final.csv";
const CLIPS: &str = "clip_info_final.csv";

/// How many tags are kept.
const MOST_TAGS: usize = 50;

pub(super) fn is_here(folder: &Path) -> bool {
    // Other data sets use that name, too.
    Table::header(&folder.join(TAGS), b'\t').is_some_and(|names| {
        names.first().is_some_and(|name| name == "clip_id")
            && names.last().is_some_and(|name| name == "mp3_path")
    })
}

pub(super) fn read(folder: &Path) -> Result<Option<Annotations>, CollectionError> {
    if !is_here(folder) {
        return Ok(None);
    }
    let table = Table::read(&folder.join(TAGS), b'\t')?;
    let kept = frequent_tags(&table);
    let titles: HashMap<String, String> = match Table::read_if_there(&folder.join(CLIPS), b'\t')? {
        Some(clips) => clips
            .rows()
            .filter_map(|row| {
                let (title, artist) = (row.get("title")?, row.get("artist").unwrap_or_default());
                let title = match artist {
                    "" => title.to_owned(),
                    artist => format!("{title} ({artist})"),
                };
                Some((row.get("clip_id")?.to_owned(), title))
            })
            .collect(),
        None => HashMap::new(),
    };
    let entries = table.rows().filter_map(|row| {
        let path = row.get("mp3_path")?;
        let id = id_of(Path::new(path))?;
        let tags = kept
            .iter()
            .filter(|(column, _)| row.at(*column) == Some("1"))
            .map(|(_, name)| name.clone())
            .collect();
        let title = row.get("clip_id").and_then(|clip| titles.get(clip));
        Some(Entry {
            part: part_of(&id),
            expected: folder.join(path),
            track: Track {
                title: title.cloned().unwrap_or_else(|| file_title(path)),
                tags,
                ..Track::default()
            },
            id,
        })
    });
    Ok(Some(Annotations {
        kind: CollectionKind::MagnaTagATune,
        name: NAME,
        entries: entries.collect(),
        published: [18_706, 1_825, 5_329],
        id_of,
    }))
}

fn file_title(path: &str) -> String {
    Track::of_file(&PathBuf::from(path)).title
}

/// Columns and names of the tags that occur most often, most frequent first; equal ones in the table's order.
fn frequent_tags(table: &Table) -> Vec<(usize, String)> {
    let last = table.names().len().saturating_sub(1);
    let mut counts: Vec<(usize, usize)> = (1..last).map(|column| (column, 0)).collect();
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

/// A clip by its folder and its file without the ending: `f/american_bach_soloists-...-30-59`.
fn id_of(path: &Path) -> Option<String> {
    let folder = path.parent()?.file_name()?.to_str()?;
    let stem = path.file_stem()?.to_str()?;
    (folder.len() == 1).then(|| format!("{folder}/{stem}"))
}

fn part_of(id: &str) -> Option<Part> {
    match id.bytes().next()? {
        b'0'..=b'9' | b'a' | b'b' => Some(Part::Train),
        b'c' => Some(Part::Valid),
        b'd'..=b'f' => Some(Part::Test),
        _ => None,
    }
}
