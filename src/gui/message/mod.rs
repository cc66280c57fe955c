//! What background work sends to the window, one file a part of the window. Texts are complete sentences for people.

mod encoder;
mod hub;
mod keys;
mod library;
mod map;
mod picture;
mod probe;
mod regions;
mod styles;
mod teach;
mod train;

pub use encoder::EncoderMessage;
pub use hub::HubMessage;
pub use keys::KeysMessage;
pub use library::LibraryMessage;
pub use map::MapMessage;
pub use picture::{NoPicture, PictureMessage, SoundPictureMessage};
pub use probe::ProbeMessage;
pub use regions::RegionsMessage;
pub use styles::StylesMessage;
pub use teach::{LessonMessage, TeachMessage};
pub use train::{ReadFor, TrainMessage};

use std::path::PathBuf;

use super::{
    jobs::{self, Fault},
    model::PathQuestion,
};

/// One result or report of background work.
pub enum Message {
    Library(LibraryMessage),
    Picture(PictureMessage),
    Encoder(EncoderMessage),
    Hub(HubMessage),
    Train(TrainMessage),
    Map(MapMessage),
    Probe(ProbeMessage),
    Styles(StylesMessage),
    Keys(KeysMessage),
    Regions(RegionsMessage),
    Teach(TeachMessage),
    Lesson(LessonMessage),
    /// Where something was saved, or why it was not.
    Saved(Result<PathBuf, String>),
    /// What computed pictures take on disk, in bytes.
    CacheBytes(u64),
    /// Something that runs in the background broke.
    Fault(String),
    /// A path is asked for where the system has no file dialog.
    AskPath(PathQuestion),
    /// Letters that no font of this system has.
    NoFont(Vec<char>),
    /// The graphics card refused something.
    Graphics(String),
}

impl From<Fault> for Message {
    fn from(Fault(why): Fault) -> Self {
        Self::Fault(why)
    }
}

/// The end of the window's inbox that background work is given.
pub type Outbox = jobs::Outbox<Message>;
