//! What a user does to the encoder that the layouts share.

use std::path::PathBuf;

use crate::gui::model::EncoderSource;

/// What a user does to the encoder that all layouts share.
#[derive(Debug, Clone)]
pub enum EncoderCommand {
    /// Uses this one from now on, read in this way: the whole choice, with patches, weights, heads, layer and readout. What
    /// waited for how the patches are cut goes on.
    Use(EncoderSource),
    /// Uses a checkpoint, or a run's newest one, from now on, and says so.
    UseFile(PathBuf),
    /// Asks for a checkpoint file.
    ChooseFile,
    /// Opens the list of published encoders.
    ShowPublished,
    /// Looks up what these are, and which published encoders are on this disk: the menu is open.
    LookUp(Vec<EncoderSource>),
    /// Measures on the shown track what fewer bits gain and cost the encoder.
    MeasurePrecisions,
}
