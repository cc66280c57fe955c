//! The run folder: `config.toml`, `log.jsonl`, `step-N/` and `final.safetensors`. A step folder is filled under another
//! name, its manifest is written last, and then it is renamed: what has the name is complete.

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    LabelMeaning, ProbeRecord, StepRecord, StepSnapshot, TrainConfig, TrainError,
    learner::OptimiserState, snapshot::SNAPSHOT,
};
use crate::objective::TrackState;
use mynascope_base::{
    counted,
    storage::{StorageError, create_folder, write_atomic},
    wilson_interval,
};
use mynascope_collection::HeardTracks;
use mynascope_encoder::{
    EncoderConfig, Family, FileContent, TrainingHead, WeightTensor, Weights, all_parameters,
    families::{maest, music2vec::is_taught},
    read_file, save_weights, write_tensors,
};

const WEIGHTS: &str = "weights.safetensors";
const OPTIMISER: &str = "optimiser.safetensors";
const OBJECTIVE: &str = "objective.safetensors";
const MANIFEST: &str = "manifest.json";
/// What the teacher of data2vec has for itself.
const TEACHER: &str = "teacher.safetensors";
/// What the outputs of a run mean that learns labels.
const LABELS: &str = "labels.json";
/// The trained weights themselves, where `weights` holds their running average.
const RAW: &str = "raw.safetensors";
/// The step that did best, and how well.
const BEST: &str = "best.json";

/// What a complete step folder says of itself.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq)]
pub(super) struct Manifest {
    /// Steps done.
    pub step: u64,
    /// The family of the encoder; nothing in runs before there were others.
    #[serde(default = "first_family")]
    pub family: Family,
    pub seed: u64,
    /// Tracks a step, after a lowering.
    pub batch: usize,
    /// Number of readable tracks and a digest of their names.
    pub tracks: usize,
    #[serde(rename = "names")]
    pub names_digest: String,
    /// Digest of the tracks' content; empty in runs of older versions.
    #[serde(default)]
    pub content: String,
    /// Updates of the optimiser.
    pub updates: u64,
    /// [`OptimiserState::averaged`].
    #[serde(default, skip_serializing_if = "is_zero")]
    pub averaged: u64,
    /// [`OptimiserState::loss_scale`]; nothing in runs of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss_scale: Option<f64>,
    /// [`OptimiserState::updates_since_overflow`].
    #[serde(default)]
    pub updates_since_overflow: u32,
    pub files: Vec<ManifestFile>,
}

// What serde calls is given a reference.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(value: &u64) -> bool {
    *value == 0
}

fn first_family() -> Family {
    Family::Myna
}

/// One file of a step folder.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq)]
pub(super) struct ManifestFile {
    pub name: String,
    pub bytes: u64,
    pub blake3: String,
}

/// The step that did best so far. None did where no score lies above that of the first weights by more than chance.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq)]
pub struct BestStep {
    /// The step.
    pub step: u64,
    /// Higher is better.
    pub score: f64,
    /// What the score is.
    pub of: String,
    /// Its 95 % interval. Earlier versions kept none, and called a step best that was no better than the first weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<[f64; 2]>,
    /// The score of step 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<f64>,
}

impl BestStep {
    /// A step by the share of tracks that lie among their label, if it did better than the first weights by more than chance: their
    /// share lies below the interval of its own.
    pub(super) fn of_shares(step: u64, [score, first]: [f64; 2], tracks: usize) -> Option<Self> {
        let interval = wilson_interval(score, tracks);
        (first < interval[0]).then(|| Self {
            step,
            score,
            of: format!(
                "share of {} of its collection among their label",
                counted(tracks, "track")
            ),
            interval: Some(interval),
            first: Some(first),
        })
    }

    /// That of a run folder, if there is one.
    pub fn of_run(run: &Path) -> Option<Self> {
        let text = fs::read_to_string(run.join(BEST)).ok()?;
        serde_json::from_str(&text).ok()
    }
}

/// Everything that a run needs to go on.
pub(super) struct Checkpoint {
    pub manifest: Manifest,
    pub weights: Weights,
    pub optimiser: OptimiserState,
    pub track_state: TrackState,
    pub snapshot: StepSnapshot,
}

/// A run on disk.
pub(super) struct RunFolder {
    pub path: PathBuf,
}

fn io(what: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> TrainError {
    let path = path.to_path_buf();
    move |source| TrainError::Storage(StorageError::Io { what, source, path })
}

impl RunFolder {
    /// Starts a run in a folder that is new or empty, or in which one never came to its first checkpoint.
    pub fn create(path: &Path, config: &TrainConfig) -> Result<Self, TrainError> {
        create_folder(path)?;
        // A run that ended before its first checkpoint has done nothing that could be lost.
        let begun = [
            "config.toml",
            LABELS,
            HeardTracks::file_name(),
            ".step-0.partial",
            "tensorboard",
        ];
        let mut entries = fs::read_dir(path).map_err(io("read a folder", path))?;
        let ours = path.join("config.toml").is_file();
        let is_precious = |name: &std::ffi::OsStr| {
            !ours || !begun.iter().any(|begun| name.to_str() == Some(begun))
        };
        if entries.any(|entry| entry.map_or(true, |entry| is_precious(&entry.file_name()))) {
            return Err(TrainError::FolderInUse {
                path: path.to_path_buf(),
            });
        }
        let folder = Self {
            path: path.to_path_buf(),
        };
        folder.save_config(config)?;
        Ok(folder)
    }

    /// Takes away a run that never came to its first step, and its folder if nothing else is in it.
    pub fn discard(&self) {
        for name in ["config.toml", LABELS, HeardTracks::file_name()] {
            let _ = fs::remove_file(self.path.join(name));
        }
        let _ = fs::remove_dir(&self.path);
    }

    /// Opens the folder of a run with its settings.
    pub fn open(path: &Path) -> Result<(Self, TrainConfig), TrainError> {
        let config = TrainConfig::of_run(path)?;
        let folder = Self {
            path: path.to_path_buf(),
        };
        Ok((folder, config))
    }

    /// Writes `config.toml`.
    pub fn save_config(&self, config: &TrainConfig) -> Result<(), TrainError> {
        let text = config.to_toml()?;
        write_atomic(&self.path.join("config.toml"), |file| {
            file.write_all(text.as_bytes())
        })?;
        Ok(())
    }

    /// Writes what the outputs of a supervised head mean.
    pub fn save_labels(&self, meaning: &LabelMeaning) -> Result<(), TrainError> {
        write_atomic(&self.path.join(LABELS), |file| {
            Ok(serde_json::to_writer_pretty(file, meaning)?)
        })?;
        Ok(())
    }

    /// Adds a line to `log.jsonl`. Returns what is read from it: text holds a number to all but its last bit, and a run that
    /// goes on must know no other numbers than one that was never stopped.
    pub fn log(&self, record: &StepRecord) -> Result<StepRecord, TrainError> {
        let line = self.add_line("log.jsonl", record)?;
        serde_json::from_str(&line)
            .map_err(|error| io("read the log back", &self.path)(std::io::Error::other(error)))
    }

    /// Adds a line to `probe.jsonl`.
    pub fn log_probe(&self, record: &ProbeRecord) -> Result<(), TrainError> {
        self.add_line("probe.jsonl", record).map(drop)
    }

    fn add_line(&self, name: &str, record: &impl Serialize) -> Result<String, TrainError> {
        let path = self.path.join(name);
        let line = serde_json::to_string(record)
            .map_err(|error| io("write the log", &path)(std::io::Error::other(error)))?;
        fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            // One write a line: a kill tears the last line at most.
            .and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()))
            .map_err(io("write the log", &path))?;
        Ok(line)
    }

    /// The lines of the log up to a step, and the looks at styles; later ones, of steps that a resumed run does again,
    /// are cut off the files.
    pub fn rewind_log(&self, step: u64) -> Result<(Vec<StepRecord>, Vec<ProbeRecord>), TrainError> {
        let records = self.rewind("log.jsonl", |record: &StepRecord| record.step <= step)?;
        let probes = self.rewind("probe.jsonl", |record: &ProbeRecord| record.step <= step)?;
        Ok((records, probes))
    }

    fn rewind<T: DeserializeOwned>(
        &self,
        name: &str,
        stays: impl Fn(&T) -> bool,
    ) -> Result<Vec<T>, TrainError> {
        let path = self.path.join(name);
        let Ok(text) = fs::read_to_string(&path) else {
            return Ok(Vec::new());
        };
        let (lines, records): (Vec<&str>, Vec<T>) = text
            .lines()
            .filter_map(|line| Some((line, serde_json::from_str(line).ok()?)))
            .filter(|(_, record)| stays(record))
            .unzip();
        write_atomic(&path, |file| {
            // As they stand: numbers that are read and written again drift.
            lines.iter().try_for_each(|line| writeln!(file, "{line}"))
        })?;
        Ok(records)
    }

    /// Takes away everything that came after the checkpoint of a step, so that the run goes on from there.
    pub fn go_back(&self, step: u64) -> Result<(), TrainError> {
        let steps = self.steps();
        if !steps.iter().any(|(there, _)| *there == step) {
            let there: Vec<String> = steps.iter().map(|(step, _)| step.to_string()).collect();
            return Err(TrainError::NoRun {
                why: format!(
                    "it has no checkpoint of step {step}; there are those of {}",
                    there.join(", ")
                ),
                path: self.path.clone(),
            });
        }
        if self.best().is_some_and(|best| best.step > step) {
            let best = self.path.join(BEST);
            fs::remove_file(&best).map_err(io("take back the best step", &best))?;
        }
        let last = self.path.join("final.safetensors");
        if last.exists() {
            fs::remove_file(&last).map_err(io("take back the last weights", &last))?;
        }
        for (_, later) in steps.into_iter().filter(|(there, _)| *there > step) {
            fs::remove_dir_all(&later).map_err(io("take back a checkpoint", &later))?;
        }
        Ok(())
    }

    /// Writes a complete step folder and returns its weights file. Older step folders beyond the newest `keep` go, but
    /// for the best one.
    pub fn save_step(
        &self,
        mut manifest: Manifest,
        weights: &Weights,
        optimiser: &OptimiserState,
        track_state: &TrackState,
        snapshot: &StepSnapshot,
        keep: usize,
    ) -> Result<PathBuf, TrainError> {
        let done = self.path.join(format!("step-{}", manifest.step));
        let partial = self.path.join(format!(".step-{}.partial", manifest.step));
        let _ = fs::remove_dir_all(&partial);
        create_folder(&partial)?;
        let about = self.about(weights, manifest.step, manifest.seed);
        let mut names = vec![WEIGHTS, OPTIMISER];
        if optimiser.averages.is_empty() {
            save_weights(&partial.join(WEIGHTS), weights, &about)?;
        } else {
            names.push(RAW);
            save_weights(&partial.join(RAW), weights, &about)?;
            let tensors = weights.tensors.iter().zip(&optimiser.averages);
            let averages = Weights {
                tensors: tensors
                    .map(|(tensor, values)| WeightTensor {
                        spec: tensor.spec.clone(),
                        values: values.clone(),
                    })
                    .collect(),
                ..weights.clone()
            };
            save_weights(&partial.join(WEIGHTS), &averages, &about)?;
        }
        let mut moments: Vec<(String, &[usize], &[f32])> = Vec::new();
        for (start, values) in [("m.", &optimiser.first), ("v.", &optimiser.second)] {
            for (tensor, values) in weights.tensors.iter().zip(values) {
                moments.push((
                    format!("{start}{}", tensor.spec.name),
                    &tensor.spec.shape,
                    values,
                ));
            }
        }
        let moments: Vec<_> = moments
            .iter()
            .map(|(name, shape, values)| (name.as_str(), *shape, *values))
            .collect();
        write_tensors(&partial.join(OPTIMISER), &moments, BTreeMap::new())?;
        if !optimiser.teacher.is_empty() {
            names.push(TEACHER);
            let taught = weights.tensors.iter().map(|tensor| &tensor.spec);
            let taught = taught.filter(|spec| is_taught(&spec.name));
            let teacher: Vec<(&str, &[usize], &[f32])> = taught
                .zip(&optimiser.teacher)
                .map(|(spec, values)| (spec.name.as_str(), &spec.shape[..], values.as_slice()))
                .collect();
            write_tensors(&partial.join(TEACHER), &teacher, BTreeMap::new())?;
        }
        let shapes: Vec<[usize; 1]> = track_state
            .columns
            .iter()
            .map(|c| [c.values.len()])
            .collect();
        let columns: Vec<(&str, &[usize], &[f32])> = track_state
            .columns
            .iter()
            .zip(&shapes)
            .map(|(column, shape)| (column.name, &shape[..], column.values.as_slice()))
            .collect();
        // A file without tensors would not be readable.
        if !columns.is_empty() {
            names.push(OBJECTIVE);
            write_tensors(&partial.join(OBJECTIVE), &columns, BTreeMap::new())?;
        }
        // Only to be looked at: a name that is no text (of a track in the matrix) costs the snapshot, not the run.
        if let Ok(text) = serde_json::to_vec(snapshot) {
            names.push(SNAPSHOT);
            write_atomic(&partial.join(SNAPSHOT), |file| file.write_all(&text))?;
        }
        manifest.files = names
            .into_iter()
            .map(|name| describe(&partial, name))
            .collect::<Result<_, _>>()?;
        write_atomic(&partial.join(MANIFEST), |file| {
            Ok(serde_json::to_writer_pretty(file, &manifest)?)
        })?;
        if done.exists() {
            fs::remove_dir_all(&done).map_err(io("replace a checkpoint", &done))?;
        }
        fs::rename(&partial, &done).map_err(io("rename a finished checkpoint", &done))?;
        if let Ok(folder) = fs::File::open(&self.path) {
            // The new name must reach the disk; not every system lets a folder be opened for that.
            let _ = folder.sync_all();
        }
        let best = self.best().map(|best| best.step);
        for (step, old) in self.steps().into_iter().rev().skip(keep) {
            if best != Some(step) {
                let _ = fs::remove_dir_all(old);
            }
        }
        Ok(done.join(WEIGHTS))
    }

    /// What the header of a file of weights says beside their sizes; where they hold a classifier, the names of its labels.
    fn about(&self, weights: &Weights, step: u64, seed: u64) -> Vec<(&'static str, String)> {
        let mut about = vec![("seed", seed.to_string()), ("step", step.to_string())];
        if let TrainingHead::Styles(count) = weights.tail
            && let Ok(text) = fs::read_to_string(self.path.join(LABELS))
            && let Ok(meaning) = serde_json::from_str::<LabelMeaning>(&text)
            && meaning.outputs.len() == count
            && let Ok(names) = serde_json::to_string(&meaning.outputs)
        {
            about.push((maest::LABELS, names));
        }
        about
    }

    /// Takes away what a save that failed left behind.
    pub fn clear_partial(&self, step: u64) {
        let _ = fs::remove_dir_all(self.path.join(format!(".step-{step}.partial")));
    }

    /// The step that did best.
    pub fn best(&self) -> Option<BestStep> {
        BestStep::of_run(&self.path)
    }

    /// Says that a step, which is already written, did best.
    pub fn save_best(&self, best: &BestStep) -> Result<(), TrainError> {
        write_atomic(&self.path.join(BEST), |file| {
            Ok(serde_json::to_writer_pretty(file, best)?)
        })?;
        Ok(())
    }

    /// The newest step that is there, sound or not.
    pub fn newest_step(&self) -> u64 {
        self.steps().last().map_or(0, |(step, _)| *step)
    }

    /// The newest step before another one; that one where there is none.
    pub fn newest_before(&self, step: u64) -> u64 {
        let steps = self.steps();
        let before = steps.iter().rev().find(|(there, _)| *there < step);
        before.map_or(step, |(there, _)| *there)
    }

    /// Writes `final.safetensors`.
    pub fn save_final(
        &self,
        weights: &Weights,
        step: u64,
        seed: u64,
    ) -> Result<PathBuf, TrainError> {
        let path = self.path.join("final.safetensors");
        let about = self.about(weights, step, seed);
        save_weights(&path, weights, &about)?;
        Ok(path)
    }

    /// Step folders, oldest first.
    fn steps(&self) -> Vec<(u64, PathBuf)> {
        let mut steps: Vec<(u64, PathBuf)> = fs::read_dir(&self.path)
            .into_iter()
            .flatten()
            .filter_map(|entry| {
                let path = entry.ok()?.path();
                let step = path
                    .file_name()?
                    .to_str()?
                    .strip_prefix("step-")?
                    .parse()
                    .ok()?;
                Some((step, path))
            })
            .collect();
        steps.sort();
        steps
    }

    /// The checkpoint of a step.
    pub fn checkpoint(
        &self,
        step: u64,
        config: EncoderConfig,
        tail: &TrainingHead,
        track_state: &dyn Fn(usize) -> TrackState,
    ) -> Result<Checkpoint, TrainError> {
        let path = self.path.join(format!("step-{step}"));
        read_step(&path, config, tail, track_state).map_err(|why| TrainError::NoRun {
            why: format!("the checkpoint of step {step} cannot be read ({why})"),
            path,
        })
    }

    /// The newest checkpoint whose files are those of its manifest, and the step and fault of each newer one.
    pub fn newest(
        &self,
        config: EncoderConfig,
        tail: &TrainingHead,
        track_state: &dyn Fn(usize) -> TrackState,
    ) -> Result<(Checkpoint, Vec<(u64, String)>), TrainError> {
        let mut faults = Vec::new();
        for (step, folder) in self.steps().into_iter().rev() {
            match read_step(&folder, config, tail, track_state) {
                Ok(checkpoint) => return Ok((checkpoint, faults)),
                Err(fault) => faults.push((step, fault)),
            }
        }
        Err(TrainError::NoRun {
            why: if faults.is_empty() {
                "it has no checkpoint yet".into()
            } else {
                let remedy = match faults.iter().any(|(_, fault)| fault.ends_with(TEACHER)) {
                    true => {
                        "; a run of data2vec can't go on without its teacher: put the file back, or begin a new run with --init \
                         from the weights, which are whole"
                    }
                    false => "",
                };
                let faults = faults
                    .iter()
                    .map(|(step, fault)| format!("step-{step}: {fault}"));
                let faults: Vec<String> = faults.collect();
                format!("no checkpoint is sound ({}){remedy}", faults.join("; "))
            },
            path: self.path.clone(),
        })
    }
}

fn describe(folder: &Path, name: &str) -> Result<ManifestFile, TrainError> {
    let path = folder.join(name);
    let mut hasher = blake3::Hasher::new();
    let bytes = fs::File::open(&path)
        .and_then(|mut file| std::io::copy(&mut file, &mut hasher))
        .map_err(io("read back a checkpoint", &path))?;
    Ok(ManifestFile {
        name: name.to_owned(),
        bytes,
        blake3: hasher.finalize().to_hex().to_string(),
    })
}

/// Reads a step folder; `track_state` says what the objective keeps of so many tracks.
fn read_step(
    folder: &Path,
    config: EncoderConfig,
    tail: &TrainingHead,
    track_state: &dyn Fn(usize) -> TrackState,
) -> Result<Checkpoint, String> {
    let unread = |error: &dyn std::fmt::Display| format!("{MANIFEST} cannot be read: {error}");
    let text = fs::read_to_string(folder.join(MANIFEST)).map_err(|error| unread(&error))?;
    let manifest: Manifest = serde_json::from_str(&text).map_err(|error| unread(&error))?;
    let is_taught_here = *tail == TrainingHead::Prediction;
    for file in &manifest.files {
        if !folder.join(&file.name).exists() {
            return Err(missing(&file.name));
        }
        let found = describe(folder, &file.name).map_err(|e| e.to_string())?;
        if found != *file {
            return Err(format!("{} is not what was written", file.name));
        }
    }
    let read = |name: &str| read_file(&folder.join(name)).map_err(|e| e.to_string());
    let has = |name: &str| manifest.files.iter().any(|file| file.name == name);
    let averaged = has(RAW);
    let mut weights = read(if averaged { RAW } else { WEIGHTS })?;
    let mut optimiser = read(OPTIMISER)?;
    let mut remembered = if has(OBJECTIVE) {
        read(OBJECTIVE)?
    } else {
        FileContent::default()
    };
    let layout = all_parameters(&config, tail);
    let some = |content: &mut FileContent, start: &str, wanted: fn(&str) -> bool| {
        layout
            .iter()
            .filter(|spec| wanted(&spec.name))
            .map(|spec| {
                let name = format!("{start}{}", spec.name);
                let tensor = content.tensors.remove(&name);
                tensor
                    .filter(|tensor| tensor.shape == spec.shape)
                    .map(|tensor| tensor.values)
                    .ok_or_else(|| format!("{name} is missing or has another shape"))
            })
            .collect::<Result<Vec<_>, String>>()
    };
    let all = |content: &mut FileContent, start: &str| some(content, start, |_| true);
    let teacher = match (has(TEACHER), is_taught_here) {
        (true, _) => some(&mut read(TEACHER)?, "", is_taught)?,
        (false, true) => return Err(missing(TEACHER)),
        (false, false) => Vec::new(),
    };
    let averages = if averaged {
        all(&mut read(WEIGHTS)?, "")?
    } else {
        Vec::new()
    };
    let tensors = layout
        .iter()
        .cloned()
        .zip(all(&mut weights, "")?)
        .map(|(spec, values)| WeightTensor { spec, values })
        .collect();
    let mut track_state = track_state(manifest.tracks);
    for column in &mut track_state.columns {
        column.values = remembered
            .tensors
            .remove(column.name)
            .map(|tensor| tensor.values)
            .filter(|values| values.len() == column.values.len())
            .ok_or_else(|| format!("{} is missing or has another length", column.name))?;
    }
    Ok(Checkpoint {
        weights: Weights {
            config,
            tail: tail.clone(),
            tensors,
        },
        optimiser: OptimiserState {
            first: all(&mut optimiser, "m.")?,
            second: if optimiser.tensors.keys().any(|name| name.starts_with("v.")) {
                all(&mut optimiser, "v.")?
            } else {
                Vec::new()
            },
            averages,
            teacher,
            averaged: manifest.averaged,
            updates: manifest.updates,
            loss_scale: manifest.loss_scale,
            updates_since_overflow: manifest.updates_since_overflow,
        },
        track_state,
        snapshot: StepSnapshot::of_step(folder).unwrap_or_default(),
        manifest,
    })
}

/// What is said of a file that a step folder should hold.
fn missing(name: &str) -> String {
    format!("it lacks {name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The promise: however often a run goes on, its log says what it said, to the last bit.
    #[test]
    fn a_log_stays_as_it_was_written_and_is_known_as_it_is_read() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = RunFolder {
            path: temporary.path().to_path_buf(),
        };
        let text = || fs::read_to_string(folder.path.join("log.jsonl")).unwrap();
        let mut state = 1_u64;
        let mut known = Vec::new();
        for step in 1..=500 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let record = StepRecord {
                step,
                loss: (state >> 11) as f64 / (1_u64 << 50) as f64,
                grad_norm: 1.0 / (state >> 20) as f64,
                ..StepRecord::default()
            };
            known.push(folder.log(&record).unwrap());
        }
        let written = text();
        for _ in 0..3 {
            assert_eq!(folder.rewind_log(500).unwrap().0, known);
            assert_eq!(text(), written);
        }
        known.truncate(400);
        assert_eq!(folder.rewind_log(400).unwrap().0, known);
        assert_eq!(folder.rewind_log(500).unwrap().0, known);
    }

    /// The promise: what is called best is better than the weights that the run began with, and not by chance.
    #[test]
    fn no_step_is_called_best_that_is_no_better_than_the_first_weights_by_more_than_chance() {
        let best = |score: f64, first: f64| BestStep::of_shares(100, [score, first], 64);
        assert_eq!(best(0.42, 0.45), None);
        assert_eq!(best(0.50, 0.45), None);
        assert_eq!(
            best(0.50, f64::INFINITY),
            None,
            "of a run that never looked"
        );
        let found = best(0.61, 0.45).unwrap();
        let [low, high] = found.interval.unwrap();
        assert!(0.45 < low && low < 0.61 && 0.61 < high, "{low} to {high}");
        assert_eq!(found.first, Some(0.45));
    }
}
