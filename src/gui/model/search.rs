//! Which tracks the library lists, and in what order.

use std::{borrow::Cow, cmp::Ordering, path::PathBuf, sync::Arc};

use nucleo_matcher::{
    Config, Matcher, Utf32Str,
    pattern::{Atom, AtomKind, CaseMatching, Normalization},
};

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};

use mynascope_base::natural_order;
use mynascope_collection::{Collection, Track, key_name};

/// A column of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Column {
    /// The name.
    Title,
    /// The label.
    Label,
    /// The part of the published split.
    Split,
    /// The key.
    Key,
    /// The tempo.
    Tempo,
    /// Who plays, as the file says.
    Artist,
    /// The album, as the file says.
    Album,
    /// The genre, as the file says.
    Genre,
    /// When it was recorded or published, as the file says.
    Date,
    /// The path.
    Path,
    /// The length.
    Length,
}

impl Column {
    /// All columns, from left to right.
    pub const ALL: [Self; 11] = [
        Self::Title,
        Self::Artist,
        Self::Album,
        Self::Genre,
        Self::Date,
        Self::Label,
        Self::Split,
        Self::Key,
        Self::Tempo,
        Self::Path,
        Self::Length,
    ];

    /// Its heading.
    pub fn name(self) -> &'static str {
        match self {
            Self::Title => "Title",
            Self::Label => "Label",
            Self::Split => "Split",
            Self::Key => "Key",
            Self::Tempo => "BPM",
            Self::Artist => "Artist",
            Self::Album => "Album",
            Self::Genre => "Genre",
            Self::Date => "Date",
            Self::Path => "Path",
            Self::Length => "Length",
        }
    }
}

/// By what the list is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    /// The column.
    pub column: Column,
    /// The other way round.
    pub descending: bool,
}

/// What is looked for.
#[derive(Debug, Clone)]
pub struct Find {
    /// Where it is looked for.
    pub collection: Arc<Collection>,
    /// What the collection was opened from: this beginning of paths is not searched.
    pub roots: Vec<PathBuf>,
    /// Part of the published split of each track.
    pub parts: Arc<[Option<&'static str>]>,
    /// What is typed.
    pub text: String,
    /// `None`: the best matches first, else the collection's order.
    pub sort: Option<Sort>,
    /// Only tracks that cannot be used or end early.
    pub only_bad: bool,
    /// Tells the answer from those to earlier questions.
    pub generation: u64,
}

/// What counts as found in a title counts this many times as much as in a path.
const NAME_WEIGHT: u32 = 2;
/// Letters in order, with others between them, count from this share of what the whole word scores on: less is chance.
const LOOSEST: f64 = 0.6;

impl Find {
    /// The places of the tracks that are found, in the order of the list. Every word must be found: its letters in
    /// order in title, label and tags, or the word itself in the path. `None` if `stop` said so meanwhile.
    pub fn rows(&self, stop: &dyn Fn() -> bool) -> Option<Vec<usize>> {
        let mut finder = Finder::new(&self.text);
        let mut found: Vec<(u32, usize)> = Vec::new();
        for (place, track) in self.collection.tracks.iter().enumerate() {
            if place % 1024 == 0 && stop() {
                return None;
            }
            if self.only_bad && track.problem.is_none() && track.warning.is_none() {
                continue;
            }
            if let Some(score) = self.score(track, &mut finder) {
                found.push((score, place));
            }
        }
        match self.sort {
            Some(sort) => self.sorted(found, sort, stop),
            None => {
                // Stable: equally good ones stay in the collection's order.
                found.sort_by_key(|&(score, _)| std::cmp::Reverse(score));
                Some(found.into_iter().map(|(_, place)| place).collect())
            }
        }
    }

    fn score(&self, track: &Track, finder: &mut Finder) -> Option<u32> {
        if finder.is_empty() {
            return Some(0);
        }
        let mut name = track.title.clone();
        let said = &track.file_tags;
        let said = [&said.artist, &said.album, &said.genre]
            .into_iter()
            .flatten();
        for part in track.label.iter().chain(&track.tags).chain(said) {
            name.push(' ');
            name.push_str(part);
        }
        let root = self
            .roots
            .iter()
            .find_map(|root| track.path.strip_prefix(root).ok());
        let path = root.unwrap_or(&track.path).to_string_lossy();
        finder.score(&name, &path)
    }

    fn sorted(
        &self,
        found: Vec<(u32, usize)>,
        sort: Sort,
        stop: &dyn Fn() -> bool,
    ) -> Option<Vec<usize>> {
        let mut keyed: Vec<(Option<Key>, usize)> = found
            .into_iter()
            .map(|(_, place)| (self.key(place, sort.column), place))
            .collect();
        if stop() {
            return None;
        }
        keyed.sort_by(|(a, _), (b, _)| match (a, b) {
            // What has no value comes last, whichever way the list is sorted.
            (None, None) => Ordering::Equal,
            (None, _) => Ordering::Greater,
            (_, None) => Ordering::Less,
            (Some(a), Some(b)) if sort.descending => b.compare(a),
            (Some(a), Some(b)) => a.compare(b),
        });
        Some(keyed.into_iter().map(|(_, place)| place).collect())
    }

    fn key(&self, place: usize, column: Column) -> Option<Key> {
        let track = self.collection.tracks.get(place)?;
        let text = |text: &str| Some(Key::Text(text.to_lowercase()));
        match column {
            Column::Title => text(&track.title),
            Column::Label => text(track.label.as_deref()?),
            Column::Split => text((*self.parts.get(place)?)?),
            Column::Key => text(key_name(track.key?)?),
            Column::Tempo => Some(Key::Number(f64::from(track.tempo_bpm?))),
            Column::Artist => text(track.file_tags.artist.as_deref()?),
            Column::Album => text(track.file_tags.album.as_deref()?),
            Column::Genre => text(track.file_tags.genre.as_deref()?),
            Column::Date => text(track.file_tags.date.as_deref()?),
            Column::Path => text(&track.path.to_string_lossy()),
            Column::Length => Some(Key::Number(track.duration_secs?)),
        }
    }
}

enum Key {
    Text(String),
    Number(f64),
}

impl Key {
    fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Text(a), Self::Text(b)) => natural_order(a, b),
            (Self::Number(a), Self::Number(b)) => a.total_cmp(b),
            (Self::Text(_), Self::Number(_)) => Ordering::Less,
            (Self::Number(_), Self::Text(_)) => Ordering::Greater,
        }
    }
}

/// A text in one Unicode form: an accent is part of its letter, whichever way it was typed or a file system keeps it
/// (NFC, NFD), and wide or narrow forms are the letter itself (NFKC).
fn in_one_form(text: &str) -> Cow<'_, str> {
    match is_nfkc_quick(text.chars()) {
        IsNormalized::Yes => text.into(),
        IsNormalized::Maybe | IsNormalized::No => text.nfkc().collect::<String>().into(),
    }
}

/// Scores texts by how well the words that are looked for are found in them.
pub struct Finder {
    matcher: Matcher,
    words: Vec<Word>,
    name: Vec<char>,
    path: Vec<char>,
}

struct Word {
    fuzzy: Atom,
    exact: Atom,
    /// What letters that are strewn over a name must reach at least.
    least: u32,
}

impl Finder {
    /// Looks for the words of a text.
    pub fn new(text: &str) -> Self {
        let atom = |word: &str, kind| {
            Atom::new(
                word,
                CaseMatching::Ignore,
                Normalization::Smart,
                kind,
                false,
            )
        };
        let mut matcher = Matcher::new(Config::DEFAULT);
        let mut letters = Vec::new();
        let text = in_one_form(text);
        let words = text.split_whitespace().map(|word| {
            let fuzzy = atom(word, AtomKind::Fuzzy);
            let itself = fuzzy.score(Utf32Str::new(word, &mut letters), &mut matcher);
            Word {
                least: (LOOSEST * f64::from(itself.unwrap_or_default())) as u32,
                exact: atom(word, AtomKind::Substring),
                fuzzy,
            }
        });
        Self {
            words: words.collect(),
            matcher,
            name: Vec::new(),
            path: Vec::new(),
        }
    }

    /// Whether nothing is looked for.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// How well a name and a path answer: `None` if a word is found in neither.
    pub fn score(&mut self, name: &str, path: &str) -> Option<u32> {
        let (name, path) = (in_one_form(name), in_one_form(path));
        let mut sum = 0;
        for word in &self.words {
            let name = Utf32Str::new(&name, &mut self.name);
            let in_name = match word.fuzzy.score(name, &mut self.matcher) {
                Some(score) if u32::from(score) >= word.least => Some(score),
                // Inside a longer word it scores less than at the beginning of one.
                _ => word.exact.score(name, &mut self.matcher),
            };
            // A path is long: nearly every few letters stand in it in order.
            let score = match in_name {
                Some(score) => NAME_WEIGHT * u32::from(score),
                None if path.is_empty() => return None,
                None => {
                    let path = Utf32Str::new(&path, &mut self.path);
                    u32::from(word.exact.score(path, &mut self.matcher)?)
                }
            };
            sum += score;
        }
        Some(sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mynascope_collection::CollectionKind;

    fn find(tracks: Vec<Track>, text: &str, sort: Option<Sort>) -> Vec<usize> {
        let find = Find {
            parts: vec![None; tracks.len()].into(),
            collection: Arc::new(Collection {
                name: String::new(),
                kind: CollectionKind::Folder,
                tracks,
                split: None,
                notes: Vec::new(),
            }),
            roots: vec![PathBuf::from("/home/music")],
            text: text.to_owned(),
            sort,
            only_bad: false,
            generation: 0,
        };
        find.rows(&|| false).unwrap()
    }

    fn track(path: &str, label: &str, secs: Option<f64>) -> Track {
        Track {
            label: Some(label.to_owned()),
            duration_secs: secs,
            ..Track::of_file(&PathBuf::from(path))
        }
    }

    fn some() -> Vec<Track> {
        vec![
            track("/home/music/live/take 10.wav", "Jazz", Some(3.0)),
            track("/home/music/live/Take 9.wav", "dub", None),
            track("/home/music/blue/Trüb.wav", "dub", Some(7.0)),
        ]
    }

    #[test]
    fn words_are_found_in_titles_labels_and_paths() {
        assert_eq!(find(some(), "", None), [0, 1, 2]);
        assert_eq!(find(some(), "tk9", None), [1], "letters in order");
        assert_eq!(find(some(), "trub", None), [2], "without its accent");
        assert_eq!(
            find(some(), "DUB take", None),
            [1],
            "every word, label and title"
        );
        assert_eq!(find(some(), "ake", None), [0, 1], "inside a word");
        assert_eq!(find(some(), "kez", None), Vec::<usize>::new(), "strewn");
        assert_eq!(find(some(), "live", None), [0, 1], "a folder");
        assert_eq!(
            find(some(), "home", None),
            Vec::<usize>::new(),
            "not where all lie"
        );
        // "blue" stands in the path alone; a better match comes first.
        let mut tracks = some();
        tracks.push(track("/home/music/x/so blue.wav", "dub", None));
        assert_eq!(find(tracks, "blue", None), [3, 2]);
    }

    #[test]
    fn accents_are_found_in_both_unicode_forms() {
        let (composed, apart) = ("caf\u{e9}", "cafe\u{301}");
        for name in [composed, apart] {
            for text in [composed, apart, "cafe", "CAFÉ"] {
                let title = vec![track(&format!("/home/music/{name}.wav"), "dub", None)];
                assert_eq!(
                    find(title, text, None),
                    [0],
                    "{text:?} in the title {name:?}"
                );
                let folder = vec![track(&format!("/home/music/{name}/1.wav"), "dub", None)];
                assert_eq!(
                    find(folder, text, None),
                    [0],
                    "{text:?} in the folder {name:?}"
                );
                let label = vec![track("/home/music/1.wav", name, None)];
                assert_eq!(
                    find(label, text, None),
                    [0],
                    "{text:?} in the label {name:?}"
                );
            }
        }
        // Letters of Korean and Japanese, and forms of half the width.
        for (name, text) in [
            ("\u{1112}\u{1161}\u{11ab}", "\u{d55c}"),
            ("\u{30ab}\u{3099}", "\u{30ac}"),
            ("\u{ff76}\u{ff9e}", "\u{30ac}"),
        ] {
            let title = vec![track(&format!("/home/music/{name}.wav"), "dub", None)];
            assert_eq!(find(title, text, None), [0], "{text:?} in {name:?}");
        }
        assert!(
            find(
                vec![track("/home/music/caff.wav", "dub", None)],
                "café",
                None
            )
            .is_empty()
        );
    }

    #[test]
    fn columns_sort_both_ways_and_what_has_no_value_is_last() {
        let by = |column, descending| Some(Sort { column, descending });
        assert_eq!(find(some(), "", by(Column::Title, false)), [1, 0, 2]);
        assert_eq!(find(some(), "", by(Column::Title, true)), [2, 0, 1]);
        assert_eq!(find(some(), "", by(Column::Length, false)), [0, 2, 1]);
        assert_eq!(find(some(), "", by(Column::Length, true)), [2, 0, 1]);
        // Equal labels stay in the collection's order, both ways.
        assert_eq!(find(some(), "", by(Column::Label, false)), [1, 2, 0]);
        assert_eq!(find(some(), "", by(Column::Label, true)), [0, 1, 2]);
    }
}
