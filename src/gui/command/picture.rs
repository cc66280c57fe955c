//! Commands of the spectrogram.

use crate::gui::model::ShownAt;
use mynascope_base::storage::Follow;
use mynascope_spectrum::{ColourMap, Summary};

/// What a user does to the picture.
#[derive(Debug, Clone)]
pub enum PictureCommand {
    /// Enlarges the time axis around a time by so many notches; negative ones make it smaller.
    ZoomTime {
        /// The time that stays where it is.
        at_secs: f64,
        /// Notches of a wheel.
        notches: f64,
    },
    /// Shows this part of the track.
    ShowTime {
        /// At the left edge.
        start_secs: f64,
        /// How much is visible.
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
        /// The place that stays where it is.
        at: f64,
        /// Notches of a wheel.
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
    /// To this colour map.
    SetColourMap(ColourMap),
    /// To the next colour map, or the one before.
    NextColourMap {
        /// To the one before.
        back: bool,
    },
    /// Level of the brightest colour, in dB.
    SetTopDb(f32),
    /// From there down to the darkest, in dB.
    SetRangeDb(f32),
}
