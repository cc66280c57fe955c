//! The bytes of a checkpoint: a file, or memory for what comes with the program.

use std::{
    borrow::Cow,
    fs::File,
    io::{self, Cursor, Read, Seek, SeekFrom},
    path::Path,
};

/// Bytes that can be read from any place on.
#[derive(Debug)]
pub(super) struct Source {
    stream: Stream,
    length: u64,
}

#[derive(Debug)]
enum Stream {
    File(File),
    Memory(Cursor<Cow<'static, [u8]>>),
}

impl Source {
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        Ok(Self {
            stream: Stream::File(file),
            length,
        })
    }

    pub fn of_memory(bytes: impl Into<Cow<'static, [u8]>>) -> Self {
        let bytes = bytes.into();
        Self {
            length: bytes.len() as u64,
            stream: Stream::Memory(Cursor::new(bytes)),
        }
    }

    /// In bytes.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The stream from a place on.
    pub fn from(&mut self, start: u64) -> Result<&mut Self, String> {
        self.seek(SeekFrom::Start(start))
            .map_err(|error| error.to_string())?;
        Ok(self)
    }

    /// Exactly so many bytes; more than there are is an error before memory is taken for them.
    pub fn read_at(&mut self, start: u64, length: u64) -> Result<Vec<u8>, String> {
        let cut = || "the file is cut off".to_owned();
        if start
            .checked_add(length)
            .is_none_or(|end| end > self.length)
        {
            return Err(cut());
        }
        let mut bytes = Vec::with_capacity(usize::try_from(length).map_err(|_| cut())?);
        self.from(start)?
            .take(length)
            .read_to_end(&mut bytes)
            .map_err(|error| error.to_string())?;
        if bytes.len() as u64 == length {
            Ok(bytes)
        } else {
            Err(cut())
        }
    }
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.stream {
            Stream::File(file) => file.read(buffer),
            Stream::Memory(bytes) => bytes.read(buffer),
        }
    }
}

impl Seek for Source {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match &mut self.stream {
            Stream::File(file) => file.seek(to),
            Stream::Memory(bytes) => bytes.seek(to),
        }
    }
}
