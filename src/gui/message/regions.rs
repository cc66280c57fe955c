//! What is sent of regions.

use std::path::PathBuf;

use mynascope_collection::{OwnRegions, ReadRegions};

/// What comes of reading regions.
pub enum RegionsMessage {
    /// Those that the user had kept before.
    Kept(Result<OwnRegions, String>),
    /// Those of another program's file, for a track.
    Imported(PathBuf, Result<ReadRegions, String>),
}
