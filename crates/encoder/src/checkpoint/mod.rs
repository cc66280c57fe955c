//! Reading and writing checkpoints. Ours and the published ones have the same tensor names; ours are `.safetensors`
//! and say in the header which patches they read.

mod fit;
mod safetensors_file;
mod torch_file;

use std::{
    collections::BTreeMap,
    convert::Infallible,
    ffi::OsString,
    fmt, fs,
    path::{Path, PathBuf},
    str::FromStr,
};

use serde::{Deserialize, Serialize};

use mynascope_base::storage::{path_from_text, path_to_text};

use super::{CheckpointError, EncoderConfig, EncoderKind, Preset, weights::Weights};
use fit::{Fit, fit};
pub use safetensors_file::write_tensors;

/// Which checkpoint is meant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum CheckpointRef {
    /// The one that comes with the program.
    #[default]
    Shipped,
    /// A tiny hybrid with random weights of seed 0, to compare with.
    Untrained,
    /// A file, or a run folder: its best step.
    File(PathBuf),
}

/// As it is displayed, and kept in the card of a probe.
impl FromStr for CheckpointRef {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text {
            "shipped" => Self::Shipped,
            "untrained" => Self::Untrained,
            path => Self::File(path_from_text(path)),
        })
    }
}

/// As typed on a command line.
impl From<OsString> for CheckpointRef {
    fn from(word: OsString) -> Self {
        match word.to_str() {
            Some("shipped") => Self::Shipped,
            Some("untrained") => Self::Untrained,
            _ => Self::File(word.into()),
        }
    }
}

impl fmt::Display for CheckpointRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shipped => f.write_str("shipped"),
            Self::Untrained => f.write_str("untrained"),
            Self::File(path) => f.write_str(&path_to_text(path)),
        }
    }
}

impl CheckpointRef {
    /// The file that is meant; `None` for the shipped and the untrained one, which need none.
    pub fn resolve(&self) -> Result<Option<PathBuf>, CheckpointError> {
        match self {
            Self::Shipped | Self::Untrained => Ok(None),
            Self::File(path) if path.is_dir() => {
                // A step of a run stands for itself.
                let own = complete_step(path).or_else(|| Some(best_in_run(path)?.0));
                own.map_or_else(|| newest_in_run(path), Ok).map(Some)
            }
            Self::File(path) => Ok(Some(path.clone())),
        }
    }
}

/// Which step a run folder stands for and why, in words; `None` for what is no run folder.
pub fn say_step_of_run(folder: &Path) -> Option<String> {
    let (step, of) = match best_in_run(folder) {
        Some((weights, best)) => (weights, format!("its best: {}", best.of)),
        None if folder.is_dir() => (
            newest_in_run(folder).ok()?,
            "its newest: none was found best".to_owned(),
        ),
        None => return None,
    };
    let name = match step.parent() {
        Some(parent) if parent != folder => parent,
        _ => step.as_path(),
    };
    let name = name.file_name()?.to_string_lossy().replace('-', " ");
    Some(format!("{name} of the run ({of})"))
}

/// The weights of a step's folder, if it is one and complete: its manifest is written last.
fn complete_step(folder: &Path) -> Option<PathBuf> {
    let weights = folder.join("weights.safetensors");
    (folder.join("manifest.json").is_file() && weights.is_file()).then_some(weights)
}

/// The step that did best, as the run folder says it.
#[derive(Deserialize)]
struct Best {
    step: u64,
    /// What it did best in.
    of: String,
}

/// Weights of the step of a run folder that did best, if they are there and complete.
fn best_in_run(folder: &Path) -> Option<(PathBuf, Best)> {
    let text = fs::read_to_string(folder.join("best.json")).ok()?;
    let best: Best = serde_json::from_str(&text).ok()?;
    let step = folder.join(format!("step-{}", best.step));
    let weights = step.join("weights.safetensors");
    (step.join("manifest.json").is_file() && weights.is_file()).then_some((weights, best))
}

/// Weights of a run folder: of all complete steps and the final file, the one trained longest. A step folder gets its
/// name only when it is complete.
fn newest_in_run(folder: &Path) -> Result<PathBuf, CheckpointError> {
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
    let last = folder.join("final.safetensors");
    if last.is_file() {
        let step = safetensors_file::read(&last)?
            .metadata
            .get("step")
            .and_then(|step| step.parse().ok())
            .unwrap_or(u64::MAX);
        consider(step, last);
    }
    newest
        .map(|(_, path)| path)
        .ok_or_else(|| CheckpointError::EmptyRun {
            path: folder.to_path_buf(),
        })
}

/// A tensor as a file holds it, as 32-bit numbers, row-major.
#[derive(Debug, Clone, PartialEq)]
pub struct FileTensor {
    pub shape: Vec<usize>,
    pub values: Vec<f32>,
    /// The type in the file where it was not f32.
    pub converted_from: Option<String>,
}

/// What a checkpoint file holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FileContent {
    pub tensors: BTreeMap<String, FileTensor>,
    pub metadata: BTreeMap<String, String>,
    /// Tensors that are no floating point numbers, with their type.
    pub not_numbers: Vec<(String, String)>,
}

/// Reads all tensors of a `.safetensors` or `.pth` file, told apart by their first bytes. Nothing in the file is run.
pub fn read_file(path: &Path) -> Result<FileContent, CheckpointError> {
    use std::io::Read;
    let io = |source| CheckpointError::Io {
        source,
        path: path.to_path_buf(),
    };
    if path.is_dir() {
        return Err(CheckpointError::EmptyRun {
            path: path.to_path_buf(),
        });
    }
    let mut start = Vec::with_capacity(9);
    let file = fs::File::open(path).map_err(io)?;
    file.take(9).read_to_end(&mut start).map_err(io)?;
    // A safetensors file begins with the length of its header, whose bytes may be any, and then the header's brace.
    let is_safetensors = match start.split_last_chunk::<1>() {
        Some((length, b"{")) => length
            .try_into()
            .is_ok_and(|length| u64::from_le_bytes(length) <= safetensors_file::MAX_HEADER_BYTES),
        _ => false,
    };
    if !is_safetensors && (start.starts_with(b"PK") || start.starts_with(&[0x80])) {
        torch_file::read(path)
    } else {
        safetensors_file::read(path)
    }
}

/// What a checkpoint holds and what doesn't fit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CheckpointReport {
    /// `None` where the file doesn't tell square from vertical.
    pub kind: Option<EncoderKind>,
    pub dim: usize,
    pub depth: usize,
    pub heads: usize,
    pub mlp_dim: usize,
    /// Parameters of the encoder without a head.
    pub parameters: usize,
    /// Tensors that the encoder needs and the file lacks.
    pub missing: Vec<String>,
    /// Tensors that no part of the encoder uses.
    pub unexpected: Vec<String>,
    /// Tensors of another shape than the sizes ask for.
    pub misshaped: Vec<String>,
    /// Tensors that embedding leaves out: projection heads, decoders.
    pub ignored: Vec<String>,
    /// Anything worth saying: converted types, a prefix, NaN.
    pub note: String,
}

/// Reads a checkpoint and tells what it holds. `preset` asks how far it fits that size; without it the sizes are those
/// that the tensors show.
pub fn inspect(path: &Path, preset: Option<Preset>) -> Result<CheckpointReport, CheckpointError> {
    let file = CheckpointRef::File(path.to_path_buf())
        .resolve()?
        .unwrap_or_else(|| path.to_path_buf());
    fit(read_file(&file)?, preset, &file).map(|fit| fit.report)
}

/// Reads the weights of an encoder, without its head. `patch` chooses one branch of a hybrid, or says what the patches
/// of a file are that doesn't tell.
pub fn load_weights(path: &Path, patch: Option<EncoderKind>) -> Result<Weights, CheckpointError> {
    let fit: Fit = fit(read_file(path)?, None, path)?;
    fit.into_weights(patch, path)
}

/// The checkpoint that comes with the program (`assets/myna-tiny.md` tells how it was made).
const SHIPPED: &[u8] = include_bytes!("../../../../assets/myna-tiny.safetensors");

/// The weights of the checkpoint that comes with the program; `patch` chooses one branch.
pub fn shipped_weights(patch: Option<EncoderKind>) -> Result<Weights, CheckpointError> {
    let path = Path::new("myna-tiny.safetensors");
    let content = safetensors_file::parse(SHIPPED, path)?;
    fit(content, None, path)?.into_weights(patch, path)
}

/// How numbers are kept in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Precision {
    #[default]
    Single,
    /// Half the size; embeddings differ in the fourth digit.
    Half,
}

/// Writes weights (with their head, if any) as `.safetensors` under the published names. The header says kind and
/// sizes; `about` adds to it (seed, step, data).
pub fn save_weights(
    path: &Path,
    weights: &Weights,
    about: &[(&str, String)],
) -> Result<(), CheckpointError> {
    save_weights_as(path, weights, about, Precision::Single)
}

/// As [`save_weights`], in a precision.
pub fn save_weights_as(
    path: &Path,
    weights: &Weights,
    about: &[(&str, String)],
    precision: Precision,
) -> Result<(), CheckpointError> {
    let mut metadata: BTreeMap<String, String> = about
        .iter()
        .map(|(key, value)| ((*key).to_owned(), value.clone()))
        .collect();
    metadata.insert("format".into(), "mynascope".into());
    metadata.insert("kind".into(), weights.config.kind.to_string());
    let EncoderConfig {
        dim,
        depth,
        heads,
        mlp_dim,
        ..
    } = weights.config;
    for (name, value) in [
        ("dim", dim),
        ("depth", depth),
        ("heads", heads),
        ("mlp_dim", mlp_dim),
    ] {
        metadata.insert(name.into(), value.to_string());
    }
    let tensors: Vec<(&str, &[usize], &[f32])> = weights
        .tensors
        .iter()
        .map(|tensor| {
            (
                tensor.spec.name.as_str(),
                tensor.spec.shape.as_slice(),
                tensor.values.as_slice(),
            )
        })
        .collect();
    safetensors_file::write_tensors_as(path, &tensors, metadata, precision)
}
