//! Which stretches of a track are embedded, as they are and transposed.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use mynascope_audio::{Channel, SAMPLE_RATE, load_mono, transposed};
use mynascope_base::jobs::Cancel;
use mynascope_embedding::EmbeddingTable;
use mynascope_encoder::{Input, LoadedEncoder, Window};

use super::DiagnoseSettings;

/// Windows of a track that are transposed, at most.
const TRANSPOSED: usize = 2;

/// The stretches of a track. All give as much sound to the encoder once they are transposed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stretches {
    /// Samples that a window is given: as many as it takes, or as the track allows for every transposition.
    length: usize,
    /// Where they begin, in samples, evenly over the track and without overlap.
    starts: Vec<usize>,
    /// Those that are transposed, by their places in `starts`.
    transposed: Vec<usize>,
}

impl Stretches {
    /// Of a track of so many samples, for windows of so many; `reach` is by how much more sound the highest transposition
    /// takes.
    fn of(samples: usize, window: usize, reach: f64, most: usize) -> Self {
        let reach = reach.max(1.0);
        let length = window.min((samples as f64 / reach).floor() as usize);
        let last = samples - length;
        // One that is transposed must hold all its sound then, too.
        let last_moved = samples.saturating_sub((length as f64 * reach).ceil() as usize);
        let count = most.clamp(1, 1 + last / window.max(1));
        let starts = (0..count).map(|place| match count {
            1 => last_moved / 2,
            _ => last * place / (count - 1),
        });
        let starts: Vec<usize> = starts.collect();
        let fit = starts
            .iter()
            .take_while(|start| **start <= last_moved)
            .count();
        let moved = TRANSPOSED.min(fit);
        let middle = |part: usize| (2 * part + 1) * fit / (2 * moved);
        Self {
            length,
            transposed: (0..moved).map(middle).collect(),
            starts,
        }
    }
}

/// Reads the windows of tracks, and remembers which of a track's rows are which.
pub(super) struct Reader<'a> {
    pub encoder: &'a LoadedEncoder,
    pub settings: &'a DiagnoseSettings,
    read: Mutex<HashMap<PathBuf, Stretches>>,
}

impl<'a> Reader<'a> {
    pub fn new(encoder: &'a LoadedEncoder, settings: &'a DiagnoseSettings) -> Self {
        Self {
            encoder,
            settings,
            read: Mutex::default(),
        }
    }

    /// First all windows of a file as they are, then for each transposition those that are transposed.
    pub fn read(&self, path: &Path, cancel: &Cancel) -> Result<Input, String> {
        let channel: Channel = self.settings.channel;
        let (samples, info) =
            load_mono(path, SAMPLE_RATE, channel, cancel).map_err(|error| error.to_string())?;
        let semitones = &self.settings.semitones;
        let reach = semitones
            .iter()
            .map(|step| step.ratio())
            .fold(1.0, f64::max);
        let window = (self.encoder.info().window.secs * f64::from(SAMPLE_RATE)).round() as usize;
        let stretches = Stretches::of(samples.len(), window, reach, self.settings.windows);
        let length = stretches.length;
        let stretch = |start: usize, length: usize| {
            let end = (start + length).min(samples.len());
            samples.get(start..end).unwrap_or_default()
        };
        let mut windows = Vec::new();
        for &start in &stretches.starts {
            windows.push(self.window(stretch(start, length), start)?);
        }
        for step in semitones {
            for place in &stretches.transposed {
                let start = stretches.starts.get(*place).copied().unwrap_or(0);
                let taken = (length as f64 * step.ratio()).ceil() as usize;
                let mut moved = transposed(stretch(start, taken), *step)?;
                // Rounding may leave a sample too few or too many.
                moved.resize(length, 0.0);
                windows.push(self.window(&moved, start)?);
            }
        }
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        read.insert(path.to_path_buf(), stretches);
        Ok(Input {
            windows,
            duration_secs: info.duration_secs,
            caveats: info.caveats(),
        })
    }

    fn window(&self, samples: &[f32], start: usize) -> Result<Window, String> {
        let windows = self.encoder.windows(samples);
        let windows = windows.map_err(|error| error.to_string())?;
        let first = windows.into_iter().next().ok_or("it holds no sound")?;
        Ok(Window {
            start_secs: start as f32 / SAMPLE_RATE as f32,
            ..first
        })
    }

    /// Which rows of the table of all windows are which.
    pub fn rows(&self, table: &EmbeddingTable) -> Rows {
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let steps = self.settings.semitones.len();
        let mut rows = Rows {
            plain: Vec::new(),
            pairs: vec![Vec::new(); steps],
        };
        let mut first = 0;
        for of_track in table.track.chunk_by(|a, b| a == b) {
            let track = of_track
                .first()
                .and_then(|&at| table.tracks.get(at as usize));
            if let Some(stretches) = track.and_then(|track| read.get(&track.path)) {
                let (count, moved) = (stretches.starts.len(), &stretches.transposed);
                rows.plain.extend(first..first + count);
                for (step, pairs) in rows.pairs.iter_mut().enumerate() {
                    let begin = first + count + step * moved.len();
                    let moved = moved.iter().enumerate();
                    pairs.extend(moved.map(|(at, place)| (first + place, begin + at)));
                }
            }
            first += of_track.len();
        }
        rows
    }
}

/// Rows of a table of all windows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rows {
    /// Those of windows as they are.
    pub plain: Vec<usize>,
    /// For each transposition the rows of the same window before and after it.
    pub pairs: Vec<Vec<(usize, usize)>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_lie_apart_and_hold_the_sound_of_every_transposition() {
        let reach = 1.2;
        for samples in [10, 90, 100, 119, 120, 121, 219, 221, 400, 5000] {
            let stretches = Stretches::of(samples, 100, reach, 8);
            let taken = (stretches.length as f64 * reach).ceil() as usize;
            let last = stretches.starts.last().unwrap();
            assert!(
                last + stretches.length <= samples,
                "{samples}: {stretches:?}"
            );
            for place in &stretches.transposed {
                let end = stretches.starts[*place] + taken;
                assert!(end <= samples, "{samples}: {stretches:?}");
            }
            assert!(!stretches.transposed.is_empty());
            assert!(
                stretches
                    .starts
                    .windows(2)
                    .all(|pair| pair[0] + 100 <= pair[1])
            );
            assert!(stretches.starts.len() <= 8 && stretches.transposed.len() <= 2);
            let places = &stretches.transposed;
            assert!(places.iter().all(|place| *place < stretches.starts.len()));
            assert!(places.windows(2).all(|pair| pair[0] < pair[1]));
        }
        assert_eq!(Stretches::of(5000, 100, reach, 8).starts.len(), 8);
        assert_eq!(Stretches::of(120, 100, reach, 8).length, 100);
        assert_eq!(Stretches::of(210, 100, reach, 8).starts, [0, 110]);
        assert_eq!(Stretches::of(60, 100, reach, 8).length, 50);
        // Without a transposition upwards a window is a window.
        assert_eq!(Stretches::of(100, 100, 0.5, 8).length, 100);
    }
}
