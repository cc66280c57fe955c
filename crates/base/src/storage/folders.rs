//! Where this user's files go.

use std::path::PathBuf;

use directories::{BaseDirs, ProjectDirs, UserDirs};

use super::StorageError;

/// Where this user's files go, by the conventions of the system.
#[derive(Debug, Clone)]
pub struct Folders {
    /// What can be made again: the demo collection, computed mels and embeddings.
    pub cache: PathBuf,
    /// Settings.
    pub config: PathBuf,
    /// What cannot be made again: runs started from the window.
    pub data: PathBuf,
    /// Where users keep what they make: their documents, or their home where the system names no such folder.
    pub documents: PathBuf,
}

impl Folders {
    /// The folders of the current user. `MYNASCOPE_HOME` puts all of them below one folder.
    ///
    /// # Errors
    /// [`StorageError::NoHome`] if the system tells no home folder.
    pub fn of_user() -> Result<Self, StorageError> {
        if let Some(home) = std::env::var_os("MYNASCOPE_HOME") {
            let home = PathBuf::from(home);
            return Ok(Self {
                cache: home.join("cache"),
                config: home.join("config"),
                data: home.join("data"),
                documents: home.join("documents"),
            });
        }
        let user = UserDirs::new().ok_or(StorageError::NoHome)?;
        let documents = user.document_dir().unwrap_or_else(|| user.home_dir());
        let dirs = ProjectDirs::from("", "", "mynascope").ok_or(StorageError::NoHome)?;
        Ok(Self {
            cache: dirs.cache_dir().to_path_buf(),
            config: dirs.config_dir().to_path_buf(),
            data: dirs.data_dir().to_path_buf(),
            documents: documents.to_path_buf(),
        })
    }
}

/// The folder that holds the data of all programs of the user: `~/.local/share` on Linux.
///
/// # Errors
/// [`StorageError::NoHome`] if the system tells no home folder.
pub fn user_data_home() -> Result<PathBuf, StorageError> {
    let dirs = BaseDirs::new().ok_or(StorageError::NoHome)?;
    Ok(dirs.data_dir().to_path_buf())
}
