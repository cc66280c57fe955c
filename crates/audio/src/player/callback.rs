//! The sound callback: mixes the original, the views and clips, with fades; neither allocates nor locks.

use std::sync::{Arc, atomic::Ordering};

use super::{
    clip_mixer::{ClipMixer, ClipRequest},
    fade::{FADE_SECS, SWITCH_SECS},
    frame_ring::FrameRing,
    signals::Signals,
    state::{Heard, Side},
};

/// Where the ring runs dry, the last value sinks to a third in this time instead of breaking off.
const SINK_SECS: f32 = 0.002;
/// Quieter than this is silence (-120 dB).
const SILENCE: f32 = 1e-6;

/// How loud the original, view A, view B and the mono track are in what is heard.
type Weights = [f32; 4];

/// The part of the player that runs in the sound callback: takes frames from the ring, mixes, fades, counts. It
/// reaches nothing but atomics, so it can neither allocate nor lock.
pub(super) struct CallbackMixer {
    ring: Arc<FrameRing>,
    signals: Arc<Signals>,
    rate: f64,
    gain: f32,
    gain_step: f32,
    /// Follows the volume that was set, as slowly as the fades, so that moving it never clicks.
    volume: f32,
    weights: Weights,
    weight_step: f32,
    /// What was heard last, and how fast it sinks where nothing follows.
    last: [f32; 2],
    sink: f32,
    /// Frames come; where they stop coming, that is an underrun.
    flows: bool,
    clips: ClipMixer,
}

impl CallbackMixer {
    /// `rate` is that of the output, in Hz; `clip_requests` brings clips that sound over the track.
    pub(super) fn new(
        ring: Arc<FrameRing>,
        signals: Arc<Signals>,
        clip_requests: rtrb::Consumer<ClipRequest>,
        rate: u32,
    ) -> Self {
        let rate = rate.max(1) as f32;
        Self {
            ring,
            volume: signals.volume(),
            weights: weights_of(signals.heard(), signals.view_gain()),
            signals,
            rate: f64::from(rate),
            gain: 0.0,
            gain_step: 1.0 / (FADE_SECS * rate).max(1.0),
            weight_step: 1.0 / (SWITCH_SECS * rate).max(1.0),
            last: [0.0; 2],
            sink: (-1.0 / (SINK_SECS * rate).max(1.0)).exp(),
            flows: false,
            clips: ClipMixer::new(clip_requests, rate),
        }
    }

    /// Hands `frames` frames (left, right) to `put`.
    pub(super) fn render(&mut self, frames: usize, mut put: impl FnMut([f32; 2])) {
        let wanted = self.signals.flush_wanted.load(Ordering::Acquire);
        let flushing = wanted != self.signals.flush_done.load(Ordering::Relaxed);
        self.clips.look();
        let playing = self.signals.playing.load(Ordering::Acquire) && !flushing;
        let (volume, view_gain) = (self.signals.volume(), self.signals.view_gain());
        let heard = weights_of(self.signals.heard(), view_gain);
        // As long as any other switch, however loud it becomes.
        let weight_step = self.weight_step * view_gain.max(1.0);
        self.signals.block.store(frames as u64, Ordering::Relaxed);
        let (written, end) = (self.ring.written(), self.ring.end());
        let first = self.ring.taken();
        let (mut next, mut place) = (first, 0);
        for _ in 0..frames {
            // The track waits at its place while a clip sounds.
            let sounding = playing && !self.clips.sounds();
            self.gain = if sounding {
                (self.gain + self.gain_step).min(1.0)
            } else {
                (self.gain - self.gain_step).max(0.0)
            };
            step(&mut self.volume, volume, self.gain_step);
            let clip = self.clips.next().map(|value| value * self.volume);
            if self.gain <= 0.0 {
                self.flows = false;
                put(add(self.sunk(), clip));
                continue;
            }
            if next >= written.min(end) {
                // The ring ran dry, or the sound is over: what comes next fades in again.
                if std::mem::take(&mut self.flows) && next < end {
                    self.signals.underruns.fetch_add(1, Ordering::Relaxed);
                }
                self.gain = 0.0;
                put(add(self.sunk(), clip));
                continue;
            }
            let frame = self.ring.read(next);
            next += 1;
            place = frame.place + 1;
            self.flows = true;
            let target = if frame.has_views { heard } else { ORIGINAL };
            for (weight, target) in self.weights.iter_mut().zip(target) {
                step(weight, target, weight_step);
            }
            let [original, a, b, mono] = self.weights;
            let [view_a, view_b, whole] = frame.views;
            let views = a * view_a + b * view_b + mono * whole;
            let gain = self.gain * self.volume;
            self.last = frame
                .original
                .map(|value| (original * value + views) * gain);
            put(add(self.last, clip));
        }
        if next > first {
            self.ring.set_taken(next);
            self.signals.position.set(place as f64 / self.rate);
        }
        let heard = self.clips.take_heard();
        if heard > 0 {
            self.signals.clips_heard.fetch_add(heard, Ordering::Release);
        }
        if flushing && self.gain <= 0.0 {
            self.ring.set_taken(written);
            self.signals.flush_done.store(wanted, Ordering::Release);
        }
    }

    /// Whether more than so many frames wait, or all that will ever come.
    #[cfg(test)]
    pub(super) fn may_take(&self, left: u64) -> bool {
        self.ring.end() <= self.ring.written() || self.ring.written() > self.ring.taken() + left
    }

    fn sunk(&mut self) -> [f32; 2] {
        self.last = self.last.map(|value| {
            let value = value * self.sink;
            if value.abs() < SILENCE { 0.0 } else { value }
        });
        self.last
    }
}

/// Nothing but the original.
const ORIGINAL: Weights = [1.0, 0.0, 0.0, 0.0];

/// What is dropped is the mono track less what is kept: with what is kept it sums to the track by construction.
fn weights_of(heard: Heard, view_gain: f32) -> Weights {
    let weights = match heard {
        Heard::Original => return ORIGINAL,
        Heard::Kept(Side::A) => [0.0, 1.0, 0.0, 0.0],
        Heard::Kept(Side::B) => [0.0, 0.0, 1.0, 0.0],
        Heard::Dropped(Side::A) => [0.0, -1.0, 0.0, 1.0],
        Heard::Dropped(Side::B) => [0.0, 0.0, -1.0, 1.0],
    };
    weights.map(|weight: f32| weight * view_gain)
}

fn add([left, right]: [f32; 2], [more_left, more_right]: [f32; 2]) -> [f32; 2] {
    [left + more_left, right + more_right]
}

fn step(value: &mut f32, target: f32, most: f32) {
    *value += (target - *value).clamp(-most, most);
}
