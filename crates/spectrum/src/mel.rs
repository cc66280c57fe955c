//! The mel-spectrogram of samples and files.

use std::path::Path;

use super::{HOP, MEL_BANDS, MYNA_MEL, MelFrontEnd, SpectrumError};
use mynascope_audio::{Caveats, Channel, SAMPLE_RATE, stream_mono};
use mynascope_base::jobs::Cancel;

/// A mel-spectrogram: power of 128 bands a frame, linear (no log).
#[derive(Debug, Clone, PartialEq)]
pub struct Mel {
    frames: usize,
    /// [frames, 128]
    values: Vec<f32>,
}

impl Mel {
    /// A mel from its values, [frames, 128] (frame-major); values beyond the last whole frame are dropped.
    pub fn from_values(mut values: Vec<f32>) -> Self {
        let frames = values.len() / MEL_BANDS;
        values.truncate(frames * MEL_BANDS);
        Self { frames, values }
    }

    /// How many frames it has.
    pub fn frames(&self) -> usize {
        self.frames
    }

    /// All values, [frames, 128] (frame-major).
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// The 128 values of one frame, lowest band first; empty past the end.
    pub fn frame(&self, frame: usize) -> &[f32] {
        let start = frame.saturating_mul(MEL_BANDS);
        self.values
            .get(start..start.saturating_add(MEL_BANDS))
            .unwrap_or_default()
    }

    /// One value; 0 outside.
    pub fn get(&self, band: usize, frame: usize) -> f32 {
        self.frame(frame).get(band).copied().unwrap_or_default()
    }

    /// The time that its frames span, in seconds.
    pub fn duration_secs(&self) -> f64 {
        (self.frames * HOP) as f64 / f64::from(SAMPLE_RATE)
    }

    /// The same values as [128, frames] in C order, as other programs store them.
    pub fn to_rows(&self) -> Vec<f32> {
        (0..MEL_BANDS)
            .flat_map(|band| self.values.iter().skip(band).step_by(MEL_BANDS).copied())
            .collect()
    }
}

/// Turns mono 16-kHz samples that come piece by piece into the [`Mel`] of [`MYNA_MEL`].
pub struct MelStream(MelFrontEnd);

impl Default for MelStream {
    fn default() -> Self {
        Self::new()
    }
}

impl MelStream {
    /// A stream before its first sample.
    pub fn new() -> Self {
        Self(MelFrontEnd::new(MYNA_MEL))
    }

    /// Takes the next samples.
    pub fn push(&mut self, samples: &[f32]) {
        self.0.push(samples);
    }

    /// The frames so far, [frames, 128] (frame-major): a picture may grow while its file is read.
    pub fn ready(&self) -> &[f32] {
        self.0.ready()
    }

    /// The mel of all samples.
    ///
    /// # Errors
    /// [`SpectrumError::TooShort`] or [`SpectrumError::TooLong`].
    pub fn finish(self) -> Result<Mel, SpectrumError> {
        self.0.finish().map(Mel::from_values)
    }
}

/// How many frames the mel of so many samples has.
pub fn frames_of_samples(samples: usize) -> usize {
    MYNA_MEL.frames_of_samples(samples)
}

/// The mel of mono 16-kHz samples.
///
/// # Errors
/// [`SpectrumError::TooShort`] or [`SpectrumError::TooLong`].
pub fn mel_of_samples(samples: &[f32]) -> Result<Mel, SpectrumError> {
    let mut stream = MelStream::new();
    stream.push(samples);
    stream.finish()
}

/// The mel of a file, and what is worth telling of how it was decoded.
#[derive(Debug, Clone, PartialEq)]
pub struct FileMel {
    /// The spectrogram of the whole file.
    pub mel: Mel,
    /// Length of the sound, in seconds (the frames of the mel cover a little more).
    pub duration_secs: f64,
    /// What decoding found that the reader of the picture should know.
    pub caveats: Caveats,
}

/// The mel of a file, decoded and analysed piece by piece.
///
/// # Errors
/// A [`SpectrumError`] if the file does not decode, is shorter than half an analysis window or longer than the
/// limit, or if `cancel` was set.
pub fn mel_of_file(
    path: &Path,
    channel: Channel,
    cancel: &Cancel,
) -> Result<FileMel, SpectrumError> {
    mel_of_file_watched(path, channel, cancel, &mut |_| {})
}

/// As [`mel_of_file`], and tells after each piece how many seconds of the file are done.
///
/// # Errors
/// As [`mel_of_file`].
pub fn mel_of_file_watched(
    path: &Path,
    channel: Channel,
    cancel: &Cancel,
    done_secs: &mut dyn FnMut(f64),
) -> Result<FileMel, SpectrumError> {
    let mut stream = MelStream::new();
    let mut samples = 0_usize;
    let info = stream_mono(path, SAMPLE_RATE, channel, cancel, &mut |piece| {
        stream.push(piece);
        samples += piece.len();
        done_secs(samples as f64 / f64::from(SAMPLE_RATE));
    })?;
    Ok(FileMel {
        mel: stream.finish().map_err(|error| error.of_file(path))?,
        duration_secs: info.duration_secs,
        caveats: info.caveats(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read_npy;

    fn fixture(name: &str) -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../tests/fixtures/front_end")
            .join(name)
    }

    /// Some sound without a pattern that a mistake could hide in.
    fn noise(samples: usize) -> Vec<f32> {
        let mut state = 1_u32;
        (0..samples)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 8) as f32 / (1 << 23) as f32 - 1.0
            })
            .collect()
    }

    #[test]
    fn the_picture_is_the_one_that_the_published_models_were_trained_on() {
        let mut told = Vec::new();
        let never = Cancel::default();
        let channel = Channel::Mean;
        let mel = mel_of_file_watched(&fixture("notes.wav"), channel, &never, &mut |secs| {
            told.push(secs);
        })
        .unwrap()
        .mel;
        assert!(told.is_sorted());
        let last = told.last().copied().unwrap();
        assert_eq!(
            crate::frames_of_samples((last * 16_000.0).round() as usize),
            mel.frames()
        );
        let (shape, reference) = read_npy(&fixture("notes.mel.npy")).unwrap();
        assert_eq!(shape, [MEL_BANDS as u64, mel.frames() as u64]);
        let top = reference.iter().copied().fold(0.0, f32::max);
        let worst = mel
            .to_rows()
            .iter()
            .zip(&reference)
            .map(|(ours, theirs)| (ours - theirs).abs())
            .fold(0.0, f32::max);
        assert!(worst <= 1e-5 * top, "{} of the maximum", worst / top);
    }

    #[test]
    fn pieces_do_not_matter() {
        for samples in [1025, 1026, 2047, 2048, 5000, 100_000] {
            let sound = noise(samples);
            let whole = mel_of_samples(&sound).unwrap();
            assert_eq!(whole.frames(), 1 + samples / HOP);
            for piece in [1, 511, 1024, 1025, 4096] {
                let mut stream = MelStream::new();
                sound.chunks(piece).for_each(|part| stream.push(part));
                assert_eq!(stream.finish().unwrap(), whole);
            }
        }
    }

    #[test]
    fn too_short_a_sound_is_an_error() {
        assert!(matches!(
            mel_of_samples(&noise(1024)),
            Err(SpectrumError::TooShort { samples: 1024, .. })
        ));
        assert!(mel_of_samples(&[]).is_err());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("click.wav");
        mynascope_audio::write_wav(&path, &noise(1000), SAMPLE_RATE).unwrap();
        let error = mel_of_file(&path, Channel::Mean, &Cancel::default()).unwrap_err();
        let named = format!("use a longer file: {}", path.display());
        assert!(error.to_string().ends_with(&named), "{error}");
    }

    #[test]
    fn rows_are_bands() {
        let mel = mel_of_samples(&noise(3000)).unwrap();
        let rows = mel.to_rows();
        assert_eq!(rows[3 * mel.frames() + 2], mel.get(3, 2));
        assert_eq!(mel.get(0, mel.frames()), 0.0);
        assert_eq!(mel.get(MEL_BANDS, 0), 0.0);
    }
}
