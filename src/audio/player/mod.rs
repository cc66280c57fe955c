//! Plays a file or given samples.
//!
//! The window talks to a [`Player`] and reads its state each frame; nothing here makes it wait. The player's thread
//! decodes into a lock-free ring, from which the sound device's callback takes. Every start, stop and jump is
//! faded, so that none clicks.

mod engine;
mod output;
pub use output::{OutputDevice, output_devices};
mod render;
mod shared;
mod sound;
#[cfg(test)]
mod tests;

use std::{path::Path, sync::Arc, sync::atomic::Ordering};

use crate::jobs;

use engine::Engine;
use output::Backend;
use shared::{Inbox, Load, Shared};
use sound::Source;

/// Whether there is something to play on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutputStatus {
    /// The sound device is being looked for.
    Starting,
    /// Sound goes to the named device.
    Ready { device: String },
    /// There is no sound; everything else works. The next play looks for a device again.
    Unavailable { why: String },
}

/// What the player does now.
#[derive(Debug, Clone, PartialEq)]
pub struct PlayerState {
    /// Whether sound moves.
    pub playing: bool,
    /// Position in the track, in seconds.
    pub position_secs: f64,
    /// Length of the track in seconds, 0 if nothing is loaded or it is not known.
    pub duration_secs: f64,
    /// The sound device.
    pub output: OutputStatus,
    /// Why the last track could not be played, or not to its end.
    pub problem: Option<String>,
}

/// A player with its own threads. Dropping it stops the sound.
pub struct Player {
    shared: Arc<Shared>,
    inbox: Arc<Inbox>,
    _thread: Option<jobs::Job>,
}

impl Player {
    /// Starts a player on the default sound device. Never fails: without a device its state says so. The device is
    /// taken at the first play and given back some seconds after a pause.
    pub fn start() -> Self {
        Self::on(Backend::Device)
    }

    /// Starts a player that takes sound in real time without a device.
    pub fn start_silent() -> Self {
        Self::on(Backend::Silent(Arc::default()))
    }

    fn on(backend: Backend) -> Self {
        let shared = Arc::new(Shared::new());
        let inbox = Arc::new(Inbox::default());
        let (for_thread, wishes, failed) =
            (Arc::clone(&shared), Arc::clone(&inbox), Arc::clone(&shared));
        let thread = jobs::spawn(
            "player",
            move |cancel| Engine::new(for_thread, wishes, backend, cancel.clone()).run(),
            move |why| {
                failed.playing.store(false, Ordering::Release);
                failed.set_output(OutputStatus::Unavailable {
                    why: format!("the player stopped: {why}"),
                });
            },
        );
        if let Err(error) = &thread {
            shared.set_output(OutputStatus::Unavailable {
                why: format!("no thread for the player: {error}"),
            });
        }
        Self {
            shared,
            inbox,
            _thread: thread.ok(),
        }
    }

    /// Loads a file, paused at its beginning.
    pub fn load(&self, path: &Path) {
        self.exchange(Source::File(path.to_path_buf()), false);
    }

    /// Loads mono samples at `rate` Hz, paused at their beginning.
    pub fn load_samples(&self, samples: Arc<[f32]>, rate: u32) {
        self.exchange(Source::Samples { samples, rate }, false);
    }

    /// Exchanges the sound under the playhead: same position, playing or paused as before.
    pub fn switch(&self, path: &Path) {
        self.exchange(Source::File(path.to_path_buf()), true);
    }

    /// As [`Player::switch`], for mono samples at `rate` Hz.
    pub fn switch_samples(&self, samples: Arc<[f32]>, rate: u32) {
        self.exchange(Source::Samples { samples, rate }, true);
    }

    fn exchange(&self, source: Source, keep_position: bool) {
        self.inbox.post(|wishes| {
            // A switch right after a load that was not taken yet starts where that would have.
            let keep_position =
                keep_position && wishes.load.as_ref().is_none_or(|load| load.keep_position);
            if !keep_position {
                wishes.seek_secs = None;
                wishes.play = None;
            }
            wishes.load = Some(Load {
                source,
                keep_position,
            });
        });
    }

    /// Plays on, or from the beginning when the end was reached.
    pub fn play(&self) {
        self.inbox.post(|wishes| wishes.play = Some(true));
    }

    /// Pauses and keeps the position.
    pub fn pause(&self) {
        self.inbox.post(|wishes| wishes.play = Some(false));
    }

    /// Moves the playhead, in seconds.
    pub fn seek(&self, secs: f64) {
        if !secs.is_finite() {
            return;
        }
        self.inbox.post(|wishes| {
            wishes.seek_secs = Some(secs);
            self.shared.sent_secs.set(secs.max(0.0));
        });
    }

    /// Sets how loud it plays: 0 is silence, 1 the level of the file.
    pub fn set_volume(&self, volume: f32) {
        if volume.is_finite() {
            self.shared.set_volume(volume.clamp(0.0, 1.0));
        }
    }

    /// Looks for a sound device again.
    pub fn rescan(&self) {
        self.inbox.post(|wishes| wishes.rescan = true);
    }

    /// What the player does now; cheap enough for every frame.
    pub fn state(&self) -> PlayerState {
        self.shared.state()
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        self.inbox.post(|wishes| wishes.quit = true);
    }
}
