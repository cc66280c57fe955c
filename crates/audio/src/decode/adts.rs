//! Raw AAC: frames with ADTS headers, one behind the other. Nothing tells how many there are, so all headers are read once:
//! then the length is exact, a change of rate is seen, and any place is found.

mod header;

use std::{
    ffi::OsStr,
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom},
};

use symphonia::core::{
    packet::Packet,
    units::{Duration, Timestamp},
};

use self::header::{CHECKSUM, HEADER, Header, Kind};
pub(super) use self::header::{begins, first_frame};
use super::{
    Refused, Step,
    codec::{Codec, CodecKind},
    fence::Fence,
    foreign::Facts,
    mpeg::leading_tag,
    unfilled::{LastFrames, unfilled_behind_frames},
    window::Window,
};
use crate::{AudioError, AudioInfo, Incomplete, source::Watched};

/// Samples of a frame and channel.
const FRAME: u64 = 1024;
/// One frame of this many is remembered with its place.
const MARK_EVERY: u64 = 256;
/// Frames to decode before a place.
const SETTLE_FRAMES: u64 = 2;
/// Changes of rate or channels that are followed.
const MAX_RUNS: usize = 1 << 16;

/// Frames of one kind, one behind the other.
#[derive(Debug, Clone, Copy)]
struct Run {
    kind: Kind,
    /// The number of its first frame, and the second at which it begins.
    first: u64,
    start_secs: f64,
}

/// A file being read frame by frame.
pub(super) struct Adts {
    file: BufReader<Watched<File>>,
    info: AudioInfo,
    runs: Vec<Run>,
    /// Places of the frames 0, 256, 512 ..
    marks: Vec<u64>,
    frames: u64,
    /// The next frame.
    next: u64,
    codec: Option<(Kind, Codec)>,
    /// Samples of the stream (of the run's rate) to leave out.
    skip: u64,
    /// The frame from which on `skip` counts.
    wanted: u64,
    incomplete: Option<Incomplete>,
    last: LastFrames,
    /// The byte at which its last frame ends, where more stands behind it.
    end: Option<u64>,
}

impl Adts {
    /// Opens a file whose first frame stands at `start`.
    pub(super) fn open(
        file: File,
        start: u64,
        length: u64,
        fence: &Fence<'_>,
    ) -> Result<Self, Refused> {
        let copy = file
            .try_clone()
            .map_err(|error| AudioError::from_io(fence.path, &error))?;
        let mut window = Window::new(copy, start..length, fence.clock);
        let file = Watched::new(file, Some(length), std::sync::Arc::clone(fence.clock));
        let mut reader = Self {
            file: BufReader::with_capacity(1 << 16, file),
            info: AudioInfo {
                sample_rate: 0,
                channels: 0,
                codec: "aac".to_owned(),
                decoder: "Symphonia",
                duration_secs: 0.0,
                incomplete: None,
                cancels: false,
            },
            runs: Vec::new(),
            marks: Vec::new(),
            frames: 0,
            next: 0,
            codec: None,
            skip: 0,
            wanted: 0,
            incomplete: None,
            last: LastFrames::default(),
            end: None,
        };
        let walked = reader.walk(start, length);
        fence.clock.check(fence.path)?;
        let last = reader.last.last().map(|frame| frame.end);
        reader.end = last.filter(|end| *end < length);
        let walked = walked.and_then(|has_blocks| {
            if reader.incomplete.is_none() {
                reader.incomplete = unfilled_behind_frames(&mut window, &reader.last)?;
            }
            Ok(has_blocks)
        });
        let has_blocks = walked.map_err(|error| AudioError::from_io(fence.path, &error))?;
        let Some(first) = reader.runs.first().map(|run| run.kind) else {
            return Err(AudioError::damaged(fence.path, "no whole frame of AAC is in it").into());
        };
        reader.info.sample_rate = first.rate;
        reader.info.channels = usize::from(first.channels);
        let facts = reader.facts();
        let refuse = |why: String| Refused {
            error: AudioError::unsupported(fence.path, why),
            facts: Box::new(facts.clone()),
        };
        if has_blocks {
            return Err(refuse(
                "its codec is AAC with several blocks in a frame".to_owned(),
            ));
        }
        for run in &reader.runs {
            run.kind.codec(fence).map_err(|error| match error {
                AudioError::Unsupported { why, .. } => refuse(why),
                error => error.into(),
            })?;
        }
        reader
            .go_to(0)
            .map_err(|error| AudioError::from_io(fence.path, &error))?;
        Ok(reader)
    }

    /// Leaves HE-AAC to those who can decode all of it.
    pub(super) fn refuse_he_aac(
        self,
        search: Option<&OsStr>,
        fence: &Fence<'_>,
    ) -> Result<Self, Refused> {
        match Refused::where_he_aac(
            (CodecKind::Aac, self.info.sample_rate),
            self.facts(),
            search,
            fence,
        ) {
            Some(refused) => Err(refused),
            None => Ok(self),
        }
    }

    /// What is known of it where others decode it.
    fn facts(&self) -> Facts {
        Facts {
            duration_secs: Some(self.info.duration_secs),
            incomplete: self.incomplete,
            end: self.end,
            ..Facts::default()
        }
    }

    pub(super) fn info(&self) -> &AudioInfo {
        &self.info
    }

    pub(super) fn incomplete(&self) -> Option<Incomplete> {
        self.incomplete
    }

    /// Reads all headers; says whether a frame has several packets.
    fn walk(&mut self, start: u64, length: u64) -> io::Result<bool> {
        self.file.seek(SeekFrom::Start(start))?;
        let mut place = start;
        let mut has_blocks = false;
        // How often frames were lost, and the second of the first of them.
        let mut lost: Option<(u64, f64)> = None;
        while let Some(header) = self.header(place)? {
            let Some(header) = header else {
                if let Some(behind) = self.behind_tag(place, length)? {
                    place = behind;
                    continue;
                }
                // Not a frame: bytes at the end, or damage.
                match self.find(place + 1)? {
                    Some(found) => {
                        if let Some(run) = self.runs.last() {
                            // The frame in front is where the wrong bytes begin, else this place would be a frame.
                            let secs = run.secs_at(self.frames.saturating_sub(1));
                            lost.get_or_insert((0, secs)).0 += 1;
                        }
                        place = found;
                        continue;
                    }
                    None => break,
                }
            };
            let end = place + header.length as u64;
            if end > length {
                self.incomplete = Some(Incomplete::EndsEarly { share: None });
                break;
            }
            has_blocks |= header.blocks > 1;
            let last = self.runs.last().copied();
            if last.is_none_or(|run| run.kind != header.kind) {
                if self.runs.len() >= MAX_RUNS {
                    break;
                }
                let start_secs = last.map_or(0.0, |run| run.secs_at(self.frames));
                self.runs.push(Run {
                    kind: header.kind,
                    first: self.frames,
                    start_secs,
                });
            }
            if self.frames.is_multiple_of(MARK_EVERY) {
                self.marks.push(place);
            }
            self.frames += 1;
            self.file
                .seek_relative((header.length - header.size) as i64)?;
            self.last.add(place..end);
            place = end;
        }
        if let Some(run) = self.runs.last() {
            self.info.duration_secs = run.secs_at(self.frames);
        }
        if let Some((packets, first_secs)) = lost {
            self.incomplete = Some(Incomplete::Damaged {
                packets,
                first_secs,
            });
        }
        Ok(has_blocks)
    }

    /// The header at the place where the file stands, which is `place`; `None` at the end, `Some(None)` where there is
    /// none.
    fn header(&mut self, place: u64) -> io::Result<Option<Option<Header>>> {
        let mut head = [0; HEADER];
        match self.file.read_exact(&mut head) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            read => read?,
        }
        let header = Header::read(&head);
        match header {
            Some(Header { size, .. }) if size > HEADER => {
                self.file.seek_relative(CHECKSUM as i64)?;
            }
            Some(_) => {}
            None => {
                self.file.seek(SeekFrom::Start(place))?;
            }
        }
        Ok(Some(header))
    }

    /// Moves behind a tag at `place`, as joined files have them in their middle; `None` where there is none that ends in front
    /// of `length`, and then stays there.
    fn behind_tag(&mut self, place: u64, length: u64) -> io::Result<Option<u64>> {
        let mut head = Vec::new();
        self.file.seek(SeekFrom::Start(place))?;
        Read::by_ref(&mut self.file)
            .take(32)
            .read_to_end(&mut head)?;
        let behind = leading_tag(&head)
            .and_then(|bytes| place.checked_add(bytes))
            .filter(|behind| *behind <= length);
        self.file.seek(SeekFrom::Start(behind.unwrap_or(place)))?;
        Ok(behind)
    }

    /// The next place from `place` on at which two frames follow each other.
    fn find(&mut self, place: u64) -> io::Result<Option<u64>> {
        let mut place = place;
        let mut window: Vec<u8> = Vec::new();
        loop {
            self.file.seek(SeekFrom::Start(place))?;
            window.clear();
            Read::by_ref(&mut self.file)
                .take(1 << 16)
                .read_to_end(&mut window)?;
            if window.len() <= HEADER {
                return Ok(None);
            }
            for (index, seven) in window.windows(HEADER).enumerate() {
                let Some(header) = seven.try_into().ok().and_then(Header::read) else {
                    continue;
                };
                let at = place + index as u64;
                let mut next = [0; HEADER];
                self.file.seek(SeekFrom::Start(at + header.length as u64))?;
                let follows = self.file.read_exact(&mut next).is_ok()
                    && Header::read(&next).is_some_and(|next| next.kind == header.kind);
                if follows {
                    self.file.seek(SeekFrom::Start(at))?;
                    return Ok(Some(at));
                }
            }
            place += (window.len() - HEADER + 1) as u64;
        }
    }

    /// Moves to a frame.
    fn go_to(&mut self, frame: u64) -> io::Result<()> {
        let index = frame / MARK_EVERY;
        let place = usize::try_from(index)
            .ok()
            .and_then(|index| self.marks.get(index).copied());
        let Some(place) = place else {
            self.next = self.frames;
            return Ok(());
        };
        self.file.seek(SeekFrom::Start(place))?;
        self.next = index * MARK_EVERY;
        while self.next < frame && self.packet()?.is_some() {}
        Ok(())
    }

    /// The next frame's kind and packet.
    fn packet(&mut self) -> io::Result<Option<(Kind, Vec<u8>)>> {
        if self.next >= self.frames {
            return Ok(None);
        }
        loop {
            let place = self.file.stream_position()?;
            match self.header(place)? {
                None => return Ok(None),
                Some(None) => {
                    if self.behind_tag(place, u64::MAX)?.is_some() {
                        continue;
                    }
                    let Some(found) = self.find(place + 1)? else {
                        return Ok(None);
                    };
                    self.file.seek(SeekFrom::Start(found))?;
                }
                Some(Some(header)) => {
                    let mut data = vec![0; header.length - header.size];
                    self.file.read_exact(&mut data)?;
                    self.next += 1;
                    return Ok(Some((header.kind, data)));
                }
            }
        }
    }

    pub(super) fn step(
        &mut self,
        samples: &mut Vec<f32>,
        fence: &Fence<'_>,
    ) -> Result<Step, AudioError> {
        samples.clear();
        let frame = self.next;
        let packet = self.packet();
        fence.clock.check(fence.path)?;
        let packet = packet.map_err(|error| AudioError::from_io(fence.path, &error))?;
        let Some((kind, data)) = packet else {
            return Ok(Step::End);
        };
        if self.codec.as_ref().is_none_or(|(old, _)| *old != kind) {
            self.codec = Some((kind, kind.codec(fence)?));
        }
        let Some((_, codec)) = &mut self.codec else {
            return Ok(Step::End);
        };
        let packet = Packet::new(0, Timestamp::ZERO, Duration::new(FRAME), data);
        let (channels, rate) = match codec.decode(&packet, samples, fence)? {
            Ok(shape) => shape,
            Err(why) => return Ok(Step::Damaged(why)),
        };
        if frame < self.wanted {
            samples.clear();
            return Ok(Step::Nothing);
        }
        let skip = std::mem::take(&mut self.skip) as usize;
        samples.drain(..(skip * channels).min(samples.len()));
        Ok(Step::Samples { channels, rate })
    }

    /// Moves to a time in seconds.
    pub(super) fn seek(&mut self, secs: f64, fence: &Fence<'_>) -> Result<bool, AudioError> {
        let run = self.runs.iter().rev().find(|run| run.start_secs <= secs);
        let Some(run) = run.or(self.runs.first()) else {
            return Ok(false);
        };
        let sample = ((secs - run.start_secs) * f64::from(run.kind.rate))
            .round()
            .max(0.0) as u64;
        self.wanted = run.first.saturating_add(sample / FRAME);
        self.skip = sample % FRAME;
        if self.wanted >= self.frames {
            return Ok(false);
        }
        self.codec = None;
        let moved = self.go_to(self.wanted.saturating_sub(SETTLE_FRAMES));
        fence.clock.check(fence.path)?;
        moved.map_err(|error| AudioError::from_io(fence.path, &error))?;
        Ok(true)
    }
}

impl Run {
    /// The second at which a frame begins that lies in or right behind the run.
    fn secs_at(&self, frame: u64) -> f64 {
        let samples = frame.saturating_sub(self.first) * FRAME;
        self.start_secs + samples as f64 / f64::from(self.kind.rate)
    }
}
