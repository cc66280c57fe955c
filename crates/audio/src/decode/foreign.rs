//! What files tell of themselves that only the program ffmpeg decodes: how long they are, where that is exact, and whether they
//! end before they ought to. The program itself mostly decodes what is there and says nothing of what is not.
//!
//! Sizes and counts are read, and the heads of frames; never the sound.

mod containers;
mod frames;
mod lossless;

use std::{fs::File, io, ops::Range, sync::Arc};

use super::window::Window;
use crate::{Incomplete, incomplete::share, source::Clock};

/// Files with more bytes are not read from frame to frame only to know their length.
const MAX_WALKED_BYTES: u64 = 1 << 30;

/// What a file tells.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Facts {
    /// Length in seconds, if it is exact.
    pub duration_secs: Option<f64>,
    /// Whether the program finds any place in it exactly.
    pub seeks: bool,
    /// Whether it ends before it ought to.
    pub incomplete: Option<Incomplete>,
    /// Whether whole files of its kind end within a packet: recordings of a broadcast.
    pub ends_anywhere: bool,
}

impl Facts {
    /// A length that a container tells whose times are exact.
    pub(super) fn exact(duration_secs: Option<f64>) -> Self {
        Self {
            duration_secs,
            seeks: true,
            ..Self::default()
        }
    }

    /// `there` of `told` bytes.
    fn of_bytes(there: u64, told: u64) -> Self {
        Self {
            incomplete: share(there, told),
            ..Self::default()
        }
    }

    /// Ends within a part of it.
    fn cut() -> Self {
        Self {
            incomplete: Some(Incomplete::EndsEarly { share: None }),
            ..Self::default()
        }
    }
}

/// Looks at the bytes `part` of a file; the position is undefined afterwards.
pub(super) fn look(file: File, part: Range<u64>, clock: &Arc<Clock>) -> io::Result<Facts> {
    let mut window = Window::new(file, part.clone(), clock);
    let window = &mut window;
    let head = window.at(part.start, 64)?.to_vec();
    let facts = match head.as_slice() {
        [b'w', b'v', b'p', b'k', ..] | [b'T', b'T', b'A', b'1', ..] => {
            let secs = lossless::length_secs(&head);
            return Ok(Facts {
                duration_secs: secs,
                // What counts its frames has a table of places, too.
                seeks: secs.is_some(),
                ..Facts::default()
            });
        }
        [b'M', b'A', b'C', b' ', ..] => lossless::monkeys_audio(window)?,
        [b'D', b'S', b'D', b' ', ..] => lossless::dsf(window)?,
        [b'F', b'R', b'M', b'8', ..] => containers::dff(window)?,
        [0x0b, 0x77, ..] => frames::walk(window, frames::dolby)?,
        [0x7f, 0xfe, 0x80, 0x01, ..] => frames::walk(window, frames::dts)?,
        [b'#', b'!', b'A', b'M', b'R', b'\n', ..] => frames::amr(window, 6, false)?,
        [b'#', b'!', b'A', b'M', b'R', b'-', b'W', b'B', b'\n', ..] => {
            frames::amr(window, 9, true)?
        }
        [b'R', b'I', b'F', b'F', ..] => containers::avi(window)?,
        [b'F', b'L', b'V', 1, ..] => containers::flash(window)?,
        [0x30, 0x26, 0xb2, 0x75, ..] => containers::windows_media(window)?,
        [b'.', b'R', b'M', b'F', ..] => containers::real_media(window)?,
        [b'M', b'P', b'C', b'K', ..] => containers::musepack(window)?,
        [0, 0, 1, 0xba, ..] => containers::mpeg_film(window)?,
        [0x47, ..] | [_, _, _, _, 0x47, ..] => containers::transport_stream(window)?,
        _ => None,
    };
    Ok(facts.unwrap_or_default())
}

/// Bytes of a number, the highest first.
fn big(bytes: &[u8], range: Range<usize>) -> Option<u64> {
    let bytes = bytes.get(range)?;
    Some(
        bytes
            .iter()
            .fold(0, |sum, &byte| sum << 8 | u64::from(byte)),
    )
}

/// Bytes of a number, the lowest first.
fn little(bytes: &[u8], range: Range<usize>) -> Option<u64> {
    let bytes = bytes.get(range)?;
    Some((bytes.iter().rev()).fold(0, |sum, &byte| sum << 8 | u64::from(byte)))
}

#[cfg(test)]
mod tests;
