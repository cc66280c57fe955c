//! The cache that all programs for the hub share: `models--OWNER--NAME/{refs,blobs,snapshots}`.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use hf_hub::{Cache, CacheRepo, Repo, RepoType};
use mynascope_base::system_words;

use crate::{HubError, HubName, offer::weights};

/// A model's place in the cache.
pub(crate) struct Cached {
    repo: CacheRepo,
    revision: String,
    folder: PathBuf,
    locks: PathBuf,
}

impl Cached {
    pub(crate) fn new(cache: &Path, name: &HubName) -> Self {
        let repo = Repo::with_revision(
            name.model().to_owned(),
            RepoType::Model,
            name.revision().to_owned(),
        );
        let folder = repo.folder_name();
        Self {
            revision: name.revision().to_owned(),
            locks: cache.join(".locks").join(&folder),
            folder: cache.join(folder),
            repo: Cache::new(cache.to_path_buf()).repo(repo),
        }
    }

    /// The folder of the revision, if its weights are all there.
    pub(crate) fn whole(&self) -> Option<PathBuf> {
        let commit = fs::read_to_string(self.folder.join("refs").join(&self.revision));
        // A commit has no reference.
        let commit = commit.unwrap_or_else(|_| self.revision.clone());
        let folder = self.snapshot(commit.trim());
        let names: Vec<String> = fs::read_dir(&folder)
            .ok()?
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let weights = weights(&names).ok()?;
        // A link may lead to what was deleted.
        let all_there = weights.iter().all(|name| folder.join(name).is_file());
        all_there.then_some(folder)
    }

    /// The folder of a commit.
    pub(crate) fn snapshot(&self, commit: &str) -> PathBuf {
        self.repo.pointer_path(commit)
    }

    /// Where the content of a file lies, by what the hub calls that content.
    pub(crate) fn blob(&self, etag: &str) -> PathBuf {
        self.folder.join("blobs").join(etag)
    }

    /// Keeps other programs from fetching the same content as long as the answer lives.
    pub(crate) fn lock(&self, etag: &str, file: &str) -> Result<File, HubError> {
        let path = self.locks.join(format!("{etag}.lock"));
        make_parent(&path)?;
        let lock = File::create(&path).map_err(|error| disk(&error, &path))?;
        match lock.try_lock() {
            Ok(()) => Ok(lock),
            Err(TryLockError::WouldBlock) => Err(HubError::Locked {
                file: file.to_owned(),
            }),
            // Some network file systems know no locks.
            Err(TryLockError::Error(_)) => Ok(lock),
        }
    }

    /// Gives content its name in the folder of a commit.
    pub(crate) fn link(&self, commit: &str, file: &str, etag: &str) -> Result<(), HubError> {
        let blob = self.blob(etag);
        let named = self.snapshot(commit).join(file);
        make_parent(&named)?;
        let _ = fs::remove_file(&named);
        link(Path::new("../../blobs").join(etag).as_path(), &blob, &named)
            .map_err(|error| disk(&error, &named))
    }

    /// Notes which commit the revision means.
    pub(crate) fn note_commit(&self, commit: &str) -> Result<(), HubError> {
        if self.revision == commit {
            return Ok(());
        }
        (self.repo.create_ref(commit)).map_err(|error| disk(&error, &self.folder))
    }
}

/// A link where the system lets users make one, else a second name, else a copy.
fn link(relative: &Path, blob: &Path, named: &Path) -> io::Result<()> {
    #[cfg(unix)]
    let linked = std::os::unix::fs::symlink(relative, named);
    #[cfg(windows)]
    let linked = std::os::windows::fs::symlink_file(relative, named);
    linked
        .or_else(|_| fs::hard_link(blob, named))
        .or_else(|_| fs::copy(blob, named).map(|_| ()))
}

pub(crate) fn make_parent(path: &Path) -> Result<(), HubError> {
    match path.parent() {
        Some(folder) => fs::create_dir_all(folder).map_err(|error| disk(&error, folder)),
        None => Ok(()),
    }
}

pub(crate) fn disk(error: &io::Error, path: &Path) -> HubError {
    HubError::Disk {
        why: system_words(error),
        path: path.to_path_buf(),
    }
}
