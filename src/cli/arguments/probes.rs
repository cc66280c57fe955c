//! Verbs that train probes and use them.

use std::{num::NonZeroUsize, path::PathBuf};

use clap::Args;

use super::{Encoder, at_least_one, checkpoint};
use mynascope_audio::Semitones;
use mynascope_encoder::{
    CheckpointRef, Patching, Precision, WeightsChoice, families::mt2::KeyNames,
};
use mynascope_probe::{Head, LayerChoice, Protocol, Task};
use mynascope_spectrum::tokens::MaskRatio;

#[derive(Debug, Args)]
pub struct Probe {
    /// Tracks, folders, data set folders, or `demo`.
    #[arg(long, num_args = 1.., required_unless_present = "embeddings")]
    pub data: Vec<PathBuf>,
    /// Probe this table instead of an encoder's embeddings of --data: .npz, .npy, .parquet, .tsv, .csv or .safetensors, of
    /// `embed` or of other programs. Its labels are probed, or those of --labels.
    #[arg(long, value_name = "TABLE", conflicts_with_all = ["data", "checkpoint", "mask_ratio", "mask_curve", "patchout_curve", "layers", "save"])]
    pub embeddings: Option<PathBuf>,
    /// Lists, folders or data set folders whose labels the tracks of --embeddings have: found by path, by file name, by
    /// number (`000100.mp3` is 100), or in order where the table names nothing. Lists need no sound.
    #[arg(long, num_args = 1.., value_name = "PATH", requires = "embeddings")]
    pub labels: Vec<PathBuf>,
    #[command(flatten)]
    pub encoder: Encoder,
    /// genre: one label a track (the folder's name, a data set's genre, the demo's style).
    #[arg(long, default_value = "genre")]
    pub task: Task,
    /// linear, ridge, mlp or knn [default: linear].
    #[arg(long)]
    pub head: Option<Head>,
    /// quick (one split by track), clean (the published split where there is one), folds:K (K-fold cross-validation by
    /// track; by the folds of a list where it has K) or paper (the published grid of settings, chosen on the test part as published).
    #[arg(long, default_value = "quick")]
    pub protocol: Protocol,
    /// Share of tokens to drop before the encoder sees them; several make one score each.
    #[arg(long, value_delimiter = ',', default_value = "0")]
    pub mask_ratio: Vec<MaskRatio>,
    /// Draw the curve of scores at 0, 25, 50, 75, 90 and 95 % masked (or at the ratios of --mask-ratio), each the mean
    /// over several draws of masks.
    #[arg(long)]
    pub mask_curve: bool,
    /// Draw the curve of scores where all columns of tokens are read, every 2nd, 3rd, 4th, 6th and 8th (see --patchout).
    #[arg(long, conflicts_with_all = ["mask_curve", "patchout"])]
    pub patchout_curve: bool,
    /// Learn from 1, 2, 5, 10, 20 and 50 tracks of each class, drawn several times.
    #[arg(long, conflicts_with_all = ["mask_curve", "patchout_curve"])]
    pub few_shot: bool,
    /// Draws at each point of --mask-curve [default: 3] or --few-shot [default: 10].
    #[arg(long, value_parser = at_least_one)]
    pub draws: Option<NonZeroUsize>,
    /// Score the same probe after every block of the encoder.
    #[arg(long, conflicts_with_all = ["mask_curve", "patchout_curve", "few_shot"])]
    pub layers: bool,
    /// Compare the split (the published one; a quick one where there is none) with ten folds by file, and look for tracks
    /// of different parts that are near-duplicates.
    #[arg(long, conflicts_with_all = ["mask_curve", "patchout_curve", "few_shot", "layers"])]
    pub leak: bool,
    /// From which cosine on two windows count as the same (with --leak).
    #[arg(long, default_value_t = 0.999)]
    pub same_from: f32,
    /// Save the probe as this .safetensors file, with its card (.json) beside it, for `predict`.
    #[arg(long, conflicts_with_all = ["mask_curve", "patchout_curve", "few_shot", "layers", "leak"])]
    pub save: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Predict {
    /// A probe that `probe --save` wrote.
    pub probe: PathBuf,
    /// Tracks, folders, data set folders, or `demo`.
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    /// A .csv file: path, prediction, confidence, problem, whether the probe learned from the track (1 or 0) and the score
    /// of each class, one line a track.
    #[arg(long)]
    pub out: Option<PathBuf>,
    /// The encoder that the probe was trained on, where it lies elsewhere now.
    #[arg(long, value_parser = checkpoint())]
    pub checkpoint: Option<CheckpointRef>,
    /// square, vertical or hybrid: one branch of a hybrid Myna, or the patches of a Myna that does not say.
    #[arg(long)]
    pub patch: Option<Patching>,
    /// Which weights, where the checkpoint holds several [default: those that the probe was trained on].
    #[arg(long)]
    pub weights: Option<WeightsChoice>,
    /// Attention heads of a checkpoint that doesn't say [default: those that the probe was trained with].
    #[arg(long)]
    pub heads: Option<usize>,
    /// Numbers in which the encoder multiplies: f32, bf16, int8, f16 [default: those that the probe was trained on].
    #[arg(long)]
    pub precision: Option<Precision>,
    /// Give the prediction of every window too.
    #[arg(long)]
    pub windows: bool,
}

#[derive(Debug, Args)]
pub struct Compare {
    /// Tracks, folders, data set folders, or `demo`.
    #[arg(long, num_args = 1.., required = true)]
    pub data: Vec<PathBuf>,
    /// Checkpoint files, run folders, hub folders, hf:OWNER/NAME of fetched encoders, `shipped`, `untrained`, `mfcc`,
    /// `log-mel` or `chance`.
    #[arg(long, num_args = 1.., default_values = ["shipped", "untrained"], value_parser = checkpoint())]
    pub encoders: Vec<CheckpointRef>,
    /// Tasks, as genre,key [default: all that the labels allow].
    #[arg(long, value_delimiter = ',')]
    pub tasks: Vec<Task>,
    /// linear, ridge, mlp or knn [default: linear].
    #[arg(long)]
    pub head: Option<Head>,
    /// quick, clean or folds:K; see `probe`.
    #[arg(long, default_value = "quick")]
    pub protocol: Protocol,
    /// published: the layer that each encoder's authors read; best: the one that scores best on the validation tracks.
    #[arg(long, default_value = "published")]
    pub layers: LayerChoice,
}

#[derive(Debug, Args)]
pub struct Diagnose {
    /// Tracks, folders, data set folders, or `demo`; labels are not needed.
    #[arg(long, num_args = 1.., required = true)]
    pub data: Vec<PathBuf>,
    #[command(flatten)]
    pub encoder: Encoder,
    /// Tracks that are looked at, drawn by the seed where there are more [default: 100].
    #[arg(long, value_parser = at_least_one)]
    pub tracks: Option<NonZeroUsize>,
    /// Windows of each track, evenly over it [default: 8].
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub windows: Option<NonZeroUsize>,
    /// Transpositions whose embeddings are told from those of the sound as it is, -12 to 12 [default: -2,2].
    #[arg(long, value_delimiter = ',', allow_hyphen_values = true)]
    pub semitones: Vec<Semitones>,
}

#[derive(Debug, Args)]
pub struct Key {
    /// Tracks, folders, data set folders, or `demo`.
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    #[command(flatten)]
    pub encoder: Encoder,
    /// A recording in C major or A minor: it tells which place of the key profile is C, which an encoder that learned without
    /// labels cannot know.
    #[arg(long, value_name = "FILE")]
    pub calibrate: Option<PathBuf>,
    /// The key of that recording, where it is another one: a major key as G, Bb or F#, or a minor one as Em.
    #[arg(long, requires = "calibrate", default_value = "C", value_parser = signature)]
    pub calibrate_key: Signature,
}

/// How many semitones above C the signature of a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature(pub usize);

impl std::fmt::Display for Signature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(KeyNames::major_of(self.0))
    }
}

fn signature(text: &str) -> Result<Signature, String> {
    let found = KeyNames::signature_of(text).map(Signature);
    found.ok_or_else(|| {
        let keys: Vec<&str> = (0..12).map(KeyNames::major_of).collect();
        format!(
            "'{text}' is no key; say one of {}, or a minor key as Am",
            keys.join(", ")
        )
    })
}
