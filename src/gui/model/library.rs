use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    collection::{Collection, Track},
    jobs::Progress,
};

/// The collection and what is looked for in it.
#[derive(Default)]
pub struct Library {
    /// `None` before anything was opened.
    pub collection: Option<Arc<Collection>>,
    /// What it was opened from, as the command line takes it: files, folders, or `demo`.
    pub sources: Vec<PathBuf>,
    /// The same of the collection that is being opened.
    pub opening_sources: Vec<PathBuf>,
    /// How far the opening of the next collection is, while one is being opened.
    pub opening: Option<Progress>,
    /// What is typed in the search field.
    pub search: String,
    /// Index of the shown track in the collection.
    pub selected: Option<usize>,
    rows: Vec<usize>,
    labels: Vec<String>,
}

/// One row of the list.
pub struct Row<'a> {
    /// Index in the collection.
    pub index: usize,
    pub track: &'a Track,
    /// Place of its label among the sorted labels: the label's colour.
    pub label: Option<usize>,
}

impl Library {
    /// Shows another collection.
    pub fn show(&mut self, collection: Collection) {
        self.labels = collection.labels();
        self.collection = Some(Arc::new(collection));
        self.sources = std::mem::take(&mut self.opening_sources);
        self.selected = None;
        self.search.clear();
        self.find();
    }

    /// Looks for tracks; an empty text finds all.
    pub fn search_for(&mut self, text: String) {
        self.search = text;
        self.find();
    }

    /// How many tracks the list shows.
    pub fn row_count(&self) -> usize {
        self.rows.len()
    }

    /// How many tracks there are.
    pub fn track_count(&self) -> usize {
        self.collection
            .as_ref()
            .map_or(0, |collection| collection.tracks.len())
    }

    /// The tracks that are shown, by their index in the collection.
    pub fn rows(&self) -> &[usize] {
        &self.rows
    }

    /// A row of the list.
    pub fn row(&self, row: usize) -> Option<Row<'_>> {
        let index = *self.rows.get(row)?;
        let track = self.track(index)?;
        let label = track
            .label
            .as_ref()
            .and_then(|label| self.labels.binary_search(label).ok());
        Some(Row {
            index,
            track,
            label,
        })
    }

    /// A track of the collection.
    pub fn track(&self, index: usize) -> Option<&Track> {
        self.collection.as_ref()?.tracks.get(index)
    }

    /// The shown track.
    pub fn selected_track(&self) -> Option<&Track> {
        self.track(self.selected?)
    }

    /// The track that stands so many rows below the shown one; the list's ends hold.
    pub fn neighbour(&self, rows_down: isize) -> Option<usize> {
        let last = self.rows.len().checked_sub(1)?;
        let here = self
            .selected
            .and_then(|selected| self.rows.iter().position(|&index| index == selected));
        let row = match here {
            Some(row) => row.saturating_add_signed(rows_down).min(last),
            None => 0,
        };
        self.rows.get(row).copied()
    }

    /// Keeps the length that decoding a track found, where no label file told it.
    pub fn learn_duration(&mut self, path: &Path, duration_secs: f64) {
        self.learn(path, |track| {
            track.duration_secs.get_or_insert(duration_secs);
        });
    }

    /// Keeps why a track cannot be used.
    pub fn learn_problem(&mut self, path: &Path, problem: &str) {
        self.learn(path, |track| track.problem = Some(problem.to_owned()));
    }

    fn learn(&mut self, path: &Path, change: impl FnOnce(&mut Track)) {
        let Some(collection) = &mut self.collection else {
            return;
        };
        let place = collection
            .tracks
            .iter()
            .position(|track| track.path == path);
        if let Some(track) = place.and_then(|place| Arc::make_mut(collection).tracks.get_mut(place))
        {
            change(track);
        }
    }

    /// The labels of the collection, sorted; a label's place is its colour.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    fn find(&mut self) {
        let wanted = self.search.to_lowercase();
        self.rows = match &self.collection {
            Some(collection) => collection
                .tracks
                .iter()
                .enumerate()
                .filter(|(_, track)| matches(track, &wanted))
                .map(|(index, _)| index)
                .collect(),
            None => Vec::new(),
        };
    }
}

/// Whether every word that is looked for is part of the title or label, or its letters stand in it in order.
fn matches(track: &Track, wanted: &str) -> bool {
    let label = track.label.as_deref().unwrap_or_default();
    let text = format!("{} {label}", track.title).to_lowercase();
    wanted
        .split_whitespace()
        .all(|word| text.contains(word) || is_subsequence(word, &text))
}

fn is_subsequence(word: &str, text: &str) -> bool {
    let mut letters = text.chars();
    word.chars()
        .all(|wanted| letters.any(|letter| letter == wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_in_order_are_found() {
        assert!(is_subsequence("blu", "the blues"));
        assert!(is_subsequence("tbs", "the blues"));
        assert!(!is_subsequence("sbt", "the blues"));
    }
}
