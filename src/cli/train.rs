//! The verb `train`.

use std::{fs, num::NonZeroUsize, path::Path};

use anyhow::{Context, bail};
use serde_json::json;

use super::{
    arguments::{Common, FurtherTraining, Train},
    console::{Console, Outcome},
};
use mynascope_audio::Channel;
use mynascope_base::{
    counted,
    jobs::{Cancelled, Progress},
    share_with_interval,
    storage::path_to_text,
};
use mynascope_encoder::{CheckpointRef, EncoderConfig, EncoderPreset, LoadOptions};
use mynascope_spectrum::tokens::MaskRatio;
use mynascope_train::{
    self as train, Changes, Objective, TrainConfig, TrainControl, TrainEvent, TrainSummary,
};

pub fn run(verb: &Train, common: &Common, console: &Console) -> anyhow::Result<Outcome> {
    if common.channel() != Channel::Mean {
        bail!("training uses the mean of the channels; leave out --channel");
    }
    let summary = if let Some(folder) = &verb.resume {
        let config = TrainConfig::of_run(folder)?;
        let data = if verb.data.is_empty() {
            &config.data
        } else {
            &verb.data
        };
        let collection = console.open(data)?;
        let changes = Changes {
            steps: verb.steps.map(|steps| steps.get() as u64),
            batch: verb.batch.map(NonZeroUsize::get),
            chunk: verb.more.chunk.map(NonZeroUsize::get),
            learning_rate: verb.lr,
            clip_norm: verb.more.clip,
            back_to: verb.back_to,
        };
        let steps = changes.of(&config).steps;
        follow(console, steps, |control, events| {
            train::resume(folder, &changes, &collection, control, events)
        })?
    } else {
        let config = settings(verb, common)?;
        config.validate()?;
        check_given(verb, &config)?;
        let out = verb
            .out
            .as_deref()
            .context("name a run folder with --out")?;
        let collection = console.open(&config.data)?;
        follow(console, config.steps, |control, events| {
            train::run(&config, &collection, out, control, events)
        })?
    };
    Ok(outcome(summary, console))
}

/// The file's settings, where one is named, under those of the command line.
fn settings(verb: &Train, common: &Common) -> anyhow::Result<TrainConfig> {
    let mut config = match &verb.config {
        Some(path) => {
            let text = fs::read_to_string(path)
                .with_context(|| format!("cannot read the settings: {}", path.display()))?;
            TrainConfig::from_toml(&text).with_context(|| format!("in {}", path.display()))?
        }
        None => match (&verb.init, verb.preset) {
            // A run that starts from trained weights has their sizes.
            (Some(init), None) => of_weights(verb, init)?,
            (_, preset) => TrainConfig::of_preset(preset.unwrap_or_default()),
        },
    };
    config.data.clone_from(&verb.data);
    if let Some(seed) = common.seed {
        config.seed = seed;
    }
    if let Some(device) = common.device {
        config.device = device;
    }
    if let Some(init) = &verb.init {
        config.init = Some(init.clone());
        config.init_weights = verb.init_weights.clone().unwrap_or_default();
    }
    // Labels are learned from whole windows unless a ratio is named (patchout).
    if verb.objective == Some(Objective::Supervised) && verb.config.is_none() {
        config.mask_ratio = MaskRatio::new(0.0)?;
    }
    let Train {
        preset,
        objective,
        patch,
        input,
        mask_ratio,
        batch,
        steps,
        lr,
        more,
        ..
    } = verb;
    if let Some(preset) = preset {
        config.preset = *preset;
    }
    if let Some(objective) = objective {
        config.objective = *objective;
    }
    if let Some(patch) = patch {
        config.patch = *patch;
    }
    if let Some(input) = input {
        config.input = *input;
    }
    if let Some(ratio) = mask_ratio {
        config.mask_ratio = *ratio;
    }
    if let Some(batch) = batch {
        config.batch = batch.get();
    }
    if let Some(steps) = steps {
        config.steps = steps.get() as u64;
    }
    if let Some(lr) = lr {
        config.learning_rate = *lr;
    }
    further(&mut config, more);
    Ok(config)
}

/// Refuses options of the line that change nothing of the run.
fn check_given(verb: &Train, config: &TrainConfig) -> anyhow::Result<()> {
    let more = &verb.more;
    let given = [
        ("patch", verb.patch.is_some()),
        ("input", verb.input.is_some()),
        ("omega", more.omega.is_some()),
        ("equivariance", more.equivariance.is_some()),
        ("contrast", more.contrast.is_some()),
        ("drop-transposed-mel", more.drop_transposed_mel),
        ("span-share", more.span_share.is_some()),
        ("span-frames", more.span_frames.is_some()),
        ("top-blocks", more.top_blocks.is_some()),
        ("decay-start", more.decay_start.is_some()),
        ("decay-end", more.decay_end.is_some()),
        ("decay-updates", more.decay_updates.is_some()),
        ("guard-after", more.guard_after.is_some()),
        ("mixup", more.mixup.is_some()),
        ("patchout-columns", more.patchout_columns.is_some()),
        ("patchout-rows", more.patchout_rows.is_some()),
        ("time-masks", more.time_masks.is_some()),
        ("band-masks", more.band_masks.is_some()),
        ("no-balance", more.no_balance),
        ("tau", more.tau.is_some()),
        ("tau-rate", more.tau_rate.is_some()),
        ("rho", more.rho.is_some()),
        ("gamma", more.gamma.is_some()),
        ("gamma-schedule", more.gamma_schedule.is_some()),
        ("gamma-epochs", more.gamma_epochs.is_some()),
        ("head", more.head.is_some()),
        ("decoder-layers", more.decoder_layers.is_some()),
        ("task", more.task.is_some()),
        ("swa-every", more.swa_every.is_some()),
        ("swa-lr", more.swa_lr.is_some()),
    ];
    let given = given.into_iter().filter(|(_, is_given)| *is_given);
    if let Some(why) = given.filter_map(|(option, _)| config.idle(option)).next() {
        bail!("{why}");
    }
    // Of a preset with fewer blocks than the published one the default is all that there are.
    let depth = config.encoder_config().sizes().depth;
    match more.top_blocks {
        Some(blocks) if blocks > depth => bail!(
            "--top-blocks is {blocks}, and the encoder has {depth} blocks; name at most {depth}"
        ),
        _ => Ok(()),
    }
}

/// The usual settings for the family of trained weights, with their sizes.
fn of_weights(verb: &Train, init: &CheckpointRef) -> anyhow::Result<TrainConfig> {
    let options = LoadOptions {
        patch: verb.patch,
        weights: verb.init_weights.clone().unwrap_or_default(),
        ..LoadOptions::default()
    };
    let sizes = init.weights(&options)?.0.config;
    options.check_patch(sizes.family(), Path::new(&init.to_string()))?;
    let preset = EncoderPreset::of(&sizes);
    let mut config = TrainConfig::of_preset(match (preset, sizes) {
        (Some(preset), _) => preset,
        (None, EncoderConfig::Mt2(_)) => EncoderPreset::Mt2,
        (None, EncoderConfig::Music2vec(_)) => EncoderPreset::Music2vec,
        (None, EncoderConfig::Maest(_)) => EncoderPreset::Maest,
        (None, _) => EncoderPreset::default(),
    });
    if preset.is_none() {
        config.encoder = Some(sizes);
    }
    if let Some(myna) = sizes.myna() {
        config.patch = myna.kind;
        config.input = myna.input;
    }
    Ok(config)
}

/// The options that most runs leave as they are.
fn further(config: &mut TrainConfig, more: &FurtherTraining) {
    /// Replaces a setting by an option of the line, if it was given.
    fn set<T: Clone>(slot: &mut T, given: &Option<T>) {
        if let Some(given) = given {
            slot.clone_from(given);
        }
    }
    set(&mut config.mask_kind, &more.mask_kind);
    set(&mut config.optimiser, &more.optimiser);
    set(&mut config.schedule, &more.schedule);
    set(&mut config.precision, &more.precision);
    set(&mut config.weight_decay, &more.weight_decay);
    set(&mut config.clip_norm, &more.clip);
    set(&mut config.ema, &more.ema);
    set(&mut config.task, &more.task);
    set(&mut config.trainable, &more.trainable);
    set(&mut config.decoder_layers, &more.decoder_layers);
    set(&mut config.save_every, &more.save_every);
    set(&mut config.keep, &more.keep);
    set(&mut config.probe_every, &more.probe_every);
    set(&mut config.head, &more.head);
    set(&mut config.mt2.omega, &more.omega);
    set(&mut config.mt2.equivariance, &more.equivariance);
    set(&mut config.mt2.contrast, &more.contrast);
    config.mt2.transposed_mel &= !more.drop_transposed_mel;
    set(&mut config.data2vec.span_share, &more.span_share);
    set(&mut config.data2vec.span_frames, &more.span_frames);
    set(&mut config.data2vec.top_blocks, &more.top_blocks);
    set(&mut config.data2vec.decay_start, &more.decay_start);
    set(&mut config.data2vec.decay_end, &more.decay_end);
    set(&mut config.data2vec.decay_updates, &more.decay_updates);
    set(&mut config.data2vec.guard_after, &more.guard_after);
    config.window_secs = more.window.or(config.window_secs);
    set(&mut config.maest.mixup, &more.mixup);
    config.maest.patchout_columns = more.patchout_columns.or(config.maest.patchout_columns);
    set(&mut config.maest.patchout_rows, &more.patchout_rows);
    set(&mut config.maest.time_masks, &more.time_masks);
    set(&mut config.maest.band_masks, &more.band_masks);
    config.maest.balance &= !more.no_balance;
    config.swa.from = more.swa_from.or(config.swa.from);
    set(&mut config.swa.every, &more.swa_every);
    config.swa.learning_rate = more.swa_lr.or(config.swa.learning_rate);
    config.tensorboard |= more.tensorboard;
    let chunk = more.chunk.map(std::num::NonZeroUsize::get);
    config.chunk = chunk.or(config.chunk);
    config.warmup_steps = more.warmup.or(config.warmup_steps);
    config.tau = more.tau.or(config.tau);
    config.tau_rate = more.tau_rate.or(config.tau_rate);
    config.rho = more.rho.or(config.rho);
    config.gamma = more.gamma.or(config.gamma);
    config.gamma_schedule = more.gamma_schedule.or(config.gamma_schedule);
    config.gamma_epochs = more.gamma_epochs.or(config.gamma_epochs);
    if let Some(mels) = &more.mels {
        config.mels = Some(mels.clone());
    }
}

/// Runs a training and shows its events; Ctrl-C stops it after the current step with a complete checkpoint.
pub fn follow(
    console: &Console,
    steps: u64,
    job: impl FnOnce(
        &TrainControl,
        &mut dyn FnMut(TrainEvent),
    ) -> Result<TrainSummary, train::TrainError>,
) -> anyhow::Result<TrainSummary> {
    let control = TrainControl::default();
    let watch = console.watch();
    let mut notes = Vec::new();
    let summary = job(&control, &mut |event| {
        if console.cancel().is_cancelled() {
            control.stop();
        }
        match event {
            TrainEvent::Preparing(Progress { what, done, total }) => {
                watch.progress(&what, done, total);
            }
            TrainEvent::Note(note) => {
                console.note(&note);
                notes.push(note);
            }
            TrainEvent::Step(record) => {
                let what = format!("training, loss {:.4}", record.loss);
                watch.progress(&what, record.step, Some(steps));
            }
            TrainEvent::SkippedStep {
                step,
                in_a_row,
                why,
            } => console.note(&format!(
                "step {step} {why} and was left out ({in_a_row} in a row)"
            )),
            TrainEvent::Probe(probe) => {
                let [of_demo, of_own] = probe.intervals();
                let demo = share_with_interval(probe.accuracy, of_demo);
                let own = probe.own.map(|own| share_with_interval(own, of_own));
                let own = own.map_or_else(String::new, |own| {
                    format!(", label score of the collection {own}")
                });
                console.note(&format!(
                    "step {}: style score of the demo tracks {demo}{own}",
                    probe.step
                ));
            }
            // Tracks that could not be read are listed with the result.
            TrainEvent::SkippedTrack { .. }
            | TrainEvent::Picture(_)
            | TrainEvent::Checkpoint { .. }
            | TrainEvent::Paused
            | TrainEvent::Resumed
            | TrainEvent::Finished(_) => {}
        }
    });
    match summary {
        Err(train::TrainError::StoppedEarly) => Err(Cancelled.into()),
        other => {
            let mut summary = other?;
            summary.notes.extend(notes);
            Ok(summary)
        }
    }
}

fn outcome(summary: TrainSummary, console: &Console) -> Outcome {
    console.caveats(summary.caveats.iter().cloned());
    // The checkpoint of a stopped run lies in the folder of its step.
    let mut folders = summary.checkpoint.ancestors().skip(1);
    let folder = folders.nth(usize::from(summary.stopped));
    let folder = folder.unwrap_or(Path::new("."));
    let resume = format!("mynascope train --resume {}", folder.display());
    let end = if summary.stopped {
        format!("stopped; resume with `{resume}`")
    } else {
        "finished".to_owned()
    };
    Outcome {
        json: json!({
            "steps": summary.steps,
            "loss_first": summary.loss_first,
            "loss_last": summary.loss_last,
            "windows_per_second": summary.windows_per_second,
            "checkpoint": path_to_text(&summary.checkpoint),
            "stopped": summary.stopped,
            "skipped_steps": summary.skipped_steps,
            "input_stall": summary.stall,
            "notes": summary.notes,
        }),
        text: format!(
            "{end}: {}, loss {:.4} -> {:.4}, {:.1} windows/s, {:.1} % of the time waiting for input: {}",
            counted(summary.steps, "step"),
            summary.loss_first,
            summary.loss_last,
            summary.windows_per_second,
            100.0 * summary.stall,
            summary.checkpoint.display()
        ),
        skipped: summary.skipped_tracks,
        incomplete: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use clap::Parser;

    use super::*;
    use crate::{
        cli::arguments::{Arguments, Verb},
        gui::model::{PURPOSES, command_of, first_form},
    };
    use mynascope_encoder::{DeviceChoice, Family, Patching, WeightsChoice};
    use mynascope_spectrum::tokens::MaskKind;
    use mynascope_train::{
        LabelTask, MaestLoss, Mt2Loss, Optimiser, Schedule, Swa, Trainable, objective::Data2vec,
    };

    /// The words of a line, as a shell reads what has no quotes but single ones.
    fn words(line: &str) -> Vec<String> {
        let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
        for c in line.chars() {
            match c {
                '\'' => quoted = !quoted,
                ' ' if !quoted => words.push(std::mem::take(&mut word)),
                _ => word.push(c),
            }
        }
        words.push(word);
        words
    }

    #[test]
    fn every_name_of_a_checkpoint_can_be_started_from() {
        let line = "mynascope train --data demo --out run --init";
        for (name, init) in [
            ("shipped", CheckpointRef::Shipped),
            ("untrained", CheckpointRef::Untrained),
        ] {
            let arguments = Arguments::try_parse_from(words(&format!("{line} {name}"))).unwrap();
            let Some(Verb::Train(verb)) = &arguments.verb else {
                panic!("{name}");
            };
            let config = settings(verb, &arguments.common).unwrap();
            assert_eq!(
                (&config.init, config.preset),
                (&Some(init), EncoderPreset::Tiny)
            );
            assert!(config.validate().is_ok());
            let text = config.to_toml().unwrap();
            assert_eq!(TrainConfig::from_toml(&text).unwrap(), config, "{text}");
            let copied = command_of(&config, Path::new("run"));
            assert!(copied.contains(&format!("--init {name}")), "{copied}");
        }
    }

    #[test]
    fn a_copied_command_trains_with_the_settings_of_the_window() {
        let data = vec!["demo".into(), "/music/of my own".into()];
        let first = TrainConfig {
            data,
            ..first_form()
        };
        let mut forms: Vec<TrainConfig> = PURPOSES.iter().map(|p| p.of(&first)).collect();
        for preset in EncoderPreset::ALL {
            let usual = TrainConfig {
                data: first.data.clone(),
                patch: first.patch,
                ..TrainConfig::of_preset(preset)
            };
            let fits = |objective: &Objective| objective.misfit(preset.family()).is_none();
            forms.extend(
                Objective::ALL
                    .into_iter()
                    .filter(fits)
                    .map(|objective| TrainConfig {
                        objective,
                        ..usual.clone()
                    }),
            );
        }
        forms.push(TrainConfig {
            data: first.data.clone(),
            patch: first.patch,
            mt2: Mt2Loss {
                omega: 1,
                equivariance: 0.5,
                contrast: 0.0,
                transposed_mel: false,
            },
            ..TrainConfig::of_preset(EncoderPreset::Mt2Tiny)
        });
        forms.push(TrainConfig {
            data: first.data.clone(),
            patch: first.patch,
            window_secs: Some(7),
            data2vec: Data2vec {
                span_share: 0.5,
                span_frames: 15,
                top_blocks: 3,
                decay_start: 0.9,
                decay_end: 0.99,
                decay_updates: 400,
                guard_after: 100,
            },
            ..TrainConfig::of_preset(EncoderPreset::Music2vecTiny)
        });
        forms.push(TrainConfig {
            data: first.data.clone(),
            patch: first.patch,
            maest: MaestLoss {
                mixup: 0.0,
                patchout_columns: Some(7),
                patchout_rows: 0,
                time_masks: 0,
                band_masks: 2,
                balance: false,
            },
            swa: Swa {
                from: Some(3),
                every: 2,
                learning_rate: Some(2e-5),
            },
            ..TrainConfig::of_preset(EncoderPreset::MaestTiny)
        });
        assert_eq!(first.family(), Family::Myna);
        for optimiser in Optimiser::ALL {
            forms.push(TrainConfig {
                optimiser,
                ..first.clone()
            });
        }
        // Everything that a line can say, all of it unusual.
        forms.push(TrainConfig {
            preset: EncoderPreset::Small,
            patch: Patching::Square,
            objective: Objective::FastclipV3,
            mask_ratio: MaskRatio::new(0.35).unwrap(),
            mask_kind: MaskKind::Block,
            batch: 77,
            chunk: Some(11),
            steps: 12_345,
            optimiser: Optimiser::Lion,
            learning_rate: 1.25e-5,
            schedule: Schedule::Cosine,
            warmup_steps: Some(99),
            weight_decay: 0.05,
            ema: 0.999,
            tau: Some(0.07),
            tau_rate: Some(0.001),
            rho: Some(6.5),
            gamma: Some(0.3),
            gamma_schedule: Some(Schedule::Constant),
            gamma_epochs: Some(5),
            head: vec![256, 64],
            trainable: Trainable::Last(3),
            clip_norm: 1.5,
            seed: 42,
            save_every: 17,
            keep: 9,
            probe_every: 50,
            tensorboard: true,
            device: DeviceChoice::Cpu,
            init: Some(CheckpointRef::File(
                "/runs/first one/final.safetensors".into(),
            )),
            init_weights: WeightsChoice::Ema,
            mels: Some("/tmp/mels".into()),
            ..first.clone()
        });
        forms.push(TrainConfig {
            objective: Objective::Mae,
            patch: Patching::Square,
            decoder_layers: 3,
            ..first.clone()
        });
        forms.push(TrainConfig {
            objective: Objective::Supervised,
            task: LabelTask::Key,
            ..first.clone()
        });
        for form in forms {
            let line = command_of(&form, Path::new("/runs/my first run"));
            let arguments = Arguments::try_parse_from(words(&line)).unwrap();
            let Some(Verb::Train(verb)) = &arguments.verb else {
                panic!("{line}");
            };
            assert_eq!(verb.out.as_deref(), Some(Path::new("/runs/my first run")));
            let read = settings(verb, &arguments.common).unwrap();
            assert_eq!(read, form, "{line}");
            if form.validate().is_ok() {
                check_given(verb, &read).unwrap();
            }
        }
        // What another objective left in the form says nothing, so the line does not say it.
        let left = TrainConfig {
            objective: Objective::Infonce,
            gamma: Some(0.5),
            tau_rate: Some(0.1),
            decoder_layers: 3,
            ..first
        };
        let line = command_of(&left, Path::new("run"));
        assert!(
            !line.contains("gamma") && !line.contains("rate ") && !line.contains("decoder"),
            "{line}"
        );
    }

    #[test]
    fn options_that_change_nothing_are_refused_with_a_reason() {
        let why = |options: &str| {
            let line = format!("mynascope train --data demo --out run {options}");
            let arguments = Arguments::try_parse_from(words(&line)).unwrap();
            let Some(Verb::Train(verb)) = &arguments.verb else {
                panic!("{line}");
            };
            let config = settings(verb, &arguments.common).unwrap();
            let refused = config.validate().map_err(anyhow::Error::from);
            let refused = refused.and_then(|()| check_given(verb, &config));
            refused.map_err(|error| error.to_string()).err()
        };
        for (options, words) in [
            (
                "--preset mt2-tiny --patch square",
                "--patch says which patches a Myna reads",
            ),
            (
                "--preset tiny --equivariance 0",
                "belongs to the objective mt2",
            ),
            ("--preset tiny --tau-rate 0.1", "the temperature is fixed"),
            ("--objective infonce --gamma 0.5", "moving averages"),
            (
                "--preset maest-tiny --objective sogclr --patchout-rows 3",
                "belongs to the objective maest",
            ),
            ("--preset music2vec-tiny --top-blocks 9", "has 4 blocks"),
            (
                "--preset music2vec-tiny --decay-start 0.99 --decay-end 0.9",
                "below decay_start",
            ),
            ("--swa-lr 0.1", "--swa-from turns on"),
        ] {
            let why = why(options).unwrap_or_else(|| panic!("{options} is refused"));
            assert!(why.contains(words), "{options}: {why}");
        }
        for options in [
            "--preset tiny --patch square --gamma 0.5",
            "--preset mt2-tiny --equivariance 0",
            "--objective fastclip-v2 --tau-rate 0.1",
            "--preset maest-tiny --patchout-rows 3",
            "--preset music2vec-tiny --top-blocks 4",
        ] {
            assert_eq!(why(options), None, "{options}");
        }
    }
}
