//! The embeddings that map and probe share, and the encoder that makes them.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{PrecisionGains, WINDOW_SECS};
use crate::gui::command_line::CommandLine;
use mynascope_audio as audio;
use mynascope_base::ordinal;
use mynascope_collection::Collection;
use mynascope_embedding::EmbeddingTable;
use mynascope_encoder::{
    CheckpointRef, CheckpointSummary, DeviceChoice, EncoderConfig, EncoderInfo, Family,
    LoadOptions, Patching, Reading, Rows, WeightsChoice,
};
use mynascope_hub::HubName;
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
    /// Checkpoint files that were used since the window was opened, the newest first: the menu goes on offering them.
    pub files: Vec<PathBuf>,
    /// What fewer bits gain and cost.
    pub gains: PrecisionGains,
    /// What checkpoints are, as far as that was looked up.
    cards: Vec<(EncoderSource, LookedUp)>,
}

/// What was looked up, or why that came to nothing; `None` while somebody looks.
type LookedUp = Option<Result<Arc<EncoderCard>, String>>;

/// What the menu of encoders tells of one.
#[derive(Debug, Clone, PartialEq)]
pub struct EncoderCard {
    /// What the headers of its checkpoint tell.
    pub summary: CheckpointSummary,
    /// The licence of its weights, where it is stated.
    pub licence: Option<String>,
}

impl EncoderCard {
    /// Family, size, window and licence in one line.
    pub fn facts(&self) -> String {
        let info = &self.summary.info;
        let licence = self.licence.as_deref().unwrap_or("licence not stated");
        format!(
            "{} · {:.1} M · {:.1} s · {licence}",
            info.family,
            info.parameters as f64 / 1e6,
            info.window.secs
        )
    }
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
        // Every step of a run would be too much of it: its name stands among the runs.
        if let CheckpointRef::File(path) = &source.checkpoint
            && !path.ends_with("weights.safetensors")
        {
            self.files.retain(|known| known != path);
            self.files.insert(0, path.clone());
        }
        self.source = source;
        self.asks_patch = None;
    }

    /// Which of these are to be looked up; a second call asks for nothing.
    pub fn asks_cards(&mut self, sources: &[EncoderSource]) -> Vec<EncoderSource> {
        let mut asked = Vec::new();
        for source in sources.iter().map(EncoderSource::of_card) {
            if !self.cards.iter().any(|(known, _)| *known == source) {
                self.cards.push((source.clone(), None));
                asked.push(source);
            }
        }
        asked
    }

    /// Takes in what a checkpoint is, or why that cannot be told.
    pub fn take_in_card(&mut self, of: &EncoderSource, card: Result<EncoderCard, String>) {
        if let Some((_, known)) = self.cards.iter_mut().find(|(known, _)| known == of) {
            *known = Some(card.map(Arc::new));
        }
    }

    /// What an encoder is, or why that cannot be told; `None` before it was looked up.
    pub fn card(&self, source: &EncoderSource) -> Option<Result<&EncoderCard, &str>> {
        let source = source.of_card();
        let (_, card) = self.cards.iter().find(|(known, _)| *known == source)?;
        card.as_ref()
            .map(|card| card.as_deref().map_err(String::as_str))
    }

    /// What the chosen encoder reads and gives, once that was looked up.
    pub fn info(&self) -> Option<&EncoderInfo> {
        let card = self.card(&self.source)?.ok()?;
        Some(&card.summary.info)
    }

    /// Whether nobody has asked yet what an encoder is.
    pub fn is_unknown(&self, source: &EncoderSource) -> bool {
        let source = source.of_card();
        !self.cards.iter().any(|(known, _)| *known == source)
    }

    /// Whether somebody looks a checkpoint up.
    pub fn is_looking(&self) -> bool {
        self.cards.iter().any(|(_, card)| card.is_none())
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

/// Files of these names are in the folders of many encoders: a step of a run, or what was published.
const COMMON_NAMES: [&str; 7] = [
    "weights.safetensors",
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
    "model_state_dict.pt",
    "config.json",
];

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
    /// Its name on the screen: “Shipped”, “Untrained”, the name of a run, of a model of the hub or of the folder of a file that
    /// is called as those of many encoders, or the last two parts of the path of a file or of a step.
    pub fn name(&self) -> String {
        match &self.checkpoint {
            CheckpointRef::Shipped => "Shipped".to_owned(),
            CheckpointRef::Untrained => "Untrained".to_owned(),
            CheckpointRef::Baseline(baseline) => baseline.title().to_owned(),
            CheckpointRef::File(path) => {
                if let Some(name) = HubName::of_file(path) {
                    return name.model().to_owned();
                }
                // Many encoders have a file of this name; its folder says more.
                let is_common = |name: &str| path.ends_with(name);
                let path = match path.parent() {
                    Some(folder) if COMMON_NAMES.iter().any(|name| is_common(name)) => folder,
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

    /// What its card depends on: neither device nor channel, nor what is read of it but for the length of windows.
    fn of_card(&self) -> Self {
        Self {
            device: DeviceChoice::default(),
            channel: audio::Channel::Mean,
            reading: Reading {
                window_secs: self.reading.window_secs,
                ..Reading::default()
            },
            ..self.clone()
        }
    }

    /// The same choice of encoder, layer and readout, whatever device and channel.
    pub fn chooses_like(&self, other: &Self) -> bool {
        self.reading == other.reading && self.of_card() == other.of_card()
    }

    /// Its name where it stands alone: those of the program are named by their design too.
    pub fn full_name(&self) -> String {
        match &self.checkpoint {
            CheckpointRef::Shipped => "Myna tiny, shipped".to_owned(),
            CheckpointRef::Untrained => "Myna tiny, untrained".to_owned(),
            CheckpointRef::Baseline(_) | CheckpointRef::File(_) => self.name(),
        }
    }

    /// Its full name with what is read of it, where that is not what was published.
    pub fn title(&self) -> String {
        let name = self.full_name();
        match self.reading.is_published() {
            true => name,
            false => format!("{name}, {}", self.reading),
        }
    }

    /// What is left out of every window that is embedded, in words: the mask over the picture never is.
    pub fn mask_note(&self) -> String {
        let patchout = self.reading.patchout;
        if patchout.is_none() {
            return "computed without mask".to_owned();
        }
        let rows = patchout.dropped_rows;
        let columns =
            (patchout.every > 1).then(|| format!("every {} column", ordinal(patchout.every)));
        let rows = (rows != Rows::default()).then(|| format!("without rows {rows}"));
        let parts: Vec<String> = columns.into_iter().chain(rows).collect();
        format!("computed of {}", parts.join(" "))
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

    /// The same encoder, read in another way.
    pub fn with_reading(&self, reading: Reading) -> Self {
        Self {
            reading,
            ..self.clone()
        }
    }

    /// The same without patchout of columns.
    pub fn reading_all_columns(&self) -> Self {
        let mut all = self.clone();
        all.reading.patchout.every = 0;
        all
    }

    /// The same where every layer is read, or a readout that no layer has.
    pub fn of_all_layers(&self) -> Self {
        let mut all = self.clone();
        all.reading.layer = None;
        all
    }

    /// Its name with the step that a run stands for. Asks the file system: not for the window's thread.
    pub fn name_of_step(&self) -> String {
        match self.checkpoint.resolve() {
            Ok(Some(file)) if file.ends_with("weights.safetensors") => Self {
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
            CheckpointRef::Shipped | CheckpointRef::Untrained | CheckpointRef::Baseline(_) => false,
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
            named @ (CheckpointRef::Untrained | CheckpointRef::Baseline(_)) => {
                line.option("checkpoint", named.to_string())
            }
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

impl KeyedTable {
    /// Seconds of a window of the encoder that made it; of a table that doesn't say, those of Myna.
    pub fn window_secs(&self) -> f64 {
        let millis = self.id.window_millis.map(f64::from);
        millis.map_or(WINDOW_SECS, |millis| millis / 1000.0)
    }
}

/// A checkpoint that was chosen in the file dialog or dropped.
pub struct ChosenCheckpoint {
    /// The file or folder.
    pub path: PathBuf,
    /// The published design that it is of.
    pub family: Family,
    /// The sizes with which it is trained on; `None` of a Myna, which has those of the form.
    pub sizes: Option<EncoderConfig>,
    /// Whether it says how its patches are cut.
    pub says_patch: bool,
    /// What the user should know of it.
    pub note: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(name("/models/mt2-a/model_state_dict.pt"), "mt2-a");
        assert_eq!(name("/models/maest/config.json"), "maest");
        let cached = "/cache/hub/models--m-a-p--music2vec-v1/snapshots/a1b2/pytorch_model.bin";
        assert_eq!(name(cached), "m-a-p/music2vec-v1");
        assert_eq!(
            name("/home/models/myna-base.pth"),
            file.display().to_string()
        );
    }

    #[test]
    fn a_checkpoint_is_looked_up_once_and_what_is_chosen_of_it_stands_in_the_command() {
        let mut embeddings = Embeddings::default();
        embeddings.use_file("/m/a.pth".into());
        let made = embeddings.source.clone();
        let asked = embeddings.asks_cards(std::slice::from_ref(&made));
        assert_eq!(asked, [made.of_card()]);
        assert!(
            embeddings.is_looking() && embeddings.card(&made).is_none(),
            "not yet"
        );
        let layer = EncoderSource {
            device: DeviceChoice::Cpu,
            reading: Reading {
                layer: Some(3),
                ..Reading::default()
            },
            ..made.clone()
        };
        let again = embeddings.asks_cards(std::slice::from_ref(&layer));
        assert!(again.is_empty(), "the same file");
        let info = mynascope_encoder::Preset::Tiny
            .config(Patching::Hybrid)
            .info();
        let card = EncoderCard {
            summary: CheckpointSummary {
                info,
                encoders: Vec::new(),
                heads: 3,
                offered_heads: Vec::new(),
                trained_window_secs: None,
            },
            licence: None,
        };
        embeddings.take_in_card(&asked[0], Ok(card.clone()));
        assert_eq!(embeddings.card(&layer), Some(Ok(&card)));
        assert!(!embeddings.is_looking());
        assert_eq!(card.facts(), "Myna · 3.7 M · 3.1 s · licence not stated");
        assert_eq!(layer.title(), format!("{}, layer 3", made.name()));
        assert!(!layer.chooses_like(&made) && !layer.embeds_like(&made));
        embeddings.source.weights = "ema".to_owned().into();
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
        embeddings.use_file("/m/a.pth".into());
        let files = ["/m/a.pth", "/m/b.pth"].map(PathBuf::from);
        assert_eq!(embeddings.files, files, "both stay in the menu");
    }
}
