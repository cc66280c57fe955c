//! The form of the next run: purposes, fields, limits.

use std::path::Path;

use crate::gui::{command_line::CommandLine, model::Library};
use mynascope_encoder::{CheckpointRef, EncoderPreset, Family, Patching};
use mynascope_train::{Objective, Schedule, TrainConfig, TrainError, objective::Data2vec};

/// Settings for a purpose.
pub struct Purpose {
    /// The family of the encoder.
    pub family: Family,
    /// Its name.
    pub name: &'static str,
    /// What it is for, in one sentence.
    pub help: &'static str,
    settings: fn(TrainConfig) -> TrainConfig,
}

/// What the form offers.
pub const PURPOSES: &[Purpose] = &[
    Purpose {
        family: Family::Myna,
        name: "Lesson: 2 minutes",
        help: "A tiny encoder on small batches, with a checkpoint every 50 steps to move through afterwards; about two \
               minutes on two CPU cores",
        settings: |form| TrainConfig {
            preset: EncoderPreset::Tiny,
            batch: 16,
            steps: 600,
            save_every: 50,
            keep: 100,
            probe_every: 100,
            ..form
        },
    },
    Purpose {
        family: Family::Myna,
        name: "Tiny",
        help: "192 wide, 8 layers, 3.6 million numbers: learns on a CPU in some minutes",
        settings: |form| TrainConfig {
            preset: EncoderPreset::Tiny,
            batch: 64,
            steps: 1000,
            save_every: 100,
            probe_every: 100,
            ..form
        },
    },
    Purpose {
        family: Family::Myna,
        name: "Small",
        help: "384 wide, 12 layers, 21 million numbers, as published: slow without a GPU",
        settings: |form| TrainConfig {
            preset: EncoderPreset::Small,
            batch: 256,
            steps: 5000,
            save_every: 250,
            probe_every: 250,
            ..form
        },
    },
    Purpose {
        family: Family::Myna,
        name: "Base",
        help: "768 wide, 12 layers, 85 million numbers: needs a GPU",
        settings: |form| TrainConfig {
            preset: EncoderPreset::Base,
            batch: 1024,
            steps: 20_000,
            save_every: 500,
            probe_every: 500,
            ..form
        },
    },
    Purpose {
        family: Family::Myna,
        name: "Overnight",
        help: "The published size with large batches, for one GPU and one night; can be stopped and resumed at any step",
        settings: |form| TrainConfig {
            preset: EncoderPreset::Small,
            batch: 1024,
            steps: 50_000,
            schedule: Schedule::Cosine,
            warmup_steps: Some(1000),
            save_every: 1000,
            probe_every: 1000,
            keep: 10,
            ..form
        },
    },
    Purpose {
        family: Family::Mt2,
        name: "Lesson: 1 minute",
        help: "A tiny MT2 on small batches: its key profile begins to turn with the sound within a minute on two CPU cores; a \
               checkpoint every 20 steps to move through afterwards",
        settings: |form| TrainConfig {
            preset: EncoderPreset::Mt2Tiny,
            batch: 16,
            steps: 200,
            save_every: 20,
            keep: 100,
            ..form
        },
    },
    Purpose {
        family: Family::Mt2,
        name: "Tiny MT2",
        help: "128 wide, 4 layers, 0.9 million numbers: learns on a CPU in some ten minutes",
        settings: |form| TrainConfig {
            preset: EncoderPreset::Mt2Tiny,
            batch: 64,
            steps: 2000,
            schedule: Schedule::Cosine,
            warmup_steps: Some(100),
            save_every: 100,
            probe_every: 100,
            ..form
        },
    },
    Purpose {
        family: Family::Mt2,
        name: "MT2 as published",
        help: "192 wide, 12 layers, 5.4 million numbers: slow without a GPU",
        settings: |form| TrainConfig {
            preset: EncoderPreset::Mt2,
            batch: 128,
            steps: 50_000,
            schedule: Schedule::Cosine,
            warmup_steps: Some(1000),
            save_every: 500,
            probe_every: 500,
            keep: 10,
            ..form
        },
    },
    Purpose {
        family: Family::Music2vec,
        name: "Lesson: 1 minute",
        help: "A tiny Music2Vec on small batches of short windows: it begins to predict its teacher within a minute on two CPU \
               cores; a checkpoint every 10 steps to move through afterwards",
        settings: |form| TrainConfig {
            preset: EncoderPreset::Music2vecTiny,
            window_secs: Some(2),
            batch: 6,
            steps: 100,
            save_every: 10,
            keep: 100,
            // So short a run would leave a slower teacher where it began.
            data2vec: Data2vec {
                decay_start: 0.99,
                decay_end: 0.999,
                decay_updates: 1000,
                ..form.data2vec
            },
            ..form
        },
    },
    Purpose {
        family: Family::Music2vec,
        name: "Tiny Music2Vec",
        help: "192 wide, 4 layers, 2.3 million numbers, windows of 5 s: learns on a CPU in some hours",
        settings: |form| TrainConfig {
            preset: EncoderPreset::Music2vecTiny,
            batch: 16,
            steps: 5000,
            warmup_steps: Some(150),
            save_every: 250,
            probe_every: 250,
            ..form
        },
    },
    Purpose {
        family: Family::Maest,
        name: "Lesson: 1 minute",
        help: "A tiny MAEST on small batches: its loss falls and styles are told within a minute on two CPU cores; a checkpoint \
               every 20 steps to move through afterwards",
        settings: |form| TrainConfig {
            preset: EncoderPreset::MaestTiny,
            batch: 16,
            steps: 160,
            save_every: 20,
            keep: 100,
            ..form
        },
    },
    Purpose {
        family: Family::Music2vec,
        name: "Music2Vec as published",
        help: "768 wide, 12 layers, 93 million numbers, windows of 5 s: needs a GPU and days",
        settings: |form| TrainConfig {
            preset: EncoderPreset::Music2vec,
            batch: 64,
            steps: 400_000,
            schedule: Schedule::Cosine,
            warmup_steps: Some(12_000),
            save_every: 1000,
            probe_every: 1000,
            keep: 10,
            ..form
        },
    },
    Purpose {
        family: Family::Maest,
        name: "Tiny MAEST",
        help: "192 wide, 4 layers, 1.8 million numbers: learns on a CPU in some ten minutes",
        settings: |form| TrainConfig {
            preset: EncoderPreset::MaestTiny,
            batch: 32,
            steps: 2000,
            schedule: Schedule::Cosine,
            warmup_steps: Some(100),
            save_every: 100,
            probe_every: 100,
            ..form
        },
    },
    Purpose {
        family: Family::Maest,
        name: "MAEST as published",
        help: "768 wide, 12 layers, 85 million numbers, windows of 5 s: needs a GPU",
        settings: |form| TrainConfig {
            preset: EncoderPreset::Maest,
            batch: 48,
            steps: 100_000,
            schedule: Schedule::Cosine,
            warmup_steps: Some(4000),
            save_every: 1000,
            probe_every: 1000,
            keep: 10,
            ..form
        },
    },
];

/// The first purpose of a family: what a form begins with when the family is chosen.
pub fn first_purpose(family: Family) -> Option<&'static Purpose> {
    PURPOSES.iter().find(|purpose| purpose.family == family)
}

impl Purpose {
    /// The form with the settings for this purpose; what a purpose says nothing about goes back to the default of its family,
    /// but what is learned, first weights, seed and device stay. Of another family neither objective nor weights can stay.
    pub fn of(&self, form: &TrainConfig) -> TrainConfig {
        let preset = (self.settings)(TrainConfig::default()).preset;
        let usual = TrainConfig {
            data: form.data.clone(),
            patch: form.patch,
            task: form.task,
            seed: form.seed,
            device: form.device,
            ..TrainConfig::of_preset(preset)
        };
        let usual = match form.family() == self.family {
            true => TrainConfig {
                objective: form.objective,
                trainable: form.trainable,
                init: form.init.clone(),
                init_weights: form.init_weights.clone(),
                mt2: form.mt2,
                maest: form.maest,
                ..usual
            },
            false => usual,
        };
        (self.settings)(usual)
    }
}

/// The purpose that the form stands for, if nothing else was changed.
pub fn purpose_of(form: &TrainConfig) -> Option<&'static Purpose> {
    PURPOSES.iter().find(|purpose| purpose.of(form) == *form)
}

/// The settings that a window starts with.
pub fn first_form() -> TrainConfig {
    let form = TrainConfig {
        patch: Patching::Hybrid,
        ..TrainConfig::default()
    };
    PURPOSES
        .first()
        .map_or(form.clone(), |first| first.of(&form))
}

/// A setting that cannot be trained with, as the trainer says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The name of the setting, as in `config.toml`; empty where it is several.
    pub setting: &'static str,
    /// What is wrong, and its limits.
    pub why: String,
}

/// Settings that a problem may be about. The longer of two names stands first.
const SETTINGS: &[&str] = &[
    "patchout_columns",
    "patchout_rows",
    "time_masks",
    "band_masks",
    "mixup",
    "equivariance",
    "span_frames",
    "window_secs",
    "guard_after",
    "decay_start",
    "span_share",
    "top_blocks",
    "mask_ratio",
    "decay_end",
    "objective",
    "contrast",
    "learning_rate",
    "weight_decay",
    "warmup_steps",
    "decoder_layers",
    "clip_norm",
    "save_every",
    "trainable",
    "tau_rate",
    "chunk",
    "batch",
    "steps",
    "gamma",
    "omega",
    "patch",
    "keep",
    "head",
    "ema",
    "rho",
    "swa",
    "tau",
];

/// What is wrong with a form; the trainer's own rules.
pub fn problem_of(form: &TrainConfig) -> Option<Problem> {
    let why = match form.validate() {
        Ok(()) => return None,
        Err(TrainError::Settings(why)) => why,
        Err(other) => other.to_string(),
    };
    // A message is about the setting that it names first.
    let named = SETTINGS
        .iter()
        .filter_map(|name| Some((why.find(name)?, *name)));
    let setting = named.min_by_key(|(at, _)| *at).map_or("", |(_, name)| name);
    Some(Problem { setting, why })
}

/// Why no run can start on the open collection: a run learns to tell tracks apart.
pub fn too_few_tracks(library: &Library) -> Option<&'static str> {
    match library.track_count() - library.bad_count() {
        0 => Some("Open a collection first: training needs tracks"),
        1 => Some("Training needs at least two tracks that can be read: open a folder with more"),
        _ => None,
    }
}

/// What a run is, in a few words: "tiny hybrid, sogclr, batch 32, 90 % dropped, seed 0".
pub fn format_config(config: &TrainConfig) -> String {
    let mut words = vec![
        config.size_name(),
        config.objective.to_string(),
        format!("batch {}", config.batch),
    ];
    // An MT2 or a MAEST drops tokens only where that was asked for.
    if config.family() == Family::Myna || config.mask_ratio.get() > 0.0 {
        words.push(format!("{:.0} % dropped", 100.0 * config.mask_ratio.get()));
    }
    words.push(format!("seed {}", config.seed));
    words.join(", ")
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
    let advanced = [
        (
            "mask-kind",
            config.mask_kind.to_string(),
            same.mask_kind.to_string(),
        ),
        (
            "optimiser",
            config.optimiser.to_string(),
            same.optimiser.to_string(),
        ),
        (
            "schedule",
            config.schedule.to_string(),
            same.schedule.to_string(),
        ),
        (
            "precision",
            config.precision.to_string(),
            same.precision.to_string(),
        ),
        (
            "weight-decay",
            config.weight_decay.to_string(),
            same.weight_decay.to_string(),
        ),
        (
            "clip",
            config.clip_norm.to_string(),
            same.clip_norm.to_string(),
        ),
        ("ema", config.ema.to_string(), same.ema.to_string()),
        ("head", widths(&config.head), widths(&same.head)),
        (
            "omega",
            config.mt2.omega.to_string(),
            same.mt2.omega.to_string(),
        ),
        (
            "equivariance",
            config.mt2.equivariance.to_string(),
            same.mt2.equivariance.to_string(),
        ),
        (
            "contrast",
            config.mt2.contrast.to_string(),
            same.mt2.contrast.to_string(),
        ),
        (
            "span-share",
            config.data2vec.span_share.to_string(),
            same.data2vec.span_share.to_string(),
        ),
        (
            "span-frames",
            config.data2vec.span_frames.to_string(),
            same.data2vec.span_frames.to_string(),
        ),
        (
            "top-blocks",
            config.data2vec.top_blocks.to_string(),
            same.data2vec.top_blocks.to_string(),
        ),
        (
            "decay-start",
            config.data2vec.decay_start.to_string(),
            same.data2vec.decay_start.to_string(),
        ),
        (
            "decay-end",
            config.data2vec.decay_end.to_string(),
            same.data2vec.decay_end.to_string(),
        ),
        (
            "decay-updates",
            config.data2vec.decay_updates.to_string(),
            same.data2vec.decay_updates.to_string(),
        ),
        (
            "guard-after",
            config.data2vec.guard_after.to_string(),
            same.data2vec.guard_after.to_string(),
        ),
        (
            "mixup",
            config.maest.mixup.to_string(),
            same.maest.mixup.to_string(),
        ),
        (
            "patchout-rows",
            config.maest.patchout_rows.to_string(),
            same.maest.patchout_rows.to_string(),
        ),
        (
            "time-masks",
            config.maest.time_masks.to_string(),
            same.maest.time_masks.to_string(),
        ),
        (
            "band-masks",
            config.maest.band_masks.to_string(),
            same.maest.band_masks.to_string(),
        ),
        (
            "swa-every",
            config.swa.every.to_string(),
            same.swa.every.to_string(),
        ),
        ("task", config.task.to_string(), same.task.to_string()),
        (
            "trainable",
            config.trainable.to_string(),
            same.trainable.to_string(),
        ),
        (
            "decoder-layers",
            config.decoder_layers.to_string(),
            same.decoder_layers.to_string(),
        ),
        (
            "save-every",
            config.save_every.to_string(),
            same.save_every.to_string(),
        ),
        ("keep", config.keep.to_string(), same.keep.to_string()),
        (
            "probe-every",
            config.probe_every.to_string(),
            same.probe_every.to_string(),
        ),
    ];
    for (name, value, _) in advanced
        .into_iter()
        .filter(|(name, value, usual)| value != usual && config.idle(name).is_none())
    {
        line = line.option(name, value);
    }
    let maybe = [
        ("window", config.window_secs.map(|value| value.to_string())),
        ("chunk", config.chunk.map(|value| value.to_string())),
        ("warmup", config.warmup_steps.map(|value| value.to_string())),
        (
            "patchout-columns",
            config.maest.patchout_columns.map(|value| value.to_string()),
        ),
        ("swa-from", config.swa.from.map(|value| value.to_string())),
        (
            "swa-lr",
            config.swa.learning_rate.map(|value| value.to_string()),
        ),
        ("tau", config.tau.map(|value| value.to_string())),
        ("tau-rate", config.tau_rate.map(|value| value.to_string())),
        ("rho", config.rho.map(|value| value.to_string())),
        ("gamma", config.gamma.map(|value| value.to_string())),
        (
            "gamma-schedule",
            config.gamma_schedule.map(|value| value.to_string()),
        ),
        (
            "gamma-epochs",
            config.gamma_epochs.map(|value| value.to_string()),
        ),
    ];
    for (name, value) in maybe {
        // What another objective left in the form has nothing to say.
        if let Some(value) = value.filter(|_| config.idle(name).is_none()) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use mynascope_train::Trainable;

    #[test]
    fn every_purpose_can_be_trained_with_and_is_recognised() {
        for purpose in PURPOSES {
            let form = purpose.of(&TrainConfig {
                seed: 7,
                ..first_form()
            });
            assert_eq!(problem_of(&form), None, "{}", purpose.name);
            assert_eq!(form.seed, 7);
            assert_eq!(
                purpose_of(&form).map(|found| found.name),
                Some(purpose.name)
            );
        }
        let own = TrainConfig {
            batch: 17,
            ..first_form()
        };
        assert!(purpose_of(&own).is_none());
    }

    #[test]
    fn what_cannot_be_trained_with_is_told_at_its_field() {
        let form = first_form();
        let cases = [
            (
                "batch",
                TrainConfig {
                    batch: 1,
                    ..form.clone()
                },
            ),
            (
                "steps",
                TrainConfig {
                    steps: 0,
                    ..form.clone()
                },
            ),
            (
                "save_every",
                TrainConfig {
                    save_every: 0,
                    ..form.clone()
                },
            ),
            (
                "learning_rate",
                TrainConfig {
                    learning_rate: 0.0,
                    ..form.clone()
                },
            ),
            (
                "weight_decay",
                TrainConfig {
                    weight_decay: -1.0,
                    ..form.clone()
                },
            ),
            (
                "trainable",
                TrainConfig {
                    trainable: Trainable::Head,
                    ..form.clone()
                },
            ),
        ];
        for (setting, form) in cases {
            let problem = problem_of(&form).unwrap();
            assert_eq!(problem.setting, setting, "{}", problem.why);
        }
    }
}
