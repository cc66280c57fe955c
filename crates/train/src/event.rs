//! What a run tells while it goes on, and how it is steered.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

use super::StepPicture;
use crate::objective::{ContrastStatistics, EquivarianceStatistics, HiddenFrameStatistics};
use mynascope_audio::Caveats;
use mynascope_base::{jobs::Progress, storage::serde_path, wilson_interval};

/// One step of training, as a line of `log.jsonl` holds it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct StepRecord {
    /// Steps done, from 1.
    pub step: u64,
    /// From 0.
    pub epoch: u64,
    /// The objective's value for the batch.
    pub loss: f64,
    /// The learning rate of the step.
    #[serde(rename = "lr")]
    pub learning_rate: f64,
    /// Tracks' windows a second: one, two or three of a track.
    pub windows_per_second: f64,
    /// Norm of the whole gradient before clipping.
    pub grad_norm: f64,
    /// How the views lie, of contrastive objectives.
    #[serde(flatten)]
    pub contrast: Option<ContrastStatistics>,
    /// How key profiles turn with the sound, where that is learned.
    #[serde(flatten)]
    pub equivariance: Option<EquivarianceStatistics>,
    /// How far hidden frames differ to teacher and student, where those are predicted.
    #[serde(flatten)]
    pub hidden_frames: Option<HiddenFrameStatistics>,
    /// Share of right answers, where labels are learned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<f64>,
    /// Weight of the new value in the moving averages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gamma: Option<f64>,
    /// Share of the step that waited for its input, where that was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stall: Option<f64>,
    /// Whether the loss jumped; such a step is not applied.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub spike: bool,
}

/// How well the encoder tells styles of the demo collection and own labels apart, as a line of `probe.jsonl` holds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProbeRecord {
    /// Steps done; 0 is the encoder before training.
    pub step: u64,
    /// Share of demo tracks of which most of the five nearest other tracks have their style.
    pub accuracy: f64,
    /// The same of tracks and labels of the trained collection, where it has labels that are not learnt: it chooses the best
    /// checkpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own: Option<f64>,
    /// How many tracks both are of; earlier versions did not write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracks: Option<[usize; 2]>,
}

impl ProbeRecord {
    /// The 95 % intervals of both, as far as is known of how many tracks they are.
    pub fn intervals(&self) -> [Option<[f64; 2]>; 2] {
        let Some([demo, own]) = self.tracks else {
            return [None; 2];
        };
        let of_own = self.own.map(|score| wilson_interval(score, own));
        [Some(wilson_interval(self.accuracy, demo)), of_own]
    }
}

/// What a finished or stopped run was.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrainSummary {
    /// Steps done in all, also before a resume.
    pub steps: u64,
    /// Loss of the first step.
    pub loss_first: f64,
    /// Loss of the last step.
    pub loss_last: f64,
    /// Mean over the steps of this call.
    pub windows_per_second: f64,
    /// Weights to embed with.
    #[serde(serialize_with = "serde_path::serialize")]
    pub checkpoint: PathBuf,
    /// Whether it was stopped before its last step.
    pub stopped: bool,
    /// Steps whose update was left out: a number was not finite, or the loss jumped.
    pub skipped_steps: u64,
    /// Mean share of a step that waited for its input.
    pub stall: f64,
    /// Tracks that could not be read, and why.
    #[serde(serialize_with = "serde_path::pairs::serialize")]
    pub skipped_tracks: Vec<(PathBuf, String)>,
    /// Tracks that were decoded in part, or whose channels cancel.
    #[serde(serialize_with = "serde_path::pairs::serialize")]
    pub caveats: Vec<(PathBuf, Caveats)>,
    /// Anything worth saying: a lowered batch.
    pub notes: Vec<String>,
}

/// How alike the views of one batch are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BatchMatrix {
    /// The step whose batch it was.
    pub step: u64,
    /// The tracks, at most [`BatchMatrix::MOST`]; the rest of a larger batch is left out.
    #[serde(with = "serde_path::list")]
    pub tracks: Vec<PathBuf>,
    /// Cosines [tracks, tracks], row-major: view A of the row's track with view B of the column's. Mean over the patch
    /// shapes.
    pub cosines: Vec<f32>,
}

impl BatchMatrix {
    /// Tracks that are handed out at most.
    pub const MOST: usize = 32;

    /// The cosine of view A of one track with view B of another.
    pub fn cosine(&self, row: usize, column: usize) -> Option<f32> {
        let side = self.tracks.len();
        let inside = row < side && column < side;
        inside.then(|| self.cosines.get(row * side + column).copied())?
    }
}

/// Why the update of a step was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breakdown {
    /// The loss or a gradient was no finite number.
    NotFinite,
    /// The loss lay far above those before.
    Jumped,
}

impl fmt::Display for Breakdown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotFinite => "gave numbers that are not finite",
            Self::Jumped => "had a loss far above those before",
        })
    }
}

/// What happens during training, in order.
#[derive(Debug, Clone, PartialEq)]
pub enum TrainEvent {
    /// Work before the first step: reading tracks.
    Preparing(Progress),
    /// Something the user should know: a lowered batch, the size of the mels.
    Note(String),
    /// A track that could not be read.
    SkippedTrack {
        /// The file.
        path: PathBuf,
        /// Why it cannot be read.
        why: String,
    },
    /// A step was done.
    Step(StepRecord),
    /// What a step looked like: its batch, now and then, where somebody looks on ([`TrainControl::show_batches`]); where the
    /// demo tracks lie, with every look at them.
    Picture(StepPicture),
    /// A step's update was left out.
    SkippedStep {
        /// Which step, from 1.
        step: u64,
        /// How many were left out one after the other, with this one.
        in_a_row: u64,
        /// Why.
        why: Breakdown,
    },
    /// A complete checkpoint was written.
    Checkpoint {
        /// Steps done.
        step: u64,
        /// Its weights file.
        path: PathBuf,
    },
    /// A look at how well the encoder does in between.
    Probe(ProbeRecord),
    /// The run waits until it is resumed.
    Paused,
    /// The run goes on.
    Resumed,
    /// The run has ended, or was stopped.
    Finished(TrainSummary),
}

/// Steers a run from another thread; clones steer the same run.
#[derive(Debug, Clone, Default)]
pub struct TrainControl(Arc<Flags>);

#[derive(Debug)]
struct Flags {
    paused: AtomicBool,
    stopped: AtomicBool,
    save: AtomicBool,
    batches: AtomicBool,
    listened: Mutex<Option<PathBuf>>,
    born: Instant,
    /// Until when something else has the machine, in milliseconds since `born`.
    yields_until: AtomicU64,
}

impl Default for Flags {
    fn default() -> Self {
        Self {
            paused: AtomicBool::default(),
            stopped: AtomicBool::default(),
            save: AtomicBool::default(),
            batches: AtomicBool::default(),
            listened: Mutex::default(),
            born: Instant::now(),
            yields_until: AtomicU64::default(),
        }
    }
}

impl TrainControl {
    /// Waits before the next step until [`resume`](Self::resume).
    pub fn pause(&self) {
        self.0.paused.store(true, Ordering::Relaxed);
    }

    /// Goes on.
    pub fn resume(&self) {
        self.0.paused.store(false, Ordering::Relaxed);
    }

    /// Ends the run after the current step, with a complete checkpoint.
    pub fn stop(&self) {
        self.0.stopped.store(true, Ordering::Relaxed);
    }

    /// Writes a checkpoint after the current step; a paused run writes it at once.
    pub fn save_now(&self) {
        self.0.save.store(true, Ordering::Relaxed);
    }

    /// Leaves the machine to something else for so long: the next step waits. Unlike a pause it ends by itself and
    /// nothing is told.
    pub fn give_way(&self, time: Duration) {
        let until = (self.0.born.elapsed() + time).as_millis();
        let until = u64::try_from(until).unwrap_or(u64::MAX);
        self.0.yields_until.fetch_max(until, Ordering::Relaxed);
    }

    /// How long the machine is to be left to something else.
    pub(super) fn yields(&self) -> Option<Duration> {
        let until = Duration::from_millis(self.0.yields_until.load(Ordering::Relaxed));
        until
            .checked_sub(self.0.born.elapsed())
            .filter(|left| !left.is_zero())
    }

    /// Names the file of the track of which the styles learnt so far are wanted (objective maest), where batches are shown; none
    /// for no more.
    pub fn listen_to(&self, track: Option<&Path>) {
        let mut listened = self.listened();
        if listened.as_deref() != track {
            *listened = track.map(Path::to_path_buf);
        }
    }

    /// The track of which the styles are wanted.
    pub(super) fn listened(&self) -> MutexGuard<'_, Option<PathBuf>> {
        let listened = self.0.listened.lock();
        listened.unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands out pictures of batches ([`TrainEvent::Picture`]) now and then.
    pub fn show_batches(&self, shown: bool) {
        self.0.batches.store(shown, Ordering::Relaxed);
    }

    /// Whether batches are to be handed out.
    pub fn shows_batches(&self) -> bool {
        self.0.batches.load(Ordering::Relaxed)
    }

    /// Whether a checkpoint was asked for since the last call.
    pub(super) fn takes_save(&self) -> bool {
        self.0.save.swap(false, Ordering::Relaxed)
    }

    /// Whether the run was asked to wait.
    pub fn is_paused(&self) -> bool {
        self.0.paused.load(Ordering::Relaxed)
    }

    /// Whether the run was asked to end.
    pub fn is_stopped(&self) -> bool {
        self.0.stopped.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Something that the user waits for may have the machine; the run goes on by itself.
    #[test]
    fn a_run_gives_way_for_a_while_and_no_longer() {
        let control = TrainControl::default();
        assert_eq!(control.yields(), None);
        control.give_way(Duration::from_secs(3600));
        assert!(control.clone().yields().is_some());
        // A shorter wish takes nothing back, and what is over is over.
        control.give_way(Duration::ZERO);
        assert!(control.yields().is_some());
        let other = TrainControl::default();
        other.give_way(Duration::ZERO);
        assert_eq!(other.yields(), None);
    }
}
