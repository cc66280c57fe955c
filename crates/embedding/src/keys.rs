//! The key profiles that an MT2 gives of a track, window by window.

use std::path::{Path, PathBuf};

use super::{EmbeddingError, styles::table_of_track};
use mynascope_audio::{Channel, SAMPLE_RATE, load_mono};
use mynascope_base::{jobs::Watch, storage::Cache};
use mynascope_encoder::{
    EncoderError, LoadedEncoder, Readout,
    families::mt2::{KEYS, KeyArrow, turned},
};

/// A track without a louder sample is silent: the last bits of 16.
const LEAST_PEAK: f32 = 1e-4;
/// The mean profile of a recording that is to name the places has an arrow of at least this length: a shorter one points
/// anywhere.
const LEAST_ARROW: f64 = 0.02;

/// The key profiles of a track.
#[derive(Debug, Clone, PartialEq)]
pub struct TrackKeys {
    /// The file of the track.
    pub path: PathBuf,
    /// Where each window begins, in seconds.
    pub starts: Vec<f32>,
    /// Length of a window, in seconds.
    pub window_secs: f64,
    /// The profile of each window, [windows, 12] row-major; a profile sums to 1.
    pub profiles: Vec<f32>,
    /// The fingerprint of the encoder.
    pub encoder_hash: String,
}

impl TrackKeys {
    /// Reads a track with an encoder that was opened with [`Readout::KeyProfile`]. What was told of it before comes from the
    /// cache: it is the table that `embed --readout key-profile` makes of this one track.
    ///
    /// # Errors
    /// [`EmbeddingError::Encoder`] if the encoder was opened otherwise; [`EmbeddingError`] if the track cannot be read, or if the
    /// job was told to stop.
    pub fn of_track(
        path: &Path,
        encoder: &LoadedEncoder,
        channel: Channel,
        cache: Option<&Cache>,
        watch: &Watch<'_>,
    ) -> Result<Self, EmbeddingError> {
        if encoder.reading().readout != Some(Readout::KeyProfile) {
            return Err(
                EncoderError::Reading("keys are read as the readout key-profile".into()).into(),
            );
        }
        let table = table_of_track(path, encoder, channel, cache, watch)?;
        // An encoder answers whatever it is given: of silence the answer is its own habit.
        if samples_of(path, channel, watch)?
            .iter()
            .all(|sample| sample.abs() < LEAST_PEAK)
        {
            return Err(EmbeddingError::NothingEmbedded {
                tracks: 1,
                first: "it holds nothing but silence, which has no key".to_owned(),
            });
        }
        Ok(Self {
            path: path.to_path_buf(),
            starts: table.timestamps,
            window_secs: encoder.info().window.secs,
            profiles: table.values,
            encoder_hash: table.encoder_hash,
        })
    }

    /// Each window: where it begins in seconds, and its profile.
    pub fn windows(&self) -> impl Iterator<Item = (f32, &[f32])> {
        let rows = self.profiles.chunks_exact(KEYS);
        self.starts.iter().copied().zip(rows)
    }

    /// The window that sounds at a time in seconds: the last one that began.
    pub fn window_at(&self, secs: f64) -> Option<usize> {
        let began = |start: &f32| f64::from(*start) <= secs + 1e-6;
        self.starts.iter().rposition(began)
    }

    /// The mean profile of all windows; `None` where there is none.
    pub fn mean(&self) -> Option<Vec<f32>> {
        let mut sums = vec![0.0_f32; KEYS];
        for (_, row) in self.windows() {
            let pairs = sums.iter_mut().zip(row);
            pairs.for_each(|(sum, share)| *sum += share / self.starts.len() as f32);
        }
        (!self.starts.is_empty()).then_some(sums)
    }

    /// The arrow of the mean profile.
    pub fn arrow(&self) -> Option<KeyArrow> {
        self.mean().as_deref().map(KeyArrow::of)
    }

    /// The arrow of a recording in a known key, by which the places of the profile are named.
    ///
    /// # Errors
    /// Why it can name none, and what to do.
    pub fn naming_arrow(&self) -> Result<KeyArrow, String> {
        let arrow = self.arrow();
        let arrow = arrow.ok_or("it holds no window of sound; choose a longer recording")?;
        if arrow.length < LEAST_ARROW {
            return Err(format!(
                "the encoder finds no key in it: its arrow is {:.3} long, and at least {LEAST_ARROW} is needed; choose a recording \
                 with clearer harmony, or an encoder that was trained longer",
                arrow.length
            ));
        }
        Ok(arrow)
    }
}

/// How the key profiles of a track turn when its sound is transposed.
#[derive(Debug, Clone, PartialEq)]
pub struct TrackTurns {
    /// The profiles as they are.
    pub keys: TrackKeys,
    /// By how many steps of the circle of fifths the arrow misses its place, for each semitone that the sound is lowered, 1 to 12:
    /// the mean size over the windows.
    pub missed: Vec<f64>,
}

impl TrackTurns {
    /// Reads a track with an encoder that was opened with [`Readout::KeyProfile`], lowering each window by 1 to 12 semitones.
    ///
    /// # Errors
    /// As [`TrackKeys::of_track`].
    pub fn of_track(
        path: &Path,
        encoder: &LoadedEncoder,
        channel: Channel,
        watch: &Watch<'_>,
    ) -> Result<Self, EmbeddingError> {
        let keys = TrackKeys::of_track(path, encoder, channel, None, watch)?;
        let samples = samples_of(path, channel, watch)?;
        let mut missed: Vec<f64> = Vec::new();
        for &start in &keys.starts {
            watch.check()?;
            let first = (f64::from(start) * f64::from(SAMPLE_RATE)).round() as usize;
            let rest = samples.get(first..).unwrap_or_default();
            let profiles = encoder.transposed_key_profiles(rest)?;
            let steps = turned(&profiles).into_iter().skip(1).map(|(_, step)| step);
            let steps: Vec<f64> = steps.map(f64::abs).collect();
            missed.resize(steps.len(), 0.0);
            let pairs = missed.iter_mut().zip(steps);
            pairs.for_each(|(sum, step)| *sum += step / keys.starts.len() as f64);
        }
        Ok(Self { keys, missed })
    }

    /// The mean over all transpositions; `None` where there is no window.
    pub fn mean(&self) -> Option<f64> {
        let count = self.missed.len();
        (count > 0).then(|| self.missed.iter().sum::<f64>() / count as f64)
    }
}

/// The sound of a track, 16 kHz mono.
fn samples_of(
    path: &Path,
    channel: Channel,
    watch: &Watch<'_>,
) -> Result<Vec<f32>, EmbeddingError> {
    let loaded = load_mono(path, SAMPLE_RATE, channel, watch.cancel());
    let (samples, _) = loaded.map_err(|error| EncoderError::Windows(error.to_string()))?;
    Ok(samples)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_that_sounds_is_the_last_that_began() {
        let mut profiles = vec![0.0; 24];
        profiles[2] = 1.0;
        profiles[12 + 2] = 1.0;
        let keys = TrackKeys {
            path: PathBuf::new(),
            starts: vec![0.0, 4.0],
            window_secs: 4.0,
            profiles,
            encoder_hash: String::new(),
        };
        let at = [-1.0, 0.0, 3.9, 4.0, 99.0].map(|secs| keys.window_at(secs));
        assert_eq!(at, [None, Some(0), Some(0), Some(1), Some(1)]);
        let arrow = keys.naming_arrow().unwrap();
        assert_eq!(arrow.key(), 2);
        assert!((arrow.length - 1.0).abs() < 1e-6);
        let flat = TrackKeys {
            profiles: vec![1.0 / 12.0; 24],
            ..keys
        };
        assert!(flat.naming_arrow().unwrap_err().contains("finds no key"));
    }
}
