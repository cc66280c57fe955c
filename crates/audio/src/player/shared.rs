//! What the window and the player's thread know of each other: position, volume, requests, errors.

use std::sync::{
    Arc, Condvar, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU32, Ordering},
};
use std::time::Duration;

use super::{
    clip::Clip,
    signals::{AtomicF64, Signals},
    sound::Source,
    state::{OutputDevice, OutputStatus, PlayerState},
    view_source::ViewSource,
};

/// The rate of most sound devices, in Hz.
const USUAL_RATE: u32 = 48_000;

/// What the window and the player's thread know of each other. The sound callback knows only the signals.
#[derive(Debug)]
pub(super) struct Shared {
    pub signals: Arc<Signals>,
    /// Where the playhead was sent and hasn't arrived yet; NaN if nowhere.
    pub sent_secs: AtomicF64,
    pub duration_secs: AtomicF64,
    output_rate: AtomicU32,
    text: Mutex<StatusText>,
}

#[derive(Debug)]
struct StatusText {
    output: OutputStatus,
    problem: Option<String>,
    devices: Arc<[OutputDevice]>,
}

impl Shared {
    pub(super) fn new() -> Self {
        Self {
            signals: Arc::new(Signals::new()),
            sent_secs: AtomicF64::new(f64::NAN),
            duration_secs: AtomicF64::new(0.0),
            output_rate: AtomicU32::new(USUAL_RATE),
            text: Mutex::new(StatusText {
                output: OutputStatus::Starting,
                problem: None,
                devices: Arc::from([]),
            }),
        }
    }

    /// Where the playhead is, in seconds.
    pub(super) fn position_secs(&self) -> f64 {
        let position = self.signals.position.get();
        let duration = self.duration_secs.get();
        if duration > 0.0 {
            position.min(duration)
        } else {
            position
        }
    }

    /// The playhead stands at `secs`. Only while the callback takes no frames.
    pub(super) fn begin_at(&self, secs: f64) {
        self.signals.position.set(secs);
        self.sent_secs.set(f64::NAN);
    }

    /// The rate of the output that was opened last, in Hz.
    pub(super) fn output_rate(&self) -> u32 {
        self.output_rate.load(Ordering::Relaxed)
    }

    pub(super) fn set_output_rate(&self, rate: u32) {
        self.output_rate.store(rate, Ordering::Relaxed);
    }

    pub(super) fn set_output(&self, status: OutputStatus) {
        self.text().output = status;
    }

    /// Sound stops and there is no output any more: both at once, so that who sees the one knows the reason.
    pub(super) fn stop_without_output(&self, why: String) {
        let mut text = self.text();
        text.output = OutputStatus::Unavailable { why };
        self.signals.resumes.store(false, Ordering::Release);
    }

    pub(super) fn set_problem(&self, problem: Option<String>) {
        self.text().problem = problem;
    }

    pub(super) fn set_devices(&self, devices: Vec<OutputDevice>) {
        self.text().devices = devices.into();
    }

    /// Whether a device of this system's name is among those that were found last.
    pub(super) fn lists(&self, id: &str) -> bool {
        self.text().devices.iter().any(|device| device.id == id)
    }

    pub(super) fn state(&self) -> PlayerState {
        let sent = self.sent_secs.get();
        let text = self.text();
        PlayerState {
            playing: self.signals.resumes.load(Ordering::Acquire)
                || self.signals.playing.load(Ordering::Acquire),
            position_secs: if sent.is_nan() {
                self.position_secs()
            } else {
                sent
            },
            duration_secs: self.duration_secs.get(),
            heard: self.signals.heard(),
            output: text.output.clone(),
            devices: Arc::clone(&text.devices),
            problem: text.problem.clone(),
            underruns: self.signals.underruns.load(Ordering::Relaxed),
        }
    }

    /// Held for a copy only, and never by the callback.
    fn text(&self) -> MutexGuard<'_, StatusText> {
        self.text.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the window asked for and the player's thread has not taken yet. The newest request of a kind wins, so a
/// dragged playhead cannot fill a queue.
#[derive(Default)]
pub(super) struct PendingRequests {
    pub load: Option<Source>,
    pub views: Option<Box<dyn ViewSource>>,
    /// The views of the track changed.
    pub refresh: bool,
    /// A stretch to play over and over, in seconds, or none.
    pub looped: Option<Option<[f64; 2]>>,
    pub seek_secs: Option<f64>,
    pub play: Option<Play>,
    /// A clip that sounds over the track, or no more of it.
    pub clip: Option<Option<Arc<Clip>>>,
    /// Hold the device for clips, or not any more.
    pub stand_by: Option<bool>,
    /// The device to play on; none is the system's choice.
    pub device: Option<Option<String>>,
    pub rescan: bool,
    pub quit: bool,
}

/// What the playhead shall do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Play {
    Pause,
    On,
    /// From the first time to the second, in seconds, and no further.
    Once([f64; 2]),
}

impl PendingRequests {
    fn is_empty(&self) -> bool {
        self.load.is_none()
            && self.views.is_none()
            && !self.refresh
            && self.looped.is_none()
            && self.seek_secs.is_none()
            && self.play.is_none()
            && self.clip.is_none()
            && self.stand_by.is_none()
            && self.device.is_none()
            && !self.rescan
            && !self.quit
    }
}

/// The window's letters to the player's thread.
#[derive(Default)]
pub(super) struct Inbox {
    requests: Mutex<PendingRequests>,
    filled: Condvar,
}

impl Inbox {
    pub(super) fn post(&self, write: impl FnOnce(&mut PendingRequests)) {
        write(&mut self.requests.lock().unwrap_or_else(PoisonError::into_inner));
        self.filled.notify_one();
    }

    /// Takes what was asked for, waiting up to `patience` (for ever if `None`) for something.
    pub(super) fn take(&self, patience: Option<Duration>) -> PendingRequests {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        match patience {
            None => {
                while requests.is_empty() {
                    requests = self
                        .filled
                        .wait(requests)
                        .unwrap_or_else(PoisonError::into_inner);
                }
            }
            Some(patience) if requests.is_empty() => {
                requests = self
                    .filled
                    .wait_timeout(requests, patience)
                    .unwrap_or_else(PoisonError::into_inner)
                    .0;
            }
            Some(_) => {}
        }
        std::mem::take(&mut *requests)
    }
}
