//! What an MP4, M4A, QuickTime or 3GP file says of its sound tracks' times: lengths, edit lists, and the padding that
//! encoders leave (iTunSMPB). Symphonia reads the packets.
//!
//! What of symphonia-format-isomp4 0.6.1 is worked around here: "edit lists (elst) and iTunSMPB are ignored: `delay` and
//! `padding` of a track stay None, AAC starts 1024 to 2112 samples late"; "`duration` of a fragmented file is Some(0)";
//! "`sample_rate` is Some(0) for AAC at 88.2 and 96 kHz, which the 16.16 field cannot hold"; "in24, in32 and fl32 are read
//! little-endian whatever `enda` says"; "seek fails where another track ends earlier".
//!
//! Boxes and fields: ISO/IEC 14496-12; the audio configuration: ISO/IEC 14496-3, 1.6.2.1.

use std::{
    ffi::OsStr,
    fs::File,
    io::{self, Read, Seek, SeekFrom},
};

use super::{
    Refused, SILENT,
    fence::Fence,
    foreign::Facts,
    number::Endian::Big,
    packets::{Input, Packets},
    timeline::Timeline,
};
use crate::{AudioError, Incomplete, patch::Patch};

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
const INDEX_IS_CUT: &str = "its table of contents is cut off, as where a download broke off";

/// One sound track.
#[derive(Debug, Clone, Default)]
pub(super) struct SoundTrack {
    pub id: u32,
    /// Four letters that name the codec, such as "mp4a".
    pub codec: [u8; 4],
    /// PCM of a kind that QuickTime stores with the highest byte first, and Symphonia (0.6.1) reads as if the lowest were.
    is_big_endian: bool,
    /// Units of media time a second.
    scale: u32,
    /// Length of all packets in media time, where the tables tell it.
    length: Option<u64>,
    edits: Vec<Edit>,
    /// Sample duration of fragments that tell none.
    fragment_default: u32,
}

/// One entry of an edit list; `start` in media time (below 0: nothing plays), `length` in movie time.
#[derive(Debug, Clone, Copy)]
struct Edit {
    length: u64,
    start: i64,
}

/// What iTunes and its successors write about an encoder's delay.
#[derive(Debug, Clone, Copy)]
struct Padding {
    delay: u64,
    frames: u64,
}

/// What a file says of its sound.
#[derive(Debug, Default)]
pub(super) struct Movie {
    /// Units of movie time a second.
    scale: u32,
    pub tracks: Vec<SoundTrack>,
    more_follows: bool,
    /// Whether the index ("moov") reaches beyond the end of the file.
    index_is_cut: bool,
    padding: Option<Padding>,
    /// Where the names of all tracks' boxes stand ("trak", "trex"), with the tracks' numbers.
    boxes: Vec<(u32, u64)>,
    /// Makes the last box of a file that was cut short end with the file (a reader would not begin it), and tags and their
    /// pictures, which may be large, invisible.
    mended: Vec<Patch>,
}

impl Movie {
    /// Reads a file of `length` bytes. What cannot be made sense of is left out; the position is undefined afterwards.
    pub(super) fn read(
        file: &mut File,
        length: u64,
        fence: &Fence<'_>,
    ) -> Result<Self, AudioError> {
        let mut movie = Self::default();
        let mut walk = Walk { file, fence };
        let found = walk.movie(length, &mut movie);
        // A read that the clock ended must not pass for a short file.
        fence.clock.check(fence.path)?;
        if let Err(error) = found
            && error.kind() != io::ErrorKind::UnexpectedEof
        {
            return Err(AudioError::from_io(fence.path, &error));
        }
        Ok(movie)
    }

    /// Makes all tracks but one invisible to a reader. (A seek of Symphonia moves every track and fails where one ends
    /// early, as chapters, covers and films do.)
    pub(super) fn only(&self, track: &SoundTrack) -> Vec<Patch> {
        let others = self.boxes.iter().filter(|(id, _)| *id != track.id);
        others
            .map(|&(_, offset)| Patch {
                offset,
                bytes: *b"free",
            })
            .chain(self.mended.iter().copied())
            .collect()
    }

    /// The frames of a track that are to be heard, at `rate` Hz.
    pub(super) fn timeline(&self, track: &SoundTrack, rate: u32) -> Timeline {
        let to_frames = |time: u64, scale: u32| {
            let frames = u128::from(time) * u128::from(rate) / u128::from(scale.max(1));
            u64::try_from(frames).unwrap_or(u64::MAX)
        };
        let end = track.length.map(|length| to_frames(length, track.scale));
        let limit = end.unwrap_or(u64::MAX);
        // Movie time is mostly in milliseconds, and rounded: where an edit ends within one unit of the end, it means that.
        let slack = u64::from(rate) / u64::from(self.scale.max(1)) + 1;
        let mut spans: Vec<(u64, u64)> = track
            .edits
            .iter()
            .filter_map(|edit| {
                let start = to_frames(u64::try_from(edit.start).ok()?, track.scale);
                let stop = match edit.length {
                    // A fragmented file does not know yet.
                    0 => limit,
                    length => start.saturating_add(to_frames(length, self.scale)),
                };
                let stop = if stop.saturating_add(slack) >= limit {
                    limit
                } else {
                    stop
                };
                (start < stop).then_some((start, stop))
            })
            .collect();
        if let Some(padding) = self.padding
            && self
                .tracks
                .first()
                .is_some_and(|first| first.id == track.id)
        {
            // An edit list that trims more than the encoder's delay wins.
            let agrees = match spans.as_slice() {
                [] => true,
                [(start, _)] => *start == 0 || *start == padding.delay,
                _ => false,
            };
            let stop = padding.delay.saturating_add(padding.frames);
            if agrees && padding.frames > 0 {
                spans = vec![(padding.delay, stop.min(limit))];
            }
        }
        if spans.is_empty() {
            spans.push((0, limit));
        }
        Timeline::new(spans)
    }

    /// Length of a track in seconds as far as it is known.
    pub(super) fn duration_secs(&self, track: &SoundTrack) -> Option<f64> {
        let frames = self.timeline(track, track.scale).frames()?;
        Some(frames as f64 / f64::from(track.scale.max(1)))
    }
}

impl Packets {
    /// Opens the first sound track that decodes; the others are invisible to its reader.
    pub(super) fn open_mp4(
        file: File,
        length: u64,
        search: Option<&OsStr>,
        fence: &Fence<'_>,
    ) -> Result<Self, Refused> {
        let mut file = file;
        let movie = Movie::read(&mut file, length, fence)?;
        let Some(first) = movie.tracks.first() else {
            let error = if movie.index_is_cut {
                AudioError::damaged(fence.path, INDEX_IS_CUT)
            } else if movie.scale == 0 {
                let why = "its index is missing: it was cut short, or its recording never ended";
                AudioError::damaged(fence.path, why)
            } else {
                AudioError::no_sound(fence.path, SILENT)
            };
            return Err(error.into());
        };
        let mut refused = None;
        for (index, track) in movie.tracks.iter().enumerate() {
            let file = std::fs::File::open(fence.path)
                .map_err(|error| AudioError::from_io(fence.path, &error))?;
            let input = Input::of(file, 0..length).patched(movie.only(track));
            let opened = if track.is_big_endian {
                let why = "its codec is PCM as QuickTime stores it";
                Err(AudioError::unsupported(fence.path, why))
            } else {
                Self::open(input, fence.path, fence.clock)
            };
            let opened = opened.and_then(|packets| packets.refuse_other_layers(fence));
            match opened {
                Ok(packets) => {
                    let info = packets.info();
                    let shape = (packets.kind(), info.sample_rate);
                    let secs = movie.duration_secs(track);
                    let facts = Facts::exact(secs);
                    if let Some(refused) = Refused::where_he_aac(shape, facts, search, fence) {
                        return Err(refused);
                    }
                    let mut timeline = movie.timeline(track, info.sample_rate);
                    let before = packets.frames_before_sound();
                    if before > 0 && track.edits.is_empty() {
                        timeline = timeline.after(before);
                    }
                    let mut packets = packets
                        .with_timeline(timeline)
                        .telling_its_end()
                        .with_more_behind(movie.more_follows)
                        .rewinding();
                    if index > 0 {
                        let name = fourcc_name(first.codec);
                        let note = format!(", sound track {} (the first is {name})", index + 1);
                        packets = packets.with_codec_note(&note);
                    }
                    packets.begin(fence)?;
                    return Ok(packets);
                }
                Err(error @ (AudioError::Cancelled(_) | AudioError::Stalled { .. })) => {
                    return Err(error.into());
                }
                Err(error) => {
                    refused.get_or_insert(error);
                }
            }
        }
        let error = match refused {
            _ if movie.index_is_cut => AudioError::damaged(fence.path, INDEX_IS_CUT),
            // What the reader does not know, the four letters may tell.
            Some(AudioError::Unsupported { .. }) | None if first.codec != *b"mp4a" => {
                let name = fourcc_name(first.codec);
                AudioError::unsupported(fence.path, format!("its codec is {name}"))
            }
            Some(error) => error,
            None => AudioError::no_sound(fence.path, SILENT),
        };
        Err(Refused {
            error,
            facts: Box::new(Facts {
                incomplete: movie.more_follows.then_some(Incomplete::MoreFollows),
                ..Facts::exact(movie.duration_secs(first))
            }),
        })
    }
}

/// What a listener calls the codec of four letters.
fn fourcc_name(letters: [u8; 4]) -> String {
    let known = match &letters {
        b"mp4a" => "AAC",
        b"ac-3" | b"sac3" => "AC-3 (Dolby Digital)",
        b"ec-3" => "E-AC-3 (Dolby Digital Plus)",
        b"ac-4" => "AC-4",
        b"alac" => "ALAC as QuickTime stores it",
        b"samr" | b"sawb" | b"sawp" => "AMR",
        b"dtsc" | b"dtsh" | b"dtsl" | b"dtse" => "DTS",
        b"mlpa" => "Dolby TrueHD",
        b".mp1" => "MPEG audio layer I",
        b".mp2" => "MPEG audio layer II",
        b".mp3" => "MP3",
        b"Opus" => "Opus",
        b"fLaC" => "FLAC",
        b"QDM2" | b"QDMC" => "QDesign Music",
        b"ima4" | b"ms\0\x02" | b"ms\0\x11" => "ADPCM",
        b"MAC3" | b"MAC6" => "MACE",
        b"Qclp" | b"sqcp" => "Qualcomm PureVoice",
        b"spex" => "Speex",
        b"agsm" => "GSM",
        b"in24" | b"in32" | b"fl32" | b"fl64" => "PCM as QuickTime stores it",
        b"enca" => "encrypted (a purchase that is bound to its shop's player)",
        b"drms" => "encrypted (a purchase that is bound to its shop's player)",
        letters => {
            let text: String = letters.iter().map(|&byte| char::from(byte)).collect();
            return format!("\"{}\"", text.escape_debug());
        }
    };
    known.to_owned()
}

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

struct Walk<'a> {
    file: &'a mut File,
    fence: &'a Fence<'a>,
}

impl Walk<'_> {
    fn movie(&mut self, length: u64, movie: &mut Movie) -> io::Result<()> {
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
