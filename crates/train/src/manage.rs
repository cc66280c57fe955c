//! Runs renamed, deleted and brought back. What is deleted is moved into the folder [`TRASH`] beside the runs, where nothing
//! lists it, until that is emptied.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use mynascope_base::storage::{StorageError, create_folder};

/// The folder of deleted runs, among the runs.
pub const TRASH: &str = ".trash";

/// What was done to a run, so that it can be undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunChange {
    /// It has another name.
    Renamed {
        /// Its folder before.
        from: PathBuf,
        /// Its folder now.
        to: PathBuf,
    },
    /// It is in the trash.
    Deleted {
        /// Its folder before.
        from: PathBuf,
        /// Its folder now.
        to: PathBuf,
    },
}

/// Why a run stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum ManageError {
    /// It is no run.
    #[error("this is no folder of a run (config.toml is missing); name one: {}", .0.display())]
    NoRun(PathBuf),
    /// The name cannot be one of a folder.
    #[error(
        "a run cannot be called '{0}': a name is one folder's, without / and \\, and begins with no point"
    )]
    Name(String),
    /// Something else has the name.
    #[error("there is something of that name already; choose another: {}", .0.display())]
    Taken(PathBuf),
    /// The system refused.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Gives a run another name; its folder stays among its neighbours.
///
/// # Errors
/// [`ManageError`]; the run stays as it is.
pub fn rename_run(run: &Path, name: &str) -> Result<RunChange, ManageError> {
    let name = name.trim();
    let odd = |c: char| c.is_control() || matches!(c, '/' | '\\' | ':');
    if name.is_empty() || name.starts_with('.') || name.contains(odd) {
        return Err(ManageError::Name(name.to_owned()));
    }
    let from = checked(run)?;
    let to = from.with_file_name(name);
    move_to(&from, &to)?;
    Ok(RunChange::Renamed { from, to })
}

/// Moves a run into the trash beside it.
///
/// # Errors
/// As [`rename_run`].
pub fn delete_run(run: &Path) -> Result<RunChange, ManageError> {
    let from = checked(run)?;
    let trash = from.with_file_name(TRASH);
    create_folder(&trash)?;
    let name = from.file_name().unwrap_or_default().to_os_string();
    // One of the same name may lie there already.
    let free = (1_u32..).map(|number| {
        let mut name = name.clone();
        if number > 1 {
            name.push(format!("-{number}"));
        }
        trash.join(name)
    });
    let to = free.into_iter().find(|to| !to.exists()).unwrap_or(trash);
    move_to(&from, &to)?;
    Ok(RunChange::Deleted { from, to })
}

/// Takes a change back.
///
/// # Errors
/// As [`rename_run`]: also where another run has taken the name meanwhile.
pub fn undo_change(change: &RunChange) -> Result<PathBuf, ManageError> {
    let (RunChange::Renamed { from, to } | RunChange::Deleted { from, to }) = change;
    move_to(&checked(to)?, from)?;
    Ok(from.clone())
}

/// Brings a run back from the trash of a folder of runs, by its name.
///
/// # Errors
/// As [`rename_run`].
pub fn restore_run(runs: &Path, name: &str) -> Result<PathBuf, ManageError> {
    undo_change(&RunChange::Deleted {
        from: runs.join(name),
        to: runs.join(TRASH).join(name),
    })
}

/// The names of the runs in the trash of a folder of runs.
pub fn trashed_runs(runs: &Path) -> Vec<String> {
    let entries = fs::read_dir(runs.join(TRASH))
        .into_iter()
        .flatten()
        .flatten();
    let mut names: Vec<String> = entries
        .filter(|entry| entry.path().join("config.toml").is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// Deletes what is in the trash of a folder of runs, for good. Returns how many runs that were.
///
/// # Errors
/// [`ManageError::Storage`] with the first that cannot be deleted.
pub fn empty_trash(runs: &Path) -> Result<usize, ManageError> {
    let names = trashed_runs(runs);
    for name in &names {
        let run = runs.join(TRASH).join(name);
        fs::remove_dir_all(&run).map_err(|source| io_error("delete a run", source, &run))?;
    }
    Ok(names.len())
}

fn checked(run: &Path) -> Result<PathBuf, ManageError> {
    let run = std::path::absolute(run).unwrap_or_else(|_| run.to_path_buf());
    match run.join("config.toml").is_file() {
        true => Ok(run),
        false => Err(ManageError::NoRun(run)),
    }
}

fn move_to(from: &Path, to: &Path) -> Result<(), ManageError> {
    if to.exists() {
        return Err(ManageError::Taken(to.to_path_buf()));
    }
    fs::rename(from, to).map_err(|source| io_error("move a run", source, from))
}

fn io_error(what: &'static str, source: io::Error, path: &Path) -> ManageError {
    ManageError::Storage(StorageError::Io {
        what,
        source,
        path: path.to_path_buf(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(runs: &Path, name: &str) -> PathBuf {
        let run = runs.join(name);
        fs::create_dir(&run).unwrap();
        fs::write(run.join("config.toml"), name).unwrap();
        run
    }

    #[test]
    fn a_deleted_run_comes_back_whole_and_under_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let runs = folder.path();
        let first = delete_run(&run(runs, "bells")).unwrap();
        let second = delete_run(&run(runs, "bells")).unwrap();
        assert_eq!(trashed_runs(runs), ["bells", "bells-2"]);
        assert_eq!(undo_change(&second).unwrap(), runs.join("bells"));
        // The first cannot take its name while the second has it.
        let taken = undo_change(&first).unwrap_err();
        assert!(
            taken.to_string().contains("of that name already"),
            "{taken}"
        );
        rename_run(&runs.join("bells"), "gongs").unwrap();
        assert_eq!(restore_run(runs, "bells").unwrap(), runs.join("bells"));
        assert!(runs.join("gongs/config.toml").is_file());
        delete_run(&runs.join("gongs")).unwrap();
        assert_eq!(empty_trash(runs).unwrap(), 1);
        assert!(restore_run(runs, "gongs").is_err());
    }

    #[test]
    fn names_that_lead_elsewhere_and_folders_that_are_no_runs_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let bells = run(folder.path(), "bells");
        run(folder.path(), "gongs");
        for name in ["", "..", ".trash", "a/b", "..\\b", "gongs"] {
            assert!(rename_run(&bells, name).is_err(), "{name}");
        }
        assert!(bells.is_dir());
        assert!(matches!(
            delete_run(folder.path()),
            Err(ManageError::NoRun(_))
        ));
    }
}
