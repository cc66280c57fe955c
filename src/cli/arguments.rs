//! The verbs and options, as clap reads them. Their comments are the help.

use std::{num::NonZeroUsize, path::PathBuf, str::FromStr};

use clap::{
    Args, Parser, Subcommand, ValueEnum,
    builder::{OsStringValueParser, TypedValueParser},
};

use super::bench::Part;
use crate::gui::layout::Layout;
use mynascope_audio::Channel;
use mynascope_embedding::Level;
use mynascope_encoder::{
    Arithmetic, CheckpointRef, DeviceChoice, EncoderKind, LoadOptions, Overlap, Patchout, Preset,
    Reading, Readout, Rows, WeightsChoice,
};
use mynascope_hub::HubName;
use mynascope_map::Method;
use mynascope_probe::{Head, Protocol};
use mynascope_spectrum::tokens::{MaskKind, MaskRatio, PatchShape, ViewName};
use mynascope_train::{LabelTask, Objective, Optimiser, Schedule, Trainable};

/// See, hear, train and map the representations of music.
///
/// Without a verb the window opens, with these tracks and folders or with the demo collection.
#[derive(Debug, Parser)]
#[command(name = "mynascope", version)]
pub struct Arguments {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    pub verb: Option<Verb>,
    /// Tracks and folders to open in the window.
    pub paths: Vec<PathBuf>,
}

/// Options of every verb.
#[derive(Debug, Clone, Args)]
pub struct Common {
    /// Print one JSON object on stdout and nothing else there.
    #[arg(long, global = true)]
    pub json: bool,
    /// Print nothing but errors.
    #[arg(long, global = true)]
    pub quiet: bool,
    /// auto, cpu, gpu, gpu:N, cuda or cuda:N; auto is a real GPU where there is one, else the CPU [default: auto].
    #[arg(long, global = true)]
    pub device: Option<DeviceChoice>,
    /// The same seed gives the same result on the CPU [default: 0].
    #[arg(long, global = true)]
    pub seed: Option<u64>,
    /// mean, left or right: which channel of a file the encoder hears; for stereo whose channels cancel [default: mean].
    #[arg(long, global = true)]
    pub channel: Option<Channel>,
    /// Threads of parallel work (default: one a core).
    #[arg(long, global = true, value_parser = at_least_one)]
    pub threads: Option<NonZeroUsize>,
}

/// A number of things of which there must be some.
fn at_least_one(text: &str) -> Result<NonZeroUsize, String> {
    text.parse::<usize>()
        .ok()
        .and_then(NonZeroUsize::new)
        .ok_or_else(|| "give a whole number from 1 on".to_owned())
}

impl Common {
    /// The device that was asked for, else auto.
    pub fn device(&self) -> DeviceChoice {
        self.device.unwrap_or(DeviceChoice::Auto)
    }

    /// The channel that was named, else the mean of all.
    pub fn channel(&self) -> Channel {
        self.channel.unwrap_or_default()
    }

    /// The seed that was given, else 0.
    pub fn seed(&self) -> u64 {
        self.seed.unwrap_or(0)
    }
}

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Write the demo collection: WAV files and labels.csv.
    Demo(Demo),
    /// Do the whole main job without a window and leave pictures and a summary.
    Tour(Tour),
    /// Write the mel-spectrogram exactly as the encoder gets it.
    Mel(Mel),
    /// Write what a mask leaves of a track as sound.
    Mask(Mask),
    /// Draw what the window would show.
    Picture(Picture),
    /// Tell what a checkpoint holds and what is wrong with it.
    Inspect(Inspect),
    /// List published encoders, or fetch one from the model hub.
    Encoders(Encoders),
    /// Write the embeddings of tracks.
    Embed(Embed),
    /// Train an encoder.
    Train(Box<Train>),
    /// Train a probe on frozen embeddings and score it.
    Probe(Probe),
    /// Apply a saved probe to tracks.
    Predict(Predict),
    /// Lay embeddings out in two dimensions.
    Map(Map),
    /// Find the nearest tracks or windows by cosine.
    Neighbours(Neighbours),
    /// List compute and sound devices.
    Devices,
    /// Write the encoder of a checkpoint as safetensors under the published names.
    Convert(Convert),
    /// Measure this machine: medians of repeated runs.
    Bench(Bench),
}

#[derive(Debug, Args)]
pub struct Demo {
    /// A folder that does not exist yet or is empty.
    pub dir: PathBuf,
}

#[derive(Debug, Args)]
pub struct Tour {
    /// Where pictures, tables, the run and the summary go.
    pub dir: PathBuf,
    /// Tracks and folders (default: the demo collection).
    pub paths: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Mel {
    /// The sound file.
    pub file: PathBuf,
    /// A .npy file: [128, frames] float32 power.
    #[arg(long)]
    pub out: PathBuf,
}

/// What of a masked track is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Keep {
    /// What the mask leaves.
    Kept,
    /// What it takes away.
    Dropped,
}

#[derive(Debug, Args)]
pub struct Mask {
    /// The sound file.
    pub file: PathBuf,
    /// A .wav file at 16 kHz.
    #[arg(long)]
    pub out: PathBuf,
    /// Share of tokens to drop, 0 to below 1.
    #[arg(long)]
    pub ratio: MaskRatio,
    /// square (16x16) or vertical (128x2).
    #[arg(long, default_value_t)]
    pub patch: PatchShape,
    /// random, time, frequency, block or span.
    #[arg(long, default_value_t)]
    pub kind: MaskKind,
    /// The view of the window, a or b: each has its own crop and mask.
    #[arg(long, default_value_t)]
    pub view: ViewName,
    /// Write the kept or the dropped part.
    #[arg(long, value_enum, default_value_t = Keep::Kept)]
    pub keep: Keep,
}

/// Width and height in pixels, as 1280x800.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size(pub [u32; 2]);

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let side = |text: &str| {
            text.parse::<u32>()
                .ok()
                .filter(|n| (320..=8192).contains(n))
        };
        text.split_once('x')
            .and_then(|(width, height)| Some(Self([side(width)?, side(height)?])))
            .ok_or_else(|| {
                format!("'{text}' is no size; say WxH with sides from 320 to 8192, as 1280x800")
            })
    }
}

/// A checkpoint; names of files need not be UTF-8.
fn checkpoint() -> impl TypedValueParser<Value = CheckpointRef> {
    OsStringValueParser::new().map(CheckpointRef::from)
}

fn layout(text: &str) -> Result<Layout, String> {
    Layout::ALL
        .into_iter()
        .find(|layout| layout.name().eq_ignore_ascii_case(text))
        .ok_or_else(|| format!("'{text}' is no layout; say listen, teach, map, train or probe"))
}

#[derive(Debug, Args)]
pub struct Picture {
    /// A track (default: the first of the demo collection).
    pub file: Option<PathBuf>,
    /// A .png file.
    #[arg(long)]
    pub out: PathBuf,
    /// listen, teach, map, train or probe.
    #[arg(long, default_value = "listen", value_parser = layout)]
    pub layout: Layout,
    /// Share of tokens to drop, 0 to below 1.
    #[arg(long, default_value = "0.75")]
    pub ratio: MaskRatio,
    /// square (16x16) or vertical (128x2).
    #[arg(long, default_value_t)]
    pub patch: PatchShape,
    /// Seconds into the track at which the picture begins.
    #[arg(long)]
    pub start: Option<f64>,
    /// Seconds that are visible from there on.
    #[arg(long, default_value_t = 12.0)]
    pub span: f64,
    /// Width and height in pixels.
    #[arg(long, default_value = "1280x800")]
    pub size: Size,
    /// Draw the light theme.
    #[arg(long)]
    pub light: bool,
    /// The encoder of the map and probe layouts.
    #[arg(long, default_value = "shipped", value_parser = checkpoint())]
    pub checkpoint: CheckpointRef,
    /// The run that the train layout shows.
    #[arg(long)]
    pub run: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Inspect {
    /// A .safetensors or torch file, an index of shards, a run folder or a hub folder.
    pub checkpoint: PathBuf,
    /// Check the shapes against a preset: tiny, small or base.
    #[arg(long)]
    pub preset: Option<Preset>,
    /// Which weights, where the checkpoint holds several: model, ema, or the beginning of their names, as encoder_k
    /// [default: what was trained].
    #[arg(long, default_value = "auto", hide_default_value = true)]
    pub weights: WeightsChoice,
}

#[derive(Debug, Args)]
pub struct Encoders {
    /// Show size and licence of a model on the Hugging Face Hub, and fetch it once that was answered with y.
    #[arg(long, value_name = "OWNER/NAME[@REVISION]")]
    pub fetch: Option<HubName>,
    /// Fetch it without asking.
    #[arg(long, requires = "fetch")]
    pub yes: bool,
}

/// Which encoder, for every verb that needs one.
#[derive(Debug, Clone, Args)]
pub struct Encoder {
    /// A .safetensors or torch file, an index of shards, a run folder, a hub folder, `shipped`, or `untrained` to compare
    /// with.
    #[arg(long, default_value = "shipped", value_parser = checkpoint())]
    pub checkpoint: CheckpointRef,
    /// square, vertical or hybrid, where the file does not say.
    #[arg(long)]
    pub patch: Option<EncoderKind>,
    /// Which weights, where the checkpoint holds several: model, ema, or the beginning of their names, as encoder_k
    /// [default: what was trained].
    #[arg(long, default_value = "auto", hide_default_value = true)]
    pub weights: WeightsChoice,
    /// Which layer is read: 0 for what enters the first block, N for what follows block N [default: as published].
    #[arg(long)]
    pub layer: Option<usize>,
    /// How one vector is made of the layer: mean (Myna, MAEST), stack, cls, dist, features, logits or probabilities (MAEST)
    /// [default: as published].
    #[arg(long)]
    pub readout: Option<Readout>,
    /// none: windows lie back to back; half: each begins in the middle of the one before [default: as published].
    #[arg(long)]
    pub overlap: Option<Overlap>,
    /// Read every Nth column of tokens only: faster, and nearly the same embedding.
    #[arg(long, value_name = "N")]
    pub patchout: Option<usize>,
    /// Rows of tokens that are not read, lowest is 0, as 0,7,8.
    #[arg(long, value_name = "ROWS")]
    pub patchout_rows: Option<Rows>,
}

impl Encoder {
    /// How the checkpoint is read.
    pub fn options(&self) -> LoadOptions {
        LoadOptions {
            patch: self.patch,
            weights: self.weights.clone(),
            reading: Reading {
                layer: self.layer,
                readout: self.readout,
                overlap: self.overlap,
                patchout: Patchout {
                    every: self.patchout.unwrap_or(0),
                    dropped_rows: self.patchout_rows.unwrap_or_default(),
                },
            },
        }
    }
}

#[derive(Debug, Args)]
pub struct Embed {
    /// Tracks, folders, data set folders, or `demo`.
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    /// A .npz, .parquet, .tsv or .safetensors file.
    #[arg(long)]
    pub out: PathBuf,
    #[command(flatten)]
    pub encoder: Encoder,
    /// One row a window, or one a track (the mean of its windows).
    #[arg(long, default_value = "window")]
    pub level: Level,
    /// Share of tokens to drop before the encoder sees them.
    #[arg(long, default_value = "0")]
    pub mask_ratio: MaskRatio,
}

#[derive(Debug, Args)]
pub struct Train {
    /// Tracks, folders, data set folders, or `demo`.
    #[arg(long, num_args = 1.., required_unless_present = "resume")]
    pub data: Vec<PathBuf>,
    /// The run folder to make.
    #[arg(long, required_unless_present = "resume")]
    pub out: Option<PathBuf>,
    /// A config.toml to start from; the options of this line win over it.
    #[arg(long)]
    pub config: Option<PathBuf>,
    /// tiny, small or base.
    #[arg(long)]
    pub preset: Option<Preset>,
    /// sogclr, isogclr, infonce, decoupled, fastclip-v0 to fastclip-v3, mae or supervised.
    #[arg(long)]
    pub objective: Option<Objective>,
    /// square, vertical or hybrid.
    #[arg(long)]
    pub patch: Option<EncoderKind>,
    /// Share of tokens to drop.
    #[arg(long)]
    pub mask_ratio: Option<MaskRatio>,
    /// Tracks of a step.
    #[arg(long, value_parser = at_least_one)]
    pub batch: Option<NonZeroUsize>,
    /// Steps in all.
    #[arg(long, value_parser = at_least_one)]
    pub steps: Option<NonZeroUsize>,
    /// Learning rate.
    #[arg(long)]
    pub lr: Option<f64>,
    /// Start from these weights; the encoder gets their sizes.
    #[arg(long)]
    pub init: Option<PathBuf>,
    /// Which weights of --init, where it holds several: model, ema, or the beginning of their names [default: what was
    /// trained].
    #[arg(long, requires = "init")]
    pub init_weights: Option<WeightsChoice>,
    /// Go on with a stopped run, with its settings; --steps, --batch, --chunk, --lr and --clip may change.
    #[arg(long, conflicts_with_all = ["config", "preset", "objective", "patch", "mask_ratio", "init", "init_weights", "out", "mask_kind", "optimiser", "schedule", "warmup", "weight_decay", "ema", "tau", "tau_rate", "rho", "gamma", "gamma_schedule", "gamma_epochs", "head", "decoder_layers", "task", "trainable", "save_every", "keep", "probe_every", "tensorboard", "mels"])]
    pub resume: Option<PathBuf>,
    /// Go on from the checkpoint of this step; what came after it is taken away.
    #[arg(long, requires = "resume")]
    pub back_to: Option<u64>,
    #[command(flatten)]
    pub more: FurtherTraining,
}

/// What most runs leave as it is.
#[derive(Debug, Clone, Args)]
#[group(id = "FurtherTraining", multiple = true)]
pub struct FurtherTraining {
    /// Which tokens are dropped together: random, time, frequency, block or span.
    #[arg(long)]
    pub mask_kind: Option<MaskKind>,
    /// adam (L2 on all weights), adamw, lamb, lion or sgd.
    #[arg(long)]
    pub optimiser: Option<Optimiser>,
    /// constant or cosine.
    #[arg(long)]
    pub schedule: Option<Schedule>,
    /// Number format of the layers' products: f32, or bf16 or f16 on a GPU that supports it.
    #[arg(long)]
    pub precision: Option<Arithmetic>,
    /// Steps of linear warm-up.
    #[arg(long)]
    pub warmup: Option<u64>,
    /// Decay of the weights.
    #[arg(long)]
    pub weight_decay: Option<f64>,
    /// Limit of the gradient's global norm.
    #[arg(long)]
    pub clip: Option<f64>,
    /// Keep running averages of the weights with this decay, as 0.999; checkpoints then hold them.
    #[arg(long)]
    pub ema: Option<f64>,
    /// Tracks that are embedded at once; the gradient is that of the whole batch (default: as many as fit).
    #[arg(long, value_parser = at_least_one)]
    pub chunk: Option<NonZeroUsize>,
    /// Temperature of the loss.
    #[arg(long)]
    pub tau: Option<f64>,
    /// Learning rate of learned temperatures (FastCLIP v0, v2, v3).
    #[arg(long)]
    pub tau_rate: Option<f64>,
    /// Radius of the robust loss (FastCLIP v2, v3): larger keeps temperatures lower.
    #[arg(long)]
    pub rho: Option<f64>,
    /// Smallest weight of the new value in the moving averages.
    #[arg(long)]
    pub gamma: Option<f64>,
    /// constant or cosine: how gamma falls from 1.
    #[arg(long)]
    pub gamma_schedule: Option<Schedule>,
    /// Epochs over which gamma falls.
    #[arg(long)]
    pub gamma_epochs: Option<u64>,
    /// Widths of the projection head, as 512,128.
    #[arg(long, value_delimiter = ',')]
    pub head: Option<Vec<usize>>,
    /// What a supervised run learns: genre, tags, emotion or key.
    #[arg(long)]
    pub task: Option<LabelTask>,
    /// Which weights change: all, last:N (blocks) or head.
    #[arg(long)]
    pub trainable: Option<Trainable>,
    /// Layers of the decoder of a masked autoencoder.
    #[arg(long)]
    pub decoder_layers: Option<usize>,
    /// Steps between checkpoints.
    #[arg(long)]
    pub save_every: Option<u64>,
    /// Newest checkpoints that stay; the best one stays too.
    #[arg(long)]
    pub keep: Option<usize>,
    /// Steps between two checks of how well the styles of the demo collection are told apart.
    #[arg(long)]
    pub probe_every: Option<u64>,
    /// Write event files for TensorBoard into the run folder.
    #[arg(long)]
    pub tensorboard: bool,
    /// Folder for computed mel-spectrograms (default: the user's cache).
    #[arg(long)]
    pub mels: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Probe {
    /// Tracks, folders, data set folders, or `demo`.
    #[arg(long, num_args = 1.., required = true)]
    pub data: Vec<PathBuf>,
    #[command(flatten)]
    pub encoder: Encoder,
    /// genre: one label a track (the folder's name, a data set's genre, the demo's style).
    #[arg(long, default_value = "genre")]
    pub task: mynascope_probe::Task,
    /// linear, ridge, mlp or knn [default: linear].
    #[arg(long)]
    pub head: Option<Head>,
    /// quick (one split by track), clean (the published split where there is one), folds:K (K-fold cross-validation by
    /// track) or paper (the published grid of settings, chosen on the test part as published).
    #[arg(long, default_value = "quick")]
    pub protocol: Protocol,
    /// Share of tokens to drop before the encoder sees them; several make one score each.
    #[arg(long, value_delimiter = ',', default_value = "0")]
    pub mask_ratio: Vec<MaskRatio>,
    /// Draw the curve of scores at 0, 25, 50, 75, 90 and 95 % masked (or at the ratios of --mask-ratio), each the mean
    /// over several draws of masks.
    #[arg(long)]
    pub mask_curve: bool,
    /// Learn from 1, 2, 5, 10, 20 and 50 tracks of each class, drawn several times.
    #[arg(long, conflicts_with = "mask_curve")]
    pub few_shot: bool,
    /// Draws at each point of --mask-curve [default: 3] or --few-shot [default: 10].
    #[arg(long, value_parser = at_least_one)]
    pub draws: Option<NonZeroUsize>,
    /// Score the same probe after every block of the encoder.
    #[arg(long, conflicts_with_all = ["mask_curve", "few_shot"])]
    pub layers: bool,
    /// Compare the split (the published one; a quick one where there is none) with ten folds by file, and look for tracks
    /// of different parts that are near-duplicates.
    #[arg(long, conflicts_with_all = ["mask_curve", "few_shot", "layers"])]
    pub leak: bool,
    /// From which cosine on two windows count as the same (with --leak).
    #[arg(long, default_value_t = 0.999)]
    pub same_from: f32,
    /// Save the probe as this .safetensors file, with its card (.json) beside it, for `predict`.
    #[arg(long, conflicts_with_all = ["mask_curve", "few_shot", "layers", "leak"])]
    pub save: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Predict {
    /// A probe that `probe --save` wrote.
    pub probe: PathBuf,
    /// Tracks, folders, data set folders, or `demo`.
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    /// A .csv file: path, prediction, confidence, problem and the score of each class, one line a track.
    #[arg(long)]
    pub out: Option<PathBuf>,
    /// The encoder that the probe was trained on, where it lies elsewhere now.
    #[arg(long, value_parser = checkpoint())]
    pub checkpoint: Option<CheckpointRef>,
    /// square, vertical or hybrid, where the file does not say.
    #[arg(long)]
    pub patch: Option<EncoderKind>,
    /// Which weights, where the checkpoint holds several [default: those that the probe was trained on].
    #[arg(long)]
    pub weights: Option<WeightsChoice>,
    /// Give the prediction of every window too.
    #[arg(long)]
    pub windows: bool,
}

#[derive(Debug, Args)]
pub struct Map {
    /// A table of embeddings: .npz, .npy, .parquet, .tsv, .csv or .safetensors, of `embed` or of other programs.
    pub embeddings: PathBuf,
    /// Folder with the sound of the table, if it was moved or comes from another machine; files are found by the longest
    /// common end of their paths.
    #[arg(long, value_name = "DIR")]
    pub audio_folder: Option<PathBuf>,
    /// A .parquet, .tsv or .png file.
    #[arg(long)]
    pub out: PathBuf,
    /// tsne or pca.
    #[arg(long, default_value = "tsne")]
    pub method: Method,
    /// How many neighbours t-SNE looks at; lowered where there are too few points.
    #[arg(long, default_value_t = 30.0)]
    pub perplexity: f64,
    /// Iterations of t-SNE.
    #[arg(long, default_value_t = 1000)]
    pub iterations: usize,
    /// Place these files on the map, which stays as it is; a picture shows them as crosses (--checkpoint must be the
    /// table's encoder).
    #[arg(long, num_args = 1.., value_name = "FILE")]
    pub land: Vec<PathBuf>,
    #[command(flatten)]
    pub encoder: Encoder,
}

#[derive(Debug, Args)]
pub struct Neighbours {
    /// A table of embeddings: .npz, .npy, .parquet, .tsv, .csv or .safetensors, of `embed` or of other programs.
    pub embeddings: PathBuf,
    /// Folder with the sound of the table, if it was moved or comes from another machine; files are found by the longest
    /// common end of their paths.
    #[arg(long, value_name = "DIR")]
    pub audio_folder: Option<PathBuf>,
    /// A track: one of the table, or any file (then --checkpoint must be the table's encoder).
    #[arg(long, required_unless_present_any = ["duplicates", "moved"])]
    pub query: Option<PathBuf>,
    /// Compare the query's window that plays at this second instead of the mean of all (a track of the table).
    #[arg(long, requires = "query", conflicts_with_all = ["from", "to"])]
    pub at: Option<f64>,
    /// Compare the stretch of the query that begins at this second ...
    #[arg(long, requires_all = ["query", "to"])]
    pub from: Option<f64>,
    /// ... and ends at this one.
    #[arg(long, requires_all = ["query", "from"])]
    pub to: Option<f64>,
    /// List pairs of tracks with windows whose cosine is at least this, instead of neighbours.
    #[arg(long, conflicts_with_all = ["query", "moved"])]
    pub duplicates: Option<f32>,
    /// List the tracks whose ten nearest tracks differ most from those in this other table.
    #[arg(long, conflicts_with = "query")]
    pub moved: Option<PathBuf>,
    /// How many neighbours to list.
    #[arg(short, default_value_t = 10)]
    pub k: usize,
    #[command(flatten)]
    pub encoder: Encoder,
}

#[derive(Debug, Args)]
pub struct Bench {
    /// What to measure; all of it if nothing is named, which takes some minutes.
    #[arg(value_enum)]
    pub parts: Vec<Part>,
    /// Sound files for `ingest`, for the map that `listen` points at, and for the idle window.
    #[arg(long, num_args = 1..)]
    pub data: Vec<PathBuf>,
    /// On the CPU, too, measure `encoder` and `train` at all sizes and batches; takes some ten minutes.
    #[arg(long)]
    pub full: bool,
}

#[derive(Debug, Args)]
pub struct Convert {
    /// A .safetensors or torch file, an index of shards, a run folder or a hub folder.
    pub checkpoint: PathBuf,
    /// A .safetensors file.
    #[arg(long)]
    pub out: PathBuf,
    /// square or vertical: one branch of a hybrid, or the patches of a file that does not say which it reads.
    #[arg(long)]
    pub patch: Option<EncoderKind>,
    /// Which weights, where the checkpoint holds several: model, ema, or the beginning of their names, as encoder_k
    /// [default: what was trained].
    #[arg(long, default_value = "auto", hide_default_value = true)]
    pub weights: WeightsChoice,
    /// Write 16-bit numbers: half the size.
    #[arg(long)]
    pub half: bool,
}
