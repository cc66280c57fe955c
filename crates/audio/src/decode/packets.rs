//! Packets of a container, each decoded by the codec that the container names: what Symphonia reads.

mod open;
mod play;

use symphonia::core::{
    formats::{FormatReader, SeekMode, SeekTo},
    units::Timestamp,
};

pub(super) use self::open::Input;
use super::{
    Step,
    codec::{Codec, CodecKind},
    fence::{Fence, plain},
    timeline::Timeline,
};
use crate::{AudioError, AudioInfo, Incomplete};

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
        // The first page of an Opus that was cut out of another counts less than it holds. All of it is heard, as by ffmpeg.
        let tracks = self.reader.tracks().iter();
        let mut starts = tracks.filter(|track| track.id == self.track_id);
        let start = starts.next().map_or(0, |track| track.start_ts.get());
        if start < 0 && self.codec.kind() == CodecKind::Opus {
            let early = start.unsigned_abs();
            self.claimed = self.claimed.map(|end| end.saturating_add(early));
            self.info.duration_secs += early as f64 / f64::from(self.info.sample_rate.max(1));
        }
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
}
