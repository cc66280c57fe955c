//! The variable-Q transform that MT2 reads beside a mel-spectrogram: twelve bins an octave, from A0 up.
//!
//! As nnAudio's `VQT(sr=16000, hop_length=512, fmin=27.5, n_bins=99, bins_per_octave=12, gamma=0)` computes it (version
//! 0.3.4), step for step, since what an encoder was trained on holds the approximations of this recursion too. One octave of
//! twelve short kernels is correlated with the sound; then sound and hop are halved, and the same kernels hear the octave
//! below. With gamma 0 the bandwidth of a bin is a fixed share of its frequency, so it is a constant-Q transform as well
//! (Brown 1991; Schörkhuber and Klapuri 2010).
//!
//! nnAudio believes what it is told of the sample rate. Told another one than that of the sound (its default is 22.05 kHz), all
//! its bins lie lower or higher in proportion; a file that holds its kernels tells what it was told.
//!
//! Halving takes most of the time: 256 taps for each sample of every octave. It is done by FFTs of short blocks, in 64 bits:
//! values are read down to 80 dB below the loudest, and what 32 bits leave over of a loud sound would drown them.

use std::{f64::consts::TAU, sync::Arc};

use realfft::{ComplexToReal, RealFftPlanner, RealToComplex, num_complex::Complex};

use super::SpectrumError;
use mynascope_audio::SAMPLE_RATE;

/// Bins of a frame, A0 to B7 and one octave of kernels above what an encoder of 84 bins reads.
pub const VQT_BINS: usize = 99;
/// Samples between frames.
pub const VQT_HOP: usize = 512;
const BINS_PER_OCTAVE: usize = 12;
const OCTAVES: usize = VQT_BINS.div_ceil(BINS_PER_OCTAVE);
const FIRST_HZ: f64 = 27.5;
/// Samples of a kernel with the zeros around it, and of the sound that is reflected at both ends together.
const KERNEL: usize = 128;
/// Taps of the low-pass filter before every halving.
const TAPS: usize = 256;
/// Zeros before and after the sound when it is filtered.
const ZEROS: usize = (TAPS - 1) / 2;
/// Samples of one FFT of the filter.
const BLOCK: usize = 2048;
/// Halved samples of one block: those that its ends don't reach.
const STEP: usize = (BLOCK - TAPS) / 2;

/// The frequency of a bin in Hz, of a transform that was told the right sample rate.
fn hz_of_bin(bin: f64) -> f64 {
    FIRST_HZ * (bin / BINS_PER_OCTAVE as f64).exp2()
}

/// The same of one that was told another rate than that of the sound: all its bins lie higher or lower in proportion.
fn hz_as_told(bin: f64, told_rate: f64) -> f64 {
    hz_of_bin(bin) * f64::from(SAMPLE_RATE) / told_rate
}

/// What an encoder is fed of the transform, window by window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VqtSpec {
    /// The sample rate that the transform was told, in Hz; see [`Vqt::new`].
    pub told_rate: u32,
    /// Bins that are read, from the lowest on.
    pub bins: usize,
    /// Samples of a window, of which each has a transform of its own.
    pub window_samples: usize,
}

impl VqtSpec {
    /// The frequency of a bin in Hz; half-way between whole numbers is the edge of two bins.
    pub fn hz_of_bin(&self, bin: f64) -> f64 {
        hz_as_told(bin, f64::from(self.told_rate))
    }

    /// The bin of a frequency in Hz: the inverse of [`Self::hz_of_bin`].
    pub fn bin_of_hz(&self, hz: f64) -> f64 {
        BINS_PER_OCTAVE as f64 * (hz / self.hz_of_bin(0.0)).log2()
    }
}

/// Samples that a bin of constant Q looks at, at a sample rate.
fn length_of(bin: usize, rate: f64) -> usize {
    let q = ((1.0 / BINS_PER_OCTAVE as f64).exp2() - 1.0).recip();
    (q * rate / hz_of_bin(bin as f64)).ceil() as usize
}

/// The transform of mono 16-kHz samples, with its buffers. A clone shares what was planned.
#[derive(Clone)]
pub struct Vqt {
    /// Sample by sample the real parts of the twelve kernels, lowest first, then the imaginary parts; without the zeros
    /// before and after them.
    kernels: Vec<[f32; 2 * BINS_PER_OCTAVE]>,
    /// Zeros before them.
    before: usize,
    rate: f64,
    /// The factor of every bin: the root of its length.
    gains: Vec<f32>,
    halving: Halving,
    /// The sound at the rate of the octave, reflected at both ends.
    octave: Vec<f32>,
}

impl Vqt {
    /// A transform that was told a sample rate, in Hz: 16000, or 22050 where nnAudio's default was kept.
    pub fn new(told_rate: u32) -> Self {
        let rate = f64::from(told_rate);
        let gain = |bin: usize| (length_of(bin, rate) as f64).sqrt() as f32;
        let (before, kernels) = kernels(rate);
        Self {
            kernels,
            before,
            rate,
            gains: (0..VQT_BINS).map(gain).collect(),
            halving: Halving::new(),
            octave: Vec::new(),
        }
    }

    /// Samples that the lowest bin looks at: by them a file shows which rate its transform was told.
    pub fn longest(told_rate: u32) -> usize {
        length_of(0, f64::from(told_rate))
    }

    /// The frequency of a bin in Hz; half-way between whole numbers is the edge of two bins.
    pub fn hz_of_bin(&self, bin: f64) -> f64 {
        hz_as_told(bin, self.rate)
    }

    /// The fewest samples that have one: of the lowest octave, half a kernel is reflected at either end.
    pub const fn shortest() -> usize {
        (KERNEL / 2 + 1) << (OCTAVES - 1)
    }

    /// Magnitudes, [frames, 99] (frame-major), bins lowest first; `1 + samples / 512` frames.
    ///
    /// # Errors
    /// [`SpectrumError::TooShort`].
    pub fn magnitudes(&mut self, samples: &[f32]) -> Result<Vec<f32>, SpectrumError> {
        if samples.len() < Self::shortest() {
            return Err(SpectrumError::TooShort {
                samples: samples.len(),
                needed: Self::shortest(),
                path: None,
            });
        }
        let mut values = vec![0.0; (1 + samples.len() / VQT_HOP) * VQT_BINS];
        let mut octave = samples.to_vec();
        for below in 0..OCTAVES {
            if below > 0 {
                octave = self.halving.halve(&octave);
            }
            self.correlate(&octave, below, &mut values);
        }
        Ok(values)
    }

    /// As [`Self::magnitudes`], as `10 log10(max(x, 1e-10))` of the magnitude (not of its square).
    ///
    /// # Errors
    /// As [`Self::magnitudes`].
    pub fn decibels(&mut self, samples: &[f32]) -> Result<Vec<f32>, SpectrumError> {
        let mut values = self.magnitudes(samples)?;
        for value in &mut values {
            *value = 10.0 * value.max(1e-10).log10();
        }
        Ok(values)
    }

    /// Hears one octave, the `below`-th from the top, of the sound at its rate.
    fn correlate(&mut self, samples: &[f32], below: usize, values: &mut [f32]) {
        reflect(samples, &mut self.octave);
        let hop = VQT_HOP >> below;
        // The bin of the first kernel; the lowest octave has kernels below the first bin.
        let (first, unused) = match VQT_BINS.checked_sub((below + 1) * BINS_PER_OCTAVE) {
            Some(first) => (first, 0),
            None => (0, (below + 1) * BINS_PER_OCTAVE - VQT_BINS),
        };
        for (frame, values) in values.chunks_exact_mut(VQT_BINS).enumerate() {
            let start = frame * hop + self.before;
            let sound = self.octave.get(start..).unwrap_or_default();
            let mut sums = [0.0_f32; 2 * BINS_PER_OCTAVE];
            for (sample, taps) in sound.iter().zip(&self.kernels) {
                for (sum, tap) in sums.iter_mut().zip(taps) {
                    *sum += tap * sample;
                }
            }
            let (real, imaginary) = sums.split_at(BINS_PER_OCTAVE);
            let bins = values.iter_mut().zip(&self.gains).skip(first);
            let sums = real.iter().zip(imaginary).skip(unused);
            for ((value, gain), (real, imaginary)) in bins.zip(sums) {
                *value = gain * real.hypot(*imaginary);
            }
        }
    }
}

/// Half a kernel of the sound backwards at either end, without repeating its first or last sample.
fn reflect(samples: &[f32], out: &mut Vec<f32>) {
    out.clear();
    let half = KERNEL / 2;
    out.extend(samples.iter().skip(1).take(half).rev());
    out.extend(samples);
    out.extend(samples.iter().rev().skip(1).take(half));
}

/// The kernels of the highest octave, and how many of [`KERNEL`] zeros stand before the longest: a periodic Hann window as long
/// as its bin, times a rotation at its frequency, so that the sum of magnitudes is 1. One of an odd length begins half a sample
/// early.
fn kernels(rate: f64) -> (usize, Vec<[f32; 2 * BINS_PER_OCTAVE]>) {
    let lowest = VQT_BINS - BINS_PER_OCTAVE;
    let longest = length_of(lowest, rate).min(KERNEL);
    let before = KERNEL / 2 - longest.div_ceil(2);
    let mut kernels = vec![[0.0; 2 * BINS_PER_OCTAVE]; longest];
    for bin in 0..BINS_PER_OCTAVE {
        let hz = hz_of_bin((lowest + bin) as f64);
        let length = length_of(lowest + bin, rate).min(KERNEL);
        let window = |n: usize| 0.5 - 0.5 * (TAU * n as f64 / length as f64).cos();
        let sum: f64 = (0..length).map(window).sum();
        let start = KERNEL / 2 - length.div_ceil(2) - before;
        for n in 0..length {
            let at = n as f64 - length.div_ceil(2) as f64;
            let (imaginary, real) = (TAU * hz * at / rate).sin_cos();
            let taps = kernels.get_mut(start + n);
            if let Some([real_tap, imaginary_tap]) =
                taps.and_then(|taps| taps.get_disjoint_mut([bin, BINS_PER_OCTAVE + bin]).ok())
            {
                *real_tap = (window(n) * real / sum) as f32;
                *imaginary_tap = (window(n) * imaginary / sum) as f32;
            }
        }
    }
    (before, kernels)
}

/// The low-pass filter before every halving: scipy's `firwin2(256, [0, 0.5 / 1.001, 0.5 * 1.001, 1], [1, 1, 0, 0])`, a
/// sampled ideal response under a Hamming window.
fn low_pass() -> Vec<f64> {
    /// Samples of the response, without that at 0.
    const GRID: usize = 256;
    let (pass, stop) = (0.5 / 1.001, 0.5 * 1.001);
    let response = |step: usize| {
        let place = step as f64 / GRID as f64;
        ((stop - place) / (stop - pass)).clamp(0.0, 1.0)
    };
    let middle = (TAPS - 1) as f64 / 2.0;
    let tap = |n: usize| {
        let turn = TAU * (n as f64 - middle) / (2 * GRID) as f64;
        let cosines = (1..GRID).map(|step| 2.0 * response(step) * (turn * step as f64).cos());
        let ideal = (1.0 + cosines.sum::<f64>()) / (2 * GRID) as f64;
        let window = 0.54 - 0.46 * (TAU * n as f64 / (TAPS - 1) as f64).cos();
        ideal * window
    };
    (0..TAPS).map(tap).collect()
}

/// Halves the rate of a sound: low-pass filtered between zeros, then every second sample. The filter has no middle sample,
/// so each halving is half a sample early; kernels of odd length undo it.
#[derive(Clone)]
struct Halving {
    forward: Arc<dyn RealToComplex<f64>>,
    inverse: Arc<dyn ComplexToReal<f64>>,
    /// The conjugate spectrum of the filter, with the factor of both transforms.
    filter: Vec<Complex<f64>>,
    block: Vec<f64>,
    bins: Vec<Complex<f64>>,
    /// The spectrum of every second sample: two halves of that of all, added.
    folded: Vec<Complex<f64>>,
    halved: Vec<f64>,
    scratch: Vec<Complex<f64>>,
}

impl Halving {
    fn new() -> Self {
        let mut planner = RealFftPlanner::new();
        let forward = planner.plan_fft_forward(BLOCK);
        let inverse = planner.plan_fft_inverse(BLOCK / 2);
        let scratch = forward.get_scratch_len().max(inverse.get_scratch_len());
        let mut filter = forward.make_output_vec();
        let mut taps = low_pass();
        taps.resize(BLOCK, 0.0);
        // The lengths are those that the plan was made for, so this cannot fail.
        let done = forward.process(&mut taps, &mut filter);
        debug_assert!(done.is_ok());
        for bin in &mut filter {
            *bin = bin.conj() / BLOCK as f64;
        }
        Self {
            block: forward.make_input_vec(),
            bins: forward.make_output_vec(),
            folded: inverse.make_input_vec(),
            halved: inverse.make_output_vec(),
            scratch: vec![Complex::default(); scratch],
            forward,
            inverse,
            filter,
        }
    }

    /// Half as many samples, rounded down.
    fn halve(&mut self, samples: &[f32]) -> Vec<f32> {
        let length = samples.len() / 2;
        let mut out = Vec::with_capacity(length + STEP);
        while out.len() < length {
            // The block begins `ZEROS` samples before the one that its first output belongs to.
            let start = 2 * out.len();
            let before = ZEROS.saturating_sub(start);
            let sound = samples.get(start.saturating_sub(ZEROS)..);
            let sound = sound.unwrap_or_default().iter().map(|x| f64::from(*x));
            let sound = std::iter::repeat_n(0.0, before).chain(sound);
            for (slot, value) in self
                .block
                .iter_mut()
                .zip(sound.chain(std::iter::repeat(0.0)))
            {
                *slot = value;
            }
            self.filter_block();
            out.extend(self.halved.iter().take(STEP).map(|x| *x as f32));
        }
        out.truncate(length);
        out
    }

    /// Filters the block and keeps every second sample.
    fn filter_block(&mut self) {
        let (block, bins, scratch) = (&mut self.block, &mut self.bins, &mut self.scratch);
        let done = self.forward.process_with_scratch(block, bins, scratch);
        debug_assert!(done.is_ok());
        for (bin, factor) in bins.iter_mut().zip(&self.filter) {
            *bin *= factor;
        }
        // Bin k of the shorter spectrum is bin k and bin k + BLOCK / 2 of the longer, whose upper half mirrors its lower.
        let mirrored = bins.iter().rev();
        for ((folded, low), high) in self.folded.iter_mut().zip(&*bins).zip(mirrored) {
            *folded = low + high.conj();
        }
        // Of real samples neither end has an imaginary part.
        if let [first, .., last] = self.folded.as_mut_slice() {
            first.im = 0.0;
            last.im = 0.0;
        }
        let (folded, halved) = (&mut self.folded, &mut self.halved);
        let done = self.inverse.process_with_scratch(folded, halved, scratch);
        debug_assert!(done.is_ok());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read_npy;

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

    /// The largest difference of those that a condition on the reference lets through.
    fn worst(ours: &[f32], theirs: &[f32], counts: impl Fn(f32) -> bool) -> f32 {
        assert_eq!(ours.len(), theirs.len());
        let both = ours.iter().zip(theirs).filter(|(_, b)| counts(**b));
        let differences = both.map(|(a, b)| (a - b).abs());
        differences.fold(0.0, |worst, difference| {
            assert!(difference.is_finite());
            worst.max(difference)
        })
    }

    #[test]
    fn the_magnitudes_are_those_of_nnaudio() {
        for (told, name) in [(16_000, "chord.vqt.npy"), (22_050, "chord.vqt_22050.npy")] {
            let (shape, theirs) = read_npy(&fixture(name)).unwrap();
            let ours = Vqt::new(told).magnitudes(&sound()).unwrap();
            assert_eq!(shape, [(ours.len() / VQT_BINS) as u64, VQT_BINS as u64]);
            let most = theirs.iter().copied().fold(0.0, f32::max);
            let worst = worst(&ours, &theirs, |_| true);
            println!("{told}: {:e} of the maximum", worst / most);
            assert!(worst < 5e-6 * most, "{told}: {worst} {most}");
        }
    }

    #[test]
    fn the_decibels_are_those_of_torchaudio_on_them_in_64_bits() {
        let (_, theirs) = read_npy(&fixture("chord.log_vqt.npy")).unwrap();
        let mut ours = Vqt::new(16_000).decibels(&sound()).unwrap();
        // As MT2 reads them: nothing lower than 80 dB below the loudest.
        let loudest = ours.iter().copied().fold(f32::MIN, f32::max);
        for value in &mut ours {
            *value = value.max(loudest - 80.0) / 80.0 + 1.0;
        }
        // Values are dB / 80 + 1. Far below the loudest they are rounding; nnAudio's own in 32 bits is ten times as much.
        let loudest = theirs.iter().copied().fold(f32::MIN, f32::max);
        let near = 80.0 * worst(&ours, &theirs, |value| value > loudest - 0.5);
        let all = 80.0 * worst(&ours, &theirs, |_| true);
        println!("near {near:e} dB, all {all:e} dB");
        assert!(near < 1e-3 && all < 0.1, "{near} {all}");
        assert!(
            theirs
                .iter()
                .any(|value| (value - loudest + 1.0).abs() < 1e-6),
            "the silence is at the floor"
        );
    }

    /// What a note is called is the bin that it sounds in.
    #[test]
    fn a_tone_is_loudest_in_its_own_bin() {
        let mut vqt = Vqt::new(16_000);
        for bin in [5, 12, 39, 57, 80, 98] {
            let turn = TAU * vqt.hz_of_bin(bin as f64) / f64::from(SAMPLE_RATE);
            let sound: Vec<f32> = (0..64_000)
                .map(|n| (turn * n as f64).sin() as f32)
                .collect();
            let values = vqt.magnitudes(&sound).unwrap();
            assert_eq!(values.len(), 126 * VQT_BINS);
            let frame = &values[63 * VQT_BINS..64 * VQT_BINS];
            let loudest = (0..VQT_BINS).max_by(|a, b| frame[*a].total_cmp(&frame[*b]));
            assert_eq!(loudest, Some(bin));
        }
    }

    #[test]
    fn silence_is_one_value_and_too_short_a_sound_is_told() {
        let mut vqt = Vqt::new(16_000);
        let silent = vqt.decibels(&vec![0.0; Vqt::shortest()]).unwrap();
        assert!(
            silent
                .iter()
                .all(|value| *value == silent[0] && value.is_finite())
        );
        let error = vqt.decibels(&vec![0.0; Vqt::shortest() - 1]).unwrap_err();
        assert!(error.to_string().contains("at least 16640"), "{error}");
    }

    /// Against the definition, where blocks meet and at both ends.
    #[test]
    fn halving_is_the_filter_and_every_second_sample() {
        let taps = low_pass();
        let sound: Vec<f32> = (0..5001_u32)
            .map(|n| (f64::from(n * n % 977) / 977.0 - 0.5) as f32)
            .collect();
        let halved = Halving::new().halve(&sound);
        assert_eq!(halved.len(), 2500);
        for (index, value) in halved.iter().enumerate() {
            let sum: f64 = taps
                .iter()
                .enumerate()
                .filter_map(|(tap, weight)| {
                    let place = (2 * index + tap).checked_sub(ZEROS)?;
                    Some(weight * f64::from(*sound.get(place)?))
                })
                .sum();
            assert!((f64::from(*value) - sum).abs() < 1e-7, "{index}");
        }
    }
}
