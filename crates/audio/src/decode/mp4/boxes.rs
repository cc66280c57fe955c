//! The boxes of an MP4 file: which tracks it has, their tables of times, edits and tags. Lengths are limited before they are read.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
};

use super::{
    super::{fence::Fence, number::Endian::Big},
    Edit, Movie, Padding, SoundTrack,
};
use crate::patch::Patch;

/// Boxes on one level that are looked at (fragments of a long recording are some 10,000).
const MAX_BOXES: usize = 1 << 20;
/// Boxes within one box.
const MAX_PARTS: usize = 1 << 16;
/// Bytes of one table (time to sample, edits) that are read.
const MAX_TABLE_BYTES: u64 = 16 << 20;
/// Bytes of a sample description.
const MAX_DESCRIPTION_BYTES: u64 = 1 << 16;
/// Tracks that are looked at.
const MAX_TRACKS: usize = 256;

/// A box's name, and where its body begins and ends.
#[derive(Debug, Clone, Copy)]
struct Part {
    name: [u8; 4],
    /// Where the name stands.
    name_at: u64,
    start: u64,
    end: u64,
    /// Where it says that it ends.
    told: u64,
}

pub(super) struct Walk<'a> {
    pub file: &'a mut File,
    pub fence: &'a Fence<'a>,
}

impl Walk<'_> {
    pub(super) fn movie(&mut self, length: u64, movie: &mut Movie) -> io::Result<()> {
        let mut place = 0;
        for _ in 0..MAX_BOXES {
            let Some(part) = self.part(place, length)? else {
                break;
            };
            if part.told > part.end {
                movie.mended.extend(self.shorter(place, part.end)?);
            }
            match &part.name {
                // Of a second file behind the first. (Fragments may have a header each, which counts no packets.)
                b"moov" if movie.scale > 0 => {
                    let mut second = Movie::default();
                    self.header(part, &mut second)?;
                    let has_sound =
                        |track: &SoundTrack| track.length.is_some_and(|length| length > 0);
                    movie.more_follows |= second.tracks.iter().any(has_sound);
                }
                b"moov" => {
                    movie.index_is_cut = part.told > part.end;
                    self.header(part, movie)?;
                }
                b"moof" => self.fragment(part, movie)?,
                _ => {}
            }
            place = part.end;
        }
        Ok(())
    }

    /// The box at `place` within a parent that ends at `end`.
    fn part(&mut self, place: u64, end: u64) -> io::Result<Option<Part>> {
        if place.saturating_add(8) > end {
            return Ok(None);
        }
        if self.fence.clock.check(self.fence.path).is_err() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let head = self.read(place, place + 16, 16)?;
        let (Some(size), Some(name)) = (Big.u32(&head, 0), four(&head, 4)) else {
            return Ok(None);
        };
        let (header, size) = match size {
            0 => (8, end - place),
            1 => (16, Big.u64(&head, 8).unwrap_or_default()),
            size => (8, u64::from(size)),
        };
        let told = place.saturating_add(size);
        let stop = told.min(end);
        Ok((size >= header).then_some(Part {
            name,
            name_at: place + 4,
            start: (place + header).min(stop),
            end: stop,
            told,
        }))
    }

    /// Another size for the box at `place`, so that it ends at `end`.
    fn shorter(&mut self, place: u64, end: u64) -> io::Result<Vec<Patch>> {
        let head = self.read(place, place + 16, 16)?;
        let size = end - place;
        let (high, low) = ((size >> 32) as u32, size as u32);
        let patch = |offset, value: u32| Patch {
            offset,
            bytes: value.to_be_bytes(),
        };
        Ok(match Big.u32(&head, 0) {
            Some(1) => vec![patch(place + 8, high), patch(place + 12, low)],
            _ => vec![patch(place, low)],
        })
    }

    fn parts(&mut self, start: u64, end: u64) -> io::Result<Vec<Part>> {
        let mut parts = Vec::new();
        let mut place = start;
        while let Some(part) = self.part(place, end)? {
            place = part.end;
            parts.push(part);
            if parts.len() >= MAX_PARTS {
                break;
            }
        }
        Ok(parts)
    }

    /// Up to `most` bytes from `start` to `end`.
    fn read(&mut self, start: u64, end: u64, most: u64) -> io::Result<Vec<u8>> {
        self.file.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::new();
        Read::by_ref(self.file)
            .take(end.saturating_sub(start).min(most))
            .read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn body(&mut self, part: Part, most: u64) -> io::Result<Vec<u8>> {
        self.read(part.start, part.end, most)
    }

    /// "moov".
    fn header(&mut self, moov: Part, movie: &mut Movie) -> io::Result<()> {
        let parts = self.parts(moov.start, moov.end)?;
        for part in &parts {
            if matches!(&part.name, b"udta" | b"meta") && movie.mended.len() < MAX_TRACKS {
                movie.mended.push(Patch {
                    offset: part.name_at,
                    bytes: *b"free",
                });
            }
            match &part.name {
                b"mvhd" => {
                    let body = self.body(*part, 64)?;
                    movie.scale = Big
                        .u32(&body, if body.first() == Some(&1) { 20 } else { 12 })
                        .unwrap_or_default();
                }
                b"trak" if movie.boxes.len() < MAX_TRACKS => {
                    let (track, is_sound) = self.track(*part)?;
                    movie.boxes.push((track.id, part.name_at));
                    if is_sound {
                        movie.tracks.push(track);
                    }
                }
                b"udta" => {
                    for part in self.parts(part.start, part.end)? {
                        if &part.name == b"meta" {
                            self.meta(part, movie)?;
                        }
                    }
                }
                b"meta" => self.meta(*part, movie)?,
                _ => {}
            }
        }
        for part in parts.iter().filter(|part| &part.name == b"mvex") {
            for trex in self.parts(part.start, part.end)? {
                let body = self.body(trex, 64)?;
                let (Some(id), Some(default)) = (Big.u32(&body, 4), Big.u32(&body, 12)) else {
                    continue;
                };
                if &trex.name == b"trex" && movie.boxes.len() < 2 * MAX_TRACKS {
                    movie.boxes.push((id, trex.name_at));
                }
                for track in movie.tracks.iter_mut().filter(|track| track.id == id) {
                    track.fragment_default = default;
                }
            }
        }
        Ok(())
    }

    /// "trak", and whether it is sound.
    fn track(&mut self, trak: Part) -> io::Result<(SoundTrack, bool)> {
        let mut track = SoundTrack::default();
        let mut is_sound = false;
        for part in self.parts(trak.start, trak.end)? {
            match &part.name {
                b"tkhd" => {
                    let body = self.body(part, 64)?;
                    track.id = Big
                        .u32(&body, if body.first() == Some(&1) { 20 } else { 12 })
                        .unwrap_or_default();
                }
                b"edts" => {
                    for part in self.parts(part.start, part.end)? {
                        if &part.name == b"elst" {
                            track.edits = edits(&self.body(part, MAX_TABLE_BYTES)?);
                        }
                    }
                }
                b"mdia" => {
                    for part in self.parts(part.start, part.end)? {
                        match &part.name {
                            b"mdhd" => {
                                let body = self.body(part, 64)?;
                                let at = if body.first() == Some(&1) { 20 } else { 12 };
                                track.scale = Big.u32(&body, at).unwrap_or_default();
                            }
                            b"hdlr" => {
                                is_sound = four(&self.body(part, 64)?, 8) == Some(*b"soun");
                            }
                            b"minf" => self.tables(part, &mut track)?,
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
        let is_sound = is_sound && track.scale > 0;
        Ok((track, is_sound))
    }

    /// "minf": the sample description and the lengths of the packets.
    fn tables(&mut self, minf: Part, track: &mut SoundTrack) -> io::Result<()> {
        for stbl in self.parts(minf.start, minf.end)? {
            if &stbl.name != b"stbl" {
                continue;
            }
            for part in self.parts(stbl.start, stbl.end)? {
                match &part.name {
                    b"stsd" => {
                        let body = self.body(part, MAX_DESCRIPTION_BYTES)?;
                        track.codec = four(&body, 12).unwrap_or_default();
                        let either = matches!(&track.codec, b"in24" | b"in32" | b"fl32" | b"fl64");
                        let turned = body.windows(6).any(|part| part == b"enda\0\x01");
                        track.is_big_endian = either && !turned;
                    }
                    b"stts" if part.end - part.start <= MAX_TABLE_BYTES => {
                        let body = self.body(part, MAX_TABLE_BYTES)?;
                        let rows = body.get(8..).unwrap_or_default().chunks_exact(8);
                        track.length = Some(rows.fold(0_u64, |sum, row| {
                            let count = u64::from(Big.u32(row, 0).unwrap_or_default());
                            let each = u64::from(Big.u32(row, 4).unwrap_or_default());
                            sum.saturating_add(count.saturating_mul(each))
                        }));
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// "meta" with the tags of iTunes, among them "iTunSMPB".
    fn meta(&mut self, meta: Part, movie: &mut Movie) -> io::Result<()> {
        // A version stands in front of the first box, except in QuickTime.
        let head = self.body(meta, 8)?;
        let version = if four(&head, 4) == Some(*b"hdlr") {
            0
        } else {
            4
        };
        for ilst in self.parts(meta.start + version, meta.end)? {
            if &ilst.name != b"ilst" {
                continue;
            }
            for tag in self.parts(ilst.start, ilst.end)? {
                if &tag.name != b"----" {
                    continue;
                }
                let mut is_padding = false;
                for part in self.parts(tag.start, tag.end)? {
                    match &part.name {
                        b"name" => {
                            is_padding = self.body(part, 64)?.get(4..) == Some(b"iTunSMPB");
                        }
                        b"data" if is_padding => {
                            let body = self.body(part, 256)?;
                            movie.padding = padding(body.get(8..).unwrap_or_default());
                        }
                        _ => {}
                    }
                }
            }
        }
        Ok(())
    }

    /// "moof": adds the lengths of its packets to those of their tracks.
    fn fragment(&mut self, moof: Part, movie: &mut Movie) -> io::Result<()> {
        for traf in self.parts(moof.start, moof.end)? {
            if &traf.name != b"traf" {
                continue;
            }
            let (mut id, mut default) = (0, None);
            for part in self.parts(traf.start, traf.end)? {
                match &part.name {
                    b"tfhd" => {
                        let body = self.body(part, 64)?;
                        let flags = Big.u32(&body, 0).unwrap_or_default();
                        id = Big.u32(&body, 4).unwrap_or_default();
                        const HAS_OFFSET: u32 = 1;
                        const HAS_DESCRIPTION: u32 = 2;
                        const HAS_DURATION: u32 = 8;
                        let mut at = 8;
                        at += if flags & HAS_OFFSET == 0 { 0 } else { 8 };
                        at += if flags & HAS_DESCRIPTION == 0 { 0 } else { 4 };
                        default = Big.u32(&body, at).filter(|_| flags & HAS_DURATION != 0);
                    }
                    b"trun" => {
                        let body = self.body(part, MAX_TABLE_BYTES)?;
                        let track = movie.tracks.iter_mut().find(|track| track.id == id);
                        if let Some(track) = track {
                            let each = default.unwrap_or(track.fragment_default);
                            let length = run_length(&body, each);
                            track.length =
                                Some(track.length.unwrap_or_default().saturating_add(length));
                        }
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }
}

/// Length of a "trun" in media time, where packets that tell none last `each`.
fn run_length(body: &[u8], each: u32) -> u64 {
    const HAS_OFFSET: u32 = 1;
    const HAS_FIRST_FLAGS: u32 = 4;
    const HAS_DURATION: u32 = 0x100;
    let flags = Big.u32(body, 0).unwrap_or_default();
    let count = Big.u32(body, 4).unwrap_or_default();
    if flags & HAS_DURATION == 0 {
        return u64::from(count) * u64::from(each);
    }
    let head = 8
        + if flags & HAS_OFFSET == 0 { 0 } else { 4 }
        + if flags & HAS_FIRST_FLAGS == 0 { 0 } else { 4 };
    // Duration, size, flags and offset, each where its flag is set.
    let row = 4 * (flags >> 8 & 0xf).count_ones() as usize;
    let rows = body.get(head..).unwrap_or_default().chunks_exact(row);
    rows.take(count as usize)
        .map(|row| u64::from(Big.u32(row, 0).unwrap_or_default()))
        .sum()
}

fn edits(body: &[u8]) -> Vec<Edit> {
    let is_long = body.first() == Some(&1);
    let rows = body.get(8..).unwrap_or_default();
    let count = Big.u32(body, 4).unwrap_or_default() as usize;
    rows.chunks_exact(if is_long { 20 } else { 12 })
        .take(count)
        .filter_map(|row| {
            Some(if is_long {
                Edit {
                    length: Big.u64(row, 0)?,
                    start: Big.u64(row, 8)?.cast_signed(),
                }
            } else {
                Edit {
                    length: u64::from(Big.u32(row, 0)?),
                    start: i64::from(Big.u32(row, 4)?.cast_signed()),
                }
            })
        })
        .collect()
}

/// " 00000000 00000840 000001CA 00000000003F31F6 ..": nothing, delay, padding, frames; in hexadecimal.
fn padding(text: &[u8]) -> Option<Padding> {
    let text = std::str::from_utf8(text).ok()?;
    let mut fields = text
        .split_ascii_whitespace()
        .map(|field| u64::from_str_radix(field, 16));
    let (_, delay, _, frames) = (
        fields.next()?.ok()?,
        fields.next()?.ok()?,
        fields.next()?.ok()?,
        fields.next()?.ok()?,
    );
    /// More is no encoder's delay.
    const MAX_DELAY: u64 = 1 << 14;
    (delay < MAX_DELAY).then_some(Padding { delay, frames })
}

fn four(bytes: &[u8], at: usize) -> Option<[u8; 4]> {
    bytes.get(at..at.checked_add(4)?)?.try_into().ok()
}
