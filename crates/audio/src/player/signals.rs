//! What the player's thread and the sound callback know of each other: atomics only.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};

use super::state::{Heard, Side};

/// What the player's thread and the sound callback know of each other: atomics only.
#[derive(Debug)]
pub(super) struct Signals {
    /// Whether sound should move; the callback fades in or out towards it.
    pub playing: AtomicBool,
    /// Sound stands still for a moment only, while its device is opened anew.
    pub resumes: AtomicBool,
    /// Counts the player's requests to fade out and drop what waits on the ring ...
    pub flush_wanted: AtomicU32,
    /// ... and those that the callback has done.
    pub flush_done: AtomicU32,
    /// Where the playhead is, in seconds.
    pub position: AtomicF64,
    /// Frames that the callback asked for last.
    pub block: AtomicU64,
    /// How often sound was due and not there.
    pub underruns: AtomicU64,
    /// Clips whose sound has come out, counted at their first frame that is not silent.
    pub clips_heard: AtomicU64,
    /// What samples are multiplied by: the bits of an `f32` from 0 to 1.
    volume: AtomicU32,
    heard: AtomicU8,
    /// What the views are multiplied by: the bits of an `f32`.
    view_gain: AtomicU32,
}

/// An `f64` that threads share.
#[derive(Debug)]
pub(super) struct AtomicF64(AtomicU64);

impl AtomicF64 {
    pub(super) fn new(value: f64) -> Self {
        Self(AtomicU64::new(value.to_bits()))
    }

    pub(super) fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Acquire))
    }

    pub(super) fn set(&self, value: f64) {
        self.0.store(value.to_bits(), Ordering::Release);
    }
}

impl Signals {
    pub(super) fn new() -> Self {
        Self {
            playing: AtomicBool::new(false),
            resumes: AtomicBool::new(false),
            flush_wanted: AtomicU32::new(0),
            flush_done: AtomicU32::new(0),
            position: AtomicF64::new(0.0),
            block: AtomicU64::new(0),
            underruns: AtomicU64::new(0),
            clips_heard: AtomicU64::new(0),
            volume: AtomicU32::new(1.0_f32.to_bits()),
            heard: AtomicU8::new(0),
            view_gain: AtomicU32::new(1.0_f32.to_bits()),
        }
    }

    /// What samples are multiplied by, from 0 to 1.
    pub(super) fn volume(&self) -> f32 {
        f32::from_bits(self.volume.load(Ordering::Relaxed))
    }

    pub(super) fn set_volume(&self, volume: f32) {
        self.volume.store(volume.to_bits(), Ordering::Relaxed);
    }

    /// What the views are multiplied by.
    pub(super) fn view_gain(&self) -> f32 {
        f32::from_bits(self.view_gain.load(Ordering::Relaxed))
    }

    pub(super) fn set_view_gain(&self, gain: f32) {
        self.view_gain.store(gain.to_bits(), Ordering::Relaxed);
    }

    pub(super) fn heard(&self) -> Heard {
        let number = usize::from(self.heard.load(Ordering::Relaxed));
        Heard::ALL.get(number).copied().unwrap_or(Heard::Original)
    }

    pub(super) fn set_heard(&self, heard: Heard) {
        let number = Heard::ALL.iter().position(|other| *other == heard);
        let number = number.and_then(|number| u8::try_from(number).ok());
        self.heard.store(number.unwrap_or(0), Ordering::Relaxed);
    }
}

impl Heard {
    const ALL: [Self; 5] = [
        Self::Original,
        Self::Kept(Side::A),
        Self::Kept(Side::B),
        Self::Dropped(Side::A),
        Self::Dropped(Side::B),
    ];
}
