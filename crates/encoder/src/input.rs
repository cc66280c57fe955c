//! What an encoder reads of a track: its windows, in the form that the network takes.

use std::path::Path;

use rayon::prelude::*;

use super::{
    EncoderConfig, LoadedEncoder, Overlap,
    families::{maest, mt2, music2vec},
};
use mynascope_audio::{Caveats, Channel, SAMPLE_RATE, load_mono};
use mynascope_base::{jobs::Cancel, storage::Cache};
use mynascope_spectrum::{
    FileMel, HOP, MAEST_HUB_MEL, MAEST_MEL, Mel, SpectrumError, mel_of_file, mel_of_file_cached,
    mel_of_samples,
    tokens::{MEL_BANDS, WINDOW_FRAMES},
};

/// One window of a track.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    /// Where it begins in the track.
    pub start_secs: f32,
    /// What the network takes, frame-major: Myna [frames, 128] raw mel power, MAEST [frames, 96] normalised log mel, MT2
    /// [frames, 84 + 128] bins of a log VQT and bands of a log mel; Music2Vec normalised samples.
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
        if self.myna().is_none() {
            let (samples, info) = load_mono(path, SAMPLE_RATE, channel, cancel)?;
            return Ok(Input {
                windows: self.windows(&samples)?,
                duration_secs: info.duration_secs,
                caveats: info.caveats(),
            });
        }
        let FileMel {
            mel,
            duration_secs,
            caveats,
        } = match cache {
            Some(cache) => mel_of_file_cached(path, channel, cancel, cache)?,
            None => mel_of_file(path, channel, cancel)?,
        };
        Ok(Input {
            windows: self.cut(&mel),
            duration_secs,
            caveats,
        })
    }

    /// The windows of samples (16 kHz, mono), counted from their first.
    ///
    /// # Errors
    /// If there are too few or too many.
    pub fn windows(&self, samples: &[f32]) -> Result<Vec<Window>, SpectrumError> {
        match self.config() {
            EncoderConfig::Myna(_) => Ok(self.cut(&mel_of_samples(samples)?)),
            EncoderConfig::Maest(config) => maest_windows(&config, samples, self.reading().overlap),
            EncoderConfig::Mt2(config) => mt2_windows(&config, samples, self.reading().overlap),
            EncoderConfig::Music2vec(_) => {
                let secs = self.reading().window_secs;
                let length = music2vec::window_samples(secs.unwrap_or(music2vec::WINDOW_SECS));
                music2vec_windows(samples, length, self.reading().overlap)
            }
        }
    }

    fn cut(&self, mel: &Mel) -> Vec<Window> {
        let frames = match self.myna() {
            Some(config) => config.kind.window_frames(),
            None => WINDOW_FRAMES,
        };
        cut_windows(
            mel,
            frames,
            hop(frames, self.reading().overlap, Overlap::None),
        )
    }
}

/// From the start of a window to that of the next.
fn hop(length: usize, overlap: Option<Overlap>, published: Overlap) -> usize {
    match overlap.unwrap_or(published) {
        Overlap::None => length,
        Overlap::Half => (length / 2).max(1),
    }
}

/// Windows of normalised log mel, [frames, 96]. The hub's form makes the mel of every window by itself, as `transformers` is
/// given windows; the authors' form cuts the mel of the whole sound, and its last window may be its only and a shorter one.
fn maest_windows(
    config: &maest::Config,
    samples: &[f32],
    overlap: Option<Overlap>,
) -> Result<Vec<Window>, SpectrumError> {
    if samples.is_empty() {
        return Ok(Vec::new());
    }
    let frames = config.frames();
    match config.form {
        maest::Form::Hub => {
            let length = config.window_samples();
            let hop = hop(length, overlap, Overlap::Half);
            (0..=samples.len().saturating_sub(length))
                .step_by(hop)
                .map(|first| {
                    let rest = samples.get(first..).unwrap_or_default();
                    let part = rest.get(..length).unwrap_or(rest);
                    Ok(Window {
                        start_secs: first as f32 / SAMPLE_RATE as f32,
                        values: MAEST_HUB_MEL.of_samples(part, Some(frames))?,
                    })
                })
                .collect()
        }
        maest::Form::Native => {
            let mel = MAEST_MEL.of_samples(samples, None)?;
            let (hop, length) = (hop(frames, overlap, Overlap::Half), frames * maest::BANDS);
            let there = mel.len() / maest::BANDS;
            let window = |first: usize| {
                let rest = mel.get(first * maest::BANDS..).unwrap_or_default();
                Window {
                    start_secs: (first * MAEST_MEL.hop) as f32 / SAMPLE_RATE as f32,
                    values: rest.get(..length).unwrap_or(rest).to_vec(),
                }
            };
            let starts = (0..=there.saturating_sub(frames)).step_by(hop);
            Ok(starts.map(window).collect())
        }
    }
}

/// Windows of [frames, bins + 128], each with spectrograms of its own, as its authors' code is given 4 s of sound. Silence
/// follows a shorter sound.
fn mt2_windows(
    config: &mt2::Config,
    samples: &[f32],
    overlap: Option<Overlap>,
) -> Result<Vec<Window>, SpectrumError> {
    if samples.is_empty() {
        return Ok(Vec::new());
    }
    let length = config.window_samples();
    let hop = hop(length, overlap, Overlap::None);
    let starts = (0..=samples.len().saturating_sub(length)).step_by(hop);
    let starts: Vec<usize> = starts.collect();
    let front_end = mt2::FrontEnd::new(config);
    starts
        .into_par_iter()
        .map_init(
            || front_end.clone(),
            |front_end, first| {
                Ok(Window {
                    start_secs: first as f32 / SAMPLE_RATE as f32,
                    values: front_end.window(samples.get(first..).unwrap_or_default())?,
                })
            },
        )
        .collect()
}

/// Windows of samples, each normalised by itself. A sound that is shorter than one is a shorter window: the encoder reads any
/// length.
fn music2vec_windows(
    samples: &[f32],
    length: usize,
    overlap: Option<Overlap>,
) -> Result<Vec<Window>, SpectrumError> {
    if samples.is_empty() {
        return Ok(Vec::new());
    }
    if samples.len() < music2vec::FRAME_SAMPLES {
        return Err(SpectrumError::TooShort {
            samples: samples.len(),
            needed: music2vec::FRAME_SAMPLES,
            path: None,
        });
    }
    let hop = hop(length, overlap, Overlap::None);
    let window = |first: usize| {
        let rest = samples.get(first..).unwrap_or_default();
        Window {
            start_secs: first as f32 / SAMPLE_RATE as f32,
            values: music2vec::normalise(rest.get(..length).unwrap_or(rest)),
        }
    };
    let starts = (0..=samples.len().saturating_sub(length)).step_by(hop);
    Ok(starts.map(window).collect())
}

/// Windows of [frames, 128], one every `hop` frames; a mel shorter than one is padded with silence.
fn cut_windows(mel: &Mel, frames: usize, hop: usize) -> Vec<Window> {
    let length = frames * MEL_BANDS;
    let mut windows: Vec<Vec<f32>> = (0..=mel.frames().saturating_sub(frames))
        .step_by(hop.max(1))
        .filter_map(|first| mel.values().get(first * MEL_BANDS..)?.get(..length))
        .map(<[f32]>::to_vec)
        .collect();
    if windows.is_empty() && mel.frames() > 0 {
        let mut padded = mel.values().to_vec();
        padded.resize(length, 0.0);
        windows.push(padded);
    }
    let start = |number: usize| (number * hop * HOP) as f32 / SAMPLE_RATE as f32;
    let windows = windows.into_iter().enumerate();
    windows
        .map(|(number, values)| Window {
            start_secs: start(number),
            values,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_lie_back_to_back_and_short_tracks_are_padded_with_silence() {
        let mel = |frames: usize| Mel::from_values(vec![1.0; frames * MEL_BANDS]);
        let starts = |frames: usize| {
            let windows = cut_windows(&mel(frames), 96, 96);
            assert!(
                windows
                    .iter()
                    .all(|window| window.values.len() == 96 * MEL_BANDS)
            );
            windows
                .iter()
                .map(|window| window.start_secs)
                .collect::<Vec<_>>()
        };
        assert_eq!(starts(200), [0.0, 3.072]);
        assert_eq!(starts(40), [0.0]);
        assert_eq!(starts(0), [] as [f32; 0]);
        let overlapping = cut_windows(&mel(200), 96, 48);
        let starts: Vec<f32> = overlapping.iter().map(|window| window.start_secs).collect();
        assert_eq!(starts, [0.0, 1.536, 3.072]);
        let short = cut_windows(&mel(40), 96, 96).remove(0).values;
        assert!(short[40 * MEL_BANDS..].iter().all(|&value| value == 0.0));
    }
}
