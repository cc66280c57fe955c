//! What a user does to the encoder that the layouts share.

use std::path::PathBuf;

use crate::gui::model::EncoderSource;
use mynascope_encoder::{Patching, WeightsChoice};

/// What a user does to the encoder that Map, Probe and Teach share.
#[derive(Debug, Clone)]
pub enum EncoderCommand {
    /// Uses this one from now on.
    Use(EncoderSource),
    /// Uses a checkpoint, or a run's newest one, from now on, and says so.
    UseFile(PathBuf),
    /// Says how the patches of the chosen checkpoint are cut; what waited for that goes on.
    SetPatch(Patching),
    /// Says which weights of the chosen checkpoint are meant.
    SetWeights(WeightsChoice),
    /// Asks for a checkpoint file.
    ChooseFile,
    /// Opens the list of published encoders.
    ShowPublished,
}
