//! Where the files lie that a list names, also where it was made on another system or computer.

use std::{
    collections::{HashMap, HashSet},
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use walkdir::WalkDir;

use super::{
    names::Names,
    path_text::{slashed, unescaped},
};
use crate::{
    CollectionError,
    text::{fold_name, fold_text},
    walk,
};
use mynascope_base::jobs::Watch;

/// No system has longer paths, ...
pub(super) const LONGEST_PATH: usize = 4096;
/// ... and deeper ones are no music.
const DEEPEST: usize = 64;
/// Files with bare names are looked for below the list among so many entries; among more, a name says too little.
const MOST_ENTRIES: usize = 200_000;

/// What a list's words for a file led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// The very path that the list names, however its signs and letters are written.
    Named(PathBuf),
    /// One file alone answers to the end of the path or to the name.
    Guessed(PathBuf),
    /// Several files answer to it.
    Several(PathBuf),
    /// There is none; where it would lie.
    Missing(PathBuf),
}

impl Found {
    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Named(path) | Self::Guessed(path) | Self::Several(path) | Self::Missing(path) => {
                path
            }
        }
    }

    pub(super) fn is_here(&self) -> bool {
        matches!(self, Self::Named(_) | Self::Guessed(_))
    }
}

/// Finds the files of one list.
pub(super) struct Finder<'a> {
    /// Whether files are taken to lie where the list says: none is looked for.
    pub(super) names_only: bool,
    folder: PathBuf,
    /// Where paths may begin: the list's folder, those that were opened with it, the folder above.
    roots: Vec<PathBuf>,
    listings: HashMap<PathBuf, Listing>,
    /// Files below the list's folder and those that were opened with it; made when it is needed.
    below: Option<Names>,
    /// How many parts of the path, and which root, led to the last file: the next is likely there, too.
    last: (usize, usize),
    watch: &'a Watch<'a>,
}

/// The names in a folder.
#[derive(Default)]
struct Listing {
    all: HashMap<String, Vec<OsString>>,
    sounds: Names,
}

impl<'a> Finder<'a> {
    /// For the list at a path, opened together with some folders.
    pub(super) fn new(list: &Path, together: &[PathBuf], watch: &'a Watch<'a>) -> Self {
        let folder = list.parent().unwrap_or(Path::new("")).to_path_buf();
        let mut roots = vec![folder.clone()];
        roots.extend(together.iter().cloned());
        let whole = std::path::absolute(walk::named(&folder)).ok();
        let above = whole.and_then(|it| it.parent().map(Path::to_path_buf));
        roots.push(above.unwrap_or_else(|| folder.clone()));
        Self {
            names_only: false,
            folder,
            roots,
            listings: HashMap::new(),
            below: None,
            last: (0, 0),
            watch,
        }
    }

    /// The file that a list's words mean: as they stand, else as a URL's path (`my%20song.wav`).
    ///
    /// Fails when cancelled.
    pub(super) fn find(&mut self, words: &str) -> Result<Found, CollectionError> {
        if self.names_only {
            return Ok(Found::Named(self.folder.join(slashed(words))));
        }
        let found = self.find_written(words)?;
        if matches!(found, Found::Missing(_)) && words.contains('%') {
            let plain = unescaped(words);
            if plain != words {
                let decoded = self.find_written(&plain)?;
                if !matches!(decoded, Found::Missing(_)) {
                    return Ok(decoded);
                }
            }
        }
        Ok(found)
    }

    /// The file at a path that was joined of a folder and a name, or of the name alone.
    ///
    /// Fails when cancelled.
    pub(super) fn find_in(&mut self, path: &str, name: &str) -> Result<Found, CollectionError> {
        let joined = self.find(path)?;
        if matches!(joined, Found::Named(_)) {
            return Ok(joined);
        }
        let alone = self.find(name)?;
        let is_better = matches!(alone, Found::Named(_)) || alone.is_here() && !joined.is_here();
        Ok(if is_better { alone } else { joined })
    }

    /// Whether a file lies at a path below the list's folder, or one of the others where paths may begin.
    pub(super) fn lies_at(&mut self, path: &str) -> bool {
        let clean = slashed(path);
        let parts = parts_of(&clean);
        let is_path = path.len() <= LONGEST_PATH && !path.contains('\0');
        is_path
            && parts.len() <= DEEPEST
            && (0..self.roots.len()).any(|root| self.from(root, &parts).is_some())
    }

    fn find_written(&mut self, words: &str) -> Result<Found, CollectionError> {
        if words.len() > LONGEST_PATH || words.contains('\0') {
            return Ok(Found::Missing(self.folder.join("?")));
        }
        let as_written = self.folder.join(words);
        if as_written.is_file() {
            return Ok(Found::Named(as_written));
        }
        let clean = slashed(words);
        let expected = self.folder.join(&clean);
        let parts = parts_of(&clean);
        if parts.is_empty() || parts.len() > DEEPEST {
            return Ok(Found::Missing(expected));
        }
        let is_absolute = clean.starts_with('/');
        if is_absolute && let Some(path) = self.walk_to(Path::new("/"), &parts, true) {
            return Ok(Found::Named(path));
        }
        // What begins with a folder that is here is meant from here: such a file is missing.
        if !is_absolute
            && let [folder, _, ..] = parts[..]
            && self.folder.join(folder).is_dir()
        {
            let path = self.walk_to(&self.folder.clone(), &parts, false);
            return Ok(match path {
                Some(path) if same_name(&path, &clean) => Found::Named(path),
                Some(path) => Found::Guessed(path),
                None => Found::Missing(expected),
            });
        }
        // The most of the path that leads to a file; first as the last one was found.
        let (dropped, root) = self.last;
        if dropped > 0
            && let Some(path) = self.from(root, parts.get(dropped..).unwrap_or(&[]))
        {
            return Ok(Found::Guessed(path));
        }
        for dropped in 0..parts.len() {
            for root in 0..self.roots.len() {
                let Some(path) = self.from(root, parts.get(dropped..).unwrap_or(&[])) else {
                    continue;
                };
                self.last = (dropped, root);
                let named = dropped == 0 && root == 0 && !is_absolute;
                return Ok(match named && same_name(&path, &clean) {
                    true => Found::Named(path),
                    false => Found::Guessed(path),
                });
            }
        }
        self.below(&parts, expected)
    }

    fn from(&mut self, root: usize, parts: &[&str]) -> Option<PathBuf> {
        let root = self.roots.get(root)?.clone();
        (!parts.is_empty())
            .then(|| self.walk_to(&root, parts, false))
            .flatten()
    }

    /// The file below a folder that lies at some parts of a path, each by its name in any form and case. Unless it must
    /// be `exact`, the last may lack its ending or have another one.
    fn walk_to(&mut self, root: &Path, parts: &[&str], exact: bool) -> Option<PathBuf> {
        let (last, folders) = parts.split_last()?;
        let mut here = root.to_path_buf();
        for part in folders {
            if *part == ".." {
                here.push("..");
                continue;
            }
            let next = here.join(part);
            here = match next.is_dir() {
                true => next,
                false => self.only(&here, part, Path::is_dir)?,
            };
        }
        let file = here.join(last);
        if file.is_file() {
            return Some(file);
        }
        if let Some(file) = self.only(&here, last, Path::is_file) {
            return Some(file);
        }
        // MTG-Jamendo's small files: its lists say `00/1000.mp3`, and `audio-low` has `00/1000.low.mp3`.
        let low = last
            .rsplit_once('.')
            .map(|(stem, ending)| here.join(format!("{stem}.low.{ending}")));
        if let Some(low) = low.filter(|low| !exact && low.is_file()) {
            return Some(low);
        }
        match self.listing(&here).sounds.get(last)[..] {
            // A link that leads nowhere has a name, too.
            [one] if !exact && one.is_file() => Some(one.to_path_buf()),
            _ => None,
        }
    }

    /// The only entry of a folder that has a name in another form (NFC or NFD) or case.
    fn only(&mut self, folder: &Path, name: &str, is_wanted: fn(&Path) -> bool) -> Option<PathBuf> {
        let found = self.listing(folder).all.get(&fold_text(name))?;
        let paths = found.iter().map(|entry| folder.join(entry));
        let mut wanted = paths.filter(|path| is_wanted(path));
        match (wanted.next(), wanted.next()) {
            (Some(one), None) => Some(one),
            _ => None,
        }
    }

    fn listing(&mut self, folder: &Path) -> &Listing {
        self.listings
            .entry(folder.to_path_buf())
            .or_insert_with(|| {
                let mut listing = Listing::default();
                for entry in fs::read_dir(walk::named(folder))
                    .into_iter()
                    .flatten()
                    .flatten()
                {
                    let name = entry.file_name();
                    listing.sounds.add(folder.join(&name));
                    listing.all.entry(fold_name(&name)).or_default().push(name);
                }
                listing
            })
    }

    /// A file anywhere below that has the name and, where the path has folders, the last of them; of several the one whose
    /// folders are the most like the path's.
    fn below(&mut self, parts: &[&str], expected: PathBuf) -> Result<Found, CollectionError> {
        let Some(last) = parts.last() else {
            return Ok(Found::Missing(expected));
        };
        let names = match self.below.take() {
            Some(names) => names,
            None => self.names_below()?,
        };
        let folders: Vec<String> = parts.iter().rev().skip(1).map(|it| fold_text(it)).collect();
        let alike = |path: &Path| {
            let names = path
                .parent()
                .into_iter()
                .flat_map(|it| it.components().rev());
            names
                .zip(&folders)
                .take_while(|(part, name)| fold_name(part.as_os_str()) == **name)
                .count()
        };
        let fewest = usize::from(!folders.is_empty());
        let mut candidates = names.get(last);
        candidates.retain(|path| alike(path) >= fewest);
        let most = candidates.iter().map(|path| alike(path)).max();
        candidates.retain(|path| Some(alike(path)) == most);
        if candidates.len() > 1 {
            // The list's folder may hold those that were opened with it, whichever way they are written.
            let real = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
            let mut seen = HashSet::new();
            candidates.retain(|path| seen.insert(real(path)));
            // These were meant before the list's own.
            let together = self.roots.get(1..self.roots.len().saturating_sub(1));
            let together: Vec<PathBuf> = together
                .unwrap_or_default()
                .iter()
                .map(|root| real(root))
                .collect();
            let is_meant = |path: &&Path| {
                let real = real(path);
                together.iter().any(|root| real.starts_with(root))
            };
            let meant: Vec<&Path> = candidates.iter().copied().filter(is_meant).collect();
            if let [_] = meant[..] {
                candidates = meant;
            }
        }
        let found = match candidates[..] {
            [one] => Found::Guessed(one.to_path_buf()),
            [] => Found::Missing(expected),
            _ => Found::Several(expected),
        };
        self.below = Some(names);
        Ok(found)
    }

    fn names_below(&self) -> Result<Names, CollectionError> {
        let mut names = Names::default();
        let mut seen = 0_usize;
        // The folder above is left out: other things lie there.
        let roots = self.roots.split_last().map_or(&[][..], |(_, roots)| roots);
        for root in roots {
            for entry in WalkDir::new(walk::named(root))
                .follow_links(true)
                .max_depth(DEEPEST)
            {
                self.watch.check()?;
                seen += 1;
                if seen > MOST_ENTRIES {
                    return Ok(Names::default());
                }
                if let Ok(entry) = entry
                    && entry.file_type().is_file()
                {
                    let path = entry.into_path();
                    let bare = path.strip_prefix(".").ok();
                    let bare = bare.filter(|_| root.as_os_str().is_empty());
                    names.add(bare.map_or_else(|| path.clone(), Path::to_path_buf));
                }
            }
        }
        Ok(names)
    }
}

/// The folders and the name of a path with forward slashes.
fn parts_of(clean: &str) -> Vec<&str> {
    let parts = clean.split('/');
    parts
        .filter(|part| !part.is_empty() && *part != ".")
        .collect()
}

/// Whether a path ends as the list says it, but for forms and case: not by another ending.
fn same_name(path: &Path, clean: &str) -> bool {
    let name = path.file_name().map(fold_name);
    let said = clean.rsplit('/').next().map(fold_text);
    name == said
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is found of words, as a path below the list's folder.
    fn found(files: &[&str], words: &str) -> (char, String) {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().join("set");
        for file in files {
            let path = root.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let watch = Watch::unattended();
        let found = Finder::new(&root.join("list.csv"), &[], &watch)
            .find(words)
            .unwrap();
        let kind = match found {
            Found::Named(_) => 'n',
            Found::Guessed(_) => 'g',
            Found::Several(_) => 's',
            Found::Missing(_) => 'm',
        };
        let path = match found.path().strip_prefix(&root) {
            Ok(path) => path.display().to_string(),
            Err(_) => "..".to_owned(),
        };
        (kind, path)
    }

    #[test]
    fn the_small_files_of_mtg_jamendo_are_those_of_its_lists() {
        let small = found(&["00/1000.low.mp3"], "00/1000.mp3");
        assert_eq!(small, ('g', "00/1000.low.mp3".to_owned()));
        let whole = found(&["00/1000.low.mp3", "00/1000.mp3"], "00/1000.mp3");
        assert_eq!(whole, ('n', "00/1000.mp3".to_owned()));
    }

    #[test]
    fn paths_of_any_system_lead_to_their_file() {
        let files = ["audio/rock/my song.wav", "audio/dub/a.wav", "audio/b.mp3"];
        let song = "audio/rock/my song.wav";
        for (words, kind) in [
            ("audio/rock/my song.wav", 'n'),
            ("./audio/rock/my song.wav", 'n'),
            ("audio\\rock\\my song.wav", 'n'),
            (".\\audio\\rock\\my song.wav", 'n'),
            ("Audio/Rock/MY SONG.WAV", 'n'),
            ("C:\\Users\\me\\audio\\rock\\my song.wav", 'g'),
            ("C:audio\\rock\\my song.wav", 'g'),
            ("\\\\server\\share\\audio\\rock\\my song.wav", 'g'),
            ("/home/other/set/audio/rock/my song.wav", 'g'),
            ("file:///home/other/set/audio/rock/my%20song.wav", 'g'),
            ("file://localhost/D:/set/audio/rock/my%20song.wav", 'g'),
            ("old/place/audio/rock/my song.wav", 'g'),
            ("my song", 'g'),
            ("audio/rock/my song.flac", 'g'),
            ("rock/my song.flac", 'g'),
        ] {
            assert_eq!(found(&files, words), (kind, song.to_owned()), "{words}");
        }
        for words in [
            "audio/rock/other.wav",
            "audio/other/a.wav",
            "other/a.wav",
            "",
            "/",
            "a\0b",
            "?",
        ] {
            assert_eq!(found(&files, words).0, 'm', "{words}");
        }
        let deep = "a/".repeat(2000) + "b.wav";
        assert_eq!(found(&files, &deep).0, 'm');
    }

    /// Tests run in the folder of the crate, so that a list with a bare name lies beside its manifest.
    #[test]
    fn a_list_named_without_its_folder_is_searched_from_the_present_one() {
        let watch = Watch::unattended();
        let mut finder = Finder::new(Path::new("list.csv"), &[], &watch);
        for (words, path) in [("CARGO.toml", "Cargo.toml"), ("SRC\\Lib.rs", "src/lib.rs")] {
            assert_eq!(finder.find(words).unwrap(), Found::Named(path.into()));
        }
    }

    #[test]
    fn a_name_written_as_in_a_url_is_decoded_where_it_does_not_stand_so_on_the_disk() {
        let files = ["audio/my song.wav", "100%25.wav", "caf\u{e9}/a#1.wav"];
        for (words, path) in [
            ("audio/my%20song.wav", files[0]),
            ("audio%2Fmy%20song.wav", files[0]),
            ("100%25.wav", files[1]),
            ("caf%C3%A9/a%231.wav", files[2]),
        ] {
            assert_eq!(found(&files, words), ('n', path.to_owned()), "{words}");
        }
        for words in ["audio/my%2song.wav", "%00.wav", "audio/my%20other.wav", "%"] {
            assert_eq!(found(&files, words).0, 'm', "{words}");
        }
    }

    #[test]
    fn both_forms_of_unicode_are_one_name() {
        for (on_disk, in_list) in [
            ("Cafe\u{301}/e\u{301}.wav", "Café/é.wav"),
            ("Café/é.wav", "Cafe\u{301}/e\u{301}.wav"),
            ("Café/e\u{301}.wav", "Café/é.wav"),
        ] {
            assert_eq!(found(&[on_disk], in_list), ('n', on_disk.to_owned()));
        }
    }

    #[test]
    fn a_name_that_means_two_files_means_none() {
        let files = ["x/rock/1.wav", "x/dub/1.wav", "y/2.wav", "y/0003.wav"];
        assert_eq!(found(&files, "1.wav").0, 's');
        assert_eq!(found(&files, "1").0, 's');
        assert_eq!(found(&files, "dub/1.wav"), ('g', "x/dub/1.wav".to_owned()));
        assert_eq!(found(&files, "3"), ('g', "y/0003.wav".to_owned()));
        assert_eq!(found(&files, "13").0, 'm');
        assert_eq!(
            found(&files, "3.wav").0,
            'm',
            "with its ending a name is as it is"
        );
    }

    #[test]
    fn a_folder_opened_with_the_list_is_preferred_also_for_what_lies_deep_in_it() {
        let home = tempfile::tempdir().unwrap();
        for file in ["old/x/1.wav", "new/y/z/1.wav", "new/a/2.wav", "new/b/2.wav"] {
            let path = home.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let watch = Watch::unattended();
        let (list, new) = (home.path().join("list.csv"), home.path().join("new"));
        let mut finder = Finder::new(&list, std::slice::from_ref(&new), &watch);
        let one = Found::Guessed(new.join("y/z/1.wav"));
        assert_eq!(finder.find("1.wav").unwrap(), one);
        assert!(matches!(finder.find("2.wav").unwrap(), Found::Several(_)));
    }

    #[cfg(unix)]
    #[test]
    fn a_name_in_an_old_encoding_is_found() {
        use std::{ffi::OsStr, os::unix::ffi::OsStrExt};
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join(OsStr::from_bytes(b"caf\xe9.wav"));
        fs::write(&path, "").unwrap();
        let watch = Watch::unattended();
        let mut finder = Finder::new(&home.path().join("list.csv"), &[], &watch);
        assert_eq!(finder.find("café.wav").unwrap(), Found::Named(path));
    }
}
