//! Samples that come piece by piece to the values of a mel-spectrogram.

use super::{
    Compression, MelSpec, Padding, SpectrumError, filters::MelFilters, transform::Transform,
};
use mynascope_audio::SAMPLE_RATE;

/// The longest sound that is analysed: Myna's values of it take 0.7 GB.
const MAX_HOURS: usize = 12;
const MAX_SAMPLES: usize = MAX_HOURS * 3600 * SAMPLE_RATE as usize;
/// Analysed samples that may wait to be dropped, so that dropping costs little per frame.
const MAX_STALE: usize = 1 << 16;

/// Turns mono 16-kHz samples that come piece by piece into the compressed values of a [`MelSpec`]. Apart from these it
/// holds less than one piece and half a megabyte. A clone shares what was planned.
#[derive(Clone)]
pub struct MelFrontEnd {
    spec: MelSpec,
    transform: Transform,
    filters: MelFilters,
    /// Samples with the padding before them, from `stale` on not yet analysed.
    buffer: Vec<f32>,
    stale: usize,
    samples: usize,
    power: Vec<f32>,
    values: Vec<f32>,
}

impl MelFrontEnd {
    /// A front end before its first sample.
    pub fn new(spec: MelSpec) -> Self {
        Self {
            spec,
            transform: Transform::new(spec.n_fft),
            filters: MelFilters::new(&spec),
            buffer: Vec::new(),
            stale: 0,
            samples: 0,
            power: Vec::with_capacity(spec.bins()),
            values: Vec::new(),
        }
    }

    /// Takes the next samples.
    pub fn push(&mut self, samples: &[f32]) {
        let begun = self.samples >= self.spec.shortest();
        self.samples = self.samples.saturating_add(samples.len());
        if self.samples > MAX_SAMPLES {
            return;
        }
        self.buffer.extend_from_slice(samples);
        if self.samples < self.spec.shortest() {
            return;
        }
        if !begun {
            let mut before = self.padding(self.buffer.iter());
            before.reverse();
            self.buffer.splice(0..0, before);
        }
        self.analyse();
    }

    /// The values so far, [frames, bands] (frame-major), compressed: a picture may grow while its file is read.
    pub fn ready(&self) -> &[f32] {
        &self.values
    }

    /// The compressed values of all samples, [frames, bands] (frame-major), not yet normalised.
    ///
    /// # Errors
    /// [`SpectrumError::TooShort`] or [`SpectrumError::TooLong`].
    pub fn finish(mut self) -> Result<Vec<f32>, SpectrumError> {
        self.take()
    }

    /// As [`Self::finish`], and stands again before the first sample of a sound: for many short ones.
    ///
    /// # Errors
    /// As [`Self::finish`].
    pub fn take(&mut self) -> Result<Vec<f32>, SpectrumError> {
        let analysed = self.analyse_rest();
        let mut values = std::mem::take(&mut self.values);
        self.buffer.clear();
        (self.stale, self.samples) = (0, 0);
        analysed?;
        if let Compression::Decibels { range } = self.spec.compression {
            let loudest = values.iter().copied().fold(f32::MIN, f32::max);
            for value in &mut values {
                *value = value.max(loudest - range);
            }
        }
        values.shrink_to_fit();
        Ok(values)
    }

    /// Analyses what waits for the end of the sound.
    fn analyse_rest(&mut self) -> Result<(), SpectrumError> {
        if self.samples > MAX_SAMPLES {
            return Err(SpectrumError::TooLong {
                hours: MAX_HOURS,
                path: None,
            });
        }
        if self.samples < self.spec.shortest() {
            return Err(SpectrumError::TooShort {
                samples: self.samples,
                needed: self.spec.shortest(),
                path: None,
            });
        }
        let after = self.padding(self.buffer.iter().rev());
        self.buffer.extend(after);
        self.analyse();
        Ok(())
    }

    /// Half a window of what lies beyond an end of the sound, nearest first; `inwards` are the samples from that end on.
    fn padding<'a>(&self, inwards: impl Iterator<Item = &'a f32>) -> Vec<f32> {
        let half = self.spec.n_fft / 2;
        match self.spec.padding {
            Padding::Reflect => inwards.skip(1).take(half).copied().collect(),
            Padding::Zeros => vec![0.0; half],
        }
    }

    /// Analyses every whole frame of the buffer.
    fn analyse(&mut self) {
        while let Some(frame) = self.buffer.get(self.stale..self.stale + self.spec.n_fft) {
            let bins = self.transform.analyse(frame);
            self.power.clear();
            self.power.extend(bins.iter().map(|bin| bin.norm_sqr()));
            let first = self.values.len();
            self.filters.apply(&self.power, &mut self.values);
            let values = self.values.get_mut(first..).unwrap_or_default();
            self.spec.compression.apply(values);
            self.stale += self.spec.hop;
        }
        if self.stale > MAX_STALE {
            // The end is reflected: half a window before the last sample must still be there.
            let reflected = self.spec.shortest().min(self.stale);
            self.buffer.drain(..self.stale - reflected);
            self.stale = reflected;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{HOP, MAEST_HUB_MEL, MAEST_MEL, MT2_MEL, MYNA_MEL, N_FFT, read_npy};

    fn fixture(name: &str) -> std::path::PathBuf {
        std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../tests/fixtures/front_end")
            .join(name)
    }

    fn sound() -> Vec<f32> {
        let mut reader = hound::WavReader::open(fixture("chord.wav")).unwrap();
        reader
            .samples::<i16>()
            .map(|sample| f32::from(sample.unwrap()) / 32768.0)
            .collect()
    }

    /// The largest difference, and the mean one.
    fn differences(ours: &[f32], theirs: &[f32]) -> (f32, f32) {
        assert_eq!(ours.len(), theirs.len());
        let differences = || ours.iter().zip(theirs).map(|(a, b)| (a - b).abs());
        assert!(differences().all(f32::is_finite));
        (
            differences().fold(0.0, f32::max),
            differences().sum::<f32>() / ours.len() as f32,
        )
    }

    #[test]
    fn maest_hears_what_torchaudio_and_transformers_make_of_the_sound() {
        let sound = sound();
        // Twice the rounding of float32: torchaudio makes its filters in it, transformers in float64.
        for (spec, name, bound) in [
            (MAEST_MEL, "chord.maest.npy", 1e-4),
            (MAEST_HUB_MEL, "chord.maest_hub.npy", 2e-5),
        ] {
            let (shape, theirs) = read_npy(&fixture(name)).unwrap();
            let frames = spec.frames_of_samples(sound.len());
            assert_eq!(shape, [frames as u64, 96]);
            let mut front_end = MelFrontEnd::new(spec);
            sound.chunks(1000).for_each(|piece| front_end.push(piece));
            let (worst, _) = differences(&front_end.finish().unwrap(), &theirs);
            println!("{name}: {worst:e}");
            assert!(worst < bound, "{name}: {worst}");
        }
    }

    #[test]
    fn a_window_of_maest_is_cut_or_ends_in_frames_of_silence() {
        let sound = sound();
        let (_, log) = read_npy(&fixture("chord.maest_hub.npy")).unwrap();
        let frames = log.len() / 96;
        for length in [frames - 20, frames, frames + 20] {
            let input = MAEST_HUB_MEL.of_samples(&sound, Some(length)).unwrap();
            assert_eq!(input.len(), length * 96);
            let theirs = log.iter().copied().chain(std::iter::repeat(0.0));
            for (ours, theirs) in input.iter().zip(theirs) {
                let theirs =
                    (f64::from(theirs) - 2.067_556_860_985_54) / (2.0 * 1.268_292_820_667_291);
                assert!((f64::from(*ours) - theirs).abs() < 2e-5);
            }
        }
        let silent = MAEST_HUB_MEL.of_samples(&[0.0; 1], Some(1)).unwrap();
        assert!((silent[0] + 0.815_09).abs() < 1e-5);
    }

    #[test]
    fn mt2_hears_what_torchaudio_makes_of_the_sound() {
        let sound = sound();
        // The second has bands above half the sample rate, which nothing falls into.
        for (max_hz, name) in [(8000.0, "chord.mt2.npy"), (11_025.0, "chord.mt2_11025.npy")] {
            let spec = MelSpec { max_hz, ..MT2_MEL };
            let (shape, theirs) = read_npy(&fixture(name)).unwrap();
            let ours = spec.of_samples(&sound, None).unwrap();
            assert_eq!(shape, [(ours.len() / 128) as u64, 128]);
            let (worst, mean) = differences(&ours, &theirs);
            println!("{name}: all {worst:e} dB, mean {mean:e} dB");
            // Far below the loudest value the powers are rounding.
            assert!(worst < 0.1 && mean < 1e-3, "{name}: {worst} {mean}");
            let loudest = theirs.iter().copied().fold(f32::MIN, f32::max);
            let near = |values: &[f32]| -> Vec<f32> {
                let both = values.iter().zip(&theirs);
                both.filter(|(_, theirs)| **theirs > loudest - 60.0)
                    .map(|(value, _)| *value)
                    .collect()
            };
            let (worst, _) = differences(&near(&ours), &near(&theirs));
            println!("{name}: near {worst:e} dB");
            assert!(worst < 1e-3, "{name}: {worst}");
            assert!(theirs.contains(&(loudest - 100.0)));
        }
    }

    #[test]
    fn a_front_end_that_is_used_again_hears_the_same() {
        let sound = sound();
        let mut front_end = MelFrontEnd::new(MT2_MEL);
        let mut hear = |samples: &[f32]| {
            front_end.push(samples);
            front_end.take()
        };
        let whole = hear(&sound).unwrap();
        assert!(hear(&sound[..100]).is_err(), "too short");
        assert!(hear(&sound[5000..]).is_ok());
        assert_eq!(hear(&sound).unwrap(), whole);
    }

    #[test]
    fn pieces_and_their_lengths_do_not_matter() {
        let sound: Vec<f32> = sound().repeat(6);
        for spec in [MYNA_MEL, MAEST_MEL, MAEST_HUB_MEL, MT2_MEL] {
            // A whole number of hops, and around it.
            for samples in [128 * 1024 - 1, 128 * 1024, 128 * 1024 + 1] {
                let sound = &sound[..samples];
                let mut whole = MelFrontEnd::new(spec);
                whole.push(sound);
                let whole = whole.finish().unwrap();
                assert_eq!(whole.len(), spec.frames_of_samples(samples) * spec.bands);
                for piece in [511, 4096] {
                    let mut pieces = MelFrontEnd::new(spec);
                    sound.chunks(piece).for_each(|part| pieces.push(part));
                    assert_eq!(pieces.finish().unwrap(), whole);
                }
            }
        }
    }

    #[test]
    fn the_shortest_sound_is_told_where_one_is_too_short() {
        for spec in [MYNA_MEL, MAEST_MEL, MAEST_HUB_MEL, MT2_MEL] {
            let needed = spec.shortest();
            assert!(spec.of_samples(&vec![0.5; needed], None).is_ok());
            let error = spec
                .of_samples(&vec![0.5; needed - 1], None)
                .unwrap_err()
                .to_string();
            assert!(error.contains(&format!("at least {needed}")), "{error}");
        }
    }

    #[test]
    fn memory_stays_bounded_while_a_long_sound_streams() {
        let piece: Vec<f32> = sound()[..10_000].to_vec();
        for spec in [MYNA_MEL, MAEST_HUB_MEL] {
            let mut stream = MelFrontEnd::new(spec);
            for _ in 0..200 {
                stream.push(&piece);
                assert!(stream.buffer.len() <= MAX_STALE + 2 * N_FFT + HOP + piece.len());
            }
        }
    }
}
