//! Packets of a container, each decoded by the codec that the container names: what Symphonia reads.

use std::{fs::File, ops::Range, path::Path, sync::Arc};

use symphonia::core::{
    codecs::{
        CodecParameters,
        audio::{AudioCodecParameters, well_known::CODEC_ID_AAC},
    },
    common::Limit,
    errors::Error,
    formats::{FormatOptions, FormatReader, SeekMode, SeekTo, TrackType, probe::Hint},
    io::{MediaSourceStream, MediaSourceStreamOptions},
    meta::MetadataOptions,
    packet::Packet,
    units::Timestamp,
};

use super::{
    MAX_CHANNELS, SILENT, Step, check_channels, check_rate,
    codec::{Codec, CodecKind, codec_name},
    fence::{Fence, plain},
    timeline::Timeline,
};
use crate::{
    AudioError, AudioInfo, Incomplete,
    patch::Patch,
    source::{Clock, Section, Watched},
};

/// Values (frames times channels) of one packet: decoders allocate what the header claims.
const MAX_PACKET_VALUES: u64 = 8 << 20;
/// Bytes of a tag or cover picture that the reader may keep.
const MAX_TAG_BYTES: usize = 1 << 20;
const MAX_PICTURE_BYTES: usize = 16 << 20;
/// A seek that needs no more than this many frames is made by reading on where times in the file are coarse.
const MAX_FRAMES: u64 = i64::MAX as u64;

/// The bytes that hold a stream: a part of a file, read with other bytes in some places.
pub(super) struct Input {
    pub file: File,
    /// What is read in front: the headers of a stream that goes on in its middle.
    pub head: Range<u64>,
    pub range: Range<u64>,
    pub patches: Vec<Patch>,
}

impl Input {
    /// The bytes `range` of a file.
    pub(super) fn of(file: File, range: Range<u64>) -> Self {
        Self {
            file,
            head: 0..0,
            range,
            patches: Vec::new(),
        }
    }

    /// Reads the file with other bytes in some places.
    pub(super) fn patched(mut self, patches: Vec<Patch>) -> Self {
        self.patches = patches;
        self
    }

    /// Reads other bytes of the file in front.
    pub(super) fn behind(mut self, head: Range<u64>) -> Self {
        self.head = head;
        self
    }
}

/// What the container knows about its times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Times {
    /// Packets carry the number of their first frame.
    Frames,
    /// Packets carry coarse times; frames are counted from the beginning.
    Coarse,
}

/// A container being read packet by packet.
pub(super) struct Packets {
    reader: Box<dyn FormatReader>,
    codec: Codec,
    track_id: u32,
    times: Times,
    /// The time stamp of the first frame.
    origin: i64,
    info: AudioInfo,
    timeline: Timeline,
    /// The span of the timeline that plays.
    span: usize,
    /// The frame that the next packet begins with, once that is known.
    cursor: Option<i64>,
    /// Frames before this one are left out.
    from: u64,
    /// Whether the container tells where it ends, so that an end in the middle of a packet is a cut.
    tells_end: bool,
    /// Whether packets come with their number of frames.
    packets_tell_frames: bool,
    /// Whether packets were passed over right before.
    passed_over: bool,
    /// Whether its reader finds the beginning again.
    rewinds: bool,
    ends_early: bool,
    /// Every packet tells its place to the frame, and none is missing in a whole file (FLAC).
    numbered: bool,
    /// Whether packets right before could not be decoded, in a container that tells the place of each.
    fills_gap: bool,
    /// How often packets were missing, and where first, in seconds.
    gaps: u64,
    first_gap_secs: Option<f64>,
    /// Seconds in front of the first packet that are not there by its number.
    late_secs: Option<f64>,
    /// Where the frames end by the container's own count.
    claimed: Option<u64>,
    /// Whether the container holds more sound behind its end.
    more_follows: bool,
    /// Whether the reader could not make sense of what follows.
    lost_place: bool,
    /// Seconds of one unit of time stamps, and the first stamp.
    tick_secs: f64,
    first_stamp: Option<i64>,
    /// Frames that were decoded; `None` once a place was sought.
    decoded: Option<u64>,
    ended: bool,
}

impl Packets {
    /// Reads the header of a stream and takes the first sound track that decodes; `clock` watches over every read.
    pub(super) fn open(input: Input, path: &Path, clock: &Arc<Clock>) -> Result<Self, AudioError> {
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
    pub(super) fn open_plain(
        file: File,
        length: u64,
        path: &Path,
        clock: &Arc<Clock>,
    ) -> Result<Self, AudioError> {
        Self::open(Input::of(file, 0..length), path, clock)
    }

    /// Every packet tells its place to the frame, and none is missing in a whole file (FLAC).
    pub(super) fn with_numbers(mut self) -> Self {
        self.numbered = true;
        self
    }

    /// The first packet is numbered `frame`: what stood in front of it is not there, and the sound begins with it.
    pub(super) fn beginning_at(mut self, frame: u64) -> Self {
        self.origin = self.origin.saturating_add_unsigned(frame);
        self.claimed = self.claimed.map(|claimed| claimed.saturating_sub(frame));
        let secs = frame as f64 / f64::from(self.info.sample_rate.max(1));
        self.info.duration_secs = (self.info.duration_secs - secs).max(0.0);
        self.late_secs = (frame > 0 && self.claimed.is_some()).then_some(secs);
        self
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

    /// MP4 has one name for the three layers of MPEG audio; only the packets tell which it is.
    pub(super) fn refuse_other_layers(mut self, fence: &Fence<'_>) -> Result<Self, AudioError> {
        if self.codec.kind() != CodecKind::Mpeg {
            return Ok(self);
        }
        let (reader, track_id) = (&mut self.reader, self.track_id);
        let head = fence.run(|| {
            let packet = reader.next_packet()?;
            reader.seek(
                SeekMode::Accurate,
                SeekTo::Timestamp {
                    ts: Timestamp::ZERO,
                    track_id,
                },
            )?;
            Ok(packet)
        })?;
        let data = head.map(|packet| packet.data).unwrap_or_default();
        let layer = match data.get(1).map(|second| second >> 1 & 3) {
            Some(2) => "II",
            Some(3) => "I",
            _ => return Ok(self),
        };
        let why = format!("its codec is MPEG audio layer {layer}");
        Err(AudioError::unsupported(fence.path, why))
    }

    /// Fails where the first packet of the track cannot be read or decoded; moves on behind it.
    pub(super) fn check_first_packet(&mut self, fence: &Fence<'_>) -> Result<(), AudioError> {
        /// Packets of other tracks in front of it.
        const MOST: usize = 1_000;
        let mut samples = Vec::new();
        for _ in 0..MOST {
            match self.step(&mut samples, fence)? {
                Step::Samples { .. } => return Ok(()),
                Step::Damaged(why) => return Err(AudioError::damaged(fence.path, plain(why))),
                Step::End => {
                    return Err(AudioError::Empty {
                        path: fence.path.to_path_buf(),
                    });
                }
                Step::Nothing => {}
            }
        }
        Ok(())
    }

    /// Plays what a timeline says, whose length is the file's where it is known.
    pub(super) fn with_timeline(mut self, timeline: Timeline) -> Self {
        let rate = f64::from(self.info.sample_rate.max(1));
        self.info.duration_secs = timeline.frames().map_or(0.0, |frames| frames as f64 / rate);
        self.timeline = timeline;
        self
    }

    /// Moves to where the sound begins, where that is far in: a long beginning was trimmed away.
    pub(super) fn begin(&mut self, fence: &Fence<'_>) -> Result<(), AudioError> {
        const FAR_SECS: f64 = 10.0;
        let (first, _) = self.timeline.span(0).unwrap_or_default();
        if first as f64 > FAR_SECS * f64::from(self.info.sample_rate) {
            self.seek(0.0, fence)?;
        }
        Ok(())
    }

    /// Takes the length from elsewhere; 0 where it is not known.
    pub(super) fn with_duration_secs(mut self, secs: f64) -> Self {
        self.info.duration_secs = secs;
        self
    }

    /// An end in the middle of the stream is then reported as a cut.
    pub(super) fn telling_its_end(mut self) -> Self {
        self.tells_end = true;
        self
    }

    /// Counts frames from the beginning instead of trusting times; places are found by reading.
    pub(super) fn counting_frames(mut self) -> Self {
        self.times = Times::Coarse;
        self.origin = 0;
        self
    }

    /// The beginning is then found by its reader, where frames are counted.
    pub(super) fn rewinding(mut self) -> Self {
        self.rewinds = true;
        self
    }

    /// Counts frames as [`Packets::counting_frames`] does, by the lengths that the reader finds for its packets. The count of
    /// the last page says where the sound ends; those before it are not trusted.
    pub(super) fn counting_packets(mut self) -> Self {
        self = self.counting_frames();
        self.packets_tell_frames = true;
        let before = self.codec.frames_before_sound();
        let end = self.claimed.unwrap_or(u64::MAX);
        self.timeline = Timeline::new(vec![(before, end)]);
        self
    }

    /// The codec as it is shown.
    pub(super) fn with_codec_note(mut self, note: &str) -> Self {
        self.info.codec.push_str(note);
        self
    }

    pub(super) fn info(&self) -> &AudioInfo {
        &self.info
    }

    /// The codec of the track that plays.
    pub(super) fn kind(&self) -> CodecKind {
        self.codec.kind()
    }

    /// The sound's length in units of the container's clock, as it claims it for all its tracks.
    pub(super) fn claimed_secs(&self) -> Option<f64> {
        let media = self.reader.media_info();
        let length = media.time_base?.calc_duration(media.duration?)?;
        Some(length.as_secs_f64())
    }

    /// Number of tracks of any kind.
    pub(super) fn track_count(&self) -> usize {
        self.reader.tracks().len()
    }

    /// Frames that the codec makes before the sound begins.
    pub(super) fn frames_before_sound(&self) -> u64 {
        self.codec.frames_before_sound()
    }

    pub(super) fn incomplete(&self) -> Option<Incomplete> {
        let lost = self.first_gap_secs.map(|first_secs| Incomplete::Damaged {
            packets: self.gaps,
            first_secs,
        });
        lost.or_else(|| {
            self.ends_early
                .then_some(Incomplete::EndsEarly { share: None })
        })
        .or(self.late_secs.map(|secs| Incomplete::BeginsLate { secs }))
        .or(self.more_follows.then_some(Incomplete::MoreFollows))
    }

    /// More sound stands behind the end, which is not decoded.
    pub(super) fn with_more_behind(mut self, more_follows: bool) -> Self {
        self.more_follows = more_follows;
        self
    }

    /// Number of the track that plays, as the container counts.
    pub(super) fn track_id(&self) -> u32 {
        self.track_id
    }

    /// Whether the reader could not make sense of what follows.
    pub(super) fn has_lost_its_place(&self) -> bool {
        self.lost_place
    }

    /// When the first packet sounds by its stamp, in seconds.
    pub(super) fn first_stamp_secs(&self) -> Option<f64> {
        Some(self.first_stamp? as f64 * self.tick_secs)
    }

    /// When the first packet sounds, in units of its container.
    pub(super) fn first_stamp(&self) -> Option<i64> {
        self.first_stamp
    }

    /// Frames that were decoded or passed over so far.
    pub(super) fn position(&self) -> u64 {
        self.cursor.unwrap_or_default().max(0).unsigned_abs()
    }

    /// Seconds of one unit of time stamps.
    pub(super) fn unit_secs(&self) -> f64 {
        self.tick_secs
    }

    /// Nothing at the beginning is left out: the stream goes on in its middle.
    pub(super) fn going_on(mut self) -> Self {
        let (_, end) = self.timeline.span(0).unwrap_or((0, u64::MAX));
        self.timeline = Timeline::new(vec![(0, end)]);
        self
    }

    /// Whether a seek must read the file from its beginning, and has to be given a fresh reader for it.
    pub(super) fn must_reopen(&self, secs: f64) -> bool {
        let Some((_, frame)) = self.find(secs) else {
            return false;
        };
        let passed = self
            .cursor
            .is_some_and(|cursor| cursor > frame.cast_signed());
        self.times == Times::Coarse && !self.rewinds && (passed || self.ended)
    }

    fn find(&self, secs: f64) -> Option<(usize, u64)> {
        let frame = (secs * f64::from(self.info.sample_rate)).round() as u64;
        self.timeline.find(frame.min(MAX_FRAMES))
    }

    /// Moves to a time in seconds; `false` where that is behind the end.
    pub(super) fn seek(&mut self, secs: f64, fence: &Fence<'_>) -> Result<bool, AudioError> {
        let Some((span, frame)) = self.find(secs) else {
            return Ok(false);
        };
        self.span = span;
        self.ended = false;
        self.seek_frame(frame, fence)
    }

    /// Goes on at a decoded frame.
    fn seek_frame(&mut self, frame: u64, fence: &Fence<'_>) -> Result<bool, AudioError> {
        self.from = frame;
        self.decoded = None;
        // Codecs need some packets before they are back in step.
        let mut start = frame.saturating_sub(self.codec.frames_to_settle());
        if self.times == Times::Coarse {
            let passed = self
                .cursor
                .is_some_and(|cursor| cursor > start.cast_signed());
            if !self.rewinds || !passed {
                return Ok(true);
            }
            start = 0;
        }
        let start = Timestamp::new(start.cast_signed().saturating_add(self.origin));
        let track_id = self.track_id;
        let reader = &mut self.reader;
        let found = fence.catch(|| {
            reader.seek(
                SeekMode::Accurate,
                SeekTo::Timestamp {
                    ts: start,
                    track_id,
                },
            )
        })?;
        match found {
            Ok(_) => {
                self.codec.reset();
                self.cursor = None;
                Ok(true)
            }
            Err(Error::SeekError(_)) => Ok(false),
            Err(Error::IoError(error)) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                Ok(false)
            }
            Err(error) => Err(fence.sort(&error)),
        }
    }

    /// Decodes one packet into `samples`, interleaved.
    pub(super) fn step(
        &mut self,
        samples: &mut Vec<f32>,
        fence: &Fence<'_>,
    ) -> Result<Step, AudioError> {
        samples.clear();
        if self.ended {
            return Ok(Step::End);
        }
        let reader = &mut self.reader;
        let packet = match fence.catch(|| reader.next_packet())? {
            Ok(Some(packet)) => packet,
            Ok(None) => {
                self.end();
                return Ok(Step::End);
            }
            // A file that was cut short plays up to the cut.
            Err(Error::IoError(error)) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                self.end();
                self.ends_early |= self.tells_end;
                return Ok(Step::End);
            }
            Err(Error::DecodeError(why)) => {
                self.lost_place = true;
                return Ok(Step::Damaged(why));
            }
            // The next part of a chained file.
            Err(Error::ResetRequired) => {
                self.end();
                return Ok(Step::End);
            }
            Err(error) => return Err(fence.sort(&error)),
        };
        if packet.track_id != self.track_id {
            return Ok(Step::Nothing);
        }
        if self.first_stamp.is_none() {
            // What the first packet of Vorbis would have given is not there.
            let prepared = packet.trim_start.get().cast_signed();
            let early = if self.codec.is_vorbis() { prepared } else { 0 };
            self.first_stamp = Some(packet.pts.get().saturating_add(early));
        }
        if self.times == Times::Coarse && self.pass_over(&packet) {
            fence.clock.progress();
            self.passed_over = true;
            return Ok(Step::Nothing);
        }
        let resumes = std::mem::take(&mut self.passed_over);
        if resumes {
            self.codec.reset();
        }
        let (channels, rate) = match self.codec.decode(&packet, samples, fence)? {
            Ok(shape) => shape,
            Err(why) => {
                // The next packet tells where it stands.
                self.fills_gap = self.times == Times::Frames;
                return Ok(Step::Damaged(why));
            }
        };
        if channels == 0 || channels > MAX_CHANNELS {
            samples.clear();
            return Ok(Step::Nothing);
        }
        if samples.is_empty() && self.times == Times::Frames {
            // The first packet after a seek only prepares the next one, which tells where it stands.
            self.cursor = None;
            return Ok(Step::Nothing);
        }
        if samples.is_empty() && resumes {
            let frames = packet.block_dur().get().cast_signed();
            self.cursor = self.cursor.map(|cursor| cursor.saturating_add(frames));
            return Ok(Step::Nothing);
        }
        self.trim(&packet, samples, channels, fence)?;
        Ok(if samples.is_empty() {
            // Sound that is passed over on the way to a place is progress, too.
            fence.clock.progress();
            Step::Nothing
        } else {
            Step::Samples { channels, rate }
        })
    }

    /// The packets are over. A stream that is whole brings what its container counts.
    fn end(&mut self) {
        /// Counts that are off by less are common, and nothing is missing that could be heard.
        const SLACK_SECS: f64 = 0.2;
        self.ended = true;
        let slack = (SLACK_SECS * f64::from(self.info.sample_rate)) as i64;
        if let (Some(claimed), Some(cursor), true) = (self.claimed, self.cursor, self.tells_end) {
            let end = claimed.min(MAX_FRAMES).cast_signed();
            self.ends_early |= cursor.saturating_add(slack) < end;
        }
        // The count of samples is exact where packets are numbered.
        if let (Some(claimed), true, true) = (self.claimed, self.numbered, self.gaps == 0) {
            let position = self.position();
            if position > 0 && position < claimed {
                self.ends_early = true;
            } else if self.decoded.is_some_and(|decoded| decoded < claimed) && position == claimed {
                self.gaps = 1;
                self.first_gap_secs = Some(0.0);
            }
        }
    }

    /// Whether a packet lies so far before the sought place that it need not be decoded.
    fn pass_over(&mut self, packet: &Packet) -> bool {
        let told =
            (self.packets_tell_frames && self.cursor.is_some()).then(|| packet.block_dur().get());
        let Some(frames) = self.codec.frames_of(&packet.data).or(told) else {
            return false;
        };
        let start = self.cursor.unwrap_or_default();
        let stop = start.saturating_add(frames.cast_signed());
        let needed = self.from.saturating_sub(self.codec.frames_to_settle());
        let early = stop < needed.cast_signed();
        if early {
            self.cursor = Some(stop);
        }
        early
    }

    /// Frames that are missing in front of a packet become silence, so that what follows keeps its time.
    fn fill_gap(&mut self, packet: &Packet, start: i64, samples: &mut Vec<f32>, channels: usize) {
        /// Longer gaps are reported, too, but not filled.
        const MOST_SECS: i64 = 600;
        let fills_gap = std::mem::take(&mut self.fills_gap);
        if !self.numbered && !fills_gap {
            return;
        }
        let gap = packet
            .pts
            .get()
            .saturating_sub(self.origin)
            .saturating_sub(start);
        if gap <= 0 {
            return;
        }
        let rate = i64::from(self.info.sample_rate.max(1));
        if self.numbered {
            self.gaps += 1;
            self.first_gap_secs
                .get_or_insert(start as f64 / rate as f64);
        }
        if gap <= MOST_SECS * rate {
            let silence = std::iter::repeat_n(0.0, gap as usize * channels);
            samples.splice(..0, silence);
        }
    }

    /// Leaves of a packet's frames what is to be heard.
    fn trim(
        &mut self,
        packet: &Packet,
        samples: &mut Vec<f32>,
        channels: usize,
        fence: &Fence<'_>,
    ) -> Result<(), AudioError> {
        let frames = (samples.len() / channels) as u64;
        let (early, late) = (packet.trim_start.get(), packet.trim_end.get());
        // Some decoders trim what their container asks for, some leave it to the caller.
        let asked = early + late > 0 && !self.packets_tell_frames;
        if asked && frames == packet.block_dur().get() {
            let keep = frames.saturating_sub(late);
            samples.truncate(keep as usize * channels);
            samples.drain(..(early.min(keep) as usize) * channels);
        }
        let start = self.cursor.unwrap_or_else(|| match self.times {
            Times::Frames => packet
                .pts
                .get()
                .saturating_add(early.cast_signed())
                .saturating_sub(self.origin),
            Times::Coarse => 0,
        });
        if let Some(decoded) = &mut self.decoded {
            *decoded += (samples.len() / channels) as u64;
        }
        self.fill_gap(packet, start, samples, channels);
        let frames = (samples.len() / channels) as u64;
        let stop = start.saturating_add(frames.cast_signed());
        self.cursor = Some(stop);
        let Some((first, last)) = self.timeline.span(self.span) else {
            samples.clear();
            self.ended = true;
            return Ok(());
        };
        let last = last.min(MAX_FRAMES).cast_signed();
        if stop > last {
            let keep = last.saturating_sub(start).max(0);
            samples.truncate(keep as usize * channels);
        }
        let first = first.max(self.from).min(MAX_FRAMES).cast_signed();
        let before = first.saturating_sub(start).max(0) as usize;
        samples.drain(..before.saturating_mul(channels).min(samples.len()));
        if stop >= last {
            self.span += 1;
            match self.timeline.span(self.span) {
                Some((next, _)) => self.ended = !self.seek_frame(next, fence)?,
                None => self.ended = true,
            }
        }
        Ok(())
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
