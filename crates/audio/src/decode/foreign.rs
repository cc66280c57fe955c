//! What files tell of themselves that only the program ffmpeg decodes: how long they are, where that is exact, and whether they
//! end before they ought to. The program itself mostly decodes what is there and says nothing of what is not.
//!
//! Sizes and counts are read, and the heads of frames; never the sound.

mod containers;
mod frames;
mod ircam;
mod lossless;
mod nut;

use std::{fs::File, io, ops::Range, sync::Arc};

pub(super) use self::{
    frames::{dolby_follows, gsm_begins, sbc_begins},
    ircam::ircam_begins,
};
use super::{
    fence::Fence,
    mpeg::{leading_tag, trailing_tags},
    unfilled::unfilled,
    window::Window,
};
use crate::{
    AudioError, Incomplete,
    incomplete::share,
    source::{Clock, open_regular},
};

/// Files with more bytes are not read from frame to frame only to know their length.
const MAX_WALKED_BYTES: u64 = 1 << 30;

/// What a file tells.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Facts {
    /// Length in seconds, if it is exact.
    pub duration_secs: Option<f64>,
    /// Whether the program finds any place in it exactly.
    pub seeks: bool,
    /// What of it does not become sound: its end, what stands behind its end, or a hole.
    pub incomplete: Option<Incomplete>,
    /// The share of its bytes in front of a hole, where nothing tells the hole's time.
    pub hole: Option<f64>,
    /// Whether whole files of its kind end within a packet: recordings of a broadcast.
    pub ends_anywhere: bool,
    /// The byte at which it ends by the sizes that it tells: zeros behind it are none of its own.
    pub told_end: Option<u64>,
    /// The byte at which its sound ends, where something stands behind it that the program would take for sound: a tag, another
    /// file.
    pub end: Option<u64>,
    /// What the program must be asked for to find damage.
    pub asks: Asks,
    /// The name that the program has for the format, where it does not recognise it.
    pub format: Option<&'static str>,
}

/// What the program looks for only where it is asked to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Asks {
    #[default]
    Nothing,
    /// That it compares the checksums of packets, and leaves out those that are wrong. The times are exact, so that silence can
    /// stand in their place.
    Checksums,
    /// That it goes on behind a hole, however large, in a transport stream.
    Resync,
    /// That silence stands where the times of packets leave a gap. They are rounded.
    Times,
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

    /// The part of a file that begins at `place` is not filled: the file's end, or a hole.
    fn unfilled(window: &mut Window, place: u64) -> io::Result<Self> {
        let part = window.part();
        let (there, told) = (place - part.start, part.end - part.start);
        Ok(match window.filled_end()? > place {
            false => Self::of_bytes(there, told),
            true => Self {
                hole: Some(there as f64 / told as f64),
                ..Self::default()
            },
        })
    }

    /// Ends within a part of it.
    fn cut() -> Self {
        Self {
            incomplete: Some(Incomplete::EndsEarly { share: None }),
            ..Self::default()
        }
    }

    /// A file that ends at the byte `end` by what it tells. A second one that begins there with the same `mark` is not decoded.
    fn up_to(window: &mut Window, end: u64, mark: &[u8]) -> io::Result<Self> {
        let part = window.part();
        let mut facts = Self::of_bytes(part.end - part.start, end.saturating_sub(part.start));
        facts.told_end = Some(end);
        if follows(window, end, mark)? {
            facts.incomplete = Some(Incomplete::MoreFollows);
            facts.end = Some(end);
        }
        Ok(facts)
    }
}

/// Whether another file, which begins with `mark`, follows at `place`, maybe behind tags.
fn follows(window: &mut Window, mut place: u64, mark: &[u8]) -> io::Result<bool> {
    const MAX_TAGS: usize = 4;
    /// Bytes in which the longest text of a tag without a size ends.
    const SIGHT: usize = 6 << 10;
    for _ in 0..MAX_TAGS {
        match leading_tag(window.at(place, SIGHT)?) {
            Some(bytes) => place = place.saturating_add(bytes),
            None => break,
        }
    }
    Ok(window.at(place, mark.len())?.starts_with(mark))
}

/// Looks at the bytes `part` of a file; the position is undefined afterwards.
pub(super) fn look(file: File, part: Range<u64>, clock: &Arc<Clock>) -> io::Result<Facts> {
    let mut window = Window::new(file, part.clone(), clock);
    let end = trailing_tags(&mut window)?;
    window.end_at(end);
    let window = &mut window;
    let head = window.at(part.start, 64)?.to_vec();
    let facts = match head.as_slice() {
        [b'w', b'v', b'p', b'k', ..] => lossless::wavpack(window)?,
        [b'T', b'T', b'A', b'1', ..] => lossless::true_audio(window)?,
        [b'M', b'A', b'C', b' ', ..] => lossless::monkeys_audio(window)?,
        [b'D', b'S', b'D', b' ', ..] => lossless::dsf(window)?,
        [b'F', b'R', b'M', b'8', ..] => containers::dff(window)?,
        [0x0b, 0x77, ..] => frames::walk(window, frames::dolby)?,
        [0x9c | 0xad, ..] => frames::walk(window, frames::sbc)?,
        [0x84, 0x10, 0xff, 0xff, ..] => containers::roq(window)?,
        [b'A', b'L', b'a', b'w', ..] => containers::psion(window)?,
        [0x7f, 0xfe, 0x80, 0x01, ..] => frames::walk(window, frames::dts)?,
        [_, _, _, _, 0xf8, 0x72, 0x6f, 0xba | 0xbb, ..] => frames::walk(window, frames::true_hd)?,
        [0x56, 0xe0..=0xff, ..] => frames::walk(window, frames::latm)?,
        [b'#', b'!', b'A', b'M', b'R', b'\n', ..] => frames::amr(window, 6, false)?,
        [b'#', b'!', b'A', b'M', b'R', b'-', b'W', b'B', b'\n', ..] => {
            frames::amr(window, 9, true)?
        }
        [b'R', b'I', b'F', b'F', ..] => containers::avi(window)?,
        [b'C', b'r', b'e', b'a', b't', b'i', b'v', b'e', ..] => containers::voc(window)?,
        [b'F', b'L', b'V', 1, ..] => containers::flash(window)?,
        [0x30, 0x26, 0xb2, 0x75, ..] => containers::windows_media(window)?,
        [b'.', b'R', b'M', b'F', ..] => containers::real_media(window)?,
        [b'M', b'P', b'C', b'K', ..] => containers::musepack(window)?,
        [b'n', b'u', b't', b'/', ..] => nut::walk(window)?,
        [0, 0, 1, 0xba, ..] => containers::mpeg_film(window)?,
        head if ircam_begins(head) => ircam::ircam(window)?,
        [0xd0..=0xdf, ..] => frames::gsm(window)?,
        [0x47, ..] | [_, _, _, _, 0x47, ..] => containers::transport_stream(window)?,
        _ => None,
    };
    let mut facts = facts.unwrap_or_default();
    if let Some(told_end) = facts.told_end {
        window.end_at(told_end);
    }
    // Silent samples that are not compressed are zeros, too; the blocks and chunks were looked at.
    const UNCOMPRESSED: [&[u8]; 6] = [
        b"RIFF",
        b"Creative Voice",
        b"FORM",
        b".SoX",
        b"XoS.",
        nut::MARK,
    ];
    let is_compressed =
        !UNCOMPRESSED.iter().any(|mark| head.starts_with(mark)) && !ircam_begins(&head);
    if facts.incomplete.is_none()
        && is_compressed
        && let Some((end, incomplete)) = unfilled(window, part.start)?
    {
        facts.incomplete = Some(incomplete);
        facts.end = Some(end);
    }
    if end < part.end {
        facts.end.get_or_insert(end);
    }
    Ok(facts)
}

/// Where the tags at the end of a file begin, if it has some.
pub(super) fn tags_at_end(fence: &Fence<'_>) -> Result<Option<u64>, AudioError> {
    let (file, length) = open_regular(fence.path)?;
    let end = trailing_tags(&mut Window::new(file, 0..length, fence.clock));
    fence.clock.check(fence.path)?;
    let end = end.map_err(|error| AudioError::from_io(fence.path, &error))?;
    Ok((end < length).then_some(end))
}

#[cfg(test)]
mod tests;
