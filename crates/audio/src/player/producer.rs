//! The player's thread: writes frames ahead of the sound callback, and follows seeks, loops and masks.

use std::sync::{Arc, atomic::Ordering};

use crate::AudioError;

use super::{
    frame_ring::{Frame, FrameRing},
    signals::Signals,
    track_reader::TrackReader,
    view_source::{Upsample, ViewSource},
};

/// Frames that are written at once.
const PIECE: usize = 1024;
/// A loop's end goes over into its start in this time.
const SEAM_SECS: f64 = 0.010;
/// What was written goes over into what replaces it in this time.
const BLEND_SECS: f64 = 0.010;
/// Where a stretch is played once, it ends in a fade of this length.
const LAST_FADE_SECS: f64 = super::fade::FADE_SECS as f64;
/// Views that change again and again are rewritten once this much of the last ones is ahead of the callback: a slider
/// that is dragged must not empty the ring.
const LEAD_SECS: f64 = 0.8;
/// What is rewritten begins at least this far from the callback ...
const DISTANCE_SECS: f64 = 0.020;
/// ... and at most this far, however much the callback takes at once.
const MOST_DISTANCE_SECS: f64 = 0.250;

/// Where the playhead goes.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Route {
    /// A stretch that is played over and over, in seconds.
    pub looped: Option<[f64; 2]>,
    /// Where sound stops, in seconds; while there is one, nothing loops.
    pub until: Option<f64>,
}

/// Writes the sound that comes next into the ring.
pub(super) struct Producer {
    ring: Arc<FrameRing>,
    signals: Arc<Signals>,
    upsample: Upsample,
    rate: f64,
    route: Route,
    /// The number of the next frame to write, and its place in the track.
    next: u64,
    place: u64,
    /// So many frames go over from what was written before.
    blend: u64,
    /// Everything up to the end was written.
    over: bool,
    original: Vec<[f32; 2]>,
    views: Vec<[f32; 3]>,
    frames: Vec<Frame>,
    seam: Vec<Frame>,
}

/// A loop in frames.
#[derive(Debug, Clone, Copy)]
struct Loop {
    start: u64,
    end: u64,
    /// Frames before the end that go over into those before the start.
    seam: u64,
}

impl Producer {
    pub(super) fn new(
        ring: Arc<FrameRing>,
        signals: Arc<Signals>,
        rate: u32,
        route: Route,
    ) -> Self {
        Self {
            next: ring.written(),
            ring,
            signals,
            upsample: Upsample::new(rate),
            rate: f64::from(rate.max(1)),
            route,
            place: 0,
            blend: 0,
            over: false,
            original: Vec::with_capacity(PIECE),
            views: Vec::with_capacity(PIECE),
            frames: Vec::with_capacity(PIECE),
            seam: Vec::with_capacity(PIECE),
        }
    }

    /// Goes on from `secs`. The ring is empty and nothing takes from it.
    pub(super) fn start_at(&mut self, secs: f64, route: Route) {
        self.next = self.ring.written();
        self.place = self.frame_at(secs);
        self.route = route;
        self.blend = 0;
        self.over = false;
        self.ring.set_end(None);
    }

    /// Rewrites, from shortly behind the callback on, because something about what comes next has changed.
    pub(super) fn revise(&mut self, route: Route) {
        self.route = route;
        self.upsample.forget();
        self.over = false;
        let from = self.ring.taken() + self.distance();
        if from < self.ring.written() {
            self.go_back_to(from);
        }
        self.ring.set_end(None);
    }

    /// Whether what was changed last is still being written, and sound could break off if it were begun again.
    pub(super) fn is_behind(&self) -> bool {
        let lead = self.ring.taken() + (LEAD_SECS * self.rate) as u64;
        !self.over && self.next < lead
    }

    /// How far the callback is kept from what is rewritten.
    fn distance(&self) -> u64 {
        let least = (DISTANCE_SECS * self.rate) as u64;
        let most = (MOST_DISTANCE_SECS * self.rate) as u64;
        (least + 2 * self.signals.block.load(Ordering::Relaxed)).min(most)
    }

    fn go_back_to(&mut self, number: u64) {
        self.place = self.ring.read(number).place;
        self.next = number;
        self.blend = (BLEND_SECS * self.rate) as u64;
    }

    /// Whether nothing can be written now.
    pub(super) fn is_full(&self) -> bool {
        self.over || self.room() == 0
    }

    fn room(&self) -> u64 {
        // A frame that is being taken is never overwritten.
        let free = self.ring.taken() + self.ring.len() - self.distance().min(self.ring.len() / 4);
        free.saturating_sub(self.next)
    }

    /// Writes up to `most` frames.
    pub(super) fn fill(
        &mut self,
        reader: &mut TrackReader,
        views: &mut Option<Box<dyn ViewSource>>,
        most: u64,
    ) -> Result<(), AudioError> {
        let stop = self.next + most;
        while self.next < stop && !self.is_full() {
            let safe = self.ring.taken() + self.distance() / 2;
            if self.next < safe && self.next < self.ring.written() {
                // The callback overtook what was to be rewritten; it has what was written before.
                let ahead = safe
                    .min(self.ring.written().saturating_sub(1))
                    .max(self.next);
                self.go_back_to(ahead);
            }
            if let Err(error) = self.piece(reader, views.as_deref_mut()) {
                // What was written before the fault still plays.
                self.finish();
                return Err(error);
            }
        }
        Ok(())
    }

    fn piece(
        &mut self,
        reader: &mut TrackReader,
        mut views: Option<&mut (dyn ViewSource + 'static)>,
    ) -> Result<(), AudioError> {
        let until = self.route.until.map(|secs| self.frame_at(secs));
        let looped = self
            .looped(reader)
            .filter(|it| until.is_none() && self.place < it.end);
        let stop = match (until, looped) {
            (Some(until), _) => until,
            // The seam is one piece: its partner is read once.
            (None, Some(it)) if self.place < it.end - it.seam => it.end - it.seam,
            (None, Some(it)) => it.end,
            (None, None) => u64::MAX,
        };
        let wanted = (PIECE as u64)
            .min(self.room())
            .min(stop.saturating_sub(self.place));
        let mut frames = std::mem::take(&mut self.frames);
        let read = self.read(reader, &mut views, self.place, wanted as usize, &mut frames);
        self.frames = frames;
        let read = read? as u64;
        if let Some(it) = looped
            && self.place >= it.end - it.seam
        {
            self.sew(reader, &mut views, it)?;
        }
        if let Some(until) = until {
            self.fade_before(until);
        }
        self.write();
        if let Some(it) = looped
            && (self.place >= it.end || read < wanted)
        {
            self.place = it.start;
        } else if read < wanted || until.is_some_and(|until| self.place >= until) {
            self.finish();
        }
        Ok(())
    }

    /// Says that the sound ends with what was written.
    fn finish(&mut self) {
        self.over = true;
        self.ring.set_end(Some(self.next));
    }

    /// The loop as frames, as far as the track reaches.
    fn looped(&self, reader: &TrackReader) -> Option<Loop> {
        let [start, end] = self.route.looped?.map(|secs| self.frame_at(secs));
        let end = reader.end().map_or(end, |track| track.min(end));
        (start < end).then(|| Loop {
            start,
            end,
            seam: ((SEAM_SECS * self.rate) as u64)
                .min((end - start) / 2)
                .min(PIECE as u64),
        })
    }

    fn frame_at(&self, secs: f64) -> u64 {
        (secs.max(0.0) * self.rate).round() as u64
    }

    /// Reads up to `wanted` frames of the track; returns how many there were.
    fn read(
        &mut self,
        reader: &mut TrackReader,
        views: &mut Option<&mut (dyn ViewSource + 'static)>,
        place: u64,
        wanted: usize,
        frames: &mut Vec<Frame>,
    ) -> Result<usize, AudioError> {
        frames.clear();
        self.original.clear();
        self.original.resize(wanted, [0.0; 2]);
        let read = reader.read(place, &mut self.original)?;
        self.views.clear();
        self.views.resize(read, [0.0; 3]);
        if let Some(source) = views {
            self.upsample.read(&mut **source, place, &mut self.views);
        }
        let has_views = views.is_some();
        let values = self.original.iter().zip(&self.views);
        frames.extend(
            (place..)
                .zip(values)
                .map(|(place, (original, views))| Frame {
                    original: *original,
                    views: *views,
                    has_views,
                    place,
                }),
        );
        Ok(read)
    }

    /// Lets the end of the loop go over into what lies before its start; before the track there is silence.
    fn sew(
        &mut self,
        reader: &mut TrackReader,
        views: &mut Option<&mut (dyn ViewSource + 'static)>,
        it: Loop,
    ) -> Result<(), AudioError> {
        let length = it.end - it.start;
        let missing = length
            .saturating_sub(self.place)
            .min(self.frames.len() as u64);
        let mut seam = std::mem::take(&mut self.seam);
        let from = (self.place + missing).saturating_sub(length);
        let wanted = self.frames.len() - missing as usize;
        let read = self.read(reader, views, from, wanted, &mut seam);
        for (index, frame) in self.frames.iter_mut().enumerate() {
            let share = (frame.place + 1 + it.seam - it.end) as f32 / (it.seam + 1) as f32;
            let silence = Frame {
                has_views: frame.has_views,
                ..Frame::default()
            };
            let before = index
                .checked_sub(missing as usize)
                .and_then(|at| seam.get(at));
            let before = Frame {
                place: frame.place,
                ..*before.unwrap_or(&silence)
            };
            *frame = frame.towards(before, share);
        }
        self.seam = seam;
        read.map(|_| ())
    }

    /// Lets what was read die away towards the place where sound stops.
    fn fade_before(&mut self, until: u64) {
        let length = (LAST_FADE_SECS * self.rate) as f32;
        for frame in &mut self.frames {
            let share = 1.0 - (until.saturating_sub(frame.place) as f32 / length).min(1.0);
            let silence = Frame {
                has_views: frame.has_views,
                place: frame.place,
                ..Frame::default()
            };
            *frame = frame.towards(silence, share);
        }
    }

    /// Puts what was read into the ring.
    fn write(&mut self) {
        let total = (BLEND_SECS * self.rate) as u64;
        let safe = self.ring.taken() + self.signals.block.load(Ordering::Relaxed);
        let written = self.ring.written();
        for frame in &self.frames {
            let mut frame = *frame;
            if self.next < safe.min(written) {
                // The callback was faster than the sound was made; what follows goes over again.
                self.blend = total;
                self.next += 1;
                self.place = frame.place + 1;
                continue;
            }
            if self.blend > 0 {
                let old = self.ring.read(self.next);
                self.blend -= 1;
                // What was written elsewhere in the track, or behind everything that was written, is nothing to come from.
                if self.next < written {
                    let share = 1.0 - self.blend as f32 / total.max(1) as f32;
                    let old = if old.has_views == frame.has_views {
                        old
                    } else {
                        Frame {
                            views: frame.views,
                            ..old
                        }
                    };
                    frame = old.towards(frame, share);
                }
            }
            self.ring.write(self.next, &frame);
            self.next += 1;
            self.place = frame.place + 1;
        }
        self.ring.publish(self.next);
    }
}
