//! What the Train layout shows: the form, the run under way, the one that is looked at, all earlier ones.

mod channel;
mod command;
mod first_weights;
mod form;
mod purposes;
mod run_job;
mod view;
mod words;

pub use channel::{CHANNELS, Channel, ChannelLine};
pub use command::{command_of, resume_command};
pub use first_weights::begin_with;
pub use form::{Problem, format_config, problem_of, too_few_tracks};
pub use purposes::{PURPOSES, Purpose, describe_size, first_form, first_purpose, purpose_of};
pub use run_job::{RunJob, TrainFound};
pub use view::{ChosenStep, RunRow, RunView, SavedStep, format_time, step_of};
pub use words::{
    view_word, what_is_masked, what_is_seen, what_training_does, what_training_needs,
    why_the_loss_falls,
};

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use mynascope_encoder::ComputeDevice;
use mynascope_train::{
    Changes, Reconstruction, RunChange, StepRecord, StepSnapshot, TrainConfig, TrainSummary,
};

use crate::gui::jobs::JobSlot;

use super::Curve;
use view::Pace;

/// Where a run stands.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum TrainPhase {
    /// No run was started yet.
    #[default]
    Idle,
    /// Tracks are decoded, the encoder is built.
    Preparing,
    /// Steps are done.
    Running,
    /// The run waits.
    Paused,
    /// The user asked it to stop; it writes its checkpoint.
    Stopping,
    /// The run has ended.
    Finished(TrainSummary),
    /// What went wrong and what to do.
    Failed(TrainFailure),
}

/// Why a run ended early.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrainFailure {
    /// What went wrong and what to do.
    pub why: String,
    /// What one click can do about it, the most likely first.
    pub remedies: Vec<Remedy>,
}

/// What lets a run that failed go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// The device gave up, most often for want of memory: fewer tracks a step.
    HalveBatch,
    /// The same, with the same batch in smaller pieces.
    HalveChunk,
    /// The run broke down: half the learning rate, from the last checkpoint before that.
    BackTo(u64),
    /// What was in the way is gone: room on the disk was made.
    TryAgain,
}

impl Remedy {
    /// What changes when the run goes on.
    pub fn changes(self, config: &TrainConfig) -> Changes {
        let same = Changes::default();
        match self {
            Self::HalveBatch => Changes {
                batch: Some((config.batch / 2).max(2)),
                ..same
            },
            Self::HalveChunk => Changes {
                chunk: Some((config.likely_chunk() / 2).max(1)),
                ..same
            },
            Self::BackTo(step) => Changes {
                learning_rate: Some(0.5 * config.learning_rate),
                back_to: Some(step),
                ..same
            },
            Self::TryAgain => same,
        }
    }
}

/// How curves are drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CurveForm {
    /// The plot that is shown large, of the [`CHANNELS`].
    pub channel: usize,
    /// How strongly curves are smoothed, 0 to 0.99.
    pub smoothing: f64,
}

impl Default for CurveForm {
    fn default() -> Self {
        Self {
            channel: 0,
            smoothing: Curve::SMOOTHING,
        }
    }
}

/// What the Train layout shows.
pub struct Training {
    /// Settings of the next run; its data are those of the library.
    pub form: TrainConfig,
    /// How the run stands.
    pub phase: TrainPhase,
    /// Where new runs are kept, if not in the user's data folder.
    pub runs: Option<PathBuf>,
    /// The run under way.
    pub run: RunJob,
    /// The run that was started here last.
    pub live: Option<RunView>,
    /// An earlier run that is looked at instead, ...
    pub past: Option<RunView>,
    /// ... and the reading of one.
    pub past_job: JobSlot<Box<RunView>>,
    /// A run that is drawn behind the shown one, ...
    pub overlay: Option<RunView>,
    /// ... and the reading of one.
    pub overlay_job: JobSlot<Box<RunView>>,
    /// Reads what a chosen step looked like.
    pub step_job: JobSlot<Box<StepSnapshot>>,
    /// The runs that are there.
    pub table: RunTable,
    /// How curves are drawn.
    pub curves: CurveForm,
    /// Memory of the whole program, in bytes, where the system tells it.
    pub memory: Option<u64>,
    /// The devices that can be chosen.
    pub devices: Devices,
    /// What a masked autoencoder makes of the shown track.
    pub reconstructed: Reconstructed,
    pace: Pace,
}

impl Default for Training {
    fn default() -> Self {
        Self {
            form: first_form(),
            phase: TrainPhase::default(),
            runs: None,
            run: RunJob::default(),
            live: None,
            past: None,
            past_job: JobSlot::default(),
            overlay: None,
            overlay_job: JobSlot::default(),
            step_job: JobSlot::default(),
            table: RunTable::default(),
            curves: CurveForm::default(),
            memory: None,
            devices: Devices::default(),
            reconstructed: Reconstructed::default(),
            pace: Pace::default(),
        }
    }
}

/// A window of the shown track with its hidden patches filled in by a masked autoencoder.
#[derive(Debug, Clone, Default)]
pub struct Reconstructed {
    /// What was asked for last.
    pub asked: Option<ReconstructionKey>,
    /// Grows with each question.
    pub number: u64,
    /// The answer to the newest question that has one: what was asked, and the pictures.
    pub value: Option<(ReconstructionKey, Result<Reconstruction, String>)>,
}

/// What such a picture depends on.
#[derive(Debug, Clone, PartialEq)]
pub struct ReconstructionKey {
    /// The run folder.
    pub run: PathBuf,
    /// The step of its checkpoint.
    pub step: u64,
    /// The file of the track.
    pub track: PathBuf,
    /// First frame of the window.
    pub start_frame: usize,
    /// The tokens that the encoder is shown.
    pub kept: Vec<usize>,
}

/// What is to be done with a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Manage {
    /// Gives it another name.
    Rename(PathBuf, String),
    /// Moves it into the trash.
    Delete(PathBuf),
    /// Takes a change back.
    Undo(RunChange),
    /// Makes a change again that was taken back.
    Redo(RunChange),
}

/// What came of renaming, deleting or bringing back a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManagedRun {
    /// The change, if it is a new one that can be taken back.
    pub change: Option<RunChange>,
    /// For people.
    pub text: String,
}

/// The runs in the runs folder, newest first.
#[derive(Debug, Default)]
pub struct RunTable {
    /// The runs.
    pub rows: Vec<RunRow>,
    /// Whether it was read once.
    pub is_read: bool,
    /// The job that reads the runs.
    pub job: JobSlot<Vec<RunRow>>,
    /// Something changed while it was read.
    pub again: bool,
    /// The run whose name is being changed, and what is typed.
    pub naming: Option<(PathBuf, String)>,
}

impl RunTable {
    /// Whether nobody asked for it yet.
    pub fn is_unread(&self) -> bool {
        !self.is_read && !self.job.is_running()
    }
}

/// The compute devices of this machine; asking takes a moment.
#[derive(Debug, Clone, Default)]
pub enum Devices {
    /// Nobody asked.
    #[default]
    Unknown,
    /// The answer is on its way.
    Asked,
    /// These are there.
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

impl Training {
    /// Whether something is read or trained.
    pub fn is_busy(&self) -> bool {
        let reads = [&self.past_job, &self.overlay_job];
        self.run.is_running()
            || reads.iter().any(|job| job.is_running())
            || self.step_job.is_running()
            || self.table.job.is_running()
    }

    /// Whether a run is under way.
    pub fn is_active(&self) -> bool {
        matches!(
            self.phase,
            TrainPhase::Preparing | TrainPhase::Running | TrainPhase::Paused | TrainPhase::Stopping
        )
    }

    /// The run that is looked at.
    pub fn shown(&self) -> Option<&RunView> {
        self.past.as_ref().or(self.live.as_ref())
    }

    /// The run that is looked at, to be changed.
    pub fn shown_mut(&mut self) -> Option<&mut RunView> {
        self.past.as_mut().or(self.live.as_mut())
    }

    /// Whether the run that is looked at is the one that was started here last.
    pub fn shows_live(&self) -> bool {
        self.past.is_none() && self.live.is_some()
    }

    /// Starts to show a new run.
    pub fn begin(&mut self, folder: PathBuf, config: TrainConfig) {
        let mut run = RunView::new(folder, config);
        run.smooth(self.curves.smoothing);
        self.live = Some(run);
        self.past = None;
        self.pace = Pace::default();
        self.phase = TrainPhase::Preparing;
    }

    /// Shows a run that is on the disk.
    pub fn show_past(&mut self, mut run: RunView) {
        // The run under way knows more than its folder.
        if self
            .live
            .as_ref()
            .is_some_and(|live| live.folder == run.folder)
            && self.is_active()
        {
            self.past = None;
            return;
        }
        run.smooth(self.curves.smoothing);
        if !self.is_active() {
            self.form = TrainConfig {
                data: Vec::new(),
                ..run.config.clone()
            };
        }
        self.past = Some(run);
    }

    /// The run has ended by itself or was stopped.
    pub fn finish(&mut self, summary: TrainSummary) {
        if let Some(live) = &mut self.live {
            live.finish(&summary);
        }
        self.phase = TrainPhase::Finished(summary);
    }

    /// Adds steps to the curves.
    pub fn take(&mut self, records: Vec<StepRecord>) {
        if let Some(live) = &mut self.live {
            for record in records {
                live.take(record);
            }
            self.pace.arrive(live.step());
        }
    }

    /// The pace is measured anew: after a pause the clock did not stand still.
    pub fn restart_pace(&mut self) {
        self.pace.restart();
    }

    /// Time until the last step at the present pace.
    pub fn remaining(&self) -> Option<Duration> {
        let live = self.live.as_ref()?;
        self.pace
            .time_for(live.config.steps.saturating_sub(live.step()))
    }

    /// The checkpoint of the run that is looked at, once it has ended.
    pub fn checkpoint(&self) -> Option<&Path> {
        self.shown()?.checkpoint.as_deref()
    }

    /// Draws curves otherwise.
    pub fn set_curves(&mut self, form: CurveForm) {
        self.curves = CurveForm {
            smoothing: form.smoothing.clamp(0.0, 0.99),
            ..form
        };
        let runs = [&mut self.live, &mut self.past, &mut self.overlay];
        for run in runs.into_iter().flatten() {
            run.smooth(self.curves.smoothing);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_failed_goes_on_with_half_but_never_with_less_than_two_tracks() {
        let config = TrainConfig {
            batch: 3,
            ..first_form()
        };
        let of = |remedy: Remedy| remedy.changes(&config).of(&config);
        assert_eq!(of(Remedy::HalveBatch).batch, 2);
        let smaller = of(Remedy::HalveChunk);
        assert_eq!((smaller.batch, smaller.chunk), (3, Some(1)));
        let slower = of(Remedy::BackTo(50));
        assert_eq!(slower.learning_rate, 0.5 * config.learning_rate);
        assert_eq!(slower.batch, 3);
        assert_eq!(of(Remedy::TryAgain), config);
    }

    /// The fault: of a run that went on from an earlier checkpoint the curves ran to and fro.
    #[test]
    fn curves_go_back_to_the_step_that_a_run_goes_on_from() {
        let record = |step: u64| -> StepRecord {
            let line = format!(
                r#"{{"step":{step},"epoch":0,"loss":-1.5,"lr":0.1,"windows_per_second":9.0,"pos_cosine":0.5,"neg_cosine":0.1,"grad_norm":1.0}}"#
            );
            serde_json::from_str(&line).unwrap()
        };
        let mut training = Training::default();
        training.begin("a".into(), first_form());
        for (again, steps) in [(1..=3, 3), (2..=5, 5)] {
            training.take(again.map(record).collect());
            let run = training.shown().unwrap();
            let curve = &run.curves[0][0];
            assert_eq!(curve.steps(), Some([1.0, steps as f64]));
            let points = curve.points(f64::NEG_INFINITY, f64::INFINITY, 100);
            assert!(points.windows(2).all(|pair| pair[0].x < pair[1].x));
            assert_eq!((points.len(), run.step()), (steps, steps as u64));
        }
        // From the beginning.
        training.take(vec![record(1)]);
        let run = training.shown().unwrap();
        assert_eq!(run.first.as_ref().map(|first| first.step), Some(1));
        assert_eq!(run.curves[0][0].steps(), Some([1.0, 1.0]));
    }

    #[test]
    fn an_earlier_run_can_be_looked_at_while_another_goes_on() {
        let mut training = Training::default();
        training.begin("a".into(), first_form());
        let form = training.form.clone();
        training.show_past(RunView::new(
            "b".into(),
            TrainConfig {
                batch: 5,
                ..first_form()
            },
        ));
        assert_eq!(training.shown().unwrap().name(), "b");
        assert_eq!(training.form, form, "the form is that of the run under way");
        training.show_past(RunView::new("a".into(), first_form()));
        assert!(training.shows_live());
    }
}
