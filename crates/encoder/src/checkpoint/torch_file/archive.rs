//! The directory of a zip archive. Torch stores its entries as they are; what was packed again by another tool is
//! deflated (PKWARE APPNOTE 6.3, sections 4.3.7, 4.3.12, 4.3.14 to 4.3.16).

use std::{
    collections::BTreeMap,
    io::{self, Read, Take},
};

use flate2::{Crc, CrcReader, read::DeflateDecoder};

use super::super::source::Source;

/// Names of a hundred thousand tensors.
const MAX_DIRECTORY_BYTES: u64 = 16 << 20;
/// The end record and the longest comment after it.
const END_SEARCH_BYTES: u64 = 22 + 65_535;
/// Deflate makes no more than 1032 bytes of one (a match of 258 bytes takes two bits).
const MAX_DEFLATE_RATIO: u64 = 1032;

/// An entry whose bytes have another checksum than the directory says.
const CHANGED: &str = "its numbers are not those that were saved: their checksum is another one. Copy or download the file again";

/// What an archive holds.
#[derive(Debug)]
pub(in super::super) struct Directory {
    entries: BTreeMap<String, Entry>,
    /// Whether what the directory says of checksums is true.
    keeps_checksums: bool,
}

#[derive(Debug)]
struct Entry {
    /// Where its local header begins.
    header: u64,
    size: u64,
    packed: u64,
    compressed: bool,
    /// CRC-32 of what is in it, unpacked.
    checksum: u32,
}

impl Directory {
    pub fn read_from(source: &mut Source) -> Result<Self, String> {
        let length = source.length();
        let tail_start = length.saturating_sub(END_SEARCH_BYTES);
        let tail = source.read_at(tail_start, length - tail_start)?;
        let cut = "it is no zip archive as torch writes it, or it is cut off";
        let end = tail
            .windows(4)
            .rposition(|window| window == b"PK\x05\x06")
            .and_then(|at| tail.get(at..))
            .ok_or(cut)?;
        let (mut size, mut start) = (
            u64::from(u32_at(end, 12).ok_or(cut)?),
            u64::from(u32_at(end, 16).ok_or(cut)?),
        );
        if start == u64::from(u32::MAX) || size == u64::from(u32::MAX) {
            // Zip64: the real numbers are in an earlier record.
            let record = tail
                .windows(4)
                .rposition(|window| window == b"PK\x06\x06")
                .and_then(|at| tail.get(at..))
                .ok_or(cut)?;
            size = u64_at(record, 40).ok_or(cut)?;
            start = u64_at(record, 48).ok_or(cut)?;
        }
        if size > MAX_DIRECTORY_BYTES || start.checked_add(size).is_none_or(|end| end > length) {
            return Err("its directory is too large or lies outside the file".into());
        }
        Ok(Self {
            entries: parse(&source.read_at(start, size)?, length)?,
            keeps_checksums: true,
        })
    }

    /// Compares no checksums where those of entries outside of the folder `data` are all wrong: on wish (`set_crc32_options`) torch
    /// writes files without computing them, and none of its own readers looks at them.
    pub fn trust_checksums(&mut self, source: &mut Source, data: &str) {
        /// Version, byte order and the list of tensors are all that most files have.
        const LOOKED_AT: usize = 8;
        let others = self.entries.iter();
        let mut others: Vec<(&str, u64)> = others
            .filter(|(name, entry)| !name.starts_with(data) && entry.size > 0)
            .map(|(name, entry)| (name.as_str(), entry.size))
            .collect();
        others.sort_by_key(|&(_, size)| size);
        let mut looked_at = others.iter().take(LOOKED_AT);
        let is_right = looked_at.any(|(name, _)| self.check(source, name).is_ok());
        self.keeps_checksums = is_right || others.is_empty();
    }

    /// Whether these are the bytes of an entry, all of them.
    pub fn check_bytes(&self, name: &str, bytes: &[u8]) -> Result<(), String> {
        let mut sum = Crc::new();
        sum.update(bytes);
        self.check_sum(name, sum.sum())
    }

    /// Reads an entry only to see whether it is as it was saved.
    pub fn check(&self, source: &mut Source, name: &str) -> Result<(), String> {
        let mut stream = CrcReader::new(self.stream(source, name)?);
        io::copy(&mut stream, &mut io::sink()).map_err(|error| error.to_string())?;
        self.check_sum(name, stream.crc().sum())
    }

    /// Whether an entry whose bytes have this checksum is as it was saved.
    pub fn check_sum(&self, name: &str, sum: u32) -> Result<(), String> {
        let told = self.entries.get(name).map(|entry| entry.checksum);
        match told.is_none_or(|told| told == sum) || !self.keeps_checksums {
            true => Ok(()),
            false => Err(CHANGED.to_owned()),
        }
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// Bytes of an entry, unpacked.
    pub fn size(&self, name: &str) -> Option<u64> {
        self.entries.get(name).map(|entry| entry.size)
    }

    pub fn is_compressed(&self, name: &str) -> bool {
        self.entries.get(name).is_some_and(|entry| entry.compressed)
    }

    /// Where the data of an entry begins.
    pub fn data_start(&self, source: &mut Source, name: &str) -> Result<u64, String> {
        let entry = self
            .entries
            .get(name)
            .ok_or_else(|| format!("{name} is not in the archive"))?;
        let cut = "its entries lie outside the file";
        let header = source.read_at(entry.header, 30)?;
        if !header.starts_with(b"PK\x03\x04") {
            return Err(cut.into());
        }
        // The local header repeats the name and has its own padding: torch aligns the data with it.
        let skip = 30
            + u64::from(u16_at(&header, 26).ok_or(cut)?)
            + u64::from(u16_at(&header, 28).ok_or(cut)?);
        let start = entry.header + skip;
        if start
            .checked_add(entry.packed)
            .is_none_or(|end| end > source.length())
        {
            return Err(cut.into());
        }
        Ok(start)
    }

    /// An entry as a stream, unpacked, that ends where the directory says.
    pub fn stream<'a>(
        &self,
        source: &'a mut Source,
        name: &str,
    ) -> Result<Take<EntryStream<'a>>, String> {
        let start = self.data_start(source, name)?;
        let (packed, size, compressed) = match self.entries.get(name) {
            Some(entry) => (entry.packed, entry.size, entry.compressed),
            None => return Err(format!("{name} is not in the archive")),
        };
        let stored = source.from(start)?.take(packed);
        let stream = if compressed {
            EntryStream::Deflated(DeflateDecoder::new(stored))
        } else {
            EntryStream::Stored(stored)
        };
        Ok(stream.take(size))
    }

    /// A whole entry of at most `most` bytes.
    pub fn read(&self, source: &mut Source, name: &str, most: u64) -> Result<Vec<u8>, String> {
        let size = self.size(name).unwrap_or(0);
        if size > most {
            return Err(format!("{name} has {size} bytes, more than {most}"));
        }
        let mut bytes = Vec::new();
        self.stream(source, name)?
            .read_to_end(&mut bytes)
            .map_err(|_| format!("{name} cannot be unpacked; the file is damaged"))?;
        if bytes.len() as u64 != size {
            return Err(format!("{name} is cut off"));
        }
        self.check_bytes(name, &bytes)?;
        Ok(bytes)
    }
}

/// The bytes of an entry.
pub(in super::super) enum EntryStream<'a> {
    Stored(Take<&'a mut Source>),
    Deflated(DeflateDecoder<Take<&'a mut Source>>),
}

impl Read for EntryStream<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Stored(stream) => stream.read(buffer),
            Self::Deflated(stream) => stream.read(buffer),
        }
    }
}

fn parse(mut rest: &[u8], file_length: u64) -> Result<BTreeMap<String, Entry>, String> {
    let cut = "its directory is cut off";
    let mut entries = BTreeMap::new();
    while rest.starts_with(b"PK\x01\x02") {
        let short = |at| u16_at(rest, at).ok_or(cut);
        let long = |at| u32_at(rest, at).map(u64::from).ok_or(cut);
        let (flags, method) = (short(8)?, short(10)?);
        let (name_bytes, extra_bytes, comment_bytes) = (short(28)?, short(30)?, short(32)?);
        let (mut packed, mut size, mut header) = (long(20)?, long(24)?, long(42)?);
        let name_end = 46 + usize::from(name_bytes);
        let extra_end = name_end + usize::from(extra_bytes);
        let name = String::from_utf8_lossy(rest.get(46..name_end).ok_or(cut)?).into_owned();
        let extra = rest.get(name_end..extra_end).ok_or(cut)?;
        // Zip64 sizes stand in an extra field, each only if the short one is full.
        let mut wide = zip64_fields(extra);
        let full = u64::from(u32::MAX);
        for field in [&mut size, &mut packed, &mut header] {
            if *field == full {
                *field = wide.next().ok_or(cut)?;
            }
        }
        if flags & 1 != 0 {
            return Err(format!(
                "{name} is encrypted; save the file without a password"
            ));
        }
        let compressed = match method {
            0 if packed == size => false,
            8 if size / MAX_DEFLATE_RATIO <= packed => true,
            0 | 8 => return Err(format!("{name} has sizes that cannot be")),
            _ => {
                return Err(format!(
                    "{name} is compressed in a way that torch doesn't read; pack it with deflate or not at all"
                ));
            }
        };
        if header
            .checked_add(packed)
            .is_none_or(|end| end > file_length)
        {
            return Err(format!("{name} reaches past the end of the file"));
        }
        let entry = Entry {
            header,
            size,
            packed,
            compressed,
            checksum: u32_at(rest, 16).ok_or(cut)?,
        };
        if entries.insert(name.clone(), entry).is_some() {
            return Err(format!("{name} is in the archive twice"));
        }
        rest = rest
            .get(extra_end + usize::from(comment_bytes)..)
            .ok_or(cut)?;
    }
    Ok(entries)
}

fn zip64_fields(mut extra: &[u8]) -> impl Iterator<Item = u64> {
    let mut fields = Vec::new();
    while let (Some(kind), Some(length)) = (u16_at(extra, 0), u16_at(extra, 2)) {
        let end = 4 + usize::from(length);
        if kind == 1 {
            let body = extra.get(4..end).unwrap_or_default();
            fields.extend(
                body.as_chunks::<8>()
                    .0
                    .iter()
                    .copied()
                    .map(u64::from_le_bytes),
            );
        }
        extra = extra.get(end..).unwrap_or_default();
    }
    fields.into_iter()
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes
        .get(at..)?
        .first_chunk()
        .copied()
        .map(u16::from_le_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes
        .get(at..)?
        .first_chunk()
        .copied()
        .map(u32::from_le_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes
        .get(at..)?
        .first_chunk()
        .copied()
        .map(u64::from_le_bytes)
}
