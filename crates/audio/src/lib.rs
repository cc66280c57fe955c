//! Untrusted bytes -> samples -> loudspeaker: decode, resample, outline, player.
//!
//! A file that reaches this room ends as sound or as one clear [`AudioError`]; it never takes the program down and
//! never asks for more memory than the limits named in `decode.rs` allow.
//!
//! A crate of its own: decoders and the player are the parts that untrusted bytes and devices reach, they know nothing of
//! music representations, and their tests build in seconds.

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

mod cut;
mod decode;
mod error;
mod incomplete;
mod load;
mod peaks;
mod player;
mod repair;
mod resample;
mod source;
mod wav;

pub use cut::cut_short;
pub use error::AudioError;
pub use incomplete::Incomplete;
pub use load::{AudioInfo, load_mono, probe_file, stream_mono};
pub use peaks::{PEAK_SAMPLES, Peaks};
pub use player::{
    Auditions, Beside, Clip, Heard, OutputDevice, OutputStatus, Player, PlayerState, Side,
    output_devices,
};
pub use wav::write_wav;

use std::path::Path;

/// The rate at which the encoder hears, in Hz.
pub const SAMPLE_RATE: u32 = 16_000;

/// File endings that are taken for sound, in lower case.
pub const EXTENSIONS: &[&str] = &[
    "wav", "wave", "aif", "aiff", "aifc", "flac", "mp3", "mp2", "mp1", "mpga", "aac", "m4a", "m4b",
    "mp4", "ogg", "oga",
];

/// Whether a path's ending promises sound (the bytes decide later). Formats that are recognised but not decoded,
/// such as Opus, are not among them.
pub fn is_audio_path(path: &Path) -> bool {
    path.extension()
        .and_then(|ending| ending.to_str())
        .is_some_and(|ending| {
            EXTENSIONS
                .iter()
                .any(|known| known.eq_ignore_ascii_case(ending))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_are_known_in_any_case() {
        assert!(is_audio_path(Path::new("a/b.c/Song.FLAC")));
        assert!(!is_audio_path(Path::new("a/wav")));
        assert!(!is_audio_path(Path::new("notes.txt")));
    }
}
