//! What an encoder reads of a track: its windows, in the form that the network takes.

use std::path::Path;

use super::{LoadedEncoder, Overlap};
use mynascope_audio::{Caveats, Channel, SAMPLE_RATE, load_mono};
use mynascope_base::{jobs::Cancel, storage::Cache};
use mynascope_spectrum::{FileMel, SpectrumError, mel_of_file, mel_of_file_cached};

/// One window of a track.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    /// Where it begins in the track.
    pub start_secs: f32,
    /// What the network takes, as its family says: frames of a spectrogram, one after the other, or samples.
    pub values: Vec<f32>,
}

/// What an encoder reads of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    /// The windows, in their order; none where the file holds no sound.
    pub windows: Vec<Window>,
    /// Length of the sound.
    pub duration_secs: f64,
    /// What is worth telling of how the file was decoded.
    pub caveats: Caveats,
}

impl LoadedEncoder {
    /// Reads a file; what was computed of it before comes from the cache, bit for bit the same.
    ///
    /// # Errors
    /// If the file cannot be decoded, is too short or too long, or if reading was stopped.
    pub fn read(
        &self,
        path: &Path,
        channel: Channel,
        cancel: &Cancel,
        cache: Option<&Cache>,
    ) -> Result<Input, SpectrumError> {
        // Its spectrogram is that of the picture, which is cached.
        let Some(myna) = self.myna() else {
            let (samples, info) = load_mono(path, SAMPLE_RATE, channel, cancel)?;
            return Ok(Input {
                windows: self.windows(&samples)?,
                duration_secs: info.duration_secs,
                caveats: info.caveats(),
            });
        };
        let FileMel {
            mel,
            duration_secs,
            caveats,
        } = match cache {
            Some(cache) => mel_of_file_cached(path, channel, cancel, cache)?,
            None => mel_of_file(path, channel, cancel)?,
        };
        Ok(Input {
            windows: myna.windows_of_mel(&mel, self.reading().overlap),
            duration_secs,
            caveats,
        })
    }

    /// The windows of samples (16 kHz, mono), counted from their first.
    ///
    /// # Errors
    /// If there are too few or too many.
    pub fn windows(&self, samples: &[f32]) -> Result<Vec<Window>, SpectrumError> {
        self.config().design().windows(samples, &self.reading())
    }
}

/// Where windows of so many samples or frames begin in `whole` of them: one where there are fewer; what doesn't fill one at the
/// end is left out.
pub(crate) fn starts(whole: usize, length: usize, overlap: Overlap) -> impl Iterator<Item = usize> {
    let hop = match overlap {
        Overlap::None => length,
        Overlap::Half => length / 2,
    };
    (0..=whole.saturating_sub(length)).step_by(hop.max(1))
}

/// Where a sample lies in time.
pub(crate) fn secs(sample: usize) -> f32 {
    sample as f32 / SAMPLE_RATE as f32
}
