//! Files as samples: streamed as mono at a rate, loaded whole, or only their header read.

use std::{ops::ControlFlow, path::Path};

use super::{
    AudioError, Caveats, Channel, Incomplete,
    channel::Downmix,
    cut::cut_short,
    decode::{Decoder, FFMPEG},
    resample::Resample,
};
use mynascope_base::jobs::Cancel;

/// The longest sound that is held in memory at once, in samples (4 GiB, 18 hours at 16 kHz).
const MAX_LOADED_SAMPLES: usize = 1 << 30;

/// What a file says about its sound.
#[derive(Debug, Clone, PartialEq)]
pub struct AudioInfo {
    /// Frames a second, in Hz, as stored.
    pub sample_rate: u32,
    /// Channels as stored.
    pub channels: usize,
    /// Short name of the codec: "flac", "vorbis".
    pub codec: String,
    /// Who decodes it, for the details of a track: "Symphonia".
    pub decoder: &'static str,
    /// Length in seconds: what was decoded, or, from [`probe_file`], what the header says (0 if it
    /// doesn't; an estimate is never taken for it).
    pub duration_secs: f64,
    /// What was missing, once all was decoded; from [`probe_file`] what the header alone shows.
    pub incomplete: Option<Incomplete>,
    /// Whether the mean of the channels was asked for and they cancel in it; known once all was decoded.
    pub cancels: bool,
}

impl AudioInfo {
    /// What is worth telling of it.
    pub fn caveats(&self) -> Caveats {
        Caveats {
            incomplete: self.incomplete,
            cancels: self.cancels,
        }
    }
}

/// Decodes a file as mono (the mean over its channels, or one of them) at `rate` Hz and hands it to `sink` piece by piece, so that
/// memory stays bounded whatever the length. `ceil(frames * rate / stored rate)` samples come in all. A sample that
/// is not finite becomes silence, a packet that does not decode is left out.
///
/// # Errors
/// An [`AudioError`] if the file cannot be opened, is of no format that is decoded, is damaged from its beginning,
/// holds no sound, goes over a limit or stalls, or if `cancel` was set.
pub fn stream_mono(
    path: &Path,
    rate: u32,
    channel: Channel,
    cancel: &Cancel,
    sink: &mut dyn FnMut(&[f32]),
) -> Result<AudioInfo, AudioError> {
    let mut decoder = Decoder::open(path, cancel)?;
    let mut info = decoder.info().clone();
    let refused = |why| AudioError::damaged(path, why);
    let mut resample: Option<Resample> = None;
    let mut downmix = Downmix::new(channel);
    let mut mono = Vec::new();
    let mut frames = 0_u64;
    // Frames at each rate: a sum of many small times would not be exact.
    let mut parts: Vec<(u32, u64)> = Vec::new();
    while let Some(chunk) = decoder.next()? {
        downmix.mix(chunk.samples, chunk.channels, &mut mono);
        // A chained file may change its rate: the next part is resampled on its own.
        if let Some(old) = resample.as_mut()
            && old.rate_in() != chunk.rate
        {
            old.finish(sink).map_err(refused)?;
            resample = None;
        }
        if resample.is_none() {
            resample = Some(Resample::new(1, chunk.rate, rate).map_err(refused)?);
        }
        if frames == 0 {
            info.sample_rate = chunk.rate;
            info.channels = chunk.channels;
        }
        frames += mono.len() as u64;
        match parts.last_mut() {
            Some((rate, frames)) if *rate == chunk.rate => *frames += mono.len() as u64,
            _ => parts.push((chunk.rate, mono.len() as u64)),
        }
        if let Some(resample) = &mut resample {
            resample.push(&mono, sink).map_err(refused)?;
        }
    }
    if frames == 0 {
        let info = decoder.info();
        return Err(if info.duration_secs > 0.0 || info.decoder == FFMPEG {
            refused("nothing that stands behind its header could be decoded".to_owned())
        } else {
            AudioError::Empty {
                path: path.to_path_buf(),
            }
        });
    }
    if let Some(resample) = &mut resample {
        resample.finish(sink).map_err(refused)?;
    }
    let secs = parts
        .iter()
        .map(|&(rate, frames)| frames as f64 / f64::from(rate));
    info.duration_secs = secs.sum();
    info.cancels = channel == Channel::Mean && downmix.cancels();
    // What the header claims counts, not what came.
    info.incomplete = decoder
        .incomplete()
        .or_else(|| cut_short(path, decoder.info()));
    Ok(info)
}

/// Decodes a whole file as mono at `rate` Hz.
///
/// # Errors
/// As [`stream_mono`].
pub fn load_mono(
    path: &Path,
    rate: u32,
    channel: Channel,
    cancel: &Cancel,
) -> Result<(Vec<f32>, AudioInfo), AudioError> {
    let mut samples: Vec<f32> = Vec::new();
    let mut too_long = false;
    let info = stream_mono(path, rate, channel, cancel, &mut |piece| {
        too_long |= samples.len() + piece.len() > MAX_LOADED_SAMPLES
            || samples.try_reserve(piece.len()).is_err();
        if !too_long {
            samples.extend_from_slice(piece);
        }
    })?;
    if too_long {
        return Err(AudioError::limit(
            path,
            format!("{MAX_LOADED_SAMPLES} samples are held in memory at most"),
        ));
    }
    Ok((samples, info))
}

/// The sample rate of a file's sound in Hz: of its first samples, whatever its header says.
///
/// # Errors
/// As [`stream_mono`].
pub fn file_rate(path: &Path, cancel: &Cancel) -> Result<u32, AudioError> {
    let mut decoder = Decoder::open(path, cancel)?;
    let rate = decoder.next()?.map(|chunk| chunk.rate);
    rate.ok_or_else(|| AudioError::Empty {
        path: path.to_path_buf(),
    })
}

/// Decodes a file as mono at `rate` Hz from a sample on, counted at that rate, and hands it to `sink` piece by piece until that
/// has enough. Nothing comes of a place behind the end.
///
/// # Errors
/// As [`stream_mono`].
pub fn stream_mono_from(
    path: &Path,
    rate: u32,
    channel: Channel,
    first: u64,
    cancel: &Cancel,
    sink: &mut dyn FnMut(&[f32]) -> ControlFlow<()>,
) -> Result<(), AudioError> {
    let mut decoder = Decoder::open(path, cancel)?;
    if first > 0 {
        decoder.seek(first as f64 / f64::from(rate.max(1)))?;
    }
    let refused = |why| AudioError::damaged(path, why);
    let mut resample: Option<Resample> = None;
    let mut downmix = Downmix::new(channel);
    let (mut mono, mut ready) = (Vec::new(), Vec::new());
    loop {
        let next_rate = match decoder.next()? {
            Some(chunk) => {
                downmix.mix(chunk.samples, chunk.channels, &mut mono);
                Some(chunk.rate)
            }
            None => None,
        };
        let mut keep = |samples: &[f32]| ready.extend_from_slice(samples);
        // A chained file may change its rate: the next part is resampled on its own.
        if let Some(mut old) = resample.take_if(|old| Some(old.rate_in()) != next_rate) {
            old.finish(&mut keep).map_err(refused)?;
        }
        if let Some(next_rate) = next_rate {
            let resample = match &mut resample {
                Some(same) => same,
                none => none.insert(Resample::new(1, next_rate, rate).map_err(refused)?),
            };
            resample.push(&mono, &mut keep).map_err(refused)?;
        }
        if !ready.is_empty() && sink(&ready).is_break() || next_rate.is_none() {
            return Ok(());
        }
        ready.clear();
    }
}

/// Reads only a file's header. What it claims is not checked against the sound.
///
/// # Errors
/// An [`AudioError`] if the file cannot be opened, or if its header is damaged or of no format that is decoded.
pub fn probe_file(path: &Path) -> Result<AudioInfo, AudioError> {
    let decoder = Decoder::open(path, &Cancel::default())?;
    let mut info = decoder.info().clone();
    info.incomplete = decoder.incomplete().or_else(|| cut_short(path, &info));
    Ok(info)
}
