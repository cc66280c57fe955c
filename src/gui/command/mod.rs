//! Everything a user can do, one file a part of the window. Panels push commands; only `logic` carries them out.

mod library;
mod mask;
mod picture;
mod sound;
mod window;

pub use library::LibraryCommand;
pub use mask::MaskCommand;
pub use picture::PictureCommand;
pub use sound::SoundCommand;
pub use window::{OwnFolder, WindowCommand};

use super::model::{LabCommand, LessonCommand, MapCommand, ProbeCommand, TrainCommand};

/// One thing a user did.
#[derive(Debug, Clone)]
pub enum Command {
    Window(WindowCommand),
    Library(LibraryCommand),
    Sound(SoundCommand),
    Picture(PictureCommand),
    Mask(MaskCommand),
    Lab(LabCommand),
    Lesson(LessonCommand),
    Train(TrainCommand),
    Map(MapCommand),
    Probe(ProbeCommand),
}
