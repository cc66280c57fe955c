//! The labels that a supervised run learns.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{LabelTask, TrainError};
use crate::objective::Supervision;
use mynascope_collection::{Collection, KEYS, Track};

/// What the outputs of a supervised head mean; `labels.json` of a run folder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LabelMeaning {
    /// Which labels were learned.
    pub task: LabelTask,
    /// One a row of the head: classes, tags, keys, or "arousal" and "valence".
    pub outputs: Vec<String>,
    /// Of regression: a value is `mean + deviation * output`. Empty otherwise.
    #[serde(default)]
    pub means: Vec<f64>,
    /// As `means`: the deviations.
    #[serde(default)]
    pub deviations: Vec<f64>,
}

/// The labelled tracks of a collection, and what they should be said to be.
pub(super) struct Labels {
    pub meaning: LabelMeaning,
    /// The tracks that have a label.
    pub collection: Collection,
    rows: Supervision,
}

impl Labels {
    /// Labels of the readable tracks, given by their places in `collection`.
    pub fn of(&self, places: &[usize]) -> Supervision {
        self.rows.of(places)
    }

    /// Any number of labels a track, as the objective maest learns them.
    pub fn into_tags(self) -> Self {
        let width = self.meaning.outputs.len();
        let rows = match self.rows {
            Supervision::OneOf(classes) => {
                let row = |class| {
                    let is = |place| f32::from(u8::from(place == class));
                    (0..width).map(is).collect()
                };
                Supervision::AnyOf(classes.into_iter().map(row).collect())
            }
            other => other,
        };
        Self { rows, ..self }
    }

    /// How likely each of the tracks at `places` is to be drawn, by the labels it has: `sum over them of 1 / (count + c)`. MAEST's
    /// authors have `1000 / (count + 100)` on 3.3 million tracks; c is the same share of the tracks there are.
    pub fn weights(&self, places: &[usize]) -> Vec<f64> {
        const SMOOTHING: f64 = 100.0 / 3.3e6;
        let smoothing = SMOOTHING * places.len() as f64;
        let counts = self.counts(places).into_iter();
        let worth: Vec<f64> = counts
            .map(|count| 1.0 / (count.max(1) as f64 + smoothing))
            .collect();
        let worth_of = |label: usize| worth.get(label).copied().unwrap_or(0.0);
        match self.of(places) {
            Supervision::OneOf(classes) => classes.into_iter().map(worth_of).collect(),
            Supervision::AnyOf(rows) => {
                let has = |row: &Vec<f32>| -> f64 {
                    let labels = row.iter().enumerate().filter(|(_, value)| **value > 0.0);
                    labels.map(|(label, _)| worth_of(label)).sum()
                };
                rows.iter().map(has).collect()
            }
            Supervision::Values(rows) => vec![1.0; rows.len()],
        }
    }

    /// How many of the tracks at `places` have each label; empty where labels are numbers.
    pub fn counts(&self, places: &[usize]) -> Vec<usize> {
        let mut counts = vec![0; self.meaning.outputs.len()];
        match self.of(places) {
            Supervision::OneOf(classes) => {
                for class in classes {
                    if let Some(count) = counts.get_mut(class) {
                        *count += 1;
                    }
                }
            }
            Supervision::AnyOf(rows) => {
                for row in rows {
                    for (count, value) in counts.iter_mut().zip(row) {
                        *count += usize::from(value > 0.0);
                    }
                }
            }
            Supervision::Values(_) => return Vec::new(),
        }
        counts
    }

    /// What is to be said of labels that no readable track has.
    ///
    /// # Errors
    /// [`TrainError::NoLabels`] if fewer than two are left.
    pub fn unheard(&self, places: &[usize]) -> Result<Option<String>, TrainError> {
        const SHOWN: usize = 5;
        let counts = self.counts(places);
        let labels = self.meaning.outputs.iter().zip(&counts);
        let (heard, unheard): (Vec<_>, Vec<_>) = labels.partition(|(_, count)| **count > 0);
        if unheard.is_empty() {
            return Ok(None);
        }
        if let [] | [_] = heard.as_slice() {
            let left = heard.iter().map(|(name, _)| name.as_str());
            return Err(TrainError::NoLabels {
                task: self.meaning.task,
                why: format!(
                    "of the tracks that can be read all are {}, so there is nothing to tell apart",
                    left.collect::<String>()
                ),
                name: self.collection.name.clone(),
            });
        }
        let mut names: Vec<&str> = unheard.iter().map(|(name, _)| name.as_str()).collect();
        let more = names.len().saturating_sub(SHOWN);
        names.truncate(SHOWN);
        Ok(Some(format!(
            "{} of {} labels belong to no track that can be read, so the head learns only that they don't apply: {}{}",
            unheard.len(),
            counts.len(),
            names.join(", "),
            match more {
                0 => String::new(),
                more => format!(" and {more} more"),
            }
        )))
    }

    /// Finds the labels of a collection.
    pub fn find(task: LabelTask, collection: &Collection) -> Result<Self, TrainError> {
        let has = |track: &&Track| match task {
            LabelTask::Genre => track.label.is_some(),
            LabelTask::Tags => !track.tags.is_empty(),
            LabelTask::Emotion => track.emotion.is_some(),
            LabelTask::Key => track.key.is_some_and(|key| usize::from(key) < KEYS.len()),
        };
        let tracks: Vec<Track> = collection.tracks.iter().filter(has).cloned().collect();
        let missing = |why: String| TrainError::NoLabels {
            task,
            why,
            name: collection.name.clone(),
        };
        if tracks.is_empty() {
            return Err(missing("no track has such a label".into()));
        }
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for track in &tracks {
            match task {
                LabelTask::Genre => {
                    if let Some(label) = &track.label {
                        *counts.entry(label).or_default() += 1;
                    }
                }
                LabelTask::Tags => {
                    for tag in &track.tags {
                        *counts.entry(tag).or_default() += 1;
                    }
                }
                LabelTask::Emotion | LabelTask::Key => {}
            }
        }
        let (mut means, mut deviations) = (Vec::new(), Vec::new());
        let outputs: Vec<String> = match task {
            LabelTask::Genre | LabelTask::Tags => counts.keys().map(|&n| n.to_owned()).collect(),
            LabelTask::Key => KEYS.iter().map(|&name| name.to_owned()).collect(),
            LabelTask::Emotion => vec!["arousal".to_owned(), "valence".to_owned()],
        };
        if outputs.len() < 2 {
            return Err(missing(format!(
                "all tracks are {}, so there is nothing to tell apart",
                outputs.join("")
            )));
        }
        let place = |name: &str| outputs.iter().position(|output| output == name);
        let rows = match task {
            LabelTask::Genre => {
                let class = |track: &Track| place(track.label.as_deref().unwrap_or_default());
                Supervision::OneOf(tracks.iter().filter_map(class).collect())
            }
            LabelTask::Key => {
                let keys = tracks.iter().filter_map(|track| track.key.map(usize::from));
                Supervision::OneOf(keys.collect())
            }
            LabelTask::Tags => {
                let row = |track: &Track| -> Vec<f32> {
                    let has = |name: &String| f32::from(u8::from(track.tags.contains(name)));
                    outputs.iter().map(has).collect()
                };
                Supervision::AnyOf(tracks.iter().map(row).collect())
            }
            LabelTask::Emotion => {
                let values: Vec<[f64; 2]> = tracks
                    .iter()
                    .filter_map(|track| Some(track.emotion?.map(f64::from)))
                    .collect();
                let count = values.len().max(1) as f64;
                for side in [0, 1] {
                    let of = |row: &[f64; 2]| row.get(side).copied().unwrap_or(0.0);
                    let mean = values.iter().map(of).sum::<f64>() / count;
                    let variance = values.iter().map(|row| (of(row) - mean).powi(2));
                    let deviation = (variance.sum::<f64>() / count).sqrt();
                    means.push(mean);
                    deviations.push(if deviation > 0.0 { deviation } else { 1.0 });
                }
                let row = |row: &[f64; 2]| -> Vec<f32> {
                    let sides = row.iter().zip(means.iter().zip(&deviations));
                    sides
                        .map(|(value, (mean, deviation))| ((value - mean) / deviation) as f32)
                        .collect()
                };
                Supervision::Values(values.iter().map(row).collect())
            }
        };
        Ok(Self {
            meaning: LabelMeaning {
                task,
                outputs,
                means,
                deviations,
            },
            collection: Collection {
                tracks,
                split: None,
                ..collection.clone()
            },
            rows,
        })
    }
}
