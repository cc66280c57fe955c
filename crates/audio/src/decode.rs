use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::Arc,
};

use symphonia::core::{
    codecs::{
        CodecParameters,
        audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions, well_known},
    },
    common::Limit,
    errors::Error,
    formats::{FormatOptions, FormatReader, SeekMode, SeekTo, TrackType, probe::Hint},
    io::{MediaSourceStream, MediaSourceStreamOptions},
    meta::MetadataOptions,
    units::{Time, TimeBase},
};

use super::{
    AudioError, AudioInfo,
    repair::patches,
    source::{Clock, STALL_LIMIT, Watched, open_regular},
};
use mynascope_base::jobs::{Cancel, panic_message};

/// Sample rates in Hz that are believed. The lowest bounds how much longer a file may get by resampling.
const MIN_RATE: u32 = 1_000;
const MAX_RATE: u32 = 768_000;
/// Channels that are believed.
const MAX_CHANNELS: usize = 64;
/// Values (frames times channels) of one packet: decoders allocate what the header claims.
const MAX_PACKET_VALUES: u64 = 8 << 20;
/// Bytes of a tag or cover picture that the reader may keep.
const MAX_TAG_BYTES: usize = 1 << 20;
const MAX_PICTURE_BYTES: usize = 16 << 20;
/// Undecodable packets in a row (26 s of MP3) after which a file counts as damaged.
const MAX_DAMAGED_IN_A_ROW: u32 = 1_000;
/// Louder samples (80 dB over full scale) are garbage, whose square would not be finite.
const MAX_LEVEL: f32 = 1e4;

/// Samples of one packet.
pub(super) struct Chunk<'a> {
    /// Interleaved, [frames, channels].
    pub samples: &'a [f32],
    pub channels: usize,
    /// In Hz; may change within a chained file.
    pub rate: u32,
}

/// A file being decoded packet by packet.
pub(super) struct Decoder {
    path: PathBuf,
    clock: Arc<Clock>,
    reader: Box<dyn FormatReader>,
    decoder: Box<dyn AudioDecoder>,
    track_id: u32,
    time_base: Option<TimeBase>,
    info: AudioInfo,
    samples: Vec<f32>,
    /// Seconds that the next packets start before the place that was sought.
    trim_to_secs: Option<f64>,
    ended: bool,
}

impl Decoder {
    /// Opens a file and reads its header.
    pub(super) fn open(path: &Path, cancel: &Cancel) -> Result<Self, AudioError> {
        cancel.check()?;
        let (mut file, length) = open_regular(path)?;
        let patches =
            patches(&mut file, length).map_err(|error| AudioError::from_io(path, &error))?;
        let clock = Clock::new(cancel, STALL_LIMIT);
        let source = Watched::new(file, Some(length), Arc::clone(&clock)).patched(patches);
        let stream = MediaSourceStream::new(Box::new(source), MediaSourceStreamOptions::default());
        let mut hint = Hint::new();
        if let Some(ending) = path.extension().and_then(|ending| ending.to_str()) {
            hint.with_extension(&ending.to_ascii_lowercase());
        }
        let tags = MetadataOptions::default()
            .limit_tag_bytes(Limit::Maximum(MAX_TAG_BYTES))
            .limit_visual_bytes(Limit::Maximum(MAX_PICTURE_BYTES));
        let fence = Fence {
            path,
            clock: &clock,
        };
        let reader = fence.run(|| {
            symphonia::default::get_probe().probe(&hint, stream, FormatOptions::default(), tags)
        })?;
        let track = Track::of(&*reader, &fence)?;
        Ok(Self {
            path: path.to_path_buf(),
            reader,
            decoder: track.decoder,
            track_id: track.id,
            time_base: track.time_base,
            info: track.info,
            samples: Vec::new(),
            trim_to_secs: None,
            ended: false,
            clock,
        })
    }

    /// What the header claims.
    pub(super) fn info(&self) -> &AudioInfo {
        &self.info
    }

    /// The next samples, or `None` at the end. Packets that do not decode are skipped up to a limit. Samples that
    /// are not finite are silence.
    pub(super) fn next(&mut self) -> Result<Option<Chunk<'_>>, AudioError> {
        let mut damaged = 0;
        // Time that the caller let pass is not the file's fault.
        self.clock.progress();
        while !self.ended {
            self.clock.check(&self.path)?;
            match self.step() {
                Ok(Step::Samples { channels, rate }) => {
                    self.clock.progress();
                    return Ok(Some(Chunk {
                        samples: &self.samples,
                        channels,
                        rate,
                    }));
                }
                Ok(Step::Nothing) => {}
                Ok(Step::End) => self.ended = true,
                Ok(Step::Damaged(why)) => {
                    damaged += 1;
                    if damaged > MAX_DAMAGED_IN_A_ROW {
                        self.ended = true;
                        return Err(AudioError::damaged(&self.path, why));
                    }
                }
                Err(error) => {
                    // After a panic the decoder's state cannot be trusted.
                    self.ended = true;
                    return Err(error);
                }
            }
        }
        Ok(None)
    }

    /// Moves to a time in seconds; the next samples begin there to the frame (past the end there are none).
    pub(super) fn seek(&mut self, secs: f64) -> Result<(), AudioError> {
        let secs = if secs.is_finite() { secs.max(0.0) } else { 0.0 };
        let Some(time) = Time::try_from_secs_f64(secs) else {
            self.ended = true;
            return Ok(());
        };
        self.clock.progress();
        let fence = Fence {
            path: &self.path,
            clock: &self.clock,
        };
        let track_id = self.track_id;
        let reader = &mut self.reader;
        let found = fence.catch(|| {
            reader.seek(
                SeekMode::Accurate,
                SeekTo::Time {
                    time,
                    track_id: Some(track_id),
                },
            )
        })?;
        match found {
            Ok(_) => {
                self.decoder.reset();
                self.trim_to_secs = Some(secs);
                self.ended = false;
                Ok(())
            }
            Err(Error::SeekError(_)) => {
                self.ended = true;
                Ok(())
            }
            Err(error) => Err(fence.sort(&error)),
        }
    }

    fn step(&mut self) -> Result<Step, AudioError> {
        let fence = Fence {
            path: &self.path,
            clock: &self.clock,
        };
        let reader = &mut self.reader;
        let packet = match fence.catch(|| reader.next_packet())? {
            Ok(Some(packet)) => packet,
            Ok(None) => return Ok(Step::End),
            // A file that was cut short plays up to the cut.
            Err(Error::IoError(error)) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                return Ok(Step::End);
            }
            Err(Error::DecodeError(why)) => return Ok(Step::Damaged(why)),
            // The next part of a chained file.
            Err(Error::ResetRequired) => {
                let track = Track::of(&*self.reader, &fence)?;
                self.decoder = track.decoder;
                self.track_id = track.id;
                self.time_base = track.time_base;
                return Ok(Step::Nothing);
            }
            Err(error) => return Err(fence.sort(&error)),
        };
        if packet.track_id != self.track_id {
            return Ok(Step::Nothing);
        }
        let decoder = &mut self.decoder;
        let samples = &mut self.samples;
        let decoded = fence.catch(|| {
            decoder.decode(&packet).map(|buffer| {
                let (channels, rate) = (buffer.num_planes(), buffer.spec().rate());
                if channels > 0 && channels <= MAX_CHANNELS {
                    buffer.copy_to_vec_interleaved(samples);
                } else {
                    samples.clear();
                }
                (channels, rate)
            })
        })?;
        let (channels, rate) = match decoded {
            Ok(shape) => shape,
            Err(Error::DecodeError(why)) => return Ok(Step::Damaged(why)),
            Err(Error::IoError(_)) => return Ok(Step::Damaged("a packet ends too early")),
            Err(Error::ResetRequired) => {
                self.decoder.reset();
                return Ok(Step::Damaged("the decoder lost its place"));
            }
            Err(error) => return Err(fence.sort(&error)),
        };
        if samples.is_empty() {
            return Ok(Step::Nothing);
        }
        if !(MIN_RATE..=MAX_RATE).contains(&rate) {
            return Err(AudioError::limit(
                &self.path,
                format!("its sample rate changes to {rate} Hz"),
            ));
        }
        for sample in samples.iter_mut() {
            if !sample.is_finite() || sample.abs() > MAX_LEVEL {
                *sample = 0.0;
            }
        }
        if let (Some(wanted), Some(base)) = (self.trim_to_secs, self.time_base) {
            let start = base.calc_time_saturating(packet.pts).as_secs_f64();
            let early = ((wanted - start) * f64::from(rate)).round().max(0.0) as usize;
            let values = early.saturating_mul(channels).min(samples.len());
            samples.drain(..values);
            if samples.is_empty() {
                return Ok(Step::Nothing);
            }
            self.trim_to_secs = None;
        }
        Ok(Step::Samples { channels, rate })
    }
}

enum Step {
    Samples { channels: usize, rate: u32 },
    Nothing,
    Damaged(&'static str),
    End,
}

/// The track of a file that is decoded.
struct Track {
    id: u32,
    time_base: Option<TimeBase>,
    decoder: Box<dyn AudioDecoder>,
    info: AudioInfo,
}

impl Track {
    fn of(reader: &dyn FormatReader, fence: &Fence<'_>) -> Result<Self, AudioError> {
        let path = fence.path;
        let track = reader
            .default_track(TrackType::Audio)
            .ok_or_else(|| AudioError::unsupported(path, "it has no sound track"))?;
        let Some(CodecParameters::Audio(parameters)) = &track.codec_params else {
            return Err(AudioError::unsupported(path, "its codec is not known"));
        };
        if parameters.codec == well_known::CODEC_ID_OPUS {
            return Err(AudioError::unsupported(path, "its codec is Opus"));
        }
        check_claims(path, parameters)?;
        let decoder = fence.run(|| {
            symphonia::default::get_codecs()
                .make_audio_decoder(parameters, &AudioDecoderOptions::default())
        })?;
        let sample_rate = parameters.sample_rate.unwrap_or_default();
        let claimed_secs = track
            .num_frames
            .filter(|_| sample_rate > 0)
            .map(|frames| frames as f64 / f64::from(sample_rate))
            .or_else(|| {
                let length = track.time_base?.calc_duration(track.duration?)?;
                Some(length.as_secs_f64())
            });
        Ok(Self {
            id: track.id,
            time_base: track.time_base,
            info: AudioInfo {
                sample_rate,
                channels: parameters.channels.as_ref().map_or(0, |set| set.count()),
                codec: decoder.codec_info().short_name.to_owned(),
                duration_secs: claimed_secs.unwrap_or_default(),
            },
            decoder,
        })
    }
}

/// Refuses what a header claims before anything is allocated for it.
fn check_claims(path: &Path, claims: &AudioCodecParameters) -> Result<(), AudioError> {
    if let Some(rate) = claims.sample_rate
        && !(MIN_RATE..=MAX_RATE).contains(&rate)
    {
        return Err(AudioError::limit(
            path,
            format!("it claims {rate} Hz; {MIN_RATE} to {MAX_RATE} Hz are read"),
        ));
    }
    let channels = claims.channels.as_ref().map_or(1, |set| set.count());
    if !(1..=MAX_CHANNELS).contains(&channels) {
        return Err(AudioError::limit(
            path,
            format!("it claims {channels} channels; 1 to {MAX_CHANNELS} are read"),
        ));
    }
    let values = claims
        .max_frames_per_packet
        .unwrap_or_default()
        .saturating_mul(channels as u64);
    if values > MAX_PACKET_VALUES {
        return Err(AudioError::limit(
            path,
            format!("it claims packets of {values} samples; {MAX_PACKET_VALUES} are read"),
        ));
    }
    Ok(())
}

/// The boundary between this program and a decoder of untrusted bytes: panics and errors become [`AudioError`].
struct Fence<'a> {
    path: &'a Path,
    clock: &'a Clock,
}

impl Fence<'_> {
    fn catch<T>(
        &self,
        work: impl FnOnce() -> Result<T, Error>,
    ) -> Result<Result<T, Error>, AudioError> {
        catch_unwind(AssertUnwindSafe(work)).map_err(|payload| {
            let why = panic_message(&*payload);
            AudioError::damaged(self.path, format!("its decoder gave up ({why})"))
        })
    }

    fn run<T>(&self, work: impl FnOnce() -> Result<T, Error>) -> Result<T, AudioError> {
        self.catch(work)?.map_err(|error| self.sort(&error))
    }

    /// Sorts a decoder's error by what the user can do.
    fn sort(&self, error: &Error) -> AudioError {
        // A read that the clock ended comes back in many shapes: ask the clock first.
        if let Err(stopped) = self.clock.check(self.path) {
            return stopped;
        }
        match error {
            Error::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                AudioError::damaged(self.path, "it ends in the middle of its header")
            }
            Error::IoError(error) => AudioError::from_io(self.path, error),
            Error::DecodeError(why) => AudioError::damaged(self.path, *why),
            // The decoder's words for these speak of its own parts.
            Error::Unsupported("core (probe): no suitable format reader found") => {
                AudioError::unsupported(self.path, "no known sound format is found in it")
            }
            Error::Unsupported("core (codec): unsupported audio codec") => {
                AudioError::unsupported(self.path, "its codec is not decoded")
            }
            Error::Unsupported(why) => AudioError::unsupported(self.path, *why),
            Error::LimitError(why) => AudioError::limit(self.path, *why),
            _ => AudioError::damaged(self.path, error.to_string()),
        }
    }
}
