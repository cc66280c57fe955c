//! The names of sound files, as lists write them: with an ending, another one or none.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use crate::{
    text::{fold_name, fold_text},
    walk::{self, Sort},
};

/// Sound files by their names.
#[derive(Default)]
pub(super) struct Names {
    by_name: HashMap<String, Vec<PathBuf>>,
    /// Without the ending; numbers without leading zeros.
    by_stem: HashMap<String, Vec<PathBuf>>,
}

impl Names {
    pub(super) fn add(&mut self, path: PathBuf) {
        if matches!(walk::sort_of(&path), Sort::Other) {
            return;
        }
        let (Some(name), Some(stem)) = (path.file_name(), path.file_stem()) else {
            return;
        };
        let stem = number(fold_name(stem));
        self.by_stem.entry(stem).or_default().push(path.clone());
        self.by_name.entry(fold_name(name)).or_default().push(path);
    }

    /// Files of a name; else those that have it without their ending (where there are none, numbers may have other zeros before); else, where the
    /// name has an ending, those of another ending.
    pub(super) fn get(&self, name: &str) -> Vec<&Path> {
        let folded = fold_text(name);
        let id = number(folded.clone());
        if self.by_name.contains_key(&folded) {
            return paths(self.by_name.get(&folded)).collect();
        }
        if self.by_stem.contains_key(&id) {
            let all: Vec<&Path> = paths(self.by_stem.get(&id)).collect();
            let is_exact = |path: &&Path| path.file_stem().map(fold_name).as_ref() == Some(&folded);
            let exact: Vec<&Path> = all.iter().copied().filter(is_exact).collect();
            return if exact.is_empty() { all } else { exact };
        }
        let Some(stem) = Path::new(name).file_stem().map(fold_name) else {
            return Vec::new();
        };
        if !walk::is_sound_name(Path::new(name)) {
            return Vec::new();
        }
        paths(self.by_stem.get(&number(stem.clone())))
            .filter(|path| path.file_stem().map(fold_name) == Some(stem.clone()))
            .collect()
    }
}

fn paths(found: Option<&Vec<PathBuf>>) -> impl Iterator<Item = &Path> {
    found.into_iter().flatten().map(PathBuf::as_path)
}

/// A number without leading zeros; other names as they are.
fn number(name: String) -> String {
    let is_number = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
    match name.trim_start_matches('0') {
        "" if is_number => "0".to_owned(),
        short if is_number => short.to_owned(),
        _ => name,
    }
}
