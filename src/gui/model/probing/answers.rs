//! The answers of a probe as the list shows them.

use std::{collections::HashMap, path::PathBuf, sync::Arc};

use crate::gui::model::{EncoderSource, KeyedTable};
use mynascope_collection::Collection;
use mynascope_probe::{ProbeReport, ProbeSettings, SplitSizes, TrackOutput, TrackPrediction};

/// What a probe said about a tested track, in words that a list can show for every task.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The file of the track.
    pub path: PathBuf,
    /// Its name in the list.
    pub title: String,
    /// What holds.
    pub truth: String,
    /// What the probe said.
    pub said: String,
    /// Truth and prediction, for tasks with classes.
    pub cell: Option<(usize, usize)>,
    /// Whether the probe was right.
    pub right: bool,
    /// What lists are sorted by: how sure the probe was of a class, or how far off it is.
    pub weight: f64,
    /// The same for people.
    pub weight_text: String,
    /// Where the window begins whose own answer is furthest from the truth, in seconds.
    pub furthest_secs: f64,
}

/// What was there to learn and test with.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Found {
    /// Tracks of the collection.
    pub tracks: usize,
    /// Tracks of each part of the published split that are here.
    pub published: Option<SplitSizes>,
    /// Tracks that gave no embedding, each with its reason.
    pub broken: Vec<Broken>,
    /// What the collection has to say, e.g. how many tracks of its split are missing.
    pub notes: Vec<String>,
}

/// A track that could not be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The file of the track.
    pub path: PathBuf,
    /// Its name in the list.
    pub title: String,
    /// Why it could not be used.
    pub why: String,
}

/// A report, made ready to be drawn.
#[derive(Debug, Clone)]
pub struct ProbeResult {
    /// The report.
    pub report: Arc<ProbeReport>,
    /// What was said about each tested track.
    pub answers: Vec<Answer>,
    /// Indices of the wrong answers, the most confident first; of all answers in numbers, the farthest off first.
    pub mistakes: Vec<usize>,
    /// Tested tracks of each class.
    pub tested: Vec<usize>,
    /// What there was to learn and test with.
    pub found: Found,
    /// The settings and the encoder that it was asked for with, where it is of the open collection and its labels.
    pub asked: Option<(ProbeSettings, EncoderSource)>,
}

impl ProbeResult {
    /// Puts the answers into words and sorts the mistakes. Not for the window's thread: it looks at every track.
    pub fn new(report: Arc<ProbeReport>, collection: &Collection, table: &KeyedTable) -> Self {
        let titles: HashMap<_, _> = collection
            .tracks
            .iter()
            .map(|track| (track.path.as_path(), track.title.as_str()))
            .collect();
        let title = |path: &std::path::Path| match titles.get(path) {
            Some(title) => (*title).to_owned(),
            None => path.display().to_string(),
        };
        let mut answers: Vec<Answer> = report
            .predictions
            .iter()
            .map(|one| of_class(&report, one))
            .chain(of_values(&report))
            .collect();
        for answer in &mut answers {
            answer.title = title(&answer.path);
        }
        let mut mistakes: Vec<usize> = answers
            .iter()
            .enumerate()
            .filter(|(_, answer)| !answer.right)
            .map(|(index, _)| index)
            .collect();
        let weight = |index: &usize| answers.get(*index).map_or(0.0, |answer| answer.weight);
        mistakes.sort_by(|a, b| weight(b).total_cmp(&weight(a)));
        let tested = report
            .confusion
            .iter()
            .map(|row| row.iter().sum())
            .collect();
        let broken = table.skipped.iter().map(|(path, why)| Broken {
            title: title(path),
            path: path.clone(),
            why: why.clone(),
        });
        let published = collection.split.as_ref().map(|split| SplitSizes {
            train: split.train.len(),
            valid: split.valid.len(),
            test: split.test.len(),
        });
        Self {
            mistakes,
            tested,
            found: Found {
                tracks: collection.tracks.len(),
                published,
                broken: broken.collect(),
                notes: collection.note_texts().map(str::to_owned).collect(),
            },
            answers,
            report,
            asked: None,
        }
    }

    /// Whether it was computed with these settings and such an encoder; nothing else is known where nobody said so.
    pub fn answers_to(&self, form: &ProbeSettings, source: &EncoderSource) -> bool {
        let asked = self.asked.as_ref();
        asked.is_none_or(|(asked, made)| asked == form && made.embeds_like(source))
    }

    /// The name of a class.
    pub fn class(&self, index: usize) -> &str {
        self.report.classes.get(index).map_or("?", String::as_str)
    }

    /// What the two numbers of each class, tag or dimension are called.
    pub fn score_names(&self) -> [&'static str; 2] {
        match self.report.metric.as_str() {
            _ if self.has_classes() => ["recall", "precision"],
            "ROC-AUC" => ["ROC-AUC", "average precision"],
            _ => ["R2", ""],
        }
    }

    /// Whether the task has classes, and so a confusion matrix.
    pub fn has_classes(&self) -> bool {
        !self.report.confusion.is_empty()
    }

    /// Places of the answers in a cell of the confusion matrix, or of all mistakes, the most confident first.
    pub fn listed(&self, cell: Option<(usize, usize)>) -> Vec<usize> {
        if cell.is_none() {
            return self.mistakes.clone();
        }
        let mut inside: Vec<usize> = (0..self.answers.len())
            .filter(|&index| self.answers.get(index).is_some_and(|one| one.cell == cell))
            .collect();
        self.sort_by_weight(&mut inside);
        inside
    }

    fn sort_by_weight(&self, places: &mut [usize]) {
        let weight = |place: &usize| self.answers.get(*place).map_or(0.0, |one| one.weight);
        places.sort_by(|a, b| weight(b).total_cmp(&weight(a)));
    }

    /// Places of all answers in the order of a column of the list.
    pub fn sorted(&self, sort: AnswerSort) -> Vec<usize> {
        let mut places: Vec<usize> = (0..self.answers.len()).collect();
        let key = |place: &usize| self.answers.get(*place);
        match sort.by {
            AnswerColumn::Track => places.sort_by_key(|place| key(place).map(|one| &one.title)),
            AnswerColumn::Truth => places.sort_by_key(|place| key(place).map(|one| &one.truth)),
            AnswerColumn::Said => places.sort_by_key(|place| key(place).map(|one| &one.said)),
            AnswerColumn::Right => places.sort_by_key(|place| key(place).map(|one| one.right)),
            AnswerColumn::Weight => self.sort_by_weight(&mut places),
        }
        // The largest number comes first, but names begin with A.
        if sort.back {
            places.reverse();
        }
        places
    }
}

/// A column of the list of answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AnswerColumn {
    /// The name of the track.
    Track,
    /// What holds.
    Truth,
    /// What the probe said.
    Said,
    /// How sure the probe was, or how far off.
    #[default]
    Weight,
    /// Whether the probe was right.
    Right,
}

/// How the list of answers is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AnswerSort {
    /// The column.
    pub by: AnswerColumn,
    /// The other way round.
    pub back: bool,
}

fn of_class(report: &ProbeReport, one: &TrackPrediction) -> Answer {
    let class = |index: usize| {
        let name = report.classes.get(index);
        name.map_or_else(|| "?".to_owned(), Clone::clone)
    };
    Answer {
        path: one.path.clone(),
        title: String::new(),
        truth: class(one.truth),
        said: class(one.prediction),
        cell: Some((one.truth, one.prediction)),
        right: one.truth == one.prediction,
        weight: one.confidence,
        weight_text: format!("{:.0} %", 100.0 * one.confidence),
        furthest_secs: f64::from(one.furthest_secs),
    }
}

/// Tags and numbers: each track by the tag or dimension in which the probe was farthest off.
fn of_values(report: &ProbeReport) -> Vec<Answer> {
    let outputs = &report.outputs;
    let is_tags = report.task == mynascope_probe::Task::Tags.to_string();
    let column = |at: usize, of: fn(&TrackOutput) -> &Vec<f64>| -> Vec<f64> {
        let values = outputs.iter();
        values
            .map(|one| of(one).get(at).copied().unwrap_or(f64::NAN))
            .collect()
    };
    // How far off each track is, a list a tag or dimension.
    let off: Vec<Vec<f64>> = (0..report.classes.len())
        .map(|at| {
            let (truth, said) = (column(at, |one| &one.truth), column(at, |one| &one.output));
            if is_tags {
                ranked_below(&truth, &said)
            } else {
                truth
                    .iter()
                    .zip(&said)
                    .map(|(t, s)| (t - s).abs())
                    .collect()
            }
        })
        .collect();
    outputs
        .iter()
        .enumerate()
        .map(|(place, output)| {
            let worst = off
                .iter()
                .enumerate()
                .filter_map(|(at, off)| Some((at, *off.get(place)?)))
                .filter(|(_, off)| off.is_finite())
                .max_by(|a, b| a.1.total_cmp(&b.1));
            let (at, weight) = worst.unwrap_or((0, 0.0));
            let name = report.classes.get(at).map_or("?", String::as_str);
            let value = |values: &[f64]| values.get(at).copied().unwrap_or(0.0);
            let (truth, said, right, weight_text) = if !is_tags {
                let truth = format!("{name} {:.1}", value(&output.truth));
                let said = format!("{:.1}", value(&output.output));
                (truth, said, false, format!("{weight:.1} off"))
            } else if weight > 0.5 {
                let said = format!("below {:.0} % of tracks without it", 100.0 * weight);
                (
                    name.to_owned(),
                    said,
                    false,
                    format!("{:.0} %", 100.0 * weight),
                )
            } else {
                let said = "tags ranked above most others".to_owned();
                (
                    String::new(),
                    said,
                    true,
                    format!("{:.0} %", 100.0 * weight),
                )
            };
            Answer {
                path: output.path.clone(),
                title: String::new(),
                truth,
                said,
                cell: None,
                right,
                weight,
                weight_text,
                furthest_secs: f64::from(output.furthest_secs),
            }
        })
        .collect()
}

/// For each track that has a tag, the share of the tracks without it that are ranked above; not a number for others.
fn ranked_below(truth: &[f64], said: &[f64]) -> Vec<f64> {
    let mut without: Vec<f64> = truth
        .iter()
        .zip(said)
        .filter(|(truth, _)| **truth <= 0.5)
        .map(|(_, said)| *said)
        .collect();
    without.sort_by(f64::total_cmp);
    let count = without.len() as f64;
    truth
        .iter()
        .zip(said)
        .map(|(truth, said)| {
            let below = without.partition_point(|other| other <= said) as f64;
            match *truth > 0.5 && count > 0.0 {
                true => 1.0 - below / count,
                false => f64::NAN,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_track_with_a_tag_is_as_far_off_as_tracks_without_it_stand_above() {
        let truth = [1.0, 0.0, 0.0, 1.0, 0.0];
        let said = [0.1, 0.2, 0.3, 0.9, -1.0];
        let off = ranked_below(&truth, &said);
        assert!((off[0] - 2.0 / 3.0).abs() < 1e-9);
        assert_eq!(off[3], 0.0);
        assert!(off[1].is_nan());
    }
}
