//! One probe from labels to report: split, scaler, head, choice of settings, score.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    time::Instant,
};

use super::{
    EncoderId, GridRow, ProbeError, ProbeReport, ProbeSettings, Protocol, SplitSizes, Targets,
    TrainedProbe,
    data::Data,
    heads::{Model, Parts, fit_each, standardise},
    held_out::{HeldOut, HeldOutTrack},
    leak::known_faults,
    linear::Scaler,
    made_by::MadeBy,
    metrics::mean,
    paper::{self, Effort},
    scoring::{Said, deviation},
};
use mynascope_base::jobs::Watch;
use mynascope_collection::{Collection, Split, split_by_track};
use mynascope_embedding::{EmbeddingTable, Level, TrackRow};
use mynascope_spectrum::tokens::MaskRatio;

/// Trains a head for the labels of the table's tracks: [`probe`] of the task genre without a published split.
///
/// # Errors
/// As [`probe`].
pub fn probe_genre(
    table: &EmbeddingTable,
    settings: &ProbeSettings,
    watch: &Watch<'_>,
) -> Result<ProbeReport, ProbeError> {
    probe(table, &Targets::genres(table), None, settings, watch)
}

/// [`probe`] of the settings' task on a table made of a collection, with the collection's labels and published split.
/// `made_by` is the encoder that made the table.
///
/// # Errors
/// A [`ProbeError`] if the labels or the split do not allow it, if the table is inconsistent, if the head cannot be
/// fitted, or if the job was told to stop.
pub fn probe_collection(
    table: &EmbeddingTable,
    collection: &Collection,
    made_by: &MadeBy,
    settings: &ProbeSettings,
    watch: &Watch<'_>,
) -> Result<ProbeReport, ProbeError> {
    let (targets, published) = asked(table, collection, settings)?;
    let done = work(&[table], &targets, published.as_ref(), settings, watch)?;
    let mut report = done.report;
    report.notes.extend(known(collection, made_by, settings));
    Ok(report)
}

/// As [`probe_collection`], on the best of several layers: `tables` holds the same tracks and windows as every layer gives
/// them. Which layer is read is chosen as any setting is, on the validation tracks of each split or fold; the test tracks
/// are only given to the probe of the chosen layer. Returns the report, and the place in `tables` of the layer of each split
/// or fold; of equal ones the first.
///
/// # Errors
/// As [`probe_collection`]. The protocol `paper`, which chooses on the test tracks, is refused.
pub fn probe_best_layer(
    tables: &[EmbeddingTable],
    collection: &Collection,
    made_by: &MadeBy,
    settings: &ProbeSettings,
    watch: &Watch<'_>,
) -> Result<(ProbeReport, Vec<usize>), ProbeError> {
    if settings.protocol == Protocol::Paper {
        return Err(ProbeError::Labels(
            "the published protocol has no choice of layers; choose one by quick, clean or folds:K"
                .into(),
        ));
    }
    let first = tables.first().ok_or_else(no_table)?;
    let (targets, published) = asked(first, collection, settings)?;
    let tables: Vec<&EmbeddingTable> = tables.iter().collect();
    let done = work(&tables, &targets, published.as_ref(), settings, watch)?;
    let mut report = done.report;
    report.notes.extend(known(collection, made_by, settings));
    Ok((report, done.layers))
}

fn no_table() -> ProbeError {
    ProbeError::Table("there is no table to probe; embed some tracks first".into())
}

/// Whether a collection's labels and split allow a probe, before anything is computed: refuses what [`probe_collection`]
/// would refuse after hours of embedding, if all tracks can be read.
///
/// # Errors
/// [`ProbeError::Labels`] as [`probe_collection`].
pub fn check_labels(collection: &Collection, settings: &ProbeSettings) -> Result<(), ProbeError> {
    // A row a track stands for its windows.
    let mut table = EmbeddingTable::empty(1, String::new(), Level::Window);
    for (place, track) in (0..).zip(&collection.tracks) {
        table.track.push(place);
        table.timestamps.push(0.0);
        table.values.push(0.0);
        table.tracks.push(TrackRow {
            path: track.path.clone(),
            label: track.label.clone(),
            split: None,
            incomplete: None,
        });
    }
    let (targets, published) = asked(&table, collection, settings)?;
    let (mut data, mut notes) = Data::of(&table, &targets)?;
    if settings.protocol == Protocol::Paper {
        paper::check(&data, settings, published.as_ref())?;
    }
    let splits = data.splits(settings, published.as_ref(), &mut notes)?;
    data.leave_out_untrained(&splits, &mut notes)
}

/// As [`probe_collection`], with a probe to keep and use. Of a single split it is the very probe that was tested; of
/// folds, each of which has a probe of its own, one that learns from all tracks but a fifth, which chooses its setting;
/// what the probes of the folds said of the tracks that they did not see goes along ([`TrainedProbe::answer_held_out`]).
/// `encoder` is what made the table, and `mask_ratio` what was dropped before.
///
/// # Errors
/// As [`probe_collection`].
pub fn train_probe(
    table: &EmbeddingTable,
    collection: &Collection,
    settings: &ProbeSettings,
    encoder: &EncoderId,
    mask_ratio: MaskRatio,
    watch: &Watch<'_>,
) -> Result<(TrainedProbe, ProbeReport), ProbeError> {
    if settings.protocol == Protocol::Paper {
        return Err(ProbeError::Labels(
            "a probe of the published protocol cannot be kept: it standardises each part by itself and so has no scaler for new tracks; keep one of quick, clean or folds:K"
                .into(),
        ));
    }
    if encoder.dim != table.dim {
        return Err(ProbeError::Encoder(format!(
            "the table holds embeddings of {} values, and those of the encoder have {} ({}); embed the tracks anew",
            table.dim, encoder.dim, encoder.description
        )));
    }
    let (targets, published) = asked(table, collection, settings)?;
    let Done {
        mut report,
        fitted,
        held_out,
        ..
    } = work(&[table], &targets, published.as_ref(), settings, watch)?;
    report
        .notes
        .extend(known(collection, &MadeBy::of_id(encoder), settings));
    let fitted = match fitted {
        Some(fitted) => fitted,
        None => {
            let (data, _) = Data::of(table, &targets)?;
            let whole = split_by_track(&data.labels, settings.seed);
            let mut train = [whole.train, whole.test].concat();
            train.sort_unstable();
            let split = Split {
                train,
                valid: whole.valid,
                test: Vec::new(),
            };
            fit(&data, &split, settings, watch)?
        }
    };
    let mut probe = TrainedProbe::new(fitted, settings, &report, encoder, mask_ratio);
    probe.card.collection.clone_from(&collection.name);
    probe.held_out = held_out;
    Ok((probe, report))
}

/// The collection's labels for a task, and its published split in places of the table's tracks.
pub(super) fn asked(
    table: &EmbeddingTable,
    collection: &Collection,
    settings: &ProbeSettings,
) -> Result<(Targets, Option<Split>), ProbeError> {
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
    Ok((targets, published))
}

/// What is known about the tracks themselves: how much of a data set is here, which tracks are faulty, and whether the
/// encoder heard them before.
fn known(collection: &Collection, made_by: &MadeBy, settings: &ProbeSettings) -> Vec<String> {
    const NAMED: usize = 12;
    let mut notes = Vec::new();
    if matches!(settings.protocol, Protocol::Clean | Protocol::Paper) && collection.split.is_some()
    {
        notes.extend(collection.note_texts().map(str::to_owned));
    }
    let faults = known_faults(collection);
    let names: Vec<&str> = faults
        .iter()
        .filter_map(|&place| collection.tracks.get(place))
        .map(|track| track.title.as_str())
        .collect();
    if let Some(named) = names
        .get(..names.len().min(NAMED))
        .filter(|named| !named.is_empty())
    {
        let more = if names.len() > NAMED { ", ..." } else { "" };
        let learned = match settings.protocol {
            Protocol::Clean | Protocol::Paper => "in no part",
            Protocol::Quick | Protocol::Folds(_) => "used all the same by this protocol",
        };
        notes.push(format!(
            "known to be repeated, mislabelled or broken ({} of the tracks, {learned}): {}{more}",
            names.len(),
            named.join(", ")
        ));
    }
    notes.extend(made_by.say_heard(collection));
    notes
}

/// Trains a head on the rows of a table and scores whole tracks that it never saw. The prediction of a track is made
/// from the mean of its rows' scores. The scaler is fitted on training tracks, the setting is chosen on validation
/// tracks, test tracks are looked at once; no track is in two parts. `published` is a split of the table's tracks;
/// the protocol `clean` uses it where there is one.
///
/// # Errors
/// A [`ProbeError`] if the labels or the split do not allow it, if the table is inconsistent, if the head cannot be
/// fitted, or if the job was told to stop.
pub fn probe(
    table: &EmbeddingTable,
    targets: &Targets,
    published: Option<&Split>,
    settings: &ProbeSettings,
    watch: &Watch<'_>,
) -> Result<ProbeReport, ProbeError> {
    Ok(work(&[table], targets, published, settings, watch)?.report)
}

/// What came of a probe.
struct Done {
    report: ProbeReport,
    /// Of a single split the probe that was tested.
    fitted: Option<Fitted>,
    /// The table of each split or fold.
    layers: Vec<usize>,
    /// What was said of the windows of tested tracks.
    held_out: HeldOut,
}

/// Probes the best of several tables of the same tracks and windows; of one table that one.
fn work(
    tables: &[&EmbeddingTable],
    targets: &Targets,
    published: Option<&Split>,
    settings: &ProbeSettings,
    watch: &Watch<'_>,
) -> Result<Done, ProbeError> {
    let start = Instant::now();
    for table in tables {
        table
            .validate()
            .map_err(|error| ProbeError::Table(error.to_string()))?;
    }
    let (&table, others) = tables.split_first().ok_or_else(no_table)?;
    if others.iter().any(|other| other.track != table.track) {
        return Err(ProbeError::Table(
            "the tables of the layers are of different windows; embed the tracks anew".into(),
        ));
    }
    let (mut data, mut notes) = Data::of(table, targets)?;
    if settings.protocol == Protocol::Paper {
        paper::check(&data, settings, published)?;
    }
    let splits = data.splits(settings, published, &mut notes)?;
    data.leave_out_untrained(&splits, &mut notes)?;
    // Truths and splits are those of the first.
    let others = others.iter().map(|&table| data.with_table(table));
    let layers: Vec<Data<'_>> = others.collect();
    let folds = splits.len();
    let mut chosen_layers = Vec::new();
    let mut said = Vec::new();
    let (mut scores, mut chosen) = (Vec::new(), Vec::new());
    let mut sizes = SplitSizes::default();
    let mut last = None;
    let mut rows = Vec::new();
    let mut held_out = HeldOut::new();
    let mut published_notes = Vec::new();
    for (fold, split) in splits.iter().enumerate() {
        sizes.train += split.train.len();
        sizes.valid += split.valid.len();
        sizes.test += split.test.len();
        if settings.protocol == Protocol::Paper {
            let grid = paper::train(&data, split, settings.seed, Effort::PUBLISHED, watch)?;
            chosen.extend(grid.rows.get(grid.best).map(GridRow::words));
            said = grid.said;
            rows = grid.rows;
            published_notes = grid.notes;
            break;
        }
        let of_layers = std::iter::once(&data).chain(&layers).enumerate();
        let mut best: Option<(usize, &Data<'_>, Fitted)> = None;
        for (layer, data) in of_layers {
            let done = (fold * tables.len() + layer) as u64;
            watch.progress("training probes", done, Some((folds * tables.len()) as u64));
            let fitted = fit(data, split, settings, watch)?;
            if (best.as_ref()).is_none_or(|(.., other)| fitted.worth > other.worth) {
                best = Some((layer, data, fitted));
            }
        }
        let (layer, of_layer, fitted) = best.ok_or_else(no_table)?;
        chosen_layers.push(layer);
        let (tested, windows): (Vec<Said>, Vec<(PathBuf, HeldOutTrack)>) =
            of_layer.said(&split.test, &fitted, fold).unzip();
        held_out.extend(windows);
        scores.push(data.metrics(&tested).score);
        said.extend(tested);
        chosen.push(fitted.chosen.clone());
        last = Some(fitted);
    }
    let all = (folds * tables.len()) as u64;
    watch.progress("training probes", all, Some(all));
    let said: Vec<&Said> = said.iter().collect();
    let whole = data.metrics(&said);
    let intervals = data.intervals(&said, settings.seed);
    let interval = intervals.get(whole.key).copied();
    let interval = interval.unwrap_or([f64::NAN; 2]);
    // First what the score is, then what it suffers from, then the data and how it was done.
    let mut published_notes = published_notes.into_iter();
    let first = [data.explain(&said, &whole, interval)].into_iter();
    let first = first.chain(published_notes.next());
    let first = first.chain(data.explain_unscored(&said, &whole));
    notes.splice(0..0, first);
    notes.extend(published_notes);
    let average = |sum: usize| (sum + folds / 2) / folds.max(1);
    let single = !matches!(settings.protocol, Protocol::Folds(_));
    let report = ProbeReport {
        task: targets.task.to_string(),
        head: match settings.protocol {
            Protocol::Paper => "grid of linear heads and MLPs".to_owned(),
            _ => settings.head.to_string(),
        },
        protocol: settings.protocol.to_string(),
        encoder: table.encoder.clone(),
        classes: data.names.clone(),
        metric: whole.metric.to_owned(),
        score: whole.score,
        metrics: whole.all,
        interval,
        intervals,
        baseline: data.baseline(&said),
        // Folds of a track each have no spread that means anything.
        deviation: (!single && said.len() > folds)
            .then(|| deviation(&scores))
            .flatten()
            .filter(|deviation| deviation.is_finite()),
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
        grid: rows,
        notes,
        seconds: start.elapsed().as_secs_f64(),
    };
    Ok(Done {
        report,
        fitted: last.filter(|_| single),
        layers: chosen_layers,
        held_out,
    })
}

pub(super) struct Fitted {
    pub(super) scaler: Scaler,
    pub(super) model: Model,
    pub(super) chosen: String,
    /// What it scored on the validation tracks, and the mean share that it gave the truth there.
    worth: (f64, f64),
    /// The files of the tracks that it learned from or that chose its setting.
    pub(super) seen: Vec<PathBuf>,
}

/// What a probe says of tracks.
pub(super) fn tested(data: &Data<'_>, tracks: &[usize], fitted: &Fitted, fold: usize) -> Vec<Said> {
    data.said(tracks, fitted, fold)
        .map(|(said, _)| said)
        .collect()
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
    let mut best: Option<Fitted> = None;
    let mut try_it = |model: Model, chosen: String| {
        let mut fitted = Fitted {
            scaler: scaler.clone(),
            model,
            chosen,
            worth: (0.0, 0.0),
            seen: Vec::new(),
        };
        let said = tested(data, &split.valid, &fitted, 0);
        let sure = said.iter().filter_map(|said| {
            let truth = data.labels.get(said.track).filter(|_| data.has_classes())?;
            said.shares.get(*truth).copied()
        });
        // A validation part that scores nothing prefers nothing.
        let score = data.metrics(&said).score;
        let score = if score.is_finite() { score } else { 0.0 };
        fitted.worth = (score, mean(sure).unwrap_or(0.0));
        if best.as_ref().is_none_or(|best| fitted.worth > best.worth) {
            best = Some(fitted);
        }
    };
    fit_each(settings.head, &parts, watch, &mut try_it)?;
    let mut fitted = best.ok_or(ProbeError::Fit {
        head: settings.head,
        why: "no setting gave a score".into(),
    })?;
    let seen = split.train.iter().chain(&split.valid);
    fitted.seen = seen.filter_map(|&track| data.file(track)).collect();
    Ok(fitted)
}
