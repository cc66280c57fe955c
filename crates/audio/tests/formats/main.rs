//! Every file decodes to what the reference decoders make of it: the same length, the same beginning, the same sound.
//! Inputs are made by the encoders that people use (Debian: apt-get install ffmpeg lame sox twolame flac vorbis-tools
//! opus-tools mpg123); a missing one fails its tests and names the package.
//! With MYNASCOPE_FORMATS_ROWS=FILE each comparison adds a row to a file; `docs/formats.py` makes docs/formats.md of it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;
mod flac;
mod mpeg;
mod pcm;
mod program;
mod streams;
