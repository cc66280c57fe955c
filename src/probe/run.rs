use std::{
    collections::{BTreeMap, HashMap, HashSet},
    path::{Path, PathBuf},
    time::Instant,
};

use ndarray::Array2;

use super::{
    ProbeError, ProbeReport, ProbeSettings, Protocol, SplitSizes, TargetScore, Targets, Task,
    TrackOutput, TrackPrediction, Truth,
    heads::{Known, Model, Parts, fit_each, standardise},
    linear::Scaler,
    metrics::{average_precision, key_score, mean, r2, roc_auc},
};
use crate::{
    collection::{Collection, Split, split_by_track},
    embedding::EmbeddingTable,
    jobs::Watch,
    tokens::{Purpose, stream},
};

/// Trains a head for the labels of the table's tracks: [`probe`] of the task genre without a published split.
pub fn probe_genre(
    table: &EmbeddingTable,
    settings: &ProbeSettings,
    watch: &Watch<'_>,
) -> Result<ProbeReport, ProbeError> {
    probe(table, &Targets::genres(table), None, settings, watch)
}

/// [`probe`] of the settings' task on a table made of a collection, with the collection's labels and published split.
pub fn probe_collection(
    table: &EmbeddingTable,
    collection: &Collection,
    settings: &ProbeSettings,
    watch: &Watch<'_>,
) -> Result<ProbeReport, ProbeError> {
    let targets = Targets::of(settings.task, table, collection)?;
    let places: HashMap<&Path, usize> = table
        .tracks
        .iter()
        .enumerate()
        .map(|(place, track)| (track.path.as_path(), place))
        .collect();
    let published = collection.split.as_ref().map(|split| {
        let part = |part: &[usize]| {
            let tracks = part.iter().filter_map(|&at| collection.tracks.get(at));
            tracks
                .filter_map(|track| places.get(track.path.as_path()).copied())
                .collect()
        };
        Split {
            train: part(&split.train),
            valid: part(&split.valid),
            test: part(&split.test),
        }
    });
    probe(table, &targets, published.as_ref(), settings, watch)
}

/// Trains a head on the rows of a table and scores whole tracks that it never saw. The prediction of a track is made
/// from the mean of its rows' scores. The scaler is fitted on training tracks, the setting is chosen on validation
/// tracks, test tracks are looked at once; no track is in two parts. `published` is a split of the table's tracks;
/// the protocol `clean` uses it where there is one.
pub fn probe(
    table: &EmbeddingTable,
    targets: &Targets,
    published: Option<&Split>,
    settings: &ProbeSettings,
    watch: &Watch<'_>,
) -> Result<ProbeReport, ProbeError> {
    let start = Instant::now();
    table
        .validate()
        .map_err(|error| ProbeError::Table(error.to_string()))?;
    let (data, mut notes) = Data::of(table, targets)?;
    let splits = data.splits(settings, published, &mut notes)?;
    let folds = splits.len();
    let mut said = Vec::new();
    let (mut scores, mut chosen) = (Vec::new(), Vec::new());
    let mut sizes = SplitSizes::default();
    for (fold, split) in splits.iter().enumerate() {
        watch.progress("training probes", fold as u64, Some(folds as u64));
        let fitted = fit(&data, split, settings, watch)?;
        let tested: Vec<Said> = split
            .test
            .iter()
            .zip(data.track_scores(&split.test, &fitted))
            .map(|(&track, scores)| Said {
                track,
                fold,
                shares: data.shares(&scores, &fitted.model),
            })
            .collect();
        scores.push(data.metrics(&tested).score);
        said.extend(tested);
        chosen.push(fitted.chosen);
        sizes.train += split.train.len();
        sizes.valid += split.valid.len();
        sizes.test += split.test.len();
    }
    watch.progress("training probes", folds as u64, Some(folds as u64));
    let whole = data.metrics(&said);
    let interval = data.interval(&said, &whole, settings.seed);
    notes.extend(data.explain(&said, &whole, interval));
    let average = |sum: usize| (sum + folds / 2) / folds.max(1);
    let single = !matches!(settings.protocol, Protocol::Folds(_));
    Ok(ProbeReport {
        task: targets.task.to_string(),
        head: settings.head.to_string(),
        protocol: settings.protocol.to_string(),
        encoder: table.encoder.clone(),
        classes: data.names.clone(),
        metric: whole.metric.to_owned(),
        score: whole.score,
        metrics: whole.all,
        interval,
        baseline: data.baseline(&said),
        // Folds of a track each have no spread that means anything.
        deviation: (!single && said.len() > folds)
            .then(|| deviation(&scores))
            .flatten(),
        folds: if single { Vec::new() } else { scores },
        confusion: data.confusion(&said),
        targets: whole.targets,
        split: SplitSizes {
            train: average(sizes.train),
            valid: average(sizes.valid),
            test: average(sizes.test),
        },
        chosen,
        predictions: data.predictions(&said),
        outputs: data.outputs(&said),
        notes,
        seconds: start.elapsed().as_secs_f64(),
    })
}

/// What was said about a tested track.
struct Said {
    /// Place among the usable tracks.
    track: usize,
    /// Which probe said it: the scores of different probes cannot be ranked against each other.
    fold: usize,
    /// Shares of classes, scores of tags, values of dimensions. [names]
    shares: Vec<f64>,
}

/// The scores of some tested tracks.
struct Metrics {
    metric: &'static str,
    score: f64,
    all: BTreeMap<String, f64>,
    targets: Vec<TargetScore>,
}

/// The tracks that can be used, with their rows.
pub(super) struct Data<'a> {
    table: &'a EmbeddingTable,
    task: Task,
    names: Vec<String>,
    /// Place in the table's tracks of each usable track.
    tracks: Vec<usize>,
    /// Class of each usable track; 0 for tasks without classes.
    pub(super) labels: Vec<usize>,
    /// Values of each usable track, for tasks without classes.
    values: Vec<Vec<f64>>,
    /// Rows of each usable track.
    rows: Vec<Vec<usize>>,
}

impl<'a> Data<'a> {
    pub(super) fn of(
        table: &'a EmbeddingTable,
        targets: &Targets,
    ) -> Result<(Self, Vec<String>), ProbeError> {
        let mut rows = vec![Vec::new(); table.tracks.len()];
        for (row, &track) in table.track.iter().enumerate() {
            if let Some(rows) = rows.get_mut(track as usize) {
                rows.push(row);
            }
        }
        let mut data = Self {
            table,
            task: targets.task,
            names: targets.names.clone(),
            tracks: Vec::new(),
            labels: Vec::new(),
            values: Vec::new(),
            rows: Vec::new(),
        };
        let mut unlabelled = 0;
        let readable = rows.into_iter().zip(&targets.truths).enumerate();
        for (track, (rows, truth)) in readable.filter(|(_, (rows, _))| !rows.is_empty()) {
            match truth {
                Some(Truth::Class(class)) => {
                    data.labels.push(*class);
                    data.values.push(Vec::new());
                }
                Some(Truth::Values(values)) => {
                    data.labels.push(0);
                    data.values.push(values.clone());
                }
                None => {
                    unlabelled += 1;
                    continue;
                }
            }
            data.tracks.push(track);
            data.rows.push(rows);
        }
        if data.tracks.is_empty() {
            return Err(ProbeError::Labels(
                "no track has a label; put the tracks of each class into a folder of its own"
                    .into(),
            ));
        }
        let mut notes = Vec::new();
        if unlabelled > 0 {
            notes.push(format!("{unlabelled} tracks without a label were left out"));
        }
        match targets.task {
            Task::Genre => data.leave_out_single_classes(&mut notes)?,
            Task::Key | Task::Tags | Task::Emotion => data.check_size()?,
        }
        Ok((data, notes))
    }

    /// A class of one track cannot be learned and tested.
    fn leave_out_single_classes(&mut self, notes: &mut Vec<String>) -> Result<(), ProbeError> {
        let mut counts = vec![0_usize; self.names.len()];
        for &label in &self.labels {
            if let Some(count) = counts.get_mut(label) {
                *count += 1;
            }
        }
        let single: Vec<&str> = named(&self.names, &counts, |count| count == 1);
        if !single.is_empty() {
            notes.push(format!(
                "classes with a single track cannot be tested and were left out: {}",
                single.join(", ")
            ));
        }
        let mut place = 0;
        let places: Vec<Option<usize>> = counts
            .iter()
            .map(|&count| {
                (count >= 2).then(|| {
                    place += 1;
                    place - 1
                })
            })
            .collect();
        if place < 2 {
            return Err(ProbeError::Labels(format!(
                "a probe needs at least two classes of at least two tracks each, but there are {place} such classes; add tracks"
            )));
        }
        let fewest = counts.iter().copied().filter(|&count| count >= 2).min();
        if let Some(fewest) = fewest.filter(|&fewest| fewest < 5) {
            notes.push(format!(
                "the smallest class has only {fewest} tracks: read the score with its interval, and prefer the protocol folds:K"
            ));
        }
        let kept: Vec<bool> = self
            .labels
            .iter()
            .map(|&label| places.get(label).is_some_and(Option::is_some))
            .collect();
        keep(&mut self.tracks, &kept);
        keep(&mut self.labels, &kept);
        keep(&mut self.values, &kept);
        keep(&mut self.rows, &kept);
        for label in &mut self.labels {
            *label = places.get(*label).copied().flatten().unwrap_or(0);
        }
        let named: Vec<bool> = places.iter().map(Option::is_some).collect();
        keep(&mut self.names, &named);
        Ok(())
    }

    fn check_size(&self) -> Result<(), ProbeError> {
        const FEWEST: usize = 5;
        if self.tracks.len() < FEWEST {
            return Err(ProbeError::Labels(format!(
                "a probe of {} needs at least {FEWEST} labelled tracks, but there are {}; add tracks",
                self.task,
                self.tracks.len()
            )));
        }
        if self.names.is_empty() {
            return Err(ProbeError::Labels(
                "no tag holds for some tracks and not for others; a probe has nothing to learn"
                    .into(),
            ));
        }
        Ok(())
    }

    fn has_classes(&self) -> bool {
        matches!(self.task, Task::Genre | Task::Key)
    }

    pub(super) fn splits(
        &self,
        settings: &ProbeSettings,
        published: Option<&Split>,
        notes: &mut Vec<String>,
    ) -> Result<Vec<Split>, ProbeError> {
        // Tasks without classes have one label, so that their split is by track alone.
        let own = || split_by_track(&self.labels, settings.seed);
        let split = match (settings.protocol, published) {
            (Protocol::Folds(folds), _) => return Ok(self.folds(folds, settings.seed)),
            (Protocol::Quick, _) => own(),
            (Protocol::Clean, None) => {
                notes.push(
                    "this collection has no published split: one by track was drawn from the seed"
                        .into(),
                );
                own()
            }
            (Protocol::Clean, Some(published)) => {
                let split = self.places(published);
                let [train, valid, test] =
                    [&split.train, &split.valid, &split.test].map(|part| part.len());
                notes.push(format!(
                    "the published split: {train} of {} training, {valid} of {} validation and {test} of {} test tracks were found",
                    published.train.len(),
                    published.valid.len(),
                    published.test.len()
                ));
                split
            }
        };
        if split.train.is_empty() || split.test.is_empty() {
            return Err(ProbeError::Labels(format!(
                "the {} part has no labelled track; add tracks or take the protocol folds:K",
                if split.train.is_empty() {
                    "training"
                } else {
                    "test"
                }
            )));
        }
        if split.valid.is_empty() {
            notes.push("too few tracks for a validation part: the default setting was used".into());
        }
        Ok(vec![split])
    }

    /// A split of the table's tracks as one of the usable tracks.
    fn places(&self, split: &Split) -> Split {
        let part = |part: &[usize]| -> Vec<usize> {
            let wanted: HashSet<usize> = part.iter().copied().collect();
            let usable = self.tracks.iter().enumerate();
            usable
                .filter(|(_, track)| wanted.contains(track))
                .map(|(place, _)| place)
                .collect()
        };
        Split {
            train: part(&split.train),
            valid: part(&split.valid),
            test: part(&split.test),
        }
    }

    fn folds(&self, folds: usize, seed: u64) -> Vec<Split> {
        let folds = folds.clamp(2, self.labels.len().max(2));
        let fold_of = self.assign_folds(folds, seed);
        (0..folds)
            .map(|fold| {
                let (test, rest): (Vec<usize>, Vec<usize>) =
                    (0..self.labels.len()).partition(|&track| fold_of.get(track) == Some(&fold));
                let labels: Vec<usize> = rest
                    .iter()
                    .filter_map(|&track| self.labels.get(track).copied())
                    .collect();
                // Of the other tracks a fifth chooses the setting; the rest trains.
                let inner = split_by_track(&labels, seed);
                let place = |part: &[usize]| -> Vec<usize> {
                    part.iter()
                        .filter_map(|&at| rest.get(at).copied())
                        .collect()
                };
                let mut train = place(&[inner.train, inner.test].concat());
                train.sort_unstable();
                Split {
                    train,
                    valid: place(&inner.valid),
                    test,
                }
            })
            .filter(|split| !split.test.is_empty())
            .collect()
    }

    /// The fold of each track: every class is dealt out in turn, going on where the class before stopped.
    fn assign_folds(&self, folds: usize, seed: u64) -> Vec<usize> {
        let mut fold_of = vec![0; self.labels.len()];
        let classes = self.labels.iter().max().map_or(0, |most| most + 1);
        let mut next = 0;
        for class in 0..classes {
            let mut tracks: Vec<usize> = (0..self.labels.len())
                .filter(|&track| self.labels.get(track) == Some(&class))
                .collect();
            stream(seed, 0, class as u64, Purpose::Split).shuffle(&mut tracks);
            for track in tracks {
                if let Some(fold) = fold_of.get_mut(track) {
                    *fold = next % folds;
                }
                next += 1;
            }
        }
        fold_of
    }

    /// The rows of some tracks, [rows, dim], and what is known about each.
    pub(super) fn matrix(&self, tracks: &[usize]) -> (Array2<f64>, Known) {
        let (mut numbers, mut classes, mut values) = (Vec::new(), Vec::new(), Vec::new());
        for &track in tracks {
            let (Some(rows), Some(&label), Some(known)) = (
                self.rows.get(track),
                self.labels.get(track),
                self.values.get(track),
            ) else {
                continue;
            };
            for &row in rows {
                numbers.extend(self.table.row(row).iter().map(|&value| f64::from(value)));
                classes.push(label);
                values.extend_from_slice(known);
            }
        }
        let shape = (classes.len(), self.table.dim);
        let matrix =
            Array2::from_shape_vec(shape, numbers).unwrap_or_else(|_| Array2::zeros(shape));
        if self.has_classes() {
            return (matrix, Known::Classes(classes));
        }
        let shape = (classes.len(), self.names.len());
        let values = Array2::from_shape_vec(shape, values).unwrap_or_else(|_| Array2::zeros(shape));
        let known = match self.task {
            Task::Tags => Known::Tags(values),
            _ => Known::Numbers(values),
        };
        (matrix, known)
    }

    /// Mean scores of each track.
    fn track_scores(&self, tracks: &[usize], fitted: &Fitted) -> Vec<Vec<f64>> {
        tracks
            .iter()
            .map(|&track| {
                let (rows, _) = self.matrix(&[track]);
                let rows = standardise(&fitted.scaler, &rows);
                let scores = fitted.model.scores(&rows, self.names.len());
                let count = scores.nrows().max(1) as f64;
                scores
                    .columns()
                    .into_iter()
                    .map(|column| column.sum() / count)
                    .collect()
            })
            .collect()
    }

    /// Scores of a track as shares that sum to 1, for classes; as they are, for other tasks.
    fn shares(&self, scores: &[f64], model: &Model) -> Vec<f64> {
        if !self.has_classes() {
            return scores.to_vec();
        }
        if model.has_logits() {
            let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let powers: Vec<f64> = scores.iter().map(|score| (score - most).exp()).collect();
            let sum: f64 = powers.iter().sum();
            return powers.iter().map(|power| power / sum).collect();
        }
        // Least squares of ones and zeros estimates shares, but may leave their range.
        let within: Vec<f64> = scores.iter().map(|score| score.max(0.0)).collect();
        let sum: f64 = within.iter().sum();
        match sum > 0.0 {
            true => within.iter().map(|share| share / sum).collect(),
            false => scores.to_vec(),
        }
    }

    fn metrics(&self, said: &[Said]) -> Metrics {
        match self.task {
            Task::Genre | Task::Key => self.class_metrics(said),
            Task::Tags => self.tag_metrics(said),
            Task::Emotion => self.number_metrics(said),
        }
    }

    fn class_metrics(&self, said: &[Said]) -> Metrics {
        let confusion = self.confusion(said);
        let accuracy = mean(said.iter().map(|said| self.is_right(said))).unwrap_or(0.0);
        let mut all = BTreeMap::from([("accuracy".to_owned(), accuracy)]);
        let (mut metric, mut score) = ("accuracy", accuracy);
        if self.task == Task::Key {
            let weighted = mean(said.iter().filter_map(|said| self.weighted(said)));
            (metric, score) = ("weighted key score", weighted.unwrap_or(0.0));
            all.insert("weighted_key_score".to_owned(), score);
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
            score,
            all,
            targets,
        }
    }

    /// Of each tag the mean over the folds in which it can be scored.
    fn tag_metrics(&self, said: &[Said]) -> Metrics {
        let folds = said.iter().map(|said| said.fold + 1).max().unwrap_or(0);
        let mut targets = Vec::new();
        for (tag, name) in self.names.iter().enumerate() {
            let (mut areas, mut precisions, mut tracks) = (Vec::new(), Vec::new(), 0);
            for fold in 0..folds {
                let one = || said.iter().filter(move |said| said.fold == fold);
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
        let area = mean(targets.iter().map(|target| target.score)).unwrap_or(0.5);
        let precision = mean(targets.iter().filter_map(|target| target.precision));
        let all = [
            ("roc_auc", area),
            ("average_precision", precision.unwrap_or(0.0)),
        ];
        Metrics {
            metric: "ROC-AUC",
            score: area,
            all: all.map(|(name, value)| (name.to_owned(), value)).into(),
            targets,
        }
    }

    fn number_metrics(&self, said: &[Said]) -> Metrics {
        let mut targets = Vec::new();
        for (at, name) in self.names.iter().enumerate() {
            let truth: Vec<f64> = self.column(said.iter(), at).collect();
            let values: Vec<f64> = shares_of(said.iter(), at).collect();
            if let Some(score) = r2(&truth, &values) {
                targets.push(TargetScore {
                    name: name.clone(),
                    tracks: truth.len(),
                    score,
                    precision: None,
                });
            }
        }
        let score = mean(targets.iter().map(|target| target.score)).unwrap_or(0.0);
        let mut all: BTreeMap<String, f64> = targets
            .iter()
            .map(|target| (format!("r2_{}", target.name), target.score))
            .collect();
        all.insert("r2".to_owned(), score);
        Metrics {
            metric: "mean R2",
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
        let right = self.labels.get(said.track) == Some(&decide(&said.shares).0);
        f64::from(u8::from(right))
    }

    fn weighted(&self, said: &Said) -> Option<f64> {
        let truth = u8::try_from(*self.labels.get(said.track)?).ok()?;
        let key = u8::try_from(decide(&said.shares).0).ok()?;
        Some(key_score(truth, key))
    }

    fn confusion(&self, said: &[Said]) -> Vec<Vec<usize>> {
        if !self.has_classes() {
            return Vec::new();
        }
        let mut confusion = vec![vec![0; self.names.len()]; self.names.len()];
        for said in said {
            let row = self.labels.get(said.track);
            let row = row.and_then(|&truth| confusion.get_mut(truth));
            if let Some(cell) = row.and_then(|row| row.get_mut(decide(&said.shares).0)) {
                *cell += 1;
            }
        }
        confusion
    }

    /// 95 %: Wilson's for an accuracy, else of 1000 draws of the tested tracks with replacement.
    fn interval(&self, said: &[Said], whole: &Metrics, seed: u64) -> [f64; 2] {
        if self.task == Task::Genre {
            let right = said.iter().map(|said| self.is_right(said)).sum::<f64>();
            return wilson(right.round() as usize, said.len());
        }
        const DRAWS: usize = 1000;
        let mut random = stream(seed, 1, 0, Purpose::Split);
        let mut scores: Vec<f64> = (0..DRAWS)
            .map(|_| {
                let drawn: Vec<Said> = (0..said.len())
                    .filter_map(|_| said.get(random.below(said.len())))
                    .map(|said| Said {
                        track: said.track,
                        fold: said.fold,
                        shares: said.shares.clone(),
                    })
                    .collect();
                self.metrics(&drawn).score
            })
            .collect();
        scores.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let place = (share * (DRAWS - 1) as f64).round() as usize;
            scores.get(place).copied().unwrap_or(whole.score)
        };
        [at(0.025), at(0.975)]
    }

    /// What the best constant answer scores on the tested tracks.
    fn baseline(&self, said: &[Said]) -> f64 {
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
                            shares: (0..self.names.len())
                                .map(|other| f64::from(u8::from(other == class)))
                                .collect(),
                        })
                        .collect();
                    self.class_metrics(&constant).score
                })
                .fold(0.0, f64::max),
        }
    }

    fn explain(&self, said: &[Said], whole: &Metrics, interval: [f64; 2]) -> Option<String> {
        let tested = said.len();
        Some(match self.task {
            Task::Genre => {
                let right = said.iter().map(|said| self.is_right(said)).sum::<f64>();
                format!(
                    "{right:.0} of {tested} test tracks right; with so many tracks the true accuracy lies between {:.0} and {:.0} % (95 % interval)",
                    100.0 * interval[0],
                    100.0 * interval[1]
                )
            }
            _ => format!(
                "{} over {tested} test tracks; drawn again with replacement, 95 of 100 such scores lie between {:.3} and {:.3}",
                whole.metric, interval[0], interval[1]
            ),
        })
    }

    fn path(&self, track: usize) -> PathBuf {
        self.tracks
            .get(track)
            .and_then(|&row| self.table.tracks.get(row))
            .map(|track| track.path.clone())
            .unwrap_or_default()
    }

    fn predictions(&self, said: &[Said]) -> Vec<TrackPrediction> {
        if !self.has_classes() {
            return Vec::new();
        }
        said.iter()
            .map(|said| {
                let (prediction, confidence) = decide(&said.shares);
                TrackPrediction {
                    path: self.path(said.track),
                    truth: self.labels.get(said.track).copied().unwrap_or(0),
                    prediction,
                    confidence,
                }
            })
            .collect()
    }

    fn outputs(&self, said: &[Said]) -> Vec<TrackOutput> {
        if self.has_classes() {
            return Vec::new();
        }
        said.iter()
            .map(|said| TrackOutput {
                path: self.path(said.track),
                truth: self.values.get(said.track).cloned().unwrap_or_default(),
                output: said.shares.clone(),
            })
            .collect()
    }
}

/// Names whose count is as asked.
fn named<'a>(
    names: &'a [String],
    counts: &[usize],
    wanted: impl Fn(usize) -> bool,
) -> Vec<&'a str> {
    let counted = names.iter().zip(counts);
    counted
        .filter(|&(_, &count)| wanted(count))
        .map(|(name, _)| name.as_str())
        .collect()
}

fn keep<T>(values: &mut Vec<T>, kept: &[bool]) {
    let mut kept = kept.iter();
    values.retain(|_| kept.next().copied().unwrap_or(false));
}

fn shares_of<'b>(
    said: impl Iterator<Item = &'b Said> + 'b,
    at: usize,
) -> impl Iterator<Item = f64> + 'b {
    said.map(move |said| said.shares.get(at).copied().unwrap_or(0.0))
}

pub(super) struct Fitted {
    pub(super) scaler: Scaler,
    pub(super) model: Model,
    pub(super) chosen: String,
}

/// Fits each setting on the training tracks and keeps the one with the best validation score (ties, for classes: the
/// larger mean share of the truth; then the earlier setting). Never looks at the test tracks.
pub(super) fn fit(
    data: &Data<'_>,
    split: &Split,
    settings: &ProbeSettings,
    watch: &Watch<'_>,
) -> Result<Fitted, ProbeError> {
    let (rows, known) = data.matrix(&split.train);
    let scaler = Scaler::fit(&rows);
    let rows = scaler.apply(&rows);
    let (valid_rows, valid_known) = data.matrix(&split.valid);
    let parts = Parts {
        rows: &rows,
        known: &known,
        valid_rows: &standardise(&scaler, &valid_rows),
        valid_known: &valid_known,
        outputs: data.names.len(),
        seed: settings.seed,
    };
    let mut best: Option<((f64, f64), Fitted)> = None;
    let mut try_it = |model: Model, chosen: String| {
        let fitted = Fitted {
            scaler: scaler.clone(),
            model,
            chosen,
        };
        let said: Vec<Said> = split
            .valid
            .iter()
            .zip(data.track_scores(&split.valid, &fitted))
            .map(|(&track, scores)| Said {
                track,
                fold: 0,
                shares: data.shares(&scores, &fitted.model),
            })
            .collect();
        let sure = said.iter().filter_map(|said| {
            let truth = data.labels.get(said.track).filter(|_| data.has_classes())?;
            said.shares.get(*truth).copied()
        });
        let worth = (data.metrics(&said).score, mean(sure).unwrap_or(0.0));
        if best.as_ref().is_none_or(|(most, _)| worth > *most) {
            best = Some((worth, fitted));
        }
    };
    fit_each(settings.head, &parts, watch, &mut try_it)?;
    best.map(|(_, fitted)| fitted).ok_or(ProbeError::Fit {
        head: settings.head,
        why: "no setting gave a score".into(),
    })
}

/// The class with the largest share (the first of equals) and its share.
fn decide(shares: &[f64]) -> (usize, f64) {
    let mut best = (0, f64::NEG_INFINITY);
    for (class, &share) in shares.iter().enumerate() {
        if share > best.1 {
            best = (class, share);
        }
    }
    best
}

/// The 95 % score interval of a proportion (Wilson 1927).
pub(super) fn wilson(right: usize, tested: usize) -> [f64; 2] {
    if tested == 0 {
        return [0.0, 1.0];
    }
    const Z: f64 = 1.959_963_984_540_054;
    let n = tested as f64;
    let p = right as f64 / n;
    let centre = p + Z * Z / (2.0 * n);
    let half = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    [
        ((centre - half) / scale).max(0.0),
        ((centre + half) / scale).min(1.0),
    ]
}

pub(super) fn deviation(values: &[f64]) -> Option<f64> {
    let n = values.len() as f64;
    (values.len() >= 2).then(|| {
        let mean = values.iter().sum::<f64>() / n;
        (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt()
    })
}
