//! The run folder: `config.toml`, `log.jsonl`, `step-N/` and `final.safetensors`. A step folder is filled under another
//! name, its manifest is written last, and then it is renamed: what has the name is complete.

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{StepRecord, TrainConfig, TrainError, learner::OptimiserState};
use crate::{
    encoder::{EncoderConfig, WeightTensor},
    encoder::{FileContent, Weights, read_file, save_weights, whole_layout, write_tensors},
    objective::SogclrMemory,
    storage::{StorageError, create_folder, write_atomic},
};

const WEIGHTS: &str = "weights.safetensors";
const OPTIMISER: &str = "optimiser.safetensors";
const OBJECTIVE: &str = "objective.safetensors";
const MANIFEST: &str = "manifest.json";
/// Step folders that stay; older ones are removed once a newer one is complete.
const KEPT_STEPS: usize = 3;

/// What a complete step folder says of itself.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq)]
pub(super) struct Manifest {
    /// Steps done.
    pub step: u64,
    pub seed: u64,
    /// Tracks a step, after a lowering.
    pub batch: usize,
    /// Number of readable tracks and a digest of their names.
    pub tracks: usize,
    pub names: String,
    /// Updates of the optimiser.
    pub updates: u64,
    pub files: Vec<ManifestFile>,
}

/// One file of a step folder.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq)]
pub(super) struct ManifestFile {
    pub name: String,
    pub bytes: u64,
    pub blake3: String,
}

/// Everything that a run needs to go on.
pub(super) struct Checkpoint {
    pub manifest: Manifest,
    pub weights: Weights,
    pub optimiser: OptimiserState,
    pub memory: SogclrMemory,
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
    /// Starts a run in a folder that is new or empty.
    pub fn create(path: &Path, config: &TrainConfig) -> Result<Self, TrainError> {
        create_folder(path)?;
        let mut entries = fs::read_dir(path).map_err(io("read a folder", path))?;
        if entries.next().is_some() {
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

    /// Adds a line to `log.jsonl`.
    pub fn log(&self, record: &StepRecord) -> Result<(), TrainError> {
        let path = self.path.join("log.jsonl");
        let line = serde_json::to_string(record)
            .map_err(|error| io("write the log", &path)(std::io::Error::other(error)))?;
        fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .and_then(|mut file| writeln!(file, "{line}"))
            .map_err(io("write the log", &path))
    }

    /// The lines of the log up to a step; later ones, of steps that a resumed run does again, are cut off the file.
    pub fn rewind_log(&self, step: u64) -> Result<Vec<StepRecord>, TrainError> {
        let path = self.path.join("log.jsonl");
        let text = fs::read_to_string(&path).unwrap_or_default();
        let records: Vec<StepRecord> = text
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .filter(|record: &StepRecord| record.step <= step)
            .collect();
        write_atomic(&path, |file| {
            for record in &records {
                serde_json::to_writer(&mut *file, record)?;
                writeln!(file)?;
            }
            Ok(())
        })?;
        Ok(records)
    }

    /// Writes a complete step folder and returns its weights file. Older step folders beyond the newest few go.
    pub fn save_step(
        &self,
        mut manifest: Manifest,
        weights: &Weights,
        optimiser: &OptimiserState,
        memory: &SogclrMemory,
    ) -> Result<PathBuf, TrainError> {
        let done = self.path.join(format!("step-{}", manifest.step));
        let partial = self.path.join(format!(".step-{}.partial", manifest.step));
        let _ = fs::remove_dir_all(&partial);
        create_folder(&partial)?;
        let about = [
            ("seed", manifest.seed.to_string()),
            ("step", manifest.step.to_string()),
        ];
        save_weights(&partial.join(WEIGHTS), weights, &about)?;
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
        let rows = [memory.u.len()];
        let memory = [
            ("u", &rows[..], memory.u.as_slice()),
            ("tau", &rows[..], memory.tau.as_slice()),
            ("momentum", &rows[..], memory.momentum.as_slice()),
        ];
        write_tensors(&partial.join(OBJECTIVE), &memory, BTreeMap::new())?;
        manifest.files = [WEIGHTS, OPTIMISER, OBJECTIVE]
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
        for (_, old) in self.steps().into_iter().rev().skip(KEPT_STEPS) {
            let _ = fs::remove_dir_all(old);
        }
        Ok(done.join(WEIGHTS))
    }

    /// Writes `final.safetensors`.
    pub fn save_final(
        &self,
        weights: &Weights,
        step: u64,
        seed: u64,
    ) -> Result<PathBuf, TrainError> {
        let path = self.path.join("final.safetensors");
        let about = [("seed", seed.to_string()), ("step", step.to_string())];
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

    /// The newest checkpoint whose files are those of its manifest.
    pub fn newest(&self, config: EncoderConfig, head: &[usize]) -> Result<Checkpoint, TrainError> {
        let mut faults = Vec::new();
        for (_, step) in self.steps().into_iter().rev() {
            match read_step(&step, config, head) {
                Ok(checkpoint) => return Ok(checkpoint),
                Err(fault) => faults.push(format!("{}: {fault}", step.display())),
            }
        }
        Err(TrainError::NoRun {
            why: if faults.is_empty() {
                "it has no checkpoint yet".into()
            } else {
                format!("no checkpoint is sound ({})", faults.join("; "))
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

fn read_step(folder: &Path, config: EncoderConfig, head: &[usize]) -> Result<Checkpoint, String> {
    let text = fs::read_to_string(folder.join(MANIFEST)).map_err(|e| e.to_string())?;
    let manifest: Manifest = serde_json::from_str(&text).map_err(|e| e.to_string())?;
    for file in &manifest.files {
        let found = describe(folder, &file.name).map_err(|e| e.to_string())?;
        if found != *file {
            return Err(format!("{} is not what was written", file.name));
        }
    }
    let read = |name: &str| read_file(&folder.join(name)).map_err(|e| e.to_string());
    let (weights, optimiser, mut memory) = (read(WEIGHTS)?, read(OPTIMISER)?, read(OBJECTIVE)?);
    let layout = whole_layout(&config, head);
    let all = |content: &mut FileContent, start: &str| {
        layout
            .iter()
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
    let (mut weights, mut optimiser) = (weights, optimiser);
    let tensors = layout
        .iter()
        .cloned()
        .zip(all(&mut weights, "")?)
        .map(|(spec, values)| WeightTensor { spec, values })
        .collect();
    let mut rows = |name: &str| {
        memory
            .tensors
            .remove(name)
            .map(|tensor| tensor.values)
            .filter(|values| values.len() == manifest.tracks)
            .ok_or_else(|| format!("{name} is missing or has another length"))
    };
    Ok(Checkpoint {
        weights: Weights {
            config,
            head: head.to_vec(),
            tensors,
        },
        optimiser: OptimiserState {
            first: all(&mut optimiser, "m.")?,
            second: all(&mut optimiser, "v.")?,
            updates: manifest.updates,
        },
        memory: SogclrMemory {
            u: rows("u")?,
            tau: rows("tau")?,
            momentum: rows("momentum")?,
        },
        manifest,
    })
}
