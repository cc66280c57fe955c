//! Containers of uncompressed and simply compressed sound: WAV (RIFF, RIFX, RF64, BW64), Wave64, AIFF and AIFF-C, CAF, Sun AU
//! and NIST SPHERE. Each is read for what its samples need; sizes that were never filled in, are wrong or point beyond the
//! file do not keep the sound that is there from playing. Every frame's place in the file is known, so that a seek is
//! precision.
//!
//! Why symphonia-format-riff 0.6.1 does not read them: "chunk length exceeds parent" where the RIFF or FORM size is a few bytes
//! short; "invalid riff length" where it is 0; nothing is played where the size of `data` is 0; "chunk length exceeds parent"
//! for a COMM chunk with a padded description; RF64 and Wave64 are not supported.

mod adpcm;
mod aiff;
mod au;
mod bytes;
mod caf;
mod chunks;
mod coding;
mod extent;
mod riff;
mod sphere;
#[cfg(test)]
mod tests;
pub(super) mod texts;
mod w64;
mod wave_format;

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    ops::Range,
    path::Path,
    sync::Arc,
};

use self::{
    adpcm::Ima,
    bytes::{Bytes, read_error},
    chunks::Family,
    coding::Coding,
    extent::Extent,
};
use super::{Step, check_shape, fence::Fence, number::Endian};
use crate::{
    AudioError, AudioInfo, Incomplete,
    source::{Clock, Watched},
};

/// Frames that are read at once; whole blocks, at least one.
const STEP_FRAMES: usize = 8192;
/// Blocks that are decoded anew before the place of a seek, where a codec's memory reaches back (95 s at 44.1 kHz).
const MEMORY_BLOCKS: u64 = 1 << 16;

/// A container by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Container {
    Wave,
    Wave64,
    Aiff,
    Caf,
    Au,
    Sphere,
}

impl Container {
    /// Which container begins with these bytes (12 suffice).
    pub(super) fn of(start: &[u8]) -> Option<Self> {
        let (magic, form) = (start.get(..4)?, start.get(8..12).unwrap_or_default());
        match (magic, form) {
            (b"RIFF" | b"RIFX" | b"RF64" | b"BW64", b"WAVE") | (b"RIFF", b"RMP3") => {
                Some(Self::Wave)
            }
            (b"riff", _) if start.get(4..8) == Some(b"\x2e\x91\xcf\x11") => Some(Self::Wave64),
            (b"FORM", b"AIFF" | b"AIFC") => Some(Self::Aiff),
            (b"caff", _) if start.get(4) == Some(&0) => Some(Self::Caf),
            (b".snd" | b"dns.", _) => Some(Self::Au),
            (b"NIST", _) if start.starts_with(b"NIST_1A") => Some(Self::Sphere),
            _ => None,
        }
    }
}

/// What a container holds.
#[derive(Debug, Clone)]
enum Codec {
    Own(Coding),
    /// A codec that is not decoded here, by the name that people know.
    Other(String),
    /// A plain stream of MPEG frames.
    Mpeg,
}

/// The shape and codec of a sound.
#[derive(Debug, Clone)]
struct Shape {
    channels: usize,
    rate: u32,
    codec: Codec,
}

/// What the header of a container says of its sound.
#[derive(Debug, Clone)]
struct Sound {
    channels: usize,
    rate: u32,
    codec: Codec,
    extent: Extent,
    /// Frames as counted by the header, the skipped ones among them: only the end of the last block is cut by it.
    frames: Option<u64>,
    /// Frames at the beginning that are no sound.
    skipped_frames: u64,
}

/// A container without a chunk of sound: empty, or cut before it.
fn without_sound(bytes: &Bytes<'_>, is_whole: bool) -> AudioError {
    if is_whole {
        AudioError::Empty {
            path: bytes.path.to_path_buf(),
        }
    } else {
        bytes.damaged("it ends before its sound begins")
    }
}

/// Whether more sound stands behind the one that is read: a second file, or a second chunk of sound.
fn sound_follows(
    bytes: &mut Bytes<'_>,
    container: Container,
    start: u64,
    extent: Extent,
) -> Result<bool, AudioError> {
    let family = match container {
        Container::Wave if bytes.read(start, 4)? == b"RIFX" => Some(Family::Iff(Endian::Big)),
        Container::Wave => Some(Family::Iff(Endian::Little)),
        Container::Aiff => Some(Family::Iff(Endian::Big)),
        Container::Wave64 => Some(Family::Wave64),
        Container::Caf => Some(Family::Caf),
        Container::Au | Container::Sphere => None,
    };
    let end = extent.offset + extent.bytes;
    // A padding byte may be missing.
    for place in [end, end + extent.bytes % 2] {
        let follows = match family {
            Some(family) => family.sound_follows(bytes, place)?,
            None => Container::of(&bytes.read(place, 12)?).is_some(),
        };
        if follows {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Four letters of a codec that has no better name.
fn letters(name: &[u8]) -> String {
    format!("\u{201c}{}\u{201d}", name.escape_ascii())
}

/// What was found in a container.
pub(super) enum Opened {
    Sound(Box<Pcm>),
    /// A stream of MPEG frames in these bytes of the file.
    Mpeg(Range<u64>),
    /// A codec for another reader.
    Other {
        /// As people know it: "GSM 6.10".
        name: String,
        /// Whether the file ends too early.
        incomplete: Option<Incomplete>,
        /// Whether what stands behind its last whole block fills up a chunk.
        is_filled: bool,
    },
}

/// Samples that are read from their place in a file.
pub(super) struct Pcm {
    file: Watched<File>,
    info: AudioInfo,
    coding: Coding,
    channels: usize,
    extent: Extent,
    skipped_frames: u64,
    /// Behind the last frame, counted from the first block.
    end: u64,
    /// The next frame, counted likewise.
    next: u64,
    /// Where the file stands, in bytes.
    position: Option<u64>,
    bytes: Vec<u8>,
    /// What the codec remembers of each channel, and the block that it is ready for.
    memory: Vec<Ima>,
    memory_block: u64,
}

impl Pcm {
    /// Reads the header of a container that begins at the byte `start` of a file of `length` bytes.
    pub(super) fn open(
        file: File,
        length: u64,
        (container, start): (Container, u64),
        path: &Path,
        clock: &Arc<Clock>,
    ) -> Result<Opened, AudioError> {
        let mut file = Watched::new(file, Some(length), Arc::clone(clock));
        let mut bytes = Bytes {
            file: &mut file,
            length,
            path,
            clock,
        };
        let parse = match container {
            Container::Wave => riff::parse,
            Container::Wave64 => w64::parse,
            Container::Aiff => aiff::parse,
            Container::Caf => caf::parse,
            Container::Au => au::parse,
            Container::Sphere => sphere::parse,
        };
        let sound = parse(&mut bytes, start)?;
        let extent = sound.extent;
        let coding = match sound.codec {
            Codec::Own(coding) => coding,
            Codec::Mpeg => {
                return Ok(Opened::Mpeg(extent.offset..extent.offset + extent.bytes));
            }
            Codec::Other(name) => {
                let more = sound_follows(&mut bytes, container, start, extent)?;
                let more = more.then_some(Incomplete::MoreFollows);
                let incomplete = extent.incomplete().or(more);
                // SoX counts the byte that fills up an odd chunk, which then looks like the beginning of a block.
                let rest = extent.bytes % wave_format::GSM_BLOCK_BYTES;
                let is_filled = name == wave_format::GSM && rest == 1 && incomplete.is_none();
                return Ok(Opened::Other {
                    name,
                    incomplete,
                    is_filled,
                });
            }
        };
        let more_follows = sound_follows(&mut bytes, container, start, extent)?;
        let channels = sound.channels;
        check_shape(path, sound.rate, channels)?;
        if extent.bytes == 0 && extent.claimed.is_some_and(|claimed| claimed > 0) {
            return Err(AudioError::damaged(path, "it ends before its sound begins"));
        }
        let there = coding.frames(extent.bytes, channels);
        // The count cuts what fills the last block, and no more: it is wrong more often than the size.
        let block_frames = coding.block_frames(channels) as u64;
        let end = match sound.frames {
            Some(counted) if counted < there && there - counted < block_frames => counted,
            _ => there,
        };
        let skipped_frames = sound.skipped_frames.min(end);
        Ok(Opened::Sound(Box::new(Self {
            file,
            info: AudioInfo {
                sample_rate: sound.rate,
                channels,
                codec: coding.name(),
                decoder: "Mynascope",
                duration_secs: (end - skipped_frames) as f64 / f64::from(sound.rate),
                incomplete: extent
                    .incomplete()
                    .or(more_follows.then_some(Incomplete::MoreFollows)),
                cancels: false,
            },
            coding,
            channels,
            extent,
            skipped_frames,
            end,
            next: skipped_frames,
            position: None,
            bytes: Vec::new(),
            memory: vec![Ima::default(); channels],
            memory_block: 0,
        })))
    }

    pub(super) fn info(&self) -> &AudioInfo {
        &self.info
    }

    /// Moves to a time in seconds; `false` where that is behind the end.
    #[expect(clippy::unnecessary_wraps, reason = "like every reader's")]
    pub(super) fn seek(&mut self, secs: f64, _: &Fence<'_>) -> Result<bool, AudioError> {
        // Saturates.
        let frame = (secs * f64::from(self.info.sample_rate)).round() as u64;
        self.next = self.skipped_frames.saturating_add(frame).min(self.end);
        Ok(self.next < self.end)
    }

    /// Reads the next frames into `samples`, interleaved.
    pub(super) fn step(
        &mut self,
        samples: &mut Vec<f32>,
        fence: &Fence<'_>,
    ) -> Result<Step, AudioError> {
        samples.clear();
        if self.next >= self.end {
            return Ok(Step::End);
        }
        let block_frames = self.coding.block_frames(self.channels).max(1);
        let block = self.next / block_frames as u64;
        if self.coding.has_memory() && self.memory_block != block {
            self.remember(block, samples, fence)?;
        }
        let blocks = (STEP_FRAMES / block_frames).max(1);
        self.decode(block, blocks, samples, fence)?;
        self.memory_block = block + blocks as u64;
        let early = (self.next - block * block_frames as u64) as usize;
        let most = usize::try_from(self.end - self.next).unwrap_or(usize::MAX);
        samples.drain(..(early * self.channels).min(samples.len()));
        samples.truncate(most.saturating_mul(self.channels));
        // None where the file became shorter meanwhile.
        if samples.is_empty() {
            self.next = self.end;
            return Ok(Step::End);
        }
        self.next += (samples.len() / self.channels) as u64;
        Ok(Step::Samples {
            channels: self.channels,
            rate: self.info.sample_rate,
        })
    }

    /// Decodes what comes before a block, for the codec's memory alone.
    fn remember(
        &mut self,
        block: u64,
        samples: &mut Vec<f32>,
        fence: &Fence<'_>,
    ) -> Result<(), AudioError> {
        self.memory.fill(Ima::default());
        let mut from = block.saturating_sub(MEMORY_BLOCKS);
        while from < block {
            let blocks = (block - from).min(STEP_FRAMES as u64);
            self.decode(from, blocks as usize, samples, fence)?;
            samples.clear();
            from += blocks;
        }
        Ok(())
    }

    /// Appends the samples of blocks.
    fn decode(
        &mut self,
        block: u64,
        blocks: usize,
        samples: &mut Vec<f32>,
        fence: &Fence<'_>,
    ) -> Result<(), AudioError> {
        let block_bytes = self.coding.block_bytes(self.channels);
        let first = block.saturating_mul(block_bytes as u64);
        let left = self.extent.bytes.saturating_sub(first);
        let wanted = left.min((blocks * block_bytes) as u64);
        let place = self.extent.offset + first;
        self.bytes.clear();
        if self.position != Some(place) {
            self.position = None;
            self.file
                .seek(SeekFrom::Start(place))
                .map_err(|error| read_error(fence.path, fence.clock, &error))?;
        }
        let read = Read::by_ref(&mut self.file)
            .take(wanted)
            .read_to_end(&mut self.bytes)
            .map_err(|error| read_error(fence.path, fence.clock, &error))?;
        self.position = Some(place + read as u64);
        let broken = self
            .coding
            .decode(&self.bytes, self.channels, &mut self.memory, samples);
        if broken > 0 {
            self.count_broken(broken);
        }
        Ok(())
    }

    /// Blocks that broke the rules of their codec were decoded as far as that goes.
    fn count_broken(&mut self, broken: u64) {
        let frames = self.next.saturating_sub(self.skipped_frames);
        let (packets, first_secs) = match self.info.incomplete {
            Some(Incomplete::Damaged {
                packets,
                first_secs,
            }) => (packets, first_secs),
            _ => (0, frames as f64 / f64::from(self.info.sample_rate)),
        };
        self.info.incomplete = Some(Incomplete::Damaged {
            packets: packets + broken,
            first_secs,
        });
    }
}
