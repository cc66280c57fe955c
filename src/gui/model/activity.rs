//! What goes on in the background, for the chip in the top bar: every job of some length, and for a while that it is done.

use std::time::{Duration, Instant};

use super::{AppState, Overlay, TrainPhase};
use crate::gui::{jobs::Running, workspace::Workspace};

/// A job that may take long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobKind {
    /// A collection is opened, or its headers are read.
    Open,
    /// An encoder is trained.
    Train,
    /// A probe, a curve, a comparison, leaks, layers, labels of a folder.
    Probe,
    /// The map is made.
    Map,
    /// The second map is made.
    SecondMap,
    /// What is like a file is looked for.
    Query,
    /// Near-duplicates are looked for.
    Duplicates,
    /// The collection is embedded for the layout Teach.
    Embed,
    /// The styles of the collection are computed.
    Styles,
    /// An encoder is fetched.
    Fetch,
}

/// Where a job is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobPlace {
    /// In a layout.
    Workspace(Workspace),
    /// In a dialog.
    Overlay(Overlay),
}

impl JobKind {
    /// All of them, the longest first.
    pub const ALL: [Self; 10] = [
        Self::Train,
        Self::Fetch,
        Self::Probe,
        Self::Map,
        Self::SecondMap,
        Self::Duplicates,
        Self::Query,
        Self::Styles,
        Self::Embed,
        Self::Open,
    ];

    /// Its name on the chip.
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "Opening",
            Self::Train => "Training",
            Self::Probe => "Probe",
            Self::Map => "Map",
            Self::SecondMap => "Second map",
            Self::Query => "Neighbours",
            Self::Duplicates => "Near-duplicates",
            Self::Embed => "Embedding",
            Self::Styles => "Styles",
            Self::Fetch => "Fetching",
        }
    }

    /// Where it is shown.
    pub fn place(self) -> JobPlace {
        JobPlace::Workspace(match self {
            Self::Open | Self::Styles => Workspace::Listen,
            Self::Train => Workspace::Train,
            Self::Probe => Workspace::Probe,
            Self::Map | Self::SecondMap | Self::Query | Self::Duplicates => Workspace::Map,
            Self::Embed => Workspace::Teach,
            Self::Fetch => return JobPlace::Overlay(Overlay::Published),
        })
    }
}

/// Done is said of jobs that took at least so long: others were watched.
const WORTH_TELLING: Duration = Duration::from_secs(2);
/// How long it is said.
const SAID_FOR: Duration = Duration::from_secs(12);

/// How a job stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum JobState {
    /// It runs; the share that is done, where that is known.
    Runs(Option<f32>),
    /// It ended a moment ago.
    Done,
    /// It ended a moment ago and came to nothing.
    Failed,
}

/// The jobs of the window as they were looked at last.
#[derive(Debug, Default)]
pub struct Activity {
    began: Vec<(JobKind, Instant)>,
    ended: Vec<(JobKind, Instant, bool)>,
}

impl Activity {
    /// Looks which of the jobs began and ended; `failed` says whether one that ended came to nothing. Returns when the next one is
    /// to be looked at again, where nothing else would say so.
    pub fn follow(
        &mut self,
        running: &[JobKind],
        failed: impl Fn(JobKind) -> bool,
        now: Instant,
    ) -> Option<Duration> {
        for &(kind, began) in &self.began {
            let took = now.duration_since(began);
            if !running.contains(&kind) && took >= WORTH_TELLING {
                self.ended.push((kind, now, failed(kind)));
            }
        }
        self.began.retain(|(kind, _)| running.contains(kind));
        for &kind in running {
            if !self.began.iter().any(|(known, _)| *known == kind) {
                self.began.push((kind, now));
            }
        }
        // What runs again is not done.
        self.ended.retain(|(kind, ended, _)| {
            !running.contains(kind) && now.duration_since(*ended) < SAID_FOR
        });
        let first = self.ended.iter().map(|(_, ended, _)| *ended).min()?;
        Some(SAID_FOR.saturating_sub(now.duration_since(first)))
    }

    /// What ended a moment ago, and whether it came to nothing.
    fn ended(&self, kind: JobKind) -> Option<bool> {
        let mut ended = self.ended.iter().rev();
        ended
            .find(|(of, ..)| *of == kind)
            .map(|(_, _, failed)| *failed)
    }

    /// Nothing is said of what is done any more.
    pub fn forget(&mut self, kind: JobKind) {
        self.ended.retain(|(of, ..)| *of != kind);
    }
}

impl AppState {
    /// How a job stands, if it runs or ended a moment ago.
    pub fn job_state(&self, kind: JobKind) -> Option<JobState> {
        if let Some(share) = self.job_share(kind) {
            return Some(JobState::Runs(share));
        }
        let failed = self.activity.ended(kind)?;
        Some(if failed {
            JobState::Failed
        } else {
            JobState::Done
        })
    }

    /// Whether a job runs, and then the share that is done, where it is known.
    pub fn job_share(&self, kind: JobKind) -> Option<Option<f32>> {
        let share = |running: Option<&Running>| running.map(Running::share);
        match kind {
            JobKind::Open => share(self.library.job.running()),
            JobKind::Train => self.train_share(),
            JobKind::Probe => share(self.probing.job.running()),
            JobKind::Map => share(self.mapping.job.running()),
            JobKind::SecondMap => share(self.mapping.second.as_ref()?.job.running()),
            JobKind::Query => share(self.neighbours.job.running()),
            JobKind::Duplicates => share(self.lists.job.running()),
            JobKind::Embed => share(self.teaching.embedding.running()),
            JobKind::Styles => share(self.styles.job.running()),
            JobKind::Fetch => share(self.hub.fetching.running()),
        }
    }

    fn train_share(&self) -> Option<Option<f32>> {
        let training = &self.training;
        if !training.is_active() {
            return None;
        }
        let live = training.live.as_ref();
        Some(live.and_then(|run| {
            let step = run.last.as_ref()?.step;
            Some(step as f32 / run.config.steps.max(1) as f32)
        }))
    }

    /// Whether a job that ended came to nothing.
    pub fn job_failed(&self, kind: JobKind) -> bool {
        match kind {
            JobKind::Train => matches!(self.training.phase, TrainPhase::Failed(_)),
            JobKind::Probe => self.probing.error.is_some(),
            JobKind::Map => self.mapping.error.is_some(),
            JobKind::SecondMap => {
                let second = self.mapping.second.as_ref();
                second.is_some_and(|second| second.error.is_some())
            }
            JobKind::Query => self.neighbours.problem.is_some(),
            JobKind::Embed => self.teaching.embed_problem.is_some(),
            JobKind::Open | JobKind::Duplicates | JobKind::Styles | JobKind::Fetch => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_job_is_said_to_be_done_for_a_while_and_a_short_one_is_not() {
        let begin = Instant::now();
        let at = |secs| begin + Duration::from_secs(secs);
        let mut activity = Activity::default();
        let failed = |kind| kind == JobKind::Probe;
        activity.follow(
            &[JobKind::Map, JobKind::Query, JobKind::Probe],
            failed,
            at(0),
        );
        activity.follow(&[JobKind::Map, JobKind::Probe], failed, at(1));
        assert_eq!(activity.ended(JobKind::Query), None, "short");
        let again = activity.follow(&[], failed, at(9));
        assert_eq!(again, Some(SAID_FOR));
        assert_eq!(activity.ended(JobKind::Map), Some(false));
        assert_eq!(activity.ended(JobKind::Probe), Some(true));
        activity.follow(&[JobKind::Map], failed, at(10));
        assert_eq!(activity.ended(JobKind::Map), None, "it runs again");
        assert_eq!(activity.follow(&[JobKind::Map], failed, at(60)), None);
        assert_eq!(activity.ended(JobKind::Probe), None, "said long enough");
    }
}
