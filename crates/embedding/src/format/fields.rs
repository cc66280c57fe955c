//! What tables call their columns and arrays: the names that this program writes and those that others use.

/// What a column or an array of a table can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Field {
    Embedding,
    Path,
    Label,
    Split,
    Timestamp,
    Track,
    Encoder,
    EncoderHash,
    Level,
    Incomplete,
}

impl Field {
    /// Names in lower case, the most telling first: where a file has several, the first of this list counts.
    fn names(self) -> &'static [&'static str] {
        match self {
            Self::Embedding => &[
                "embedding",
                "embeddings",
                "emb",
                "embs",
                "embed",
                "vector",
                "vectors",
                "feature",
                "features",
                "representation",
                "representations",
                "tensor",
                "tensors",
                "x",
                "arr_0",
            ],
            Self::Path => &[
                "path",
                "paths",
                "filepath",
                "filepaths",
                "file_path",
                "file_paths",
                "audio_path",
                "audio_filepath",
                "audio_file",
                "track_path",
                "mp3_path",
                "file",
                "files",
                "filename",
                "filenames",
                "file_name",
                "file_names",
                "fname",
                "audio",
                "track",
                "tracks",
                "name",
                "names",
                "track_name",
                "song",
                "clip",
                "recording",
                "uri",
                "track_id",
                "id",
                "ids",
                "uuid",
            ],
            Self::Label => &[
                "label",
                "labels",
                "genre",
                "genres",
                "genre_top",
                "class",
                "classes",
                "class_name",
                "category",
                "target",
                "targets",
                "y",
                "tag",
            ],
            Self::Split => &["split", "splits", "set", "subset", "partition"],
            Self::Timestamp => &[
                "timestamp",
                "timestamps",
                "time",
                "times",
                "start",
                "starts",
                "start_time",
                "start_secs",
                "start_sec",
                "start_s",
                "offset",
                "onset",
                "ts",
            ],
            Self::Track => &["track", "track_index", "track_idx", "track_id"],
            Self::Encoder => &["encoder", "model"],
            Self::EncoderHash => &["encoder_hash"],
            Self::Level => &["level"],
            Self::Incomplete => &["incomplete"],
        }
    }

    /// The place of this field among the names of a file, of those that `fits`.
    pub(super) fn find(
        self,
        names: &[impl AsRef<str>],
        fits: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        let plain: Vec<String> = names.iter().map(|name| plain(name.as_ref())).collect();
        let place = |is_it: &dyn Fn(&String) -> bool| {
            (0..plain.len()).find(|&at| plain.get(at).is_some_and(|name| is_it(name) && fits(at)))
        };
        let known = self.names().iter();
        known
            .copied()
            .find_map(|wanted| place(&|name| name == wanted))
            .or_else(|| match self {
                Self::Timestamp => place(&|name| time_with_unit(name).is_some()),
                Self::Path => place(&|name| is_id(name)),
                _ => None,
            })
    }

    /// The place of numbers that name the tracks, where no texts do: ids, and not the numbers that a table counts its
    /// tracks with.
    pub(super) fn find_ids(
        names: &[impl AsRef<str>],
        fits: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        let counts = |place: usize| {
            let name = names.get(place).map_or("", AsRef::as_ref);
            matches!(plain(name).as_str(), "track" | "tracks")
        };
        Self::Path.find(names, |place| fits(place) && !counts(place))
    }

    /// Whether a name belongs to any field but the embedding.
    pub(super) fn is_claimed(name: &str) -> bool {
        let name = plain(name);
        let fields = [
            Self::Path,
            Self::Label,
            Self::Split,
            Self::Timestamp,
            Self::Track,
            Self::Encoder,
            Self::EncoderHash,
            Self::Level,
            Self::Incomplete,
        ];
        // `y` beside `x` is a place on a map, alone it is a label; neither is a part of an embedding.
        fields
            .iter()
            .any(|field| field.names().contains(&name.as_str()))
            || time_with_unit(&name).is_some()
            || is_id(&name)
            || name.ends_with("_id")
    }
}

/// Seconds in the unit that the name of times ends with; 1 where it has none.
pub(super) fn unit_secs(name: &str) -> f32 {
    time_with_unit(&plain(name)).unwrap_or(1.0)
}

/// The unit, in seconds, of a plain name of times that ends with one: `timestamp_ms`, `start_milliseconds`.
fn time_with_unit(name: &str) -> Option<f32> {
    const UNITS: [(&str, f32); 10] = [
        ("milliseconds", 1e-3),
        ("millis", 1e-3),
        ("msec", 1e-3),
        ("ms", 1e-3),
        ("microseconds", 1e-6),
        ("_us", 1e-6),
        ("seconds", 1.0),
        ("secs", 1.0),
        ("sec", 1.0),
        ("_s", 1.0),
    ];
    UNITS.iter().find_map(|&(unit, secs)| {
        let base = name.strip_suffix(unit)?.trim_end_matches(['_', '(', '[']);
        Field::Timestamp.names().contains(&base).then_some(secs)
    })
}

/// Whether a plain name is that of the ids of tracks: `clip_id`, `trackid`.
fn is_id(name: &str) -> bool {
    const OF: [&str; 17] = [
        "track",
        "song",
        "clip",
        "file",
        "audio",
        "recording",
        "item",
        "sample",
        "sound",
        "music",
        "video",
        "youtube",
        "yt",
        "spotify",
        "msd",
        "fma",
        "utt",
    ];
    let of = name.strip_suffix("ids").or_else(|| name.strip_suffix("id"));
    of.is_some_and(|of| OF.contains(&of.trim_end_matches('_')))
}

fn plain(name: &str) -> String {
    let name = name.trim().to_lowercase().replace([' ', '-'], "_");
    name.trim_end_matches([')', ']']).to_owned()
}

/// Whether a name is that of an index which pandas wrote along: no content of the table.
pub(super) fn is_index(name: &str) -> bool {
    let name = plain(name);
    name.is_empty()
        || matches!(name.as_str(), "index" | "row" | "row_id" | "level_0")
        || name.starts_with("unnamed:")
        || name.starts_with("__index_level_")
}

/// Whether a column may name the tracks where no other does: an index, and titles.
pub(super) fn may_name(name: &str) -> bool {
    is_index(name) || matches!(plain(name).as_str(), "title" | "song_title" | "track_title")
}

/// Whether the cells of an index name the tracks of its rows: files, or texts or numbers that are all different, but not
/// 0, 1, 2, .., which count the rows.
pub(super) fn are_names(cells: &[String], has_labels: bool) -> bool {
    let number = |cell: &String| cell.trim().parse::<f64>().ok();
    let counts = |from: u32| {
        let mut places = (from..).zip(cells);
        places.all(|(at, cell)| number(cell) == Some(f64::from(at)))
    };
    let filled = !cells.is_empty() && cells.iter().all(|cell| !cell.trim().is_empty());
    if !filled || counts(0) || counts(1) {
        return false;
    }
    let mut seen = std::collections::HashSet::new();
    let all_different = cells.iter().all(|cell| seen.insert(cell.as_str()));
    match cells.iter().any(|cell| number(cell).is_some()) {
        true => all_different && cells.iter().filter_map(number).all(|it| it.fract() == 0.0),
        false => all_different || has_labels || cells.iter().all(|cell| looks_like_file(cell)),
    }
}

/// Whether a text looks like the name of a file: it ends in a point and a few letters or digits.
pub(super) fn looks_like_file(text: &str) -> bool {
    let text = text.trim();
    let name = text.rsplit(['/', '\\']).next().unwrap_or(text);
    name.rsplit_once('.').is_some_and(|(stem, ending)| {
        !stem.is_empty()
            && (2..=5).contains(&ending.len())
            && ending.contains(|letter: char| letter.is_ascii_alphabetic())
            && ending.bytes().all(|letter| letter.is_ascii_alphanumeric())
    })
}

/// A part of a name that several columns share, and the number after it: `e12` is `e` and 12.
fn numbered(name: &str) -> Option<(&str, u32)> {
    let name = name.trim();
    let stem = name.trim_end_matches(|letter: char| letter.is_ascii_digit());
    let number = name.get(stem.len()..)?.parse().ok()?;
    Some((stem, number))
}

/// A note on what of a file's columns (their `kind`: columns, arrays, ..) says nothing here: those that are not `used`.
pub(super) fn say_unread(
    kind: &str,
    names: &[impl AsRef<str>],
    used: impl Fn(usize) -> bool,
) -> Option<String> {
    let unread: Vec<String> = (0..)
        .zip(names)
        .filter(|&(place, name)| !used(place) && !is_index(name.as_ref()))
        .map(|(_, name)| format!("`{}`", name.as_ref().trim()))
        .collect();
    (!unread.is_empty()).then(|| format!("{kind} that nothing was read from: {}", listed(&unread)))
}

/// A note on vectors that are made of columns of a number each, where their names are no numbered series: any of them
/// may have been meant for something else.
pub(super) fn say_mixed(names: &[impl AsRef<str>], embedding: &[usize]) -> Option<String> {
    let named: Vec<(usize, &str)> = embedding
        .iter()
        .filter_map(|&place| Some((place, names.get(place)?.as_ref())))
        .collect();
    let is_series = longest_series(&named).len() == embedding.len();
    (embedding.len() > 1 && !is_series).then(|| {
        let named: Vec<String> = named
            .iter()
            .map(|(_, name)| format!("`{}`", name.trim()))
            .collect();
        format!(
            "the vectors are made of all columns of numbers: {}; take out those that do not belong to them",
            listed(&named)
        )
    })
}

/// Of columns of numbers (their places and names), those that make up the embedding, in its order: a numbered series
/// (`e0`, `e1`, ..; `0`, `1`, ..; `dim_0`, ..) in the order of its numbers where it makes up at least two thirds of
/// them, else all.
pub(super) fn wide_columns(numeric: &[(usize, &str)]) -> Vec<usize> {
    let series = longest_series(numeric);
    if series.len() > 1 && 3 * series.len() >= 2 * numeric.len() {
        return series;
    }
    numeric.iter().map(|(place, _)| *place).collect()
}

/// The first of the columns that belong to the numbered series of an embedding, but are not among it.
pub(super) fn left_of_series(names: &[impl AsRef<str>], embedding: &[usize]) -> Option<usize> {
    let stem_of = |place: usize| numbered(names.get(place)?.as_ref()).map(|(stem, _)| stem);
    let stem = stem_of(*embedding.first()?)?;
    let among: std::collections::HashSet<usize> = embedding.iter().copied().collect();
    (0..names.len()).find(|&place| stem_of(place) == Some(stem) && !among.contains(&place))
}

/// The longest series of columns with one name and different numbers.
pub(super) fn longest_series(columns: &[(usize, &str)]) -> Vec<usize> {
    let mut series: std::collections::BTreeMap<&str, std::collections::BTreeMap<u32, usize>> =
        Default::default();
    for &(place, name) in columns {
        if let Some((stem, number)) = numbered(name) {
            series.entry(stem).or_default().insert(number, place);
        }
    }
    series
        .into_values()
        .max_by_key(std::collections::BTreeMap::len)
        .map(|series| series.into_values().collect())
        .unwrap_or_default()
}

/// Names for a message: so many as one takes in.
pub(super) fn listed(names: &[impl AsRef<str>]) -> String {
    const MOST: usize = 12;
    let mut text = names
        .iter()
        .take(MOST)
        .map(|name| name.as_ref().chars().take(40).collect::<String>())
        .collect::<Vec<_>>()
        .join(", ");
    if names.len() > MOST {
        text.push_str(&format!(" and {} more", names.len() - MOST));
    }
    if text.is_empty() {
        text.push_str("nothing");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_are_told_from_other_texts() {
        for file in ["a.wav", "m/b.c/03 - x.mp3", "C:\\m\\a.FLAC", "x.m4a"] {
            assert!(looks_like_file(file), "{file}");
        }
        for other in [
            "rock",
            "",
            "0.25",
            "v.1",
            "a. new song",
            ".wav",
            "3.50",
            "m.b/x",
        ] {
            assert!(!looks_like_file(other), "{other}");
        }
    }

    #[test]
    fn the_most_telling_of_several_names_counts() {
        let names = ["name", "File Path", "Genre", "X"];
        assert_eq!(Field::Path.find(&names, |_| true), Some(1));
        assert_eq!(Field::Path.find(&names, |at| at != 1), Some(0));
        assert_eq!(Field::Label.find(&names, |_| true), Some(2));
        assert_eq!(Field::Embedding.find(&names, |_| true), Some(3));
        assert_eq!(Field::Split.find(&names, |_| true), None);
    }

    #[test]
    fn times_are_found_in_any_unit() {
        for (name, secs) in [
            ("timestamp", 1.0),
            ("start_secs", 1.0),
            ("timestamp_ms", 1e-3),
            ("Start (ms)", 1e-3),
            ("onset_milliseconds", 1e-3),
            ("offset_us", 1e-6),
        ] {
            let names = ["x", name];
            assert_eq!(Field::Timestamp.find(&names, |_| true), Some(1), "{name}");
            assert!(Field::is_claimed(name), "{name}");
            assert_eq!(unit_secs(name), secs, "{name}");
        }
        for other in ["rms", "items", "tempos_s", "ms"] {
            assert_eq!(Field::Timestamp.find(&[other], |_| true), None, "{other}");
        }
    }

    #[test]
    fn a_numbered_series_goes_by_its_numbers() {
        let columns = [(1, "e0"), (2, "e1"), (3, "e10"), (4, "e2"), (5, "tempo")];
        assert_eq!(wide_columns(&columns), [1, 2, 4, 3]);
        let others = [(0, "centroid"), (1, "mfcc_1"), (2, "mfcc_2"), (3, "tempo")];
        assert_eq!(wide_columns(&others), [0, 1, 2, 3]);
        assert!(longest_series(&[(0, "a"), (1, "b")]).is_empty());
    }
}
