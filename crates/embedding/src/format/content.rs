//! What a file of a table is by its first bytes, whatever its name.

use std::{fs::File, io::Read, path::Path};

/// What the beginning of a file shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    Parquet,
    Npy,
    /// Of which arrays of numpy are one kind.
    Zip,
    Safetensors,
    Text,
    /// Another format, and what to do about it.
    Other(&'static str),
    /// Nothing that is known.
    Unknown,
}

/// So much is looked at.
const START_BYTES: u64 = 4096;

/// Files of other programs, by how they begin.
const OTHERS: [(&[u8], &str); 9] = [
    (
        b"ARROW1",
        "it is a file of Arrow; write it anew with pandas' or Polars' Parquet writer",
    ),
    (
        b"FEA1",
        "it is a file of Feather; write it anew with pandas' or Polars' Parquet writer",
    ),
    (
        b"\x89HDF",
        "it is a file of HDF5; write it anew with numpy.savez or pandas' to_parquet",
    ),
    (b"\x1f\x8b", "it is packed with gzip; unpack it first"),
    (b"BZh", "it is packed with bzip2; unpack it first"),
    (b"\xfd7zXZ", "it is packed with xz; unpack it first"),
    (
        b"\x28\xb5\x2f\xfd",
        "it is packed with zstd; unpack it first",
    ),
    (
        b"\x80\x04",
        "it is a pickle, which can run code; write it anew with numpy.savez or pandas' to_parquet",
    ),
    (
        b"\x80\x05",
        "it is a pickle, which can run code; write it anew with numpy.savez or pandas' to_parquet",
    ),
];

impl Content {
    /// Of a file; unknown where it cannot be read, which opening it tells.
    pub(super) fn of(path: &Path) -> Self {
        let mut start = Vec::new();
        let read = File::open(path).and_then(|it| it.take(START_BYTES).read_to_end(&mut start));
        match read {
            Ok(_) => Self::of_bytes(&start),
            Err(_) => Self::Unknown,
        }
    }

    fn of_bytes(start: &[u8]) -> Self {
        let names = |name: &[u8]| start.windows(name.len()).any(|it| it == name);
        if start.starts_with(b"PAR1") {
            Self::Parquet
        } else if start.starts_with(b"\x93NUMPY") {
            Self::Npy
        } else if start.starts_with(b"PK\x03\x04") || start.starts_with(b"PK\x05\x06") {
            match names(b"[Content_Types].xml") || names(b"opendocument.spreadsheet") {
                true => Self::Other("it is a spreadsheet; save its sheet as CSV"),
                false => Self::Zip,
            }
        } else if is_safetensors(start) {
            Self::Safetensors
        } else if let Some((_, remedy)) = OTHERS.iter().find(|(first, _)| start.starts_with(first))
        {
            Self::Other(remedy)
        } else if is_text(start) {
            Self::Text
        } else {
            Self::Unknown
        }
    }
}

/// The length of a header, and the header, which is JSON.
fn is_safetensors(start: &[u8]) -> bool {
    let header = start.first_chunk().map(|size| u64::from_le_bytes(*size));
    header.is_some_and(|size| (2..1 << 30).contains(&size))
        && start.get(8..).is_some_and(|json| json.starts_with(b"{\""))
}

fn is_text(start: &[u8]) -> bool {
    let is_whole = match std::str::from_utf8(start) {
        Ok(_) => true,
        // Cut within a letter.
        Err(error) => error.error_len().is_none(),
    };
    let is_sign = |byte: &u8| *byte < 0x20 && !matches!(byte, b'\t' | b'\r' | b'\n' | 0x1e | 0x1f);
    is_whole && !start.is_empty() && !start.iter().any(is_sign)
}
