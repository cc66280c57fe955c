//! The file of a [`Mels`](super::Mels).

use std::{
    collections::{HashMap, HashSet},
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use burn::tensor::f16;

use super::front_end::Heard;
use mynascope_audio::Caveats;
use mynascope_base::{
    jobs::Cancel,
    storage::{StorageError, create_folder},
};

/// The number counts up whenever the mels or the format change.
const MAGIC: &[u8; 16] = b"mynascope mels 2";
/// Stamp, content, frames, scale, caveats, digest of the values.
const HEAD_BYTES: usize = 32 + 32 + 8 + 4 + Caveats::BYTES + 32;
/// Values above it are scaled down by a power of two: 16-bit floats end at 65504.
const LARGEST: f32 = 32_768.0;

/// A digest.
pub(super) type Digest = [u8; 32];

/// Where the spectrogram of a track lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Record {
    /// Digest of the sound file.
    pub content: Digest,
    pub frames: usize,
    /// What is worth telling of how the file was decoded.
    pub caveats: Caveats,
    /// Stored values are power divided by this.
    scale: f32,
    /// Of the first value in the file.
    offset: u64,
}

/// A spectrogram that waits to be written.
pub(super) struct Made {
    stamp: Digest,
    content: Digest,
    frames: usize,
    caveats: Caveats,
    scale: f32,
    values: Vec<u8>,
}

impl Made {
    /// The file holds a mel of the same content already.
    pub fn same(stamp: Digest, content: Digest) -> Self {
        Self {
            stamp,
            content,
            frames: 0,
            caveats: Caveats::default(),
            scale: 1.0,
            values: Vec::new(),
        }
    }

    /// A new spectrogram of `width` values a frame as 16-bit floats.
    pub fn new(stamp: Digest, content: Digest, made: &Heard, width: usize) -> Result<Self, String> {
        let most = made.values.iter().fold(0.0_f32, |most, &v| most.max(v));
        if !made.values.iter().all(|value| value.is_finite()) {
            return Err("its sound holds numbers that are not finite".into());
        }
        let mut scale = 1.0_f32;
        while most / scale > LARGEST {
            scale *= 2.0;
        }
        let values = made
            .values
            .iter()
            .flat_map(|value| f16::from_f32(value / scale).to_le_bytes())
            .collect();
        Ok(Self {
            stamp,
            content,
            frames: made.values.len() / width.max(1),
            caveats: made.caveats,
            scale,
            values,
        })
    }
}

/// Path, size and time of a file: as long as they stay, its content is taken to stay.
pub(super) fn stamp_of(path: &Path) -> Option<Digest> {
    let about = fs::metadata(path).ok()?;
    let changed = about.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    let absolute = std::path::absolute(path).ok()?;
    let mut hasher = blake3::Hasher::new();
    hasher.update(absolute.as_os_str().as_encoded_bytes());
    hasher.update(&about.len().to_le_bytes());
    hasher.update(&changed.as_nanos().to_le_bytes());
    Some(*hasher.finalize().as_bytes())
}

/// Digest of a file's content.
pub(super) fn content_of(path: &Path, cancel: &Cancel) -> Result<Digest, String> {
    let read = || -> io::Result<Digest> {
        if !fs::metadata(path)?.is_file() {
            return Err(io::Error::other("it is no file"));
        }
        let mut file = File::open(path)?;
        let mut hasher = blake3::Hasher::new();
        let mut piece = vec![0; 1 << 18];
        loop {
            let count = file.read(&mut piece)?;
            if count == 0 || cancel.is_cancelled() {
                return Ok(*hasher.finalize().as_bytes());
            }
            hasher.update(piece.get(..count).unwrap_or_default());
        }
    };
    read().map_err(|error| format!("cannot read the file: {error}"))
}

/// An open store. While it is filled it is locked.
#[derive(Debug)]
pub(super) struct Store {
    file: File,
    path: PathBuf,
    /// Values of a frame.
    width: usize,
    end: u64,
    by_content: HashMap<Digest, Record>,
    /// Which content a stamp stood for.
    stamps: HashMap<Digest, Digest>,
}

fn fail(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StorageError {
    let path = path.to_path_buf();
    move |source| StorageError::Io { what, source, path }
}

impl Store {
    /// Opens a store of frames of so many values or makes it, checks all records and cuts off a torn end. `None` while another program fills it.
    /// `report` hears bytes checked and in all; if it says no, checking stops early and what follows is computed again.
    pub fn open(
        path: &Path,
        width: usize,
        report: &mut dyn FnMut(u64, u64) -> bool,
    ) -> Result<Option<Self>, StorageError> {
        if let Some(folder) = path.parent() {
            create_folder(folder)?;
        }
        let what = "open the store of spectrograms";
        let file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(fail(what, path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Ok(None),
            Err(fs::TryLockError::Error(error)) => return Err(fail(what, path)(error)),
        }
        let mut store = Self {
            file,
            path: path.to_path_buf(),
            width,
            end: 0,
            by_content: HashMap::new(),
            stamps: HashMap::new(),
        };
        store.scan(report).map_err(fail(what, path))?;
        Ok(Some(store))
    }

    fn scan(&mut self, report: &mut dyn FnMut(u64, u64) -> bool) -> io::Result<()> {
        let length = self.file.metadata()?.len();
        let mut file = io::BufReader::with_capacity(1 << 18, self.file.try_clone()?);
        file.seek(SeekFrom::Start(0))?;
        let mut magic = [0; MAGIC.len()];
        if file.read_exact(&mut magic).is_err() || magic != *MAGIC {
            // New, or of another version: begun anew.
            self.file.set_len(0)?;
            self.file.seek(SeekFrom::Start(0))?;
            self.file.write_all(MAGIC)?;
            self.end = MAGIC.len() as u64;
            return Ok(());
        }
        self.end = MAGIC.len() as u64;
        while let Some((stamp, record, digest)) = read_head(&mut file, self.end)? {
            let bytes = (record.frames * self.width * 2) as u64;
            let end = record.offset + bytes;
            if end > length {
                break;
            }
            let mut hasher = blake3::Hasher::new();
            io::copy(&mut (&mut file).take(bytes), &mut hasher)?;
            if *hasher.finalize().as_bytes() != digest {
                break;
            }
            self.remember(stamp, record);
            self.end = end;
            if !report(end, length) {
                return Ok(());
            }
        }
        if self.end < length {
            self.file.set_len(self.end)?;
        }
        Ok(())
    }

    fn remember(&mut self, stamp: Digest, record: Record) {
        self.stamps.insert(stamp, record.content);
        if record.frames > 0 {
            self.by_content.insert(record.content, record);
        }
    }

    /// The mel of a file that has not changed.
    pub fn by_stamp(&self, stamp: &Digest) -> Option<Record> {
        self.by_content.get(self.stamps.get(stamp)?).copied()
    }

    /// All contents that are there.
    pub fn contents(&self) -> HashSet<Digest> {
        self.by_content.keys().copied().collect()
    }

    /// Adds a record at the end.
    pub fn add(&mut self, made: Made) -> Result<Record, StorageError> {
        let record = Record {
            content: made.content,
            frames: made.frames,
            caveats: made.caveats,
            scale: made.scale,
            offset: self.end + HEAD_BYTES as u64,
        };
        let mut bytes = Vec::with_capacity(HEAD_BYTES + made.values.len());
        bytes.extend_from_slice(&made.stamp);
        bytes.extend_from_slice(&made.content);
        bytes.extend_from_slice(&(made.frames as u64).to_le_bytes());
        bytes.extend_from_slice(&made.scale.to_le_bytes());
        bytes.extend_from_slice(&made.caveats.to_bytes());
        bytes.extend_from_slice(blake3::hash(&made.values).as_bytes());
        bytes.extend_from_slice(&made.values);
        self.file
            .seek(SeekFrom::Start(self.end))
            .and_then(|_| self.file.write_all(&bytes))
            .map_err(fail("write the store of spectrograms", &self.path))?;
        self.end += bytes.len() as u64;
        self.remember(made.stamp, record);
        match self.by_content.get(&made.content) {
            Some(record) => Ok(*record),
            None => Ok(record),
        }
    }

    /// Everything reaches the disk; others may fill the file from here on. The time of the file says when it was used.
    pub fn finish(&self) -> Result<(), StorageError> {
        // Without it the store only goes a little earlier when room is needed.
        let _ = self.file.set_modified(SystemTime::now());
        self.file
            .sync_all()
            .and_then(|()| self.file.unlock())
            .map_err(fail("write the store of spectrograms", &self.path))
    }

    /// Frames of a record, [frames * width]; what it doesn't have is `silence`.
    pub fn read(
        &self,
        record: &Record,
        start: usize,
        frames: usize,
        silence: f32,
    ) -> Result<Vec<f32>, StorageError> {
        let there = record.frames.saturating_sub(start).min(frames);
        let mut bytes = vec![0; there * self.width * 2];
        let offset = record.offset + (start * self.width * 2) as u64;
        read_at(&self.file, &mut bytes, offset)
            .map_err(fail("read the store of spectrograms", &self.path))?;
        let mut values: Vec<f32> = bytes
            .as_chunks::<2>()
            .0
            .iter()
            .map(|&bytes| f16::from_le_bytes(bytes).to_f32() * record.scale)
            .collect();
        values.resize(frames * self.width, silence);
        Ok(values)
    }
}

#[cfg(unix)]
fn read_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, offset)
}

#[cfg(windows)]
fn read_at(file: &File, mut bytes: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        let count = std::os::windows::fs::FileExt::seek_read(file, bytes, offset)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes = bytes.get_mut(count..).unwrap_or_default();
        offset += count as u64;
    }
    Ok(())
}

/// Stamp, record and digest of the values of the record at `start`; `None` at the end or in a torn head.
fn read_head(file: &mut impl Read, start: u64) -> io::Result<Option<(Digest, Record, Digest)>> {
    let mut bytes = [0; HEAD_BYTES];
    match file.read_exact(&mut bytes) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let mut rest = bytes.as_slice();
    let mut stamp = Digest::default();
    let mut content = Digest::default();
    let mut frames = [0; 8];
    let mut scale = [0; 4];
    let mut caveats = [0; Caveats::BYTES];
    let mut digest = Digest::default();
    for part in [
        &mut stamp[..],
        &mut content[..],
        &mut frames[..],
        &mut scale[..],
        &mut caveats[..],
        &mut digest[..],
    ] {
        rest.read_exact(part)?;
    }
    let Some(caveats) = Caveats::from_bytes(&caveats) else {
        return Ok(None);
    };
    let Some(frames) = usize::try_from(u64::from_le_bytes(frames))
        .ok()
        .filter(|frames| *frames < 1 << 32)
    else {
        return Ok(None);
    };
    let record = Record {
        content,
        frames,
        caveats,
        scale: f32::from_le_bytes(scale),
        offset: start + HEAD_BYTES as u64,
    };
    Ok(Some((stamp, record, digest)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use mynascope_spectrum::tokens::MEL_BANDS;

    fn heard(seed: usize, loudest: f32) -> Heard {
        let values = (0..10 * MEL_BANDS)
            .map(|at| loudest * ((at * 7 + seed) % 100) as f32 / 99.0)
            .collect();
        Heard {
            values,
            caveats: Caveats::default(),
        }
    }

    fn made(stamp: u8, content: u8, heard: &Heard) -> Made {
        Made::new([stamp; 32], [content; 32], heard, MEL_BANDS).unwrap()
    }

    fn open(path: &Path) -> Store {
        Store::open(path, MEL_BANDS, &mut |_, _| true)
            .unwrap()
            .unwrap()
    }

    /// The promise: a store that was torn at any byte gives back the records before the tear and is whole again.
    #[test]
    fn a_torn_store_keeps_what_was_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.mels");
        let mut store = open(&path);
        for number in 0..3_u8 {
            let loudest = if number == 1 { 1e6 } else { 1.0 };
            let made = made(number, number + 10, &heard(number.into(), loudest));
            store.add(made).unwrap();
        }
        store.finish().unwrap();
        drop(store);
        let whole = fs::read(&path).unwrap();
        let record = (whole.len() - MAGIC.len()) / 3;
        for cut in [
            whole.len(),
            whole.len() - 1,
            MAGIC.len() + 2 * record + 50,
            MAGIC.len() + record,
            3,
            0,
        ] {
            fs::write(&path, &whole[..cut]).unwrap();
            let mut store = open(&path);
            let left = cut.saturating_sub(MAGIC.len()) / record;
            for number in 0..3_u8 {
                let found = store.by_stamp(&[number; 32]);
                assert_eq!(found.is_some(), usize::from(number) < left, "cut at {cut}");
                if let Some(found) = found {
                    let loudest = if number == 1 { 1e6 } else { 1.0 };
                    let heard = heard(number.into(), loudest).values;
                    let values = store.read(&found, 2, 10, 0.0).unwrap();
                    for (value, expected) in values.iter().zip(&heard[2 * MEL_BANDS..]) {
                        assert!((value - expected).abs() <= 5e-4 * loudest);
                    }
                    assert!(values[8 * MEL_BANDS..].iter().all(|&v| v == 0.0), "silence");
                }
            }
            store.add(made(9, 9, &heard(9, 1.0))).unwrap();
            store.finish().unwrap();
            drop(store);
            assert!(open(&path).by_stamp(&[9; 32]).is_some(), "whole again");
        }
    }

    #[test]
    fn the_same_sound_under_another_name_is_kept_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.mels");
        let mut store = open(&path);
        let record = store.add(made(1, 5, &heard(1, 1.0))).unwrap();
        assert_eq!(store.add(Made::same([2; 32], [5; 32])).unwrap(), record);
        store.finish().unwrap();
        drop(store);
        assert_eq!(open(&path).by_stamp(&[2; 32]), Some(record));
    }

    #[test]
    fn a_store_that_is_being_filled_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.mels");
        let store = open(&path);
        assert!(
            Store::open(&path, MEL_BANDS, &mut |_, _| true)
                .unwrap()
                .is_none()
        );
        store.finish().unwrap();
        assert!(
            Store::open(&path, MEL_BANDS, &mut |_, _| true)
                .unwrap()
                .is_some()
        );
    }
}
