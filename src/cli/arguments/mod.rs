//! The verbs and options, as clap reads them. Their comments are the help.

mod probes;
mod sound;
mod tables;
mod training;

use std::{num::NonZeroUsize, path::PathBuf};

use clap::{
    Args, Parser, Subcommand,
    builder::{OsStringValueParser, TypedValueParser},
    value_parser,
};

use super::bench::Part;
use mynascope_audio::Channel;
use mynascope_encoder::{
    CheckpointRef, DeviceChoice, LoadOptions, Overlap, Patching, Patchout, Precision, Preset,
    Reading, Readout, Rows, WeightsChoice,
};
use mynascope_hub::HubName;
pub use probes::{Compare, Diagnose, Key, Predict, Probe};
pub use sound::{Demo, Keep, Mask, Mel, Picture, Tour};
pub use tables::{Embed, Map, Neighbours};
pub use training::{FurtherTraining, Runs, Train};

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

/// A number of things of which there must be some.
fn at_least_one(text: &str) -> Result<NonZeroUsize, String> {
    text.parse::<usize>()
        .ok()
        .and_then(NonZeroUsize::new)
        .ok_or_else(|| "give a whole number from 1 on".to_owned())
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
    /// List runs, rename or delete them, or bring them back.
    Runs(Runs),
    /// Train a probe on frozen embeddings and score it.
    Probe(Probe),
    /// Apply a saved probe to tracks.
    Predict(Predict),
    /// Probe several encoders on every task that the labels allow.
    Compare(Compare),
    /// Measure the layers of an encoder without labels: all of them, or that of --layer.
    Diagnose(Diagnose),
    /// Tell the keys that an MT2 hears, and how well they follow a transposition.
    Key(Key),
    /// Lay embeddings out in two dimensions.
    Map(Map),
    /// Find the nearest tracks or windows by cosine.
    Neighbours(Neighbours),
    /// List compute and sound devices.
    Devices,
    /// Put the program into the desktop's menu, with its icon and the types of files that it opens.
    InstallDesktop(InstallDesktop),
    /// Write the encoder of a checkpoint as safetensors under the published names.
    Convert(Convert),
    /// Measure this machine: medians of repeated runs.
    Bench(Bench),
}

/// A checkpoint; names of files need not be UTF-8.
fn checkpoint() -> impl TypedValueParser<Value = CheckpointRef> {
    OsStringValueParser::new().map(CheckpointRef::from)
}

/// Which encoder, for every verb that needs one.
#[derive(Debug, Clone, Args)]
pub struct Encoder {
    /// A .safetensors or torch file, an index of shards, a run folder, a hub folder, hf:OWNER/NAME of a fetched encoder,
    /// `shipped`, or to compare with `untrained`, `mfcc`, `log-mel` or `chance`.
    #[arg(long, default_value = "shipped", value_parser = checkpoint())]
    pub checkpoint: CheckpointRef,
    /// square, vertical or hybrid: one branch of a hybrid Myna, or the patches of a Myna that does not say.
    #[arg(long)]
    pub patch: Option<Patching>,
    /// Which weights, where the checkpoint holds several: model, ema, or the beginning of their names, as encoder_k
    /// [default: what was trained].
    #[arg(long, default_value = "auto", hide_default_value = true)]
    pub weights: WeightsChoice,
    /// Attention heads of a checkpoint that doesn't say: an MT2, or a MAEST in its authors' form [default: width / 64].
    #[arg(long)]
    pub heads: Option<usize>,
    /// Which layer is read: 0 for what enters the first block, N for what follows block N [default: as published].
    #[arg(long)]
    pub layer: Option<usize>,
    /// How one vector is made of the layer: mean, stack, cls, dist, features, logits, probabilities, contrastive, equivariant,
    /// class-mean, frame-mean, key-profile or statistics; `mynascope inspect` lists those that a checkpoint has [default: as published].
    #[arg(long)]
    pub readout: Option<Readout>,
    /// none: windows lie back to back; half: each begins in the middle of the one before [default: as published].
    #[arg(long)]
    pub overlap: Option<Overlap>,
    /// Length of windows in seconds, 1 to 30, of an encoder that reads any length, as Music2Vec [default: 30, or what an own run
    /// was trained on].
    #[arg(long, value_name = "SECS", value_parser = value_parser!(u32).range(1..=30))]
    pub window: Option<u32>,
    /// Read every Nth column of tokens only: faster, and nearly the same embedding.
    #[arg(long, value_name = "N")]
    pub patchout: Option<usize>,
    /// Rows of tokens that are not read, lowest is 0, as 0,7,8.
    #[arg(long, value_name = "ROWS")]
    pub patchout_rows: Option<Rows>,
    /// Numbers in which layers multiply: f32; bf16 or int8, faster where the processor has instructions for them and hardly
    /// different; on a GPU bf16 or f16.
    #[arg(long, default_value = "f32")]
    pub precision: Precision,
}

impl Encoder {
    /// How the checkpoint is read.
    pub fn options(&self) -> LoadOptions {
        LoadOptions {
            patch: self.patch,
            weights: self.weights.clone(),
            heads: self.heads,
            reading: Reading {
                layer: self.layer,
                readout: self.readout,
                overlap: self.overlap,
                window_secs: self.window,
                patchout: Patchout {
                    every: self.patchout.unwrap_or(0),
                    dropped_rows: self.patchout_rows.unwrap_or_default(),
                },
                precision: self.precision,
            },
        }
    }
}

#[derive(Debug, Args)]
pub struct Inspect {
    /// A .safetensors or torch file, an index of shards, a run folder, a hub folder, or hf:OWNER/NAME of a fetched encoder.
    pub checkpoint: PathBuf,
    /// Check the shapes against a preset: tiny, small or base.
    #[arg(long)]
    pub preset: Option<Preset>,
    /// Which weights, where the checkpoint holds several: model, ema, or the beginning of their names, as encoder_k
    /// [default: what was trained].
    #[arg(long, default_value = "auto", hide_default_value = true)]
    pub weights: WeightsChoice,
    /// Attention heads of a checkpoint that doesn't say: an MT2, or a MAEST in its authors' form [default: width / 64].
    #[arg(long)]
    pub heads: Option<usize>,
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

#[derive(Debug, Args)]
pub struct Convert {
    /// A .safetensors or torch file, an index of shards, a run folder, a hub folder, or hf:OWNER/NAME of a fetched encoder.
    pub checkpoint: PathBuf,
    /// A .safetensors file.
    #[arg(long)]
    pub out: PathBuf,
    /// square or vertical: one branch of a hybrid, or the patches of a file that does not say which it reads.
    #[arg(long)]
    pub patch: Option<Patching>,
    /// Which weights, where the checkpoint holds several: model, ema, or the beginning of their names, as encoder_k
    /// [default: what was trained].
    #[arg(long, default_value = "auto", hide_default_value = true)]
    pub weights: WeightsChoice,
    /// Write 16-bit numbers: half the size.
    #[arg(long)]
    pub half: bool,
}

#[derive(Debug, Args)]
pub struct Bench {
    /// What to measure; all of it if nothing is named, which takes some minutes.
    #[arg(value_enum)]
    pub parts: Vec<Part>,
    /// Sound files for `ingest`, for the map that `listen` points at, and for the idle window.
    #[arg(long, num_args = 1..)]
    pub data: Vec<PathBuf>,
    /// Numbers in which `encoder` and `train` multiply, as f32,bf16,int8 (int8 for `encoder` alone).
    #[arg(long, value_delimiter = ',', default_value = "f32")]
    pub precision: Vec<Precision>,
    /// On the CPU, too, measure `encoder` and `train` at all sizes and batches, and `memory` with a hundred times as much; takes
    /// some ten minutes each.
    #[arg(long)]
    pub full: bool,
}

#[derive(Debug, Args)]
pub struct InstallDesktop {
    /// Take it out of the menu again.
    #[arg(long)]
    pub undo: bool,
    /// The data folder that the files go to, as `/usr/local/share` (default: the user's own).
    #[arg(long, value_name = "FOLDER")]
    pub into: Option<PathBuf>,
    /// What the menu starts (default: this program where it lies now).
    #[arg(long, value_name = "PROGRAM", conflicts_with = "undo")]
    pub program: Option<PathBuf>,
}
