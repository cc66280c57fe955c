//! Matroska and WebM. Times in them are in milliseconds, so frames are counted from the beginning, and a place that was
//! passed is found by beginning anew.
//!
//! What of symphonia-format-mkv 0.6.1 is worked around here: "DiscardPadding is not handed on, so that the padding at the end of Opus
//! and MP3 is played"; "behind bytes that make no sense nothing is read any more", while the next cluster says where it stands; "a file that is
//! cut is refused, since its size and its list of places point behind the cut".

mod elements;

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs::File,
    io::{self, Read, Seek, SeekFrom},
};

use self::elements::{
    CLUSTER, HEADER, cluster_time, ends_within_element, filled_length, last_block_time,
    last_padding_ns, open_ended, told_length, without,
};
use super::{
    Refused, Step,
    fence::Fence,
    foreign::{Asks, Facts},
    packets::{Input, Packets},
    splice::Splice,
    window::Window,
};
use crate::{AudioError, AudioInfo, Incomplete, patch::Patch};

/// Bytes in which the segment begins.
const HEAD_BYTES: u64 = 4096;
/// Stamps are in milliseconds, and not every program rounds them.
const STAMP_SECS: f64 = 3e-3;
/// Holes of one file that are passed over.
const MAX_HOLES: usize = 4096;

/// A file being read.
pub(super) struct Matroska {
    packets: Packets,
    extent: Extent,
    /// Whether it holds nothing but the sound.
    is_alone: bool,
    /// How long it says that it plays.
    claimed_secs: Option<f64>,
    /// Frames at the end that are no sound, once that was asked.
    padding: Option<u64>,
    /// The last samples, of which those are, and their channels.
    held: Vec<f32>,
    /// Where clusters begin, once a hole was met, with their times.
    clusters: Option<Vec<(u64, u64)>>,
    /// The cluster from which on the file is read; 0: from the beginning.
    part: u64,
    splice: Splice,
    /// The stamp of the first packet of all, in seconds.
    origin_secs: f64,
    /// Where parts are missing: the next cluster, and the second at which it was met.
    holes: BTreeMap<u64, f64>,
}

/// What of a file is read.
struct Extent {
    /// Bytes from the beginning.
    length: u64,
    /// Makes what points behind a cut invisible to a reader.
    hidden: Vec<Patch>,
    /// What is told of its end, where that is missing.
    cut: Option<Incomplete>,
    /// Whether another file stands behind it.
    more_follows: bool,
}

impl Matroska {
    /// Opens a file of `file_length` bytes.
    pub(super) fn open(
        file_length: u64,
        search: Option<&OsStr>,
        fence: &Fence<'_>,
    ) -> Result<Self, Refused> {
        let failed = |error: io::Error| AudioError::from_io(fence.path, &error);
        let mut file = File::open(fence.path).map_err(failed)?;
        let head = piece(&mut file, 0, HEAD_BYTES).map_err(failed)?;
        let told = told_length(&head);
        let behind = told.filter(|&told| told < file_length);
        let behind = behind.map(|told| piece(&mut file, told, HEADER.len() as u64));
        let more_follows = behind.transpose().map_err(failed)?.as_deref() == Some(HEADER);
        // What stands behind the end is none of the file's.
        let there = told.map_or(file_length, |told| file_length.min(told));
        let filled =
            filled_length(&mut Window::new(file, 0..there, fence.clock)).map_err(failed)?;
        let length = filled.unwrap_or(there);
        let whole = told.or(filled.map(|_| there));
        let share = whole.map(|whole| length as f64 / whole as f64);
        let share = share.filter(|share| *share < 1.0);
        // A reader would refuse a size that reaches behind the end, and look for what stands there.
        let hidden = match share {
            Some(_) => open_ended(&head),
            None => Vec::new(),
        };
        let cut = match share {
            Some(_) => Some(Incomplete::EndsEarly { share }),
            // What was written into a pipe does not tell its size, but each of its elements does.
            None if whole.is_none() => ends_within_element(fence.path, length)
                .map_err(failed)?
                .then_some(Incomplete::EndsEarly { share: None }),
            None => None,
        };
        let extent = Extent {
            length,
            hidden,
            cut,
            more_follows,
        };
        let incomplete = extent.incomplete();
        let end = (length < file_length).then_some(length);
        Self::open_extent(extent, search, fence).map_err(|mut refused| {
            refused.facts.incomplete = incomplete;
            refused.facts.end = end;
            refused.facts.asks = Asks::Times;
            refused
        })
    }

    fn open_extent(
        extent: Extent,
        search: Option<&OsStr>,
        fence: &Fence<'_>,
    ) -> Result<Self, Refused> {
        let mut packets = extent.read(&[], fence)?;
        // Not every file is written in a way that its reader understands: the first packet shows it.
        packets.check_first_packet(fence)?;
        let shape = (packets.kind(), packets.info().sample_rate);
        if let Some(refused) = Refused::where_he_aac(shape, Facts::default(), search, fence) {
            return Err(refused);
        }
        let claimed_secs = extent.claimed_secs(&packets, fence);
        let mut packets = extent.read(&[], fence)?;
        // Where a film lies beside the sound, the length may be the film's.
        let is_alone = packets.track_count() == 1;
        if !is_alone {
            packets = packets.with_duration_secs(0.0);
        } else if let Some(secs) = claimed_secs {
            let before = packets.frames_before_sound() as f64;
            let rate = f64::from(packets.info().sample_rate.max(1));
            packets = packets.with_duration_secs((secs - before / rate).max(0.0));
        }
        Ok(Self {
            packets,
            extent,
            is_alone,
            claimed_secs,
            padding: None,
            held: Vec::new(),
            clusters: None,
            part: 0,
            splice: Splice::default(),
            origin_secs: 0.0,
            holes: BTreeMap::new(),
        })
    }

    pub(super) fn info(&self) -> &AudioInfo {
        self.packets.info()
    }

    pub(super) fn incomplete(&self) -> Option<Incomplete> {
        let damaged = self.holes.values().copied().reduce(f64::min);
        let damaged = damaged.map(|first_secs| Incomplete::Damaged {
            packets: self.holes.len() as u64,
            first_secs,
        });
        damaged.or(self.extent.incomplete())
    }

    pub(super) fn step(
        &mut self,
        samples: &mut Vec<f32>,
        fence: &Fence<'_>,
    ) -> Result<Step, AudioError> {
        if let Some(step) = self.splice.waiting(samples) {
            return Ok(step);
        }
        let step = self.packets.step(samples, fence)?;
        let is_lost = match step {
            Step::Damaged(_) => self.packets.has_lost_its_place(),
            // The end of a file that ends as it says, or a hole that looks like an element which reaches beyond it.
            Step::End => self.is_alone && !self.is_near_its_end(),
            _ => false,
        };
        if is_lost && self.go_on(fence)? {
            return Ok(Step::Nothing);
        }
        match step {
            Step::Samples { channels, rate } => {
                if self.splice.resumes() {
                    let stamp = self.packets.first_stamp_secs().unwrap_or_default();
                    let start = (stamp - self.origin_secs) * self.rate();
                    self.splice.fill(start, samples, (channels, rate));
                    // The held samples of before stand in front.
                    std::mem::swap(samples, &mut self.held);
                    self.held.clear();
                    return Ok(step);
                }
                self.splice
                    .leave_early(samples, channels, self.packets.position());
                self.leave_padding_out(samples, channels, rate, fence);
                Ok(step)
            }
            Step::Damaged(_) if self.packets.has_lost_its_place() => {
                if self.extent.cut.is_none() && (!self.is_alone || !self.is_near_its_end()) {
                    self.note_hole(self.extent.length);
                }
                Ok(Step::End)
            }
            _ => Ok(step),
        }
    }

    /// Whether what was decoded is as long as the file says.
    fn is_near_its_end(&self) -> bool {
        const SLACK_SECS: f64 = 1.0;
        let secs = self.position() as f64 / self.rate();
        self.claimed_secs
            .is_none_or(|claimed| secs + SLACK_SECS > claimed)
            || self.extent.cut.is_some()
    }

    /// Frames that were decoded, left silent or passed over so far.
    fn position(&self) -> u64 {
        self.splice.base() + self.packets.position()
    }

    fn rate(&self) -> f64 {
        f64::from(self.packets.info().sample_rate.max(1))
    }

    fn note_hole(&mut self, cluster: u64) {
        let before = self.packets.frames_before_sound();
        let frames = self.position().saturating_sub(before);
        let secs = frames as f64 / self.rate();
        if self.holes.len() < MAX_HOLES {
            self.holes.entry(cluster).or_insert(secs);
        }
    }

    /// Goes on at the next cluster; `false` where there is none.
    fn go_on(&mut self, fence: &Fence<'_>) -> Result<bool, AudioError> {
        let failed = |error: io::Error| match fence.clock.check(fence.path) {
            Err(stopped) => stopped,
            Ok(()) => AudioError::from_io(fence.path, &error),
        };
        if self.clusters.is_none() {
            let found = clusters(self.extent.length, fence).map_err(failed)?;
            self.clusters = Some(found);
        }
        let clusters = self.clusters.as_deref().unwrap_or_default();
        let Some(&(first, first_time)) = clusters.first() else {
            return Ok(false);
        };
        if self.part == 0 {
            self.origin_secs = self.packets.first_stamp_secs().unwrap_or_default();
        }
        let tick_secs = self.packets.unit_secs();
        let now = self.position() as f64 / self.rate();
        let is_next = |&(place, time): &(u64, u64)| {
            let secs = time.saturating_sub(first_time) as f64 * tick_secs;
            place > self.part && secs + STAMP_SECS >= now
        };
        let Some(&(place, _)) = clusters.iter().find(|cluster| is_next(cluster)) else {
            return Ok(false);
        };
        let position = self.position();
        if self.holes.len() >= MAX_HOLES {
            return Ok(false);
        }
        self.note_hole(place);
        let secs = self.packets.info().duration_secs;
        let packets = self.extent.read(&without(first, place), fence)?;
        self.packets = packets.with_duration_secs(secs).going_on();
        self.splice.go_on(position);
        self.part = place;
        Ok(true)
    }

    /// Holds back as many samples as the end has that are no sound.
    fn leave_padding_out(
        &mut self,
        samples: &mut Vec<f32>,
        channels: usize,
        rate: u32,
        fence: &Fence<'_>,
    ) {
        let padding = *self.padding.get_or_insert_with(|| {
            let nanoseconds =
                last_padding_ns(fence.path, self.extent.length, self.packets.track_id());
            (nanoseconds.unwrap_or_default() as f64 * f64::from(rate) / 1e9).round() as u64
        });
        if padding == 0 {
            return;
        }
        self.held.append(samples);
        let keep = (padding as usize).saturating_mul(channels);
        let free = self.held.len().saturating_sub(keep);
        samples.extend(self.held.drain(..free));
    }

    pub(super) fn seek(&mut self, secs: f64, fence: &Fence<'_>) -> Result<bool, AudioError> {
        if self.part > 0 || self.packets.must_reopen(secs) {
            let info = self.packets.info().duration_secs;
            self.packets = self.extent.read(&[], fence)?.with_duration_secs(info);
        }
        self.part = 0;
        self.held.clear();
        let before = self.packets.frames_before_sound();
        let wanted = before.saturating_add((secs * self.rate()).round() as u64);
        self.splice = Splice::wanting(wanted);
        self.packets.seek(secs, fence)
    }
}

impl Extent {
    fn incomplete(&self) -> Option<Incomplete> {
        self.cut
            .or(self.more_follows.then_some(Incomplete::MoreFollows))
    }

    /// How long a file says that it plays, of which the first packet was read. Of one that was cut out of another and kept its
    /// times some programs write where it ends instead: then its last block begins before that.
    fn claimed_secs(&self, packets: &Packets, fence: &Fence<'_>) -> Option<f64> {
        /// No packet lasts longer.
        const LATE_SECS: f64 = 0.2;
        let claimed = packets.claimed_secs()?;
        let first = packets.first_stamp_secs().unwrap_or_default();
        let last = || {
            let ticks = last_block_time(fence.path, self.length)?;
            Some(ticks as f64 * packets.unit_secs())
        };
        let is_end = first > LATE_SECS && last().is_some_and(|last| last <= claimed);
        Some(if is_end { claimed - first } else { claimed })
    }

    /// A reader of the file with other bytes in some places.
    fn read(&self, patches: &[Patch], fence: &Fence<'_>) -> Result<Packets, AudioError> {
        let file =
            File::open(fence.path).map_err(|error| AudioError::from_io(fence.path, &error))?;
        let patches = [patches, &self.hidden].concat();
        let input = Input::of(file, 0..self.length).patched(patches);
        let packets = Packets::open(input, fence.path, fence.clock)?;
        Ok(packets.counting_frames())
    }
}

fn piece(file: &mut File, place: u64, bytes: u64) -> io::Result<Vec<u8>> {
    let mut piece = Vec::new();
    file.seek(SeekFrom::Start(place))?;
    Read::by_ref(file).take(bytes).read_to_end(&mut piece)?;
    Ok(piece)
}

/// Where the clusters of a file begin, with their times in its units.
fn clusters(length: u64, fence: &Fence<'_>) -> io::Result<Vec<(u64, u64)>> {
    const PIECE: u64 = 1 << 20;
    const MOST: usize = 1 << 20;
    let mut file = File::open(fence.path)?;
    let mut found = Vec::new();
    let mut place = 0;
    while place < length && found.len() < MOST {
        if fence.clock.check(fence.path).is_err() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        // A head may begin in one piece and end in the next.
        let bytes = piece(&mut file, place, PIECE + 32)?;
        let starts = bytes
            .iter()
            .enumerate()
            .filter(|(_, byte)| **byte == CLUSTER[0]);
        for (at, _) in starts.take_while(|(at, _)| (*at as u64) < PIECE) {
            if let Some(time) = bytes.get(at..).and_then(cluster_time) {
                found.push((place + at as u64, time));
            }
        }
        place += PIECE;
        fence.clock.progress();
    }
    Ok(found)
}
