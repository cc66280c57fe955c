//! The second map of a comparison.

use std::{path::PathBuf, sync::Arc};

use crate::gui::jobs::JobSlot;

use mynascope_collection::Collection;
use mynascope_embedding::SoundOfTable;

use super::{Camera, Chart, EmbedError, EncoderSource, KeyedTable, MapFound};

/// A table of embeddings that came from a file.
#[derive(Debug, Clone)]
pub struct Imported {
    /// The file of the table.
    pub path: PathBuf,
    /// The table, as if it had been made here.
    pub table: Arc<KeyedTable>,
    /// Whether its files are on this machine.
    pub sound: SoundOfTable,
    /// How many different labels its tracks have.
    pub labels: usize,
    /// Where they were taken from, if not from the table.
    pub listed: Option<ListedLabels>,
}

impl Imported {
    /// The name of its file.
    pub fn name(&self) -> String {
        let name = self.path.file_name().unwrap_or(self.path.as_os_str());
        name.to_string_lossy().into_owned()
    }
}

/// A list with labels of a table's tracks.
#[derive(Debug, Clone)]
pub struct ListedLabels {
    /// The list.
    pub path: PathBuf,
    /// What it says.
    pub collection: Arc<Collection>,
}

/// One of the two maps of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MapSide {
    /// The first.
    #[default]
    Main,
    /// The second.
    Second,
}

/// A map of the same tracks by another encoder, beside the first. What is picked, hidden and selected is the same in
/// both.
pub struct SecondMap {
    /// The encoder.
    pub source: EncoderSource,
    /// A table from a file in its place.
    pub table: Option<(PathBuf, Arc<KeyedTable>)>,
    /// The job that computes it.
    pub job: JobSlot<MapFound, EmbedError>,
    /// Turned and mirrored to lie like the first.
    pub chart: Option<Chart>,
    /// Why it was not made.
    pub error: Option<String>,
    /// Which part of it is visible.
    pub camera: Camera,
    /// The point under the pointer.
    pub hovered: Option<usize>,
}

impl SecondMap {
    /// Nothing of an encoder yet.
    pub fn new(source: EncoderSource) -> Self {
        Self {
            source,
            table: None,
            job: JobSlot::default(),
            chart: None,
            error: None,
            camera: Camera::default(),
            hovered: None,
        }
    }
}
