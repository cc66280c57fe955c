//! What the Map layout is sent.

use std::{path::PathBuf, sync::Arc};

use crate::gui::{
    jobs::JobUpdate,
    model::{Duplicates, EmbedError, KeyedTable, MapFound, MapSide, Neighbour, QueryAnswer, Spot},
};
use mynascope_collection::Collection;
use mynascope_embedding::{EmbeddingTable, Relocated, SoundOfTable};
use mynascope_probe::ProbedTable;

/// What the background work of the Map layout sends.
pub enum MapMessage {
    /// Of the job that makes one of the two maps.
    Map(MapSide, JobUpdate<MapFound, EmbedError>),
    /// Of the search for what is like a file or a stretch.
    Query(JobUpdate<QueryAnswer>),
    /// Of the search for near-duplicates.
    Duplicates(JobUpdate<Duplicates>),
    /// What is near to the place that was asked for, nearest first.
    Neighbours {
        /// Which request.
        number: u64,
        /// What is near.
        found: Result<Vec<Neighbour>, String>,
    },
    /// The cosine of each point of the map to the same place.
    Cosines {
        /// Which request.
        number: u64,
        /// A cosine for each point.
        values: Vec<f32>,
    },
    /// A file to look for was chosen.
    QueryChosen(PathBuf),
    /// The checkpoint of the second map was chosen.
    SecondChosen(PathBuf),
    /// The table of the second map was read, or not.
    SecondTable(Result<(PathBuf, Box<EmbeddingTable>), String>),
    /// A table was read from a file, or not.
    TableOpened(Result<(PathBuf, Box<EmbeddingTable>, SoundOfTable), String>),
    /// The sound of a table was found elsewhere, or not.
    SoundFound {
        /// The table as it was.
        of: Arc<KeyedTable>,
        /// The table with the paths that were found, and how many there are.
        result: Result<(Box<EmbeddingTable>, Relocated), String>,
    },
    /// A list with labels of a table was read, or not.
    TableLabelled {
        /// The table as it was.
        of: Arc<KeyedTable>,
        /// The list, what it says, and the table with it.
        result: Result<(PathBuf, Box<Collection>, Box<ProbedTable>), String>,
    },
    /// This place sounds under the pointer.
    Sounds(Spot),
    /// What the pointer is at cannot be heard.
    SoundFailed(String),
}
