use std::{
    fmt, fs,
    path::{Path, PathBuf},
    str::FromStr,
};

use serde::{Deserialize, Serialize};

use super::TrainError;
use crate::{
    encoder::{DeviceChoice, EncoderConfig, EncoderKind, Preset},
    tokens::{MaskKind, MaskRatio, dropped_tokens},
};

/// What training minimises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Objective {
    /// Contrastive loss with a moving average a track (Myna).
    #[default]
    Sogclr,
    /// The same with a temperature a track.
    Isogclr,
}

impl Objective {
    /// All objectives, in the order in which they are offered.
    pub const ALL: [Self; 2] = [Self::Sogclr, Self::Isogclr];
}

impl fmt::Display for Objective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sogclr => "sogclr",
            Self::Isogclr => "isogclr",
        })
    }
}

impl FromStr for Objective {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|objective| objective.to_string() == text)
            .ok_or_else(|| format!("'{text}' is no objective; say sogclr or isogclr"))
    }
}

/// How the learning rate, or gamma of the loss, moves over the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Schedule {
    #[default]
    Constant,
    /// Half a cosine down.
    Cosine,
}

/// Settings of a training run. The defaults are the published ones, except for size and length.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainConfig {
    /// Tracks, folders or `demo`; kept so that a run says what it was trained on.
    pub data: Vec<PathBuf>,
    pub preset: Preset,
    /// Own sizes instead of a preset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoder: Option<EncoderConfig>,
    /// Which patches the encoder reads.
    pub patch: EncoderKind,
    pub objective: Objective,
    pub mask_ratio: MaskRatio,
    pub mask_kind: MaskKind,
    /// Tracks of one step; lowered to the size of a smaller collection.
    pub batch: usize,
    pub steps: u64,
    pub learning_rate: f64,
    pub schedule: Schedule,
    /// Epochs of linear warm-up under the cosine schedule.
    pub warmup_epochs: u64,
    /// L2 added to the gradient, on every weight.
    pub weight_decay: f64,
    /// Temperature of the loss.
    pub tau: f64,
    /// Weight of the new value in the moving average of the loss.
    pub gamma: f64,
    pub gamma_schedule: Schedule,
    /// Widths of the projection head.
    pub head: Vec<usize>,
    /// Limit of the gradient's global norm; 0 for none.
    pub clip_norm: f64,
    pub seed: u64,
    /// Steps between checkpoints.
    pub save_every: u64,
    pub device: DeviceChoice,
    /// Weights to start from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub init: Option<PathBuf>,
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            data: Vec::new(),
            preset: Preset::Tiny,
            encoder: None,
            patch: EncoderKind::Hybrid,
            objective: Objective::Sogclr,
            mask_ratio: MaskRatio::MYNA,
            mask_kind: MaskKind::Random,
            batch: 64,
            steps: 200,
            learning_rate: 3e-4,
            schedule: Schedule::Constant,
            warmup_epochs: 10,
            weight_decay: 1e-5,
            tau: 0.1,
            gamma: 0.9,
            gamma_schedule: Schedule::Constant,
            head: vec![512, 128],
            clip_norm: 0.0,
            seed: 0,
            save_every: 100,
            device: DeviceChoice::Auto,
            init: None,
        }
    }
}

impl TrainConfig {
    /// The sizes of the encoder.
    pub fn encoder_config(&self) -> EncoderConfig {
        match self.encoder {
            Some(own) => EncoderConfig {
                kind: self.patch,
                ..own
            },
            None => self.preset.config(self.patch),
        }
    }

    /// Reads settings from TOML text; what is left out has its default.
    pub fn from_toml(text: &str) -> Result<Self, TrainError> {
        toml::from_str(text).map_err(|error| TrainError::Settings(error.message().to_owned()))
    }

    /// The settings of a run, from its folder.
    pub fn of_run(folder: &Path) -> Result<Self, TrainError> {
        let file = folder.join("config.toml");
        let text = fs::read_to_string(&file).map_err(|error| TrainError::NoRun {
            why: format!("its config.toml cannot be read ({error})"),
            path: folder.to_path_buf(),
        })?;
        Self::from_toml(&text)
    }

    /// The settings as TOML text.
    pub fn to_toml(&self) -> Result<String, TrainError> {
        toml::to_string_pretty(self).map_err(|error| TrainError::Settings(error.to_string()))
    }

    /// Refuses settings that cannot be trained with.
    pub fn validate(&self) -> Result<(), TrainError> {
        let wrong = |what: String| Err(TrainError::Settings(what));
        self.encoder_config()
            .validate()
            .map_err(|error| TrainError::Settings(error.to_string()))?;
        if self.batch < 2 {
            return wrong(format!(
                "batch must be at least 2 (a track is told from the others of its batch), not {}",
                self.batch
            ));
        }
        let tokens = 48;
        if dropped_tokens(self.mask_ratio, tokens) >= tokens {
            return wrong(format!(
                "mask_ratio {} leaves no token of {tokens}",
                self.mask_ratio.get()
            ));
        }
        if self.tau < 0.02 {
            return wrong(format!(
                "tau must be at least 0.02 (exp(1/tau) must stay a 32-bit number), not {}",
                self.tau
            ));
        }
        if self.steps == 0 {
            return wrong("steps must be at least 1".into());
        }
        if self.save_every == 0 {
            return wrong("save_every must be at least 1 step".into());
        }
        for (name, value, most) in [
            ("learning_rate", self.learning_rate, 10.0),
            ("tau", self.tau, 100.0),
            ("gamma", self.gamma, 1.0),
        ] {
            if !(value > 0.0 && value <= most) {
                return wrong(format!(
                    "{name} must be above 0 and at most {most}, not {value}"
                ));
            }
        }
        for (name, value) in [
            ("weight_decay", self.weight_decay),
            ("clip_norm", self.clip_norm),
        ] {
            if !(value >= 0.0 && value.is_finite()) {
                return wrong(format!("{name} must be 0 or more, not {value}"));
            }
        }
        if self.head.iter().any(|&width| width == 0 || width > 65_536) || self.head.len() > 8 {
            return wrong("head must be at most 8 widths from 1 to 65536".into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_survive_a_file_and_gaps_take_defaults() {
        let config = TrainConfig {
            batch: 8,
            seed: 7,
            ..TrainConfig::default()
        };
        assert_eq!(
            TrainConfig::from_toml(&config.to_toml().unwrap()).unwrap(),
            config
        );
        let partial = TrainConfig::from_toml("batch = 8\nseed = 7").unwrap();
        assert_eq!(partial, config);
        assert!(
            TrainConfig::from_toml("bacth = 8").is_err(),
            "a typo is an error"
        );
        assert!(TrainConfig::from_toml("mask_ratio = 1.0").is_err());
    }

    #[test]
    fn settings_that_cannot_work_are_refused() {
        let good = TrainConfig::default();
        assert!(good.validate().is_ok());
        for bad in [
            TrainConfig {
                batch: 1,
                ..good.clone()
            },
            TrainConfig {
                steps: 0,
                ..good.clone()
            },
            TrainConfig {
                tau: 0.0,
                ..good.clone()
            },
            TrainConfig {
                learning_rate: f64::NAN,
                ..good.clone()
            },
            TrainConfig {
                gamma: 1.5,
                ..good.clone()
            },
            TrainConfig {
                head: vec![0],
                ..good.clone()
            },
        ] {
            assert!(bad.validate().is_err(), "{bad:?}");
        }
    }
}
