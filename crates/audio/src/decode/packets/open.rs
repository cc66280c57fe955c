//! Opening a stream: its header, and the first sound track that decodes.

use std::{fs::File, ops::Range, path::Path, sync::Arc};

use symphonia::core::{
    codecs::{
        CodecParameters,
        audio::{AudioCodecParameters, well_known::CODEC_ID_AAC},
    },
    common::Limit,
    formats::{FormatOptions, FormatReader, TrackType, probe::Hint},
    io::{MediaSourceStream, MediaSourceStreamOptions},
    meta::MetadataOptions,
};

use super::{
    super::{
        SILENT, check_channels, check_rate,
        codec::{Codec, codec_name},
        fence::Fence,
        timeline::Timeline,
    },
    Packets, Times,
};
use crate::{
    AudioError, AudioInfo,
    patch::Patch,
    source::{Clock, Section, Watched},
};

/// Values (frames times channels) of one packet: decoders allocate what the header claims.
const MAX_PACKET_VALUES: u64 = 8 << 20;
/// Bytes of a tag or cover picture that the reader may keep.
const MAX_TAG_BYTES: usize = 1 << 20;
const MAX_PICTURE_BYTES: usize = 16 << 20;

/// The bytes that hold a stream: a part of a file, read with other bytes in some places.
pub(in super::super) struct Input {
    pub file: File,
    /// What is read in front: the headers of a stream that goes on in its middle.
    pub head: Range<u64>,
    pub range: Range<u64>,
    pub patches: Vec<Patch>,
}

impl Input {
    /// The bytes `range` of a file.
    pub(in super::super) fn of(file: File, range: Range<u64>) -> Self {
        Self {
            file,
            head: 0..0,
            range,
            patches: Vec::new(),
        }
    }

    /// Reads the file with other bytes in some places.
    pub(in super::super) fn patched(mut self, patches: Vec<Patch>) -> Self {
        self.patches = patches;
        self
    }

    /// Reads other bytes of the file in front.
    pub(in super::super) fn behind(mut self, head: Range<u64>) -> Self {
        self.head = head;
        self
    }
}

impl Packets {
    /// Reads the header of a stream and takes the first sound track that decodes; `clock` watches over every read.
    pub(in super::super) fn open(
        input: Input,
        path: &Path,
        clock: &Arc<Clock>,
    ) -> Result<Self, AudioError> {
        let fence = Fence { path, clock };
        let section = Section::new(input.file, input.head, input.range);
        let length = section.length();
        let source = Watched::new(section, Some(length), Arc::clone(clock)).patched(input.patches);
        let stream = MediaSourceStream::new(Box::new(source), MediaSourceStreamOptions::default());
        let tags = MetadataOptions::default()
            .limit_tag_bytes(Limit::Maximum(MAX_TAG_BYTES))
            .limit_visual_bytes(Limit::Maximum(MAX_PICTURE_BYTES));
        let reader = fence.run(|| {
            symphonia::default::get_probe().probe(
                &Hint::new(),
                stream,
                FormatOptions::default(),
                tags,
            )
        })?;
        Self::of(reader, &fence)
    }

    /// Reads the header of a file that needs nothing special.
    pub(in super::super) fn open_plain(
        file: File,
        length: u64,
        path: &Path,
        clock: &Arc<Clock>,
    ) -> Result<Self, AudioError> {
        Self::open(Input::of(file, 0..length), path, clock)
    }

    fn of(reader: Box<dyn FormatReader>, fence: &Fence<'_>) -> Result<Self, AudioError> {
        let path = fence.path;
        let mut refused = None;
        let tracks = reader
            .tracks()
            .iter()
            .filter(|track| match &track.codec_params {
                Some(parameters) => matches!(parameters, CodecParameters::Audio(_)),
                None => false,
            });
        let mut first_name = None;
        for (index, track) in tracks.enumerate() {
            let Some(CodecParameters::Audio(parameters)) = &track.codec_params else {
                continue;
            };
            let name = codec_name(parameters);
            let codec =
                check_claims(path, parameters).and_then(|()| Codec::new(parameters, &name, fence));
            let codec = match codec {
                Ok(codec) => codec,
                Err(error) => {
                    first_name.get_or_insert(name);
                    refused.get_or_insert(error);
                    continue;
                }
            };
            // A container may name the rate of what HE-AAC would give.
            let sample_rate = codec.rate().or(parameters.sample_rate).unwrap_or_default();
            check_rate(path, sample_rate)?;
            let exact = track.time_base.is_none_or(|base| {
                sample_rate > 0 && base.numer.get() == 1 && base.denom.get() == sample_rate
            });
            // What the first packet of Vorbis would have given belongs to what lies before the stream.
            let delay = track
                .delay
                .filter(|_| codec.is_vorbis())
                .unwrap_or_default();
            let start = track.start_ts.get().saturating_add(i64::from(delay)).max(0);
            let frames = track
                .num_frames
                .filter(|_| sample_rate > 0 && parameters.sample_rate == Some(sample_rate))
                .map(|frames| frames.saturating_sub(start.unsigned_abs()));
            let claimed_secs = frames.map_or_else(
                || {
                    let length = track.time_base?.calc_duration(track.duration?)?;
                    Some(length.as_secs_f64())
                },
                |frames| Some(frames as f64 / f64::from(sample_rate)),
            );
            let skipped = codec.frames_before_sound();
            let skipped_secs = skipped as f64 / f64::from(sample_rate.max(1));
            let mut info = AudioInfo {
                sample_rate,
                channels: parameters.channels.as_ref().map_or(0, |set| set.count()),
                codec: codec.short_name().to_owned(),
                decoder: codec.library(),
                duration_secs: (claimed_secs.unwrap_or_default() - skipped_secs).max(0.0),
                incomplete: None,
                cancels: false,
            };
            if let Some(first) = &first_name {
                info.codec = format!(
                    "{}, sound track {} (the first is {first})",
                    info.codec,
                    index + 1
                );
            }
            return Ok(Self {
                track_id: track.id,
                times: if exact { Times::Frames } else { Times::Coarse },
                origin: if exact { start } else { 0 },
                codec,
                info,
                timeline: Timeline::new(vec![(skipped, u64::MAX)]),
                span: 0,
                cursor: None,
                from: 0,
                tells_end: false,
                packets_tell_frames: false,
                passed_over: false,
                rewinds: false,
                claimed: frames,
                ends_early: false,
                numbered: false,
                fills_gap: false,
                gaps: 0,
                first_gap_secs: None,
                late_secs: None,
                more_follows: false,
                lost_place: false,
                tick_secs: track.time_base.map_or(0.0, |base| {
                    f64::from(base.numer.get()) / f64::from(base.denom.get())
                }),
                first_stamp: None,
                decoded: Some(0),
                ended: false,
                reader,
            });
        }
        Err(refused.unwrap_or_else(|| {
            let is_unknown = reader.default_track(TrackType::Audio).is_some()
                || reader
                    .tracks()
                    .iter()
                    .any(|track| track.codec_params.is_none());
            if is_unknown {
                AudioError::unsupported(path, "its codec is not known")
            } else {
                AudioError::no_sound(path, SILENT)
            }
        }))
    }
}

/// Refuses what a header claims before anything is allocated for it.
fn check_claims(path: &Path, claims: &AudioCodecParameters) -> Result<(), AudioError> {
    // MP4 has no room for rates from 65,536 Hz on; then the codec's own header tells.
    let told_by_codec = claims.codec == CODEC_ID_AAC && claims.extra_data.is_some();
    if let Some(rate) = claims.sample_rate
        && !(rate == 0 && told_by_codec)
    {
        check_rate(path, rate)?;
    }
    let channels = claims.channels.as_ref().map_or(1, |set| set.count());
    check_channels(path, channels)?;
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
