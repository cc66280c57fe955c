//! What an MT2 is fed: windows of a VQT and a mel-spectrogram, and the frames that are read of them.

use rayon::prelude::*;

use super::{BANDS, Config, EXTRA};
use crate::{
    EncoderError, Overlap, Window,
    input::{secs, starts},
};
use mynascope_spectrum::{MT2_MEL, MelFrontEnd, MelSpec, SpectrumError, VQT_BINS, Vqt};

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
            mel: MelFrontEnd::new(mel_spec(config.mel_max_hz)),
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
        let vqt = self.vqt.decibels(&padded)?;
        self.mel.push(&padded);
        let mel = self.mel.take()?;
        let frames = vqt.chunks_exact(VQT_BINS).zip(mel.chunks_exact(BANDS));
        Ok(frames
            .flat_map(|(vqt, mel)| vqt.iter().take(self.config.bins).chain(mel))
            .copied()
            .collect())
    }
}

/// The mel-spectrogram whose bands end there.
pub(super) fn mel_spec(max_hz: u32) -> MelSpec {
    MelSpec {
        max_hz: max_hz.into(),
        ..MT2_MEL
    }
}

/// Windows as the network reads them, before they are on a device.
#[derive(Debug, Clone)]
pub struct Frames {
    /// [windows * frames, bins] row-major.
    pub(super) vqt: Vec<f32>,
    /// [windows * frames, 128] row-major.
    pub(super) mel: Vec<f32>,
    /// The rows of the table of positions, [windows * (2 + frames)].
    pub(super) places: Vec<i32>,
    pub(super) windows: usize,
    pub(super) frames: usize,
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
        places: Vec::with_capacity(windows.len() * (EXTRA + frames)),
        windows: windows.len(),
        frames,
    };
    for (number, window) in windows.iter().enumerate() {
        let kept = kept_of(number).map(Vec::as_slice).unwrap_or_default();
        let sound = kept.len() == frames && kept.iter().all(|frame| all.contains(frame));
        if !sound || frames == 0 {
            return Err(EncoderError::Windows(format!(
                "every window must keep the same number of frames, at least one, of the {} there are",
                all.len()
            )));
        }
        cut.places.extend(0..EXTRA as i32);
        for &frame in kept {
            let values = window.get(frame * width..(frame + 1) * width);
            let (vqt, mel) = values.unwrap_or_default().split_at(config.bins);
            cut.vqt.extend(vqt);
            cut.mel.extend(mel);
            cut.places.push((EXTRA + frame) as i32);
        }
    }
    Ok(cut)
}
