use std::path::PathBuf;

use super::{Arithmetic, DeviceError, EncoderKind};
use mynascope_base::storage::StorageError;

/// Why a checkpoint could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    #[error("cannot read the checkpoint: {source}: {path}")]
    Io {
        source: std::io::Error,
        path: PathBuf,
    },
    /// The file is no checkpoint, is cut off, or asks for what a checkpoint never needs.
    #[error("this is no usable checkpoint: {why}: {path}")]
    Damaged { why: String, path: PathBuf },
    /// The file is sound but holds another model.
    #[error("the checkpoint doesn't fit: {why}. `mynascope inspect` lists its tensors: {path}")]
    Unfit { why: String, path: PathBuf },
    /// Square and vertical encoders have the same tensors; the file must be told apart by hand.
    #[error(
        "the checkpoint doesn't say whether its patches are 16x16 or 128x2; add --patch square or --patch vertical: {path}"
    )]
    NeedsPatch { path: PathBuf },
    #[error(
        "the checkpoint holds a {found} encoder, not a {wanted} one; leave out --patch or choose another checkpoint: {path}"
    )]
    WrongKind {
        found: EncoderKind,
        wanted: EncoderKind,
        path: PathBuf,
    },
    /// A folder without a complete checkpoint.
    #[error(
        "there is no checkpoint in this folder: no complete step of a run (step-N/weights.safetensors, final.safetensors), \
         no model.safetensors or pytorch_model.bin, no .index.json beside its parts. Let a run save once, or name a file: {path}"
    )]
    EmptyFolder { path: PathBuf },
    /// A folder with several files that may be meant.
    #[error(
        "this folder holds {count} files that may be checkpoints; name one of them, as {}: {path}",
        first.display()
    )]
    SeveralFiles {
        count: usize,
        first: PathBuf,
        path: PathBuf,
    },
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Why windows could not be embedded.
#[derive(Debug, thiserror::Error)]
pub enum EncoderError {
    #[error(transparent)]
    Device(#[from] DeviceError),
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    #[error("these sizes make no encoder: {0}")]
    Sizes(String),
    #[error("the encoder was given windows it cannot read: {0}")]
    Windows(String),
    #[error(
        "{device} does not compute training in {arithmetic}: {why}; say --precision f32 or choose another device"
    )]
    Arithmetic {
        arithmetic: Arithmetic,
        device: String,
        why: &'static str,
    },
    /// The backend failed: no memory, a lost device.
    #[error("computing on {device} failed: {why}; try a smaller batch or --device cpu")]
    Compute { device: String, why: String },
}
