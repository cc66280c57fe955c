//! What an encoder's classifier says of a track, window by window.

use std::path::{Path, PathBuf};

use super::{EmbeddingError, EmbeddingTable, ExtractSettings, extract_cached};
use mynascope_audio::Channel;
use mynascope_base::{jobs::Watch, storage::Cache};
use mynascope_collection::{Collection, CollectionKind, Track};
use mynascope_encoder::{EncoderError, LoadedEncoder, Readout};

/// The styles of a track, window by window.
#[derive(Debug, Clone, PartialEq)]
pub struct TrackStyles {
    /// The file of the track.
    pub path: PathBuf,
    /// Where each window begins, in seconds.
    pub starts: Vec<f32>,
    /// Length of a window, in seconds.
    pub window_secs: f64,
    /// The probability of each style, [windows, styles] row-major. Each style is for itself: they do not sum to 1.
    pub probabilities: Vec<f32>,
}

impl TrackStyles {
    /// Reads a track with an encoder that was opened with [`Readout::Probabilities`]. What was told of it before comes from the
    /// cache: it is the table that `embed --readout probabilities` makes of this one track.
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
        if encoder.reading().readout != Some(Readout::Probabilities) {
            return Err(EncoderError::Reading(
                "styles are read as the readout probabilities".into(),
            )
            .into());
        }
        let table = table_of_track(path, encoder, channel, cache, watch)?;
        Ok(Self {
            path: path.to_path_buf(),
            starts: table.timestamps,
            window_secs: encoder.info().window.secs,
            probabilities: table.values,
        })
    }

    /// How many styles there are.
    pub fn styles(&self) -> usize {
        self.probabilities.len() / self.starts.len().max(1)
    }

    /// Each window: where it begins in seconds, and the probability of each style.
    pub fn windows(&self) -> impl Iterator<Item = (f32, &[f32])> {
        let rows = self.probabilities.chunks_exact(self.styles().max(1));
        self.starts.iter().copied().zip(rows)
    }

    /// The mean of each style over the windows that have a part in a stretch of the track, in seconds; over all where none is
    /// said. Empty where no window has.
    pub fn mean(&self, stretch: Option<[f64; 2]>) -> Vec<f32> {
        let within = |start: f32| {
            stretch.is_none_or(|[from, to]| {
                let start = f64::from(start);
                start < to && start + self.window_secs > from
            })
        };
        let mut sums = Vec::new();
        let mut windows = 0_usize;
        for (_, row) in self.windows().filter(|(start, _)| within(*start)) {
            sums.resize(row.len(), 0.0_f32);
            let pairs = sums.iter_mut().zip(row);
            pairs.for_each(|(sum, probability)| *sum += probability);
            windows += 1;
        }
        sums.iter_mut().for_each(|sum| *sum /= windows as f32);
        sums
    }

    /// Where each style is strongest: the start of its window, in seconds.
    pub fn strongest(&self) -> Vec<f32> {
        let mut best = vec![(f32::NEG_INFINITY, 0.0_f32); self.styles()];
        for (start, row) in self.windows() {
            for (best, &probability) in best.iter_mut().zip(row) {
                if probability > best.0 {
                    *best = (probability, start);
                }
            }
        }
        best.into_iter().map(|(_, start)| start).collect()
    }
}

/// The table of one track, a row a window; what was computed before comes from the cache.
pub(crate) fn table_of_track(
    path: &Path,
    encoder: &LoadedEncoder,
    channel: Channel,
    cache: Option<&Cache>,
    watch: &Watch<'_>,
) -> Result<EmbeddingTable, EmbeddingError> {
    let collection = Collection {
        name: String::new(),
        kind: CollectionKind::Files,
        tracks: vec![Track::of_file(path)],
        split: None,
        notes: Vec::new(),
    };
    let settings = ExtractSettings {
        channel,
        // A window may be 30 s: the job should not wait for many of them until it can be stopped.
        batch: 1,
        ..ExtractSettings::default()
    };
    Ok(extract_cached(&collection, encoder, &settings, cache, watch)?.table)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mynascope_encoder::{CheckpointRef, DeviceChoice, LoadOptions, Reading};

    fn maest(readout: Option<Readout>) -> LoadedEncoder {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/maest/hub");
        let options = LoadOptions {
            reading: Reading {
                readout,
                ..Reading::default()
            },
            ..LoadOptions::default()
        };
        LoadedEncoder::open(&CheckpointRef::File(root), options, &DeviceChoice::Cpu).unwrap()
    }

    #[test]
    fn a_track_has_the_styles_that_its_classifier_tells_of_every_window() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wav");
        let samples: Vec<f32> = (0..16_000 * 11)
            .map(|n| 0.4 * (n as f32 * n as f32 * 2e-7).sin())
            .collect();
        mynascope_audio::write_wav(&path, &samples, 16_000).unwrap();
        let (encoder, watch) = (maest(Some(Readout::Probabilities)), Watch::unattended());
        let cache = Cache::new(folder.path().join("cache"), 1 << 30);
        let told = |cache| TrackStyles::of_track(&path, &encoder, Channel::Mean, cache, &watch);
        let styles = told(Some(&cache)).unwrap();
        assert_eq!(styles.starts, [0.0, 2.5, 5.0]);
        assert_eq!(styles.styles(), encoder.info().outputs.len());
        let input = encoder
            .read(&path, Channel::Mean, watch.cancel(), None)
            .unwrap();
        let windows: Vec<&[f32]> = input.windows.iter().map(|w| w.values.as_slice()).collect();
        let classified = encoder.classify(&windows, None).unwrap();
        for (own, classified) in styles.probabilities.iter().zip(&classified) {
            assert!((own - classified).abs() < 1e-5);
        }
        // Told again from the cache.
        assert_eq!(told(Some(&cache)).unwrap(), styles);
        let other = TrackStyles::of_track(&path, &maest(None), Channel::Mean, None, &watch);
        assert!(other.unwrap_err().to_string().contains("probabilities"));
    }

    #[test]
    fn a_stretch_has_the_mean_of_the_windows_that_have_a_part_in_it() {
        let styles = TrackStyles {
            path: PathBuf::new(),
            starts: vec![0.0, 5.0, 10.0],
            window_secs: 5.0,
            probabilities: vec![0.0, 1.0, 0.5, 0.0, 1.0, 0.5],
        };
        assert_eq!(styles.mean(None), [0.5, 0.5]);
        assert_eq!(styles.mean(Some([5.5, 11.0])), [0.75, 0.25]);
        assert!(styles.mean(Some([20.0, 21.0])).is_empty());
        assert_eq!(styles.strongest(), [10.0, 0.0]);
    }
}
