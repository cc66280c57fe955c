//! Lists as people have them: saved by spreadsheets, scripts and other systems, with the field's words for parts, tags
//! and keys. What cannot be read is said, with its line.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;
mod folders;
mod forms;
mod labels;
mod paths;
mod splits;
mod told;
mod written;
