//! What the columns of a list mean, by their headings and by what stands below them.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    headings::{
        ARTIST, FILE, IN_PART, KEY, LABEL, MODE, OTHERS, SPLIT, TAG_WEIGHT, TAGS, TEMPO, TITLE,
        WEAK_FILE, emotion, is_folder,
    },
    languages::heading_form,
    paths::LONGEST_PATH,
    words::yes_or_no,
};
use crate::{
    key::{has_mode, is_mode_name, parse_key},
    split::Part,
    table::Table,
    text::is_nothing,
};

/// The places of the columns of a list. Where there are several of a kind, the likeliest.
#[derive(Debug, Default)]
pub(super) struct Columns {
    /// Columns that may hold the files, the likeliest first; whether files must be found to believe it.
    pub(super) files: Vec<(usize, bool)>,
    /// Those that may hold the folders that the files lie in, where their names are a column of their own; once the
    /// files are found, those that do, from the outermost.
    pub(super) folders: Vec<usize>,
    pub(super) label: Option<usize>,
    pub(super) tags: Vec<usize>,
    /// Columns of zeros and ones, each named by its tag.
    pub(super) tag_columns: Vec<usize>,
    /// How much there is of the tag of a row.
    pub(super) tag_weight: Option<usize>,
    /// All that may hold the split.
    pub(super) splits: Vec<usize>,
    /// Columns of yes and no, each of a part, where no other holds the split.
    pub(super) in_part: Vec<(usize, Part)>,
    pub(super) key: Option<usize>,
    pub(super) mode: Option<usize>,
    pub(super) tempo: Option<usize>,
    pub(super) title: Option<usize>,
    pub(super) emotion: [Option<usize>; 2],
    /// Whether the labels are artists, as there is nothing else to learn.
    pub(super) has_artists: bool,
}

/// Rows that show what a column holds.
const SAMPLE_ROWS: usize = 64;
/// Fewer columns of zeros and ones are no tags, whatever else there is.
const FEWEST_TAG_COLUMNS: usize = 3;
/// And fewer are none where there is nothing else to learn.
const FEWEST_ONLY_TAG_COLUMNS: usize = 2;

impl Columns {
    pub(super) fn of(table: &Table) -> Self {
        let names: Vec<String> = table
            .names()
            .iter()
            .map(|name| heading_form(name))
            .collect();
        let find = |wanted: &[&str]| -> Option<usize> {
            wanted
                .iter()
                .find_map(|&one| names.iter().position(|name| name == one))
        };
        let all = |wanted: &[&str]| -> Vec<usize> {
            let places = wanted
                .iter()
                .filter_map(|&one| names.iter().position(|name| name == one));
            places.collect()
        };
        let mut columns = Self {
            label: find(&LABEL),
            tags: all(&TAGS),
            splits: all(&SPLIT),
            key: find(&KEY),
            tempo: find(&TEMPO),
            title: find(&TITLE),
            ..Self::default()
        };
        columns.mode = columns.key.and_then(|_| find(&MODE));
        for (place, name) in names.iter().enumerate() {
            if let Some(slot) = emotion(name).and_then(|at| columns.emotion.get_mut(at)) {
                slot.get_or_insert(place);
            }
        }
        let of_part = |name: &String| IN_PART.iter().find(|(known, _)| known == name);
        let in_part = names.iter().enumerate().filter_map(|(place, name)| {
            let (_, part) = of_part(name)?;
            (columns.splits.is_empty() && is_yes_or_no(table, place)).then_some((place, *part))
        });
        columns.in_part = in_part.collect();
        columns.tags.extend(numbered_labels(&names));
        columns.files = columns.find_files(table, &names);
        let may_be_folder = |place: &usize| names.get(*place).is_some_and(|it| is_folder(it));
        columns.folders = (0..names.len()).filter(may_be_folder).collect();
        if table.is_headless {
            columns.guess_headless(table);
        } else {
            columns.find_tag_columns(table, &names);
        }
        columns.name_labels(table, &names);
        // Labels that are all keys are both.
        let of_keys = |place: &usize| all_say(table, *place, is_key_with_mode);
        columns.key = columns.key.or(columns.label.filter(of_keys));
        if let [_] = columns.tags[..] {
            let says_how_much =
                |&place: &usize| holds_numbers(table, place) || is_yes_or_no(table, place);
            columns.tag_weight = find(&TAG_WEIGHT).filter(says_how_much);
        }
        columns
    }

    fn find_files(&self, table: &Table, names: &[String]) -> Vec<(usize, bool)> {
        let mut files: Vec<(usize, bool)> = Vec::new();
        let mut add = |place: usize, weak: bool| {
            if !files.iter().any(|&(other, _)| other == place) {
                files.push((place, weak));
            }
        };
        let at = |wanted: &str| names.iter().position(|name| name == wanted);
        let sounds: Vec<bool> = (0..names.len())
            .map(|place| holds_sounds(table, place))
            .collect();
        let has_sounds = |place: usize| sounds.get(place) == Some(&true);
        // A column of endings of sound files holds files, whatever it is called.
        for wanted in FILE {
            if let Some(place) = at(wanted)
                && has_sounds(place)
            {
                add(place, false);
            }
        }
        for place in (0..names.len()).filter(|&place| has_sounds(place)) {
            add(place, false);
        }
        for wanted in FILE.into_iter().filter(|name| !WEAK_FILE.contains(name)) {
            if let Some(place) = at(wanted) {
                add(place, false);
            }
        }
        for wanted in WEAK_FILE {
            if let Some(place) = at(wanted) {
                add(place, true);
            }
        }
        files
    }

    /// Without headings: the column of the files is known, those of words for parts of a split and of keys, too; what rows
    /// of different lengths hold are tags. Of the rest the next column of words holds labels, else that of numbers. Numbers are no split, as classes are numbered so; words that are different in
    /// each row are names.
    fn guess_headless(&mut self, table: &Table) {
        let files: Vec<usize> = self.files.iter().map(|(place, _)| *place).collect();
        let rest = (0..table.names().len()).filter(|place| !files.contains(place));
        let is_split = |place: &usize| {
            let fields = sample(table, *place).map(str::to_owned).collect();
            let (parts, _) = super::words::parts(&fields);
            !fields.is_empty() && parts.len() == fields.len() && !holds_numbers(table, *place)
        };
        self.splits = rest.clone().filter(is_split).collect();
        self.find_keys(table, &rest.clone().collect::<Vec<_>>());
        let of_key = [self.key, self.mode];
        let rest = rest.filter(|place| !of_key.contains(&Some(*place)));
        let last = table.names().len().saturating_sub(1);
        if rest.clone().any(|place| place == last) && has_uneven_rows(table, &files) {
            let are_words = |place: &usize| {
                !self.splits.contains(place)
                    && !holds_numbers(table, *place)
                    && !holds_names(table, *place)
            };
            let tags: Vec<usize> = rest.clone().filter(are_words).collect();
            if tags.contains(&last) {
                self.tags = tags;
                return;
            }
        }
        let (names, labels): (Vec<usize>, Vec<usize>) = rest
            .filter(|place| !self.splits.contains(place))
            .partition(|&place| holds_names(table, place));
        let mut names = names.into_iter();
        self.title = names.find(|&place| !holds_numbers(table, place));
        let mut words = labels.iter().filter(|&&place| !holds_numbers(table, place));
        self.label = words.next().or(labels.first()).copied();
        // Several of fastText's labels are tags.
        if let Some(place) = self.label
            && column(table, place).any(|field| field.matches(super::MARK).count() > 1)
        {
            self.label = None;
            self.tags = vec![place];
        }
    }

    /// Without headings: a column of keys, or one of tonics with one of modes behind it, as in MIREX's files (`C`,
    /// `major`).
    fn find_keys(&mut self, table: &Table, places: &[usize]) {
        let tonic = |field: &str| parse_key(&format!("{field} major")).is_some();
        let is_tonic = |place: &usize| {
            all_say(table, *place, tonic)
                && places.contains(&(place + 1))
                && all_say(table, place + 1, is_mode_name)
        };
        let of_key = |place: &usize| all_say(table, *place, is_key_with_mode);
        self.key = places.iter().copied().find(of_key);
        if self.key.is_none() {
            self.key = places.iter().copied().find(is_tonic);
            self.mode = self.key.map(|tonic| tonic + 1);
        }
    }

    fn find_tag_columns(&mut self, table: &Table, names: &[String]) {
        let free = |place: &usize| {
            let named = [self.label, self.key, self.mode, self.tempo, self.title];
            !named.contains(&Some(*place))
                && !self.splits.contains(place)
                && !self.in_part.iter().any(|(other, _)| other == place)
                && !self.emotion.contains(&Some(*place))
                && !names.get(*place).is_some_and(|name| {
                    OTHERS.contains(&name.as_str()) || WEAK_FILE.contains(&name.as_str())
                })
        };
        let found: Vec<usize> = (0..names.len())
            .filter(free)
            .filter(|&place| is_yes_or_no(table, place))
            .collect();
        // A few that say the same in each row are a disc's number or the like.
        let says_both = |&place: &usize| {
            let mut said = column(table, place).filter_map(yes_or_no);
            let first = said.next();
            said.any(|other| Some(other) != first)
        };
        let is_alone = self.finds_no_labels();
        if found.len() >= FEWEST_TAG_COLUMNS
            || found.len() >= FEWEST_ONLY_TAG_COLUMNS && is_alone && found.iter().all(says_both)
        {
            self.tag_columns = found;
        }
    }

    /// Columns that might hold several labels, but of which no field does, are labels where there are none; and artists
    /// where there is nothing else.
    fn name_labels(&mut self, table: &Table, names: &[String]) {
        let single = |place: usize| {
            if table.is_headless && self.tags.len() > 1 {
                return false;
            }
            let name = names.get(place).map(String::as_str);
            let fields = || column(table, place);
            let separator = super::tags::TagSigns::of(fields());
            !separator.by_place
                && !matches!(name, Some("tags" | "tag"))
                && !name.is_some_and(|name| name.ends_with(|it: char| it.is_ascii_digit()))
                && !table.rows().any(|row| row.len() > names.len())
                && fields().all(|field| separator.tags(field).len() <= 1)
        };
        if self.label.is_none()
            && let Some(at) = self.tags.iter().position(|&place| single(place))
        {
            self.label = Some(self.tags.remove(at));
        }
        if self.finds_no_labels() {
            let artist = ARTIST
                .iter()
                .find_map(|&one| names.iter().position(|name| name == one));
            self.has_artists = artist.is_some();
            self.label = artist;
        }
    }

    /// Whether there is nothing to learn so far.
    pub(super) fn finds_no_labels(&self) -> bool {
        self.label.is_none()
            && self.tags.is_empty()
            && self.tag_columns.is_empty()
            && self.key.is_none()
            && self.tempo.is_none()
            && self.emotion.contains(&None)
    }

    /// The headings that nothing was read from.
    pub(super) fn unread(
        &self,
        table: &Table,
        file: usize,
        [split, folds]: [Option<usize>; 2],
    ) -> Vec<String> {
        let read = [
            Some(file),
            split,
            folds,
            self.label,
            self.key,
            self.mode,
            self.tempo,
            self.title,
            self.tag_weight,
            self.emotion[0],
            self.emotion[1],
        ];
        let in_part: Vec<usize> = self.in_part.iter().map(|(place, _)| *place).collect();
        let lists = [&self.tags, &self.tag_columns, &self.folders, &in_part];
        let listed: BTreeSet<usize> = lists.into_iter().flatten().copied().collect();
        let names = table.names().iter().enumerate();
        names
            .filter(|(place, name)| {
                !read.contains(&Some(*place))
                    && !listed.contains(place)
                    && (!name.is_empty() || table.is_headless)
            })
            .map(|(place, name)| match name.is_empty() {
                true => format!("field {}", place + 1),
                false => name.clone(),
            })
            .collect()
    }
}

/// Whether a column says yes or no in each field.
fn is_yes_or_no(table: &Table, place: usize) -> bool {
    all_say(table, place, |field| yes_or_no(field).is_some())
}

/// Whether a column holds nothing but numbers.
fn holds_numbers(table: &Table, place: usize) -> bool {
    let is_number = |field: &str| super::words::number(field, table.has_commas()).is_some();
    sample(table, place).all(is_number)
}

/// Whether a column has fields, and the first of them are all such.
fn all_say(table: &Table, place: usize, is_such: impl Fn(&str) -> bool) -> bool {
    let mut fields = sample(table, place).peekable();
    fields.peek().is_some() && fields.all(is_such)
}

/// Whether a field is a key that names its mode: a letter alone may be the name of a class.
fn is_key_with_mode(field: &str) -> bool {
    has_mode(field) && parse_key(field).is_some()
}

/// Whether rows have different numbers of fields, most of them several beside the path.
fn has_uneven_rows(table: &Table, files: &[usize]) -> bool {
    let filled = table.rows().filter(|row| !row.is_blank());
    let lengths: Vec<usize> = filled.map(|row| row.len()).collect();
    let several = lengths.iter().filter(|&&length| length > files.len() + 1);
    2 * several.count() > lengths.len()
        && lengths.iter().any(|length| Some(length) != lengths.first())
}

/// Whether each row of a column says something else, in a list of more rows than a few.
fn holds_names(table: &Table, place: usize) -> bool {
    const FEWEST: usize = 8;
    let mut seen = BTreeSet::new();
    let mut filled = column(table, place);
    filled.all(|field| seen.insert(field)) && seen.len() >= FEWEST
}

/// Columns of labels that are numbered: `genre1`, `genre2`. They hold the labels of a file together.
fn numbered_labels(names: &[String]) -> Vec<usize> {
    let mut series: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (place, name) in names.iter().enumerate() {
        let base = name.trim_end_matches(|letter: char| letter.is_ascii_digit());
        if base.len() < name.len() && (LABEL.contains(&base) || TAGS.contains(&base)) {
            series.entry(base).or_default().push(place);
        }
    }
    let several = series.into_values().find(|places| places.len() > 1);
    several.unwrap_or_default()
}

/// Fields of a column that hold something.
pub(super) fn column(table: &Table, place: usize) -> impl Iterator<Item = &str> + Clone {
    let fields = table.rows().filter_map(move |row| row.at(place));
    fields.filter(|field| !is_nothing(field))
}

/// The first of them.
fn sample(table: &Table, place: usize) -> impl Iterator<Item = &str> + Clone {
    column(table, place).take(SAMPLE_ROWS)
}

/// Whether most fields of a column are names of sound files.
fn holds_sounds(table: &Table, place: usize) -> bool {
    let (mut all, mut sounds) = (0, 0);
    for field in sample(table, place) {
        all += 1;
        if field.len() > LONGEST_PATH {
            continue;
        }
        let name = field.replace('\\', "/");
        sounds += usize::from(crate::walk::is_sound_name(std::path::Path::new(&name)));
    }
    2 * sounds > all
}
