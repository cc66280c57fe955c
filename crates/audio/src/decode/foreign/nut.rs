//! NUT: packets that tell their size, and frames whose first byte stands for what they leave out of their own head, by a table in the
//! packet at the beginning. Most programs end with a list of places, but a file without one is whole, too.
//!
//! Format: <https://ffmpeg.org/~michael/nut.txt>.

use std::io;

use super::{Facts, MAX_WALKED_BYTES, frames::ending_with};
use crate::decode::{number::Endian::Big, unfilled::LastFrames, window::Window};

/// What stands in front of the first packet.
pub(in super::super) const MARK: &[u8] = b"nut/multimedia container\0";
/// Packets begin with this byte, which stands for no frame.
const PACKET: u8 = b'N';
/// The packet with the table.
const MAIN: u64 = 0x4e4d_7a56_1f5f_04ad;
/// Bytes that are read at once: the head of a frame has far fewer, and the table fits in.
const SIGHT: usize = 4 << 10;

/// Goes from frame to frame.
pub(super) fn walk(window: &mut Window) -> io::Result<Option<Facts>> {
    let part = window.part();
    if part.end - part.start > MAX_WALKED_BYTES {
        return Ok(None);
    }
    let mut place = part.start + MARK.len() as u64;
    let mut table = None;
    let mut last = LastFrames::default();
    while place < part.end {
        let bytes = window.at(place, SIGHT)?;
        if bytes.starts_with(MARK) {
            return Facts::up_to(window, place, MARK).map(Some);
        }
        let mut fields = Fields { bytes, at: 0 };
        let step = if bytes.first() == Some(&PACKET) {
            let packet = fields.packet();
            if packet.is_some_and(|(start, _)| start == MAIN) {
                table = Table::read(&mut fields);
                if table.is_none() {
                    return Ok(None);
                }
            }
            packet.map(|(_, bytes)| bytes)
        } else {
            let Some(table) = &table else {
                return Ok(None);
            };
            let Some(shape) = bytes.first().and_then(|&code| table.shape(code)) else {
                // Something else stands in place of a frame.
                return match window.filled_end()? > place {
                    true => Facts::unfilled(window, place),
                    false => ending_with(window, &last, Facts::default()),
                }
                .map(Some);
            };
            fields.at = 1;
            fields.frame(shape, &table.elided)
        };
        // A head that is not all there.
        let Some(step) = step else {
            return Ok(Some(Facts::cut()));
        };
        let end = place.saturating_add(step);
        last.add(place..end);
        place = end;
    }
    Ok(Some(match place > part.end {
        true => Facts::cut(),
        false => Facts::default(),
    }))
}

/// What a first byte says of a frame.
#[derive(Debug, Clone, Copy, Default)]
struct Shape {
    flags: u64,
    size_factor: u64,
    size_rest: u64,
    reserved: u64,
    elided: u64,
}

impl Shape {
    const HAS_PTS: u64 = 8;
    const HAS_STREAM: u64 = 16;
    const HAS_SIZE: u64 = 32;
    const HAS_CHECKSUM: u64 = 64;
    const HAS_RESERVED: u64 = 128;
    const HAS_ELIDED: u64 = 1024;
    const HAS_MATCH_TIME: u64 = 2048;
    const HAS_FLAGS: u64 = 4096;
    const IS_INVALID: u64 = 8192;
}

/// What every first byte stands for, and how many bytes of a frame's beginning are left out that all have in common.
struct Table {
    shapes: Vec<Shape>,
    elided: Vec<u64>,
}

impl Table {
    const CODES: usize = 256;

    /// Of the packet behind whose head the fields stand.
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        const FIRST_WITH_MINOR: u64 = 4;
        const MOST: u64 = 256;
        if fields.number()? >= FIRST_WITH_MINOR {
            fields.number()?;
        }
        // Streams, the greatest distance, clocks.
        fields.number()?;
        fields.number()?;
        for _ in 0..fields.number().filter(|&clocks| clocks <= MOST)? {
            fields.number()?;
            fields.number()?;
        }
        let mut shapes = Vec::new();
        let (mut size_factor, mut elided) = (1, 0);
        while shapes.len() < Self::CODES {
            let flags = fields.number()?;
            let told = fields.number()?;
            let mut next = |index: u64| match index < told {
                true => fields.number().map(Some),
                false => Some(None),
            };
            // Time, size, stream, rest of the size, reserved fields, codes, time of a match, bytes left out.
            next(0)?;
            size_factor = next(1)?.unwrap_or(size_factor);
            next(2)?;
            let size_rest = next(3)?.unwrap_or(0);
            let reserved = next(4)?.unwrap_or(0);
            let codes = next(5)?.unwrap_or(size_factor.saturating_sub(size_rest));
            next(6)?;
            elided = next(7)?.unwrap_or(elided);
            for index in 8..told.min(MOST) {
                next(index)?;
            }
            if codes == 0 {
                return None;
            }
            for code in 0..codes {
                if shapes.len() == usize::from(PACKET) {
                    shapes.push(Shape::default());
                }
                if shapes.len() >= Self::CODES {
                    break;
                }
                shapes.push(Shape {
                    flags,
                    size_factor,
                    size_rest: size_rest.saturating_add(code),
                    reserved,
                    elided,
                });
            }
        }
        let mut lengths = vec![0];
        for _ in 0..fields.number().filter(|&count| count <= MOST)? {
            let bytes = fields.number()?;
            lengths.push(bytes);
            fields.at = fields.at.checked_add(usize::try_from(bytes).ok()?)?;
        }
        Some(Self {
            shapes,
            elided: lengths,
        })
    }

    fn shape(&self, code: u8) -> Option<Shape> {
        let shape = self.shapes.get(usize::from(code)).copied()?;
        (shape.flags & Shape::IS_INVALID == 0).then_some(shape)
    }
}

/// Bytes being read field by field.
struct Fields<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Fields<'_> {
    /// Seven bits a byte, the highest first.
    fn number(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        loop {
            let byte = *self.bytes.get(self.at)?;
            self.at += 1;
            number = number.checked_mul(128)? | u64::from(byte & 0x7f);
            if byte < 0x80 {
                return Some(number);
            }
        }
    }

    /// Which packet stands here, and its bytes; moves behind its head.
    fn packet(&mut self) -> Option<(u64, u64)> {
        const LONG: u64 = 4096;
        let start = Big.within(self.bytes, self.at..self.at + 8)?;
        self.at += 8;
        let behind = self.number()?;
        // The head of a long one has a checksum of its own.
        if behind > LONG {
            self.at += 4;
        }
        Some((start, behind.checked_add(self.at as u64)?))
    }

    /// Bytes of a frame of this shape whose first byte was read.
    fn frame(&mut self, shape: Shape, elided: &[u64]) -> Option<u64> {
        const LONG: u64 = 4096;
        const CHECKSUM: usize = 4;
        let mut flags = shape.flags;
        if flags & Shape::HAS_FLAGS != 0 {
            flags ^= self.number()?;
        }
        let mut told = |flag: u64, value: u64| match flags & flag {
            0 => Some(value),
            _ => self.number(),
        };
        told(Shape::HAS_STREAM, 0)?;
        told(Shape::HAS_PTS, 0)?;
        let factor = told(Shape::HAS_SIZE, 0)?;
        told(Shape::HAS_MATCH_TIME, 0)?;
        let index = told(Shape::HAS_ELIDED, shape.elided)?;
        let reserved = told(Shape::HAS_RESERVED, shape.reserved)?;
        for _ in 0..reserved {
            self.number()?;
        }
        if flags & Shape::HAS_CHECKSUM != 0 {
            self.at += CHECKSUM;
        }
        let size = shape.size_factor.checked_mul(factor)?;
        let size = size.checked_add(shape.size_rest)?;
        let left_out = match size > LONG {
            true => 0,
            false => elided.get(usize::try_from(index).ok()?).copied()?,
        };
        (self.at as u64).checked_add(size)?.checked_sub(left_out)
    }
}
