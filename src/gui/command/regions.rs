//! Commands of regions: named stretches of a track.

use std::path::PathBuf;

use mynascope_collection::Region;

/// What a user does to regions.
#[derive(Debug, Clone)]
pub enum RegionsCommand {
    /// Opens a field for the name of the selection, which becomes a region.
    Name,
    /// Opens a field for the name of a region of the shown track.
    Rename(usize),
    /// What is typed there.
    EditName(String),
    /// Closes the field.
    EndName {
        /// Whether what was typed is kept.
        keep: bool,
    },
    /// Selects the stretch of a region of the shown track.
    Select(usize),
    /// Takes a region of the shown track away.
    Remove(usize),
    /// Asks for a file of another program and takes its regions over.
    Import,
    /// Writes the regions of the shown track to a file.
    Export,
    /// Takes regions over for a track.
    Add(PathBuf, Vec<Region>),
}
