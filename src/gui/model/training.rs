use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use crate::{
    encoder::{ComputeDevice, DeviceChoice, EncoderKind, Preset},
    gui::command_line::CommandLine,
    jobs::Progress,
    tokens::MaskRatio,
    train::{StepRecord, TrainConfig, TrainSummary},
};

use super::{Curve, JobId};

/// What the next run is asked to be.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainForm {
    pub preset: Preset,
    pub patch: EncoderKind,
    /// Share of tokens to drop, in percent.
    pub mask_percent: u32,
    pub batch: usize,
    pub steps: u64,
    pub learning_rate: f64,
    pub seed: u64,
    pub device: DeviceChoice,
}

impl Default for TrainForm {
    fn default() -> Self {
        Self {
            preset: Preset::Tiny,
            patch: EncoderKind::Hybrid,
            mask_percent: 90,
            batch: 16,
            steps: 200,
            learning_rate: 3e-4,
            seed: 0,
            device: DeviceChoice::Auto,
        }
    }
}

/// Mask ratios that are offered, in percent: beyond 95 % fewer than three of 48 tokens are left.
pub const MASK_PERCENT: std::ops::RangeInclusive<u32> = 0..=95;
/// Batches that are offered. One track alone has nothing to be told from.
pub const BATCH: std::ops::RangeInclusive<usize> = 2..=4096;
/// Steps that are offered.
pub const STEPS: std::ops::RangeInclusive<u64> = 1..=1_000_000;
/// Learning rates that are offered.
pub const LEARNING_RATE: std::ops::RangeInclusive<f64> = 1e-6..=1e-1;

impl TrainForm {
    /// What the run is, in a few words: "tiny hybrid, batch 32, 90 % dropped, learning rate 0.0003, seed 0".
    pub fn say(&self) -> String {
        format!(
            "{} {}, batch {}, {} % dropped, learning rate {}, seed {}",
            self.preset, self.patch, self.batch, self.mask_percent, self.learning_rate, self.seed
        )
    }

    /// The ratio as the mask takes it.
    pub fn mask_ratio(&self) -> MaskRatio {
        MaskRatio::new(f64::from(self.mask_percent) / 100.0).unwrap_or(MaskRatio::MYNA)
    }

    /// The form as it was for a run.
    fn of(config: &TrainConfig) -> Self {
        Self {
            preset: config.preset,
            patch: config.patch,
            mask_percent: (config.mask_ratio.get() * 100.0).round() as u32,
            batch: config.batch,
            steps: config.steps,
            learning_rate: config.learning_rate,
            seed: config.seed,
            device: config.device,
        }
    }

    /// The settings of the run.
    pub fn config(&self, data: &[PathBuf]) -> TrainConfig {
        TrainConfig {
            data: data.to_vec(),
            preset: self.preset,
            patch: self.patch,
            mask_ratio: self.mask_ratio(),
            batch: self.batch,
            steps: self.steps,
            learning_rate: self.learning_rate,
            seed: self.seed,
            device: self.device,
            ..TrainConfig::default()
        }
    }
}

/// Where a run stands.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum TrainPhase {
    /// No run was started yet.
    #[default]
    Idle,
    /// Tracks are decoded, the encoder is built.
    Preparing(Progress),
    Running,
    Paused,
    /// The user asked it to stop; it writes its checkpoint.
    Stopping,
    Finished(TrainSummary),
    /// What went wrong and what to do.
    Failed(String),
}

/// What the Train panel shows.
#[derive(Default)]
pub struct Training {
    pub form: TrainForm,
    pub phase: TrainPhase,
    /// Where new runs are kept, if not in the user's data folder.
    pub runs: Option<PathBuf>,
    /// Where the shown run is kept.
    pub folder: Option<PathBuf>,
    /// What the shown run was asked for; the form may ask for something else meanwhile.
    pub shown: Option<TrainForm>,
    /// Steps that the shown run was asked for.
    pub steps: u64,
    pub last: Option<StepRecord>,
    pub loss: Curve,
    pub positive: Curve,
    pub negative: Curve,
    /// What the reader of the curves should know: tracks that are left out, a lowered batch.
    pub notes: Vec<String>,
    pub devices: Devices,
    pub(in crate::gui) job: Option<JobId>,
    pace: Pace,
}

/// The compute devices of this machine; asking takes a moment.
#[derive(Debug, Clone, Default)]
pub enum Devices {
    #[default]
    Unknown,
    Asked,
    Known(Vec<ComputeDevice>),
}

impl Devices {
    /// Those that are known by now.
    pub fn known(&self) -> &[ComputeDevice] {
        match self {
            Self::Known(devices) => devices,
            Self::Unknown | Self::Asked => &[],
        }
    }
}

/// How fast steps come, by the clock of the window.
#[derive(Debug, Clone, Copy, Default)]
struct Pace {
    /// Where the present stretch began; a pause ends a stretch.
    began: Option<(Instant, u64)>,
    seconds_per_step: Option<f64>,
}

/// What a user can do in the Train panel.
#[derive(Debug, Clone)]
pub enum TrainCommand {
    Edit(TrainForm),
    Start,
    Pause,
    Resume,
    /// Ends the run after the present step; its checkpoint is kept.
    Stop,
    /// Map and probe use the checkpoint of the run from now on.
    UseEncoder,
    /// Puts the command of the run on the clipboard.
    Copy,
    AskDevices,
    /// Shows a run that is on the disk.
    ShowRun(PathBuf),
    /// New runs are kept there.
    KeepRunsIn(PathBuf),
    /// Asks for a folder.
    Choose(WantedFolder),
}

/// What a folder is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WantedFolder {
    /// A run to be shown.
    Run,
    /// Where new runs are kept.
    Runs,
}

/// What the background work of the Train panel sends.
pub enum TrainMessage {
    Devices(Vec<ComputeDevice>),
    Preparing(JobId, Progress),
    /// Something the user should know: a track that is left out, a lowered batch.
    Note(JobId, String),
    /// Steps that were done since the last message.
    Steps(JobId, Vec<StepRecord>),
    Finished(JobId, TrainSummary),
    /// It was stopped before its first step; nothing was written.
    NotBegun(JobId),
    Failed(JobId, String),
    /// A run that was read from the disk.
    Read(Result<Box<PastRun>, String>),
    /// What the folder dialog gave.
    Chosen(WantedFolder, PathBuf),
}

/// A run as its folder tells it.
#[derive(Debug, Clone, PartialEq)]
pub struct PastRun {
    pub folder: PathBuf,
    pub config: TrainConfig,
    pub records: Vec<StepRecord>,
    pub summary: TrainSummary,
}

impl Training {
    /// Whether a run is under way.
    pub fn is_active(&self) -> bool {
        matches!(
            self.phase,
            TrainPhase::Preparing(_)
                | TrainPhase::Running
                | TrainPhase::Paused
                | TrainPhase::Stopping
        )
    }

    /// Clears what was shown, for a new run.
    pub fn begin(&mut self, job: JobId, folder: PathBuf) {
        self.clear(folder, self.form.steps);
        self.job = Some(job);
        self.phase = TrainPhase::Preparing(Progress {
            what: "starting".to_owned(),
            done: 0,
            total: None,
        });
    }

    fn clear(&mut self, folder: PathBuf, steps: u64) {
        self.folder = Some(folder);
        self.shown = Some(self.form.clone());
        self.steps = steps;
        self.last = None;
        self.loss = Curve::default();
        self.positive = Curve::default();
        self.negative = Curve::default();
        self.notes.clear();
        self.pace = Pace::default();
    }

    /// Shows a run that is on the disk.
    pub fn show_past(&mut self, run: PastRun) {
        self.form = TrainForm::of(&run.config);
        self.clear(run.folder, run.config.steps);
        self.take(run.records);
        self.pace = Pace::default();
        self.phase = TrainPhase::Finished(run.summary);
    }

    /// The run has ended by itself or was stopped.
    pub fn finish(&mut self, summary: TrainSummary) {
        self.job = None;
        self.phase = TrainPhase::Finished(summary);
    }

    /// Adds steps to the curves.
    pub fn take(&mut self, records: Vec<StepRecord>) {
        for record in records {
            let step = record.step as f64;
            self.loss.push(step, record.loss);
            if let Some(contrast) = &record.contrast {
                self.positive.push(step, contrast.pos_cosine);
                self.negative.push(step, contrast.neg_cosine);
            }
            self.last = Some(record);
        }
        if let Some(last) = &self.last {
            self.pace.arrive(last.step);
        }
    }

    /// The pace is measured anew: after a pause the clock did not stand still.
    pub fn restart_pace(&mut self) {
        self.pace.began = None;
    }

    /// Time until the last step at the present pace.
    pub fn remaining(&self) -> Option<Duration> {
        let step = self.last.as_ref()?.step;
        let left = self.steps.saturating_sub(step);
        Some(Duration::from_secs_f64(
            self.pace.seconds_per_step? * left as f64,
        ))
    }

    /// Share of the steps that is done.
    pub fn share(&self) -> f32 {
        let step = self.last.as_ref().map_or(0, |last| last.step);
        (step as f32 / self.steps.max(1) as f32).clamp(0.0, 1.0)
    }

    /// The checkpoint of a finished run.
    pub fn checkpoint(&self) -> Option<&Path> {
        match &self.phase {
            TrainPhase::Finished(summary) => Some(&summary.checkpoint),
            _ => None,
        }
    }

    /// The run as a person would start it on the command line.
    pub fn command(&self, sources: &[PathBuf], out: &Path) -> String {
        let form = &self.form;
        let line = CommandLine::verb("train")
            .argument("--data")
            .arguments(sources)
            .option("out", out)
            .option("preset", form.preset.to_string())
            .option("patch", form.patch.to_string())
            .option("mask-ratio", form.mask_ratio().get().to_string())
            .option("batch", form.batch.to_string())
            .option("steps", form.steps.to_string())
            .option("lr", form.learning_rate.to_string())
            .option("seed", form.seed.to_string())
            .option("device", form.device.to_string());
        line.to_line()
    }
}

impl Pace {
    fn arrive(&mut self, step: u64) {
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_holds_every_setting_of_the_form() {
        let training = Training::default();
        assert_eq!(
            training.command(&["demo".into()], Path::new("/runs/my first run")),
            "mynascope train --data demo --out '/runs/my first run' --preset tiny --patch hybrid --mask-ratio 0.9 \
             --batch 16 --steps 200 --lr 0.0003 --seed 0 --device auto"
        );
    }

    #[test]
    fn the_form_offers_only_ratios_that_a_mask_takes() {
        for mask_percent in MASK_PERCENT {
            let form = TrainForm {
                mask_percent,
                ..TrainForm::default()
            };
            let expected = f64::from(mask_percent) / 100.0;
            assert!((form.mask_ratio().get() - expected).abs() < 1e-12);
        }
    }
}
