//! IRCAM's sound files (.sf): a header of fixed size, then samples of one size up to the end. None of both tells where that is.

use std::io;

use super::Facts;
use crate::decode::{
    MAX_CHANNELS,
    number::Endian::{Big, Little},
    window::Window,
};

const HEADER: u64 = 1024;
/// Zeros by which files of 32-bit words are filled up.
const MAX_PADDING: u64 = 3;

/// Whether a file begins with the mark, in either order; the byte in its middle is the kind of the machine that wrote it.
pub(in super::super) fn ircam_begins(head: &[u8]) -> bool {
    matches!(
        head,
        [0x64, 0xa3, 1..=4, 0, ..] | [0, 1..=4, 0xa3, 0x64, ..]
    )
}

/// Zeros behind the last whole frame are padding where they are less than a word.
pub(super) fn ircam(window: &mut Window) -> io::Result<Option<Facts>> {
    let part = window.part();
    let head = window.at(part.start, 16)?;
    let shape = [Little, Big].into_iter().find_map(|order| {
        let channels = order.within(head, 8..12)?;
        // The lower half of the coding is the size of a sample.
        let bytes = order.within(head, 12..16)? & 0xffff;
        ((1..=MAX_CHANNELS as u64).contains(&channels) && (1..=8).contains(&bytes))
            .then_some(channels * bytes)
    });
    let Some((frame_bytes, sound)) = shape.zip((part.end - part.start).checked_sub(HEADER)) else {
        return Ok(None);
    };
    let over = sound % frame_bytes;
    let end = part.end - over;
    let is_padding = (1..=MAX_PADDING).contains(&over) && window.filled_end()? <= end;
    Ok(Some(Facts {
        end: is_padding.then_some(end),
        ..Facts::default()
    }))
}
