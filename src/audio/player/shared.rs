use std::sync::{
    Condvar, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
};
use std::time::Duration;

use super::{OutputStatus, PlayerState, sound::Source};

/// What the window, the player's thread and the sound callback know of each other. The callback touches only the
/// atomics.
#[derive(Debug)]
pub(super) struct Shared {
    /// Whether sound should move; the callback fades in or out towards it.
    pub playing: AtomicBool,
    /// Counts the player's requests to fade out and drop what waits in the ring ...
    pub flush_wanted: AtomicU32,
    /// ... and those that the callback has done.
    pub flush_done: AtomicU32,
    /// Frames that the callback took since `start_secs`.
    pub frames_played: AtomicU64,
    /// Frames a second of the output.
    pub rate: AtomicU32,
    /// What samples are multiplied by: the bits of an `f32` from 0 to 1.
    volume: AtomicU32,
    /// Position of the first frame in the ring's present stretch.
    start_secs: Seconds,
    /// Where the playhead was sent and hasn't arrived yet; NaN if nowhere.
    pub sent_secs: Seconds,
    pub duration_secs: Seconds,
    words: Mutex<Words>,
}

#[derive(Debug)]
struct Words {
    output: OutputStatus,
    problem: Option<String>,
}

/// An `f64` that threads share.
#[derive(Debug)]
pub(super) struct Seconds(AtomicU64);

impl Seconds {
    pub(super) fn new(value: f64) -> Self {
        Self(AtomicU64::new(value.to_bits()))
    }

    pub(super) fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Acquire))
    }

    pub(super) fn set(&self, value: f64) {
        self.0.store(value.to_bits(), Ordering::Release);
    }
}

impl Shared {
    pub(super) fn new() -> Self {
        Self {
            playing: AtomicBool::new(false),
            flush_wanted: AtomicU32::new(0),
            flush_done: AtomicU32::new(0),
            frames_played: AtomicU64::new(0),
            rate: AtomicU32::new(1),
            volume: AtomicU32::new(1.0_f32.to_bits()),
            start_secs: Seconds::new(0.0),
            sent_secs: Seconds::new(f64::NAN),
            duration_secs: Seconds::new(0.0),
            words: Mutex::new(Words {
                output: OutputStatus::Starting,
                problem: None,
            }),
        }
    }

    /// What samples are multiplied by, from 0 to 1.
    pub(super) fn volume(&self) -> f32 {
        f32::from_bits(self.volume.load(Ordering::Relaxed))
    }

    pub(super) fn set_volume(&self, volume: f32) {
        self.volume.store(volume.to_bits(), Ordering::Relaxed);
    }

    /// Where the playhead is, in seconds.
    pub(super) fn position_secs(&self) -> f64 {
        let played = self.frames_played.load(Ordering::Acquire) as f64;
        let rate = f64::from(self.rate.load(Ordering::Acquire).max(1));
        let position = self.start_secs.get() + played / rate;
        let duration = self.duration_secs.get();
        if duration > 0.0 {
            position.min(duration)
        } else {
            position
        }
    }

    /// A new stretch begins at `secs`. Only while the callback takes no frames.
    pub(super) fn begin_at(&self, secs: f64) {
        self.start_secs.set(secs);
        self.frames_played.store(0, Ordering::Release);
        self.sent_secs.set(f64::NAN);
    }

    pub(super) fn set_output(&self, status: OutputStatus) {
        self.words().output = status;
    }

    pub(super) fn set_problem(&self, problem: Option<String>) {
        self.words().problem = problem;
    }

    pub(super) fn state(&self) -> PlayerState {
        let sent = self.sent_secs.get();
        let words = self.words();
        PlayerState {
            playing: self.playing.load(Ordering::Acquire),
            position_secs: if sent.is_nan() {
                self.position_secs()
            } else {
                sent
            },
            duration_secs: self.duration_secs.get(),
            output: words.output.clone(),
            problem: words.problem.clone(),
        }
    }

    /// Held for a copy only, and never by the callback.
    fn words(&self) -> MutexGuard<'_, Words> {
        self.words.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the window asked for and the player's thread has not taken yet. The newest wish of a kind wins, so a
/// dragged playhead cannot fill a queue.
#[derive(Default)]
pub(super) struct Wishes {
    pub load: Option<Load>,
    pub seek_secs: Option<f64>,
    pub play: Option<bool>,
    pub rescan: bool,
    pub quit: bool,
}

pub(super) struct Load {
    pub source: Source,
    /// Whether the playhead and its motion stay.
    pub keep_position: bool,
}

impl Wishes {
    fn is_empty(&self) -> bool {
        self.load.is_none()
            && self.seek_secs.is_none()
            && self.play.is_none()
            && !self.rescan
            && !self.quit
    }
}

/// The window's letters to the player's thread.
#[derive(Default)]
pub(super) struct Inbox {
    wishes: Mutex<Wishes>,
    filled: Condvar,
}

impl Inbox {
    pub(super) fn post(&self, write: impl FnOnce(&mut Wishes)) {
        write(&mut self.wishes.lock().unwrap_or_else(PoisonError::into_inner));
        self.filled.notify_one();
    }

    /// Takes what was asked for, waiting up to `patience` (for ever if `None`) for something.
    pub(super) fn take(&self, patience: Option<Duration>) -> Wishes {
        let mut wishes = self.wishes.lock().unwrap_or_else(PoisonError::into_inner);
        match patience {
            None => {
                while wishes.is_empty() {
                    wishes = self
                        .filled
                        .wait(wishes)
                        .unwrap_or_else(PoisonError::into_inner);
                }
            }
            Some(patience) if wishes.is_empty() => {
                wishes = self
                    .filled
                    .wait_timeout(wishes, patience)
                    .unwrap_or_else(PoisonError::into_inner)
                    .0;
            }
            Some(_) => {}
        }
        std::mem::take(&mut *wishes)
    }
}
