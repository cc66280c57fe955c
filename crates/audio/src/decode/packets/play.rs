//! Playing a stream packet by packet, from any place on.

use symphonia::core::{
    errors::Error,
    formats::{SeekMode, SeekTo},
    packet::Packet,
    units::Timestamp,
};

use super::{
    super::{MAX_CHANNELS, Step, fence::Fence},
    Packets, Times,
};
use crate::AudioError;

/// Numbers of frames are signed where packets count them.
const MAX_FRAMES: u64 = i64::MAX as u64;

impl Packets {
    /// Whether a seek must read the file from its beginning, and has to be given a fresh reader for it.
    pub(in super::super) fn must_reopen(&self, secs: f64) -> bool {
        let Some((_, frame)) = self.find(secs) else {
            return false;
        };
        let passed = self
            .cursor
            .is_some_and(|cursor| cursor > frame.cast_signed());
        self.times == Times::Coarse && !self.rewinds && (passed || self.ended)
    }

    fn find(&self, secs: f64) -> Option<(usize, u64)> {
        let frame = (secs * f64::from(self.info.sample_rate)).round() as u64;
        self.timeline.find(frame.min(MAX_FRAMES))
    }

    /// Moves to a time in seconds; `false` where that is behind the end.
    pub(in super::super) fn seek(
        &mut self,
        secs: f64,
        fence: &Fence<'_>,
    ) -> Result<bool, AudioError> {
        let Some((span, frame)) = self.find(secs) else {
            return Ok(false);
        };
        self.span = span;
        self.ended = false;
        self.seek_frame(frame, fence)
    }

    /// Goes on at a decoded frame.
    fn seek_frame(&mut self, frame: u64, fence: &Fence<'_>) -> Result<bool, AudioError> {
        self.from = frame;
        self.decoded = None;
        // Codecs need some packets before they are back in step.
        let mut start = frame.saturating_sub(self.codec.frames_to_settle());
        if self.times == Times::Coarse {
            let passed = self
                .cursor
                .is_some_and(|cursor| cursor > start.cast_signed());
            if !self.rewinds || !passed {
                return Ok(true);
            }
            start = 0;
        }
        let start = Timestamp::new(start.cast_signed().saturating_add(self.origin));
        let track_id = self.track_id;
        let reader = &mut self.reader;
        let found = fence.catch(|| {
            reader.seek(
                SeekMode::Accurate,
                SeekTo::Timestamp {
                    ts: start,
                    track_id,
                },
            )
        })?;
        match found {
            Ok(_) => {
                self.codec.reset();
                self.cursor = None;
                Ok(true)
            }
            Err(Error::SeekError(_)) => Ok(false),
            Err(Error::IoError(error)) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                Ok(false)
            }
            Err(error) => Err(fence.sort(&error)),
        }
    }

    /// Decodes one packet into `samples`, interleaved.
    pub(in super::super) fn step(
        &mut self,
        samples: &mut Vec<f32>,
        fence: &Fence<'_>,
    ) -> Result<Step, AudioError> {
        samples.clear();
        if self.ended {
            return Ok(Step::End);
        }
        let reader = &mut self.reader;
        let packet = match fence.catch(|| reader.next_packet())? {
            Ok(Some(packet)) => packet,
            Ok(None) => {
                self.end();
                return Ok(Step::End);
            }
            // A file that was cut short plays up to the cut.
            Err(Error::IoError(error)) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                self.end();
                self.ends_early |= self.tells_end;
                return Ok(Step::End);
            }
            Err(Error::DecodeError(why)) => {
                self.lost_place = true;
                return Ok(Step::Damaged(why));
            }
            // The next part of a chained file.
            Err(Error::ResetRequired) => {
                self.end();
                return Ok(Step::End);
            }
            Err(error) => return Err(fence.sort(&error)),
        };
        if packet.track_id != self.track_id {
            return Ok(Step::Nothing);
        }
        if self.first_stamp.is_none() {
            // What the first packet of Vorbis would have given is not there.
            let prepared = packet.trim_start.get().cast_signed();
            let early = if self.codec.is_vorbis() { prepared } else { 0 };
            self.first_stamp = Some(packet.pts.get().saturating_add(early));
        }
        if self.times == Times::Coarse && self.pass_over(&packet) {
            fence.clock.progress();
            self.passed_over = true;
            return Ok(Step::Nothing);
        }
        let resumes = std::mem::take(&mut self.passed_over);
        if resumes {
            self.codec.reset();
        }
        let (channels, rate) = match self.codec.decode(&packet, samples, fence)? {
            Ok(shape) => shape,
            Err(why) => {
                // The next packet tells where it stands.
                self.fills_gap = self.times == Times::Frames;
                return Ok(Step::Damaged(why));
            }
        };
        if channels == 0 || channels > MAX_CHANNELS {
            samples.clear();
            return Ok(Step::Nothing);
        }
        if samples.is_empty() && self.times == Times::Frames {
            // The first packet after a seek only prepares the next one, which tells where it stands.
            self.cursor = None;
            return Ok(Step::Nothing);
        }
        if samples.is_empty() && resumes {
            let frames = packet.block_dur().get().cast_signed();
            self.cursor = self.cursor.map(|cursor| cursor.saturating_add(frames));
            return Ok(Step::Nothing);
        }
        self.trim(&packet, samples, channels, fence)?;
        Ok(if samples.is_empty() {
            // Sound that is passed over on the way to a place is progress, too.
            fence.clock.progress();
            Step::Nothing
        } else {
            Step::Samples { channels, rate }
        })
    }

    /// The packets are over. A stream that is whole brings what its container counts.
    fn end(&mut self) {
        /// Counts that are off by less are common, and nothing is missing that could be heard.
        const SLACK_SECS: f64 = 0.2;
        self.ended = true;
        let slack = (SLACK_SECS * f64::from(self.info.sample_rate)) as i64;
        if let (Some(claimed), Some(cursor), true) = (self.claimed, self.cursor, self.tells_end) {
            let end = claimed.min(MAX_FRAMES).cast_signed();
            self.ends_early |= cursor.saturating_add(slack) < end;
        }
        // The count of samples is exact where packets are numbered.
        if let (Some(claimed), true, true) = (self.claimed, self.numbered, self.gaps == 0) {
            let position = self.position();
            if position > 0 && position < claimed {
                self.ends_early = true;
            } else if self.decoded.is_some_and(|decoded| decoded < claimed) && position == claimed {
                self.gaps = 1;
                self.first_gap_secs = Some(0.0);
            }
        }
    }

    /// Whether a packet lies so far before the sought place that it need not be decoded.
    fn pass_over(&mut self, packet: &Packet) -> bool {
        let told =
            (self.packets_tell_frames && self.cursor.is_some()).then(|| packet.block_dur().get());
        let Some(frames) = self.codec.frames_of(&packet.data).or(told) else {
            return false;
        };
        let start = self.cursor.unwrap_or_default();
        let stop = start.saturating_add(frames.cast_signed());
        let needed = self.from.saturating_sub(self.codec.frames_to_settle());
        let early = stop < needed.cast_signed();
        if early {
            self.cursor = Some(stop);
        }
        early
    }

    /// Frames that are missing in front of a packet become silence, so that what follows keeps its time.
    fn fill_gap(&mut self, packet: &Packet, start: i64, samples: &mut Vec<f32>, channels: usize) {
        /// Longer gaps are reported, too, but not filled.
        const MOST_SECS: i64 = 600;
        let fills_gap = std::mem::take(&mut self.fills_gap);
        if !self.numbered && !fills_gap {
            return;
        }
        let gap = packet
            .pts
            .get()
            .saturating_sub(self.origin)
            .saturating_sub(start);
        if gap <= 0 {
            return;
        }
        let rate = i64::from(self.info.sample_rate.max(1));
        if self.numbered {
            self.gaps += 1;
            self.first_gap_secs
                .get_or_insert(start as f64 / rate as f64);
        }
        if gap <= MOST_SECS * rate {
            let silence = std::iter::repeat_n(0.0, gap as usize * channels);
            samples.splice(..0, silence);
        }
    }

    /// Leaves of a packet's frames what is to be heard.
    fn trim(
        &mut self,
        packet: &Packet,
        samples: &mut Vec<f32>,
        channels: usize,
        fence: &Fence<'_>,
    ) -> Result<(), AudioError> {
        let frames = (samples.len() / channels) as u64;
        let (early, late) = (packet.trim_start.get(), packet.trim_end.get());
        // Some decoders trim what their container asks for, some leave it to the caller.
        let asked = early + late > 0 && !self.packets_tell_frames;
        if asked && frames == packet.block_dur().get() {
            let keep = frames.saturating_sub(late);
            samples.truncate(keep as usize * channels);
            samples.drain(..(early.min(keep) as usize) * channels);
        }
        let start = self.cursor.unwrap_or_else(|| match self.times {
            Times::Frames => packet
                .pts
                .get()
                .saturating_add(early.cast_signed())
                .saturating_sub(self.origin),
            Times::Coarse => 0,
        });
        if let Some(decoded) = &mut self.decoded {
            *decoded += (samples.len() / channels) as u64;
        }
        self.fill_gap(packet, start, samples, channels);
        let frames = (samples.len() / channels) as u64;
        let stop = start.saturating_add(frames.cast_signed());
        self.cursor = Some(stop);
        let Some((first, last)) = self.timeline.span(self.span) else {
            samples.clear();
            self.ended = true;
            return Ok(());
        };
        let last = last.min(MAX_FRAMES).cast_signed();
        if stop > last {
            let keep = last.saturating_sub(start).max(0);
            samples.truncate(keep as usize * channels);
        }
        let first = first.max(self.from).min(MAX_FRAMES).cast_signed();
        let before = first.saturating_sub(start).max(0) as usize;
        samples.drain(..before.saturating_mul(channels).min(samples.len()));
        if stop >= last {
            self.span += 1;
            match self.timeline.span(self.span) {
                Some((next, _)) => self.ended = !self.seek_frame(next, fence)?,
                None => self.ended = true,
            }
        }
        Ok(())
    }
}
