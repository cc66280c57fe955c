//! The embeddings that map and probe share, and the encoder that makes them.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::gui::command_line::CommandLine;
use mynascope_audio as audio;
use mynascope_collection::Collection;
use mynascope_embedding::EmbeddingTable;
use mynascope_encoder::{
    CheckpointRef, DeviceChoice, FoundEncoder, LoadOptions, Patching, Reading, WeightsChoice,
};
use mynascope_probe::EncoderId;

/// The embeddings that map and probe work on, and the encoder that makes them. Both share one table, so that nothing
/// is computed twice.
#[derive(Default)]
pub struct Embeddings {
    /// Which encoder the next map or probe uses.
    pub source: EncoderSource,
    /// What goes on as soon as the user says how the checkpoint's patches are cut, while the file doesn't tell.
    pub asks_patch: Option<AskedFor>,
    /// What was computed last.
    pub table: Option<Arc<KeyedTable>>,
    /// The encoders that checkpoint files hold, as far as that was looked up.
    held: Vec<(PathBuf, Vec<FoundEncoder>)>,
}

/// What goes on as soon as the user has told how the patches of a checkpoint are cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskedFor {
    /// Nothing: the file was only chosen.
    Nothing,
    /// A map is computed.
    Map,
    /// A probe is trained.
    Probe,
}

impl Embeddings {
    /// Uses another encoder from now on; a question about the one before is void.
    pub fn set_source(&mut self, source: EncoderSource) {
        self.source = source;
        self.asks_patch = None;
    }

    /// The checkpoint file whose encoders are to be looked up; a second call asks for nothing.
    pub fn asks_held(&mut self) -> Option<PathBuf> {
        let CheckpointRef::File(path) = &self.source.checkpoint else {
            return None;
        };
        if self.held.iter().any(|(known, _)| known == path) {
            return None;
        }
        self.held.push((path.clone(), Vec::new()));
        Some(path.clone())
    }

    /// Takes in which encoders a file holds.
    pub fn take_in_held(&mut self, path: &Path, found: Vec<FoundEncoder>) {
        if let Some((_, held)) = self.held.iter_mut().find(|(known, _)| known == path) {
            *held = found;
        }
    }

    /// The encoders of the chosen checkpoint where it holds several: a model and its average, a student and a teacher.
    pub fn several(&self) -> &[FoundEncoder] {
        let mut held = self.held.iter();
        match held.find(|(path, _)| self.source.is_file(Some(path))) {
            Some((_, found)) if found.len() > 1 => found,
            _ => &[],
        }
    }

    /// Uses a checkpoint file from now on.
    pub fn use_file(&mut self, path: PathBuf) {
        self.set_source(self.source.with_checkpoint(CheckpointRef::File(path)));
    }
}

/// Why work with an encoder came to no end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EmbedError {
    /// The checkpoint doesn't say whether its patches are square or vertical; the user can.
    NeedsPatch,
    /// What went wrong and what to do.
    Failed(String),
}

impl EmbedError {
    /// An error that the user is shown as it is.
    pub fn failed(error: impl std::fmt::Display) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Which encoder, on which device, and what it hears of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncoderSource {
    /// Which encoder.
    pub checkpoint: CheckpointRef,
    /// How the patches of a file are cut that doesn't tell itself; else `None`.
    pub patch: Option<Patching>,
    /// Which weights of a file that holds several encoders.
    pub weights: WeightsChoice,
    /// Where it computes.
    pub device: DeviceChoice,
    /// Which channel of a file is embedded.
    pub channel: audio::Channel,
    /// Attention heads, of a file that doesn't say.
    pub heads: Option<usize>,
    /// Which layer is read, and how.
    pub reading: Reading,
}

impl Default for EncoderSource {
    fn default() -> Self {
        Self {
            checkpoint: CheckpointRef::Shipped,
            patch: None,
            weights: WeightsChoice::Auto,
            device: DeviceChoice::Auto,
            channel: audio::Channel::Mean,
            heads: None,
            reading: Reading::default(),
        }
    }
}

impl EncoderSource {
    /// Its name on the screen: “Shipped”, “Untrained”, the name of a run, or the last two parts of the path of a file or of a
    /// step.
    pub fn name(&self) -> String {
        match &self.checkpoint {
            CheckpointRef::Shipped => "Shipped".to_owned(),
            CheckpointRef::Untrained => "Untrained".to_owned(),
            CheckpointRef::File(path) => {
                // Every step of a run has a file of this name; its folder says more.
                let path = match path.parent() {
                    Some(step) if path.ends_with("weights.safetensors") => step,
                    _ => path,
                };
                let last = path.file_name().map(|name| name.to_string_lossy());
                let is_step = last.is_some_and(|name| name.starts_with("step-"));
                // A run is a folder with a name of its own.
                let count = if path.extension().is_none() && !is_step {
                    1
                } else {
                    2
                };
                let parts: Vec<_> = path.components().collect();
                let tail = parts.iter().skip(parts.len().saturating_sub(count));
                let tail: PathBuf = tail.collect();
                tail.display().to_string()
            }
        }
    }

    /// Whether it makes the same embeddings, on whatever device.
    pub fn embeds_like(&self, other: &Self) -> bool {
        let device = other.device;
        *other
            == Self {
                device,
                ..self.clone()
            }
    }

    /// How its checkpoint is read.
    pub fn load_options(&self) -> LoadOptions {
        LoadOptions {
            patch: self.patch,
            weights: self.weights.clone(),
            heads: self.heads,
            reading: self.reading,
        }
    }

    /// Another checkpoint, read on the same device and of the same channel. Patches, weights and layer that were chosen for
    /// this one say nothing of the other.
    pub fn with_checkpoint(&self, checkpoint: CheckpointRef) -> Self {
        Self {
            checkpoint,
            device: self.device,
            channel: self.channel,
            ..Self::default()
        }
    }

    /// Its name with the step that a run stands for. Asks the file system: not for the window's thread.
    pub fn name_of_step(&self) -> String {
        match self.checkpoint.resolve() {
            Ok(Some(file)) => Self {
                checkpoint: CheckpointRef::File(file),
                ..self.clone()
            }
            .name(),
            _ => self.name(),
        }
    }

    /// Whether it is this file or folder.
    pub fn is_file(&self, path: Option<&Path>) -> bool {
        match &self.checkpoint {
            CheckpointRef::File(file) => Some(file.as_path()) == path,
            CheckpointRef::Shipped | CheckpointRef::Untrained => false,
        }
    }

    /// Length and time of change of the checkpoint's file. Asks the file system: not for the window's thread.
    pub fn version(&self) -> Option<(u64, std::time::SystemTime)> {
        let file = self.checkpoint.resolve().ok().flatten()?;
        let meta = std::fs::metadata(file).ok()?;
        Some((meta.len(), meta.modified().ok()?))
    }

    /// Adds what the command line needs to use the same encoder.
    pub fn options(&self, line: CommandLine) -> CommandLine {
        let line = match &self.checkpoint {
            CheckpointRef::Shipped => line,
            CheckpointRef::Untrained => line.option("checkpoint", "untrained"),
            CheckpointRef::File(path) => line.option("checkpoint", path),
        };
        let line = match self.patch {
            Some(patch) => line.option("patch", patch.to_string()),
            None => line,
        };
        let line = match self.weights.is_auto() {
            true => line,
            false => line.option("weights", self.weights.to_string()),
        };
        let line = match self.heads {
            Some(heads) => line.option("heads", heads.to_string()),
            None => line,
        };
        let options = self.reading.options().into_iter();
        let line = options.fold(line, |line, (name, value)| line.option(name, value));
        let line = match self.channel {
            audio::Channel::Mean => line,
            channel => line.option("channel", channel.to_string()),
        };
        if self.device == DeviceChoice::Auto {
            line
        } else {
            line.option("device", self.device.to_string())
        }
    }
}

/// What a table was computed from. Equal keys, equal tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableKey {
    /// Path and label of each track.
    pub tracks: Vec<(PathBuf, Option<String>)>,
    /// The encoder, its device and the channel.
    pub source: EncoderSource,
    /// Length and time of change of the checkpoint's file: training may go on writing.
    pub version: Option<(u64, std::time::SystemTime)>,
}

impl TableKey {
    /// The key of a collection and an encoder. Asks the file system: not for the window's thread.
    pub fn new(collection: &Collection, source: &EncoderSource) -> Self {
        Self {
            tracks: collection
                .tracks
                .iter()
                .map(|track| (track.path.clone(), track.label.clone()))
                .collect(),
            source: source.clone(),
            version: source.version(),
        }
    }

    /// Whether it stands for this collection and encoder, as far as can be told without asking the file system.
    pub fn fits(&self, collection: &Collection, source: &EncoderSource) -> bool {
        self.source == *source
            && self.tracks.len() == collection.tracks.len()
            && self
                .tracks
                .iter()
                .zip(&collection.tracks)
                .all(|((path, label), track)| *path == track.path && *label == track.label)
    }
}

/// A table of window embeddings with what it was computed from.
#[derive(Debug)]
pub struct KeyedTable {
    /// What it was computed from.
    pub key: TableKey,
    /// What made the embeddings: a probe that is kept says for whose it was trained.
    pub id: EncoderId,
    /// The embeddings, one row a window.
    pub table: EmbeddingTable,
    /// Tracks that could not be read, each with its error.
    pub skipped: Vec<(PathBuf, String)>,
    /// How fast it was made.
    pub windows_per_second: f64,
    /// Time that the embedding took.
    pub seconds: f64,
}

/// A checkpoint that was chosen in the file dialog or dropped.
pub struct ChosenCheckpoint {
    /// The file or folder.
    pub path: PathBuf,
    /// Whether it says how its patches are cut.
    pub says_patch: bool,
    /// What the user should know of it.
    pub note: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use mynascope_encoder::WeightsRole;

    #[test]
    fn a_step_of_a_run_is_named_by_run_and_step() {
        let name = |path: &str| {
            let mut embeddings = Embeddings::default();
            embeddings.use_file(path.into());
            embeddings.source.name()
        };
        let step = Path::new("tiny-hybrid-1").join("step-19");
        assert_eq!(
            name("/runs/tiny-hybrid-1/step-19/weights.safetensors"),
            step.display().to_string()
        );
        assert_eq!(name("/runs/tiny-hybrid-1"), "tiny-hybrid-1");
        let file = Path::new("models").join("myna-base.pth");
        assert_eq!(
            name("/home/models/myna-base.pth"),
            file.display().to_string()
        );
    }

    #[test]
    fn a_checkpoint_with_several_encoders_offers_them_and_the_command_names_the_chosen_one() {
        let mut embeddings = Embeddings::default();
        assert_eq!(embeddings.asks_held(), None, "the shipped one holds one");
        embeddings.use_file("/m/a.pth".into());
        let path = embeddings.asks_held().unwrap();
        assert_eq!(embeddings.asks_held(), None, "looked up once");
        let found = |weights: &str, role, chosen| FoundEncoder {
            weights: weights.to_owned(),
            role,
            prefix: String::new(),
            chosen,
        };
        let both = vec![
            found("model", WeightsRole::Model, true),
            found("ema", WeightsRole::Ema, false),
        ];
        embeddings.take_in_held(&path, both[..1].to_vec());
        assert!(embeddings.several().is_empty(), "no choice");
        embeddings.take_in_held(&path, both.clone());
        assert_eq!(embeddings.several(), both);
        let made = embeddings.source.clone();
        embeddings.source.weights = both[1].weights.clone().into();
        assert!(!made.embeds_like(&embeddings.source));
        let line = embeddings.source.options(CommandLine::verb("embed"));
        assert!(
            line.to_line().ends_with("--weights ema"),
            "{}",
            line.to_line()
        );
        embeddings.source = made.clone();
        embeddings.source.device = DeviceChoice::Cpu;
        assert!(made.embeds_like(&embeddings.source), "on any device");
        embeddings.use_file("/m/b.pth".into());
        assert!(embeddings.several().is_empty());
    }
}
