//! One decoder for every file: opens it with the reader that serves its format and hands out samples.
//!
//! A reader is a type of this folder with three methods (`info`, `step`, `seek`) and one variant of [`Reader`].

mod adts;
mod alac;
mod codec;
mod fence;
mod flac;
mod foreign;
mod matroska;
mod mp4;
mod mpeg;
mod number;
mod ogg;
mod opus;
mod packets;
mod pcm;
mod program;
mod refused;
mod sniff;
mod splice;
mod tags;
mod timeline;
mod unfilled;
mod window;

pub use tags::{FileTags, read_tags};

use std::{
    ffi::OsStr,
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use self::{
    adts::Adts,
    codec::CodecKind,
    fence::{Fence, plain},
    flac::Flac,
    matroska::Matroska,
    mpeg::Mpeg,
    ogg::Ogg,
    packets::Packets,
    pcm::{Opened, Pcm},
    program::Program,
    refused::{Refused, is_final},
    sniff::{Format, sniff},
    window::Window,
};
use super::{
    AudioError, AudioInfo, Incomplete,
    source::{Clock, STALL_LIMIT, open_regular},
};
use mynascope_base::jobs::Cancel;

/// Sample rates in Hz that are believed. The lowest bounds how much longer a file may get by resampling.
const MIN_RATE: u32 = 1_000;
const MAX_RATE: u32 = 768_000;
/// Channels that are believed.
const MAX_CHANNELS: usize = 64;
/// Undecodable packets in a row (26 s of MP3) after which a file counts as damaged.
const MAX_DAMAGED_IN_A_ROW: u32 = 1_000;
/// Why a film is no sound.
const SILENT: &str = "it has no sound track";
/// The program, as the details of a track name it.
pub(super) const FFMPEG: &str = "ffmpeg program";
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

/// What one step of a reader brought.
enum Step {
    /// The samples that it was given hold frames of so many channels at so many Hz.
    Samples {
        channels: usize,
        rate: u32,
    },
    /// Nothing yet.
    Nothing,
    /// Something that could not be decoded was passed over.
    Damaged(&'static str),
    End,
}

/// Who reads a file.
enum Reader {
    Mpeg(Box<Mpeg>),
    Packets(Packets),
    Flac(Box<Flac>),
    Pcm(Box<Pcm>),
    Adts(Box<Adts>),
    Ogg(Box<Ogg>),
    Matroska(Matroska),
    Program(Program),
}

impl Reader {
    /// Chooses the reader by the file's first bytes. What no reader here decodes goes to the program ffmpeg, if that is
    /// in a folder of `search`.
    fn open(path: &Path, clock: &Arc<Clock>, search: Option<&OsStr>) -> Result<Self, AudioError> {
        let fence = Fence { path, clock };
        let failed = |error| AudioError::from_io(path, &error);
        let (mut file, length) = open_regular(path)?;
        let (format, start) = sniff(&mut file).map_err(failed)?;
        let opened = match format {
            Format::NoSound(why) => return Err(AudioError::no_sound(path, why)),
            Format::Foreign(name) => {
                let facts = foreign::look(file, start..length, clock);
                fence.clock.check(path)?;
                Err(Refused {
                    error: AudioError::unsupported(path, format!("it is {name}")),
                    facts: Box::new(facts.map_err(failed)?),
                })
            }
            Format::Pcm(container) => {
                let copy = file.try_clone().map_err(failed)?;
                match Pcm::open(file, length, (container, start), path, clock)? {
                    Opened::Sound(reader) => Ok(Self::Pcm(reader)),
                    Opened::Mpeg(part) => match Mpeg::open(copy, part, path, clock)? {
                        Some(reader) => Ok(Self::Mpeg(Box::new(reader))),
                        None => Err(Refused::by_codec(path, "MPEG audio without frames")),
                    },
                    Opened::Other {
                        name,
                        incomplete,
                        is_filled,
                    } => {
                        let mut refused = Refused::by_codec(path, &name);
                        refused.facts.incomplete = incomplete;
                        refused.facts.ends_anywhere = is_filled;
                        Err(refused)
                    }
                }
            }
            Format::Flac => Flac::open(&mut file, start, length, &fence)
                .map(|reader| Self::Flac(Box::new(reader)))
                .map_err(Refused::from),
            Format::Mp4 => Packets::open_mp4(file, length, search, &fence).map(Self::Packets),
            Format::Adts => {
                let end = foreign::tags_at_end(&fence)?.unwrap_or(length);
                Adts::open(file, start, end, &fence)
                    .and_then(|reader| reader.refuse_he_aac(search, &fence))
                    .map(|reader| Self::Adts(Box::new(reader)))
            }
            Format::Ogg => {
                Ogg::open(file, start, length, &fence).map(|reader| Self::Ogg(Box::new(reader)))
            }
            Format::Matroska => Matroska::open(length, search, &fence).map(Self::Matroska),
            _ => {
                // MPEG audio has no mark of its own.
                if matches!(format, Format::Mpeg | Format::Unknown)
                    && let Some(part) = mpeg_part(&mut file, length).map_err(failed)?
                    && let Some(reader) =
                        Mpeg::open(file.try_clone().map_err(failed)?, part, path, clock)?
                {
                    return Ok(Self::Mpeg(Box::new(reader)));
                }
                // Behind zeros a reader would find what it takes for its beginning.
                let opened = match unfilled_beginning(&mut file, start).map_err(failed)? {
                    true => Err(Refused::without_beginning(path)),
                    false => Packets::open_plain(file, length, path, clock).map_err(Refused::from),
                };
                // What its reader finds in bytes that no mark begins is mostly there by chance.
                match opened {
                    Ok(reader) if format == Format::Unknown && reader.kind() == CodecKind::Mpeg => {
                        Err(Refused::unknown(path))
                    }
                    Err(refused)
                        if format == Format::Unknown
                            && refused.facts.incomplete.is_none()
                            && !is_final(&refused.error) =>
                    {
                        Err(Refused::unknown(path))
                    }
                    opened => opened.map(Self::Packets),
                }
            }
        };
        match opened {
            Err(refused) if is_final(&refused.error) => Err(refused.error),
            // The mark of UTF-16 is also one of MPEG audio.
            Err(refused) if matches!(format, Format::Unknown | Format::Mpeg) => {
                match what_it_is(start, &fence) {
                    Some(error) => Err(error),
                    None if format == Format::Unknown && refused.facts.incomplete.is_none() => {
                        refused.ask_program_for_more(search, &fence)
                    }
                    None => refused.ask_program(search, &fence),
                }
            }
            Err(refused) => refused.ask_program(search, &fence),
            Ok(reader) => Ok(reader),
        }
    }

    /// What it found missing by itself, once all was read.
    fn incomplete(&self) -> Option<Incomplete> {
        match self {
            Self::Mpeg(reader) => reader.incomplete(),
            Self::Pcm(reader) => reader.info().incomplete,
            Self::Packets(reader) => reader.incomplete(),
            Self::Flac(reader) => reader.incomplete(),
            Self::Adts(reader) => reader.incomplete(),
            Self::Ogg(reader) => reader.incomplete(),
            Self::Matroska(reader) => reader.incomplete(),
            Self::Program(reader) => reader.incomplete(),
        }
    }

    fn info(&self) -> &AudioInfo {
        match self {
            Self::Mpeg(reader) => reader.info(),
            Self::Packets(reader) => reader.info(),
            Self::Flac(reader) => reader.info(),
            Self::Pcm(reader) => reader.info(),
            Self::Adts(reader) => reader.info(),
            Self::Ogg(reader) => reader.info(),
            Self::Matroska(reader) => reader.info(),
            Self::Program(reader) => reader.info(),
        }
    }

    fn step(&mut self, samples: &mut Vec<f32>, fence: &Fence<'_>) -> Result<Step, AudioError> {
        match self {
            Self::Mpeg(reader) => reader.step(samples, fence),
            Self::Packets(reader) => reader.step(samples, fence),
            Self::Flac(reader) => reader.step(samples, fence),
            Self::Pcm(reader) => reader.step(samples, fence),
            Self::Adts(reader) => reader.step(samples, fence),
            Self::Ogg(reader) => reader.step(samples, fence),
            Self::Matroska(reader) => reader.step(samples, fence),
            Self::Program(reader) => reader.step(samples, fence),
        }
    }

    fn seek(&mut self, secs: f64, fence: &Fence<'_>) -> Result<bool, AudioError> {
        match self {
            Self::Mpeg(reader) => reader.seek(secs, fence),
            Self::Packets(reader) => reader.seek(secs, fence),
            Self::Flac(reader) => reader.seek(secs, fence),
            Self::Pcm(reader) => reader.seek(secs, fence),
            Self::Adts(reader) => reader.seek(secs, fence),
            Self::Ogg(reader) => reader.seek(secs, fence),
            Self::Matroska(reader) => reader.seek(secs, fence),
            Self::Program(reader) => reader.seek(secs, fence),
        }
    }
}

/// Refuses the shape that a header claims before anything is allocated for it.
fn check_shape(path: &Path, rate: u32, channels: usize) -> Result<(), AudioError> {
    if rate == 0 || channels == 0 {
        let what = if rate == 0 {
            "a sample rate of 0 Hz"
        } else {
            "no channels"
        };
        return Err(AudioError::damaged(
            path,
            format!("its header claims {what}"),
        ));
    }
    check_rate(path, rate)?;
    check_channels(path, channels)
}

fn check_rate(path: &Path, rate: u32) -> Result<(), AudioError> {
    if (MIN_RATE..=MAX_RATE).contains(&rate) {
        return Ok(());
    }
    Err(AudioError::limit(
        path,
        format!("it claims {rate} Hz; {MIN_RATE} to {MAX_RATE} Hz are read"),
    ))
}

fn check_channels(path: &Path, channels: usize) -> Result<(), AudioError> {
    if (1..=MAX_CHANNELS).contains(&channels) {
        return Ok(());
    }
    Err(AudioError::limit(
        path,
        format!("it claims {channels} channels; 1 to {MAX_CHANNELS} are read"),
    ))
}

/// A file being decoded packet by packet.
pub(super) struct Decoder {
    path: PathBuf,
    clock: Arc<Clock>,
    reader: Reader,
    samples: Vec<f32>,
    /// Undecodable packets that were passed over, and the second of the first of them.
    passed_over: u64,
    first_passed_over_secs: f64,
    /// Seconds that were handed out since the beginning.
    handed_out_secs: f64,
    ended: bool,
}

impl Decoder {
    /// Opens a file and reads its header.
    pub(super) fn open(path: &Path, cancel: &Cancel) -> Result<Self, AudioError> {
        let search = std::env::var_os("PATH");
        Self::open_with(path, cancel, search.as_deref())
    }

    /// Like [`Decoder::open`], with other folders in which the program ffmpeg is looked for.
    fn open_with(path: &Path, cancel: &Cancel, search: Option<&OsStr>) -> Result<Self, AudioError> {
        cancel.check()?;
        let clock = Clock::new(cancel, STALL_LIMIT);
        let reader = Reader::open(path, &clock, search)?;
        Ok(Self {
            path: path.to_path_buf(),
            reader,
            samples: Vec::new(),
            passed_over: 0,
            first_passed_over_secs: 0.0,
            handed_out_secs: 0.0,
            ended: false,
            clock,
        })
    }

    /// What the header claims.
    pub(super) fn info(&self) -> &AudioInfo {
        self.reader.info()
    }

    /// What was missing so far, once all was decoded from the beginning.
    pub(super) fn incomplete(&self) -> Option<Incomplete> {
        let damaged = (self.passed_over > 0).then_some(Incomplete::Damaged {
            packets: self.passed_over,
            first_secs: self.first_passed_over_secs,
        });
        damaged.or_else(|| self.reader.incomplete())
    }

    /// The next samples, or `None` at the end. Packets that do not decode are skipped up to a limit. Samples that
    /// are not finite are silence.
    pub(super) fn next(&mut self) -> Result<Option<Chunk<'_>>, AudioError> {
        let mut damaged = 0;
        // Time that the caller let pass is not the file's fault.
        self.clock.progress();
        while !self.ended {
            self.clock.check(&self.path)?;
            let fence = Fence {
                path: &self.path,
                clock: &self.clock,
            };
            match self.reader.step(&mut self.samples, &fence) {
                Ok(Step::Samples { channels, rate }) if !self.samples.is_empty() => {
                    self.clock.progress();
                    if !(MIN_RATE..=MAX_RATE).contains(&rate) {
                        self.ended = true;
                        return Err(AudioError::limit(
                            &self.path,
                            format!("its sample rate changes to {rate} Hz"),
                        ));
                    }
                    for sample in &mut self.samples {
                        if !sample.is_finite() || sample.abs() > MAX_LEVEL {
                            *sample = 0.0;
                        }
                    }
                    let frames = self.samples.len() / channels.max(1);
                    self.handed_out_secs += frames as f64 / f64::from(rate);
                    return Ok(Some(Chunk {
                        samples: &self.samples,
                        channels,
                        rate,
                    }));
                }
                Ok(Step::Samples { .. } | Step::Nothing) => {}
                Ok(Step::End) => self.ended = true,
                Ok(Step::Damaged(why)) => {
                    if self.passed_over == 0 {
                        self.first_passed_over_secs = self.handed_out_secs;
                    }
                    self.passed_over += 1;
                    damaged += 1;
                    if damaged > MAX_DAMAGED_IN_A_ROW {
                        self.ended = true;
                        return Err(AudioError::damaged(&self.path, plain(why)));
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
        self.clock.progress();
        let fence = Fence {
            path: &self.path,
            clock: &self.clock,
        };
        self.ended = !self.reader.seek(secs, &fence)?;
        Ok(())
    }
}

/// Whether a file holds sound by its first bytes.
pub(super) fn holds_sound(path: &Path) -> io::Result<bool> {
    sniff::is_sound(&mut File::open(path)?)
}

/// Whether a file begins with zeros at `start`.
fn unfilled_beginning(file: &mut File, start: u64) -> io::Result<bool> {
    const FIRST: usize = 64;
    let mut first = Vec::new();
    file.seek(SeekFrom::Start(start))?;
    Read::by_ref(file)
        .take(FIRST as u64)
        .read_to_end(&mut first)?;
    Ok(first == [0; FIRST])
}

/// Says what a file is in which no sound was found, if its bytes from `start` on show it.
fn what_it_is(start: u64, fence: &Fence<'_>) -> Option<AudioError> {
    let (file, length) = open_regular(fence.path).ok()?;
    let mut window = Window::new(file, start..length, fence.clock);
    let head = window.at(start, sniff::HEAD_BYTES as usize).ok()?;
    let why = sniff::no_sound(head)?;
    // Zeros at the beginning are not yet zeros only.
    let is_filled = head.first() == Some(&0) && window.filled_end().ok()? > start;
    (!is_filled).then(|| AudioError::no_sound(fence.path, why))
}

/// The bytes of a file that may be MPEG audio: those in which no other format's mark stands first.
fn mpeg_part(file: &mut File, length: u64) -> io::Result<Option<Range<u64>>> {
    let mut start = 0;
    loop {
        file.seek(SeekFrom::Start(start))?;
        let mut head = Vec::new();
        Read::by_ref(file).take(32).read_to_end(&mut head)?;
        match mpeg::leading_tag(&head) {
            Some(bytes) if start + bytes < length => start += bytes,
            _ => {
                let format = sniff::format_behind(start, &head);
                let may_be = matches!(format, Format::Mpeg | Format::Unknown);
                return Ok(may_be.then_some(0..length));
            }
        }
    }
}

#[cfg(test)]
mod tests;
