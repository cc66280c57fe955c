//! Mels and outlines of files, from the cache where they were computed before.

use std::{path::Path, sync::Arc};

use super::{FileMel, MEL_BANDS, Mel, MelStream, SpectrumError};
use mynascope_audio::{Caveats, Channel, Peaks, SAMPLE_RATE, stream_mono};
use mynascope_base::{
    jobs::Cancel,
    storage::{Cache, ContentKey},
};

/// What a track's picture is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Sight {
    /// The mel-spectrogram of the whole file.
    pub mel: Arc<Mel>,
    /// The outline of its samples.
    pub peaks: Peaks,
    /// Length of the sound, in seconds.
    pub duration_secs: f64,
    /// What is worth telling of how the file was decoded.
    pub caveats: Caveats,
}

/// The kind of an entry that holds a mel, and of one that holds an outline. The number changes with what is computed, or
/// with what decoders make of files.
fn kinds(channel: Channel) -> [&'static str; 2] {
    match channel {
        Channel::Mean => ["mel-2", "peaks-2"],
        Channel::Left => ["mel-2-left", "peaks-2-left"],
        Channel::Right => ["mel-2-right", "peaks-2-right"],
    }
}

/// Larger files are not read once more before they are decoded, only to know whether they are kept under another name.
const HASHED_FIRST_BYTES: u64 = 64 << 20;

/// What was kept of a file; nothing is decoded. Damaged entries count as missing.
pub fn kept_sight(path: &Path, channel: Channel, cache: &Cache) -> Option<Sight> {
    let key = quick_key(path, cache)?;
    let [_, peaks] = kinds(channel);
    let peaks = Peaks::from_bytes(&cache.get(&key, peaks)?)?;
    let made = kept_mel(&key, channel, cache)?;
    Some(Sight {
        mel: Arc::new(made.mel),
        peaks,
        duration_secs: made.duration_secs,
        caveats: made.caveats,
    })
}

/// Decodes a file and computes its mel and its outline; tells after each piece what there is of both.
///
/// # Errors
/// As [`super::mel_of_file`].
pub fn sight_of_file(
    path: &Path,
    channel: Channel,
    cancel: &Cancel,
    so_far: &mut dyn FnMut(&[f32], &Peaks),
) -> Result<Sight, SpectrumError> {
    let mut stream = MelStream::new();
    let mut peaks = Peaks::default();
    let info = stream_mono(path, SAMPLE_RATE, channel, cancel, &mut |piece| {
        stream.push(piece);
        peaks.push(piece);
        so_far(stream.ready(), &peaks);
    })?;
    peaks.finish();
    let mel = Arc::new(stream.finish().map_err(|error| error.of_file(path))?);
    Ok(Sight {
        mel,
        peaks,
        duration_secs: info.duration_secs,
        caveats: info.caveats(),
    })
}

/// Keeps what was computed of a file. A cache that cannot be written is no error: the next time takes longer.
pub fn keep_sight(path: &Path, channel: Channel, sight: &Sight, cache: &Cache) {
    if let Ok(key) = cache.key_of(path) {
        keep_mel(
            &key,
            channel,
            &sight.mel,
            (sight.duration_secs, sight.caveats),
            cache,
        );
        let [_, peaks] = kinds(channel);
        let _ = cache.put(&key, peaks, &[&sight.peaks.to_bytes()]);
    }
}

/// As [`super::mel_of_file`], from the cache if it was computed before, bit for bit the same.
///
/// # Errors
/// As [`super::mel_of_file`]. A cache that cannot be read or written costs time, no more.
pub fn mel_of_file_cached(
    path: &Path,
    channel: Channel,
    cancel: &Cancel,
    cache: &Cache,
) -> Result<FileMel, SpectrumError> {
    if let Some(found) = quick_key(path, cache).and_then(|key| kept_mel(&key, channel, cache)) {
        return Ok(found);
    }
    let made = super::mel_of_file(path, channel, cancel)?;
    if let Ok(key) = cache.key_of(path) {
        keep_mel(
            &key,
            channel,
            &made.mel,
            (made.duration_secs, made.caveats),
            cache,
        );
    }
    Ok(made)
}

fn quick_key(path: &Path, cache: &Cache) -> Option<ContentKey> {
    let bytes = std::fs::metadata(path).ok()?.len();
    match cache.known_key_of(path) {
        None if bytes <= HASHED_FIRST_BYTES => cache.key_of(path).ok(),
        known => known,
    }
}

fn kept_mel(key: &ContentKey, channel: Channel, cache: &Cache) -> Option<FileMel> {
    let [mel, _] = kinds(channel);
    let bytes = cache.get(key, mel)?;
    let (caveats, values) = bytes.split_at_checked(Caveats::BYTES)?;
    let caveats = Caveats::from_bytes(caveats)?;
    let (&duration, values) = values.split_first_chunk::<8>()?;
    let (values, []) = values.as_chunks::<4>() else {
        return None;
    };
    let whole = !values.is_empty() && values.len().is_multiple_of(MEL_BANDS);
    let numbers = values.iter().map(|&value| f32::from_ne_bytes(value));
    whole.then(|| FileMel {
        mel: Mel::from_values(numbers.collect()),
        duration_secs: f64::from_le_bytes(duration),
        caveats,
    })
}

/// An entry is the caveats, the length in seconds and the values.
fn keep_mel(key: &ContentKey, channel: Channel, mel: &Mel, told: (f64, Caveats), cache: &Cache) {
    let [kind, _] = kinds(channel);
    let values = bytemuck::cast_slice(mel.values());
    let (duration_secs, caveats) = told;
    let (caveats, length) = (caveats.to_bytes(), duration_secs.to_le_bytes());
    let _ = cache.put(key, kind, &[&caveats, &length, values]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mel_of_file;

    #[test]
    fn a_kept_picture_is_the_computed_one_bit_for_bit() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().join("cache"), 1 << 24);
        let path = folder.path().join("sound.wav");
        let samples: Vec<f32> = (0..50_000).map(|n| (n as f32 * 0.05).sin() * 0.5).collect();
        mynascope_audio::write_wav(&path, &samples, SAMPLE_RATE).unwrap();
        let never = Cancel::default();
        assert_eq!(kept_sight(&path, Channel::Mean, &cache), None);
        let mut told = Vec::new();
        let sight = sight_of_file(&path, Channel::Mean, &never, &mut |values, peaks| {
            told.push((values.len(), peaks.steps()));
        })
        .unwrap();
        assert!(told.is_sorted() && !told.is_empty());
        assert_eq!(
            *sight.mel,
            mel_of_file(&path, Channel::Mean, &never).unwrap().mel
        );
        keep_sight(&path, Channel::Mean, &sight, &cache);
        assert_eq!(
            kept_sight(&path, Channel::Mean, &cache).as_ref(),
            Some(&sight)
        );
        let copy = folder.path().join("copy.wav");
        std::fs::copy(&path, &copy).unwrap();
        assert_eq!(
            kept_sight(&copy, Channel::Mean, &cache).as_ref(),
            Some(&sight)
        );
        // What is not kept is computed, and then it is.
        cache.clear().unwrap();
        let mel = mel_of_file_cached(&path, Channel::Mean, &never, &cache)
            .unwrap()
            .mel;
        assert_eq!(mel, *sight.mel);
        assert!(cache.bytes() > 0);
        assert_eq!(
            mel_of_file_cached(&path, Channel::Mean, &never, &cache)
                .unwrap()
                .mel,
            mel
        );
    }

    #[test]
    fn channels_that_cancel_are_told_and_kept_apart() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().join("cache"), 1 << 24);
        let path = folder.path().join("turned.wav");
        let specification = hound::WavSpec {
            channels: 2,
            sample_rate: SAMPLE_RATE,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut writer = hound::WavWriter::create(&path, specification).unwrap();
        for n in 0..50_000 {
            let value = ((n as f32 * 0.05).sin() * 9000.0) as i16;
            writer.write_sample(value).unwrap();
            writer.write_sample(-value).unwrap();
        }
        writer.finalize().unwrap();
        let never = Cancel::default();
        // Computed, and then from the cache.
        for _ in 0..2 {
            let read = |channel| mel_of_file_cached(&path, channel, &never, &cache).unwrap();
            let [mean, left, right] = Channel::ALL.map(read);
            let loudest = |of: &FileMel| of.mel.values().iter().copied().fold(0.0, f32::max);
            assert!(mean.caveats.cancels && loudest(&mean) == 0.0);
            assert!(loudest(&left) > 1.0 && left.mel == right.mel);
        }
    }
}
