//! FLAC files, and several of them in one (`cat a.flac b.flac`), which play one behind the other, as in ffmpeg. Each part counts its
//! frames anew, and its header tells how many there are: a file whose last frame is not the last one of its first part, or whose
//! frame in the middle is far from it, has more parts. Only then is it searched for their marks.
//!
//! Headers of frames: RFC 9639, 9.1.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    iter,
    ops::Range,
};

use symphonia::core::{
    checksum::{Crc8Ccitt, Crc16Ansi},
    io::Monitor,
};

use super::{
    Step,
    fence::Fence,
    mpeg::trailing_tags,
    packets::{Input, Packets},
    window::Window,
};
use crate::{AudioError, AudioInfo, Incomplete};

/// The mark, and the head of the block that must follow: the shape of the stream, in 34 bytes.
const MARK: &[u8] = b"fLaC\0\0\0\x22";
/// Mark, block and shape.
const HEAD_BYTES: usize = 8 + 34;
/// Bytes at the end, and in the middle, in which frames are looked for.
const SIGHT: u64 = 1 << 16;
/// The longest frames whose ends are looked for: 65,535 samples of eight channels.
const MAX_SIGHT: u64 = 2 << 20;
/// Parts of one file that are found.
const MAX_PARTS: usize = 4096;

/// A part of a file.
#[derive(Debug)]
struct Part {
    range: Range<u64>,
    /// The number of its first frame of sound: not 0 in a piece of a longer stream.
    first_frame: u64,
    secs: f64,
}

/// A file being read part by part.
pub(super) struct Flac {
    parts: Vec<Part>,
    current: usize,
    packets: Packets,
    info: AudioInfo,
    incomplete: Option<Incomplete>,
}

impl Flac {
    /// Opens a file of `length` bytes whose mark stands at `start`.
    pub(super) fn open(
        file: &mut File,
        start: u64,
        length: u64,
        fence: &Fence<'_>,
    ) -> Result<Self, AudioError> {
        let ranges = parts(file, start, length, fence);
        fence.clock.check(fence.path)?;
        let ranges = ranges.map_err(|error| AudioError::from_io(fence.path, &error))?;
        let mut parts = Vec::new();
        let mut first = None;
        for (index, range) in ranges.into_iter().enumerate() {
            let mark = if index == 0 { start } else { range.start };
            let first_frame = first_frame(file, mark);
            let first_frame =
                first_frame.map_err(|error| AudioError::from_io(fence.path, &error))?;
            let packets = open(&range, first_frame, fence)?;
            let secs = packets.info().duration_secs;
            parts.push(Part {
                range,
                first_frame,
                secs,
            });
            first.get_or_insert(packets);
        }
        let Some(packets) = first else {
            return Err(AudioError::damaged(fence.path, "no sound is found in it"));
        };
        let mut info = packets.info().clone();
        // One part of unknown length makes the whole unknown.
        let known = parts.iter().all(|part| part.secs > 0.0);
        let sum = parts.iter().map(|part| part.secs).sum();
        info.duration_secs = if known { sum } else { 0.0 };
        Ok(Self {
            parts,
            current: 0,
            packets,
            info,
            incomplete: None,
        })
    }

    pub(super) fn info(&self) -> &AudioInfo {
        &self.info
    }

    pub(super) fn incomplete(&self) -> Option<Incomplete> {
        self.incomplete.or_else(|| self.packets.incomplete())
    }

    pub(super) fn step(
        &mut self,
        samples: &mut Vec<f32>,
        fence: &Fence<'_>,
    ) -> Result<Step, AudioError> {
        let step = self.packets.step(samples, fence)?;
        if !matches!(step, Step::End) {
            return Ok(step);
        }
        self.incomplete = self.incomplete();
        match self.parts.get(self.current + 1) {
            Some(next) => {
                self.packets = open(&next.range, next.first_frame, fence)?;
                self.current += 1;
                Ok(Step::Nothing)
            }
            None => Ok(Step::End),
        }
    }

    /// Moves to a time in seconds, in the part that plays then.
    pub(super) fn seek(&mut self, secs: f64, fence: &Fence<'_>) -> Result<bool, AudioError> {
        let mut left = secs;
        let last = self.parts.len().saturating_sub(1);
        for (index, part) in self.parts.iter().enumerate() {
            if left >= part.secs && index < last {
                left -= part.secs;
                continue;
            }
            if index != self.current {
                self.packets = open(&part.range, part.first_frame, fence)?;
                self.current = index;
            }
            return self.packets.seek(left, fence);
        }
        Ok(false)
    }
}

fn open(range: &Range<u64>, first_frame: u64, fence: &Fence<'_>) -> Result<Packets, AudioError> {
    let file = File::open(fence.path).map_err(|error| AudioError::from_io(fence.path, &error))?;
    let input = Input::of(file, range.clone());
    let packets = Packets::open(input, fence.path, fence.clock)?;
    Ok(packets.with_numbers().beginning_at(first_frame))
}

/// The number of the first frame of sound in the header right behind the blocks of a stream whose mark stands at a place; 0 where no
/// header stands there.
fn first_frame(file: &mut File, mark: u64) -> io::Result<u64> {
    const MAX_BLOCKS: usize = 1024;
    /// The longest header of a frame.
    const HEADER: u64 = 16;
    const IS_LAST: u8 = 0x80;
    let Some(shape) = Shape::read(&read(file, mark, HEAD_BYTES as u64)?) else {
        return Ok(0);
    };
    let mut place = mark + 4;
    for _ in 0..MAX_BLOCKS {
        let &[kind, a, b, c] = read(file, place, 4)?.as_slice() else {
            break;
        };
        place += 4 + u64::from(u32::from_be_bytes([0, a, b, c]));
        if kind & IS_LAST != 0 {
            let frame = shape.frame(&read(file, place, HEADER)?);
            let first = frame.map_or(0, |(first, _)| first);
            return Ok(match shape.total == 0 || first < shape.total {
                true => first,
                false => 0,
            });
        }
    }
    Ok(0)
}

/// Where the parts of a file lie. The first one begins at the file's beginning: tags may stand in front.
fn parts(
    file: &mut File,
    start: u64,
    length: u64,
    fence: &Fence<'_>,
) -> io::Result<Vec<Range<u64>>> {
    let head = read(file, start, HEAD_BYTES as u64)?;
    let Some(shape) = Shape::read(&head) else {
        return Ok(iter::once(0..length).collect());
    };
    let end = sound_end(file, start..length, fence)?;
    let tail = read(file, end.saturating_sub(SIGHT).max(start), SIGHT)?;
    let last = shape.frames(&tail).last();
    let ends_there = last.is_some_and(|(_, end)| end == shape.total);
    let middle = read(file, start + (length - start) / 2, SIGHT)?;
    let is_near = |(first, _): (u64, u64)| {
        let share = first as f64 / shape.total as f64;
        (0.2..0.8).contains(&share)
    };
    // Nothing is found in it where a large picture stands in front.
    let is_half = shape.frames(&middle).next().is_none_or(is_near);
    let mut starts = vec![0];
    // More bytes than so many frames can have: several parts, or large pictures.
    let is_large = shape.most_bytes.is_some_and(|most| length - start > most);
    if shape.total > 0 && (is_large || !ends_there || !is_half) {
        starts.extend(marks(file, start + 8, length, fence)?);
    }
    let ends = starts.iter().skip(1).copied().chain([length]);
    starts
        .iter()
        .copied()
        .zip(ends)
        .map(|(from, to)| {
            let mark = if from == 0 { start } else { from };
            Ok(from..sound_end(file, mark..to, fence)?)
        })
        .collect()
}

/// Where the sound of a part ends whose mark stands first: in front of tags, and of anything else that stands behind a last frame
/// that is whole. (symphonia-bundle-flac 0.6.1: "a last frame with other bytes behind it, such as a tag, is not taken for whole".)
fn sound_end(file: &File, part: Range<u64>, fence: &Fence<'_>) -> io::Result<u64> {
    let mut window = Window::new(file.try_clone()?, part.clone(), fence.clock);
    let end = trailing_tags(&mut window)?;
    let head = window.at(part.start, HEAD_BYTES)?;
    let Some(shape) = Shape::read(head) else {
        return Ok(end);
    };
    // Any number of zeros may stand behind it. It may itself end with some.
    const MOST_ZEROS: u64 = 64;
    window.end_at(end);
    let filled = window.filled_end()?.saturating_add(MOST_ZEROS);
    let mut window = Window::new(file.try_clone()?, part.clone(), fence.clock);
    let sight = shape.frame_bytes.clamp(SIGHT, MAX_SIGHT);
    let from = filled.min(end).saturating_sub(sight).max(part.start);
    // A tag may tell a wrong size.
    let tail = window.at(from, (sight + SIGHT) as usize)?;
    let frames = (0..tail.len()).rev().filter_map(|at| {
        let frame = tail.get(at..)?;
        shape.frame(frame).map(|(_, last)| (at, frame, last))
    });
    // Headers that only look like some end elsewhere.
    for (at, frame, last) in frames {
        if (shape.total == 0 || last == shape.total)
            && let Some(bytes) = whole_frame(frame)
        {
            return Ok(from + (at + bytes) as u64);
        }
    }
    Ok(end)
}

/// Bytes of the frame with which these begin: the last place at which its checksum comes to hold. (It may hold within the frame by
/// chance, and its decoder leaves what is too much. Zeros behind it change nothing in it.)
fn whole_frame(bytes: &[u8]) -> Option<usize> {
    let mut sum = Crc16Ansi::new(0);
    let (mut end, mut holds) = (None, false);
    for (at, &byte) in bytes.iter().enumerate() {
        sum.process_byte(byte);
        if sum.crc() == 0 && !holds {
            end = Some(at + 1);
        }
        holds = sum.crc() == 0;
    }
    end
}

/// Places from `from` on at which a stream begins.
fn marks(file: &mut File, from: u64, length: u64, fence: &Fence<'_>) -> io::Result<Vec<u64>> {
    const PIECE: u64 = 1 << 20;
    let mut found = Vec::new();
    let mut place = from;
    while place < length && found.len() < MAX_PARTS {
        if fence.clock.check(fence.path).is_err() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        // A mark may begin in one piece and end in the next.
        let piece = read(file, place, PIECE + HEAD_BYTES as u64)?;
        let begins = piece.iter().enumerate().filter(|(_, byte)| **byte == b'f');
        for (at, _) in begins.take_while(|(at, _)| (*at as u64) < PIECE) {
            if piece
                .get(at..)
                .is_some_and(|rest| Shape::read(rest).is_some())
            {
                found.push(place + at as u64);
            }
        }
        place += PIECE;
        fence.clock.progress();
    }
    Ok(found)
}

fn read(file: &mut File, place: u64, bytes: u64) -> io::Result<Vec<u8>> {
    let mut piece = Vec::new();
    file.seek(SeekFrom::Start(place))?;
    Read::by_ref(file).take(bytes).read_to_end(&mut piece)?;
    Ok(piece)
}

/// What the header of a stream says.
struct Shape {
    /// Frames (of sound) of a block where all are of one size.
    block: Option<u64>,
    total: u64,
    /// Bytes that a frame has at most, or 0 where that is not told; that all have.
    frame_bytes: u64,
    most_bytes: Option<u64>,
}

impl Shape {
    /// Reads it behind the mark with which the bytes begin.
    fn read(bytes: &[u8]) -> Option<Self> {
        let body = bytes.strip_prefix(MARK)?;
        let &[a, b, c, d, _, _, _, x, y, z, e, f, g, h, i, j, k, l, ..] = body else {
            return None;
        };
        let (least, most) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
        let rate = u32::from_be_bytes([0, e, f, g]) >> 4;
        let total = u64::from(h & 15) << 32 | u64::from(u32::from_be_bytes([i, j, k, l]));
        let frame_bytes = u64::from(u32::from_be_bytes([0, x, y, z]));
        let frames = total.div_ceil(u64::from(least.max(1)));
        (most >= 16 && most >= least && rate > 0).then_some(Self {
            block: (least == most).then_some(u64::from(most)),
            total,
            frame_bytes,
            most_bytes: (frame_bytes > 0).then(|| frames.saturating_mul(frame_bytes)),
        })
    }

    /// First frame of sound, and the one behind the last, of each header of a frame in some bytes. (One that only looks like a
    /// header is found once in 16 million places.)
    fn frames<'a>(&'a self, bytes: &'a [u8]) -> impl Iterator<Item = (u64, u64)> + 'a {
        (0..bytes.len()).filter_map(|at| self.frame(bytes.get(at..)?))
    }

    fn frame(&self, bytes: &[u8]) -> Option<(u64, u64)> {
        let &[0xff, second @ (0xf8 | 0xf9), codes, shape, lead, ..] = bytes else {
            return None;
        };
        let is_sample = second == 0xf9;
        // Codes that stand for nothing.
        if shape & 1 != 0 || shape >> 4 > 10 || codes >> 4 == 0 || codes & 15 == 15 {
            return None;
        }
        let more = match lead.leading_ones() {
            0 => 0,
            count @ 2..=7 => count as usize - 1,
            _ => return None,
        };
        let mut number = u64::from(lead & 0x7f >> (more + usize::from(more > 0)));
        let mut at = 5;
        for _ in 0..more {
            let byte = *bytes.get(at)?;
            if byte >> 6 != 2 {
                return None;
            }
            number = number << 6 | u64::from(byte & 0x3f);
            at += 1;
        }
        let block = match codes >> 4 {
            1 => 192,
            code @ 2..=5 => 576 << (code - 2),
            6 => {
                at += 1;
                u64::from(*bytes.get(at - 1)?) + 1
            }
            7 => {
                at += 2;
                u64::from(u16::from_be_bytes(*bytes.get(at - 2..)?.first_chunk()?)) + 1
            }
            code => 256 << (code - 8),
        };
        at += match codes & 15 {
            12 => 1,
            13 | 14 => 2,
            _ => 0,
        };
        let mut sum = Crc8Ccitt::new(0);
        sum.process_buf_bytes(bytes.get(..at)?);
        if *bytes.get(at)? != sum.crc() {
            return None;
        }
        let first = if is_sample {
            number
        } else {
            number.checked_mul(self.block?)?
        };
        Some((first, first.checked_add(block)?))
    }
}
