//! The ground that every other crate of Mynascope stands on: files that survive, background work, the order of
//! names, and numbers of things in words.
//!
//! A crate of its own because everything uses it and it uses nothing: a change above never builds it again.

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

pub mod jobs;
pub mod storage;
mod text;

pub use text::{counted, natural_order, system_words, without_path};
