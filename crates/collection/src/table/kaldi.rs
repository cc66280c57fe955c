//! The data folders of Kaldi: `wav.scp` has an id and a path in each line, files beside it (`utt2spk`, `utt2genre`, ..)
//! an id and what is said of it.

use std::{collections::HashMap, ffi::OsStr, fs, path::Path};

use super::{LARGEST_BYTES, bytes::bytes_of, cells::Cells};
use crate::text::decode_text;

/// The ending of lists of ids and paths.
const ENDING: &str = "scp";
/// What the names of files about the ids begin with; what follows is said of them.
const ABOUT: &str = "utt2";
/// So many files about the ids are read.
const MOST: usize = 8;

/// Whether a file is a part of such a folder beside its list: `utt2spk`, `spk2utt`, `text`.
pub(crate) fn is_beside_list(path: &Path) -> bool {
    let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
    let is_part =
        name.starts_with(ABOUT) || name.ends_with("2utt") || matches!(name, "text" | "segments");
    is_part && path.with_file_name("wav.scp").is_file()
}

/// Headings and rows of a list of ids and paths; `None` of any other file.
pub(super) fn read(path: &Path, text: &str) -> Option<(Vec<String>, Cells)> {
    let is_list = path
        .extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case(ENDING));
    if !is_list {
        return None;
    }
    let about = about(path);
    let mut names = vec!["title".to_owned(), "path".to_owned()];
    names.extend(about.iter().map(|(name, _)| name.clone()));
    let mut cells = Cells::default();
    for (line, row) in (1_u64..).zip(text.lines()) {
        let Some((id, path)) = row.trim().split_once(char::is_whitespace) else {
            continue;
        };
        let said = about
            .iter()
            .map(|(_, said)| said.get(id).map_or("", String::as_str));
        cells.push(line, [id, path.trim()].into_iter().chain(said));
    }
    Some((names, cells))
}

/// What the files beside a list say of its ids, by their names.
fn about(list: &Path) -> Vec<(String, HashMap<String, String>)> {
    let entries = list.parent().map(crate::walk::named).map(fs::read_dir);
    let entries = entries.into_iter().flatten().flatten().flatten();
    let mut named: Vec<(String, std::path::PathBuf)> = entries
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let about = name.strip_prefix(ABOUT).filter(|it| !it.is_empty())?;
            Some((about.to_owned(), entry.path()))
        })
        .collect();
    named.sort();
    let files = named.into_iter().take(MOST).filter_map(|(name, path)| {
        let (text, _) = decode_text(&bytes_of(&path, LARGEST_BYTES).ok()?);
        let lines = text.lines().filter_map(|line| {
            let (id, said) = line.trim().split_once(char::is_whitespace)?;
            Some((id.to_owned(), said.trim().to_owned()))
        });
        Some((name, lines.collect()))
    });
    files.collect()
}
