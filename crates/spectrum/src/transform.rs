//! The short-time Fourier transform, forth and back.

use std::sync::Arc;

use realfft::{ComplexToReal, RealFftPlanner, RealToComplex, num_complex::Complex};

/// The periodic Hann window of one frame: `0.5 - 0.5 cos(2 pi n / N)`.
pub(super) fn hann(n_fft: usize) -> Vec<f32> {
    (0..n_fft)
        .map(|n| {
            let turn = std::f64::consts::TAU * n as f64 / n_fft as f64;
            (0.5 - 0.5 * turn.cos()) as f32
        })
        .collect()
}

/// A windowed Fourier transform of one frame and back, with its buffers. A clone shares what was planned.
#[derive(Clone)]
pub(super) struct Transform {
    window: Vec<f32>,
    forward: Arc<dyn RealToComplex<f32>>,
    inverse: Arc<dyn ComplexToReal<f32>>,
    frame: Vec<f32>,
    bins: Vec<Complex<f32>>,
    scratch: Vec<Complex<f32>>,
}

impl Transform {
    pub(super) fn new(n_fft: usize) -> Self {
        let mut planner = RealFftPlanner::new();
        let forward = planner.plan_fft_forward(n_fft);
        let inverse = planner.plan_fft_inverse(n_fft);
        let scratch = forward.get_scratch_len().max(inverse.get_scratch_len());
        Self {
            window: hann(n_fft),
            frame: vec![0.0; n_fft],
            bins: forward.make_output_vec(),
            scratch: vec![Complex::default(); scratch],
            forward,
            inverse,
        }
    }

    /// The spectrum of the windowed samples (`n_fft` of them; a shorter frame ends in silence): `n_fft / 2 + 1` bins,
    /// lowest first, not normalised.
    pub(super) fn analyse(&mut self, samples: &[f32]) -> &mut [Complex<f32>] {
        self.frame.fill(0.0);
        for ((value, sample), weight) in self.frame.iter_mut().zip(samples).zip(&self.window) {
            *value = sample * weight;
        }
        // The lengths are those that the plan was made for, so this cannot fail.
        let done =
            self.forward
                .process_with_scratch(&mut self.frame, &mut self.bins, &mut self.scratch);
        debug_assert!(done.is_ok());
        &mut self.bins
    }

    /// Back from the bins of the last analysis, windowed again: analysing and synthesising scales a sample by
    /// `n_fft` times the window's square.
    pub(super) fn synthesise(&mut self) -> &[f32] {
        // The transform of real samples has no imaginary part at either end.
        if let [first, .., last] = self.bins.as_mut_slice() {
            first.im = 0.0;
            last.im = 0.0;
        }
        let done =
            self.inverse
                .process_with_scratch(&mut self.bins, &mut self.frame, &mut self.scratch);
        debug_assert!(done.is_ok());
        for (value, weight) in self.frame.iter_mut().zip(&self.window) {
            *value *= weight;
        }
        &self.frame
    }
}
