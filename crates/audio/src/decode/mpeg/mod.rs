//! MPEG audio streams (.mp3, .mp2, .mp1): Layers I, II and III of MPEG-1, 2 and 2.5.
//!
//! The frames are found here and each is decoded by nanomp3. A stream has no header that tells its length; encoders of
//! Layer III mostly write a frame that does, which is believed where it agrees with the bytes that are there. Otherwise the
//! headers of all frames are read, so that the length is never an estimate. Files that were joined from several play to their end: a
//! part may have another rate, other channels and tags in front. Frames that do not decode are silent; where the frames
//! themselves are not found, their time is missing.
//!
//! Why symphonia-bundle-mp3 0.6.1 does not read them: "MP3 without a Xing header: `num_frames` is an estimate from the first
//! frames, and decoding ends there"; "a Xing count ends a file that was joined from two"; "a change of channels or rate is an
//! error"; "tags without the id3v2 feature are walked byte by byte, and UTF-16 text (FF FE) is taken for a Layer I frame";
//! "free format is not supported".

mod cursor;
mod ending;
mod header;
mod info_frame;
mod tags;
#[cfg(test)]
mod tests;
mod walker;

use std::{fs::File, io, ops::Range, path::Path, sync::Arc};

use nanomp3_core::{DecodeError, Decoder, MAX_SAMPLES_PER_FRAME};

use self::{
    cursor::{Cursor, Event, Gaps},
    ending::Ending,
    header::Header,
    info_frame::InfoFrame,
    walker::{Found, Frame, MAX_FRAME_BYTES, Walker},
};
pub(super) use self::{
    tags::{leading as leading_tag, trailing as trailing_tags},
    walker::begins,
};
use super::{Step, fence::Fence, window::Window};
use crate::{AudioError, AudioInfo, Incomplete, source::Clock};

/// One place of the index stands for so many frames.
const FRAMES_A_PLACE: u64 = 64;
/// Frames that are decoded in front of a sought place: a frame of Layer III begins in up to 511 bytes of those before it,
/// and the filter banks remember two.
const FRAMES_BEFORE: u64 = 48;
/// Streams with more bytes are not read to their end only to know their length.
const MAX_WALKED_BYTES: u64 = 1 << 30;
/// Bytes in front of which a frame in free format shows its length.
const FREE_FORMAT_SIGHT: usize = 4 * MAX_FRAME_BYTES;
/// Bytes that are counted at once.
const PIECE_BYTES: usize = 1 << 16;
/// Unreadable frames that one gap counts for at most.
const MAX_LOST: u32 = 500;
const UNREADABLE: &str = "its frames cannot be decoded";

/// A stream being decoded frame by frame.
pub(super) struct Mpeg {
    window: Window,
    info: AudioInfo,
    gaps: Gaps,
    cursor: Cursor,
    index: Index,
    decoder: Box<Decoder>,
    pcm: Box<[f32; MAX_SAMPLES_PER_FRAME]>,
    /// Frames that are decoded and not handed out: those in front of a sought place, which is this frame's sample.
    sought: Option<(u64, u64)>,
    /// Unreadable frames to be reported.
    lost: u32,
    has_sound: bool,
    has_damage: bool,
}

/// Places from which the stream can be read, one for each [`FRAMES_A_PLACE`] frames, from the first on.
struct Index {
    places: Vec<Cursor>,
}

impl Index {
    /// Where the cursor stands at the next place of the index, it is saved.
    fn visit(&mut self, cursor: &Cursor) -> bool {
        let is_next = cursor.frames == self.places.len() as u64 * FRAMES_A_PLACE;
        if is_next {
            self.places.push(cursor.clone());
        }
        is_next
    }
}

impl Mpeg {
    /// Opens the bytes `part` of a file; `None` where there is no MPEG audio. `clock` watches over every read.
    pub(super) fn open(
        file: File,
        part: Range<u64>,
        path: &Path,
        clock: &Arc<Clock>,
    ) -> Result<Option<Self>, AudioError> {
        let mut window = Window::new(file, part, clock);
        let failed = |error| sort(&error, path, clock);
        let Some(first) = First::find(&mut window).map_err(failed)? else {
            return if tags::are_cut(&mut window).map_err(failed)? {
                let why = "it ends within the tag (titles, cover) at its beginning";
                Err(AudioError::damaged(path, why))
            } else {
                Ok(None)
            };
        };
        let gaps = first.gaps(&mut window).map_err(failed)?;
        let mut reader = Self {
            info: AudioInfo {
                sample_rate: first.header.rate,
                channels: usize::from(first.header.channels),
                codec: format!("mp{}", first.header.layer),
                decoder: "nanomp3",
                duration_secs: 0.0,
                incomplete: None,
                cancels: false,
            },
            gaps,
            cursor: Cursor::new(first.place),
            index: Index { places: Vec::new() },
            decoder: Box::new(Decoder::new()),
            pcm: Box::new([0.0; MAX_SAMPLES_PER_FRAME]),
            sought: None,
            lost: 0,
            has_sound: false,
            has_damage: false,
            window,
        };
        let is_stream = match reader.measure(&first, clock).map_err(failed)? {
            Stream::Certain => true,
            Stream::Likely => reader.mostly_decodes(&Fence { path, clock })?,
            Stream::ByChance => false,
        };
        Ok(is_stream.then_some(reader))
    }

    pub(super) fn info(&self) -> &AudioInfo {
        &self.info
    }

    /// What is missing at the end, as far as it is known.
    pub(super) fn incomplete(&self) -> Option<Incomplete> {
        self.info.incomplete
    }

    /// Fills in the length: as told where that agrees with the bytes, else by reading the headers of all frames.
    fn measure(&mut self, first: &First, clock: &Clock) -> io::Result<Stream> {
        let there = self.window.part().end - first.place;
        if let Some(frames) = first.told_frames(there) {
            let samples = frames * first.header.samples() as u64;
            let sound = self.gaps.remaining(samples);
            self.info.duration_secs = sound as f64 / f64::from(first.header.rate);
            return Ok(Stream::Certain);
        }
        if there > MAX_WALKED_BYTES {
            return Ok(Stream::Certain);
        }
        let mut cursor = self.cursor.clone();
        let mut chance = Chance::default();
        let mut ending = Ending::default();
        let begins = tags::leading_end(&mut self.window)? == first.place;
        let is_cut = loop {
            if self.index.visit(&cursor) {
                clock.progress();
            }
            match cursor.next(&mut self.window, &self.gaps)? {
                Event::Sound(frame, _) => {
                    chance.add(&frame);
                    ending.add(&frame);
                }
                Event::Lost(_) => {}
                Event::Cut => break true,
                Event::End => break false,
            }
        };
        self.info.duration_secs = cursor.secs();
        self.info.incomplete = match cursor.ends_early(self.window.part(), is_cut) {
            None if !cursor.has_all() => ending.missing(&mut self.window)?,
            early => early,
        };
        if begins && chance.is_certain() {
            return Ok(Stream::Certain);
        }
        if chance.is_scattered() {
            return Ok(Stream::ByChance);
        }
        if 2 * chance.bytes >= there {
            return Ok(Stream::Likely);
        }
        // What a download never filled belongs to no frame, either.
        let (mut place, end, mut filled) = (first.place, self.window.part().end, 0);
        while place < end {
            let piece = self.window.at(place, PIECE_BYTES)?;
            if piece.is_empty() {
                break;
            }
            filled += piece.iter().filter(|byte| **byte != 0).count() as u64;
            place += piece.len() as u64;
            clock.progress();
        }
        Ok(if 2 * chance.bytes >= filled {
            Stream::Likely
        } else {
            Stream::ByChance
        })
    }

    /// Whether most of the first frames are sound.
    fn mostly_decodes(&mut self, fence: &Fence<'_>) -> Result<bool, AudioError> {
        const FRAMES: usize = 200;
        let mut cursor = self.cursor.clone();
        let (mut sound, mut damaged) = (0, 0);
        for _ in 0..FRAMES {
            let event = cursor.next(&mut self.window, &self.gaps);
            match event.map_err(|error| sort(&error, fence.path, fence.clock))? {
                Event::Sound(frame, _) => match self.decode_frame(&frame, fence)? {
                    Decoded::Damaged => damaged += 1,
                    Decoded::Sound | Decoded::Silent => sound += 1,
                },
                Event::Lost(_) => {}
                Event::Cut | Event::End => break,
            }
        }
        *self.decoder = Decoder::new();
        Ok(sound >= damaged)
    }

    /// Moves to a time in seconds; `false` where that is behind the end.
    pub(super) fn seek(&mut self, secs: f64, fence: &Fence<'_>) -> Result<bool, AudioError> {
        self.find(secs, fence.clock)
            .map_err(|error| sort(&error, fence.path, fence.clock))
    }

    fn find(&mut self, secs: f64, clock: &Clock) -> io::Result<bool> {
        self.index.visit(&self.cursor);
        let before = self
            .index
            .places
            .partition_point(|place| place.secs() <= secs);
        let nearest = self.index.places.get(before.saturating_sub(1));
        let Some(mut cursor) = nearest.cloned() else {
            return Ok(false);
        };
        let (frame, skipped) = loop {
            if self.index.visit(&cursor) {
                clock.progress();
            }
            match cursor.next(&mut self.window, &self.gaps)? {
                Event::Sound(frame, sound) => {
                    let sample = cursor.sample_at(secs);
                    if sample < cursor.played {
                        let start = cursor.played - sound.len() as u64;
                        break (frame, sample.saturating_sub(start));
                    }
                }
                Event::Lost(_) | Event::Cut => {}
                Event::End => return Ok(false),
            }
        };
        let from = cursor.frames.saturating_sub(FRAMES_BEFORE) / FRAMES_A_PLACE;
        let Some(start) = self.index.places.get(from as usize) else {
            return Ok(false);
        };
        self.cursor = start.clone();
        *self.decoder = Decoder::new();
        self.sought = Some((frame.place, skipped));
        self.lost = 0;
        Ok(true)
    }

    /// Decodes one frame into `samples`, interleaved.
    pub(super) fn step(
        &mut self,
        samples: &mut Vec<f32>,
        fence: &Fence<'_>,
    ) -> Result<Step, AudioError> {
        if self.lost > 0 {
            self.lost -= 1;
            return Ok(Step::Damaged(UNREADABLE));
        }
        self.index.visit(&self.cursor);
        let event = self
            .cursor
            .next(&mut self.window, &self.gaps)
            .map_err(|error| sort(&error, fence.path, fence.clock))?;
        match event {
            Event::Sound(frame, sound) => self.decode(&frame, sound, samples, fence),
            Event::Lost(frames) => {
                // What the decoder remembers does not belong to the next frame.
                *self.decoder = Decoder::new();
                self.damaged(frames);
                Ok(Step::Nothing)
            }
            Event::Cut | Event::End if self.has_damage && !self.has_sound => {
                Err(AudioError::damaged(fence.path, UNREADABLE))
            }
            Event::Cut | Event::End => {
                let is_cut = matches!(event, Event::Cut);
                let early = self.cursor.ends_early(self.window.part(), is_cut);
                self.info.incomplete = self.info.incomplete.or(early);
                Ok(Step::End)
            }
        }
    }

    fn damaged(&mut self, frames: u32) {
        self.has_damage = true;
        if self.sought.is_none() {
            self.lost = frames.min(MAX_LOST);
        }
    }

    fn decode(
        &mut self,
        frame: &Frame,
        mut sound: Range<usize>,
        samples: &mut Vec<f32>,
        fence: &Fence<'_>,
    ) -> Result<Step, AudioError> {
        let channels = usize::from(frame.header.channels);
        let is_decoded = self.decode_frame(frame, fence)?;
        if let Some((place, skipped)) = self.sought {
            if frame.place < place {
                return Ok(Step::Nothing);
            }
            self.sought = None;
            sound.start += skipped as usize;
        }
        match is_decoded {
            Decoded::Sound => self.has_sound = true,
            Decoded::Silent => self.pcm.fill(0.0),
            Decoded::Damaged => {
                self.pcm.fill(0.0);
                self.damaged(1);
            }
        }
        let values = sound.start * channels..sound.end * channels;
        samples.clear();
        samples.extend_from_slice(self.pcm.get(values).unwrap_or_default());
        Ok(Step::Samples {
            channels,
            rate: frame.header.rate,
        })
    }

    /// Decodes a frame into `pcm`.
    fn decode_frame(&mut self, frame: &Frame, fence: &Fence<'_>) -> Result<Decoded, AudioError> {
        let bytes = self
            .window
            .at(frame.place, frame.bytes)
            .map_err(|error| sort(&error, fence.path, fence.clock))?;
        let Some(own) = bytes.get(..frame.bytes) else {
            return Ok(Decoded::Damaged);
        };
        let (decoder, pcm) = (&mut self.decoder, &mut *self.pcm);
        let mut result = fence.guard(|| decoder.decode(own, pcm).1)?;
        if frame.header.bit_rate == 0 && matches!(result, Err(DecodeError::NoFrame)) {
            // In free format the decoder must see the next frames to know the length of one.
            let bytes = self
                .window
                .at(frame.place, FREE_FORMAT_SIGHT)
                .map_err(|error| sort(&error, fence.path, fence.clock))?;
            result = fence.guard(|| decoder.decode(bytes, pcm).1)?;
        }
        let header = &frame.header;
        Ok(match result {
            Ok(info)
                if info.samples_produced == header.samples()
                    && info.channels.num() == header.channels =>
            {
                Decoded::Sound
            }
            // A stream that was cut out of another begins so, and so does one behind a gap.
            Err(DecodeError::ReservoirUnavailable(_)) => Decoded::Silent,
            _ => Decoded::Damaged,
        })
    }
}

/// Whether what looks like frames is a stream: any large file has some by chance.
enum Stream {
    Certain,
    /// If its frames decode.
    Likely,
    ByChance,
}

/// Counts what looks like frames. A stream may be damaged in most places, but has whole stretches.
#[derive(Default)]
struct Chance {
    frames: u64,
    /// Stretches of frames without anything between them.
    runs: u64,
    bytes: u64,
    end: u64,
    /// Frames right behind each other now, and most.
    run: u32,
    longest: u32,
}

impl Chance {
    fn add(&mut self, frame: &Frame) {
        self.run = if frame.place == self.end {
            self.run + 1
        } else {
            self.runs += 1;
            1
        };
        self.longest = self.longest.max(self.run);
        self.frames += 1;
        self.bytes += frame.bytes as u64;
        self.end = frame.place + frame.bytes as u64;
    }

    /// Whether frames hardly ever follow each other, as in raw samples, in which many places look like one.
    fn is_scattered(&self) -> bool {
        const MANY: u64 = 8;
        const LEAST_IN_A_RUN: u64 = 16;
        self.runs >= MANY && self.frames < LEAST_IN_A_RUN * self.runs
    }

    fn is_certain(&self) -> bool {
        /// Half a second.
        const CERTAIN: u32 = 24;
        self.longest >= CERTAIN
    }
}

/// What a frame became.
enum Decoded {
    Sound,
    Silent,
    Damaged,
}

/// The first frame of a stream.
struct First {
    place: u64,
    bytes: u64,
    header: Header,
    told: Option<InfoFrame>,
}

impl First {
    fn find(window: &mut Window) -> io::Result<Option<Self>> {
        let end = tags::trailing(window)?;
        window.end_at(end);
        let mut walker = Walker::new(window.part().start);
        loop {
            let (frame, told) = match walker.next(window)? {
                Found::Sound(frame) => (frame, None),
                Found::Info(frame, info) => (frame, Some(info)),
                Found::Lost { .. } => continue,
                Found::Cut | Found::End => return Ok(None),
            };
            return Ok(Some(Self {
                place: frame.place,
                bytes: frame.bytes as u64,
                header: frame.header,
                told,
            }));
        }
    }

    /// What encoder and decoder added.
    fn gaps(&self, window: &mut Window) -> io::Result<Gaps> {
        let Some(info) = &self.told else {
            return Ok(Gaps::default());
        };
        let mut is_joined = false;
        let told_end = self.place + info.bytes;
        // Where much more follows than is told, another stream was joined: FFmpeg then trims only the beginning.
        if info.bytes > 0 && told_end + info.bytes / 16 < window.part().end {
            let behind = Walker::new(told_end).next(window)?;
            is_joined = matches!(behind, Found::Sound(_) | Found::Info(..));
        }
        let frame_samples = self.header.samples() as u64;
        Ok(Gaps::new(info, frame_samples, is_joined))
    }

    /// The number of frames, where it is told for just the bytes that are there.
    fn told_frames(&self, there: u64) -> Option<u64> {
        let info = self.told?;
        let agrees = info.bytes == there || info.bytes + self.bytes == there;
        let mean = info.bytes.checked_div(info.frames)?;
        (agrees && self.header.could_be_mean(mean)).then_some(info.frames)
    }
}

/// Sorts an error of reading by what the user can do.
fn sort(error: &io::Error, path: &Path, clock: &Clock) -> AudioError {
    match clock.check(path) {
        Err(stopped) => stopped,
        Ok(()) => AudioError::from_io(path, error),
    }
}
