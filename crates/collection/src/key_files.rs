//! Files that tell the key of a sound beside it: `song.wav` and `song.key`, as GiantSteps, Isophonics' users and MIREX's
//! programs write them, or `song.wav.key`.

use std::{
    collections::HashMap,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

use super::{
    Note, Track, key_name,
    note::{Examples, ListLine},
    parse_key,
    text::{decode_text, fold_name, is_nothing},
    walk,
};
use mynascope_base::counted;

/// Key files are one line; a larger one is none (or a presentation).
const LARGEST_BYTES: u64 = 1 << 10;

/// Whether a file's name says that it holds a key.
pub(crate) fn is_key_file(path: &Path) -> bool {
    path.extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("key"))
}

/// What stands in a key file; nothing where it is too large to be one.
pub(crate) fn text_of(file: &Path) -> String {
    let is_small = fs::metadata(file).is_ok_and(|it| it.is_file() && it.len() <= LARGEST_BYTES);
    let bytes = is_small.then(|| fs::read(file).ok()).flatten();
    let (text, _) = decode_text(&bytes.unwrap_or_default());
    text.trim().to_owned()
}

/// The key files of folders, by their folded names.
#[derive(Default)]
struct KeyFiles {
    of_folders: HashMap<PathBuf, HashMap<String, PathBuf>>,
}

impl KeyFiles {
    /// The file that tells the key of a sound, in any case of its name.
    fn beside(&mut self, sound: &Path) -> Option<PathBuf> {
        let folder = sound.parent()?;
        let known = self
            .of_folders
            .entry(folder.to_path_buf())
            .or_insert_with(|| {
                let entries = fs::read_dir(walk::named(folder))
                    .into_iter()
                    .flatten()
                    .flatten();
                let names = entries.map(|entry| entry.file_name());
                let names = names.filter(|name| is_key_file(Path::new(name)));
                names
                    .map(|name| (fold_name(&name), folder.join(name)))
                    .collect()
            });
        let of = |name: &OsStr| known.get(&format!("{}.key", fold_name(name)));
        of(sound.file_stem()?)
            .or_else(|| of(sound.file_name()?))
            .cloned()
    }
}

/// Gives tracks the keys that files beside them tell, and labels them with these where no track has a label.
pub(crate) fn read_beside(tracks: &mut [Track], notes: &mut Vec<Note>) {
    let mut unread = Examples::default();
    let mut count = 0;
    let mut key_files = KeyFiles::default();
    for track in tracks.iter_mut() {
        let Some(file) = key_files.beside(&track.path) else {
            continue;
        };
        let text = text_of(&file);
        // MIREX's programs part the tonic from the mode by a tab.
        let line = text.lines().next().unwrap_or_default().trim();
        // Certificates and presentations have this ending, too.
        if is_nothing(line)
            || line.starts_with("-----")
            || line.contains(|c: char| c.is_control() && c != '\t')
        {
            continue;
        }
        track.key = parse_key(line);
        match track.key {
            Some(_) => count += 1,
            None => unread.add(line_of(&file), || {
                format!("{} `{}`", line_of(&file), short(line))
            }),
        }
    }
    let is_bare = tracks.iter().all(|track| track.label.is_none());
    for track in tracks.iter_mut().filter(|_| is_bare) {
        track.label = track.key.and_then(key_name).map(str::to_owned);
    }
    if count > 0 {
        let tracks = counted(count, "track");
        notes.push(
            format!("the keys of {tracks} are read from the files that end in .key beside them")
                .into(),
        );
    }
    if unread.count > 0 {
        let files = counted(unread.count, "file");
        notes.push(unread.note(format!(
            "{files} beside sounds with no key in the first line (such as `Eb minor`)"
        )));
    }
}

fn line_of(file: &Path) -> ListLine {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    ListLine {
        list: Some(name.as_ref().into()),
        line: 1,
    }
}

fn short(line: &str) -> String {
    const LONGEST: usize = 40;
    line.chars().take(LONGEST).collect()
}
