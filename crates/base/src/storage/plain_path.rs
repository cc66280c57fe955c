//! Paths as people read them: from the root, without detours.

use std::{
    fs,
    path::{Component, Path, PathBuf},
};

/// A path without `.` and `..` where that can be seen from it alone, without a look at the disk: behind a link to a
/// folder it may be another place.
///
/// ```
/// use mynascope_base::storage::tidy_path;
/// assert_eq!(tidy_path("a/../b/./c".as_ref()), std::path::Path::new("b/c"));
/// assert_eq!(tidy_path("../b".as_ref()), std::path::Path::new("../b"));
/// ```
pub fn tidy_path(path: &Path) -> PathBuf {
    let mut tidy = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir
                if matches!(tidy.components().next_back(), Some(Component::Normal(_))) =>
            {
                tidy.pop();
            }
            other => tidy.push(other),
        }
    }
    tidy
}

/// A folder from the root, without `.` and, where that is the same place on the disk, without `..`.
pub fn plain_folder(folder: &Path) -> PathBuf {
    let whole = std::path::absolute(folder).unwrap_or_else(|_| folder.to_path_buf());
    if !whole.components().any(|part| part == Component::ParentDir) {
        return whole;
    }
    let tidy = tidy_path(&whole);
    match fs::canonicalize(&tidy).ok() == fs::canonicalize(&whole).ok() {
        true => tidy,
        false => whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_detour_is_left_out_unless_it_leads_elsewhere() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        for folder in ["here", "other", "far/inner", "far/here"] {
            fs::create_dir_all(at(folder)).unwrap();
        }
        assert_eq!(plain_folder(&at("other/../here")), at("here"));
        assert_eq!(plain_folder(&at("other/./../here/.")), at("here"));
        assert_eq!(plain_folder(&at("here")), at("here"));
        // What is not there has one name, too.
        assert_eq!(plain_folder(&at("gone/../none")), at("none"));
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(at("far/inner"), at("link")).unwrap();
            let detour = at("link/../here");
            assert_eq!(plain_folder(&detour), detour, "it is far/here");
        }
    }
}
