//! A ring of frames between the player's thread, which writes ahead, and the sound callback, which reads.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// Sounds of a frame: the original's left and right, views A and B, and the mono track that the views are made of.
const CHANNELS: usize = 5;

/// What lies under the playhead at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Frame {
    /// The original: left, right.
    pub original: [f32; 2],
    /// Views A and B and the whole track, mono.
    pub views: [f32; 3],
    /// Whether `views` holds sound.
    pub has_views: bool,
    /// Which frame of the track it is, at the output's rate.
    pub place: u64,
}

impl Frame {
    /// A frame on the way from this one (at 0) to another (at 1). It lies where the other does.
    pub(super) fn towards(self, other: Self, share: f32) -> Self {
        let mix = |from: f32, to: f32| from + (to - from) * share;
        let [left, right] = self.original;
        let [a, b, mono] = self.views;
        let [other_left, other_right] = other.original;
        let [other_a, other_b, other_mono] = other.views;
        Self {
            original: [mix(left, other_left), mix(right, other_right)],
            views: [mix(a, other_a), mix(b, other_b), mix(mono, other_mono)],
            ..other
        }
    }
}

/// The sound that waits for the device: a ring of frames that the player's thread writes and the sound callback takes,
/// without a lock. Other than in a queue, frames that were written and not yet taken can be rewritten: a mask that
/// changes is heard at once although the ring is long enough for a busy machine.
///
/// Frames have numbers that only grow. A frame that is rewritten while it is taken may come out half old, half new:
/// the writer keeps a distance to the callback.
pub(super) struct FrameRing {
    slots: Box<[Slot]>,
    written: AtomicU64,
    taken: AtomicU64,
    end: AtomicU64,
}

#[derive(Default)]
struct Slot {
    /// The bits of `f32`.
    values: [AtomicU32; CHANNELS],
    /// Twice the place in the track, plus one where there are views.
    mark: AtomicU64,
}

/// No end is in sight.
const ENDLESS: u64 = u64::MAX;

impl FrameRing {
    /// A ring of so many frames.
    pub(super) fn new(frames: usize) -> Self {
        Self {
            slots: std::iter::repeat_with(Slot::default)
                .take(frames.max(1))
                .collect(),
            written: AtomicU64::new(0),
            taken: AtomicU64::new(0),
            end: AtomicU64::new(ENDLESS),
        }
    }

    /// Frames that it holds.
    pub(super) fn len(&self) -> u64 {
        self.slots.len() as u64
    }

    /// The number of the first frame that was not written yet.
    pub(super) fn written(&self) -> u64 {
        self.written.load(Ordering::Acquire)
    }

    /// The number of the next frame to take.
    pub(super) fn taken(&self) -> u64 {
        self.taken.load(Ordering::Acquire)
    }

    /// The number of the frame before which the sound ends; far away while that is not known.
    pub(super) fn end(&self) -> u64 {
        self.end.load(Ordering::Acquire)
    }

    /// Whether the sound ended.
    pub(super) fn is_over(&self) -> bool {
        self.taken() >= self.end()
    }

    /// Writes a frame; it is handed on by [`FrameRing::publish`].
    pub(super) fn write(&self, number: u64, frame: &Frame) {
        let Some(slot) = self.slot(number) else {
            return;
        };
        let values = frame.original.iter().chain(&frame.views);
        for (cell, value) in slot.values.iter().zip(values) {
            cell.store(value.to_bits(), Ordering::Relaxed);
        }
        let mark = frame.place << 1 | u64::from(frame.has_views);
        slot.mark.store(mark, Ordering::Relaxed);
    }

    /// Hands on every frame before `number`.
    pub(super) fn publish(&self, number: u64) {
        self.written.fetch_max(number, Ordering::AcqRel);
    }

    /// Says where the sound ends, or that it goes on.
    pub(super) fn set_end(&self, number: Option<u64>) {
        self.end.store(number.unwrap_or(ENDLESS), Ordering::Release);
    }

    /// Says how far the callback is.
    pub(super) fn set_taken(&self, number: u64) {
        self.taken.store(number, Ordering::Release);
    }

    /// A frame that was written.
    pub(super) fn read(&self, number: u64) -> Frame {
        let Some(slot) = self.slot(number) else {
            return Frame::default();
        };
        let [left, right, a, b, mono] = &slot.values;
        let value = |cell: &AtomicU32| f32::from_bits(cell.load(Ordering::Relaxed));
        let mark = slot.mark.load(Ordering::Relaxed);
        Frame {
            original: [value(left), value(right)],
            views: [value(a), value(b), value(mono)],
            has_views: mark & 1 == 1,
            place: mark >> 1,
        }
    }

    fn slot(&self, number: u64) -> Option<&Slot> {
        self.slots.get((number % self.len()) as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_back_as_they_were_written_and_can_be_rewritten() {
        let ring = FrameRing::new(8);
        let frame = |place| Frame {
            original: [place as f32, -1.0],
            views: [0.25, 0.5, 0.75],
            has_views: place % 2 == 1,
            place,
        };
        for number in 0..20 {
            ring.write(number, &frame(number));
            ring.publish(number + 1);
            ring.set_taken(number.saturating_sub(4));
        }
        assert_eq!((ring.written(), ring.taken()), (20, 15));
        for number in 12..20 {
            assert_eq!(ring.read(number), frame(number));
        }
        ring.write(17, &frame(99));
        ring.publish(18);
        assert_eq!(ring.written(), 20, "what was written stays written");
        assert_eq!(ring.read(17), frame(99));
        assert!(!ring.is_over());
        ring.set_end(Some(15));
        assert!(ring.is_over());
    }
}
