//! Plays a file or given samples. The window talks to a [`Player`] and reads its state each frame; nothing here
//! makes it wait.

use std::{path::Path, sync::Arc};

/// Whether there is something to play on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutputStatus {
    /// The sound device is being looked for.
    Starting,
    /// Sound goes to the named device.
    Ready { device: String },
    /// There is no sound; everything else works.
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
    /// Why the last track could not be played (to its end).
    pub problem: Option<String>,
}

/// A player with its own threads. Dropping it stops the sound.
pub struct Player {}

impl Player {
    /// Starts a player on the default sound device. Never fails: without a device its state says so.
    pub fn start() -> Self {
        Self {}
    }

    /// Starts a player that consumes sound in real time without a device.
    pub fn start_silent() -> Self {
        Self {}
    }

    /// Loads a file, paused at its beginning.
    pub fn load(&self, _path: &Path) {}

    /// Loads mono samples at `rate` Hz, paused at their beginning.
    pub fn load_samples(&self, _samples: Arc<[f32]>, _rate: u32) {}

    /// Exchanges the sound under the playhead: same position, playing or paused as before.
    pub fn switch(&self, _path: &Path) {}

    /// As [`Player::switch`], for mono samples at `rate` Hz.
    pub fn switch_samples(&self, _samples: Arc<[f32]>, _rate: u32) {}

    /// Plays on, or from the beginning when the end was reached.
    pub fn play(&self) {}

    /// Pauses and keeps the position.
    pub fn pause(&self) {}

    /// Moves the playhead, in seconds.
    pub fn seek(&self, _secs: f64) {}

    /// Looks for a sound device again.
    pub fn rescan(&self) {}

    /// What the player does now; cheap enough for every frame.
    pub fn state(&self) -> PlayerState {
        PlayerState {
            playing: false,
            position_secs: 0.0,
            duration_secs: 0.0,
            output: OutputStatus::Unavailable {
                why: "playing is not built yet".to_owned(),
            },
            problem: None,
        }
    }
}
