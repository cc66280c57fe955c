//! Results that can be computed again, kept on disk by the content of the file they came from.

use std::{
    fs,
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use super::{Folders, StorageError, create_folder};

/// What a file contains, whatever it is called: the BLAKE3 hash of its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ContentKey([u8; 32]);

impl ContentKey {
    /// Of a result that is made of several things: the hash of their bytes, in order.
    pub fn of_parts<'a>(parts: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut hasher = blake3::Hasher::new();
        for part in parts {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        Self(*hasher.finalize().as_bytes())
    }

    /// Of a file, which is read.
    ///
    /// # Errors
    /// The system's error if the file cannot be read.
    pub fn of_file(path: &Path) -> io::Result<Self> {
        let mut hasher = blake3::Hasher::new();
        io::copy(&mut fs::File::open(path)?, &mut hasher)?;
        Ok(Self(*hasher.finalize().as_bytes()))
    }

    /// The hash itself.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Of a hash that was computed elsewhere.
    pub fn of_hash(hash: [u8; 32]) -> Self {
        Self(hash)
    }

    /// 64 hexadecimal digits.
    pub fn hex(&self) -> String {
        blake3::Hash::from_bytes(self.0).to_hex().to_string()
    }
}

/// Results that can be computed again, kept on disk by the content of the file they were computed from. Renaming or
/// copying a file loses nothing; changing it never gives an old result.
///
/// An entry carries a checksum: a damaged one counts as missing and is removed. Beyond the limit those go first that
/// were used longest ago. Several programs may use the same folder.
#[derive(Debug)]
pub struct Cache {
    folder: PathBuf,
    limit_bytes: AtomicU64,
    /// What the entries take; `None` before they were first counted.
    used_bytes: Mutex<Option<u64>>,
}

/// First in each entry. As the machine stores numbers: an entry of another kind of machine counts as damaged.
const MAGIC: u64 = 0x4d59_4e41_0001_cace;
/// Magic, checksum, length.
const HEADER_BYTES: usize = 8 + 32 + 8;
/// Space on disk is given out in blocks.
const BLOCK_BYTES: u64 = 4096;
/// Entries are removed until this share of the limit is left, so that not every write removes some.
const KEEP_SHARE: f64 = 0.9;
/// A file that changed less than this before it was hashed might change again without a new time.
const SETTLED_AFTER: Duration = Duration::from_secs(2);
/// The time of use is written down at most this often.
const TOUCH_EVERY: Duration = Duration::from_secs(60);
/// A temporary file of this age has lost its writer.
const ORPHAN_AFTER: Duration = Duration::from_secs(3600);
const TEMPORARY: &str = ".writing-";
/// Tells the content of a path without reading it.
const INDEX: &str = "index";

impl Cache {
    /// A cache in a folder, which may be missing yet, of at most `limit_bytes`. Reads and writes nothing.
    pub fn new(folder: PathBuf, limit_bytes: u64) -> Self {
        Self {
            folder,
            limit_bytes: AtomicU64::new(limit_bytes),
            used_bytes: Mutex::new(None),
        }
    }

    /// The cache of the current user.
    ///
    /// # Errors
    /// [`StorageError::NoHome`] if the system tells no home folder.
    pub fn of_user(limit_bytes: u64) -> Result<Self, StorageError> {
        let folder = Folders::of_user()?.cache.join("computed");
        Ok(Self::new(folder, limit_bytes))
    }

    /// What a file contains, if that can be told without reading it: path, size and time of change are known.
    pub fn known_key_of(&self, path: &Path) -> Option<ContentKey> {
        let stamp = stamp(&fs::metadata(path).ok()?);
        let known = self.get(&path_key(path).ok()?, INDEX)?;
        let (known_stamp, hash) = known.split_at_checked(stamp.len())?;
        let hash = hash.try_into().ok()?;
        (known_stamp == stamp).then_some(ContentKey(hash))
    }

    /// What a file contains. The file is read only if path, size or time of change are new.
    ///
    /// # Errors
    /// The system's error if the file cannot be read.
    pub fn key_of(&self, path: &Path) -> io::Result<ContentKey> {
        if let Some(known) = self.known_key_of(path) {
            return Ok(known);
        }
        let before = fs::metadata(path)?;
        let key = ContentKey::of_file(path)?;
        let settled = before
            .modified()
            .ok()
            .and_then(|time| time.elapsed().ok())
            .is_some_and(|age| age > SETTLED_AFTER);
        if settled {
            // Without the index the file is hashed again next time: slower, never wrong.
            let _ = self.put(&path_key(path)?, INDEX, &[&stamp(&before), &key.0]);
        }
        Ok(key)
    }

    /// The entry of a kind (a word and a version: "mel-1"), if there is an undamaged one.
    pub fn get(&self, key: &ContentKey, kind: &str) -> Option<Vec<u8>> {
        let path = self.path(key, kind);
        let mut file = fs::File::open(&path).ok()?;
        match read_entry(&mut file) {
            Some(payload) => {
                touch(&file);
                Some(payload)
            }
            None => {
                let _ = fs::remove_file(&path);
                None
            }
        }
    }

    /// Keeps an entry, the concatenation of `parts`, and makes room for it. One that is larger than the limit is not
    /// kept.
    ///
    /// # Errors
    /// [`StorageError::Io`] if the entry cannot be written.
    pub fn put(&self, key: &ContentKey, kind: &str, parts: &[&[u8]]) -> Result<(), StorageError> {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        let bytes = on_disk((HEADER_BYTES + length) as u64);
        if bytes > self.limit_bytes() {
            return Ok(());
        }
        create_folder(&self.folder)?;
        let path = self.path(key, kind);
        let replaced = fs::metadata(&path).map_or(0, |old| on_disk(old.len()));
        let mut hasher = blake3::Hasher::new();
        parts.iter().for_each(|part| {
            hasher.update(part);
        });
        // Not synced: after a crash the checksum tells.
        let write = || -> io::Result<()> {
            let mut file = tempfile::Builder::new()
                .prefix(TEMPORARY)
                .tempfile_in(&self.folder)?;
            file.write_all(&MAGIC.to_ne_bytes())?;
            file.write_all(hasher.finalize().as_bytes())?;
            file.write_all(&(length as u64).to_ne_bytes())?;
            for part in parts {
                file.write_all(part)?;
            }
            file.persist(&path)?;
            Ok(())
        };
        write().map_err(|source| StorageError::Io {
            what: "keep a computed result",
            source,
            path: path.clone(),
        })?;
        self.make_room(bytes, replaced);
        Ok(())
    }

    /// What all entries may take on disk, in bytes.
    pub fn limit_bytes(&self) -> u64 {
        self.limit_bytes.load(Ordering::Relaxed)
    }

    /// Sets another limit and removes what lies over it.
    pub fn set_limit_bytes(&self, bytes: u64) {
        self.limit_bytes.store(bytes, Ordering::Relaxed);
        self.make_room(0, 0);
    }

    /// What all entries take on disk, in bytes.
    pub fn bytes(&self) -> u64 {
        self.entries().iter().map(|entry| entry.bytes).sum()
    }

    /// Removes all entries.
    ///
    /// # Errors
    /// [`StorageError::Io`] if an entry cannot be removed.
    pub fn clear(&self) -> Result<(), StorageError> {
        let mut used = self
            .used_bytes
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *used = None;
        match fs::remove_dir_all(&self.folder) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => Err(StorageError::Io {
                what: "empty the cache",
                source,
                path: self.folder.clone(),
            }),
            _ => Ok(()),
        }
    }

    fn path(&self, key: &ContentKey, kind: &str) -> PathBuf {
        self.folder.join(format!("{}.{kind}", key.hex()))
    }

    fn make_room(&self, added: u64, replaced: u64) {
        let mut used = self
            .used_bytes
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let now = match *used {
            Some(before) => (before + added).saturating_sub(replaced),
            // The new entry is among those that are counted.
            None => self.bytes(),
        };
        *used = Some(now);
        if now <= self.limit_bytes() {
            return;
        }
        let mut entries = self.entries();
        entries.sort_by_key(|entry| entry.used);
        // Counted anew: another program may have written or removed some.
        let mut left: u64 = entries.iter().map(|entry| entry.bytes).sum();
        let wanted = (self.limit_bytes() as f64 * KEEP_SHARE) as u64;
        // The newest is the one that room is made for.
        entries.pop();
        for entry in entries {
            if left <= wanted {
                break;
            }
            if fs::remove_file(&entry.path).is_ok() {
                left = left.saturating_sub(entry.bytes);
            }
        }
        *used = Some(left);
    }

    fn entries(&self) -> Vec<Entry> {
        let Ok(folder) = fs::read_dir(&self.folder) else {
            return Vec::new();
        };
        folder
            .flatten()
            .filter_map(|file| {
                let facts = file.metadata().ok()?;
                let used = facts.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                if file.file_name().to_string_lossy().starts_with(TEMPORARY) {
                    if used.elapsed().is_ok_and(|age| age > ORPHAN_AFTER) {
                        let _ = fs::remove_file(file.path());
                    }
                    return None;
                }
                facts.is_file().then(|| Entry {
                    path: file.path(),
                    bytes: on_disk(facts.len()),
                    used,
                })
            })
            .collect()
    }
}

struct Entry {
    path: PathBuf,
    bytes: u64,
    used: SystemTime,
}

fn on_disk(bytes: u64) -> u64 {
    bytes.next_multiple_of(BLOCK_BYTES)
}

/// Under which the content of a path is noted.
fn path_key(path: &Path) -> io::Result<ContentKey> {
    let path = std::path::absolute(path)?;
    let hash = blake3::hash(path.as_os_str().as_encoded_bytes());
    Ok(ContentKey(*hash.as_bytes()))
}

/// Size and time of change.
fn stamp(facts: &fs::Metadata) -> [u8; 24] {
    let since = facts
        .modified()
        .ok()
        .and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok())
        .map_or(0, |since| since.as_nanos());
    let mut stamp = [0; 24];
    let bytes = facts
        .len()
        .to_ne_bytes()
        .into_iter()
        .chain(since.to_ne_bytes());
    stamp
        .iter_mut()
        .zip(bytes)
        .for_each(|(place, byte)| *place = byte);
    stamp
}

/// The payload, or `None` where header, length or checksum are not right.
fn read_entry(file: &mut fs::File) -> Option<Vec<u8>> {
    let size = file.metadata().ok()?.len();
    let mut header = [0; HEADER_BYTES];
    file.read_exact(&mut header).ok()?;
    let (magic, rest) = header.split_at(8);
    let (checksum, length) = rest.split_at(32);
    let length = u64::from_ne_bytes(length.try_into().ok()?);
    // The header is not trusted: no memory is asked for that the file cannot fill.
    if magic != MAGIC.to_ne_bytes() || length != size.checked_sub(HEADER_BYTES as u64)? {
        return None;
    }
    let mut payload = Vec::new();
    payload
        .try_reserve_exact(usize::try_from(length).ok()?)
        .ok()?;
    file.read_to_end(&mut payload).ok()?;
    (blake3::hash(&payload).as_bytes() == checksum).then_some(payload)
}

/// Notes that an entry was used. Where that is not possible it only goes earlier.
fn touch(file: &fs::File) {
    let old = file
        .metadata()
        .and_then(|facts| facts.modified())
        .ok()
        .and_then(|time| time.elapsed().ok())
        .is_some_and(|age| age > TOUCH_EVERY);
    if old {
        let _ = file.set_modified(SystemTime::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn long_ago(path: &Path, secs: u64) {
        let file = fs::File::options().append(true).open(path).unwrap();
        let time = SystemTime::now() - Duration::from_secs(secs);
        file.set_modified(time).unwrap();
    }

    fn file(folder: &Path, name: &str, text: &str) -> PathBuf {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        long_ago(&path, 100);
        path
    }

    #[test]
    fn a_result_is_found_by_content_under_any_name() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().join("cache"), 1 << 20);
        let one = file(folder.path(), "one", "sound");
        let copy = file(folder.path(), "copy", "sound");
        let other = file(folder.path(), "other", "noise");
        let key = cache.key_of(&one).unwrap();
        assert_eq!(cache.get(&key, "mel-1"), None);
        cache.put(&key, "mel-1", &[b"a ", b"picture"]).unwrap();
        let copy = cache.key_of(&copy).unwrap();
        assert_eq!(cache.get(&copy, "mel-1").unwrap(), b"a picture");
        assert_eq!(cache.get(&copy, "mel-2"), None, "another kind");
        assert_eq!(cache.get(&cache.key_of(&other).unwrap(), "mel-1"), None);
        assert!(cache.key_of(&folder.path().join("missing")).is_err());
    }

    #[test]
    fn a_changed_file_gets_a_new_key_and_an_unchanged_one_is_not_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().join("cache"), 1 << 20);
        let path = file(folder.path(), "one", "before");
        let before = cache.key_of(&path).unwrap();
        let time = fs::metadata(&path).unwrap().modified().unwrap();
        // Same size and time: only who reads the bytes could tell.
        fs::write(&path, "beyond").unwrap();
        let open = fs::File::options().append(true).open(&path).unwrap();
        open.set_modified(time).unwrap();
        assert_eq!(cache.key_of(&path).unwrap(), before);
        open.set_modified(time + Duration::from_secs(1)).unwrap();
        assert_ne!(cache.key_of(&path).unwrap(), before);
    }

    #[test]
    fn a_damaged_entry_is_missing_and_gone() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().to_path_buf(), 1 << 20);
        let key = ContentKey([7; 32]);
        let path = cache.path(&key, "mel-1");
        let damages: [fn(&mut Vec<u8>); 4] = [
            |bytes| bytes.truncate(50),
            |bytes| bytes.clear(),
            |bytes| *bytes.last_mut().unwrap() ^= 1,
            |bytes| bytes[40..48].fill(0xff),
        ];
        for damage in damages {
            cache.put(&key, "mel-1", &[&[1; 100]]).unwrap();
            let mut bytes = fs::read(&path).unwrap();
            damage(&mut bytes);
            fs::write(&path, bytes).unwrap();
            assert_eq!(cache.get(&key, "mel-1"), None);
            assert!(!path.exists());
        }
        assert_eq!(cache.bytes(), 0);
    }

    #[test]
    fn over_the_limit_the_entries_go_that_were_used_longest_ago() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().to_path_buf(), 10 * BLOCK_BYTES);
        let key = |number: u8| ContentKey([number; 32]);
        for number in 0..10 {
            cache.put(&key(number), "mel-1", &[&[number; 100]]).unwrap();
            let age = 1000 - 10 * u64::from(number);
            long_ago(&cache.path(&key(number), "mel-1"), age);
        }
        assert_eq!(cache.bytes(), 10 * BLOCK_BYTES);
        // The oldest is used again, so that it outlives the next ones.
        assert!(cache.get(&key(0), "mel-1").is_some());
        cache.put(&key(10), "mel-1", &[&[10; 100]]).unwrap();
        assert!(cache.bytes() <= 9 * BLOCK_BYTES);
        for (number, stays) in [(0, true), (1, false), (2, false), (3, true), (10, true)] {
            assert_eq!(
                cache.get(&key(number), "mel-1").is_some(),
                stays,
                "{number}"
            );
        }
        let huge = vec![0; 11 * BLOCK_BYTES as usize];
        cache.put(&key(11), "mel-1", &[&huge]).unwrap();
        assert_eq!(cache.get(&key(11), "mel-1"), None, "larger than the limit");
        assert!(cache.get(&key(10), "mel-1").is_some());
        cache.clear().unwrap();
        assert_eq!(cache.bytes(), 0);
        cache.clear().unwrap();
    }
}
