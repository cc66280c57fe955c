//! When each frame sounds. A part of a stream has one rate; parts follow each other at their own speeds.

use std::{io, ops::Range};

use super::{
    super::window::Window,
    info_frame::InfoFrame,
    walker::{Found, Frame, Walker},
};
use crate::Incomplete;

/// What of the bytes may be missing where the number of frames is not told: such headers are often a little off.
const SLACK: f64 = 0.01;
/// Bytes by which the told number and that of the file may differ in what is the same stream.
const MAX_UNKNOWN_BYTES: u64 = 64;

/// Samples of the first part that encoder and decoder added: what stands in front of the sound, and behind it.
///
/// Only the numbers of the first information frame count, and of a joined file only the first part's: what FFmpeg, libsndfile and
/// most players do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Gaps {
    front: u64,
    back: Range<u64>,
}

impl Gaps {
    /// Of the information frame in front of a stream, whose frames have `frame_samples` samples.
    pub(super) fn new(info: &InfoFrame, frame_samples: u64, is_joined: bool) -> Self {
        let Some((front, back)) = info.gaps else {
            return Self::default();
        };
        // The end is known by the number of frames alone.
        let end = if is_joined {
            0
        } else {
            info.frames * frame_samples
        };
        Self {
            front,
            back: end.saturating_sub(back)..end,
        }
    }

    /// What is sound of the samples `start..end` of the first part.
    fn sound(&self, start: u64, end: u64) -> Range<u64> {
        let from = start.max(self.front.min(end));
        let to = if self.back.contains(&end.saturating_sub(1)) {
            self.back.start.clamp(from, end)
        } else {
            end
        };
        from..to
    }

    /// Samples that are sound of a part of so many.
    pub(super) fn remaining(&self, samples: u64) -> u64 {
        let gone = self.back.end.min(samples) - self.back.start.min(samples);
        samples.saturating_sub(self.front).saturating_sub(gone)
    }
}

/// A place in the stream and in time.
#[derive(Debug, Clone)]
pub(super) struct Cursor {
    walker: Walker,
    /// Frames of sound so far, and those that were unreadable.
    pub frames: u64,
    lost: u64,
    /// Where the part begins, in seconds, and its rate in Hz.
    part_secs: f64,
    rate: u32,
    /// Samples of the part so far that are sound.
    pub played: u64,
    /// All samples so far, in the first part only.
    first_part: Option<u64>,
    promise: Option<Promise>,
    /// Where the last information frame ends, until the first frame of sound behind it is found.
    info_end: Option<u64>,
    /// Bytes between an information frame and its first frame of sound: what stood there is lost.
    behind_info: u64,
}

/// What the last information frame told.
#[derive(Debug, Clone, Copy)]
struct Promise {
    bytes_end: u64,
    /// Frames of the whole stream then.
    frames: Option<u64>,
}

/// What a step along the timeline found.
pub(super) enum Event {
    /// A frame, and which of its samples are sound.
    Sound(Frame, Range<usize>),
    Lost(u32),
    Cut,
    End,
}

impl Cursor {
    pub(super) fn new(place: u64) -> Self {
        Self {
            walker: Walker::new(place),
            frames: 0,
            lost: 0,
            part_secs: 0.0,
            rate: 0,
            played: 0,
            first_part: Some(0),
            promise: None,
            info_end: None,
            behind_info: 0,
        }
    }

    /// Seconds of sound so far.
    pub(super) fn secs(&self) -> f64 {
        self.part_secs + self.played as f64 / f64::from(self.rate.max(1))
    }

    /// Which sample of the present part sounds at a time.
    pub(super) fn sample_at(&self, secs: f64) -> u64 {
        ((secs - self.part_secs) * f64::from(self.rate)).round() as u64
    }

    /// Whether the stream, read to its end, ends before it should: within a frame (`is_cut`), or before the last
    /// information frame tells. Behind the told end anything may stand.
    pub(super) fn ends_early(&self, part: Range<u64>, is_cut: bool) -> Option<Incomplete> {
        let Some(promise) = self.promise else {
            return is_cut.then_some(Incomplete::EndsEarly { share: None });
        };
        let there = part.end - part.start;
        let share = there as f64 / promise.bytes_end.saturating_sub(part.start).max(1) as f64;
        let found = self.frames + self.lost;
        if promise.bytes_end <= part.end {
            // All bytes are there; do they hold so many frames? (Some counts are nonsense.)
            const LEAST_BYTES: u64 = 24;
            let is_end = self.walker.last_end() + LEAST_BYTES < part.end;
            // Where nothing is missing between the frames, the count is wrong and not the sound.
            if let Some(frames) = promise.frames
                && found + 1 < frames
                && there / frames >= LEAST_BYTES
                && (is_end || self.behind_info > LEAST_BYTES)
            {
                return Some(if is_end {
                    Incomplete::EndsEarly { share: None }
                } else {
                    Incomplete::Damaged {
                        packets: frames - found,
                        first_secs: 0.0,
                    }
                });
            }
            let is_joined = promise.frames.is_some_and(|frames| found > frames);
            return (is_cut && is_joined).then_some(Incomplete::EndsEarly { share: None });
        }
        // Some encoders count the information frame, too.
        let is_early = match promise.frames {
            Some(frames) => found + 1 < frames || is_cut,
            None => share < 1.0 - SLACK,
        };
        is_early.then_some(Incomplete::EndsEarly { share: Some(share) })
    }

    /// Whether the information frame told a number of frames, and all of them came.
    pub(super) fn has_all(&self) -> bool {
        let told = self.promise.and_then(|promise| promise.frames);
        told.is_some_and(|frames| self.frames + self.lost >= frames)
    }

    /// Whether just so many bytes are more than the information frame tells, up to a tag that is not known.
    fn is_surplus(&self, bytes: u64, end: u64) -> bool {
        let more = self
            .promise
            .map_or(0, |promise| end.saturating_sub(promise.bytes_end));
        more > 0 && more.abs_diff(bytes) <= MAX_UNKNOWN_BYTES
    }

    pub(super) fn next(&mut self, window: &mut Window, gaps: &Gaps) -> io::Result<Event> {
        loop {
            let frame = match self.walker.next(window)? {
                Found::Sound(frame) => frame,
                Found::Info(frame, info) => {
                    self.info_end = Some(frame.place + frame.bytes as u64);
                    self.promise = (info.bytes > 0).then(|| Promise {
                        bytes_end: frame.place + info.bytes,
                        frames: (info.frames > 0).then_some(self.frames + info.frames),
                    });
                    continue;
                }
                Found::Lost {
                    frames,
                    bytes,
                    is_noise,
                } => {
                    // Bytes by which the stream is longer than was told were put in, and are no lost sound.
                    let is_surplus = self.is_surplus(bytes, window.part().end);
                    let frames = if is_surplus { 0 } else { frames };
                    if is_surplus && !is_noise {
                        continue;
                    }
                    self.lost += u64::from(frames);
                    return Ok(Event::Lost(frames.max(1)));
                }
                Found::Cut => return Ok(Event::Cut),
                Found::End => return Ok(Event::End),
            };
            if let Some(end) = self.info_end.take() {
                self.behind_info += frame.place.saturating_sub(end);
            }
            if frame.header.rate != self.rate {
                self.part_secs = self.secs();
                if self.rate != 0 {
                    self.first_part = None;
                }
                self.rate = frame.header.rate;
                self.played = 0;
            }
            let samples = frame.header.samples();
            let mut sound = 0..samples;
            if let Some(start) = self.first_part {
                let end = start + samples as u64;
                let heard = gaps.sound(start, end);
                sound = (heard.start - start) as usize..(heard.end - start) as usize;
                self.first_part = Some(end);
            }
            self.frames += 1;
            self.played += sound.len() as u64;
            return Ok(Event::Sound(frame, sound));
        }
    }
}
