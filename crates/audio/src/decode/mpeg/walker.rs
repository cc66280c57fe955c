//! Finds one frame after the other. Nothing in a stream says where its frames stand but their headers, four bytes that also
//! occur in texts, pictures and the frames themselves: a place counts as a frame where others follow at its length.

use std::{collections::BTreeSet, io, ops::Range};

use super::{
    super::window::Window,
    header::{HEADER_BYTES, Header},
    info_frame::InfoFrame,
    tags,
};

/// The longest frame that is decoded; only free format reaches it.
pub(super) const MAX_FRAME_BYTES: usize = 2304 + 4;
/// The shortest frame in free format that is believed.
const MIN_FREE_BYTES: usize = 24;
/// Frames that must follow a place where a stream may begin, and one where it may go on.
const FOLLOWERS_TO_BEGIN: usize = 4;
const FOLLOWERS_TO_GO_ON: usize = 2;
/// What is looked at first.
const NEAR: usize = MAX_FRAME_BYTES + HEADER_BYTES;
/// What must be in sight to count so many followers; the longest frame has 2,881 bytes.
const SIGHT: usize = (FOLLOWERS_TO_BEGIN + 1) * 2884;
/// Bytes that are searched at once.
const SEARCHED: usize = 64 << 10;
/// Bytes in front of the first frame that may be neither tag nor zero.
const MAX_JUNK_IN_FRONT: usize = 1 << 20;

/// One frame of sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Frame {
    pub place: u64,
    pub bytes: usize,
    pub header: Header,
    /// Bytes of an unpadded frame in free format, else 0.
    pub free_bytes: usize,
}

impl Frame {
    /// The byte at which it ends.
    pub(super) fn end(&self) -> u64 {
        self.place + self.bytes as u64
    }
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    Sound(Frame),
    /// A frame that tells of the sound.
    Info(Frame, InfoFrame),
    /// About so many frames are unreadable: the bytes that were passed over. Noise between frames is none of a tag's, even where no
    /// frame is missing.
    Lost {
        frames: u32,
        bytes: u64,
        is_noise: bool,
    },
    /// The file ends within a frame.
    Cut,
    End,
}

/// A place in a stream, at the beginning of a frame as far as is known.
#[derive(Debug, Clone)]
pub(super) struct Walker {
    place: u64,
    last: Option<Frame>,
}

impl Walker {
    pub(super) fn new(place: u64) -> Self {
        Self { place, last: None }
    }

    /// Where the last frame ends.
    pub(super) fn last_end(&self) -> u64 {
        self.last.map_or(0, |frame| frame.end())
    }

    pub(super) fn next(&mut self, window: &mut Window) -> io::Result<Found> {
        loop {
            let end = window.part().end;
            let last = self.last.as_ref();
            let sight = Sight::at(window, self.place, NEAR)?;
            if sight.bytes.is_empty() {
                return Ok(Found::End);
            }
            let mut here = sight.look(last);
            if here.is_none() {
                // No more is read than is needed: most frames show themselves at once.
                let sight = Sight::at(window, self.place, SIGHT)?;
                here = sight.look(last).or_else(|| sight.lone_frame(last));
            }
            match here {
                Some(Here::Frame(frame, info)) => {
                    let frame = Frame {
                        place: self.place,
                        ..frame
                    };
                    self.place += frame.bytes as u64;
                    self.last = Some(frame);
                    return Ok(match info {
                        Some(info) => Found::Info(frame, info),
                        None => Found::Sound(frame),
                    });
                }
                // In front, a size beyond the end is that of a cut file; behind sound it is wrong.
                Some(Here::Tag(bytes)) if last.is_none() || bytes <= end - self.place => {
                    self.place = self.place.saturating_add(bytes).min(end);
                    continue;
                }
                Some(Here::Broken(bytes)) => {
                    let bytes = bytes as u64;
                    self.place += bytes;
                    return Ok(Found::Lost {
                        frames: 1,
                        bytes,
                        is_noise: false,
                    });
                }
                Some(Here::Cut) => {
                    self.place = end;
                    return Ok(Found::Cut);
                }
                Some(Here::Tag(_)) | None => {}
            }
            let from = self.place;
            let Some((place, header)) = self.search(window)? else {
                self.place = end;
                return Ok(Found::End);
            };
            self.place = place;
            let bytes = place - from;
            let frames = self.lost(header, bytes);
            let goes_on = last.zip(header);
            let goes_on = goes_on.is_some_and(|(last, next)| next.continues(&last.header));
            let is_noise = goes_on && is_noise(window, from..place)?;
            if frames > 0 || is_noise {
                return Ok(Found::Lost {
                    frames,
                    bytes,
                    is_noise,
                });
            }
        }
    }

    /// Behind this place, the next tag or the next frame that others follow (with its header).
    fn search(&self, window: &mut Window) -> io::Result<Option<(u64, Option<Header>)>> {
        let mut from = self.place + 1;
        let mut junk = 0;
        while self.last.is_some() || junk <= MAX_JUNK_IN_FRONT {
            let sight = Sight::at(window, from, SEARCHED + SIGHT)?;
            let searched = sight.bytes.get(..SEARCHED).unwrap_or(sight.bytes);
            if searched.is_empty() {
                break;
            }
            for (offset, &byte) in searched.iter().enumerate() {
                let place = from + offset as u64;
                if byte == 0xff {
                    if let Some(frame) = sight.from(offset).first_frame(self.last.as_ref()) {
                        return Ok(Some((place, Some(frame.header))));
                    }
                } else if matches!(byte, b'I' | b'A')
                    && tags::leading(sight.from(offset).bytes).is_some()
                {
                    return Ok(Some((place, None)));
                }
                junk += usize::from(byte != 0);
            }
            from += searched.len() as u64;
        }
        Ok(None)
    }

    /// How many frames `bytes` unreadable bytes were; 0 where they were no sound: in front of the first frame, between two
    /// parts, or of a length that frames do not have.
    fn lost(&self, next: Option<Header>, bytes: u64) -> u32 {
        let (Some(last), Some(next)) = (self.last, next) else {
            return 0;
        };
        if !next.continues(&last.header) {
            return 0;
        }
        let mean = last.header.mean_bytes(last.free_bytes).max(1.0);
        let frames = (bytes as f64 / mean).round();
        // Where the bit rate is constant, frames are as long as the mean to within their padding.
        let off = (bytes as f64 - frames * mean).abs();
        let slack = 2.0 * last.header.slot_bytes() as f64;
        let is_constant = next.bit_rate == last.header.bit_rate;
        let could_be_one =
            usize::try_from(bytes).is_ok_and(|bytes| last.header.could_be_frame(bytes));
        let is_sound = match is_constant {
            true => frames >= 1.0 && off <= slack || could_be_one,
            false => frames > 2.0 || could_be_one,
        };
        if is_sound { frames.max(1.0) as u32 } else { 0 }
    }
}

/// Whether bytes are neither text nor padding: of any value, as those of sound or of a file that was overwritten.
fn is_noise(window: &mut Window, bytes: Range<u64>) -> io::Result<bool> {
    const LEAST: usize = 64;
    const LOOKED_AT: u64 = 4096;
    let looked_at = (bytes.end - bytes.start).min(LOOKED_AT) as usize;
    let piece = window.at(bytes.start, looked_at)?;
    let piece = piece.get(..looked_at).unwrap_or(piece);
    let high = piece.iter().filter(|byte| !byte.is_ascii()).count();
    let different = piece.iter().collect::<BTreeSet<_>>().len();
    // Of bytes by chance half are no ASCII, and of 64 more than 50 differ.
    Ok(piece.len() >= LEAST && 3 * high >= piece.len() && different >= 3 * LEAST / 4)
}

/// What stands at a place.
enum Here {
    Frame(Frame, Option<InfoFrame>),
    /// A tag of so many bytes.
    Tag(u64),
    /// A frame that is not whole: something else begins after so many bytes.
    Broken(usize),
    /// A frame that is longer than the file.
    Cut,
}

/// Bytes from a place on.
#[derive(Clone, Copy)]
struct Sight<'a> {
    bytes: &'a [u8],
    /// Whether the part of the file ends with them.
    is_complete: bool,
}

/// Whether bytes begin with a frame, and go on with others.
pub(in super::super) fn begins(bytes: &[u8]) -> bool {
    let is_complete = false;
    Sight { bytes, is_complete }.first_frame(None).is_some()
}

impl<'a> Sight<'a> {
    fn at(window: &'a mut Window, place: u64, wanted: usize) -> io::Result<Self> {
        let end = window.part().end;
        let bytes = window.at(place, wanted)?;
        Ok(Self {
            bytes,
            is_complete: place.saturating_add(bytes.len() as u64) >= end,
        })
    }

    fn from(self, offset: usize) -> Self {
        Self {
            bytes: self.bytes.get(offset..).unwrap_or_default(),
            ..self
        }
    }

    /// What is certainly here.
    fn look(self, last: Option<&Frame>) -> Option<Here> {
        if let Some(frame) = self.next_frame(last) {
            return Some(self.frame(frame));
        }
        let tag = self.tag().map(Here::Tag);
        tag.or_else(|| self.first_frame(last).map(|frame| self.frame(frame)))
    }

    fn frame(self, frame: Frame) -> Here {
        let own = self.bytes.get(..frame.bytes).unwrap_or(self.bytes);
        Here::Frame(frame, InfoFrame::parse(own, &frame.header))
    }

    /// A frame whose stream is known and goes on behind it.
    fn next_frame(self, last: Option<&Frame>) -> Option<Frame> {
        let frame = self.frame_after(last?)?;
        let next = Header::parse(self.from(frame.bytes).bytes)?;
        next.continues(&frame.header).then_some(frame)
    }

    /// A frame that continues the stream of another, whatever stands behind it.
    fn frame_after(self, last: &Frame) -> Option<Frame> {
        let header = Header::parse(self.bytes)?;
        let bytes = header.frame_bytes(last.free_bytes);
        (header.continues(&last.header) && bytes > HEADER_BYTES).then_some(Frame {
            place: 0,
            bytes,
            header,
            free_bytes: last.free_bytes,
        })
    }

    /// A frame that enough others follow to begin a stream, or to go on with the known one, or that tells of the sound and so needs
    /// none.
    fn first_frame(self, last: Option<&Frame>) -> Option<Frame> {
        let header = Header::parse(self.bytes)?;
        let followers = match last {
            Some(last) if header.continues(&last.header) => FOLLOWERS_TO_GO_ON,
            _ => FOLLOWERS_TO_BEGIN,
        };
        let free_bytes = if header.bit_rate == 0 {
            self.free_bytes(&header)?
        } else {
            0
        };
        let frame = Frame {
            place: 0,
            bytes: header.frame_bytes(free_bytes),
            header,
            free_bytes,
        };
        let own = self.bytes.get(..frame.bytes).unwrap_or_default();
        let is_certain = || InfoFrame::parse(own, &header).is_some();
        (self.is_followed(&frame, followers) || is_certain()).then_some(frame)
    }

    /// Whether so many frames of one stream follow a frame, or as many as there are up to a tag or the end of the file.
    fn is_followed(self, frame: &Frame, wanted: usize) -> bool {
        let mut header = frame.header;
        let mut offset = 0;
        for seen in 0..wanted {
            let bytes = header.frame_bytes(frame.free_bytes);
            if bytes <= HEADER_BYTES {
                return false;
            }
            offset += bytes;
            if offset > self.bytes.len() {
                return seen > 0;
            }
            let rest = self.from(offset);
            match Header::parse(rest.bytes) {
                Some(next) if next.continues(&header) => header = next,
                _ if rest.bytes.len() < HEADER_BYTES => return self.is_complete,
                _ => return tags::leading(rest.bytes).is_some(),
            }
        }
        true
    }

    /// Bytes of an unpadded frame in free format: the distance at which two others follow.
    fn free_bytes(self, header: &Header) -> Option<usize> {
        let follows = |place: usize| {
            Header::parse(self.from(place).bytes).filter(|next| next.continues(header))
        };
        (MIN_FREE_BYTES..MAX_FRAME_BYTES).find_map(|place| {
            let next = follows(place)?;
            let unpadded = place.checked_sub(header.padding_bytes())?;
            let behind = place + next.frame_bytes(unpadded);
            (follows(behind).is_some() || (self.is_complete && behind == self.bytes.len()))
                .then_some(unpadded)
        })
    }

    /// What a header is that continues the stream, but that nothing known follows.
    fn lone_frame(self, last: Option<&Frame>) -> Option<Here> {
        let frame = self.frame_after(last?)?;
        let own = self.bytes.get(..frame.bytes).unwrap_or(self.bytes);
        let is_whole = own.len() == frame.bytes;
        if is_whole && self.from(frame.bytes).bytes.len() < HEADER_BYTES {
            return Some(self.frame(frame));
        }
        let other = (HEADER_BYTES..own.len()).find(|&offset| {
            let rest = self.from(offset);
            let is_tag = rest.bytes.starts_with(b"ID3") && tags::leading(rest.bytes).is_some();
            is_tag || rest.first_frame(last).is_some()
        });
        Some(match other {
            Some(offset) => Here::Broken(offset),
            None if is_whole => self.frame(frame),
            None => Here::Cut,
        })
    }

    /// Bytes of a tag at the beginning. Three letters may also stand in sound: something known must follow.
    fn tag(self) -> Option<u64> {
        let bytes = tags::leading(self.bytes)?;
        if self.bytes.starts_with(b"TAG") {
            let behind = self.from(usize::try_from(bytes).ok()?);
            let is_known = behind.bytes.len() < HEADER_BYTES
                || tags::leading(behind.bytes).is_some()
                || behind.first_frame(None).is_some();
            return is_known.then_some(bytes);
        }
        Some(bytes)
    }
}
