//! Why a checkpoint could not be read, or windows not be embedded.

use std::path::PathBuf;

use super::{DeviceError, Family, Patching, Precision};
use mynascope_base::storage::StorageError;

/// Why a checkpoint could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// A model of the hub that is not on this disk.
    #[error(transparent)]
    Hub(#[from] mynascope_hub::HubError),
    /// The operating system refused to read.
    #[error("cannot read the checkpoint: {words}: {path}", words = mynascope_base::system_words(.source))]
    Io {
        /// What the system said.
        source: std::io::Error,
        /// The file.
        path: PathBuf,
    },
    /// The file is no checkpoint, is cut off, or asks for what a checkpoint never needs.
    #[error("this is no usable checkpoint: {why}: {path}")]
    Damaged {
        /// What is wrong with it.
        why: String,
        /// The file.
        path: PathBuf,
    },
    /// The file is sound but holds another model.
    #[error("the checkpoint doesn't fit: {why}: {path}")]
    Unfit {
        /// Which tensors are missing, unexpected or of another shape.
        why: String,
        /// The file.
        path: PathBuf,
    },
    /// Square and vertical encoders have the same tensors; the file must be told apart by hand.
    #[error(
        "the checkpoint doesn't say whether its patches are 16x16 or 128x2; add --patch square or --patch vertical: {path}"
    )]
    NeedsPatch {
        /// The file.
        path: PathBuf,
    },
    /// The file holds an encoder of other patches than was asked for.
    #[error(
        "the checkpoint holds a {found} encoder, not a {wanted} one; leave out --patch or choose another checkpoint: {path}"
    )]
    WrongKind {
        /// What it holds.
        found: Patching,
        /// What was asked for.
        wanted: Patching,
        /// The file.
        path: PathBuf,
    },
    /// A folder of a model hub without weights.
    #[error("there are no weights in this folder: {what}: {path}")]
    NoWeights {
        /// What its `config.json` says that it is, and what is missing.
        what: String,
        /// The folder.
        path: PathBuf,
    },
    /// A folder without a complete checkpoint.
    #[error(
        "there is no checkpoint in this folder: no complete step of a run (step-N/weights.safetensors, final.safetensors), \
         no model.safetensors or pytorch_model.bin, no .index.json beside its parts. Let a run save once, or name a file: {path}"
    )]
    EmptyFolder {
        /// The folder.
        path: PathBuf,
    },
    /// A folder with several files that may be meant.
    #[error(
        "this folder holds {count} files that may be checkpoints; name one of them, as {}: {path}",
        first.display()
    )]
    SeveralFiles {
        /// How many there are.
        count: usize,
        /// One of them.
        first: PathBuf,
        /// The folder.
        path: PathBuf,
    },
    /// A file could not be written; an old one is untouched.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Why windows could not be embedded.
#[derive(Debug, thiserror::Error)]
pub enum EncoderError {
    /// The device is not there.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// The checkpoint could not be read.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// Sizes that no encoder can have or no machine can hold; which one, and its limits.
    #[error("these sizes make no encoder: {0}")]
    Sizes(String),
    /// An encoder of a family that is read here and not trained.
    #[error(
        "{0} encoders are not trained here; Myna, MT2 and MAEST are. Embed, map and probe take any"
    )]
    NotTrained(Family),
    /// Windows of a wrong length or width; which, and what was expected.
    #[error("the encoder was given windows it cannot read: {0}")]
    Windows(String),
    /// A layer or a readout that the encoder does not have; which, and what there is.
    #[error("{0}")]
    Reading(String),
    /// Products in fewer bits on a device that cannot, or gains nothing by it.
    #[error(
        "{device} does not compute in {precision}: {why}; say --precision f32 or choose another device"
    )]
    Precision {
        /// What was asked for.
        precision: Precision,
        /// The device, as it is asked for.
        device: String,
        /// Why not.
        why: &'static str,
    },
    /// The backend failed: no memory, a lost device.
    #[error("computing on {device} failed: {why}; try a smaller batch or --device cpu")]
    Compute {
        /// The device, as it is asked for.
        device: String,
        /// What the backend said.
        why: String,
    },
}
