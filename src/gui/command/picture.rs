//! Commands of the spectrogram.

use crate::gui::model::ShownAt;
use mynascope_base::storage::Follow;
use mynascope_spectrum::{ColourMap, Summary};

/// What a user does to the picture.
#[derive(Debug, Clone)]
pub enum PictureCommand {
    /// Enlarges the time axis around a time by so many notches; negative ones make it smaller.
    ZoomTime {
        at_secs: f64,
        notches: f64,
    },
    /// Shows this part of the track.
    ShowTime {
        start_secs: f64,
        span_secs: f64,
    },
    /// Moves the picture by so many seconds.
    PanTime(f64),
    /// Shows the whole track and all frequencies.
    FitTrack,
    /// Shows the selected stretch.
    FitSelection,
    /// Enlarges the frequency axis around a place on it, in bands from the lower edge.
    ZoomBands {
        at: f64,
        notches: f64,
    },
    /// Moves the picture down by so many bands.
    PanBands(f64),
    /// How the picture goes with the playhead.
    SetFollow(Follow),
    /// What a pixel shows that is wider than a frame.
    SetSummary(Summary),
    /// Shows what the encoder sees, or levels in dB.
    SeeAsEncoder(bool),
    /// The picture is drawn so large now.
    ShownAt(ShownAt),
    /// Asks where to, and saves the picture as PNG.
    Save,
    /// Puts the command on the clipboard that draws the layout with this track.
    CopyCommand,
    SetColourMap(ColourMap),
    /// To the next colour map, or the one before.
    NextColourMap {
        back: bool,
    },
    SetTopDb(f32),
    SetRangeDb(f32),
}
