//! The label file of the demo collection, `labels.csv`.

use std::{
    fs,
    io::{self, Read},
    path::{Component, Path, PathBuf},
};

use super::{CollectionError, Track, key_name, parse_key};
use mynascope_base::storage::{StorageError, write_atomic};
use mynascope_composer::DemoKind;

const FILE: &str = "labels.csv";

/// The columns. Keys are written as "Eb minor", several tags are parted by semicolons, arousal and valence lie
/// between 1 and 9.
const COLUMNS: [&str; 9] = [
    "file",
    "title",
    "style",
    "key",
    "tempo_bpm",
    "tags",
    "arousal",
    "valence",
    "seconds",
];

/// The further column of the mixed collection: the style behind a track's own.
const GUEST: &str = "mixed_with";

/// Which demo collection has a label file of these columns.
fn kind_of(header: &csv::StringRecord) -> Option<DemoKind> {
    if *header == COLUMNS[..] {
        Some(DemoKind::Plain)
    } else if header.iter().eq(COLUMNS.into_iter().chain([GUEST])) {
        Some(DemoKind::Mixed)
    } else {
        None
    }
}

/// Larger tables of paths are damaged: a million rows have 200 MB.
pub(super) const COMMON_LIMIT: u64 = 1 << 30;

/// Larger label files are not ours: the demo collection's has 64 lines.
const LARGEST_BYTES: u64 = 1 << 20;

/// Whether a folder holds a whole demo collection: a label file that reads, and every file it names.
pub(super) fn is_complete(folder: &Path) -> bool {
    matches!(read(folder), Ok(Some((_, tracks))) if tracks.iter().all(|track| track.problem.is_none()))
}

/// Whether a folder has a demo collection's label file.
pub(super) fn is_demo(folder: &Path) -> bool {
    let Some(text) = text_of(&folder.join(FILE)) else {
        return false;
    };
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader
        .headers()
        .is_ok_and(|header| kind_of(header).is_some())
}

/// Kind and tracks of a folder with a demo collection's `labels.csv`, in its order; `None` for any other folder, also
/// one with a label file of another make. A file that is named but missing is a track with a problem.
pub(super) fn read(folder: &Path) -> Result<Option<(DemoKind, Vec<Track>)>, CollectionError> {
    let path = folder.join(FILE);
    let Some(text) = text_of(&path) else {
        return Ok(None);
    };
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let Some(kind) = reader.headers().ok().and_then(kind_of) else {
        return Ok(None);
    };
    let mut tracks = Vec::new();
    for record in reader.records() {
        let wrong = |line: u64, why: String| CollectionError::Labels {
            line: line as usize,
            why: format!("{why}; correct it, or write the demo collection anew"),
            path: path.clone(),
        };
        let record = record.map_err(|error| {
            let line = error.position().map_or(0, csv::Position::line);
            wrong(line, error.to_string())
        })?;
        let line = record.position().map_or(0, csv::Position::line);
        tracks.push(track_of(&record, folder).map_err(|why| wrong(line, why))?);
    }
    Ok(Some((kind, tracks)))
}

/// A label file's text, if it is there, is a file of a sensible size, and is text.
fn text_of(path: &Path) -> Option<String> {
    if !fs::metadata(path).ok()?.is_file() {
        return None;
    }
    let mut text = String::new();
    let mut file = fs::File::open(path).ok()?.take(LARGEST_BYTES + 1);
    file.read_to_string(&mut text).ok()?;
    (text.len() as u64 <= LARGEST_BYTES).then_some(text)
}

fn track_of(record: &csv::StringRecord, folder: &Path) -> Result<Track, String> {
    let mut fields = record.iter();
    let mut next = || fields.next().unwrap_or_default().trim();
    let file = PathBuf::from(next());
    let inside = file
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    if !inside || file.as_os_str().is_empty() {
        return Err(format!("`{}` is no path inside the folder", file.display()));
    }
    let path = folder.join(file);
    let title = next().to_owned();
    let style = next().to_owned();
    let key = next();
    let key = match key {
        "" => None,
        key => Some(
            parse_key(key)
                .ok_or_else(|| format!("`{key}` is no key; write one like `Eb minor`"))?,
        ),
    };
    let tempo_bpm = number(next(), "tempo_bpm", 1.0, 1000.0)?;
    let tags = next()
        .split(';')
        .map(str::trim)
        .filter(|tag| !tag.is_empty())
        .map(str::to_owned)
        .collect();
    let arousal = number(next(), "arousal", 1.0, 9.0)?;
    let valence = number(next(), "valence", 1.0, 9.0)?;
    let duration_secs = number(next(), "seconds", 0.0, 1e6)?;
    let named = Track::of_file(&path).title;
    Ok(Track {
        title: if title.is_empty() { named } else { title },
        label: (!style.is_empty()).then_some(style),
        key,
        tempo_bpm: tempo_bpm.map(|bpm| bpm as f32),
        tags,
        emotion: arousal.zip(valence).map(|(a, v)| [a as f32, v as f32]),
        fold: None,
        duration_secs,
        codec: None,
        file_tags: Default::default(),
        warning: None,
        problem: (!path.is_file()).then(|| {
            format!("named in {FILE}, but the file is missing; write the demo collection anew")
        }),
        path,
    })
}

/// A number of a column within its range; nothing for an empty field.
fn number(text: &str, column: &str, low: f64, high: f64) -> Result<Option<f64>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    match text.parse::<f64>() {
        Ok(value) if (low..=high).contains(&value) => Ok(Some(value)),
        _ => Err(format!(
            "{column} `{text}` is no number from {low} to {high}"
        )),
    }
}

/// Writes the label file of tracks whose paths are relative to the folder.
/// Beside each stands the name of the style mixed in, in the mixed collection.
pub(super) fn write(
    folder: &Path,
    kind: DemoKind,
    tracks: &[(Track, Option<&str>)],
) -> Result<(), StorageError> {
    let further = (kind == DemoKind::Mixed).then_some(GUEST);
    write_atomic(&folder.join(FILE), |file| {
        let mut writer = csv::Writer::from_writer(file);
        let header = COLUMNS.into_iter().chain(further);
        writer.write_record(header).map_err(io::Error::other)?;
        for (track, guest) in tracks {
            let text =
                |value: Option<f32>| value.map_or_else(String::new, |value| value.to_string());
            let [arousal, valence] = match track.emotion {
                Some(values) => values.map(Some),
                None => [None, None],
            };
            let seconds = track
                .duration_secs
                .map_or_else(String::new, |secs| secs.to_string());
            let path = slashed(&track.path);
            let [tempo, arousal, valence] = [track.tempo_bpm, arousal, valence].map(text);
            let tags = track.tags.join(";");
            let values = [
                path.as_str(),
                &track.title,
                track.label.as_deref().unwrap_or_default(),
                track.key.and_then(key_name).unwrap_or_default(),
                &tempo,
                &tags,
                &arousal,
                &valence,
                &seconds,
            ];
            let further = further.map(|_| guest.unwrap_or_default());
            let record = values.into_iter().chain(further);
            writer.write_record(record).map_err(io::Error::other)?;
        }
        writer.flush()
    })
}

/// A relative path with forward slashes on every system.
fn slashed(path: &Path) -> String {
    path.components()
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join("/")
}
