//! Where the sound of a table lies: paths relative to the table's file, and tables whose files were moved.

use std::{
    collections::{HashMap, HashSet},
    fs,
    path::{Path, PathBuf},
};

use walkdir::WalkDir;

use crate::{EmbeddingError, EmbeddingTable, TrackRow};
use mynascope_base::{
    jobs::Watch,
    storage::{path_to_text, plain_folder},
};

/// Tracks that are looked for on the disk to learn where a table's files lie: enough to tell, few enough for a slow
/// network drive.
const SAMPLE: usize = 32;

/// The path of a track as it is written into a file at `file`: relative to the folder of the file where the sound lies
/// below it, so that both can be moved together, and absolute elsewhere. `/` parts folders on every system.
pub fn stored_path(track: &TrackRow, file: &Path) -> String {
    StoredPaths::beside(file).of(track)
}

/// [`stored_path`] for many tracks.
pub struct StoredPaths {
    /// The folder of the file, as it is named and as it really is.
    folders: [PathBuf; 2],
}

impl StoredPaths {
    /// For a file at this path.
    pub fn beside(file: &Path) -> Self {
        let folder = folder_of(file);
        let real = fs::canonicalize(&folder).unwrap_or_else(|_| folder.clone());
        Self {
            folders: [folder, real],
        }
    }

    /// The path of a track in that file.
    pub fn of(&self, track: &TrackRow) -> String {
        if !track.names_file() || is_elsewhere(&track.path) {
            return path_to_text(&track.path);
        }
        let path = absolute(&track.path);
        let below = self.folders.iter().find_map(|folder| {
            let below = path.strip_prefix(folder).ok()?;
            let parts: Option<Vec<&str>> = below.iter().map(|part| part.to_str()).collect();
            // Names that are not UTF-8 are percent-encoded.
            let text = parts.map_or_else(|| path_to_text(below), |parts| parts.join("/"));
            // What stands in a folder called `C:` would read as a drive.
            (!text.is_empty() && !is_elsewhere(Path::new(&text))).then_some(text)
        });
        below.unwrap_or_else(|| path_to_text(&path))
    }
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}

fn folder_of(file: &Path) -> PathBuf {
    let file = absolute(file);
    file.parent().map_or_else(PathBuf::new, plain_folder)
}

/// Whether a path is that of another system (`C:\..`, `\\server\..`) or an address (`s3://..`), which nothing can be
/// put before.
fn is_elsewhere(path: &Path) -> bool {
    let text = path.to_string_lossy();
    let drive =
        matches!(text.as_bytes(), [letter, b':', b'\\' | b'/', ..] if letter.is_ascii_alphabetic());
    drive || text.starts_with('\\') || text.contains("://")
}

/// Makes the paths of tracks absolute that were read from a file at `file`: those that are relative are so to its
/// folder, or to the current folder (as earlier tables had them) where more of them exist there.
pub(crate) fn resolve(tracks: &mut [TrackRow], file: &Path) {
    let relative = |track: &TrackRow| {
        track.names_file() && track.path.is_relative() && !is_elsewhere(&track.path)
    };
    let beside = folder_of(file);
    let current = std::env::current_dir().unwrap_or_default();
    let sample: Vec<&Path> = spread(tracks)
        .filter(|track| relative(track))
        .map(|track| track.path.as_path())
        .collect();
    let hits = |folder: &Path| {
        sample
            .iter()
            .filter(|path| folder.join(path).exists())
            .count()
    };
    let base = match hits(&beside) {
        found if found < sample.len() && hits(&current) > found => current,
        _ => beside,
    };
    // Many tracks lie in one folder, and each is looked at once.
    let mut folders: HashMap<PathBuf, PathBuf> = HashMap::new();
    for track in tracks.iter_mut().filter(|track| relative(track)) {
        let whole = base.join(&track.path);
        track.path = match (whole.parent(), whole.file_name()) {
            (Some(folder), Some(name)) => folders
                .entry(folder.to_path_buf())
                .or_insert_with(|| plain_folder(folder))
                .join(name),
            _ => whole,
        };
    }
}

/// A few tracks from all over the table.
fn spread(tracks: &[TrackRow]) -> impl Iterator<Item = &TrackRow> {
    tracks.iter().step_by(tracks.len().div_ceil(SAMPLE).max(1))
}

/// What of a table's sound is on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SoundOfTable {
    /// At least some of the files are there.
    There,
    /// None of the files that were looked for is there; the first of them.
    Missing(PathBuf),
    /// The rows stand for no files: the table came without paths.
    Unnamed,
}

/// Whether the files of a table exist, by some of them.
pub fn sound_of_table(table: &EmbeddingTable) -> SoundOfTable {
    let mut named = spread(&table.tracks).filter(|track| track.names_file());
    let Some(first) = named.next() else {
        return match table.tracks.is_empty() {
            true => SoundOfTable::There,
            false => SoundOfTable::Unnamed,
        };
    };
    let there = first.path.exists() || named.any(|track| track.path.exists());
    match there {
        true => SoundOfTable::There,
        false => SoundOfTable::Missing(first.path.clone()),
    }
}

/// What became of a search for a table's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Relocated {
    /// Tracks whose file was found.
    pub found: usize,
    /// Tracks for which several files are equally likely; they stay as they were.
    pub ambiguous: usize,
    /// Tracks of the table.
    pub tracks: usize,
}

/// Looks below `folder` for the files of a table that was made elsewhere, and lets its tracks name them. The file with
/// the longest common tail of folders and name is taken; names count without their ending where no file has the whole
/// name (a collection may have been converted since).
///
/// # Errors
/// When the job was told to stop, or where none of the files is below the folder.
pub fn relocate(
    table: &mut EmbeddingTable,
    folder: &Path,
    watch: &Watch<'_>,
) -> Result<Relocated, EmbeddingError> {
    let wanted: Vec<Option<TrainingHead>> = table
        .tracks
        .iter()
        .map(|track| match track.number() {
            Some(number) => Some(TrainingHead::of(Path::new(number))),
            None => track.names_file().then(|| TrainingHead::of(&track.path)),
        })
        .collect();
    let stems: HashSet<&str> = wanted.iter().flatten().map(TrainingHead::stem).collect();
    // Numbers may have lost the zeros that the names of their files begin with.
    let numbers = table.tracks.iter().filter_map(TrackRow::number);
    let numbers: HashSet<&str> = numbers.map(without_zeros).collect();
    let mut numbered: HashMap<String, Vec<PathBuf>> = HashMap::new();
    let mut there: HashMap<String, Vec<PathBuf>> = HashMap::new();
    // Links are followed, as collections follow them; loops are errors of single entries, and skipped.
    for entry in WalkDir::new(absolute(folder))
        .follow_links(true)
        .into_iter()
        .flatten()
    {
        watch.check()?;
        if entry.file_type().is_file() {
            let stem = stem_of(&entry.file_name().to_string_lossy()).to_owned();
            let number = without_zeros(&stem);
            if numbers.contains(number) {
                let files = numbered.entry(number.to_owned()).or_default();
                files.push(entry.path().to_path_buf());
            }
            if stems.contains(stem.as_str()) {
                there.entry(stem).or_default().push(entry.into_path());
            }
        }
    }
    let mut outcome = Relocated {
        found: 0,
        ambiguous: 0,
        tracks: table.tracks.len(),
    };
    for (track, tail) in table.tracks.iter_mut().zip(&wanted) {
        let Some(tail) = tail else { continue };
        let candidates = there.get(tail.stem()).or_else(|| match track.number() {
            Some(number) => numbered.get(without_zeros(number)),
            None => None,
        });
        let candidates = candidates.map_or(&[][..], Vec::as_slice);
        match tail.nearest(candidates) {
            Nearest::One(path) => {
                track.path = path.clone();
                outcome.found += 1;
            }
            Nearest::Several => outcome.ambiguous += 1,
            Nearest::None => {}
        }
    }
    if outcome.found == 0 {
        let what = match outcome.ambiguous {
            0 => {
                "none of the table's files is below this folder; choose the folder that holds its sound"
            }
            _ => {
                "several files have the names that the table has; choose the folder of that one collection"
            }
        };
        return Err(EmbeddingError::Unfit {
            what: what.to_owned(),
            path: folder.to_path_buf(),
        });
    }
    Ok(outcome)
}

/// The parts of a path, of whatever system, from its end.
struct TrainingHead(Vec<String>);

enum Nearest<'a> {
    None,
    One(&'a PathBuf),
    Several,
}

impl TrainingHead {
    fn of(path: &Path) -> Self {
        let text = path.to_string_lossy();
        let parts = text.split(['/', '\\']).filter(|part| !part.is_empty());
        Self(parts.rev().map(str::to_owned).collect())
    }

    fn name(&self) -> &str {
        self.0.first().map_or("", String::as_str)
    }

    fn stem(&self) -> &str {
        stem_of(self.name())
    }

    /// How like a path is: whether the whole name is the same, and how many folders above it are.
    fn likeness(&self, path: &Path) -> (bool, usize) {
        let other = Self::of(path);
        let folders = self.0.iter().zip(&other.0).skip(1);
        (
            self.name() == other.name(),
            folders.take_while(|(a, b)| a == b).count(),
        )
    }

    fn nearest<'a>(&self, candidates: &'a [PathBuf]) -> Nearest<'a> {
        let Some(most) = candidates.iter().map(|path| self.likeness(path)).max() else {
            return Nearest::None;
        };
        let mut best = candidates.iter().filter(|path| self.likeness(path) == most);
        match (best.next(), best.next()) {
            (Some(path), None) => Nearest::One(path),
            (Some(_), Some(_)) => Nearest::Several,
            (None, _) => Nearest::None,
        }
    }
}

/// A number without the zeros before it, which tables lose; other names stay as they are.
pub fn without_zeros(name: &str) -> &str {
    let is_number = name.bytes().all(|digit| digit.is_ascii_digit());
    let bare = name.trim_start_matches('0');
    match is_number && !name.is_empty() {
        true if bare.is_empty() => "0",
        true => bare,
        false => name,
    }
}

/// A file's name without its ending; names that only look as if they had one (`blues.00001`) keep it.
pub fn stem_of(name: &str) -> &str {
    match name.rsplit_once('.') {
        Some((stem, ending))
            if !stem.is_empty()
                && ending.len() <= 4
                && ending.bytes().any(|letter| letter.is_ascii_alphabetic())
                && ending.bytes().all(|letter| letter.is_ascii_alphanumeric()) =>
        {
            stem
        }
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Level;

    fn track(path: impl Into<PathBuf>) -> TrackRow {
        TrackRow {
            path: path.into(),
            label: None,
            split: None,
            incomplete: None,
        }
    }

    fn table(paths: &[&str]) -> EmbeddingTable {
        EmbeddingTable {
            values: vec![1.0; paths.len()],
            timestamps: vec![0.0; paths.len()],
            track: (0..paths.len() as u32).collect(),
            tracks: paths.iter().map(|path| track(*path)).collect(),
            ..EmbeddingTable::empty(1, String::new(), Level::Track)
        }
    }

    fn touch(path: &Path) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, b"").unwrap();
    }

    #[test]
    fn paths_below_the_file_are_relative_to_it_and_others_absolute() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("here/t.npz");
        let stored = |path: PathBuf| stored_path(&track(path), &file);
        assert_eq!(stored(home.path().join("here/sub/a.wav")), "sub/a.wav");
        let other = home.path().join("there/a.wav");
        assert_eq!(stored(other.clone()), other.to_string_lossy());
        let current = std::env::current_dir().unwrap().join("a.wav");
        assert_eq!(stored("a.wav".into()), current.to_string_lossy());
        for kept in [
            "row 3",
            r"C:\music\a.wav",
            r"\\nas\a.wav",
            "s3://bucket/a.wav",
        ] {
            assert_eq!(stored(kept.into()), kept);
        }
    }

    #[test]
    fn relative_paths_are_looked_for_beside_the_table_and_then_in_the_current_folder() {
        let home = tempfile::tempdir().unwrap();
        touch(&home.path().join("sub/a.wav"));
        let file = home.path().join("t.npz");
        let resolved = |path: &str| {
            let mut tracks = [track(path)];
            resolve(&mut tracks, &file);
            tracks[0].path.clone()
        };
        assert_eq!(resolved("sub/a.wav"), home.path().join("sub/a.wav"));
        // Tests run in the folder of the crate.
        let current = std::env::current_dir().unwrap();
        assert_eq!(resolved("Cargo.toml"), current.join("Cargo.toml"));
        assert_eq!(resolved("gone.wav"), home.path().join("gone.wav"));
        // Neither the table's own place nor a path in it leads over a detour.
        fs::create_dir_all(home.path().join("other")).unwrap();
        let mut tracks = [track("../sub/./a.wav")];
        resolve(&mut tracks, &home.path().join("sub/../other/t.npz"));
        assert_eq!(tracks[0].path, home.path().join("sub/a.wav"));
        for kept in [
            "row 3",
            r"C:\music\a.wav",
            "https://a.org/a.wav",
            "/music/a.wav",
        ] {
            assert_eq!(resolved(kept), Path::new(kept));
        }
    }

    #[test]
    fn a_moved_collection_is_found_by_the_longest_common_tail() {
        let home = tempfile::tempdir().unwrap();
        for path in [
            "new/cd1/01.wav",
            "new/cd2/01.wav",
            "new/cd2/02.flac",
            "new/b/x.mp3",
        ] {
            touch(&home.path().join(path));
        }
        touch(&home.path().join("new/a/x.mp3"));
        let mut table = table(&[
            "/old/cd1/01.wav",
            r"D:\old\cd2\01.wav",
            "/old/cd2/02.wav",
            "/old/x.mp3",
            "/old/gone.wav",
            "row 7",
        ]);
        assert_eq!(
            sound_of_table(&table),
            SoundOfTable::Missing("/old/cd1/01.wav".into())
        );
        let found = relocate(&mut table, home.path(), &Watch::unattended()).unwrap();
        let expected = Relocated {
            found: 3,
            ambiguous: 1,
            tracks: 6,
        };
        assert_eq!(found, expected);
        let paths: Vec<_> = table
            .tracks
            .iter()
            .map(|track| track.path.clone())
            .collect();
        let new = |path: &str| home.path().join("new").join(path);
        assert_eq!(
            paths,
            [
                new("cd1/01.wav"),
                new("cd2/01.wav"),
                new("cd2/02.flac"),
                "/old/x.mp3".into(),
                "/old/gone.wav".into(),
                "row 7".into()
            ]
        );
        assert_eq!(sound_of_table(&table), SoundOfTable::There);
        let empty = tempfile::tempdir().unwrap();
        let error = relocate(&mut table, empty.path(), &Watch::unattended()).unwrap_err();
        assert!(error.to_string().contains("none of the table's files"));
    }

    /// FMA's sound of track 100 is `000/000100.mp3`.
    #[test]
    fn the_sound_of_a_number_is_found_whatever_zeros_it_begins_with() {
        let home = tempfile::tempdir().unwrap();
        for path in ["000/000100.mp3", "000/001000.mp3", "7.wav", "07.wav"] {
            touch(&home.path().join(path));
        }
        let mut table = table(&["100", "track 1000", "row 7", "8"]);
        assert_eq!(sound_of_table(&table), SoundOfTable::Unnamed);
        let found = relocate(&mut table, home.path(), &Watch::unattended()).unwrap();
        assert_eq!((found.found, found.ambiguous), (2, 0));
        let paths: Vec<&Path> = table.tracks.iter().map(|track| &*track.path).collect();
        let [first, second] =
            ["000/000100.mp3", "000/001000.mp3"].map(|path| home.path().join(path));
        assert_eq!(
            paths,
            [&*first, &second, Path::new("row 7"), Path::new("8")]
        );
    }

    #[test]
    fn a_table_without_paths_has_no_sound() {
        assert_eq!(
            sound_of_table(&table(&["row 0", "row 1"])),
            SoundOfTable::Unnamed
        );
    }

    #[test]
    fn numbers_in_names_are_no_endings() {
        assert_eq!(stem_of("blues.00001.wav"), "blues.00001");
        assert_eq!(stem_of("blues.00001"), "blues.00001");
        assert_eq!(stem_of(".hidden"), ".hidden");
        assert_eq!(stem_of("a.mp3"), "a");
    }
}
