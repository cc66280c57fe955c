//! The bytes of lists, unpacked, and what is said of those that are no text.

use std::{
    borrow::Cow,
    fs,
    io::{BufRead, BufReader, Read},
    path::Path,
};

use flate2::read::MultiGzDecoder;

use crate::CollectionError;
use mynascope_base::not_downloaded;

/// What files begin with that are packed with gzip.
const GZIP: &[u8] = b"\x1f\x8b";

/// The first bytes of a file; of one that is packed with gzip, whatever its name, those that are packed in it.
pub(super) fn bytes_of(path: &Path, most: u64) -> Result<Vec<u8>, CollectionError> {
    let unreadable = |source| CollectionError::Unreadable {
        source,
        path: path.to_path_buf(),
    };
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(unreadable)?;
    let length = file.metadata().map_err(unreadable)?.len();
    let mut file = BufReader::new(file);
    if !file.fill_buf().map_err(unreadable)?.starts_with(GZIP) {
        // Long lists would take half as much again while room for them grows.
        bytes.reserve_exact(length.min(most) as usize);
        file.take(most)
            .read_to_end(&mut bytes)
            .map_err(unreadable)?;
        return Ok(bytes);
    }
    let unpacked = MultiGzDecoder::new(file).take(most).read_to_end(&mut bytes);
    unpacked.map_err(|error| CollectionError::Labels {
        line: 1,
        why: format!(
            "it is packed with gzip and cannot be unpacked to its end ({error}); pack it again, or replace it with an \
             intact copy"
        ),
        path: path.to_path_buf(),
    })?;
    Ok(bytes)
}

/// The name of a list without the ending of gzip, as of `list.csv.gz`.
pub(crate) fn unpacked_name(path: &Path) -> Cow<'_, Path> {
    match path.extension() {
        Some(ending) if ending.eq_ignore_ascii_case("gz") => path.with_extension("").into(),
        _ => path.into(),
    }
}

/// What a file is that is no text, whatever its name, and what to do about it.
pub(super) fn no_text(bytes: &[u8]) -> Option<&'static str> {
    const KINDS: [(&[u8], &str); 8] = [
        (
            b"PAR1",
            "it is a Parquet file; if it is a list, write it as CSV, as with pandas' to_csv",
        ),
        (
            b"PK\x03\x04",
            "it is a spreadsheet or another archive; save its sheet as CSV and open that",
        ),
        (
            b"\xd0\xcf\x11\xe0",
            "it is a spreadsheet of old; save its sheet as CSV and open that",
        ),
        (b"BZh", "it is packed with bzip2; unpack it first"),
        (b"\xfd7zXZ", "it is packed with xz; unpack it first"),
        (
            b"\x28\xb5\x2f\xfd",
            "it is packed with zstd; unpack it first",
        ),
        (
            b"SQLite format 3",
            "it is a database of SQLite; write its table as CSV",
        ),
        (
            b"\x89HDF",
            "it is a file of HDF5; write its table as CSV, as with pandas' to_csv",
        ),
    ];
    let found = KINDS.iter().find(|(first, _)| bytes.starts_with(first));
    found.map(|(_, why)| *why).or_else(|| not_downloaded(bytes))
}
