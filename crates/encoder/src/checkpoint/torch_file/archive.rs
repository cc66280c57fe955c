//! The directory of a zip archive whose entries are stored as they are, which is all that torch writes
//! (PKWARE APPNOTE 6.3, sections 4.3.7, 4.3.12, 4.3.14 to 4.3.16).

use std::{
    collections::BTreeMap,
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::Path,
};

use super::super::safetensors_file::MAX_FILE_BYTES;

/// Names of ten thousand tensors.
const MAX_DIRECTORY_BYTES: u64 = 4 << 20;
/// The end record and the longest comment after it.
const END_SEARCH_BYTES: u64 = 22 + 65_535;

pub(super) struct Archive {
    file: File,
    length: u64,
    entries: BTreeMap<String, Entry>,
}

struct Entry {
    header: u64,
    size: u64,
}

impl Archive {
    pub fn open(path: &Path) -> Result<Self, String> {
        let mut file = File::open(path).map_err(|error| error.to_string())?;
        let length = file.metadata().map_err(|error| error.to_string())?.len();
        if length > MAX_FILE_BYTES {
            return Err(format!("it has {length} bytes, more than 4 GiB"));
        }
        let tail_start = length.saturating_sub(END_SEARCH_BYTES);
        let tail = read_at(&mut file, tail_start, length - tail_start)?;
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
        let directory = read_at(&mut file, start, size)?;
        let entries = parse_directory(&directory, length)?;
        Ok(Self {
            file,
            length,
            entries,
        })
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// Bytes of an entry.
    pub fn size(&self, name: &str) -> Option<u64> {
        self.entries.get(name).map(|entry| entry.size)
    }

    /// A whole entry of at most `most` bytes.
    pub fn read(&mut self, name: &str, most: u64) -> Result<Vec<u8>, String> {
        let size = self.size(name).unwrap_or(0);
        if size > most {
            return Err(format!("{name} has {size} bytes, more than {most}"));
        }
        self.read_part(name, 0, size as usize)
    }

    /// Part of an entry.
    pub fn read_part(&mut self, name: &str, start: u64, length: usize) -> Result<Vec<u8>, String> {
        let entry = self
            .entries
            .get(name)
            .ok_or_else(|| format!("{name} is not in the archive"))?;
        let header = read_at(&mut self.file, entry.header, 30)?;
        let cut = "its entries lie outside the file";
        if !header.starts_with(b"PK\x03\x04") {
            return Err(cut.into());
        }
        // The local header repeats the name and has its own padding: torch aligns the data with it.
        let skip = 30
            + u64::from(u16_at(&header, 26).ok_or(cut)?)
            + u64::from(u16_at(&header, 28).ok_or(cut)?);
        let from = entry.header + skip + start;
        if from
            .checked_add(length as u64)
            .is_none_or(|end| end > self.length)
        {
            return Err(cut.into());
        }
        read_at(&mut self.file, from, length as u64)
    }
}

fn parse_directory(mut rest: &[u8], file_length: u64) -> Result<BTreeMap<String, Entry>, String> {
    let cut = "its directory is cut off";
    let mut entries = BTreeMap::new();
    while rest.starts_with(b"PK\x01\x02") {
        let short = |at| u16_at(rest, at).ok_or(cut);
        let long = |at| u32_at(rest, at).map(u64::from).ok_or(cut);
        let (method, name_bytes, extra_bytes, comment_bytes) =
            (short(10)?, short(28)?, short(30)?, short(32)?);
        let (packed, mut size, mut header) = (long(20)?, long(24)?, long(42)?);
        let name_end = 46 + usize::from(name_bytes);
        let extra_end = name_end + usize::from(extra_bytes);
        let name = String::from_utf8_lossy(rest.get(46..name_end).ok_or(cut)?).into_owned();
        let extra = rest.get(name_end..extra_end).ok_or(cut)?;
        // Zip64 sizes stand in an extra field, each only if the short one is full.
        let mut wide = zip64_fields(extra);
        let full = u64::from(u32::MAX);
        if size == full {
            size = wide.next().ok_or(cut)?;
        }
        if packed == full {
            wide.next().ok_or(cut)?;
        }
        if header == full {
            header = wide.next().ok_or(cut)?;
        }
        if method != 0 || (packed != full && packed != size) {
            return Err(format!("{name} is compressed, which torch never does"));
        }
        if header.checked_add(size).is_none_or(|end| end > file_length) {
            return Err(format!("{name} reaches past the end of the file"));
        }
        if entries
            .insert(name.clone(), Entry { header, size })
            .is_some()
        {
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

fn read_at(file: &mut File, start: u64, length: u64) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::with_capacity(length as usize);
    file.seek(SeekFrom::Start(start))
        .and_then(|_| file.by_ref().take(length).read_to_end(&mut bytes))
        .map_err(|error| error.to_string())?;
    if bytes.len() as u64 == length {
        Ok(bytes)
    } else {
        Err("the file is cut off".into())
    }
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
