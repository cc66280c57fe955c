//! numpy's archive of arrays. Strings are fixed-width Unicode (`<U`), so that numpy reads them without pickle.

use std::{
    fs::File,
    io::{self, BufReader, Read, Write},
    path::Path,
};

use npyz::{
    DType, TypeStr, WriterBuilder,
    npz::{NpzArchive, NpzWriter},
};

use super::{EmbeddingTable, MOST_BYTES, TrackRow, damaged, parse_level, text_of, unreadable};
use crate::EmbeddingError;
use mynascope_base::storage::write_atomic;

/// The archive's entries are limited to 32-bit sizes.
const MOST_ENTRY_BYTES: usize = u32::MAX as usize;

pub(super) fn save(table: &EmbeddingTable, path: &Path) -> Result<(), EmbeddingError> {
    if table.values.len() * size_of::<f32>() >= MOST_ENTRY_BYTES {
        return Err(EmbeddingError::Unfit {
            what: "an .npz file holds at most 4 GiB of numbers; write .parquet instead of".into(),
            path: path.to_path_buf(),
        });
    }
    write_atomic(path, |file| {
        let mut archive = NpzWriter::new(file);
        let rows = table.rows() as u64;
        numbers(
            &mut archive,
            "embedding",
            &[rows, table.dim as u64],
            &table.values,
        )?;
        numbers(&mut archive, "timestamps", &[rows], &table.timestamps)?;
        let track: Vec<i64> = table.track.iter().map(|&track| i64::from(track)).collect();
        numbers(&mut archive, "track", &[rows], &track)?;
        let tracks = [table.tracks.len() as u64];
        let paths: Vec<_> = table
            .tracks
            .iter()
            .map(|track| track.path.to_string_lossy())
            .collect();
        strings(
            &mut archive,
            "path",
            &tracks,
            paths.iter().map(AsRef::as_ref),
        )?;
        let labels = table
            .tracks
            .iter()
            .map(|track| track.label.as_deref().unwrap_or(""));
        strings(&mut archive, "label", &tracks, labels)?;
        let splits = table
            .tracks
            .iter()
            .map(|track| track.split.as_deref().unwrap_or(""));
        strings(&mut archive, "split", &tracks, splits)?;
        strings(
            &mut archive,
            "encoder",
            &[],
            [table.encoder.as_str()].into_iter(),
        )?;
        strings(
            &mut archive,
            "level",
            &[],
            [table.level.to_string().as_str()].into_iter(),
        )?;
        // Dropping the archive would write its directory too, but swallow the error of a full disk.
        archive.zip_writer().finish()?;
        Ok(())
    })?;
    Ok(())
}

fn numbers<T: npyz::AutoSerialize + Copy, W: Write + io::Seek>(
    archive: &mut NpzWriter<W>,
    name: &str,
    shape: &[u64],
    values: &[T],
) -> io::Result<()> {
    let mut array = archive
        .array(name, Default::default())?
        .default_dtype()
        .shape(shape)
        .begin_nd()?;
    array.extend(values.iter().copied())?;
    array.finish()
}

fn strings<'a, W: Write + io::Seek>(
    archive: &mut NpzWriter<W>,
    name: &str,
    shape: &[u64],
    texts: impl Iterator<Item = &'a str> + Clone,
) -> io::Result<()> {
    let width = texts.clone().map(|text| text.chars().count()).max();
    // numpy has no strings of width 0.
    let kind = format!("<U{}", width.unwrap_or(0).max(1));
    let kind: TypeStr = kind.parse().map_err(io::Error::other)?;
    let mut array = archive
        .array::<str>(name, Default::default())?
        .dtype(DType::new_scalar(kind))
        .shape(shape)
        .begin_nd()?;
    for text in texts {
        array.push(text)?;
    }
    array.finish()
}

pub(super) fn load(path: &Path) -> Result<EmbeddingTable, EmbeddingError> {
    let file = File::open(path).map_err(unreadable(path))?;
    let mut archive = NpzArchive::new(BufReader::new(file))
        .map_err(|error| damaged(path, format!("it is no npz archive ({error})")))?;
    let mut read = |name: &str| read_array(&mut archive, name, path);

    let embedding = read("embedding")?.ok_or_else(|| missing("embedding", path))?;
    let &[rows, dim] = embedding.shape.as_slice() else {
        return Err(damaged(
            path,
            format!(
                "embedding has the shape {:?}, not [rows, dim]",
                embedding.shape
            ),
        ));
    };
    let timestamps = read("timestamps")?.ok_or_else(|| missing("timestamps", path))?;
    let track = read("track")?.ok_or_else(|| missing("track", path))?;
    for (name, array) in [("timestamps", &timestamps), ("track", &track)] {
        if array.shape != [rows] {
            return Err(damaged(
                path,
                format!(
                    "{name} has the shape {:?}, but embedding has {rows} rows",
                    array.shape
                ),
            ));
        }
    }
    let paths = read("path")?
        .ok_or_else(|| missing("path", path))?
        .texts("path", path)?;
    let labels = match read("label")? {
        Some(labels) => labels.texts("label", path)?,
        None => vec![String::new(); paths.len()],
    };
    let splits = match read("split")? {
        Some(splits) => splits.texts("split", path)?,
        None => vec![String::new(); paths.len()],
    };
    for (name, texts) in [("labels", &labels), ("splits", &splits)] {
        if texts.len() != paths.len() {
            let what = format!("it names {} paths but {} {name}", paths.len(), texts.len());
            return Err(damaged(path, what));
        }
    }
    let mut text = |name: &str| -> Result<Option<String>, EmbeddingError> {
        Ok(match read(name)? {
            Some(array) => array.texts(name, path)?.into_iter().next(),
            None => None,
        })
    };
    let encoder = text("encoder")?.unwrap_or_else(|| "unknown".to_owned());
    let level = parse_level(text("level")?.as_deref(), path)?;
    Ok(EmbeddingTable {
        dim: usize::try_from(dim).map_err(|_| damaged(path, "embedding is too wide"))?,
        values: embedding.floats("embedding", path)?,
        timestamps: timestamps.floats("timestamps", path)?,
        track: track.indices("track", path)?,
        tracks: paths
            .into_iter()
            .zip(labels)
            .zip(splits)
            .map(|((path, label), split)| TrackRow {
                path: path.into(),
                label: text_of(&label),
                split: text_of(&split),
            })
            .collect(),
        encoder,
        level,
    })
}

fn missing(name: &str, path: &Path) -> EmbeddingError {
    damaged(path, format!("the array {name} is missing"))
}

/// An array as it stands in the file.
struct RawArray {
    /// numpy's type string, for example `<f4`.
    kind: String,
    shape: Vec<u64>,
    bytes: Vec<u8>,
}

fn read_array(
    archive: &mut NpzArchive<BufReader<File>>,
    name: &str,
    path: &Path,
) -> Result<Option<RawArray>, EmbeddingError> {
    if !archive.array_names().any(|known| known == name) {
        return Ok(None);
    }
    let mut entry = archive
        .zip_archive()
        .by_name(&npyz::npz::file_name_from_array_name(name))
        .map_err(|error| damaged(path, format!("the array {name} cannot be read ({error})")))?;
    read_npy(&mut entry)
        .map(Some)
        .map_err(|error| damaged(path, format!("the array {name} cannot be read ({error})")))
}

/// Reads one `.npy` entry (numpy/lib/format.py describes it). Own code, because a size that the file dictates is
/// multiplied without a check by the crate that writes it.
fn read_npy(entry: &mut impl Read) -> io::Result<RawArray> {
    const LONGEST_HEADER: usize = 1 << 16;
    let bad = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
    let mut start = [0_u8; 8];
    entry.read_exact(&mut start)?;
    let [0x93, b'N', b'U', b'M', b'P', b'Y', version, _] = start else {
        return Err(bad("it does not start as a numpy array"));
    };
    let length = match version {
        1 => {
            let mut bytes = [0_u8; 2];
            entry.read_exact(&mut bytes)?;
            usize::from(u16::from_le_bytes(bytes))
        }
        2 | 3 => {
            let mut bytes = [0_u8; 4];
            entry.read_exact(&mut bytes)?;
            u32::from_le_bytes(bytes) as usize
        }
        _ => return Err(bad("the version of the array is not known")),
    };
    if length > LONGEST_HEADER {
        return Err(bad("its header is too long"));
    }
    let mut header = vec![0_u8; length];
    entry.read_exact(&mut header)?;
    let header = String::from_utf8(header).map_err(|_| bad("its header is no text"))?;
    let value = |key: &str| -> Option<&str> {
        let (_, rest) = header.split_once(&format!("'{key}'"))?;
        Some(rest.trim_start().strip_prefix(':')?.trim_start())
    };
    let kind = value("descr")
        .and_then(|rest| rest.strip_prefix('\''))
        .and_then(|rest| rest.split_once('\''))
        .ok_or_else(|| bad("its header names no plain type"))?
        .0
        .to_owned();
    if !value("fortran_order").is_some_and(|rest| rest.starts_with("False")) {
        return Err(bad("it is not stored row by row"));
    }
    let shape = value("shape")
        .and_then(|rest| rest.strip_prefix('('))
        .and_then(|rest| rest.split_once(')'))
        .ok_or_else(|| bad("its header names no shape"))?
        .0
        .split(',')
        .map(str::trim)
        .filter(|size| !size.is_empty())
        .map(str::parse)
        .collect::<Result<Vec<u64>, _>>()
        .map_err(|_| bad("its shape is no list of numbers"))?;
    let size = item_bytes(&kind).ok_or_else(|| bad(&format!("its type {kind} is not known")))?;
    let expected = shape
        .iter()
        .try_fold(size, |bytes, &size| bytes.checked_mul(size))
        .filter(|&bytes| bytes <= MOST_BYTES)
        .ok_or_else(|| bad("it claims to be too large"))?;
    // One byte more than expected: reading to the end makes the archive check its sum.
    let mut bytes = Vec::new();
    entry.take(expected + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 != expected {
        return Err(bad("its size is not that of its shape"));
    }
    Ok(RawArray { kind, shape, bytes })
}

fn item_bytes(kind: &str) -> Option<u64> {
    match kind {
        "<f4" | "<i4" => Some(4),
        "<f8" | "<i8" => Some(8),
        _ => {
            let width: u64 = kind.strip_prefix("<U")?.parse().ok()?;
            width.checked_mul(4)
        }
    }
}

impl RawArray {
    fn parts<const N: usize>(&self) -> impl Iterator<Item = [u8; N]> {
        self.bytes.as_chunks::<N>().0.iter().copied()
    }

    fn wrong_kind(&self, name: &str, wanted: &str, path: &Path) -> EmbeddingError {
        damaged(
            path,
            format!("the array {name} has the type {}, not {wanted}", self.kind),
        )
    }

    fn floats(&self, name: &str, path: &Path) -> Result<Vec<f32>, EmbeddingError> {
        match self.kind.as_str() {
            "<f4" => Ok(self.parts().map(f32::from_le_bytes).collect()),
            "<f8" => Ok(self.parts().map(|b| f64::from_le_bytes(b) as f32).collect()),
            _ => Err(self.wrong_kind(name, "<f4", path)),
        }
    }

    fn indices(&self, name: &str, path: &Path) -> Result<Vec<u32>, EmbeddingError> {
        let indices: Option<Vec<u32>> = match self.kind.as_str() {
            "<i8" => self
                .parts()
                .map(|b| u32::try_from(i64::from_le_bytes(b)).ok())
                .collect(),
            "<i4" => self
                .parts()
                .map(|b| u32::try_from(i32::from_le_bytes(b)).ok())
                .collect(),
            _ => return Err(self.wrong_kind(name, "<i8", path)),
        };
        indices.ok_or_else(|| damaged(path, format!("the array {name} holds no track numbers")))
    }

    fn texts(&self, name: &str, path: &Path) -> Result<Vec<String>, EmbeddingError> {
        let width: usize = self
            .kind
            .strip_prefix("<U")
            .and_then(|width| width.parse().ok())
            .filter(|&width| width > 0)
            .ok_or_else(|| self.wrong_kind(name, "<U", path))?;
        self.bytes
            .chunks_exact(width * 4)
            .map(|text| {
                text.as_chunks::<4>()
                    .0
                    .iter()
                    .map(|&code| u32::from_le_bytes(code))
                    .take_while(|&code| code != 0)
                    .map(char::from_u32)
                    .collect::<Option<String>>()
                    .ok_or_else(|| damaged(path, format!("the array {name} holds no text")))
            })
            .collect()
    }
}
