//! What encoders are fed: the numbers of the mel-spectrogram of each published front end.

use super::{
    HOP, MEL_BANDS, MelFrontEnd, N_FFT, SpectrumError,
    filters::MelFilters,
    scale::{hz_of_mel, mel_of_hz},
    transform::hann,
};
use mynascope_audio::SAMPLE_RATE;

/// What lies before the first sample and after the last, so that frames are centred on samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Padding {
    /// The sound backwards, without repeating its first or last sample.
    Reflect,
    /// Silence.
    Zeros,
}

/// What is done to the power of a band.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Compression {
    /// Nothing.
    Power,
    /// `log10(1 + 10000 x)`.
    Log10Of1Plus10000,
    /// `10 log10(max(x, 1e-10))`, and nothing further below the loudest value of the sound than `range`, in dB.
    Decibels {
        /// In dB.
        range: f32,
    },
}

impl Compression {
    /// Does it to values of one frame or several; what is below the loudest of a whole sound is not known here.
    pub fn apply(self, values: &mut [f32]) {
        match self {
            Self::Power => {}
            Self::Log10Of1Plus10000 => {
                for value in values {
                    *value = (1.0 + 10_000.0 * *value).log10();
                }
            }
            Self::Decibels { .. } => {
                for value in values {
                    *value = 10.0 * value.max(1e-10).log10();
                }
            }
        }
    }
}

/// An affine map of compressed values: `(x - mean) / divisor`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Normalisation {
    /// What is taken off.
    pub mean: f32,
    /// What it is divided by.
    pub divisor: f32,
}

/// How a front end makes a mel-spectrogram of mono 16-kHz samples: a short-time Fourier transform under a periodic Hann
/// window, `|X|^2`, triangular filters on Slaney's mel scale from 0 Hz on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MelSpec {
    /// Samples of one analysis window.
    pub n_fft: usize,
    /// Samples between frames.
    pub hop: usize,
    /// Mel bands of a frame.
    pub bands: usize,
    /// Where the highest filter ends, in Hz.
    pub max_hz: f64,
    /// Filters have unit area in Hz (Slaney's norm); otherwise their peaks are 1.
    pub unit_area: bool,
    /// Powers are divided by the sum of the window's squares.
    pub unit_window: bool,
    /// What lies before and after the sound.
    pub padding: Padding,
    /// What is done to the power of a band.
    pub compression: Compression,
    /// What is done to all values last.
    pub normalisation: Option<Normalisation>,
}

/// Myna: nnAudio's `MelSpectrogram(sr=16000, n_mels=128)`, every other argument default, as in the published code.
pub const MYNA_MEL: MelSpec = MelSpec {
    n_fft: N_FFT,
    hop: HOP,
    bands: MEL_BANDS,
    max_hz: SAMPLE_RATE as f64 / 2.0,
    unit_area: true,
    unit_window: false,
    padding: Padding::Reflect,
    compression: Compression::Power,
    normalisation: None,
};

/// MAEST as its authors run it: torchaudio's `MelSpectrogram` (Alonso-Jimenez et al., ISMIR 2023).
pub const MAEST_MEL: MelSpec = MelSpec {
    n_fft: 512,
    hop: 256,
    bands: 96,
    max_hz: 8000.0,
    unit_area: true,
    unit_window: false,
    padding: Padding::Reflect,
    compression: Compression::Log10Of1Plus10000,
    // Over its training data: mean 2.06755686098554, standard deviation 1.268292820667291, which counts twice.
    normalisation: Some(Normalisation {
        mean: 2.067_556_9,
        divisor: 2.536_585_6,
    }),
};

/// MAEST as it is published for transformers, whose feature extractor pads the sound with silence: the first frame and the
/// last differ from [`MAEST_MEL`].
pub const MAEST_HUB_MEL: MelSpec = MelSpec {
    padding: Padding::Zeros,
    ..MAEST_MEL
};

/// MT2: torchaudio's `MelSpectrogram(16000, n_fft=1024, n_mels=128, mel_scale="slaney", normalized=True)` and
/// `AmplitudeToDB(top_db=100)`, as in the authors' code for earlier models.
pub const MT2_MEL: MelSpec = MelSpec {
    n_fft: 1024,
    hop: 512,
    bands: 128,
    max_hz: 8000.0,
    unit_area: false,
    unit_window: true,
    padding: Padding::Reflect,
    compression: Compression::Decibels { range: 100.0 },
    normalisation: None,
};

impl MelSpec {
    /// The frequency in Hz at a place on the band axis; whole numbers are centres of bands.
    pub fn hz_of_band(&self, band: f64) -> f64 {
        hz_of_mel((band + 1.0) * self.mels_per_band())
    }

    /// Mels between the centres of neighbouring bands.
    pub(super) fn mels_per_band(&self) -> f64 {
        mel_of_hz(self.max_hz) / (self.bands + 1) as f64
    }

    /// How many frames so many samples have: `1 + samples / hop`.
    pub const fn frames_of_samples(&self, samples: usize) -> usize {
        1 + samples / self.hop
    }

    /// Frequencies of one transform: 0 to half the sample rate.
    pub(super) const fn bins(&self) -> usize {
        self.n_fft / 2 + 1
    }

    /// The factor of every power.
    pub(super) fn gain(&self) -> f64 {
        if self.unit_window {
            let energy: f64 = hann(self.n_fft).iter().map(|w| f64::from(*w).powi(2)).sum();
            energy.recip()
        } else {
            1.0
        }
    }

    /// The fewest samples that have a spectrogram: half a window is reflected at either end.
    pub const fn shortest(&self) -> usize {
        match self.padding {
            Padding::Reflect => self.n_fft / 2 + 1,
            Padding::Zeros => 1,
        }
    }

    /// The spectrogram of mono 16-kHz samples, [frames, bands] (frame-major): compressed and normalised. Where `frames`
    /// are asked for, later ones are cut off, and missing ones are 0 before the normalisation.
    ///
    /// # Errors
    /// [`SpectrumError::TooShort`] or [`SpectrumError::TooLong`].
    pub fn of_samples(
        &self,
        samples: &[f32],
        frames: Option<usize>,
    ) -> Result<Vec<f32>, SpectrumError> {
        let mut front_end = MelFrontEnd::new(*self);
        front_end.push(samples);
        let mut values = front_end.finish()?;
        if let Some(frames) = frames {
            values.resize(frames * self.bands, 0.0);
        }
        self.normalise(&mut values);
        Ok(values)
    }

    /// The triangular filters of the bands over the powers of a frame, [bands, n_fft / 2 + 1]: by them a file that holds its
    /// front end shows which one it is. A band that ends above half the sample rate may have none.
    pub fn filter_bank(&self) -> Vec<f32> {
        let plain = Self {
            unit_window: false,
            ..*self
        };
        MelFilters::new(&plain).matrix(self.bins())
    }

    /// The last step of [`Self::of_samples`].
    pub fn normalise(&self, values: &mut [f32]) {
        if let Some(Normalisation { mean, divisor }) = self.normalisation {
            for value in values {
                *value = (*value - mean) / divisor;
            }
        }
    }
}
