//! How a run begins and is taken up again.

use std::path::{Path, PathBuf};

use super::{
    Objective, StepSnapshot, TrainConfig, TrainControl, TrainError, TrainEvent, TrainSummary,
    batches::WindowCutter,
    folder::{Checkpoint, Manifest, RunFolder},
    job::TrainJob,
    labels::Labels,
    learner::OptimiserState,
    mels::{self, FrontEnd, Mels},
    sampler::Sampler,
    style_probe::{LabelProbe, StyleProbe},
    tensorboard::EventFile,
};
use crate::objective::TrackState;
use mynascope_base::{counted, without_path};
use mynascope_collection::{Collection, HeardTracks};
use mynascope_encoder::{
    CheckpointError, CheckpointReport, EncoderError, Family, LoadOptions, TrainingHead, Weights,
    check_precision, families::maest::begin_with_myna, find_place, on_place, run_of_weights,
};

/// Trains an encoder on a collection into a new run folder `out`. The events come in order, from this thread.
///
/// # Errors
/// A [`TrainError`] if the settings, the labels, the device or the folder do not allow it, if fewer than two tracks
/// can be read, if the run breaks down, or if it can no longer be written to disk. What was written before is
/// complete.
pub fn run(
    config: &TrainConfig,
    collection: &Collection,
    out: &Path,
    control: &TrainControl,
    events: &mut dyn FnMut(TrainEvent),
) -> Result<TrainSummary, TrainError> {
    config.validate()?;
    let labels = labels(config, collection)?;
    let collection = labels.as_ref().map_or(collection, |l| &l.collection);
    // Found before hours of mels are computed for nothing.
    let weights = first_weights(config, labels.as_ref(), events)?;
    let place = find_place(config.device).map_err(EncoderError::from)?;
    check_precision(&place, config.precision)?;
    let folder = RunFolder::create(out, config)?;
    if let Some(labels) = &labels {
        folder.save_labels(&labels.meaning)?;
    }
    let read = readable(config, collection, labels.as_ref(), control, events)
        .and_then(|mels| Ok((mels, probe(config, control, events)?)));
    // A run that is refused leaves no folder behind.
    let (mels, probe) = read.inspect_err(|_| folder.discard())?;
    heard(config, &mels).write(&folder.path)?;
    let sampler = sampler(config, mels.len(), events);
    let start = Checkpoint {
        manifest: manifest(config, &sampler, &mels, 0, &OptimiserState::default()),
        weights,
        optimiser: OptimiserState::default(),
        track_state: track_state(config, mels.len()),
        snapshot: StepSnapshot::default(),
    };
    let job = TrainJob {
        config,
        folder: &folder,
        mels: &mels,
        labels: labels.as_ref(),
        probe,
        label_probe: LabelProbe::open(config, collection, &mels),
        sampler,
        start,
        done: Vec::new(),
        board: board(config, &folder)?,
        probed: None,
        first_own: None,
        snapshot: StepSnapshot::default(),
        device: place.spec.clone(),
        control,
        events,
    };
    on_place(&place, job)?
}

/// The tracks that a run hears, with those of the run that its first weights come from.
fn heard(config: &TrainConfig, mels: &Mels) -> HeardTracks {
    let init = config.init.as_ref();
    let weights = init.and_then(|init| init.resolve().ok().flatten());
    let before = weights.as_deref().and_then(run_of_weights);
    match before.and_then(HeardTracks::read) {
        Some(before) => mels.heard().and(before),
        None => mels.heard(),
    }
}

/// What changes when a run goes on; what is `None` stays as it was.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Changes {
    /// Another last step.
    pub steps: Option<u64>,
    /// Another number of tracks of a step.
    pub batch: Option<usize>,
    /// Another number of tracks that are embedded at once.
    pub chunk: Option<usize>,
    /// Another learning rate.
    pub learning_rate: Option<f64>,
    /// Another limit of the gradient's global norm.
    pub clip_norm: Option<f64>,
    /// Goes on from the checkpoint of this step; what came after it is taken away.
    pub back_to: Option<u64>,
}

impl Changes {
    /// Settings with these changes.
    pub fn of(&self, config: &TrainConfig) -> TrainConfig {
        TrainConfig {
            steps: self.steps.unwrap_or(config.steps),
            batch: self.batch.unwrap_or(config.batch),
            chunk: self.chunk.or(config.chunk),
            learning_rate: self.learning_rate.unwrap_or(config.learning_rate),
            clip_norm: self.clip_norm.unwrap_or(config.clip_norm),
            ..config.clone()
        }
    }
}

/// Goes on with the run in `folder` from its newest complete checkpoint, with the settings of that run but for
/// `changes`. The collection must be the one it was trained on.
///
/// # Errors
/// As [`run`], and [`TrainError::NoRun`] if the folder holds no complete checkpoint or the collection is another.
pub fn resume(
    folder: &Path,
    changes: &Changes,
    collection: &Collection,
    control: &TrainControl,
    events: &mut dyn FnMut(TrainEvent),
) -> Result<TrainSummary, TrainError> {
    let (folder, config) = RunFolder::open(folder)?;
    let config = changes.of(&config);
    config.validate()?;
    if let Some(step) = changes.back_to {
        folder.go_back(step)?;
    }
    let labels = labels(&config, collection)?;
    let collection = labels.as_ref().map_or(collection, |l| &l.collection);
    let place = find_place(config.device).map_err(EncoderError::from)?;
    check_precision(&place, config.precision)?;
    let tail = config.tail(outputs(labels.as_ref()));
    let (start, passed_over) = folder.newest(config.encoder_config(), &tail, &|tracks| {
        track_state(&config, tracks)
    })?;
    for (step, fault) in passed_over {
        events(TrainEvent::Note(format!(
            "the checkpoint of step {step} is passed over ({fault}), and the run goes on from step {}; to keep what came after, stop \
             and put the files of step-{step} back from a copy",
            start.manifest.step
        )));
    }
    if start.manifest.step >= config.steps {
        return Err(TrainError::NoRun {
            why: format!(
                "it has done all of its {}; ask for more with --steps",
                counted(start.manifest.step, "step")
            ),
            path: folder.path,
        });
    }
    let mels = readable(&config, collection, labels.as_ref(), control, events)?;
    let sampler = sampler(&config, mels.len(), events);
    let found = manifest(&config, &sampler, &mels, 0, &OptimiserState::default());
    if let Some(why) = other_tracks(&start.manifest, &found) {
        return Err(TrainError::NoRun {
            why,
            path: folder.path,
        });
    }
    let probe = probe(&config, control, events)?;
    folder.save_config(&config)?;
    if let Some(labels) = &labels {
        folder.save_labels(&labels.meaning)?;
    }
    let (done, probes) = folder.rewind_log(start.manifest.step)?;
    let snapshot = start.snapshot.clone();
    let job = TrainJob {
        config: &config,
        folder: &folder,
        mels: &mels,
        labels: labels.as_ref(),
        probe,
        label_probe: LabelProbe::open(&config, collection, &mels),
        sampler,
        start,
        done,
        board: board(&config, &folder)?,
        probed: probes.last().cloned(),
        first_own: probes
            .first()
            .filter(|it| it.step == 0)
            .and_then(|it| it.own),
        snapshot,
        device: place.spec.clone(),
        control,
        events,
    };
    on_place(&place, job)?
}

/// Why a collection is not the one that a run was trained on.
fn other_tracks(run: &Manifest, found: &Manifest) -> Option<String> {
    let goes_on = "give it the collection that it was trained on";
    if run.tracks != found.tracks {
        return Some(format!(
            "it was trained on {}, and this collection has {} readable ones; {goes_on}",
            counted(run.tracks, "track"),
            found.tracks
        ));
    }
    if run.names_digest != found.names_digest {
        return Some(format!(
            "it was trained on {} tracks of other names or in another order; {goes_on}",
            run.tracks
        ));
    }
    (!run.content.is_empty() && run.content != found.content).then(|| {
        format!("the tracks have the same names but another sound than those it was trained on; {goes_on}")
    })
}

fn labels(config: &TrainConfig, collection: &Collection) -> Result<Option<Labels>, TrainError> {
    if !config.objective.learns_labels() {
        return Ok(None);
    }
    let labels = Labels::find(config.task, collection)?;
    Ok(Some(match config.objective {
        Objective::Maest => labels.into_tags(),
        _ => labels,
    }))
}

fn outputs(labels: Option<&Labels>) -> usize {
    labels.map_or(0, |labels| labels.meaning.outputs.len())
}

fn track_state(config: &TrainConfig, tracks: usize) -> TrackState {
    let objective = config.contrastive(tracks);
    objective.map_or_else(TrackState::default, |objective| {
        objective.track_state(tracks)
    })
}

/// Fresh weights, or those of `init` with a fresh head.
fn first_weights(
    config: &TrainConfig,
    labels: Option<&Labels>,
    events: &mut dyn FnMut(TrainEvent),
) -> Result<Weights, TrainError> {
    let sizes = config.encoder_config();
    let tail = config.tail(outputs(labels));
    let mut weights = Weights::random(sizes, &tail, config.seed)?;
    if let Some(init) = &config.init {
        let path = PathBuf::from(init.to_string());
        let options = LoadOptions {
            patch: sizes.myna().map(|_| config.patch),
            weights: config.init_weights.clone(),
            ..LoadOptions::default()
        };
        let (mut trained, report) = init.weights(&options)?;
        if let Some(note) = report.as_ref().and_then(CheckpointReport::say_use) {
            events(TrainEvent::Note(note));
        }
        if let (Family::Maest, Family::Myna) = (sizes.family(), trained.config.family()) {
            begin_with_myna(&mut weights, &trained)
                .map_err(|why| CheckpointError::Unfit { why, path })?;
            events(TrainEvent::Note(
                "it begins with the blocks of a Myna; patches, positions, class tokens and classifier begin anew"
                    .into(),
            ));
            return Ok(weights);
        }
        if trained.config != sizes {
            return Err(CheckpointError::Unfit {
                why: format!(
                    "its encoder is {}, and {} is to be trained",
                    trained.config.full_name(),
                    sizes.full_name()
                ),
                path,
            }
            .into());
        }
        let own = sizes.trained_parameters()?.len();
        let (told, count) =
            report.map_or_else(Default::default, |report| (report.outputs, report.labels));
        match (&tail, labels) {
            // It goes on with its classifier.
            (TrainingHead::Styles(_), Some(labels)) if told == labels.meaning.outputs => {}
            (TrainingHead::Styles(_), Some(labels)) => {
                trained.tensors.truncate(own);
                events(TrainEvent::Note(format!(
                    "the checkpoint {}, so the classifier of {} begins anew",
                    match count {
                        0 => "has no classifier".to_owned(),
                        _ => "tells other labels".to_owned(),
                    },
                    counted(labels.meaning.outputs.len(), "label")
                )));
            }
            _ => trained.tensors.truncate(own),
        }
        for (slot, tensor) in weights.tensors.iter_mut().zip(trained.tensors) {
            *slot = tensor;
        }
    }
    Ok(weights)
}

fn readable(
    config: &TrainConfig,
    collection: &Collection,
    labels: Option<&Labels>,
    control: &TrainControl,
    events: &mut dyn FnMut(TrainEvent),
) -> Result<Mels, TrainError> {
    let front_end = FrontEnd::new(&config.encoder_config());
    let mels = mels::compute(
        collection,
        &front_end,
        config.mels.as_deref(),
        control,
        events,
    )?;
    if mels.len() < 2 {
        return Err(TrainError::TooFewTracks {
            readable: mels.len(),
            given: collection.tracks.len(),
            why: say_reasons(&mels.skipped),
        });
    }
    // The other families leave such tracks out.
    if let FrontEnd::Myna = front_end {
        let silent = mels.silent()?;
        if silent > 0 {
            events(TrainEvent::Note(format!(
                "{} of {} nothing but silence, which teaches nothing; take {} out of the collection",
                silent,
                match mels.len() {
                    1 => "1 track holds".to_owned(),
                    tracks => format!("{tracks} tracks hold"),
                },
                if silent == 1 { "it" } else { "them" }
            )));
        }
    }
    let kept = match front_end {
        FrontEnd::Music2vec => "their sound takes",
        _ => "their spectrograms take",
    };
    events(TrainEvent::Note(format!(
        "{}, {kept} {:.1} MB on disk",
        counted(mels.len(), "track"),
        mels.bytes() as f64 / 1e6
    )));
    if let Some(labels) = labels
        && let Some(note) = labels.unheard(&mels.places)?
    {
        events(TrainEvent::Note(note));
    }
    say_short(config, &mels, events);
    Ok(mels)
}

/// Why tracks can't be used: the most frequent reasons, in brackets.
fn say_reasons(skipped: &[(PathBuf, String)]) -> String {
    const SHOWN: usize = 3;
    let mut reasons: Vec<(usize, String)> = Vec::new();
    for (path, why) in skipped {
        let why = without_path(why, path);
        match reasons.iter_mut().find(|(_, known)| *known == why) {
            Some((count, _)) => *count += 1,
            None => reasons.push((1, why.to_string())),
        }
    }
    reasons.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    let shown = reasons.iter().take(SHOWN);
    let shown: Vec<String> = shown
        .map(|(count, why)| format!("{}: {why}", counted(*count, "track")))
        .collect();
    match shown.is_empty() {
        true => String::new(),
        false => format!(" ({})", shown.join("; ")),
    }
}

/// Says of how many tracks there is no choice of a window.
fn say_short(config: &TrainConfig, mels: &Mels, events: &mut dyn FnMut(TrainEvent)) {
    let window = WindowCutter::new(config).frames();
    let secs = match config.family() {
        Family::Music2vec => f64::from(config.window_secs()),
        _ => config.encoder_config().info(Vec::new()).window.secs,
    };
    let count = |is_so: &dyn Fn(usize) -> bool| {
        let tracks = (0..mels.len()).filter(|&track| is_so(mels.frames(track)));
        tracks.count()
    };
    let tracks_are = |count: usize| match count {
        1 => "1 track is".to_owned(),
        many => format!("{many} tracks are"),
    };
    let alike = count(&|frames| frames <= window);
    let short = count(&|frames| frames < window);
    if alike > 0 && config.views() > 1 {
        events(TrainEvent::Note(format!(
            "{} no longer than one window ({secs:.1} s), so that all segments of such a track are the same sound; longer files \
             teach more",
            tracks_are(alike)
        )));
    } else if short > 0 && config.family() == Family::Maest {
        events(TrainEvent::Note(format!(
            "{} shorter than one window ({secs:.1} s) and padded with silence on both sides; longer files teach more",
            tracks_are(short)
        )));
    } else if short > 0 && config.family() == Family::Music2vec {
        events(TrainEvent::Note(format!(
            "{} shorter than one window ({secs} s): silence fills the rest of it; with --window a window can be shorter",
            tracks_are(short)
        )));
    }
}

fn probe(
    config: &TrainConfig,
    control: &TrainControl,
    events: &mut dyn FnMut(TrainEvent),
) -> Result<Option<StyleProbe>, TrainError> {
    if config.probe_every == 0 {
        return Ok(None);
    }
    StyleProbe::open(config, control, events).map(Some)
}

fn board(config: &TrainConfig, folder: &RunFolder) -> Result<Option<EventFile>, TrainError> {
    if config.tensorboard {
        Ok(Some(EventFile::create(&folder.path)?))
    } else {
        Ok(None)
    }
}

fn sampler(config: &TrainConfig, tracks: usize, events: &mut dyn FnMut(TrainEvent)) -> Sampler {
    if config.batch > tracks {
        events(TrainEvent::Note(format!(
            "the batch is {tracks} tracks instead of {}: a batch holds no track twice",
            config.batch
        )));
    }
    Sampler {
        seed: config.seed,
        tracks,
        batch: config.batch.min(tracks),
    }
}

/// What a step folder says of itself, but for its files.
pub(super) fn manifest(
    config: &TrainConfig,
    sampler: &Sampler,
    mels: &Mels,
    step: u64,
    optimiser: &OptimiserState,
) -> Manifest {
    Manifest {
        step,
        family: config.family(),
        seed: config.seed,
        batch: sampler.batch,
        tracks: sampler.tracks,
        names_digest: blake3::hash(mels.names.join("\n").as_bytes())
            .to_hex()
            .to_string(),
        content: mels.digest(),
        averaged: optimiser.averaged,
        updates: optimiser.updates,
        loss_scale: optimiser.loss_scale,
        updates_since_overflow: optimiser.updates_since_overflow,
        files: Vec::new(),
    }
}
