//! Labels and splits that the names of folders tell.

use std::{
    collections::BTreeSet,
    path::{Component, Path, PathBuf},
};

use super::{
    Note, Split, listed,
    text::{label_text, shown_name},
};

/// The labels of files by their folders, and the split where the folders right below the opened one are its parts.
pub(super) fn labels_of(
    files: &[PathBuf],
    opened: &Path,
    notes: &mut Vec<Note>,
) -> (Vec<Option<String>>, Option<Split>) {
    let first: Vec<Option<String>> = files.iter().map(|file| label_of(file, opened)).collect();
    let names: BTreeSet<String> = first.iter().flatten().cloned().collect();
    if let Some(below) = storage_folder(files, &names) {
        return labels_of(files, &opened.join(below), notes);
    }
    if let Some(parts) = listed::folder_parts(&names) {
        let mut split = Split::default();
        let below = files.iter().zip(&first).enumerate();
        let labels = below.map(|(place, (file, name))| {
            split.add(parts.get(name.as_ref()?).copied(), place);
            label_of(file, &folder_below(file, opened)?)
        });
        let labels: Vec<Option<String>> = labels.collect();
        let [train, valid, test] = split.sizes();
        notes.push(
            format!(
                "the folders {} are read as the parts of a split, the folders in them as labels: {train} train, {valid} \
                 valid and {test} test tracks",
                listed_names(&names)
            )
            .into(),
        );
        return (labels, split.usable("these folders", notes));
    }
    if let Some(split) = split_within_labels(files, opened) {
        let [train, valid, test] = split.sizes();
        notes.push(
            format!(
                "the folders in those of the labels are read as the parts of a split: {train} train, {valid} valid and \
                 {test} test tracks"
            )
            .into(),
        );
        return (first, split.usable("these folders", notes));
    }
    if let Some(folds) = fold_folders(&names) {
        let below = files
            .iter()
            .map(|file| label_of(file, &folder_below(file, opened)?));
        let labels: Vec<Option<String>> = below.collect();
        let label = match labels.iter().any(Option::is_some) {
            true => ", the folders in them as labels",
            false => " and no labels",
        };
        notes.push(
            format!(
                "the folders {} part the tracks into {folds} folds{label}: the protocol folds:{folds} of a probe uses them",
                listed_names(&names)
            )
            .into(),
        );
        return (labels, None);
    }
    if is_storage(&names) {
        notes.push(
            format!(
                "the folders {} are numbers and no labels; if they are classes, open a list with a column `label`",
                listed_names(&names)
            )
            .into(),
        );
        return (vec![None; files.len()], None);
    }
    (first, None)
}

/// The fold of each file, where the folders right below the opened one, or below the one that holds them all, are folds:
/// `fold1/rock/a.wav`.
pub(super) fn folds_of(files: &[PathBuf], opened: &Path) -> Option<Vec<Option<u32>>> {
    let first: Vec<Option<String>> = files.iter().map(|file| label_of(file, opened)).collect();
    let names: BTreeSet<String> = first.iter().flatten().cloned().collect();
    if let Some(below) = storage_folder(files, &names) {
        return folds_of(files, &opened.join(below));
    }
    fold_folders(&names)?;
    let number = |name: Option<String>| fold_number(&name?);
    Some(first.into_iter().map(number).collect())
}

/// How many folds folders are named by, if all of them are: `fold1`, `fold_2`.
fn fold_folders(names: &BTreeSet<String>) -> Option<usize> {
    let numbers: Option<BTreeSet<u32>> = names.iter().map(|name| fold_number(name)).collect();
    Some(numbers?.len()).filter(|folds| *folds >= 2)
}

/// The number in the name of a fold: `fold3`, `Fold_3`, `fold-3`.
pub(super) fn fold_number(name: &str) -> Option<u32> {
    let number = name.to_lowercase();
    let number = number
        .strip_prefix("fold")?
        .trim_start_matches(['_', '-', ' ']);
    number.parse().ok()
}

/// The one folder that all files lie in, in folders of their own, if its name says only that it holds sound.
fn storage_folder<'n>(files: &[PathBuf], names: &'n BTreeSet<String>) -> Option<&'n str> {
    const NAMES: [&str; 12] = [
        "audio", "audios", "wav", "wavs", "mp3", "mp3s", "flac", "sound", "sounds", "data",
        "clips", "files",
    ];
    let name = names.first().filter(|_| names.len() == 1)?;
    let holds_folders = || {
        let in_folder = |file: &PathBuf| {
            let parent = file.parent().and_then(Path::file_name);
            parent.is_some_and(|parent| parent.to_string_lossy() != **name)
        };
        files.iter().all(in_folder)
    };
    (NAMES.contains(&name.to_lowercase().as_str()) && holds_folders()).then_some(name)
}

/// The labels of files that a list names and says nothing of, by the folders below the one that holds them all, and the
/// split where these are its parts.
pub(super) fn labels_by_folders(
    files: &[PathBuf],
    notes: &mut Vec<Note>,
) -> (Vec<Option<String>>, Option<Split>) {
    let mut folders = files.iter().filter_map(|file| file.parent());
    let Some(mut common) = folders.next() else {
        return (vec![None; files.len()], None);
    };
    for folder in folders {
        while !folder.starts_with(common) {
            let Some(above) = common.parent() else {
                return (vec![None; files.len()], None);
            };
            common = above;
        }
    }
    let (labels, split) = labels_of(files, common, notes);
    let labels = labels.into_iter();
    let labels = labels.map(|label| label.map(|name| label_text(&name)));
    (labels.collect(), split)
}

/// The split where every file lies in a part's folder within that of its label: `rock/train/a.wav`.
fn split_within_labels(files: &[PathBuf], opened: &Path) -> Option<Split> {
    let within = files.iter();
    let within = within.map(|file| label_of(file, &folder_below(file, opened)?));
    let within: Vec<String> = within.collect::<Option<_>>()?;
    let parts = listed::folder_parts(&within.iter().cloned().collect())?;
    let mut split = Split::default();
    for (place, name) in within.iter().enumerate() {
        split.add(parts.get(name).copied(), place);
    }
    Some(split)
}

/// The first of some names, for a note.
fn listed_names(names: &BTreeSet<String>) -> String {
    const NAMED: usize = 3;
    let more = if names.len() > NAMED { ", ..." } else { "" };
    let named: Vec<&str> = names.iter().take(NAMED).map(String::as_str).collect();
    format!("{}{more}", named.join(", "))
}

/// Whether folders are named by how files are stored and not by what they are: by numbers ("000", "001"; years may be
/// classes), or by the first hexadecimal digits of a hash ("0" to "f").
pub(super) fn is_storage(names: &BTreeSet<String>) -> bool {
    let is_year =
        |name: &String| name.len() == 4 && (name.starts_with("19") || name.starts_with("20"));
    let is_number = |name: &String| name.bytes().all(|byte| byte.is_ascii_digit());
    if names.is_empty() {
        return false;
    }
    if names.iter().all(is_number) {
        return !names.iter().all(is_year);
    }
    let width = names.first().map_or(0, String::len);
    let is_hexadecimal =
        |name: &String| name.len() == width && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    let numbers = names.iter().filter(|name| is_number(name)).count();
    width <= 2 && names.iter().all(is_hexadecimal) && 2 * numbers >= names.len()
}

/// The name of the first folder below the opened one on the way to the file.
pub(super) fn label_of(file: &Path, opened: &Path) -> Option<String> {
    let folder = folder_below(file, opened)?;
    Some(shown_name(folder.file_name()?).into_owned())
}

/// The first folder below the opened one on the way to the file.
fn folder_below(file: &Path, opened: &Path) -> Option<PathBuf> {
    let mut parts = file.strip_prefix(opened).ok()?.components();
    match (parts.next()?, parts.next()) {
        (Component::Normal(folder), Some(_)) => Some(opened.join(folder)),
        _ => None,
    }
}
