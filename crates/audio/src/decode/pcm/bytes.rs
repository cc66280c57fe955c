//! Fields of a header, read by their place in the file.

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::Path,
};

use crate::{
    AudioError,
    source::{Clock, Watched},
};

/// A file whose header is being read.
pub(super) struct Bytes<'a> {
    pub file: &'a mut Watched<File>,
    /// In bytes.
    pub length: u64,
    pub path: &'a Path,
    pub clock: &'a Clock,
}

impl Bytes<'_> {
    /// Up to `size` bytes from `offset` on; fewer at the end of the file.
    pub(super) fn read(&mut self, offset: u64, size: usize) -> Result<Vec<u8>, AudioError> {
        let there = self.length.saturating_sub(offset).min(size as u64);
        let mut bytes = Vec::with_capacity(there as usize);
        if there > 0 {
            let file = &mut *self.file;
            file.seek(SeekFrom::Start(offset))
                .and_then(|_| file.take(there).read_to_end(&mut bytes))
                .map_err(|error| read_error(self.path, self.clock, &error))?;
        }
        Ok(bytes)
    }

    /// The header breaks off or breaks its rules.
    pub(super) fn damaged(&self, why: &str) -> AudioError {
        AudioError::damaged(self.path, why)
    }
}

/// A read that failed: because the clock ended it, or for the system's own reason.
pub(super) fn read_error(path: &Path, clock: &Clock, error: &std::io::Error) -> AudioError {
    clock
        .check(path)
        .err()
        .unwrap_or_else(|| AudioError::from_io(path, error))
}
