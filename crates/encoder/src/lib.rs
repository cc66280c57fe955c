//! The transformer, presets, devices, reading and writing checkpoints.
//!
//! An encoder turns a window of mel frames (96 frames of 128 bands, raw power, no logarithm) into one vector. What the
//! other rooms hold is a [`LoadedEncoder`]: weights on a device, with the backend hidden inside.
//!
//! A crate of its own: Burn's backends are compiled into it once, and a change of a panel or a reader does not repeat that.

// Tests may unwrap, index and panic: a failing test is what those are for.
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

mod attention;
mod backend;
mod blocks;
mod checkpoint;
#[cfg(feature = "cuda")]
mod cuda;
mod device;
mod error;
pub mod families;
mod gain;
mod identity;
mod info;
mod input;
mod kernels;
mod learning;
mod loaded;
mod parameters;
mod passes;
mod precision;
mod presets;
mod reading;
mod weights;

pub use attention::AttentionTrace;
pub use backend::compute_devices;
pub use checkpoint::{
    CheckpointRef, CheckpointReport, CheckpointSummary, FileDtype, FoundEncoder, LeftOut,
    LoadOptions, OpenCheckpoint, WeightsChoice, WeightsRole, inspect, inspect_with, is_checkpoint,
    load_reported, load_weights, run_of_weights, save_weights, save_weights_as, say_step_of_run,
    shipped_weights, summarise,
};
pub use device::{ComputeDevice, ComputeKind, DeviceChoice, DeviceError, total_memory};
pub use error::{CheckpointError, EncoderError};
pub use families::Sizes;
pub use families::myna::{
    HEAD_DIM, MynaConfig, PatchInput, Patching, Preset, network::HostTokens, tokenizer::Tokenizer,
};
pub use families::{EncoderConfig, Family, baseline::Baseline};
pub use gain::{PrecisionGain, cosines_of, precision_gain};
pub use identity::{is_same_reading, is_shipped};
pub use info::{EncoderInfo, WindowRule};
pub use input::{Input, Window};
pub use learning::{HostBatch, LearningNetwork};
pub use loaded::LoadedEncoder;
pub use parameters::{ParameterRole, ParameterSpec, RowOrder, TrainingHead, all_parameters};
pub use precision::{Precision, peak_rate};
pub use presets::EncoderPreset;
pub use reading::{Overlap, Patchout, Reading, ReadingInUse, Readout, Rows};
pub use weights::{WeightTensor, Weights};

pub use backend::{DeviceJob, check_precision, find_place, on_place};
pub use checkpoint::{FileContent, read_file, write_tensors};
pub use kernels::{Adam, Kernels, primitive};
pub use weights::{Parameter, numbers};
