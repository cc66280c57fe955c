use std::{fs, path::Path};

use anyhow::Context;
use serde_json::json;

use super::{
    arguments::{Common, Train},
    console::{Console, Outcome},
};
use crate::{
    collection,
    jobs::{Cancelled, Progress},
    train::{self, TrainConfig, TrainControl, TrainEvent, TrainSummary},
};

pub fn run(verb: &Train, common: &Common, console: &Console) -> anyhow::Result<Outcome> {
    let summary = if let Some(folder) = &verb.resume {
        let config = TrainConfig::of_run(folder)?;
        let data = if verb.data.is_empty() {
            &config.data
        } else {
            &verb.data
        };
        let collection = collection::open(data, &console.watch())?;
        let steps = verb.steps.map(|steps| steps.get() as u64);
        follow(console, config.steps, |control, events| {
            train::resume(folder, steps, &collection, control, events)
        })?
    } else {
        let config = settings(verb, common)?;
        config.validate()?;
        let out = verb
            .out
            .as_deref()
            .context("name a run folder with --out")?;
        let collection = collection::open(&config.data, &console.watch())?;
        follow(console, config.steps, |control, events| {
            train::run(&config, &collection, out, control, events)
        })?
    };
    Ok(outcome(summary))
}

/// The file's settings, where one is named, under those of the command line.
fn settings(verb: &Train, common: &Common) -> anyhow::Result<TrainConfig> {
    let mut config = match &verb.config {
        Some(path) => {
            let text = fs::read_to_string(path)
                .with_context(|| format!("cannot read the settings: {}", path.display()))?;
            TrainConfig::from_toml(&text).with_context(|| format!("in {}", path.display()))?
        }
        None => TrainConfig::default(),
    };
    config.data.clone_from(&verb.data);
    if let Some(seed) = common.seed {
        config.seed = seed;
    }
    if let Some(device) = common.device {
        config.device = device;
    }
    let Train {
        preset,
        objective,
        patch,
        mask_ratio,
        batch,
        steps,
        lr,
        init,
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
    if let Some(init) = init {
        config.init = Some(init.clone());
    }
    Ok(config)
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
    let summary = job(&control, &mut |event| {
        if console.cancel().is_cancelled() {
            control.stop();
        }
        match event {
            TrainEvent::Preparing(Progress { what, done, total }) => {
                watch.progress(&what, done, total);
            }
            TrainEvent::Note(note) => console.note(&note),
            TrainEvent::Step(record) => {
                let what = format!("training, loss {:.4}", record.loss);
                watch.progress(&what, record.step, Some(steps));
            }
            TrainEvent::SkippedStep { step, in_a_row } => console.note(&format!(
                "step {step} gave numbers that are not finite and was left out ({in_a_row} in a row)"
            )),
            // Tracks that could not be read are listed with the result.
            TrainEvent::SkippedTrack { .. }
            | TrainEvent::Batch(_)
            | TrainEvent::Checkpoint { .. }
            | TrainEvent::Paused
            | TrainEvent::Resumed
            | TrainEvent::Finished(_) => {}
        }
    });
    match summary {
        Err(train::TrainError::StoppedEarly) => Err(Cancelled.into()),
        other => Ok(other?),
    }
}

fn outcome(summary: TrainSummary) -> Outcome {
    let folder = summary.checkpoint.parent().unwrap_or(Path::new("."));
    let resume = format!("mynascope train --resume {}", folder.display());
    let end = if summary.stopped {
        format!("stopped; go on with `{resume}`")
    } else {
        "finished".to_owned()
    };
    Outcome {
        json: json!({
            "steps": summary.steps,
            "loss_first": summary.loss_first,
            "loss_last": summary.loss_last,
            "windows_per_second": summary.windows_per_second,
            "checkpoint": summary.checkpoint,
            "stopped": summary.stopped,
            "skipped_steps": summary.skipped_steps,
            "notes": summary.notes,
        }),
        text: format!(
            "{end}: {} steps, loss {:.4} -> {:.4}, {:.1} windows/s: {}",
            summary.steps,
            summary.loss_first,
            summary.loss_last,
            summary.windows_per_second,
            summary.checkpoint.display()
        ),
        skipped: summary.skipped_tracks,
    }
}
