//! What the player can be asked to let hear, and what it does now.

use std::sync::Arc;

/// A sound device of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputDevice {
    /// Its name for people, which no other device has.
    pub name: String,
    /// Its name in the system's words, which others may have, too.
    pub description: String,
    /// The system's own name for it.
    pub id: String,
    /// Whether it is the system's choice.
    pub is_default: bool,
}

/// One of the two views that run under the playhead of the original.
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
    /// What was asked to be heard; without views, the original plays.
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
