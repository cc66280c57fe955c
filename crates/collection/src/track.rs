//! Tracks and collections of them.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use mynascope_audio::FileTags;
use mynascope_base::natural_order;

use super::{Note, Split, text::shown_name};

/// One sound file and what is known about it without decoding it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Track {
    /// Where the file is. May hold any bytes that the system allows in a name.
    pub path: PathBuf,
    /// What to call it on the screen.
    pub title: String,
    /// Its class: genre, style or sub-folder.
    pub label: Option<String>,
    /// 0 to 11: C to B major; 12 to 23: C to B minor (see [`super::KEYS`]).
    pub key: Option<u8>,
    /// Beats per minute.
    pub tempo_bpm: Option<f32>,
    /// Instruments and other properties that a track may have several of.
    pub tags: Vec<String>,
    /// Arousal and valence, each from 1 (low) to 9 (high), as in EmoMusic.
    pub emotion: Option<[f32; 2]>,
    /// Its fold, where a list parts its tracks into folds for cross-validation.
    pub fold: Option<u32>,
    /// Length, where a label file or the file's header tells it.
    pub duration_secs: Option<f64>,
    /// Short name of its codec, where the header was read: "flac".
    pub codec: Option<String>,
    /// What the file says of its music, once its header was read.
    pub file_tags: FileTags,
    /// Why the track cannot be used, where that is known without decoding it.
    pub problem: Option<String>,
    /// What is wrong with a track that can be used: it ends early.
    pub warning: Option<String>,
}

impl Track {
    /// A track of which only the file is known: its title is the file's stem.
    pub fn of_file(path: &Path) -> Self {
        let name = path.file_stem().or_else(|| path.file_name());
        let shown = shown_name(name.unwrap_or(path.as_os_str()));
        Self {
            path: path.to_path_buf(),
            // A title is one line, whatever the system allows in a name.
            title: shown.replace(char::is_control, " "),
            ..Self::default()
        }
    }
}

impl Track {
    /// Keeps what the file says of its music; its title is shown instead of the name of the file.
    pub fn learn_tags(&mut self, tags: FileTags) {
        if let Some(title) = &tags.title
            && self.title == Self::of_file(&self.path).title
        {
            self.title.clone_from(title);
        }
        self.file_tags = tags;
    }
}

/// Where a collection came from, which decides what can be asked of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CollectionKind {
    /// The plain demo collection, one style a track: every label is known.
    Demo,
    /// The demo collection whose tracks mix two styles.
    MixedDemo,
    /// A folder of the shape of GTZAN: genres, and the published split where its files occur.
    Gtzan,
    /// GiantSteps key, with GiantSteps-MTG key where it is there: keys.
    GiantSteps,
    /// EmoMusic: arousal and valence.
    EmoMusic,
    /// MagnaTagATune: tags.
    MagnaTagATune,
    /// A table of paths and labels.
    Listed,
    /// A folder: labels are sub-folders.
    Folder,
    /// Single files, or several things together.
    Files,
}

/// Tracks with their labels.
#[derive(Debug, Clone, PartialEq)]
pub struct Collection {
    /// What to call it on the screen.
    pub name: String,
    /// What it was recognised as.
    pub kind: CollectionKind,
    /// In a fixed order: the same paths give the same order.
    pub tracks: Vec<Track>,
    /// The published split, where there is one for these tracks; places in `tracks`.
    pub split: Option<Split>,
    /// What was left out or not understood, and why.
    pub notes: Vec<Note>,
}

impl Collection {
    /// The labels that occur, in natural order, each once.
    pub fn labels(&self) -> Vec<String> {
        let labels: BTreeSet<&String> = self
            .tracks
            .iter()
            .filter_map(|track| track.label.as_ref())
            .collect();
        let mut labels: Vec<String> = labels.into_iter().cloned().collect();
        labels.sort_by(|a, b| natural_order(a, b));
        labels
    }

    /// The sentences of the notes.
    pub fn note_texts(&self) -> impl Iterator<Item = &str> {
        self.notes.iter().map(|note| note.text.as_str())
    }

    /// Takes tracks out, by their places; the others stay in their order and in their parts of the split.
    pub fn remove(&mut self, places: &BTreeSet<usize>) {
        let mut place = 0;
        self.tracks.retain(|_| {
            place += 1;
            !places.contains(&(place - 1))
        });
        if let Some(split) = &mut self.split {
            for part in [&mut split.train, &mut split.valid, &mut split.test] {
                part.retain(|place| !places.contains(place));
                for place in part {
                    *place -= places.range(..*place).count();
                }
            }
        }
    }

    /// The part of the published split that each track belongs to: train, valid, test or none. `[tracks]`
    pub fn parts(&self) -> Vec<Option<&'static str>> {
        let mut parts = vec![None; self.tracks.len()];
        if let Some(split) = &self.split {
            for (places, name) in [
                (&split.train, "train"),
                (&split.valid, "valid"),
                (&split.test, "test"),
            ] {
                for &place in places {
                    if let Some(part) = parts.get_mut(place) {
                        *part = Some(name);
                    }
                }
            }
        }
        parts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tracks_that_are_taken_out_leave_the_others_in_their_parts() {
        let tracks = ["a", "b", "c", "d", "e"].map(|name| Track::of_file(Path::new(name)));
        let mut collection = Collection {
            name: String::new(),
            kind: CollectionKind::Gtzan,
            tracks: tracks.into(),
            split: Some(Split {
                train: vec![0, 3],
                valid: vec![1],
                test: vec![2, 4],
            }),
            notes: Vec::new(),
        };
        let parts = |collection: &Collection| -> Vec<(String, Option<&'static str>)> {
            let titles = collection.tracks.iter().map(|track| track.title.clone());
            titles.zip(collection.parts()).collect()
        };
        let mut left = parts(&collection);
        left.retain(|(title, _)| title != "b" && title != "d");
        collection.remove(&BTreeSet::from([1, 3, 9]));
        assert_eq!(parts(&collection), left);
    }

    #[test]
    fn labels_are_sorted_and_unique() {
        let track = |label: Option<&str>| Track {
            label: label.map(str::to_owned),
            ..Track::default()
        };
        let collection = Collection {
            name: "three".to_owned(),
            kind: CollectionKind::Folder,
            tracks: vec![
                track(Some("rock")),
                track(None),
                track(Some("dub")),
                track(Some("rock")),
                track(Some("10")),
                track(Some("9")),
            ],
            split: None,
            notes: Vec::new(),
        };
        assert_eq!(collection.labels(), ["9", "10", "dub", "rock"]);
    }
}
