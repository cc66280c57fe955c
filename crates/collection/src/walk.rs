//! The sound files in a folder, and what is passed over there.

use std::{
    collections::{BTreeMap, HashSet},
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

use walkdir::{DirEntry, WalkDir};

use super::{CollectionError, Note, listed, note};
use mynascope_audio as audio;
use mynascope_base::{counted, jobs::Watch, system_words};

/// Formats that people have and that may not be decoded here: such a file is a row with its reason, not a silence.
/// Those that are decoded are known before this is asked.
const KNOWN_BUT_UNSUPPORTED: [(&str, &str); 3] = [
    ("m4p", "a purchase that is bound to its shop's player"),
    ("aax", "Audible's encrypted format"),
    ("mp+", "Musepack"),
];

/// Endings of files that folders with sound have many of, and that hold none: they are not opened to see it.
const NEVER_SOUND: &str = "txt md rst log nfo cue lrc srt vtt m3u m3u8 pls xspf csv tsv json jsonl yaml yml toml xml html htm pdf doc \
    docx xls xlsx jpg jpeg png gif webp bmp tif tiff svg heic npy npz pt pth ckpt safetensors parquet pkl h5 zip gz tar py rs js mid \
    midi jams";

/// A folder as the system takes it: the present one, which stands before a bare name, is nameless in a path.
pub(super) fn named(folder: &Path) -> &Path {
    match folder.as_os_str().is_empty() {
        true => Path::new("."),
        false => folder,
    }
}

/// What a file's name says about it.
pub(super) enum Sort {
    /// A format that can be decoded.
    Sound,
    /// A format that cannot; the reason, for people.
    Unsupported(String),
    /// No sound file.
    Other,
}

/// Sorts a file by its extension.
pub(super) fn sort_of(path: &Path) -> Sort {
    if audio::is_audio_path(path) {
        return Sort::Sound;
    }
    let Some(extension) = path.extension().and_then(|kind| kind.to_str()) else {
        return Sort::Other;
    };
    KNOWN_BUT_UNSUPPORTED
        .iter()
        .find(|(kind, _)| extension.eq_ignore_ascii_case(kind))
        .map_or(Sort::Other, |(_, name)| {
            Sort::Unsupported(format!(
                "{name} is not supported; convert it to FLAC or WAV"
            ))
        })
}

/// Why a file of a known format cannot be used, as far as its name tells.
pub(super) fn problem_of(path: &Path) -> Option<String> {
    match sort_of(path) {
        Sort::Unsupported(reason) => Some(reason),
        Sort::Sound | Sort::Other => None,
    }
}

/// Whether a name promises sound, of a format that is decoded or not.
pub(super) fn is_sound_name(path: &Path) -> bool {
    !matches!(sort_of(path), Sort::Other)
}

/// How many files of a list of files cannot be used for their formats, by their endings; `None` if all can be.
pub(super) fn unsupported_note<'a>(files: impl Iterator<Item = &'a Path>) -> Option<String> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for file in files.filter(|file| problem_of(file).is_some()) {
        let ending = file.extension().unwrap_or_default().to_string_lossy();
        *counts.entry(ending.to_lowercase()).or_default() += 1;
    }
    let all: usize = counts.values().sum();
    let named: Vec<String> = counts
        .iter()
        .map(|(ending, count)| format!("{count} .{ending}"))
        .collect();
    (all > 0).then(|| {
        format!(
            "{} of formats that are not supported cannot be used: {}; convert them to FLAC or WAV",
            counted(all, "file"),
            named.join(", ")
        )
    })
}

/// The sound files below a folder and what was left out.
pub(super) struct Found {
    /// Sorted by their path's bytes.
    pub files: Vec<PathBuf>,
    /// On folders that could not be read, on links that lead nowhere, and on formats that are not supported.
    pub notes: Vec<Note>,
    /// Tables beside the sounds that may list them, and are not read with a folder.
    pub lists: Vec<PathBuf>,
}

/// How deep below a folder lists are looked for, as in `data/train/metadata.jsonl`, and how many.
const LIST_DEPTH: usize = 3;
const MOST_LISTS: usize = 20;

/// Lists the sound files below `folder`, following links but visiting each real folder once, so that loops and webs
/// of links end. Hidden files, FIFOs, devices and other files are passed over; what cannot be read becomes a note.
///
/// `sighted` is given each file as it is come upon, in the walk's order.
pub(super) fn sound_files(
    folder: &Path,
    watch: &Watch,
    sighted: &mut dyn FnMut(&Path),
) -> Result<Found, CollectionError> {
    let mut visited: HashSet<PathBuf> = HashSet::new();
    let mut files = Vec::new();
    let mut lists = Vec::new();
    let mut skipped = Vec::new();
    let mut seen = 0_u64;
    // Sorted, so that of two names of one folder the same one is always visited.
    let entries = WalkDir::new(folder)
        .follow_links(true)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| {
            let shown = entry.depth() == 0 || !is_hidden(entry);
            shown && (!entry.file_type().is_dir() || is_new(entry.path(), &mut visited))
        });
    for entry in entries {
        watch.check()?;
        seen += 1;
        if seen.is_multiple_of(512) {
            watch.progress("looking for tracks", files.len() as u64, None);
        }
        match entry {
            Ok(entry) if entry.file_type().is_file() => {
                if is_sound_file(entry.path()) {
                    sighted(entry.path());
                    files.push(entry.into_path());
                } else if entry.depth() <= LIST_DEPTH
                    && lists.len() < MOST_LISTS
                    && listed::seems_list(entry.path())
                {
                    lists.push(entry.into_path());
                }
            }
            Ok(_) => {}
            // A link back to a folder above it is not worth a word: its files are found there.
            Err(error) if error.loop_ancestor().is_some() => {}
            Err(error) => {
                let place = error.path().unwrap_or(folder);
                let hidden = error.depth() > 0 && is_hidden_name(place);
                if !hidden && (!place.is_symlink() || may_lead_to_sound(place)) {
                    skipped.push((place.to_path_buf(), reason(place, &error)));
                }
            }
        }
    }
    let mut notes: Vec<Note> = note::skipped(skipped).into_iter().collect();
    files.sort_unstable();
    notes.extend(unsupported_note(files.iter().map(PathBuf::as_path)).map(Note::from));
    Ok(Found {
        files,
        notes,
        lists,
    })
}

/// Whether a file is listed: by its ending or, where there is none or an unknown one, by its first bytes.
fn is_sound_file(path: &Path) -> bool {
    let is_never = |ending: &OsStr| {
        let mut known = NEVER_SOUND.split_ascii_whitespace();
        known.any(|known| ending.eq_ignore_ascii_case(known))
    };
    is_sound_name(path) || !path.extension().is_some_and(is_never) && audio::holds_sound(path)
}

fn is_hidden(entry: &DirEntry) -> bool {
    entry.file_name().as_encoded_bytes().starts_with(b".")
}

fn is_hidden_name(path: &Path) -> bool {
    let name = path.file_name();
    name.is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

/// Whether a link that leads nowhere may have led to sound: by its name it is a sound file or a folder, and no picture or
/// text.
fn may_lead_to_sound(link: &Path) -> bool {
    let ending = link.extension().and_then(|ending| ending.to_str());
    let is_other = ending.is_some_and(|it| {
        (1..=5).contains(&it.len()) && it.bytes().all(|byte| byte.is_ascii_alphanumeric())
    });
    is_sound_name(link) || !is_other
}

/// Where a link leads that leads nowhere, and what to do; `None` of anything else.
pub(super) fn broken_link(path: &Path) -> Option<String> {
    if path.exists() {
        return None;
    }
    let target = fs::read_link(path).ok()?;
    Some(format!(
        "it is a link to {}, where nothing is; connect the drive that it was on, or renew or remove the link",
        target.display()
    ))
}

/// Whether a folder was not visited yet under this or another name. One that cannot be resolved is left to the walk,
/// which reports it.
fn is_new(folder: &Path, visited: &mut HashSet<PathBuf>) -> bool {
    fs::canonicalize(folder).map_or(true, |real| visited.insert(real))
}

/// Why a place could not be read, and what to do.
fn reason(place: &Path, error: &walkdir::Error) -> String {
    if let Some(why) = broken_link(place) {
        return why;
    }
    let words = error.io_error().map_or_else(String::new, system_words);
    match place.is_dir() {
        true => {
            format!("the folder cannot be read: {words}; change its permissions or leave it out")
        }
        false => format!("it cannot be read: {words}"),
    }
}

/// The formats that can be decoded, for messages.
pub(super) fn formats() -> String {
    audio::EXTENSIONS.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_film_that_ends_as_program_texts_do_is_listed() {
        let folder = tempfile::tempdir().unwrap();
        let mut packet = [0xff; 188];
        packet[0] = 0x47;
        for (name, bytes) in [
            ("film.ts", packet.repeat(30)),
            ("program.ts", b"Getting = (a: number) => a;\n".repeat(50)),
            ("empty.ts", Vec::new()),
        ] {
            fs::write(folder.path().join(name), bytes).unwrap();
        }
        let found = sound_files(folder.path(), &Watch::unattended(), &mut |_| {}).unwrap();
        assert_eq!(found.files, [folder.path().join("film.ts")]);
    }

    #[test]
    fn sound_is_listed_whatever_its_name_and_nothing_else_is() {
        let folder = tempfile::tempdir().unwrap();
        let frame = [&[0xff, 0xfb, 0x90, 0x40][..], &[0x55; 413]].concat();
        let id3 = b"ID3\x03\0\0\0\0\0\x0a0123456789".to_vec();
        let latm = [&[0x56, 0xe1, 0x00][..], &[0x55; 256]].concat();
        let sounds = [
            ("01 no ending", b"fLaC\0\0\0\x22\0".to_vec()),
            ("02.part", [id3, frame.repeat(6)].concat()),
            ("03.voc", b"Creative Voice File\x1a\x1a\0".to_vec()),
            ("04.8svx", b"FORM\0\0\0\x64\x38SVXVHDR\0".to_vec()),
            ("05.latm", latm.repeat(6)),
            ("06.flac.bak", b"RIFF\0\0\0\0WAVEfmt \x10".to_vec()),
        ];
        let others = [
            ("READ", b"MAC addresses of all players".to_vec()),
            (
                "a.xyz",
                b"OggS is what it begins with, says this text".to_vec(),
            ),
            (
                "b.bin",
                [&[0xff, 0xfb, 0x90, 0x40][..], &[7; 5000]].concat(),
            ),
            ("c.dat", b"\x0b\x77\0\0\0\0\0\0\0\0".to_vec()),
            ("d", b"\0\0\0\x18ftypheic\0\0\0\0".to_vec()),
            ("e.jpg", frame.repeat(6)),
            ("f", Vec::new()),
        ];
        for (name, bytes) in sounds.iter().chain(&others) {
            fs::write(folder.path().join(name), bytes).unwrap();
        }
        let found = sound_files(folder.path(), &Watch::unattended(), &mut |_| {}).unwrap();
        let names = sounds.map(|(name, _)| folder.path().join(name));
        assert_eq!(found.files, names);
    }
}
