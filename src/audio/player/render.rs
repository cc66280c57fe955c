use std::sync::{Arc, atomic::Ordering};

use rtrb::Consumer;

use super::shared::Shared;

/// Length of the fades at play, pause and seek.
pub(super) const FADE_SECS: f32 = 0.015;

/// The part of the player that runs in the sound callback: takes stereo frames from the ring, fades, counts. It
/// neither allocates nor locks.
pub(super) struct Renderer {
    ring: Consumer<f32>,
    shared: Arc<Shared>,
    gain: f32,
    gain_step: f32,
    /// Follows the volume that was set, as slowly as the fades, so that moving it never clicks.
    volume: f32,
}

impl Renderer {
    /// `rate` is that of the output, in Hz; the ring holds interleaved stereo.
    pub(super) fn new(ring: Consumer<f32>, shared: Arc<Shared>, rate: u32) -> Self {
        Self {
            ring,
            volume: shared.volume(),
            shared,
            gain: 0.0,
            gain_step: 1.0 / (FADE_SECS * rate as f32).max(1.0),
        }
    }

    /// Hands `frames` frames (left, right) to `put`.
    pub(super) fn render(&mut self, frames: usize, mut put: impl FnMut([f32; 2])) {
        let wanted = self.shared.flush_wanted.load(Ordering::Acquire);
        let flushing = wanted != self.shared.flush_done.load(Ordering::Relaxed);
        let sounding = self.shared.playing.load(Ordering::Acquire) && !flushing;
        let volume = self.shared.volume();
        let mut taken = 0;
        for _ in 0..frames {
            self.gain = if sounding {
                (self.gain + self.gain_step).min(1.0)
            } else {
                (self.gain - self.gain_step).max(0.0)
            };
            self.volume += (volume - self.volume).clamp(-self.gain_step, self.gain_step);
            if self.gain <= 0.0 {
                put([0.0; 2]);
                continue;
            }
            match (self.ring.pop(), self.ring.pop()) {
                (Ok(left), Ok(right)) => {
                    taken += 1;
                    let gain = self.gain * self.volume;
                    put([left * gain, right * gain]);
                }
                _ => {
                    // The ring ran dry: what comes next fades in again.
                    self.gain = 0.0;
                    put([0.0; 2]);
                }
            }
        }
        self.shared.frames_played.fetch_add(taken, Ordering::AcqRel);
        if flushing && self.gain <= 0.0 {
            let waiting = self.ring.slots();
            if let Ok(chunk) = self.ring.read_chunk(waiting) {
                chunk.commit_all();
            }
            self.shared.flush_done.store(wanted, Ordering::Release);
        }
    }
}
