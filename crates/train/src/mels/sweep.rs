//! Old stores go when all together take more than the cache may.

use std::{
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// Removes stores of a folder, those first that were used longest ago, until all take at most `limit_bytes`. The store
/// `used` stays, however large it is, and so does one that another program fills. Returns how many went, and their
/// bytes. What cannot be removed stays: the room is then missing, nothing else.
pub(super) fn sweep(folder: &Path, used: &Path, limit_bytes: u64) -> (usize, u64) {
    let mut others: Vec<(SystemTime, u64, PathBuf)> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let about = fs::metadata(&path).ok()?;
            let is_store = path.extension().is_some_and(|ending| ending == "mels");
            (is_store && about.is_file() && path != used)
                .then(|| Some((about.modified().ok()?, about.len(), path)))?
        })
        .collect();
    others.sort();
    let own = fs::metadata(used).map_or(0, |about| about.len());
    let mut left = own + others.iter().map(|(_, bytes, _)| bytes).sum::<u64>();
    let mut gone = (0, 0);
    for (_, bytes, path) in others {
        if left <= limit_bytes {
            break;
        }
        let free = fs::File::open(&path).is_ok_and(|file| file.try_lock().is_ok());
        if free && fs::remove_file(&path).is_ok() {
            left -= bytes;
            gone = (gone.0 + 1, gone.1 + bytes);
        }
    }
    gone
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// The promise: the cache stays within its limit, and nothing that is in use goes.
    #[test]
    fn the_stores_used_longest_ago_go_first_and_the_one_in_use_stays() {
        let folder = tempfile::tempdir().unwrap();
        let make = |name: &str, days: u64| {
            let path = folder.path().join(name);
            fs::write(&path, [0; 100]).unwrap();
            let file = fs::File::options().write(true).open(&path).unwrap();
            let age = Duration::from_secs(86_400 * days);
            file.set_modified(SystemTime::now() - age).unwrap();
            path
        };
        let used = make("used.mels", 50);
        let old = make("old.mels", 40);
        let filled = make("filled.mels", 30);
        let middle = make("middle.mels", 20);
        let new = make("new.mels", 10);
        let foreign = make("notes.txt", 99);
        let lock = fs::File::open(&filled).unwrap();
        lock.lock().unwrap();
        assert_eq!(sweep(folder.path(), &used, 500), (0, 0));
        assert_eq!(sweep(folder.path(), &used, 350), (2, 200));
        assert!(!old.exists() && !middle.exists());
        assert_eq!(sweep(folder.path(), &used, 10), (1, 100));
        assert!(used.exists() && filled.exists() && foreign.exists() && !new.exists());
    }
}
