//! Plays a track, and under the same playhead what masks leave of it.
//!
//! The window talks to a [`Player`] and reads its state each frame; nothing here makes it wait. The player's thread
//! decodes ahead into a lock-free [`frame_ring`] that carries the original and the views side by side; the sound device's
//! callback takes from it and mixes what shall be heard, so that a switch takes effect with the next sample. Every
//! start, stop, jump and switch is faded, so that none clicks. A [`Clip`], a few prepared seconds of any track, can
//! sound over it: the track waits at its place meanwhile.

mod auditions;
mod backend;
mod callback;
mod clip;
mod clip_mixer;
mod device;
mod engine;
mod fade;
mod frame_ring;
mod output;
mod producer;
mod shared;
mod signals;
mod sound;
mod state;
#[cfg(test)]
mod tests;
mod track_reader;
mod view_source;

pub use auditions::Auditions;
pub use clip::Clip;
pub use device::{chosen_device, output_devices};
pub use state::{Heard, OutputDevice, OutputStatus, PlayerState, Side};
pub use view_source::ViewSource;

use std::{path::Path, sync::Arc, sync::atomic::Ordering};

use mynascope_base::jobs;

use backend::Backend;
use engine::Engine;
use shared::{Inbox, PendingRequests, Play, Shared};
use sound::Source;

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
        let (for_thread, requests, failed) =
            (Arc::clone(&shared), Arc::clone(&inbox), Arc::clone(&shared));
        let thread = jobs::spawn(
            "player",
            move |cancel| Engine::new(for_thread, requests, backend, cancel.clone()).run(),
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
        self.inbox.post(|requests| {
            *requests = PendingRequests {
                load: Some(source),
                device: requests.device.take(),
                rescan: requests.rescan,
                quit: requests.quit,
                clip: requests.clip.take(),
                stand_by: requests.stand_by,
                ..PendingRequests::default()
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
    pub fn set_views(&self, views: Box<dyn ViewSource>) {
        self.inbox.post(|requests| requests.views = Some(views));
    }

    /// Says that the views of the track changed: they are read anew from the playhead on, without a gap.
    pub fn refresh_views(&self) {
        self.inbox.post(|requests| requests.refresh = true);
    }

    /// Changes what is heard, from the next sample on. Without views, the original plays.
    pub fn hear(&self, heard: Heard) {
        self.shared.signals.set_heard(heard);
    }

    /// Sets what views are multiplied by; the original stays as it is. The caller sees to it that nothing goes beyond full scale.
    pub fn set_view_gain(&self, gain: f32) {
        if gain.is_finite() {
            self.shared.signals.set_view_gain(gain.max(0.0));
        }
    }

    /// Plays a stretch (start and end in seconds) over and over, or the track to its end.
    pub fn set_loop(&self, looped: Option<[f64; 2]>) {
        let looped = looped.filter(|[start, end]| start.is_finite() && end.is_finite());
        self.inbox.post(|requests| requests.looped = Some(looped));
    }

    /// Plays on, or from the beginning when the end was reached.
    pub fn play(&self) {
        self.inbox.post(|requests| requests.play = Some(Play::On));
    }

    /// Plays from one time to another, in seconds, and stops there.
    pub fn play_once(&self, start_secs: f64, end_secs: f64) {
        if !(start_secs.is_finite() && end_secs.is_finite()) {
            return;
        }
        let start_secs = start_secs.max(0.0);
        self.inbox.post(|requests| {
            requests.seek_secs = None;
            requests.play = Some(Play::Once([start_secs, end_secs]));
            self.shared.sent_secs.set(start_secs);
        });
    }

    /// Pauses and keeps the position.
    pub fn pause(&self) {
        self.inbox
            .post(|requests| requests.play = Some(Play::Pause));
    }

    /// Moves the playhead, in seconds.
    pub fn seek(&self, secs: f64) {
        if !secs.is_finite() {
            return;
        }
        self.inbox.post(|requests| {
            if let Some(Play::Once(_)) = requests.play {
                requests.play = None;
            }
            requests.seek_secs = Some(secs);
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
        self.inbox.post(|requests| requests.rescan = true);
    }

    /// Plays on the named device, or on the system's choice. Sound that moves goes on there.
    pub fn choose_device(&self, device: Option<String>) {
        self.inbox.post(|requests| requests.device = Some(device));
    }

    /// What the player does now; cheap enough for every frame.
    pub fn state(&self) -> PlayerState {
        self.shared.state()
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        self.inbox.post(|requests| requests.quit = true);
    }
}
