//! The boundary between this program and decoders of untrusted bytes.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::Arc,
};

use symphonia::core::errors::Error;

use crate::{AudioError, source::Clock};
use mynascope_base::jobs::panic_message;

/// The boundary between this program and a decoder of untrusted bytes: panics and errors become [`AudioError`].
pub(super) struct Fence<'a> {
    pub path: &'a Path,
    pub clock: &'a Arc<Clock>,
}

impl Fence<'_> {
    pub(super) fn catch<T>(
        &self,
        work: impl FnOnce() -> Result<T, Error>,
    ) -> Result<Result<T, Error>, AudioError> {
        catch_unwind(AssertUnwindSafe(work)).map_err(|payload| {
            let why = panic_message(&*payload);
            AudioError::damaged(self.path, format!("its decoder gave up ({why})"))
        })
    }

    pub(super) fn run<T>(&self, work: impl FnOnce() -> Result<T, Error>) -> Result<T, AudioError> {
        self.catch(work)?.map_err(|error| self.sort(&error))
    }

    /// Sorts a decoder's error by what the user can do.
    pub(super) fn sort(&self, error: &Error) -> AudioError {
        // A read that the clock ended comes back in many shapes: ask the clock first.
        if let Err(stopped) = self.clock.check(self.path) {
            return stopped;
        }
        match error {
            Error::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                AudioError::damaged(self.path, "it ends in the middle of its header")
            }
            Error::IoError(error) => AudioError::from_io(self.path, error),
            Error::DecodeError(why) => AudioError::damaged(self.path, plain(why)),
            // The decoder's words for these speak of its own parts.
            Error::Unsupported("core (probe): no suitable format reader found") => {
                AudioError::unsupported(self.path, "no known sound format is found in it")
            }
            Error::Unsupported("core (codec): unsupported audio codec") => {
                AudioError::unsupported(self.path, "its codec is not decoded")
            }
            Error::Unsupported(why) => AudioError::unsupported(
                self.path,
                plain(why).replace("makes no sense", "is of a kind that is not read"),
            ),
            Error::LimitError(why) => AudioError::limit(
                self.path,
                plain(why).replace("makes no sense", "asks for too much"),
            ),
            _ => AudioError::damaged(self.path, "its parts do not fit together"),
        }
    }
}

/// A decoder's words for what is wrong, in a listener's. They begin with the name of one of its parts: "isomp4: missing ..".
pub(super) fn plain(why: &str) -> String {
    const PARTS: [(&str, &str); 17] = [
        ("isomp4", "its MP4 structure"),
        ("ogg", "its Ogg structure"),
        ("mkv", "its Matroska structure"),
        ("riff", "its RIFF structure"),
        ("wav", "its WAV structure"),
        ("aiff", "its AIFF structure"),
        ("caf", "its CAF structure"),
        ("flac", "its FLAC sound"),
        ("vorbis", "its Vorbis sound"),
        ("aac", "its AAC sound"),
        ("adts", "its AAC sound"),
        ("alac", "its ALAC sound"),
        ("mpa", "its MPEG sound"),
        ("mp1", "its MPEG sound"),
        ("mp2", "its MPEG sound"),
        ("mp3", "its MPEG sound"),
        ("pcm", "its PCM sound"),
    ];
    let Some((head, _)) = why.split_once(": ") else {
        return why.to_owned();
    };
    let part = head.split(' ').next().unwrap_or_default();
    PARTS.iter().find(|(name, _)| *name == part).map_or_else(
        || "its contents make no sense".to_owned(),
        |(_, what)| format!("{what} makes no sense"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_libraries_do_not_reach_the_listener() {
        assert_eq!(
            plain("isomp4: missing moov atom"),
            "its MP4 structure makes no sense"
        );
        assert_eq!(
            plain("mkv (ebml): overrun"),
            "its Matroska structure makes no sense"
        );
        assert_eq!(plain("core (io): x"), "its contents make no sense");
        assert_eq!(plain("a packet ends too early"), "a packet ends too early");
    }
}
