use std::path::Path;

use super::AudioError;
use crate::jobs::Cancel;

/// What a file says about its sound.
#[derive(Debug, Clone, PartialEq)]
pub struct AudioInfo {
    /// Frames a second, in Hz, as stored.
    pub sample_rate: u32,
    /// Channels as stored.
    pub channels: usize,
    /// Short name of the codec: "flac", "vorbis".
    pub codec: String,
    /// Length in seconds: what was decoded, or, from [`probe_file`], what the header claims (0 if it doesn't).
    pub duration_secs: f64,
}

/// Decodes a file as mono (the mean over its channels) at `rate` Hz and hands it to `sink` piece by piece, so that
/// memory stays bounded whatever the length. A sample that is not finite becomes silence.
pub fn stream_mono(
    path: &Path,
    _rate: u32,
    _cancel: &Cancel,
    _sink: &mut dyn FnMut(&[f32]),
) -> Result<AudioInfo, AudioError> {
    Err(AudioError::unsupported(path, "decoding is not built yet"))
}

/// Decodes a whole file as mono at `rate` Hz.
pub fn load_mono(path: &Path, rate: u32, cancel: &Cancel) -> Result<Vec<f32>, AudioError> {
    let mut samples = Vec::new();
    stream_mono(path, rate, cancel, &mut |piece| {
        samples.extend_from_slice(piece);
    })?;
    Ok(samples)
}

/// Reads only a file's header.
pub fn probe_file(path: &Path) -> Result<AudioInfo, AudioError> {
    Err(AudioError::unsupported(path, "decoding is not built yet"))
}
