//! Mynascope: a desktop lab for music representations.
//!
//! # The house
//! One crate, one folder a room. Data flows down this list; a room may use the rooms above it, never below
//! (`tests/layers.rs` fails on an arrow the wrong way).
//!
//! | room | what flows in and out |
//! |---|---|
//! | [`storage`] | files that survive: atomic writes, the user's folders, settings |
//! | [`jobs`] | background work: named threads, bounded queues, progress, cancel |
//! | [`audio`] | untrusted bytes -> samples -> loudspeaker |
//! | [`spectrum`] | samples -> mel-spectrogram -> picture, and masked sound back |
//! | [`tokens`] | patch grids, masks, views |
//! | [`collection`] | tracks, labels, splits, the demo collection |
//! | [`encoder`] | the transformer, presets, devices, checkpoints |
//! | [`embedding`] | tracks -> tables of embeddings and back |
//! | [`map`] | embeddings -> two dimensions |
//! | [`probe`] | embeddings and labels -> scores; kept probes and what they say of other tracks; kept scores |
//! | [`objective`] | what training minimises |
//! | [`train`] | the loop, its settings and its run folder |
//! | [`gui`] | the window: wiring, panels, paint; pictures of it |
//! | [`cli`] | one thin file a verb, over everything above |
//!
//! Beside the house stands `mynascope-kernels` (folder `kernels/`): the encoder's layers on the CPU as loops over slices, forwards
//! and backwards. It is a crate of its own only because it must be optimised where tests build the rest quickly.
//!
//! A verb of the command line and a button of the window call the same function of the same room.
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

pub mod storage;

pub mod jobs;

pub mod audio;

pub mod spectrum;

pub mod tokens;

pub mod collection;

pub mod encoder;

pub mod embedding;

pub mod map;

pub mod probe;

pub mod objective;

pub mod train;

pub mod gui;

pub mod cli;
