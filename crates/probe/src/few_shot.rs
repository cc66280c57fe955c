//! The score of a probe against the number of labelled tracks.

use std::{collections::BTreeMap, time::Instant};

use serde::Serialize;

use super::{
    ProbeError, ProbeSettings, Protocol,
    data::Data,
    metrics::mean,
    run::{asked, fit, tested},
    score_curve::ProbeCurve,
    scoring::deviation,
};
use mynascope_base::{counted, jobs::Watch};
use mynascope_collection::{Collection, Split};
use mynascope_embedding::EmbeddingTable;
use mynascope_spectrum::tokens::{Purpose, stream};

/// What a curve of scores over numbers of training tracks is asked to do.
#[derive(Debug, Clone, PartialEq)]
pub struct FewShotSettings {
    /// The probe that is scored.
    pub probe: ProbeSettings,
    /// Training tracks of each class; of tasks without classes, in all.
    pub shots: Vec<usize>,
    /// Draws of training tracks that each number is averaged over.
    pub draws: usize,
}

impl FewShotSettings {
    /// 1, 2, 5, 10, 20 and 50 tracks, ten draws each, of a probe: what window and command line draw without being told
    /// more.
    pub fn of(probe: ProbeSettings) -> Self {
        Self {
            probe,
            shots: vec![1, 2, 5, 10, 20, 50],
            draws: 10,
        }
    }
}

/// The score after a number of training tracks.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FewShotPoint {
    /// Training tracks of each class.
    pub shots: usize,
    /// Training tracks in all, on average.
    pub tracks: f64,
    /// Mean over the draws.
    pub mean: f64,
    /// Standard deviation over the draws (n - 1).
    pub deviation: Option<f64>,
    /// The score of each draw.
    pub scores: Vec<f64>,
}

/// Probe score against the number of labelled tracks; numbers that no class has tracks for are left out.
pub type FewShotCurve = ProbeCurve<FewShotPoint>;

/// Scores a probe that learns from few tracks of each class, drawn several times from the training part; all draws are
/// tested on the same test part. Where so little is known nothing can be held back to choose by, so the head has its
/// default setting. `found` is told every point as soon as it is known.
///
/// # Errors
/// As [`super::probe_collection`], and if no number of tracks can be drawn.
pub fn few_shot(
    table: &EmbeddingTable,
    collection: &Collection,
    settings: &FewShotSettings,
    watch: &Watch<'_>,
    found: &mut dyn FnMut(&FewShotPoint),
) -> Result<FewShotCurve, ProbeError> {
    let start = Instant::now();
    if !matches!(settings.probe.protocol, Protocol::Quick | Protocol::Clean) {
        return Err(ProbeError::Labels(format!(
            "few tracks are drawn from a single training part, and the protocol {} has several; choose quick or clean",
            settings.probe.protocol
        )));
    }
    table
        .validate()
        .map_err(|error| ProbeError::Table(error.to_string()))?;
    let (targets, published) = asked(table, collection, &settings.probe)?;
    let (mut data, mut notes) = Data::of(table, &targets)?;
    let splits = data.splits(&settings.probe, published.as_ref(), &mut notes)?;
    data.leave_out_untrained(&splits, &mut notes)?;
    let Some(split) = splits.first() else {
        return Ok(FewShotCurve::default());
    };
    let mut by_class: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for &track in &split.train {
        let class = data.labels.get(track).copied().unwrap_or(0);
        by_class.entry(class).or_default().push(track);
    }
    let most = by_class.values().map(Vec::len).max().unwrap_or(0);
    let least = by_class.values().map(Vec::len).min().unwrap_or(0);
    let mut shots: Vec<usize> = settings.shots.clone();
    shots.retain(|&shots| shots > 0 && shots <= most);
    if let Some(largest) = shots.iter().max().filter(|&&largest| largest > least) {
        notes.push(format!(
            "the smallest class has {}: at {largest} it gives all it has",
            counted(least, "training track")
        ));
    }
    let draws = settings.draws.max(1);
    let mut curve = FewShotCurve {
        task: targets.task.to_string(),
        head: settings.probe.head.to_string(),
        protocol: settings.probe.protocol.to_string(),
        encoder: table.encoder.clone(),
        notes,
        ..FewShotCurve::default()
    };
    let all = (shots.len() * draws) as u64;
    for (place, &shots) in shots.iter().enumerate() {
        let (mut scores, mut tracks) = (Vec::new(), 0);
        for draw in 0..draws {
            let done = (place * draws + draw) as u64;
            watch.progress("learning from few tracks", done, Some(all));
            let mut train = Vec::new();
            for (&class, known) in &by_class {
                let mut known = known.clone();
                let seed = settings.probe.seed;
                stream(seed, 1 + draw as u64, class as u64, Purpose::Split).shuffle(&mut known);
                train.extend(known.into_iter().take(shots));
            }
            train.sort_unstable();
            tracks += train.len();
            let few = Split {
                train,
                valid: Vec::new(),
                test: split.test.clone(),
            };
            let fitted = fit(&data, &few, &settings.probe, watch)?;
            let metrics = data.metrics(&tested(&data, &few.test, &fitted, 0));
            curve.metric = metrics.metric.to_owned();
            scores.push(metrics.score);
        }
        let point = FewShotPoint {
            shots,
            tracks: tracks as f64 / draws as f64,
            mean: mean(scores.iter().copied()).unwrap_or(0.0),
            deviation: deviation(&scores),
            scores,
        };
        found(&point);
        curve.points.push(point);
    }
    watch.progress("learning from few tracks", all, Some(all));
    curve.seconds = start.elapsed().as_secs_f64();
    Ok(curve)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Head, run_tests::planted};
    use mynascope_collection::{CollectionKind, Track};

    #[test]
    fn more_tracks_teach_more_and_one_point_is_told_for_each_number() {
        let table = planted(30, 3.0, false);
        let tracks = table.tracks.iter().map(|track| Track {
            label: track.label.clone(),
            ..Track::of_file(&track.path)
        });
        let collection = Collection {
            name: "planted".into(),
            kind: CollectionKind::Folder,
            tracks: tracks.collect(),
            split: None,
            notes: Vec::new(),
        };
        let settings = FewShotSettings {
            probe: ProbeSettings {
                head: Head::Ridge,
                ..ProbeSettings::default()
            },
            shots: vec![1, 15, 500],
            draws: 6,
        };
        let mut told = 0;
        let run = |settings: &FewShotSettings, told: &mut usize| {
            few_shot(
                &table,
                &collection,
                settings,
                &Watch::unattended(),
                &mut |_| *told += 1,
            )
        };
        let curve = run(&settings, &mut told).unwrap();
        let [one, many] = &curve.points[..] else {
            panic!("{:?}", curve.points)
        };
        assert_eq!(told, 2);
        assert_eq!((one.tracks, many.tracks), (4.0, 60.0));
        assert_eq!(one.scores.len(), 6);
        assert!(one.deviation.unwrap() > 0.0);
        assert!(many.mean > one.mean + 0.05 && many.mean > 0.8, "{curve:?}");
        let folds = FewShotSettings {
            probe: ProbeSettings {
                protocol: Protocol::Folds(3),
                ..settings.probe
            },
            ..settings
        };
        assert!(run(&folds, &mut told).is_err());
    }
}
