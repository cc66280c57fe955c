//! Chunks of RIFF, AIFF, Wave64 and CAF files: a name, a size, that many bytes. Sizes are not believed further than they
//! lead to the next chunk.

use super::{Container, Endian, bytes::Bytes};
use crate::AudioError;

/// Chunks that are looked at in one file; real files have a handful.
const MAX_CHUNKS: usize = 1024;
/// Bytes behind a chunk with a wrong size in which the next one is looked for, and how often that is done.
const SEARCH_BYTES: usize = 1 << 20;
const MAX_SEARCHES: usize = 4;
/// Names by which a chunk is recognised that stands where it should not: behind an odd size without its padding byte.
const KNOWN: [&[u8; 4]; 40] = [
    b"fmt ", b"data", b"fact", b"ds64", b"LIST", b"bext", b"iXML", b"axml", b"chna", b"cart",
    b"JUNK", b"junk", b"FLLR", b"PAD ", b"PEAK", b"cue ", b"plst", b"smpl", b"inst", b"acid",
    b"id3 ", b"ID3 ", b"DISP", b"_PMX", b"umid", b"afsp", b"COMM", b"SSND", b"MARK", b"INST",
    b"COMT", b"NAME", b"AUTH", b"(c) ", b"ANNO", b"APPL", b"FVER", b"CHAN", b"MIDI", b"AESD",
];

/// How a family of containers writes its chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// RIFF and AIFF: four bytes of name, four of size; padded to even sizes.
    Iff(Endian),
    /// Sixteen bytes of name, eight of the size with this header; aligned to eight bytes.
    Wave64,
    /// Four bytes of name, eight of size.
    Caf,
}

impl Family {
    fn header_bytes(self) -> u64 {
        match self {
            Self::Iff(_) => 8,
            Self::Wave64 => 24,
            Self::Caf => 12,
        }
    }

    /// Where the chunk behind one that ends at `end` begins.
    fn next_place(self, chunk: &Chunk) -> u64 {
        let end = chunk.offset.saturating_add(chunk.size);
        match self {
            Self::Iff(_) => end.saturating_add(chunk.size % 2),
            Self::Wave64 => end.checked_next_multiple_of(8).unwrap_or(end),
            Self::Caf => end,
        }
    }

    fn header_at(self, bytes: &mut Bytes<'_>, place: u64) -> Result<Option<Chunk>, AudioError> {
        let length = self.header_bytes();
        let header = bytes.read(place, length as usize)?;
        let Some(&name) = header.first_chunk() else {
            return Ok(None);
        };
        let size = match self {
            Self::Iff(endian) => endian.u32(&header, 4).map(u64::from),
            Self::Wave64 => Endian::Little
                .u64(&header, 16)
                .map(|size| size.saturating_sub(length)),
            Self::Caf => Endian::Big.u64(&header, 4),
        };
        Ok(size.map(|size| Chunk {
            name,
            offset: place.saturating_add(length),
            size,
        }))
    }

    /// Whether nothing but whole chunks lies between `place` and the end of the file.
    pub(super) fn only_chunks(
        self,
        bytes: &mut Bytes<'_>,
        mut place: u64,
    ) -> Result<bool, AudioError> {
        for _ in 0..MAX_CHUNKS {
            // A padding byte may be missing at the very end.
            if place >= bytes.length {
                return Ok(place <= bytes.length + 8);
            }
            match self.header_at(bytes, place)? {
                Some(chunk) if chunk.is_plausible() => place = self.next_place(&chunk),
                _ => return Ok(false),
            }
        }
        Ok(false)
    }
}

impl Family {
    /// A chunk of sound, or where it holds no more than `header` bytes, as a recorder leaves behind that began anew, the next
    /// one among the chunks behind it that holds some.
    pub(super) fn filled(
        self,
        bytes: &mut Bytes<'_>,
        first: Chunk,
        header: u64,
    ) -> Result<Chunk, AudioError> {
        let mut last = first;
        for _ in 0..MAX_CHUNKS {
            if first.size > header {
                break;
            }
            match self.header_at(bytes, self.next_place(&last))? {
                Some(chunk) if chunk.name == first.name && chunk.size > header => return Ok(chunk),
                Some(chunk) if chunk.is_plausible() => last = chunk,
                _ => break,
            }
        }
        Ok(first)
    }

    /// Whether more sound stands among what begins at `place`: another chunk of it, or another file.
    pub(super) fn sound_follows(
        self,
        bytes: &mut Bytes<'_>,
        mut place: u64,
    ) -> Result<bool, AudioError> {
        for _ in 0..MAX_CHUNKS {
            if place >= bytes.length {
                break;
            }
            if Container::of(&bytes.read(place, 12)?).is_some() {
                return Ok(true);
            }
            match self.header_at(bytes, place)? {
                Some(chunk) if chunk.is_plausible() => {
                    let is_sound = matches!(&chunk.name, b"data" | b"SSND");
                    if is_sound && chunk.size > 0 && chunk.offset < bytes.length {
                        return Ok(true);
                    }
                    place = self.next_place(&chunk);
                }
                _ => break,
            }
        }
        Ok(false)
    }
}

/// One chunk of a container.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chunk {
    pub name: [u8; 4],
    /// Where its content begins, in bytes.
    pub offset: u64,
    /// Bytes of its content as its header claims.
    pub size: u64,
}

impl Chunk {
    /// Names are printable letters.
    fn is_plausible(&self) -> bool {
        self.name.iter().all(|byte| (0x20..0x7f).contains(byte))
    }

    fn is_known(&self) -> bool {
        KNOWN.contains(&&self.name)
    }

    /// Up to `most` bytes of its content.
    pub(super) fn content(
        &self,
        bytes: &mut Bytes<'_>,
        most: usize,
    ) -> Result<Vec<u8>, AudioError> {
        bytes.read(self.offset, self.size.min(most as u64) as usize)
    }
}

/// Walks over the chunks of a file.
pub(super) struct Chunks {
    family: Family,
    /// Chunks that are looked for where a size leads nowhere.
    wanted: [&'static [u8; 4]; 2],
    place: u64,
    last: Option<Chunk>,
    left: usize,
    searches_left: usize,
    /// Whether the last chunk ended with the file.
    pub ended_cleanly: bool,
}

impl Chunks {
    pub(super) fn new(family: Family, place: u64, wanted: [&'static [u8; 4]; 2]) -> Self {
        Self {
            family,
            wanted,
            place,
            last: None,
            left: MAX_CHUNKS,
            searches_left: MAX_SEARCHES,
            ended_cleanly: false,
        }
    }

    /// The next chunk, or `None` behind the last.
    pub(super) fn next(&mut self, bytes: &mut Bytes<'_>) -> Result<Option<Chunk>, AudioError> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        let mut found = self.family.header_at(bytes, self.place)?;
        let is_known = found.is_some_and(|chunk| chunk.is_known());
        if !is_known && self.last.is_some_and(|chunk| chunk.size % 2 == 1) {
            let unpadded = self.family.header_at(bytes, self.place.saturating_sub(1))?;
            found = unpadded.filter(Chunk::is_known).or(found);
        }
        if !found.is_some_and(|chunk| chunk.is_plausible()) {
            // A padding byte may be missing, or one too many.
            let end = bytes.length.saturating_sub(1)..bytes.length.saturating_add(8);
            if end.contains(&self.place) {
                self.ended_cleanly = true;
                return Ok(None);
            }
            found = self.search(bytes)?;
        }
        if let Some(chunk) = found {
            self.place = self.family.next_place(&chunk);
            self.last = Some(chunk);
        }
        Ok(found)
    }

    /// Looks for a wanted chunk behind the header of the last one, whose size was wrong.
    fn search(&mut self, bytes: &mut Bytes<'_>) -> Result<Option<Chunk>, AudioError> {
        if !matches!(self.family, Family::Iff(_)) || self.searches_left == 0 {
            return Ok(None);
        }
        self.searches_left -= 1;
        let start = self.last.map_or(self.place, |chunk| chunk.offset);
        let near = bytes.read(start, SEARCH_BYTES)?;
        let hit = near
            .windows(4)
            .position(|four| self.wanted.iter().any(|name| *name == four));
        match hit {
            Some(hit) => self.family.header_at(bytes, start + hit as u64),
            None => Ok(None),
        }
    }
}
