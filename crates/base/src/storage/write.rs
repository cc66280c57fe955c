//! Writing a file whole or not at all.

use std::{
    fs, io,
    io::{BufWriter, Write},
    path::Path,
};

use super::StorageError;

/// Writes a file so that a reader sees the old content or the new one, never a mix: a temporary file beside
/// it is filled, synced and renamed over it.
///
/// # Errors
/// [`StorageError::Io`] if `fill` fails or the file cannot be written; an old one is untouched.
pub fn write_atomic(
    path: &Path,
    fill: impl FnOnce(&mut BufWriter<fs::File>) -> io::Result<()>,
) -> Result<(), StorageError> {
    let fail = |what| {
        move |source| StorageError::Io {
            what,
            source,
            path: path.to_path_buf(),
        }
    };
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    create_folder(parent)?;
    let temporary = tempfile::Builder::new()
        .prefix(".mynascope-")
        .tempfile_in(parent)
        .map_err(fail("create a temporary file"))?;
    let mut writer = BufWriter::new(temporary.as_file().try_clone().map_err(fail("write"))?);
    fill(&mut writer).map_err(fail("write"))?;
    writer.flush().map_err(fail("write"))?;
    temporary.as_file().sync_all().map_err(fail("sync"))?;
    let file = temporary
        .persist(path)
        .map_err(|error| fail("rename a finished file")(error.error))?;
    share(&file);
    // The rename itself must reach the disk; not every system lets a folder be opened for that.
    if let Ok(folder) = fs::File::open(parent) {
        let _ = folder.sync_all();
    }
    Ok(())
}

/// Temporary files are private to the user; results are made like any other new file.
#[cfg(unix)]
fn share(file: &fs::File) {
    use std::os::unix::fs::PermissionsExt;
    let _ = file.set_permissions(fs::Permissions::from_mode(0o644));
}

#[cfg(not(unix))]
fn share(_file: &fs::File) {}

/// Creates a folder and its parents.
///
/// # Errors
/// [`StorageError::Io`] if the system refuses.
pub fn create_folder(path: &Path) -> Result<(), StorageError> {
    fs::create_dir_all(path).map_err(|source| StorageError::Io {
        what: "create a folder",
        source,
        path: path.to_path_buf(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_leaves_the_old_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kept.txt");
        write_atomic(&path, |file| file.write_all(b"old")).unwrap();
        let result = write_atomic(&path, |file| {
            file.write_all(b"half of the n")?;
            Err(io::Error::other("disk full"))
        });
        assert!(matches!(result, Err(StorageError::Io { .. })));
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            1,
            "no temporary file stays"
        );
    }
}
