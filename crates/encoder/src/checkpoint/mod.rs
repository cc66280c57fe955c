//! Reading and writing checkpoints. Ours and the published ones have the same tensor names; ours are `.safetensors`
//! and say in the header which patches they read.

mod candidates;
mod file;
mod fit;
mod left_out;
mod listing;
mod locate;
mod misfit;
#[cfg(test)]
mod mutation_tests;
mod open;
mod safetensors_file;
mod save;
mod shards;
mod source;
mod summary;
mod torch_file;

use std::{
    convert::Infallible,
    ffi::OsString,
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use mynascope_base::{
    counted,
    storage::{path_from_text, path_to_text},
};

use super::{
    CheckpointError, EncoderConfig, Family, Patching, Preset, Reading, Readout, TrainingHead,
    families::{self, Hint, baseline::Baseline},
    weights::{WeightTensor, Weights},
};
pub use candidates::{WeightsChoice, WeightsRole};
pub use file::{FileContent, FileTensor, read_file};
use file::{list_file, list_one, list_source};
pub use fit::FoundEncoder;
use fit::fit;
pub use left_out::LeftOut;
use listing::Listing;
pub(crate) use locate::{name_step_of_run, say_chosen_file, trained_window_secs};
pub use locate::{run_of_weights, say_step_of_run};
pub use open::OpenCheckpoint;
pub use safetensors_file::write_tensors;
pub use save::{FileDtype, save_weights, save_weights_as};
use source::Source;
pub use summary::{CheckpointSummary, summarise};

/// Which checkpoint is meant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum CheckpointRef {
    /// The one that comes with the program.
    #[default]
    Shipped,
    /// A tiny hybrid with random weights of seed 0, to compare with.
    Untrained,
    /// What needs no weights: statistics of MFCCs or mel bands, or chance.
    Baseline(Baseline),
    /// A file, the index of several or one of them, a run folder (its best step), a folder as model hubs have it, or
    /// `hf:OWNER/NAME[@REVISION]` for a model of the hub that was fetched.
    File(PathBuf),
}

/// As it is displayed, and kept in the card of a probe.
impl FromStr for CheckpointRef {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text {
            "shipped" => Self::Shipped,
            "untrained" => Self::Untrained,
            word => match word.parse() {
                Ok(baseline) => Self::Baseline(baseline),
                Err(_) => Self::File(path_from_text(word)),
            },
        })
    }
}

/// As typed on a command line.
impl From<OsString> for CheckpointRef {
    fn from(word: OsString) -> Self {
        match word.to_str() {
            Some("shipped") => Self::Shipped,
            Some("untrained") => Self::Untrained,
            text => match text.and_then(|text| text.parse().ok()) {
                Some(baseline) => Self::Baseline(baseline),
                None => Self::File(word.into()),
            },
        }
    }
}

impl fmt::Display for CheckpointRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shipped => f.write_str("shipped"),
            Self::Untrained => f.write_str("untrained"),
            Self::Baseline(baseline) => baseline.fmt(f),
            Self::File(path) => f.write_str(&path_to_text(path)),
        }
    }
}

impl CheckpointRef {
    /// The file that is meant; `None` for those that need none.
    ///
    /// # Errors
    /// If a folder holds no checkpoint, or several that may be meant.
    pub fn resolve(&self) -> Result<Option<PathBuf>, CheckpointError> {
        match self {
            Self::Shipped | Self::Untrained | Self::Baseline(_) => Ok(None),
            Self::File(path) => locate::locate(path).map(Some),
        }
    }

    /// The weights that are meant, as [`load_reported`] reads them of a file; nothing is said of those that need none.
    ///
    /// # Errors
    /// As [`load_reported`].
    pub fn weights(
        &self,
        options: &LoadOptions,
    ) -> Result<(Weights, Option<CheckpointReport>), CheckpointError> {
        match self {
            Self::Shipped => Ok((shipped_weights(options.patch)?, None)),
            Self::Untrained => {
                let config = Preset::Tiny.config(options.patch.unwrap_or_default());
                let random = Weights::random(config, &TrainingHead::None, 0);
                let weights = random.map_err(|error| CheckpointError::Unfit {
                    why: error.to_string(),
                    path: self.to_string().into(),
                })?;
                Ok((weights, None))
            }
            Self::Baseline(baseline) => Err(CheckpointError::Unfit {
                why: "a baseline has no weights; name a checkpoint".into(),
                path: baseline.to_string().into(),
            }),
            Self::File(path) => {
                let (weights, report) = load_reported(path, options)?;
                Ok((weights, Some(report)))
            }
        }
    }
}

/// In settings and cards, as it is displayed.
impl Serialize for CheckpointRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for CheckpointRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Ok(checkpoint) = String::deserialize(deserializer)?.parse();
        Ok(checkpoint)
    }
}

/// Whether a file or folder is a checkpoint by what it holds: the tensors of an encoder, or a hub's or run's folder.
/// Reads headers only.
pub fn is_checkpoint(path: &Path) -> bool {
    if path.is_dir() {
        return locate::is_hub_folder(path) || say_step_of_run(path).is_some();
    }
    if path.ends_with("config.json") {
        return locate::is_hub_folder(path);
    }
    let Ok(file) = locate::locate(path) else {
        return false;
    };
    match list_file(&file) {
        Ok(listing) => {
            !candidates::candidates(&listing).is_empty()
                || families::recognise(&listing.shapes(), None, &Hint::default()).is_some()
        }
        Err(_) => false,
    }
}

/// How a checkpoint is read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LoadOptions {
    /// One branch of a hybrid, or what the patches of a file are that doesn't tell.
    pub patch: Option<Patching>,
    /// Which weights, of a file that holds several encoders.
    pub weights: WeightsChoice,
    /// Attention heads, of a file that doesn't say.
    pub heads: Option<usize>,
    /// Which layer is read, and how; by default as published.
    pub reading: Reading,
}

impl LoadOptions {
    /// What is known of an encoder beside its file.
    pub(crate) fn hint(&self) -> Hint {
        Hint {
            heads: self.heads,
            head: None,
            prefix: match self.weights.is_auto() {
                true => None,
                false => Some(self.weights.to_string()),
            },
        }
    }
}

impl LoadOptions {
    /// Refuses to be told the patches of an encoder that has no choice of them.
    ///
    /// # Errors
    /// [`CheckpointError::Unfit`] of any family but Myna where patches are told.
    pub fn check_patch(&self, family: Family, file: &Path) -> Result<(), CheckpointError> {
        match self.patch {
            Some(patch) if family != Family::Myna => Err(CheckpointError::Unfit {
                why: format!(
                    "it holds an encoder of the family {family}, and --patch {patch} says which patches a Myna reads; leave out --patch"
                ),
                path: file.to_path_buf(),
            }),
            _ => Ok(()),
        }
    }
}

impl From<Option<Patching>> for LoadOptions {
    fn from(patch: Option<Patching>) -> Self {
        Self {
            patch,
            ..Self::default()
        }
    }
}

/// What a checkpoint holds and what doesn't fit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CheckpointReport {
    /// The published design that it is of.
    pub family: Family,
    /// By what it was recognised, in words.
    pub recognised_by: String,
    /// Which patches a Myna reads; `None` where the file doesn't tell square from vertical, and of other families.
    pub kind: Option<Patching>,
    /// Width of a token.
    pub dim: usize,
    /// Transformer layers.
    pub depth: usize,
    /// Attention heads.
    pub heads: usize,
    /// Width of the hidden layer of the feed-forward part.
    pub mlp_dim: usize,
    /// Parameters of the encoder without a head.
    pub parameters: usize,
    /// Styles that its classifier tells.
    pub labels: usize,
    /// How one vector can be made of a layer, the published way first.
    pub readouts: Vec<Readout>,
    /// Tensors that the encoder needs and the file lacks.
    pub missing: Vec<String>,
    /// Tensors with names of the encoder's parts that it doesn't have: it would be another model without them.
    pub unexpected: Vec<String>,
    /// Tensors of another shape than the sizes ask for.
    pub misshaped: Vec<String>,
    /// The encoders that the file holds: a model and its average, a student and a teacher.
    pub encoders: Vec<FoundEncoder>,
    /// What the file holds beside the encoder: heads, decoders, optimiser states, other encoders.
    pub left_out: Vec<LeftOut>,
    /// Why the encoder cannot be used: tensors that are missing, of another shape or not finite; `None` where it can.
    pub problem: Option<String>,
    /// Which file of a folder is used, in words, where it holds weights in several formats.
    pub other_files: Option<String>,
    /// The sizes with which it is trained on, without a classifier; `None` of a Myna, whose patches the file may not tell.
    #[serde(skip)]
    pub sizes: Option<EncoderConfig>,
    /// Names of what its classifier tells, where they are known.
    #[serde(skip)]
    pub outputs: Vec<String>,
    /// Anything worth saying: converted types, a prefix.
    pub note: String,
}

impl CheckpointReport {
    /// What was not read, in words; `None` where everything was.
    pub fn say_left_out(&self) -> Option<String> {
        const SHOWN: usize = 8;
        let say =
            |group: &LeftOut| format!("{} ({})", group.group, counted(group.tensors, "tensor"));
        let mut said: Vec<String> = self.left_out.iter().take(SHOWN).map(say).collect();
        let more = self.left_out.len().saturating_sub(SHOWN);
        if more > 0 {
            said.push(format!("{more} more groups"));
        }
        (!said.is_empty()).then(|| said.join(", "))
    }

    /// What the user of the encoder should know of the file, in one sentence: which of several weights were read, and
    /// what was left out.
    pub fn say_use(&self) -> Option<String> {
        let chosen = self.encoders.iter().find(|found| found.chosen);
        let left_out = self.say_left_out();
        let of_file = match (chosen, left_out) {
            (Some(chosen), Some(left_out)) if self.encoders.len() > 1 => Some(format!(
                "the checkpoint holds {} encoders, and {} is used (--weights chooses another); left out: {left_out}",
                self.encoders.len(),
                chosen.weights
            )),
            (_, Some(left_out)) => Some(format!("left out of the checkpoint: {left_out}")),
            (_, None) => None,
        };
        joined(self.other_files.as_deref(), of_file)
    }
}

/// Two sentences that may be there, as one.
pub(crate) fn joined(one: Option<&str>, two: Option<String>) -> Option<String> {
    match (one, two) {
        (Some(one), Some(two)) => Some(format!("{one}; {two}")),
        (Some(one), None) => Some(one.to_owned()),
        (None, two) => two,
    }
}

/// Reads a checkpoint and tells what it holds. `preset` asks how far it fits that size; without it the sizes are those
/// that the tensors show.
///
/// # Errors
/// If the file cannot be read, is no checkpoint or is cut off. Tensors that do not fit are told in the report.
pub fn inspect(path: &Path, preset: Option<Preset>) -> Result<CheckpointReport, CheckpointError> {
    inspect_with(path, preset, &LoadOptions::default())
}

/// As [`inspect`], of the weights that are meant.
///
/// # Errors
/// As [`inspect`], and if the weights that are meant are not there.
pub fn inspect_with(
    path: &Path,
    preset: Option<Preset>,
    options: &LoadOptions,
) -> Result<CheckpointReport, CheckpointError> {
    let mut opened = OpenCheckpoint::open(path)?;
    match families::find(&mut opened, &options.hint())? {
        Some((found, problem)) => Ok(found.report(&mut opened, problem)),
        None => opened.into_report(preset, options),
    }
}

/// Reads the weights of an encoder, without what training hung behind it; the classifier of a MAEST is part of its file and
/// stays, as its tail.
///
/// # Errors
/// If the file cannot be read or is damaged, if its tensors do not fit an encoder, if it is of a family that is not trained
/// here, or if it does not say which patches it reads and the options do not either.
pub fn load_weights(
    path: &Path,
    options: impl Into<LoadOptions>,
) -> Result<Weights, CheckpointError> {
    Ok(load_reported(path, &options.into())?.0)
}

/// As [`load_weights`], with what is said of the file.
///
/// # Errors
/// As [`load_weights`].
pub fn load_reported(
    path: &Path,
    options: &LoadOptions,
) -> Result<(Weights, CheckpointReport), CheckpointError> {
    let mut opened = OpenCheckpoint::open(path)?;
    let config_json = opened.config_json().ok().flatten();
    let hint = options.hint();
    let Some(family) = families::recognise(&opened.shapes(), config_json.as_ref(), &hint) else {
        return opened.into_myna(options);
    };
    let found = families::find(&mut opened, &hint)?;
    if found.is_some_and(|(found, _)| found.config.trained_parameters().is_ok())
        && let Some((found, values)) = families::read(&mut opened, &hint)?
        && let Ok(specs) = found.config.trained_parameters()
    {
        let tensors = specs.into_iter().zip(values);
        let (config, tail) = found.config.without_classifier();
        let weights = Weights {
            config,
            tail,
            tensors: tensors
                .map(|(spec, values)| WeightTensor { spec, values })
                .collect(),
        };
        return Ok((weights, found.report(&mut opened, None)));
    }
    Err(CheckpointError::Unfit {
        why: format!(
            "it holds an encoder of the family {family}, which is neither trained nor converted here; embed, map, probe and predict take it"
        ),
        path: opened.file().to_path_buf(),
    })
}

/// As [`list_file`]; a part of several that holds no encoder by itself says that the others are missing.
fn listed(file: &Path) -> Result<Listing, CheckpointError> {
    let listing = list_file(file)?;
    match shards::missing_index(file) {
        Some(why) => Err(CheckpointError::Damaged {
            why,
            path: file.to_path_buf(),
        }),
        None => Ok(listing),
    }
}

/// The checkpoint that comes with the program (`assets/myna-tiny.md` tells how it was made).
const SHIPPED: &[u8] = include_bytes!("../../../../assets/myna-tiny.safetensors");

/// The weights of the checkpoint that comes with the program; `patch` chooses one branch.
///
/// # Errors
/// [`CheckpointError::WrongKind`] if it has no such branch.
pub fn shipped_weights(patch: Option<Patching>) -> Result<Weights, CheckpointError> {
    let path = Path::new("myna-tiny.safetensors");
    let listing =
        list_source(Source::of_memory(SHIPPED), path).map_err(|why| CheckpointError::Damaged {
            why,
            path: path.to_path_buf(),
        })?;
    let options = LoadOptions::from(patch);
    let (weights, _) = fit(listing, None, &options, path)?.into_weights(patch, path)?;
    Ok(weights)
}
