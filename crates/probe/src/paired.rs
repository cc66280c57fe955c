//! Whether one of two scores on the same tracks is the better one. Two intervals that overlap do not tell: what is hard for one
//! encoder is mostly hard for the other too. So the tracks are drawn for both at once (paired bootstrap, Efron and Tibshirani
//! 1993), and the interval is that of the difference.

use std::collections::HashMap;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{
    ProbeReport, ProbeSettings, Protocol, SavedScore, Task,
    metrics::{key_score, mean, r2, roc_auc},
    scoring::same_score_interval,
};
use mynascope_base::counted;
use mynascope_collection::Collection;
use mynascope_spectrum::tokens::{Purpose, stream};

/// Draws of the tested tracks.
const DRAWS: u64 = 2000;
/// More numbers than these are not kept with a score: a line of the file must stay short.
const MOST_NUMBERS: usize = 40_000;

/// What a probe made of each tested track, kept with its score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrackResults {
    /// Places of the tracks in the collection, ascending.
    tracks: Vec<u32>,
    /// In the order of `tracks`.
    values: TrackValues,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum TrackValues {
    /// The score is their mean: 1 for right and 0 for wrong, or the weight of a key.
    Mean(Vec<f32>),
    /// Truths and outputs of tags or dimensions, [tracks][names].
    Outputs {
        truth: Vec<Vec<f32>>,
        output: Vec<Vec<f32>>,
    },
}

impl TrackResults {
    /// Of a report; `None` where a track is not of the collection, where there are too many numbers, and of tags in folds, which
    /// are ranked fold by fold.
    pub(super) fn of(
        report: &ProbeReport,
        settings: ProbeSettings,
        collection: &Collection,
    ) -> Option<Self> {
        let places = collection.tracks.iter().enumerate();
        let places: HashMap<_, u32> = places
            .filter_map(|(place, track)| Some((track.path.as_path(), u32::try_from(place).ok()?)))
            .collect();
        let numbers = report.outputs.len() * report.classes.len() * 2;
        let is_folds = matches!(settings.protocol, Protocol::Folds(_));
        if (settings.task == Task::Tags && is_folds) || numbers > MOST_NUMBERS {
            return None;
        }
        let mut means = Vec::new();
        for one in &report.predictions {
            let value = match settings.task {
                Task::Key => {
                    let key = |class| u8::try_from(class).ok();
                    key_score(key(one.truth)?, key(one.prediction)?)
                }
                _ => f64::from(u8::from(one.truth == one.prediction)),
            };
            means.push((*places.get(one.path.as_path())?, value as f32));
        }
        let mut outputs = Vec::new();
        for one in &report.outputs {
            let values = [&one.truth, &one.output];
            let [truth, output] =
                values.map(|values| values.iter().map(|&it| it as f32).collect::<Vec<_>>());
            outputs.push((*places.get(one.path.as_path())?, truth, output));
        }
        means.sort_by_key(|(place, _)| *place);
        outputs.sort_by_key(|(place, ..)| *place);
        Some(match outputs.is_empty() {
            true => Self {
                tracks: means.iter().map(|(place, _)| *place).collect(),
                values: TrackValues::Mean(means.into_iter().map(|(_, value)| value).collect()),
            },
            false => Self {
                tracks: outputs.iter().map(|(place, ..)| *place).collect(),
                values: TrackValues::Outputs {
                    truth: outputs.iter().map(|(_, truth, _)| truth.clone()).collect(),
                    output: outputs.into_iter().map(|(.., output)| output).collect(),
                },
            },
        })
    }

    /// The score of some of the tracks, by their places in `tracks`.
    fn score(&self, task: Task, drawn: &[usize]) -> f64 {
        match &self.values {
            TrackValues::Mean(values) => {
                let drawn = drawn.iter().filter_map(|&at| values.get(at));
                mean(drawn.map(|&value| f64::from(value))).unwrap_or(f64::NAN)
            }
            TrackValues::Outputs { truth, output } => {
                let column = |of: &[Vec<f32>], name: usize| -> Vec<f64> {
                    let rows = drawn.iter().filter_map(|&at| of.get(at)?.get(name));
                    rows.map(|&value| f64::from(value)).collect()
                };
                let names = truth.first().map_or(0, Vec::len);
                let scores = (0..names).filter_map(|name| {
                    let (truth, output) = (column(truth, name), column(output, name));
                    match task {
                        Task::Tags => {
                            let truth: Vec<bool> = truth.iter().map(|&it| it > 0.5).collect();
                            roc_auc(&truth, &output)
                        }
                        _ => r2(&truth, &output),
                    }
                });
                mean(scores).unwrap_or(f64::NAN)
            }
        }
    }

    /// Whether a score is bounded by 0 and 1.
    fn is_share(&self) -> bool {
        matches!(self.values, TrackValues::Mean(_))
    }
}

/// How far apart two scores are on the tracks that both tested.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PairedDifference {
    /// What the scores are.
    pub metric: String,
    /// Tracks that both tested.
    pub tracks: usize,
    /// The first score less the second, on these tracks.
    pub difference: f64,
    /// Its 95 % interval: the middle 95 % over 2000 draws of the tracks, the same for both.
    pub interval: [f64; 2],
}

impl PairedDifference {
    /// Which is better: the first (`Greater`), the second (`Less`), or not told apart.
    pub fn better(&self) -> Option<std::cmp::Ordering> {
        match self.interval {
            [low, _] if low > 0.0 => Some(std::cmp::Ordering::Greater),
            [_, high] if high < 0.0 => Some(std::cmp::Ordering::Less),
            _ => None,
        }
    }

    /// All of it in words: "mfcc less chance: +41.0 points (+33.0 to +49.0), 100 tracks: mfcc is better".
    pub fn words(&self, first: &str, second: &str) -> String {
        let format = |value: f64| match self.metric.as_str() {
            _ if !value.is_finite() => "not defined".to_owned(),
            "accuracy" => format!("{:+.1} points", 100.0 * value),
            _ => format!("{value:+.3}"),
        };
        let verdict = match self.better() {
            Some(std::cmp::Ordering::Greater) => format!("{first} is better"),
            Some(_) => format!("{second} is better"),
            None => "not told apart".to_owned(),
        };
        format!(
            "{first} less {second}: {} (95 % interval: {} to {}) on the same {}: {verdict}",
            format(self.difference),
            format(self.interval[0]),
            format(self.interval[1]),
            counted(self.tracks, "track")
        )
    }
}

/// Why two scores cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PairedError {
    /// They are of other tracks, or of other labels of them.
    #[error("they are of different tracks or labels; only scores on the same ones can be compared")]
    OtherTracks,
    /// They answer other questions.
    #[error(
        "they differ in task, protocol or seed, so that other tracks were tested; run both with the same settings"
    )]
    OtherSettings,
    /// What each track gave was not kept.
    #[error(
        "what {0} gave for each track was not kept, by an earlier version or as there are too many numbers; run that probe again"
    )]
    NotKept(String),
}

/// The difference of two scores, `first` less `second`, with its interval.
///
/// # Errors
/// [`PairedError`] where they are not of the same tracks and the same protocol, or where the tracks' results were not kept.
pub fn paired_difference(
    first: &SavedScore,
    second: &SavedScore,
) -> Result<PairedDifference, PairedError> {
    if first.collection_key != second.collection_key {
        return Err(PairedError::OtherTracks);
    }
    let asked = |score: &SavedScore| (score.task, score.protocol, score.seed);
    if asked(first) != asked(second) {
        return Err(PairedError::OtherSettings);
    }
    let kept = |score: &SavedScore| match &score.tracks {
        Some(kept) => Ok(kept.clone()),
        None => Err(PairedError::NotKept(score.encoder.clone())),
    };
    let (one, other) = (kept(first)?, kept(second)?);
    let places: HashMap<u32, usize> = other.tracks.iter().copied().zip(0..).collect();
    // Tracks that only one of them could embed are left out.
    let pairs: Vec<(usize, usize)> = (one.tracks.iter().enumerate())
        .filter_map(|(at, track)| Some((at, *places.get(track)?)))
        .collect();
    if pairs.is_empty() {
        return Err(PairedError::OtherTracks);
    }
    let task = first.task;
    let difference = |drawn: &[(usize, usize)]| {
        let (one_drawn, other_drawn): (Vec<usize>, Vec<usize>) = drawn.iter().copied().unzip();
        one.score(task, &one_drawn) - other.score(task, &other_drawn)
    };
    let whole = difference(&pairs);
    let mut drawn: Vec<f64> = (0..DRAWS)
        .into_par_iter()
        .map(|draw| {
            let mut random = stream(first.seed, draw, 2, Purpose::Split);
            let drawn = (0..pairs.len()).filter_map(|_| pairs.get(random.below(pairs.len())));
            difference(&drawn.copied().collect::<Vec<_>>())
        })
        .filter(|difference| difference.is_finite())
        .collect();
    drawn.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let place = (share * drawn.len().saturating_sub(1) as f64).round() as usize;
        drawn.get(place).copied().unwrap_or(f64::NAN)
    };
    let interval = match [at(0.025), at(0.975)] {
        [low, high] if low < high => [low, high],
        // All tracks say the same, which is no proof that others would.
        _ if one.is_share() => {
            let same = same_score_interval(0.5 * (whole + 1.0), pairs.len());
            same.map(|edge| 2.0 * edge - 1.0)
        }
        _ => [f64::NAN; 2],
    };
    Ok(PairedDifference {
        metric: first.metric.clone(),
        tracks: pairs.len(),
        difference: whole,
        interval,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EncoderId, TrackPrediction};
    use mynascope_collection::{CollectionKind, Track};

    /// A score of so many tracks, of which those are right that `right` says.
    fn score(encoder: &str, tracks: usize, right: impl Fn(usize) -> bool) -> SavedScore {
        let path = |track: usize| std::path::PathBuf::from(format!("{track}.wav"));
        let collection = Collection {
            name: "c".into(),
            kind: CollectionKind::Files,
            tracks: (0..tracks).map(|it| Track::of_file(&path(it))).collect(),
            split: None,
            notes: Vec::new(),
        };
        let predictions = (0..tracks).map(|track| TrackPrediction {
            path: path(track),
            truth: 1,
            prediction: usize::from(right(track)),
            confidence: 1.0,
            furthest_secs: 0.0,
        });
        let report = ProbeReport {
            metric: "accuracy".into(),
            predictions: predictions.collect(),
            ..ProbeReport::default()
        };
        let id = EncoderId::default();
        let (settings, name) = (ProbeSettings::default(), encoder.to_owned());
        SavedScore::of(&report, settings, &collection, "key".into(), name, &id)
    }

    /// Each alone has an interval of 20 points, and they overlap; yet one is right wherever the other is.
    #[test]
    fn one_that_is_right_wherever_the_other_is_and_more_is_better() {
        let (a, b) = (
            score("a", 100, |track| track % 2 == 0 || track % 10 == 1),
            score("b", 100, |track| track % 2 == 0),
        );
        let found = paired_difference(&a, &b).unwrap();
        assert!((found.difference - 0.1).abs() < 1e-6);
        assert!(
            found.interval[0] > 0.03 && found.interval[1] < 0.18,
            "{found:?}"
        );
        let words = found.words("a", "b");
        assert!(
            words.starts_with("a less b: +10.0 points (95 % interval: +"),
            "{words}"
        );
        assert!(
            words.ends_with("on the same 100 tracks: a is better"),
            "{words}"
        );
        let turned = paired_difference(&b, &a).unwrap();
        assert_eq!(turned.better(), Some(std::cmp::Ordering::Less));
    }

    #[test]
    fn few_tracks_and_equal_answers_tell_nothing_apart() {
        let few = |name, right: fn(usize) -> bool| score(name, 4, right);
        let found = paired_difference(&few("a", |_| true), &few("b", |track| track > 0)).unwrap();
        assert_eq!(found.better(), None);
        let same = paired_difference(&few("a", |_| true), &few("b", |_| true)).unwrap();
        assert!(same.interval[0] < 0.0 && same.interval[1] > 0.0, "{same:?}");
        assert!(same.words("a", "b").ends_with("4 tracks: not told apart"));
    }

    #[test]
    fn only_scores_of_the_same_tracks_and_settings_are_compared() {
        let a = score("a", 4, |_| true);
        let fails = |b: &SavedScore| paired_difference(&a, b).unwrap_err();
        let other = |change: fn(&mut SavedScore)| {
            let mut b = a.clone();
            change(&mut b);
            b
        };
        let tracks = other(|b| b.collection_key = "other".into());
        assert_eq!(fails(&tracks), PairedError::OtherTracks);
        assert_eq!(fails(&other(|b| b.seed = 1)), PairedError::OtherSettings);
        let old = fails(&other(|b| b.tracks = None)).to_string();
        assert!(old.contains("run that probe again"), "{old}");
        let line = serde_json::to_vec(&a).unwrap();
        let read: SavedScore = serde_json::from_slice(&line).unwrap();
        assert_eq!(read.tracks, a.tracks);
    }
}
