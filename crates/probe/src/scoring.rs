//! What predictions of tracks are worth.

use std::{borrow::Borrow, collections::BTreeMap, path::PathBuf};

use mynascope_base::{counted, wilson_interval};
use rayon::prelude::*;

use super::{
    TargetScore, Task, TrackOutput, TrackPrediction,
    data::Data,
    metrics::{average_precision, key_score, mean, r2, roc_auc},
    predict::largest,
    targets::listed,
};
use mynascope_spectrum::tokens::{Purpose, stream};

/// Draws of an interval, ...
const DRAWS: usize = 1000;
/// ... and where one draw takes long.
const FEW_DRAWS: usize = 200;
/// Answers that may be given for a track to count as right in the top-k accuracy.
const TOP: usize = 3;

/// What was said about a tested track.
pub(super) struct Said {
    /// Place among the usable tracks.
    pub(super) track: usize,
    /// Which probe said it: the scores of different probes cannot be ranked against each other.
    pub(super) fold: usize,
    /// Shares of classes, scores of tags, values of dimensions. [names]
    pub(super) shares: Vec<f64>,
    /// Where the window begins whose own answer is furthest from the truth, in seconds: see [`Data::furthest_secs`].
    pub(super) furthest_secs: f32,
}

/// The scores of some tested tracks.
pub(super) struct Metrics {
    pub(super) metric: &'static str,
    /// Under which name `score` stands in `all`.
    pub(super) key: &'static str,
    pub(super) score: f64,
    pub(super) all: BTreeMap<String, f64>,
    pub(super) targets: Vec<TargetScore>,
}

impl Data<'_> {
    pub(super) fn metrics<S: Borrow<Said>>(&self, said: &[S]) -> Metrics {
        let said: Vec<&Said> = said.iter().map(Borrow::borrow).collect();
        let said = said.as_slice();
        match self.task {
            Task::Genre | Task::Key => self.class_metrics(said),
            Task::Tags => self.tag_metrics(said),
            Task::Emotion => self.number_metrics(said),
        }
    }

    fn class_metrics(&self, said: &[&Said]) -> Metrics {
        let confusion = self.confusion(said);
        let accuracy = mean(said.iter().map(|said| self.is_right(said))).unwrap_or(0.0);
        let mut all = BTreeMap::from([("accuracy".to_owned(), accuracy)]);
        if self.names.len() > TOP {
            let among = mean(said.iter().map(|said| self.is_among_top(said)));
            all.insert(format!("top_{TOP}_accuracy"), among.unwrap_or(0.0));
        }
        let (mut metric, mut key, mut score) = ("accuracy", "accuracy", accuracy);
        if self.task == Task::Key {
            let weighted = mean(said.iter().filter_map(|said| self.weighted(said)));
            (metric, key) = ("weighted key score", "weighted_key_score");
            score = weighted.unwrap_or(0.0);
            all.insert(key.to_owned(), score);
        }
        let targets = self
            .names
            .iter()
            .zip(&confusion)
            .enumerate()
            .filter_map(|(class, (name, row))| {
                let tested: usize = row.iter().sum();
                let right = row.get(class).copied().unwrap_or(0) as f64;
                let named: usize = confusion.iter().filter_map(|row| row.get(class)).sum();
                (tested > 0).then(|| TargetScore {
                    name: name.clone(),
                    tracks: tested,
                    score: right / tested as f64,
                    precision: (named > 0).then(|| right / named as f64),
                })
            })
            .collect();
        Metrics {
            metric,
            key,
            score,
            all,
            targets,
        }
    }

    /// Of each tag the mean over the folds in which it can be scored.
    fn tag_metrics(&self, said: &[&Said]) -> Metrics {
        let folds = said.iter().map(|said| said.fold + 1).max().unwrap_or(0);
        let mut targets = Vec::new();
        for (tag, name) in self.names.iter().enumerate() {
            let (mut areas, mut precisions, mut tracks) = (Vec::new(), Vec::new(), 0);
            for fold in 0..folds {
                if self.untrained.contains(&(fold, tag)) {
                    continue;
                }
                let one = || said.iter().copied().filter(move |said| said.fold == fold);
                let truth: Vec<bool> = self.column(one(), tag).map(|v| v > 0.5).collect();
                let scores: Vec<f64> = shares_of(one(), tag).collect();
                tracks += truth.iter().filter(|&&yes| yes).count();
                // A tag that no tested track has, or all have, has no score.
                areas.extend(roc_auc(&truth, &scores));
                precisions.extend(average_precision(&truth, &scores));
            }
            if let Some(score) = mean(areas) {
                targets.push(TargetScore {
                    name: name.clone(),
                    tracks,
                    score,
                    precision: mean(precisions),
                });
            }
        }
        let area = mean(targets.iter().map(|target| target.score)).unwrap_or(f64::NAN);
        let precision = mean(targets.iter().filter_map(|target| target.precision));
        let all = [
            ("roc_auc", area),
            ("average_precision", precision.unwrap_or(f64::NAN)),
        ];
        Metrics {
            metric: "ROC-AUC",
            key: "roc_auc",
            score: area,
            all: all.map(|(name, value)| (name.to_owned(), value)).into(),
            targets,
        }
    }

    fn number_metrics(&self, said: &[&Said]) -> Metrics {
        let mut targets = Vec::new();
        let mut all = BTreeMap::new();
        for (at, name) in self.names.iter().enumerate() {
            let truth: Vec<f64> = self.column(said.iter().copied(), at).collect();
            let values: Vec<f64> = shares_of(said.iter().copied(), at).collect();
            let score = r2(&truth, &values);
            all.insert(format!("r2_{name}"), score.unwrap_or(f64::NAN));
            if let Some(score) = score {
                targets.push(TargetScore {
                    name: name.clone(),
                    tracks: truth.len(),
                    score,
                    precision: None,
                });
            }
        }
        let score = mean(targets.iter().map(|target| target.score)).unwrap_or(f64::NAN);
        all.insert("r2".to_owned(), score);
        Metrics {
            metric: "mean R2",
            key: "r2",
            score,
            all,
            targets,
        }
    }

    /// The truths of a tag or dimension.
    fn column<'b>(
        &'b self,
        said: impl Iterator<Item = &'b Said> + 'b,
        at: usize,
    ) -> impl Iterator<Item = f64> + 'b {
        said.map(move |said| {
            let values = self.values.get(said.track);
            values
                .and_then(|values| values.get(at).copied())
                .unwrap_or(0.0)
        })
    }

    fn is_right(&self, said: &Said) -> f64 {
        let right = self.labels.get(said.track) == Some(&largest(&said.shares).0);
        f64::from(u8::from(right))
    }

    /// Whether fewer than [`TOP`] classes have a larger share than the truth.
    fn is_among_top(&self, said: &Said) -> f64 {
        let truth = self.labels.get(said.track).copied().unwrap_or(0);
        let share = said.shares.get(truth).copied().unwrap_or(0.0);
        let larger = said.shares.iter().filter(|&&other| other > share).count();
        f64::from(u8::from(larger < TOP))
    }

    fn weighted(&self, said: &Said) -> Option<f64> {
        let truth = u8::try_from(*self.labels.get(said.track)?).ok()?;
        let key = u8::try_from(largest(&said.shares).0).ok()?;
        Some(key_score(truth, key))
    }

    pub(super) fn confusion(&self, said: &[&Said]) -> Vec<Vec<usize>> {
        if !self.has_classes() {
            return Vec::new();
        }
        let mut confusion = vec![vec![0; self.names.len()]; self.names.len()];
        for said in said {
            let row = self.labels.get(said.track);
            let row = row.and_then(|&truth| confusion.get_mut(truth));
            if let Some(cell) = row.and_then(|row| row.get_mut(largest(&said.shares).0)) {
                *cell += 1;
            }
        }
        confusion
    }

    /// The middle 95 % of each metric over draws of the tested tracks with replacement (percentile bootstrap, Efron
    /// 1979), by the name of the metric. Metrics that a draw cannot give are those of its other draws. Where all draws score
    /// the same, the interval is that of [`same_score_interval`].
    pub(super) fn intervals(&self, said: &[&Said], seed: u64) -> BTreeMap<String, [f64; 2]> {
        // What is sorted for each tag and draw costs too much for a thousand draws of the largest test parts.
        let draws = match said.len() * self.names.len() {
            0..100_000 => DRAWS,
            _ => FEW_DRAWS,
        };
        let drawn: Vec<BTreeMap<String, f64>> = (0..draws as u64)
            .into_par_iter()
            .map(|draw| {
                let mut random = stream(seed, draw, 1, Purpose::Split);
                let drawn: Vec<&Said> = (0..said.len())
                    .filter_map(|_| said.get(random.below(said.len())).copied())
                    .collect();
                self.metrics(&drawn).all
            })
            .collect();
        let mut values: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for (name, value) in drawn
            .into_iter()
            .flatten()
            .filter(|(_, value)| value.is_finite())
        {
            values.entry(name).or_default().push(value);
        }
        values
            .into_iter()
            .map(|(name, mut values)| {
                values.sort_by(f64::total_cmp);
                let at = |share: f64| {
                    let place = (share * (values.len() - 1) as f64).round() as usize;
                    values.get(place).copied().unwrap_or(f64::NAN)
                };
                let [low, high] = [at(0.025), at(0.975)];
                let interval = match low < high {
                    true => [low, high],
                    false => same_score_interval(low, self.independent(&name, said)),
                };
                (name, interval)
            })
            .collect()
    }

    /// How many independent answers a metric from 0 to 1 is the mean of: the tested tracks; of a ROC-AUC, which is the share
    /// of rightly ranked pairs, as many pairs as share no track, of the tag that has the fewest. 0 of metrics that are no
    /// such mean.
    fn independent(&self, metric: &str, said: &[&Said]) -> usize {
        match (self.task, metric) {
            (Task::Genre | Task::Key, _) => said.len(),
            (Task::Tags, "roc_auc") => {
                let pairs = (0..self.names.len()).map(|tag| {
                    let with = self.column(said.iter().copied(), tag).filter(|v| *v > 0.5);
                    let with = with.count();
                    with.min(said.len() - with)
                });
                pairs.filter(|&pairs| pairs > 0).min().unwrap_or(0)
            }
            (Task::Tags | Task::Emotion, _) => 0,
        }
    }

    /// What the majority baseline scores on the tested tracks.
    pub(super) fn baseline(&self, said: &[&Said]) -> f64 {
        match self.task {
            Task::Tags => 0.5,
            Task::Emotion => 0.0,
            Task::Genre | Task::Key => (0..self.names.len())
                .map(|class| {
                    let constant: Vec<Said> = said
                        .iter()
                        .map(|said| Said {
                            track: said.track,
                            fold: said.fold,
                            furthest_secs: said.furthest_secs,
                            shares: (0..self.names.len())
                                .map(|other| f64::from(u8::from(other == class)))
                                .collect(),
                        })
                        .collect();
                    self.metrics(&constant).score
                })
                .fold(0.0, f64::max),
        }
    }

    /// How many tracks the score rests on; and where the interval tells nothing, that it does not.
    pub(super) fn explain(&self, said: &[&Said], whole: &Metrics, interval: [f64; 2]) -> String {
        // Wilson's reaches to the end of the scale, draws to what was seen.
        let same = same_score_interval(whole.score, self.independent(whole.key, said));
        let spread = interval[0] < interval[1] && interval != same;
        let tested = counted(said.len(), "test track");
        let basis = match self.task {
            Task::Genre => {
                let right = said.iter().map(|said| self.is_right(said)).sum::<f64>();
                format!("{right:.0} of {tested} right")
            }
            Task::Key => format!("{} over {tested}", whole.metric),
            Task::Tags | Task::Emotion => {
                let (scored, all) = (whole.targets.len(), self.names.len());
                let of = if scored < all {
                    format!("{scored} of {all}")
                } else {
                    all.to_string()
                };
                let what = if self.task == Task::Tags {
                    "tags"
                } else {
                    "dimensions"
                };
                format!("{} over {of} {what} and {tested}", whole.metric)
            }
        };
        if !whole.score.is_finite() {
            return format!("{basis}: not defined");
        }
        let same = "whichever of them are drawn, the score is the same";
        match (spread, interval[0] < interval[1]) {
            (true, _) => format!(
                "{basis}; the 95 % interval holds 95 of 100 scores of as many of them drawn with replacement"
            ),
            (false, true) => {
                format!(
                    "{basis}; {same}, so the 95 % interval is Wilson's: test more tracks to narrow it"
                )
            }
            (false, false) => format!(
                "{basis}; {same}, and nothing tells how it would be with other tracks: test more of them"
            ),
        }
    }

    /// Which tags or dimensions have no score on the tested tracks, and why.
    pub(super) fn explain_unscored(&self, said: &[&Said], whole: &Metrics) -> Vec<String> {
        if self.has_classes() {
            return Vec::new();
        }
        let tested: Vec<usize> = said.iter().map(|said| said.track).collect();
        let scored = |name: &String| whole.targets.iter().any(|target| target.name == *name);
        let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (at, name) in self.names.iter().enumerate() {
            if scored(name) {
                continue;
            }
            let reason = match self.task {
                Task::Tags => match self.with_tag(&tested, at) {
                    0 => "no test track has it",
                    all if all == tested.len() => "every test track has it",
                    _ => "in no fold have some training and test tracks it and others not",
                },
                _ if tested.len() < 2 => "R2 needs at least two test tracks",
                _ => "every test track has the same value, so there is no spread to explain",
            };
            reasons.entry(reason).or_default().push(name);
        }
        reasons
            .into_iter()
            .map(|(reason, names)| {
                format!("not scored and in no mean, as {reason}: {}", listed(&names))
            })
            .collect()
    }

    /// Where the window of a track begins whose own answer is furthest from the truth, in seconds; of equals the first.
    /// `windows` are the shares (tags: scores, numbers: values) of the track's windows in the order of its rows. How far
    /// is, of classes, the share that the truth lacks; of tags, how much higher those are ranked that don't hold than
    /// those that do; of numbers, the sum of the differences.
    pub(super) fn furthest_secs(
        &self,
        track: usize,
        windows: impl Iterator<Item = Vec<f64>>,
    ) -> f32 {
        let truth = self.values.get(track).map_or(&[][..], Vec::as_slice);
        let off = |shares: Vec<f64>| -> f64 {
            match self.task {
                Task::Genre | Task::Key => {
                    let known = self.labels.get(track).and_then(|&class| shares.get(class));
                    1.0 - known.copied().unwrap_or(0.0)
                }
                Task::Tags => {
                    let of = |holds: bool| {
                        let tags = truth.iter().zip(&shares);
                        mean(
                            tags.filter(|(truth, _)| (**truth > 0.5) == holds)
                                .map(|(_, score)| *score),
                        )
                    };
                    of(false).unwrap_or(0.0) - of(true).unwrap_or(0.0)
                }
                Task::Emotion => truth.iter().zip(&shares).map(|(t, s)| (t - s).abs()).sum(),
            }
        };
        let rows = self.rows.get(track).map_or(&[][..], Vec::as_slice);
        let mut furthest = (f64::NEG_INFINITY, 0.0);
        for (&row, shares) in rows.iter().zip(windows) {
            let start_secs = self.table.timestamps.get(row).copied().unwrap_or(0.0);
            let off = off(shares);
            if off > furthest.0 {
                furthest = (off, start_secs);
            }
        }
        furthest.1
    }

    fn path(&self, track: usize) -> PathBuf {
        self.tracks
            .get(track)
            .and_then(|&row| self.table.tracks.get(row))
            .map(|track| track.path.clone())
            .unwrap_or_default()
    }

    pub(super) fn predictions(&self, said: &[&Said]) -> Vec<TrackPrediction> {
        if !self.has_classes() {
            return Vec::new();
        }
        said.iter()
            .map(|said| {
                let (prediction, confidence) = largest(&said.shares);
                TrackPrediction {
                    path: self.path(said.track),
                    truth: self.labels.get(said.track).copied().unwrap_or(0),
                    prediction,
                    confidence,
                    furthest_secs: said.furthest_secs,
                }
            })
            .collect()
    }

    pub(super) fn outputs(&self, said: &[&Said]) -> Vec<TrackOutput> {
        if self.has_classes() {
            return Vec::new();
        }
        said.iter()
            .map(|said| TrackOutput {
                path: self.path(said.track),
                truth: self.values.get(said.track).cloned().unwrap_or_default(),
                output: said.shares.clone(),
                furthest_secs: said.furthest_secs,
            })
            .collect()
    }
}

fn shares_of<'b>(
    said: impl Iterator<Item = &'b Said> + 'b,
    at: usize,
) -> impl Iterator<Item = f64> + 'b {
    said.map(move |said| said.shares.get(at).copied().unwrap_or(0.0))
}

/// 95 % interval of a mean of values from 0 to 1 of which all `n` that were seen are `score`: no draw of them knows how
/// often others would differ. By Wilson's interval of 0 of `n` that differ, so many may have any value: 12 of 12 right give 0.76
/// to 1. NaN where nothing independent was seen.
pub(super) fn same_score_interval(score: f64, n: usize) -> [f64; 2] {
    if !(0.0..=1.0).contains(&score) {
        return [f64::NAN; 2];
    }
    let [_, others] = wilson_interval(0.0, n);
    let low = score * (1.0 - others);
    [low, low + others]
}

pub(super) fn deviation(values: &[f64]) -> Option<f64> {
    let n = values.len() as f64;
    (values.len() >= 2).then(|| {
        let mean = values.iter().sum::<f64>() / n;
        (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt()
    })
}

#[cfg(test)]
mod tests {
    use super::same_score_interval;

    /// Wilson's interval as R's `prop.test(12, 12, correct = FALSE)` and `prop.test(0, 4, correct = FALSE)` give it.
    #[test]
    fn where_all_answers_are_alike_the_interval_is_wilsons() {
        let near = |[low, high]: [f64; 2], wanted: [f64; 2]| {
            assert!((low - wanted[0]).abs() < 1e-6 && (high - wanted[1]).abs() < 1e-6);
        };
        near(same_score_interval(1.0, 12), [0.757_505_7, 1.0]);
        near(same_score_interval(0.0, 4), [0.0, 0.489_890_9]);
        // All a fifth off: others may be right or score nothing.
        near(same_score_interval(0.5, 12), [0.378_752_9, 0.621_247_1]);
        assert!(same_score_interval(1.0, 0)[0].is_nan());
        assert!(same_score_interval(-3.0, 9)[1].is_nan());
    }
}
