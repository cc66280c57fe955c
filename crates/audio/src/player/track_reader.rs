//! Frames of a track at any place: decoded on, sought, or taken from what was decoded before.

use std::collections::VecDeque;

use crate::AudioError;
use mynascope_base::jobs::Cancel;

use super::sound::{Sound, Source};

/// Decoded sound that is kept behind the place read last: loops of up to this length are decoded once.
const KEPT_SECS: usize = 12;
/// A place this far ahead is reached by decoding on; farther ones by a seek.
const NEAR_SECS: u64 = 1;

/// The original under the playhead: stereo at the rate of the output, from any place of the track.
pub(super) struct TrackReader {
    sound: Sound,
    rate: u32,
    /// Decoded frames, from the frame `first` of the track on.
    kept: VecDeque<[f32; 2]>,
    first: u64,
    end: Option<u64>,
}

impl TrackReader {
    /// Opens a source for an output of `rate` Hz.
    pub(super) fn open(source: &Source, rate: u32, cancel: &Cancel) -> Result<Self, AudioError> {
        Ok(Self {
            sound: Sound::open(source, rate, cancel)?,
            rate,
            kept: VecDeque::new(),
            first: 0,
            end: None,
        })
    }

    /// Frames a second, in Hz.
    pub(super) fn rate(&self) -> u32 {
        self.rate
    }

    /// The number of frames, once the end was decoded.
    pub(super) fn end(&self) -> Option<u64> {
        self.end
    }

    /// Length in seconds as far as it is known, else 0. What was decoded counts more than what a header claims.
    pub(super) fn duration_secs(&self) -> f64 {
        match self.end {
            Some(end) => end as f64 / f64::from(self.rate.max(1)),
            None => self.sound.duration_secs(),
        }
    }

    /// Fills `out` with the frames from `place` on; returns how many there were. There are fewer at the track's end.
    pub(super) fn read(&mut self, place: u64, out: &mut [[f32; 2]]) -> Result<usize, AudioError> {
        let ahead = self.first + self.kept.len() as u64;
        let near = ahead + NEAR_SECS * u64::from(self.rate);
        let seek = place < self.first || (place > near && !self.sound.is_over());
        // A fresh reader stands nowhere yet.
        if seek || (self.kept.is_empty() && !self.sound.is_over()) {
            let secs = place as f64 / f64::from(self.rate.max(1));
            self.sound.seek(secs, self.rate)?;
            self.kept.clear();
            self.first = place;
        }
        let wanted = place + out.len() as u64;
        while self.first + (self.kept.len() as u64) < wanted {
            let Some(ready) = self.sound.next_values()? else {
                self.end = Some(self.first + self.kept.len() as u64);
                break;
            };
            while ready.len() >= 2 {
                if let (Some(left), Some(right)) = (ready.pop_front(), ready.pop_front()) {
                    self.kept.push_back([left, right]);
                }
            }
        }
        let start = (place - self.first) as usize;
        let mut read = 0;
        for (value, frame) in out.iter_mut().zip(self.kept.iter().skip(start)) {
            *value = *frame;
            read += 1;
        }
        let most = KEPT_SECS * self.rate as usize;
        let old = self.kept.len().saturating_sub(most).min(start);
        self.kept.drain(..old);
        self.first += old as u64;
        Ok(read)
    }
}
