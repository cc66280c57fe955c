//! What a probe is to predict for each track.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{ProbeError, Task};
use mynascope_collection::{Collection, KEYS, Track};
use mynascope_embedding::EmbeddingTable;

/// What is to be predicted for each track of a table, in the order of the table's tracks; `None` where it is not
/// known.
#[derive(Debug, Clone, PartialEq)]
pub struct Targets {
    /// What is predicted.
    pub task: Task,
    /// Classes, tags or dimensions.
    pub names: Vec<String>,
    /// What holds, [tracks of the table].
    pub truths: Vec<Option<Truth>>,
    /// The fold of each track where the collection lists folds, [tracks of the table] or empty: the protocol of as many
    /// folds uses them.
    pub folds: Vec<Option<u32>>,
    /// What was left out and why, for people.
    pub notes: Vec<String>,
}

/// What is known about one track.
#[derive(Debug, Clone, PartialEq)]
pub enum Truth {
    /// Index of its class.
    Class(usize),
    /// Whether each tag holds, or the value of each dimension. `[names]`
    Values(Vec<f64>),
}

/// The dimensions of emotion, in the order of [`Track::emotion`].
const EMOTIONS: [&str; 2] = ["arousal", "valence"];

impl Targets {
    /// Some of the tags or dimensions alone.
    pub(super) fn only(&self, names: &[String]) -> Self {
        let kept: Vec<bool> = self.names.iter().map(|name| names.contains(name)).collect();
        let truths = self.truths.iter().map(|truth| match truth {
            Some(Truth::Values(values)) => {
                let values = values.iter().zip(&kept).filter(|(_, kept)| **kept);
                Some(Truth::Values(values.map(|(value, _)| *value).collect()))
            }
            other => other.clone(),
        });
        let named = self.names.iter().zip(&kept).filter(|(_, kept)| **kept);
        Self {
            task: self.task,
            names: named.map(|(name, _)| name.clone()).collect(),
            truths: truths.collect(),
            folds: self.folds.clone(),
            notes: self.notes.clone(),
        }
    }

    /// The targets of a task, taken from the labels of the collection that the table was made of; tracks are found by
    /// their path.
    ///
    /// # Errors
    /// [`ProbeError::Labels`] if there are no labels of the task, or too few to learn from.
    pub fn of(
        task: Task,
        table: &EmbeddingTable,
        collection: &Collection,
    ) -> Result<Self, ProbeError> {
        // Of a file that is named twice the first row speaks, as everywhere.
        let mut by_path: HashMap<_, &Track> = HashMap::new();
        for track in &collection.tracks {
            by_path.entry(track.path.as_path()).or_insert(track);
        }
        let tracks: Vec<Option<&Track>> = table
            .tracks
            .iter()
            .map(|track| by_path.get(track.path.as_path()).copied())
            .collect();
        let listed_folds = tracks
            .iter()
            .map(|track| track.and_then(|track| track.fold));
        let mut targets = match task {
            Task::Genre => Self::genres(table),
            Task::Key => Self::keys(&tracks),
            Task::Tags => Self::tags(&tracks),
            Task::Emotion => Self {
                task,
                names: EMOTIONS.map(str::to_owned).to_vec(),
                truths: values(&tracks, |track| {
                    Some(track.emotion?.map(f64::from).to_vec())
                }),
                folds: Vec::new(),
                notes: Vec::new(),
            },
        };
        targets.folds = listed_folds.collect();
        if targets.truths.iter().all(Option::is_none) {
            let others = Task::ALL.into_iter().filter(|other| *other != task);
            let others: Vec<String> = others
                .filter(|other| {
                    tracks
                        .iter()
                        .flatten()
                        .any(|track| other.is_known_of(track))
                })
                .map(|other| other.to_string())
                .collect();
            let others = match others[..] {
                [] => String::new(),
                _ => format!(
                    "the tracks have labels for the task {}; or ",
                    others.join(" or ")
                ),
            };
            return Err(ProbeError::Labels(format!(
                "no track has {}; {others}{}",
                match task {
                    Task::Genre => "a label",
                    Task::Key => "a key",
                    Task::Tags => "tags",
                    Task::Emotion => "arousal and valence",
                },
                match task {
                    Task::Genre =>
                        "give each class a folder, or list the tracks with a column `label`",
                    Task::Key =>
                        "list the tracks with a column `key`, such as `Eb minor`, `F#m`, `A:min` or `8A`",
                    Task::Tags => "list the tracks with a column `tags`, parted by semicolons",
                    Task::Emotion =>
                        "list the tracks with columns `arousal` and `valence` from 1 to 9",
                }
            )));
        }
        Ok(targets)
    }

    /// The labels of the tracks of a table.
    pub fn genres(table: &EmbeddingTable) -> Self {
        let names: BTreeSet<&String> = table
            .tracks
            .iter()
            .filter_map(|track| track.label.as_ref())
            .collect();
        let places: BTreeMap<&String, usize> = names
            .iter()
            .enumerate()
            .map(|(place, &name)| (name, place))
            .collect();
        Self {
            task: Task::Genre,
            truths: table
                .tracks
                .iter()
                .map(|track| {
                    let class = places.get(track.label.as_ref()?)?;
                    Some(Truth::Class(*class))
                })
                .collect(),
            names: names.into_iter().cloned().collect(),
            folds: Vec::new(),
            notes: Vec::new(),
        }
    }

    fn keys(tracks: &[Option<&Track>]) -> Self {
        Self {
            task: Task::Key,
            names: KEYS.map(str::to_owned).to_vec(),
            truths: tracks
                .iter()
                .map(|track| {
                    let key = usize::from(track.as_ref()?.key?);
                    (key < KEYS.len()).then_some(Truth::Class(key))
                })
                .collect(),
            folds: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Tags that some tracks have and others don't; the most frequent [`MOST_TAGS`] of them.
    fn tags(tracks: &[Option<&Track>]) -> Self {
        let mut counts: BTreeMap<&String, usize> = BTreeMap::new();
        let known = || {
            tracks
                .iter()
                .flatten()
                .filter(|track| !track.tags.is_empty())
        };
        for tag in known().flat_map(|track| track.tags.iter()) {
            *counts.entry(tag).or_default() += 1;
        }
        let all = known().count();
        let mut notes = Vec::new();
        let mut leave_out = |why: &str, is_out: &dyn Fn(usize) -> bool| {
            let out = counts.iter().filter(|&(_, &count)| is_out(count));
            let out: Vec<&str> = out.map(|(name, _)| name.as_str()).collect();
            if !out.is_empty() {
                notes.push(format!("tags left out, as {why}: {}", listed(&out)));
            }
        };
        leave_out("every tagged track has them", &|count| {
            count == all && count >= 2
        });
        leave_out("one track alone has them", &|count| count < 2);
        let mut names: Vec<(&String, usize)> = counts
            .into_iter()
            .filter(|&(_, count)| count >= 2 && count < all)
            .collect();
        names.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        if let Some(rare) = names.get(MOST_TAGS..).filter(|rare| !rare.is_empty()) {
            let rare: Vec<&str> = rare.iter().map(|(name, _)| name.as_str()).collect();
            notes.push(format!(
                "tags left out, as only the {MOST_TAGS} most frequent are probed: {}",
                listed(&rare)
            ));
        }
        names.truncate(MOST_TAGS);
        names.sort_unstable();
        let names: Vec<String> = names.into_iter().map(|(name, _)| name.clone()).collect();
        let truths = values(tracks, |track| {
            // A track without any tag in a tagged collection is one that nobody tagged.
            (!track.tags.is_empty()).then(|| {
                let has = |name: &String| f64::from(u8::from(track.tags.contains(name)));
                names.iter().map(has).collect()
            })
        });
        Self {
            task: Task::Tags,
            names,
            truths,
            folds: Vec::new(),
            notes,
        }
    }
}

impl Task {
    /// Whether a track has what the task predicts.
    fn is_known_of(self, track: &Track) -> bool {
        match self {
            Self::Genre => track.label.is_some(),
            Self::Key => track.key.is_some(),
            Self::Tags => !track.tags.is_empty(),
            Self::Emotion => track.emotion.is_some(),
        }
    }
}

/// Names for a note: the first of them, and how many there are.
pub(super) fn listed(names: &[&str]) -> String {
    const NAMED: usize = 12;
    match names.get(..NAMED) {
        Some(first) if names.len() > NAMED => {
            format!("{}, ... ({} in all)", first.join(", "), names.len())
        }
        _ => names.join(", "),
    }
}

/// Tags that are probed, as with MagnaTagATune.
const MOST_TAGS: usize = 50;

fn values(
    tracks: &[Option<&Track>],
    of: impl Fn(&Track) -> Option<Vec<f64>>,
) -> Vec<Option<Truth>> {
    tracks
        .iter()
        .map(|track| Some(Truth::Values(of(track.as_ref()?)?)))
        .collect()
}
