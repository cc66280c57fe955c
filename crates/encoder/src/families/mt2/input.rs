//! What an MT2 is fed: windows of a VQT and a mel-spectrogram, and the frames that are read of them.

use std::ops::Range;

use rayon::prelude::*;

use super::{BANDS, Config, EXTRA};
use crate::{
    EncoderError, Overlap, Window,
    input::{secs, starts},
};
use mynascope_spectrum::{
    Compression, MT2_MEL, MelFrontEnd, MelSpec, SpectrumError, VQT_BINS, Vqt,
};

/// Windows of [frames, bins + 128], each with spectrograms of its own, as its authors' code is given 4 s of sound. Silence
/// follows a shorter sound.
pub(super) fn windows(
    config: &Config,
    samples: &[f32],
    overlap: Option<Overlap>,
) -> Result<Vec<Window>, SpectrumError> {
    if samples.is_empty() {
        return Ok(Vec::new());
    }
    let overlap = overlap.unwrap_or(Overlap::None);
    let starts: Vec<usize> = starts(samples.len(), config.window_samples(), overlap).collect();
    let front_end = FrontEnd::new(config);
    starts
        .into_par_iter()
        .map_init(
            || front_end.clone(),
            |front_end, first| {
                Ok(Window {
                    start_secs: secs(first),
                    values: front_end.window(samples.get(first..).unwrap_or_default())?,
                })
            },
        )
        .collect()
}

/// Makes windows of sound into what the network reads. A clone shares what was planned.
#[derive(Clone)]
pub struct FrontEnd {
    config: Config,
    vqt: Vqt,
    mel: MelFrontEnd,
}

impl FrontEnd {
    /// What an encoder hears with.
    pub fn new(config: &Config) -> Self {
        Self {
            config: *config,
            vqt: Vqt::new(config.vqt_rate_hz),
            mel: MelFrontEnd::new(bare_mel_spec(config.mel_max_hz)),
        }
    }

    /// A window of mono 16-kHz samples, with silence behind them where they are fewer, as [frames, bins + 128]. Both
    /// spectrograms know nothing beyond its edges, and their floors are those of the window: as published.
    ///
    /// # Errors
    /// As those of the spectrograms.
    pub fn window(&mut self, samples: &[f32]) -> Result<Vec<f32>, SpectrumError> {
        let length = self.config.window_samples();
        let mut padded = samples.get(..length).unwrap_or(samples).to_vec();
        padded.resize(length, 0.0);
        let decibels = self.decibels(&padded)?;
        Ok(window_of(&self.config, &decibels, 0))
    }

    /// Both spectrograms of mono 16-kHz samples before any floor, in dB: [1 + samples / 512, 99 + 128], the bins of the VQT
    /// and the bands of the mel. Windows are cut out of it by [`window_of`].
    ///
    /// # Errors
    /// As those of the spectrograms.
    pub fn decibels(&mut self, samples: &[f32]) -> Result<Vec<f32>, SpectrumError> {
        let vqt = self.vqt.decibels(samples)?;
        self.mel.push(samples);
        let mel = self.mel.take()?;
        let frames = vqt.chunks_exact(VQT_BINS).zip(mel.chunks_exact(BANDS));
        Ok(frames
            .flat_map(|(vqt, mel)| vqt.iter().chain(mel))
            .copied()
            .collect())
    }
}

/// Values of a frame of [`FrontEnd::decibels`].
pub const HEARD_VALUES: usize = VQT_BINS + BANDS;
/// The least of them, in dB: silence.
pub const SILENCE_DB: f32 = -100.0;

/// A window as the network reads it, [frames, bins + 128], of frames in dB, [frames, 99 + 128]: the bins from `first_bin` on
/// (0 as published; one more makes the sound a semitone lower), and floors 80 and 100 dB below the loudest value of each
/// spectrogram.
pub fn window_of(config: &Config, decibels: &[f32], first_bin: usize) -> Vec<f32> {
    let frames = || {
        decibels
            .chunks_exact(HEARD_VALUES)
            .map(|frame| frame.split_at(VQT_BINS))
    };
    let loudest = |values: &[f32], most: f32| values.iter().copied().fold(most, f32::max);
    let (vqt, mel) = frames().fold((f32::MIN, f32::MIN), |(vqt, mel), frame| {
        (loudest(frame.0, vqt), loudest(frame.1, mel))
    });
    let (vqt_floor, mel_floor) = (vqt - VQT_RANGE, mel - MEL_RANGE);
    frames()
        .flat_map(|(vqt, mel)| {
            let vqt = vqt.iter().skip(first_bin).take(config.bins);
            let vqt = vqt.map(move |value| value.max(vqt_floor) / VQT_RANGE + 1.0);
            vqt.chain(mel.iter().map(move |value| value.max(mel_floor)))
        })
        .collect()
}

/// How far below the loudest value the VQT of a window reaches, in dB; it is divided by that.
const VQT_RANGE: f32 = 80.0;
/// The same of the mel.
const MEL_RANGE: f32 = 100.0;

/// The mel-spectrogram whose bands end there.
pub(super) fn mel_spec(max_hz: u32) -> MelSpec {
    MelSpec {
        max_hz: max_hz.into(),
        ..MT2_MEL
    }
}

/// The same before its floor, which is that of a window.
fn bare_mel_spec(max_hz: u32) -> MelSpec {
    MelSpec {
        compression: Compression::Decibels {
            range: f32::INFINITY,
        },
        ..mel_spec(max_hz)
    }
}

/// Windows as the network reads them, before they are on a device.
#[derive(Debug, Clone)]
pub struct Frames {
    /// [windows * frames, bins] row-major.
    pub(super) vqt: Vec<f32>,
    /// [heard * frames, 128] row-major.
    pub(super) mel: Vec<f32>,
    /// Windows whose mel is read, from the first on. Of the others only the VQT is.
    pub(super) heard: usize,
    /// The rows of the table of positions, [windows * (2 + frames)]; none where all frames are read.
    pub(super) places: Vec<i32>,
    pub(super) windows: usize,
    pub(super) frames: usize,
}

impl Frames {
    /// How many windows there are.
    pub fn windows(&self) -> usize {
        self.windows
    }

    /// Reads the mel of the first windows only.
    pub fn hear_first(mut self, windows: usize) -> Self {
        self.heard = windows.min(self.heard);
        self.mel.truncate(self.heard * self.frames * BANDS);
        self
    }

    /// Some of the windows.
    pub fn part(&self, windows: Range<usize>) -> Self {
        fn rows<T: Clone>(values: &[T], count: usize, windows: Range<usize>) -> Vec<T> {
            let width = values.len() / count.max(1);
            let range = windows.start * width..windows.end * width;
            values.get(range).unwrap_or_default().to_vec()
        }
        let heard = windows.start.min(self.heard)..windows.end.min(self.heard);
        Self {
            vqt: rows(&self.vqt, self.windows, windows.clone()),
            mel: rows(&self.mel, self.heard, heard.clone()),
            heard: heard.len(),
            places: rows(&self.places, self.windows, windows.clone()),
            windows: windows.len(),
            frames: self.frames,
        }
    }
}

/// Parts the streams of windows [126, bins + 128]. `kept` names, window by window, the frames that are read; every window reads
/// as many. Without it all are read.
///
/// # Errors
/// [`EncoderError::Windows`] if windows or frames are not so.
pub fn cut(
    config: &Config,
    windows: &[&[f32]],
    kept: Option<&[Vec<usize>]>,
) -> Result<Frames, EncoderError> {
    let (width, all) = (config.frame_values(), 0..config.frames);
    if windows
        .iter()
        .any(|window| window.len() != all.len() * width)
    {
        return Err(EncoderError::Windows(format!(
            "a window is {} frames of {} VQT bins and {BANDS} mel bands",
            all.len(),
            config.bins
        )));
    }
    let whole: Vec<usize> = all.clone().collect();
    let kept_of = |window: usize| match kept {
        None => Some(&whole),
        Some(kept) => kept.get(window),
    };
    let frames = kept_of(0).map_or(0, Vec::len);
    let mut cut = Frames {
        vqt: Vec::with_capacity(windows.len() * frames * config.bins),
        mel: Vec::with_capacity(windows.len() * frames * BANDS),
        heard: windows.len(),
        places: Vec::new(),
        windows: windows.len(),
        frames,
    };
    let parted = kept.is_some();
    for (number, window) in windows.iter().enumerate() {
        let kept = kept_of(number).map(Vec::as_slice).unwrap_or_default();
        let sound = kept.len() == frames && kept.iter().all(|frame| all.contains(frame));
        if !sound || frames == 0 {
            return Err(EncoderError::Windows(format!(
                "every window must keep the same number of frames, at least one, of the {} there are",
                all.len()
            )));
        }
        for &frame in kept {
            let values = window.get(frame * width..(frame + 1) * width);
            let (vqt, mel) = values.unwrap_or_default().split_at(config.bins);
            cut.vqt.extend(vqt);
            cut.mel.extend(mel);
        }
        if parted {
            cut.places.extend(0..EXTRA as i32);
            let places = kept.iter().map(|frame| (EXTRA + frame) as i32);
            cut.places.extend(places);
        }
    }
    Ok(cut)
}
