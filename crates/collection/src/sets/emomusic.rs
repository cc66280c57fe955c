//! EmoMusic (Soleymani et al. 2013, "1000 songs for emotional analysis of music"): 744 clips of 45 s with arousal and
//! valence from 1 to 9.
//!
//! Accepted as it is distributed, with the two tables in `annotations/` or beside the clips:
//! ```text
//! annotations/static_annotations.csv   song_id, mean_arousal, ..., mean_valence, ...
//! annotations/songs_info.csv           song_id, Artist, Song title, Genre, Mediaeval 2013 set, ...
//! clips_45seconds/2.mp3                anywhere below, in any format
//! ```
//! Test is the published evaluation set; the rest is train or valid by artist, 8 to 2, as in JukeMIR: 504, 115 and
//! 125 clips. Values are kept as published; who learns from them standardises them by the training part.

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
};

use super::{Annotations, Entry, artist::bucket, line_of};
use crate::{
    CollectionError, CollectionKind, Track,
    note::{Examples, ListLine},
    split::Part,
    table::Table,
};

pub(super) const NAME: &str = "EmoMusic";

const LABELS: &str = "static_annotations.csv";
const SONGS: &str = "songs_info.csv";

/// Artists fall into so many parts ...
const ARTISTS: u32 = 10;
/// ... of which the first so many are train.
const TRAIN_ARTISTS: u32 = 8;

fn is_known(heading: &str) -> bool {
    ["song_id", "mean_arousal", "mean_valence", "Artist"].contains(&heading)
}

/// Where the tables lie.
fn place(folder: &Path) -> Option<PathBuf> {
    [folder.join("annotations"), folder.to_path_buf()]
        .into_iter()
        .find(|place| place.join(LABELS).is_file() && place.join(SONGS).is_file())
}

/// The table of the labels.
pub(super) fn table(folder: &Path) -> Option<PathBuf> {
    Some(place(folder)?.join(LABELS))
}

pub(super) fn is_here(folder: &Path) -> bool {
    place(folder).is_some()
}

pub(super) fn read(folder: &Path) -> Result<Option<Annotations>, CollectionError> {
    let Some(place) = place(folder) else {
        return Ok(None);
    };
    let labels = Table::read(&place.join(LABELS), is_known)?;
    labels.needs(&["song_id", "mean_arousal", "mean_valence"])?;
    // Of each song its values, or what stands in their place.
    let mut emotions: HashMap<String, Result<[f32; 2], (ListLine, String)>> = HashMap::new();
    let mut unread = Examples::default();
    for row in labels.rows() {
        let line = line_of(Path::new(LABELS), row.line());
        let Some(id) = row.get("song_id").and_then(number) else {
            unread.add(line.clone(), || line.to_string());
            continue;
        };
        let fields = ["mean_arousal", "mean_valence"].map(|name| row.get(name).unwrap_or_default());
        let values = fields.map(|field| {
            let value = field.parse::<f32>().ok();
            value.filter(|value| (1.0..=9.0).contains(value))
        });
        let emotion = match values {
            [Some(arousal), Some(valence)] => Ok([arousal, valence]),
            _ => Err((line, format!("`{}`, `{}`", fields[0], fields[1]))),
        };
        emotions.insert(id, emotion);
    }
    let songs = Table::read(&place.join(SONGS), is_known)?;
    songs.needs(&["song_id", "Mediaeval 2013 set"])?;
    let mut entries = Vec::new();
    for row in songs.rows() {
        let line = line_of(Path::new(SONGS), row.line());
        let Some(id) = row.get("song_id").and_then(number) else {
            unread.add(line.clone(), || line.to_string());
            continue;
        };
        let (emotion, unlabelled) = match emotions.get(&id) {
            Some(Ok(emotion)) => (Some(*emotion), None),
            Some(Err(fault)) => (None, Some(fault.clone())),
            None => (None, Some((line, format!("is not in {LABELS}")))),
        };
        let artist = row.get("Artist").unwrap_or_default();
        let part = if row.get("Mediaeval 2013 set") == Some("evaluation") {
            Part::Test
        } else if bucket(&plain(artist), ARTISTS) < TRAIN_ARTISTS {
            Part::Train
        } else {
            Part::Valid
        };
        let title = match row.get("Song title").unwrap_or_default() {
            "" => id.clone(),
            song if artist.is_empty() => song.to_owned(),
            song => format!("{song} ({artist})"),
        };
        let genre = row.get("Genre").filter(|genre| !genre.is_empty());
        entries.push(Entry {
            expected: folder.join("clips_45seconds").join(format!("{id}.mp3")),
            track: Track {
                title,
                label: genre.map(str::to_owned),
                emotion,
                ..Track::default()
            },
            id,
            part: emotion.map(|_| part),
            unlabelled,
        });
    }
    Ok(Some(Annotations {
        kind: CollectionKind::EmoMusic,
        name: NAME,
        entries,
        published: Some([504, 115, 125]),
        id_of: |path| number(path.file_stem()?.to_str()?),
        labelled_by: "pair of arousal and valence from 1 to 9",
        unread,
        subsets: BTreeMap::new(),
    }))
}

/// A song's number without leading zeros: clips are also passed on as `0002.wav`.
fn number(text: &str) -> Option<String> {
    text.parse::<u32>().ok().map(|number| number.to_string())
}

/// An artist's name as the split reads it: ASCII letters in lower case, words parted by one space.
fn plain(artist: &str) -> String {
    let lower = artist.to_lowercase();
    let kept: String = lower
        .chars()
        .filter(|c| c.is_ascii_alphabetic() || (c.is_ascii() && c.is_whitespace()))
        .collect();
    kept.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn artists_are_read_as_the_split_reads_them() {
        assert_eq!(plain("  Björk &  Sons 7 "), "bjrk sons");
    }
}
