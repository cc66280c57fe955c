//! Matroska and WebM. Times in them are in milliseconds, so frames are counted from the beginning, and a place that was
//! passed is found by beginning anew.
//!
//! symphonia-format-mkv 0.6.1 does not hand on DiscardPadding, so the padding at the end of Opus and MP3 is played.

use std::{ffi::OsStr, fs::File, io::Read};

use super::{
    Refused, Step,
    fence::Fence,
    packets::{Input, Packets},
};
use crate::{AudioError, AudioInfo, Incomplete};

/// Bytes in which the segment begins.
const HEAD_BYTES: u64 = 4096;

/// A file being read.
pub(super) struct Matroska {
    packets: Packets,
    length: u64,
    /// The share of its bytes that is there, where its header tells how many there ought to be.
    share: Option<f64>,
}

impl Matroska {
    /// Opens a file of `length` bytes.
    pub(super) fn open(
        length: u64,
        search: Option<&OsStr>,
        fence: &Fence<'_>,
    ) -> Result<Self, Refused> {
        let told = told_end(fence)?;
        let share = told.map(|told| length as f64 / told as f64);
        // What stands behind the end is none of the file's.
        let length = told.map_or(length, |told| length.min(told));
        let mut packets = read(length, fence)?;
        // Not every file is written in a way that its reader understands: the first packet shows it.
        packets.check_first_packet(fence)?;
        if let Some(refused) = Refused::where_he_aac(packets.info(), false, None, search, fence) {
            return Err(refused);
        }
        let mut packets = read(length, fence)?;
        // Where a film lies beside the sound, the length may be the film's.
        if packets.track_count() > 1 {
            packets = packets.with_duration_secs(0.0);
        } else if let Some(secs) = packets.claimed_secs() {
            let before = packets.frames_before_sound() as f64;
            let rate = f64::from(packets.info().sample_rate.max(1));
            packets = packets.with_duration_secs((secs - before / rate).max(0.0));
        }
        Ok(Self {
            packets,
            length,
            share,
        })
    }

    pub(super) fn info(&self) -> &AudioInfo {
        self.packets.info()
    }

    pub(super) fn incomplete(&self) -> Option<Incomplete> {
        let share = self.share.filter(|share| *share < 1.0);
        share.map(|share| Incomplete::EndsEarly { share: Some(share) })
    }

    pub(super) fn step(
        &mut self,
        samples: &mut Vec<f32>,
        fence: &Fence<'_>,
    ) -> Result<Step, AudioError> {
        self.packets.step(samples, fence)
    }

    pub(super) fn seek(&mut self, secs: f64, fence: &Fence<'_>) -> Result<bool, AudioError> {
        if self.packets.must_reopen(secs) {
            let info = self.packets.info().duration_secs;
            self.packets = read(self.length, fence)?.with_duration_secs(info);
        }
        self.packets.seek(secs, fence)
    }
}

fn read(length: u64, fence: &Fence<'_>) -> Result<Packets, AudioError> {
    let file = File::open(fence.path).map_err(|error| AudioError::from_io(fence.path, &error))?;
    let input = Input {
        file,
        range: 0..length,
        patches: Vec::new(),
    };
    let packets = Packets::open(input, fence.path, fence.clock)?;
    Ok(packets.counting_frames())
}

/// Where the file says that it ends. (A live recording does not know its size.)
fn told_end(fence: &Fence<'_>) -> Result<Option<u64>, AudioError> {
    let mut head = Vec::new();
    File::open(fence.path)
        .and_then(|file| file.take(HEAD_BYTES).read_to_end(&mut head))
        .map_err(|error| AudioError::from_io(fence.path, &error))?;
    Ok(told_length(&head))
}

/// Where a file says that it ends: the size of its second element, the segment, follows the first, the header.
fn told_length(head: &[u8]) -> Option<u64> {
    let (header, place) = size(head, 4)?;
    let segment = place.checked_add(usize::try_from(header?).ok()?)?;
    if head.get(segment..segment.checked_add(4)?)? != b"\x18\x53\x80\x67" {
        return None;
    }
    let (size, place) = size(head, segment + 4)?;
    (place as u64).checked_add(size?)
}

/// A size as EBML (RFC 8794, 4) writes it, and the place behind it; no number where all its bits are set: unknown.
fn size(head: &[u8], at: usize) -> Option<(Option<u64>, usize)> {
    let first = *head.get(at)?;
    let count = first.leading_zeros() as usize + 1;
    let bytes = head.get(at..at + count).filter(|_| count <= 8)?;
    let value = bytes
        .iter()
        .fold(0_u64, |value, &byte| value << 8 | u64::from(byte));
    let mask = (1_u64 << (7 * count)) - 1;
    Some(((value & mask != mask).then_some(value & mask), at + count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_tells_where_it_ends() {
        let head = b"\x1a\x45\xdf\xa3\x82ab\x18\x53\x80\x67\x41\x00";
        assert_eq!(told_length(head), Some(13 + 256));
        let live = b"\x1a\x45\xdf\xa3\x82ab\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff";
        assert_eq!(told_length(live), None);
        assert_eq!(told_length(b"\x1a\x45\xdf\xa3\x00"), None);
    }
}
