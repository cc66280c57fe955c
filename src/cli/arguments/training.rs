//! The verb `train`.

use std::{num::NonZeroUsize, path::PathBuf};

use clap::Args;

use super::{at_least_one, checkpoint};
use mynascope_encoder::{
    CheckpointRef, EncoderPreset, PatchInput, Patching, Precision, WeightsChoice,
};
use mynascope_spectrum::tokens::{MaskKind, MaskRatio};
use mynascope_train::{LabelTask, Objective, Optimiser, Schedule, Trainable};

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
    /// tiny, small or base (Myna), mt2-tiny or mt2 (MT2), maest-tiny or maest (MAEST), music2vec-tiny or music2vec (Music2Vec).
    #[arg(long)]
    pub preset: Option<EncoderPreset>,
    /// sogclr, isogclr, infonce, decoupled, fastclip-v0 to fastclip-v3, mt2, data2vec, maest, mae or supervised.
    #[arg(long)]
    pub objective: Option<Objective>,
    /// square, vertical or hybrid: the patches of a Myna.
    #[arg(long)]
    pub patch: Option<Patching>,
    /// power (as published) or log: whether the patches of a Myna hold the power x of a mel band or log10(1 + 10000 x).
    #[arg(long)]
    pub input: Option<PatchInput>,
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
    /// Start from these weights, named as with --checkpoint of other verbs; the encoder gets their sizes.
    #[arg(long, value_parser = checkpoint())]
    pub init: Option<CheckpointRef>,
    /// Which weights of --init, where it holds several: model, ema, or the beginning of their names [default: what was
    /// trained].
    #[arg(long, requires = "init")]
    pub init_weights: Option<WeightsChoice>,
    /// Resume a stopped run, with its settings; --steps, --batch, --chunk, --lr and --clip may change.
    #[arg(long, conflicts_with_all = ["config", "preset", "objective", "patch", "input", "mask_ratio", "init", "init_weights", "out", "mask_kind", "optimiser", "schedule", "warmup", "weight_decay", "ema", "tau", "tau_rate", "rho", "gamma", "gamma_schedule", "gamma_epochs", "head", "omega", "equivariance", "contrast", "drop_transposed_mel", "window", "span_share", "span_frames", "top_blocks", "decay_start", "decay_end", "decay_updates", "guard_after", "mixup", "patchout_columns", "patchout_rows", "time_masks", "band_masks", "no_balance", "swa_from", "swa_every", "swa_lr", "decoder_layers", "task", "trainable", "save_every", "keep", "probe_every", "tensorboard", "mels"])]
    pub resume: Option<PathBuf>,
    /// Resume from the checkpoint of this step; what came after it is taken away.
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
    /// Numbers in which layers multiply: f32; bf16 on processors with instructions for it; bf16 or f16 on a GPU that supports it.
    #[arg(long)]
    pub precision: Option<Precision>,
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
    /// On which circle key profiles turn (objective mt2): 7, of fifths, or 1, of semitones.
    #[arg(long)]
    pub omega: Option<u8>,
    /// Factor of the equivariant loss (objective mt2); 0 leaves it out.
    #[arg(long)]
    pub equivariance: Option<f64>,
    /// Factor of the contrastive loss (objective mt2); 0 leaves it out.
    #[arg(long)]
    pub contrast: Option<f64>,
    /// Leave out the mel-spectrogram of the transposed segment (objective mt2), which is not moved and tells the old pitch.
    #[arg(long)]
    pub drop_transposed_mel: bool,
    /// Length of a window of a Music2Vec in seconds, 1 to 30 [default: 5].
    #[arg(long, value_name = "SECS")]
    pub window: Option<u32>,
    /// Share of a window that hidden spans would cover if none overlapped (objective data2vec).
    #[arg(long)]
    pub span_share: Option<f64>,
    /// Frames of a hidden span, of 20 ms (objective data2vec).
    #[arg(long)]
    pub span_frames: Option<usize>,
    /// Last blocks of the teacher whose mean is predicted (objective data2vec).
    #[arg(long)]
    pub top_blocks: Option<usize>,
    /// How much of itself the teacher keeps at the first update (objective data2vec).
    #[arg(long)]
    pub decay_start: Option<f64>,
    /// The same after --decay-updates.
    #[arg(long)]
    pub decay_end: Option<f64>,
    /// Updates over which the teacher slows down (objective data2vec).
    #[arg(long)]
    pub decay_updates: Option<u64>,
    /// Updates after which a collapsed encoder ends the run (objective data2vec).
    #[arg(long)]
    pub guard_after: Option<u64>,
    /// Alpha of the beta distribution by which clips are mixed (objective maest), at most 1; 0 mixes none.
    #[arg(long)]
    pub mixup: Option<f64>,
    /// Columns of patches that a batch drops (objective maest) [default: 3 a second of a window].
    #[arg(long)]
    pub patchout_columns: Option<usize>,
    /// Rows of patches that a batch drops, of nine (objective maest).
    #[arg(long)]
    pub patchout_rows: Option<usize>,
    /// Groups of up to 7 frames that are blanked in a clip (objective maest).
    #[arg(long)]
    pub time_masks: Option<usize>,
    /// Groups of up to 4 mel bands that are blanked in a clip (objective maest).
    #[arg(long)]
    pub band_masks: Option<usize>,
    /// Draw all tracks alike (objective maest), not those of rare labels more often.
    #[arg(long)]
    pub no_balance: bool,
    /// Checkpoints hold the mean of the weights after epochs from this one on.
    #[arg(long)]
    pub swa_from: Option<u64>,
    /// Epochs from one of these to the next.
    #[arg(long)]
    pub swa_every: Option<u64>,
    /// Learning rate from then on (default: as the schedule has it).
    #[arg(long)]
    pub swa_lr: Option<f64>,
    /// What a run learns that learns labels: genre, tags, emotion or key.
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
    /// Steps between two checks of how well the styles of the demo collection and the own labels, if any, are told apart.
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
pub struct Runs {
    /// The folder of runs [default: the program's own].
    #[arg(long, value_name = "DIR")]
    pub folder: Option<PathBuf>,
    /// Rename this run, by its name or path; --name says how.
    #[arg(long, value_name = "RUN", requires = "name")]
    pub rename: Option<PathBuf>,
    /// The new name.
    #[arg(long, requires = "rename")]
    pub name: Option<String>,
    /// Move these runs, by their names or paths, into the trash among the runs.
    #[arg(long, value_name = "RUN", num_args = 1.., conflicts_with = "rename")]
    pub delete: Vec<PathBuf>,
    /// Bring these runs back from the trash, by their names.
    #[arg(long, value_name = "NAME", num_args = 1.., conflicts_with_all = ["rename", "delete"])]
    pub restore: Vec<String>,
    /// Delete what is in the trash for good.
    #[arg(long, conflicts_with_all = ["rename", "delete", "restore"])]
    pub empty_trash: bool,
}
