//! What a mask leaves of a sound, or takes away: the mask filters the short-time spectrum.

use super::{HOP, MEL_BANDS, N_FFT, scale::band_of_hz, transform::Transform};
use mynascope_audio::SAMPLE_RATE;

/// Which side of a mask is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// What the encoder is shown.
    Kept,
    /// What it is not shown.
    Dropped,
}

/// Sum of the squared periodic Hann windows that overlap at a sample, at a hop of a quarter window.
const OVERLAP: f32 = 1.5;
/// Frames that overlap at a sample.
const OVERLAPPING: usize = N_FFT / HOP;

/// The sound that is left of mono 16-kHz `samples` when only the mel cells for which `keep(band, frame)` holds (or
/// only the others) stay. Frames are those of the [`super::Mel`] of the same samples; `keep` is asked for bands
/// 0..128 and frames `0..=samples / 512`.
///
/// A short-time Fourier transform keeps the phase; each bin is scaled by the mask, blended between the two bands
/// around it, and the frames are added up again. The length is that of the input. As the gains of the two parts
/// sum to one, kept + dropped is the original (within rounding, -100 dB).
pub fn masked_sound(samples: &[f32], keep: &dyn Fn(usize, usize) -> bool, part: Part) -> Vec<f32> {
    let mut out = vec![0.0_f32; samples.len()];
    let stays = |band, frame| keep(band, frame) == (part == Part::Kept);
    MaskedReader::new().read(samples, 0, &stays, &mut out);
    out
}

/// Computes [`masked_sound`] a stretch at a time, from any place: the same values, bit for bit, without the rest of
/// the track. Reading on where the last stretch ended costs one transform and back for every 512 samples.
pub struct MaskedReader {
    places: Vec<Place>,
    transform: Transform,
    input: Vec<f32>,
    gains: Vec<f32>,
    /// The frames computed last, each at its step modulo 4: the next stretch overlaps with them.
    frames: Vec<Frame>,
}

/// One frame after the mask, windowed and scaled: ready to be added up.
struct Frame {
    step: Option<usize>,
    samples: Vec<f32>,
}

impl Default for MaskedReader {
    fn default() -> Self {
        Self::new()
    }
}

impl MaskedReader {
    /// A reader that has computed nothing yet.
    pub fn new() -> Self {
        let frame = || Frame {
            step: None,
            samples: vec![0.0; N_FFT],
        };
        Self {
            places: bin_places(),
            transform: Transform::new(N_FFT),
            input: vec![0.0; N_FFT],
            gains: vec![0.0; MEL_BANDS],
            frames: std::iter::repeat_with(frame).take(OVERLAPPING).collect(),
        }
    }

    /// To be called when the samples or the mask are others than at the last [`MaskedReader::read`].
    pub fn forget(&mut self) {
        for frame in &mut self.frames {
            frame.step = None;
        }
    }

    /// Fills `out` with what the mask leaves of `samples` from the `first` on; behind their end comes silence. Samples
    /// and `keep` are those of [`masked_sound`].
    pub fn read(
        &mut self,
        samples: &[f32],
        first: usize,
        keep: &dyn Fn(usize, usize) -> bool,
        out: &mut [f32],
    ) {
        out.fill(0.0);
        let heard = out.len().min(samples.len().saturating_sub(first));
        let mut rest = out.get_mut(..heard).unwrap_or_default();
        let mut place = first;
        while !rest.is_empty() {
            let (block, skipped) = (place / HOP, place % HOP);
            let (head, tail) = rest.split_at_mut(rest.len().min(HOP - skipped));
            // Frame `step - 1` is centred on sample 512 * (step - 1): a block of 512 samples lies in four frames, in
            // the last quarter of the first and the first quarter of the last.
            for quarter in (0..OVERLAPPING).rev() {
                let step = block + OVERLAPPING - 1 - quarter;
                let frame = self.frame(samples, step, keep);
                let from = quarter * HOP + skipped;
                for (value, sample) in head.iter_mut().zip(frame.iter().skip(from)) {
                    *value += sample;
                }
            }
            place += head.len();
            rest = tail;
        }
    }

    fn frame(
        &mut self,
        samples: &[f32],
        step: usize,
        keep: &dyn Fn(usize, usize) -> bool,
    ) -> &[f32] {
        let Some(slot) = self.frames.get_mut(step % OVERLAPPING) else {
            return &[];
        };
        if slot.step == Some(step) {
            return &slot.samples;
        }
        slot.step = Some(step);
        // Every sample must lie in four frames: one more frame before those of the mel and two after do it; they
        // follow its first and last.
        let frame = step.saturating_sub(1).min(samples.len() / HOP);
        for (band, gain) in self.gains.iter_mut().enumerate() {
            *gain = f32::from(u8::from(keep(band, frame)));
        }
        // Before the first sample and after the last there is silence.
        let start = (step * HOP) as isize - (HOP + N_FFT / 2) as isize;
        let skipped = start.min(0).unsigned_abs().min(N_FFT);
        let heard = samples
            .get(start.max(0).unsigned_abs()..)
            .unwrap_or_default();
        self.input.fill(0.0);
        for (value, sample) in self.input.iter_mut().skip(skipped).zip(heard) {
            *value = *sample;
        }
        for (bin, place) in self
            .transform
            .analyse(&self.input)
            .iter_mut()
            .zip(&self.places)
        {
            *bin *= place.gain(&self.gains);
        }
        for (value, sample) in slot.samples.iter_mut().zip(self.transform.synthesise()) {
            *value = sample / (OVERLAP * N_FFT as f32);
        }
        &slot.samples
    }
}

/// How loud a part of a sound is beside the whole: to be told both, a stretch at a time.
#[derive(Debug, Clone, Copy, Default)]
pub struct LevelMeter {
    whole: f64,
    part: f64,
    peak: f32,
}

/// How much louder a part of a sound must be played to be as loud as the whole.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LevelMatch {
    /// What would make the levels (root mean squares) the same, in dB; never below 0.
    pub wanted_db: f64,
    /// What can be had of it: the loudest sample reaches full scale and no further.
    pub gain_db: f64,
}

impl LevelMatch {
    /// More would raise the rounding errors of what is dropped.
    const MOST_DB: f64 = 40.0;
    /// A part that is as loud as the whole, or silent.
    pub const NONE: Self = Self {
        wanted_db: 0.0,
        gain_db: 0.0,
    };

    /// What samples are multiplied by.
    pub fn gain(&self) -> f32 {
        10.0_f64.powf(self.gain_db / 20.0) as f32
    }
}

impl LevelMeter {
    /// Takes in a stretch of the whole sound and the same stretch of the part.
    pub fn add(&mut self, whole: &[f32], part: &[f32]) {
        let power = |samples: &[f32]| {
            let squares = samples.iter().map(|&it| f64::from(it) * f64::from(it));
            squares.sum::<f64>()
        };
        self.whole += power(whole);
        self.part += power(part);
        let loudest = part.iter().map(|it| it.abs());
        self.peak = loudest.fold(self.peak, f32::max);
    }

    /// What all that was taken in needs.
    pub fn level_match(&self) -> LevelMatch {
        if self.part <= 0.0 || self.whole <= self.part {
            return LevelMatch::NONE;
        }
        let wanted_db = 10.0 * (self.whole / self.part).log10();
        let room_db = -20.0 * f64::from(self.peak).log10();
        let most_db = room_db.clamp(0.0, LevelMatch::MOST_DB);
        LevelMatch {
            wanted_db,
            gain_db: wanted_db.min(most_db),
        }
    }
}

/// Where a bin lies between two bands.
struct Place {
    below: usize,
    above: usize,
    /// 0 at the lower band's centre, 1 at the upper's.
    blend: f32,
}

impl Place {
    fn gain(&self, bands: &[f32]) -> f32 {
        let of = |band: usize| bands.get(band).copied().unwrap_or_default();
        let (below, above) = (of(self.below), of(self.above));
        below + (above - below) * self.blend
    }
}

/// The place of each bin; below the first centre and above the last the end bands count alone.
fn bin_places() -> Vec<Place> {
    let top = (MEL_BANDS - 1) as f64;
    (0..=N_FFT / 2)
        .map(|bin| {
            let hz = bin as f64 * f64::from(SAMPLE_RATE) / N_FFT as f64;
            let band = band_of_hz(hz).clamp(0.0, top);
            Place {
                below: band.floor() as usize,
                above: band.ceil() as usize,
                blend: band.fract() as f32,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(samples: usize) -> Vec<f32> {
        let mut state = 7_u32;
        (0..samples)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 8) as f32 / (1 << 23) as f32 - 1.0
            })
            .collect()
    }

    fn worst(a: &[f32], b: &[f32]) -> f32 {
        assert_eq!(a.len(), b.len());
        a.iter()
            .zip(b)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f32::max)
    }

    /// Of full scale: -100 dB, far below the promised -80.
    const ROUNDING: f32 = 1e-5;

    #[test]
    fn a_part_is_raised_to_the_level_of_the_whole_but_never_beyond_full_scale() {
        let level = |whole: &[f32], part: &[f32]| {
            let mut meter = LevelMeter::default();
            meter.add(whole, part);
            meter.level_match()
        };
        // A tenth of the level: 20 dB.
        let even = level(&[0.5, -0.5, 0.5, -0.5], &[0.05, 0.05, -0.05, 0.05]);
        assert!((even.wanted_db - 20.0).abs() < 1e-4 && even.gain_db == even.wanted_db);
        assert!((even.gain() * 0.05 - 0.5).abs() < 1e-4);
        // One click of a quarter of full scale may become four times as high.
        let mut click = [0.0; 1000];
        click[7] = -0.25;
        let click = level(&[0.5; 1000], &click);
        assert!(click.wanted_db > 30.0, "{click:?}");
        assert!((click.gain() - 4.0).abs() < 1e-4, "{click:?}");
        // Silence stays silence, and what is as loud as the whole stays as it is.
        assert_eq!(level(&[0.5; 9], &[0.0; 9]), LevelMatch::NONE);
        assert_eq!(level(&[0.5; 9], &[0.5; 9]).gain(), 1.0);
        assert_eq!(level(&[0.5; 9], &[1e-6; 9]).gain_db, 40.0);
    }

    #[test]
    fn nothing_dropped_is_the_original_at_any_length() {
        for samples in [0, 1, 2, 511, 512, 513, 2047, 2048, 2049, 50_000] {
            let sound = noise(samples);
            let kept = masked_sound(&sound, &|_, _| true, Part::Kept);
            assert!(worst(&kept, &sound) < ROUNDING, "{samples} samples");
        }
    }

    #[test]
    fn everything_dropped_is_silence() {
        let sound = noise(20_000);
        let kept = masked_sound(&sound, &|_, _| false, Part::Kept);
        assert!(kept.iter().all(|sample| *sample == 0.0));
        let dropped = masked_sound(&sound, &|_, _| true, Part::Dropped);
        assert!(dropped.iter().all(|sample| *sample == 0.0));
    }

    #[test]
    fn kept_and_dropped_sum_to_the_original() {
        let checkerboard = |band: usize, frame: usize| (band / 16 + frame / 16).is_multiple_of(2);
        for samples in [100, 3000, 50_000] {
            let sound = noise(samples);
            let kept = masked_sound(&sound, &checkerboard, Part::Kept);
            let dropped = masked_sound(&sound, &checkerboard, Part::Dropped);
            let sum: Vec<f32> = kept.iter().zip(&dropped).map(|(a, b)| a + b).collect();
            assert!(worst(&sum, &sound) < ROUNDING, "{samples} samples");
        }
    }

    #[test]
    fn any_stretch_is_that_of_the_whole() {
        let checkerboard = |band: usize, frame: usize| (band / 16 + frame / 16).is_multiple_of(2);
        let sound = noise(30_000);
        let whole = masked_sound(&sound, &checkerboard, Part::Kept);
        let mut reader = MaskedReader::new();
        // In order, back, across the end, behind it, in odd pieces.
        for (first, length) in [
            (0, 700),
            (700, 1),
            (701, 4000),
            (200, 3000),
            (29_990, 100),
            (40_000, 10),
            (12_345, 6789),
        ] {
            let mut out = vec![7.0; length];
            reader.read(&sound, first, &checkerboard, &mut out);
            for (index, value) in out.iter().enumerate() {
                let expected = whole.get(first + index).copied().unwrap_or(0.0);
                assert_eq!(*value, expected, "sample {} of {first}", first + index);
            }
        }
    }

    #[test]
    fn a_mask_that_changes_is_heard_from_the_next_sample_on() {
        let sound = noise(20_000);
        let mut reader = MaskedReader::new();
        let mut out = vec![0.0; 5000];
        reader.read(&sound, 0, &|_, _| true, &mut out);
        assert!(worst(&out, &sound[..5000]) < ROUNDING);
        reader.forget();
        reader.read(&sound, 5000, &|_, _| false, &mut out);
        assert!(out.iter().all(|sample| *sample == 0.0));
    }

    #[test]
    fn what_a_band_hides_is_gone_and_the_rest_stays() {
        let rms = |sound: &[f32]| {
            let middle = &sound[4000..12_000];
            (middle.iter().map(|s| s * s).sum::<f32>() / middle.len() as f32).sqrt()
        };
        let tone = |hz: f64| -> Vec<f32> {
            (0..16_000)
                .map(|n| (std::f64::consts::TAU * hz * f64::from(n) / 16_000.0).sin() as f32)
                .collect()
        };
        let border = band_of_hz(1500.0) as usize;
        let low_only = |band: usize, _: usize| band < border;
        let (low, high) = (tone(440.0), tone(4000.0));
        assert!((rms(&masked_sound(&low, &low_only, Part::Kept)) / rms(&low) - 1.0).abs() < 1e-3);
        assert!(rms(&masked_sound(&high, &low_only, Part::Kept)) < 1e-4);
        // In time: only the first half is kept.
        let first_half = |_: usize, frame: usize| frame < 16;
        let kept = masked_sound(&low, &first_half, Part::Kept);
        assert!(kept[..6000].iter().any(|s| s.abs() > 0.9));
        assert!(kept[10_000..].iter().all(|s| *s == 0.0));
    }

    #[test]
    fn only_frames_of_the_mel_are_asked_for() {
        let sound = noise(5000);
        let asked = std::cell::Cell::new(0);
        let keep = |band: usize, frame: usize| {
            assert!(band < MEL_BANDS && frame <= 5000 / HOP);
            asked.set(asked.get().max(frame));
            true
        };
        masked_sound(&sound, &keep, Part::Kept);
        assert_eq!(asked.get(), 5000 / HOP);
    }
}
