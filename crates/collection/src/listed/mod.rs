//! Collections that are listed in tables: a row a file, with its labels and its part of a split.
//!
//! [`read`] takes lists as people have them: any separator, encoding and case of headings, paths of any system, and the
//! field's words for parts, tags and keys. What it cannot read it says in notes, with the line, and leaves out.

mod class_names;
mod columns;
mod emotion;
mod folders;
mod gather;
mod headings;
mod keys;
mod languages;
mod names;
mod opened;
mod path_text;
mod paths;
mod split_columns;
mod tag_signs;
mod tag_values;
mod tags;
mod unread;
mod values;
mod words;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs,
    io::Read,
    path::{Path, PathBuf},
};

pub(crate) use self::tags::MARK;
use self::{columns::Columns, gather::Gathered, opened::Opened};
use crate::{
    Collection, CollectionError, CollectionKind, Track,
    folder_labels::fold_number,
    split::Part,
    structured,
    table::{self, Row, Table},
    walk,
};
use mynascope_base::jobs::Watch;

/// Endings of files that are lists.
const ENDINGS: [&str; 5] = ["csv", "tsv", "tab", "psv", "scp"];
/// Endings of texts that may be lists.
const TEXTS: [&str; 3] = ["txt", "md", "markdown"];
/// Endings of playlists.
const PLAYLISTS: [&str; 3] = ["m3u", "m3u8", "pls"];

/// Rows that are looked at to find the column of the files.
const TRIED_ROWS: usize = 24;

/// The endings of lists, for messages.
pub(crate) fn endings() -> String {
    let endings = ENDINGS.iter().chain(&TEXTS[..1]).chain(&structured::JSON);
    let endings: Vec<String> = endings
        .chain(&PLAYLISTS)
        .map(|it| format!(".{it}"))
        .collect();
    endings.join(", ")
}

/// What to do with lists in formats that are not read.
pub(crate) fn remedy(path: &Path) -> Option<&'static str> {
    const REMEDIES: [(&[&str], &str); 6] = [
        (
            &["xlsx", "xls", "xlsm", "ods", "numbers"],
            "it is a spreadsheet; save its sheet as CSV and open that",
        ),
        (
            &["xspf", "wpl", "asx", "zpl"],
            "such a playlist is not read; save it as M3U and open that",
        ),
        (
            &["cue"],
            "a cue sheet names the parts of one file, which are not opened one by one; open the sound file itself",
        ),
        (
            &["yaml", "yml", "xml", "jams", "nml", "crate", "arff"],
            "lists in this format are not read; write one as CSV or JSON, with a path and labels for each file",
        ),
        (
            &[
                "parquet",
                "pq",
                "npz",
                "npy",
                "safetensors",
                "pkl",
                "pickle",
            ],
            "such files are read as tables of vectors alone, as by `probe --embeddings`; if it is a list, write it as CSV, as with \
             pandas' to_csv",
        ),
        (
            &["feather", "arrow", "h5", "hdf5"],
            "such files are not read; write vectors with pandas' to_parquet or numpy.save, and a list as CSV",
        ),
    ];
    if table::is_beside_list(path) {
        return Some("it is a part of a Kaldi data folder; open the folder's wav.scp");
    }
    let known = REMEDIES
        .iter()
        .find(|(endings, _)| has_ending(path, endings));
    known.map(|(_, remedy)| *remedy)
}

/// Whether a text names sounds in its lines with more beside them, which no known sign parts from them.
pub(crate) fn seems_unparted(path: &Path) -> bool {
    let mut start = Vec::new();
    let read = has_ending(path, &TEXTS)
        .then(|| fs::File::open(path)?.take(1 << 12).read_to_end(&mut start));
    if !matches!(read, Some(Ok(_))) {
        return false;
    }
    let text = String::from_utf8_lossy(&start);
    let parted = |line: &str| {
        let is_sign =
            |letter: char| letter.is_ascii_punctuation() && !"._-/\\'()&".contains(letter);
        let mut parts = line.split(is_sign).map(str::trim);
        parts.any(|part| walk::is_sound_name(Path::new(part))) && line.contains(is_sign)
    };
    text.lines().take(TRIED_ROWS).any(parted)
}

/// Whether a file has one of these endings, also with that of gzip behind it.
fn has_ending(path: &Path, endings: &[&str]) -> bool {
    let path = table::unpacked_name(path);
    let ending = path.extension().unwrap_or_default();
    endings.iter().any(|it| ending.eq_ignore_ascii_case(it))
}

fn is_playlist(path: &Path) -> bool {
    has_ending(path, &PLAYLISTS)
}

/// Whether a heading is one of those that lists are read by.
pub(crate) fn is_heading(name: &str) -> bool {
    headings::is_known(name)
}

/// Whether a heading is that of several labels or tags.
pub(crate) fn is_tags(name: &str) -> bool {
    headings::is_tags(name)
}

/// Whether a file lists tracks, by its ending or, where that may mean any text, its first lines.
pub fn is_list(path: &Path) -> bool {
    if has_ending(path, &ENDINGS) || has_ending(path, &PLAYLISTS) {
        return true;
    }
    if has_ending(path, &structured::JSON) {
        return is_json_list(path);
    }
    has_ending(path, &TEXTS)
        && Table::header(path, headings::is_known).is_some_and(|names| {
            let is_sound = |name: &String| walk::is_sound_name(Path::new(name.trim()));
            let lists_sounds = || {
                let first_field = |row: Row<'_>| row.at(0).map(str::to_owned);
                let table = Table::read(path, headings::is_known).ok();
                let fields = table.iter().flat_map(Table::rows).filter_map(first_field);
                fields.take(TRIED_ROWS).any(|field| is_sound(&field))
            };
            names.iter().any(is_sound)
                || match &names[..] {
                    [one] => headings::is_file(one) && lists_sounds(),
                    names => names.iter().any(|name| headings::is_known(name)),
                }
        })
}

/// Whether a JSON file has a column of files, or cannot be read at all: then reading it as a list says why.
fn is_json_list(path: &Path) -> bool {
    match Table::read(path, headings::is_known) {
        Ok(table) => {
            let has_sounds = || !Columns::of(&table).files.is_empty();
            table.names().iter().any(|name| headings::is_file(name))
                || table.is_headless && has_sounds()
        }
        Err(_) => path.is_file(),
    }
}

/// The parts of a split that the names of folders mean, if all of them do and one of them is what is learned from.
pub(crate) fn folder_parts(names: &BTreeSet<String>) -> Option<BTreeMap<String, Part>> {
    let has_letters = names.iter().all(|name| name.contains(char::is_alphabetic));
    let (parts, _) = words::parts(names);
    let different: BTreeSet<Part> = parts.values().copied().collect();
    let whole = has_letters && parts.len() == names.len();
    (whole && different.len() >= 2 && different.contains(&Part::Train)).then_some(parts)
}

/// The parts that the words of a split mean ("train", "valid" or "test"), whatever their case and language of the field;
/// and, as sentences, which of them were taken by what stands beside them ("dev"). Words that mean none are left out.
pub fn split_words(words: &BTreeSet<String>) -> (BTreeMap<String, &'static str>, Vec<String>) {
    let (parts, guessed) = words::parts(words);
    let named = parts.into_iter().map(|(word, part)| (word, part.name()));
    (named.collect(), guessed)
}

/// Whether a list has a column `file_name`, as the model hub's lists of sounds do.
pub(crate) fn names_files(path: &Path) -> bool {
    let mut start = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(1 << 16).read_to_end(&mut start));
    let text = String::from_utf8_lossy(&start);
    let first = text.lines().next().unwrap_or_default();
    let mut fields = first.split([',', '\t', '"', '{', ':', ' ']);
    read.is_ok() && fields.any(|field| field.trim_start_matches('\u{feff}') == "file_name")
}

/// Whether a file in a folder of sounds is likely a list of them, by its headings.
pub(crate) fn seems_list(path: &Path) -> bool {
    let is_lines = path
        .file_name()
        .is_some_and(|name| name == "metadata.jsonl");
    is_lines && names_files(path)
        || has_ending(path, &ENDINGS)
            && Table::header(path, headings::is_known).is_some_and(|names| {
                names.len() > 1 && names.iter().any(|name| headings::is_file(name))
            })
}

/// The names of lists that lie in a folder, without those of hidden files.
pub(crate) fn lists_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .map(|entry| entry.path())
        .filter(|path| match has_ending(path, &ENDINGS) {
            true => seems_list(path),
            false => path.is_file() && is_list(path),
        })
        .filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned()))
        .filter(|name| !name.starts_with('.'))
        .collect();
    names.sort_unstable();
    names
}

/// Reads the collection that some lists name together; `together` are folders that were opened with them, where their
/// files may lie, too.
///
/// Paths begin at the list's folder. Several lists with a part's word in their names ("train.csv", "test.csv") are one
/// split, those that are numbered as folds ("fold0.csv", "fold1.csv") these; where the lists have one name, that of their folders counts ("train/metadata.csv", "test/metadata.csv"). One file in several rows is one track: its first label and part stay, which a note says.
///
/// With `names_only` no file is looked for: paths are those that the lists write.
///
/// Fails if a list cannot be read or has no column of files, or when cancelled.
pub(crate) fn read(
    lists: &[PathBuf],
    together: &[PathBuf],
    names_only: bool,
    watch: &Watch<'_>,
) -> Result<Collection, CollectionError> {
    let mut gathered = Gathered::default();
    let is_one = lists.len() == 1;
    // A list alone is no split, whatever it is called.
    let word = |list: &PathBuf| meant_by_name(list, lists, words::part_word).filter(|_| !is_one);
    let (parts, guessed) = words::parts(&lists.iter().filter_map(word).collect());
    if !guessed.is_empty() {
        gathered
            .notes
            .push(format!("of the lists {}", guessed.join(", ")).into());
    }
    let folds = match parts.is_empty() {
        true => folds_of(lists),
        false => HashMap::new(),
    };
    if !folds.is_empty() {
        let count = folds.len();
        gathered.notes.push(
            format!(
                "the names of the lists part the tracks into {count} folds: the protocol folds:{count} of a probe uses them, \
                 the others draw their own split"
            )
            .into(),
        );
    }
    for list in lists {
        let name = list.file_name().unwrap_or_default().to_string_lossy();
        let folder = list.parent().and_then(Path::file_name);
        let name = match folder.filter(|_| shares_name(list, lists)) {
            Some(folder) => format!("{}/{name}", folder.to_string_lossy()),
            None => name.into_owned(),
        };
        let opened = Opened {
            list,
            together,
            names_only,
            name: (!is_one).then(|| name.as_str().into()),
            part: word(list).and_then(|word| parts.get(&word).copied()),
            others_are_parts: !parts.is_empty(),
            fold: folds.get(list).copied(),
        };
        let mut notes = Vec::new();
        opened.read(&mut gathered, &mut notes, watch)?;
        gathered
            .notes
            .extend(notes.into_iter().map(|note| opened.named(note)));
    }
    let first = lists
        .first()
        .map(|list| Track::of_file(&table::unpacked_name(list)).title);
    let (tracks, split, notes) = gathered.finish(is_one);
    Ok(Collection {
        name: first.unwrap_or_default(),
        kind: CollectionKind::Listed,
        tracks,
        split,
        notes,
    })
}

/// What the name of a list means, or that of its folder where another list has the same name.
fn meant_by_name<T>(list: &Path, lists: &[PathBuf], meaning: fn(&str) -> Option<T>) -> Option<T> {
    let name = table::unpacked_name(list);
    let own = meaning(name.file_stem()?.to_str()?);
    let of_folder = || meaning(list.parent()?.file_name()?.to_str()?);
    match shares_name(list, lists) {
        true => own.or_else(of_folder),
        false => own,
    }
}

/// The fold that each list is by its name, where all of several are different ones: `fold0.csv`, `genres_fold-1.csv`.
fn folds_of(lists: &[PathBuf]) -> HashMap<&PathBuf, u32> {
    let folds: Option<HashMap<&PathBuf, u32>> = (lists.iter())
        .map(|list| Some((list, meant_by_name(list, lists, fold_of_name)?)))
        .collect();
    let different = |folds: &HashMap<&PathBuf, u32>| {
        let numbers: BTreeSet<u32> = folds.values().copied().collect();
        lists.len() > 1 && numbers.len() == lists.len()
    };
    folds.filter(different).unwrap_or_default()
}

fn fold_of_name(name: &str) -> Option<u32> {
    let name = name.to_lowercase();
    let (before, fold) = name.split_at(name.rfind("fold")?);
    fold_number(fold).filter(|_| !before.ends_with(char::is_alphabetic))
}

/// Whether another of the lists has the same name, in another folder.
fn shares_name(list: &Path, lists: &[PathBuf]) -> bool {
    let others = lists.iter().filter(|other| *other != list);
    let name = list.file_name();
    others.into_iter().any(|other| other.file_name() == name)
}

/// Words of a list for a message.
fn cut(words: &str) -> String {
    const LONGEST: usize = 80;
    match words.chars().count() > LONGEST {
        false => words.to_owned(),
        true => {
            let end: String = words.chars().take(LONGEST).collect();
            format!("{end}...")
        }
    }
}
