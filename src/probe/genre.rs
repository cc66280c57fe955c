use std::{collections::BTreeMap, time::Instant};

use linfa::DatasetBase;
use ndarray::{Array1, Array2};

use super::{
    Head, ProbeError, ProbeReport, ProbeSettings, Protocol, SplitSizes, TrackPrediction,
    linear::{FitError, Linear, Scaler, knn_scores},
};
use crate::{
    collection::{Split, split_by_track},
    embedding::EmbeddingTable,
    jobs::Watch,
    tokens::{Purpose, stream},
};

/// L2 strengths (per row) that the validation part chooses from, strongest first: of equals the strongest wins.
const STRENGTHS: [f64; 5] = [1.0, 0.1, 0.01, 1e-3, 1e-4];
/// Numbers of neighbours that the validation part chooses from.
const NEIGHBOURS: [usize; 5] = [5, 1, 3, 9, 15];

/// Trains a head on the rows of a table and scores whole tracks that it never saw. The prediction of a track is made
/// from the mean of its rows' scores. The scaler is fitted on training tracks, the setting is chosen on validation
/// tracks, test tracks are looked at once; no track is in two parts.
pub fn probe_genre(
    table: &EmbeddingTable,
    settings: &ProbeSettings,
    watch: &Watch<'_>,
) -> Result<ProbeReport, ProbeError> {
    let start = Instant::now();
    table
        .validate()
        .map_err(|error| ProbeError::Table(error.to_string()))?;
    let (data, mut notes) = Labelled::of(table)?;
    let splits = data.splits(settings, &mut notes);
    let folds = splits.len();
    let classes = data.classes.len();
    let mut confusion = vec![vec![0_usize; classes]; classes];
    let mut predictions = Vec::new();
    let (mut accuracies, mut chosen) = (Vec::new(), Vec::new());
    let mut sizes = SplitSizes::default();
    for (fold, split) in splits.iter().enumerate() {
        watch.progress("training probes", fold as u64, Some(folds as u64));
        let fitted = fit(&data, split, settings.head, watch)?;
        let mut right = 0;
        for (&track, score) in split
            .test
            .iter()
            .zip(data.track_scores(&split.test, &fitted))
        {
            let (Some(&truth), Some(row)) = (data.labels.get(track), data.tracks.get(track)) else {
                continue;
            };
            let (prediction, confidence) = decide(&score, settings.head);
            right += usize::from(prediction == truth);
            if let Some(cell) = confusion
                .get_mut(truth)
                .and_then(|row| row.get_mut(prediction))
            {
                *cell += 1;
            }
            predictions.push(TrackPrediction {
                path: table
                    .tracks
                    .get(*row)
                    .map(|track| track.path.clone())
                    .unwrap_or_default(),
                truth,
                prediction,
                confidence,
            });
        }
        accuracies.push(right as f64 / split.test.len().max(1) as f64);
        chosen.push(fitted.chosen);
        sizes.train += split.train.len();
        sizes.valid += split.valid.len();
        sizes.test += split.test.len();
    }
    watch.progress("training probes", folds as u64, Some(folds as u64));
    let tested = predictions.len();
    let right: usize = confusion
        .iter()
        .enumerate()
        .filter_map(|(class, row)| row.get(class))
        .sum();
    let mean = |sum: usize| (sum + folds / 2) / folds.max(1);
    let interval = wilson(right, tested);
    notes.push(format!(
        "{right} of {tested} test tracks right; with so many tracks the true accuracy lies between {:.0} and {:.0} % (95 % interval)",
        100.0 * interval[0],
        100.0 * interval[1]
    ));
    let single = settings.protocol == Protocol::Quick;
    let majority = confusion
        .iter()
        .map(|row| row.iter().sum::<usize>())
        .max()
        .unwrap_or(0);
    Ok(ProbeReport {
        task: "genre".to_owned(),
        head: settings.head.to_string(),
        protocol: settings.protocol.to_string(),
        encoder: table.encoder.clone(),
        classes: data.classes.clone(),
        accuracy: right as f64 / tested.max(1) as f64,
        interval,
        majority: majority as f64 / tested.max(1) as f64,
        deviation: (!single).then(|| deviation(&accuracies)).flatten(),
        folds: if single { Vec::new() } else { accuracies },
        confusion,
        split: SplitSizes {
            train: mean(sizes.train),
            valid: mean(sizes.valid),
            test: mean(sizes.test),
        },
        chosen,
        predictions,
        notes,
        seconds: start.elapsed().as_secs_f64(),
    })
}

/// The tracks that can be used, with their rows.
struct Labelled<'a> {
    table: &'a EmbeddingTable,
    classes: Vec<String>,
    /// Place in the table's tracks of each usable track.
    tracks: Vec<usize>,
    /// Class of each usable track.
    labels: Vec<usize>,
    /// Rows of each usable track.
    rows: Vec<Vec<usize>>,
}

impl<'a> Labelled<'a> {
    fn of(table: &'a EmbeddingTable) -> Result<(Self, Vec<String>), ProbeError> {
        let mut rows = vec![Vec::new(); table.tracks.len()];
        for (row, &track) in table.track.iter().enumerate() {
            if let Some(rows) = rows.get_mut(track as usize) {
                rows.push(row);
            }
        }
        let mut by_label: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let mut unlabelled = 0;
        for (index, track) in table.tracks.iter().enumerate() {
            match &track.label {
                _ if rows.get(index).is_none_or(Vec::is_empty) => {}
                Some(label) => by_label.entry(label).or_default().push(index),
                None => unlabelled += 1,
            }
        }
        if by_label.is_empty() {
            return Err(ProbeError::Labels(
                "no track has a label; put the tracks of each class into a folder of its own"
                    .into(),
            ));
        }
        let mut notes = Vec::new();
        if unlabelled > 0 {
            notes.push(format!("{unlabelled} tracks without a label were left out"));
        }
        let single: Vec<&str> = by_label
            .iter()
            .filter(|(_, tracks)| tracks.len() < 2)
            .map(|(label, _)| *label)
            .collect();
        if !single.is_empty() {
            notes.push(format!(
                "classes with a single track cannot be tested and were left out: {}",
                single.join(", ")
            ));
        }
        by_label.retain(|_, tracks| tracks.len() >= 2);
        if by_label.len() < 2 {
            return Err(ProbeError::Labels(format!(
                "a probe needs at least two classes of at least two tracks each, but there are {} such classes; add tracks",
                by_label.len()
            )));
        }
        let fewest = by_label.values().map(Vec::len).min().unwrap_or(0);
        if fewest < 5 {
            notes.push(format!(
                "the smallest class has only {fewest} tracks: read the score with its interval, and prefer the protocol folds:K"
            ));
        }
        let mut usable: Vec<(usize, usize)> = by_label
            .values()
            .enumerate()
            .flat_map(|(class, tracks)| tracks.iter().map(move |&track| (track, class)))
            .collect();
        usable.sort_unstable();
        let data = Self {
            table,
            classes: by_label.keys().map(|&label| label.to_owned()).collect(),
            rows: usable
                .iter()
                .map(|&(track, _)| rows.get_mut(track).map(std::mem::take).unwrap_or_default())
                .collect(),
            tracks: usable.iter().map(|&(track, _)| track).collect(),
            labels: usable.iter().map(|&(_, class)| class).collect(),
        };
        Ok((data, notes))
    }

    fn splits(&self, settings: &ProbeSettings, notes: &mut Vec<String>) -> Vec<Split> {
        let Protocol::Folds(folds) = settings.protocol else {
            let split = split_by_track(&self.labels, settings.seed);
            if split.valid.is_empty() {
                notes.push(
                    "too few tracks for a validation part: the default setting was used".into(),
                );
            }
            return vec![split];
        };
        let folds = folds.clamp(2, self.labels.len().max(2));
        let fold_of = self.assign_folds(folds, settings.seed);
        (0..folds)
            .map(|fold| {
                let (test, rest): (Vec<usize>, Vec<usize>) =
                    (0..self.labels.len()).partition(|&track| fold_of.get(track) == Some(&fold));
                let labels: Vec<usize> = rest
                    .iter()
                    .filter_map(|&track| self.labels.get(track).copied())
                    .collect();
                // Of the other tracks a fifth chooses the setting; the rest trains.
                let inner = split_by_track(&labels, settings.seed);
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
        let mut next = 0;
        for class in 0..self.classes.len() {
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

    /// The rows of some tracks, [rows, dim], and the class of each row.
    fn matrix(&self, tracks: &[usize]) -> (Array2<f64>, Vec<usize>) {
        let (mut values, mut labels) = (Vec::new(), Vec::new());
        for &track in tracks {
            let (Some(rows), Some(&label)) = (self.rows.get(track), self.labels.get(track)) else {
                continue;
            };
            for &row in rows {
                values.extend(self.table.row(row).iter().map(|&value| f64::from(value)));
                labels.push(label);
            }
        }
        let shape = (labels.len(), self.table.dim);
        let matrix = Array2::from_shape_vec(shape, values).unwrap_or_else(|_| Array2::zeros(shape));
        (matrix, labels)
    }

    /// Mean scores of each track.
    fn track_scores(&self, tracks: &[usize], fitted: &Fitted) -> Vec<Vec<f64>> {
        tracks
            .iter()
            .map(|&track| {
                let (rows, _) = self.matrix(&[track]);
                let scores = fitted.scores(&rows, self.classes.len());
                let count = scores.nrows().max(1) as f64;
                scores
                    .columns()
                    .into_iter()
                    .map(|column| column.sum() / count)
                    .collect()
            })
            .collect()
    }
}

enum Model {
    Linear(Linear),
    Knn {
        train: Array2<f64>,
        labels: Vec<usize>,
        k: usize,
    },
}

struct Fitted {
    scaler: Scaler,
    model: Model,
    chosen: String,
}

impl Fitted {
    fn scores(&self, rows: &Array2<f64>, classes: usize) -> Array2<f64> {
        let rows = self.scaler.apply(rows);
        match &self.model {
            Model::Linear(linear) => linear.scores(&rows, classes),
            Model::Knn { train, labels, k } => knn_scores(train, labels, &rows, classes, *k),
        }
    }
}

/// Fits each setting on the training tracks and keeps the one with the best validation accuracy (ties: the larger
/// mean probability of the truth, then the earlier setting). Never looks at the test tracks.
fn fit(
    data: &Labelled<'_>,
    split: &Split,
    head: Head,
    watch: &Watch<'_>,
) -> Result<Fitted, ProbeError> {
    let (rows, labels) = data.matrix(&split.train);
    let scaler = Scaler::fit(&rows);
    let rows = scaler.apply(&rows);
    let dataset = DatasetBase::new(rows.clone(), Array1::from(labels.clone()));
    let mut best: Option<((usize, f64), Fitted)> = None;
    let mut failed = String::new();
    let settings = match head {
        Head::Linear => STRENGTHS.len(),
        Head::Knn => NEIGHBOURS.len(),
    };
    // Without a validation part there is nothing to choose by: the middle strength, five neighbours.
    let tried = match (split.valid.is_empty(), head) {
        (false, _) => 0..settings,
        (true, Head::Linear) => 2..3,
        (true, Head::Knn) => 0..1,
    };
    for setting in tried {
        watch.check()?;
        let (model, chosen) = match head {
            Head::Linear => {
                let strength = STRENGTHS.get(setting).copied().unwrap_or(1e-2);
                match Linear::fit(&dataset, strength, watch) {
                    Ok(linear) => (Model::Linear(linear), format!("L2 strength {strength}")),
                    Err(FitError::Cancelled(cancelled)) => return Err(cancelled.into()),
                    Err(FitError::Failed(why)) => {
                        failed = why;
                        continue;
                    }
                }
            }
            Head::Knn => {
                let k = NEIGHBOURS.get(setting).copied().unwrap_or(5);
                let (train, labels) = (rows.clone(), labels.clone());
                (Model::Knn { train, labels, k }, format!("{k} neighbours"))
            }
        };
        let fitted = Fitted {
            scaler: scaler.clone(),
            model,
            chosen,
        };
        let (mut right, mut sure) = (0, 0.0);
        for (&track, score) in split
            .valid
            .iter()
            .zip(data.track_scores(&split.valid, &fitted))
        {
            let truth = data.labels.get(track).copied().unwrap_or(usize::MAX);
            right += usize::from(decide(&score, head).0 == truth);
            sure += shares(&score, head).get(truth).copied().unwrap_or(0.0);
        }
        if best
            .as_ref()
            .is_none_or(|((most, surest), _)| (right, sure) > (*most, *surest))
        {
            best = Some(((right, sure), fitted));
        }
    }
    best.map(|(_, fitted)| fitted)
        .ok_or(ProbeError::Fit { head, why: failed })
}

/// Scores as shares that sum to 1: softmax of logits; votes are shares already.
fn shares(scores: &[f64], head: Head) -> Vec<f64> {
    if head == Head::Knn {
        return scores.to_vec();
    }
    let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = scores.iter().map(|score| (score - most).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.iter().map(|power| power / sum).collect()
}

/// The class with the largest share (the first of equals) and its share.
fn decide(scores: &[f64], head: Head) -> (usize, f64) {
    let mut best = (0, f64::NEG_INFINITY);
    for (class, share) in shares(scores, head).into_iter().enumerate() {
        if share > best.1 {
            best = (class, share);
        }
    }
    best
}

/// The 95 % score interval of a proportion (Wilson 1927).
fn wilson(right: usize, tested: usize) -> [f64; 2] {
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

fn deviation(values: &[f64]) -> Option<f64> {
    let n = values.len() as f64;
    (values.len() >= 2).then(|| {
        let mean = values.iter().sum::<f64>() / n;
        (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedding::{Level, TrackRow};

    /// `per_class` tracks of 3 windows in 4 classes; `gap` is how far the classes lie apart in noise of size 1.
    fn planted(per_class: usize, gap: f64, shuffled: bool) -> EmbeddingTable {
        let mut random = stream(9, 0, 0, Purpose::Demo);
        let mut table = EmbeddingTable::empty(8, "planted".into(), Level::Window);
        let mut names: Vec<usize> = (0..4 * per_class).map(|track| track % 4).collect();
        if shuffled {
            random.shuffle(&mut names);
        }
        for (track, name) in names.iter().enumerate() {
            table.tracks.push(TrackRow {
                path: format!("{track}.wav").into(),
                label: Some(format!("class {name}")),
            });
            for _ in 0..3 {
                table.track.push(track as u32);
                table.timestamps.push(0.0);
                for column in 0..8 {
                    let centre = if column == track % 4 { gap } else { 0.0 };
                    table.values.push((centre + random.normal()) as f32);
                }
            }
        }
        table
    }

    fn probe(table: &EmbeddingTable, head: Head, protocol: Protocol) -> ProbeReport {
        let settings = ProbeSettings {
            head,
            protocol,
            seed: 1,
        };
        probe_genre(table, &settings, &Watch::unattended()).unwrap()
    }

    #[test]
    fn separable_classes_score_1_and_shuffled_labels_chance() {
        for head in [Head::Linear, Head::Knn] {
            for protocol in [Protocol::Quick, Protocol::Folds(5)] {
                let report = probe(&planted(10, 20.0, false), head, protocol);
                assert_eq!(report.accuracy, 1.0, "{head} {protocol}");
                assert_eq!(
                    report,
                    ProbeReport {
                        seconds: report.seconds,
                        ..probe(&planted(10, 20.0, false), head, protocol)
                    }
                );
            }
            let report = probe(&planted(50, 20.0, true), head, Protocol::Folds(5));
            // Chance is 50 of 200; 4 standard deviations of a binomial count are 24.5.
            assert!(
                (report.accuracy - 0.25).abs() < 0.123,
                "{head}: {}",
                report.accuracy
            );
            assert_eq!(report.predictions.len(), 200);
        }
    }

    #[test]
    fn every_track_is_tested_once_over_the_folds_and_in_one_part_only() {
        let table = planted(3, 20.0, false);
        let (data, mut notes) = Labelled::of(&table).unwrap();
        for protocol in [Protocol::Quick, Protocol::Folds(3), Protocol::Folds(10)] {
            let settings = ProbeSettings {
                protocol,
                ..ProbeSettings::default()
            };
            let splits = data.splits(&settings, &mut notes);
            let mut tested = Vec::new();
            for split in splits {
                let mut all = [&split.train[..], &split.valid, &split.test].concat();
                all.sort_unstable();
                assert_eq!(all, (0..12).collect::<Vec<_>>(), "{protocol}");
                tested.extend(split.test);
            }
            tested.sort_unstable();
            if protocol != Protocol::Quick {
                assert_eq!(tested, (0..12).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn test_tracks_change_neither_scaler_nor_weights() {
        let table = planted(10, 3.0, false);
        let (data, _) = Labelled::of(&table).unwrap();
        let split = split_by_track(&data.labels, 0);
        let mut moved = table.clone();
        for (row, &track) in table.track.iter().enumerate() {
            if split.test.contains(&(track as usize)) {
                for value in &mut moved.values[row * 8..(row + 1) * 8] {
                    *value = *value * 100.0 + 7.0;
                }
            }
        }
        let (moved, _) = Labelled::of(&moved)
            .map(|(data, notes)| (data.matrix(&split.train), notes))
            .unwrap();
        assert_eq!(moved, data.matrix(&split.train));
        let moved_table = {
            let mut other = table.clone();
            for (row, &track) in table.track.iter().enumerate() {
                if split.test.contains(&(track as usize)) {
                    other.values[row * 8] += 1000.0;
                }
            }
            other
        };
        let (other, _) = Labelled::of(&moved_table).unwrap();
        let watch = Watch::unattended();
        let a = fit(&data, &split, Head::Linear, &watch).ok().unwrap();
        let b = fit(&other, &split, Head::Linear, &watch).ok().unwrap();
        assert_eq!(a.scaler, b.scaler);
        assert_eq!(a.chosen, b.chosen);
        let (Model::Linear(a), Model::Linear(b)) = (a.model, b.model) else {
            panic!()
        };
        assert_eq!(a, b);
    }

    #[test]
    fn what_cannot_be_probed_is_said() {
        let fails = |table: &EmbeddingTable| {
            probe_genre(table, &ProbeSettings::default(), &Watch::unattended())
                .unwrap_err()
                .to_string()
        };
        let mut table = planted(2, 1.0, false);
        let none = EmbeddingTable {
            tracks: table
                .tracks
                .iter()
                .map(|t| TrackRow {
                    label: None,
                    ..t.clone()
                })
                .collect(),
            ..table.clone()
        };
        assert!(fails(&none).contains("no track has a label"));
        let one = EmbeddingTable {
            tracks: table
                .tracks
                .iter()
                .map(|t| TrackRow {
                    label: Some("a".into()),
                    ..t.clone()
                })
                .collect(),
            ..table.clone()
        };
        assert!(fails(&one).contains("two classes"));
        table.tracks[0].label = Some("lonely".into());
        table.tracks[1].label = None;
        let report = probe(&table, Head::Linear, Protocol::Quick);
        assert!(report.notes.iter().any(|note| note.contains("lonely")));
        assert!(!report.classes.contains(&"lonely".to_owned()));
        table.values[0] = f32::NAN;
        assert!(fails(&table).contains("not a finite number"));
    }

    #[test]
    fn intervals_agree_with_the_textbook() {
        // Newcombe 1998, table I: 81 of 263 gives 0.2553 to 0.3662.
        let [low, high] = wilson(81, 263);
        assert!(
            (low - 0.2553).abs() < 5e-5 && (high - 0.3662).abs() < 5e-5,
            "{low} {high}"
        );
        assert_eq!(wilson(0, 10)[0], 0.0);
        assert!(deviation(&[1.0]).is_none());
        assert!((deviation(&[0.0, 1.0]).unwrap() - 0.5_f64.sqrt()).abs() < 1e-12);
    }
}
