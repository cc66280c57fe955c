//! The form of the next run: its limits, and what it is in a few words.

use crate::gui::model::Library;
use mynascope_encoder::Family;
use mynascope_train::{TrainConfig, TrainError};

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

/// What a run is, in a few words: "tiny hybrid, SogCLR, batch 32, 90 % dropped, seed 0".
pub fn format_config(config: &TrainConfig) -> String {
    let mut words = vec![
        config.size_name(),
        config.objective.title().to_owned(),
        format!("batch {}", config.batch),
    ];
    // An MT2 or a MAEST drops tokens only where that was asked for.
    if config.family() == Family::Myna || config.mask_ratio.get() > 0.0 {
        words.push(format!("{:.0} % dropped", 100.0 * config.mask_ratio.get()));
    }
    words.push(format!("seed {}", config.seed));
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use super::super::first_form;
    use super::*;
    use mynascope_train::Trainable;

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
