//! Commands of the spectrogram.

use std::path::PathBuf;

use crate::gui::model::{PictureForm, PicturePanel, Publishing};

/// What a user does to the picture.
#[derive(Debug, Clone)]
pub enum PictureCommand {
    /// Sets how it is drawn.
    Edit(PictureForm),
    /// The picture of the sound is shown at this width and height, in pixels.
    SizeSound([u32; 2]),
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
    /// Asks how a panel is to be saved as a picture.
    Publish(PicturePanel),
    /// Changes how it is saved; `None` saves nothing.
    EditPublishing(Option<Publishing>),
    /// Saves it, there or where the user says.
    SavePanel(Option<PathBuf>),
    /// Puts the command on the clipboard that makes the same picture.
    CopyPanelCommand,
    /// Puts the command on the clipboard that draws the layout with this track.
    CopyCommand,
}
