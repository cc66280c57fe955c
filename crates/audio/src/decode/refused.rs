//! Files that no reader here opens: why, and whether the program ffmpeg does.

use std::{ffi::OsStr, fs::File, io::Read, path::Path};

use super::{
    Reader,
    codec::CodecKind,
    fence::Fence,
    foreign::{self, Facts},
    program::{self, Program},
};
use crate::{AudioError, Incomplete};

/// Why no reader here opened a file, and what they learned of it.
pub(super) struct Refused {
    pub error: AudioError,
    pub facts: Box<Facts>,
}

impl From<AudioError> for Refused {
    fn from(error: AudioError) -> Self {
        Self {
            error,
            facts: Box::default(),
        }
    }
}

impl Refused {
    /// A container whose codec is only known by name.
    pub(super) fn by_codec(path: &Path, codec: &str) -> Self {
        AudioError::unsupported(path, format!("its codec is {codec}")).into()
    }

    /// Zeros where a file ought to begin.
    pub(super) fn without_beginning(path: &Path) -> Self {
        let why = "it begins with zeros, as a download that was not filled there";
        let mut refused = Self::from(AudioError::damaged(path, why));
        refused.facts.incomplete = Some(Incomplete::Damaged {
            packets: 1,
            first_secs: 0.0,
        });
        refused
    }

    /// Bytes that no reader here knows.
    pub(super) fn unknown(path: &Path) -> Self {
        if begins_within_ogg(path) {
            let why =
                "it is Ogg whose beginning is missing, and with it what its sound was encoded by";
            return AudioError::damaged(path, why).into();
        }
        AudioError::unsupported(path, "no known sound format is found in it").into()
    }

    /// In low rates the upper half of AAC's spectrum is often described where only a decoder of it looks: then the program
    /// ffmpeg, if it is there, finds twice the rate.
    pub(super) fn where_he_aac(
        (kind, sample_rate): (CodecKind, u32),
        facts: Facts,
        search: Option<&OsStr>,
        fence: &Fence<'_>,
    ) -> Option<Self> {
        /// The highest rate in Hz at which that is common.
        const CORE_MAX_RATE: u32 = 24_000;
        if kind != CodecKind::Aac || sample_rate > CORE_MAX_RATE {
            return None;
        }
        let program = Program::open(&program::find(search)?, Facts::default(), fence).ok()?;
        (program.info().sample_rate > sample_rate).then(|| Self {
            error: AudioError::unsupported(fence.path, "its codec is HE-AAC"),
            facts: Box::new(facts),
        })
    }

    /// Gives a file of unknown kind to those of ffmpeg's readers that know their files by certain marks.
    pub(super) fn ask_program_for_more(
        self,
        search: Option<&OsStr>,
        fence: &Fence<'_>,
    ) -> Result<Reader, AudioError> {
        let Some(executable) = program::find(search) else {
            return Err(self.error);
        };
        let opened = Program::open_marked(&executable, fence);
        unless_program_reads(self.error, opened, is_final)
    }

    /// Gives the file to the program ffmpeg; the error stays where that fails, too.
    pub(super) fn ask_program(
        mut self,
        search: Option<&OsStr>,
        fence: &Fence<'_>,
    ) -> Result<Reader, AudioError> {
        let may_help = matches!(
            &self.error,
            AudioError::Unsupported { .. } | AudioError::Damaged { .. }
        );
        if !may_help {
            return Err(self.error);
        }
        let Some(executable) = program::find(search) else {
            return Err(match self.error {
                AudioError::Unsupported { why: what, path } => {
                    AudioError::NeedsProgram { what, path }
                }
                error => error,
            });
        };
        if self.facts.end.is_none() {
            self.facts.end = foreign::tags_at_end(fence)?;
        }
        let opened = Program::open(&executable, *self.facts, fence);
        // What is damaged may look as if it held no sound.
        let is_damaged = matches!(self.error, AudioError::Damaged { .. });
        unless_program_reads(self.error, opened, |error| {
            is_final(error) || !is_damaged && matches!(error, AudioError::NoSound { .. })
        })
    }
}

/// Whether no other reader can help.
pub(super) fn is_final(error: &AudioError) -> bool {
    matches!(error, AudioError::Cancelled(_) | AudioError::Stalled { .. })
}

/// The program's reader; where the program fails, too, the error that was there before, or its own if that `counts`.
fn unless_program_reads(
    before: AudioError,
    opened: Result<Program, AudioError>,
    counts: impl Fn(&AudioError) -> bool,
) -> Result<Reader, AudioError> {
    match opened {
        Ok(program) => Ok(Reader::Program(program)),
        Err(error) if counts(&error) => Err(error),
        Err(error) => {
            tracing::debug!("ffmpeg: {error}");
            Err(before)
        }
    }
}

/// Whether pages of Ogg follow where no format is found at the beginning.
fn begins_within_ogg(path: &Path) -> bool {
    /// A page has at most 65,307 bytes.
    const LOOKED_AT: u64 = 2 * 65_307;
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(LOOKED_AT).read_to_end(&mut head));
    // The mark, and the only version that there is.
    read.is_ok() && head.windows(5).any(|bytes| bytes == b"OggS\0")
}
