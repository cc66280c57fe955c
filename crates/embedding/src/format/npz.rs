//! numpy's archive of arrays. Strings are fixed-width Unicode (`<U`), so that numpy reads them without pickle.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    fs::File,
    io::{self, BufReader, Write},
    path::Path,
};

use npyz::{DType, TypeStr, WriteOptions, WriterBuilder};
use zip::{CompressionMethod, ZipArchive, ZipWriter, write::SimpleFileOptions};

use super::{
    MOST_DIM, damaged,
    fields::{self, Field, say_unread, unit_secs},
    keyed, no_vectors,
    npy::{Array, Header, NpyError},
    rows::{Contents, RowTexts, Tracks},
    unreadable, unusable,
};
use crate::{EmbeddingError, EmbeddingTable};
use mynascope_base::{counted, storage::write_atomic};

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
        if table.incomplete().next().is_some() {
            let lacks = table
                .tracks
                .iter()
                .map(|track| track.incomplete.as_deref().unwrap_or(""));
            strings(&mut archive, "incomplete", &tracks, lacks)?;
        }
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
const MOST_ARRAYS: usize = 1 << 17;

/// Reads an archive. Arrays are found by the usual names ([`Field`]); the vectors also as the only matrix of numbers.
/// Paths, labels and splits are for each row, or for each track where an array of track numbers says so.
pub(super) fn load(path: &Path) -> Result<Contents, EmbeddingError> {
    let mut archive = Archive::open(path)?;
    let is_matrix = |header: &Header| header.is_numeric() && squeezed(&header.shape).len() == 2;
    let named = archive.find(Field::Embedding, |header| {
        header.is_numeric() || header.is_text()
    });
    if named.is_none()
        && let Some(dim) = keyed::width(&archive.shapes())
    {
        let names: Vec<String> = (0..archive.arrays.len())
            .map(|at| archive.name(at))
            .collect();
        let vectors = names.iter().enumerate();
        let vectors = vectors.map(|(at, name)| Ok((name.as_str(), archive.read(at)?.floats())));
        return keyed::load(dim, "arrays", vectors, path);
    }
    let place = named.or_else(|| archive.only_unclaimed(is_matrix));
    let Some(place) = place else {
        if let Some(named) = archive.find(Field::Embedding, |_| true)
            && let Some(header) = archive.header(named)
        {
            let name = archive.name(named);
            let what = format!("its array {name} is {}", header.say_unread());
            return Err(unusable(path, what));
        }
        return Err(no_vectors(path, "arrays", &archive.described()));
    };
    // Before its numbers are read, which may be packed ever so small.
    if let Some(header) = archive.header(place)
        && header.is_readable()
    {
        width(&header.shape, &archive.name(place), path)?;
    }
    let embedding = archive.read(place)?;
    let (dim, values) = matrix(embedding, &archive.name(place), path)?;
    let rows = values.len() / dim;
    let mut contents = Contents {
        dim,
        values,
        ..Contents::default()
    };
    let mut one_hot_note = None;
    let mut texts = |field: Field, but: Option<usize>| -> Result<Option<Texts>, EmbeddingError> {
        let found = match field {
            // Numbers are ids where no texts are paths.
            Field::Path => archive.find(field, Header::is_text).or_else(|| {
                archive.find_ids(|header| header.is_numeric() && is_row_each(&header.shape, rows))
            }),
            _ => archive.find(field, |header| header.is_text() || header.is_numeric()),
        };
        let Some(place) = found.filter(|&found| Some(found) != but) else {
            return Ok(None);
        };
        let name = archive.name(place);
        let array = archive.read(place)?;
        if let Some(classes) = one_hot_width(&array.shape, rows).filter(|_| array.is_numeric()) {
            let marked = field == Field::Label;
            let texts = marked.then(|| one_hot(&array.floats(), classes)).flatten();
            let texts = texts.ok_or_else(|| {
                let what = format!(
                    "its array {name} has the shape [{rows}, {classes}], but its rows do not mark one of {classes} classes each; \
                     save one text or number for each vector, or leave it out"
                );
                unusable(path, what)
            })?;
            one_hot_note = Some(format!(
                "each row of its array {name} marks one of {classes} classes: the labels are the numbers of its columns, 0 to {}",
                classes - 1
            ));
            return Ok(Some(Texts { name, texts }));
        }
        let texts = array.texts().map_err(|error| archive.wrong(&name, error))?;
        Ok(Some(Texts { name, texts }))
    };
    let paths = texts(Field::Path, Some(place))?;
    let labels = texts(Field::Label, Some(place))?;
    let splits = texts(Field::Split, Some(place))?;
    let incomplete = texts(Field::Incomplete, Some(place))?;
    let single = |texts: Option<Texts>| texts.and_then(|texts| texts.texts.into_iter().next());
    contents.encoder = single(texts(Field::Encoder, None)?);
    contents.encoder_hash = single(texts(Field::EncoderHash, None)?);
    contents.level = single(texts(Field::Level, None)?);
    let mut numbers = |field: Field| -> Result<Option<(String, Array)>, EmbeddingError> {
        let found = archive.find(field, Header::is_numeric);
        let Some(place) = found.filter(|&found| found != place) else {
            return Ok(None);
        };
        let name = archive.name(place);
        let header = archive.header(place);
        let shape = header.map_or_else(Vec::new, |header| header.shape.clone());
        if header.is_some() && squeezed(&shape) != squeezed(&[rows as u64]) {
            let what = format!(
                "its array {name} has the shape {shape:?} and not [{rows}], a number for each vector"
            );
            return Err(unusable(path, what));
        }
        Ok(Some((name, archive.read(place)?)))
    };
    let is_path = |name: &str| paths.as_ref().is_some_and(|paths| paths.name == name);
    let index = match numbers(Field::Track)?.filter(|(name, _)| !is_path(name)) {
        None => None,
        Some((name, array)) => {
            let numbers = array.whole().ok_or_else(|| {
                unusable(path, format!("its array {name} holds no track numbers"))
            })?;
            Some(Index { name, numbers })
        }
    };
    contents.timestamps = numbers(Field::Timestamp)?.map(|(name, array)| {
        let unit_secs = unit_secs(&name);
        let times = array.floats().into_iter();
        times.map(|time| time * unit_secs).collect()
    });
    let unnamed = paths.is_none().then(|| archive.unnamed(rows)).flatten();
    let (tracks, note) = tracks(rows, index.as_ref(), [paths, labels, splits, incomplete])
        .map_err(|what| unusable(path, what))?;
    contents.tracks = tracks;
    if let Some(place) = unnamed {
        let (name, array) = (archive.name(place), archive.read(place)?);
        if !array.is_numeric() || array.whole().is_some() {
            contents.index = array.texts().map_err(|error| archive.wrong(&name, error))?;
        }
    }
    let notes = one_hot_note.into_iter().chain(note);
    contents.notes = notes.chain(archive.say_unread()).collect();
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
        return Err(unusable(path, format!("it is {}", header.say_unread())));
    }
    // Before its numbers are read, of which there may be too many.
    if header.is_readable() {
        width(&header.shape, "", path)?;
    }
    let array = header.elements(&mut file).map_err(told)?;
    let (dim, values) = matrix(array, "", path)?;
    let rows = values.len() / dim;
    let (tracks, _) =
        tracks(rows, None, [None, None, None, None]).map_err(|what| unusable(path, what))?;
    Ok(Contents {
        dim,
        values,
        tracks,
        ..Contents::default()
    })
}

/// Width and numbers of a matrix [rows, dim].
fn matrix(mut array: Array, name: &str, path: &Path) -> Result<(usize, Vec<f32>), EmbeddingError> {
    let dim = width(&array.shape, name, path)?;
    if !array.is_numeric() {
        return Err(no_matrix(&array.shape, name, path));
    }
    array.shape = squeezed(&array.shape);
    Ok((dim, array.floats()))
}

/// The width of a matrix [rows, dim].
fn width(shape: &[u64], name: &str, path: &Path) -> Result<usize, EmbeddingError> {
    let dim = match squeezed(shape).as_slice() {
        &[_, dim] => usize::try_from(dim)
            .ok()
            .filter(|dim| (1..=MOST_DIM).contains(dim)),
        _ => None,
    };
    dim.ok_or_else(|| no_matrix(shape, name, path))
}

fn no_matrix(shape: &[u64], name: &str, path: &Path) -> EmbeddingError {
    let what = format!(
        "its array {name} has the shape {shape:?} and not [rows, dim] of numbers; save one vector a row"
    );
    unusable(path, what.replace("array  has", "array has"))
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

/// Whether an array has an element for each of the rows.
fn is_row_each(shape: &[u64], rows: usize) -> bool {
    squeezed(shape) == [rows as u64] || shape == [rows as u64, 1]
}

/// The columns of a matrix that has several for each of the rows.
fn one_hot_width(shape: &[u64], rows: usize) -> Option<usize> {
    match *squeezed(shape) {
        [count, classes] if count == rows as u64 && classes > 1 => usize::try_from(classes).ok(),
        _ => None,
    }
}

/// For each row the number of the column that alone is 1, where all others are 0.
fn one_hot(values: &[f32], classes: usize) -> Option<Vec<String>> {
    let label = |row: &[f32]| {
        let marked = row.iter().position(|&value| value == 1.0)?;
        let mut others = row.iter().enumerate().filter(|&(at, _)| at != marked);
        others
            .all(|(_, &value)| value == 0.0)
            .then(|| marked.to_string())
    };
    values.chunks(classes).map(label).collect()
}

struct Texts {
    name: String,
    texts: Vec<String>,
}

/// The numbers of the tracks of the rows.
struct Index {
    name: String,
    numbers: Vec<i64>,
}

/// The tracks of the rows, of texts that are there for each row or for each track; and what is to be said of their
/// numbers.
fn tracks(
    rows: usize,
    index: Option<&Index>,
    [paths, labels, splits, incomplete]: [Option<Texts>; 4],
) -> Result<(Tracks, Option<String>), String> {
    let (by_track, note) = match (&paths, index) {
        (Some(paths), Some(index)) => index.meaning(&paths.texts)?,
        _ => (false, None),
    };
    let numbers = index.map_or(&[][..], |index| index.numbers.as_slice());
    let named = paths.as_ref().map_or(rows, |paths| paths.texts.len());
    for texts in [&paths, &labels, &splits, &incomplete]
        .into_iter()
        .flatten()
    {
        let count = texts.texts.len();
        if count != rows && !(by_track && count == named) {
            let name = &texts.name;
            return Err(match by_track {
                true => format!(
                    "it names {}, but its array {name} has {count}; save one of each, in one order",
                    counted(named, "path")
                ),
                false => format!(
                    "it has {}, but its array {name} has {count}; save one of each, in one order",
                    counted(rows, "vector")
                ),
            });
        }
    }
    let mut tracks = Tracks::default();
    for row in 0..rows {
        let number = numbers.get(row).copied();
        let track = number.filter(|_| by_track);
        let track = track.and_then(|track| usize::try_from(track).ok());
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
            index: number,
            path: &text(&paths),
            label: &text(&labels),
            split: &text(&splits),
            incomplete: &text(&incomplete),
        })?;
    }
    Ok((tracks, note))
}

impl Index {
    /// Whether paths are those of tracks, each of which these numbers name for its rows, and not those of rows; and what is to
    /// be said of it. Where there are as many paths as rows, repeated paths and numbers past the end tell that they are those
    /// of rows.
    fn meaning(&self, paths: &[String]) -> Result<(bool, Option<String>), String> {
        let Self { name, numbers } = self;
        let (rows, count) = (numbers.len(), paths.len());
        let path_of = |track: i64| paths.get(usize::try_from(track).ok()?);
        let outside = (0..)
            .zip(numbers)
            .find(|&(_, &track)| path_of(track).is_none());
        if let Some((row, track)) = outside {
            let what = format!("row {row} has the number {track} in its array {name}");
            if count != rows {
                return Err(format!(
                    "{what}, but it names {}; number them from 0",
                    counted(count, "path")
                ));
            }
            return Ok((
                false,
                Some(format!(
                    "{what}, which is no number of its {}: each row has the path that stands in its own place",
                    counted(count, "path")
                )),
            ));
        }
        if count != rows {
            return Ok((true, None));
        }
        let mut seen = HashSet::new();
        let by_track = paths.iter().all(|path| seen.insert(path));
        let mut known = HashMap::new();
        let is_clear = match by_track {
            true => paths
                .iter()
                .zip(numbers)
                .all(|(path, &track)| path_of(track) == Some(path)),
            // Rows of one number are of one path.
            false => paths
                .iter()
                .zip(numbers)
                .all(|(path, &track)| *known.entry(track).or_insert(path) == path),
        };
        let note = match by_track {
            true => format!(
                "the numbers in its array {name} name the paths out of their order: each row has the path that its number names"
            ),
            false => format!(
                "the numbers in its array {name} do not agree with its paths: each row has the path that stands in its own place"
            ),
        };
        Ok((by_track, (!is_clear).then_some(note)))
    }
}

/// An archive with what its arrays say at their beginning.
struct Archive<'a> {
    path: &'a Path,
    archive: ZipArchive<BufReader<File>>,
    /// Name and header; none where that is no header of an array.
    arrays: Vec<(String, Option<Header>)>,
    /// Those that were read.
    used: BTreeSet<usize>,
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
            used: BTreeSet::new(),
        })
    }

    fn header(&self, place: usize) -> Option<&Header> {
        self.arrays.get(place)?.1.as_ref()
    }

    fn say_unread(&self) -> Option<String> {
        let names: Vec<&str> = self.arrays.iter().map(|(name, _)| name.as_str()).collect();
        say_unread("arrays", &names, |place| self.used.contains(&place))
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

    /// The ids of tracks: an array of numbers whose header fits.
    fn find_ids(&self, fits: impl Fn(&Header) -> bool) -> Option<usize> {
        let names: Vec<&str> = self.arrays.iter().map(|(name, _)| name.as_str()).collect();
        Field::find_ids(&names, |place| self.header(place).is_some_and(&fits))
    }

    /// An array that may name the rows: one that was saved without a name (`numpy.savez(file, vectors, names)`), an index or
    /// titles.
    fn unnamed(&self, rows: usize) -> Option<usize> {
        let may_name = |name: &str| name.starts_with("arr_") || fields::may_name(name);
        (0..self.arrays.len()).find(|&place| {
            let fits = |header: &Header| {
                (header.is_text() || header.is_numeric()) && is_row_each(&header.shape, rows)
            };
            !self.used.contains(&place)
                && may_name(&self.name(place))
                && self.header(place).is_some_and(fits)
        })
    }

    /// The only array whose header fits, of those whose names mean nothing else and no file.
    fn only_unclaimed(&self, fits: impl Fn(&Header) -> bool) -> Option<usize> {
        let mut fitting = (0..self.arrays.len()).filter(|&place| {
            let array = self.arrays.get(place);
            array.is_some_and(|(name, header)| {
                !Field::is_claimed(name) && header.as_ref().is_some_and(&fits)
            })
        });
        fitting.next().filter(|_| fitting.next().is_none())
    }

    /// Names, and shapes of arrays of numbers.
    fn shapes(&self) -> Vec<(String, Option<Vec<u64>>)> {
        let shape = |header: &Header| header.is_numeric().then(|| header.shape.clone());
        let arrays = self.arrays.iter();
        arrays
            .map(|(name, header)| (name.clone(), header.as_ref().and_then(shape)))
            .collect()
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
        self.used.insert(place);
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of an archive of vectors of two values, one a number of `track`, and paths.
    fn read(track: &[i64], paths: &[&str]) -> Result<EmbeddingTable, EmbeddingError> {
        let file = tempfile::Builder::new().suffix(".npz").tempfile().unwrap();
        let mut archive = ZipWriter::new(file.reopen().unwrap());
        let rows = track.len() as u64;
        let values = vec![0.5_f32; 2 * track.len()];
        numbers(&mut archive, "embedding", &[rows, 2], &values).unwrap();
        numbers(&mut archive, "track", &[rows], track).unwrap();
        let count = [paths.len() as u64];
        strings(&mut archive, "path", &count, paths.iter().copied()).unwrap();
        numbers(&mut archive, "bpm", &[rows], &vec![120.0_f32; track.len()]).unwrap();
        archive.finish().unwrap();
        super::super::load_table(file.path())
    }

    fn names(table: &EmbeddingTable) -> Vec<String> {
        let tracks = (0..table.rows()).map(|row| table.track_of(row).unwrap());
        let names = tracks.map(|track| track.path.file_name().unwrap().to_owned());
        names.map(|name| name.into_string().unwrap()).collect()
    }

    #[test]
    fn numbers_of_tracks_that_name_no_path_are_told_or_refused() {
        let paths = ["/m/a.wav", "/m/b.wav", "/m/c.wav"];
        for (track, told) in [
            ([0, 1, 57], "row 2 has the number 57"),
            ([0, -1, 2], "row 1 has the number -1"),
        ] {
            let table = read(&track, &paths).unwrap();
            assert_eq!(names(&table), ["a.wav", "b.wav", "c.wav"]);
            assert!(table.notes[0].contains(told), "{:?}", table.notes);
            let error = read(&[&track[..], &[0]].concat(), &paths).unwrap_err();
            assert!(error.to_string().contains(told), "{error}");
        }
    }

    #[test]
    fn paths_of_tracks_and_paths_of_rows_are_told_apart_and_doubts_said() {
        let three = ["/m/a.wav", "/m/b.wav", "/m/c.wav"];
        let twice = ["/m/a.wav", "/m/a.wav", "/m/b.wav"];
        for (track, paths, expected, doubt) in [
            (
                &[0, 1, 2][..],
                three,
                &["a.wav", "b.wav", "c.wav"][..],
                None,
            ),
            (
                &[1, 1, 0, 2],
                three,
                &["b.wav", "b.wav", "a.wav", "c.wav"],
                None,
            ),
            (&[0, 0, 1], twice, &["a.wav", "a.wav", "b.wav"], None),
            (
                &[2, 1, 0],
                three,
                &["c.wav", "b.wav", "a.wav"],
                Some("its number names"),
            ),
            (
                &[0, 1, 1],
                twice,
                &["a.wav", "a.wav", "b.wav"],
                Some("do not agree"),
            ),
        ] {
            let table = read(track, &paths).unwrap();
            assert_eq!(names(&table), expected, "{track:?}");
            let told = table.notes.iter().filter(|note| note.contains("track"));
            let told: Vec<&String> = told.collect();
            assert_eq!(
                told.len(),
                usize::from(doubt.is_some()),
                "{track:?} {told:?}"
            );
            assert!(told.iter().all(|note| note.contains(doubt.unwrap())));
            // What else is there is named.
            let unread = "arrays that nothing was read from: `bpm`";
            assert!(table.notes.iter().any(|note| note == unread));
        }
    }
}
