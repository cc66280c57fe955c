//! Named stretches of a track: what a user marked on the spectrogram, and the files by which other programs exchange them.

mod exchange;
mod own;

pub use exchange::{REGION_ENDINGS, ReadRegions, read_regions, write_regions};
pub use own::{OwnRegions, own_regions_file};

use serde::{Deserialize, Serialize};

/// A named stretch of a track.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Region {
    /// Where it begins, in seconds.
    pub start_secs: f64,
    /// Where it ends, in seconds; where it begins, for a moment.
    pub end_secs: f64,
    /// What it is called; may be empty.
    pub name: String,
}

/// In order of time.
pub(crate) fn sort(regions: &mut [Region]) {
    regions.sort_by(|a, b| {
        let by_start = a.start_secs.total_cmp(&b.start_secs);
        by_start.then(a.end_secs.total_cmp(&b.end_secs))
    });
}
