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
            Error::DecodeError(why) => AudioError::damaged(self.path, *why),
            // The decoder's words for these speak of its own parts.
            Error::Unsupported("core (probe): no suitable format reader found") => {
                AudioError::unsupported(self.path, "no known sound format is found in it")
            }
            Error::Unsupported("core (codec): unsupported audio codec") => {
                AudioError::unsupported(self.path, "its codec is not decoded")
            }
            Error::Unsupported(why) => AudioError::unsupported(self.path, *why),
            Error::LimitError(why) => AudioError::limit(self.path, *why),
            _ => AudioError::damaged(self.path, error.to_string()),
        }
    }
}
