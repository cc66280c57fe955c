//! The library: the collection, its rows, what is searched and marked.

mod changes;
mod colours;
mod facts;
mod marks;
mod queue;
mod rows;

use std::{collections::BTreeSet, path::PathBuf, sync::Arc};

use crate::gui::jobs::{JobSlot, Running};
use mynascope_base::natural_order;
use mynascope_collection::{Collection, CollectionKind, FileFacts, Track};

pub use changes::{LeftCollection, MadeOfCollection};
pub use colours::LabelColours;
pub use queue::Queue;

use super::ChosenCheckpoint;
use super::search::{Column, Sort};

/// What is looked for in the collection.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LibraryForm {
    /// What is typed in the search field.
    pub search: String,
    /// `None`: the order of the collection.
    pub sort: Option<Sort>,
    /// Only tracks are listed that cannot be used or end early.
    pub only_bad: bool,
}

/// The collection and what is looked for in it.
#[derive(Default)]
pub struct Library {
    /// `None` before anything was opened.
    pub collection: Option<Arc<Collection>>,
    /// What it was opened from, as the command line takes it: files, folders, or `demo`.
    pub sources: Vec<PathBuf>,
    /// The same of the collection that is being opened.
    pub opening_sources: Vec<PathBuf>,
    /// Files of the opened folders that were taken off the list.
    pub removed: Vec<PathBuf>,
    /// Tracks that are played in turn.
    pub queue: Option<Queue>,
    /// The collection before, with what was made of it.
    pub left: Option<Box<LeftCollection>>,
    /// A table of embeddings that is opened once a collection is.
    pub waiting_table: Option<PathBuf>,
    /// The opening of the next collection, and then the reading of its headers.
    pub job: JobSlot<OpenFound>,
    /// The collection is open; its headers are being read.
    pub reads_headers: bool,
    /// What is looked for.
    pub form: LibraryForm,
    /// Index of the shown track in the collection.
    pub selected: Option<usize>,
    /// The user chose the shown track; else it was the first that seemed good.
    pub chosen_by_user: bool,
    /// Further tracks that labels are given to, by index.
    pub marked: BTreeSet<usize>,
    /// The label or tag that is being typed.
    pub editing: Option<Editing>,
    /// Tracks that cannot be used, and those that end early.
    bad: usize,
    cut: usize,
    /// The tracks come from a folder that is still being searched.
    provisional: bool,
    rows: Vec<usize>,
    labels: Vec<String>,
    colours: LabelColours,
    parts: Arc<[Option<&'static str>]>,
    generation: u64,
    finding: bool,
}

/// One row of the list.
pub struct Row<'a> {
    /// Index in the collection.
    pub index: usize,
    /// The track.
    pub track: &'a Track,
    /// Which colour its label has.
    pub label: Option<usize>,
    /// Part of the published split.
    pub part: Option<&'static str>,
}

/// What is being typed for the chosen tracks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Editing {
    /// A label or a tag.
    pub what: Edited,
    /// What stands in the field.
    pub text: String,
    /// The row that the field stands in.
    pub index: usize,
    /// How many tracks are given it.
    pub tracks: usize,
}

impl Editing {
    /// What is typed, and for how many tracks.
    pub fn name(&self) -> String {
        let what = match self.what {
            Edited::Label => "Label",
            Edited::Tag => "New tag",
        };
        match self.tracks {
            1 => what.to_owned(),
            many => format!("{what} of {many} tracks"),
        }
    }
}

/// What an edit changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edited {
    /// The label.
    Label,
    /// A tag is added.
    Tag,
}

/// Label and tags of a track.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels {
    /// Index of the track in the collection.
    pub index: usize,
    /// Its label.
    pub label: Option<String>,
    /// Its tags.
    pub tags: Vec<String>,
}

/// Up to so many tracks are searched at once; more are searched in the background.
const AT_ONCE: usize = 2000;

impl Library {
    /// How far the opening of the next collection is, while one is being opened.
    pub fn opening(&self) -> Option<&Running> {
        self.job.running().filter(|_| !self.reads_headers)
    }

    /// How far the reading of headers is, while they are read.
    pub fn scanning(&self) -> Option<&Running> {
        self.job.running().filter(|_| self.reads_headers)
    }

    /// The library as it is, without its job, which goes on here for the collection that comes.
    pub fn set_aside(&mut self) -> Self {
        let coming = Self {
            opening_sources: std::mem::take(&mut self.opening_sources),
            waiting_table: self.waiting_table.take(),
            job: std::mem::take(&mut self.job),
            reads_headers: self.reads_headers,
            generation: self.generation + 1,
            ..Self::default()
        };
        Self {
            // Its search may wait for an answer that goes to the other one.
            finding: false,
            ..std::mem::replace(self, coming)
        }
    }

    /// Shows another collection. A track that the user had chosen among the early rows stays chosen.
    pub fn show(&mut self, collection: Collection) {
        let chosen = self
            .selected_track()
            .filter(|_| self.provisional && self.chosen_by_user)
            .map(|track| track.path.clone());
        self.labels = collection.labels();
        self.colours = LabelColours::of(&self.labels);
        self.parts = collection.parts().into();
        (self.bad, self.cut) = count_bad(&collection);
        self.selected = chosen.and_then(|path| {
            let mut tracks = collection.tracks.iter();
            tracks.position(|track| track.path == path)
        });
        if !std::mem::take(&mut self.provisional) {
            self.form.search.clear();
            self.form.only_bad = false;
        }
        self.chosen_by_user = self.selected.is_some();
        self.collection = Some(Arc::new(collection));
        if !self.opening_sources.is_empty() {
            self.sources = std::mem::take(&mut self.opening_sources);
        }
        self.marked.clear();
        self.editing = None;
    }

    /// Shows tracks that were come upon before the whole collection is known.
    pub fn show_early(&mut self, tracks: Vec<Track>) {
        if !self.provisional {
            let name = self
                .opening_sources
                .first()
                .and_then(|path| path.file_name());
            let empty = Collection {
                name: name.map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
                kind: CollectionKind::Folder,
                tracks: Vec::new(),
                split: None,
                notes: Vec::new(),
            };
            self.show(empty);
            self.sources = self.opening_sources.clone();
            self.selected = None;
            self.rows.clear();
            self.provisional = true;
        }
        let Some(collection) = &mut self.collection else {
            return;
        };
        for label in tracks.iter().filter_map(|track| track.label.as_ref()) {
            if let Err(place) = self
                .labels
                .binary_search_by(|known| natural_order(known, label))
            {
                self.labels.insert(place, label.clone());
            }
        }
        self.colours.add(&self.labels);
        let before = collection.tracks.len();
        Arc::make_mut(collection).tracks.extend(tracks);
        if self.form.search.is_empty() && self.form.sort.is_none() && !self.form.only_bad {
            self.rows.extend(before..collection.tracks.len());
        }
    }

    /// Whether the tracks come from a folder that is still being searched.
    pub fn is_provisional(&self) -> bool {
        self.provisional
    }

    /// The early rows stay as they are: the opening was stopped.
    pub fn settle_for_early(&mut self) {
        if std::mem::take(&mut self.provisional)
            && let Some(collection) = &self.collection
        {
            self.parts = collection.parts().into();
            (self.bad, self.cut) = count_bad(collection);
            self.opening_sources.clear();
        }
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

    /// How many tracks cannot be used, as far as is known.
    pub fn bad_count(&self) -> usize {
        self.bad
    }

    /// How many tracks can be used but end early, as far as is known.
    pub fn cut_count(&self) -> usize {
        self.cut
    }

    /// The tracks that are shown, by their index in the collection.
    pub fn rows(&self) -> &[usize] {
        &self.rows
    }

    /// A row of the list.
    pub fn row(&self, row: usize) -> Option<Row<'_>> {
        let index = *self.rows.get(row)?;
        let track = self.track(index)?;
        Some(Row {
            index,
            track,
            label: self.label_place(track),
            part: self.parts.get(index).copied().flatten(),
        })
    }

    /// Which colour a track's label has.
    pub fn label_place(&self, track: &Track) -> Option<usize> {
        self.colours.place(track.label.as_ref()?)
    }

    /// Which labels have which colours.
    pub fn colours(&self) -> &LabelColours {
        &self.colours
    }

    /// Gives the name of a group of the user a colour as if it were a label.
    pub fn colour_group(&mut self, name: &str) {
        self.colours.add(&[name.to_owned()]);
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

    /// The first track of the list after the shown one, around its end, that is not known to be bad.
    pub fn next_good(&self) -> Option<usize> {
        let tracks = &self.collection.as_ref()?.tracks;
        let after = self.selected.map_or(0, |selected| selected + 1);
        let good = |&index: &usize| tracks.get(index).is_some_and(|it| it.problem.is_none());
        (after..tracks.len())
            .find(good)
            .or_else(|| (0..after.min(tracks.len())).find(good))
    }

    /// The labels of the collection, sorted.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// Whether any track has something to show in a column.
    pub fn has(&self, column: Column) -> bool {
        let Some(collection) = &self.collection else {
            return false;
        };
        // A look at some is enough to lay out columns.
        let mut some = collection.tracks.iter().take(200);
        match column {
            Column::Title | Column::Length | Column::Path => true,
            Column::Label => !self.labels.is_empty(),
            Column::Split => collection.split.is_some(),
            Column::Key => some.any(|track| track.key.is_some()),
            Column::Tempo => some.any(|track| track.tempo_bpm.is_some()),
            Column::Artist => some.any(|track| track.file_tags.artist.is_some()),
            Column::Album => some.any(|track| track.file_tags.album.is_some()),
            Column::Genre => some.any(|track| track.file_tags.genre.is_some()),
            Column::Date => some.any(|track| track.file_tags.date.is_some()),
        }
    }
}

/// Tracks that cannot be used, and others that end early.
fn count_bad(collection: &Collection) -> (usize, usize) {
    let bad = |track: &&Track| track.problem.is_some();
    let cut = |track: &&Track| track.problem.is_none() && track.warning.is_some();
    let tracks = || collection.tracks.iter();
    (tracks().filter(bad).count(), tracks().filter(cut).count())
}

/// What is found while something is opened, in this order.
pub enum OpenFound {
    /// Tracks that were come upon; the whole collection follows.
    Early(Vec<Track>),
    /// An encoder was among what is opened, or a broken one.
    Checkpoint {
        /// What it is, or why it cannot be used.
        opened: Result<ChosenCheckpoint, String>,
        /// What else is opened with it.
        rest: Vec<PathBuf>,
    },
    /// The collection and what it was opened from. What headers say follows.
    Collection(Vec<PathBuf>, Collection),
    /// The open collection with more tracks behind it, and what both were opened from. What headers say follows.
    Added(Vec<PathBuf>, Collection),
    /// What headers say, by the places of the tracks.
    Facts(Vec<(usize, FileFacts)>),
}

#[cfg(test)]
mod tests;
