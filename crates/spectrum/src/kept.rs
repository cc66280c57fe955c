use std::{path::Path, sync::Arc};

use super::{MEL_BANDS, Mel, MelStream, SpectrumError};
use mynascope_audio::{Peaks, SAMPLE_RATE, stream_mono};
use mynascope_base::{
    jobs::Cancel,
    storage::{Cache, ContentKey},
};

/// What a track's picture is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Sight {
    pub mel: Arc<Mel>,
    pub peaks: Peaks,
}

/// Kinds of entries; the number changes with what is computed.
const MEL: &str = "mel-1";
const PEAKS: &str = "peaks-1";
/// Larger files are not read once more before they are decoded, only to know whether they are kept under another name.
const HASHED_FIRST_BYTES: u64 = 64 << 20;

/// What was kept of a file; nothing is decoded. Damaged entries count as missing.
pub fn kept_sight(path: &Path, cache: &Cache) -> Option<Sight> {
    let key = quick_key(path, cache)?;
    let peaks = Peaks::from_bytes(&cache.get(&key, PEAKS)?)?;
    let mel = kept_mel(&key, cache)?;
    Some(Sight {
        mel: Arc::new(mel),
        peaks,
    })
}

/// Decodes a file and computes its mel and its outline; tells after each piece what there is of both.
pub fn sight_of_file(
    path: &Path,
    cancel: &Cancel,
    so_far: &mut dyn FnMut(&[f32], &Peaks),
) -> Result<Sight, SpectrumError> {
    let mut stream = MelStream::new();
    let mut peaks = Peaks::default();
    stream_mono(path, SAMPLE_RATE, cancel, &mut |piece| {
        stream.push(piece);
        peaks.push(piece);
        so_far(stream.ready(), &peaks);
    })?;
    peaks.finish();
    let mel = Arc::new(stream.finish()?);
    Ok(Sight { mel, peaks })
}

/// Keeps what was computed of a file. A cache that cannot be written is no error: the next time takes longer.
pub fn keep_sight(path: &Path, sight: &Sight, cache: &Cache) {
    if let Ok(key) = cache.key_of(path) {
        keep_mel(&key, &sight.mel, cache);
        let _ = cache.put(&key, PEAKS, &[&sight.peaks.to_bytes()]);
    }
}

/// As [`super::mel_of_file`], from the cache if it was computed before, bit for bit the same.
pub fn mel_of_file_kept(path: &Path, cancel: &Cancel, cache: &Cache) -> Result<Mel, SpectrumError> {
    if let Some(mel) = quick_key(path, cache).and_then(|key| kept_mel(&key, cache)) {
        return Ok(mel);
    }
    let mel = super::mel_of_file(path, cancel)?;
    if let Ok(key) = cache.key_of(path) {
        keep_mel(&key, &mel, cache);
    }
    Ok(mel)
}

fn quick_key(path: &Path, cache: &Cache) -> Option<ContentKey> {
    let bytes = std::fs::metadata(path).ok()?.len();
    match cache.known_key_of(path) {
        None if bytes <= HASHED_FIRST_BYTES => cache.key_of(path).ok(),
        known => known,
    }
}

fn kept_mel(key: &ContentKey, cache: &Cache) -> Option<Mel> {
    let bytes = cache.get(key, MEL)?;
    let (values, []) = bytes.as_chunks::<4>() else {
        return None;
    };
    let whole = !values.is_empty() && values.len().is_multiple_of(MEL_BANDS);
    whole.then(|| {
        Mel::from_values(
            values
                .iter()
                .map(|&value| f32::from_ne_bytes(value))
                .collect(),
        )
    })
}

fn keep_mel(key: &ContentKey, mel: &Mel, cache: &Cache) {
    let _ = cache.put(key, MEL, &[bytemuck::cast_slice(mel.values())]);
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
        assert_eq!(kept_sight(&path, &cache), None);
        let mut told = Vec::new();
        let sight = sight_of_file(&path, &never, &mut |values, peaks| {
            told.push((values.len(), peaks.steps()));
        })
        .unwrap();
        assert!(told.is_sorted() && !told.is_empty());
        assert_eq!(*sight.mel, mel_of_file(&path, &never).unwrap());
        keep_sight(&path, &sight, &cache);
        assert_eq!(kept_sight(&path, &cache).as_ref(), Some(&sight));
        let copy = folder.path().join("copy.wav");
        std::fs::copy(&path, &copy).unwrap();
        assert_eq!(kept_sight(&copy, &cache).as_ref(), Some(&sight));
        // What is not kept is computed, and then it is.
        cache.clear().unwrap();
        let mel = mel_of_file_kept(&path, &never, &cache).unwrap();
        assert_eq!(mel, *sight.mel);
        assert!(cache.bytes() > 0);
        assert_eq!(mel_of_file_kept(&path, &never, &cache).unwrap(), mel);
    }
}
