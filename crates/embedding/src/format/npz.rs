//! numpy's archive of arrays. Strings are fixed-width Unicode (`<U`), so that numpy reads them without pickle.

use std::{
    fs::File,
    io::{self, BufReader, Write},
    path::Path,
};

use npyz::{DType, TypeStr, WriteOptions, WriterBuilder};
use zip::{CompressionMethod, ZipArchive, ZipWriter, write::SimpleFileOptions};

use super::{
    MOST_DIM, damaged,
    fields::{Field, unit_secs},
    no_vectors,
    npy::{Array, Header, NpyError},
    rows::{Contents, RowTexts, Tracks},
    unreadable, unusable,
};
use crate::{EmbeddingError, EmbeddingTable};
use mynascope_base::storage::write_atomic;

pub(super) fn save(table: &EmbeddingTable, path: &Path) -> Result<(), EmbeddingError> {
    write_atomic(path, |file| {
        let mut archive = ZipWriter::new(file);
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
            "encoder_hash",
            &[],
            [table.encoder_hash.as_str()].into_iter(),
        )?;
        strings(
            &mut archive,
            "level",
            &[],
            [table.level.to_string().as_str()].into_iter(),
        )?;
        // Dropping the archive would write its directory too, but swallow the error of a full disk.
        archive.finish()?;
        Ok(())
    })?;
    Ok(())
}

/// Stored as it is, as `numpy.savez` does; with 64-bit sizes, which numpy writes always, too.
fn start_array<W: Write + io::Seek>(archive: &mut ZipWriter<W>, name: &str) -> io::Result<()> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .large_file(true);
    archive.start_file(entry_name(name), options)?;
    Ok(())
}

/// What numpy calls the file of an array inside the archive.
fn entry_name(array: &str) -> String {
    format!("{array}.npy")
}

fn numbers<T: npyz::AutoSerialize + Copy, W: Write + io::Seek>(
    archive: &mut ZipWriter<W>,
    name: &str,
    shape: &[u64],
    values: &[T],
) -> io::Result<()> {
    start_array(archive, name)?;
    let mut array = WriteOptions::new()
        .default_dtype()
        .shape(shape)
        .writer(archive)
        .begin_nd()?;
    array.extend(values.iter().copied())?;
    array.finish()
}

fn strings<'a, W: Write + io::Seek>(
    archive: &mut ZipWriter<W>,
    name: &str,
    shape: &[u64],
    texts: impl Iterator<Item = &'a str> + Clone,
) -> io::Result<()> {
    let width = texts.clone().map(|text| text.chars().count()).max();
    // numpy has no strings of width 0.
    let kind = format!("<U{}", width.unwrap_or(0).max(1));
    let kind: TypeStr = kind.parse().map_err(io::Error::other)?;
    start_array(archive, name)?;
    let mut array = WriteOptions::<str>::new()
        .dtype(DType::new_scalar(kind))
        .shape(shape)
        .writer(archive)
        .begin_nd()?;
    for text in texts {
        array.push(text)?;
    }
    array.finish()
}

/// Arrays of an archive that are looked at.
const MOST_ARRAYS: usize = 4096;

/// Reads an archive. Arrays are found by the usual names ([`Field`]); the vectors also as the only matrix of numbers.
/// Paths, labels and splits are for each row, or for each track where an array of track numbers says so.
pub(super) fn load(path: &Path) -> Result<Contents, EmbeddingError> {
    let mut archive = Archive::open(path)?;
    let is_matrix = |header: &Header| header.is_numeric() && squeezed(&header.shape).len() == 2;
    let place = archive
        .find(Field::Embedding, |header| {
            header.is_numeric() || header.is_text()
        })
        .or_else(|| archive.only(is_matrix));
    let Some(place) = place else {
        return Err(no_vectors(path, "arrays", &archive.described()));
    };
    let embedding = archive.read(place)?;
    let (dim, values) = matrix(embedding, &archive.name(place), path)?;
    let rows = values.len() / dim;
    let mut contents = Contents {
        dim,
        values,
        ..Contents::default()
    };
    let mut texts = |field: Field, but: Option<usize>| -> Result<Option<Texts>, EmbeddingError> {
        let found = archive.find(field, |header| match field {
            // A number for each row is the track's, not a path.
            Field::Path => header.is_text(),
            _ => header.is_text() || header.is_numeric(),
        });
        let Some(place) = found.filter(|&found| Some(found) != but) else {
            return Ok(None);
        };
        let name = archive.name(place);
        let array = archive.read(place)?;
        let texts = array.texts().map_err(|error| archive.wrong(&name, error))?;
        Ok(Some(Texts { name, texts }))
    };
    let paths = texts(Field::Path, Some(place))?;
    let labels = texts(Field::Label, Some(place))?;
    let splits = texts(Field::Split, Some(place))?;
    let single = |texts: Option<Texts>| texts.and_then(|texts| texts.texts.into_iter().next());
    contents.encoder = single(texts(Field::Encoder, None)?);
    contents.encoder_hash = single(texts(Field::EncoderHash, None)?);
    contents.level = single(texts(Field::Level, None)?);
    let mut numbers = |field: Field| -> Result<Option<(String, Array)>, EmbeddingError> {
        let found = archive.find(field, Header::is_numeric);
        let Some(place) = found.filter(|&found| found != place) else {
            return Ok(None);
        };
        let (name, array) = (archive.name(place), archive.read(place)?);
        if squeezed(&array.shape) != squeezed(&[rows as u64]) {
            let what = format!(
                "its array {name} has the shape {:?}, but there are {rows} vectors",
                array.shape
            );
            return Err(unusable(path, what));
        }
        Ok(Some((name, array)))
    };
    let index =
        match numbers(Field::Track)? {
            None => None,
            Some((name, array)) => Some(array.whole().ok_or_else(|| {
                unusable(path, format!("its array {name} holds no track numbers"))
            })?),
        };
    contents.timestamps = numbers(Field::Timestamp)?.map(|(name, array)| {
        let unit_secs = unit_secs(&name);
        let times = array.floats().into_iter();
        times.map(|time| time * unit_secs).collect()
    });
    let index = index.as_deref();
    contents.tracks =
        tracks(rows, index, [paths, labels, splits]).map_err(|what| unusable(path, what))?;
    Ok(contents)
}

/// A matrix by itself: rows without names.
pub(super) fn load_single(path: &Path) -> Result<Contents, EmbeddingError> {
    let mut file = BufReader::new(File::open(path).map_err(unreadable(path))?);
    let told = |error| match error {
        NpyError::Damaged(what) => damaged(path, what),
        NpyError::Unusable(what) => unusable(path, what),
    };
    let header = Header::read(&mut file).map_err(told)?;
    if !header.is_numeric() && !header.is_text() {
        return Err(no_vectors(path, "arrays", &["one of named fields"]));
    }
    let array = header.elements(&mut file).map_err(told)?;
    let (dim, values) = matrix(array, "", path)?;
    let rows = values.len() / dim;
    Ok(Contents {
        dim,
        values,
        tracks: tracks(rows, None, [None, None, None]).map_err(|what| unusable(path, what))?,
        ..Contents::default()
    })
}

/// Width and numbers of a matrix [rows, dim].
fn matrix(mut array: Array, name: &str, path: &Path) -> Result<(usize, Vec<f32>), EmbeddingError> {
    let full = array.shape.clone();
    array.shape = squeezed(&array.shape);
    let dim = match array.shape.as_slice() {
        &[_, dim] => usize::try_from(dim)
            .ok()
            .filter(|&dim| (1..=MOST_DIM).contains(&dim)),
        _ => None,
    };
    match dim {
        Some(dim) if array.is_numeric() => Ok((dim, array.floats())),
        _ => {
            let what = format!(
                "its array {name} has the shape {full:?} and not [rows, dim] of numbers; save one vector a row"
            );
            Err(unusable(path, what.replace("array  has", "array has")))
        }
    }
}

/// A shape without the axes of length 1 behind the first: `[rows, 1, dim]` is `[rows, dim]`. A matrix stays one.
fn squeezed(shape: &[u64]) -> Vec<u64> {
    if shape.len() <= 2 {
        return shape.to_vec();
    }
    let (first, rest) = shape.split_at(1);
    let mut shape = first.to_vec();
    shape.extend(rest.iter().filter(|&&size| size != 1));
    if shape.len() == 1 {
        shape.push(1);
    }
    shape
}

struct Texts {
    name: String,
    texts: Vec<String>,
}

/// The tracks of the rows, of texts that are there for each row or for each track.
fn tracks(
    rows: usize,
    index: Option<&[i64]>,
    [paths, labels, splits]: [Option<Texts>; 3],
) -> Result<Tracks, String> {
    let by_track = paths
        .as_ref()
        .and_then(|paths| index.filter(|index| is_by_track(&paths.texts, rows, index)));
    let named = paths.as_ref().map_or(rows, |paths| paths.texts.len());
    for texts in [&paths, &labels, &splits].into_iter().flatten() {
        let count = texts.texts.len();
        let fits = count == rows || (by_track.is_some() && count == named);
        if !fits {
            let name = &texts.name;
            return Err(match by_track {
                Some(_) => format!("it names {named} paths, but its array {name} has {count}"),
                None => format!("it has {rows} vectors, but its array {name} has {count}"),
            });
        }
    }
    let mut tracks = Tracks::default();
    for row in 0..rows {
        let track = by_track
            .and_then(|index| index.get(row))
            .and_then(|&track| usize::try_from(track).ok());
        let text = |texts: &Option<Texts>| -> String {
            let Some(Texts { texts, .. }) = texts else {
                return String::new();
            };
            let at = match track {
                Some(track) if texts.len() == named => track,
                _ => row,
            };
            texts.get(at).cloned().unwrap_or_default()
        };
        tracks.push(RowTexts {
            index: index.and_then(|index| index.get(row).copied()),
            path: &text(&paths),
            label: &text(&labels),
            split: &text(&splits),
        })?;
    }
    Ok(tracks)
}

/// Whether paths are those of tracks, which `index` numbers for each row, and not those of rows. Where there are as many
/// paths as rows, repeated paths and numbers past the end tell that they are those of rows.
fn is_by_track(paths: &[String], rows: usize, index: &[i64]) -> bool {
    let within = |&track: &i64| usize::try_from(track).is_ok_and(|track| track < paths.len());
    let all_within = index.iter().all(within);
    if paths.len() != rows {
        return all_within;
    }
    let mut seen = std::collections::HashSet::new();
    all_within && paths.iter().all(|path| seen.insert(path))
}

/// An archive with what its arrays say at their beginning.
struct Archive<'a> {
    path: &'a Path,
    archive: ZipArchive<BufReader<File>>,
    /// Name and header; none where that is no header of an array.
    arrays: Vec<(String, Option<Header>)>,
}

impl<'a> Archive<'a> {
    fn open(path: &'a Path) -> Result<Self, EmbeddingError> {
        let file = File::open(path).map_err(unreadable(path))?;
        let mut archive = ZipArchive::new(BufReader::new(file))
            .map_err(|error| damaged(path, format!("it is no npz archive ({error})")))?;
        let mut names: Vec<String> = archive
            .file_names()
            .filter_map(Result::ok)
            .filter_map(|file| file.strip_suffix(".npy").map(str::to_owned))
            .collect();
        names.truncate(MOST_ARRAYS);
        let mut arrays = Vec::with_capacity(names.len());
        for name in names {
            let file = entry_name(&name);
            let mut entry = archive.by_name(&file).map_err(|error| {
                damaged(path, format!("its array {name} cannot be read ({error})"))
            })?;
            let header = Header::read(&mut entry).ok();
            drop(entry);
            arrays.push((name, header));
        }
        Ok(Self {
            path,
            archive,
            arrays,
        })
    }

    fn name(&self, place: usize) -> String {
        self.arrays
            .get(place)
            .map_or_else(String::new, |(name, _)| name.clone())
    }

    /// The array of a field whose header fits. One without a readable header counts: reading it will say why.
    fn find(&self, field: Field, fits: impl Fn(&Header) -> bool) -> Option<usize> {
        let names: Vec<&str> = self.arrays.iter().map(|(name, _)| name.as_str()).collect();
        field.find(&names, |place| {
            let header = self.arrays.get(place).map(|(_, header)| header);
            header.is_some_and(|header| header.as_ref().is_none_or(&fits))
        })
    }

    /// The only array whose header fits.
    fn only(&self, fits: impl Fn(&Header) -> bool) -> Option<usize> {
        let mut fitting = (0..self.arrays.len()).filter(|&place| {
            let array = self.arrays.get(place);
            array.is_some_and(|(_, header)| header.as_ref().is_some_and(&fits))
        });
        fitting.next().filter(|_| fitting.next().is_none())
    }

    /// Names and shapes, for people.
    fn described(&self) -> Vec<String> {
        let describe = |(name, header): &(String, Option<Header>)| match header {
            Some(header) => format!("{name} {:?}", header.shape),
            None => name.clone(),
        };
        self.arrays.iter().map(describe).collect()
    }

    fn wrong(&self, name: &str, error: NpyError) -> EmbeddingError {
        match error {
            NpyError::Damaged(what) => damaged(
                self.path,
                format!("its array {name} cannot be read ({what})"),
            ),
            NpyError::Unusable(what) => unusable(self.path, format!("its array {name}: {what}")),
        }
    }

    fn read(&mut self, place: usize) -> Result<Array, EmbeddingError> {
        let name = self.name(place);
        let file = entry_name(&name);
        let mut entry = self.archive.by_name(&file).map_err(|error| {
            damaged(
                self.path,
                format!("its array {name} cannot be read ({error})"),
            )
        })?;
        let array = Header::read(&mut entry).and_then(|header| header.elements(&mut entry));
        drop(entry);
        array.map_err(|error| self.wrong(&name, error))
    }
}
