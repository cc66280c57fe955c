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

mod channel;
mod cut;
mod decode;
mod error;
mod incomplete;
mod load;
mod patch;
mod peaks;
mod player;
mod resample;
mod source;
mod transpose;
mod wav;

pub use channel::Channel;
pub use cut::cut_short;
pub use decode::{FileTags, read_tags};
pub use error::AudioError;
pub use incomplete::{CANCELS, Caveats, Incomplete};
pub use load::{AudioInfo, file_rate, load_mono, probe_file, stream_mono, stream_mono_from};
pub use peaks::{PEAK_SAMPLES, Peaks};
pub use player::{
    Auditions, Clip, Heard, OutputDevice, OutputStatus, Player, PlayerState, Side, ViewSource,
    chosen_device, output_devices,
};
pub use transpose::{Semitones, transposed};
pub use wav::write_wav;

use std::path::Path;

/// The rate at which the encoder hears, in Hz.
pub const SAMPLE_RATE: u32 = 16_000;

/// File endings that are taken for sound, in lower case.
pub const EXTENSIONS: &[&str] = &[
    "wav", "wave", "rf64", "bwf", "w64", "aif", "aiff", "aifc", "caf", "au", "snd", "sph", "flac",
    "mp3", "mp2", "mp1", "mpga", "aac", "m4a", "m4b", "m4r", "mp4", "mov", "3gp", "3g2", "ogg",
    "oga", "opus", "webm", "weba", "mka", "mkv",
    // What only the program ffmpeg decodes.
    "wv", "ac3", "eac3", "dts", "wma", "ape", "tta", "mpc", "dsf", "dff", "amr", "spx", "tak", "ra",
    "shn", "avi", "flv", "mpg", "mpeg", "vob", "m4v", "wmv", "asf", "mpa", "ogv", "ogx", "mk3d",
    "gsm", "rm", "mts", "m2ts", "mlp", "thd", "sbc", "g722", "wve", "roq", "nut", "adx", "qcp",
];

/// Whether a path's ending promises sound (the bytes decide later).
pub fn is_audio_path(path: &Path) -> bool {
    path.extension()
        .and_then(|ending| ending.to_str())
        .is_some_and(|ending| {
            EXTENSIONS
                .iter()
                .any(|known| known.eq_ignore_ascii_case(ending))
        })
}

/// Whether a file whose ending says nothing (there is none, or it is `.ts`: a film, or a program in TypeScript) holds sound by its first
/// bytes. No more than some kilobytes are read.
pub fn holds_sound(path: &Path) -> bool {
    decode::holds_sound(path).unwrap_or(false)
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
