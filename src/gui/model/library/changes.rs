//! What changes which tracks are open: tracks come, go, and the collection before comes back.

use std::{
    collections::{BTreeSet, HashSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use mynascope_collection::Collection;

use super::{LabelColours, Library, count_bad};
use crate::gui::model::{Camera, Chart, KeyedTable, Probing};

/// A collection that was open before, with what was made of it.
pub struct LeftCollection {
    collection: Arc<Collection>,
    sources: Vec<PathBuf>,
    removed: Vec<PathBuf>,
    selected: Option<usize>,
    colours: LabelColours,
    /// What was made of it; `None` where some tracks came or went since, and what was made is shown still.
    pub made: Option<MadeOfCollection>,
}

/// Map and scores of a collection.
pub struct MadeOfCollection {
    /// Its map, unless that was of a table from elsewhere.
    pub chart: Option<Chart>,
    /// Which part of the map was visible.
    pub camera: Camera,
    /// What was embedded.
    pub table: Option<Arc<KeyedTable>>,
    /// Scores and groups.
    pub probing: Probing,
}

impl LeftCollection {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.collection.name
    }

    /// What it was opened from.
    pub fn sources(&self) -> &[PathBuf] {
        &self.sources
    }
}

impl Library {
    /// The place of a track.
    pub fn index_of(&self, path: &Path) -> Option<usize> {
        let tracks = &self.collection.as_ref()?.tracks;
        tracks.iter().position(|track| track.path == path)
    }

    /// What is open, to come back to, without what was made of it. `None` where nothing is open, or only the early
    /// rows of a folder.
    pub fn to_leave(&self) -> Option<LeftCollection> {
        let collection = self.collection.as_ref().filter(|_| !self.provisional)?;
        Some(LeftCollection {
            collection: Arc::clone(collection),
            sources: self.sources.clone(),
            removed: self.removed.clone(),
            selected: self.selected,
            colours: self.colours.clone(),
            made: None,
        })
    }

    /// Shows a collection again that was left; returns the track that was shown.
    pub fn come_back(&mut self, left: &LeftCollection) -> Option<usize> {
        self.settle_for_early();
        self.opening_sources.clone_from(&left.sources);
        self.show(Collection::clone(&left.collection));
        self.colours.clone_from(&left.colours);
        self.removed.clone_from(&left.removed);
        left.selected
    }

    /// Adds the further tracks of a collection that begins with those that are there; returns how many came.
    pub fn add(&mut self, with_new: Collection, sources: Vec<PathBuf>) -> usize {
        let Some(collection) = &mut self.collection else {
            return 0;
        };
        let before = collection.tracks.len();
        let collection = Arc::make_mut(collection);
        let Collection {
            name,
            kind,
            tracks,
            split,
            notes,
        } = with_new;
        // Labels and lengths may have been learnt of the first since, and some may have been taken off the list.
        let there: HashSet<PathBuf> = collection.tracks.iter().map(|it| it.path.clone()).collect();
        let as_before = tracks.iter().zip(&collection.tracks);
        let as_before = as_before.filter(|(a, b)| a.path == b.path).count() == before;
        let new = tracks
            .into_iter()
            .filter(|track| !there.contains(&track.path));
        collection.tracks.extend(new);
        (collection.name, collection.kind) = (name, kind);
        // The parts of a split go by the places of tracks.
        collection.split = split.filter(|_| as_before);
        collection.notes = notes;
        let came = collection.tracks.len() - before;
        self.sources = sources;
        self.opening_sources.clear();
        self.tracks_changed();
        came
    }

    /// Takes tracks off the list; returns how many went. The shown one stays shown where it stays.
    pub fn remove(&mut self, places: &BTreeSet<usize>) -> usize {
        let shown = self.selected_track().map(|track| track.path.clone());
        let Some(collection) = &mut self.collection else {
            return 0;
        };
        let before = collection.tracks.len();
        let removed = places
            .iter()
            .filter_map(|&place| collection.tracks.get(place));
        let removed: Vec<PathBuf> = removed.map(|track| track.path.clone()).collect();
        Arc::make_mut(collection).remove(places);
        let gone = before - collection.tracks.len();
        self.removed.extend(removed);
        self.selected = shown.and_then(|path| self.index_of(&path));
        self.marked.clear();
        self.editing = None;
        self.tracks_changed();
        gone
    }

    /// Leaves out what was taken off the list before.
    pub fn remove_again(&mut self, collection: &mut Collection) {
        if self.removed.is_empty() {
            return;
        }
        let removed: BTreeSet<&PathBuf> = self.removed.iter().collect();
        let places = collection.tracks.iter().enumerate();
        let places = places.filter(|(_, track)| removed.contains(&track.path));
        let places: BTreeSet<usize> = places.map(|(place, _)| place).collect();
        collection.remove(&places);
    }

    fn tracks_changed(&mut self) {
        if let Some(collection) = &self.collection {
            self.labels = collection.labels();
            self.colours.add(&self.labels);
            self.parts = collection.parts().into();
            (self.bad, self.cut) = count_bad(collection);
        }
    }
}
