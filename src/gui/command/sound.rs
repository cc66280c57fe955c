/// What a user does to the sound.
#[derive(Debug, Clone)]
pub enum SoundCommand {
    TogglePlay,
    Pause,
    /// To a time of the track, in seconds.
    Seek(f64),
    /// By so many seconds.
    SeekBy(f64),
    /// How loud it plays: 0 is silence, 1 the level of the file.
    SetVolume(f32),
    /// Silence, or as loud as before.
    ToggleMute,
    /// Looks for a sound device again.
    FindSoundDevice,
    /// Plays the masked sound instead of the original.
    HearLeft(bool),
}
