//! A run as it is shown, and the table of runs.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime},
};

use crate::gui::model::Curve;
use mynascope_train::{
    BestStep, DemoMap, ProbeRecord, StepRecord, StepSnapshot, TrainConfig, TrainSummary,
};

use super::{CHANNELS, channel::SCORE, format_config};

/// A run as it is shown: its settings, curves and checkpoints.
#[derive(Debug, Clone)]
pub struct RunView {
    /// Its folder.
    pub folder: PathBuf,
    /// Its settings.
    pub config: TrainConfig,
    /// One curve for each line of each of the [`CHANNELS`].
    pub curves: Vec<Vec<Curve>>,
    /// Its first step.
    pub first: Option<StepRecord>,
    /// Its last step.
    pub last: Option<StepRecord>,
    /// Checkpoints that are there, oldest first.
    pub saved: Vec<SavedStep>,
    /// The newest pictures of its steps.
    pub newest: StepSnapshot,
    /// The step that was chosen on the bar: its pictures are shown instead.
    pub chosen: Option<ChosenStep>,
    /// What the reader of the curves should know: tracks that are left out, a lowered batch.
    pub notes: Vec<String>,
    /// Steps that were not applied: a number was not finite, or the loss jumped.
    pub skipped: u64,
    /// Whether it was taken up from a checkpoint.
    pub went_on: bool,
    /// Weights to embed with, once the run has ended.
    pub checkpoint: Option<PathBuf>,
}

/// A step of a run that was chosen to be looked at.
#[derive(Debug, Clone, Default)]
pub struct ChosenStep {
    /// Steps done.
    pub step: u64,
    /// What it looked like, once that was read.
    pub snapshot: StepSnapshot,
}

/// A checkpoint of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedStep {
    /// Steps done.
    pub step: u64,
    /// Its weights.
    pub weights: PathBuf,
}

impl RunView {
    /// A run without steps yet.
    pub fn new(folder: PathBuf, config: TrainConfig) -> Self {
        let curves = CHANNELS
            .iter()
            .map(|channel| vec![Curve::default(); channel.lines.len()])
            .collect();
        Self {
            folder,
            config,
            curves,
            first: None,
            last: None,
            saved: Vec::new(),
            newest: StepSnapshot::default(),
            chosen: None,
            notes: Vec::new(),
            skipped: 0,
            went_on: false,
            checkpoint: None,
        }
    }

    /// Adds a step to the curves.
    pub fn take(&mut self, record: StepRecord) {
        // A run that goes on from an earlier checkpoint does later steps again.
        if record.step <= self.step() {
            self.go_back(record.step.saturating_sub(1));
        }
        let step = record.step as f64;
        for (channel, curves) in CHANNELS.iter().zip(&mut self.curves) {
            for (line, curve) in channel.lines.iter().zip(curves) {
                // What an older run did not measure is no number.
                if let Some(value) = (line.value)(&record).filter(|value| value.is_finite()) {
                    curve.push(step, value);
                }
            }
        }
        if self.first.is_none() {
            self.first = Some(record.clone());
        }
        self.last = Some(record);
    }

    /// Forgets what came after a step.
    fn go_back(&mut self, step: u64) {
        for curve in self.curves.iter_mut().flatten() {
            curve.cut_after(step as f64);
        }
        self.first = self.first.take().filter(|first| first.step <= step);
        self.last = None;
    }

    /// Adds a score that was taken after a step.
    pub fn score(&mut self, probe: &ProbeRecord) {
        for (channel, curves) in CHANNELS.iter().zip(&mut self.curves) {
            if channel.name == SCORE {
                for curve in curves {
                    curve.push(probe.step as f64, probe.accuracy);
                }
            }
        }
    }

    /// Smooths all curves anew; scores are few and stay as they are.
    pub fn smooth(&mut self, smoothing: f64) {
        for (channel, curves) in CHANNELS.iter().zip(&mut self.curves) {
            let smoothing = if channel.name == SCORE {
                0.0
            } else {
                smoothing
            };
            for curve in curves {
                curve.smooth(smoothing);
            }
        }
    }

    /// The newest value of the first line of a plot, smoothed as it is drawn; by the plot's name.
    pub fn smoothed(&self, channel: &str) -> Option<f64> {
        let index = CHANNELS.iter().position(|it| it.name == channel)?;
        let curve = self.curves.get(index)?.first()?;
        let [_, end] = curve.steps()?;
        curve.at(end).map(|[_, smoothed]| smoothed)
    }

    /// Steps done.
    pub fn step(&self) -> u64 {
        self.last.as_ref().map_or(0, |last| last.step)
    }

    /// Share of the steps that is done.
    pub fn share(&self) -> f32 {
        (self.step() as f32 / self.config.steps.max(1) as f32).clamp(0.0, 1.0)
    }

    /// The last name of its folder.
    pub fn name(&self) -> String {
        folder_name(&self.folder)
    }

    /// What it is, in a few words.
    pub fn describe(&self) -> String {
        format_config(&self.config)
    }

    /// The pictures that are shown: those of the chosen step, else the newest.
    pub fn pictures(&self) -> &StepSnapshot {
        match &self.chosen {
            Some(chosen) => &chosen.snapshot,
            None => &self.newest,
        }
    }

    /// The checkpoint of a step.
    pub fn saved_at(&self, step: u64) -> Option<&SavedStep> {
        self.saved.iter().find(|saved| saved.step == step)
    }

    /// The checkpoint nearest to a step.
    pub fn saved_near(&self, step: f64) -> Option<&SavedStep> {
        let away = |saved: &&SavedStep| (saved.step as f64 - step).abs();
        let nearer = |a: &&SavedStep, b: &&SavedStep| away(a).total_cmp(&away(b));
        self.saved.iter().min_by(nearer)
    }

    /// Takes in how the run ended.
    pub fn finish(&mut self, summary: &TrainSummary) {
        self.checkpoint = Some(summary.checkpoint.clone());
        self.skipped = summary.skipped_steps.max(self.skipped);
    }
}

/// A row of the table of runs.
#[derive(Debug, Clone, PartialEq)]
pub struct RunRow {
    /// Its folder.
    pub folder: PathBuf,
    /// Its settings, or why they or a checkpoint cannot be read.
    pub config: Result<TrainConfig, String>,
    /// Steps done.
    pub step: u64,
    /// Loss of its last step.
    pub loss: Option<f64>,
    /// The step that did best and how well, if one did better than the first weights.
    pub best: Option<BestStep>,
    /// Which step its folder stands for as an encoder, and why.
    pub stands_for: Option<String>,
    /// Where the demo tracks lie at its newest checkpoint, if they were looked at.
    pub map: Option<DemoMap>,
    /// When it was written to last.
    pub changed: Option<SystemTime>,
}

/// The step of a run whose weights a file holds, in words: "step 300"; `None` of a file of no run.
pub fn step_of(weights: &Path) -> Option<String> {
    if weights.ends_with("final.safetensors") {
        return Some("its last step".to_owned());
    }
    let folder = weights
        .parent()
        .filter(|_| weights.ends_with("weights.safetensors"))?;
    let step = folder.file_name()?.to_str()?.strip_prefix("step-")?;
    Some(format!("step {step}"))
}

impl RunView {
    /// The step that its encoder is of.
    pub fn stands_for(&self) -> Option<String> {
        step_of(self.checkpoint.as_deref()?)
    }
}

impl RunRow {
    /// The last name of its folder.
    pub fn name(&self) -> String {
        folder_name(&self.folder)
    }

    /// Whether it stopped before its last step.
    pub fn can_go_on(&self) -> bool {
        let steps = self.config.as_ref().map_or(0, |config| config.steps);
        self.step > 0 && self.step < steps
    }
}

fn folder_name(folder: &Path) -> String {
    let name = folder.file_name();
    name.map_or_else(
        || folder.display().to_string(),
        |name| name.to_string_lossy().into_owned(),
    )
}

/// Day and time of day where this machine is: "2026-11-21 10:52".
pub fn format_time(time: SystemTime) -> String {
    let local = chrono::DateTime::<chrono::Local>::from(time);
    local.format("%Y-%m-%d %H:%M").to_string()
}

/// How fast steps come, by the clock of the window.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Pace {
    /// Where the present stretch began; a pause ends a stretch.
    began: Option<(Instant, u64)>,
    pub seconds_per_step: Option<f64>,
}

impl Pace {
    /// A step has arrived.
    pub fn arrive(&mut self, step: u64) {
        let now = Instant::now();
        match self.began {
            None => self.began = Some((now, step)),
            Some((began, first)) if step > first => {
                let seconds = now.duration_since(began).as_secs_f64();
                self.seconds_per_step = Some(seconds / (step - first) as f64);
            }
            Some(_) => {}
        }
    }

    /// After a pause the clock did not stand still.
    pub fn restart(&mut self) {
        self.began = None;
    }

    /// Time for so many steps.
    pub fn time_for(&self, steps: u64) -> Option<Duration> {
        let seconds = self.seconds_per_step? * steps as f64;
        Duration::try_from_secs_f64(seconds).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_checkpoint_is_found() {
        let mut run = RunView::new("run".into(), TrainConfig::default());
        assert_eq!(run.saved_near(10.0), None);
        run.saved = [50, 100, 200]
            .map(|step| SavedStep {
                step,
                weights: format!("step-{step}").into(),
            })
            .to_vec();
        assert_eq!(run.saved_near(160.0).map(|saved| saved.step), Some(200));
        assert_eq!(run.saved_near(-5.0).map(|saved| saved.step), Some(50));
    }
}
