//! What the settings say of a MAEST and its objective, and of the mean of epochs, and their limits.

use super::TrainConfig;
use crate::{LabelTask, Objective, Swa, TrainError};
use mynascope_audio::SAMPLE_RATE;
use mynascope_encoder::{
    EncoderConfig,
    families::maest::{Config, Head, ROWS},
};
use mynascope_spectrum::tokens::dropped_tokens;

/// Patches of a window.
pub(super) fn window_tokens(sizes: &Config) -> usize {
    ROWS * sizes.columns_of(sizes.frames())
}

impl TrainConfig {
    /// Rows and columns of patches that the objective maest drops of every window.
    pub(crate) fn patchout(&self, sizes: &Config) -> [usize; 2] {
        let published = 3 * sizes.window_samples() / SAMPLE_RATE as usize;
        let columns = self.maest.patchout_columns.unwrap_or(published);
        [self.maest.patchout_rows, columns]
    }

    /// Tokens of one window of one patch shape that are read.
    pub(crate) fn kept_tokens(&self) -> usize {
        if let (EncoderConfig::Maest(sizes), Objective::Maest) =
            (self.encoder_config(), self.objective)
        {
            let [rows, columns] = self.patchout(&sizes);
            let all = sizes.columns_of(sizes.frames());
            return ROWS.saturating_sub(rows) * all.saturating_sub(columns);
        }
        let tokens = self.window_tokens();
        tokens - dropped_tokens(self.mask_ratio, tokens)
    }

    /// What a MAEST needs beside, and its objective.
    pub(super) fn validate_maest(&self, sizes: &Config) -> Result<(), TrainError> {
        let wrong = |what: String| Err(TrainError::Settings(what));
        if sizes.labels > 0 || sizes.head != Head::Mean {
            return wrong(format!(
                "the sizes name a classifier of {} styles; a run makes its own of the labels of its tracks: set labels to 0 and head to \
                 \"mean\"",
                sizes.labels
            ));
        }
        if self.objective != Objective::Maest {
            return Ok(());
        }
        if self.task == LabelTask::Emotion {
            return wrong(
                "the objective maest learns which labels a track has, and task emotion is two numbers; choose another task, or the \
                 objective supervised"
                    .into(),
            );
        }
        if !(0.0..=1.0).contains(&self.maest.mixup) {
            return wrong(format!(
                "mixup must be from 0 (off) to 1, not {}",
                self.maest.mixup
            ));
        }
        let [rows, columns] = self.patchout(sizes);
        let all = sizes.columns_of(sizes.frames());
        for (name, what, dropped, there) in [
            ("patchout_rows", "row", rows, ROWS),
            ("patchout_columns", "column", columns, all),
        ] {
            if dropped >= there {
                return wrong(format!(
                    "{name} is {dropped}, which leaves no {what} of the {there} of a window; at most {} can be dropped",
                    there - 1
                ));
            }
        }
        for (name, masks) in [
            ("time_masks", self.maest.time_masks),
            ("band_masks", self.maest.band_masks),
        ] {
            if masks > 1000 {
                return wrong(format!("{name} must be at most 1000, not {masks}"));
            }
        }
        Ok(())
    }

    /// What averaging of epochs needs.
    pub(super) fn validate_swa(&self) -> Result<(), TrainError> {
        let wrong = |what: String| Err(TrainError::Settings(what));
        let Swa {
            from,
            every,
            learning_rate,
        } = self.swa;
        if from.is_some() && self.ema > 0.0 {
            return wrong(
                "swa and ema both average the weights, and a checkpoint holds one average; set ema to 0 or leave swa out".into(),
            );
        }
        if every == 0 {
            return wrong(
                "swa takes weights every so many epochs; every must be at least 1".into(),
            );
        }
        match learning_rate {
            Some(rate) if !(rate > 0.0 && rate <= 10.0) => wrong(format!(
                "the learning rate of swa must be above 0 and at most 10, not {rate}"
            )),
            _ => Ok(()),
        }
    }
}
