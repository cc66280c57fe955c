//! Everything a user can do, one file a part of the window. Panels push commands; only `logic` carries them out.
//!
//! A command is an act: play, compute, save. What a user sets is edited as a whole value, the form of its part of the
//! window: one `Edit` each.

mod encoder;
mod lesson;
mod library;
mod map;
mod mask;
mod picture;
mod probe;
mod sound;
mod teach;
mod train;
mod window;

pub use encoder::EncoderCommand;
pub use lesson::LessonCommand;
pub use library::LibraryCommand;
pub use map::{MapCommand, SaveTo};
pub use mask::MaskCommand;
pub use picture::PictureCommand;
pub use probe::{ProbeAsk, ProbeCommand, ProbeFile};
pub use sound::SoundCommand;
pub use teach::LabCommand;
pub use train::{CurveFile, TrainCommand, Wanted};
pub use window::{OwnFolder, WindowCommand};

/// One thing a user did.
#[derive(Debug, Clone)]
pub enum Command {
    /// To the window itself.
    Window(WindowCommand),
    /// To the library.
    Library(LibraryCommand),
    /// To the sound.
    Sound(SoundCommand),
    /// To the spectrogram.
    Picture(PictureCommand),
    /// To the mask.
    Mask(MaskCommand),
    /// To the choice of the encoder.
    Encoder(EncoderCommand),
    /// To the layout Teach.
    Lab(LabCommand),
    /// To lessons.
    Lesson(LessonCommand),
    /// To training.
    Train(TrainCommand),
    /// To the map.
    Map(MapCommand),
    /// To probing.
    Probe(ProbeCommand),
}
