//! Named stretches of tracks, as the user marked them.

use std::sync::Arc;

use mynascope_collection::{OwnRegions, Region};

use super::{AppState, Selection};

/// All regions of the user, and the field for a name.
#[derive(Debug, Clone, Default)]
pub struct Regions {
    /// Those of all tracks. A new value with every change: undo compares by pointer.
    pub all: Arc<OwnRegions>,
    /// As they were when they were kept last.
    pub kept: Arc<OwnRegions>,
    /// The field that is open.
    pub naming: Option<Naming>,
}

/// A name that is being typed.
#[derive(Debug, Clone, PartialEq)]
pub struct Naming {
    /// The stretch that gets it.
    pub stretch: Selection,
    /// The region that is renamed, by its place among those of the track; none for a new one.
    pub region: Option<usize>,
    /// What is typed.
    pub text: String,
}

impl AppState {
    /// The regions of the shown track, in order of time.
    pub fn shown_regions(&self) -> &[Region] {
        let track = self.library.selected_track();
        track.map_or(&[], |track| self.regions.all.of(&track.path))
    }
}
