//! The list beside the map: neighbours, near-duplicates, what moved.

use std::{path::PathBuf, sync::Arc};

use mynascope_embedding::{NearDuplicate, NeighbourhoodChange};

use crate::gui::jobs::JobSlot;

use super::{super::KeyedTable, Neighbour, Spot};

/// What the list beside the map shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ListTab {
    /// What is near to the selection, a stretch or a file.
    #[default]
    Neighbours,
    /// Pairs of tracks that are near-duplicates.
    Duplicates,
    /// What moved most between two encoders.
    Moved,
}

/// Cosines from which on two windows may be called near-duplicates.
pub const THRESHOLDS: std::ops::RangeInclusive<f32> = 0.8..=1.0;

/// What a user sets of the lists.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ListForm {
    /// Which list is shown.
    pub tab: ListTab,
    /// Pairs of tracks count from this cosine on.
    pub threshold: f32,
}

/// The lists beside the map, apart from neighbours.
#[derive(Default)]
pub struct Lists {
    /// What is set of them.
    pub form: ListForm,
    /// Near-duplicates, once they were looked for.
    pub duplicates: Option<Duplicates>,
    /// The search for pairs.
    pub job: JobSlot<Duplicates>,
    /// Why the last search came to nothing.
    pub error: Option<String>,
    /// What moved most between the two encoders that are compared.
    pub moved: Vec<NeighbourhoodChange>,
}

impl Default for ListForm {
    fn default() -> Self {
        Self {
            tab: ListTab::Neighbours,
            threshold: 0.98,
        }
    }
}

/// Pairs of tracks of a table.
#[derive(Debug, Clone)]
pub struct Duplicates {
    /// The table.
    pub table: Arc<KeyedTable>,
    /// The cosine from which on pairs count.
    pub threshold: f32,
    /// The most alike first.
    pub pairs: Vec<NearDuplicate>,
    /// How many pairs there are at least; more than are listed where there are very many.
    pub at_least: usize,
}

impl Duplicates {
    /// The most alike windows of a pair.
    pub fn spots(&self, pair: &NearDuplicate) -> Option<[Spot; 2]> {
        let table = &self.table.table;
        let spot = |row: usize| {
            Some(Spot {
                path: table.track_of(row)?.path.clone(),
                start_secs: f64::from(table.timestamps.get(row).copied()?),
            })
        };
        let [a, b] = pair.rows;
        Some([spot(a)?, spot(b)?])
    }
}

/// What neighbours are looked for.
#[derive(Debug, Clone, PartialEq)]
pub enum Query {
    /// A window of the table.
    Spot(Spot),
    /// A stretch of a track, in seconds.
    Stretch(PathBuf, [f64; 2]),
    /// A file that need not be in the table.
    File(PathBuf),
}

/// What is near to a file or a stretch, and where its windows land on the map.
#[derive(Debug, Clone, Default)]
pub struct QueryAnswer {
    /// What is near, nearest first.
    pub found: Vec<Neighbour>,
    /// Where the windows of a file land on the map.
    pub landed: Vec<Landed>,
}

/// Where a window of a file that is not on the map lands on it.
#[derive(Debug, Clone, PartialEq)]
pub struct Landed {
    /// The file and the start of the window.
    pub spot: Spot,
    /// In map units.
    pub at: [f32; 2],
    /// Cosine to the nearest point of the map.
    pub nearest: f32,
}
