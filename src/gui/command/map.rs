//! What a user does in the Map layout.

use std::path::PathBuf;

use crate::gui::model::{Camera, Colouring, EncoderSource, ListForm, MapForm, MapSide, Spot};

/// What a user can do in the Map panel.
#[derive(Debug, Clone)]
pub enum MapCommand {
    /// Changes what the next map is asked to be.
    Edit(MapForm),
    /// Embeds the collection and lays it out.
    Compute,
    /// Stops the job.
    Cancel,
    /// Lets the points rest, or move on.
    Pause(bool),
    /// To these colours.
    SetColouring(Colouring),
    /// Hides or shows the points of a group.
    ToggleLabel(String),
    /// Asks how the map is to be saved as a picture.
    SavePicture,
    /// Shows the points of this group alone, or all again.
    SoloLabel(String),
    /// Lights the points of a group while the pointer is on its line of the legend.
    LightLabel(Option<String>),
    /// Lists the lines of the legend that hold this.
    SearchLegend(String),
    /// Shows the points of all groups.
    ShowAllLabels,
    /// Picks the drawn points inside an outline in map units: instead of what is picked, or in addition.
    Lasso {
        /// On which map.
        side: MapSide,
        /// Corners, in map units.
        outline: Vec<[f32; 2]>,
        /// In addition to what is picked.
        add: bool,
    },
    /// Picks a point in addition, or not any more.
    TogglePoint(usize),
    /// Picks the points of a group in addition.
    PickGroup(String),
    /// Picks nothing.
    ClearPicked,
    /// Moves one of the maps.
    Move(MapSide, Camera),
    /// Shows a second encoder's map beside the first, or only the first.
    Compare(bool),
    /// The encoder of the second map.
    SetSecond(EncoderSource),
    /// Takes the checkpoint or the table at a path for the second map, or asks for one.
    ChooseSecond(Option<PathBuf>),
    /// Shows what a point stands for and plays it.
    Choose {
        /// The file of the track.
        path: PathBuf,
        /// Where the window begins in it.
        start_secs: f64,
    },
    /// Lets points sound while the pointer is on them, or not any more.
    HoverSound(bool),
    /// The pointer is at a point, or at none.
    Hover {
        /// On which map.
        side: MapSide,
        /// The point, if there is one.
        point: Option<usize>,
        /// Where the pointer moved: what lies around it, nearest first.
        moved: Vec<usize>,
    },
    /// The pointer is on one of the maps, or on none.
    PointerOn(Option<MapSide>),
    /// Looks for what is like the selected stretch of the spectrogram.
    QueryRegion,
    /// Looks for what is like a file, and where it lands on the map.
    QueryFile(PathBuf),
    /// Asks for a file to look for.
    ChooseQuery,
    /// Selects and plays a neighbour of the list.
    PlayNear(usize),
    /// Lets a window of any file sound, while the track waits.
    Audition(Spot),
    /// Sets what the list beside the map shows.
    EditList(ListForm),
    /// Looks for near-duplicates.
    FindDuplicates,
    /// Ends the search for what is like a file, or for near-duplicates.
    StopQuery,
    /// Maps a table of embeddings from a file; asks for it where no path is said.
    OpenTable(Option<PathBuf>),
    /// Puts the table from a file away: the map of the chosen encoder comes back.
    CloseTable,
    /// Looks for the sound of the table that the map is of in a folder; asks for it where none is said.
    FindSound(Option<PathBuf>),
    /// Takes the labels of the table that the map is of from a list; asks for it where none is said.
    LabelTable(Option<PathBuf>),
    /// Saves the embeddings of the map.
    SaveEmbeddings(SaveTo),
    /// Saves the places of the points.
    SaveMap(SaveTo),
    /// Puts the command of the list on the clipboard.
    CopyList,
    /// Goes so many neighbours on from the selected track, and plays there.
    Walk(isize),
    /// Puts the command of the map on the clipboard.
    Copy,
}

/// Where a table is saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SaveTo {
    /// Here, in the format that the ending names.
    At(PathBuf),
    /// Where the user says, in the format of this ending.
    Asking(&'static str),
}
