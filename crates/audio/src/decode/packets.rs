//! Packets of a container, each decoded by the codec that the container names: what Symphonia reads.

use std::{path::Path, sync::Arc};

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

use super::{MAX_CHANNELS, MAX_RATE, Step, check_shape, fence::Fence};
use crate::{
    AudioError, AudioInfo,
    source::{Clock, Watched},
};

/// Values (frames times channels) of one packet: decoders allocate what the header claims.
const MAX_PACKET_VALUES: u64 = 8 << 20;
/// Bytes of a tag or cover picture that the reader may keep.
const MAX_TAG_BYTES: usize = 1 << 20;
const MAX_PICTURE_BYTES: usize = 16 << 20;

/// A container being read packet by packet.
pub(super) struct Packets {
    reader: Box<dyn FormatReader>,
    decoder: Box<dyn AudioDecoder>,
    track_id: u32,
    time_base: Option<TimeBase>,
    info: AudioInfo,
    /// Seconds of the place that was sought: packets start before it and are trimmed to it.
    trim_to_secs: Option<f64>,
}

impl Packets {
    /// Reads the header of an opened file of `length` bytes; `clock` watches over every read.
    pub(super) fn open(
        file: std::fs::File,
        length: u64,
        path: &Path,
        clock: &Arc<Clock>,
    ) -> Result<Self, AudioError> {
        let source = Watched::new(file, Some(length), Arc::clone(clock));
        let stream = MediaSourceStream::new(Box::new(source), MediaSourceStreamOptions::default());
        let mut hint = Hint::new();
        if let Some(ending) = path.extension().and_then(|ending| ending.to_str()) {
            hint.with_extension(&ending.to_ascii_lowercase());
        }
        let tags = MetadataOptions::default()
            .limit_tag_bytes(Limit::Maximum(MAX_TAG_BYTES))
            .limit_visual_bytes(Limit::Maximum(MAX_PICTURE_BYTES));
        let fence = Fence { path, clock };
        let reader = fence.run(|| {
            symphonia::default::get_probe().probe(&hint, stream, FormatOptions::default(), tags)
        })?;
        let track = Track::of(&*reader, &fence)?;
        Ok(Self {
            reader,
            decoder: track.decoder,
            track_id: track.id,
            time_base: track.time_base,
            info: track.info,
            trim_to_secs: None,
        })
    }

    pub(super) fn info(&self) -> &AudioInfo {
        &self.info
    }

    /// Moves to a time in seconds; `false` where that is behind the end.
    pub(super) fn seek(&mut self, secs: f64, fence: &Fence<'_>) -> Result<bool, AudioError> {
        let Some(time) = Time::try_from_secs_f64(secs) else {
            return Ok(false);
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
                Ok(true)
            }
            Err(Error::SeekError(_)) => Ok(false),
            Err(error) => Err(fence.sort(&error)),
        }
    }

    /// Decodes one packet into `samples`, interleaved.
    pub(super) fn step(
        &mut self,
        samples: &mut Vec<f32>,
        fence: &Fence<'_>,
    ) -> Result<Step, AudioError> {
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
                let track = Track::of(&*self.reader, fence)?;
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
                decoder: "Symphonia",
                duration_secs: claimed_secs.unwrap_or_default(),
                incomplete: None,
                cancels: false,
            },
            decoder,
        })
    }
}

/// Refuses what a header claims before anything is allocated for it.
fn check_claims(path: &Path, claims: &AudioCodecParameters) -> Result<(), AudioError> {
    let channels = claims.channels.as_ref().map_or(1, |set| set.count());
    check_shape(path, claims.sample_rate.unwrap_or(MAX_RATE), channels)?;
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
