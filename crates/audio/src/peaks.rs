//! The outline of a waveform: lowest and highest sample of short steps.

/// Samples of one step of a waveform.
pub const PEAK_SAMPLES: usize = 512;
/// Steps that are summarised once more, so that a long track is drawn as quickly as a short one.
const COARSE_STEPS: usize = 32;

/// The lowest and the highest sample of a stretch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Extent {
    low: i16,
    high: i16,
}

impl Extent {
    const NOTHING: Self = Self {
        low: i16::MAX,
        high: i16::MIN,
    };

    fn with(self, other: Self) -> Self {
        Self {
            low: self.low.min(other.low),
            high: self.high.max(other.high),
        }
    }

    fn with_sample(self, sample: f32) -> Self {
        let number = (sample.clamp(-1.0, 1.0) * f32::from(i16::MAX)).round() as i16;
        self.with(Self {
            low: number,
            high: number,
        })
    }
}

/// The outline of a sound: lowest and highest sample of every 512, taken while it is decoded. An hour at 16 kHz takes
/// 450 kB.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Peaks {
    fine: Vec<Extent>,
    /// Of 32 steps each; the last may be of fewer.
    coarse: Vec<Extent>,
    /// The step that is not full yet, and its samples.
    open: Option<(Extent, usize)>,
}

impl Peaks {
    /// Takes the next samples, full scale at 1; louder ones are cut there.
    pub fn push(&mut self, samples: &[f32]) {
        for &sample in samples {
            let (extent, count) = self.open.unwrap_or((Extent::NOTHING, 0));
            self.open = Some((extent.with_sample(sample), count + 1));
            if count + 1 == PEAK_SAMPLES {
                self.close();
            }
        }
    }

    /// Ends the sound: the samples left over are a step too.
    pub fn finish(&mut self) {
        self.close();
        self.fine.shrink_to_fit();
    }

    fn close(&mut self) {
        let Some((extent, _)) = self.open.take() else {
            return;
        };
        if self.fine.len().is_multiple_of(COARSE_STEPS) {
            self.coarse.push(Extent::NOTHING);
        }
        if let Some(last) = self.coarse.last_mut() {
            *last = last.with(extent);
        }
        self.fine.push(extent);
    }

    /// How many steps there are.
    pub fn steps(&self) -> usize {
        self.fine.len()
    }

    /// The lowest and the highest sample of the steps from `from` up to, without, `to` (at least one step); full
    /// scale is 1. `None` where there are none.
    pub fn extent(&self, from: usize, to: usize) -> Option<(f32, f32)> {
        let to = to.max(from + 1).min(self.fine.len());
        let mut extent = Extent::NOTHING;
        let mut step = from;
        while step < to {
            let whole = step.is_multiple_of(COARSE_STEPS) && step + COARSE_STEPS <= to;
            let next = if whole {
                self.coarse.get(step / COARSE_STEPS)
            } else {
                self.fine.get(step)
            };
            extent = extent.with(*next?);
            step += if whole { COARSE_STEPS } else { 1 };
        }
        let unit = f32::from(i16::MAX);
        (from < to).then(|| (f32::from(extent.low) / unit, f32::from(extent.high) / unit))
    }

    /// As bytes: low and high of each step, 16 bits each, little-endian.
    pub fn to_bytes(&self) -> Vec<u8> {
        let pairs = self
            .fine
            .iter()
            .flat_map(|extent| [extent.low, extent.high]);
        pairs.flat_map(i16::to_le_bytes).collect()
    }

    /// The inverse of [`Peaks::to_bytes`]; `None` where the bytes are no outline.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (steps, []) = bytes.as_chunks::<4>() else {
            return None;
        };
        let mut peaks = Self::default();
        for &[a, b, c, d] in steps {
            let (low, high) = (i16::from_le_bytes([a, b]), i16::from_le_bytes([c, d]));
            if low > high {
                return None;
            }
            peaks.open = Some((Extent { low, high }, PEAK_SAMPLES));
            peaks.close();
        }
        Some(peaks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sound(samples: usize) -> Vec<f32> {
        (0..samples)
            .map(|n| (n as f32 * 0.1).sin() * (n as f32 / samples as f32))
            .collect()
    }

    fn of(samples: &[f32], piece: usize) -> Peaks {
        let mut peaks = Peaks::default();
        samples.chunks(piece).for_each(|part| peaks.push(part));
        peaks.finish();
        peaks
    }

    #[test]
    fn the_outline_is_that_of_the_samples_whatever_the_pieces() {
        let samples = sound(100_000);
        let peaks = of(&samples, 777);
        assert_eq!(peaks, of(&samples, samples.len()));
        assert_eq!(peaks.steps(), 100_000_usize.div_ceil(PEAK_SAMPLES));
        for (from, to) in [(0, 1), (3, 9), (0, 196), (31, 130), (100, 10_000), (5, 5)] {
            let (low, high) = peaks.extent(from, to).unwrap();
            let last = (to.max(from + 1) * PEAK_SAMPLES).min(samples.len());
            let part = &samples[from * PEAK_SAMPLES..last];
            let lowest = part.iter().copied().fold(f32::INFINITY, f32::min);
            let highest = part.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            assert!((low - lowest).abs() < 1e-4 && (high - highest).abs() < 1e-4);
        }
        assert_eq!(peaks.extent(196, 200), None, "behind the end");
    }

    #[test]
    fn an_outline_comes_back_from_its_bytes_and_nonsense_does_not() {
        let peaks = of(&sound(20_000), 1000);
        let bytes = peaks.to_bytes();
        assert_eq!(Peaks::from_bytes(&bytes), Some(peaks));
        assert_eq!(Peaks::from_bytes(&bytes[1..]), None);
        assert_eq!(Peaks::from_bytes(&[0, 0, 255, 255]), None, "low over high");
    }

    #[test]
    fn samples_beyond_full_scale_are_cut_there() {
        let peaks = of(&[5.0, -3.0], 2);
        assert_eq!(peaks.extent(0, 1), Some((-1.0, 1.0)));
        assert_eq!(Peaks::default().extent(0, 1), None);
    }
}
