//! What is sent of the encoder that the layouts share.

use std::sync::Arc;

use crate::gui::{
    jobs::JobUpdate,
    model::{ChosenCheckpoint, EncoderCard, EncoderSource, KeyedTable},
};
use mynascope_encoder::PrecisionGain;

/// What comes of choosing an encoder and of embedding with it.
pub enum EncoderMessage {
    /// A checkpoint that was chosen or dropped.
    Chosen(ChosenCheckpoint),
    /// What a checkpoint is, or why that cannot be told.
    Card(Box<(EncoderSource, Result<EncoderCard, String>)>),
    /// What fewer bits gain and cost.
    Gain(JobUpdate<PrecisionGain>),
    /// The windows are embedded: useful to map, probe and neighbours, even if who asked gave up.
    Embedded(Arc<KeyedTable>),
}
