//! Commands of the sound.

use crate::gui::model::SoundForm;

/// What a user does to the sound.
#[derive(Debug, Clone)]
pub enum SoundCommand {
    /// Sets what is heard, selected and looped.
    Edit(SoundForm),
    /// Plays, or pauses.
    TogglePlay,
    /// Pauses.
    Pause,
    /// To a time of the track, in seconds.
    Seek(f64),
    /// By so many seconds.
    SeekBy(f64),
    /// Lets the selection reach to a time, in seconds; without one it begins at the playhead.
    SelectUpTo(f64),
    /// Moves the ends of the selection by so many frames; a loop of the same stretch goes with it.
    Nudge {
        /// The start, by so many frames.
        start_frames: i32,
        /// The end, by so many frames.
        end_frames: i32,
    },
    /// Selects four beats from the playhead on, where the tempo is known.
    SelectBeats,
    /// Plays the selection once and stops; without one, what is visible.
    PlayOnce,
    /// Loops the selection, or the whole track; again ends the loop.
    ToggleLoop,
    /// Loops the selection, whatever is looped now.
    LoopSelection,
    /// Moves the loop's start to the playhead.
    LoopFromHere,
    /// Moves the loop's end to the playhead.
    LoopToHere,
    /// Silence, or as loud as before.
    ToggleMute,
    /// Looks for a sound device again.
    FindSoundDevice,
}
