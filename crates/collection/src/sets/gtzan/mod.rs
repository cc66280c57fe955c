//! The GTZAN genre collection (Tzanetakis and Cook 2002): known by its shape, with its published split.

use std::{
    collections::HashMap,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

use crate::{Collection, CollectionKind, Note, Split, Track, walk};

pub(crate) const NAME: &str = "GTZAN";

/// The fault-filtered split (Kereliuk, Sturm and Larsen 2015, "Deep learning and music adversaries"): repeated,
/// mislabelled and broken clips left out, no artist in two parts. 443, 197 and 290 of the 1000 clips.
const TRAIN: &str = include_str!("train.txt");
const VALID: &str = include_str!("valid.txt");
const TEST: &str = include_str!("test.txt");

/// The key of each clip (annotations `gtzan_key` by Lerch): 0 to 11 are A to G# major, 12 to 23 A to G# minor, -1 is
/// unknown.
const CLIP_KEYS: &str = include_str!("key.csv");

/// The genre of a file of GTZAN's shape, `<genre>/<genre>.<five digits>.<extension>`; `None` for any other file.
fn genre_of(path: &Path) -> Option<&str> {
    let folder = path
        .parent()
        .and_then(Path::file_name)
        .and_then(OsStr::to_str)?;
    let stem = path.file_stem().and_then(OsStr::to_str)?;
    let number = stem.strip_prefix(folder)?.strip_prefix('.')?;
    (number.len() == 5 && number.bytes().all(|digit| digit.is_ascii_digit())).then_some(folder)
}

/// Whether these files are GTZAN or a part of it: every one has its shape, wherever the genre folders lie.
pub(crate) fn is_gtzan(files: &[PathBuf]) -> bool {
    !files.is_empty() && files.iter().all(|file| genre_of(file).is_some())
}

/// Whether a folder, or `genres` in it, looks like GTZAN at a quick glance: the first genre's first clip is there.
pub(super) fn is_here(folder: &Path) -> bool {
    ["", "genres", "genres_original"]
        .iter()
        .map(|below| folder.join(below).join("blues"))
        .any(|blues| {
            fs::read_dir(blues).is_ok_and(|files| {
                files
                    .flatten()
                    .any(|file| genre_of(&file.path()) == Some("blues"))
            })
        })
}

/// The collection of files of GTZAN's shape: genres, keys, the published split and how much of it is here.
pub(crate) fn describe(name: String, files: &[PathBuf], mut notes: Vec<Note>) -> Collection {
    let keys = clip_keys();
    let tracks: Vec<Track> = files
        .iter()
        .map(|file| {
            let stem = file.file_stem().and_then(OsStr::to_str);
            Track {
                label: genre_of(file).map(str::to_owned),
                key: stem.and_then(|stem| keys.get(stem)).copied(),
                problem: walk::problem_of(file),
                ..Track::of_file(file)
            }
        })
        .collect();
    let split = published_split(&tracks);
    let sizes @ [train, valid, test] = split.sizes();
    if sizes != [0; 3] {
        notes.insert(
            0,
            format!(
                "{NAME}: {train} of 443 training, {valid} of 197 validation and {test} of 290 test tracks of the fault-filtered \
                 split are here"
            )
            .into(),
        );
    }
    Collection {
        name,
        kind: CollectionKind::Gtzan,
        split: split.usable(NAME, &mut notes),
        tracks,
        notes,
    }
}

fn clip_keys() -> HashMap<&'static str, u8> {
    CLIP_KEYS
        .lines()
        .filter_map(|line| {
            let (clip, key) = line.split_once(',')?;
            let key: u8 = key.trim().parse().ok().filter(|key| *key < 24)?;
            // From A as 0 to C as 0.
            Some((clip, key / 12 * 12 + (key % 12 + 9) % 12))
        })
        .collect()
}

/// The published split of tracks of GTZAN's shape, as far as they are here. Clips that it leaves out are in no part; the
/// extension does not matter, as the collection is passed on in several formats.
pub(crate) fn published_split(tracks: &[Track]) -> Split {
    let places: HashMap<&str, usize> = tracks
        .iter()
        .enumerate()
        .filter_map(|(place, track)| Some((track.path.file_stem()?.to_str()?, place)))
        .collect();
    let part = |list: &str| -> Vec<usize> {
        let mut part: Vec<usize> = list
            .lines()
            .filter_map(|line| Path::new(line).file_stem()?.to_str())
            .filter_map(|stem| places.get(stem).copied())
            .collect();
        part.sort_unstable();
        part
    };
    Split {
        train: part(TRAIN),
        valid: part(VALID),
        test: part(TEST),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_lists_are_the_published_ones() {
        let parts = [TRAIN, VALID, TEST].map(|list| list.lines().collect::<Vec<_>>());
        assert_eq!(parts.each_ref().map(Vec::len), [443, 197, 290]);
        let all: HashSet<&str> = parts.concat().into_iter().collect();
        assert_eq!(all.len(), 930, "no clip is in two parts");
        assert!(all.iter().all(|line| genre_of(Path::new(line)).is_some()));
    }

    #[test]
    fn clips_find_their_part_in_any_format_and_place() {
        let clip = |name: &str| Track::of_file(&Path::new("/music").join(name));
        let tracks = [
            clip("genres/blues/blues.00012.au"),
            clip("genres/blues/blues.00000.wav"),
            clip("genres/blues/blues.00029.wav"),
            // Left out by the filter.
            clip("genres/rock/rock.99999.wav"),
        ];
        let split = published_split(&tracks);
        assert_eq!(
            (split.train, split.valid, split.test),
            (vec![2], vec![1], vec![0])
        );
        let mut notes = Vec::new();
        let usable = published_split(&tracks[..2]).usable(NAME, &mut notes);
        assert_eq!(usable, None, "nothing to learn from");
        assert!(
            notes[0]
                .to_string()
                .starts_with("the split of GTZAN is not used")
        );
        let without_valid = [&tracks[..1], &tracks[2..]].concat();
        assert!(
            published_split(&without_valid)
                .usable(NAME, &mut notes)
                .is_some()
        );
    }

    #[test]
    fn clips_have_the_keys_that_were_annotated() {
        let keys = clip_keys();
        assert_eq!(keys.len(), 837, "163 of 1000 clips have no known key");
        // 22 in the file: the eleventh from A, minor.
        assert_eq!(
            keys.get("blues.00000").copied(),
            crate::parse_key("G minor")
        );
    }

    #[test]
    fn only_its_shape_is_gtzan() {
        let genre = |path| genre_of(Path::new(path));
        assert_eq!(genre("x/rock/rock.00001.wav"), Some("rock"));
        for other in [
            "rock/rock.0001.wav",
            "rock/jazz.00001.wav",
            "rock/rock00001.wav",
            "rock.00001.wav",
            "rock/rock.0000a.wav",
        ] {
            assert_eq!(genre(other), None, "{other}");
        }
    }
}
