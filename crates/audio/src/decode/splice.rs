//! Sound that goes on behind a hole: what is missing is silent, so that what follows keeps its time.

use super::Step;

/// Frames of silence that are handed out at once.
const SILENCE_FRAMES: u64 = 1 << 14;
/// The longest gap that is filled, in seconds.
const MAX_GAP_SECS: u32 = 600;

/// Where the part of a stream that is read lies in the whole. Frames are those that the codec makes, from the beginning.
#[derive(Default)]
pub(super) struct Splice {
    /// The part's first frame.
    base: u64,
    /// The first frame that is handed out.
    wanted: u64,
    /// Whether the part's first samples are still to come.
    resumes: bool,
    waiting: Option<Waiting>,
}

/// Silence, and the samples behind it.
struct Waiting {
    silence: u64,
    samples: Vec<f32>,
    channels: usize,
    rate: u32,
}

impl Splice {
    /// At the beginning of the first part, of which a place is sought.
    pub(super) fn wanting(frame: u64) -> Self {
        Self {
            wanted: frame,
            ..Self::default()
        }
    }

    pub(super) fn base(&self) -> u64 {
        self.base
    }

    /// The next part follows, `base` frames from the beginning or later.
    pub(super) fn go_on(&mut self, base: u64) {
        self.base = base;
        self.resumes = true;
    }

    pub(super) fn resumes(&self) -> bool {
        self.resumes
    }

    /// Takes the first samples of a part that begins at the frame `start`; [`Self::waiting`] then gives the silence in front of
    /// them, and them.
    pub(super) fn fill(
        &mut self,
        start: f64,
        samples: &mut Vec<f32>,
        (channels, rate): (usize, u32),
    ) {
        self.resumes = false;
        let longest = f64::from(MAX_GAP_SECS) * f64::from(rate);
        let gap = (start - self.base as f64).clamp(0.0, longest) as u64;
        let early = self.wanted.saturating_sub(self.base);
        self.base += gap;
        let late = (early.saturating_sub(gap) as usize).saturating_mul(channels);
        samples.drain(..late.min(samples.len()));
        self.waiting = Some(Waiting {
            silence: gap.saturating_sub(early),
            samples: std::mem::take(samples),
            channels,
            rate,
        });
    }

    /// The next of what waits.
    pub(super) fn waiting(&mut self, samples: &mut Vec<f32>) -> Option<Step> {
        let waiting = self.waiting.as_mut()?;
        let (channels, rate) = (waiting.channels, waiting.rate);
        samples.clear();
        if waiting.silence > 0 {
            let frames = waiting.silence.min(SILENCE_FRAMES);
            waiting.silence -= frames;
            samples.resize(frames as usize * channels, 0.0);
        } else {
            std::mem::swap(samples, &mut waiting.samples);
            self.waiting = None;
        }
        Some(Step::Samples { channels, rate })
    }

    /// Leaves out what lies in front of the place that is sought, of samples that end `position` frames behind the part's
    /// beginning. (In the first part the reader does.)
    pub(super) fn leave_early(&self, samples: &mut Vec<f32>, channels: usize, position: u64) {
        if self.base == 0 {
            return;
        }
        let frames = (samples.len() / channels.max(1)) as u64;
        let start = (self.base + position).saturating_sub(frames);
        let early = self.wanted.saturating_sub(start) as usize;
        samples.drain(..early.saturating_mul(channels).min(samples.len()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All that comes out of a part of ten frames behind a hole, where the frame `wanted` is sought.
    fn out(wanted: u64) -> Vec<f32> {
        let mut splice = Splice::wanting(wanted);
        splice.go_on(100);
        let mut samples = vec![1.0; 10];
        splice.fill(105.4, &mut samples, (1, 48_000));
        let mut all = Vec::new();
        while splice.waiting(&mut samples).is_some() {
            all.append(&mut samples);
        }
        assert_eq!(splice.base(), 105);
        all
    }

    #[test]
    fn what_is_missing_is_silent_and_a_place_is_found_behind_it() {
        let expected = [vec![0.0; 5], vec![1.0; 10]].concat();
        for (wanted, left) in [(0, 0), (100, 0), (103, 3), (105, 5), (112, 12), (200, 15)] {
            assert_eq!(out(wanted), expected[left..], "{wanted}");
        }
    }

    #[test]
    fn a_part_that_begins_too_early_follows_at_once() {
        let mut splice = Splice::default();
        splice.go_on(100);
        splice.fill(90.0, &mut vec![1.0; 4], (2, 48_000));
        let mut samples = Vec::new();
        assert!(splice.waiting(&mut samples).is_some());
        assert_eq!((samples.len(), splice.base()), (4, 100));
    }
}
