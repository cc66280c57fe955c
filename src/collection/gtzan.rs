use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
};

/// The genre of a file of GTZAN's shape, `<genre>/<genre>.<five digits>.<extension>`; `None` for any other file.
pub(super) fn genre_of(path: &Path) -> Option<&str> {
    let folder = path
        .parent()
        .and_then(Path::file_name)
        .and_then(OsStr::to_str)?;
    let stem = path.file_stem().and_then(OsStr::to_str)?;
    let number = stem.strip_prefix(folder)?.strip_prefix('.')?;
    (number.len() == 5 && number.bytes().all(|digit| digit.is_ascii_digit())).then_some(folder)
}

/// Whether these files are GTZAN or a part of it: every one has its shape, wherever the genre folders lie.
pub(super) fn is_gtzan(files: &[PathBuf]) -> bool {
    !files.is_empty() && files.iter().all(|file| genre_of(file).is_some())
}
