//! TrackGroups that a user makes of tracks, to train a probe on what no collection has labels for.
//!
//! Tracks are selected on the map or in the library and given a group's name. A probe learns the groups from the
//! embeddings that are there; what it gets wrong is heard, moved to another group, and learned again.

use std::{collections::BTreeMap, path::PathBuf};

use mynascope_collection::{Collection, CollectionKind};
use mynascope_embedding::EmbeddingTable;

/// TrackGroups by name, each with its tracks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrackGroups {
    /// The group of each track.
    of: BTreeMap<PathBuf, String>,
}

impl TrackGroups {
    /// Puts tracks into a group, and takes them out of others. A name of nothing but blanks changes nothing. Returns how many
    /// left which other group.
    pub fn put(
        &mut self,
        name: &str,
        tracks: impl IntoIterator<Item = PathBuf>,
    ) -> BTreeMap<String, usize> {
        let name = name.trim();
        let mut moved = BTreeMap::new();
        for path in tracks.into_iter().filter(|_| !name.is_empty()) {
            let before = self.of.insert(path, name.to_owned());
            if let Some(before) = before.filter(|before| before != name) {
                *moved.entry(before).or_insert(0) += 1;
            }
        }
        moved
    }

    /// Gives up a group; its tracks are in none.
    pub fn give_up(&mut self, name: &str) {
        self.of.retain(|_, group| group != name);
    }

    /// The groups with the number of their tracks, by name.
    pub fn counts(&self) -> BTreeMap<&str, usize> {
        let mut counts = BTreeMap::new();
        for name in self.of.values() {
            *counts.entry(name.as_str()).or_insert(0) += 1;
        }
        counts
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.of.is_empty()
    }

    /// Whether there is enough to tell apart: two groups of two tracks.
    pub fn can_be_learned(&self) -> bool {
        self.counts().values().filter(|&&count| count >= 2).count() >= 2
    }

    /// Every track with its group.
    pub fn tracks(&self) -> impl Iterator<Item = (&std::path::Path, &str)> {
        let tracks = self.of.iter();
        tracks.map(|(path, group)| (path.as_path(), group.as_str()))
    }

    /// The group of a track.
    pub fn of(&self, path: &std::path::Path) -> Option<&str> {
        self.of.get(path).map(String::as_str)
    }

    /// The tracks of the groups alone, with the groups as their labels.
    pub fn narrow(
        &self,
        collection: &Collection,
        table: &EmbeddingTable,
    ) -> (Collection, EmbeddingTable) {
        let tracks = collection.tracks.iter().filter_map(|track| {
            let group = self.of.get(&track.path)?;
            let mut track = track.clone();
            track.label = Some(group.clone());
            Some(track)
        });
        let collection = Collection {
            name: format!("groups of {}", collection.name),
            kind: CollectionKind::Listed,
            tracks: tracks.collect(),
            split: None,
            notes: Vec::new(),
        };
        let mut tracks = table.tracks.clone();
        for track in &mut tracks {
            track.label = self.of.get(&track.path).cloned();
        }
        let mut narrow = EmbeddingTable {
            tracks,
            ..EmbeddingTable::empty(table.dim, table.encoder.clone(), table.level)
        };
        for (row, &track) in table.track.iter().enumerate() {
            let grouped = narrow.tracks.get(track as usize);
            if grouped.is_some_and(|track| track.label.is_some()) {
                narrow.values.extend(table.row(row));
                narrow.track.push(track);
                let start = table.timestamps.get(row).copied();
                narrow.timestamps.push(start.unwrap_or_default());
            }
        }
        (collection, narrow.without_empty_tracks())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mynascope_collection::Track;
    use mynascope_embedding::{Level, TrackRow};

    #[test]
    fn a_track_is_in_one_group_and_only_grouped_tracks_are_learned_from() {
        let mut groups = TrackGroups::default();
        let paths = |names: &[&str]| names.iter().map(PathBuf::from).collect::<Vec<_>>();
        groups.put(" calm ", paths(&["a", "b"]));
        groups.put("wild", paths(&["c"]));
        groups.put("  ", paths(&["d"]));
        assert!(
            !groups.can_be_learned(),
            "one track cannot be learned and tested"
        );
        let moved = groups.put("wild", paths(&["b", "d"]));
        assert_eq!(moved, [("calm".to_owned(), 1)].into());
        assert_eq!(groups.counts(), [("calm", 1), ("wild", 3)].into());
        groups.put("calm", paths(&["b"]));
        assert!(groups.can_be_learned());

        let names = ["a", "x", "b", "c", "d"];
        let collection = Collection {
            name: "all".to_owned(),
            kind: CollectionKind::Files,
            tracks: names
                .iter()
                .map(|name| Track::of_file(std::path::Path::new(name)))
                .collect(),
            split: None,
            notes: Vec::new(),
        };
        let rows = names.iter().map(|name| TrackRow {
            path: name.into(),
            label: None,
            split: None,
            incomplete: None,
        });
        let table = EmbeddingTable {
            values: vec![0.0, 1.0, 2.0, 3.0, 4.0],
            timestamps: vec![0.0; 5],
            track: vec![0, 1, 2, 3, 4],
            tracks: rows.collect(),
            ..EmbeddingTable::empty(1, String::new(), Level::Window)
        };
        let (few, narrow) = groups.narrow(&collection, &table);
        assert_eq!(few.tracks.len(), 4);
        assert_eq!(narrow.values, [0.0, 2.0, 3.0, 4.0]);
        let label = |row| narrow.track_of(row).unwrap().label.clone().unwrap();
        assert_eq!([label(0), label(3)], ["calm", "wild"]);
        narrow.validate().unwrap();
        groups.give_up("wild");
        assert_eq!(groups.counts(), [("calm", 2)].into());
    }
}
