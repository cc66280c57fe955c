//! Settings for a purpose: what the form of the next run offers and begins with.

use mynascope_encoder::{EncoderPreset, Family, Patching};
use mynascope_train::{Schedule, TrainConfig, objective::Data2vec};

/// Settings for a purpose.
pub struct Purpose {
    /// The family of the encoder.
    pub family: Family,
    /// Its name.
    pub name: &'static str,
    /// What it is for, as one sentence; after its size, unless it is a lesson.
    about: &'static str,
    settings: fn(TrainConfig) -> TrainConfig,
}

/// What the form offers.
pub const PURPOSES: &[Purpose] = &[
    Purpose {
        family: Family::Myna,
        name: "Lesson: 2 minutes",
        about: "A tiny encoder on small batches, with a checkpoint every 50 steps to move through afterwards; about two \
                minutes on two CPU cores",
        settings: |form| TrainConfig {
            probe_every: 100,
            ..lesson(form, EncoderPreset::Tiny, [16, 600, 50])
        },
    },
    Purpose {
        family: Family::Myna,
        name: "Tiny",
        about: "learns on a CPU in some minutes",
        settings: |form| of_size(form, EncoderPreset::Tiny, [64, 1000, 100]),
    },
    Purpose {
        family: Family::Myna,
        name: "Small",
        about: "as published, slow without a GPU",
        settings: |form| of_size(form, EncoderPreset::Small, [256, 5000, 250]),
    },
    Purpose {
        family: Family::Myna,
        name: "Base",
        about: "needs a GPU",
        settings: |form| of_size(form, EncoderPreset::Base, [1024, 20_000, 500]),
    },
    Purpose {
        family: Family::Myna,
        name: "Overnight",
        about: "the published size with large batches, for one GPU and one night; can be stopped and resumed at any step",
        settings: |form| {
            long(
                of_size(form, EncoderPreset::Small, [1024, 50_000, 1000]),
                1000,
            )
        },
    },
    Purpose {
        family: Family::Mt2,
        name: "Lesson: 1 minute",
        about: "A tiny MT2 on small batches: it begins to tell tracks apart within a minute on two CPU cores, while turning with \
                the key takes far longer; a checkpoint every 20 steps to move through afterwards",
        settings: |form| lesson(form, EncoderPreset::Mt2Tiny, [16, 200, 20]),
    },
    Purpose {
        family: Family::Mt2,
        name: "Tiny MT2",
        about: "learns on a CPU in some ten minutes",
        settings: |form| cosine(of_size(form, EncoderPreset::Mt2Tiny, [64, 2000, 100]), 100),
    },
    Purpose {
        family: Family::Mt2,
        name: "MT2 as published",
        about: "slow without a GPU",
        settings: |form| long(of_size(form, EncoderPreset::Mt2, [128, 50_000, 500]), 1000),
    },
    Purpose {
        family: Family::Music2vec,
        name: "Lesson: 1 minute",
        about: "A tiny Music2Vec on small batches of short windows: it begins to predict its teacher within a minute on two CPU \
                cores; a checkpoint every 10 steps to move through afterwards",
        settings: |form| TrainConfig {
            window_secs: Some(2),
            // So short a run would leave a slower teacher where it began, and a later guard would never look.
            data2vec: Data2vec {
                decay_start: 0.99,
                decay_end: 0.999,
                decay_updates: 1000,
                guard_after: 80,
                ..form.data2vec
            },
            ..lesson(form, EncoderPreset::Music2vecTiny, [6, 100, 10])
        },
    },
    Purpose {
        family: Family::Music2vec,
        name: "Tiny Music2Vec",
        about: "on windows of 5 s learns on a CPU in some hours",
        settings: |form| TrainConfig {
            warmup_steps: Some(150),
            data2vec: Data2vec {
                guard_after: 1000,
                ..form.data2vec
            },
            ..of_size(form, EncoderPreset::Music2vecTiny, [16, 5000, 250])
        },
    },
    Purpose {
        family: Family::Music2vec,
        name: "Music2Vec as published",
        about: "on windows of 5 s needs a GPU and days",
        settings: |form| {
            let form = of_size(form, EncoderPreset::Music2vec, [64, 400_000, 1000]);
            long(form, 12_000)
        },
    },
    Purpose {
        family: Family::Maest,
        name: "Lesson: 1 minute",
        about: "A tiny MAEST on small batches: its loss falls and styles are told within a minute on two CPU cores; a checkpoint \
                every 20 steps to move through afterwards",
        settings: |form| lesson(form, EncoderPreset::MaestTiny, [16, 160, 20]),
    },
    Purpose {
        family: Family::Maest,
        name: "Tiny MAEST",
        about: "learns on a CPU in some ten minutes",
        settings: |form| {
            cosine(
                of_size(form, EncoderPreset::MaestTiny, [32, 2000, 100]),
                100,
            )
        },
    },
    Purpose {
        family: Family::Maest,
        name: "MAEST as published",
        about: "on windows of 5 s needs a GPU",
        settings: |form| {
            long(
                of_size(form, EncoderPreset::Maest, [48, 100_000, 1000]),
                4000,
            )
        },
    },
];

/// Batch, steps, and how often a checkpoint is written: often, and all stay, to be moved through.
fn lesson(
    form: TrainConfig,
    preset: EncoderPreset,
    [batch, steps, save_every]: [u32; 3],
) -> TrainConfig {
    TrainConfig {
        keep: 100,
        probe_every: form.probe_every,
        ..of_size(form, preset, [batch, steps, save_every])
    }
}

/// Batch, steps, and how often a checkpoint is written and scored.
fn of_size(
    form: TrainConfig,
    preset: EncoderPreset,
    [batch, steps, every]: [u32; 3],
) -> TrainConfig {
    TrainConfig {
        preset,
        batch: batch as usize,
        steps: steps.into(),
        save_every: every.into(),
        probe_every: every.into(),
        ..form
    }
}

/// A learning rate that rises over so many steps and then falls.
fn cosine(form: TrainConfig, warmup_steps: u64) -> TrainConfig {
    TrainConfig {
        schedule: Schedule::Cosine,
        warmup_steps: Some(warmup_steps),
        ..form
    }
}

/// The same over a night or more, of which more checkpoints stay.
fn long(form: TrainConfig, warmup_steps: u64) -> TrainConfig {
    TrainConfig {
        keep: 10,
        ..cosine(form, warmup_steps)
    }
}

/// The first purpose of a family: what a form begins with when the family is chosen.
pub fn first_purpose(family: Family) -> Option<&'static Purpose> {
    PURPOSES.iter().find(|purpose| purpose.family == family)
}

impl Purpose {
    /// The form with the settings for this purpose; what a purpose says nothing about goes back to the default of its family,
    /// but what is learned, first weights, seed and device stay. Of another family neither objective nor weights can stay.
    pub fn of(&self, form: &TrainConfig) -> TrainConfig {
        let usual = TrainConfig {
            data: form.data.clone(),
            patch: form.patch,
            input: form.input,
            task: form.task,
            seed: form.seed,
            device: form.device,
            ..TrainConfig::of_preset(self.preset())
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

    fn preset(&self) -> EncoderPreset {
        (self.settings)(TrainConfig::default()).preset
    }

    /// What it is for, in one sentence.
    pub fn help(&self) -> String {
        match self.name.starts_with("Lesson") {
            true => self.about.to_owned(),
            false => format!("{}: {}", describe_size(self.preset()), self.about),
        }
    }
}

/// How large the encoder of a preset is: "192 wide, 4 layers, 2.3 million parameters". A Myna has about as many for any patches.
pub fn describe_size(preset: EncoderPreset) -> String {
    let config = preset.config(Patching::Square);
    let sizes = config.sizes();
    let millions = config.info(Vec::new()).parameters as f64 / 1e6;
    let digits = usize::from(millions < 9.95);
    format!(
        "{} wide, {} layers, {millions:.digits$} million parameters",
        sizes.dim, sizes.depth
    )
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

#[cfg(test)]
mod tests {
    use super::super::problem_of;
    use super::*;
    use mynascope_train::Objective;

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

    /// The fault: the lesson says that a run that collapses ends, and its 100 steps never came to where that is looked for.
    #[test]
    fn every_run_of_data2vec_that_is_offered_looks_for_a_collapse_before_it_ends() {
        for purpose in PURPOSES {
            let form = purpose.of(&first_form());
            if form.objective == Objective::Data2vec {
                let guard = form.data2vec.guard_after;
                assert!(guard < form.steps, "{}", purpose.name);
            }
        }
    }

    /// The fault: sizes stood in texts beside the sizes.
    #[test]
    fn what_a_purpose_says_of_its_size_is_its_size() {
        let help = |name: &str| {
            let purpose = PURPOSES.iter().find(|purpose| purpose.name == name);
            purpose.unwrap().help()
        };
        for (name, size) in [
            (
                "Small",
                "384 wide, 12 layers, 21 million parameters: as published",
            ),
            ("MT2 as published", "192 wide, 12 layers, 5.4 million"),
            ("Tiny Music2Vec", "192 wide, 4 layers, 2.3 million"),
            ("MAEST as published", "768 wide, 12 layers, 85 million"),
        ] {
            assert!(help(name).starts_with(size), "{}", help(name));
        }
    }
}
