//! What is sent of the encoder that the layouts share.

use std::{path::PathBuf, sync::Arc};

use crate::gui::model::{ChosenCheckpoint, KeyedTable};
use mynascope_encoder::FoundEncoder;

/// What comes of choosing an encoder and of embedding with it.
pub enum EncoderMessage {
    /// A checkpoint that was chosen or dropped.
    Chosen(ChosenCheckpoint),
    /// The encoders that a checkpoint file holds.
    Held(PathBuf, Vec<FoundEncoder>),
    /// The windows are embedded: useful to map, probe and neighbours, even if who asked gave up.
    Embedded(Arc<KeyedTable>),
}
