//! Files that survive: atomic writes, the user's folders, settings, and a cache of what can be computed again.

mod cache;
mod folders;
mod path_text;
mod plain_path;
pub mod serde_path;
mod settings;
mod write;

pub use cache::{Cache, ContentKey};
pub use folders::{Folders, user_data_home};
pub use path_text::{path_from_text, path_to_text};
pub use plain_path::{plain_folder, tidy_path};
pub use settings::{Follow, NamedKeys, Session, Settings, Theme, WindowPlace};
pub use write::{create_folder, write_atomic};

use std::{io, path::PathBuf};

use crate::text::system_words;

/// Why a file or folder could not be kept.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The operating system refused; the old file, if any, is untouched.
    #[error("cannot {what}: {words}; check the free space and the permissions of {path}", words = system_words(.source))]
    Io {
        /// What was tried, as a verb with its object: "write the settings".
        what: &'static str,
        /// What the system said.
        source: io::Error,
        /// The file or folder.
        path: PathBuf,
    },
    /// The system tells no home folder, so there is no place for caches and settings.
    #[error("no home folder is known for this user; set HOME and start again")]
    NoHome,
}
