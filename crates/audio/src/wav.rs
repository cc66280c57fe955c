//! Writing WAV files.

use std::{
    io,
    io::{Cursor, Write},
    path::Path,
};

use super::AudioError;
use mynascope_base::storage;

/// Full scale of 16-bit PCM; decoding divides by the same number, so what was on the 16-bit grid comes back bit
/// for bit.
const FULL_SCALE: f32 = 32_768.0;

/// Writes mono samples as 16-bit PCM, atomically. Samples beyond [-1, 1) are clipped, those that are not finite
/// become silence.
///
/// # Errors
/// [`AudioError::Write`] if the file cannot be written; an old one is untouched.
pub fn write_wav(path: &Path, samples: &[f32], rate: u32) -> Result<(), AudioError> {
    // Refused before the sound is built in memory: the data size of a WAV file is a 32-bit number.
    if samples.len() > (u32::MAX as usize - 64) / 2 {
        return Err(AudioError::limit(
            path,
            "a WAV file holds at most 4 GiB of samples",
        ));
    }
    storage::write_atomic(path, |file| {
        let mut bytes = Cursor::new(Vec::with_capacity(44 + samples.len() * 2));
        let specification = hound::WavSpec {
            channels: 1,
            sample_rate: rate,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut writer =
            hound::WavWriter::new(&mut bytes, specification).map_err(io::Error::other)?;
        for sample in samples {
            writer
                .write_sample(to_pcm16(*sample))
                .map_err(io::Error::other)?;
        }
        writer.finalize().map_err(io::Error::other)?;
        file.write_all(bytes.get_ref())
    })?;
    Ok(())
}

fn to_pcm16(sample: f32) -> i16 {
    // `as` saturates, and turns NaN into 0.
    (sample * FULL_SCALE).round() as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_rounded_clipped_and_never_wrap() {
        assert_eq!(to_pcm16(0.0), 0);
        assert_eq!(to_pcm16(-1.0), i16::MIN);
        assert_eq!(to_pcm16(1.0), i16::MAX);
        assert_eq!(to_pcm16(7.0), i16::MAX);
        assert_eq!(to_pcm16(f32::NAN), 0);
        assert_eq!(to_pcm16(0.5 / FULL_SCALE), 1);
    }
}
