//! Plays a track, and under the same playhead what masks leave of it.
//!
//! The window talks to a [`Player`] and reads its state each frame; nothing here makes it wait. The player's thread
//! decodes ahead onto a lock-free [`belt`] that carries the original and the views side by side; the sound device's
//! callback takes from it and mixes what shall be heard, so that a switch takes effect with the next sample. Every
//! start, stop, jump and switch is faded, so that none clicks. A [`Clip`], a few prepared seconds of any track, can
//! sound over it: the track waits at its place meanwhile.

mod aside;
mod belt;
mod beside;
mod clip;
mod device;
mod engine;
mod output;
mod reel;
mod render;
mod shared;
mod signals;
mod sound;
#[cfg(test)]
mod tests;
mod writer;

pub use beside::Beside;
pub use clip::{Auditions, Clip};
pub use device::{OutputDevice, chosen_device, output_devices};

use std::{path::Path, sync::Arc, sync::atomic::Ordering};

use mynascope_base::jobs;

use engine::Engine;
use output::Backend;
use shared::{Inbox, Play, Shared, Wishes};
use sound::Source;

/// One of the two views that run beside the original.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// View A.
    A,
    /// View B.
    B,
}

/// What of a track is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Heard {
    /// The track as it is.
    #[default]
    Original,
    /// What a view keeps.
    Kept(Side),
    /// What a view drops.
    Dropped(Side),
}

/// Whether there is something to play on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutputStatus {
    /// The sound device is being looked for.
    Starting,
    /// Sound goes to the named device.
    Ready {
        /// The name of the device.
        device: String,
        /// The device that was asked for, where it isn't there and the system's choice plays instead.
        instead_of: Option<String>,
    },
    /// There is no sound; everything else works. The next play looks for a device again.
    Unavailable {
        /// Why there is no sound, in words.
        why: String,
    },
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
    /// What was asked to be heard; without views beside it, the original plays.
    pub heard: Heard,
    /// The sound device.
    pub output: OutputStatus,
    /// The devices that were found when they were looked for last, the system's choice first.
    pub devices: Arc<[OutputDevice]>,
    /// Why the last track could not be played, or not to its end.
    pub problem: Option<String>,
    /// How often, since the player was started, sound was due and not there.
    pub underruns: u64,
}

/// A player with its own threads. Dropping it stops the sound.
pub struct Player {
    shared: Arc<Shared>,
    inbox: Arc<Inbox>,
    _thread: Option<jobs::Job>,
}

impl Player {
    /// Starts a player on the system's sound device. Never fails: without a device its state says so. The device is
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
                failed.signals.playing.store(false, Ordering::Release);
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

    /// Loads a file, paused at its beginning. Loop and views of the track before it are gone.
    pub fn load(&self, path: &Path) {
        self.exchange(Source::File(path.to_path_buf()));
    }

    /// As [`Player::load`], for mono samples at `rate` Hz.
    pub fn load_samples(&self, samples: Arc<[f32]>, rate: u32) {
        self.exchange(Source::Samples { samples, rate });
    }

    fn exchange(&self, source: Source) {
        self.inbox.post(|wishes| {
            *wishes = Wishes {
                load: Some(source),
                device: wishes.device.take(),
                rescan: wishes.rescan,
                quit: wishes.quit,
                clip: wishes.clip.take(),
                stand_by: wishes.stand_by,
                ..Wishes::default()
            };
            self.shared.sent_secs.set(f64::NAN);
        });
    }

    /// Lets clips sound over the track.
    pub fn auditions(&self) -> Auditions {
        Auditions {
            shared: Arc::clone(&self.shared),
            inbox: Arc::clone(&self.inbox),
        }
    }

    /// Lets views of the loaded track run under its playhead.
    pub fn put_beside(&self, beside: Box<dyn Beside>) {
        self.inbox.post(|wishes| wishes.beside = Some(beside));
    }

    /// Says that the views beside the track changed: they are read anew from the playhead on, without a gap.
    pub fn refresh_beside(&self) {
        self.inbox.post(|wishes| wishes.refresh = true);
    }

    /// Changes what is heard, from the next sample on. Without views beside the track, the original plays.
    pub fn hear(&self, heard: Heard) {
        self.shared.signals.set_heard(heard);
    }

    /// Plays a stretch (start and end in seconds) over and over, or the track to its end.
    pub fn set_loop(&self, looped: Option<[f64; 2]>) {
        let looped = looped.filter(|[start, end]| start.is_finite() && end.is_finite());
        self.inbox.post(|wishes| wishes.looped = Some(looped));
    }

    /// Plays on, or from the beginning when the end was reached.
    pub fn play(&self) {
        self.inbox.post(|wishes| wishes.play = Some(Play::On));
    }

    /// Plays from one time to another, in seconds, and stops there.
    pub fn play_once(&self, start_secs: f64, end_secs: f64) {
        if !(start_secs.is_finite() && end_secs.is_finite()) {
            return;
        }
        let start_secs = start_secs.max(0.0);
        self.inbox.post(|wishes| {
            wishes.seek_secs = None;
            wishes.play = Some(Play::Once([start_secs, end_secs]));
            self.shared.sent_secs.set(start_secs);
        });
    }

    /// Pauses and keeps the position.
    pub fn pause(&self) {
        self.inbox.post(|wishes| wishes.play = Some(Play::Pause));
    }

    /// Moves the playhead, in seconds.
    pub fn seek(&self, secs: f64) {
        if !secs.is_finite() {
            return;
        }
        self.inbox.post(|wishes| {
            if let Some(Play::Once(_)) = wishes.play {
                wishes.play = None;
            }
            wishes.seek_secs = Some(secs);
            self.shared.sent_secs.set(secs.max(0.0));
        });
    }

    /// Sets how loud it plays: 0 is silence, 1 the level of the file.
    pub fn set_volume(&self, volume: f32) {
        if volume.is_finite() {
            self.shared.signals.set_volume(volume.clamp(0.0, 1.0));
        }
    }

    /// Looks for sound devices again.
    pub fn rescan(&self) {
        self.inbox.post(|wishes| wishes.rescan = true);
    }

    /// Plays on the named device, or on the system's choice. Sound that moves goes on there.
    pub fn choose_device(&self, device: Option<String>) {
        self.inbox.post(|wishes| wishes.device = Some(device));
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
