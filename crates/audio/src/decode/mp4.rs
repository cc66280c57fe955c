//! What an MP4, M4A, QuickTime or 3GP file says of its sound tracks' times: lengths, edit lists, and the padding that
//! encoders leave (iTunSMPB). Symphonia reads the packets.
//!
//! What of symphonia-format-isomp4 0.6.1 is worked around here: "edit lists (elst) and iTunSMPB are ignored: `delay` and
//! `padding` of a track stay None, AAC starts 1024 to 2112 samples late"; "`duration` of a fragmented file is Some(0)";
//! "`sample_rate` is Some(0) for AAC at 88.2 and 96 kHz, which the 16.16 field cannot hold"; "in24, in32 and fl32 are read
//! little-endian whatever `enda` says"; "seek fails where another track ends earlier".
//!
//! Boxes and fields: ISO/IEC 14496-12; the audio configuration: ISO/IEC 14496-3, 1.6.2.1.

mod boxes;

use std::{ffi::OsStr, fs::File, io};

use self::boxes::Walk;
use super::{
    Refused, SILENT,
    fence::Fence,
    foreign::Facts,
    packets::{Input, Packets},
    timeline::Timeline,
};
use crate::{AudioError, Incomplete, patch::Patch};

const INDEX_IS_CUT: &str = "its table of contents is cut off, as where a download broke off";

/// One sound track.
#[derive(Debug, Clone, Default)]
pub(super) struct SoundTrack {
    pub id: u32,
    /// Four letters that name the codec, such as "mp4a".
    pub codec: [u8; 4],
    /// PCM of a kind that QuickTime stores with the highest byte first, which symphonia-format-isomp4 0.6.1 doesn't see.
    is_big_endian: bool,
    /// Units of media time a second.
    scale: u32,
    /// Length of all packets in media time, where the tables tell it.
    length: Option<u64>,
    edits: Vec<Edit>,
    /// Sample duration of fragments that tell none.
    fragment_default: u32,
}

/// One entry of an edit list; `start` in media time (below 0: nothing plays), `length` in movie time.
#[derive(Debug, Clone, Copy)]
struct Edit {
    length: u64,
    start: i64,
}

/// What iTunes and its successors write about an encoder's delay.
#[derive(Debug, Clone, Copy)]
struct Padding {
    delay: u64,
    frames: u64,
}

/// What a file says of its sound.
#[derive(Debug, Default)]
pub(super) struct Movie {
    /// Units of movie time a second.
    scale: u32,
    pub tracks: Vec<SoundTrack>,
    more_follows: bool,
    /// Whether the index ("moov") reaches beyond the end of the file.
    index_is_cut: bool,
    padding: Option<Padding>,
    /// Where the names of all tracks' boxes stand ("trak", "trex"), with the tracks' numbers.
    boxes: Vec<(u32, u64)>,
    /// Makes the last box of a file that was cut short end with the file (a reader would not begin it), and tags and their
    /// pictures, which may be large, invisible.
    mended: Vec<Patch>,
}

impl Movie {
    /// Reads a file of `length` bytes. What cannot be made sense of is left out; the position is undefined afterwards.
    pub(super) fn read(
        file: &mut File,
        length: u64,
        fence: &Fence<'_>,
    ) -> Result<Self, AudioError> {
        let mut movie = Self::default();
        let mut walk = Walk { file, fence };
        let found = walk.movie(length, &mut movie);
        // A read that the clock ended must not pass for a short file.
        fence.clock.check(fence.path)?;
        if let Err(error) = found
            && error.kind() != io::ErrorKind::UnexpectedEof
        {
            return Err(AudioError::from_io(fence.path, &error));
        }
        Ok(movie)
    }

    /// Makes all tracks but one invisible to a reader. (symphonia-format-isomp4 0.6.1, "seek fails where another track ends
    /// earlier", as chapters, covers and films do.)
    pub(super) fn only(&self, track: &SoundTrack) -> Vec<Patch> {
        let others = self.boxes.iter().filter(|(id, _)| *id != track.id);
        others
            .map(|&(_, offset)| Patch {
                offset,
                bytes: *b"free",
            })
            .chain(self.mended.iter().copied())
            .collect()
    }

    /// The frames of a track that are to be heard, at `rate` Hz.
    pub(super) fn timeline(&self, track: &SoundTrack, rate: u32) -> Timeline {
        let to_frames = |time: u64, scale: u32| {
            let frames = u128::from(time) * u128::from(rate) / u128::from(scale.max(1));
            u64::try_from(frames).unwrap_or(u64::MAX)
        };
        let end = track.length.map(|length| to_frames(length, track.scale));
        let limit = end.unwrap_or(u64::MAX);
        // Movie time is mostly in milliseconds, and rounded: where an edit ends within one unit of the end, it means that.
        let slack = u64::from(rate) / u64::from(self.scale.max(1)) + 1;
        let mut spans: Vec<(u64, u64)> = track
            .edits
            .iter()
            .filter_map(|edit| {
                let start = to_frames(u64::try_from(edit.start).ok()?, track.scale);
                let stop = match edit.length {
                    // A fragmented file does not know yet.
                    0 => limit,
                    length => start.saturating_add(to_frames(length, self.scale)),
                };
                let stop = if stop.saturating_add(slack) >= limit {
                    limit
                } else {
                    stop
                };
                (start < stop).then_some((start, stop))
            })
            .collect();
        if let Some(padding) = self.padding
            && self
                .tracks
                .first()
                .is_some_and(|first| first.id == track.id)
        {
            // An edit list that trims more than the encoder's delay wins.
            let agrees = match spans.as_slice() {
                [] => true,
                [(start, _)] => *start == 0 || *start == padding.delay,
                _ => false,
            };
            let stop = padding.delay.saturating_add(padding.frames);
            if agrees && padding.frames > 0 {
                spans = vec![(padding.delay, stop.min(limit))];
            }
        }
        if spans.is_empty() {
            spans.push((0, limit));
        }
        Timeline::new(spans)
    }

    /// Length of a track in seconds as far as it is known.
    pub(super) fn duration_secs(&self, track: &SoundTrack) -> Option<f64> {
        let frames = self.timeline(track, track.scale).frames()?;
        Some(frames as f64 / f64::from(track.scale.max(1)))
    }
}

impl Packets {
    /// Opens the first sound track that decodes; the others are invisible to its reader.
    pub(super) fn open_mp4(
        file: File,
        length: u64,
        search: Option<&OsStr>,
        fence: &Fence<'_>,
    ) -> Result<Self, Refused> {
        let mut file = file;
        let movie = Movie::read(&mut file, length, fence)?;
        let Some(first) = movie.tracks.first() else {
            let error = if movie.index_is_cut {
                AudioError::damaged(fence.path, INDEX_IS_CUT)
            } else if movie.scale == 0 {
                let why = "its index is missing: it was cut short, or its recording never ended";
                AudioError::damaged(fence.path, why)
            } else {
                AudioError::no_sound(fence.path, SILENT)
            };
            return Err(error.into());
        };
        let mut refused = None;
        for (index, track) in movie.tracks.iter().enumerate() {
            let file = std::fs::File::open(fence.path)
                .map_err(|error| AudioError::from_io(fence.path, &error))?;
            let input = Input::of(file, 0..length).patched(movie.only(track));
            let opened = if track.is_big_endian {
                let why = "its codec is PCM as QuickTime stores it";
                Err(AudioError::unsupported(fence.path, why))
            } else {
                Self::open(input, fence.path, fence.clock)
            };
            let opened = opened.and_then(|packets| packets.refuse_other_layers(fence));
            match opened {
                Ok(packets) => {
                    let info = packets.info();
                    let shape = (packets.kind(), info.sample_rate);
                    let secs = movie.duration_secs(track);
                    let facts = Facts::exact(secs);
                    if let Some(refused) = Refused::where_he_aac(shape, facts, search, fence) {
                        return Err(refused);
                    }
                    let mut timeline = movie.timeline(track, info.sample_rate);
                    let before = packets.frames_before_sound();
                    if before > 0 && track.edits.is_empty() {
                        timeline = timeline.after(before);
                    }
                    let mut packets = packets
                        .with_timeline(timeline)
                        .telling_its_end()
                        .with_more_behind(movie.more_follows)
                        .rewinding();
                    if index > 0 {
                        let name = fourcc_name(first.codec);
                        let note = format!(", sound track {} (the first is {name})", index + 1);
                        packets = packets.with_codec_note(&note);
                    }
                    packets.begin(fence)?;
                    return Ok(packets);
                }
                Err(error @ (AudioError::Cancelled(_) | AudioError::Stalled { .. })) => {
                    return Err(error.into());
                }
                Err(error) => {
                    refused.get_or_insert(error);
                }
            }
        }
        let error = match refused {
            _ if movie.index_is_cut => AudioError::damaged(fence.path, INDEX_IS_CUT),
            // What the reader does not know, the four letters may tell.
            Some(AudioError::Unsupported { .. }) | None if first.codec != *b"mp4a" => {
                let name = fourcc_name(first.codec);
                AudioError::unsupported(fence.path, format!("its codec is {name}"))
            }
            Some(error) => error,
            None => AudioError::no_sound(fence.path, SILENT),
        };
        Err(Refused {
            error,
            facts: Box::new(Facts {
                incomplete: movie.more_follows.then_some(Incomplete::MoreFollows),
                ..Facts::exact(movie.duration_secs(first))
            }),
        })
    }
}

/// What a listener calls the codec of four letters.
fn fourcc_name(letters: [u8; 4]) -> String {
    let known = match &letters {
        b"mp4a" => "AAC",
        b"ac-3" | b"sac3" => "AC-3 (Dolby Digital)",
        b"ec-3" => "E-AC-3 (Dolby Digital Plus)",
        b"ac-4" => "AC-4",
        b"alac" => "ALAC as QuickTime stores it",
        b"samr" | b"sawb" | b"sawp" => "AMR",
        b"dtsc" | b"dtsh" | b"dtsl" | b"dtse" => "DTS",
        b"mlpa" => "Dolby TrueHD",
        b".mp1" => "MPEG audio layer I",
        b".mp2" => "MPEG audio layer II",
        b".mp3" => "MP3",
        b"Opus" => "Opus",
        b"fLaC" => "FLAC",
        b"QDM2" | b"QDMC" => "QDesign Music",
        b"ima4" | b"ms\0\x02" | b"ms\0\x11" => "ADPCM",
        b"MAC3" | b"MAC6" => "MACE",
        b"Qclp" | b"sqcp" => "Qualcomm PureVoice",
        b"spex" => "Speex",
        b"agsm" => "GSM",
        b"in24" | b"in32" | b"fl32" | b"fl64" => "PCM as QuickTime stores it",
        b"enca" => "encrypted (a purchase that is bound to its shop's player)",
        b"drms" => "encrypted (a purchase that is bound to its shop's player)",
        letters => {
            let text: String = letters.iter().map(|&byte| char::from(byte)).collect();
            return format!("\"{}\"", text.escape_debug());
        }
    };
    known.to_owned()
}
