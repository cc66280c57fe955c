//! Mynascope: a desktop lab for music representations.
//!
//! # Crate map
//! Data flows down this list; a crate may use those above it, never below: an arrow the wrong way does not compile.
//!
//! | crate | what flows in and out |
//! |---|---|
//! | [`mynascope_base`] | files that survive: atomic writes, the user's folders, settings; background work: named threads, bounded queues, progress, cancel |
//! | [`mynascope_hub`] | names on the model hub -> folders on this disk, on request; the list of published encoders |
//! | [`mynascope_audio`] | untrusted bytes -> samples -> loudspeaker |
//! | [`mynascope_spectrum`] | samples -> mel-spectrogram -> picture, and masked sound back; patch grids, masks, views |
//! | [`mynascope_collection`] | tracks, labels, splits, the demo collection |
//! | `mynascope_kernels` | the encoder's layers on the CPU as loops over slices, forwards and backwards |
//! | [`mynascope_encoder`] | the transformer, presets, devices, checkpoints |
//! | [`mynascope_embedding`] | tracks -> tables of embeddings and back |
//! | [`mynascope_fonts`] | letters -> fonts of the system that have them |
//! | [`mynascope_map`] | embeddings -> two dimensions |
//! | [`mynascope_probe`] | embeddings and labels -> scores; saved probes and their predictions; saved scores |
//! | [`mynascope_train`] | what training minimises, the loop, its settings and its run folder |
//! | this crate | [`gui`]: the window: wiring, panels, paint, pictures of it; [`cli`]: one thin file a verb, over everything above |
//!
//! A verb of the command line and a button of the window call the same function of the same crate.
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

pub mod cli;
pub mod gui;
