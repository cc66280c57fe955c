//! A run as a line for a terminal.

use std::path::Path;

use crate::gui::command_line::CommandLine;
use mynascope_encoder::{CheckpointRef, Family};
use mynascope_train::{Objective, TrainConfig};

/// An option and its value.
type Named<T> = (&'static str, fn(&TrainConfig) -> T);

/// Options that most runs of a family leave as they are, and that make the line no longer then.
const OPTIONS: &[Named<String>] = &[
    ("input", |run| run.input.to_string()),
    ("mask-kind", |run| run.mask_kind.to_string()),
    ("optimiser", |run| run.optimiser.to_string()),
    ("schedule", |run| run.schedule.to_string()),
    ("precision", |run| run.precision.to_string()),
    ("weight-decay", |run| run.weight_decay.to_string()),
    ("clip", |run| run.clip_norm.to_string()),
    ("ema", |run| run.ema.to_string()),
    ("head", |run| widths(&run.head)),
    ("omega", |run| run.mt2.omega.to_string()),
    ("equivariance", |run| run.mt2.equivariance.to_string()),
    ("contrast", |run| run.mt2.contrast.to_string()),
    ("span-share", |run| run.data2vec.span_share.to_string()),
    ("span-frames", |run| run.data2vec.span_frames.to_string()),
    ("top-blocks", |run| run.data2vec.top_blocks.to_string()),
    ("decay-start", |run| run.data2vec.decay_start.to_string()),
    ("decay-end", |run| run.data2vec.decay_end.to_string()),
    ("decay-updates", |run| {
        run.data2vec.decay_updates.to_string()
    }),
    ("guard-after", |run| run.data2vec.guard_after.to_string()),
    ("mixup", |run| run.maest.mixup.to_string()),
    ("patchout-rows", |run| run.maest.patchout_rows.to_string()),
    ("time-masks", |run| run.maest.time_masks.to_string()),
    ("band-masks", |run| run.maest.band_masks.to_string()),
    ("swa-every", |run| run.swa.every.to_string()),
    ("task", |run| run.task.to_string()),
    ("trainable", |run| run.trainable.to_string()),
    ("decoder-layers", |run| run.decoder_layers.to_string()),
    ("save-every", |run| run.save_every.to_string()),
    ("keep", |run| run.keep.to_string()),
    ("probe-every", |run| run.probe_every.to_string()),
];

/// Options that may be left out.
const MAYBE: &[Named<Option<String>>] = &[
    ("window", |run| of(run.window_secs)),
    ("chunk", |run| of(run.chunk)),
    ("warmup", |run| of(run.warmup_steps)),
    ("patchout-columns", |run| of(run.maest.patchout_columns)),
    ("swa-from", |run| of(run.swa.from)),
    ("swa-lr", |run| of(run.swa.learning_rate)),
    ("tau", |run| of(run.tau)),
    ("tau-rate", |run| of(run.tau_rate)),
    ("rho", |run| of(run.rho)),
    ("gamma", |run| of(run.gamma)),
    ("gamma-schedule", |run| of(run.gamma_schedule)),
    ("gamma-epochs", |run| of(run.gamma_epochs)),
];

fn of(value: Option<impl ToString>) -> Option<String> {
    value.map(|value| value.to_string())
}

/// The line that starts the run in a terminal.
pub fn command_of(config: &TrainConfig, out: &Path) -> String {
    let mut line = CommandLine::verb("train")
        .argument("--data")
        .arguments(&config.data)
        .option("out", out)
        .option("preset", config.preset.to_string());
    if config.family() == Family::Myna {
        line = line.option("patch", config.patch.to_string());
    }
    line = line
        .option("objective", config.objective.to_string())
        .option("mask-ratio", config.mask_ratio.get().to_string())
        .option("batch", config.batch.to_string())
        .option("steps", config.steps.to_string())
        .option("lr", config.learning_rate.to_string())
        .option("seed", config.seed.to_string())
        .option("device", config.device.to_string());
    // What most runs of the family leave as it is makes the line no longer.
    let same = TrainConfig::of_preset(config.preset);
    for (name, value) in OPTIONS {
        if value(config) != value(&same) && config.idle(name).is_none() {
            line = line.option(name, value(config));
        }
    }
    for (name, value) in MAYBE {
        // What another objective left in the form has nothing to say.
        if let Some(value) = value(config).filter(|_| config.idle(name).is_none()) {
            line = line.option(name, value);
        }
    }
    if !config.mt2.transposed_mel && config.objective == Objective::Mt2 {
        line = line.argument("--drop-transposed-mel");
    }
    if !config.maest.balance && config.objective == Objective::Maest {
        line = line.argument("--no-balance");
    }
    if config.tensorboard {
        line = line.argument("--tensorboard");
    }
    match &config.init {
        Some(CheckpointRef::File(path)) => line = line.option("init", path),
        Some(named) => line = line.option("init", named.to_string()),
        None => {}
    }
    if let Some(mels) = &config.mels {
        line = line.option("mels", mels);
    }
    if config.init.is_some() && !config.init_weights.is_auto() {
        line = line.option("init-weights", config.init_weights.to_string());
    }
    line.to_line()
}

fn widths(head: &[usize]) -> String {
    let widths: Vec<String> = head.iter().map(usize::to_string).collect();
    widths.join(",")
}

/// The line that goes on with a run in a terminal.
pub fn resume_command(folder: &Path) -> String {
    CommandLine::verb("train")
        .option("resume", folder)
        .to_line()
}
