//! Which file is meant by a path: a file, the index of shards or one of them, a run folder, a hub folder, or a model of the
//! hub by its name.

use std::{
    fs,
    path::{Path, PathBuf},
};

use mynascope_base::share_with_interval;
use mynascope_hub::{Hub, HubName};
use serde::Deserialize;

use super::{CheckpointError, list_file, open::json_beside, shards};
use crate::{Family, families};

/// The files of a hub folder that hold its weights, in the order in which they are looked for.
const HUB_FILES: [&str; 4] = [
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
];
/// What says of a folder of a model hub what it holds.
const CONFIG: &str = "config.json";
/// The weights of a step of a run, and what says that it is complete.
const WEIGHTS: &str = "weights.safetensors";
const MANIFEST: &str = "manifest.json";
/// The weights of a run that has ended.
const LAST: &str = "final.safetensors";
/// Seconds of the windows of a training whose settings name none.
const TRAINED_WINDOW_SECS: u32 = 5;
/// The one file of the folder that the authors of MT2 hand out.
const STATE_DICT: &str = "model_state_dict.pt";
/// Endings of files that may hold weights.
const ENDINGS: [&str; 6] = ["safetensors", "pth", "pt", "bin", "ckpt", "tar"];
/// Entries of a folder that are looked at.
const MAX_ENTRIES: usize = 10_000;

/// The file that stands for a path: itself, or what a folder stands for.
pub(super) fn locate(path: &Path) -> Result<PathBuf, CheckpointError> {
    if let Some(name) = path.to_str().filter(|_| !path.exists())
        && let Some(name) = HubName::after_scheme(name)?
    {
        return locate(&Hub::of_user()?.open(&name)?);
    }
    if !path.is_dir() {
        if let Some(folder) = described_folder(path) {
            return locate(folder);
        }
        return Ok(shards::index_of(path).unwrap_or_else(|| path.to_path_buf()));
    }
    // A step of a run stands for itself.
    if let Some(weights) = complete_step(path).or_else(|| Some(best_in_run(path)?.0)) {
        return Ok(weights);
    }
    if let Some(weights) = newest_in_run(path)? {
        return Ok(weights);
    }
    let snapshot = snapshot(path);
    let folder = snapshot.as_deref().unwrap_or(path);
    let hub = HUB_FILES.iter().map(|name| folder.join(name));
    if let Some(file) = hub.into_iter().find(|file| file.is_file()) {
        return Ok(file);
    }
    only_checkpoint(folder)
}

/// Which file of a hub folder is used, in words, where the folder holds weights in several formats: they may differ.
pub(crate) fn say_chosen_file(path: &Path) -> Option<String> {
    let is_step = || complete_step(path).is_some() || say_step_of_run(path).is_some();
    if !path.is_dir() || is_step() {
        return None;
    }
    let folder = snapshot(path);
    let folder = folder.as_deref().unwrap_or(path);
    let here = HUB_FILES.iter().filter(|name| folder.join(name).is_file());
    let here: Vec<&str> = here.copied().collect();
    let (used, others) = here.split_first()?;
    (!others.is_empty()).then(|| {
        format!(
            "of the folder {used} is used, and {} beside it is not; name that file itself to use it",
            others.join(", ")
        )
    })
}

/// Whether a path looks like a checkpoint that is no run: a folder as model hubs have it, or the `config.json` in one, whether
/// or not the weights are there.
pub(super) fn is_hub_folder(path: &Path) -> bool {
    let path = described_folder(path).unwrap_or(path);
    let folder = snapshot(path);
    let folder = folder.as_deref().unwrap_or(path);
    let is_there = |name: &str| folder.join(name).is_file();
    HUB_FILES.into_iter().any(is_there) || is_there(STATE_DICT) || described(folder).is_some()
}

/// The folder that a `config.json` describes.
fn described_folder(path: &Path) -> Option<&Path> {
    let folder = path.parent().filter(|_| path.ends_with(CONFIG))?;
    (path.is_file() && described(folder).is_some()).then_some(folder)
}

/// What the `config.json` of a folder says that it holds: a family, or, in words, what else; `None` where there is none that
/// says so.
fn described(folder: &Path) -> Option<Result<Family, String>> {
    let json = json_beside(&folder.join(CONFIG), CONFIG).ok()??;
    families::of_config(&json)
}

/// A model in the cache of a hub: `refs/main` says which of `snapshots/` counts.
fn snapshot(folder: &Path) -> Option<PathBuf> {
    let snapshots = folder.join("snapshots");
    if let Ok(commit) = fs::read_to_string(folder.join("refs/main")) {
        let commit = commit.trim();
        let is_name = !commit.is_empty() && commit.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let named = snapshots.join(commit);
        if is_name && named.is_dir() {
            return Some(named);
        }
    }
    let mut folders = fs::read_dir(snapshots).ok()?.flatten();
    let (only, None) = (folders.next()?, folders.next()) else {
        return None;
    };
    Some(only.path())
}

/// The checkpoint in a folder that holds one under a name of its own.
fn only_checkpoint(folder: &Path) -> Result<PathBuf, CheckpointError> {
    let io = |source| CheckpointError::Io {
        source,
        path: folder.to_path_buf(),
    };
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(io)?.take(MAX_ENTRIES) {
        let path = entry.map_err(io)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name == ".metadata" || name.ends_with(".distcp") {
            return Err(CheckpointError::Damaged {
                why: "it is a distributed checkpoint; make one file of it with `python -m torch.distributed.checkpoint.format_utils dcp_to_torch FOLDER FILE.pth`".into(),
                path: folder.to_path_buf(),
            });
        }
        let ending = path.extension().unwrap_or_default();
        let may_be = ENDINGS
            .iter()
            .any(|known| ending.eq_ignore_ascii_case(known));
        if (may_be || name.ends_with(".index.json")) && path.is_file() {
            let file = shards::index_of(&path).unwrap_or(path);
            if !found.contains(&file) {
                found.push(file);
            }
        }
    }
    found.sort();
    match found.as_slice() {
        [] => Err(no_weights(folder)),
        [only] => Ok(only.clone()),
        [first, ..] if let Some(why) = shards::missing_index(first) => {
            Err(CheckpointError::Damaged {
                why,
                path: first.clone(),
            })
        }
        [first, ..] => Err(CheckpointError::SeveralFiles {
            count: found.len(),
            first: first.file_name().unwrap_or_default().into(),
            path: folder.to_path_buf(),
        }),
    }
}

/// Why a folder without a checkpoint is no use: what its `config.json` says that it is, and what is missing.
fn no_weights(folder: &Path) -> CheckpointError {
    let path = folder.to_path_buf();
    match described(folder) {
        None => CheckpointError::EmptyFolder { path },
        Some(Err(what)) => CheckpointError::NoWeights { what, path },
        Some(Ok(family)) => CheckpointError::NoWeights {
            what: format!(
                "by its config.json it is a {family}, but model.safetensors or pytorch_model.bin is missing; put one of them into \
                 this folder"
            ),
            path,
        },
    }
}

/// Which step a run folder stands for and why, in words; `None` for what is no run folder.
pub fn say_step_of_run(folder: &Path) -> Option<String> {
    let (step, of) = step_of_run(folder)?;
    let why = match of {
        Some(of) => format!("its best: {of}"),
        None => {
            "its newest: none did better by labels than the first weights, beyond chance".to_owned()
        }
    };
    Some(format!("{step} of the run ({why})"))
}

/// The same in two words: "step 3 (best)".
pub(crate) fn name_step_of_run(folder: &Path) -> Option<String> {
    let (step, of) = step_of_run(folder)?;
    Some(match of {
        Some(_) => format!("{step} (best)"),
        None => format!("{step} (newest)"),
    })
}

/// The step that a run folder stands for, and in what it did best, if it did.
fn step_of_run(folder: &Path) -> Option<(String, Option<String>)> {
    let (step, of) = match best_in_run(folder) {
        Some((weights, best)) => (weights, Some(best.say())),
        None if folder.is_dir() => (newest_in_run(folder).ok()??, None),
        None => return None,
    };
    let name = match step.parent() {
        Some(parent) if parent != folder => parent,
        _ => step.as_path(),
    };
    let name = name.file_name()?.to_string_lossy().replace('-', " ");
    Some((name, of))
}

/// The weights of a step's folder, if it is one and complete: its manifest is written last.
fn complete_step(folder: &Path) -> Option<PathBuf> {
    let weights = folder.join(WEIGHTS);
    (folder.join(MANIFEST).is_file() && weights.is_file()).then_some(weights)
}

/// The folder of the run that weights belong to: of a file of a step, or of its last; or the folder itself, if it is one of a
/// run. `None` of what belongs to no run.
pub fn run_of_weights(weights: &Path) -> Option<&Path> {
    const SETTINGS: &str = "config.toml";
    let is_step = weights.ends_with(WEIGHTS) && weights.with_file_name(MANIFEST).is_file();
    let folder = match is_step {
        true => weights.parent()?.parent()?,
        false if weights.ends_with(LAST) => weights.parent()?,
        false => weights,
    };
    folder.join(SETTINGS).is_file().then_some(folder)
}

/// Seconds of the windows that a run in whose folder a file lies was trained on; `None` of a file of no run. What says nothing
/// has the training's default.
pub(crate) fn trained_window_secs(weights: &Path) -> Option<u32> {
    let folder = run_of_weights(weights)?;
    let settings = fs::read_to_string(folder.join("config.toml")).ok()?;
    // Settings of the run itself stand before the first table.
    let own = settings.lines().take_while(|line| !line.starts_with('['));
    let mut pairs = own.filter_map(|line| line.split_once('='));
    let told = pairs.find(|(name, _)| name.trim() == "window_secs");
    match told {
        Some((_, secs)) => secs.trim().parse().ok(),
        None => Some(TRAINED_WINDOW_SECS),
    }
}

/// What the manifest of a step says of one of its files.
#[derive(Deserialize)]
struct StepFile {
    name: String,
    blake3: String,
}

/// What is read of a step's manifest.
#[derive(Deserialize)]
struct StepManifest {
    files: Vec<StepFile>,
}

/// Refuses weights of a run's step that are not those that its manifest names; any other file passes.
pub(super) fn check_step(weights: &Path) -> Result<(), CheckpointError> {
    let manifest = weights.with_file_name(MANIFEST);
    if !weights.ends_with(WEIGHTS) || !manifest.is_file() {
        return Ok(());
    }
    let remedy =
        "put it back from a copy, or name another step of the run or its final.safetensors";
    let text = fs::read_to_string(&manifest).map_err(|source| CheckpointError::Io {
        source,
        path: manifest.clone(),
    })?;
    let told: StepManifest =
        serde_json::from_str(&text).map_err(|error| CheckpointError::Damaged {
            why: format!("the manifest of this step is damaged ({error}); {remedy}"),
            path: manifest.clone(),
        })?;
    let Some(told) = told.files.iter().find(|file| file.name == WEIGHTS) else {
        return Ok(());
    };
    let mut hasher = blake3::Hasher::new();
    fs::File::open(weights)
        .and_then(|mut file| std::io::copy(&mut file, &mut hasher))
        .map_err(|source| CheckpointError::Io {
            source,
            path: weights.to_path_buf(),
        })?;
    match hasher.finalize().to_hex().as_str() == told.blake3 {
        true => Ok(()),
        false => Err(CheckpointError::Damaged {
            why: format!(
                "its bytes are not those that the training wrote (the hash in {MANIFEST} is another), so nobody knows what it would \
                 embed; {remedy}"
            ),
            path: weights.to_path_buf(),
        }),
    }
}

/// The step that did best, as the run folder says it.
#[derive(Deserialize)]
struct Best {
    step: u64,
    /// What it did best in.
    of: String,
    #[serde(default)]
    score: f64,
    /// The 95 % interval of the score, and the score of the first weights. Earlier versions kept neither.
    interval: Option<[f64; 2]>,
    first: Option<f64>,
}

impl Best {
    /// How well it did, and in what.
    fn say(&self) -> String {
        match self.first {
            Some(first) => format!(
                "{}, {:.1} % before the first step; {}",
                share_with_interval(self.score, self.interval),
                100.0 * first,
                self.of
            ),
            None => self.of.clone(),
        }
    }
}

/// Weights of the step of a run folder that did best, if they are there and complete.
fn best_in_run(folder: &Path) -> Option<(PathBuf, Best)> {
    let text = fs::read_to_string(folder.join("best.json")).ok()?;
    let best: Best = serde_json::from_str(&text).ok()?;
    let weights = complete_step(&folder.join(format!("step-{}", best.step)))?;
    Some((weights, best))
}

/// Weights of a run folder: of all complete steps and the final file, the one trained longest; `None` where there are
/// none. A step folder gets its name only when it is complete.
fn newest_in_run(folder: &Path) -> Result<Option<PathBuf>, CheckpointError> {
    let io = |source| CheckpointError::Io {
        source,
        path: folder.to_path_buf(),
    };
    let mut newest: Option<(u64, PathBuf)> = None;
    let mut consider = |step: u64, path: PathBuf| {
        if newest.as_ref().is_none_or(|(best, _)| step >= *best) {
            newest = Some((step, path));
        }
    };
    for entry in fs::read_dir(folder).map_err(io)? {
        let path = entry.map_err(io)?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let step = name
            .and_then(|name| name.strip_prefix("step-"))
            .and_then(|step| step.parse().ok());
        if let Some(step) = step
            && let Some(weights) = complete_step(&path)
        {
            consider(step, weights);
        }
    }
    let last = folder.join(LAST);
    if last.is_file() {
        let step = list_file(&last)?
            .metadata
            .get("step")
            .and_then(|step| step.parse().ok())
            .unwrap_or(u64::MAX);
        consider(step, last);
    }
    Ok(newest.map(|(_, path)| path))
}
